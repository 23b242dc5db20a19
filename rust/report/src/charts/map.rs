//! The map of a log's records.

use super::{Chart, ChartError, FLAGGED, Frame, GRID, ORDINARY, Outcome, SOFT, both};
use crate::gather::map::Map;
use crate::words::{count, percent};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::collections::BTreeSet;

/// The side of a square of which one point is drawn, in pixels: more would lie on one another.
const SQUARE: f64 = 3.0;

/// Draws the map.
pub fn map(log: &str, map: &Map) -> Result<Chart, ChartError> {
    let words = format!(
        "Map of {} ordinary and {} flagged records of {log} on the first two principal components \
         of their features, which hold {} and {} of the variance.",
        count(map.ordinary.len() as u64),
        count(map.flagged.len() as u64),
        percent(map.explained[0]),
        percent(map.explained[1]),
    );
    both(words, (360, 320), |root, frame| draw(root, frame, map))
}

fn draw(root: &DrawingArea<SVGBackend<'_>, Shift>, frame: Frame, map: &Map) -> Outcome {
    let all = || map.ordinary.iter().chain(&map.flagged);
    let range = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let low = all().map(of).fold(f64::INFINITY, f64::min);
        let high = all().map(of).fold(f64::NEG_INFINITY, f64::max);
        match high - low {
            d if d.is_finite() => {
                let room = (0.05 * d).max(0.5);
                low - room..high + room
            }
            _ => -1.0..1.0,
        }
    };
    let (xs, ys) = (range(&|p| p.0), range(&|p| p.1));
    let square = (
        SQUARE * (xs.end - xs.start) / f64::from(frame.width),
        SQUARE * (ys.end - ys.start) / f64::from(frame.height),
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
        .x_labels(if frame.narrow { 5 } else { 9 })
        .y_labels(6)
        .x_label_formatter(&|v| format!("{}", v.round()))
        .y_label_formatter(&|v| format!("{}", v.round()))
        .label_style(frame.font().color(&SOFT))
        .axis_style(SOFT)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    let thinned = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        let mut taken = BTreeSet::new();
        points
            .iter()
            .filter(|p| taken.insert(((p.0 / square.0) as i64, (p.1 / square.1) as i64)))
            .copied()
            .collect()
    };
    let ordinary = thinned(&map.ordinary).into_iter();
    chart.draw_series(ordinary.map(|p| Circle::new(p, 2, ORDINARY.mix(0.55).filled())))?;
    let flagged = thinned(&map.flagged).into_iter();
    // Told apart by shape too.
    chart.draw_series(flagged.map(|p| Cross::new(p, 4, FLAGGED.stroke_width(2))))?;
    Ok(())
}
