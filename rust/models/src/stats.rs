//! What is usual for a feature.
//!
//! [`crate::counts`] counts a feature's values while training: exact counts of
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

use crate::bins::{NUMBER_KEYS, column_key};
use crate::counts::{Counted, HashOf};
use crate::detector::surprise_of;
use crate::grid::{CELLS_PER_UNIT, LAST_CELL, first_of, last_of, scaled};
use zeek_anomaly_features::cell::MISSING_CATEGORY;
use zeek_anomaly_features::spec::{Kind, Unit};

/// Weights with which a cell's neighbours count towards its density: 4 for the cell
/// itself, then 2 and 1. Whole numbers keep densities exact.
const KERNEL: [u64; 3] = [4, 2, 1];

/// Outside of all that was seen, p halves with each this many cells: an octave
/// for most magnitudes, which is the tail of a Pareto distribution of index 1; for a ratio a
/// step of 1.
fn tail_cells(kind: Kind) -> f64 {
    match kind {
        Kind::Ratio => CELLS_PER_UNIT,
        _ => 2.0,
    }
}

/// Of what only much is strange, what one row in so many exceeds is no excess.
const USUAL_EXCESS: f64 = 20.0;

/// In bytes: in any network about one connection in x/1500 carries x or more, whatever one day of one
/// host says of it. Sizes of transfers have a Pareto tail of index 1 or little more (M. E. Crovella, A.
/// Bestavros, "Self-similarity in World Wide Web traffic: evidence and possible causes", IEEE/ACM
/// Transactions on Networking 5, 1997), and most fit into a packet.
const ORDINARY_EXCESS: f64 = 1500.0;

/// How many times the span of all that was seen a value can lie outside and still get
/// rarer: where only one value was seen, any other is merely new.
const REACH_OF_SPAN: i32 = 4;

/// Cells beyond which a value outside of all that was seen gets no rarer.
const TAIL_END: i32 = 80;

/// Answers how surprising a feature's value is, how detectors see it, and what is usual.
#[derive(Clone, Debug)]
pub struct Encoder {
    counted: Counted,
    table: Table,
    /// p of a missing value, and the same with that row itself left out.
    missing: (f32, f32),
    /// Mean surprise of the training rows.
    mean: f64,
}

#[derive(Clone, Debug)]
enum Table {
    /// p of the cells from `first` on, and the same with the row itself left out. Beyond either
    /// end it is as at the end.
    Cells {
        first: i32,
        with: Box<[f32]>,
        without: Box<[f32]>,
    },
    /// p of the categories.
    Categories { p: HashOf<(f32, f32)>, unseen: f32 },
}

impl Encoder {
    /// Builds the tables. The counts must be sound ([`Counted::is_sound`]).
    pub fn new(counted: Counted) -> Encoder {
        Encoder::grown(counted, 1.0)
    }

    /// Builds the tables as if there were `times` as many rows, with nothing new among them: by counts of which a part was left out,
    /// a value that none of them has is as strange as it will be to the whole. Where values
    /// repeat, −ln p of a new one grows as ln n does.
    pub fn grown(counted: Counted, times: f64) -> Encoder {
        if counted.kind.is_category() {
            Encoder::of_categories(counted, times)
        } else {
            Encoder::of_cells(counted, times)
        }
    }

    fn of_categories(counted: Counted, times: f64) -> Encoder {
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
            times,
        );
        let without = |c: u64| match c {
            0 | 1 => tail.surprise(0),
            c => tail.surprise_left_out(c),
        };
        let judged = counted.kind != Kind::Identity;
        let both = |c: u64| match judged {
            true => (p_of(tail.surprise(c)), p_of(without(c))),
            false => (1.0, 1.0),
        };
        let mut p = HashOf::default();
        p.reserve(counted.categories.len());
        let mut sum = 0.0;
        for (k, c) in &counted.categories {
            sum += without(*c) * *c as f64;
            p.insert(*k, both(*c));
        }
        sum += without(counted.missing) * counted.missing as f64
            + tail.surprise(0) * counted.forgotten_rows as f64;
        Encoder {
            mean: if judged {
                sum / (counted.rows.max(1)) as f64
            } else {
                0.0
            },
            missing: both(counted.missing),
            table: Table::Categories {
                p,
                unseen: both(0).0,
            },
            counted,
        }
    }

    fn of_cells(counted: Counted, times: f64) -> Encoder {
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
        let one_sided = counted.kind == Kind::Magnitude(Unit::Excess);
        let density: Vec<u64> = if one_sided {
            // Only much is strange: what counts is how many rows have at least as much.
            let mut above = 0;
            let mut from_top: Vec<u64> = (counts.iter().rev())
                .map(|c| {
                    above += c;
                    above
                })
                .collect();
            from_top.reverse();
            from_top
        } else {
            (0..n as i32)
                .map(|i| {
                    (-reach..=reach)
                        .filter_map(|d| {
                            let c = *counts.get(usize::try_from(i + d).ok()?)?;
                            c.checked_mul(KERNEL[d.unsigned_abs() as usize])
                        })
                        .fold(0, u64::saturating_add)
                })
                .collect()
        };
        let missing_density = match one_sided {
            true => counted.rows,
            false => counted.missing.saturating_mul(KERNEL[0]),
        };
        let mut tail = Tail::new(
            density
                .iter()
                .zip(&counts)
                .map(|(d, c)| (*d, *c))
                .filter(|(_, c)| *c > 0)
                .chain((counted.missing > 0).then_some((missing_density, counted.missing))),
            counted.rows,
            0,
            times,
        );
        if one_sided {
            // The chance that the next of n + 1 is the largest.
            tail.unseen = 1.0 / (counted.rows as f64 * times + 2.0);
        }
        // What is left of a surprise in a cell: of much that is rare here only what is rare anywhere.
        let counts_for = |s: f64, i: usize| match one_sided {
            true => {
                let edge = |i: usize| first_of(counted.kind, first + i as i32).max(1.0).ln();
                let anywhere = (edge(i) + edge(i + 1)) / 2.0 - ORDINARY_EXCESS.ln();
                (s.min(anywhere) - USUAL_EXCESS.ln()).max(0.0)
            }
            false => s,
        };
        let distances = distances(&counts);
        let outside = |i: usize| {
            let beyond = f64::from((distances[i] - reach).clamp(0, REACH_OF_SPAN * (hi - lo)));
            tail.surprise(0) + beyond / tail_cells(counted.kind) * std::f64::consts::LN_2
        };
        let mut sum = 0.0;
        let p: Vec<(f32, f32)> = (0..n)
            .map(|i| {
                let (d, c) = (density[i], counts[i]);
                let with = if d == 0 { outside(i) } else { tail.surprise(d) };
                let own = if one_sided { 1 } else { KERNEL[0] };
                let without = match (c, d - own.min(d)) {
                    (0, _) => with,
                    (1, 0) => outside(i),
                    (1, of_others) => tail.surprise(of_others),
                    _ => tail.surprise_left_out(d),
                };
                let (with, without) = (counts_for(with, i), counts_for(without, i));
                sum += without * c as f64;
                (p_of(with), p_of(without))
            })
            .collect();
        let missing = match counted.missing {
            0 if !one_sided => (tail.surprise(0), tail.surprise(0)),
            1 if !one_sided => (tail.surprise(missing_density), tail.surprise(0)),
            _ => (
                tail.surprise(missing_density),
                tail.surprise_left_out(missing_density),
            ),
        };
        sum += missing.1 * counted.missing as f64;
        Encoder {
            mean: sum / counted.rows.max(1) as f64,
            missing: (p_of(missing.0), p_of(missing.1)),
            table: cells(first, &p),
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

    /// The value that a part of the numbers do not exceed, to the precision of the grid: the
    /// last of its cell. `None` where there was no number.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let c = &self.counted;
        let want = (part * c.cells.iter().map(|x| x.1 as f64).sum::<f64>()).max(1.0);
        let mut seen = 0.0;
        let cell = c.cells.iter().find(|x| {
            seen += x.1 as f64;
            seen >= want
        })?;
        Some(last_of(c.kind, cell.0))
    }

    /// −ln p of a value in its compact form, at least 0. With `leave_out` the value is one
    /// that was counted, and is judged as if it had not been.
    pub fn surprise(&self, bits: u64, leave_out: bool) -> f64 {
        surprise_of(self.p(bits, leave_out))
    }

    /// p of a value in its compact form, above 0: the probability of one at least as rare.
    pub fn p(&self, bits: u64, leave_out: bool) -> f64 {
        self.p_at(self.key(bits), leave_out)
    }

    /// The same of what the value is counted under ([`Encoder::key`]).
    pub fn p_at(&self, key: u64, leave_out: bool) -> f64 {
        let (with, without) = match &self.table {
            Table::Categories { .. } if key == MISSING_CATEGORY => self.missing,
            Table::Categories { p, unseen } => p.get(&key).copied().unwrap_or((*unseen, *unseen)),
            Table::Cells { .. } if key >= NUMBER_KEYS => self.missing,
            Table::Cells {
                first,
                with,
                without,
            } => {
                let p = if leave_out { without } else { with };
                let i = key as i32 - LAST_CELL - first;
                return f64::from(p[i.clamp(0, p.len() as i32 - 1) as usize]);
            }
        };
        f64::from(if leave_out { without } else { with })
    }

    /// What a value in its compact form is counted under ([`column_key`]). Encoders of one feature agree
    /// on it, so that it has to be found only once.
    pub fn key(&self, bits: u64) -> u64 {
        column_key(self.counted.kind, bits)
    }

    /// Whether a category was counted.
    pub fn knows(&self, category: u64) -> bool {
        matches!(&self.table, Table::Categories { p, .. } if p.contains_key(&category))
    }

    /// Whether a category was counted; with `leave_out` in any row but this one.
    pub fn has_seen(&self, category: u64, leave_out: bool) -> bool {
        if !leave_out {
            return self.knows(category);
        }
        let counts = &self.counted.categories;
        counts
            .binary_search_by_key(&category, |c| c.0)
            .is_ok_and(|at| counts[at].1 > 1)
    }

    /// The value as a coordinate: numbers on their scale, categories by their
    /// surprise, of which `p` is the probability; NaN where a number is missing. Takes a logarithm.
    pub fn coordinate(&self, bits: u64, p: f64) -> f32 {
        match self.counted.kind {
            Kind::Category | Kind::Identity => surprise_of(p) as f32,
            kind => scaled(kind, f64::from_bits(bits)) as f32,
        }
    }
}

/// The table of p of the cells from `first` on, without the cells at its ends that are as their neighbours.
fn cells(first: i32, p: &[(f32, f32)]) -> Table {
    let same = |p: &(&(f32, f32), &(f32, f32))| p.0 == p.1;
    let low = p.iter().zip(p.iter().skip(1)).take_while(same).count();
    let rest = p.get(low..).unwrap_or_default();
    let inner = rest.iter().rev();
    let high = inner.clone().zip(inner.skip(1)).take_while(same).count();
    let kept = rest.get(..rest.len() - high).unwrap_or_default();
    Table::Cells {
        first: first + low as i32,
        with: kept.iter().map(|p| p.0).collect(),
        without: kept.iter().map(|p| p.1).collect(),
    }
}

/// e^−s, as tables hold it.
fn p_of(surprise: f64) -> f32 {
    ((-surprise).exp() as f32).clamp(f32::MIN_POSITIVE, 1.0)
}

/// For each cell how far the nearest other cell is that has a count; at most [`TAIL_END`].
fn distances(counts: &[u64]) -> Vec<i32> {
    let mut out = vec![TAIL_END; counts.len()];
    let mut pass = |order: &mut dyn Iterator<Item = usize>| {
        let mut far = TAIL_END;
        for i in order {
            out[i] = out[i].min(far);
            far = if counts[i] > 0 {
                1
            } else {
                (far + 1).min(TAIL_END)
            };
        }
    };
    pass(&mut (0..counts.len()));
    pass(&mut (0..counts.len()).rev());
    out
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
    /// more had values that are counted as seen once each. That nothing is new holds for `times` as many rows.
    fn new(values: impl Iterator<Item = (u64, u64)>, rows: u64, extra: u64, times: f64) -> Tail {
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
            unseen: once as f64 / (rows + 2.0) + 1.0 / (rows * times + 2.0),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::{FeatureCounts, MAX_CATEGORIES};
    use zeek_anomaly_features::cell::Cell;

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
    fn a_new_value_is_as_strange_to_a_part_of_the_rows_as_to_all() {
        let counted = |n: usize| {
            let mut c = FeatureCounts::new(Kind::Category);
            (0..n).for_each(|_| c.add(&Cell::Text(b"a")));
            c.finish()
        };
        let (part, all) = (counted(500), counted(1000));
        let as_all = Encoder::grown(part.clone(), 2.0);
        let new = |e: &Encoder| surprise(e, "b");
        assert!((new(&as_all) - new(&Encoder::new(all))).abs() < 1e-6);
        assert!(new(&as_all) > new(&Encoder::new(part)) + 0.6);
        // What was seen is what it was; and where every value is new, one more is none the stranger.
        assert_eq!(surprise(&as_all, "a"), 0.0);
        let mut c = FeatureCounts::new(Kind::Category);
        (0..1000u32).for_each(|i| c.add(&Cell::Text(&i.to_le_bytes())));
        let different = c.finish();
        let gained = new(&Encoder::grown(different.clone(), 8.0)) - new(&Encoder::new(different));
        assert!(gained.abs() < 0.01, "{gained}");
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
    fn of_excess_only_much_is_strange() {
        let mut c = FeatureCounts::new(Kind::Magnitude(Unit::Excess));
        (0..1000).for_each(|i| c.add(&Cell::Num(1000.0 + f64::from(i))));
        c.add(&Cell::Num(5e6));
        (0..9).for_each(|_| c.add(&Cell::Missing));
        let counted = c.finish();
        assert!(counted.is_sound());
        let e = Encoder::new(counted);
        let s = |v: f64| e.surprise(v.to_bits(), false);
        assert_eq!((s(0.0), s(f64::NAN)), (0.0, 0.0));
        assert!(
            s(1500.0) == 0.0 && s(2e6) > 2.0 && s(2e6) == s(5e6),
            "{} {}",
            s(2e6),
            s(5e6)
        );
        // One row has as much; nobody has more, and that is rarer with each octave.
        assert!(s(1e8) > s(1e7) && s(1e7) > s(5e6));
        // Left out of its own judgement, the largest is as if it had not been.
        assert!(e.surprise(5e6f64.to_bits(), true) > s(5e6));
    }

    #[test]
    fn an_excess_counts_as_far_as_it_is_rare_anywhere() {
        let mut c = FeatureCounts::new(Kind::Magnitude(Unit::Excess));
        (0..100_000).for_each(|i| c.add(&Cell::Num(f64::from(i % 500))));
        let e = Encoder::new(c.finish());
        let s = |v: f64| e.surprise(v.to_bits(), false);
        // A host that never sent half a packet sends twenty.
        assert_eq!(s(25_000.0), 0.0);
        // One connection in a thousand anywhere, of which one in twenty is no excess.
        assert!((s(1.5e6) - 50f64.ln()).abs() < 0.4, "{}", s(1.5e6));
        assert!(s(1.5e7) > s(1.5e6) + 2.0);
    }

    #[test]
    fn a_ratio_that_was_not_seen_is_new_and_not_impossible() {
        let mut c = FeatureCounts::new(Kind::Ratio);
        (0..1000).for_each(|i| c.add(&Cell::Num(3.0 + f64::from(i % 10) / 10.0)));
        let e = Encoder::new(c.finish());
        let (zero, new) = (
            e.surprise(0f64.to_bits(), false),
            e.surprise(4.5f64.to_bits(), false),
        );
        assert!(zero > new && zero < new + 3.0, "{zero} {new}");
    }
}
