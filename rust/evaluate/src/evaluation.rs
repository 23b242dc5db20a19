//! All figures of an evaluation.

use crate::behaviors::BehaviorResults;
use crate::contest::Contest;
use crate::measure::{Measurer, RowSet, SetResult};
use crate::rankers::Ranker;
use crate::rows::LabelledRow;
use crate::{EvaluateParams, ResampleBy};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The figures of all models and rules on all sets of rows.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    /// The score from which a record raises an alert.
    pub threshold: f64,
    /// The budget of alerts a day.
    pub alerts_per_day: f64,
    /// Days that the scored rows cover: hours with any row, by 24.
    pub days: f64,
    /// How intervals were made.
    pub bootstrap: BootstrapInfo,
    /// The k of the precisions.
    #[serde(skip)]
    pub precision_at: Vec<u64>,
    /// The models and rules, in the order of each set's results.
    pub models: Vec<RankerInfo>,
    /// Results, set by set.
    pub sets: Vec<SetResults>,
    /// What behaviors found of the attacks, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behaviors: Option<BehaviorResults>,
    /// Rows without a label, by the reason.
    #[serde(rename = "left_out")]
    pub unlabelled: BTreeMap<String, u64>,
    /// What a reader must know before believing a figure, for the caller to add.
    pub notes: Vec<String>,
}

/// How intervals were made.
#[derive(Debug, Serialize)]
pub struct BootstrapInfo {
    /// Replicates.
    pub replicates: usize,
    /// The part of the replicates that an interval holds.
    pub level: f64,
    /// What was resampled.
    pub by: ResampleBy,
    /// The seed.
    pub seed: u64,
}

/// What a model or rule is called.
#[derive(Debug, Serialize)]
pub struct RankerInfo {
    /// Its name.
    pub name: String,
    /// `model` or `rule`.
    pub kind: &'static str,
}

/// The results of all models and rules on one set.
#[derive(Debug, Serialize)]
pub struct SetResults {
    /// The set.
    #[serde(flatten)]
    pub set: RowSet,
    /// One result for each model or rule.
    pub results: Vec<SetResult>,
}

/// A set, with the indices of its rows for each ranker.
pub type RankedSet = (RowSet, Vec<Vec<usize>>);

impl Contest {
    /// Whether there is nothing to measure.
    pub fn is_empty(&self) -> bool {
        // Behaviors see logs that no model knows.
        let attacks = self
            .behaviors
            .as_ref()
            .is_some_and(|b| !b.attacks.is_empty());
        !attacks && self.models.iter().all(|m| m.scored.rows.is_empty())
    }

    /// The sets: all rows, each log, and each attack with all normal rows.
    pub fn sets(&self, rankers: &[Ranker<'_>]) -> Vec<RankedSet> {
        let rows = |keep: &dyn Fn(&LabelledRow) -> bool| -> Vec<Vec<usize>> {
            (rankers.iter())
                .map(|r| {
                    let kept = r.rows.iter().enumerate().filter(|(_, r)| keep(r));
                    kept.map(|(i, _)| i).collect()
                })
                .collect()
        };
        let mut out = vec![(RowSet::All, rows(&|_| true))];
        let sorted = |names: &[String]| -> Vec<(String, u32)> {
            let mut all: Vec<(String, u32)> = names.iter().cloned().zip(0..).collect();
            all.sort_unstable();
            all
        };
        for (log, n) in sorted(self.names.logs.all()) {
            out.push((RowSet::Log(log), rows(&|r| r.log == n)));
        }
        for (attack, n) in sorted(self.names.attacks.all()) {
            let keep = |r: &LabelledRow| r.attack.is_none_or(|a| a == n);
            out.push((RowSet::Attack(attack), rows(&keep)));
        }
        out
    }

    /// Measures each ranker on each set.
    pub fn measure(
        &self,
        params: &EvaluateParams,
        rankers: &[Ranker<'_>],
        sets: &[RankedSet],
    ) -> Evaluation {
        let hours: BTreeSet<i64> = (self.models.iter())
            .flat_map(|m| m.scored.hours.iter().copied())
            .collect();
        let days = hours.len() as f64 / 24.0;
        let measurer = Measurer {
            params,
            names: &self.names,
            days,
        };
        let measured = sets.iter().map(|(set, rows)| SetResults {
            set: set.clone(),
            results: (rankers.iter().zip(rows))
                .map(|(ranker, rows)| measurer.measure(ranker, set, rows))
                .collect(),
        });
        let attacks = self.names.attacks.all();
        Evaluation {
            threshold: params.threshold,
            alerts_per_day: params.alerts_per_day,
            days,
            bootstrap: BootstrapInfo {
                replicates: params.bootstrap.replicates,
                level: params.bootstrap.level,
                by: params.resample_by,
                seed: params.bootstrap.seed,
            },
            precision_at: params.precision_at.clone(),
            models: (rankers.iter())
                .map(|r| RankerInfo {
                    name: r.name.clone(),
                    kind: if r.is_rule() { "rule" } else { "model" },
                })
                .collect(),
            sets: measured.collect(),
            behaviors: (self.behaviors.as_ref()).map(|b| BehaviorResults::of(b, attacks, days)),
            unlabelled: (self.models.first())
                .map(|m| m.scored.unlabelled.clone())
                .unwrap_or_default(),
            notes: Vec::new(),
        }
    }
}
