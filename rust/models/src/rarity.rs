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

use crate::detector::{Detector, Encoded, MAX_FEATURES, surprise_of};
use serde::{Deserialize, Serialize};

/// Features of most logs, at most.
const FEW: usize = 64;

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

    /// The most surprising feature of each aspect and its surprise, in the order of aspects, to
    /// `told`; nothing of aspects of which nothing is surprising.
    fn heads(&self, row: &Encoded<'_>, told: impl FnMut(usize, f64)) {
        // Most logs have few features, and this is done for each row.
        match self.aspects.len() {
            0..=FEW => self.heads_of::<FEW>(row, told),
            _ => self.heads_of::<MAX_FEATURES>(row, told),
        }
    }

    /// The same of up to `N` features.
    fn heads_of<const N: usize>(&self, row: &Encoded<'_>, mut told: impl FnMut(usize, f64)) {
        // The least probability is the largest surprise: one logarithm for an aspect.
        let mut heads = [(1.0, 0); N];
        for (f, (p, a)) in row.p.iter().zip(&self.aspects).enumerate() {
            if let Some(head) = heads.get_mut(usize::from(*a))
                && *p < head.0
            {
                *head = (*p, f);
            }
        }
        for (p, f) in heads.into_iter().take(self.aspects.len()) {
            // Of most features another is the head of the aspect.
            if p < 1.0 {
                told(f, surprise_of(p));
            }
        }
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
        let mut sum = 0.0;
        self.heads(row, |f, s| sum += self.damped(s, f));
        sum
    }

    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        self.heads(row, |f, s| {
            out[f] = (self.damped(s, f) - self.damped(self.mean[f], f)).max(0.0);
        });
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
