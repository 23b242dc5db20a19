//! smtp.log: one mail.

use crate::cell::Cell;
use crate::context::Role;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, identity, magnitude};
use crate::{lexical, parts};

columns! {
    ORIG_H = "id.orig_h", RESP_P = "id.resp_p", DEPTH = "trans_depth", HELO = "helo", MAILFROM = "mailfrom",
    RCPTTO = "rcptto", DATE = "date", FROM = "from", TO = "to", CC = "cc", REPLY_TO = "reply_to",
    MSG_ID = "msg_id", IN_REPLY_TO = "in_reply_to", SUBJECT = "subject",
    ORIGINATING = "x_originating_ip", LAST_REPLY = "last_reply", PATH = "path",
    USER_AGENT = "user_agent", TLS = "tls", FUIDS = "fuids", WEBMAIL = "is_webmail",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "smtp",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("client", "helo", |r| Cell::text(r.text(HELO))),
        category("client", "helo_domain", |r| {
            r.part(HELO, |h| (!parts::is_address(h)).then(|| lexical::last_labels(h, 2)))
        }),
        flag("client", "helo_is_address", |r| Cell::flag(r.text(HELO).is_some_and(parts::is_address))),
        category("client", "user_agent", |r| Cell::text(r.text(USER_AGENT))),
        category("client", "is_webmail", |r| Cell::truth(r.truth(WEBMAIL))),
        category("sender", "mailfrom_domain", |r| r.part(MAILFROM, parts::mail_domain)),
        category("sender", "from_domain", |r| r.part(FROM, parts::mail_domain)),
        flag("forged", "from_differs", |r| Cell::flag(domains_differ(r, MAILFROM, FROM))),
        flag("forged", "reply_to_differs", |r| Cell::flag(domains_differ(r, FROM, REPLY_TO))),
        category("receiver", "rcptto_domain", |r| {
            Cell::text(r.first_text(RCPTTO).and_then(parts::mail_domain))
        }),
        magnitude("receiver", "recipients", Unit::Count, |r| Cell::num(r.list_len(RCPTTO).or(Some(0.0)))),
        magnitude("receiver", "to", Unit::Count, |r| Cell::num(r.list_len(TO).or(Some(0.0)))),
        magnitude("receiver", "cc", Unit::Count, |r| Cell::num(r.list_len(CC).or(Some(0.0)))),
        category("outcome", "last_reply_code", |r| {
            r.part(LAST_REPLY, |t| Some(parts::before(t, b' ')))
        }),
        category("outcome", "last_reply", |r| r.part(LAST_REPLY, |t| Some(parts::words(t)))),
        category("protection", "tls", |r| Cell::truth(r.truth(TLS))),
        magnitude("path", "path", Unit::Count, |r| Cell::num(r.list_len(PATH))),
        flag("path", "has_originating_ip", |r| Cell::flag(r.is_set(ORIGINATING))),
        magnitude("subject", "subject_length", Unit::Bytes, |r| Cell::num(r.text_len(SUBJECT))),
        flag("subject", "has_subject", |r| Cell::flag(r.is_set(SUBJECT))),
        flag("headers", "has_date", |r| Cell::flag(r.is_set(DATE))),
        flag("headers", "has_message_id", |r| Cell::flag(r.is_set(MSG_ID))),
        flag("headers", "is_reply", |r| Cell::flag(r.is_set(IN_REPLY_TO))),
        magnitude("content", "files", Unit::Count, |r| Cell::num(r.list_len(FUIDS).or(Some(0.0)))),
        magnitude("depth", "trans_depth", Unit::Count, |r| Cell::num(r.num(DEPTH))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};

/// Whether two addresses are there, and of different domains.
fn domains_differ(r: &Row<'_>, a: usize, b: usize) -> bool {
    let domain = |c| r.text(c).and_then(parts::mail_domain);
    match (domain(a), domain(b)) {
        (Some(a), Some(b)) => !lexical::last_labels(a, 2).eq_ignore_ascii_case(lexical::last_labels(b, 2)),
        _ => false,
    }
}
