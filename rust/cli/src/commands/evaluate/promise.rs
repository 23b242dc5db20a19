//! Whether scores keep what they promise: of normal rows, the share 10⁻ˢ has a score of s or
//! more.
//!
//! Rows come in bursts, and a burst is one event: how many hours the rows lie in is told
//! beside their number, and intervals are of drawing whole hours again.

use super::collect::{Row, hour};
use super::report::Set;
use super::sides::Side;
use plotters::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_evaluate::{Bootstrap, Interval};

/// The scores at which promises are looked at.
pub const SCORES: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 5.0];

/// The factor within which a promise counts as kept; the band of the plot.
const FACTOR: f64 = 2.0;

/// Normal rows below which nothing is drawn of a log.
const FEW: usize = 100;

/// Steps of the curve for each point of score.
const STEPS: f64 = 10.0;

/// What became of one promise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Promise {
    /// The score.
    pub score: f64,
    /// Normal rows that should have it, or more: their number times 10⁻ˢ.
    pub expected: f64,
    /// Normal rows that have.
    pub rows: u64,
    /// Different hours in which they lie; rows without a time are in none.
    pub hours: u64,
    /// How often more than promised; `None` where not even one row was expected.
    pub factor: Option<f64>,
    /// The 95 % interval of that, of drawing whole hours again.
    pub low: Option<f64>,
    /// The 95 % interval of that.
    pub high: Option<f64>,
    /// Whether the models can give such a score at all: with n training rows and no tail
    /// nothing scores more than log10(n + 1).
    pub reachable: bool,
}

/// What became of the promises of the rows with these numbers; nothing for a rule, which
/// promises none.
pub fn promises(side: &Side<'_>, rows: &[usize], bootstrap: &Bootstrap) -> Vec<Promise> {
    let normal: Vec<&Row> = normal(side, rows).collect();
    if side.is_rule() || normal.is_empty() {
        return Vec::new();
    }
    let logs: BTreeSet<u32> = normal.iter().map(|r| r.log).collect();
    let ceiling = logs.iter().filter_map(|l| side.ceilings?.get(l));
    let ceiling = ceiling.fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    SCORES
        .into_iter()
        .map(|score| {
            let mut hours: BTreeMap<Option<i64>, (u64, u64)> = BTreeMap::new();
            for r in &normal {
                let of = hours.entry(r.ts.map(hour)).or_default();
                *of = (of.0 + 1, of.1 + u64::from(r.score >= score));
            }
            let with = hours.iter().filter(|(hour, n)| hour.is_some() && n.1 > 0);
            let with = with.count() as u64;
            let groups: Vec<(u64, u64)> = hours.into_values().collect();
            let rows: u64 = groups.iter().map(|g| g.1).sum();
            let share = 10f64.powf(-score);
            let expected = normal.len() as f64 * share;
            let known = expected >= 1.0;
            let interval = known.then(|| bootstrap.share(&groups)).flatten();
            let of = |end: fn(Interval) -> f64| interval.map(|i| end(i) / share);
            Promise {
                score,
                expected,
                rows,
                hours: with,
                factor: known.then(|| rows as f64 / expected),
                low: of(|i| i.low),
                high: of(|i| i.high),
                reachable: ceiling >= score,
            }
        })
        .collect()
}

fn normal<'a>(side: &'a Side<'_>, rows: &'a [usize]) -> impl Iterator<Item = &'a Row> {
    let all = rows.iter().filter_map(|i| side.rows.get(*i));
    all.filter(|r| r.attack.is_none())
}

/// Draws, for one model, of each log what share of the normal rows has a score or more.
/// Nothing where there are too few.
pub fn draw(
    svg: &mut String,
    size: (u32, u32),
    colours: &[RGBColor],
    side: &Side<'_>,
    sets: &[(&Set, &[usize])],
    bootstrap: &Bootstrap,
) -> Result<(), Box<dyn Error>> {
    let mut curves = Vec::new();
    for (set, rows) in sets {
        let Set::Log(log) = set else { continue };
        let mut scores: Vec<f64> = normal(side, rows).map(|r| r.score).collect();
        if scores.len() >= FEW {
            scores.sort_unstable_by(f64::total_cmp);
            let sure = promises(side, rows, bootstrap);
            curves.push((printable(log), curve(&scores), sure));
        }
    }
    let highest = curves.iter().flat_map(|c| &c.1).map(|p| p.0.max(p.1));
    let end = highest.fold(3.0, f64::max).min(8.0);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!("Do scores keep their promise? {}", printable(&side.name));
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(84)
        .build_cartesian_2d(0f64..end, 0f64..end)?;
    chart
        .configure_mesh()
        .x_desc("score")
        .y_desc("share of normal rows with that score or more")
        .x_label_formatter(&|v| format!("{v:.1}"))
        .y_label_formatter(&|v| format!("{:.1e}", 10f64.powf(-v)).replace(".0e", "e"))
        .light_line_style(WHITE)
        .draw()?;
    let half = FACTOR.log10();
    chart
        .draw_series([Polygon::new(
            [
                (0.0, half),
                (0.0, 0.0),
                (half, 0.0),
                (end, end - half),
                (end, end),
                (end - half, end),
            ],
            BLACK.mix(0.12).filled(),
        )])?
        .label(format!(
            "promised, within a factor of {FACTOR}; bars: 95 % intervals"
        ))
        .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 18, y + 5)], BLACK.mix(0.12).filled()));
    let count = curves.len();
    for (i, (name, points, sure)) in curves.into_iter().enumerate() {
        let colour = colours[i % colours.len()];
        // Beside each other, where logs are many.
        let aside = (i as f64 - (count - 1) as f64 / 2.0) * 0.02 * end / 3.0;
        for p in &sure {
            let (Some(low), Some(high)) = (p.low, p.high) else {
                continue;
            };
            let at = |factor: f64| (p.score - factor.log10()).clamp(0.0, end);
            let ends = [(p.score + aside, at(low)), (p.score + aside, at(high))];
            chart.draw_series(LineSeries::new(ends, colour.mix(0.7).stroke_width(2)))?;
        }
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}

/// Points of score and −log10 of the share of these scores, ascending, that reach it; as far
/// as any does.
fn curve(scores: &[f64]) -> Vec<(f64, f64)> {
    (0..)
        .map(|i| f64::from(i) / STEPS)
        .map_while(|s| {
            let reach = scores.len() - scores.partition_point(|v| *v < s);
            let share = reach as f64 / scores.len() as f64;
            (reach > 0 && s < 100.0).then(|| (s, 0.0 - share.log10()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_that_is_kept_is_the_diagonal() {
        let n = 10_000;
        let scores: Vec<f64> = (0..n)
            .rev()
            .map(|i| -(f64::from(i + 1) / f64::from(n)).log10())
            .collect();
        let points = curve(&scores);
        assert!(points.len() >= 40, "{}", points.len());
        // Far out, where a step is a row or two, it is coarser.
        let near = |p: &(f64, f64)| (p.0 - p.1).abs() < if p.0 < 2.0 { 0.01 } else { 0.31 };
        assert!(points.iter().all(near), "{points:?}");
        assert!(curve(&[]).is_empty());
    }
}
