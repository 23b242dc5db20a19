//! http.log: one request and its response.

use crate::cell::Cell;
use crate::context::{FileState, Role};
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, RarityBy, Unit, category, flag, identity, learned, magnitude, ratio};
use crate::{domain, lexical, parts};

columns! {
    ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p", TRANS_DEPTH = "trans_depth",
    METHOD = "method", HOST = "host",
    URI = "uri", REFERRER = "referrer", VERSION = "version", USER_AGENT = "user_agent",
    REQUEST = "request_body_len", RESPONSE = "response_body_len", STATUS = "status_code",
    USERNAME = "username", PROXIED = "proxied", ORIG_FUIDS = "orig_fuids",
    ORIG_MIME = "orig_mime_types", RESP_FUIDS = "resp_fuids", RESP_MIME = "resp_mime_types",
    TAGS = "tags",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "http",
    columns: COLUMNS,
    role: Role::Http,
    detector: DefaultDetector::RarityBy(&RarityBy {
        damping: f64::INFINITY,
        aspects: &[],
        kinds: &[],
        explanation: None,
        evidence: &["host_randomness"],
    }),
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        identity("public_originator", |r| parts::public_host(r, (ORIG_H, RESP_H))).calling(|r| r.host(RESP_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("method", "method", |r| Cell::text(r.text(METHOD))),
        category("outcome", "status_code", |r| Cell::code(r.num(STATUS).map(|v| v as u64))),
        category("method", "version", |r| Cell::text(r.text(VERSION))),
        category("host", "host", |r| Cell::text(r.text(HOST))),
        flag("host", "host_is_address", |r| Cell::flag(r.text(HOST).is_some_and(lexical::is_address))),
        learned("host", "host_randomness", |r| {
            Cell::text(r.text(HOST).and_then(|h| domain::parts(domain::without_port(h)).domain))
        }),
        category("client", "user_agent", |r| Cell::text(r.text(USER_AGENT))),
        category("uri", "uri", |r| Cell::text(r.text(URI))),
        category("uri", "uri_extension", |r| Cell::text(r.text(URI).map(extension))),
        magnitude("depth", "trans_depth", Unit::Count, |r| Cell::num(r.num(TRANS_DEPTH))),
        magnitude("sent", "request_body_len", Unit::Bytes, |r| Cell::num(r.num(REQUEST))),
        magnitude("received", "response_body_len", Unit::Bytes, |r| Cell::num(r.num(RESPONSE))),
        magnitude("balance", "body_quotient", Unit::Quotient, |r| Cell::num(r.quotient(REQUEST, RESPONSE))),
        magnitude("uri", "uri_length", Unit::Bytes, |r| Cell::num(r.text_len(URI))),
        magnitude("host", "host_length", Unit::Bytes, |r| Cell::num(r.text_len(HOST))),
        magnitude("client", "user_agent_length", Unit::Bytes, |r| Cell::num(r.text_len(USER_AGENT))),
        ratio("uri", "uri_entropy", |r| Cell::num(r.text(URI).map(lexical::entropy))),
        ratio("uri", "uri_special_share", |r| {
            Cell::num(r.text(URI).map(|u| {
                lexical::share(u, |b| !b.is_ascii_alphanumeric() && !b"/.-_?=&%".contains(&b))
            }))
        }),
        ratio("uri", "uri_escape_share", |r| {
            Cell::num(r.text(URI).map(|u| lexical::share(u, |b| b == b'%')))
        }),
        flag("referrer", "has_referrer", |r| Cell::flag(r.is_set(REFERRER))),
        flag("login", "has_username", |r| Cell::flag(r.is_set(USERNAME))),
        flag("method", "proxied", |r| Cell::flag(r.list_len(PROXIED).is_some_and(|n| n > 0.0))),
        flag("uri", "tagged", |r| Cell::flag(r.list_len(TAGS).is_some_and(|n| n > 0.0))),
        category("sent", "orig_mime_type", |r| Cell::text(r.first_text(ORIG_MIME))),
        category("received", "resp_mime_type", |r| Cell::text(r.first_text(RESP_MIME))),
        magnitude("sent", "orig_files", Unit::Count, |r| Cell::num(r.list_len(ORIG_FUIDS).or(Some(0.0)))),
        magnitude("received", "resp_files", Unit::Count, |r| Cell::num(r.list_len(RESP_FUIDS).or(Some(0.0)))),
        magnitude("received", "file_seen_bytes", Unit::Bytes, |r| {
            Cell::num(response_file(r).map(|f| f.seen_bytes))
        }),
        magnitude("received", "file_missing_bytes", Unit::Bytes, |r| {
            Cell::num(response_file(r).map(|f| f.missing_bytes))
        }),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};

/// The file of the response, found by its fuid. Not for ranges (206): several
/// requests share one file there, which ends with the last of them.
fn response_file<'r>(r: &Row<'r>) -> Option<&'r FileState> {
    if r.num(STATUS) == Some(206.0) {
        return None;
    }
    r.context.file(r.first_text(RESP_FUIDS)?)
}

/// What follows the last dot of a URI's path, if that is short.
fn extension(uri: &[u8]) -> &[u8] {
    let path = uri.split(|&b| b == b'?' || b == b'#').next().unwrap_or(uri);
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
    match name.iter().rposition(|&b| b == b'.') {
        Some(i) if name.len() - i <= 8 => &name[i..],
        _ => b"",
    }
}
