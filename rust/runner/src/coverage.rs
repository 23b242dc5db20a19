//! What was looked at, and what was not.

use crate::source::Source;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use zeek_anomaly_engine::LEFT_OUT;
use zeek_anomaly_engine::combine::MergeWarning;
use zeek_anomaly_engine::offline::{Observer, Tally};
use zeek_log::{Error, ErrorKind, Input, Schema, Stats, Unread};

/// Refused lines that are quoted, over all files.
const QUOTED: usize = 20;

/// A file of which not everything was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedFile {
    /// The file or directory.
    pub file: String,
    /// Why, and what to do.
    pub reason: String,
    /// Whether rows before the fault were read.
    pub partly: bool,
    /// Whether it is not there, cannot be opened, or is empty; and not of an unknown form.
    #[serde(skip)]
    pub missing: bool,
}

/// What became of the rows of one log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogCoverage {
    /// What became of its rows.
    #[serde(flatten)]
    pub tally: Tally,
    /// Rows that behaviors looked at.
    pub behaviors: u64,
    /// Lines that were refused.
    pub refused: u64,
}

impl LogCoverage {
    /// Rows that were read.
    pub fn rows(&self) -> u64 {
        self.tally.used + self.tally.filtered + self.tally.unscored
    }
}

/// What a run looked at.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Files that were read, to their end or in part.
    pub files: u64,
    /// Files that were not read, or not to their end.
    pub skipped: Vec<SkippedFile>,
    /// Files below the given directories that are not read.
    pub unread: Vec<Unread>,
    /// What became of the rows, log by log.
    pub logs: BTreeMap<String, LogCoverage>,
    /// What became of the lines of all files.
    pub lines: Stats,
    /// The first refused lines, with file, line and reason.
    pub refused: Vec<String>,
    /// Connections, and items of connections, that were forgotten to keep memory bounded.
    pub forgotten: (u64, u64),
    /// The column that rows are chosen by, and the number of files that have it.
    pub column: Option<(String, u64)>,
    /// Files that were left out because their names tell another time.
    pub outside: u64,
    /// Whether rows were scored or learned from, and not only watched by behaviors.
    pub scored: bool,
    /// Logs of which rows came that the continued model knows already.
    pub repeated: Vec<MergeWarning>,
    /// The logs of the input that is being read, and whether it has the column.
    current: (BTreeSet<String>, bool),
}

impl Coverage {
    /// Before a source is read.
    pub fn of(source: &Source) -> Coverage {
        let mut coverage = Coverage {
            column: source.read.only.as_ref().map(|(c, _)| (c.clone(), 0)),
            outside: source.outside(),
            unread: source.unread.clone(),
            ..Coverage::default()
        };
        for e in &source.problems {
            coverage.skip(e);
        }
        coverage
    }

    /// Rows that were read.
    pub fn rows(&self) -> u64 {
        self.lines.rows
    }

    /// The sum of something over all logs.
    fn sum(&self, of: impl Fn(&LogCoverage) -> u64) -> u64 {
        self.logs.values().map(of).sum()
    }

    /// Rows that were scored, learned from or, where behaviors alone read them, watched.
    pub fn used(&self) -> u64 {
        self.sum(|l| self.looked_at(l))
    }

    /// Rows that were scored or learned from.
    pub fn scored_rows(&self) -> u64 {
        self.sum(|l| if self.scored { l.tally.used } else { 0 })
    }

    /// Rows that behaviors looked at.
    pub fn behaviors(&self) -> u64 {
        self.sum(|l| l.behaviors)
    }

    /// Rows outside the time bounds, or with another label.
    pub fn filtered(&self) -> u64 {
        self.sum(|l| l.tally.filtered)
    }

    /// Rows of logs that the model has nothing for.
    pub fn unscored(&self) -> u64 {
        self.sum(|l| l.tally.unscored)
    }

    /// Rows without a time.
    pub fn untimed(&self) -> u64 {
        self.sum(|l| l.tally.untimed)
    }

    /// Whether anything was skipped: a file, or a line.
    pub fn is_partial(&self) -> bool {
        let lost = self.unread.iter().any(|u| u.reason.is_loss());
        !self.skipped.is_empty() || self.lines.refused > 0 || lost
    }

    /// Whether a file was found that is no log, or rows that nothing looks at; and not only
    /// nothing at all.
    pub fn saw_something(&self) -> bool {
        self.rows() > self.filtered() || self.lines.refused > 0
    }

    /// Rows of a log that something looked at.
    pub fn looked_at(&self, log: &LogCoverage) -> u64 {
        match self.scored {
            true => log.tally.used.max(log.behaviors),
            false => log.behaviors,
        }
    }

    /// Logs with rows that nothing looked at, with their number; not those that never say
    /// anything of traffic.
    pub fn ignored(&self) -> Vec<(&str, u64)> {
        (self.logs.iter())
            .filter(|(name, l)| {
                let rows = l.rows() - l.tally.filtered;
                !LEFT_OUT.contains(&name.as_str()) && rows > 0 && self.looked_at(l) == 0
            })
            .map(|(name, l)| (name.as_str(), l.rows() - l.tally.filtered))
            .collect()
    }

    fn skip(&mut self, error: &Error) {
        self.skipped.push(SkippedFile {
            file: error.file().to_owned(),
            reason: error.to_string(),
            partly: error.kind() == ErrorKind::Partial,
            missing: matches!(
                error,
                Error::Open { .. }
                    | Error::Directory { .. }
                    | Error::Empty { .. }
                    | Error::NoLogs { .. }
            ),
        });
    }
}

impl Serialize for Coverage {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Out<'a> {
            files_read: u64,
            files_skipped: Vec<SkippedFile>,
            files_outside_times: u64,
            rows: u64,
            rows_refused: u64,
            rows_without_time: u64,
            rows_left_out: u64,
            logs: &'a BTreeMap<String, LogCoverage>,
            logs_not_looked_at: Vec<&'a str>,
        }
        let unread = self.unread.iter().map(|u| SkippedFile {
            file: u.path.display().to_string(),
            reason: u.reason.to_string(),
            partly: false,
            missing: false,
        });
        Out {
            files_read: self.files,
            files_skipped: self.skipped.iter().cloned().chain(unread).collect(),
            files_outside_times: self.outside,
            rows: self.rows(),
            rows_refused: self.lines.refused,
            rows_without_time: self.untimed(),
            rows_left_out: self.filtered(),
            logs: &self.logs,
            logs_not_looked_at: self.ignored().into_iter().map(|(log, _)| log).collect(),
        }
        .serialize(s)
    }
}

impl Observer for Coverage {
    fn repeated(&mut self, what: &MergeWarning) {
        self.repeated.push(what.clone());
    }

    fn problem(&mut self, error: Error) {
        self.skip(&error);
    }

    fn log_finished(&mut self, _: &Input, schema: &Schema, tally: &Tally) {
        let log = self.logs.entry(schema.log.clone()).or_default();
        log.tally.add(tally);
        self.current.0.insert(schema.log.clone());
        if let Some((column, _)) = &self.column {
            self.current.1 |= schema.position(column).is_some();
        }
    }

    fn finished(&mut self, input: &Input, stats: &Stats, _: &Tally) {
        self.files += 1;
        let (logs, has_column) = std::mem::take(&mut self.current);
        if let Some((_, n)) = &mut self.column {
            *n += u64::from(has_column);
        }
        if stats.refused > 0 {
            // A refused line has the log of its file, where that has one only.
            let log = match (logs.len(), logs.into_iter().next()) {
                (1, Some(log)) => log,
                _ => input.log.clone().unwrap_or_else(|| "(unknown)".into()),
            };
            self.logs.entry(log).or_default().refused += stats.refused;
        }
        for r in &stats.refusals {
            if self.refused.len() < QUOTED {
                let (file, line, reason) = (input.name(), r.line, &r.reason);
                self.refused
                    .push(format!("{file}:{line}: {reason}; the line was skipped"));
            }
        }
        let all = &mut self.lines;
        all.lines += stats.lines;
        all.rows += stats.rows;
        all.refused += stats.refused;
        all.headers += stats.headers;
        all.comments += stats.comments;
        all.blank += stats.blank;
        all.ignored_values += stats.ignored_values;
    }

    fn context_dropped(&mut self, connections: u64, items: u64) {
        self.forgotten = (connections, items);
    }
}
