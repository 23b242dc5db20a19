//! Rarity: the sum of a row's surprises, one for each aspect.
//!
//! Σ −ln pᵢ is Fisher's statistic for combining independent tests (R. A.
//! Fisher, *Statistical Methods for Research Workers*, 1925). Features are not
//! independent: a connection without an answer has no bytes, no packets, no duration and a
//! short history, which is one fact and not five. So features that tell
//! the same fact form an aspect, and an aspect counts with its most surprising
//! feature only (the smallest of its p-values, as in Tippett's method).
//!
//! With a damping a, which an aspect may have, its surprise s counts as a·ln(1 + s/a). On another
//! day, or on another host, some values are always new; undamped, one new value
//! would weigh more than a record that is somewhat odd in every respect, and unseen
//! ordinary traffic would look like an attack. The logarithm keeps the order of
//! surprises, without an end.
//!
//! The sum has no known distribution; it is ranked, and calibrated against what
//! training rows score.

use crate::detector::{Detector, Encoded, MAX_FEATURES};
use serde::{Deserialize, Serialize};

/// The detector. All that it knows is in the features' counts, beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rarity {
    /// The mean surprise of each feature over the training rows: what is ordinary,
    /// and so no reason.
    pub mean: Vec<f64>,
    /// The aspect of each feature: the position of the aspect's first feature.
    pub aspects: Vec<u16>,
    /// The damping of each feature's aspect, in nats; infinite for none.
    pub damping: Vec<f64>,
}

impl Rarity {
    /// What a surprise of a feature counts for.
    fn damped(&self, s: f64, feature: usize) -> f64 {
        match self.damping[feature] {
            a if a.is_finite() => a * (s / a).ln_1p(),
            _ => s,
        }
    }

    /// The most surprising feature of each aspect, and its surprise.
    fn heads(&self, row: &Encoded<'_>) -> [(f64, u16); MAX_FEATURES] {
        let mut heads = [(0.0, 0); MAX_FEATURES];
        for (f, (s, a)) in row.surprises.iter().zip(&self.aspects).enumerate() {
            let head = &mut heads[usize::from(*a)];
            if *s > head.0 {
                *head = (*s, f as u16);
            }
        }
        heads
    }
}

impl Detector for Rarity {
    fn name(&self) -> &'static str {
        "rarity"
    }

    fn features(&self) -> usize {
        self.mean.len()
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        let heads = self.heads(row);
        let heads = heads.iter().take(self.aspects.len());
        // Of most features another is the head of the aspect. What they add is 0.
        let told = heads.filter(|h| h.0 > 0.0);
        0.0 + (told.map(|h| self.damped(h.0, usize::from(h.1)))).sum::<f64>()
    }

    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        for (s, f) in self
            .heads(row)
            .iter()
            .take(self.aspects.len())
            .filter(|h| h.0 > 0.0)
        {
            let f = usize::from(*f);
            out[f] = (self.damped(*s, f) - self.damped(self.mean[f], f)).max(0.0);
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        features <= MAX_FEATURES
            && self.mean.len() == features
            && self.aspects.len() == features
            && self.aspects.iter().all(|a| usize::from(*a) < features)
            && self.mean.iter().all(|m| (0.0..1e6).contains(m))
            && self.damping.len() == features
            && self.damping.iter().all(|a| *a > 1e-3)
    }
}
