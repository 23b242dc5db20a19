//! Values from text, fast where Zeek's own spelling allows it.
//!
//! A log holds millions of times and counts spelled one way; those are read
//! here digit by digit. Every other spelling goes to the standard library, with
//! the same result.

use crate::canon;
use crate::when;
use std::net::{IpAddr, Ipv4Addr};

/// An unsigned number: digits only.
pub(crate) fn count(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let mut v: u64 = 0;
    if text.len() < 20 {
        for &c in text {
            let d = c.wrapping_sub(b'0');
            if d > 9 {
                return None;
            }
            v = v * 10 + u64::from(d);
        }
        return Some(v);
    }
    for &c in text {
        let d = c.wrapping_sub(b'0');
        if d > 9 {
            return None;
        }
        v = v.checked_mul(10)?.checked_add(u64::from(d))?;
    }
    Some(v)
}

/// An unsigned number that is spelled as a fraction, as tools write that have no whole numbers (`443.0`).
pub(crate) fn whole(text: &[u8]) -> Option<u64> {
    whole_of(canon::parse_number(text)?)
}

/// The same of a number.
pub(crate) fn whole_of(v: f64) -> Option<u64> {
    // Up to 2^53 each whole number is a fraction, too.
    (v.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&v)).then_some(v as u64)
}

/// A signed number: digits with or without a sign.
pub(crate) fn int(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', digits @ ..] => 0i64.checked_sub_unsigned(count(digits)?),
        [b'+', digits @ ..] => i64::try_from(count(digits)?).ok(),
        digits => i64::try_from(count(digits)?).ok(),
    }
}

/// A port.
pub(crate) fn port(text: &[u8]) -> Option<u16> {
    u16::try_from(count(text).or_else(|| whole(text))?).ok()
}

/// `T` or `F`.
pub(crate) fn truth(text: &[u8]) -> Option<bool> {
    match text {
        b"T" | b"true" => Some(true),
        b"F" | b"false" => Some(false),
        _ => None,
    }
}

/// A number with a fraction, already in the canonical form of
/// [`canon::decimals`]. The outer `None`: no number. The inner: NaN, infinite.
pub(crate) fn decimal(text: &[u8]) -> Option<Option<f64>> {
    if let Some(v) = micros(text) {
        return Some(Some(v));
    }
    if let Some(v) = canon::parse_number(text) {
        return Some(canon::decimals(v));
    }
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    [b"nan".as_slice(), b"inf", b"infinity"]
        .iter()
        .any(|w| unsigned.eq_ignore_ascii_case(w))
        .then_some(None)
}

/// Zeek's own spelling: digits, and at most six more after a point.
fn micros(text: &[u8]) -> Option<f64> {
    // More than ten digits before the point cannot stay below 2^51 millionths.
    if text.is_empty() || text.len() > 17 {
        return None;
    }
    let mut v: u64 = 0;
    let mut i = 0;
    while i < text.len() {
        let d = text[i].wrapping_sub(b'0');
        if d > 9 {
            break;
        }
        v = v * 10 + u64::from(d);
        i += 1;
    }
    if i == 0 {
        return None;
    }
    let mut places = 0;
    if i < text.len() {
        if text[i] != b'.' {
            return None;
        }
        places = text.len() - i - 1;
        if places == 0 || places > 6 {
            return None;
        }
        for &c in &text[i + 1..] {
            let d = c.wrapping_sub(b'0');
            if d > 9 {
                return None;
            }
            v = v * 10 + u64::from(d);
        }
    }
    const SCALE: [u64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let v = v.checked_mul(SCALE[places])?;
    // Both sides of the division are exact, so it gives the double nearest to
    // the decimal number: what a full parser gives, and what `decimals` keeps.
    (v < 1 << 51).then(|| v as f64 / 1e6)
}

/// An address.
pub(crate) fn addr(text: &[u8]) -> Option<IpAddr> {
    if let Some(v4) = ipv4(text) {
        return Some(IpAddr::V4(v4));
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    if text.len() < 7 || text.len() > 15 {
        return None;
    }
    let mut octets = [0u8; 4];
    let mut part = 0;
    let mut digits = 0;
    let mut v: u32 = 0;
    for &c in text {
        let d = c.wrapping_sub(b'0');
        if d <= 9 {
            if digits > 0 && v == 0 {
                return None;
            }
            v = v * 10 + u32::from(d);
            digits += 1;
            if v > 255 {
                return None;
            }
        } else if c == b'.' && digits > 0 && part < 3 {
            octets[part] = v as u8;
            part += 1;
            digits = 0;
            v = 0;
        } else {
            return None;
        }
    }
    if part != 3 || digits == 0 {
        return None;
    }
    octets[3] = v as u8;
    Some(Ipv4Addr::from(octets))
}

/// A time as a text: a number as [`canon::epoch`] takes it, or a date with a time of day (see [`crate::when`]).
pub(crate) fn time(text: &[u8]) -> Option<f64> {
    match canon::parse_number(text) {
        Some(v) => Some(canon::epoch(v)),
        None => when::date_and_time(text),
    }
}

/// Days since 1970-01-01 in the Gregorian calendar (Hinnant's algorithm);
/// `None` for a month or day that does not exist.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > longest {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some(era * 146_097 + doe - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_ints_at_their_limits() {
        assert_eq!(count(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(count(b"18446744073709551616"), None);
        assert_eq!(count(b"99999999999999999999"), None);
        for bad in [&b""[..], b"-1", b"1.5", b" 1", b"0x1", b"1e3"] {
            assert_eq!(count(bad), None, "{bad:?}");
        }
        assert_eq!(int(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(int(b"-9223372036854775809"), None);
        assert_eq!(int(b"9223372036854775808"), None);
        assert_eq!((port(b"65535"), port(b"65536")), (Some(65535), None));
    }

    #[test]
    fn the_fast_decimal_is_the_slow_one_bit_for_bit() {
        let mut x = 0x2545_f491_4f6c_dd1d_u64;
        for i in 0..200_000 {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            let whole = x % [3_000_000_000, 10, 100_000][i % 3];
            let places = (x >> 40) % 7;
            let text = match places {
                0 => format!("{whole}"),
                p => format!(
                    "{whole}.{:0w$}",
                    (x >> 8) % 10u64.pow(p as u32),
                    w = p as usize
                ),
            };
            let slow = canon::decimals(text.parse().unwrap());
            assert_eq!(decimal(text.as_bytes()), Some(slow), "{text}");
        }
    }

    #[test]
    fn other_spellings_of_numbers_are_read_too() {
        assert_eq!(decimal(b"4.294967e+09"), Some(Some(4_294_967_000.0)));
        assert_eq!(decimal(b"-0.000000"), Some(Some(0.0)));
        assert_eq!(decimal(b"nan"), Some(None));
        assert_eq!(decimal(b"-inf"), Some(None));
        for bad in [&b""[..], b"1.", b"abc", b"1.5x", b"-", b".", b"1..5"] {
            let ok = bad == b"1.";
            assert_eq!(decimal(bad).is_some(), ok, "{bad:?}");
        }
    }

    #[test]
    fn addresses_as_the_standard_library_reads_them() {
        for text in [
            "1.2.3.4",
            "255.255.255.255",
            "0.0.0.0",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1..2.3",
            "1.2.3.",
            "::1",
            "fe80::1",
            "::ffff:1.2.3.4",
            "x",
            "",
            "1.2.3.4 ",
        ] {
            assert_eq!(addr(text.as_bytes()), text.parse().ok(), "{text:?}");
        }
    }

    #[test]
    fn times_are_seconds_or_parts_of_seconds_by_plausibility() {
        for text in [
            "1655424007.123456",
            "1655424007123.456",
            "1655424007123456",
            "1655424007123456000",
        ] {
            let seconds = time(text.as_bytes()).and_then(canon::decimals);
            assert_eq!(seconds, Some(1_655_424_007.123_456), "{text}");
        }
        // A certificate that never ends.
        assert_eq!(time(b"253402300799"), Some(253_402_300_799.0));
        assert_eq!(time(b"-1"), Some(-1.0));
    }
}
