//! Shares of features, as bars that lie.

use super::{Chart, ChartError, DrawResult, GRID, PlotFrame, SOFT, all};
use crate::words::{percent, short};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// One bar.
pub struct Bar {
    /// Its name; from a log, made safe here.
    pub name: String,
    /// Its length, from 0 to 1.
    pub share: f64,
}

/// Pixels down for each bar.
const ROW: u32 = 22;

/// The longest name that is shown.
const NAME: usize = 26;

/// Draws shares, in their order, on a scale up to `full`, or to the longest.
pub fn bars(
    what: &str,
    of: &[Bar],
    colour: RGBColor,
    full: Option<f64>,
) -> Result<Chart, ChartError> {
    let named: Vec<String> = of
        .iter()
        .map(|b| format!("{} {}", short(&b.name, NAME), percent(b.share)))
        .collect();
    let words = format!("{what}: {}.", named.join(", "));
    let height = ROW * of.len() as u32 + 8;
    all(words, [height; 3], |root, frame| {
        draw(root, frame, of, colour, full)
    })
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    frame: PlotFrame,
    of: &[Bar],
    colour: RGBColor,
    full: Option<f64>,
) -> DrawResult {
    let names: i32 = if frame.narrow { 170 } else { 210 };
    let values = 56;
    let room = frame.width as i32 - names - values;
    let most = full.unwrap_or_else(|| of.iter().map(|b| b.share).fold(0.0, f64::max));
    for (i, bar) in of.iter().enumerate() {
        let top = 4 + ROW as i32 * i as i32;
        let middle = top + ROW as i32 / 2;
        let label = frame.font().color(&SOFT);
        root.draw(&Text::new(
            short(&bar.name, NAME),
            (names - 8, middle),
            label.clone().pos(Pos::new(HPos::Right, VPos::Center)),
        ))?;
        root.draw(&PathElement::new(
            [(names, top), (names, top + ROW as i32)],
            GRID,
        ))?;
        let part = if most > 0.0 { bar.share / most } else { 0.0 };
        let end = names + (part.clamp(0.0, 1.0) * f64::from(room)).round() as i32;
        root.draw(&Rectangle::new(
            [(names, top + 4), (end.max(names + 1), top + ROW as i32 - 4)],
            colour.filled(),
        ))?;
        root.draw(&Text::new(
            percent(bar.share),
            (end + 6, middle),
            label.pos(Pos::new(HPos::Left, VPos::Center)),
        ))?;
    }
    Ok(())
}
