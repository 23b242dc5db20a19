//! One log that is read, and how far its rows were done with.

use super::file::{Change, Following, Identity};
use crate::error::{Error, Refusal};
use crate::input::Input;
use crate::reader::{LogReader, Row};
use crate::stats::Stats;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

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
    /// Of a file of which so many lines are done with; `None` where it has no bytes yet.
    pub(super) fn new(path: PathBuf, identity: &Identity, lines: u64) -> Option<Mark> {
        (!identity.head.is_empty()).then(|| Mark {
            path,
            inode: identity.inode,
            head: (identity.head.len(), xxh3_64(&identity.head)),
            lines,
        })
    }

    /// Whether a file that begins like this may be the one.
    pub(super) fn fits(&self, head: &[u8]) -> bool {
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

pub(super) enum Source {
    /// A file that may grow.
    Growing(Box<Following>),
    /// A file that is no longer written to, compressed perhaps.
    Whole(Box<LogReader>, Identity),
    /// Such a file, read to its end and closed; how many lines it had.
    Ended(Identity, u64),
}

pub(super) struct Tail {
    pub(super) input: Arc<Input>,
    pub(super) source: Source,
    /// Lines that an earlier run was done with.
    pub(super) before: u64,
    /// Lines handed out.
    pub(super) read: u64,
    /// Lines done with.
    pub(super) done: u64,
    /// Its name leads elsewhere; the number of looks since with nothing new.
    pub(super) renamed: Option<u32>,
    pub(super) failed: bool,
    /// Lines of it that were refused and told of.
    refused: u64,
    /// The latest `ts` that was read.
    pub(super) clock: f64,
}

impl Tail {
    pub(super) fn new(input: Arc<Input>, source: Source, before: u64) -> Tail {
        Tail {
            input,
            source,
            before,
            read: 0,
            done: before,
            renamed: None,
            failed: false,
            refused: 0,
            clock: f64::NEG_INFINITY,
        }
    }

    pub(super) fn identity(&self) -> &Identity {
        match &self.source {
            Source::Growing(f) => f.identity(),
            Source::Whole(_, id) | Source::Ended(id, _) => id,
        }
    }

    pub(super) fn is_growing(&self) -> bool {
        matches!(self.source, Source::Growing(_))
    }

    /// Where the next run has to go on. What an earlier run was done with stays done with, also
    /// while it is being read again.
    pub(super) fn mark(&self) -> Option<Mark> {
        let all = self.done >= self.read;
        // Whatever stands before the first row not done with is done with as well.
        let lines = if all { self.lines() } else { self.done };
        Mark::new(
            self.input.path.clone(),
            self.identity(),
            lines.max(self.before),
        )
    }

    /// Whether nothing more comes of it, and all of it is done with.
    pub(super) fn is_over(&self) -> bool {
        self.renamed.is_some_and(|n| n >= 3) && self.done >= self.read
    }

    fn stats(&self) -> Option<&Stats> {
        match &self.source {
            Source::Growing(f) => f.stats(),
            Source::Whole(r, _) => Some(r.stats()),
            Source::Ended(..) => None,
        }
    }

    /// Lines that the reader has passed.
    fn lines(&self) -> u64 {
        match &self.source {
            Source::Ended(_, lines) => *lines,
            _ => self.stats().map_or(0, |s| s.lines),
        }
    }

    fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        match &mut self.source {
            Source::Growing(f) => f.next(),
            Source::Whole(r, _) => r.next(),
            Source::Ended(..) => Ok(None),
        }
    }

    /// Passes over what is there.
    pub(super) fn skip_all(&mut self) {
        while let Ok(Some(row)) = self.next() {
            let line = row.line;
            (self.read, self.done, self.before) = (line, line, line);
        }
    }

    /// Hands out at most `most` rows, and says how many there were.
    pub(super) fn read_rows(
        &mut self,
        most: usize,
        each: &mut dyn FnMut(&Arc<Input>, &Row<'_>, bool),
        happened: &mut Vec<Happened>,
    ) -> usize {
        let (mut taken, before, input) = (0, self.before, self.input.clone());
        let mut ended = false;
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
                    ended = true;
                    break;
                }
                Err(e) => {
                    happened.push(Happened::Problem(e));
                    self.failed = true;
                }
            }
        }
        self.tell_refused(happened);
        if let (Source::Growing(f), true) = (&mut self.source, taken > 0) {
            f.take_head();
        }
        if ended && let Source::Whole(reader, id) = &self.source {
            // Its rows may wait for long, and a descriptor is needed elsewhere.
            self.source = Source::Ended(id.clone(), reader.stats().lines);
            self.renamed = Some(u32::MAX);
        }
        taken
    }

    /// Reports lines that were refused since the last call.
    fn tell_refused(&mut self, happened: &mut Vec<Happened>) {
        let (told, before) = (self.refused, self.before);
        let Some(stats) = self.stats().filter(|s| s.refused > told) else {
            return;
        };
        let path = &self.input.path;
        let known = usize::try_from(told).unwrap_or(usize::MAX);
        let known = stats.refusals.get(known..).unwrap_or_default();
        for r in known.iter().filter(|r| r.line > before) {
            happened.push(Happened::Refused(path.clone(), r.clone()));
        }
        let more = stats.refused - told - known.len() as u64;
        if more > 0 {
            happened.push(Happened::RefusedMore(path.clone(), more));
        }
        self.refused = stats.refused;
    }

    /// Nothing new: see what became of the file.
    pub(super) fn look(&mut self, happened: &mut Vec<Happened>) {
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
}
