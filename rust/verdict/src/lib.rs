//! What a whole directory of logs says: LOW, MEDIUM or HIGH, and why.
//!
//! [`assess`] reads a directory, scores it with a model (or fits one on its own
//! rows), and gives an [`Assessment`]: the [`Components`] of the existing directory score under
//! their names, each log's part, and the [`Sign`]s of hosts that are bad news in any
//! network. [`Baseline`] compares it with directories that are known to be ordinary.
//!
//! Who scores records anyway uses [`Collector`], and hands it each record and each scored
//! record. Findings of other engines join as [`Sign::external`].

#![forbid(unsafe_code)]

mod assess;
pub mod baseline;
mod bounded;
mod chance;
mod collector;
mod components;
mod logs;
mod signs;
mod ties;

pub use assess::{By, assess, assess_hunted};
pub use baseline::{Baseline, BaselineError, Comparison, Exceeded, Standing};
pub use chance::excess;
pub use collector::{Assessment, Collector, Host};
pub use components::{Components, HIGH, Level, MEDIUM};
pub use logs::{LogPart, Top, weight};
pub use signs::{Kind, Side, Sign, Source};
