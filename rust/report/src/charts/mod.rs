//! Plots, as SVG: each for a wide page, for a phone and for paper, so that its letters keep
//! their size.
//!
//! Nothing is drawn in a colour that has no name here: the page's style sheet finds them by
//! their values, and gives them others in the dark.

mod bars;
mod histogram;
mod map;
mod order;
mod timeline;

pub use bars::{Bar, bars};
pub use histogram::histogram;
pub use map::map;
pub use order::order;
pub use timeline::{TIMELINE_LOGS, timeline};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontDesc;

/// Letters and axes.
pub const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
/// Labels.
pub const SOFT: RGBColor = RGBColor(0x57, 0x60, 0x6a);
/// Lines behind the data.
pub const GRID: RGBColor = RGBColor(0xd8, 0xde, 0xe4);
/// Ordinary records (M. Okabe and K. Ito, 2002: told apart by those too who do not see
/// all colours).
pub const ORDINARY: RGBColor = RGBColor(0x00, 0x72, 0xb2);
/// Flagged records.
pub const FLAGGED: RGBColor = RGBColor(0xd5, 0x5e, 0x00);

/// A plot in all sizes, and what it shows in words.
#[derive(Clone, Debug)]
pub struct Chart {
    /// For wide pages.
    pub wide: String,
    /// For phones.
    pub narrow: String,
    /// For paper.
    pub paper: String,
    /// What it shows, for those who do not see it.
    pub words: String,
}

/// Why a plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a plot cannot be drawn: {0}")]
pub struct ChartError(String);

/// The size that a plot is drawn in.
#[derive(Clone, Copy, Debug)]
pub struct PlotFrame {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Whether it is for a phone.
    pub narrow: bool,
}

impl PlotFrame {
    /// The font of labels.
    pub fn font(&self) -> FontDesc<'static> {
        ("sans-serif", if self.narrow { 12 } else { 13 }).into_font()
    }

    /// How many labels an axis across has room for.
    pub fn labels(&self) -> usize {
        (self.width / 95) as usize
    }
}

/// The widths of the sizes.
const WIDE: u32 = 920;
const NARROW: u32 = 380;
const PAPER: u32 = 640;

type DrawResult = Result<(), Box<dyn std::error::Error>>;

/// Draws in all sizes, of these heights: wide, narrow, on paper.
fn all(
    words: String,
    heights: [u32; 3],
    draw: impl Fn(&DrawingArea<SVGBackend<'_>, Shift>, PlotFrame) -> DrawResult,
) -> Result<Chart, ChartError> {
    let one = |width, height, narrow| {
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        draw(
            &root,
            PlotFrame {
                width,
                height,
                narrow,
            },
        )
        .and_then(|()| Ok(root.present()?))
        .map_err(|e| ChartError(e.to_string()))?;
        drop(root);
        Ok(svg)
    };
    Ok(Chart {
        wide: one(WIDE, heights[0], false)?,
        narrow: one(NARROW, heights[1], true)?,
        paper: one(PAPER, heights[2], false)?,
        words,
    })
}

/// A round number of steps for an axis of numbers of records.
fn short_count(n: f64) -> String {
    match n {
        n if n >= 1e9 => format!("{}G", (n / 1e8).round() / 10.0),
        n if n >= 1e6 => format!("{}M", (n / 1e5).round() / 10.0),
        n if n >= 1e4 => format!("{}k", (n / 1e2).round() / 10.0),
        n => format!("{}", n.round()),
    }
}

/// A number on an axis of this length: whole where that tells the ticks apart.
fn plain(v: f64, length: f64) -> String {
    let digits = if length < 5.0 { 10.0 } else { 1.0 };
    // Not -0.
    format!("{}", (v * digits).round() / digits + 0.0)
}
