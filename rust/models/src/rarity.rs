//! Rarity: the sum of a row's surprises.
//!
//! Σ −ln pᵢ over the features is Fisher's statistic for combining independent
//! tests (R. A. Fisher, *Statistical Methods for Research Workers*, 1925). The
//! features are not independent, so the sum has no χ² distribution here; it
//! is only ranked, and calibrated against what training rows score.

use crate::detector::{Detector, Encoded};
use serde::{Deserialize, Serialize};

/// The detector. All that it knows is in the features' counts, beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rarity {
    /// The mean surprise of each feature over the training rows: what is ordinary,
    /// and so no reason.
    pub mean: Vec<f64>,
}

impl Detector for Rarity {
    fn name(&self) -> &'static str {
        "rarity"
    }

    fn features(&self) -> usize {
        self.mean.len()
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        row.surprises.iter().sum()
    }

    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        for ((o, s), m) in out.iter_mut().zip(row.surprises).zip(&self.mean) {
            *o = (s - m).max(0.0);
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        self.mean.len() == features && self.mean.iter().all(|m| m.is_finite())
    }
}
