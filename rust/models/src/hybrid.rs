//! Rarity, and the evidence of names.
//!
//! What is merely new or rare in a record is judged by [`Rarity`]. The evidence that chance
//! made a name ([`crate::names`]) is a likelihood ratio, so its logarithm is added as it is,
//! undamped: that a name is nonsense does not get less telling because the record is
//! ordinary in all other respects. What most names of training have of it does not count.

use crate::detector::{Detector, Encoded};
use crate::rarity::Rarity;
use crate::stats::Encoder;
use serde::{Deserialize, Serialize};

/// The part of the training rows whose evidence is usual: few enough that a handful of odd names, asked
/// for again and again, or what is looked for, where it is in training, do not become usual.
const USUAL: f64 = 0.75;

/// The detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hybrid {
    /// Judges the record as a whole.
    pub rarity: Rarity,
    /// The features that are evidence, and up to how many bits are usual for each.
    pub evidence: Vec<(u16, f64)>,
}

impl Hybrid {
    /// With the evidence of some features, of which less than `least` bits do not count.
    pub fn new(rarity: Rarity, features: &[usize], encoders: &[Encoder], least: f64) -> Hybrid {
        let of = |f: &usize| {
            let usual = encoders.get(*f)?.quantile(USUAL).unwrap_or(0.0);
            Some((*f as u16, usual.max(least)))
        };
        Hybrid {
            rarity,
            evidence: features.iter().filter_map(of).collect(),
        }
    }

    /// What each feature's evidence counts for, in nats.
    fn nats<'a>(&'a self, row: &'a Encoded<'_>) -> impl Iterator<Item = (usize, f64)> + 'a {
        self.evidence.iter().map(|(f, usual)| {
            let f = usize::from(*f);
            // Missing is NaN, of which the maximum is the other.
            let bits = row.coordinates.get(f).copied().map_or(0.0, f64::from);
            (f, (bits - usual).max(0.0) * std::f64::consts::LN_2)
        })
    }
}

impl Detector for Hybrid {
    fn name(&self) -> &'static str {
        "hybrid"
    }

    fn features(&self) -> usize {
        self.rarity.features()
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        self.rarity.raw(row) + self.nats(row).map(|n| n.1).sum::<f64>()
    }

    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        self.rarity.attribute(row, out);
        for (f, nats) in self.nats(row) {
            if let Some(o) = out.get_mut(f) {
                *o += nats;
            }
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        self.rarity.is_sound(features)
            && self.evidence.windows(2).all(|w| w[0].0 < w[1].0)
            && self
                .evidence
                .iter()
                .all(|(f, usual)| usize::from(*f) < features && usual.abs() < 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hybrid() -> Hybrid {
        let rarity = Rarity {
            mean: vec![0.1; 3],
            aspects: vec![0, 1, 1],
            damping: vec![1.0; 3],
        };
        Hybrid {
            rarity,
            evidence: vec![(2, 4.0)],
        }
    }

    fn row(coordinates: &[f32]) -> Encoded<'_> {
        Encoded {
            coordinates,
            p: &[0.6, 0.6, 0.6],
            ..Encoded::default()
        }
    }

    #[test]
    fn evidence_beyond_what_is_usual_counts_in_full_and_missing_not_at_all() {
        let d = hybrid();
        let raw = |bits: f32| d.raw(&row(&[0.0, 0.0, bits]));
        let ordinary = raw(0.0);
        assert_eq!((raw(4.0), raw(f32::NAN)), (ordinary, ordinary));
        let added = raw(24.0) - ordinary;
        assert!((added - 20.0 * std::f64::consts::LN_2).abs() < 1e-9);
        let mut why = [0.0; 3];
        d.attribute(&row(&[0.0, 0.0, 24.0]), &mut why);
        assert!(why[2] > 13.0 && why[0] < 1.0, "{why:?}");
    }

    #[test]
    fn what_makes_no_sense_is_not_sound() {
        assert!(hybrid().is_sound(3));
        let broken = |change: &dyn Fn(&mut Hybrid)| {
            let mut d = hybrid();
            change(&mut d);
            !d.is_sound(3)
        };
        assert!(broken(&|d| d.evidence[0].0 = 3));
        assert!(broken(&|d| d.evidence[0].1 = f64::NAN));
        assert!(broken(&|d| d.evidence = vec![(2, 0.0), (2, 0.0)]));
        assert!(broken(&|d| d.rarity.aspects.clear()));
    }
}
