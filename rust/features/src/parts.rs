//! Parts of values that tell more than the whole: the network of an address, the
//! organisation of a certificate's name, the share of a path.

use crate::cell::Cell;
use crate::row::Row;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use zeek_anomaly_base::address::Scope;

/// The network of an address: its first 24 bits (IPv4) or 64 bits (IPv6).
pub fn network(a: IpAddr) -> IpAddr {
    match a {
        IpAddr::V4(v) => {
            let [a, b, c, _] = v.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v) => {
            let [a, b, c, d, ..] = v.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// A host of which its address alone says that it is one of ours; missing for all others.
pub fn private_host<'r>(r: &Row<'r>, column: usize) -> Cell<'r> {
    match r.addr(column).map(scope) {
        Some(b"private") => r.host(column),
        _ => Cell::Missing,
    }
}

/// A host with a public address that talks to another: one of ours that goes out, or somebody from outside at a
/// server of ours that has a public address, too. Whoever calls a private address from outside is none of ours, and
/// missing.
pub fn public_host<'r>(r: &Row<'r>, (orig, resp): (usize, usize)) -> Cell<'r> {
    let is_public = |column| r.addr(column).map(scope) == Some(b"public");
    match is_public(orig) && is_public(resp) {
        true => r.host(orig),
        false => Cell::Missing,
    }
}

/// The scope of an address, from its number alone.
pub fn scope(a: IpAddr) -> &'static [u8] {
    match Scope::of(a) {
        Scope::Multicast | Scope::Broadcast => b"multicast",
        Scope::Loopback | Scope::Unspecified => b"loopback",
        Scope::LinkLocal => b"link-local",
        Scope::Private => b"private",
        Scope::Public => b"public",
    }
}

/// A port where it can name a service; those from 32768 on are as a rule chosen at random, and
/// are one category.
pub fn service_port<'r>(port: Option<u16>) -> Cell<'r> {
    match port {
        Some(p) if p >= 32768 => Cell::Text(b"ephemeral"),
        p => Cell::code(p.map(u64::from)),
    }
}

/// The hour of the day (UTC, 0 to 23) of a time in seconds since the epoch.
pub fn hour(ts: f64) -> u64 {
    // 0 to 23 by construction; `as` makes 0 of what is not finite.
    ((ts / 3600.0).floor().rem_euclid(24.0)) as u64
}

/// How many seconds lie between the moments in two columns: `later` minus `earlier`.
pub fn seconds_between(r: &Row<'_>, earlier: usize, later: usize) -> Option<f64> {
    Some(r.num(later)? - r.num(earlier)?)
}

/// An attribute of a distinguished name (`CN=www.example.com,O=Example,C=US`), the first
/// of that type. A comma that is escaped does not end it.
pub fn attribute<'t>(name: &'t [u8], kind: &[u8]) -> Option<&'t [u8]> {
    let mut rest = name;
    loop {
        let mut escaped = false;
        let end = rest.iter().position(|&b| {
            let ends = b == b',' && !escaped;
            escaped = b == b'\\' && !escaped;
            ends
        });
        let part = &rest[..end.unwrap_or(rest.len())];
        let value = part.strip_prefix(kind).and_then(|p| p.strip_prefix(b"="));
        if value.is_some() {
            return value;
        }
        rest = &rest[end? + 1..];
    }
}

/// What follows the last of the separators; all where there is none.
pub fn last_part(text: &[u8], is_separator: impl Fn(u8) -> bool) -> &[u8] {
    match text.iter().rposition(|&b| is_separator(b)) {
        Some(i) => &text[i + 1..],
        None => text,
    }
}

/// What comes before the first of a byte; all where there is none.
pub fn before(text: &[u8], byte: u8) -> &[u8] {
    text.split(|&b| b == byte).next().unwrap_or(text)
}

/// What follows the first of a byte; `None` where there is none.
pub fn after(text: &[u8], byte: u8) -> Option<&[u8]> {
    text.iter().position(|&b| b == byte).map(|i| &text[i + 1..])
}

/// The extension of a file's name with its dot, if it is short; empty where there is none.
pub fn extension(path: &[u8]) -> &[u8] {
    let name = last_part(path, |b| b == b'/' || b == b'\\');
    match name.iter().rposition(|&b| b == b'.') {
        Some(i) if name.len() - i <= 8 => &name[i..],
        _ => b"",
    }
}

/// The domain of a mail address in any form that mail headers have: what follows the last
/// `@`, without a closing bracket.
pub fn mail_domain(address: &[u8]) -> Option<&[u8]> {
    let at = address.iter().rposition(|&b| b == b'@')?;
    let domain = &address[at + 1..];
    let end = domain
        .iter()
        .position(|b| b"> \t;,\"".contains(b))
        .unwrap_or(domain.len());
    Some(&domain[..end])
}

/// The longest stretch without a digit: of messages that differ in numbers only, the words.
pub fn words(message: &[u8]) -> &[u8] {
    let longest = message
        .split(u8::is_ascii_digit)
        // The first of those that are equally long.
        .rev()
        .max_by_key(|s| s.len());
    longest.unwrap_or(message).trim_ascii()
}

/// Whether a name for a host is an address and not a name; mail has them in brackets.
pub fn is_address(host: &[u8]) -> bool {
    let bare = host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]"));
    let bare = bare.unwrap_or(host);
    let bare = bare.strip_prefix(b"IPv6:").unwrap_or(bare);
    std::str::from_utf8(bare).is_ok_and(|t| t.parse::<IpAddr>().is_ok())
}

/// The maker's part of a hardware address (`50:5b:c2`).
pub fn maker(mac: &[u8]) -> &[u8] {
    &mac[..mac.len().min(8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_scopes_of_addresses() {
        let a = |t: &str| t.parse::<IpAddr>().expect("an address");
        assert_eq!(network(a("192.0.2.77")), a("192.0.2.0"));
        assert_eq!(network(a("2001:db8:1:2:3:4:5:6")), a("2001:db8:1:2::"));
        for (t, s) in [
            ("10.1.2.3", "private"),
            ("8.8.8.8", "public"),
            ("255.255.255.255", "multicast"),
            ("ff02::1", "multicast"),
            ("fe80::1", "link-local"),
            ("fd00::1", "private"),
            ("::1", "loopback"),
            ("0.0.0.0", "loopback"),
        ] {
            assert_eq!(scope(a(t)), s.as_bytes(), "{t}");
        }
    }

    #[test]
    fn attributes_of_a_distinguished_name() {
        let n = br"CN=a.example,O=Bell\, Book,OU=CN=x,C=US";
        assert_eq!(attribute(n, b"CN"), Some(&b"a.example"[..]));
        assert_eq!(attribute(n, b"O"), Some(&br"Bell\, Book"[..]));
        assert_eq!(attribute(n, b"C"), Some(&b"US"[..]));
        assert_eq!(attribute(n, b"ST"), None);
        assert_eq!(attribute(b"", b"CN"), None);
    }

    #[test]
    fn parts_of_texts() {
        assert_eq!(extension(br"share\dir.d\tool.EXE"), b".EXE");
        assert_eq!(extension(br"dir.d\tool"), b"");
        assert_eq!(
            mail_domain(b"\"A B\" <a.b@example.org>"),
            Some(&b"example.org"[..])
        );
        assert_eq!(mail_domain(b"nobody"), None);
        assert_eq!(
            words(b"2047 packets received, 0 dropped"),
            b"packets received,"
        );
        assert_eq!(words(b""), b"");
        assert!(is_address(b"[10.0.0.1]") && is_address(b"2001:db8::1") && is_address(b"10.2.3.4"));
        assert!(!is_address(b"mail.example") && !is_address(b"") && !is_address(b"dead.beef"));
        assert_eq!(after(b"a/b/c", b'/'), Some(&b"b/c"[..]));
        assert_eq!(before(b"a/b/c", b'/'), b"a");
        assert_eq!(maker(b"50:5b:c2:db:c3:17"), b"50:5b:c2");
    }

    #[test]
    fn hours_of_any_time() {
        assert_eq!(hour(0.0), 0);
        assert_eq!(hour(-1.0), 23);
        assert_eq!(hour(1_700_000_000.0), 22);
        assert_eq!(hour(f64::NAN), 0);
        assert_eq!(
            hour(4_294_967_296.0 * 1e9).min(23),
            hour(4_294_967_296.0 * 1e9)
        );
    }
}
