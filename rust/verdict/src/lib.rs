//! What a whole directory of logs says: LOW, MEDIUM or HIGH, and why.
//!
//! [`Collector`] gets each record, each scored record and what behaviors found, and gives an
//! [`Assessment`]: the [`Components`] of the existing directory score under their names, each log's
//! part, and the [`Sign`]s of hosts that are bad news in any network. [`Baseline`] compares it with
//! directories that are known to be ordinary. The crate `runner` reads directories.
//!
//! Findings of other engines join as [`Sign::external`].

#![forbid(unsafe_code)]

pub mod baseline;
mod bounded;
mod chance;
mod collector;
mod components;
mod logs;
mod signs;
mod ties;

pub use baseline::{Baseline, BaselineError, Comparison, Exceeded, Standing};
pub use chance::excess;
pub use collector::{Assessment, Collector, Host};
pub use components::{Components, HIGH, Level, MEDIUM};
pub use logs::{LogPart, Top, weight};
pub use signs::{Kind, Side, Sign, Source};
