//! What is said of the work at its end, on standard error: what was read, what was
//! skipped, and why.

use crate::exit::Status;
use crate::output::table;
use crate::progress::Progress;
use crate::say::{self, count, counted};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::LEFT_OUT;
use zeek_anomaly_engine::offline::{Observer, Tally};
use zeek_log::{Error, Input, Schema, Stats, Unread, UnreadReason};

/// Refused lines that are quoted, over all files.
const QUOTED: usize = 20;

/// Files that could not be read and are named.
const NAMED: usize = 20;

/// Files of one reason that are not read and are named.
const NAMED_UNREAD: usize = 50;

/// What became of the rows of one log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogReport {
    /// Rows used, filtered, and not scored.
    pub tally: Tally,
    /// Lines refused.
    pub refused: u64,
}

/// Listens to the engine, shows the progress and keeps what is to be said.
#[derive(Debug)]
pub struct Watch {
    /// The progress bar.
    pub progress: Progress,
    /// What became of each log.
    pub logs: BTreeMap<String, LogReport>,
    /// A column that is asked for: how many inputs have it.
    pub column: Option<(String, u64)>,
    files: u64,
    total: Stats,
    problems: Vec<String>,
    /// Files of the given directories that are not read.
    unread: Vec<Unread>,
    quoted: Vec<String>,
    dropped: (u64, u64),
    /// The logs of the input that is being read, and whether it has the column.
    current: (BTreeSet<String>, bool),
    /// What messages are to call a file otherwise.
    alias: Option<(String, &'static str)>,
}

impl Watch {
    /// Nothing seen yet. `column` is one whose presence matters; `alias` a path and what to
    /// call it.
    pub fn new(
        progress: Progress,
        column: Option<&str>,
        alias: Option<(String, &'static str)>,
    ) -> Watch {
        Watch {
            progress,
            logs: BTreeMap::new(),
            column: column.map(|c| (c.to_owned(), 0)),
            files: 0,
            total: Stats::default(),
            problems: Vec::new(),
            unread: Vec::new(),
            quoted: Vec::new(),
            dropped: (0, 0),
            current: (BTreeSet::new(), false),
            alias,
        }
    }

    /// Rows used.
    pub fn used(&self) -> u64 {
        self.logs.values().map(|l| l.tally.used).sum()
    }

    /// Rows read.
    pub fn rows(&self) -> u64 {
        self.total.rows
    }

    /// Rows outside the time bounds or with another label.
    pub fn filtered(&self) -> u64 {
        self.logs.values().map(|l| l.tally.filtered).sum()
    }

    /// Rows of logs that nothing is known of.
    pub fn unscored(&self) -> u64 {
        self.logs.values().map(|l| l.tally.unscored).sum()
    }

    /// Inputs read.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Whether anything was skipped.
    pub fn status(&self) -> Status {
        let lost = self.unread.iter().any(|u| u.reason.is_loss());
        if self.problems.is_empty() && self.total.refused == 0 && !lost {
            Status::Fine
        } else {
            Status::Skipped
        }
    }

    /// Takes note of files that are not read.
    pub fn unread(&mut self, files: Vec<Unread>) {
        self.unread.extend(files);
    }

    /// Names the files that are not read, by reason.
    fn say_unread(&self) {
        let mut by_reason: BTreeMap<&UnreadReason, Vec<String>> = BTreeMap::new();
        for u in &self.unread {
            let path = u.path.display().to_string();
            by_reason.entry(&u.reason).or_default().push(path);
        }
        for (reason, files) in by_reason {
            let mut text = format!(
                "not read: {}",
                files[..files.len().min(NAMED_UNREAD)].join(", ")
            );
            let more = files.len().saturating_sub(NAMED_UNREAD) as u64;
            if more > 0 {
                text.push_str(&format!(" and {}", counted(more, "more file")));
            }
            let text = match files.len() {
                1 => format!("{text}: {reason}"),
                _ => format!("{text}: each {reason}"),
            };
            match reason.is_loss() {
                true => say::warning(&text),
                false => say::line(&printable(&text)),
            }
        }
    }

    /// Says what was skipped, and why.
    pub fn say_skipped(&self) {
        self.say_unread();
        for p in self.problems.iter().take(NAMED) {
            say::warning(p);
        }
        let more = self.problems.len().saturating_sub(NAMED) as u64;
        if more > 0 {
            say::warning(&format!(
                "and {} that could not be read",
                counted(more, "more file")
            ));
        }
        for q in &self.quoted {
            say::warning(q);
        }
        let more = self.total.refused - self.quoted.len() as u64;
        if more > 0 && !self.quoted.is_empty() {
            say::warning(&format!("and {} refused", counted(more, "more line")));
        }
        if self.total.ignored_values > 0 {
            say::warning(&format!(
                "{} of JSON records ignored: more than 1,024 keys, or nested too deeply",
                counted(self.total.ignored_values, "value")
            ));
        }
        let (connections, items) = self.dropped;
        if connections + items > 0 {
            say::warning(&format!(
                "to keep memory bounded, {} and {} of connections were forgotten; scores of \
                 their other logs may differ",
                counted(connections, "connection"),
                counted(items, "item"),
            ));
        }
    }

    /// What was skipped, in a sentence each, for a document.
    pub fn skipped(&self) -> Vec<String> {
        let mut out: Vec<String> = (self.unread.iter())
            .filter(|u| u.reason.is_loss())
            .take(NAMED)
            .map(|u| format!("Not read: {u}"))
            .collect();
        if !self.problems.is_empty() {
            let shown: Vec<&str> = self.problems.iter().take(5).map(String::as_str).collect();
            out.push(format!(
                "{} could not be read to the end: {}",
                counted(self.problems.len() as u64, "input"),
                shown.join("; ")
            ));
        }
        if self.total.refused > 0 {
            out.push(format!(
                "{} of {} refused.",
                counted(self.total.refused, "line"),
                count(self.total.lines)
            ));
        }
        out
    }

    /// Says what every line became.
    pub fn say_lines(&self) {
        let t = &self.total;
        say::line(&format!(
            "{} in {} = {} + {} refused + {} header, comment and blank",
            counted(t.lines, "line"),
            counted(self.files, "file"),
            counted(t.rows, "row"),
            count(t.refused),
            count(t.headers + t.comments + t.blank),
        ));
    }

    /// Says which logs were not used, and why.
    pub fn say_unscored(&self) {
        let of = |left_out: bool| -> Vec<String> {
            self.logs
                .iter()
                .filter(|(log, l)| l.tally.unscored > 0 && left_out == is_left_out(log))
                .map(|(log, l)| {
                    format!("{} ({})", printable(log), counted(l.tally.unscored, "row"))
                })
                .collect()
        };
        let (unknown, left_out) = (of(false), of(true));
        if !unknown.is_empty() {
            say::warning(&format!(
                "the model has nothing for: {}",
                unknown.join(", ")
            ));
        }
        if !left_out.is_empty() {
            say::line(&format!(
                "left out, says nothing of traffic: {}",
                left_out.join(", ")
            ));
        }
    }
}

/// Whether a log is never used.
pub fn is_left_out(log: &str) -> bool {
    LEFT_OUT.contains(&log)
}

/// Prints a small table to standard error: the first column to the left, numbers
/// to the right.
pub fn say_table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut t = table::bare();
    t.set_header(header);
    for row in rows {
        t.add_row(row);
    }
    for column in t.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    // Nobody to tell, nothing to do about it.
    let _ = table::print(&mut t, &mut io::stderr().lock());
}

impl Observer for Watch {
    fn progress(&mut self, bytes: u64, rows: u64) {
        self.progress.add(bytes, rows);
    }

    fn problem(&mut self, error: Error) {
        let text = error.to_string();
        self.problems.push(self.named(&text));
    }

    fn log_finished(&mut self, _: &Input, schema: &Schema, tally: &Tally) {
        let log = self.logs.entry(schema.log.clone()).or_default();
        log.tally.used += tally.used;
        log.tally.filtered += tally.filtered;
        log.tally.unscored += tally.unscored;
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
        let file = if input.is_stdin() {
            "standard input".to_owned()
        } else {
            self.named(&input.path.display().to_string())
        };
        for r in &stats.refusals {
            if self.quoted.len() < QUOTED {
                self.quoted.push(format!(
                    "{file}:{}: {}; the line was skipped",
                    r.line, r.reason
                ));
            }
        }
        self.total.lines += stats.lines;
        self.total.rows += stats.rows;
        self.total.refused += stats.refused;
        self.total.headers += stats.headers;
        self.total.comments += stats.comments;
        self.total.blank += stats.blank;
        self.total.ignored_values += stats.ignored_values;
    }

    fn context_dropped(&mut self, connections: u64, items: u64) {
        self.dropped = (connections, items);
    }
}

impl Watch {
    fn named(&self, text: &str) -> String {
        match &self.alias {
            Some((path, name)) => text.replace(path, name),
            None => text.to_owned(),
        }
    }
}
