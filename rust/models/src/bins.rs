//! A few coarse bins for each feature, made of what training counted, in which whole
//! days can be compared.

use crate::grid::{LAST_CELL, cell_of, first_of, last_of};
use crate::stats::Encoder;
use zeek_anomaly_features::cell::{Cell, MISSING_CATEGORY};
use zeek_anomaly_features::spec::Kind;

/// The most bins of a feature.
pub const MAX_BINS: usize = 16;

/// The bin of rows without a value.
pub const MISSING: usize = 0;

/// The bin of values that training has not seen: categories, and ranges of numbers.
pub const UNSEEN: usize = 1;

/// The bin of categories that training has seen but not often.
pub const OTHER: usize = 2;

/// Bins that every feature has.
const FIXED: usize = 3;

/// Ranges of numbers are made to have about this part of the rows.
const RANGES: u64 = 10;

/// Categories get a bin of their own from this part of the rows on.
const COMMON: u64 = 100;

/// Cells of the grid beside one that was seen that count as seen too.
const REACH: i32 = 1;

/// The keys of all numbers are below this.
pub const NUMBER_KEYS: u64 = 2 * LAST_CELL as u64 + 1;

/// What values are counted under: a category's hash, or a number's cell on the
/// grid, which is the same in every model. `None` where the value is missing.
pub fn key_of(kind: Kind, bits: u64) -> Option<u64> {
    if kind.is_category() {
        return (bits != MISSING_CATEGORY).then_some(bits);
    }
    let v = f64::from_bits(bits);
    // Never below 0: the grid ends at −LAST_CELL.
    (!v.is_nan()).then(|| (cell_of(kind, v) + LAST_CELL) as u64)
}

/// The same for a column of many values: a missing category is counted under [`MISSING_CATEGORY`], a
/// missing number under [`NUMBER_KEYS`].
pub fn column_key(kind: Kind, bits: u64) -> u64 {
    match kind {
        Kind::Category | Kind::Identity => bits,
        _ => key_of(kind, bits).unwrap_or(NUMBER_KEYS),
    }
}

/// The bins of one feature.
#[derive(Clone, Debug)]
pub struct Bins {
    kind: Kind,
    /// The bin of each number's key.
    cells: Vec<u8>,
    /// The bins of the categories that have one, by key.
    top: Vec<(u64, u8)>,
    labels: Vec<String>,
}

impl Bins {
    /// Bins for what training counted.
    pub fn new(encoder: &Encoder) -> Bins {
        let mut bins = Bins {
            kind: encoder.kind(),
            cells: Vec::new(),
            top: Vec::new(),
            labels: vec!["none".into(), "never seen".into(), "others".into()],
        };
        if bins.kind.is_category() {
            bins.categories(encoder);
        } else {
            bins.ranges(encoder);
        }
        bins
    }

    fn categories(&mut self, encoder: &Encoder) {
        let counted = encoder.counted();
        let mut order: Vec<(u64, u64)> = counted.categories.iter().map(|c| (c.1, c.0)).collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        for (n, key) in order.into_iter().take(MAX_BINS - FIXED) {
            if n * COMMON < counted.rows {
                break;
            }
            let text = counted.texts.iter().find(|t| t.0 == key);
            self.top.push((key, self.labels.len() as u8));
            self.labels
                .push(text.map_or_else(|| "(a value)".into(), |t| t.1.clone()));
        }
        self.top.sort_unstable();
    }

    fn ranges(&mut self, encoder: &Encoder) {
        let counted = encoder.counted();
        self.cells = vec![UNSEEN as u8; NUMBER_KEYS as usize];
        let want = ((counted.rows - counted.missing) / RANGES).max(1);
        let (mut from, mut sum) = (None, 0);
        for (i, (cell, n)) in counted.cells.iter().enumerate() {
            let a = *from.get_or_insert(*cell);
            sum += n;
            let bin = self.labels.len() as u8;
            // What lies next to a cell that was seen is no news.
            for c in (cell - REACH).max(-LAST_CELL)..=(cell + REACH).min(LAST_CELL) {
                let at = &mut self.cells[(c + LAST_CELL) as usize];
                if *at == UNSEEN as u8 || c == *cell {
                    *at = bin;
                }
            }
            if sum >= want || i + 1 == counted.cells.len() {
                let word = |v: f64| encoder.value(&Cell::Num(v));
                let (low, high) = (
                    word(first_of(self.kind, a)),
                    word(last_of(self.kind, *cell)),
                );
                self.labels.push(if low == high {
                    low
                } else {
                    format!("{low} to {high}")
                });
                (from, sum) = (None, 0);
            }
        }
    }

    /// The feature's kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many bins there are; at most [`MAX_BINS`].
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none, which never is.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The bin in words; not escaped for a terminal.
    pub fn label(&self, bin: usize) -> &str {
        self.labels.get(bin).map_or("", String::as_str)
    }

    /// The bin of a value in its compact form. `encoder` is what the bins were made of.
    pub fn bin_of(&self, encoder: &Encoder, bits: u64) -> usize {
        match key_of(self.kind, bits) {
            None => MISSING,
            Some(key) => match self.bin_of_key(key) {
                OTHER if !encoder.knows(key) => UNSEEN,
                bin => bin,
            },
        }
    }

    /// The bin of a key; categories that have none of their own are in [`OTHER`],
    /// whether training has seen them or not.
    pub fn bin_of_key(&self, key: u64) -> usize {
        if self.kind.is_category() {
            return match self.top.binary_search_by_key(&key, |t| t.0) {
                Ok(i) => usize::from(self.top[i].1),
                Err(_) => OTHER,
            };
        }
        let bin = usize::try_from(key).ok().and_then(|k| self.cells.get(k));
        bin.map_or(UNSEEN, |b| usize::from(*b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::FeatureCounts;
    use zeek_anomaly_features::spec::Unit;

    fn encoder(kind: Kind, cells: impl Iterator<Item = Cell<'static>>) -> Encoder {
        let mut c = FeatureCounts::new(kind);
        cells.for_each(|cell| c.add(&cell));
        Encoder::new(c.finish())
    }

    #[test]
    fn ranges_hold_about_a_tenth_each_and_what_is_far_outside_was_never_seen() {
        let kind = Kind::Magnitude(Unit::Bytes);
        let e = encoder(
            kind,
            (0..4000)
                .map(|i| Cell::Num(100.0 * 1.001f64.powi(i)))
                .chain([Cell::Missing]),
        );
        let bins = Bins::new(&e);
        assert!((8..=MAX_BINS).contains(&bins.len()), "{}", bins.len());
        let bin = |v: f64| bins.bin_of(&e, v.to_bits());
        assert!(bin(100.0) < bin(1000.0) && bin(1000.0) < bin(5000.0));
        assert_eq!(
            (bin(1e9), bin(0.0), bin(f64::NAN)),
            (UNSEEN, UNSEEN, MISSING)
        );
        assert!(bins.label(bin(100.0)).contains(" to "), "{}", bins.label(3));
    }

    #[test]
    fn common_categories_have_bins_and_new_ones_are_told_from_rare_ones() {
        let e = encoder(
            Kind::Category,
            (0..1000).map(|i| match i % 10 {
                0 => Cell::Code(10_000 + i),
                _ => Cell::Code(i % 3),
            }),
        );
        let bins = Bins::new(&e);
        let bin = |c: u64| bins.bin_of(&e, Cell::Code(c).category_bits());
        assert_eq!(bins.label(bin(1)), "1");
        assert_eq!((bin(10_010), bin(77_777)), (OTHER, UNSEEN));
        assert_eq!(bins.bin_of(&e, MISSING_CATEGORY), MISSING);
    }
}
