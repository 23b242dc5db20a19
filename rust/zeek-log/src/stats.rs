//! What became of the lines of one input.

use crate::error::{Reason, Refusal};

/// Counts of one input, kept while it is read.
///
/// No line is lost: at any time between two rows,
/// `rows + refused + headers + comments + blank == lines`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lines seen, of whatever sort.
    pub lines: u64,
    /// Lines that became rows.
    pub rows: u64,
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
    /// JSON values that no column was made for: keys beyond 1024 a log, very
    /// long keys, objects nested too deeply.
    pub ignored_values: u64,
}

impl Stats {
    pub(crate) fn refuse(&mut self, line: u64, reason: Reason, keep: usize) {
        self.refused += 1;
        if self.refusals.len() < keep {
            self.refusals.push(Refusal { line, reason });
        }
    }
}
