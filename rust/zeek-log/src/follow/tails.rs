//! All logs of directories, across rotation and restarts.

use super::file::{Change, Following, Identity, head_of};
use crate::discover::discover;
use crate::error::{Error, Refusal};
use crate::input::Input;
use crate::reader::{LogReader, Options, Row};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet, VecDeque};
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

/// Where the first run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what the current logs hold.
    Beginning,
    /// With what comes from now on.
    End,
}

/// Where a file was read to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its path when it was followed.
    pub path: PathBuf,
    /// Its device and inode.
    pub inode: (u64, u64),
    /// Its first bytes: how many, and their hash.
    pub head: (usize, u64),
    /// Lines that are done with.
    pub lines: u64,
}

impl Mark {
    fn fits(&self, head: &[u8]) -> bool {
        self.head.0 > 0
            && head
                .get(..self.head.0)
                .is_some_and(|h| xxh3_64(h) == self.head.1)
    }
}

/// What happened to files, for people.
#[derive(Debug)]
pub enum Happened {
    /// A file is followed from now on; so many of its lines were done before.
    Opened(PathBuf, u64),
    /// A file was rotated away; it was read to its end.
    Rotated(PathBuf),
    /// A file was truncated or replaced in place, and is read from its start.
    Rewritten(PathBuf),
    /// A file that an earlier run had begun was rotated meanwhile, and found.
    Found(PathBuf, PathBuf),
    /// It was not found: what it held beyond so many lines was not seen.
    Gone(PathBuf, u64),
    /// A line was refused.
    Refused(PathBuf, Refusal),
    /// So many more lines of a file were refused.
    RefusedMore(PathBuf, u64),
    /// A file cannot be read.
    Problem(Error),
}

enum Source {
    /// A file that may grow.
    Growing(Following),
    /// A rotated file, compressed perhaps.
    Whole(LogReader, Identity),
}

struct Tail {
    input: Arc<Input>,
    source: Source,
    /// Lines that an earlier run was done with.
    before: u64,
    /// Lines handed out.
    read: u64,
    /// Lines done with.
    done: u64,
    /// Its name leads elsewhere; the number of looks since with nothing new.
    renamed: Option<u32>,
    failed: bool,
    /// Lines of it that were refused and told of.
    refused: u64,
    /// The latest `ts` that was read.
    clock: f64,
}

/// Follows the logs of directories, and single files.
pub struct Tails {
    paths: Vec<PathBuf>,
    options: Options,
    tails: Vec<Tail>,
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
            finished: VecDeque::new(),
            refused: HashMap::new(),
            happened: Vec::new(),
        }
    }

    /// Opens what is there now, without an earlier run to go on from.
    pub fn start(&mut self, start: Start) {
        self.open_new(start);
    }

    /// Goes on from where an earlier run ended, at the time `ended`, which itself began
    /// at `began`. What was rotated meanwhile is looked for beside the logs and under
    /// `archives`.
    pub fn resume(
        &mut self,
        marks: &[Mark],
        finished: &[(usize, u64)],
        (began, ended): (SystemTime, SystemTime),
        archives: &[PathBuf],
    ) {
        self.finished = finished.iter().copied().take(FINISHED).collect();
        let since = ended.checked_sub(SLACK).map_or(began, |t| t.max(began));
        let mut rotated = self.rotated(archives, since);
        for mark in marks {
            if Identity::at(&mark.path).is_ok_and(|i| i.inode == mark.inode && mark.fits(&i.head)) {
                self.open(Input::new(&mark.path), mark.lines, Start::Beginning);
                continue;
            }
            match rotated.iter().position(|(_, head)| mark.fits(head)) {
                Some(at) => {
                    let (mut input, head) = rotated.swap_remove(at);
                    input.log = Input::new(&mark.path).log.or(input.log);
                    self.happened
                        .push(Happened::Found(mark.path.clone(), input.path.clone()));
                    self.open_whole(input, head, mark.lines);
                }
                None => self
                    .happened
                    .push(Happened::Gone(mark.path.clone(), mark.lines)),
            }
        }
        let mut seen: HashSet<Vec<u8>> = HashSet::new();
        rotated.sort_by(|a, b| (a.0.interval, &a.0.path).cmp(&(b.0.interval, &b.0.path)));
        for (input, head) in rotated {
            if !self.is_finished(&head) && seen.insert(head.clone()) {
                self.open_whole(input, head, 0);
            }
        }
        self.open_new(Start::Beginning);
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

    /// Where each file was read to.
    pub fn marks(&self) -> Vec<Mark> {
        let marks = self.tails.iter().filter_map(|t| {
            let id = t.identity();
            Some(Mark {
                path: t.input.path.clone(),
                inode: id.inode,
                head: (id.head.len(), xxh3_64(&id.head)),
                // Whatever stands before the first row not done with is done with as well.
                lines: if t.done >= t.read { t.lines()? } else { t.done },
            })
        });
        marks.collect()
    }

    /// The first bytes of the files that are done with: how many, and their hash.
    pub fn finished(&self) -> Vec<(usize, u64)> {
        self.finished.iter().copied().collect()
    }

    fn is_finished(&self, head: &[u8]) -> bool {
        self.finished
            .iter()
            .any(|(len, h)| *len > 0 && head.get(..*len).is_some_and(|x| xxh3_64(x) == *h))
    }

    /// Files that are no longer written to, and their first bytes: rotated ones beside the
    /// logs, and what was archived.
    fn rotated(&self, archives: &[PathBuf], since: SystemTime) -> Vec<(Input, Vec<u8>)> {
        let all: Vec<PathBuf> = self.paths.iter().chain(archives).cloned().collect();
        let recent = |i: &Input| {
            let changed = std::fs::metadata(&i.path).and_then(|m| m.modified());
            i.interval.is_some() && changed.is_ok_and(|t| t >= since)
        };
        let inputs = discover(&all).inputs;
        let heads = inputs
            .into_iter()
            .filter(recent)
            .filter_map(|i| head_of(&i.path).ok().map(|h| (i, h)));
        heads.filter(|(_, head)| !head.is_empty()).collect()
    }

    /// Opens the current logs that are not followed yet.
    fn open_new(&mut self, start: Start) {
        for input in self.current() {
            let known = self.tails.iter().any(|t| {
                t.renamed.is_none()
                    && matches!(t.source, Source::Growing(_))
                    && t.input.path == input.path
            });
            if !known {
                self.open(input, 0, start);
            }
        }
    }

    /// The logs that Zeek writes to now: rotated and compressed ones have other names.
    fn current(&self) -> Vec<Input> {
        let mut out = Vec::new();
        for path in &self.paths {
            if !path.is_dir() {
                if path.exists() {
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
                if self.refused.get(&path) == Some(&inode) {
                    return;
                }
                self.refused.remove(&path);
                let mut tail = Tail::new(input, Source::Growing(following), before);
                if start == Start::End {
                    tail.skip_all();
                }
                self.happened.push(Happened::Opened(path, tail.before));
                self.tails.push(tail);
            }
            // Gone between the listing and now.
            Err(Error::Open { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                if self.refused.insert(path, (0, 0)).is_none() {
                    self.happened.push(Happened::Problem(e));
                }
            }
        }
    }

    fn open_whole(&mut self, input: Input, head: Vec<u8>, before: u64) {
        let inode = Identity::at(&input.path).map_or((0, 0), |i| i.inode);
        match LogReader::open(&input, &self.options) {
            Ok(reader) => {
                self.happened
                    .push(Happened::Opened(input.path.clone(), before));
                let id = Identity { inode, head };
                let source = Source::Whole(reader, id);
                self.tails.push(Tail::new(Arc::new(input), source, before));
            }
            Err(e) => self.happened.push(Happened::Problem(e)),
        }
    }

    /// Lets go of files that were rotated away and are done with.
    fn drop_finished(&mut self) {
        let (happened, finished, refused) =
            (&mut self.happened, &mut self.finished, &mut self.refused);
        self.tails.retain(|t| {
            let over = t.failed || (t.is_at_end() && t.done >= t.read);
            if !over {
                return true;
            }
            let id = t.identity();
            if t.failed && t.renamed.is_none() {
                // Not again, until another file has its name.
                if refused.len() < FINISHED {
                    refused.insert(t.input.path.clone(), id.inode);
                }
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

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
}

impl Tail {
    fn new(input: Arc<Input>, source: Source, before: u64) -> Tail {
        Tail {
            input,
            source,
            before,
            read: 0,
            done: 0,
            renamed: None,
            failed: false,
            refused: 0,
            clock: f64::NEG_INFINITY,
        }
    }

    fn identity(&self) -> &Identity {
        match &self.source {
            Source::Growing(f) => f.identity(),
            Source::Whole(_, id) => id,
        }
    }

    /// Lines that the reader has passed; `None` before the first.
    fn lines(&self) -> Option<u64> {
        match &self.source {
            Source::Growing(f) => f.stats().map(|s| s.lines),
            Source::Whole(r, _) => Some(r.stats().lines),
        }
    }

    fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        match &mut self.source {
            Source::Growing(f) => f.next(),
            Source::Whole(r, _) => r.next(),
        }
    }

    /// Passes over what is there.
    fn skip_all(&mut self) {
        while let Ok(Some(row)) = self.next() {
            let line = row.line;
            (self.read, self.done, self.before) = (line, line, line);
        }
    }

    fn read_rows(
        &mut self,
        most: usize,
        each: &mut dyn FnMut(&Arc<Input>, &Row<'_>, bool),
        happened: &mut Vec<Happened>,
    ) -> usize {
        let (mut taken, before, input) = (0, self.before, self.input.clone());
        while taken < most && !self.failed {
            match self.next() {
                Ok(Some(row)) => {
                    let line = row.line;
                    each(&input, &row, line <= before);
                    let ts = row.schema.position("ts");
                    let ts = ts.and_then(|i| row.record.get(i).number());
                    self.clock = self.clock.max(ts.unwrap_or(f64::NEG_INFINITY));
                    self.read = line;
                    taken += 1;
                }
                Ok(None) => {
                    if matches!(self.source, Source::Whole(..)) && self.renamed.is_none() {
                        self.renamed = Some(u32::MAX);
                    }
                    break;
                }
                Err(e) => {
                    happened.push(Happened::Problem(e));
                    self.failed = true;
                }
            }
        }
        self.tell_refused(happened);
        taken
    }

    /// Tells of lines that were refused since the last time.
    fn tell_refused(&mut self, happened: &mut Vec<Happened>) {
        let stats = match &self.source {
            Source::Growing(f) => f.stats(),
            Source::Whole(r, _) => Some(r.stats()),
        };
        let Some(stats) = stats.filter(|s| s.refused > self.refused) else {
            return;
        };
        let path = &self.input.path;
        let told = usize::try_from(self.refused).unwrap_or(usize::MAX);
        let known = stats.refusals.get(told..).unwrap_or_default();
        for r in known.iter().filter(|r| r.line > self.before) {
            happened.push(Happened::Refused(path.clone(), r.clone()));
        }
        let more = stats.refused - self.refused - known.len() as u64;
        if more > 0 {
            happened.push(Happened::RefusedMore(path.clone(), more));
        }
        self.refused = stats.refused;
    }

    /// Nothing new: see what became of the file.
    fn look(&mut self, happened: &mut Vec<Happened>) {
        let Source::Growing(f) = &mut self.source else {
            return;
        };
        match f.look() {
            Ok(Change::None) => self.renamed = None,
            Ok(Change::Rewritten) => {
                // What was read of it before it was rewritten stays done with.
                (self.before, self.read, self.done, self.refused) = (0, 0, 0, 0);
                // Lines of it that are still to be scored are not lines of the new one.
                self.input = Arc::new(Input::clone(&self.input));
                happened.push(Happened::Rewritten(self.input.path.clone()));
            }
            Ok(Change::Renamed) => {
                // Zeek renames a file that it has closed; one more look all the same.
                let looks = self.renamed.map_or(1, |n| n.saturating_add(1));
                self.renamed = Some(looks);
                if looks == 2 {
                    f.close();
                }
            }
            Err(cause) => {
                let file = self.input.path.display().to_string();
                happened.push(Happened::Problem(Error::Open { file, cause }));
                self.failed = true;
            }
        }
    }

    /// Whether nothing more will come of it.
    fn is_at_end(&self) -> bool {
        self.renamed.is_some_and(|n| n >= 3)
    }
}
