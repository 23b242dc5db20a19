//! Days that were collected elsewhere or before: what a model keeps to go on with, and how the
//! days of two come together.
//!
//! Rows, hours and numbers add up exactly. Of categories a model keeps the most frequent of each
//! day, so only where two parts share a day can a rare one be missing of it.

use super::baseline::{Baseline, Profile};
use super::collect::{DayCollector, FirstSeen, MAX_REMEMBERED, SEVERAL};
use serde::{Deserialize, Serialize};
use zeek_anomaly_features::Spec;
use zeek_anomaly_models::bins::NUMBER_KEYS;

/// On which day each category was seen as long as it was on one only, as a model keeps it beside its profiles: category, day, rows; ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptDays {
    first_seen: Vec<Vec<(u64, i32, u64)>>,
}

impl KeptDays {
    /// Whether what a file held makes sense for a log with these features.
    pub fn is_sound(&self, spec: &Spec) -> bool {
        self.first_seen.len() <= spec.len()
            && self.first_seen.iter().all(|all| {
                all.len() <= MAX_REMEMBERED
                    && all.windows(2).all(|w| w[0].0 < w[1].0)
                    && all
                        .iter()
                        .all(|(_, day, n)| (SEVERAL..100_000).contains(day) && *n < 1 << 53)
            })
    }
}

impl DayCollector {
    /// Adds the days that were collected elsewhere of the same log.
    pub fn absorb(&mut self, spec: &Spec, other: &DayCollector) {
        for profile in other.finish(spec).profiles {
            self.put(spec, profile);
        }
        let categories: Vec<usize> = (0..spec.len())
            .filter(|f| spec.kind(*f).is_category())
            .collect();
        for (i, seen) in other.first_seen.iter().enumerate() {
            let Some(f) = categories.get(i) else { break };
            if self.first_seen.len() <= i {
                self.first_seen.resize_with(i + 1, FirstSeen::default);
            }
            // The map's order must not show where not all of them fit.
            let mut theirs: Vec<(&u64, &(i32, u64))> = seen.0.iter().collect();
            theirs.sort_unstable();
            for (key, (day, n)) in theirs {
                let room = self.first_seen[i].0.len() < MAX_REMEMBERED;
                match self.first_seen[i].0.get_mut(key) {
                    None if room => {
                        self.first_seen[i].0.insert(*key, (*day, *n));
                    }
                    None => {}
                    Some((own, m)) if own == day => *m += n,
                    // Both days have it, so it was new on neither.
                    Some((own, m)) => {
                        let (own, m) = (std::mem::replace(own, SEVERAL), *m);
                        self.no_longer_new(*f, own, m);
                        self.no_longer_new(*f, *day, *n);
                    }
                }
            }
        }
    }

    fn no_longer_new(&mut self, feature: usize, day: i32, rows: u64) {
        let open = self.open.get_mut(&day).map(|o| &mut o.features[..]);
        let new = match open {
            Some(features) => features.get_mut(feature).map(|f| &mut f.new),
            None => (self.done.iter_mut())
                .find(|p| p.days.contains(&day))
                .and_then(|p| p.features.get_mut(feature))
                .map(|f| &mut f.new),
        };
        if let Some(new) = new {
            *new = new.saturating_sub(rows);
        }
    }

    /// Takes up a profile: one of a single day stays open for more rows.
    fn put(&mut self, spec: &Spec, profile: Profile) {
        let [day] = profile.days[..] else {
            self.days.extend(&profile.days);
            self.done.push(profile);
            return;
        };
        if !self.open.contains_key(&day) && !self.open_day(spec, day) {
            return;
        }
        let Some(open) = self.open.get_mut(&day) else {
            return;
        };
        open.rows += profile.rows;
        open.hours |= profile.hours;
        for ((f, (to, from)), _) in (open.features.iter_mut().zip(profile.features))
            .enumerate()
            .zip(0..spec.len())
        {
            to.missing += from.missing;
            to.new += from.new;
            for (key, n) in from.values {
                if spec.kind(f).is_category() {
                    *to.categories.entry(key).or_insert(0) += n;
                } else {
                    to.cells.resize(NUMBER_KEYS as usize, 0);
                    if let Some(cell) = to.cells.get_mut(key as usize) {
                        let n = u32::try_from(n).unwrap_or(u32::MAX);
                        *cell = cell.saturating_add(n);
                    }
                }
            }
        }
    }

    /// On which day each category was seen, for a model.
    pub fn keep(&self) -> KeptDays {
        let sorted = |seen: &FirstSeen| {
            let mut all: Vec<(u64, i32, u64)> = seen
                .0
                .iter()
                .map(|(k, (day, n))| (*k, *day, if *day == SEVERAL { 0 } else { *n }))
                .collect();
            all.sort_unstable();
            all
        };
        KeptDays {
            first_seen: self.first_seen.iter().map(sorted).collect(),
        }
    }

    /// Goes on with what a model kept, which is sound.
    pub fn resume(spec: &Spec, baseline: &Baseline, kept: &KeptDays) -> DayCollector {
        let mut days = DayCollector::default();
        for profile in &baseline.profiles {
            days.put(spec, profile.clone());
        }
        let map = |all: &Vec<(u64, i32, u64)>| {
            FirstSeen(all.iter().map(|(k, day, n)| (*k, (*day, *n))).collect())
        };
        days.first_seen = kept.first_seen.iter().map(map).collect();
        days
    }
}
