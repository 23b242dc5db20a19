//! x509.log: one certificate.

use crate::cell::Cell;
use crate::context::Role;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude, ratio};
use crate::{lexical, parts};

columns! {
    TS = "ts", VERSION = "certificate.version", SUBJECT = "certificate.subject",
    ISSUER = "certificate.issuer", NOT_BEFORE = "certificate.not_valid_before",
    NOT_AFTER = "certificate.not_valid_after", KEY_ALG = "certificate.key_alg",
    SIG_ALG = "certificate.sig_alg", KEY_TYPE = "certificate.key_type",
    KEY_LENGTH = "certificate.key_length", EXPONENT = "certificate.exponent",
    CURVE = "certificate.curve", SAN_DNS = "san.dns", SAN_URI = "san.uri", SAN_EMAIL = "san.email",
    SAN_IP = "san.ip", CA = "basic_constraints.ca", PATH_LEN = "basic_constraints.path_len",
    CLIENT_CERT = "client_cert",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "x509",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("issuer", "issuer", |r| Cell::text(r.text(ISSUER))),
        category("issuer", "issuer_organization", |r| r.part(ISSUER, |n| parts::attribute(n, b"O"))),
        flag("issuer", "self_signed", |r| {
            Cell::flag(r.text(SUBJECT).is_some() && r.text(SUBJECT) == r.text(ISSUER))
        }),
        category("name", "subject_domain", |r| {
            Cell::text(common_name(r).map(|n| lexical::last_labels(n, 2)))
        }),
        category("name", "subject_tld", |r| Cell::text(common_name(r).and_then(lexical::last_label))),
        category("name", "subject_country", |r| r.part(SUBJECT, |n| parts::attribute(n, b"C"))),
        flag("name", "has_common_name", |r| Cell::flag(common_name(r).is_some_and(|n| !n.is_empty()))),
        magnitude("shape", "subject_length", Unit::Bytes, |r| Cell::num(r.text_len(SUBJECT))),
        ratio("shape", "common_name_entropy", |r| {
            Cell::num(common_name(r).map(|n| lexical::entropy(lexical::longest_label(n))))
        }),
        ratio("shape", "common_name_digit_share", |r| {
            Cell::num(common_name(r).map(|n| lexical::share(n, |b| b.is_ascii_digit())))
        }),
        magnitude("validity", "valid_for", Unit::Seconds, |r| {
            Cell::num(parts::seconds_between(r, NOT_BEFORE, NOT_AFTER))
        }),
        magnitude("age", "age", Unit::Seconds, |r| Cell::num(parts::seconds_between(r, NOT_BEFORE, TS))),
        flag("age", "expired", |r| {
            Cell::flag(parts::seconds_between(r, NOT_AFTER, TS).is_some_and(|s| s > 0.0))
        }),
        flag("age", "not_yet_valid", |r| {
            Cell::flag(parts::seconds_between(r, NOT_BEFORE, TS).is_some_and(|s| s < 0.0))
        }),
        category("key", "key_alg", |r| Cell::text(r.text(KEY_ALG))),
        category("key", "key_type", |r| Cell::text(r.text(KEY_TYPE))),
        category("key", "curve", |r| Cell::text(r.text(CURVE))),
        category("key", "exponent", |r| Cell::text(r.text(EXPONENT))),
        magnitude("key", "key_length", Unit::Count, |r| Cell::num(r.num(KEY_LENGTH))),
        category("signature", "sig_alg", |r| Cell::text(r.text(SIG_ALG))),
        category("form", "version", |r| r.code(VERSION)),
        magnitude("alternatives", "san_dns", Unit::Count, |r| Cell::num(r.list_len(SAN_DNS).or(Some(0.0)))),
        magnitude("alternatives", "san_ip", Unit::Count, |r| Cell::num(r.list_len(SAN_IP).or(Some(0.0)))),
        magnitude("alternatives", "san_other", Unit::Count, |r| {
            Cell::Num(r.list_len(SAN_URI).unwrap_or(0.0) + r.list_len(SAN_EMAIL).unwrap_or(0.0))
        }),
        category("role", "ca", |r| Cell::truth(r.truth(CA))),
        magnitude("role", "path_len", Unit::Count, |r| Cell::num(r.num(PATH_LEN))),
        category("role", "client_cert", |r| Cell::truth(r.truth(CLIENT_CERT))),
    ],
};

/// Whom the certificate names.
fn common_name<'r>(r: &Row<'r>) -> Option<&'r [u8]> {
    parts::attribute(r.text(SUBJECT)?, b"CN")
}
