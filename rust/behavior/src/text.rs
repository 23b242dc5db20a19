//! Words made of what logs hold.

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

/// A list in words, with how many are not shown.
pub(crate) fn listed<T: ToString>(items: &[T], total: f64, show: usize) -> String {
    let shown: Vec<String> = items.iter().take(show).map(T::to_string).collect();
    let more = total - shown.len() as f64;
    match more >= 1.0 {
        true => format!("{} and {more:.0} more", shown.join(", ")),
        false => shown.join(", "),
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
    fn spans_read_well() {
        assert_eq!(span(60.0), "60 s");
        assert_eq!(span(90.5), "90.5 s");
        assert_eq!(span(300.0), "5 min");
        assert_eq!(span(21_600.0), "6 h");
    }
}
