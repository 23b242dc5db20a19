//! A row as numbers for detectors that add, multiply and measure distances: PCA, KitNET,
//! one-class SVM.
//!
//! - A number is put on its scale (logarithmic where it spans orders of magnitude), less the
//!   median, by the spread of the middle of the training rows: the interquartile range over
//!   that of a normal distribution, so that a unit is about a standard deviation of
//!   ordinary values, and outliers in training do not stretch it.
//! - A category is one-hot: an input for each frequent value, one for all that were seen but
//!   not often, one for what training has not seen. A value that only the row itself
//!   has is unseen to a training row, so detectors meet such rows in training as often as they
//!   will later (the Good-Turing estimate).
//! - Missing is an input of its own, 1 where the value is missing. The number's own
//!   input then says nothing: 0, the median.
//!
//! All of it is made of the counts ([`crate::counts`]), so it costs a model file nothing.

use crate::bins::{self, Bins};
use crate::counts::Counted;
use crate::grid::{edge_of, transform};
use crate::stats::Encoder;
use zeek_anomaly_features::spec::{Kind, Unit};

/// The most inputs there can be: three for each feature, and frequent values.
pub const MAX_INPUTS: usize = 1024;

/// The least standard deviation that detectors take an input to have: that of a flag which one row
/// in a thousand has.
pub(crate) const LEAST_DEVIATION: f64 = 0.0316;

/// Inputs that frequent values share, so that wide logs stay cheap.
const ROOM: usize = 320;

/// Frequent values of one category that have an input.
const MOST_FREQUENT: usize = bins::MAX_BINS - 3;

/// No scaled number is farther out; beyond it nothing is to be learned of a row.
const FARTHEST: f64 = 100.0;

/// The interquartile range of a normal distribution, in standard deviations.
const NORMAL_IQR: f64 = 1.349;

/// Where the middle of the rows is one value, the spread is this part of what 98 % of
/// the rows span.
const OF_MOST: f64 = 0.1;

/// The least spread: of a magnitude a quarter of an octave, of a ratio as much as a cell of
/// the grid.
fn least_spread(kind: Kind) -> f64 {
    match kind {
        Kind::Magnitude(_) => 0.25,
        Kind::Ratio => 0.0625,
        Kind::Flag | Kind::Category | Kind::Identity => 1.0,
    }
}

/// How the inputs of one feature are made.
#[derive(Clone, Debug)]
enum Maker {
    /// Two: the scaled number, and whether it is missing.
    Number { centre: f64, spread: f64 },
    /// Missing, unseen, rare, then each frequent value.
    Category { bins: Bins, frequent: usize },
    /// None: who it is says nothing of how strange it is.
    Identity,
}

/// How the inputs of a log's rows are made.
#[derive(Clone, Debug)]
pub struct Inputs {
    makers: Vec<Maker>,
    /// The feature of each input.
    of: Vec<u16>,
}

/// Inputs of a category beside the frequent values.
const FIXED: usize = 3;

impl Inputs {
    /// For features whose counts are these.
    pub fn new(encoders: &[Encoder]) -> Inputs {
        let is_category = |e: &&Encoder| e.kind() == Kind::Category;
        let categories = encoders.iter().filter(is_category).count();
        let numbers = encoders.iter().filter(|e| !e.kind().is_category()).count();
        let fixed = FIXED * categories + 2 * numbers;
        let each = ROOM.saturating_sub(fixed) / categories.max(1);
        let makers: Vec<Maker> = (encoders.iter())
            .map(|e| match e.kind() {
                Kind::Category => {
                    let bins = Bins::new(e);
                    let frequent = (bins.len() - FIXED).min(each).min(MOST_FREQUENT);
                    Maker::Category { bins, frequent }
                }
                Kind::Identity => Maker::Identity,
                kind => {
                    let (centre, spread) = middle(kind, e.counted());
                    Maker::Number { centre, spread }
                }
            })
            .collect();
        let of = (0u16..)
            .zip(&makers)
            .flat_map(|(f, m)| std::iter::repeat_n(f, m.len()))
            .collect();
        Inputs { makers, of }
    }

    /// How many inputs there are.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The feature of each input, ascending.
    pub fn features(&self) -> &[u16] {
        &self.of
    }

    /// What an input says of its feature: empty for a number, or a category's value.
    pub fn meaning(&self, input: usize) -> &str {
        let Some(f) = self.of.get(input).map(|f| usize::from(*f)) else {
            return "";
        };
        let at = input - self.of.partition_point(|o| usize::from(*o) < f);
        match &self.makers[f] {
            Maker::Number { .. } if at == 0 => "",
            Maker::Number { .. } => "none",
            Maker::Identity => "",
            Maker::Category { bins, .. } => bins.label(at),
        }
    }

    /// Appends the inputs of a row in its compact form. `encoders` hold the counts that tell
    /// what was seen: those the inputs were made of, or what is left of them without
    /// some rows. With `leave_out` the row is one of those counted, and is taken as if it had not been.
    pub fn write(&self, encoders: &[Encoder], bits: &[u64], leave_out: bool, out: &mut Vec<f32>) {
        for ((maker, e), b) in self.makers.iter().zip(encoders).zip(bits) {
            match maker {
                Maker::Identity => {}
                Maker::Number { centre, spread } => {
                    let v = f64::from_bits(*b);
                    if v.is_nan() {
                        out.extend([0.0, 1.0]);
                    } else {
                        let scaled = (on_scale(e.kind(), v) - centre) / spread;
                        out.extend([scaled.clamp(-FARTHEST, FARTHEST) as f32, 0.0]);
                    }
                }
                Maker::Category { bins, frequent } => {
                    let start = out.len();
                    out.resize(start + FIXED + frequent, 0.0);
                    let mut bin = match bins::key_of(Kind::Category, *b) {
                        None => bins::MISSING,
                        Some(key) => bins.bin_of_key(key),
                    };
                    if bin >= FIXED + frequent {
                        bin = bins::OTHER;
                    }
                    if bin >= bins::OTHER && !e.has_seen(*b, leave_out) {
                        bin = bins::UNSEEN;
                    }
                    out[start + bin] = 1.0;
                }
            }
        }
    }
}

impl Maker {
    fn len(&self) -> usize {
        match self {
            Maker::Number { .. } => 2,
            Maker::Identity => 0,
            Maker::Category { frequent, .. } => FIXED + frequent,
        }
    }
}

/// A number where distances mean something.
fn on_scale(kind: Kind, v: f64) -> f64 {
    match kind {
        Kind::Magnitude(unit) => transform(unit, v),
        Kind::Ratio | Kind::Flag | Kind::Category | Kind::Identity => v,
    }
}

/// The median and the spread of a feature's numbers, on their scale.
fn middle(kind: Kind, counted: &Counted) -> (f64, f64) {
    if kind == Kind::Flag {
        return (0.0, 1.0);
    }
    let of = |share: f64| quantile(kind, counted, share);
    let iqr = (of(0.75) - of(0.25)) / NORMAL_IQR;
    let most = (of(0.99) - of(0.01)) * OF_MOST;
    (of(0.5), iqr.max(most).max(least_spread(kind)))
}

/// A quantile of what was counted, evenly spread inside a cell.
fn quantile(kind: Kind, counted: &Counted, share: f64) -> f64 {
    let rows: u64 = counted.cells.iter().map(|c| c.1).sum();
    let want = share * rows as f64;
    let mut below = 0.0;
    for (cell, n) in &counted.cells {
        let n = *n as f64;
        if below + n >= want {
            let (low, high) = (edge_of(kind, *cell), edge_of(kind, cell + 1));
            let (low, high) = (on_scale(kind, low), on_scale(kind, high));
            // A count of one value lies at its cell's lower edge: 0 is 0.
            let part = if is_point(kind, *cell) {
                0.0
            } else {
                (want - below) / n
            };
            return low + part * (high - low);
        }
        below += n;
    }
    0.0
}

/// Whether a cell holds a single value: the zero of things that are counted.
fn is_point(kind: Kind, cell: i32) -> bool {
    cell == 0
        && matches!(
            kind,
            Kind::Magnitude(Unit::Count | Unit::Bytes | Unit::Excess)
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::FeatureCounts;
    use zeek_anomaly_features::cell::{Cell, MISSING_CATEGORY};

    fn encoder(kind: Kind, cells: impl Iterator<Item = Cell<'static>>) -> Encoder {
        let mut c = FeatureCounts::new(kind);
        cells.for_each(|cell| c.add(&cell));
        Encoder::new(c.finish())
    }

    fn written(inputs: &Inputs, encoders: &[Encoder], bits: u64, leave_out: bool) -> Vec<f32> {
        let mut out = Vec::new();
        inputs.write(encoders, &[bits], leave_out, &mut out);
        assert_eq!(out.len(), inputs.len());
        out
    }

    #[test]
    fn numbers_are_scaled_by_the_middle_and_outliers_do_not_stretch_it() {
        let kind = Kind::Magnitude(Unit::Bytes);
        let ordinary = || (0..1000).map(|i| Cell::Num(1000.0 * 1.002f64.powi(i % 500)));
        let alone = [encoder(kind, ordinary())];
        let with = [encoder(
            kind,
            ordinary().chain((0..9).map(|_| Cell::Num(1e15))),
        )];
        let (a, b) = (Inputs::new(&alone), Inputs::new(&with));
        for v in [0.0f64, 1500.0, 1e6] {
            let x = written(&a, &alone, v.to_bits(), false);
            let y = written(&b, &with, v.to_bits(), false);
            assert!(
                (x[0] - y[0]).abs() < 0.1 * x[0].abs().max(1.0),
                "{x:?} {y:?}"
            );
        }
        let median = written(&a, &alone, 1650f64.to_bits(), false);
        assert!(median[0].abs() < 0.3, "{median:?}");
        let far = written(&a, &alone, f64::MAX.to_bits(), false);
        assert!((50.0..=100.0).contains(&far[0]), "{far:?}");
    }

    #[test]
    fn missing_is_no_zero() {
        let kind = Kind::Magnitude(Unit::Count);
        let e = [encoder(kind, (0..100).map(|i| Cell::Num(f64::from(i % 3))))];
        let inputs = Inputs::new(&e);
        let zero = written(&inputs, &e, 0f64.to_bits(), false);
        let missing = written(&inputs, &e, f64::NAN.to_bits(), false);
        assert_eq!(missing, [0.0, 1.0]);
        assert!(zero[0] != 0.0 && zero[1] == 0.0, "{zero:?}");
        let c = [encoder(Kind::Category, (0..100).map(|i| Cell::Code(i % 2)))];
        let inputs = Inputs::new(&c);
        assert_eq!(
            written(&inputs, &c, MISSING_CATEGORY, false)[bins::MISSING],
            1.0
        );
    }

    #[test]
    fn categories_are_frequent_rare_or_unseen_and_what_only_a_row_has_it_has_not_seen() {
        let e = [encoder(
            Kind::Category,
            (0..1000).map(|i| match i {
                0..5 => Cell::Code(500),
                5 => Cell::Code(501),
                _ => Cell::Code(i % 2),
            }),
        )];
        let inputs = Inputs::new(&e);
        let place = |code: u64, leave_out: bool| {
            let x = written(&inputs, &e, Cell::Code(code).category_bits(), leave_out);
            assert_eq!(x.iter().sum::<f32>(), 1.0);
            x.iter().position(|v| *v == 1.0).unwrap_or(99)
        };
        assert!(place(0, false) >= FIXED && place(1, false) >= FIXED);
        assert_ne!(place(0, false), place(1, false));
        assert_eq!(
            (place(500, false), place(500, true)),
            (bins::OTHER, bins::OTHER)
        );
        assert_eq!(
            (place(501, false), place(501, true)),
            (bins::OTHER, bins::UNSEEN)
        );
        assert_eq!(place(777, false), bins::UNSEEN);
        assert_eq!(inputs.meaning(bins::UNSEEN), "never seen");
    }

    #[test]
    fn a_wide_log_stays_within_the_bounds() {
        let e: Vec<Encoder> = (0..256)
            .map(|_| encoder(Kind::Category, (0..100).map(|i| Cell::Code(i % 10))))
            .collect();
        assert!(Inputs::new(&e).len() <= MAX_INPUTS);
        assert!(Inputs::new(&[]).is_empty());
    }
}
