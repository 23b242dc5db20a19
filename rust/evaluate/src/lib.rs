//! How well models find labelled attacks.
//!
//! - [`GroundTruth`] labels rows as attacks or normal: by a column, by uids or by rules.
//! - [`Evaluator`] divides the rows ([`Split`]), trains or loads each model, and lets all of them score the
//!   same rows; behaviors may run on these rows, too. The outcome is a [`Contest`].
//! - [`Contest::measure`] gives an [`Evaluation`]: each model and rule ([`Ranker`]) on each set of rows.
//!
//! Below that are pure functions on scores and labels. Rows with the same score are taken together, so no
//! metric depends on the order of rows: [`Ranking`] sorts scores into blocks of ties, [`metrics`] and
//! [`curve`] are functions of those blocks, and [`bootstrap`] gives intervals by resampling groups of rows.
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

mod alerts;
mod behavior_run;
mod behaviors;
pub mod bootstrap;
mod calibration;
mod contest;
pub mod curve;
mod evaluation;
mod matching;
mod measure;
pub mod metrics;
mod params;
mod rankers;
mod ranking;
mod rows;
mod rule;
mod split;
mod truth;

pub use alerts::LabelledAlert;
pub use behavior_run::BehaviorParams;
pub use behaviors::{BehaviorResults, BehaviorsOfAttack, FoundBehavior};
pub use bootstrap::{Bootstrap, Interval};
pub use calibration::{CHECKED_SCORES, CalibrationCheck, calibration, normal_rows};
pub use contest::{Contest, Evaluator, ScoredModel};
pub use evaluation::{BootstrapInfo, Evaluation, RankedSet, RankerInfo, SetResults};
pub use matching::{AttackRows, BehaviorRun, FindingLabel, LabelledFinding, MatchedBy};
pub use measure::{
    Estimate, FindingAlerts, PrecisionAtK, RankingMeasures, RecordAlerts, RowSet, SetResult,
};
pub use params::{EvaluateError, EvaluateParams, ResampleBy};
pub use rankers::Ranker;
pub use ranking::{Block, Problem, Ranking};
pub use rows::{LabelledRow, NameTable, RowNames, ScoredRows};
pub use rule::{ColumnRule, RuleError};
pub use split::{Split, SplitError};
pub use truth::{GroundTruth, RowLabel, UnusedLabel};
