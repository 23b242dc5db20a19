//! Why a record is strange, in words.

use crate::DEFAULT_THRESHOLD;
use crate::model::{LogModel, Scratch};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_features::{Cell, Kind, Row};
use zeek_anomaly_models::Claim;

/// The most reasons that are given for one record.
pub const MAX_REASONS: usize = 5;

/// A share below which a feature is no reason.
const MIN_SHARE: f64 = 0.03;

/// What stands in the place of a feature's name where feedback moved a score.
pub const FEEDBACK: &str = "feedback";

/// What stands there for the members of an ensemble: each with its own score, and the feature
/// that moved it most.
pub const MEMBERS: &str = "members";

/// What one member of an ensemble made of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberVerdict {
    /// The detector's name.
    pub detector: &'static str,
    /// Its own score.
    pub score: f64,
    /// How that is known.
    pub claim: Claim,
    /// The features that moved it most, the most telling first.
    pub features: Vec<String>,
}

/// One feature that moved a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The feature.
    pub feature: String,
    /// Its value in the record, with its unit; safe to print.
    pub value: String,
    /// What is usual for it; safe to print.
    pub usual: String,
    /// Its part in what makes the record strange, from 0 to 1.
    pub share: f64,
}

impl LogModel {
    /// What feedback did to a row's score, as a last reason without a share.
    fn of_feedback(&self, bits: &[u64]) -> Option<Reason> {
        let moved = self.judge(bits, false, &mut Scratch::default()).feedback?;
        Some(Reason {
            feature: FEEDBACK.to_owned(),
            value: moved.text(),
            usual: format!("{:.2} without it", moved.score),
            share: 0.0,
        })
    }

    /// Each feature's part in what makes a row strange, from 0 to 1; nothing where nothing does.
    pub fn shares(&self, bits: &[u64]) -> Option<Vec<f64>> {
        let mut share = vec![0.0; self.spec.len()];
        self.attribute(bits, &mut share);
        let sum: f64 = share.iter().sum();
        if sum.is_nan() || sum <= 0.0 {
            return None;
        }
        share.iter_mut().for_each(|s| *s /= sum);
        Some(share)
    }

    /// What each member of an ensemble makes of a row, by itself; nothing where the detector is a single
    /// one.
    pub fn members(&self, bits: &[u64]) -> Vec<MemberVerdict> {
        let mut scratch = Scratch::default();
        let members = self.detector.members();
        if members.is_empty() {
            return Vec::new();
        }
        let row = self.encoded(bits, &mut scratch);
        let mut parts = vec![0.0; self.spec.len()];
        (members.iter())
            .map(|m| {
                let (score, claim) = m.score(&row);
                m.model.as_detector().attribute(&row, &mut parts);
                let named = |(f, _): (usize, f64)| self.spec.name(f).to_owned();
                MemberVerdict {
                    detector: m.model.as_detector().name(),
                    score,
                    claim,
                    features: telling(&parts).map(named).collect(),
                }
            })
            .collect()
    }

    /// The members of an ensemble as one more reason without a share.
    fn of_members(&self, bits: &[u64]) -> Option<Reason> {
        let mut members = self.members(bits);
        members.sort_by(|a, b| b.score.total_cmp(&a.score));
        let told = members.iter().map(|m| match m.features.first() {
            Some(f) => format!("{} {:.2} ({f})", m.detector, m.score),
            None => format!("{} {:.2}", m.detector, m.score),
        });
        let value = told.collect::<Vec<_>>().join(", ");
        (!members.is_empty()).then(|| Reason {
            feature: MEMBERS.to_owned(),
            value: printable(&value),
            usual: format!("each below {DEFAULT_THRESHOLD}"),
            share: 0.0,
        })
    }

    /// What is usual for feature `f` of a row: for rows of its kind, where those weigh most in
    /// its judgement.
    fn usual_of(&self, f: usize, bits: &[u64]) -> String {
        match self.kinds.closest(&self.kinds.of(bits), f) {
            Some((kind, encoder)) => printable(&format!("for {kind}: {}", encoder.usual())),
            None => self.usual[f].clone(),
        }
    }

    /// The features that moved a row's score most, the most telling first.
    ///
    /// `bits` are the row's features as [`zeek_anomaly_features::Spec::extract`] gave them.
    pub fn explain(&self, row: &Row<'_>, bits: &[u64]) -> Vec<Reason> {
        let Some(shares) = self.shares(bits) else {
            return Vec::new();
        };
        telling(&shares)
            .map(|(f, share)| {
                // Numbers as they were judged; only categories need their text.
                let cell = match self.spec.kind(f) {
                    Kind::Category | Kind::Identity => self.spec.cell(f, row),
                    _ => Cell::num(Some(f64::from_bits(bits[f]))),
                };
                let mut value = printable(&self.encoders[f].value(&cell));
                if self.spec.is_learned(f) && cell != Cell::Missing {
                    let label = self.spec.cell(f, row).display();
                    value = format!("{value} in {}", printable(&label));
                }
                Reason {
                    feature: self.spec.name(f).to_owned(),
                    value,
                    usual: self.usual_of(f, bits),
                    share,
                }
            })
            .chain(self.of_members(bits))
            .chain(self.of_feedback(bits))
            .collect()
    }
}

/// The features with the largest contributions and their shares, the largest first.
fn telling(parts: &[f64]) -> impl Iterator<Item = (usize, f64)> {
    let sum: f64 = parts.iter().sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    // Equal shares keep the order of the definitions.
    order.sort_by(|a, b| parts[*b].total_cmp(&parts[*a]));
    order
        .into_iter()
        .take(if sum > 0.0 { MAX_REASONS } else { 0 })
        .map(move |f| (f, parts[f] / sum))
        .filter(|(_, share)| *share >= MIN_SHARE)
}
