//! Several detectors that judge together.
//!
//! Their raw values have nothing in common, so each member has a calibration of its own, from
//! rows that it was not trained on, and what is combined are scores, −log10 p. The
//! raw value is their mean, which orders rows as R. A. Fisher's statistic for
//! combining tests does (−2 Σ ln p). Members look at the same rows and are not independent, so
//! Fisher's distribution would promise too much: the mean is calibrated again, on rows that no
//! member was trained on.

use crate::calibration::{Calibration, Claim};
use crate::detector::{Detector, Encoded, MAX_FEATURES, Single};
use serde::{Deserialize, Serialize};

/// The most members.
pub const MAX_MEMBERS: usize = 8;

/// One of several detectors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    /// The detector.
    pub model: Single,
    /// From its raw value to a score.
    pub calibration: Calibration,
}

impl Member {
    /// The member's own score of a row, and how it is known.
    pub fn score(&self, row: &Encoded<'_>) -> (f64, Claim) {
        self.calibration.score(self.model.as_detector().raw(row))
    }
}

/// The detector that holds others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ensemble {
    members: Vec<Member>,
}

impl Ensemble {
    /// Of these members, at most [`MAX_MEMBERS`].
    pub fn new(mut members: Vec<Member>) -> Ensemble {
        members.truncate(MAX_MEMBERS);
        Ensemble { members }
    }

    /// The members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What the members' scores come to.
    pub fn combine(scores: impl ExactSizeIterator<Item = f64>) -> f64 {
        let n = scores.len().max(1) as f64;
        scores.sum::<f64>() / n
    }
}

impl Detector for Ensemble {
    fn name(&self) -> &'static str {
        "ensemble"
    }

    fn features(&self) -> usize {
        let first = self.members.first();
        first.map_or(0, |m| m.model.as_detector().features())
    }

    fn inputs(&self) -> usize {
        let of = |m: &Member| m.model.as_detector().inputs();
        self.members.iter().map(of).max().unwrap_or(0)
    }

    fn wants_coordinates(&self) -> bool {
        (self.members.iter()).any(|m| m.model.as_detector().wants_coordinates())
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        Ensemble::combine(self.members.iter().map(|m| m.score(row).0))
    }

    /// Each member's contributions, with the weight of its score.
    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        let mut of_member = [0.0; MAX_FEATURES];
        let Some(of_member) = of_member.get_mut(..out.len()) else {
            return;
        };
        for m in &self.members {
            m.model.as_detector().attribute(row, of_member);
            let sum: f64 = of_member.iter().sum();
            if sum > 0.0 && sum.is_finite() {
                let weight = m.score(row).0 / sum;
                out.iter_mut()
                    .zip(&*of_member)
                    .for_each(|(o, c)| *o += c * weight);
            }
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        let inputs = self.inputs();
        (2..=MAX_MEMBERS).contains(&self.members.len())
            && features <= MAX_FEATURES
            && self.members.iter().all(|m| {
                let d = m.model.as_detector();
                d.is_sound(features)
                    && (d.inputs() == 0 || d.inputs() == inputs)
                    && m.calibration.is_sound()
            })
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        for m in &self.members {
            let d = m.model.as_detector();
            let words: Vec<String> = (d.about().into_iter())
                .map(|(name, value)| format!("{name} {value}"))
                .collect();
            out.push((d.name(), words.join(", ")));
        }
        out
    }
}
