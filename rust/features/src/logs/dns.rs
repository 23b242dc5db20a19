//! dns.log: one query and its answer.

use crate::cell::Cell;
use crate::context::Role;
use crate::domain::{self, Parts};
use crate::lexical;
use crate::parts;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, identity, learned, magnitude, ratio};

columns! {
    ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p", PROTO = "proto", RTT = "rtt",
    QUERY = "query", QCLASS = "qclass_name",
    QTYPE = "qtype_name", QTYPE_N = "qtype", RCODE = "rcode_name", RCODE_N = "rcode", AA = "AA",
    TC = "TC", RD = "RD", RA = "RA", ANSWERS = "answers", TTLS = "TTLs", REJECTED = "rejected",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "dns",
    columns: COLUMNS,
    role: Role::Dns,
    detector: DefaultDetector::Hybrid { damping: 0.25, evidence: &["domain_randomness"] },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        identity("public_originator", |r| parts::public_host(r, (ORIG_H, RESP_H))).calling(|r| r.host(RESP_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("where", "proto", |r| Cell::text(r.text(PROTO))),
        category("type", "qclass", |r| Cell::text(r.text(QCLASS))),
        category("type", "qtype", |r| named(r, QTYPE, QTYPE_N)),
        category("outcome", "rcode", |r| named(r, RCODE, RCODE_N)),
        category("name", "query_domain", |r| Cell::text(r.text(QUERY).map(|q| lexical::last_labels(q, 2)))),
        category("name", "query_tld", |r| Cell::text(r.text(QUERY).and_then(lexical::last_label))),
        magnitude("shape", "query_length", Unit::Bytes, |r| Cell::num(r.text_len(QUERY))),
        magnitude("shape", "query_labels", Unit::Count, |r| {
            Cell::num(r.text(QUERY).map(|q| q.split(|&b| b == b'.').count() as f64))
        }),
        magnitude("shape", "label_length", Unit::Bytes, |r| Cell::num(label(r).map(|l| l.len() as f64))),
        ratio("letters", "label_entropy", |r| Cell::num(label(r).map(lexical::entropy))),
        ratio("letters", "label_distinct_share", |r| Cell::num(label(r).map(lexical::distinct_share))),
        ratio("letters", "label_digit_share", |r| {
            Cell::num(label(r).map(|l| lexical::share(l, |b| b.is_ascii_digit())))
        }),
        ratio("letters", "label_vowel_share", |r| {
            Cell::num(label(r).map(|l| lexical::share(l, lexical::is_vowel)))
        }),
        magnitude("letters", "label_consonant_run", Unit::Count, |r| {
            Cell::num(label(r).map(|l| lexical::longest_consonant_run(l) as f64))
        }),
        learned("letters", "domain_randomness", |r| Cell::text(domain_of(r))),
        learned("letters", "host_randomness", |r| Cell::text(parts(r).host)),
        magnitude("outcome", "answers", Unit::Count, |r| Cell::num(r.list_len(ANSWERS).or(Some(0.0)))),
        magnitude("answer", "min_ttl", Unit::Seconds, |r| {
            Cell::num(r.list(TTLS).and_then(|l| {
                l.iter().filter_map(|v| v.number()).min_by(|a, b| a.total_cmp(b))
            }))
        }),
        magnitude("time", "rtt", Unit::Seconds, |r| Cell::num(r.num(RTT))),
        flag("outcome", "rejected", |r| Cell::flag(r.truth(REJECTED) == Some(true))),
        category("flags", "flags", flags),
        magnitude("repetition", "uid_queries_before", Unit::Count, |r| Cell::Num(r.context.earlier())),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
    ],
};

/// A category by its name, or by its number where the log has no name for it.
fn named<'r>(r: &Row<'r>, name: usize, number: usize) -> Cell<'r> {
    match r.text(name) {
        Some(t) => Cell::Text(t),
        None => Cell::code(r.num(number).filter(|v| *v >= 0.0).map(|v| v as u64)),
    }
}

/// The registered label of the query. A name below a provider's suffix that does not exist was handed out by nobody: it
/// counts as registered, whatever it is made of.
fn domain_of<'r>(r: &Row<'r>) -> Option<&'r [u8]> {
    let parts = parts(r);
    let is_missing = match r.text(RCODE) {
        Some(name) => name.eq_ignore_ascii_case(b"NXDOMAIN"),
        None => r.num(RCODE_N) == Some(3.0),
    };
    parts.customer.filter(|_| is_missing).or(parts.domain)
}

/// The parts of the query.
fn parts<'r>(r: &Row<'r>) -> Parts<'r> {
    r.text(QUERY).map(domain::parts).unwrap_or_default()
}

/// The longest label of the query that somebody chose.
fn label<'r>(r: &Row<'r>) -> Option<&'r [u8]> {
    let p = parts(r);
    [p.domain, p.host].into_iter().flatten().max_by_key(|l| l.len())
}

/// The header's flags as one category.
fn flags<'r>(r: &Row<'r>) -> Cell<'r> {
    const NAMES: [&[u8]; 16] = [
        b"none", b"AA", b"TC", b"AA TC", b"RD", b"AA RD", b"TC RD", b"AA TC RD", b"RA", b"AA RA",
        b"TC RA", b"AA TC RA", b"RD RA", b"AA RD RA", b"TC RD RA", b"AA TC RD RA",
    ];
    let bit = |c, n| if r.truth(c) == Some(true) { n } else { 0 };
    Cell::Text(NAMES[bit(AA, 1) | bit(TC, 2) | bit(RD, 4) | bit(RA, 8)])
}
