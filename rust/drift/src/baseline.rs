//! What the model keeps of its training days: coarse counts of each, so that it knows how
//! much its own days differ.
//!
//! Counts are under keys that are the same in every model
//! ([`zeek_anomaly_models::bins::key_of`]), so the days of two models can be put together.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeek_anomaly_base::time::weekday;
use zeek_anomaly_features::{Kind, Spec};
use zeek_anomaly_models::bins::NUMBER_KEYS;

/// Profiles kept of a log; beyond it, days of the same weekday are put together.
pub const MAX_PROFILES: usize = 64;

/// The most frequent categories that are kept of a feature and day.
pub(super) const KEPT_CATEGORIES: usize = 32;

/// Days that all profiles of a log name together.
pub(super) const MAX_DAYS: usize = 4096;

/// The days of one log in training. A day is 24 hours of UTC: wherever the network is, it
/// has every hour once, so that the rhythm of the day does not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Profiles, by their first day.
    pub(super) profiles: Vec<Profile>,
}

/// One day, or several of the same weekday.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    /// The days, in days since the epoch, ascending.
    pub(super) days: Vec<i32>,
    /// The hours of the day that had rows, one bit each.
    pub(super) hours: u32,
    /// Rows of all these days.
    pub(super) rows: u64,
    /// Rows of the day with the fewest, and with the most.
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) features: Vec<FeatureProfile>,
}

/// The values of one feature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct FeatureProfile {
    /// Rows without a value.
    pub(super) missing: u64,
    /// Rows whose category no other day has.
    pub(super) new: u64,
    /// Rows by key, ascending: all cells of a number, the most frequent categories.
    pub(super) values: Vec<(u64, u64)>,
}

impl Baseline {
    /// Whether anything is known of days.
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// Days that are known of.
    pub fn days(&self) -> usize {
        self.profiles.iter().map(|p| p.days.len()).sum()
    }

    /// From profiles in any order; several of the same day become one, and where there are
    /// more than [`MAX_PROFILES`], weekdays are put together.
    pub(super) fn new(profiles: Vec<Profile>, spec: &Spec) -> Baseline {
        let kinds: Vec<Kind> = (0..spec.len()).map(|f| spec.kind(f)).collect();
        let mut by_day: BTreeMap<i32, Profile> = BTreeMap::new();
        let mut merged: Vec<Profile> = Vec::new();
        for p in profiles {
            match p.days[..] {
                [] => {}
                [day] => match by_day.get_mut(&day) {
                    Some(same) => same.merge(&p, true, &kinds),
                    None => {
                        by_day.insert(day, p);
                    }
                },
                _ => merged.push(p),
            }
        }
        merged.extend(by_day.into_values());
        let mut baseline = Baseline { profiles: merged };
        while baseline.profiles.len() > MAX_PROFILES {
            baseline.halve(&kinds);
        }
        baseline.profiles.sort_by_key(|p| p.days.first().copied());
        baseline
    }

    /// Puts neighbours of the same weekday together.
    fn halve(&mut self, kinds: &[Kind]) {
        let first = |p: &Profile| p.days.first().copied().unwrap_or(0);
        self.profiles.sort_by_key(|p| (weekday(first(p)), first(p)));
        let mut out: Vec<Profile> = Vec::new();
        let mut open = false;
        for p in self.profiles.drain(..) {
            match out.last_mut() {
                Some(last) if open && weekday(first(last)) == weekday(first(&p)) => {
                    last.merge(&p, false, kinds);
                    open = false;
                }
                _ => {
                    out.push(p);
                    open = true;
                }
            }
        }
        self.profiles = out;
    }

    /// Whether what a file held makes sense for a log with these features.
    pub fn is_sound(&self, spec: &Spec) -> bool {
        self.profiles.len() <= MAX_PROFILES
            && self.profiles.iter().map(|p| p.days.len()).sum::<usize>() <= MAX_DAYS
            && self.profiles.iter().all(|p| p.is_sound(spec))
    }
}

impl Profile {
    /// Adds another profile; of the same day, or of other days.
    fn merge(&mut self, other: &Profile, same_day: bool, kinds: &[Kind]) {
        self.days.extend(&other.days);
        self.days.sort_unstable();
        self.days.dedup();
        self.hours |= other.hours;
        self.rows += other.rows;
        if same_day {
            (self.low, self.high) = (self.rows, self.rows);
        } else {
            self.low = self.low.min(other.low);
            self.high = self.high.max(other.high);
        }
        for ((a, b), kind) in self.features.iter_mut().zip(&other.features).zip(kinds) {
            a.missing += b.missing;
            a.new += b.new;
            let mut values: BTreeMap<u64, u64> = a.values.iter().copied().collect();
            for (key, n) in &b.values {
                *values.entry(*key).or_insert(0) += n;
            }
            a.values = values.into_iter().collect();
            if kind.is_category() {
                keep_most_frequent(&mut a.values);
            }
        }
    }

    fn is_sound(&self, spec: &Spec) -> bool {
        let sums = |f: &FeatureProfile| {
            f.values
                .iter()
                .try_fold(f.missing, |sum, v| sum.checked_add(v.1))
        };
        !self.days.is_empty()
            && self.days.windows(2).all(|w| w[0] < w[1])
            && self.days.iter().all(|d| (0..100_000).contains(d))
            && self.hours < 1 << 24
            && self.rows < 1 << 53
            && self.low <= self.high
            && self.high <= self.rows
            && self.features.len() == spec.len()
            && self.features.iter().enumerate().all(|(i, f)| {
                let number = !spec.kind(i).is_category();
                sums(f).is_some_and(|sum| sum <= self.rows)
                    && f.new <= self.rows
                    && f.values.windows(2).all(|w| w[0].0 < w[1].0)
                    && if number {
                        f.values.iter().all(|v| v.0 < NUMBER_KEYS)
                    } else {
                        f.values.len() <= KEPT_CATEGORIES
                    }
            })
    }
}

/// Keeps the most frequent categories of a day, by key.
pub(super) fn keep_most_frequent(values: &mut Vec<(u64, u64)>) {
    values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    values.truncate(KEPT_CATEGORIES);
    values.sort_unstable();
}
