//! Whether the world that a model knows has changed.
//!
//! Each day (24 hours of UTC, by the records' own times) is compared with training,
//! feature by feature in coarse bins, and in its number of rows. How far a day may be
//! from training is what training itself taught: its days are compared with one another in
//! the same way, and a day is compared with the single training day that is most like it,
//! so that weekends are known if there were any. With fewer than five days of training
//! the limits are the conventional ones, and that is said. Columns are compared as soon as a
//! schema is bound.
//!
//! [`Monitor`] does it beside the live engine, or over archived logs; [`DayCollector`]
//! is the part of it that training does, [`Baseline`] what a model keeps.

mod baseline;
mod collect;
mod columns;
mod judge;
mod measure;
mod monitor;
mod reference;
mod resume;
mod window;

pub use baseline::Baseline;
pub use collect::DayCollector;
pub use columns::type_name;
pub use monitor::Monitor;
pub use resume::KeptDays;

use zeek_anomaly_features::Spec;
use zeek_anomaly_models::Encoder;

/// What training left of one log, as far as drift depends on it.
#[derive(Clone, Copy, Debug)]
pub struct TrainedLog<'m> {
    /// The features.
    pub spec: &'m Spec,
    /// What each of them had in training.
    pub encoders: &'m [Encoder],
    /// The columns: names and types ([`type_name`]).
    pub fields: &'m [(String, String)],
    /// The training days.
    pub days: &'m Baseline,
}

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The log has other columns.
    Columns,
    /// The log has far more or far fewer rows.
    Volume,
    /// A feature is distributed otherwise.
    Feature,
}

impl ChangeKind {
    /// The name, as output has it.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::Columns => "columns",
            ChangeKind::Volume => "volume",
            ChangeKind::Feature => "feature",
        }
    }
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its kind.
    pub kind: ChangeKind,
    /// The feature or column; "rows" for a volume.
    pub name: String,
    /// What it was in training, in words that are safe to print.
    pub was: String,
    /// What it is, in the same words.
    pub now: String,
    /// How far it is from training: a population stability index for a feature, how many
    /// times more or fewer for a volume; 0 for what has no degrees.
    pub distance: f64,
    /// From where on it counts as a change.
    pub limit: f64,
}

/// What became of one log on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct LogDrift {
    /// The log; safe to print.
    pub log: String,
    /// When the day began, in seconds since the epoch; `None` for what is no matter of a
    /// day: columns.
    pub day: Option<f64>,
    /// Rows of the day.
    pub rows: u64,
    /// Hours of the day that had rows of any log.
    pub hours: u32,
    /// Whether the day was judged: one of which only some hours are there is not, for the
    /// hours of a day differ.
    pub judged: bool,
    /// Whether the limits are conventional ones, for lack of training days.
    pub conventional: bool,
    /// What changed, the largest change first; empty where nothing did.
    pub changes: Vec<Change>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}, was {}", self.name, self.now, self.was)
    }
}
