//! What days are compared with: the whole of training, its single days, and how far
//! those were apart.

use super::TrainedLog;
use super::baseline::Profile;
use super::measure::{Counts, distance};
use std::collections::BTreeMap;
use zeek_anomaly_base::time::weekday;
use zeek_anomaly_features::{Kind, Spec};
use zeek_anomaly_models::bins::{MAX_BINS, MISSING, NUMBER_KEYS, OTHER, UNSEEN};
use zeek_anomaly_models::counts::Counted;
use zeek_anomaly_models::{Bins, Encoder};

/// Rows of a day below which its distributions are not compared.
pub(super) const MIN_ROWS: u64 = 100;

/// Training days from which on they set the limits.
pub(super) const ENOUGH_DAYS: usize = 5;

/// A week.
const WEEK: usize = 7;

/// The limit where training has too few days to set one: what is called a large change.
const CONVENTIONAL: f64 = 0.25;

/// The least limit.
const LEAST_LIMIT: f64 = 0.1;

/// How many times farther than training days a day has to be.
const MARGIN: f64 = 1.5;

/// Of so many training days, the farthest does not count: it may have been odd itself.
const DAYS_FOR_AN_ODD_ONE: usize = 14;

/// How many times more (or fewer) rows than on any training day make a change: after a
/// week of training, and before.
const VOLUME_FACTOR: (f64, f64) = (2.0, 5.0);

/// What is known of a model's training days.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) logs: Vec<LogReference>,
    /// Hours with rows of a training day, in most cases.
    pub(super) hours: u32,
}

/// The same of one log.
#[derive(Debug)]
pub(super) struct LogReference {
    pub(super) spec: Spec,
    /// The columns of training.
    pub(super) fields: Vec<(String, String)>,
    pub(super) features: Vec<FeatureReference>,
    /// Whole days with rows enough to compare.
    pub(super) days: usize,
    pub(super) volume: Option<Volume>,
    /// Whether training has a whole day from Monday to Friday, and one of the weekend.
    kinds: (bool, bool),
}

/// Rows a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume {
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) factor: f64,
}

#[derive(Debug)]
pub(super) struct FeatureReference {
    pub(super) bins: Bins,
    pub(super) whole: Counts,
    days: Vec<Counts>,
    pub(super) limit: f64,
}

impl Reference {
    pub(super) fn new(logs: &[TrainedLog<'_>]) -> Reference {
        let mut hours: BTreeMap<i32, u32> = BTreeMap::new();
        for p in logs.iter().flat_map(|m| &m.days.profiles) {
            for day in &p.days {
                *hours.entry(*day).or_default() |= p.hours;
            }
        }
        let mut sorted: Vec<u32> = hours.values().map(|h| h.count_ones()).collect();
        sorted.sort_unstable();
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        hours.retain(|_, h| is_whole(h.count_ones(), usual));
        let whole_days: Vec<i32> = hours.into_keys().collect();
        Reference {
            logs: logs
                .iter()
                .map(|m| LogReference::new(m, &whole_days))
                .collect(),
            hours: usual,
        }
    }
}

/// Whether a day with rows in so many hours is a whole one, where training days have
/// `usual`.
pub(super) fn is_whole(hours: u32, usual: u32) -> bool {
    hours > 0 && 4 * hours >= 3 * usual
}

/// Whether a day is of the weekend.
fn is_weekend(day: i32) -> bool {
    weekday(day) >= 5
}

impl LogReference {
    fn new(model: &TrainedLog<'_>, whole_days: &[i32]) -> LogReference {
        let whole = |p: &&Profile| p.days.iter().all(|d| whole_days.binary_search(d).is_ok());
        let days: Vec<&Profile> = model.days.profiles.iter().filter(whole).collect();
        let compared: Vec<&Profile> = days
            .iter()
            .filter(|p| p.rows >= MIN_ROWS)
            .copied()
            .collect();
        let with_rows: usize = days.iter().map(|p| p.days.len()).sum();
        let kinds = (
            whole_days.iter().any(|d| !is_weekend(*d)),
            whole_days.iter().any(|d| is_weekend(*d)),
        );
        let volume = (!whole_days.is_empty()).then(|| Volume {
            low: match with_rows < whole_days.len() {
                true => 0,
                false => days.iter().map(|p| p.low).min().unwrap_or(0),
            },
            high: days.iter().map(|p| p.high).max().unwrap_or(0),
            factor: match whole_days.len() >= WEEK {
                true => VOLUME_FACTOR.0,
                false => VOLUME_FACTOR.1,
            },
        });
        LogReference {
            spec: model.spec.clone(),
            fields: model.fields.to_vec(),
            features: (0..model.spec.len())
                .map(|f| FeatureReference::new(&model.encoders[f], f, &compared))
                .collect(),
            days: compared.iter().map(|p| p.days.len()).sum(),
            volume,
            kinds,
        }
    }

    /// Whether training had days like this one, of the working week or of the weekend.
    pub(super) fn has_kind_of(&self, day: i32) -> bool {
        if is_weekend(day) {
            self.kinds.1
        } else {
            self.kinds.0
        }
    }

    /// Whether the model's own days are enough to set the limits.
    pub(super) fn has_own_limits(&self) -> bool {
        self.days >= ENOUGH_DAYS
    }

    /// The limits on a day of a kind that training did not have.
    pub(super) fn loosened(&self, limit: f64) -> f64 {
        2.0 * limit.max(CONVENTIONAL)
    }

    /// How many times the rows of training days may be exceeded, on such a day.
    pub(super) fn loose_factor() -> f64 {
        VOLUME_FACTOR.1
    }
}

impl FeatureReference {
    fn new(encoder: &Encoder, f: usize, days: &[&Profile]) -> FeatureReference {
        let counted = encoder.counted();
        let bins = Bins::new(encoder);
        let dense = dense(counted);
        let projected: Vec<Counts> = days
            .iter()
            .map(|p| project(&bins, counted.kind, &dense, p, f))
            .collect();
        let whole = whole(&bins, counted, &projected);
        let mut reference = FeatureReference {
            bins,
            whole,
            days: projected,
            limit: CONVENTIONAL,
        };
        let mut own: Vec<f64> = (0..reference.days.len())
            .map(|d| reference.left_out(d))
            .collect();
        own.sort_by(|a, b| b.total_cmp(a));
        let farthest = own.get(own.len() / DAYS_FOR_AN_ODD_ONE).copied();
        let n: usize = days.iter().map(|p| p.days.len()).sum();
        let least = if n >= ENOUGH_DAYS {
            LEAST_LIMIT
        } else {
            CONVENTIONAL
        };
        // One day says nothing of how days differ.
        let farthest = farthest.filter(|_| own.len() > 1).unwrap_or(0.0);
        reference.limit = least.max(MARGIN * farthest);
        reference
    }

    /// How far a day is from training: from the whole of it, or from the single day that is
    /// most like it. So a Sunday is compared with Sundays, if training had any.
    pub(super) fn distance(&self, day: &Counts) -> f64 {
        self.days
            .iter()
            .map(|d| self.apart(day, d))
            .fold(self.apart(day, &self.whole), f64::min)
    }

    fn apart(&self, day: &Counts, of_training: &Counts) -> f64 {
        distance(day, &self.expected(day, of_training))
    }

    /// What training expects of a day. Values that were never seen may be fewer than
    /// there were new ones on training days: the more a model has seen, the fewer are left.
    pub(super) fn expected(&self, day: &Counts, of_training: &Counts) -> Counts {
        let mut expected = of_training.clone();
        let rows: f64 = expected.of.iter().sum();
        let fewer = expected.of[UNSEEN] - day.share(UNSEEN) * rows;
        if fewer > 0.0 {
            expected.of[UNSEEN] -= fewer;
            if self.bins.kind().is_category() {
                expected.of[OTHER] += fewer;
            }
        }
        expected
    }

    /// How far a training day is from the others.
    fn left_out(&self, day: usize) -> f64 {
        let own = &self.days[day];
        self.days
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != day)
            .map(|(_, d)| self.apart(own, d))
            .fold(self.apart(own, &self.whole.without(own)), f64::min)
    }
}

/// Rows by cell of the grid; empty for categories.
fn dense(counted: &Counted) -> Vec<u64> {
    if counted.kind.is_category() {
        return Vec::new();
    }
    let mut out = vec![0; NUMBER_KEYS as usize];
    let half = (NUMBER_KEYS / 2) as i32;
    for (cell, n) in &counted.cells {
        if let Some(at) = out.get_mut((cell + half) as usize) {
            *at = *n;
        }
    }
    out
}

/// A training day in bins. What no other day has is unseen: so it would have been, had
/// the day not been trained on.
fn project(bins: &Bins, kind: Kind, dense: &[u64], p: &Profile, f: usize) -> Counts {
    let mut of = [0.0; MAX_BINS];
    let Some(day) = p.features.get(f) else {
        return Counts::even(of);
    };
    of[MISSING] = day.missing as f64;
    let mut rest = p.rows.saturating_sub(day.missing);
    let near = |key: u64| key.saturating_sub(1)..=key + 1;
    for (key, n) in &day.values {
        let bin = bins.bin_of_key(*key);
        if kind.is_category() && bin == OTHER {
            continue;
        }
        let alone = !kind.is_category()
            && near(*key).all(|k| {
                let here = day.values.binary_search_by_key(&k, |v| v.0);
                let here = here.map_or(0, |i| day.values[i].1);
                dense.get(k as usize).is_none_or(|all| *all <= here)
            });
        of[if alone { UNSEEN } else { bin }] += *n as f64;
        rest = rest.saturating_sub(*n);
    }
    if kind.is_category() {
        let new = day.new.min(rest);
        of[UNSEEN] = new as f64;
        of[OTHER] = (rest - new) as f64;
    }
    Counts::even(of)
}

/// The whole of training in bins, with the part of unseen values that is to be expected:
/// what training days had that no other had, or, of a single day, the estimate of Good
/// and Turing, n₁/N.
fn whole(bins: &Bins, counted: &Counted, days: &[Counts]) -> Counts {
    let mut of = [0.0; MAX_BINS];
    of[MISSING] = counted.missing as f64;
    let half = (NUMBER_KEYS / 2) as i32;
    for (cell, n) in &counted.cells {
        of[bins.bin_of_key((cell + half) as u64)] += *n as f64;
    }
    for (key, n) in &counted.categories {
        of[bins.bin_of_key(*key)] += *n as f64;
    }
    of[OTHER] += counted.forgotten_rows as f64;
    let unseen = if days.len() > 1 {
        let rows: f64 = days.iter().map(|d| d.effective).sum();
        days.iter().map(|d| d.of[UNSEEN]).sum::<f64>() / rows.max(1.0)
    } else {
        let once = counted.categories.iter().filter(|c| c.1 == 1).count()
            + counted.cells.iter().filter(|c| c.1 == 1).count();
        (once as f64 + counted.forgotten as f64) / counted.rows.max(1) as f64
    };
    let unseen = unseen * counted.rows as f64;
    of[UNSEEN] += unseen;
    if counted.kind.is_category() {
        of[OTHER] = (of[OTHER] - unseen).max(0.0);
    }
    Counts::even(of)
}
