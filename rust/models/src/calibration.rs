//! From a detector's raw value to the common scale.
//!
//! score = −log10(p), with p = (k + 1) / (n + 1), where k of the n calibration rows
//! have a raw value at least as high (the conformal p-value; V. Vovk, A.
//! Gammerman, G. Shafer, *Algorithmic Learning in a Random World*, 2005). The
//! calibration rows are training rows judged as if they had not been trained on.
//! No score claims more than n rows can tell: the highest is log10(n + 1).

use serde::{Deserialize, Serialize};

/// Raw values kept exactly at the upper end.
const EXACT: usize = 4096;

/// Raw values kept of the rest, evenly by rank.
const SPARSE: usize = 4096;

/// The distribution of raw values over the calibration rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Rows.
    rows: u64,
    /// Raw values, ascending, each with how many rows have at least that.
    knots: Vec<(f64, u64)>,
}

impl Calibration {
    /// From the raw values of the calibration rows, in any order; those that
    /// are not finite are left out.
    pub fn fit(mut raw: Vec<f64>) -> Calibration {
        raw.retain(|r| r.is_finite());
        raw.sort_unstable_by(f64::total_cmp);
        let n = raw.len();
        let tail = n.saturating_sub(EXACT);
        let step = tail.div_ceil(SPARSE).max(1);
        let mut knots: Vec<(f64, u64)> = Vec::new();
        for i in (0..tail).step_by(step).chain(tail..n) {
            // Equal values share the rank of the first of them.
            if knots.last().is_none_or(|k| k.0 != raw[i]) {
                let first = raw.partition_point(|r| *r < raw[i]);
                knots.push((raw[i], (n - first) as u64));
            }
        }
        Calibration {
            rows: n as u64,
            knots,
        }
    }

    /// Calibration rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The highest score there can be.
    pub fn ceiling(&self) -> f64 {
        ((self.rows + 1) as f64).log10()
    }

    /// The fraction of normal rows that look at least as strange, from 1/(n+1) to 1.
    pub fn p(&self, raw: f64) -> f64 {
        // Rows with a raw value of at least the next knot's; between knots the
        // larger count of the two, which claims less.
        let i = self.knots.partition_point(|k| k.0 < raw);
        let at_least = match self.knots.get(i) {
            Some(k) if k.0 == raw => k.1,
            _ if i == 0 => self.rows,
            Some(_) if i < self.knots.len() => self.between(i),
            _ => 0,
        };
        (at_least + 1) as f64 / (self.rows + 1) as f64
    }

    /// Rows above knot i−1: all of its rank but its own ties where ranks are exact,
    /// where they are sparse the rank of the knot itself.
    fn between(&self, i: usize) -> u64 {
        let below = self.rows - self.knots[i - 1].1;
        let exact = below >= self.rows.saturating_sub(EXACT as u64);
        if exact {
            self.knots[i].1
        } else {
            self.knots[i - 1].1
        }
    }

    /// −log10(p), from 0 to [`Calibration::ceiling`].
    pub fn score(&self, raw: f64) -> f64 {
        // 0.0 - x rather than -x: no negative zero.
        0.0 - self.p(raw).log10()
    }

    /// Whether what a file held makes sense.
    pub fn is_sound(&self) -> bool {
        self.rows < 1 << 53
            && self.knots.len() <= EXACT + SPARSE + 1
            && self
                .knots
                .iter()
                .all(|k| k.0.is_finite() && k.1 >= 1 && k.1 <= self.rows)
            && self
                .knots
                .windows(2)
                .all(|w| w[0].0 < w[1].0 && w[0].1 >= w[1].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_is_the_smoothed_fraction_at_least_as_high() {
        let c = Calibration::fit((0..99).map(f64::from).collect());
        assert_eq!(c.p(98.5), 0.01);
        assert_eq!(c.p(98.0), 0.02);
        assert_eq!(c.p(97.5), 0.02);
        assert_eq!(c.p(-5.0), 1.0);
        assert_eq!(c.score(1e9), 2.0);
        assert_eq!(c.score(-1.0).to_bits(), 0);
    }

    #[test]
    fn equal_values_count_together_and_nothing_at_all_claims_nothing() {
        let c = Calibration::fit(vec![1.0; 50]);
        assert_eq!(c.p(1.0), 1.0);
        assert_eq!(c.p(1.1), 1.0 / 51.0);
        assert_eq!(Calibration::fit(vec![f64::NAN]).score(3.0), 0.0);
    }

    #[test]
    fn many_rows_stay_small_exact_at_the_top_and_never_claim_too_much() {
        let n = 1_000_000;
        let c = Calibration::fit((0..n).map(f64::from).collect());
        assert!(c.is_sound() && c.knots.len() <= EXACT + SPARSE);
        for r in [999_999.0, 999_000.5, 996_000.0] {
            let exact = (f64::from(n) - f64::ceil(r) + 1.0) / f64::from(n + 1);
            assert!((c.p(r) - exact).abs() < 1e-12, "{r}");
        }
        for r in [1.5, 500_000.25, 900_000.0] {
            let exact = (f64::from(n) - f64::ceil(r) + 1.0) / f64::from(n + 1);
            assert!(c.p(r) >= exact - 1e-12 && c.p(r) < exact + 0.001, "{r}");
        }
    }
}
