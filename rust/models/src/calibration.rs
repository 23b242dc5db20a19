//! From a detector's raw value to the common scale.
//!
//! score = −log10(p), with p the share of normal rows that look at least as strange.
//! How p is known depends on where the raw value lies ([`Claim`]):
//!
//! - among those of the n calibration rows, p = (k + 1) / (n + 1), where k of them
//!   have a raw value at least as high (the conformal p-value; V. Vovk, A.
//!   Gammerman, G. Shafer, *Algorithmic Learning in a Random World*, 2005); where k is less than a
//!   handful, what the fitted tail says, if that claims less;
//! - above all of them, the tail goes on: a generalised Pareto distribution of the
//!   excesses over a high threshold (J. Pickands, "Statistical inference using
//!   extreme order statistics", Annals of Statistics 3, 1975), with its parameters
//!   from probability-weighted moments (J. R. M. Hosking, J. R. Wallis, "Parameter and
//!   quantile estimation for the generalized Pareto distribution", Technometrics
//!   29, 1987). That is extrapolation and is called so;
//!   Three decades beyond what was counted it goes on logarithmically, for the order alone;
//! - above all of too few rows for a tail, p goes from 1 / (n + 1) to 1 / (n + 2), for the order alone, and the score
//!   is "at least".
//!
//! A higher raw value has a higher score, between calibration rows and beyond them: ties would leave to chance what is
//! shown first.
//!
//! The calibration rows are training rows judged as if they had not been trained on.

use serde::{Deserialize, Serialize};

/// Raw values kept exactly at the upper end.
const EXACT: usize = 4096;

/// Raw values kept of the rest, evenly by rank.
const SPARSE: usize = 4096;

/// Rows below which no tail is fitted.
const TAIL_ROWS: usize = 1000;

/// Excesses, and different values among them, below which no tail is fitted.
const TAIL_EXCESSES: usize = 30;
const TAIL_DIFFERENT: usize = 10;

/// The bounds of the tail's shape: below 0 it would end somewhere, and everything
/// beyond would be equally strange; the moments need less than 1.
const SHAPE: (f64, f64) = (0.0, 0.9);

/// So many calibration rows with at least some raw value tell its p to about a half, whatever the
/// fitted tail makes of it: a tail of several humps is no Pareto tail.
const KNOWN_BY: f64 = 5.0;

/// The highest score there is: the least p that a double can hold.
const HIGHEST: f64 = 308.0;

/// Decades beyond the number of calibration rows that a fitted tail is believed.
const BELIEVED: f64 = 3.0;

/// How a score is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Counted among the calibration rows.
    Measured,
    /// Stranger than any calibration row: from the tail fitted to the strangest of them.
    Extrapolated,
    /// Stranger than any calibration row, of which there are too few for a tail: the score is
    /// the most that they can tell, and a lower bound.
    AtLeast,
}

impl Claim {
    /// The name, as output has it.
    pub fn name(self) -> &'static str {
        match self {
            Claim::Measured => "measured",
            Claim::Extrapolated => "extrapolated",
            Claim::AtLeast => "at_least",
        }
    }
}

/// The distribution of raw values over the calibration rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Rows.
    rows: u64,
    /// Raw values, ascending, each with how many rows have at least that.
    knots: Vec<(f64, u64)>,
    tail: Option<ParetoTail>,
}

/// The fitted tail: P(raw ≥ x) = share · (1 + shape·(x − from)/scale)^(−1/shape).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct ParetoTail {
    /// The threshold.
    from: f64,
    /// The share of rows above it.
    share: f64,
    /// ξ, within [`SHAPE`].
    shape: f64,
    /// σ, > 0, in units of the raw value.
    scale: f64,
}

impl ParetoTail {
    /// From all raw values, ascending.
    fn fit(raw: &[f64]) -> Option<ParetoTail> {
        let n = raw.len();
        if n < TAIL_ROWS {
            return None;
        }
        // High enough to be a tail, low enough to be many: the usual compromise.
        let from = raw[n - 1 - (2.0 * (n as f64).sqrt()) as usize];
        let above = &raw[raw.partition_point(|r| *r <= from)..];
        let different = 1 + above.windows(2).filter(|w| w[0] < w[1]).count();
        if above.len() < TAIL_EXCESSES || different < TAIL_DIFFERENT {
            return None;
        }
        let m = above.len() as f64;
        // b₀ is the mean excess, b₁ the mean of each weighted by the chance to be exceeded.
        let (mut b0, mut b1) = (0.0, 0.0);
        for (i, r) in above.iter().enumerate() {
            let y = r - from;
            b0 += y / m;
            b1 += y * (1.0 - (i as f64 + 0.65) / m) / m;
        }
        let shape = (2.0 - b0 / (b0 - 2.0 * b1)).clamp(SHAPE.0, SHAPE.1);
        // The scale that keeps the mean excess, whatever the bounds did to the shape.
        let scale = b0 * (1.0 - shape);
        let tail = ParetoTail {
            from,
            share: m / n as f64,
            shape,
            scale,
        };
        tail.is_sound().then_some(tail)
    }

    /// −log10 of the share of rows at least this high; for a value above the threshold.
    fn score(&self, raw: f64) -> f64 {
        let x = (raw - self.from) / self.scale;
        let nats = if self.shape < 1e-6 {
            x
        } else {
            (self.shape * x).ln_1p() / self.shape
        };
        nats / std::f64::consts::LN_10 - self.share.log10()
    }

    fn is_sound(&self) -> bool {
        self.from.is_finite()
            && self.share > 0.0
            && self.share <= 1.0
            && (SHAPE.0..=SHAPE.1).contains(&self.shape)
            && self.scale.is_finite()
            && self.scale > 0.0
    }
}

/// A score as far as it can be believed: a tail says something about values up to
/// [`BELIEVED`] decades rarer than what was counted. Beyond that scores go on for the sake of
/// their order, ever more slowly.
fn reined_in(score: f64, counted: f64) -> f64 {
    let last = counted + BELIEVED;
    if score > last {
        last + (score - last).ln_1p()
    } else {
        score
    }
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
            tail: ParetoTail::fit(&raw),
        }
    }

    /// Calibration rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The highest score that is counted and not extrapolated: log10(n + 1).
    pub fn ceiling(&self) -> f64 {
        ((self.rows + 1) as f64).log10()
    }

    /// Whether there is a tail for what lies beyond.
    pub fn has_tail(&self) -> bool {
        self.tail.is_some()
    }

    /// Whether any record can have such a score.
    pub fn can_reach(&self, score: f64) -> bool {
        self.has_tail() || self.ceiling() >= score
    }

    /// The raw value that this part of the calibration rows reach, from 0 to 1; the
    /// highest of them where they are too few to tell, 0 where there are none.
    pub fn raw_at(&self, p: f64) -> f64 {
        let rows = p * self.rows as f64;
        let i = self.knots.partition_point(|k| k.1 as f64 > rows);
        let knot = self.knots.get(i).or(self.knots.last());
        knot.map_or(0.0, |k| k.0)
    }

    /// The fraction of calibration rows at least this strange, from 1/(n + 2) to 1. It falls strictly with the raw
    /// value: at one of the n calibration rows it is the conformal p-value, and between two of them it claims less by
    /// at most one row. Below the lowest and above the highest there is nothing but order, which takes the room of half a
    /// row, and of one row more.
    fn fraction(&self, raw: f64) -> f64 {
        let (Some(first), Some(last)) = (self.knots.first(), self.knots.last()) else {
            return 1.0;
        };
        if raw.is_nan() {
            return 1.0;
        }
        let all = (self.rows + 1) as f64;
        let of = |i: usize| match i {
            0 => self.rows as f64 + 0.5,
            _ => (self.knots[i].1 + 1) as f64,
        };
        // The unit of distances beyond both ends.
        let unit = match last.0 - first.0 {
            spread if spread > 0.0 => spread,
            _ => last.0.abs().max(1.0),
        };
        let part = |distance: f64| 1.0 - unit / (distance + unit);
        let i = self.knots.partition_point(|k| k.0 < raw);
        let at_least = match self.knots.get(i) {
            // From 1/(n + 1) to 1/(n + 2).
            None => 1.0 - part(raw - last.0) / (all + 1.0),
            Some(k) if k.0 == raw => of(i),
            Some(_) if i == 0 => of(0) + 0.5 * part(first.0 - raw),
            Some(k) => {
                let below = self.knots[i - 1].0;
                let part = (raw - below) / (k.0 - below);
                of(i) + (1.0 - part) * (self.just_above(i - 1) - of(i))
            }
        };
        at_least / all
    }

    /// One more than the rows above a knot, so that order has room: where knots are exact, those of the next knot
    /// and one; where they are sparse, those of the knot itself.
    fn just_above(&self, knot: usize) -> f64 {
        let own = self.knots[knot].1;
        let is_exact = self.rows - own >= self.rows.saturating_sub(EXACT as u64);
        match self.knots.get(knot + 1) {
            Some(next) if is_exact => (own.min(next.1 + 1) + 1) as f64,
            _ => (own + 1) as f64,
        }
    }

    /// −log10(p), from 0 up, and how it is known. A higher raw value has a higher score.
    pub fn score(&self, raw: f64) -> (f64, Claim) {
        // 0.0 - x rather than -x: no negative zero.
        let counted = 0.0 - self.fraction(raw).log10();
        let highest = self.knots.last().map_or(f64::NEG_INFINITY, |k| k.0);
        let beyond = raw > highest;
        let Some(tail) = self.tail.filter(|t| raw > t.from) else {
            let claim = if beyond {
                Claim::AtLeast
            } else {
                Claim::Measured
            };
            return (counted, claim);
        };
        // The tail does not claim less than what was counted of a handful of rows.
        let known = self.raw_at(KNOWN_BY / self.rows as f64).max(tail.from);
        let lift = (self.ceiling() - KNOWN_BY.log10() - tail.score(known)).max(0.0);
        let fitted = tail.score(raw) + lift;
        if !beyond {
            return (counted.min(fitted), Claim::Measured);
        }
        // It goes on from where the strangest row lies, without a step.
        let excess = (tail.score(highest) + lift - self.ceiling()).max(0.0);
        let beyond = reined_in(fitted - excess, self.ceiling());
        (beyond.min(HIGHEST), Claim::Extrapolated)
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
            && self
                .tail
                .is_none_or(|t| t.is_sound() && self.knots.last().is_some_and(|k| t.from < k.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn p(c: &Calibration, raw: f64) -> f64 {
        c.fraction(raw)
    }

    #[test]
    fn p_is_the_smoothed_fraction_at_least_as_high() {
        let c = Calibration::fit((0..99).map(f64::from).collect());
        assert_eq!(p(&c, 98.0), 0.02);
        assert_eq!(p(&c, 97.5), 0.025);
        assert_eq!(p(&c, 97.0), 0.03);
        assert_eq!(p(&c, f64::NAN), 1.0);
        assert!((0.995..1.0).contains(&p(&c, -5.0)) && p(&c, 98.5) < 0.01);
        assert_eq!(c.score(f64::NEG_INFINITY).0.to_bits(), 0);
    }

    #[test]
    fn few_rows_claim_no_more_than_they_can_and_say_so() {
        let c = Calibration::fit((0..99).map(f64::from).collect());
        assert_eq!(c.score(98.0).1, Claim::Measured);
        let (score, claim) = c.score(1e9);
        assert!((2.0..101f64.log10()).contains(&score) && claim == Claim::AtLeast);
        assert_eq!(
            Calibration::fit(vec![f64::NAN]).score(3.0),
            (0.0, Claim::AtLeast)
        );
    }

    #[test]
    fn raw_values_are_found_by_the_part_of_rows_that_reach_them() {
        let c = Calibration::fit((0..1000).map(f64::from).collect());
        assert_eq!((c.raw_at(0.5), c.raw_at(0.01)), (500.0, 990.0));
        assert_eq!((c.raw_at(1.0), c.raw_at(1e-9)), (0.0, 999.0));
        assert_eq!(Calibration::fit(Vec::new()).raw_at(0.5), 0.0);
    }

    #[test]
    fn equal_values_count_together() {
        let c = Calibration::fit(vec![1.0; 5000]);
        assert!(c.score(1.0).0 < 1e-4 && c.score(1.0).1 == Claim::Measured);
        // One value is no tail.
        let (score, claim) = c.score(1.1);
        assert!((5001f64.log10()..5002f64.log10()).contains(&score) && claim == Claim::AtLeast);
    }

    #[test]
    fn many_rows_stay_small_exact_at_the_top_and_never_claim_too_much() {
        let n = 1_000_000;
        let c = Calibration::fit((0..n).map(f64::from).collect());
        assert!(c.is_sound() && c.knots.len() <= EXACT + SPARSE);
        for r in [999_999.0, 999_000.5, 996_000.0] {
            let exact = (f64::from(n) - r + 1.0) / f64::from(n + 1);
            assert!((p(&c, r) - exact).abs() < 1e-12, "{r}");
        }
        for r in [1.5, 500_000.25, 900_000.0] {
            let exact = (f64::from(n) - f64::ceil(r) + 1.0) / f64::from(n + 1);
            assert!(p(&c, r) >= exact - 1e-12 && p(&c, r) < exact + 0.001, "{r}");
        }
    }

    /// Pareto values of index 4 (ξ = 1/4) or exponential ones (ξ = 0).
    fn sample(n: usize, heavy: bool, seed: u64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n)
            .map(|_| {
                let u: f64 = 1.0 - rng.random::<f64>();
                if heavy { u.powf(-0.25) } else { -u.ln() }
            })
            .collect()
    }

    #[test]
    fn the_tail_goes_on_as_the_distribution_does() {
        for heavy in [true, false] {
            let mut errors = Vec::new();
            for seed in 0..20 {
                let c = Calibration::fit(sample(20_000, heavy, seed));
                assert!(c.is_sound() && c.has_tail());
                // A score of 5.5 and of 7 by the distribution itself.
                for s in [5.5f64, 7.0] {
                    let raw = if heavy {
                        10f64.powf(s / 4.0)
                    } else {
                        s * std::f64::consts::LN_10
                    };
                    let (score, claim) = c.score(raw);
                    assert!(
                        claim == Claim::Extrapolated || score < 5.5,
                        "{score} {claim:?}"
                    );
                    errors.push((score - s) / s);
                }
            }
            // The shape of 282 excesses is known to ±0.08, and so a score of 7, five decades
            // above the threshold, to about a sixth.
            let n = errors.len() as f64;
            let (bias, size) = errors
                .iter()
                .fold((0.0, 0.0), |(b, s), e| (b + e / n, s + e.abs() / n));
            assert!(bias.abs() < 0.1 && size < 0.2, "{heavy}: {bias} ± {size}");
        }
    }

    #[test]
    fn higher_is_never_less_strange_and_there_is_no_end() {
        for (heavy, seed) in [(true, 1), (false, 2), (true, 3)] {
            let values = sample(5_000, heavy, seed);
            let highest = values.iter().fold(0.0f64, |a, b| a.max(*b));
            let c = Calibration::fit(values);
            let scores: Vec<f64> = (0..4000)
                .map(|i| c.score(f64::from(i) / 1000.0 * highest).0)
                .collect();
            assert!(scores.windows(2).all(|w| w[0] <= w[1]));
            assert!(c.score(highest * 10.0).0 < c.score(highest * 100.0).0);
            assert!(c.score(f64::MAX).0.is_finite());
        }
    }

    #[test]
    fn a_higher_raw_value_has_a_higher_score_everywhere() {
        let few = Calibration::fit(sample(400, true, 5));
        let tied = Calibration::fit((0..900).map(|i| f64::from(i % 7)).collect());
        let one = Calibration::fit(vec![2.0; 50]);
        let tail = Calibration::fit(sample(5_000, true, 6));
        let sparse = Calibration::fit(sample(50_000, false, 7));
        // The last rows lie below what the fitted tail makes of their number.
        let mut short = sample(5_000, true, 8);
        short.iter_mut().for_each(|v| *v = v.min(2.5 + *v / 1e3));
        let short = Calibration::fit(short);
        assert!(tail.has_tail() && sparse.has_tail() && short.has_tail() && !few.has_tail());
        for c in [few, tied, one, tail, sparse, short] {
            let mut raws: Vec<f64> = (-1000..30_000).map(|i| f64::from(i) / 997.0).collect();
            raws.extend(c.knots.iter().map(|k| k.0));
            raws.extend((1..60).map(|i| 40.0 * 1.5f64.powi(i)));
            raws.sort_unstable_by(f64::total_cmp);
            raws.dedup_by(|a, b| *a - *b < 1e-7);
            for pair in raws.windows(2) {
                let (low, high) = (c.score(pair[0]).0, c.score(pair[1]).0);
                assert!(low < high, "{pair:?}: {low} {high} of {} rows", c.rows());
            }
        }
    }

    #[test]
    fn scores_hold_on_values_that_were_not_fitted() {
        let c = Calibration::fit(sample(100_000, true, 1));
        let fresh = sample(2_000_000, true, 2);
        for s in [1.0, 2.0, 3.0, 4.0] {
            let n = fresh.iter().filter(|r| c.score(**r).0 >= s).count() as f64;
            let of_expected = n / (fresh.len() as f64 * 10f64.powf(-s));
            assert!((0.5..2.0).contains(&of_expected), "{s}: {of_expected}");
        }
    }

    #[test]
    fn a_second_hump_does_not_make_scores_promise_too_little() {
        // One row in a thousand is of another sort.
        let hump = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let plain = sample(200_000, false, seed + 1);
            let values = plain.into_iter().map(move |v| match rng.random::<f64>() {
                r if r < 0.001 => 60.0 + v,
                _ => v,
            });
            values.collect::<Vec<f64>>()
        };
        let c = Calibration::fit(hump(1));
        let fresh = hump(11);
        for s in [2.0, 3.0, 4.0] {
            let n = fresh.iter().filter(|r| c.score(**r).0 >= s).count() as f64;
            let of_expected = n / (fresh.len() as f64 * 10f64.powf(-s));
            assert!((0.5..2.0).contains(&of_expected), "{s}: {of_expected}");
        }
        let scores: Vec<f64> = (0..2000).map(|i| c.score(f64::from(i) / 10.0).0).collect();
        assert!(scores.windows(2).all(|w| w[0] <= w[1]));
    }

    #[test]
    fn a_tail_that_makes_no_sense_is_refused() {
        let mut c = Calibration::fit(sample(5_000, true, 4));
        for (shape, scale, share) in [
            (-0.1, 1.0, 0.1),
            (0.1, 0.0, 0.1),
            (0.1, f64::NAN, 0.1),
            (0.1, 1.0, 0.0),
        ] {
            if let Some(t) = &mut c.tail {
                (t.shape, t.scale, t.share) = (shape, scale, share);
            }
            assert!(!c.is_sound());
        }
    }
}
