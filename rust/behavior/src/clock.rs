//! The time of the events.

use serde::{Deserialize, Serialize};

/// How far a record may be ahead and still move the clock by itself, in seconds: a quiet
/// weekend, and a day more.
const AHEAD: f64 = 4.0 * 86_400.0;

/// How far behind records may be and still be late ones, in seconds. conn.log holds
/// connections that began days ago, but is written at their end.
const BEHIND: f64 = 86_400.0;

/// So many records in a row that agree set the clock.
const AGREEING: u32 = 32;

/// Follows the time of events: forward with each, back or far ahead only when many records in a
/// row say so, because then the sensor's clock was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clock {
    now: f64,
    /// Where the records in question are.
    other: f64,
    agreeing: u32,
    /// How often it was set.
    steps: u64,
}

impl Clock {
    /// Sees the time at which a record was written.
    pub(crate) fn see(&mut self, ts: f64) {
        if self.now == 0.0 {
            self.now = ts;
        }
        let off = ts - self.now;
        if (-BEHIND..=AHEAD).contains(&off) {
            self.now = self.now.max(ts);
            self.agreeing = 0;
            return;
        }
        let same_era = (ts - self.other).abs() < AHEAD;
        self.agreeing = if same_era { self.agreeing + 1 } else { 1 };
        self.other = ts;
        if self.agreeing >= AGREEING {
            self.now = ts;
            self.agreeing = 0;
            self.steps += 1;
        }
    }

    /// The time, seconds since the epoch; 0 before the first record.
    pub(crate) fn now(&self) -> f64 {
        self.now
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.now.is_finite() && self.other.is_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_from_another_time_does_not_move_the_clock_and_many_do() {
        let mut c = Clock::default();
        c.see(1e9);
        c.see(1e9 + 5.0);
        c.see(3e9);
        c.see(1e9 + 2.0);
        assert_eq!(c.now(), 1e9 + 5.0);
        for i in 0..40 {
            c.see(5e8 + f64::from(i));
        }
        assert!(c.now() > 5e8 && c.now() < 6e8);
        assert_eq!(c.steps(), 1);
        for i in 0..40 {
            c.see(3e9 + f64::from(i));
        }
        assert!(c.now() > 3e9 - 1.0);
    }
}
