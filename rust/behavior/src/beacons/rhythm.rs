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
pub(crate) const KEPT: usize = 48;

/// The least spread (standard deviation of ln interval) of ordinary intervals. Uniform
/// jitter of ±50 % has 0.31.
const NULL_SPREAD: f64 = 0.7;

/// Half widths of the jitter, relative to the period, that the mixture knows.
const WIDTHS: [f64; 6] = [0.015, 0.05, 0.12, 0.25, 0.4, 0.55];

/// Multiples of the period that missed beats are recognised by.
const MULTIPLES: usize = 4;

/// Of ln interval, for "anything at all": from the shortest to three days.
const ANYTHING: f64 = 12.0;

/// Beats closer than this are one, in seconds.
const GAP: f64 = 1.5;

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
    merged: u32,
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
    /// Beats that were looked at.
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

    /// Where most beats come in bursts, makes one of each burst.
    pub(crate) fn merge_bursts(&mut self) {
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
        let mut k = kept.iter();
        self.sizes.retain(|_| *k.next().unwrap_or(&true));
    }

    fn intervals(&self) -> Vec<f64> {
        self.times
            .windows(2)
            .map(|w| f64::from(w[1] - w[0]) / 100.0)
            .collect()
    }

    /// Tests what is remembered.
    pub(crate) fn test(&self) -> Option<Verdict> {
        let x = self.intervals();
        let (&first, rest) = x.split_first()?;
        if rest.is_empty() {
            return None;
        }
        let mut past = vec![first];
        let mut log = WIDTHS.map(|_| anything(first));
        let mut counts = [[4.0, 0.5, 0.5]; WIDTHS.len()];
        for v in rest {
            let period = median(&past);
            for ((l, w), c) in log.iter_mut().zip(WIDTHS).zip(&mut counts) {
                let parts = densities(*v, period, w, past.len());
                let total: f64 = c.iter().sum();
                let weighted = [0, 1, 2].map(|i| parts[i] * c[i] / total);
                let sum: f64 = weighted.iter().sum();
                *l += sum.max(1e-300).ln();
                for i in 0..3 {
                    c[i] += weighted[i] / sum.max(1e-300);
                }
            }
            let at = past.partition_point(|p| p < v);
            past.insert(at, *v);
        }
        let best = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mixed = best + (log.iter().map(|l| (l - best).exp()).sum::<f64>() / 6.0).ln();
        let score = (mixed - ordinary(&x, f64::from(self.gap))) / std::f64::consts::LN_10;
        let width = log.iter().position(|l| *l == best).unwrap_or(0);
        let period = median(&past);
        let near = |v: f64| (v / period).round().max(1.0);
        let on_beat: Vec<f64> = x
            .iter()
            .filter(|v| near(**v) == 1.0)
            .map(|v| v / period - 1.0)
            .collect();
        let missed = x
            .iter()
            .map(|v| near(*v) - 1.0)
            .filter(|m| *m < MULTIPLES as f64)
            .sum::<f64>() as usize;
        let n = on_beat.len().max(1) as f64;
        let sd = (on_beat.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
        let (same_size, size) = self.common_size();
        Some(Verdict {
            score,
            period,
            // Of a uniform distribution of the same spread.
            jitter: (sd * 3f64.sqrt()).min(WIDTHS[width].max(0.02) * 1.2),
            beats: self.times.len(),
            missed,
            same_size,
            size,
        })
    }

    /// The share of beats whose size is within about 6 % of the most common one, and that size.
    fn common_size(&self) -> (f64, f64) {
        let mut sizes = self.sizes.clone();
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
            && self.gap >= GAP as f32
            && self.times.windows(2).all(|w| w[0] <= w[1])
    }
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

/// The density of an interval that may be anything.
fn anything(x: f64) -> f64 {
    -(x.max(0.01) * ANYTHING).ln()
}

/// The densities of an interval: on the beat, on a multiple, anything. `past` intervals told the
/// period.
fn densities(x: f64, period: f64, width: f64, past: usize) -> [f64; 3] {
    let period = period.max(0.01);
    // The error of a median of uniform values, and the clock's of a hundredth of a second.
    let error = width / 3f64.sqrt() * 1.25 / (past as f64).sqrt() + 0.01 / period;
    let soft = 0.12 * width + 0.6 * error;
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
