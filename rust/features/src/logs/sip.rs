//! sip.log: one request of the session initiation protocol, and its response.

use crate::cell::Cell;
use crate::context::Role;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude};
use crate::parts;

columns! {
    RESP_P = "id.resp_p", DEPTH = "trans_depth", METHOD = "method", URI = "uri",
    REQUEST_FROM = "request_from", REQUEST_TO = "request_to", RESPONSE_FROM = "response_from",
    REPLY_TO = "reply_to", CALL_ID = "call_id", SEQ = "seq", SUBJECT = "subject",
    REQUEST_PATH = "request_path", RESPONSE_PATH = "response_path", USER_AGENT = "user_agent",
    STATUS = "status_code", WARNING = "warning", REQUEST_LEN = "request_body_len",
    RESPONSE_LEN = "response_body_len", CONTENT_TYPE = "content_type",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "sip",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("method", "method", |r| Cell::text(r.text(METHOD))),
        category("method", "seq_method", |r| r.part(SEQ, |s| parts::after(s, b' '))),
        category("target", "uri_host", |r| r.part(URI, |u| Some(host(u)))),
        magnitude("target", "uri_length", Unit::Bytes, |r| Cell::num(r.text_len(URI))),
        category("sender", "from", |r| r.part(REQUEST_FROM, |f| Some(parts::before(f, b';')))),
        category("sender", "from_domain", |r| r.part(REQUEST_FROM, parts::mail_domain)),
        category("receiver", "to_domain", |r| r.part(REQUEST_TO, parts::mail_domain)),
        // Scanners call themselves.
        flag("sender", "to_itself", |r| Cell::flag(same_party(r))),
        flag("sender", "has_reply_to", |r| Cell::flag(r.is_set(REPLY_TO))),
        category("client", "user_agent", |r| Cell::text(r.text(USER_AGENT))),
        category("outcome", "status_code", |r| r.code(STATUS)),
        flag("outcome", "answered", |r| Cell::flag(r.is_set(STATUS) || r.is_set(RESPONSE_FROM))),
        category("outcome", "warning", |r| r.part(WARNING, |w| Some(parts::words(w)))),
        magnitude("path", "request_path", Unit::Count, |r| Cell::num(r.list_len(REQUEST_PATH))),
        magnitude("path", "response_path", Unit::Count, |r| Cell::num(r.list_len(RESPONSE_PATH))),
        category("content", "content_type", |r| Cell::text(r.text(CONTENT_TYPE))),
        magnitude("content", "request_body_len", Unit::Bytes, |r| Cell::num(r.num(REQUEST_LEN))),
        magnitude("content", "response_body_len", Unit::Bytes, |r| Cell::num(r.num(RESPONSE_LEN))),
        flag("content", "has_subject", |r| Cell::flag(r.is_set(SUBJECT))),
        magnitude("identifiers", "call_id_length", Unit::Bytes, |r| Cell::num(r.text_len(CALL_ID))),
        magnitude("depth", "trans_depth", Unit::Count, |r| Cell::num(r.num(DEPTH))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};

/// The host of `sip:user@host:port;parameters`.
fn host(uri: &[u8]) -> &[u8] {
    let of = parts::last_part(parts::before(uri, b';'), |b| b == b'@');
    let of = of.strip_prefix(b"sips:").or(of.strip_prefix(b"sip:")).unwrap_or(of);
    parts::before(of, b':')
}

/// Whether a request goes to whom it says that it comes from.
fn same_party(r: &Row<'_>) -> bool {
    let party = |c| r.text(c).map(|t| parts::before(t, b';'));
    party(REQUEST_FROM).is_some_and(|f| !f.is_empty() && party(REQUEST_TO) == Some(f))
}
