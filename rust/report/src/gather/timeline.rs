//! Records over time, in memory that does not grow with their number or span.

use std::collections::BTreeMap;

/// Bins that are kept of each log. Only bins that hold records count, so a few records of
/// another century cost nothing.
const BINS: usize = 8192;

/// The width of a bin at first, in seconds.
const NARROWEST: i64 = 60;

/// What happened in a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Records.
    pub records: u64,
    /// Records from the threshold on.
    pub flagged: u64,
}

impl Bin {
    fn add(&mut self, other: Bin) {
        self.records += other.records;
        self.flagged += other.flagged;
    }
}

/// One log's records over time.
#[derive(Clone, Debug)]
pub struct Times {
    width: i64,
    bins: BTreeMap<i64, Bin>,
    /// Records without a time.
    pub timeless: u64,
}

impl Default for Times {
    fn default() -> Self {
        Times {
            width: NARROWEST,
            bins: BTreeMap::new(),
            timeless: 0,
        }
    }
}

impl Times {
    /// Takes a record.
    pub fn add(&mut self, ts: Option<f64>, flagged: bool) {
        let Some(ts) = ts.filter(|t| t.is_finite()) else {
            self.timeless += 1;
            return;
        };
        let at = (ts / self.width as f64).floor() as i64;
        self.bins.entry(at).or_default().add(Bin {
            records: 1,
            flagged: u64::from(flagged),
        });
        while self.bins.len() > BINS {
            self.width *= 2;
            let mut wider: BTreeMap<i64, Bin> = BTreeMap::new();
            for (at, bin) in std::mem::take(&mut self.bins) {
                wider.entry(at.div_euclid(2)).or_default().add(bin);
            }
            self.bins = wider;
        }
    }

    /// Each bin's beginning, in seconds since the epoch, and what is in it, in order.
    pub fn bins(&self) -> impl Iterator<Item = (f64, Bin)> + '_ {
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
pub struct Stretch {
    /// Its beginning, in seconds since the epoch.
    pub from: f64,
    /// Its end.
    pub until: f64,
    /// Records outside of it.
    pub outside: u64,
}

/// The part of the records, at either end, that may be left out so that the rest can be
/// seen: clocks that were never set, or dates of another century.
const LEFT_OUT: f64 = 0.005;

/// How many times longer the whole has to be than the rest for that.
const TOO_LONG: f64 = 4.0;

/// The stretch of time that holds (nearly) all records of these logs.
pub fn stretch<'a>(logs: impl Iterator<Item = &'a Times>) -> Option<Stretch> {
    let mut bins: Vec<(f64, f64, u64)> = logs
        .flat_map(|t| t.bins().map(|(at, b)| (at, at + t.width(), b.records)))
        .collect();
    bins.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = bins.iter().map(|b| b.2).sum();
    let may_go = (total as f64 * LEFT_OUT) as u64;
    let inner = |bins: &mut dyn Iterator<Item = &(f64, f64, u64)>| -> Option<(f64, f64)> {
        let mut seen = 0;
        for b in bins {
            seen += b.2;
            if seen > may_go {
                return Some((b.0, b.1));
            }
        }
        None
    };
    let (first, last) = (
        bins.first()?.0,
        bins.iter().map(|b| b.1).fold(f64::MIN, f64::max),
    );
    let (from, until) = (inner(&mut bins.iter())?.0, inner(&mut bins.iter().rev())?.1);
    if until <= from || (last - first) <= TOO_LONG * (until - from) {
        return Some(Stretch {
            from: first,
            until: last,
            outside: 0,
        });
    }
    let outside = bins
        .iter()
        .filter(|b| b.0 < from || b.1 > until)
        .map(|b| b.2)
        .sum();
    Some(Stretch {
        from,
        until,
        outside,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_times_stay_bounded_and_none_is_lost() {
        let mut t = Times::default();
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
        let mut t = Times::default();
        let day = 1_780_000_000.0;
        (0..10_000).for_each(|i| t.add(Some(day + f64::from(i)), false));
        t.add(Some(0.0), false);
        t.add(Some(4.29e9), true);
        let s = stretch([&t].into_iter()).unwrap();
        assert!(s.from >= day - 60.0 && s.until <= day + 10_100.0, "{s:?}");
        assert!(s.outside >= 2 && s.outside <= 102, "{s:?}");
        let (one, none) = (Times::default(), stretch([].into_iter()));
        assert_eq!((stretch([&one].into_iter()), none), (None, None));
    }
}
