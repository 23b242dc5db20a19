//! Scores in file order, with the threshold.

use super::{
    Chart, ChartError, DrawResult, FLAGGED, GRID, INK, ORDINARY, PlotFrame, SOFT, all, short_count,
};
use crate::gather::envelope::ScoreEnvelope;
use crate::words::{count, counted};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Pixels for each bucket at least.
const PIXELS: u32 = 2;

/// Draws the scores of a log's records in the order of its files.
pub fn order(
    log: &str,
    envelope: &ScoreEnvelope,
    records: u64,
    flagged: u64,
    threshold: f64,
) -> Result<Chart, ChartError> {
    let words = format!(
        "Scores of the {} of {log} in file order; {} at the threshold of {threshold} or above.",
        counted(records, "record"),
        count(flagged),
    );
    all(words, [260, 220, 190], |root, frame| {
        draw(root, frame, envelope, threshold)
    })
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    frame: PlotFrame,
    envelope: &ScoreEnvelope,
    threshold: f64,
) -> DrawResult {
    let buckets = envelope.buckets((frame.width / PIXELS) as usize);
    // Where each bucket begins, and where the last ends.
    let mut from = Vec::with_capacity(buckets.len() + 1);
    let mut seen = 0u64;
    for b in &buckets {
        from.push(seen as f64 + 0.5);
        seen += b.records;
    }
    from.push(seen as f64 + 0.5);
    let highest = buckets.iter().map(|b| b.highest).fold(threshold, f64::max);
    let top = if highest > 0.0 { highest * 1.12 } else { 1.0 };
    let end = seen.max(1) as f64 + 0.5;
    let mut chart = ChartBuilder::on(root)
        .margin(6)
        .margin_right(14)
        .x_label_area_size(38)
        .y_label_area_size(44)
        .build_cartesian_2d(0.5..end, 0f64..top)?;
    chart
        .configure_mesh()
        .x_desc("record, in file order")
        .y_desc("score")
        .x_labels(frame.labels())
        .y_labels(6)
        .x_label_formatter(&|v| short_count(*v))
        .y_label_formatter(&|v| format!("{}", (v * 10.0).round() / 10.0))
        .label_style(frame.font().color(&SOFT))
        .axis_style(SOFT)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    // Runs of records as a band from their lowest to their highest score.
    let corners = |i: usize, y: f64| [(from[i], y), (from[i + 1], y)];
    let upper: Vec<(f64, f64)> = (buckets.iter().enumerate())
        .flat_map(|(i, b)| corners(i, b.highest))
        .collect();
    let lower = (buckets.iter().enumerate()).flat_map(|(i, b)| corners(i, b.lowest));
    if buckets.iter().any(|b| b.lowest < b.highest) {
        let mut band: Vec<(f64, f64)> = lower.collect();
        band.reverse();
        let outline = upper.iter().copied().chain(band);
        chart.draw_series([Polygon::new(
            outline.collect::<Vec<_>>(),
            ORDINARY.mix(0.35),
        )])?;
    }
    if buckets.len() <= (frame.width / 12) as usize {
        let dots = buckets.iter().enumerate().filter(|(_, b)| b.flagged == 0);
        chart.draw_series(dots.map(|(i, b)| {
            Circle::new(
                ((from[i] + from[i + 1]) / 2.0, b.highest),
                3,
                ORDINARY.filled(),
            )
        }))?;
    } else {
        chart.draw_series([PathElement::new(upper, ORDINARY.stroke_width(1))])?;
    }
    let marks = buckets.iter().enumerate().filter(|(_, b)| b.flagged > 0);
    chart.draw_series(marks.map(|(i, b)| {
        let at = ((from[i] + from[i + 1]) / 2.0, b.highest);
        Circle::new(at, 3, FLAGGED.filled())
    }))?;
    chart.draw_series(DashedLineSeries::new(
        [(0.5, threshold), (end, threshold)],
        6,
        4,
        INK.stroke_width(1),
    ))?;
    Ok(())
}
