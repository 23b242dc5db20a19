//! The parts of a name: what its owner registered, and what stands below that.

use psl::{List, Psl, Type};

/// Endings of names longer than this are no public suffix.
const LONGEST_SUFFIX: usize = 128;

/// The parts of a name that somebody chose, each a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The registered label: `example` of `www.example.co.uk`. Below a provider's suffix (`duckdns.org`,
    /// `cloudfront.net`) it is the customer's label if that is letters alone, as customers choose them and programs
    /// generate them; the names that content networks hand out have digits or hyphens, and are hosts below the provider's.
    pub domain: Option<&'a [u8]>,
    /// The registered name: `example.co.uk`.
    pub registered: Option<&'a [u8]>,
    /// The longest label below it, or a name that is a single label.
    pub host: Option<&'a [u8]>,
    /// The label below a provider's suffix, whatever it is made of: `d111` of `www.d111.cloudfront.net`.
    pub customer: Option<&'a [u8]>,
}

/// Splits a name. Addresses, reverse lookups and the labels of service discovery
/// (`_ldap._tcp`) were chosen by nobody and have no part.
pub fn parts(name: &[u8]) -> Parts<'_> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut parts = Parts::default();
    if name.is_empty() || is_address(name) {
        return parts;
    }
    let is_service = name.split(|b| *b == b'.').any(|l| l.first() == Some(&b'_'));
    let Some(Suffix { registry, provider }) = suffix(name) else {
        if !is_service && !name.contains(&b'.') {
            parts.host = Some(name);
        }
        return parts;
    };
    // The label before a suffix and its dot, and where it begins.
    let before = |end: usize| {
        let head = name.get(..end.checked_sub(1)?)?;
        let at = head.iter().rposition(|b| *b == b'.').map_or(0, |i| i + 1);
        Some((head, at))
    };
    let customer = provider
        .and_then(before)
        .filter(|(head, at)| head.len() > *at);
    parts.customer = customer.map(|(head, at)| &head[at..]);
    let chosen = |c: &&[u8]| c.iter().all(u8::is_ascii_alphabetic);
    let customer = customer.filter(|_| parts.customer.as_ref().is_some_and(chosen));
    let Some((head, at)) = customer.or_else(|| before(registry)) else {
        return parts;
    };
    let domain = &head[at..];
    if domain.first().is_some_and(|b| *b != b'_') {
        parts.domain = Some(domain);
        parts.registered = Some(&name[at..]);
    }
    if !is_service && at > 0 {
        let hosts = head[..at - 1].split(|b| *b == b'.');
        parts.host = hosts.max_by_key(|l| l.len()).filter(|l| !l.is_empty());
    }
    parts
}

/// The host of an address with a port, as HTTP's header has it.
pub fn without_port(host: &[u8]) -> &[u8] {
    match host.iter().rposition(|b| *b == b':') {
        Some(i) if !host[..i].contains(&b':') => &host[..i],
        _ => host,
    }
}

/// Where the public suffix of a name begins: that of a registry, and that of a provider who gives names away below one.
struct Suffix {
    registry: usize,
    provider: Option<usize>,
}

/// The suffixes of a name. `None` for a single label and for reverse lookups.
fn suffix(name: &[u8]) -> Option<Suffix> {
    let last = name.iter().rposition(|b| *b == b'.')? + 1;
    if name[last..].eq_ignore_ascii_case(b"arpa") {
        return None;
    }
    // The list is in lower case.
    let tail = &name[name.len().saturating_sub(LONGEST_SUFFIX)..];
    let mut lower = [0; LONGEST_SUFFIX];
    let lower = lower.get_mut(..tail.len())?;
    lower.copy_from_slice(tail);
    lower.make_ascii_lowercase();
    let mut of = &*lower;
    let mut provider = None;
    loop {
        let registry = match List.suffix(of) {
            Some(s) if s.is_known() && s.typ() == Some(Type::Private) => {
                // A provider's suffix lies below one of a registry.
                let s = s.as_bytes();
                provider.get_or_insert(name.len() - s.len());
                match s.iter().position(|b| *b == b'.') {
                    None => last,
                    Some(dot) => {
                        of = &of[of.len() - (s.len() - dot - 1)..];
                        continue;
                    }
                }
            }
            Some(s) if s.is_known() => name.len() - s.as_bytes().len(),
            _ => last,
        };
        return Some(Suffix { registry, provider });
    }
}

/// Whether a name is an address, of either version.
fn is_address(name: &[u8]) -> bool {
    name.contains(&b':') || name.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The domain, the registered name and the host, empty where there is none.
    fn of(name: &str) -> [String; 3] {
        let p = parts(name.as_bytes());
        [p.domain, p.registered, p.host]
            .map(|t| String::from_utf8_lossy(t.unwrap_or_default()).into_owned())
    }

    #[test]
    fn names_are_split_where_registries_split_them() {
        for (name, want) in [
            ("www.Example.CO.uk.", ["Example", "Example.CO.uk", "www"]),
            ("example.com", ["example", "example.com", ""]),
            (
                "d111111abcdef8.cloudfront.net",
                ["cloudfront", "cloudfront.net", "d111111abcdef8"],
            ),
            (
                "a.bucket.s3.amazonaws.com",
                ["bucket", "bucket.s3.amazonaws.com", "a"],
            ),
            (
                "cam.qxkdjwrv.DuckDNS.org",
                ["qxkdjwrv", "qxkdjwrv.DuckDNS.org", "cam"],
            ),
            (
                "qxkdjwrv.dyndns.org",
                ["qxkdjwrv", "qxkdjwrv.dyndns.org", ""],
            ),
            ("a1b2c3.ddns.net", ["ddns", "ddns.net", "a1b2c3"]),
            ("duckdns.org", ["duckdns", "duckdns.org", ""]),
            ("longest.b.x.bit", ["x", "x.bit", "longest"]),
            ("wpad", ["", "", "wpad"]),
            (
                "_ldap._tcp.dc._msdcs.example.com",
                ["example", "example.com", ""],
            ),
        ] {
            assert_eq!(of(name), want.map(String::from), "{name}");
        }
    }

    #[test]
    fn customers_of_providers_are_told() {
        for (name, want) in [
            ("x.a1b2c3.ddns.net", Some("a1b2c3")),
            ("qxkdjwrv.dyndns.org", Some("qxkdjwrv")),
            ("duckdns.org", None),
            ("www.example.com", None),
        ] {
            assert_eq!(parts(name.as_bytes()).customer, want.map(str::as_bytes));
        }
    }

    #[test]
    fn what_nobody_chose_has_no_part() {
        for name in [
            "",
            ".",
            "4.3.2.1.in-addr.arpa",
            "192.0.2.1",
            "2001:db8::1",
            "co.uk",
            "_privet._tcp.local",
        ] {
            assert_eq!(of(name), ["", "", ""], "{name}");
        }
    }

    #[test]
    fn any_bytes_are_split_without_harm() {
        let many = b"a.".repeat(600);
        for name in [
            &many[..],
            b"...",
            b"..com",
            b".com",
            b"\0\xff.\xfe",
            &[b'.'; 300],
            b"_",
            b"a..b",
        ] {
            let p = parts(name);
            assert!(p.domain.is_none_or(|d| !d.is_empty()));
            assert!(p.host.is_none_or(|d| !d.is_empty()));
        }
        assert_eq!(without_port(b"example.com:8080"), b"example.com");
        assert_eq!(without_port(b"::1"), b"::1");
        assert_eq!(without_port(b""), b"");
    }
}
