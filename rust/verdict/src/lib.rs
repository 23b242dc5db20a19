//! The verdict on a directory of logs: LOW, MEDIUM or HIGH, and why.
//!
//! [`VerdictCollector`] takes each record, each scored record and behavioral findings, and gives an [`Assessment`]:
//! the [`Components`] of the directory score, each log's part, and the [`Sign`]s of hosts, which indicate an attack
//! in any network. [`DirectoryBaseline`] compares it with ordinary directories. The crate `runner` reads directories.
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

pub use baseline::{
    BaselineComparison, DirectoryBaseline, DirectoryBaselineError, ExceededMetric, Standing,
};
pub use chance::excess;
pub use collector::{Assessment, HostSigns, VerdictCollector};
pub use components::{Components, HIGH, MEDIUM, VerdictLevel};
pub use logs::{LogPart, TopRecord, weight};
pub use signs::{HostSide, ScanSource, Sign, SignKind};
