//! weird.log: one oddity of a protocol.

use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, RarityBy, Unit, category, flag, magnitude};

columns! {
    UID = "uid", RESP_P = "id.resp_p", NAME = "name", ADDL = "addl", NOTICE = "notice",
    SOURCE = "source",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "weird",
    columns: COLUMNS,
    role: Role::Weird,
    // Every day has oddities of its own; a port that never had any is told in full.
    detector: DefaultDetector::RarityBy(&RarityBy {
        damping: 3.0,
        aspects: &[("where", f64::INFINITY)],
        kinds: &[],
        explanation: None,
        evidence: &[],
    }),
    features: &[
        category("name", "name", |r| Cell::text(r.text(NAME))),
        category("name", "source", |r| Cell::text(r.text(SOURCE))),
        category("detail", "addl", |r| Cell::text(r.text(ADDL))),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        flag("notice", "notice", |r| Cell::flag(r.truth(NOTICE) == Some(true))),
        flag("where", "has_connection", |r| Cell::flag(r.is_set(UID))),
        magnitude("repetition", "uid_weirds_before", Unit::Count, |r| Cell::Num(r.context.earlier())),
    ],
};
