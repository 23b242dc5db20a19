//! All logs over time, a lane for each.

use super::{
    Chart, ChartError, DrawResult, FLAGGED, GRID, INK, ORDINARY, PlotFrame, SOFT, all, short_count,
};
use crate::gather::timeline::{TimeBin, TimeSpan};
use crate::report::LogPage;
use crate::words::{count, second, short};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Lanes that are drawn.
pub const TIMELINE_LOGS: usize = 24;

/// Pixels down for each lane, and for its name where that stands above it.
const LANE: u32 = 40;
const NAME: u32 = 18;

/// Pixels for times below.
const BELOW: u32 = 40;

/// Pixels across for names, where there is room.
const NAMES: i32 = 150;

/// Pixels of a bar at least.
const BAR: f64 = 3.0;

/// Draws the logs over this stretch of time.
pub fn timeline(logs: &[&LogPage], stretch: TimeSpan) -> Result<Chart, ChartError> {
    let shown = &logs[..logs.len().min(TIMELINE_LOGS)];
    let named: Vec<String> = shown
        .iter()
        .map(|l| {
            format!(
                "{} {} ({} flagged)",
                short(&l.log, 24),
                count(l.records),
                count(l.flagged)
            )
        })
        .collect();
    let words = format!(
        "Records and flagged records over time, from {} to {} UTC: {}.",
        second(stretch.from),
        second(stretch.until),
        named.join(", "),
    );
    let n = shown.len() as u32;
    let wide = LANE * n + BELOW;
    let heights = [wide, (LANE + NAME) * n + BELOW, wide];
    all(words, heights, |root, frame| {
        draw(root, frame, shown, stretch)
    })
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    frame: PlotFrame,
    logs: &[&LogPage],
    stretch: TimeSpan,
) -> DrawResult {
    let (left, right) = (if frame.narrow { 4 } else { NAMES }, frame.width as i32 - 8);
    let across = f64::from(right - left);
    let length = (stretch.until - stretch.from).max(1.0);
    let x = |t: f64| left + ((t - stretch.from) / length * across).round() as i32;
    let soft = frame.font().color(&SOFT);
    let base_of_all = frame.height as i32 - BELOW as i32;
    for (t, label) in ticks(stretch, frame.labels()) {
        root.draw(&PathElement::new(
            [(x(t), 0), (x(t), base_of_all + 4)],
            GRID,
        ))?;
        for (k, part) in label.iter().enumerate() {
            root.draw(&Text::new(
                part.clone(),
                (x(t), base_of_all + 7 + 14 * k as i32),
                soft.clone().pos(Pos::new(HPos::Center, VPos::Top)),
            ))?;
        }
    }
    let bars = (across / BAR) as usize;
    let lane = LANE as i32 + if frame.narrow { NAME as i32 } else { 0 };
    for (i, log) in logs.iter().enumerate() {
        let base = (i as i32 + 1) * lane;
        let bins = fit(log, stretch, bars);
        let most = bins.iter().map(|b| b.records).max().unwrap_or(0).max(1) as f64;
        // The square root: single records stay visible beside thousands.
        let tall = f64::from(LANE - 8);
        let height = |n: u64| match n {
            0 => 0,
            n => ((n as f64 / most).sqrt() * tall).ceil().max(2.0) as i32,
        };
        for (k, bin) in bins.iter().enumerate().filter(|b| b.1.records > 0) {
            let from = left + (k as f64 / bars as f64 * across).round() as i32;
            let to = left + ((k + 1) as f64 / bars as f64 * across).round() as i32;
            let to = (to - 1).max(from + 1);
            let bar = |n: u64, colour: RGBColor| {
                Rectangle::new([(from, base - height(n)), (to, base)], colour.filled())
            };
            root.draw(&bar(bin.records, ORDINARY))?;
            if bin.flagged > 0 {
                root.draw(&bar(bin.flagged, FLAGGED))?;
            }
        }
        root.draw(&PathElement::new([(left, base), (right, base)], SOFT))?;
        let (name, numbers) = (
            short(&log.log, if frame.narrow { 24 } else { 18 }),
            match log.flagged {
                0 => short_count(log.records as f64),
                n => format!(
                    "{}, {} flagged",
                    short_count(log.records as f64),
                    short_count(n as f64)
                ),
            },
        );
        let ink = frame.font().color(&INK);
        if frame.narrow {
            let at = base - LANE as i32 - 6;
            root.draw(&Text::new(format!("{name}: {numbers}"), (left, at), ink))?;
        } else {
            let end = |y| (left - 10, y);
            let to_the_right = |v| Pos::new(HPos::Right, v);
            root.draw(&Text::new(
                name,
                end(base - 18),
                ink.pos(to_the_right(VPos::Bottom)),
            ))?;
            root.draw(&Text::new(
                numbers,
                end(base - 16),
                soft.clone().pos(to_the_right(VPos::Top)),
            ))?;
        }
    }
    Ok(())
}

/// A log's bins, put together to so many of equal width. A bin that is wider than these
/// counts where its middle is.
fn fit(log: &LogPage, stretch: TimeSpan, bars: usize) -> Vec<TimeBin> {
    let mut out = vec![TimeBin::default(); bars];
    let length = (stretch.until - stretch.from).max(1.0);
    let half = log.times.width() / 2.0;
    for (at, bin) in log.times.bins() {
        let part = (at + half - stretch.from) / length;
        if !(0.0..1.0).contains(&part) {
            continue;
        }
        if let Some(b) = out.get_mut((part * bars as f64) as usize) {
            b.records += bin.records;
            b.flagged += bin.flagged;
        }
    }
    out
}

/// Round times in a stretch, at most so many, with the lines of their labels.
fn ticks(stretch: TimeSpan, most: usize) -> Vec<(f64, Vec<String>)> {
    const DAY: f64 = 86_400.0;
    const STEPS: [f64; 20] = [
        60.0,
        300.0,
        600.0,
        1800.0,
        3600.0,
        7200.0,
        3.0 * 3600.0,
        6.0 * 3600.0,
        12.0 * 3600.0,
        DAY,
        2.0 * DAY,
        7.0 * DAY,
        14.0 * DAY,
        30.0 * DAY,
        91.0 * DAY,
        365.0 * DAY,
        5.0 * 365.0 * DAY,
        10.0 * 365.0 * DAY,
        50.0 * 365.0 * DAY,
        1000.0 * 365.0 * DAY,
    ];
    let length = stretch.until - stretch.from;
    let Some(step) = STEPS.into_iter().find(|s| length / s <= most as f64) else {
        return Vec::new();
    };
    // Room for half a label at either end.
    let margin = length * 0.04;
    let mut out = Vec::new();
    let mut day_before = String::new();
    let mut k = ((stretch.from + margin) / step).ceil();
    while k * step <= stretch.until - margin && out.len() <= most {
        let text = second(k * step);
        let (day, time) = match text.split_once(' ') {
            Some((day, time)) => (day.to_owned(), time.get(..5).unwrap_or(time).to_owned()),
            None => (text, String::new()),
        };
        let label = match step < DAY {
            true if day != day_before => vec![time, day.clone()],
            true => vec![time],
            false => vec![day.clone()],
        };
        day_before = day;
        out.push((k * step, label));
        k += 1.0;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few_whatever_the_stretch() {
        let of = |from, until| {
            ticks(
                TimeSpan {
                    from,
                    until,
                    outside: 0,
                },
                9,
            )
        };
        let day = of(1_772_755_200.0, 1_772_841_600.0);
        assert_eq!(day[0].1, ["03:00", "2026-03-06"]);
        assert_eq!(day[1].1, ["06:00"]);
        for (from, until) in [(0.0, 60.0), (0.0, 4.3e9), (-1e12, 1e12), (5.0, 5.0)] {
            assert!(of(from, until).len() <= 10);
        }
    }
}
