//! What may happen on an ordinary day.
//!
//! A score of s is one that a fraction of 10^−s of ordinary records has. So of any large directory
//! some records are flagged, and only what is beyond that says anything.

/// By what factor a calibrated score may be off on data that nobody trained on.
const PROMISE: f64 = 2.0;

/// How many standard deviations of a Poisson number are chance.
const SPREAD: f64 = 2.0;

/// How many of `count` are more than chance explains where `expected` were to be expected. One
/// by itself never is.
pub fn beyond(count: u64, expected: f64) -> f64 {
    let expected = PROMISE * expected.max(0.0);
    (count as f64 - expected - SPREAD * expected.sqrt() - 1.0).max(0.0)
}

/// How many of `rows` have a score of at least `score` on an ordinary day.
pub fn expected(rows: u64, score: f64) -> f64 {
    rows as f64 * 10f64.powf(-score)
}

/// −log10 of Chernoff's bound on the probability that a Poisson variable with this
/// expectation is at least `n`: P(X ≥ n) ≤ e^(n − λ) (λ/n)^n for n > λ.
pub fn excess(n: f64, expected: f64) -> f64 {
    if n <= expected {
        return 0.0;
    }
    (n * (n / expected).ln() - n + expected) / std::f64::consts::LN_10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_ordinary_day_brings_is_not_beyond_chance_whatever_its_size() {
        for rows in [1u64, 100, 10_000, 1_000_000, 1_000_000_000] {
            let usual = expected(rows, 3.0);
            assert_eq!(beyond(usual.round() as u64, usual), 0.0, "{rows}");
            assert_eq!(beyond((1.9 * usual).round() as u64, usual), 0.0, "{rows}");
        }
        assert!(beyond(500, expected(10_000, 3.0)) > 400.0);
        assert_eq!(beyond(1, 0.0), 0.0);
    }

    #[test]
    fn more_than_expected_is_strange_and_no_more_is_not() {
        assert_eq!(excess(3.0, 3.0), 0.0);
        assert_eq!(excess(1.0, 50.0), 0.0);
        assert!(excess(10.0, 1.0) > 5.0 && excess(10.0, 1.0) < 7.0);
        assert!(excess(200.0, 3.0) > 100.0);
    }
}
