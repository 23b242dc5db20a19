//! The plot of calibration: the share of normal rows with a score or more.

use plotters::prelude::*;
use std::error::Error;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_evaluate::{Bootstrap, Ranker, RowSet, calibration, normal_rows};

/// The factor within which scores count as calibrated; the band of the plot.
const FACTOR: f64 = 2.0;

/// Logs with fewer normal rows are not drawn.
const FEW: usize = 100;

/// Steps of the curve for each point of score.
const STEPS: f64 = 10.0;

/// Draws one curve for each log with enough normal rows.
pub fn draw(
    svg: &mut String,
    size: (u32, u32),
    colours: &[RGBColor],
    ranker: &Ranker<'_>,
    sets: &[(&RowSet, &[usize])],
    bootstrap: &Bootstrap,
) -> Result<(), Box<dyn Error>> {
    let mut curves = Vec::new();
    for (set, rows) in sets {
        let RowSet::Log(log) = set else { continue };
        let mut scores: Vec<f64> = normal_rows(ranker, rows).map(|r| r.score).collect();
        if scores.len() >= FEW {
            scores.sort_unstable_by(f64::total_cmp);
            let sure = calibration(ranker, rows, bootstrap);
            curves.push((printable(log), curve(&scores), sure));
        }
    }
    let highest = curves.iter().flat_map(|c| &c.1).map(|p| p.0.max(p.1));
    let end = highest.fold(3.0, f64::max).min(8.0);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!("Are scores calibrated? {}", printable(&ranker.name));
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
            "expected, within a factor of {FACTOR}; bars: 95 % intervals"
        ))
        .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 18, y + 5)], BLACK.mix(0.12).filled()));
    let count = curves.len();
    for (i, (name, points, sure)) in curves.into_iter().enumerate() {
        let colour = colours[i % colours.len()];
        // Logs side by side.
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

/// Points of score and −log10 of the share of these scores (ascending) that reach it, up to the highest.
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
    fn calibrated_scores_are_the_diagonal() {
        let n = 10_000;
        let scores: Vec<f64> = (0..n)
            .rev()
            .map(|i| -(f64::from(i + 1) / f64::from(n)).log10())
            .collect();
        let points = curve(&scores);
        assert!(points.len() >= 40, "{}", points.len());
        // At high scores a step is one or two rows.
        let near = |p: &(f64, f64)| (p.0 - p.1).abs() < if p.0 < 2.0 { 0.01 } else { 0.31 };
        assert!(points.iter().all(near), "{points:?}");
        assert!(curve(&[]).is_empty());
    }
}
