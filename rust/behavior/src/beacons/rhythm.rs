//! Whether a sequence of moments has a rhythm: a sequential test.
//!
//! Each new interval is predicted from those before it, by a mixture that says "about the same
//! again, give or take a jitter; or a multiple, where beats were missed; or anything at all,
//! after a break". The ordinary alternative is the best of two families in hindsight: an
//! exponential distribution of any rate (calls that come at random), and a log-normal one of any
//! median with a spread of at least [`NULL_SPREAD`] (people, bursts and pauses). The ratio of the
//! two likelihoods is an e-value: whatever ordinary distribution it is, and whenever one
//! looks, the ratio exceeds 10^s with a probability of at most 10^-s (Wasserman, Ramdas,
//! Balakrishnan, "Universal inference", 2020; Ville's inequality). So the score is a −log10 p
//! that may be looked at after each beat, and grows as evidence does.

use serde::{Deserialize, Serialize};

/// Beats that are remembered.
pub(crate) const KEPT: usize = 64;

/// The least spread (standard deviation of ln interval) of ordinary intervals. Uniform
/// jitter of ±50 % has 0.31.
const NULL_SPREAD: f64 = 0.9;

/// Half widths of the jitter, relative to the period, that the mixture knows.
const WIDTHS: [f64; 5] = [0.02, 0.06, 0.15, 0.3, 0.5];

/// Where the weights of "on the beat", "a multiple" and "anything" begin, as counts.
const PRIOR: [f64; 3] = [8.0, 0.4, 0.4];

/// Multiples of the period that missed beats are recognised by.
const MULTIPLES: usize = 4;

/// Intervals of the latest parts that are tested for themselves.
const LATEST: [usize; 3] = [6, 12, 24];

/// Of ln interval, for "anything at all": from the shortest to three days.
const ANYTHING: f64 = 12.0;

/// Beats closer than this are one, in seconds.
const GAP: f64 = 1.5;

/// The same where calls come faster than that.
const FINE_GAP: f64 = 0.1;

/// Times the gap below which a period is not told apart from it.
const BLURRED: f64 = 2.0;

/// Of how many beats one may be merged with another before a period near the gap is in doubt.
const FEW_MERGED: u64 = 10;

/// How much earlier than the first one a late one may be, in seconds.
const EARLY: f64 = 86_400.0;

/// How much longer that becomes where beats come in bursts.
const GAP_STEP: f64 = 4.0;

/// Merged calls after which a long gap is given up: something faster began.
const MERGED: u32 = 64;

/// The moments of one entity that are remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rhythm {
    /// The moment that the others count from, in seconds since the epoch.
    base: f64,
    /// Hundredths of a second, in order.
    times: Vec<u32>,
    /// Sizes on a logarithmic scale, of the same beats.
    sizes: Vec<u16>,
    gap: f32,
    /// Calls merged since the last beat, and since the first that is remembered.
    merged: u32,
    close: u32,
    /// Beats ever.
    beats: u64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Rhythm {
            base: 0.0,
            times: Vec::new(),
            sizes: Vec::new(),
            gap: GAP as f32,
            merged: 0,
            close: 0,
            beats: 0,
        }
    }
}

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// log10 of the ratio of likelihoods.
    pub(crate) score: f64,
    /// The period in seconds.
    pub(crate) period: f64,
    /// Half the width of the jitter, relative to the period.
    pub(crate) jitter: f64,
    /// Beats that have the rhythm: all that are remembered, or the latest of them.
    pub(crate) beats: usize,
    /// Beats that are missing between them.
    pub(crate) missed: usize,
    /// The share of beats whose size is about the most common one.
    pub(crate) same_size: f64,
    /// That size, in bytes.
    pub(crate) size: f64,
}

impl Rhythm {
    /// The most heap memory that one takes, in bytes.
    pub(crate) const MAX_HEAP: usize = KEPT * 6 + 32;

    /// Adds a moment with a size. Whether it is a beat of its own, and not part of
    /// another one. Late ones are put into their place.
    pub(crate) fn add(&mut self, at: f64, size: f64) -> bool {
        if self.times.is_empty() {
            self.base = at;
        }
        let offset = (at - self.base) * 100.0;
        if offset < 0.0 || offset >= f64::from(u32::MAX) {
            // From before the first one, or from another era: that clock was set.
            if !(-EARLY * 100.0..=0.0).contains(&offset) {
                *self = Rhythm {
                    beats: self.beats,
                    ..Rhythm::default()
                };
                return self.add(at, size);
            }
            self.shift(-offset);
        }
        let t = ((at - self.base) * 100.0).max(0.0) as u32;
        let gap = (f64::from(self.gap) * 100.0) as u32;
        let after = self.times.partition_point(|x| *x <= t);
        let near = |i: Option<&u32>| i.is_some_and(|x| x.abs_diff(t) < gap);
        if near(after.checked_sub(1).and_then(|i| self.times.get(i))) || near(self.times.get(after))
        {
            self.merged = self.merged.saturating_add(1);
            self.close = self.close.saturating_add(1);
            if self.merged > MERGED && f64::from(self.gap) > GAP {
                *self = Rhythm {
                    beats: self.beats,
                    ..Rhythm::default()
                };
            }
            return false;
        }
        self.merged = 0;
        if self.times.len() >= KEPT {
            if after == 0 {
                return false;
            }
            self.times.remove(0);
            self.sizes.remove(0);
        } else if self.times.capacity() < KEPT {
            let more = if self.times.len() < 4 { 4 } else { KEPT };
            self.times.reserve_exact(more - self.times.len().min(more));
            self.sizes.reserve_exact(more - self.sizes.len().min(more));
        }
        let after = self.times.partition_point(|x| *x <= t);
        self.times.insert(after, t);
        self.sizes.insert(after, coded(size));
        self.beats += 1;
        true
    }

    /// Makes room before the first one, in hundredths of a second.
    fn shift(&mut self, by: f64) {
        let by = (by + 1.0) as u32;
        self.base -= f64::from(by) / 100.0;
        for t in &mut self.times {
            *t = t.saturating_add(by);
        }
    }

    /// Beats ever.
    pub(crate) fn beats(&self) -> u64 {
        self.beats
    }

    /// Beats remembered.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// The first and the last that are remembered, in seconds since the epoch.
    pub(crate) fn span(&self) -> Option<(f64, f64)> {
        let at = |t: &u32| self.base + f64::from(*t) / 100.0;
        Some((at(self.times.first()?), at(self.times.last()?)))
    }

    /// The moments that are remembered, in order, in seconds since the epoch.
    pub(crate) fn moments(&self) -> impl Iterator<Item = f64> {
        self.times.iter().map(|t| self.base + f64::from(*t) / 100.0)
    }

    /// Fits the gap to what comes: where most beats come in bursts, makes one of each burst; where calls come faster
    /// than the gap, begins again with a finer one.
    pub(crate) fn fit_gap(&mut self) {
        if self.gap == GAP as f32 && self.is_blurred() {
            *self = Rhythm {
                beats: self.beats + u64::from(self.close),
                gap: FINE_GAP as f32,
                ..Rhythm::default()
            };
            return;
        }
        self.merge_bursts();
    }

    /// True if many calls were merged and the intervals are not much longer than the gap: then the true ones are shorter.
    fn is_blurred(&self) -> bool {
        let mut x = self.intervals();
        x.sort_unstable_by(f64::total_cmp);
        u64::from(self.close) * FEW_MERGED > self.times.len() as u64
            && median(&x) < BLURRED * f64::from(self.gap)
    }

    fn merge_bursts(&mut self) {
        let mut x = self.intervals();
        if x.len() < 12 {
            return;
        }
        x.sort_unstable_by(f64::total_cmp);
        let long = x[x.len() * 3 / 4];
        let short = x.iter().filter(|v| **v < 0.2 * long).count();
        if short * 5 < x.len() || f64::from(self.gap) * GAP_STEP > 0.4 * long {
            return;
        }
        self.gap *= GAP_STEP as f32;
        let gap = (f64::from(self.gap) * 100.0) as u32;
        let mut last = None;
        let kept: Vec<bool> = self
            .times
            .iter()
            .map(|t| {
                let keep = last.is_none_or(|l: u32| t.saturating_sub(l) >= gap);
                if keep {
                    last = Some(*t);
                }
                keep
            })
            .collect();
        let mut k = kept.iter();
        self.times.retain(|_| *k.next().unwrap_or(&true));
        let removed = kept.iter().filter(|k| !**k).count() as u64;
        self.beats = self.beats.saturating_sub(removed);
        let mut k = kept.iter();
        self.sizes.retain(|_| *k.next().unwrap_or(&true));
    }

    fn intervals(&self) -> Vec<f64> {
        self.times
            .windows(2)
            .map(|w| f64::from(w[1] - w[0]) / 100.0)
            .collect()
    }

    /// Tests what is remembered: all of it, and the latest parts, in case the rhythm began
    /// only then. The mean of their ratios is an e-value, too.
    pub(crate) fn test(&self) -> Option<Verdict> {
        if self.is_blurred() {
            return None;
        }
        let all = self.intervals();
        let gap = f64::from(self.gap);
        let windows: Vec<(usize, Window)> = LATEST
            .iter()
            .filter(|n| **n < all.len())
            .chain([&all.len()])
            .filter_map(|n| Some((*n, window(all.get(all.len() - n..)?, gap)?)))
            .collect();
        let (n, best) = windows
            .iter()
            .max_by(|a, b| a.1.score.total_cmp(&b.1.score))?;
        let sum: f64 = windows
            .iter()
            .map(|(_, w)| 10f64.powf(w.score - best.score))
            .sum();
        let score = best.score + (sum / windows.len() as f64).log10();
        let x = all.get(all.len() - n..)?;
        let near = |v: f64| (v / best.period).round().max(1.0);
        let on_beat: Vec<f64> = x
            .iter()
            .filter(|v| near(**v) == 1.0)
            .map(|v| v / best.period - 1.0)
            .collect();
        let missed = x
            .iter()
            .map(|v| near(*v) - 1.0)
            .filter(|m| *m < MULTIPLES as f64)
            .sum::<f64>() as usize;
        let count = on_beat.len().max(1) as f64;
        let sd = (on_beat.iter().map(|v| v * v).sum::<f64>() / count).sqrt();
        let (same_size, size) = self.common_size(n + 1);
        Some(Verdict {
            score,
            period: best.period,
            // Of a uniform distribution of the same spread.
            jitter: (sd * 3f64.sqrt()).min(best.width.max(0.02) * 1.2),
            beats: n + 1,
            missed,
            same_size,
            size,
        })
    }

    /// Of the latest beats the share whose size is within about 6 % of the most common one, and
    /// that size.
    fn common_size(&self, latest: usize) -> (f64, f64) {
        let from = self.sizes.len().saturating_sub(latest);
        let mut sizes = self.sizes.get(from..).unwrap_or_default().to_vec();
        sizes.sort_unstable();
        let mut best = (0, 0);
        let mut from = 0;
        for (to, s) in sizes.iter().enumerate() {
            while sizes[from] + SIZE_STEPS < *s {
                from += 1;
            }
            if to + 1 - from > best.0 {
                best = (to + 1 - from, sizes[(from + to) / 2]);
            }
        }
        (best.0 as f64 / sizes.len().max(1) as f64, decoded(best.1))
    }

    /// Whether it is one that [`Rhythm::add`] can have made.
    pub(crate) fn is_sound(&self) -> bool {
        self.times.len() <= KEPT
            && self.sizes.len() == self.times.len()
            && self.base.is_finite()
            && self.gap.is_finite()
            && self.gap >= FINE_GAP as f32
            && self.times.windows(2).all(|w| w[0] <= w[1])
    }
}

/// What the test says of one run of intervals.
struct Window {
    score: f64,
    period: f64,
    width: f64,
}

/// Tests one run of intervals.
fn window(x: &[f64], gap: f64) -> Option<Window> {
    let (&first, rest) = x.split_first()?;
    if rest.is_empty() {
        return None;
    }
    let mut past = vec![first];
    let mut log = WIDTHS.map(|_| anything(first));
    let mut counts = [PRIOR; WIDTHS.len()];
    for v in rest {
        let period = centre(&past);
        for ((l, w), c) in log.iter_mut().zip(WIDTHS).zip(&mut counts) {
            let parts = densities(*v, period, w, past.len());
            let total: f64 = c.iter().sum();
            let weighted = [0, 1, 2].map(|i| parts[i] * c[i] / total);
            let sum = weighted.iter().sum::<f64>().max(1e-300);
            *l += sum.ln();
            for i in 0..3 {
                c[i] += weighted[i] / sum;
            }
        }
        let at = past.partition_point(|p| p < v);
        past.insert(at, *v);
    }
    let best = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = log.iter().map(|l| (l - best).exp()).sum::<f64>() / WIDTHS.len() as f64;
    let at = log.iter().position(|l| *l == best).unwrap_or(0);
    Some(Window {
        score: (best + mean.ln() - ordinary(x, gap)) / std::f64::consts::LN_10,
        period: centre(&past),
        width: WIDTHS[at],
    })
}

/// Steps of the scale of sizes that count as the same: about 6 %.
const SIZE_STEPS: u16 = 60;

/// A size on a logarithmic scale of a thousand steps to a factor of e.
fn coded(size: f64) -> u16 {
    (size.max(0.0).ln_1p() * 1000.0).min(65_535.0) as u16
}

fn decoded(code: u16) -> f64 {
    (f64::from(code) / 1000.0).exp_m1().round()
}

fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 1.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The mean of those of the sorted intervals that are near their median: for uniform jitter
/// closer than the median itself, and untouched by missed beats and breaks.
fn centre(sorted: &[f64]) -> f64 {
    let m = median(sorted);
    let near = |v: &&f64| (0.4 * m..=1.6 * m).contains(*v);
    let (n, sum) = sorted
        .iter()
        .filter(near)
        .fold((0.0, 0.0), |(n, s), v| (n + 1.0, s + v));
    if n > 0.0 { sum / n } else { m }
}

/// The density of an interval that may be anything.
fn anything(x: f64) -> f64 {
    -(x.max(0.01) * ANYTHING).ln()
}

/// The densities of an interval: on the beat, on a multiple, anything. `past` intervals told the
/// period.
fn densities(x: f64, period: f64, width: f64, past: usize) -> [f64; 3] {
    let period = period.max(0.01);
    // The error of a mean of uniform values, and the clock's of a hundredth of a second.
    let error = width / 3f64.sqrt() / (past as f64).sqrt() + 0.01 / period;
    let soft = 0.05 * width + 0.45 * error;
    let flat = |r: f64, half: f64| {
        let logistic = |z: f64| 1.0 / (1.0 + (-z).exp());
        let edge = |at: f64| logistic((r - at) / soft);
        (edge(1.0 - half) - edge(1.0 + half)).max(0.0) / (2.0 * half)
    };
    let r = x / period;
    let mut multiple = 0.0;
    let mut share = 0.6;
    for k in 2..=MULTIPLES {
        // A missed beat leaves two jitters in one interval.
        let k = k as f64;
        multiple += share * flat(r / k, (width / k.sqrt()).min(0.95)) / k;
        share *= 0.4;
    }
    [
        flat(r, width) / period,
        multiple / period,
        anything(x).exp(),
    ]
}

/// The largest log-likelihood of the intervals under what is ordinary.
fn ordinary(x: &[f64], gap: f64) -> f64 {
    let n = x.len() as f64;
    // Intervals begin at the gap below which calls are one.
    let shifted = |v: &f64| (v - gap).max(0.05);
    let mean = x.iter().map(shifted).sum::<f64>() / n;
    let exponential = -n * (mean.ln() + 1.0);
    let logs: Vec<f64> = x.iter().map(|v| v.max(0.01).ln()).collect();
    let m = logs.iter().sum::<f64>() / n;
    let sq = logs.iter().map(|l| (l - m) * (l - m)).sum::<f64>();
    let s = (sq / n).sqrt().max(NULL_SPREAD);
    let lognormal = -logs.iter().sum::<f64>()
        - n * (s * (2.0 * std::f64::consts::PI).sqrt()).ln()
        - sq / (2.0 * s * s);
    exponential.max(lognormal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Beats of a period, with uniform jitter; some are missing.
    fn beats(seed: u64, n: usize, period: f64, jitter: f64, missed: f64) -> Rhythm {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut r = Rhythm::default();
        let mut at = 1e9;
        for _ in 0..n {
            at += period * (1.0 + jitter * rng.random_range(-1.0..=1.0));
            if !rng.random_bool(missed) {
                r.add(at, 100.0);
            }
        }
        r
    }

    #[test]
    fn a_rhythm_is_told_by_few_beats_and_any_jitter_by_more() {
        for period in [5.0, 60.0, 3600.0, 21_600.0] {
            let v = beats(1, 10, period, 0.0, 0.0).test().unwrap();
            assert!(v.score > 5.0, "{period}: {v:?}");
            assert!((v.period / period - 1.0).abs() < 0.02);
            let v = beats(2, 60, period, 0.5, 0.0).test().unwrap();
            assert!(v.score > 4.0, "{period}: {v:?}");
            let v = beats(3, 40, period, 0.2, 0.2).test().unwrap();
            assert!(v.score > 5.0 && v.missed > 2, "{period}: {v:?}");
        }
    }

    #[test]
    fn a_rhythm_that_begins_after_other_calls_is_told() {
        let mut r = Rhythm::default();
        let odd = [0.0, 1911.0, 157.1, 124.7, 115.9, 1984.5];
        let even = [20.4, 21.0, 21.7, 22.0, 22.3, 22.8, 21.1];
        let mut at = 1e9;
        for step in odd.iter().chain(&even) {
            at += step;
            r.add(at, 10.0);
        }
        let v = r.test().unwrap();
        assert!(v.score > 3.0 && (v.period - 21.7).abs() < 1.0, "{v:?}");
    }

    #[test]
    fn what_comes_at_random_exceeds_a_score_no_more_often_than_the_score_says() {
        let (mut exceeded, trials) = (0, 300);
        for seed in 0..trials {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut r = Rhythm::default();
            let mut at = 1e9;
            // Looked at again and again.
            let mut highest = f64::NEG_INFINITY;
            for _ in 0..40 {
                at += 2.0 - 60.0 * (1.0 - rng.random::<f64>()).ln();
                if r.add(at, 1.0) && r.len() >= 6 && r.len() % 4 == 0 {
                    highest = highest.max(r.test().map_or(0.0, |v| v.score));
                }
            }
            exceeded += u32::from(highest >= 1.0);
        }
        // One in ten, by Ville's inequality: at most.
        assert!(exceeded <= 30, "{exceeded}");
    }

    #[test]
    fn late_beats_duplicates_and_clocks_that_are_set_do_no_harm() {
        let mut r = beats(1, 20, 60.0, 0.0, 0.0);
        let before = r.test().unwrap();
        let (_, last) = r.span().unwrap();
        assert!(!r.add(last, 1.0), "a duplicate is no beat");
        r.add(last - 30.0, 1.0);
        assert!(r.test().unwrap().score > before.score / 2.0);
        r.add(5e8, 1.0);
        assert_eq!(r.len(), 1, "an era of its own");
        assert!(r.is_sound());
        for i in 0..20 {
            r.add(4.2e9 + f64::from(i), 1.0);
            r.add(f64::from(i), 1.0);
            assert!(r.is_sound());
        }
    }

    #[test]
    fn a_rhythm_of_a_second_and_less_is_stated_as_it_is_or_not_at_all() {
        for (period, told) in [(1.0, true), (0.4, true), (1.7, true), (0.05, false)] {
            let mut r = Rhythm::default();
            for i in 0..600 {
                r.add(1e9 + period * f64::from(i), 10.0);
                if i % 8 == 7 {
                    r.fit_gap();
                }
            }
            let v = r.test();
            assert_eq!(v.is_some(), told, "{period}: {v:?}");
            if let Some(v) = v {
                assert!((v.period / period - 1.0).abs() < 0.05, "{period}: {v:?}");
                assert!((590..=600).contains(&r.beats()), "{}", r.beats());
            }
        }
    }

    #[test]
    fn bursts_become_one_beat() {
        let mut r = Rhythm::default();
        for i in 0..40 {
            for j in [0.0, 2.0, 4.5, 7.0] {
                r.add(1e9 + 300.0 * f64::from(i) + j, 10.0);
                r.fit_gap();
            }
        }
        let v = r.test().unwrap();
        assert!(v.score > 5.0 && (v.period - 300.0).abs() < 5.0, "{v:?}");
    }
}
