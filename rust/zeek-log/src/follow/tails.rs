//! All logs of directories, across rotation and restarts.

use super::file::{Following, Identity, head_of};
use super::rotated::{Rotated, Search};
use super::tail::{Happened, Mark, Source, Tail};
use crate::error::Error;
use crate::input::Input;
use crate::reader::{LogReader, Options, Row};
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use xxhash_rust::xxh3::xxh3_64;

/// Files that were read to their end and are remembered, so that none is read twice.
const FINISHED: usize = 16_384;

/// How much older than the last run's end a file may be that it did not know: clocks
/// differ, and archivers take their time.
const SLACK: Duration = Duration::from_secs(2 * 3600);

/// Rows read of one file before it is asked which is furthest behind.
const CHUNK: usize = 1024;

/// Files that are read once and are open together: a process may open few.
const WHOLE: usize = 32;

/// What the system says where a process, or all of them, may open no further file.
const EXHAUSTED: [i32; 2] = [23, 24];

/// Where the first run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what the current logs hold.
    Beginning,
    /// With what comes from now on.
    End,
    /// With all that is there, rotated and compressed logs as well.
    Everything,
}

/// Follows the logs of directories, and single files.
pub struct Tails {
    paths: Vec<PathBuf>,
    options: Options,
    tails: Vec<Tail>,
    /// Files that are read once, and are not open yet.
    queue: VecDeque<Rotated>,
    /// Files that could not be read to their end: the next run tries again.
    broken: Vec<Mark>,
    /// The first bytes of files that are done with.
    finished: VecDeque<(usize, u64)>,
    /// Paths that cannot be read, and their inodes: said once.
    refused: HashMap<PathBuf, (u64, u64)>,
    happened: Vec<Happened>,
}

impl Tails {
    /// Follows what is under these paths. Nothing is opened before [`Tails::poll`].
    pub fn new(paths: &[PathBuf], options: &Options) -> Tails {
        Tails {
            paths: paths.to_vec(),
            options: options.clone(),
            tails: Vec::new(),
            queue: VecDeque::new(),
            broken: Vec::new(),
            finished: VecDeque::new(),
            refused: HashMap::new(),
            happened: Vec::new(),
        }
    }

    /// Opens what is there now, without an earlier run to go on from.
    pub fn start(&mut self, start: Start) {
        let named: Vec<PathBuf> = match start {
            Start::Everything => self.paths.clone(),
            // A compressed log that somebody names does not grow.
            _ => (self.paths.iter())
                .filter(|p| p.is_file())
                .cloned()
                .collect(),
        };
        let search = Search::new(&named, &self.current_paths(), None);
        self.queue_unseen(search, |_| true);
        self.open_new(start);
    }

    /// Goes on from where an earlier run ended, at the time `ended`, which itself began
    /// at `began`. What was rotated meanwhile is looked for beside the logs and under
    /// `archives`; with [`Start::Everything`] whatever else has come there is read as well.
    pub fn resume(
        &mut self,
        marks: &[Mark],
        finished: &[(usize, u64)],
        (began, ended): (SystemTime, SystemTime),
        archives: &[PathBuf],
        start: Start,
    ) {
        self.finished = finished.iter().copied().take(FINISHED).collect();
        let since = ended.checked_sub(SLACK).map_or(began, |t| t.max(began));
        let all: Vec<PathBuf> = self.paths.iter().chain(archives).cloned().collect();
        let current = self.current_paths();
        // Zeek may rotate a log at any moment. Whatever is open by now is read on, wherever it goes; a log that had gone
        // before it could be opened stands in the listing, which comes after.
        let mut here: Vec<Option<Following>> = marks
            .iter()
            .map(|m| self.open_marked(m, &current))
            .collect();
        let mut search = Search::new(&all, &current, Some(since));
        for (mark, here) in marks.iter().zip(&mut here) {
            let is_same = |f: &mut Following| f.identity().inode == mark.inode;
            if let Some(following) = here.take_if(is_same) {
                self.follow(following, mark.lines, Start::Beginning);
            } else if let Some(mut rotated) = search.take(mark) {
                if rotated.input.path != mark.path {
                    let found = Happened::Found(mark.path.clone(), rotated.input.path.clone());
                    self.happened.push(found);
                    rotated.input.log = Input::new(&mark.path).log.or(rotated.input.log);
                }
                rotated.before = mark.lines;
                self.queue.push_back(rotated);
            } else if mark.head.0 >= super::HEAD
                && let Some(following) = here.take()
            {
                // The same content in another file: somebody copied it back.
                self.follow(following, mark.lines, Start::Beginning);
            } else {
                let gone = Happened::Gone(mark.path.clone(), mark.lines);
                self.happened.push(gone);
            }
        }
        // A file whose name has no interval may be anything that somebody put there.
        let named = self.paths.clone();
        self.queue_unseen(search, |r| {
            let asked_for = start == Start::Everything || named.contains(&r.input.path);
            asked_for || r.input.interval.is_some()
        });
        self.open_new(Start::Beginning);
    }

    /// Puts off the files that no run has read yet, each content once.
    fn queue_unseen(&mut self, search: Search, wanted: impl Fn(&Rotated) -> bool) {
        let mut seen: HashSet<Vec<u8>> =
            self.queue.iter().map(|r| r.identity.head.clone()).collect();
        for rotated in search.unseen() {
            let head = &rotated.identity.head;
            let is_open = (self.tails.iter()).any(|t| t.identity().inode == rotated.identity.inode);
            let known = is_open || self.is_finished(head);
            if wanted(&rotated) && !known && seen.insert(head.clone()) {
                self.queue.push_back(rotated);
            }
        }
    }

    /// Takes at most `most` new rows and hands them out; a row with `true` was done with by
    /// an earlier run. Where there is a backlog, the file that is furthest behind by its
    /// rows' `ts` is read on, so that records that belong together come together.
    /// Returns how many there were.
    pub fn poll(
        &mut self,
        most: usize,
        each: &mut dyn FnMut(&Arc<Input>, &Row<'_>, bool),
    ) -> usize {
        self.open_new(Start::Beginning);
        self.open_queued();
        let mut taken = 0;
        let mut behind: Vec<usize> = (0..self.tails.len()).collect();
        while taken < most && !behind.is_empty() {
            let clock = |i: &usize| self.tails[*i].clock;
            behind.sort_by(|a, b| clock(b).total_cmp(&clock(a)));
            let Some(tail) = behind.last().and_then(|i| self.tails.get_mut(*i)) else {
                break;
            };
            let chunk = CHUNK.min(most - taken);
            let new = tail.read_rows(chunk, each, &mut self.happened);
            taken += new;
            if new == 0 && !tail.failed {
                tail.look(&mut self.happened);
            }
            if new < chunk {
                behind.pop();
            }
        }
        self.drop_finished();
        taken
    }

    /// Lines up to this one of a file are done with: an interrupted run goes on after it.
    pub fn done(&mut self, input: &Arc<Input>, line: u64) {
        let tail = self.tails.iter_mut().find(|t| Arc::ptr_eq(&t.input, input));
        if let Some(t) = tail {
            t.done = t.done.max(line);
        }
    }

    /// What happened since this was last asked.
    pub fn happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    /// Files that are followed now.
    pub fn len(&self) -> usize {
        self.tails.len()
    }

    /// Whether no file is followed.
    pub fn is_empty(&self) -> bool {
        self.tails.is_empty()
    }

    /// Files that wait to be opened.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Where each file was read to, and the files that are done with: how many of their first
    /// bytes, and their hash. Both belong together.
    pub fn marks(&mut self) -> (Vec<Mark>, Vec<(usize, u64)>) {
        self.drop_finished();
        let open = self.tails.iter().filter_map(Tail::mark);
        let queued = self.queue.iter().filter_map(Rotated::mark);
        let marks = open.chain(queued).chain(self.broken.iter().cloned());
        (marks.collect(), self.finished.iter().copied().collect())
    }

    fn is_finished(&self, head: &[u8]) -> bool {
        self.finished
            .iter()
            .any(|(len, h)| *len > 0 && head.get(..*len).is_some_and(|x| xxh3_64(x) == *h))
    }

    /// Opens the current logs that are not followed yet.
    fn open_new(&mut self, start: Start) {
        for input in self.current() {
            let known = self
                .tails
                .iter()
                .any(|t| t.renamed.is_none() && t.is_growing() && t.input.path == input.path);
            if !known {
                self.open(input, 0, start);
            }
        }
    }

    /// Opens files that are read once, as many as may be open.
    fn open_queued(&mut self) {
        let open = |t: &&Tail| matches!(t.source, Source::Whole(..));
        let open = self.tails.iter().filter(open).count();
        for _ in open..WHOLE {
            let Some(next) = self.queue.pop_front() else {
                return;
            };
            match LogReader::open(&next.input, &self.options) {
                Ok(reader) => {
                    let opened = Happened::Opened(next.input.path.clone(), next.before);
                    self.happened.push(opened);
                    let source = Source::Whole(Box::new(reader), next.identity);
                    self.tails
                        .push(Tail::new(Arc::new(next.input), source, next.before));
                }
                Err(Error::Open { cause, .. }) if is_exhausted(&cause) => {
                    self.queue.push_front(next);
                    return;
                }
                Err(e) => {
                    self.happened.push(Happened::Problem(e));
                    self.broken
                        .extend(next.mark().filter(|mark| mark.lines > 0));
                }
            }
        }
    }

    fn current_paths(&self) -> HashSet<PathBuf> {
        self.current().into_iter().map(|i| i.path).collect()
    }

    /// The logs that Zeek writes to now: rotated and compressed ones have other names.
    fn current(&self) -> Vec<Input> {
        let mut out = Vec::new();
        for path in &self.paths {
            if !path.is_dir() {
                if path.exists() && !is_compressed(path) {
                    out.push(Input::new(path));
                }
                continue;
            }
            let Ok(entries) = std::fs::read_dir(path) else {
                continue;
            };
            let mut files: Vec<Input> = entries
                .filter_map(Result::ok)
                .map(|e| e.path())
                .filter(|p| p.extension().is_some_and(|e| e == "log"))
                .filter(|p| !is_hidden(p) && p.is_file())
                .map(Input::new)
                .filter(|i| i.interval.is_none())
                .collect();
            files.sort_by(|a, b| a.path.cmp(&b.path));
            out.extend(files);
        }
        out
    }

    fn open(&mut self, input: Input, before: u64, start: Start) {
        let path = input.path.clone();
        let input = Arc::new(input);
        match Following::open(input.clone(), &self.options) {
            Ok(following) => {
                let inode = following.identity().inode;
                if self.refused.get(&path) != Some(&inode) {
                    self.refused.remove(&path);
                    self.follow(following, before, start);
                }
            }
            // Gone between the listing and now.
            Err(Error::Open { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(e) => {
                if self.refused.insert(path, (0, 0)).is_none() {
                    self.happened.push(Happened::Problem(e));
                }
            }
        }
    }

    /// Opens the log that has a mark's path now, where it is the one that the mark is of, or a copy.
    fn open_marked(&self, mark: &Mark, current: &HashSet<PathBuf>) -> Option<Following> {
        let is_current = current.contains(&mark.path);
        let opened = is_current
            .then(|| Following::open(Arc::new(Input::new(&mark.path)), &self.options).ok());
        opened.flatten().filter(|f| mark.fits(&f.identity().head))
    }

    /// Follows an open log from this line on.
    fn follow(&mut self, following: Following, before: u64, start: Start) {
        let input = following.input().clone();
        let path = input.path.clone();
        let mut tail = Tail::new(input, Source::Growing(Box::new(following)), before);
        if start == Start::End {
            tail.skip_all();
        }
        self.happened.push(Happened::Opened(path, tail.before));
        self.tails.push(tail);
    }

    /// Lets go of files that are done with.
    fn drop_finished(&mut self) {
        let (happened, finished) = (&mut self.happened, &mut self.finished);
        let (refused, broken) = (&mut self.refused, &mut self.broken);
        self.tails.retain(|t| {
            // What was read before it failed may wait still.
            if !t.is_over() && (!t.failed || t.done < t.read) {
                return true;
            }
            let id = t.identity();
            if t.failed {
                // Not again, until another file has its name, or another run tries.
                if t.is_growing() && t.renamed.is_none() && refused.len() < FINISHED {
                    refused.insert(t.input.path.clone(), id.inode);
                }
                broken.extend(t.mark().filter(|mark| mark.lines > 0));
                return false;
            }
            if finished.len() >= FINISHED {
                finished.pop_front();
            }
            finished.push_back((id.head.len(), xxh3_64(&id.head)));
            happened.push(Happened::Rotated(t.input.path.clone()));
            false
        });
    }
}

fn is_exhausted(cause: &io::Error) -> bool {
    cause.raw_os_error().is_some_and(|e| EXHAUSTED.contains(&e))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
}

/// Whether a file's text is not what its bytes are.
fn is_compressed(path: &Path) -> bool {
    match (Identity::at(path), head_of(path)) {
        (Ok(plain), Ok(text)) => !text.starts_with(&plain.head) && !plain.head.starts_with(&text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_log_that_was_empty_when_it_was_opened_has_a_mark_with_its_first_rows() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = std::fs::File::create(dir.path().join("dns.log")).unwrap();
        let mut tails = Tails::new(&[dir.path().to_owned()], &Options::default());
        tails.start(Start::Beginning);
        assert_eq!(tails.poll(10, &mut |_, _, _| ()), 0);
        write!(log, "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n").unwrap();
        write!(log, "#types\ttime\tstring\n1.0\ta.test\n").unwrap();
        let mut rows = Vec::new();
        tails.poll(10, &mut |input, row, _| {
            rows.push((input.clone(), row.line))
        });
        assert_eq!(rows.len(), 1);
        tails.done(&rows[0].0, rows[0].1);
        // The output may be saved together with this: the next run must not read the row again.
        let (marks, _) = tails.marks();
        assert_eq!(marks.len(), 1);
        assert_eq!(marks[0].lines, rows[0].1);
    }

    /// As if Zeek rotated the log between the look at its path and the listing of the archive: the file is in both.
    #[test]
    fn a_log_that_is_rotated_while_a_run_begins_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let (logs, archive) = (dir.path().join("logs"), dir.path().join("archive"));
        std::fs::create_dir(&logs).unwrap();
        std::fs::create_dir(&archive).unwrap();
        let path = logs.join("dns.log");
        let header = "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n";
        std::fs::write(&path, format!("{header}1.0\ta.test\n2.0\tb.test\n")).unwrap();
        let paths = [logs];
        let mut first = Tails::new(&paths, &Options::default());
        first.start(Start::Beginning);
        let mut rows = Vec::new();
        first.poll(10, &mut |input, row, _| {
            rows.push((input.clone(), row.line))
        });
        first.done(&rows[0].0, rows[0].1);
        let (marks, finished) = first.marks();
        std::fs::hard_link(&path, archive.join("dns.10:00:00-11:00:00.log")).unwrap();
        let times = (SystemTime::UNIX_EPOCH, SystemTime::now());
        let mut second = Tails::new(&paths, &Options::default());
        second.resume(&marks, &finished, times, &[archive], Start::Beginning);
        let mut new = Vec::new();
        for _ in 0..5 {
            second.poll(10, &mut |_, row, before| {
                new.extend((!before).then_some(row.line))
            });
        }
        assert_eq!(new, [rows[1].1]);
    }
}
