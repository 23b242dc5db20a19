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
    detector: DefaultDetector::Rarity,
    features: &[
        category("id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("source", |r| Cell::text(r.text(SOURCE))),
        category("mime_type", |r| Cell::text(r.text(MIME))),
        category("filename", |r| Cell::text(r.text(FILENAME))),
        category("local_orig", |r| Cell::num(r.truth(LOCAL_ORIG).map(|b| f64::from(u8::from(b))))),
        category("is_orig", |r| Cell::num(r.truth(IS_ORIG).map(|b| f64::from(u8::from(b))))),
        flag("timedout", |r| Cell::flag(r.truth(TIMEDOUT) == Some(true))),
        flag("has_parent", |r| Cell::flag(r.is_set(PARENT))),
        magnitude("depth", Unit::Count, |r| Cell::num(r.num(DEPTH))),
        magnitude("duration", Unit::Seconds, |r| Cell::num(r.num(DURATION))),
        magnitude("seen_bytes", Unit::Bytes, |r| Cell::num(r.num(SEEN))),
        magnitude("total_bytes", Unit::Bytes, |r| Cell::num(r.num(TOTAL))),
        magnitude("unseen_bytes", Unit::Bytes, |r| {
            Cell::num(r.num(TOTAL).zip(r.num(SEEN)).map(|(t, s)| (t - s).abs()))
        }),
        magnitude("missing_bytes", Unit::Bytes, |r| Cell::num(r.num(MISSING))),
        magnitude("overflow_bytes", Unit::Bytes, |r| Cell::num(r.num(OVERFLOW))),
        magnitude("analyzers", Unit::Count, |r| Cell::num(r.list_len(ANALYZERS).or(Some(0.0)))),
        magnitude("uid_files_before", Unit::Count, |r| Cell::Num(r.context.earlier())),
        magnitude("uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
    ],
};
