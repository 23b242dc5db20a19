//! files.log: one file seen on the wire.

use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude};

columns! {
    RESP_P = "id.resp_p", SOURCE = "source", DEPTH = "depth", ANALYZERS = "analyzers",
    MIME = "mime_type", FILENAME = "filename", DURATION = "duration", LOCAL_ORIG = "local_orig",
    IS_ORIG = "is_orig", SEEN = "seen_bytes", TOTAL = "total_bytes", MISSING = "missing_bytes",
    OVERFLOW = "overflow_bytes", TIMEDOUT = "timedout", PARENT = "parent_fuid",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "files",
    columns: COLUMNS,
    role: Role::Files,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("where", "source", |r| Cell::text(r.text(SOURCE))),
        category("type", "mime_type", |r| Cell::text(r.text(MIME))),
        category("name", "filename", |r| Cell::text(r.text(FILENAME))),
        category("direction", "local_orig", |r| Cell::truth(r.truth(LOCAL_ORIG))),
        category("direction", "is_orig", |r| Cell::truth(r.truth(IS_ORIG))),
        flag("outcome", "timedout", |r| Cell::flag(r.truth(TIMEDOUT) == Some(true))),
        flag("parent", "has_parent", |r| Cell::flag(r.is_set(PARENT))),
        magnitude("parent", "depth", Unit::Count, |r| Cell::num(r.num(DEPTH))),
        magnitude("time", "duration", Unit::Seconds, |r| Cell::num(r.num(DURATION))),
        magnitude("size", "seen_bytes", Unit::Bytes, |r| Cell::num(r.num(SEEN))),
        magnitude("size", "total_bytes", Unit::Bytes, |r| Cell::num(r.num(TOTAL))),
        magnitude("outcome", "unseen_bytes", Unit::Bytes, |r| {
            Cell::num(r.num(TOTAL).zip(r.num(SEEN)).map(|(t, s)| (t - s).abs()))
        }),
        magnitude("outcome", "missing_bytes", Unit::Bytes, |r| Cell::num(r.num(MISSING))),
        magnitude("outcome", "overflow_bytes", Unit::Bytes, |r| Cell::num(r.num(OVERFLOW))),
        magnitude("analyzers", "analyzers", Unit::Count, |r| Cell::num(r.list_len(ANALYZERS).or(Some(0.0)))),
        magnitude("repetition", "uid_files_before", Unit::Count, |r| Cell::Num(r.context.earlier())),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
    ],
};
