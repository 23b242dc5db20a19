//! What is usual for a feature.
//!
//! [`FeatureCounts`] counts a feature's values while training: exact counts of
//! categories, and for numbers a histogram on a fixed grid (so that two
//! models' counts can be added). [`Encoder`] is made of the counts and answers
//! what scoring asks: how surprising is this value?
//!
//! The surprise of a value is −ln p, where p is the probability to draw a value *at
//! least as rare as this one*, not the probability of the value itself: where
//! every value is new (URIs, query names), a new value is no surprise. The
//! probability of a value that was never seen is the Good-Turing estimate n₁/N,
//! from the number n₁ of values seen once (I. J. Good, "The population
//! frequencies of species", Biometrika 40, 1953).

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::hash::{BuildHasherDefault, Hasher};
use zeek_anomaly_features::cell::{Cell, MISSING_CATEGORY};
use zeek_anomaly_features::spec::{Kind, Unit};

/// Distinct categories counted for one feature; beyond it the rarest are forgotten.
pub const MAX_CATEGORIES: usize = 1 << 16;

/// Texts of categories that are remembered while training.
const MAX_TEXTS: usize = 4096;

/// Texts of categories that a model keeps, for explanations.
const KEPT_TEXTS: usize = 16;

/// The longest text that is kept of a category, in bytes.
const TEXT_BYTES: usize = 64;

/// Cells of the grid for each doubling of a magnitude. Coarse on purpose: with finer
/// cells the ordinary traffic of another day falls between those of this one.
fn cells_per_octave(unit: Unit) -> f64 {
    match unit {
        Unit::Seconds => 1.0,
        _ => 2.0,
    }
}

/// Cells of the grid for a step of 1 of a ratio.
const CELLS_PER_UNIT: f64 = 16.0;

/// The grid's last cell on either side of zero.
const LAST_CELL: i32 = 400;

/// Weights with which a cell's neighbours count towards its density: 4 for the cell
/// itself, then 2 and 1. Whole numbers keep densities exact.
const KERNEL: [u64; 3] = [4, 2, 1];

/// Outside of all that was seen, p halves with each this many cells: an octave
/// for most magnitudes, which is the tail of a Pareto distribution of index 1.
const TAIL_CELLS: f64 = 2.0;

/// How many times the span of all that was seen a value can lie outside and still get
/// rarer: where only one value was seen, any other is merely new.
const REACH_OF_SPAN: i32 = 4;

/// Cells beyond which a value outside of all that was seen gets no rarer.
const TAIL_END: i32 = 80;

/// The cell of a number on the grid.
fn cell_of(kind: Kind, v: f64) -> i32 {
    let c = match kind {
        Kind::Magnitude(unit) => transform(unit, v) * cells_per_octave(unit),
        Kind::Ratio => v * CELLS_PER_UNIT,
        Kind::Flag | Kind::Category => v,
    };
    // `as` saturates; NaN never gets here.
    (c.floor().clamp(-f64::from(LAST_CELL), f64::from(LAST_CELL))) as i32
}

/// A magnitude on its logarithmic scale, in octaves above its unit's step; odd, so
/// that negative numbers have their place too. A quotient is centred at one.
fn transform(unit: Unit, v: f64) -> f64 {
    let t = (1.0 + v.abs() / unit.step()).log2();
    if v < 0.0 { -t } else { t }
}

/// The number at the lower edge of a cell.
fn edge_of(kind: Kind, cell: i32) -> f64 {
    match kind {
        Kind::Magnitude(unit) => {
            let t = f64::from(cell) / cells_per_octave(unit);
            let v = (t.abs().exp2() - 1.0) * unit.step();
            if t < 0.0 { -v } else { v }
        }
        Kind::Ratio => f64::from(cell) / CELLS_PER_UNIT,
        Kind::Flag | Kind::Category => f64::from(cell),
    }
}

/// Whether a feature's values are whole numbers.
fn is_whole(kind: Kind) -> bool {
    matches!(kind, Kind::Magnitude(Unit::Count | Unit::Bytes))
}

/// The first value of a cell.
fn first_of(kind: Kind, cell: i32) -> f64 {
    let edge = edge_of(kind, cell);
    // An edge that is a whole number may have come out a hair above it.
    if is_whole(kind) {
        (edge - 1e-9).ceil() + 0.0
    } else {
        edge
    }
}

/// The last value of a cell.
fn last_of(kind: Kind, cell: i32) -> f64 {
    if is_whole(kind) {
        (first_of(kind, cell + 1) - 1.0).max(first_of(kind, cell))
    } else if cell == 0 {
        0.0
    } else {
        edge_of(kind, cell + 1)
    }
}

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

type HashOf<V> = HashMap<u64, V, BuildHasherDefault<IdentityHasher>>;

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
        self.rows += 1;
        if self.kind != Kind::Category {
            let v = f64::from_bits(cell.number_bits());
            if v.is_nan() {
                self.missing += 1;
            } else {
                if self.cells.is_empty() {
                    self.cells.resize(2 * LAST_CELL as usize + 1, 0);
                }
                self.cells[(cell_of(self.kind, v) + LAST_CELL) as usize] += 1;
            }
            return;
        }
        let key = cell.category_bits();
        if key == MISSING_CATEGORY {
            self.missing += 1;
            return;
        }
        let n = self.categories.entry(key).or_insert(0);
        *n += 1;
        if *n == 1 {
            if self.texts.len() < MAX_TEXTS {
                self.texts.insert(key, shorten(&cell.display()).into());
            }
            if self.categories.len() > MAX_CATEGORIES {
                self.forget_rarest();
            }
        }
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
        let mut categories: Vec<(u64, u64)> =
            self.categories.iter().map(|(k, c)| (*k, *c)).collect();
        categories.sort_unstable();
        let mut top: Vec<(u64, u64)> = categories.iter().map(|(k, c)| (*c, *k)).collect();
        top.sort_unstable_by(|a, b| b.cmp(a));
        let texts = top
            .iter()
            .filter_map(|(_, k)| Some((*k, self.texts.get(k)?.to_string())))
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
            forgotten_rows: self.forgotten_rows,
            forgotten: self.forgotten,
            texts,
        }
    }
}

fn shorten(s: &str) -> &str {
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
            && (self.rows == self.missing || (self.kind == Kind::Category) == self.cells.is_empty())
    }
}

/// Answers how surprising a feature's value is, how detectors see it, and what is usual.
#[derive(Clone, Debug)]
pub struct Encoder {
    counted: Counted,
    table: Table,
    /// Surprise of a missing value, and the same with that row itself left out.
    missing: (f64, f64),
    /// Mean surprise of the training rows.
    mean: f64,
}

#[derive(Clone, Debug)]
enum Table {
    /// Surprise (and the same with the row itself left out) of the cells from `first` on.
    Cells {
        first: i32,
        surprise: Vec<(f32, f32)>,
    },
    /// Surprise of the categories.
    Categories {
        surprise: HashOf<(f32, f32)>,
        unseen: f64,
    },
}

impl Encoder {
    /// Builds the tables. The counts must be sound ([`Counted::is_sound`]).
    pub fn new(counted: Counted) -> Encoder {
        if counted.kind == Kind::Category {
            Encoder::of_categories(counted)
        } else {
            Encoder::of_cells(counted)
        }
    }

    fn of_categories(counted: Counted) -> Encoder {
        // Missing is one more value. Forgotten ones were rare: each counts as seen once.
        let counts = counted
            .categories
            .iter()
            .map(|c| c.1)
            .chain([counted.missing]);
        let tail = Tail::new(
            counts.filter(|c| *c > 0).map(|c| (c, c)),
            counted.rows,
            counted.forgotten_rows,
        );
        let without = |c: u64| match c {
            0 | 1 => tail.surprise(0),
            c => tail.surprise_left_out(c),
        };
        let both = |c: u64| (tail.surprise(c) as f32, without(c) as f32);
        let mut surprise = HashOf::default();
        surprise.reserve(counted.categories.len());
        let mut sum = 0.0;
        for (k, c) in &counted.categories {
            let s = both(*c);
            sum += f64::from(s.1) * *c as f64;
            surprise.insert(*k, s);
        }
        let missing = match counted.missing {
            0 => (tail.surprise(0), tail.surprise(0)),
            m => (tail.surprise(m), without(m)),
        };
        sum +=
            missing.1 * counted.missing as f64 + tail.surprise(0) * counted.forgotten_rows as f64;
        Encoder {
            mean: sum / (counted.rows.max(1)) as f64,
            missing,
            table: Table::Categories {
                surprise,
                unseen: f64::from(tail.surprise(0) as f32),
            },
            counted,
        }
    }

    fn of_cells(counted: Counted) -> Encoder {
        let reach = if counted.kind == Kind::Flag {
            0
        } else {
            KERNEL.len() as i32 - 1
        };
        let (lo, hi) = match (counted.cells.first(), counted.cells.last()) {
            (Some(a), Some(b)) => (a.0, b.0),
            _ => (0, 0),
        };
        let first = lo - TAIL_END;
        let n = (hi - lo + 2 * TAIL_END + 1) as usize;
        let mut counts = vec![0u64; n];
        for (c, k) in &counted.cells {
            counts[(c - first) as usize] = *k;
        }
        let density: Vec<u64> = (0..n as i32)
            .map(|i| {
                (-reach..=reach)
                    .filter_map(|d| {
                        let c = *counts.get(usize::try_from(i + d).ok()?)?;
                        c.checked_mul(KERNEL[d.unsigned_abs() as usize])
                    })
                    .fold(0, u64::saturating_add)
            })
            .collect();
        let missing_density = counted.missing.saturating_mul(KERNEL[0]);
        let tail = Tail::new(
            density
                .iter()
                .zip(&counts)
                .map(|(d, c)| (*d, *c))
                .filter(|(_, c)| *c > 0)
                .chain((counted.missing > 0).then_some((missing_density, counted.missing))),
            counted.rows,
            0,
        );
        // How far the nearest other counted cell is.
        let distance = |i: i32| {
            (1..=TAIL_END)
                .find(|d| {
                    [i - d, i + d].into_iter().any(|j| {
                        usize::try_from(j)
                            .ok()
                            .and_then(|j| counts.get(j))
                            .is_some_and(|c| *c > 0)
                    })
                })
                .unwrap_or(TAIL_END)
        };
        let outside = |i: i32| {
            let beyond = f64::from((distance(i) - reach).clamp(0, REACH_OF_SPAN * (hi - lo)));
            tail.surprise(0) + beyond / TAIL_CELLS * std::f64::consts::LN_2
        };
        let mut sum = 0.0;
        let surprise: Vec<(f32, f32)> = (0..n as i32)
            .map(|i| {
                let (d, c) = (density[i as usize], counts[i as usize]);
                let with = if d == 0 { outside(i) } else { tail.surprise(d) };
                let without = match (c, d - KERNEL[0].min(d)) {
                    (0, _) => with,
                    (1, 0) => outside(i),
                    (1, of_others) => tail.surprise(of_others),
                    _ => tail.surprise_left_out(d),
                };
                sum += without * c as f64;
                (with as f32, without as f32)
            })
            .collect();
        let missing = match counted.missing {
            0 => (tail.surprise(0), tail.surprise(0)),
            1 => (tail.surprise(missing_density), tail.surprise(0)),
            _ => (
                tail.surprise(missing_density),
                tail.surprise_left_out(missing_density),
            ),
        };
        sum += missing.1 * counted.missing as f64;
        Encoder {
            mean: sum / counted.rows.max(1) as f64,
            missing,
            table: Table::Cells { first, surprise },
            counted,
        }
    }

    /// The counts.
    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// The feature's kind.
    pub fn kind(&self) -> Kind {
        self.counted.kind
    }

    /// The mean surprise of the rows it was trained on, each with itself left out.
    pub fn mean_surprise(&self) -> f64 {
        self.mean
    }

    /// −ln p of a value in its compact form. With `leave_out` the value is one
    /// that was counted, and is judged as if it had not been.
    pub fn surprise(&self, bits: u64, leave_out: bool) -> f64 {
        let pick = |(with, without): (f32, f32)| f64::from(if leave_out { without } else { with });
        match &self.table {
            Table::Categories { surprise, unseen } => {
                if bits == MISSING_CATEGORY {
                    return if leave_out {
                        self.missing.1
                    } else {
                        self.missing.0
                    };
                }
                surprise.get(&bits).map_or(*unseen, |s| pick(*s))
            }
            Table::Cells { first, surprise } => {
                let v = f64::from_bits(bits);
                if v.is_nan() {
                    return if leave_out {
                        self.missing.1
                    } else {
                        self.missing.0
                    };
                }
                let i = cell_of(self.counted.kind, v) - first;
                let i = i.clamp(0, surprise.len() as i32 - 1) as usize;
                pick(surprise[i])
            }
        }
    }

    /// The value as a coordinate: numbers on their scale, categories by their
    /// surprise; NaN where a number is missing.
    pub fn coordinate(&self, bits: u64, surprise: f64) -> f32 {
        match self.counted.kind {
            Kind::Category => surprise as f32,
            Kind::Magnitude(unit) => transform(unit, f64::from_bits(bits)) as f32,
            Kind::Ratio | Kind::Flag => f64::from_bits(bits) as f32,
        }
    }

    /// What is usual for the feature, in words.
    pub fn usual(&self) -> String {
        let c = &self.counted;
        if c.rows == 0 {
            return "nothing was seen".into();
        }
        match c.kind {
            Kind::Category => self.usual_categories(),
            Kind::Flag => {
                let ones: u64 = c.cells.iter().filter(|x| x.0 == 1).map(|x| x.1).sum();
                if 2 * ones > c.rows {
                    format!("yes in {}", percent(ones, c.rows))
                } else {
                    format!("no in {}", percent(c.rows - ones, c.rows))
                }
            }
            _ => {
                let present = c.rows - c.missing;
                if 2 * c.missing > c.rows {
                    return format!("none in {}", percent(c.missing, c.rows));
                }
                let quantile = |q: f64| {
                    let want = (q * present as f64).ceil().max(1.0) as u64;
                    let mut seen = 0;
                    c.cells
                        .iter()
                        .find(|x| {
                            seen += x.1;
                            seen >= want
                        })
                        .map_or(0, |x| x.0)
                };
                let (a, m, b) = (quantile(0.05), quantile(0.5), quantile(0.95));
                let (low, high) = (first_of(c.kind, a), last_of(c.kind, b));
                if low >= high {
                    return human(c.kind, low);
                }
                format!(
                    "{} to {}, half up to {}",
                    human(c.kind, low),
                    human(c.kind, high),
                    human(c.kind, last_of(c.kind, m))
                )
            }
        }
    }

    fn usual_categories(&self) -> String {
        let c = &self.counted;
        let distinct = c.categories.len() as u64 + c.forgotten;
        let mut parts: Vec<(u64, Cow<'_, str>)> = c
            .texts
            .iter()
            .filter_map(|(k, t)| {
                let i = c.categories.binary_search_by_key(k, |x| x.0).ok()?;
                Some((c.categories[i].1, Cow::Borrowed(t.as_str())))
            })
            .collect();
        if c.missing > 0 {
            parts.push((c.missing, Cow::Borrowed("(none)")));
        }
        parts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let common: Vec<String> = parts
            .iter()
            .filter(|p| p.0 * 50 >= c.rows)
            .take(3)
            .map(|(n, t)| format!("{t} {}", percent(*n, c.rows)))
            .collect();
        if common.is_empty() {
            format!("{distinct} values, none common")
        } else {
            common.join(", ")
        }
    }

    /// A value of the feature, in words; not escaped for a terminal.
    pub fn value(&self, cell: &Cell<'_>) -> String {
        match (self.counted.kind, cell) {
            (Kind::Flag, Cell::Num(v)) => if *v > 0.5 { "yes" } else { "no" }.into(),
            (Kind::Category, _) => shorten(&cell.display()).into(),
            (kind, Cell::Num(v)) => human(kind, *v),
            _ => shorten(&cell.display()).into(),
        }
    }
}

/// The probability to meet something at least as rare.
struct Tail {
    /// Densities, ascending, and the rows at most that dense.
    steps: Vec<(u64, u64)>,
    rows: f64,
    unseen: f64,
}

impl Tail {
    /// From the density and the rows of each value that was seen; `extra` rows
    /// more had values that are counted as seen once each.
    fn new(values: impl Iterator<Item = (u64, u64)>, rows: u64, extra: u64) -> Tail {
        let mut steps: Vec<(u64, u64)> = values.collect();
        steps.sort_unstable();
        let once = extra + steps.iter().filter(|s| s.1 == 1).count() as u64;
        let mut seen = extra;
        for s in &mut steps {
            seen += s.1;
            s.1 = seen;
        }
        let rows = rows as f64;
        Tail {
            steps,
            rows,
            unseen: (once as f64 + 1.0) / (rows + 2.0),
        }
    }

    /// −ln p for a value of this density; 0 for one that was not seen.
    fn surprise(&self, density: u64) -> f64 {
        self.of_rows(self.rows_up_to(density))
    }

    /// The same with one row of that density left out: a value that other rows
    /// have too keeps its place, with one row less.
    fn surprise_left_out(&self, density: u64) -> f64 {
        self.of_rows(self.rows_up_to(density) - 1.0)
    }

    fn rows_up_to(&self, density: u64) -> f64 {
        let below = self.steps.partition_point(|s| s.0 <= density);
        if below == 0 {
            0.0
        } else {
            self.steps[below - 1].1 as f64
        }
    }

    fn of_rows(&self, rows: f64) -> f64 {
        let p = self.unseen + (1.0 - self.unseen) * rows.max(0.0) / self.rows.max(1.0);
        0.0 - p.clamp(f64::MIN_POSITIVE, 1.0).ln()
    }
}

/// A share in per cent, with as many digits as it needs not to be 0 or 100.
fn percent(part: u64, whole: u64) -> String {
    let p = 100.0 * part as f64 / whole.max(1) as f64;
    if part == whole {
        "100 %".into()
    } else if !(0.05..=99.95).contains(&p) {
        format!("{p:.2} %")
    } else if !(10.0..=90.0).contains(&p) {
        format!("{p:.1} %")
    } else {
        format!("{p:.0} %")
    }
}

/// A number with its unit.
fn human(kind: Kind, v: f64) -> String {
    let plain = |v: f64| {
        if v == v.trunc() && v.abs() < 1e6 {
            format!("{v}")
        } else if v.abs() >= 1e6 {
            format!("{v:.3e}")
        } else {
            let digits = (2 - v.abs().log10().floor() as i32).clamp(0, 6) as usize;
            format!("{v:.digits$}")
        }
    };
    match kind {
        Kind::Magnitude(Unit::Bytes) => bytes(v, "B"),
        Kind::Magnitude(Unit::Rate) => bytes(v, "B/s"),
        Kind::Magnitude(Unit::Seconds) => seconds(v),
        _ => plain(v),
    }
}

fn bytes(v: f64, unit: &str) -> String {
    let (mut x, mut i) = (v, 0);
    const PREFIX: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    while x.abs() >= 1000.0 && i + 1 < PREFIX.len() {
        x /= 1000.0;
        i += 1;
    }
    let digits = if i == 0 || x.abs() >= 100.0 { 0 } else { 1 };
    format!("{x:.digits$} {}{unit}", PREFIX[i])
}

fn seconds(v: f64) -> String {
    match v.abs() {
        0.0 => "0 s".into(),
        x if x < 1e-3 => format!("{:.0} µs", v * 1e6),
        x if x < 1.0 => format!("{:.1} ms", v * 1e3),
        x if x < 600.0 => format!("{v:.1} s"),
        x if x < 36_000.0 => format!("{:.0} min", v / 60.0),
        x if x < 864_000.0 => format!("{:.1} h", v / 3600.0),
        _ => format!("{:.1} d", v / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories(values: &[&str]) -> Encoder {
        let mut c = FeatureCounts::new(Kind::Category);
        for v in values {
            c.add(&Cell::Text(v.as_bytes()));
        }
        let counted = c.finish();
        assert!(counted.is_sound());
        Encoder::new(counted)
    }

    fn surprise(e: &Encoder, v: &str) -> f64 {
        e.surprise(Cell::Text(v.as_bytes()).category_bits(), false)
    }

    #[test]
    fn a_new_value_is_a_surprise_only_where_values_repeat() {
        let repeating = categories(&["a"; 1000]);
        assert!(surprise(&repeating, "new") > 6.0);
        assert!(surprise(&repeating, "a") < 0.01);
        let names: Vec<String> = (0..1000).map(|i| format!("n{i}")).collect();
        let all_new = categories(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(surprise(&all_new, "another") < 0.01);
    }

    #[test]
    fn rarer_is_more_surprising_and_missing_is_a_value_of_its_own() {
        let mut v = vec!["common"; 900];
        v.extend(["rare"; 9]);
        v.push("once");
        let e = categories(&v);
        let s: Vec<f64> = ["common", "rare", "once", "new"]
            .iter()
            .map(|v| surprise(&e, v))
            .collect();
        assert!(s.windows(2).all(|w| w[0] < w[1]), "{s:?}");
        let once = Cell::Text(b"once").category_bits();
        assert_eq!(
            e.surprise(once, true),
            surprise(&e, "new"),
            "left out, it is new"
        );
        assert!(e.surprise(MISSING_CATEGORY, false) > 4.0);
    }

    #[test]
    fn leaving_a_common_value_out_hardly_changes_it() {
        let e = categories(&["a"; 1000]);
        let a = Cell::Text(b"a").category_bits();
        assert!(e.surprise(a, true) < 0.01 && e.mean_surprise() < 0.01);
        let mut c = FeatureCounts::new(Kind::Flag);
        for i in 0..1000 {
            c.add(&Cell::flag(i == 0));
        }
        let e = Encoder::new(c.finish());
        assert!(e.surprise(0f64.to_bits(), true) < 0.01 && e.mean_surprise() < 0.02);
        assert!(e.surprise(1f64.to_bits(), true) > 6.0);
    }

    #[test]
    fn farther_out_is_more_surprising_without_an_end_soon() {
        let mut c = FeatureCounts::new(Kind::Magnitude(Unit::Bytes));
        for i in 0..5000 {
            c.add(&Cell::Num(100.0 + f64::from(i % 400)));
        }
        c.add(&Cell::Missing);
        let e = Encoder::new(c.finish());
        let s = |v: f64| e.surprise(v.to_bits(), false);
        assert!(s(200.0) < 2.0);
        assert!(s(1e4) < s(1e5) && s(1e5) < s(1e7) && s(1e7) <= s(1e12));
        assert!(s(0.0) > s(300.0));
        assert!(e.surprise(f64::NAN.to_bits(), false) > 4.0);
        assert!(e.usual().contains(" B to "), "{}", e.usual());
    }

    #[test]
    fn more_categories_than_are_kept_stay_bounded_and_sound() {
        let mut c = FeatureCounts::new(Kind::Category);
        for i in 0..200_000u64 {
            c.add(&Cell::Code(i));
        }
        let counted = c.finish();
        assert!(counted.is_sound());
        assert!(counted.categories.len() <= MAX_CATEGORIES);
        let e = Encoder::new(counted);
        assert!(e.surprise(Cell::Code(1 << 40).category_bits(), false) < 0.1);
    }

    #[test]
    fn units_in_words() {
        assert_eq!(seconds(0.0421), "42.1 ms");
        assert_eq!(seconds(7200.0), "120 min");
        assert_eq!(bytes(23_456_789.0, "B"), "23.5 MB");
        assert_eq!(percent(1, 1000), "0.1 %");
        assert_eq!(human(Kind::Ratio, 0.123_456), "0.123");
    }
}
