//! Whether scores are calibrated: of normal rows, the share 10⁻ˢ should have a score of s or more.
//!
//! Rows come in bursts, and a burst is one event. So the number of different hours is reported with the
//! number of rows, and intervals come from resampling whole hours.

use crate::rankers::Ranker;
use crate::rows::{LabelledRow, hour};
use crate::{Bootstrap, Interval};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The scores at which calibration is checked.
pub const CHECKED_SCORES: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 5.0];

/// The normal rows at or above one score, compared with the number expected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationCheck {
    /// The score.
    pub score: f64,
    /// Normal rows that should have it, or more: their number times 10⁻ˢ.
    pub expected: f64,
    /// Normal rows that have.
    pub rows: u64,
    /// Different hours in which they lie; rows without a time are in none.
    pub hours: u64,
    /// `rows` divided by `expected`; `None` if less than one row was expected.
    pub factor: Option<f64>,
    /// The lower end of its 95 % interval, from resampling hours.
    pub low: Option<f64>,
    /// The upper end of its 95 % interval.
    pub high: Option<f64>,
    /// Whether the models can give such a score at all: with n training rows and no tail the highest
    /// score is log10(n + 1).
    pub reachable: bool,
}

/// Checks the rows with these indices at each score. Empty for a rule: its scores are no probabilities.
pub fn calibration(
    ranker: &Ranker<'_>,
    rows: &[usize],
    bootstrap: &Bootstrap,
) -> Vec<CalibrationCheck> {
    let normal: Vec<&LabelledRow> = normal_rows(ranker, rows).collect();
    if ranker.is_rule() || normal.is_empty() {
        return Vec::new();
    }
    let logs: BTreeSet<u32> = normal.iter().map(|r| r.log).collect();
    let ceiling = logs.iter().filter_map(|l| ranker.ceilings?.get(l));
    let ceiling = ceiling.fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    CHECKED_SCORES
        .into_iter()
        .map(|score| {
            let mut hours: BTreeMap<Option<i64>, (u64, u64)> = BTreeMap::new();
            for r in &normal {
                let of = hours.entry(r.ts.map(hour)).or_default();
                *of = (of.0 + 1, of.1 + u64::from(r.score >= score));
            }
            let with = hours.iter().filter(|(hour, n)| hour.is_some() && n.1 > 0);
            let with = with.count() as u64;
            let groups: Vec<(u64, u64)> = hours.into_values().collect();
            let rows: u64 = groups.iter().map(|g| g.1).sum();
            let share = 10f64.powf(-score);
            let expected = normal.len() as f64 * share;
            let known = expected >= 1.0;
            let interval = known.then(|| bootstrap.share(&groups)).flatten();
            let of = |end: fn(Interval) -> f64| interval.map(|i| end(i) / share);
            CalibrationCheck {
                score,
                expected,
                rows,
                hours: with,
                factor: known.then(|| rows as f64 / expected),
                low: of(|i| i.low),
                high: of(|i| i.high),
                reachable: ceiling >= score,
            }
        })
        .collect()
}

/// The normal rows among those with these indices.
pub fn normal_rows<'a>(
    ranker: &'a Ranker<'_>,
    rows: &'a [usize],
) -> impl Iterator<Item = &'a LabelledRow> {
    let all = rows.iter().filter_map(|i| ranker.rows.get(*i));
    all.filter(|r| r.attack.is_none())
}
