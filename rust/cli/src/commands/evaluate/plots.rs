//! Curves and histograms, as SVG. The viewer's own sans-serif font is used.

use super::calibration_plot;
use crate::exit::Failure;
use crate::output::place::Place;
use plotters::prelude::*;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_evaluate::{EvaluateParams, RankedSet, Ranker, Ranking, RowSet, curve};

/// The size of a plot in pixels.
const SIZE: (u32, u32) = (720, 560);

/// Bars of a histogram for each unit of score.
const BARS: f64 = 4.0;

/// Where a logarithmic axis of rates begins; lower rates are drawn there.
const LEAST_RATE: f64 = 1e-4;

/// Colours that are distinct to people with colour blindness (M. Okabe and K. Ito, 2002).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// A curve with its name.
type Named = (String, Vec<(f64, f64)>);

/// Draws curves of each set that is no attack, and the scores of each model.
pub fn draw(
    dir: &Path,
    rankers: &[Ranker<'_>],
    sets: &[RankedSet],
    params: &EvaluateParams,
) -> Result<u64, Failure> {
    let threshold = params.threshold;
    std::fs::create_dir_all(dir).map_err(|cause| Failure::Output {
        to: dir.display().to_string(),
        cause,
    })?;
    let mut drawn = 0;
    for (set, rows) in sets {
        let (suffix, title) = match set {
            RowSet::All => (String::new(), "all logs".to_owned()),
            RowSet::Log(log) => (format!("-{}", file_name(log)), printable(log)),
            RowSet::Attack(_) => continue,
        };
        let (mut rocs, mut precisions) = (Vec::new(), Vec::new());
        for (ranker, rows) in rankers.iter().zip(rows) {
            let labels: Vec<bool> = rows
                .iter()
                .map(|i| ranker.rows[*i].attack.is_some())
                .collect();
            let by_rank = *set != RowSet::All && !ranker.is_rule();
            let value = |i: &usize| {
                if by_rank {
                    ranker.ranks[*i]
                } else {
                    ranker.score(*i)
                }
            };
            let values: Vec<f64> = rows.iter().map(value).collect();
            let Ok(ranking) = Ranking::new(&values, &labels) else {
                continue;
            };
            let name = printable(&ranker.name);
            rocs.push((name.clone(), curve::roc(ranking.blocks())));
            precisions.push((name, stairs(&curve::precision_recall(ranking.blocks()))));
        }
        if rocs.is_empty() {
            continue;
        }
        let title_of = |what: &str| format!("{what}, {title}");
        let roc = title_of("ROC");
        save(dir, &format!("roc{suffix}.svg"), |to| {
            curves(to, &roc, ["false positive rate", "recall"], &rocs, None)
        })?;
        save(dir, &format!("roc-log{suffix}.svg"), |to| {
            let axes = ["false positive rate (logarithmic)", "recall"];
            let steps: Vec<Named> = (rocs.iter())
                .map(|(name, points)| (name.clone(), attained(points)))
                .collect();
            curves(to, &roc, axes, &steps, Some(LEAST_RATE))
        })?;
        save(dir, &format!("precision-recall{suffix}.svg"), |to| {
            let axes = ["recall", "precision"];
            let title = title_of("Precision and recall");
            curves(to, &title, axes, &precisions, None)
        })?;
        drawn += 3;
    }
    let models = rankers
        .iter()
        .filter(|s| !s.is_rule() && !s.rows.is_empty());
    for (i, ranker) in models.enumerate() {
        let title = format!("Scores, {}", printable(&ranker.name));
        save(dir, &format!("scores-{}.svg", i + 1), |to| {
            histogram(to, &title, ranker, threshold)
        })?;
        drawn += 1;
    }
    for (i, ranker) in rankers.iter().enumerate().filter(|s| !s.1.is_rule()) {
        let of: Vec<(&RowSet, &[usize])> = (sets.iter())
            .filter_map(|(set, rows)| Some((set, rows.get(i)?.as_slice())))
            .collect();
        save(dir, &format!("calibration-{}.svg", i + 1), |to| {
            calibration_plot::draw(to, SIZE, &COLOURS, ranker, &of, &params.bootstrap)
        })?;
        drawn += 1;
    }
    Ok(drawn)
}

/// Draws into memory, then puts the file into its place.
fn save(
    dir: &Path,
    name: &str,
    draw: impl FnOnce(&mut String) -> Result<(), Box<dyn Error>>,
) -> Result<(), Failure> {
    let path = dir.join(name);
    let mut svg = String::new();
    let failed = |what: String| Failure::Said(format!("{}: {what}", path.display()));
    draw(&mut svg).map_err(|e| failed(format!("cannot be drawn: {e}")))?;
    let mut place = Place::open(Some(&path))?;
    place
        .write_all(svg.as_bytes())
        .and_then(|()| place.finish())
        .map_err(|cause| Failure::Output {
            to: path.display().to_string(),
            cause,
        })
}

/// Precision as the metric has it: constant over the recall that it was gained with.
fn stairs(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    let mut recall = 0.0;
    for (r, precision) in points {
        out.push((recall, *precision));
        out.push((*r, *precision));
        recall = *r;
    }
    out
}

/// Recall with at most a rate of false positives, as the metric has it: between two points
/// it is that of the lower. A straight line of the ROC curve would be bent on this axis.
fn attained(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    let mut recall = 0.0;
    for (rate, r) in points {
        out.push((*rate, recall));
        out.push((*rate, *r));
        recall = *r;
    }
    out
}

fn curves(
    svg: &mut String,
    title: &str,
    axes: [&str; 2],
    of: &[Named],
    log_from: Option<f64>,
) -> Result<(), Box<dyn Error>> {
    let x = |v: f64| log_from.map_or(v, |least| v.max(least).log10());
    let x_label = |v: &f64| match log_from {
        None => format!("{v:.1}"),
        Some(_) => format!("{:.1e}", 10f64.powf(*v)).replace(".0e", "e"),
    };
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(54)
        .build_cartesian_2d(x(0.0)..x(1.0), 0f64..1.005f64)?;
    chart
        .configure_mesh()
        .x_desc(axes[0])
        .y_desc(axes[1])
        .x_label_formatter(&x_label)
        .x_labels(if log_from.is_some() { 5 } else { 11 })
        .light_line_style(WHITE)
        .draw()?;
    for (i, (name, points)) in of.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        chart
            .draw_series(LineSeries::new(
                points.iter().map(|(a, b)| (x(*a), *b)),
                colour.stroke_width(2),
            ))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    legend(&mut chart, SeriesLabelPosition::LowerRight)?;
    root.present()?;
    Ok(())
}

/// Normal rows and attacks by score, on a logarithmic axis of rows.
fn histogram(
    svg: &mut String,
    title: &str,
    ranker: &Ranker<'_>,
    threshold: f64,
) -> Result<(), Box<dyn Error>> {
    let bar = |score: f64| (score.max(0.0) * BARS) as usize;
    let highest = (0..ranker.rows.len()).map(|i| bar(ranker.score(i))).max();
    let bars = highest.unwrap_or(0).max(bar(threshold)).min(1000) + 1;
    let mut counts = [vec![0u64; bars], vec![0u64; bars]];
    for (i, row) in ranker.rows.iter().enumerate() {
        let at = bar(ranker.score(i)).min(bars - 1);
        counts[usize::from(row.attack.is_some())][at] += 1;
    }
    // Room for the legend above the highest bar.
    let top = 20.0 * counts.iter().flatten().max().copied().unwrap_or(1).max(1) as f64;
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0f64..bars as f64 / BARS, (0.5f64..top).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("score")
        .y_desc("rows")
        .y_label_formatter(&|v| format!("{v:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    // Two bars side by side in each step of the scale.
    for (class, (name, colour)) in [("normal", COLOURS[0]), ("attack", COLOURS[1])]
        .into_iter()
        .enumerate()
    {
        let rectangles = counts[class]
            .iter()
            .enumerate()
            .filter(|c| *c.1 > 0)
            .map(|(i, n)| {
                let left = (i as f64 + 0.08 + 0.42 * class as f64) / BARS;
                let corners = [(left, 0.5), (left + 0.42 / BARS, *n as f64)];
                Rectangle::new(corners, colour.filled())
            });
        chart
            .draw_series(rectangles)?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled()));
    }
    chart
        .draw_series(LineSeries::new(
            [(threshold, 0.5), (threshold, top)],
            BLACK.mix(0.6),
        ))?
        .label("threshold")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], BLACK.mix(0.6)));
    legend(&mut chart, SeriesLabelPosition::UpperRight)?;
    root.present()?;
    Ok(())
}

fn legend<'a, 'b, X, Y, D>(
    chart: &'b mut ChartContext<'a, D, Cartesian2d<X, Y>>,
    position: SeriesLabelPosition,
) -> Result<(), String>
where
    D: DrawingBackend + 'a,
    D::ErrorType: 'static,
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
    'a: 'b,
{
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()
        .map_err(|e| e.to_string())
}

/// A log's name as part of a file's.
fn file_name(log: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    log.chars().map(safe).take(64).collect()
}
