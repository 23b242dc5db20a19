//! Records over time, in memory that does not grow with their number or span.

use std::collections::BTreeMap;

/// Bins that are kept of each log. Only bins that hold records count, so a few records of
/// another century cost nothing.
const BINS: usize = 8192;

/// The width of a bin at first, in seconds.
const NARROWEST: i64 = 60;

/// What happened in a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimeBin {
    /// Records.
    pub records: u64,
    /// Records from the threshold on.
    pub flagged: u64,
}

impl TimeBin {
    fn add(&mut self, other: TimeBin) {
        self.records += other.records;
        self.flagged += other.flagged;
    }
}

/// One log's records over time.
#[derive(Clone, Debug)]
pub struct LogTimes {
    width: i64,
    bins: BTreeMap<i64, TimeBin>,
    /// Records without a time.
    pub timeless: u64,
}

impl Default for LogTimes {
    fn default() -> Self {
        LogTimes {
            width: NARROWEST,
            bins: BTreeMap::new(),
            timeless: 0,
        }
    }
}

impl LogTimes {
    /// Takes a record.
    pub fn add(&mut self, ts: Option<f64>, flagged: bool) {
        let Some(ts) = ts.filter(|t| t.is_finite()) else {
            self.timeless += 1;
            return;
        };
        let at = (ts / self.width as f64).floor() as i64;
        self.bins.entry(at).or_default().add(TimeBin {
            records: 1,
            flagged: u64::from(flagged),
        });
        while self.bins.len() > BINS {
            self.width *= 2;
            let mut wider: BTreeMap<i64, TimeBin> = BTreeMap::new();
            for (at, bin) in std::mem::take(&mut self.bins) {
                wider.entry(at.div_euclid(2)).or_default().add(bin);
            }
            self.bins = wider;
        }
    }

    /// Each bin's beginning, in seconds since the epoch, and what is in it, in order.
    pub fn bins(&self) -> impl Iterator<Item = (f64, TimeBin)> + '_ {
        self.bins
            .iter()
            .map(|(at, bin)| (*at as f64 * self.width as f64, *bin))
    }

    /// The width of a bin, in seconds.
    pub fn width(&self) -> f64 {
        self.width as f64
    }
}

/// A stretch of time that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeSpan {
    /// Its beginning, in seconds since the epoch.
    pub from: f64,
    /// Its end.
    pub until: f64,
    /// Records outside of it.
    pub outside: u64,
}

/// The part of the records that may be left out, at either side of a gap, so that the rest can
/// be seen: clocks that were never set, or dates of another century.
const LEFT_OUT: f64 = 0.05;

/// The part of the whole time that such a gap takes at least.
const GAP: f64 = 0.5;

/// The stretch of time that holds (nearly) all records of these logs: few that lie beyond a
/// long gap are left out.
pub fn stretch<'a>(logs: impl Iterator<Item = &'a LogTimes>) -> Option<TimeSpan> {
    let mut bins: Vec<(f64, f64, u64)> = logs
        .flat_map(|t| t.bins().map(|(at, b)| (at, at + t.width(), b.records)))
        .collect();
    bins.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = bins.iter().map(|b| b.2).sum();
    let may_go = (total as f64 * LEFT_OUT) as u64;
    let mut rest = bins.as_slice();
    loop {
        let (from, until) = (rest.first()?.0, rest.last()?.1);
        let gap = |i: &usize| rest[*i].0 - rest[*i - 1].1;
        let longest = (1..rest.len()).max_by(|a, b| gap(a).total_cmp(&gap(b)));
        let held = |part: &[(f64, f64, u64)]| part.iter().map(|b| b.2).sum::<u64>();
        let outside = total - held(rest);
        if let Some(at) = longest.filter(|i| gap(i) >= GAP * (until - from)) {
            let (before, after) = rest.split_at(at);
            let (few, many) = match held(before) < held(after) {
                true => (before, after),
                false => (after, before),
            };
            if outside + held(few) <= may_go {
                rest = many;
                continue;
            }
        }
        return Some(TimeSpan {
            from,
            until,
            outside,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_times_stay_bounded_and_none_is_lost() {
        let mut t = LogTimes::default();
        for i in 0..100_000u32 {
            t.add(Some(f64::from(i) * 40_000.0), i % 10 == 0);
        }
        t.add(None, false);
        t.add(Some(f64::MAX), false);
        t.add(Some(f64::MIN), false);
        assert!(t.bins.len() <= BINS);
        assert_eq!(t.bins().map(|b| b.1.records).sum::<u64>(), 100_002);
        assert_eq!(t.bins().map(|b| b.1.flagged).sum::<u64>(), 10_000);
        assert_eq!(t.timeless, 1);
    }

    #[test]
    fn a_few_dates_of_1970_and_2106_do_not_hide_the_day() {
        let mut t = LogTimes::default();
        let day = 1_780_000_000.0;
        (0..10_000).for_each(|i| t.add(Some(day + f64::from(i)), false));
        t.add(Some(0.0), false);
        t.add(Some(4.29e9), true);
        let s = stretch([&t].into_iter()).unwrap();
        assert!(s.from >= day - 60.0 && s.until <= day + 10_100.0, "{s:?}");
        assert_eq!(s.outside, 2);
        let (one, none) = (LogTimes::default(), stretch([].into_iter()));
        assert_eq!((stretch([&one].into_iter()), none), (None, None));
    }
}
