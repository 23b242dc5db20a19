//! notice.log: one notice. Those that this project raises itself are not scored.

use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude};

columns! {
    UID = "uid", NOTE = "note", MSG = "msg", SUB = "sub", SRC = "src", P = "p", N = "n",
    SUPPRESS = "suppress_for", ACTIONS = "actions", FUID = "fuid", PROTO = "proto",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "notice",
    columns: COLUMNS,
    role: Role::Notice,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("note", "note", |r| Cell::text(r.text(NOTE))),
        category("detail", "sub", |r| Cell::text(r.text(SUB))),
        category("source", "src", |r| match r.addr(SRC) {
            Some(a) => Cell::Addr(a),
            None => Cell::text(r.text(SRC)),
        }),
        category("where", "p", |r| Cell::code(r.port(P).map(u64::from))),
        category("where", "proto", |r| Cell::text(r.text(PROTO))),
        magnitude("detail", "n", Unit::Count, |r| Cell::num(r.num(N))),
        magnitude("note", "suppress_for", Unit::Seconds, |r| Cell::num(r.num(SUPPRESS))),
        magnitude("detail", "msg_length", Unit::Bytes, |r| Cell::num(r.text_len(MSG))),
        magnitude("note", "actions", Unit::Count, |r| Cell::num(r.list_len(ACTIONS))),
        flag("where", "has_connection", |r| Cell::flag(r.is_set(UID))),
        flag("file", "has_file", |r| Cell::flag(r.is_set(FUID))),
        magnitude("repetition", "uid_notices_before", Unit::Count, |r| Cell::Num(r.context.earlier())),
    ],
};
