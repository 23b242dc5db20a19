//! Counting: the values of a feature while training, and what a model keeps of them.

use crate::bins::{NUMBER_KEYS, column_key};
use crate::grid::LAST_CELL;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use zeek_anomaly_features::cell::{Cell, MISSING_CATEGORY};
use zeek_anomaly_features::spec::Kind;

/// Distinct categories that a model keeps of one feature; beyond it the rarest are forgotten.
pub const MAX_CATEGORIES: usize = 1 << 16;

/// Distinct categories that are counted at once; counts are kept by blocks of time, of
/// which there are several.
const MAX_COUNTED: usize = MAX_CATEGORIES / 4;

/// Texts of categories that are remembered while training.
const MAX_TEXTS: usize = 4096;

/// Texts of categories that a model keeps, for explanations.
const KEPT_TEXTS: usize = 16;

/// The longest text that is kept of a category, in bytes.
const TEXT_BYTES: usize = 64;

/// A hasher for keys that are hashes already.
#[derive(Clone, Default)]
pub struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(b);
        }
    }
    fn write_u64(&mut self, v: u64) {
        self.0 = v;
    }
}

/// A map whose keys are hashes already.
pub type HashOf<V> = HashMap<u64, V, BuildHasherDefault<IdentityHasher>>;

/// How often each cell of the grid is in a column of numbers: counted once for all that want to know.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The cells' counts; all are 0 but those that `range` has.
    cells: Vec<u32>,
    range: Range<usize>,
    missing: u64,
}

impl Tally {
    /// Counts a column of at most 2³² − 1 rows by what each value is counted under ([`column_key`]).
    pub fn count(&mut self, keys: &[u64]) {
        if let Some(old) = self.cells.get_mut(self.range.clone()) {
            old.fill(0);
        }
        (self.range, self.missing) = (0..0, 0);
        self.cells.resize(NUMBER_KEYS as usize, 0);
        let Some((first, others)) = keys.split_first() else {
            return;
        };
        // Many columns say the same in all rows.
        if others.iter().all(|k| k == first) {
            match self.cells.get_mut(*first as usize) {
                Some(n) => {
                    *n = keys.len() as u32;
                    self.range = *first as usize..*first as usize + 1;
                }
                None => self.missing = keys.len() as u64,
            }
            return;
        }
        let (mut from, mut to) = (self.cells.len(), 0);
        for key in keys {
            let key = *key as usize;
            match self.cells.get_mut(key) {
                Some(n) => {
                    *n += 1;
                    (from, to) = (from.min(key), to.max(key + 1));
                }
                None => self.missing += 1,
            }
        }
        self.range = from.min(to)..to;
    }

    /// Rows without a number.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Adds the counts to those of all cells, which there are none of as long as there was no number.
    pub fn add_to<N: Copy + Default>(&self, cells: &mut Vec<N>, add: impl Fn(&mut N, u32)) {
        if self.range.is_empty() {
            return;
        }
        cells.resize(NUMBER_KEYS as usize, N::default());
        let own = self.cells.iter().skip(self.range.start);
        let to = cells.iter_mut().skip(self.range.start);
        to.zip(own)
            .take(self.range.len())
            .for_each(|(to, n)| add(to, *n));
    }
}

/// Counts the values of one feature.
#[derive(Clone, Debug)]
pub struct FeatureCounts {
    kind: Kind,
    rows: u64,
    missing: u64,
    /// Counts of the grid's cells from −[`LAST_CELL`] on; empty until the first number.
    cells: Vec<u64>,
    categories: HashOf<u64>,
    /// Rows whose category was forgotten, and how many categories those were.
    forgotten_rows: u64,
    forgotten: u64,
    texts: HashOf<Box<str>>,
}

impl FeatureCounts {
    /// Nothing counted yet.
    pub fn new(kind: Kind) -> FeatureCounts {
        FeatureCounts {
            kind,
            rows: 0,
            missing: 0,
            cells: Vec::new(),
            categories: HashOf::default(),
            forgotten_rows: 0,
            forgotten: 0,
            texts: HashOf::default(),
        }
    }

    /// Counts one value.
    pub fn add(&mut self, cell: &Cell<'_>) {
        let bits = match self.kind {
            Kind::Category | Kind::Identity => cell.category_bits(),
            _ => cell.number_bits(),
        };
        let key = column_key(self.kind, bits);
        match self.kind {
            Kind::Category | Kind::Identity => self.add_column(&[key], |_| *cell),
            _ => self.add_number(key),
        }
    }

    /// Counts the categories of many rows, one after the other, by what each is counted under
    /// ([`column_key`]). `cell` gives the category at a place among them, for its text.
    pub fn add_column<'c>(&mut self, keys: &[u64], cell: impl Fn(usize) -> Cell<'c>) {
        self.rows += keys.len() as u64;
        let mut at = 0;
        // Often the next rows have the same.
        for run in keys.chunk_by(|a, b| a == b) {
            self.add_category(run[0], run.len() as u64, || cell(at));
            at += run.len();
        }
    }

    /// Counts the numbers of so many rows.
    pub fn add_numbers(&mut self, numbers: &Tally, rows: u64) {
        self.rows += rows;
        self.missing += numbers.missing;
        numbers.add_to(&mut self.cells, |to, n| *to += u64::from(n));
    }

    fn add_number(&mut self, key: u64) {
        self.rows += 1;
        if key >= NUMBER_KEYS {
            self.missing += 1;
            return;
        }
        self.cells.resize(NUMBER_KEYS as usize, 0);
        if let Some(n) = self.cells.get_mut(key as usize) {
            *n += 1;
        }
    }

    fn add_category<'c>(&mut self, key: u64, mut rows: u64, cell: impl Fn() -> Cell<'c>) {
        if key == MISSING_CATEGORY {
            self.missing += rows;
            return;
        }
        while rows > 0 {
            if let Some(n) = self.categories.get_mut(&key) {
                *n += rows;
                return;
            }
            self.categories.insert(key, 1);
            if self.texts.len() < MAX_TEXTS {
                self.texts.insert(key, shorten(&cell().display()).into());
            }
            // This one may be among those that are forgotten.
            self.stay_bounded();
            rows -= 1;
        }
    }

    /// Counts one value by what it is counted under ([`column_key`]); of a category no text is kept.
    pub fn add_key(&mut self, key: u64) {
        if !self.kind.is_category() {
            self.add_number(key);
            return;
        }
        self.rows += 1;
        if key == MISSING_CATEGORY {
            self.missing += 1;
            return;
        }
        let n = self.categories.entry(key).or_insert(0);
        *n += 1;
        if *n == 1 {
            self.stay_bounded();
        }
    }

    /// The feature's kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    fn stay_bounded(&mut self) {
        if self.categories.len() > MAX_COUNTED {
            self.forget_rarest();
        }
    }

    /// The text of a category, if it was kept.
    pub fn text(&self, category: u64) -> Option<&str> {
        self.texts.get(&category).map(AsRef::as_ref)
    }

    /// Rows counted.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds what `other` counted of the same feature. Nothing is forgotten: the sum of a few
    /// may be larger than one can get by itself.
    pub fn merge(&mut self, other: &FeatureCounts) {
        self.rows += other.rows;
        self.missing += other.missing;
        if self.cells.is_empty() {
            self.cells.clone_from(&other.cells);
        } else {
            self.cells
                .iter_mut()
                .zip(&other.cells)
                .for_each(|(a, b)| *a += b);
        }
        for (k, c) in &other.categories {
            *self.categories.entry(*k).or_insert(0) += c;
        }
        self.forgotten_rows += other.forgotten_rows;
        self.forgotten += other.forgotten;
        for (k, t) in &other.texts {
            if self.texts.len() >= MAX_TEXTS {
                break;
            }
            self.texts.entry(*k).or_insert_with(|| t.clone());
        }
    }

    /// What is left without `part`, which was merged into this. Texts are left out: what is
    /// left is to be judged by, not to be shown.
    pub fn without(&self, part: &FeatureCounts) -> FeatureCounts {
        let mut cells = self.cells.clone();
        cells
            .iter_mut()
            .zip(&part.cells)
            .for_each(|(a, b)| *a -= (*b).min(*a));
        let left = |(k, c): (&u64, &u64)| {
            let part = part.categories.get(k).copied().unwrap_or(0);
            (*c > part).then_some((*k, c - part.min(*c)))
        };
        FeatureCounts {
            kind: self.kind,
            rows: self.rows - part.rows.min(self.rows),
            missing: self.missing - part.missing.min(self.missing),
            cells,
            categories: self.categories.iter().filter_map(left).collect(),
            forgotten_rows: self.forgotten_rows - part.forgotten_rows.min(self.forgotten_rows),
            forgotten: self.forgotten - part.forgotten.min(self.forgotten),
            texts: HashOf::default(),
        }
    }

    /// Goes on from what a model kept of counts, with texts of the caller's, who may have kept
    /// more of them.
    pub fn resume(counted: &Counted, texts: &[(u64, String)]) -> FeatureCounts {
        let mut cells = Vec::new();
        for (cell, n) in &counted.cells {
            cells.resize(2 * LAST_CELL as usize + 1, 0);
            cells[(cell.clamp(&-LAST_CELL, &LAST_CELL) + LAST_CELL) as usize] = *n;
        }
        FeatureCounts {
            kind: counted.kind,
            rows: counted.rows,
            missing: counted.missing,
            cells,
            categories: counted.categories.iter().copied().collect(),
            forgotten_rows: counted.forgotten_rows,
            forgotten: counted.forgotten,
            texts: (texts.iter().take(MAX_TEXTS))
                .map(|(k, t)| (*k, shorten(t).into()))
                .collect(),
        }
    }

    /// The texts of the most frequent categories, most frequent first.
    pub fn top_texts(&self, most: usize) -> Vec<(u64, String)> {
        let mut top: Vec<(u64, u64)> = self.categories.iter().map(|(k, c)| (*c, *k)).collect();
        top.sort_unstable_by(|a, b| b.cmp(a));
        top.iter()
            .filter_map(|(_, k)| Some((*k, self.texts.get(k)?.to_string())))
            .take(most)
            .collect()
    }

    /// Forgets the rarest half of the categories; what they counted stays counted as
    /// values that were seen and are new again.
    fn forget_rarest(&mut self) {
        let mut counts: Vec<(u64, u64)> = self.categories.iter().map(|(k, c)| (*c, *k)).collect();
        counts.sort_unstable();
        for (c, k) in &counts[..counts.len() / 2] {
            self.categories.remove(k);
            self.texts.remove(k);
            self.forgotten_rows += c;
            self.forgotten += 1;
        }
    }

    /// The counts in the form that a model file holds.
    pub fn finish(&self) -> Counted {
        self.finish_up_to(MAX_CATEGORIES, |k| self.text(k))
    }

    /// The same with at most so many categories, whose texts `text` gives.
    pub fn finish_up_to<'t>(&self, most: usize, text: impl Fn(u64) -> Option<&'t str>) -> Counted {
        let mut top: Vec<(u64, u64)> = self.categories.iter().map(|(k, c)| (*c, *k)).collect();
        top.sort_unstable_by(|a, b| b.cmp(a));
        let rarest = top.split_off(top.len().min(most));
        let mut categories: Vec<(u64, u64)> = top.iter().map(|(c, k)| (*k, *c)).collect();
        categories.sort_unstable();
        let texts = top
            .iter()
            .filter_map(|(_, k)| Some((*k, text(*k)?.to_owned())))
            .take(KEPT_TEXTS)
            .collect();
        Counted {
            kind: self.kind,
            rows: self.rows,
            missing: self.missing,
            cells: (-LAST_CELL..)
                .zip(&self.cells)
                .filter(|(_, c)| **c > 0)
                .map(|(k, c)| (k, *c))
                .collect(),
            categories,
            forgotten_rows: self.forgotten_rows + rarest.iter().map(|c| c.0).sum::<u64>(),
            forgotten: self.forgotten + rarest.len() as u64,
            texts,
        }
    }
}

pub(crate) fn shorten(s: &str) -> &str {
    if s.len() <= TEXT_BYTES {
        return s;
    }
    let mut end = TEXT_BYTES;
    while !s.is_char_boundary(end) {
        end -= 1;
    }
    &s[..end]
}

/// A feature's counts as a model file holds them: sorted, so that the same input gives
/// the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// The feature's kind.
    pub kind: Kind,
    /// Rows counted.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Numbers: cells of the grid and their counts, by cell.
    pub cells: Vec<(i32, u64)>,
    /// Categories: hashes and their counts, by hash.
    pub categories: Vec<(u64, u64)>,
    /// Rows of categories that were forgotten.
    pub forgotten_rows: u64,
    /// Categories that were forgotten.
    pub forgotten: u64,
    /// The texts of the most frequent categories, most frequent first.
    pub texts: Vec<(u64, String)>,
}

impl Counted {
    /// Whether a file's counts make sense: sums that fit, sorted, cells on the grid.
    pub fn is_sound(&self) -> bool {
        fn sum<K>(counts: &[(K, u64)]) -> Option<u64> {
            counts.iter().try_fold(
                0u64,
                |a, c| if c.1 == 0 { None } else { a.checked_add(c.1) },
            )
        }
        let (Some(cells), Some(cats)) = (sum(&self.cells), sum(&self.categories)) else {
            return false;
        };
        let total = [cells, cats, self.missing, self.forgotten_rows]
            .iter()
            .try_fold(0u64, |a, c| a.checked_add(*c));
        total == Some(self.rows)
            && self.rows < 1 << 53
            && self.forgotten <= self.forgotten_rows
            && self.cells.windows(2).all(|w| w[0].0 < w[1].0)
            && self.cells.iter().all(|c| c.0.abs() <= LAST_CELL)
            && self.categories.windows(2).all(|w| w[0].0 < w[1].0)
            && self.categories.len() <= MAX_CATEGORIES + 1
            && self.texts.len() <= KEPT_TEXTS
            && self.texts.iter().all(|t| t.1.len() <= TEXT_BYTES)
            && (self.rows == self.missing || self.kind.is_category() == self.cells.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_anomaly_features::spec::Unit;

    #[test]
    fn a_column_counts_as_its_values_do_one_by_one() {
        // More categories than are counted at once, in runs of one to three.
        let values: Vec<u64> = (0..60_000u64).map(|i| (i + i / 3 % 2) / 2).collect();
        for kind in [Kind::Category, Kind::Magnitude(Unit::Count)] {
            let cell = |at: usize| match values[at] {
                v if v % 11 == 0 => Cell::Missing,
                v if kind == Kind::Category => Cell::Code(v),
                v => Cell::Num(v as f64),
            };
            let bits = |c: Cell<'_>| match kind {
                Kind::Category => c.category_bits(),
                _ => c.number_bits(),
            };
            let (mut single, mut whole) = (FeatureCounts::new(kind), FeatureCounts::new(kind));
            (0..values.len()).for_each(|at| single.add(&cell(at)));
            let keys: Vec<u64> = (0..values.len())
                .map(|at| column_key(kind, bits(cell(at))))
                .collect();
            match kind {
                Kind::Category => whole.add_column(&keys, cell),
                _ => {
                    let mut tally = Tally::default();
                    let (same, parts) = ([keys[1]; 3], keys.split_at(7).1);
                    // In between what it was used for before.
                    for part in [&same[..], &keys[..7], parts] {
                        tally.count(part);
                        whole.add_numbers(&tally, part.len() as u64);
                    }
                    same.iter().for_each(|k| single.add_key(*k));
                }
            }
            assert_eq!(whole.finish(), single.finish());
            assert!(whole.rows() >= 60_000 && whole.finish().missing > 5000);
            assert!(kind != Kind::Category || whole.finish().forgotten > 0);
        }
    }
}
