//! How well scores rank what is to be found above what is not.
//!
//! Pure functions on scores and labels; nothing here knows of logs. Rows with
//! the same score cannot be told apart and are taken together, so that no
//! metric depends on the order in which rows happen to come:
//!
//! - [`Ranking`] sorts scores into blocks of ties, the highest first;
//! - [`metrics`] are functions of those blocks;
//! - [`curve`] gives the points of the curves behind them;
//! - [`bootstrap`] says how sure they are, by drawing groups of rows again.
//!
//! A higher score is more anomalous. What cannot be ranked is a [`Problem`], never NaN.
//!
//! ```
//! use zeek_anomaly_evaluate::{Ranking, metrics};
//!
//! let ranking = Ranking::new(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true])?;
//! assert_eq!(metrics::roc_auc(ranking.blocks()), Some(0.75));
//! # Ok::<(), zeek_anomaly_evaluate::Problem>(())
//! ```

#![forbid(unsafe_code)]

pub mod bootstrap;
pub mod curve;
pub mod metrics;
mod ranking;

pub use bootstrap::{Bootstrap, Interval};
pub use ranking::{Block, Problem, Ranking};
