//! Deviation of a time series: how far each number, and each change of one, is from what is
//! usual.
//!
//! The level and the change of a gauge are features like any other; here each is put in robust
//! standard deviations z from the median (1.4826 times the median absolute deviation, which for
//! a normal distribution is the standard deviation; F. R. Hampel, "The influence curve
//! and its role in robust estimation", JASA 69, 1974), magnitudes on their logarithmic
//! scale. Where training has enough days, the median is that of the hour of the day: a
//! backup at night is no deviation, the same at noon is one. The sum over the aspects of
//! ln(1 + z²), the loss of a Cauchy distribution, keeps one wild value from drowning
//! all others.
//!
//! Categories say nothing here.

use crate::detector::{Detector, Encoded, MAX_FEATURES};
use serde::{Deserialize, Serialize};

/// Hours of the day.
const HOURS: usize = 24;

/// An hour has a median of its own where it has rows of so many days.
const ENOUGH_DAYS: usize = 7;

/// The median absolute deviation of a normal distribution is this part of its standard
/// deviation's inverse.
const OF_NORMAL: f32 = 1.4826;

/// The least standard deviation, on the scale of coordinates: values that never change would
/// make any change infinite.
const LEAST: f32 = 0.1;

/// No deviation is larger.
const MOST: f32 = 1e6;

/// The detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeSeries {
    /// The aspect of each feature: the position of the aspect's first feature.
    pub aspects: Vec<u16>,
    /// The median and the spread of each feature; a spread of 0 for what does not count.
    pub usual: Vec<(f32, f32)>,
    /// The feature that holds the hour of the day.
    pub hour: Option<u16>,
    /// The medians of each hour, feature by feature, NaN where there is none; empty where there
    /// were not enough days.
    pub hours: Vec<f32>,
}

/// What a fit needs to know of the features.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The aspect of each feature: the position of the aspect's first feature.
    pub aspects: Vec<u16>,
    /// Whether a feature is a number.
    pub numbers: Vec<bool>,
    /// The feature that holds the hour of the day, 0 to 23, and does not count itself.
    pub hour: Option<usize>,
}

impl TimeSeries {
    /// From rows of coordinates, each with the day (any number that tells days apart) it is of.
    pub fn fit<'a>(
        rows: impl Iterator<Item = (&'a [f32], Option<i64>)> + Clone,
        shape: &Shape,
    ) -> TimeSeries {
        let features = shape.aspects.len();
        let mut hours = match shape.hour {
            Some(h) => hourly(rows.clone(), h, features),
            None => Vec::new(),
        };
        let mut usual = Vec::with_capacity(features);
        for f in 0..features {
            let counts = shape.hour != Some(f) && shape.numbers.get(f) == Some(&true);
            let mut values: Vec<f32> = (rows.clone())
                .filter_map(|(row, _)| row.get(f).copied().filter(|v| v.is_finite()))
                .collect();
            let Some(centre) = median(&mut values).filter(|_| counts) else {
                usual.push((0.0, 0.0));
                continue;
            };
            let of_hour = |row: &[f32]| hour_of(row, shape.hour).map(|h| hours[h * features + f]);
            let mut apart: Vec<f32> = (rows.clone())
                .filter_map(|(row, _)| {
                    let v = row.get(f).copied().filter(|v| v.is_finite())?;
                    let hourly = (!hours.is_empty()).then(|| of_hour(row)).flatten();
                    Some((v - hourly.filter(|c| !c.is_nan()).unwrap_or(centre)).abs())
                })
                .collect();
            let spread = OF_NORMAL * median(&mut apart).unwrap_or(0.0);
            usual.push((centre, spread.clamp(LEAST, MOST)));
        }
        if hours.iter().all(|h| h.is_nan()) {
            hours.clear();
        }
        TimeSeries {
            aspects: shape.aspects.clone(),
            usual,
            hour: shape.hour.map(|h| h as u16),
            hours,
        }
    }

    /// Whether hours of the day have medians of their own.
    pub fn knows_hours(&self) -> bool {
        !self.hours.is_empty()
    }

    /// How far a feature is from what is usual, in standard deviations; 0 where it is missing.
    fn deviation(&self, row: &Encoded<'_>, f: usize, hour: Option<usize>) -> f32 {
        let (Some((centre, spread)), Some(v)) = (self.usual.get(f), row.coordinates.get(f)) else {
            return 0.0;
        };
        if *spread <= 0.0 || !v.is_finite() {
            return 0.0;
        }
        let of_hour = hour.and_then(|h| self.hours.get(h * self.usual.len() + f));
        let centre = of_hour.filter(|c| !c.is_nan()).unwrap_or(centre);
        ((v - centre).abs() / spread).min(MOST)
    }

    /// The largest deviation of each aspect, and its feature.
    fn heads(&self, row: &Encoded<'_>) -> [(f32, u16); MAX_FEATURES] {
        let hour = hour_of(row.coordinates, self.hour.map(usize::from));
        let mut heads = [(0.0, 0); MAX_FEATURES];
        for (f, a) in self.aspects.iter().enumerate() {
            let z = self.deviation(row, f, hour);
            if let Some(head) = heads.get_mut(usize::from(*a)).filter(|h| z > h.0) {
                *head = (z, f as u16);
            }
        }
        heads
    }
}

/// The hour that a row is of.
fn hour_of(row: &[f32], hour: Option<usize>) -> Option<usize> {
    let h = *row.get(hour?)?;
    (0.0..HOURS as f32).contains(&h).then_some(h as usize)
}

/// The medians of hours that have enough days; empty where none has.
fn hourly<'a>(
    rows: impl Iterator<Item = (&'a [f32], Option<i64>)>,
    hour: usize,
    features: usize,
) -> Vec<f32> {
    let mut of_hours: Vec<(Vec<i64>, Vec<&[f32]>)> = vec![Default::default(); HOURS];
    for (row, day) in rows {
        if let (Some(h), Some(day)) = (hour_of(row, Some(hour)), day) {
            of_hours[h].0.push(day);
            of_hours[h].1.push(row);
        }
    }
    let mut out = Vec::with_capacity(HOURS * features);
    for (mut days, rows) in of_hours {
        days.sort_unstable();
        days.dedup();
        for f in 0..features {
            let values = rows.iter().filter_map(|r| r.get(f).copied());
            let mut values: Vec<f32> = values.filter(|v| v.is_finite()).collect();
            let known = days.len() >= ENOUGH_DAYS && values.len() >= ENOUGH_DAYS;
            out.push(median(&mut values).filter(|_| known).unwrap_or(f32::NAN));
        }
    }
    match out.iter().all(|v| v.is_nan()) {
        true => Vec::new(),
        false => out,
    }
}

/// The median, the lower one of two; changes the order.
fn median(values: &mut [f32]) -> Option<f32> {
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// What a deviation counts for.
fn loss(z: f32) -> f64 {
    (f64::from(z) * f64::from(z)).ln_1p()
}

impl Detector for TimeSeries {
    fn name(&self) -> &'static str {
        "time_series"
    }

    fn features(&self) -> usize {
        self.usual.len()
    }

    fn wants_coordinates(&self) -> bool {
        true
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        let heads = self.heads(row);
        heads
            .iter()
            .take(self.aspects.len())
            .map(|h| loss(h.0))
            .sum()
    }

    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        // What is within a standard deviation is no reason.
        for (z, f) in self.heads(row).iter().filter(|h| h.0 > 1.0) {
            if let Some(o) = out.get_mut(usize::from(*f)) {
                *o = loss(*z) - loss(1.0);
            }
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        features <= MAX_FEATURES
            && self.usual.len() == features
            && self.aspects.len() == features
            && self.aspects.iter().all(|a| usize::from(*a) < features)
            && self
                .usual
                .iter()
                .all(|(c, s)| c.is_finite() && (0.0..=MOST).contains(s))
            && self.hour.is_none_or(|h| usize::from(h) < features)
            && (self.hours.is_empty() || self.hours.len() == HOURS * features)
            && self.hours.iter().all(|h| !h.is_infinite())
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let hours = self.hours.chunks(self.usual.len().max(1));
        let known = hours.filter(|h| h.iter().any(|v| !v.is_nan())).count();
        vec![(
            "hours of the day with a median of their own",
            known.to_string(),
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            aspects: vec![0, 1, 1],
            numbers: vec![true, true, true],
            hour: Some(0),
        }
    }

    /// Rows of some days: the hour, a gauge that is high at night, and a constant.
    fn rows(days: i64) -> Vec<([f32; 3], Option<i64>)> {
        (0..days * 24)
            .map(|i| {
                let hour = (i % 24) as f32;
                let level = if hour < 6.0 { 20.0 } else { 10.0 };
                ([hour, level + (i * 7 % 5) as f32 * 0.1, 3.0], Some(i / 24))
            })
            .collect()
    }

    fn fitted(days: i64) -> TimeSeries {
        let rows = rows(days);
        let t = TimeSeries::fit(rows.iter().map(|(r, d)| (&r[..], *d)), &shape());
        assert!(t.is_sound(3));
        t
    }

    fn raw(t: &TimeSeries, row: [f32; 3]) -> f64 {
        t.raw(&Encoded {
            coordinates: &row,
            ..Encoded::default()
        })
    }

    #[test]
    fn what_is_usual_at_night_is_a_deviation_at_noon_once_there_are_enough_days() {
        let few = fitted(3);
        assert!(!few.knows_hours());
        assert_eq!(raw(&few, [2.0, 20.2, 3.0]), raw(&few, [12.0, 20.2, 3.0]));
        let many = fitted(10);
        assert!(many.knows_hours());
        assert!(raw(&many, [2.0, 20.2, 3.0]) < 1.0);
        assert!(raw(&many, [12.0, 20.2, 3.0]) > 5.0);
        assert!(raw(&many, [2.0, 10.2, 3.0]) > 5.0);
    }

    #[test]
    fn farther_is_stranger_without_an_end_and_missing_is_not() {
        let t = fitted(3);
        let at = |v: f32| raw(&t, [12.0, v, 3.0]);
        assert!(at(12.0) > at(11.0) && at(1e9) > at(100.0));
        assert!(at(f32::INFINITY).is_finite());
        assert!(at(f32::NAN) <= at(11.0));
        assert!(
            raw(&t, [12.0, 10.2, 4.0]) > 3.0,
            "what never changed has changed"
        );
        let mut why = [0.0; 3];
        let row = [12.0, 10.2, 9.0];
        t.attribute(
            &Encoded {
                coordinates: &row,
                ..Encoded::default()
            },
            &mut why,
        );
        assert!(why[2] > 0.0 && why[0] == 0.0 && why[1] == 0.0, "{why:?}");
    }

    #[test]
    fn no_row_and_one_row_have_an_answer() {
        let none = TimeSeries::fit([].into_iter(), &shape());
        assert!(none.is_sound(3));
        assert_eq!(raw(&none, [1.0, 2.0, 3.0]), 0.0);
        let one = [1.0f32, f32::NAN, 3.0];
        let one = TimeSeries::fit([(&one[..], None)].into_iter(), &shape());
        assert!(one.is_sound(3) && raw(&one, [1.0, 2.0, 30.0]) > 3.0);
    }

    #[test]
    fn what_makes_no_sense_is_not_sound() {
        let broken = |change: &dyn Fn(&mut TimeSeries)| {
            let mut t = fitted(10);
            change(&mut t);
            !t.is_sound(3)
        };
        assert!(broken(&|t| t.usual[1].1 = -1.0));
        assert!(broken(&|t| t.usual[1].0 = f32::NAN));
        assert!(broken(&|t| t.hour = Some(3)));
        assert!(broken(&|t| t.aspects[0] = 3));
        assert!(broken(&|t| t.hours.truncate(5)));
        assert!(broken(&|t| t.hours[0] = f32::INFINITY));
    }
}
