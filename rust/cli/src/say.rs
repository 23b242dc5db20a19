//! Words to people, on standard error.
//!
//! Not `eprintln!`, which panics where nobody listens any more.

use anstyle::{AnsiColor, Style};
use std::io::{self, IsTerminal, Write};
use zeek_anomaly_engine::LogModel;
use zeek_anomaly_engine::text::printable;

/// Whether to colour what goes to a terminal (<https://no-color.org>).
pub fn colours_wanted() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|t| t != "dumb")
}

/// One line, as it is.
pub fn line(text: &str) {
    // Nobody to tell, nothing to do about it.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// An error that ends the work.
pub fn error(text: &str) {
    labelled("error", AnsiColor::Red, text);
}

/// Something that was skipped, or that the reader of the result has to know.
pub fn warning(text: &str) {
    labelled("warning", AnsiColor::Yellow, text);
}

fn labelled(label: &str, colour: AnsiColor, text: &str) {
    // Messages quote file names and what was found in files.
    let text = printable(text);
    if io::stderr().is_terminal() && colours_wanted() {
        let style = Style::new().bold().fg_color(Some(colour.into()));
        line(&format!("{style}{label}:{style:#} {text}"));
    } else {
        line(&format!("{label}: {text}"));
    }
}

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

/// Bytes, in the unit that makes them short.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if n < 1024 {
        return counted(n, "byte");
    }
    let mut v = n as f64 / 1024.0;
    let mut unit = 0;
    while v >= 1024.0 && unit + 1 < UNITS.len() {
        v /= 1024.0;
        unit += 1;
    }
    format!("{v:.1} {}", UNITS[unit])
}

/// A time for people to the second, in UTC; the number itself where it is no time of this
/// era.
pub fn second(ts: f64) -> String {
    let mut text = time(ts);
    text.truncate(text.len().min("2022-06-12 21:59:58".len()));
    text
}

/// A time for people, in UTC; the number itself where it is no time of this era.
pub fn time(ts: f64) -> String {
    // Millisecond precision: `as` saturates, and jiff refuses what is out of range.
    match jiff::Timestamp::from_millisecond((ts * 1e3).floor() as i64) {
        Ok(t) => t.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        Err(_) => ts.to_string(),
    }
}

/// Up to which score a log's training rows tell by their number, and whether it goes on.
pub fn reach(m: &LogModel) -> String {
    let tail = if m.calibration.has_tail() {
        " + tail"
    } else {
        ""
    };
    format!("{:.2}{tail}", m.calibration.ceiling())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_times_and_sizes_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(bytes(1023), "1,023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(time(1655071198.444458), "2022-06-12 21:59:58.444");
        assert_eq!(second(1655071198.9), "2022-06-12 21:59:58");
        assert_eq!(time(1e15), "1000000000000000");
    }
}
