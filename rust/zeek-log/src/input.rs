//! One thing to read, as far as its path tells: the log, the rotation interval, the size.

use crate::names;
use crate::number::{count, days_from_civil};
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file, or `-` for standard input.
    pub path: PathBuf,
    /// The log that the file's name gives away. The content has the last word.
    pub log: Option<String>,
    /// The rotation interval that the file's name, or its directory's, tells.
    pub interval: Option<Interval>,
    /// The file's size in bytes, as it is on disk; 0 for standard input.
    pub size: u64,
    /// Whether it can be read only once: standard input, a pipe, a device.
    pub once: bool,
    /// Which sensor's it is, where that was told: uids are only its own. 0 otherwise.
    pub sensor: u64,
}

impl Input {
    /// An input for this path, described as far as its name tells.
    pub fn new(path: impl Into<PathBuf>) -> Input {
        let path = path.into();
        let text = |p: Option<&std::ffi::OsStr>| {
            p.map_or_else(String::new, |n| n.to_string_lossy().into_owned())
        };
        let name = text(path.file_name());
        let dir = text(path.parent().and_then(Path::file_name));
        let metadata = std::fs::metadata(&path).ok();
        Input {
            log: names::log_of_file(&name).map(str::to_owned),
            interval: Interval::of(&dir, &name),
            size: metadata
                .as_ref()
                .map_or(0, |m| if m.is_file() { m.len() } else { 0 }),
            once: metadata.is_some_and(|m| !m.is_file() && !m.is_dir()),
            sensor: 0,
            path,
        }
    }

    /// Standard input.
    pub fn stdin() -> Input {
        Input {
            path: "-".into(),
            log: None,
            interval: None,
            size: 0,
            once: true,
            sensor: 0,
        }
    }

    /// Whether rows with a time (in seconds since the epoch) from `from` on and before `until`
    /// may be in it, as far as the interval of its name tells. That is by the sensor's clock, in a
    /// zone that is not told, and a record's time may be long before it was written; so a
    /// day is allowed for on either side.
    pub fn may_hold(&self, from: Option<f64>, until: Option<f64>) -> bool {
        const MARGIN: f64 = 86_400.0;
        let Some(interval) = self.interval.filter(|i| i.dated) else {
            return true;
        };
        let early = from
            .zip(interval.end)
            .is_some_and(|(from, end)| end as f64 + MARGIN <= from);
        let late = until.is_some_and(|until| interval.start as f64 - MARGIN >= until);
        !early && !late
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self.is_stdin() {
            true => "standard input".into(),
            false => self.path.display().to_string(),
        }
    }

    /// Whether this is standard input.
    pub fn is_stdin(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

/// The span of time that a rotated file covers, by the clock of the sensor: the
/// zone is not in the name, so these are no epoch times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// The start in seconds since 1970-01-01 00:00 of the sensor's clock; since
    /// midnight where [`Interval::dated`] is false.
    pub start: i64,
    /// The end, where the name has one.
    pub end: Option<i64>,
    /// Whether the name or its directory has a date.
    pub dated: bool,
}

impl Interval {
    /// Reads the interval from a file's name, and a date from its directory's
    /// (`2026-11-20/conn.00:00:00-01:00:00.log.gz`).
    pub fn of(dir: &str, name: &str) -> Option<Interval> {
        // Everything but digits separates: the numbers and their widths tell the
        // form. zeekctl: NAME.HH:MM:SS-HH:MM:SS.log; Corelight:
        // NAME_YYYYMMDD_HH:MM:SS-HH:MM:SS+ZZZZ.log; Zeek's own rotation:
        // NAME-YY-MM-DD_HH.MM.SS.log; its archiver:
        // NAME__YYYY-MM-DD-HH-MM-SS__YYYY-MM-DD-HH-MM-SS__.log.
        let numbers = |text: &str| -> Vec<(usize, i64)> {
            text.split(|c: char| !c.is_ascii_digit())
                .filter_map(|d| Some((d.len(), i64::try_from(count(d.as_bytes())?).ok()?)))
                .collect()
        };
        let clock = |n: &[(usize, i64)]| match n {
            [(2, h), (2, m), (2, s), ..] if *h < 25 && *m < 60 && *s < 61 => {
                Some(h * 3600 + m * 60 + s)
            }
            _ => None,
        };
        let date = |n: &[(usize, i64)]| match n {
            [(4, y), (2, m), (2, d), ..] => days_from_civil(*y, *m, *d),
            [(2, y), (2, m), (2, d), ..] => days_from_civil(2000 + y, *m, *d),
            [(8, ymd), ..] => days_from_civil(ymd / 10_000, ymd / 100 % 100, ymd % 100),
            _ => None,
        };
        let full = |n: &[(usize, i64)]| Some(date(n)? * 86_400 + clock(n.get(3..)?)?);
        let all = numbers(name);
        for from in 0..all.len() {
            let n = &all[from..];
            // Six or more numbers: a date and a time, or two times.
            if let Some(start) = full(n).filter(|_| n[0].0 == 4 || !name.contains(':')) {
                let end = n.get(6..).and_then(full);
                return Some(Interval {
                    start,
                    end,
                    dated: true,
                });
            }
            let (own, n) = match n {
                [(8, _), rest @ ..] => (date(n), rest),
                _ => (None, n),
            };
            if !name.contains(':') {
                continue;
            }
            let Some(mut start) = clock(n) else { continue };
            let mut end = n.get(3..).and_then(clock);
            // An interval that ends at or before its start ends the day after.
            end = end.map(|e| if e <= start { e + 86_400 } else { e });
            let in_dir = numbers(dir);
            let day = own.or_else(|| {
                if in_dir.len() == 3 {
                    date(&in_dir)
                } else {
                    None
                }
            });
            if let Some(day) = day {
                start += day * 86_400;
                end = end.map(|e| e + day * 86_400);
            }
            return Some(Interval {
                start,
                end,
                dated: day.is_some(),
            });
        }
        None
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |f: &mut fmt::Formatter<'_>, t: i64| {
            if self.dated {
                let (y, m, d) = civil_from_days(t.div_euclid(86_400));
                write!(f, "{y:04}-{m:02}-{d:02} ")?;
            }
            let s = t.rem_euclid(86_400);
            write!(f, "{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
        };
        one(f, self.start)?;
        if let Some(end) = self.end {
            f.write_str(" to ")?;
            one(f, end)?;
        }
        Ok(())
    }
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (
        yoe + era * 400 + i64::from(month <= 2),
        month,
        doy - (153 * mp + 2) / 5 + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_names_tell_their_interval() {
        let of = |dir: &str, name: &str| Interval::of(dir, name).map(|i| i.to_string());
        for (dir, name, text) in [
            (
                "2026-11-20",
                "conn.00:00:00-01:00:00.log.gz",
                "2026-11-20 00:00:00 to 2026-11-20 01:00:00",
            ),
            (
                "2026-11-20",
                "x509.23:00:00-00:00:00.log.gz",
                "2026-11-20 23:00:00 to 2026-11-21 00:00:00",
            ),
            ("logs", "conn.22:00:00-23:00:00.log", "22:00:00 to 23:00:00"),
            ("", "conn-22-04-01_12.30.00.log", "2022-04-01 12:30:00"),
            (
                "",
                "conn__2020-07-16-09-43-10__2020-07-16-10-43-10__.log",
                "2020-07-16 09:43:10 to 2020-07-16 10:43:10",
            ),
            (
                "",
                "conn_20170802_01:00:00-02:00:00-0400.log.gz",
                "2017-08-02 01:00:00 to 2017-08-02 02:00:00",
            ),
            ("", "conn.2020-11-20-12-00-00.log", "2020-11-20 12:00:00"),
        ] {
            assert_eq!(of(dir, name).as_deref(), Some(text), "{name}");
        }
        for name in ["conn.log", "dhcp_002.log.gz", "x509.log", "conn-2022.log"] {
            assert_eq!(of("2026-11-20", name), None, "{name}");
        }
    }
}
