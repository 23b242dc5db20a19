//! Values of options: what they have to be, checked when the command line is read.

use ipnet::IpNet;
use jiff::tz::TimeZone;
use std::net::IpAddr;

/// The last second of the year 9999: a later time is in milliseconds, or a typing error.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// A score: a finite number that is not negative.
pub(crate) fn finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if (0.0..=1000.0).contains(&v) => Ok(v),
        _ => Err("must be a number from 0 to 1000, as 3 or 3.5".into()),
    }
}

/// How many to show: at least one.
pub(crate) fn some(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("must be a whole number from 1".into()),
    }
}

/// The part of the rows that is held out.
pub(crate) fn holdout(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if (0.0..=0.5).contains(&v) => Ok(v),
        _ => Err("must be from 0 to 0.5, as 0.2".into()),
    }
}

/// A number of bytes: 500, 64MiB, 2G.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        "t" | "tib" => 40,
        _ => return Err("must be a size, as 500MiB or 16GiB".into()),
    };
    let n = digits.parse::<u64>().ok();
    n.and_then(|n| n.checked_mul(1 << shift))
        .ok_or_else(|| "must be a size, as 500MiB or 16GiB".into())
}

/// A network, or one address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => text.parse::<IpNet>(),
    };
    net.map(|net| net.trunc()).map_err(|_| {
        "must be a network or an address, as 10.1.0.0/16, 2001:db8::/32 or 10.1.2.3".into()
    })
}

/// A time zone by its name.
pub(crate) fn zone(text: &str) -> Result<TimeZone, String> {
    match text {
        "UTC" | "utc" | "Z" => Ok(TimeZone::UTC),
        "local" => Ok(TimeZone::system()),
        name => TimeZone::get(name)
            .map_err(|_| "must be UTC, local, or the name of a time zone, as Europe/Prague".into()),
    }
}

/// A column and the value that it must have.
pub(crate) fn column_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, value)) if !column.is_empty() => Ok((column.into(), value.into())),
        _ => Err("must be COLUMN=VALUE, as label=Benign".into()),
    }
}

/// A point in time as people and logs write it, in seconds since the epoch.
pub(crate) fn time(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if digits && matches!(text.len(), 4 | 8) {
        return Err("looks like a date: write it as YYYY-MM-DD".into());
    }
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
    {
        if seconds > LAST_SECOND {
            return Err("is later than the year 9999: write seconds since the epoch".into());
        }
        return Ok(seconds);
    }
    let seconds = |t: jiff::Timestamp| t.as_microsecond() as f64 / 1e6;
    if text.contains('[')
        && let Ok(zoned) = text.parse::<jiff::Zoned>()
    {
        return Ok(seconds(zoned.timestamp()));
    }
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return Ok(seconds(stamp));
    }
    text.parse::<jiff::civil::DateTime>()
        .and_then(|t| t.to_zoned(TimeZone::UTC))
        .map(|z| seconds(z.timestamp()))
        .map_err(|_| {
            "is not a time: write YYYY-MM-DD, \"YYYY-MM-DD HH:MM[:SS]\", RFC 3339, or seconds since \
             the epoch"
                .into()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_and_logs_write_them() {
        for (text, want) in [
            ("1655071198.444458", 1655071198.444458),
            ("1970-01-02", 86_400.0),
            ("1970-01-01 01:30", 5400.0),
            ("1970-01-01T01:30:05", 5405.0),
            ("1970-01-01T01:30:05.25Z", 5405.25),
            ("1970-01-01 02:30:05+01:00", 5405.0),
            ("1970-01-01T02:30[Europe/Prague]", 5400.0),
        ] {
            assert_eq!(time(text), Ok(want), "{text}");
        }
        for text in [
            "yesterday",
            "2022",
            "20220612",
            "2022-13-01",
            "inf",
            "1772697600000",
            "",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_and_networks_that_cannot_be_meant_are_refused() {
        for text in ["NaN", "inf", "-1", "1e9", "three", ""] {
            assert!(finite(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "1.5", ""] {
            assert!(some(text).is_err(), "{text}");
        }
        for text in ["10.0.0.0/33", "office", "::1/129", ""] {
            assert!(network(text).is_err(), "{text}");
        }
        assert_eq!(network("10.1.2.3").unwrap().to_string(), "10.1.2.3/32");
        assert_eq!(network("10.1.2.3/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("2001:db8::/32").unwrap().prefix_len(), 32);
    }
}
