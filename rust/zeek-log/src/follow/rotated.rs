//! Files that are no longer written to: beside the logs, and in archives.

use super::file::{Identity, head_of};
use super::tail::Mark;
use crate::discover::discover;
use crate::input::Input;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Older archived files that are looked into for one that an earlier run had begun.
const SEARCHED: usize = 10_000;

/// A file that is read once.
#[derive(Debug)]
pub(super) struct Rotated {
    pub(super) input: Input,
    pub(super) identity: Identity,
    /// Lines that an earlier run was done with.
    pub(super) before: u64,
}

impl Rotated {
    /// What is at a path; `None` where it cannot be read, or is empty.
    pub(super) fn at(input: Input, before: u64) -> Option<Rotated> {
        let inode = Identity::at(&input.path).ok()?.inode;
        let head = head_of(&input.path).ok().filter(|h| !h.is_empty())?;
        Some(Rotated {
            input,
            identity: Identity { inode, head },
            before,
        })
    }

    /// Where the next run has to go on.
    pub(super) fn mark(&self) -> Option<Mark> {
        Mark::new(self.input.path.clone(), &self.identity, self.before)
    }
}

/// What was rotated, as far as it is known.
pub(super) struct Search {
    /// Files that may be new since the last run.
    recent: Vec<Rotated>,
    /// All others, the latest first. Archives may hold years: they are looked into where a file
    /// that an earlier run had begun is among none of the recent ones.
    older: Vec<Input>,
    looked: Vec<Rotated>,
}

impl Search {
    /// Lists what is under these paths, but for the logs that are written now. What changed before
    /// `since` is old; with `None` nothing is.
    pub(super) fn new(
        paths: &[PathBuf],
        current: &HashSet<PathBuf>,
        since: Option<SystemTime>,
    ) -> Search {
        let changed = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        let inputs = discover(paths).inputs.into_iter();
        let all = inputs.filter(|i| !current.contains(&i.path) && !i.is_stdin());
        let (recent, older): (Vec<Input>, Vec<Input>) = all.partition(|i| match since {
            None => true,
            Some(since) => changed(&i.path).is_some_and(|t| t >= since),
        });
        let mut older: Vec<_> = (older.into_iter()).map(|i| (changed(&i.path), i)).collect();
        older.sort_by_key(|(t, _)| std::cmp::Reverse(*t));
        older.truncate(SEARCHED);
        Search {
            recent: (recent.into_iter())
                .filter_map(|i| Rotated::at(i, 0))
                .collect(),
            older: older.into_iter().rev().map(|(_, i)| i).collect(),
            looked: Vec::new(),
        }
    }

    /// Takes the file out of which an earlier run has read.
    pub(super) fn take(&mut self, mark: &Mark) -> Option<Rotated> {
        for list in [&mut self.recent, &mut self.looked] {
            let fits = |r: &Rotated| mark.fits(&r.identity.head);
            // The same path first: a copy of it may stand beside it.
            let at = (list
                .iter()
                .position(|r| r.input.path == mark.path && fits(r)))
            .or_else(|| list.iter().position(fits));
            if let Some(at) = at {
                return Some(list.remove(at));
            }
        }
        while let Some(input) = self.older.pop() {
            let Some(rotated) = Rotated::at(input, 0) else {
                continue;
            };
            if mark.fits(&rotated.identity.head) {
                return Some(rotated);
            }
            self.looked.push(rotated);
        }
        None
    }

    /// The files that no earlier run has begun, in the order of time.
    pub(super) fn unseen(self) -> Vec<Rotated> {
        let mut all = self.recent;
        all.sort_by(|a, b| {
            let key = |r: &Rotated| (r.input.interval.is_none(), r.input.interval);
            (key(a), &a.input.path).cmp(&(key(b), &b.input.path))
        });
        all
    }
}
