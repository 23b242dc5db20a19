//! One run plan for every command that reads logs.
//!
//! A [`Source`] is what is read: paths, archives, standard input, the rows that count. [`prepare`]
//! gives the model: loaded, trained on another source, or fitted on the rows themselves. A [`Run`]
//! reads the source once for all [`Sink`]s that a command adds, and returns the [`Coverage`]: what
//! was read, what was skipped and why, and what nothing looked at.
//!
//! Scores need the rows of a rotation interval file by file, behaviors need them in the order of
//! time. Both passes read the same open files, interval by interval.

#![forbid(unsafe_code)]

mod allowed;
mod coverage;
mod findings;
mod judge;
mod model;
mod new_logs;
mod run;
mod source;

pub use allowed::AllowedRecords;
pub use coverage::{Coverage, LogCoverage, SkippedFile};
pub use findings::{Findings, HostFindings, learn_baseline};
pub use judge::{Ignore, JudgeParams, Judged, judge};
pub use model::{ModelFrom, Prepared, prepare};
pub use new_logs::{NewLog, NewLogs};
pub use run::{ENDPOINTS, Run, Sink, on_finding, on_scored};
pub use source::{Source, SourceParams, SpoolError};
