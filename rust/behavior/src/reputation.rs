//! Look-ups of reputation services through DNS: blocklists of addresses (RFC 5782) and of names, and hashes of files.
//!
//! A mail server asks for the address of each sender, a scanner for the hash of each file: thousands of different names below
//! one domain, most of which do not exist, as a tunnel has them. What belongs to a service that everybody can look up is no
//! tunnel, since nobody else answers there. Another zone counts as one where several hosts use it and the name encodes an
//! address or a hash; one host alone at an unknown domain may as well put its data into numbers.

/// Zones of public services.
const SERVICES: [&str; 51] = [
    "abuse.ch",
    "abuseat.org",
    "abusix.zone",
    "aupads.org",
    "avqs.mcafee.com",
    "avts.mcafee.com",
    "backscatterer.org",
    "barracudacentral.org",
    "blocklist.de",
    "cleantalk.org",
    "cymru.com",
    "dan.me.uk",
    "dnsbl.im",
    "dnsbl.info",
    "dnsrbl.org",
    "dnswl.org",
    "dronebl.org",
    "efnetrbl.org",
    "fmb.la",
    "gbudb.net",
    "httpbl.org",
    "invaluement.com",
    "ivmuri.com",
    "junkemailfilter.com",
    "kisarbl.or.kr",
    "lashback.com",
    "mailspike.net",
    "mailspike.org",
    "manitu.net",
    "mcafeegti.com",
    "msrbl.net",
    "nordspam.com",
    "nszones.com",
    "projecthoneypot.org",
    "psbl.surriel.com",
    "s5h.net",
    "senderscore.com",
    "sophosxl.net",
    "sorbs.net",
    "spamcop.net",
    "spameatingmonkey.net",
    "spamhaus.net",
    "spamhaus.org",
    "spamrats.com",
    "surbl.org",
    "uceprotect.net",
    "uribl.com",
    "uribl.net",
    "v4bl.org",
    "wpbl.info",
    "zapbl.net",
];

/// Hosts from which a zone of encoded names is a service.
const SHARED: f64 = 3.0;

/// Hexadecimal digits of a hash: MD5, SHA-1, SHA-224, SHA-256.
const HASHES: [usize; 4] = [32, 40, 56, 64];

/// Hexadecimal digits of an address of version 6.
const NIBBLES: usize = 32;

/// Whether a name is a look-up of a reputation service; `askers` is how many hosts ask for its domain. The name is in lower
/// case.
pub(crate) fn is_lookup(name: &[u8], askers: f64) -> bool {
    let is_below = |zone: &&str| {
        name.strip_suffix(zone.as_bytes())
            .is_some_and(|rest| rest.ends_with(b"."))
    };
    SERVICES.iter().any(is_below) || askers >= SHARED && is_encoded(name)
}

/// Whether a name begins with an address, reversed, or with a hash.
fn is_encoded(name: &[u8]) -> bool {
    let labels = || name.split(|b| *b == b'.');
    let is_octet =
        |l: &[u8]| std::str::from_utf8(l).is_ok_and(|l| l.len() <= 3 && l.parse::<u8>().is_ok());
    let is_hex = |l: &[u8]| l.iter().all(u8::is_ascii_hexdigit);
    let version_4 = labels().take_while(|l| is_octet(l)).count() == 4;
    let version_6 = labels().take_while(|l| l.len() == 1 && is_hex(l)).count() == NIBBLES;
    let hash = labels()
        .next()
        .is_some_and(|l| HASHES.contains(&l.len()) && is_hex(l));
    version_4 || version_6 || hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_zone_and_others_by_what_several_hosts_ask() {
        let nibbles = "1.".repeat(32) + "bl.example.net";
        let hash = "0123456789abcdef0123456789abcdef.hash.example.net";
        for name in ["4.3.2.1.zen.spamhaus.org", "shop.com.multi.surbl.org"] {
            assert!(is_lookup(name.as_bytes(), 1.0), "{name}");
        }
        for name in ["4.3.2.1.bl.example.net", &nibbles, hash] {
            assert!(is_lookup(name.as_bytes(), 3.0), "{name}");
            assert!(!is_lookup(name.as_bytes(), 1.0), "{name}");
        }
        for name in [
            "notspamhaus.org",
            "mfrggzdf.t.example.net",
            "1.2.3.example.net",
            "256.1.1.1.example.net",
        ] {
            assert!(!is_lookup(name.as_bytes(), 9.0), "{name}");
        }
    }
}
