//! How far two days' distributions are apart.
//!
//! The population stability index, Σ (p − q)·ln(p/q) over bins, which is the symmetric
//! divergence of Kullback and Leibler ("On information and sufficiency", Annals of
//! Mathematical Statistics 22, 1951) by the name that credit scoring gave it (N. Siddiqi,
//! *Credit Risk Scorecards*, 2006; where 0.1 is called a slight and 0.25 a large change).
//!
//! Of two samples of n and m rows of the same distribution in k bins, PSI / (1/n + 1/m)
//! follows a χ² distribution with k − 1 degrees of freedom (B. Yurdakul, J. Naranjo,
//! "Statistical properties of the population stability index", Journal of Risk Model
//! Validation 14, 2020). What one such comparison in ten thousand exceeds is taken off:
//! few rows prove nothing.

use zeek_anomaly_models::bins::MAX_BINS;

/// A bin with less than this part of the rows counts as having it: what nearly never
/// happens must not be a large change by becoming rare, however many rows there are.
const LEAST: f64 = 1e-4;

/// The normal quantile of one in ten thousand.
const Z: f64 = 3.719;

/// A distribution over bins.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// Rows in each bin, also fractions of rows.
    pub(super) of: [f64; MAX_BINS],
    /// How many rows say as much, where rows were drawn with weights.
    pub(super) effective: f64,
}

impl Counts {
    /// Counts of rows that all have the same weight.
    pub(super) fn even(of: [f64; MAX_BINS]) -> Counts {
        let effective = of.iter().sum();
        Counts { of, effective }
    }

    /// The part of the rows in a bin.
    pub(super) fn share(&self, bin: usize) -> f64 {
        self.of[bin] / self.of.iter().sum::<f64>().max(f64::MIN_POSITIVE)
    }

    /// What is left without `part`.
    pub(super) fn without(&self, part: &Counts) -> Counts {
        let mut of = self.of;
        for (a, b) in of.iter_mut().zip(&part.of) {
            *a = (*a - b).max(0.0);
        }
        Counts::even(of)
    }
}

/// What a bin adds to the distance.
pub(super) fn part(a: &Counts, b: &Counts, bin: usize) -> f64 {
    let (p, q) = (a.share(bin).max(LEAST), b.share(bin).max(LEAST));
    (p - q) * (p / q).ln()
}

/// The distance, less what chance may do; from 0.
pub(super) fn distance(a: &Counts, b: &Counts) -> f64 {
    if a.effective < 1.0 || b.effective < 1.0 {
        return 0.0;
    }
    let used = (0..MAX_BINS).filter(|i| a.of[*i] + b.of[*i] > 0.0).count();
    let psi: f64 = (0..MAX_BINS).map(|i| part(a, b, i)).sum();
    let chance = (1.0 / a.effective + 1.0 / b.effective) * chi_square(used.saturating_sub(1));
    (psi - chance).max(0.0)
}

/// What one in ten thousand values of χ² exceeds (E. B. Wilson, M. M. Hilferty, "The
/// distribution of chi-square", PNAS 17, 1931).
fn chi_square(degrees: usize) -> f64 {
    if degrees == 0 {
        return 0.0;
    }
    let v = 2.0 / (9.0 * degrees as f64);
    degrees as f64 * (1.0 - v + Z * v.sqrt()).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[f64]) -> Counts {
        let mut all = [0.0; MAX_BINS];
        all[..of.len()].copy_from_slice(of);
        Counts::even(all)
    }

    #[test]
    fn few_rows_prove_nothing_and_many_do() {
        let (a, b) = (counts(&[6.0, 4.0]), counts(&[3.0, 7.0]));
        assert_eq!(distance(&a, &b), 0.0);
        let (a, b) = (counts(&[6e4, 4e4]), counts(&[3e4, 7e4]));
        // Σ (p − q)·ln(p/q) by hand, and hardly anything taken off.
        let psi = 0.3 * 2f64.ln() - 0.3 * (4f64 / 7.0).ln();
        assert!((distance(&a, &b) - psi).abs() < 0.001);
        assert_eq!(distance(&a, &a), 0.0);
    }

    #[test]
    fn quantiles_of_chi_square_are_those_of_tables() {
        for (degrees, want) in [(1, 15.14), (5, 25.74), (10, 35.56), (15, 44.26)] {
            let got = chi_square(degrees);
            // The approximation is on the safe side where there are few.
            assert!((0.99..1.08).contains(&(got / want)), "{degrees}: {got}");
        }
    }
}
