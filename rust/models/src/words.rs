//! What is usual for a feature, and its values, in words for people.

use crate::counts::shorten;
use crate::grid::{first_of, last_of};
use crate::stats::Encoder;
use std::borrow::Cow;
use zeek_anomaly_features::cell::Cell;
use zeek_anomaly_features::spec::{Kind, Unit};

impl Encoder {
    /// What is usual for the feature, in words.
    pub fn usual(&self) -> String {
        let c = self.counted();
        if c.rows == 0 {
            return "nothing was seen".into();
        }
        match c.kind {
            Kind::Category | Kind::Identity => self.usual_categories(),
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
        let c = self.counted();
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
        match (self.kind(), cell) {
            (Kind::Flag, Cell::Num(v)) => if *v > 0.5 { "yes" } else { "no" }.into(),
            (Kind::Category | Kind::Identity, _) => shorten(&cell.display()).into(),
            (kind, Cell::Num(v)) => human(kind, *v),
            _ => shorten(&cell.display()).into(),
        }
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
        Kind::Magnitude(Unit::Bytes | Unit::Excess) => bytes(v, "B"),
        Kind::Magnitude(Unit::Rate) => bytes(v, "B/s"),
        Kind::Magnitude(Unit::Seconds) => seconds(v),
        Kind::Magnitude(Unit::Bits) => format!("{v:.1} bits"),
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

    #[test]
    fn units_in_words() {
        assert_eq!(seconds(0.0421), "42.1 ms");
        assert_eq!(seconds(7200.0), "120 min");
        assert_eq!(bytes(23_456_789.0, "B"), "23.5 MB");
        assert_eq!(percent(1, 1000), "0.1 %");
        assert_eq!(human(Kind::Ratio, 0.123_456), "0.123");
    }
}
