//! What chance explains on an ordinary day.
//!
//! A fraction of 10^−s of ordinary records has a score of s or more. So some records of any large directory are
//! flagged, and only an excess over that number is evidence.

/// The factor by which a calibrated score may be off on data that did not train the model.
const PROMISE: f64 = 2.0;

/// Standard deviations of a Poisson number that chance explains.
const SPREAD: f64 = 2.0;

/// The part of `count` that chance does not explain if `expected` were expected. A single one is always
/// chance.
pub fn beyond(count: u64, expected: f64) -> f64 {
    let expected = PROMISE * expected.max(0.0);
    (count as f64 - expected - SPREAD * expected.sqrt() - 1.0).max(0.0)
}

/// The number of `rows` with a score of at least `score` on an ordinary day.
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
    fn an_ordinary_day_of_any_size_is_within_chance() {
        for rows in [1u64, 100, 10_000, 1_000_000, 1_000_000_000] {
            let typical = expected(rows, 3.0);
            assert_eq!(beyond(typical.round() as u64, typical), 0.0, "{rows}");
            assert_eq!(
                beyond((1.9 * typical).round() as u64, typical),
                0.0,
                "{rows}"
            );
        }
        assert!(beyond(500, expected(10_000, 3.0)) > 400.0);
        assert_eq!(beyond(1, 0.0), 0.0);
    }

    #[test]
    fn only_more_than_expected_is_an_excess() {
        assert_eq!(excess(3.0, 3.0), 0.0);
        assert_eq!(excess(1.0, 50.0), 0.0);
        assert!(excess(10.0, 1.0) > 5.0 && excess(10.0, 1.0) < 7.0);
        assert!(excess(200.0, 3.0) > 100.0);
    }
}
