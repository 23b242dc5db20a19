//! ssl.log: one TLS handshake.

use crate::cell::Cell;
use crate::context::Role;
use crate::lexical;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude, ratio};

columns! {
    RESP_P = "id.resp_p", VERSION = "version", CIPHER = "cipher", CURVE = "curve",
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
    detector: DefaultDetector::Rarity,
    features: &[
        category("id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("version", |r| Cell::text(r.text(VERSION))),
        category("cipher", |r| Cell::text(r.text(CIPHER))),
        category("curve", |r| Cell::text(r.text(CURVE))),
        category("server_name", |r| Cell::text(r.text(SERVER_NAME))),
        category("server_domain", |r| {
            Cell::text(r.text(SERVER_NAME).map(|n| lexical::last_labels(n, 2)))
        }),
        category("server_tld", |r| Cell::text(r.text(SERVER_NAME).and_then(lexical::last_label))),
        magnitude("server_name_length", Unit::Bytes, |r| Cell::num(r.text_len(SERVER_NAME))),
        ratio("server_name_entropy", |r| {
            Cell::num(r.text(SERVER_NAME).map(|n| lexical::entropy(lexical::longest_label(n))))
        }),
        ratio("server_name_digit_share", |r| {
            Cell::num(r.text(SERVER_NAME).map(|n| lexical::share(n, |b| b.is_ascii_digit())))
        }),
        category("resumed", |r| Cell::num(r.truth(RESUMED).map(|b| f64::from(u8::from(b))))),
        category("established", |r| {
            Cell::num(r.truth(ESTABLISHED).map(|b| f64::from(u8::from(b))))
        }),
        category("last_alert", |r| Cell::text(r.text(LAST_ALERT))),
        category("next_protocol", |r| Cell::text(r.text(NEXT_PROTOCOL))),
        category("ssl_history", |r| Cell::text(r.text(HISTORY))),
        category("subject", |r| Cell::text(r.text(SUBJECT))),
        category("issuer", |r| Cell::text(r.text(ISSUER))),
        category("validation_status", |r| Cell::text(r.text(VALIDATION))),
        category("sni_matches_cert", |r| {
            Cell::num(r.truth(MATCHES).map(|b| f64::from(u8::from(b))))
        }),
        category("ja3", |r| Cell::text(r.text(JA3))),
        category("ja3s", |r| Cell::text(r.text(JA3S))),
        category("ja4", |r| Cell::text(r.text(JA4))),
        magnitude("certificates", Unit::Count, |r| {
            Cell::num(r.list_len(CERTS).or_else(|| r.list_len(CERT_FUIDS)).or(Some(0.0)))
        }),
        magnitude("client_certificates", Unit::Count, |r| {
            Cell::num(r.list_len(CLIENT_CERTS).or_else(|| r.list_len(CLIENT_CERT_FUIDS)).or(Some(0.0)))
        }),
        flag("no_server_name", |r| Cell::flag(!r.is_set(SERVER_NAME))),
        magnitude("uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
