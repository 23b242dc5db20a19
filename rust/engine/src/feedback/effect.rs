//! What the marks of a log do to the judgement of its rows.
//!
//! A row has a raw value, and each feature's share in it. A mark fits the row to the
//! degree q: the sum of the mark's shares over the features that have the marked value (for
//! numbers: about the same), on a scale from 0, where that is half of them or less, to 1.
//! A record that is strange for mostly other reasons is another matter. Marks that say the same add up with diminishing returns, as
//! independent reasons do: 1 − Π(1 − STRENGTH·q), and never beyond a bound.
//!
//! - False: each feature's part of what lies above the ordinary raw value is damped by
//!   what the false marks that have it come to. Features that no mark has keep their part.
//! - True: what lies between the ordinary raw value and one that a thousandth of normal
//!   rows reach is added, in proportion to what the true marks come to.

use super::{Mark, Match, Moved, Opinion, key};
use crate::model::LogModel;
use hashbrown::HashMap;
use zeek_anomaly_features::{Kind, Spec};

/// What a single mark does to a row that it fits in full.
const STRENGTH: f64 = 0.6;

/// The part of a mark's reasons that a row has to share.
const LEAST_SHARED: f64 = 0.5;

/// The most that marks can do together.
const BOUND: f64 = 0.9;

/// Marks that are looked at for one value of a feature: the latest. So many come
/// to the bound long before.
const MAX_FOR_A_VALUE: usize = 64;

/// The marks of one log, ready for scoring.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    marks: Vec<(u32, Opinion)>,
    /// For each feature: the marks with each value, and the feature's share in them.
    features: Vec<HashMap<u64, Vec<(u32, f64)>>>,
    /// The raw value of half of the normal rows, and of one in a thousand.
    ordinary: f64,
    strange: f64,
}

impl Effect {
    pub(super) fn new(log: &LogModel, marks: &[&Mark]) -> Effect {
        let mut features = vec![HashMap::new(); log.spec.len()];
        for (i, mark) in marks.iter().enumerate() {
            for m in &mark.matches {
                let Some(feature) = features.get_mut(m.feature()) else {
                    continue;
                };
                for key in near(&log.spec, m) {
                    let of_value: &mut Vec<(u32, f64)> = feature.entry(key).or_default();
                    if of_value.len() >= MAX_FOR_A_VALUE {
                        of_value.remove(0);
                    }
                    of_value.push((i as u32, m.share));
                }
            }
        }
        let ordinary = log.calibration.raw_at(0.5);
        Effect {
            marks: marks.iter().map(|m| (m.id, m.opinion)).collect(),
            features,
            ordinary,
            strange: log.calibration.raw_at(1e-3).max(ordinary),
        }
    }

    /// The raw value that the marks make of one, and the mark that did most. `None` where
    /// none fits. `attribute` writes each feature's contribution.
    pub(crate) fn apply(
        &self,
        spec: &Spec,
        bits: &[u64],
        raw: f64,
        attribute: impl FnOnce(&mut [f64]),
    ) -> Option<(f64, u32, Opinion)> {
        // (mark, feature, the feature's share in the mark)
        let mut fits: Vec<(u32, usize, f64)> = Vec::new();
        for (f, of_feature) in self.features.iter().enumerate() {
            if of_feature.is_empty() {
                continue;
            }
            let marks = of_feature.get(&key(spec.kind(f), bits[f]));
            fits.extend(
                marks
                    .into_iter()
                    .flatten()
                    .map(|(m, share)| (*m, f, *share)),
            );
        }
        if fits.is_empty() {
            return None;
        }
        fits.sort_unstable_by_key(|fit| fit.0);
        let mut shares = vec![0.0; spec.len()];
        attribute(&mut shares);
        let sum: f64 = shares.iter().sum();
        if sum.is_nan() || sum <= 0.0 {
            return None;
        }
        // What is left of each feature's part, and what is missing to the full raise.
        let mut left = vec![1.0f64; spec.len()];
        let mut unraised = 1.0;
        let mut most = (0.0, 0);
        for of_mark in fits.chunk_by(|a, b| a.0 == b.0) {
            let mark = of_mark[0].0 as usize;
            let shared: f64 = of_mark.iter().map(|fit| fit.2).sum();
            let q = ((shared.min(1.0) - LEAST_SHARED) / (1.0 - LEAST_SHARED)).max(0.0);
            let of_row: f64 = of_mark.iter().map(|fit| shares[fit.1]).sum::<f64>() / sum;
            match self.marks[mark].1 {
                Opinion::False => {
                    for fit in of_mark {
                        left[fit.1] *= 1.0 - STRENGTH * q;
                    }
                }
                Opinion::True => unraised *= 1.0 - STRENGTH * q * of_row,
            }
            if q * of_row > most.0 {
                most = (q * of_row, mark);
            }
        }
        let damped: f64 = shares
            .iter()
            .zip(&left)
            .map(|(s, l)| s / sum * (1.0 - l).min(BOUND))
            .sum();
        let above = (raw - self.ordinary).max(0.0);
        let raise = (1.0 - unraised).min(BOUND) * (self.strange - self.ordinary);
        let (id, opinion) = self.marks[most.1];
        let moved = raw - above * damped + raise;
        (moved != raw).then_some((moved, id, opinion))
    }
}

/// The keys that count as a mark's value: of a number also the neighbouring cells.
fn near(spec: &Spec, m: &Match) -> std::ops::RangeInclusive<u64> {
    let reach = match spec.kind(m.feature()) {
        Kind::Magnitude(_) | Kind::Ratio if m.key != super::MISSING_KEY => 1,
        _ => 0,
    };
    m.key.saturating_sub(reach)..=m.key.saturating_add(reach)
}

impl Moved {
    /// In words: "damped by feedback 3".
    pub fn text(&self) -> String {
        let what = match self.opinion {
            Opinion::False => "damped",
            Opinion::True => "raised",
        };
        format!("{what} by feedback {}", self.by)
    }
}
