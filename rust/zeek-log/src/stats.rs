//! What became of the lines of one input.

use crate::error::{Reason, Refusal};

/// Counts of one input, kept while it is read.
///
/// No line is lost: at any time between two rows,
/// `rows + refused + headers + comments + blank == lines + several`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lines seen, of whatever sort.
    pub lines: u64,
    /// Records beyond the first of lines that hold several (an array of records, an answer of a search).
    pub several: u64,
    /// Whether lines are counted by records: the input is one JSON text over many lines, or many in one line.
    pub by_record: bool,
    /// Lines that became rows.
    pub rows: u64,
    /// Rows without a time in `ts`, which nothing that goes by time can use.
    pub without_time: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// Header lines of TSV: `#fields`, `#close`, …
    pub headers: u64,
    /// Other lines that begin with `#`.
    pub comments: u64,
    /// Lines with nothing in them.
    pub blank: u64,
    /// The first few refusals in full ([`crate::Options::keep_refusals`]).
    pub refusals: Vec<Refusal>,
    /// Values that are none of their column's type and were kept as they are written.
    pub odd_values: u64,
    /// The first few of these, in full.
    pub odd: Vec<Refusal>,
    /// JSON values that no column was made for: keys beyond 1024 a log, very
    /// long keys, objects nested too deeply.
    pub ignored_values: u64,
}

/// Takes note of values that are none of their column's type.
pub(crate) struct Odd<'a> {
    pub(crate) stats: &'a mut Stats,
    pub(crate) line: u64,
    pub(crate) keep: usize,
}

impl Odd<'_> {
    #[cold]
    pub(crate) fn note(&mut self, reason: impl FnOnce() -> Reason) {
        self.stats.odd_values += 1;
        if self.stats.odd.len() < self.keep {
            let (line, reason) = (self.line, reason());
            self.stats.odd.push(Refusal { line, reason });
        }
    }
}

impl Stats {
    /// Where a refusal stands, for a message: `file:12`, or `file, record 12` where records are counted.
    pub fn place(&self, file: &str, line: u64) -> String {
        match self.by_record {
            true => format!("{file}, record {line}"),
            false => format!("{file}:{line}"),
        }
    }

    pub(crate) fn refuse(&mut self, line: u64, reason: Reason, keep: usize) {
        self.refused += 1;
        if self.refusals.len() < keep {
            self.refusals.push(Refusal { line, reason });
        }
    }
}
