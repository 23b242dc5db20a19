//! What is done, one file a command.

pub mod alerts;
pub mod analyze;
pub mod backtest;
pub mod completions;
pub mod config;
pub mod drift;
pub mod evaluate;
pub mod explain;
pub mod feedback;
mod group;
pub mod hunt;
pub mod inputs;
pub mod inspect;
pub mod man;
pub mod merge;
pub mod report;
pub mod score;
pub mod train;
pub mod verdict;
pub mod watch;
