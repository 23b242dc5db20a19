//! The map of a log's records.

use super::{Chart, ChartError, DrawResult, FLAGGED, GRID, ORDINARY, PlotFrame, SOFT, all, plain};
use crate::gather::map::RecordMap;
use crate::words::{count, percent};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::collections::BTreeMap;

/// The side of a square of which one point is drawn, in pixels: more would lie on one another.
const SQUARE: f64 = 3.0;

/// Draws the map.
pub fn map(log: &str, map: &RecordMap) -> Result<Chart, ChartError> {
    let words = format!(
        "Map of {} ordinary and {} flagged records of {log} on the first two principal components \
         of their features, which hold {} and {} of the variance.",
        count(map.ordinary.len() as u64),
        count(map.flagged.len() as u64),
        percent(map.explained[0]),
        percent(map.explained[1]),
    );
    all(words, [360, 320, 270], |root, frame| draw(root, frame, map))
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    frame: PlotFrame,
    map: &RecordMap,
) -> DrawResult {
    let every = || map.ordinary.iter().chain(&map.flagged);
    let range = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let low = every().map(of).fold(f64::INFINITY, f64::min);
        let high = every().map(of).fold(f64::NEG_INFINITY, f64::max);
        match high - low {
            d if d.is_finite() => {
                let room = (0.05 * d).max(0.5);
                low - room..high + room
            }
            _ => -1.0..1.0,
        }
    };
    let (xs, ys) = (range(&|p| p.0), range(&|p| p.1));
    let lengths = (xs.end - xs.start, ys.end - ys.start);
    let square = (
        SQUARE * lengths.0 / f64::from(frame.width),
        SQUARE * lengths.1 / f64::from(frame.height),
    );
    let axis = |k: usize| {
        let share = percent(map.explained.get(k).copied().unwrap_or(0.0));
        format!("component {} ({share} of the variance)", k + 1)
    };
    let mut chart = ChartBuilder::on(root)
        .margin(6)
        .margin_right(14)
        .x_label_area_size(38)
        .y_label_area_size(44)
        .build_cartesian_2d(xs, ys)?;
    chart
        .configure_mesh()
        .x_desc(axis(0))
        .y_desc(axis(1))
        .x_labels(frame.labels())
        .y_labels(6)
        .x_label_formatter(&|v| plain(*v, lengths.0))
        .y_label_formatter(&|v| plain(*v, lengths.1))
        .label_style(frame.font().color(&SOFT))
        .axis_style(SOFT)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    // Points that would lie on one another are one, the larger the more they are.
    let thinned = |points: &[(f64, f64)]| -> Vec<((f64, f64), i32)> {
        let mut places: BTreeMap<(i64, i64), ((f64, f64), f64)> = BTreeMap::new();
        for p in points {
            let square = ((p.0 / square.0) as i64, (p.1 / square.1) as i64);
            places.entry(square).or_insert((*p, 0.0)).1 += 1.0;
        }
        (places.into_values())
            .map(|(p, n)| (p, (n.log2() * 0.6).round() as i32))
            .collect()
    };
    let ordinary = thinned(&map.ordinary).into_iter();
    chart.draw_series(ordinary.map(|(p, n)| Circle::new(p, 2 + n, ORDINARY.mix(0.55).filled())))?;
    let flagged = thinned(&map.flagged).into_iter();
    // Told apart by shape too.
    chart.draw_series(flagged.map(|(p, n)| Cross::new(p, 4 + n, FLAGGED.stroke_width(2))))?;
    Ok(())
}
