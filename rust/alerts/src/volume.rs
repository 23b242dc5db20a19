//! How many rows a log has in a day.

use super::AlertLog;
use std::collections::VecDeque;
use zeek_anomaly_base::time::weekday;

/// Days that are remembered: four of each weekday.
const KEPT: usize = 28;

/// Days of the same weekday that are enough to go by.
const SAME: usize = 2;

/// Days, the last ones, to go by where there are not.
const LAST: usize = 7;

/// Days before which training is one of them.
const FEW: usize = 3;

/// A day of which less than this part was seen is no measure.
const LEAST_PART: f64 = 0.75;

/// Rows of each log by day.
#[derive(Clone, Debug)]
pub(super) struct Volumes {
    /// In training.
    trained: Vec<f64>,
    days: VecDeque<(i32, Vec<f64>)>,
}

impl Volumes {
    pub fn new(model: &[AlertLog]) -> Volumes {
        Volumes {
            trained: model.iter().map(|log| log.rows_per_day).collect(),
            days: VecDeque::new(),
        }
    }

    /// Days that are known, for keeping.
    pub fn days(&self) -> &VecDeque<(i32, Vec<f64>)> {
        &self.days
    }

    /// Days that were kept, the oldest first.
    pub fn set_days(&mut self, days: impl Iterator<Item = (i32, Vec<f64>)>) {
        self.days = days.collect();
        while self.days.len() > KEPT {
            self.days.pop_front();
        }
    }

    /// A day of which this part was seen is over.
    pub fn close(&mut self, day: i32, part: f64, rows: &[u64]) {
        if part < LEAST_PART {
            return;
        }
        self.days.retain(|d| d.0 != day);
        if self.days.len() >= KEPT {
            self.days.pop_front();
        }
        let whole = |n: &u64| *n as f64 / part;
        self.days.push_back((day, rows.iter().map(whole).collect()));
    }

    /// Rows that each log is expected to have on a day; at least 1.
    pub fn expected(&self, day: i32) -> Vec<f64> {
        let all = || self.days.iter();
        let same = |d: &&(i32, Vec<f64>)| weekday(d.0) == weekday(day);
        let by_weekday = all().filter(same).count() >= SAME;
        (0..self.trained.len())
            .map(|log| {
                let of = |d: &(i32, Vec<f64>)| d.1.get(log).copied().unwrap_or(0.0);
                let mut values: Vec<f64> = match by_weekday {
                    true => all().filter(same).map(of).collect(),
                    false => all().rev().take(LAST).map(of).collect(),
                };
                if self.days.len() < FEW {
                    values.push(self.trained[log]);
                }
                median(values).max(1.0)
            })
            .collect()
    }
}

/// The median; the geometric mean of the middle two, as volumes differ by factors.
fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    let at = |i: usize| v.get(i).copied().unwrap_or(0.0).max(1.0);
    match v.len() {
        0 => 1.0,
        n if n % 2 == 1 => at(n / 2),
        n => (at(n / 2 - 1) * at(n / 2)).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday.
    const MONDAY: i32 = 19_723;

    fn volumes(trained: f64) -> Volumes {
        Volumes {
            trained: vec![trained],
            days: VecDeque::new(),
        }
    }

    #[test]
    fn training_stands_for_days_that_were_not_seen_yet() {
        let mut v = volumes(100.0);
        assert_eq!(v.expected(MONDAY), [100.0]);
        v.close(MONDAY, 1.0, &[10_000]);
        assert_eq!(v.expected(MONDAY + 1), [1000.0]);
        for d in 1..4 {
            v.close(MONDAY + d, 1.0, &[10_000]);
        }
        assert_eq!(v.expected(MONDAY + 4), [10_000.0]);
    }

    #[test]
    fn weekdays_are_learned_and_one_wild_day_is_not() {
        let mut v = volumes(1000.0);
        for d in 0..28 {
            let rows = if d % 7 >= 5 { 200 } else { 1000 };
            let wild = if d == 20 { 100 } else { 1 };
            v.close(MONDAY + d, 1.0, &[rows * wild]);
        }
        assert_eq!(v.expected(MONDAY + 28), [1000.0]);
        assert_eq!(v.expected(MONDAY + 28 + 6), [200.0]);
    }

    #[test]
    fn a_part_of_a_day_is_scaled_and_a_small_part_is_no_measure() {
        let mut v = volumes(1000.0);
        v.close(MONDAY, 0.1, &[1]);
        assert_eq!(v.expected(MONDAY + 1), [1000.0]);
        v.close(MONDAY, 0.8, &[800]);
        assert_eq!(v.expected(MONDAY + 1), [1000.0]);
    }
}
