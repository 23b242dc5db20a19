//! Training days, counted while training.

use super::baseline::{
    Baseline, FeatureProfile, KEPT_CATEGORIES, MAX_DAYS, MAX_PROFILES, Profile, keep_most_frequent,
};
use hashbrown::HashSet;
use std::collections::BTreeMap;
use zeek_anomaly_features::Spec;
use zeek_anomaly_features::cell::MISSING_CATEGORY;
use zeek_anomaly_models::HashOf;
use zeek_anomaly_models::counts::Tally;

/// Categories counted for one feature and day; beyond it the rarest are forgotten.
const MAX_COUNTED: usize = 8 * KEPT_CATEGORIES;

/// Categories of one feature of which it is remembered on which day they were seen.
pub(super) const MAX_REMEMBERED: usize = 1 << 16;

/// Counts each day's values of one log. Memory is bounded, whatever the rows' times say.
#[derive(Debug, Default)]
pub struct DayCollector {
    pub(super) open: BTreeMap<i32, OpenDay>,
    pub(super) done: Vec<Profile>,
    pub(super) days: HashSet<i32>,
    pub(super) first_seen: Vec<FirstSeen>,
    /// Some of those that were on several days, by their last bits: of them nothing changes any more.
    common: Vec<[u64; COMMON]>,
}

/// Categories of a feature that are known to be common.
const COMMON: usize = 64;

/// On which day each category was seen, as long as it was on one only.
#[derive(Debug, Default)]
pub(super) struct FirstSeen(pub(super) HashOf<(i32, u64)>);

/// The day that stands for several.
pub(super) const SEVERAL: i32 = -1;

#[derive(Debug)]
pub(super) struct OpenDay {
    pub(super) hours: u32,
    pub(super) rows: u64,
    pub(super) features: Vec<OpenFeature>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct OpenFeature {
    pub(super) missing: u64,
    pub(super) new: u64,
    /// Numbers: rows by key; empty until the first.
    pub(super) cells: Vec<u32>,
    pub(super) categories: HashOf<u64>,
}

impl DayCollector {
    /// Counts rows of one day that come one after the other: the day and its hours, a bit each, that they
    /// are of, and how many there are. Their features are for [`DayCollector::numbers`] and
    /// [`DayCollector::categories`], if there is room for the day.
    pub fn add_rows(&mut self, spec: &Spec, (day, hours): (i32, u32), rows: u64) -> bool {
        if !self.open.contains_key(&day) && !self.open_day(spec, day) {
            return false;
        }
        let Some(open) = self.open.get_mut(&day) else {
            return false;
        };
        open.rows += rows;
        open.hours |= hours;
        true
    }

    /// Counts what rows of a day have of feature `f`, which is a number.
    pub fn numbers(&mut self, day: i32, f: usize, numbers: &Tally) {
        let open = self.open.get_mut(&day);
        if let Some(feature) = open.and_then(|o| o.features.get_mut(f)) {
            feature.missing += numbers.missing();
            numbers.add_to(&mut feature.cells, |to, n| *to = to.saturating_add(n));
        }
    }

    /// Counts what rows of a day have of feature `f`, the `i`th that is a category
    /// ([`zeek_anomaly_models::bins::column_key`]).
    pub fn categories(&mut self, day: i32, (i, f): (usize, usize), keys: &[u64]) {
        let open = self.open.get_mut(&day);
        if let Some(feature) = open.and_then(|o| o.features.get_mut(f)) {
            feature.categories(keys);
        }
        self.note_new(day, i, f, keys);
    }

    /// Keeps count of the rows whose category was on one day only: those of the `i`th feature that is a
    /// category, which is feature `f`.
    fn note_new(&mut self, day: i32, i: usize, f: usize, column: &[u64]) {
        for run in column.chunk_by(|a, b| a == b) {
            let (key, rows) = (run[0], run.len() as u64);
            if key == MISSING_CATEGORY {
                continue;
            }
            if self.first_seen.len() <= i {
                self.first_seen.resize_with(i + 1, FirstSeen::default);
            }
            if self.common.len() <= i {
                self.common.resize(i + 1, [MISSING_CATEGORY; COMMON]);
            }
            let common = &mut self.common[i][key as usize % COMMON];
            if *common == key {
                continue;
            }
            let remembered = &mut self.first_seen[i].0;
            let (change, of) = match remembered.get_mut(&key) {
                Some((SEVERAL, _)) => {
                    *common = key;
                    continue;
                }
                Some((first, n)) if *first == day => {
                    *n += rows;
                    (rows as i64, day)
                }
                Some((first, n)) => {
                    let change = (-(*n as i64), *first);
                    *first = SEVERAL;
                    change
                }
                None => {
                    // What does not fit is taken for new each time.
                    if remembered.len() < MAX_REMEMBERED {
                        remembered.insert(key, (day, rows));
                    }
                    (rows as i64, day)
                }
            };
            let new = match self.open.get_mut(&of) {
                Some(o) => o.features.get_mut(f).map(|x| &mut x.new),
                None => self
                    .done
                    .iter_mut()
                    .find(|p| p.days.contains(&of))
                    .and_then(|p| p.features.get_mut(f))
                    .map(|x| &mut x.new),
            };
            if let Some(new) = new {
                *new = new.saturating_add_signed(change);
            }
        }
    }

    /// Makes room for a day. False where there is none.
    pub(super) fn open_day(&mut self, spec: &Spec, day: i32) -> bool {
        if self.days.len() >= MAX_DAYS && !self.days.contains(&day) {
            return false;
        }
        self.days.insert(day);
        if self.open.len() >= MAX_PROFILES {
            let later = self.open.len() / 2;
            while self.open.len() > later
                && let Some((day, open)) = self.open.pop_first()
            {
                self.done.push(open.finish(day));
            }
            self.done = Baseline::new(std::mem::take(&mut self.done), spec).profiles;
        }
        let features = vec![OpenFeature::default(); spec.len()];
        self.open.insert(
            day,
            OpenDay {
                hours: 0,
                rows: 0,
                features,
            },
        );
        true
    }

    /// What the model keeps of it.
    pub fn finish(&self, spec: &Spec) -> Baseline {
        let open = self.open.iter().map(|(day, o)| o.finish(*day));
        Baseline::new(self.done.iter().cloned().chain(open).collect(), spec)
    }
}

impl OpenFeature {
    fn categories(&mut self, keys: &[u64]) {
        for run in keys.chunk_by(|a, b| a == b) {
            match run[0] {
                MISSING_CATEGORY => self.missing += run.len() as u64,
                key => self.category(key, run.len() as u64),
            }
        }
    }

    fn category(&mut self, key: u64, mut rows: u64) {
        while rows > 0 {
            if let Some(n) = self.categories.get_mut(&key) {
                *n += rows;
                return;
            }
            self.categories.insert(key, 1);
            rows -= 1;
            if self.categories.len() > MAX_COUNTED {
                // This one may be among them.
                self.forget_rarest();
            }
        }
    }

    fn forget_rarest(&mut self) {
        let mut counts: Vec<(u64, u64)> = self.categories.iter().map(|(k, n)| (*n, *k)).collect();
        counts.sort_unstable();
        for (_, key) in &counts[..counts.len() / 2] {
            self.categories.remove(key);
        }
    }
}

impl OpenDay {
    fn finish(&self, day: i32) -> Profile {
        let features = self.features.iter().map(|f| {
            let cells = f.cells.iter().enumerate().filter(|c| *c.1 > 0);
            let mut values: Vec<(u64, u64)> = f.categories.iter().map(|(k, n)| (*k, *n)).collect();
            if f.cells.is_empty() {
                keep_most_frequent(&mut values);
            } else {
                values = cells.map(|(k, n)| (k as u64, u64::from(*n))).collect();
            }
            FeatureProfile {
                missing: f.missing,
                new: f.new,
                values,
            }
        });
        Profile {
            days: vec![day],
            hours: self.hours,
            rows: self.rows,
            low: self.rows,
            high: self.rows,
            features: features.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_anomaly_base::time::{day_of, weekday};
    use zeek_anomaly_features::{Kind, logs};
    use zeek_anomaly_models::bins::column_key;

    impl DayCollector {
        /// Counts a row: its time and its features in their compact form.
        fn add(&mut self, spec: &Spec, ts: Option<f64>, bits: &[u64]) {
            let Some((day, hour)) = ts.and_then(day_of) else {
                return;
            };
            if !self.add_rows(spec, (day, 1 << hour), 1) {
                return;
            }
            let (mut tally, mut i) = (Tally::default(), 0);
            for (f, bits) in bits.iter().enumerate() {
                let key = [column_key(spec.kind(f), *bits)];
                if spec.kind(f).is_category() {
                    self.categories(day, (i, f), &key);
                    i += 1;
                } else {
                    tally.count(&key);
                    self.numbers(day, f, &tally);
                }
            }
        }
    }

    fn spec() -> Spec {
        Spec::Known(logs::by_name("dns").expect("dns has features"))
    }

    /// A row whose categories are all `n`, and whose numbers are all 1.
    fn row(spec: &Spec, n: u64) -> Vec<u64> {
        (0..spec.len())
            .map(|f| match spec.kind(f) {
                Kind::Category | Kind::Identity => n,
                _ => 1f64.to_bits(),
            })
            .collect()
    }

    #[test]
    fn years_of_days_stay_bounded_and_keep_their_weekdays() {
        let spec = spec();
        let mut c = DayCollector::default();
        for day in 0..1000 {
            c.add(&spec, Some(f64::from(day) * 86_400.0), &row(&spec, 5));
        }
        let b = c.finish(&spec);
        assert!(b.is_sound(&spec) && b.profiles.len() <= MAX_PROFILES);
        assert_eq!(b.profiles.iter().map(|p| p.rows).sum::<u64>(), 1000);
        for p in &b.profiles {
            let first = weekday(p.days[0]);
            assert!(p.days.iter().all(|d| weekday(*d) == first));
            assert_eq!((p.low, p.high), (1, 1));
        }
    }

    #[test]
    fn what_only_one_day_has_is_new_on_it_until_another_day_has_it_too() {
        let spec = spec();
        let mut c = DayCollector::default();
        let category = (0..spec.len())
            .find(|f| spec.kind(*f).is_category())
            .unwrap();
        let new = |c: &DayCollector| -> Vec<u64> {
            let b = c.finish(&spec);
            b.profiles
                .iter()
                .map(|p| p.features[category].new)
                .collect()
        };
        for (day, n) in [(0, 5), (0, 5), (0, 6), (1, 7)] {
            c.add(&spec, Some(f64::from(day) * 86_400.0), &row(&spec, n));
        }
        assert_eq!(new(&c), [3, 1]);
        c.add(&spec, Some(86_400.0), &row(&spec, 5));
        assert_eq!(new(&c), [1, 1]);
        c.add(&spec, None, &row(&spec, 5));
        c.add(&spec, Some(f64::NAN), &row(&spec, 5));
        c.add(&spec, Some(-1e300), &row(&spec, 5));
        assert_eq!(c.finish(&spec).profiles.len(), 2);
    }
}
