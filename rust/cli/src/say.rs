//! Words to people, on standard error.
//!
//! Not `eprintln!`, which panics where nobody listens any more.

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::LogModel;
use zeek_anomaly_report::words;
pub use zeek_anomaly_report::words::{count, counted, time};

/// How things are shown, as the command line has it.
static LOOK: OnceLock<(ColorChoice, TimeZone)> = OnceLock::new();

/// Settles how things are shown, once for the process.
pub fn set_look(color: ColorChoice, zone: TimeZone) {
    // Fails only where it was set already, and nothing else sets it.
    let _ = LOOK.set((color, zone));
}

/// The time zone of tables, by name.
pub fn zone() -> &'static str {
    LOOK.get().and_then(|l| l.1.iana_name()).unwrap_or("UTC")
}

/// A time to the second, in the zone of tables.
pub fn second(ts: f64) -> String {
    let local = LOOK.get().filter(|l| l.1 != TimeZone::UTC).and_then(|l| {
        let time = Timestamp::from_millisecond((ts * 1e3).floor() as i64).ok()?;
        let local = time.to_zoned(l.1.clone());
        Some(local.strftime("%Y-%m-%d %H:%M:%S").to_string())
    });
    local.unwrap_or_else(|| words::second(ts))
}

/// Whether to colour what goes to a terminal, or to anything with `--color always`
/// (<https://no-color.org>).
pub fn colours_wanted(terminal: bool) -> bool {
    match LOOK.get().map(|l| l.0) {
        Some(ColorChoice::Always) => return true,
        Some(ColorChoice::Never) => return false,
        Some(ColorChoice::Auto) | None => {}
    }
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    terminal && set("NO_COLOR").is_none() && set("TERM").is_none_or(|t| t != "dumb")
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
    if colours_wanted(io::stderr().is_terminal()) {
        let style = Style::new().bold().fg_color(Some(colour.into()));
        line(&format!("{style}{label}:{style:#} {text}"));
    } else {
        line(&format!("{label}: {text}"));
    }
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
    fn sizes_read_well() {
        assert_eq!(bytes(1023), "1,023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB");
    }
}
