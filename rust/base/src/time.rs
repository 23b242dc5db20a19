//! Days of UTC. A day has every hour once wherever the network is.

/// Seconds of an hour.
pub const HOUR: f64 = 3600.0;

/// Seconds of a day.
pub const DAY: f64 = 86_400.0;

/// The day of a time (days since the epoch) and its hour; `None` outside the years 1970 to
/// 2243, in which no log was written.
pub fn day_of(ts: f64) -> Option<(i32, u32)> {
    if !(0.0..1e5 * DAY).contains(&ts) {
        return None;
    }
    Some(((ts / DAY) as i32, (ts % DAY / HOUR) as u32))
}

/// When a day begins, in seconds since the epoch.
pub fn begin_of(day: i32) -> f64 {
    f64::from(day) * DAY
}

/// Day of the week, 0 for Monday. The epoch was a Thursday.
pub fn weekday(day: i32) -> i32 {
    (day + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_hours_and_weekdays_of_times() {
        assert_eq!(day_of(0.0), Some((0, 0)));
        // 2023-11-14 22:13:20, a Tuesday.
        assert_eq!(day_of(1_700_000_000.0), Some((19_675, 22)));
        assert_eq!(weekday(19_675), 1);
        assert_eq!(begin_of(19_675), 1_699_920_000.0);
        for ts in [-1.0, f64::NAN, f64::INFINITY, 1e12] {
            assert_eq!(day_of(ts), None);
        }
    }
}
