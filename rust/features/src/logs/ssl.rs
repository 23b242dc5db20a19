//! ssl.log: one TLS handshake.

use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, RarityBy, Unit, category, flag, identity, learned, magnitude, ratio};
use crate::{domain, lexical, parts};

columns! {
    ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p", VERSION = "version",
    CIPHER = "cipher", CURVE = "curve",
    SERVER_NAME = "server_name", RESUMED = "resumed", LAST_ALERT = "last_alert",
    NEXT_PROTOCOL = "next_protocol", ESTABLISHED = "established", HISTORY = "ssl_history",
    CERTS = "cert_chain_fps", CERT_FUIDS = "cert_chain_fuids", CLIENT_CERTS = "client_cert_chain_fps",
    CLIENT_CERT_FUIDS = "client_cert_chain_fuids", SUBJECT = "subject", ISSUER = "issuer",
    MATCHES = "sni_matches_cert", VALIDATION = "validation_status", JA3 = "ja3", JA3S = "ja3s",
    JA4 = "ja4",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "ssl",
    columns: COLUMNS,
    role: Role::Ssl,
    // Every day has certificates and ciphers of its own; a port that never spoke TLS, or an
    // address in the place of a name, is told in full, and so is the name: where all names are new, a new one
    // is no surprise.
    detector: DefaultDetector::RarityBy(&RarityBy {
        damping: 3.0,
        aspects: &[("where", f64::INFINITY), ("name", f64::INFINITY)],
        kinds: &[],
        explanation: None,
        evidence: &["server_randomness"],
    }),
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        identity("public_originator", |r| parts::public_host(r, (ORIG_H, RESP_H))).calling(|r| r.host(RESP_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("protocol", "version", |r| Cell::text(r.text(VERSION))),
        category("protocol", "cipher", |r| Cell::text(r.text(CIPHER))),
        category("protocol", "curve", |r| Cell::text(r.text(CURVE))),
        category("name", "server_name", |r| Cell::text(r.text(SERVER_NAME))),
        category("name", "server_domain", |r| {
            Cell::text(r.text(SERVER_NAME).map(|n| lexical::last_labels(n, 2)))
        }),
        category("name", "server_tld", |r| Cell::text(r.text(SERVER_NAME).and_then(lexical::last_label))),
        magnitude("shape", "server_name_length", Unit::Bytes, |r| Cell::num(r.text_len(SERVER_NAME))),
        ratio("shape", "server_name_entropy", |r| {
            Cell::num(r.text(SERVER_NAME).map(|n| lexical::entropy(lexical::longest_label(n))))
        }),
        ratio("shape", "server_name_digit_share", |r| {
            Cell::num(r.text(SERVER_NAME).map(|n| lexical::share(n, |b| b.is_ascii_digit())))
        }),
        learned("name", "server_randomness", |r| {
            Cell::text(r.text(SERVER_NAME).and_then(|n| domain::parts(n).domain))
        }),
        category("outcome", "resumed", |r| Cell::truth(r.truth(RESUMED))),
        category("outcome", "established", |r| {
            Cell::truth(r.truth(ESTABLISHED))
        }),
        category("outcome", "last_alert", |r| Cell::text(r.text(LAST_ALERT))),
        category("protocol", "next_protocol", |r| Cell::text(r.text(NEXT_PROTOCOL))),
        category("outcome", "ssl_history", |r| Cell::text(r.text(HISTORY))),
        category("certificate", "subject", |r| Cell::text(r.text(SUBJECT))),
        category("certificate", "issuer", |r| Cell::text(r.text(ISSUER))),
        category("certificate", "validation_status", |r| Cell::text(r.text(VALIDATION))),
        category("certificate", "sni_matches_cert", |r| {
            Cell::truth(r.truth(MATCHES))
        }),
        category("client", "ja3", |r| Cell::text(r.text(JA3))),
        category("server", "ja3s", |r| Cell::text(r.text(JA3S))),
        category("client", "ja4", |r| Cell::text(r.text(JA4))),
        magnitude("certificate", "certificates", Unit::Count, |r| {
            Cell::num(r.list_len(CERTS).or_else(|| r.list_len(CERT_FUIDS)).or(Some(0.0)))
        }),
        magnitude("client_certificate", "client_certificates", Unit::Count, |r| {
            Cell::num(r.list_len(CLIENT_CERTS).or_else(|| r.list_len(CLIENT_CERT_FUIDS)).or(Some(0.0)))
        }),
        flag("where", "server_name_is_address", |r| {
            Cell::flag(r.text(SERVER_NAME).is_some_and(lexical::is_address))
        }),
        flag("name", "no_server_name", |r| Cell::flag(!r.is_set(SERVER_NAME))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
