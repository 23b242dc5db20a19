//! What time it is, by the records.

use zeek_anomaly_base::time::{DAY, day_of};

/// A time further from now than this is not believed at first, in seconds.
const FAR: f64 = DAY;

/// Records in a row of one far day which say that the clock has been set, or that time has
/// passed without records.
const STEP_AFTER: u64 = 32;

/// The clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    now: Option<f64>,
    /// The far day that was met, and its records in a row.
    stray: (i32, u64),
    /// Whether the time is one that was saved: the first record tells what time it is now.
    resumed: bool,
}

/// What a time did to the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    /// Nothing, or it went on.
    On,
    /// It was set: nothing was seen between then and now.
    Set,
}

impl Clock {
    /// A clock that stood since then.
    pub fn resume(now: Option<f64>) -> Clock {
        Clock {
            now: now.filter(|t| day_of(*t).is_some()),
            resumed: true,
            ..Clock::default()
        }
    }

    /// The time, if there is one.
    pub fn time(&self) -> Option<f64> {
        self.now
    }

    /// Now, in seconds since the epoch; 0 before anything was seen.
    pub fn now(&self) -> f64 {
        self.now.unwrap_or(0.0)
    }

    /// The day, in days since the epoch.
    pub fn day(&self) -> Option<i32> {
        self.now.and_then(day_of).map(|d| d.0)
    }

    /// `n` records of a time.
    pub fn tick(&mut self, ts: Option<f64>, n: u64) -> Tick {
        let Some((ts, (day, _))) = ts.and_then(|t| Some((t, day_of(t)?))) else {
            return Tick::On;
        };
        let Some(now) = self.now else {
            self.now = Some(ts);
            return Tick::Set;
        };
        let resumed = std::mem::take(&mut self.resumed);
        if (ts - now).abs() <= FAR {
            self.stray.1 = 0;
            self.now = Some(now.max(ts));
            return Tick::On;
        }
        self.stray = match self.stray {
            (d, before) if d == day => (day, before.saturating_add(n)),
            _ => (day, n),
        };
        if self.stray.1 < STEP_AFTER && !resumed {
            return Tick::On;
        }
        self.stray.1 = 0;
        self.now = Some(ts);
        Tick::Set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_time_moves_nothing_and_a_clock_that_is_set_is_followed() {
        let mut c = Clock::default();
        assert_eq!(c.tick(Some(1e9), 1), Tick::Set);
        for wrong in [4e9, 0.0, f64::NAN, -1.0, 1e300] {
            assert_eq!(c.tick(Some(wrong), 1), Tick::On);
        }
        assert_eq!(c.tick(None, 1), Tick::On);
        assert_eq!(c.now(), 1e9);
        // Older by an hour: the time stays.
        c.tick(Some(1e9 + 60.0), 1);
        c.tick(Some(1e9 - 3600.0), 1);
        assert_eq!(c.now(), 1e9 + 60.0);
        for back in [5e8, 2e9] {
            for _ in 1..STEP_AFTER {
                assert_eq!(c.tick(Some(back), 1), Tick::On);
            }
            assert_eq!(c.tick(Some(back), 1), Tick::Set);
            assert_eq!(c.now(), back);
        }
    }

    #[test]
    fn a_clock_that_stood_is_set_by_the_first_record() {
        let mut c = Clock::resume(Some(1e9));
        assert_eq!(c.tick(Some(1e9 + 60.0), 1), Tick::On);
        assert_eq!(c.tick(Some(2e9), 1), Tick::On);
        let mut c = Clock::resume(Some(1e9));
        assert_eq!(c.tick(Some(2e9), 1), Tick::Set);
        assert_eq!(c.now(), 2e9);
    }

    #[test]
    fn far_times_of_different_days_are_no_step() {
        let mut c = Clock::default();
        c.tick(Some(1e9), 1);
        for i in 0..1000 {
            c.tick(Some(2e9 + f64::from(i) * 1e5), 1);
        }
        assert_eq!(c.now(), 1e9);
    }
}
