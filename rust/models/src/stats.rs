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

use crate::counts::{Counted, HashOf};
use crate::grid::{cell_of, last_of, transform};
use zeek_anomaly_features::cell::MISSING_CATEGORY;
use zeek_anomaly_features::spec::Kind;

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

    /// Whether a category was counted; with `leave_out` in any row but this one.
    pub fn has_seen(&self, category: u64, leave_out: bool) -> bool {
        let counts = &self.counted.categories;
        counts
            .binary_search_by_key(&category, |c| c.0)
            .is_ok_and(|at| !leave_out || counts[at].1 > 1)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::{FeatureCounts, MAX_CATEGORIES};
    use zeek_anomaly_features::cell::Cell;
    use zeek_anomaly_features::spec::Unit;

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
}
