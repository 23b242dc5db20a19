//! Dates with a time of day, as tools write them where Zeek writes seconds since the epoch.
//!
//! `zeek-cut -d`, ISO 8601 and RFC 3339, Splunk, Kibana, mail, `date` and web servers. Without a zone a time is UTC, as
//! Zeek writes it. A zone by its letters is read only where it is UTC, and a date of digits only from the year on: what
//! has two meanings is no time.

use crate::number::{count, days_from_civil};

const MONTHS: [&[u8]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];
const DAYS: [&[u8]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];

/// The longest text that may be a time.
const LONGEST: usize = 64;

/// What is left to read of a text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Takes digits, `least` to `most` of them.
    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let len = self
            .0
            .iter()
            .take(most)
            .take_while(|c| c.is_ascii_digit())
            .count();
        let (digits, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        (len >= least).then(|| i64::try_from(count(digits)?).ok())?
    }

    /// Takes one of these bytes.
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Takes blanks, commas and `@`.
    fn gap(&mut self) {
        while self.one_of(b" ,@").is_some() {}
    }

    /// Takes a word whose first three letters are one of these, and gives which.
    fn word(&mut self, words: &[&[u8]]) -> Option<i64> {
        let len = self
            .0
            .iter()
            .take_while(|c| c.is_ascii_alphabetic())
            .count();
        let (word, rest) = self.0.split_at_checked(len)?;
        let first = word.get(..3)?;
        let at = words.iter().position(|w| first.eq_ignore_ascii_case(w))?;
        self.0 = rest;
        i64::try_from(at).ok()
    }
}

/// Reads a date with a time of day; `None` where the text is none.
pub(crate) fn date_and_time(text: &[u8]) -> Option<f64> {
    if text.len() > LONGEST {
        return None;
    }
    let mut rest = Rest(text.trim_ascii());
    let _ = rest.word(&DAYS);
    rest.gap();
    let mut year_comes_last = None;
    let date = if let Some(month) = rest.word(&MONTHS) {
        // `Mar 5, 2026 @ 08:00:00.000` and `Mar  5 08:00:00 2026`.
        rest.gap();
        let day = rest.digits(1, 2)?;
        rest.gap();
        match rest.0.iter().take_while(|c| c.is_ascii_digit()).count() {
            4 => (rest.digits(4, 4)?, month + 1, day),
            _ => {
                year_comes_last = Some((month + 1, day));
                (0, 0, 0)
            }
        }
    } else {
        day_first(&mut rest).or_else(|| year_first(&mut rest))?
    };
    let had = rest.0.len();
    let _ = rest.one_of(b"Tt_:");
    rest.gap();
    if year_comes_last.is_none() && rest.0.len() == had {
        return None;
    }
    let (seconds, fraction) = clock(&mut rest)?;
    rest.gap();
    let (year, month, day) = match year_comes_last {
        Some((month, day)) => (rest.digits(4, 4)?, month, day),
        None => date,
    };
    rest.gap();
    let seconds = days_from_civil(year, month, day)? * 86_400 + seconds - zone(rest.0)?;
    // Whole microseconds first, so that the division is exact to the last bit.
    Some((seconds as f64 * 1e6 + (fraction * 1e6).round()) / 1e6)
}

/// `05 Mar 2026`, `05/Mar/2026`.
fn day_first(rest: &mut Rest<'_>) -> Option<(i64, i64, i64)> {
    let mut r = Rest(rest.0);
    let day = r.digits(1, 2)?;
    r.one_of(b" /-")?;
    let month = r.word(&MONTHS)? + 1;
    r.one_of(b" /-")?;
    let year = r.digits(4, 4)?;
    rest.0 = r.0;
    Some((year, month, day))
}

/// `2026-03-05`, `2026/03/05`, `20260305`.
fn year_first(rest: &mut Rest<'_>) -> Option<(i64, i64, i64)> {
    let year = rest.digits(4, 4)?;
    let separator = rest.one_of(b"-/.");
    let month = rest.digits(2, 2)?;
    if separator.is_some() {
        (rest.one_of(b"-/.") == separator).then_some(())?;
    }
    Some((year, month, rest.digits(2, 2)?))
}

/// `08:00:00`, `08:00:00.123456`, `080000`, `08:00`: seconds since midnight, and the fraction.
fn clock(rest: &mut Rest<'_>) -> Option<(i64, f64)> {
    let hour = rest.digits(2, 2)?;
    let colon = rest.one_of(b":").is_some();
    let minute = rest.digits(2, 2)?;
    let second = match colon {
        true if rest.one_of(b":").is_none() => 0,
        _ => rest.digits(2, 2)?,
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut fraction = 0.0;
    if rest.one_of(b".").is_some()
        || (rest.0.get(1).is_some_and(u8::is_ascii_digit) && rest.one_of(b",").is_some())
    {
        let before = rest.0.len();
        let digits = rest.digits(1, 18)?;
        let places = i32::try_from(before - rest.0.len()).ok()?;
        fraction = digits as f64 / 10f64.powi(places);
    }
    Some((hour * 3600 + minute * 60 + second, fraction))
}

/// The zone that ends the text, as seconds to the east of UTC.
fn zone(text: &[u8]) -> Option<i64> {
    if text.is_empty()
        || [b"z".as_slice(), b"utc", b"gmt"]
            .iter()
            .any(|z| text.eq_ignore_ascii_case(z))
    {
        return Some(0);
    }
    let mut rest = Rest(text);
    let sign = rest.one_of(b"+-")?;
    let hours = rest.digits(2, 2)?;
    let _ = rest.one_of(b":");
    let minutes = if rest.0.is_empty() {
        0
    } else {
        rest.digits(2, 2)?
    };
    if !rest.0.is_empty() || hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Some(if sign == b'-' { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_every_spelling() {
        for text in [
            "2022-06-17T00:00:07.123456Z",
            "2022-06-17T00:00:07.123456",
            "2022-06-17 02:00:07.123456+02:00",
            "2022-06-16T19:30:07.123456-0430",
            "2022-06-17 00:00:07.123456 UTC",
            "2022-06-17T00:00:07,123456 +0000",
            "2022/06/17 00:00:07.123456",
            "20220617T000007.123456Z",
            "Jun 17, 2022 @ 00:00:07.123456",
            "Fri, 17 Jun 2022 00:00:07.123456 GMT",
            "17/Jun/2022:00:00:07.123456 +0000",
            "Fri Jun 17 00:00:07.123456 2022",
        ] {
            assert_eq!(
                date_and_time(text.as_bytes()),
                Some(1_655_424_007.123_456),
                "{text}"
            );
        }
        assert_eq!(date_and_time(b"1970-01-01T00:00:00Z"), Some(0.0));
        assert_eq!(date_and_time(b"1969-12-31T23:59:59.5Z"), Some(-0.5));
        assert_eq!(
            date_and_time(b"2026-03-05T08:00:00+0000"),
            Some(1_772_697_600.0)
        );
    }

    #[test]
    fn what_is_no_moment_or_has_two_meanings_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2022-02-30T00:00:00Z",
            "2022-06-17",
            "2022-06-17T00:00:07.Z",
            "2022-06-17T00:00:07 CET",
            "06/17/2022 00:00:07",
            "2022-06-17T25:00:00Z",
            "2022-06-17T00:00:07Z and more",
            "Jun 17 00:00:07",
            "12:00:00",
            "192.168.10.101",
        ] {
            assert_eq!(date_and_time(text.as_bytes()), None, "{text}");
        }
    }
}
