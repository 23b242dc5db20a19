//! Words made of what logs hold.

use crate::state::EXACT;
use psl::Psl;

/// A name in lower case, at most so many bytes of it, as text; `None` where it is none that a
/// host could have (an address, nothing but a label's dots).
pub(crate) fn name(bytes: &[u8], max: usize) -> Option<String> {
    let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
    let cut = &bytes[..bytes.len().min(max)];
    if cut.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(cut);
    let mut out: String = text
        .chars()
        .map(|c| {
            if c.is_control() {
                '?'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    while out.len() > max {
        out.pop();
    }
    Some(out)
}

/// The part of a name that somebody registered, by the public suffix list; the name itself where
/// the list knows nothing of it. In lower case, as the list is. `None` for reverse look-ups, local names and single labels.
pub(crate) fn registered_domain(name: &[u8]) -> Option<&[u8]> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    if !name.contains(&b'.') || is_local_name(name) {
        return None;
    }
    Some(psl::List.domain(name).map_or(name, |d| d.as_bytes()))
}

fn is_local_name(name: &[u8]) -> bool {
    const SUFFIXES: [&[u8]; 4] = [b".arpa", b".local", b".localdomain", b".lan"];
    SUFFIXES.iter().any(|s| {
        name.len()
            .checked_sub(s.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(s))
    })
}

/// A span of time, in the unit that makes it short.
pub(crate) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{} s", trimmed(s)),
        s if s < 7200.0 => format!("{} min", trimmed(s / 60.0)),
        s if s < 172_800.0 => format!("{} h", trimmed(s / 3600.0)),
        s => format!("{} d", trimmed(s / 86_400.0)),
    }
}

fn trimmed(v: f64) -> String {
    let text = format!("{v:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Bytes, in the unit that makes them short.
pub(crate) fn bytes(n: f64) -> String {
    match n {
        n if n < 1e3 => format!("{n:.0} B"),
        n if n < 1e6 => format!("{:.1} kB", n / 1e3),
        n if n < 1e9 => format!("{:.1} MB", n / 1e6),
        n => format!("{:.1} GB", n / 1e9),
    }
}

/// How many there are, as [`crate::state::Distinct`] counts them: exactly while few, and then an estimate, which says so and shows
/// no more digits than it knows.
pub(crate) fn count(n: f64) -> String {
    if n <= EXACT as f64 {
        return format!("{n:.0}");
    }
    // Two digits: the estimate is off by some per cent.
    let unit = 10f64.powf(n.log10().floor() - 1.0);
    format!("about {}", grouped((n / unit).round() * unit))
}

/// A whole number with commas between thousands.
fn grouped(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share of a count that may be an estimate, in per cent; never more than all.
pub(crate) fn share(part: f64, of: f64) -> String {
    format!("{:.0} %", (100.0 * part / of.max(1.0)).min(100.0))
}

/// A list in words, with how many are not shown.
pub(crate) fn listed<T: ToString>(items: &[T], total: f64, show: usize) -> String {
    let shown: Vec<String> = items.iter().take(show).map(T::to_string).collect();
    let more = total - shown.len() as f64;
    match more >= 1.0 {
        true => format!("{} and {} more", shown.join(", "), remaining(total, more)),
        false => shown.join(", "),
    }
}

/// How many more there are, as exact as the total is.
fn remaining(total: f64, more: f64) -> String {
    match total <= EXACT as f64 {
        true => format!("{more:.0}"),
        false => count(more.max(EXACT as f64 + 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_domains_are_those_of_the_list() {
        let of = |n: &str| {
            registered_domain(n.as_bytes()).map(|d| String::from_utf8_lossy(d).into_owned())
        };
        assert_eq!(of("a.b.example.co.uk").as_deref(), Some("example.co.uk"));
        assert_eq!(of("x.example.com.").as_deref(), Some("example.com"));
        assert_eq!(of("4.3.2.1.in-addr.arpa"), None);
        assert_eq!(of("printer.LOCAL"), None);
        assert_eq!(of("localhost"), None);
    }

    #[test]
    fn estimates_say_that_they_are() {
        assert_eq!(count(32.0), "32");
        assert_eq!(count(33.4), "about 33");
        assert_eq!(count(102.3), "about 100");
        assert_eq!(count(12_345.0), "about 12,000");
        assert_eq!(share(412.0, 400.0), "100 %");
        assert_eq!(listed(&["a", "b"], 5.0, 2), "a, b and 3 more");
        assert_eq!(listed(&["a", "b"], 98.7, 2), "a, b and about 97 more");
    }

    #[test]
    fn spans_read_well() {
        assert_eq!(span(60.0), "60 s");
        assert_eq!(span(90.5), "90.5 s");
        assert_eq!(span(300.0), "5 min");
        assert_eq!(span(21_600.0), "6 h");
    }
}
