//! Why a record is strange, in words.

use crate::model::{LogModel, Scratch};
use crate::text::printable;
use zeek_anomaly_features::{Cell, Kind, Row};

/// The most reasons that are given for one record.
pub const MAX_REASONS: usize = 5;

/// A share below which a feature is no reason.
const MIN_SHARE: f64 = 0.03;

/// What stands in the place of a feature's name where feedback moved a score.
pub const FEEDBACK: &str = "feedback";

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

    /// The features that moved a row's score most, the most telling first.
    ///
    /// `bits` are the row's features as [`zeek_anomaly_features::Spec::extract`] gave them.
    pub fn explain(&self, row: &Row<'_>, bits: &[u64]) -> Vec<Reason> {
        let Some(share) = self.shares(bits) else {
            return Vec::new();
        };
        let mut order: Vec<usize> = (0..share.len()).collect();
        // Equal shares keep the order of the definitions.
        order.sort_by(|a, b| share[*b].total_cmp(&share[*a]));
        order
            .into_iter()
            .take(MAX_REASONS)
            .filter(|f| share[*f] >= MIN_SHARE)
            .map(|f| {
                // Numbers as they were judged; only categories need their text.
                let cell = match self.spec.kind(f) {
                    Kind::Category => self.spec.cell(f, row),
                    _ => Cell::num(Some(f64::from_bits(bits[f]))),
                };
                Reason {
                    feature: self.spec.name(f).to_owned(),
                    value: printable(&self.encoders[f].value(&cell)),
                    usual: self.usual[f].clone(),
                    share: share[f],
                }
            })
            .chain(self.of_feedback(bits))
            .collect()
    }
}
