//! Counting: the values of a feature while training, and what a model keeps of them.

use crate::bins::{NUMBER_KEYS, key_of};
use crate::grid::LAST_CELL;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasherDefault, Hasher};
use zeek_anomaly_features::cell::Cell;
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
            Kind::Category => cell.category_bits(),
            _ => cell.number_bits(),
        };
        self.add_keyed(key_of(self.kind, bits), cell);
    }

    /// Counts one value whose key is known already ([`key_of`]).
    pub fn add_keyed(&mut self, key: Option<u64>, cell: &Cell<'_>) {
        if let Some(key) = self.count(key) {
            if self.texts.len() < MAX_TEXTS {
                self.texts.insert(key, shorten(&cell.display()).into());
            }
            self.stay_bounded();
        }
    }

    /// Counts one value in its compact form; of a category no text is kept.
    pub fn add_bits(&mut self, bits: u64) {
        if self.count(key_of(self.kind, bits)).is_some() {
            self.stay_bounded();
        }
    }

    /// Counts one value by its key; gives a category that is new.
    fn count(&mut self, key: Option<u64>) -> Option<u64> {
        self.rows += 1;
        let Some(key) = key else {
            self.missing += 1;
            return None;
        };
        if self.kind != Kind::Category {
            if self.cells.is_empty() {
                self.cells.resize(NUMBER_KEYS as usize, 0);
            }
            if let Some(n) = self.cells.get_mut(key as usize) {
                *n += 1;
            }
            return None;
        }
        let n = self.categories.entry(key).or_insert(0);
        *n += 1;
        (*n == 1).then_some(key)
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
    /// Whether a category was counted, by its hash.
    pub fn knows(&self, category: u64) -> bool {
        self.categories
            .binary_search_by_key(&category, |c| c.0)
            .is_ok()
    }

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
            && (self.rows == self.missing || (self.kind == Kind::Category) == self.cells.is_empty())
    }
}
