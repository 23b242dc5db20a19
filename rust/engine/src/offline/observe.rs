//! What is told of the work.

use crate::combine::MergeWarning;
use std::sync::Arc;
use zeek_log::{Error, Input, Record, Schema, Stats};

/// Is told how the work goes. Everything has a default that does nothing.
pub trait Observer {
    /// More bytes of files (as they are on disk) were read, and more rows used.
    fn progress(&mut self, bytes: u64, rows: u64) {
        let _ = (bytes, rows);
    }
    /// A row is about to be trained on or scored; also one of a log that the model has
    /// nothing for.
    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        let _ = (schema, record);
    }
    /// An input ended early, or could not be read at all.
    fn problem(&mut self, error: Error) {
        let _ = error;
    }
    /// An input was read as far as it goes, for training or scoring.
    fn finished(&mut self, input: &Input, stats: &Stats, tally: &Tally) {
        let _ = (input, stats, tally);
    }
    /// The same, apart for each schema that the input had, before [`Observer::finished`].
    /// A combined stream has several logs; a JSON log that brought a new key has
    /// several schemas.
    fn log_finished(&mut self, input: &Input, schema: &Schema, tally: &Tally) {
        let _ = (input, schema, tally);
    }
    /// Rows of a log were trained on that the continued model knows already.
    fn repeated(&mut self, what: &MergeWarning) {
        let _ = what;
    }
    /// Contexts were let go because of a cap: connections, and items of connections.
    fn context_dropped(&mut self, connections: u64, items: u64) {
        let _ = (connections, items);
    }
}

/// What became of the rows of one input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Rows trained on or scored.
    pub used: u64,
    /// Rows outside the time bounds, or with another label.
    pub filtered: u64,
    /// Rows of logs that are left out, or that the model has nothing for.
    pub unscored: u64,
    /// Rows, of whatever sort but filtered ones, that have no time.
    pub untimed: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Used => self.used += 1,
            Fate::Filtered => self.filtered += 1,
            Fate::Unscored => self.unscored += 1,
        }
    }

    /// Adds those of another input.
    pub fn add(&mut self, other: &Tally) {
        self.used += other.used;
        self.filtered += other.filtered;
        self.unscored += other.unscored;
        self.untimed += other.untimed;
    }
}

/// What became of a row.
pub(crate) enum Fate {
    Used,
    Filtered,
    Unscored,
}

/// Something for the observer, to be told later.
pub(super) enum Told {
    Progress(u64, u64),
    Problem(Error),
    Finished(Input, Stats, Tally),
    LogFinished(Input, Schema, Tally),
}

impl Told {
    pub(super) fn pass_on(self, observer: &mut dyn Observer) {
        match self {
            Told::Progress(bytes, rows) => observer.progress(bytes, rows),
            Told::Problem(error) => observer.problem(error),
            Told::Finished(input, stats, tally) => observer.finished(&input, &stats, &tally),
            Told::LogFinished(input, schema, tally) => {
                observer.log_finished(&input, &schema, &tally);
            }
        }
    }
}
