//! smb_files.log: one action on a file of a share.

use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, identity, magnitude, ratio};
use crate::{lexical, parts};

columns! {
    ORIG_H = "id.orig_h", TS = "ts", RESP_P = "id.resp_p", RESP_H = "id.resp_h", ACTION = "action", PATH = "path",
    NAME = "name", SIZE = "size", PREV_NAME = "prev_name", MODIFIED = "times.modified",
    CREATED = "times.created", FUID = "fuid",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "smb_files",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("action", "action", |r| Cell::text(r.text(ACTION))),
        category("share", "path", |r| Cell::text(r.text(PATH))),
        category("share", "share", |r| r.part(PATH, |p| Some(last(p)))),
        flag("share", "hidden_share", |r| Cell::flag(r.text(PATH).is_some_and(|p| p.ends_with(b"$")))),
        category("name", "extension", |r| r.part(NAME, |n| Some(parts::extension(n)))),
        category("name", "name", |r| r.part(NAME, |n| Some(last(n)))),
        magnitude("shape", "name_length", Unit::Bytes, |r| Cell::num(r.text_len(NAME))),
        magnitude("shape", "name_depth", Unit::Count, |r| {
            Cell::num(r.text(NAME).map(|n| n.iter().filter(|b| **b == b'\\').count() as f64))
        }),
        ratio("shape", "name_entropy", |r| Cell::num(r.text(NAME).map(|n| lexical::entropy(last(n))))),
        magnitude("size", "size", Unit::Bytes, |r| Cell::num(r.num(SIZE))),
        flag("action", "renamed", |r| Cell::flag(r.is_set(PREV_NAME))),
        flag("action", "has_file", |r| Cell::flag(r.is_set(FUID))),
        magnitude("age", "since_modified", Unit::Seconds, |r| {
            Cell::num(parts::seconds_between(r, MODIFIED, TS))
        }),
        magnitude("age", "since_created", Unit::Seconds, |r| {
            Cell::num(parts::seconds_between(r, CREATED, TS))
        }),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};

/// The share of `\\server\share`, and the file of a path.
fn last(path: &[u8]) -> &[u8] {
    parts::last_part(path, |b| b == b'\\')
}
