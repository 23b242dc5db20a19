//! How many records have which score, on a logarithmic axis.

use super::{
    Chart, ChartError, DrawResult, FLAGGED, GRID, INK, ORDINARY, PlotFrame, SOFT, all, short_count,
};
use crate::gather::histogram::{CELLS, POINTS, ScoreHistogram};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Draws the histogram of a log's scores.
pub fn histogram(log: &str, of: &ScoreHistogram, threshold: f64) -> Result<Chart, ChartError> {
    let words = format!(
        "Histogram of the scores of {log}, records on a logarithmic axis, with the threshold of \
         {threshold}."
    );
    all(words, [240, 220, 175], |root, frame| {
        draw(root, frame, of, threshold)
    })
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    frame: PlotFrame,
    of: &ScoreHistogram,
    threshold: f64,
) -> DrawResult {
    let cells = of.cells();
    let width = 1.0 / CELLS as f64;
    let end = (cells.len() as f64 * width)
        .max(threshold.min(POINTS as f64) + 2.0 * width)
        .ceil();
    let most = cells.iter().copied().max().unwrap_or(0).max(1) as f64;
    let mut chart = ChartBuilder::on(root)
        .margin(6)
        .margin_right(14)
        .x_label_area_size(38)
        .y_label_area_size(52)
        .build_cartesian_2d(0f64..end, (0.5f64..most * 2.0).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("score")
        .y_desc("records")
        .x_labels(frame.labels() * 3 / 2)
        .y_labels(6)
        .x_label_formatter(&|v| match *v >= POINTS as f64 {
            true => format!("≥{POINTS}"),
            false => format!("{}", (v * 10.0).round() / 10.0),
        })
        .y_label_formatter(&|v| {
            if *v < 1.0 {
                String::new()
            } else {
                short_count(*v)
            }
        })
        .label_style(frame.font().color(&SOFT))
        .axis_style(SOFT)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    let filled = cells.iter().enumerate().filter(|c| *c.1 > 0);
    chart.draw_series(filled.map(|(i, n)| {
        let left = i as f64 * width;
        let colour = if left >= threshold - 1e-9 {
            FLAGGED
        } else {
            ORDINARY
        };
        let corners = [(left + width * 0.06, 0.5), (left + width * 0.94, *n as f64)];
        Rectangle::new(corners, colour.filled())
    }))?;
    if threshold <= end {
        chart.draw_series(DashedLineSeries::new(
            [(threshold, 0.5), (threshold, most * 2.0)],
            6,
            4,
            INK.stroke_width(1),
        ))?;
    }
    Ok(())
}
