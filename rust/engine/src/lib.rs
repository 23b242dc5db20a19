//! The one pipeline behind both doors.
//!
//! A record comes in, its log's features are taken, with what its connection
//! did in other logs; the log's detector judges them, the judgement is brought to the
//! common scale, and, where asked for, explained.
//!
//! - [`Engine`] is the live door: records one by one, in the order in which they happen.
//! - [`offline`] reads log files: [`offline::train`] and [`offline::score`].
//! - [`merge`] reads log files in the order in which their records were written.
//! - [`feedback`] is what people said of findings, and what that does to scores.
//! - [`combine`] goes on from models: more days, or several that become one.
//! - [`Model`] is what training gives, and [`file`](mod@file) how it is kept on disk.

mod beside;
mod blocks;
pub mod choice;
pub mod combine;
pub mod explain;
pub mod feedback;
pub mod file;
mod fit;
mod hosts;
mod labels;
pub mod live;
pub mod merge;
pub mod model;
pub mod numbers;
pub mod offline;
pub mod related;
pub mod reservoir;
mod sheet;
pub mod stream;
pub mod train;

pub use choice::Choice;
pub use explain::Reason;
pub use file::{FORMAT as MODEL_FORMAT, MAGIC as MODEL_MAGIC, ModelError};
pub use live::{Binding, Engine};
pub use model::{Held, LogModel, Model, ModelInfo, Strangers, Verdict};
pub use zeek_anomaly_alerts::DEFAULT_THRESHOLD;
pub use zeek_anomaly_features::Limits;
pub use zeek_anomaly_features::spec::{Kind, Unit};
pub use zeek_anomaly_models::{Claim, DetectorKind};

/// The version of this project.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Logs that say nothing of traffic, and this project's own.
pub const LEFT_OUT: &[&str] = &[
    "loaded_scripts",
    "anomaly",
    "anomaly_behavior",
    "anomaly_findings",
];
