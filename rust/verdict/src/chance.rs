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
}
