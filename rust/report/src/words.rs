//! Numbers, times and texts of logs as people read them.

use zeek_anomaly_base::text::printable;

/// A number with its thousands apart: 1,234,567.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}

/// `1 row`, `2 rows`.
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A time to the second, in UTC; the number itself where it is no time of this era.
pub fn second(ts: f64) -> String {
    let mut text = time(ts);
    text.truncate(text.len().min("2022-06-12 21:59:58".len()));
    text
}

/// A time to the millisecond, in UTC; the number itself where it is no time of this era.
pub fn time(ts: f64) -> String {
    // Millisecond precision: `as` saturates, and jiff refuses what is out of range.
    match jiff::Timestamp::from_millisecond((ts * 1e3).floor() as i64) {
        Ok(t) => t.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        Err(_) => ts.to_string(),
    }
}

/// A span of time in its largest unit: `45 s`, `3.2 h`.
pub fn span(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(86_400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];
    let (unit, name) = UNITS
        .into_iter()
        .find(|(u, _)| seconds >= 2.0 * u)
        .unwrap_or((1.0, "s"));
    let v = seconds / unit;
    if v < 10.0 && v.fract() > 0.05 {
        format!("{v:.1} {name}")
    } else {
        format!("{v:.0} {name}")
    }
}

/// A share from 0 to 1 as per cent.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p == 0.0 || p >= 10.0 => format!("{p:.0} %"),
        p if p >= 0.1 => format!("{p:.1} %"),
        p if p >= 0.001 => format!("{p:.3} %"),
        _ => "< 0.001 %".into(),
    }
}

/// Text of a log, safe to show, and cut to so many characters with a mark where something is
/// missing.
pub fn short(text: &str, width: usize) -> String {
    // What is cut anyway is not escaped first: a field may have a megabyte.
    let head: String = text.chars().take(width.saturating_add(1)).collect();
    let safe = printable(&head);
    if safe.chars().count() <= width {
        return safe;
    }
    let mut out: String = safe.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(time(1_655_071_198.444_458), "2022-06-12 21:59:58.444");
        assert_eq!(second(1_655_071_198.9), "2022-06-12 21:59:58");
        assert_eq!(time(1e15), "1000000000000000");
        assert_eq!(span(90.0), "90 s");
        assert_eq!(span(5400.0), "90 min");
        assert_eq!(span(86_400.0), "24 h");
        assert_eq!(percent(0.5), "50 %");
        assert_eq!(percent(0.00005), "0.005 %");
    }

    #[test]
    fn long_and_hostile_texts_are_cut_and_escaped() {
        assert_eq!(short("abc", 3), "abc");
        assert_eq!(short("abcd", 3), "ab…");
        assert_eq!(short("\u{202e}x", 40), "\\u{202e}x");
        assert_eq!(short(&"\0".repeat(1 << 20), 8).chars().count(), 8);
    }
}
