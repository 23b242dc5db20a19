//! smb_mapping.log: one share that was connected to.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, identity, magnitude};

columns! {
    ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p", PATH = "path", SERVICE = "service",
    FILE_SYSTEM = "native_file_system", SHARE_TYPE = "share_type",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "smb_mapping",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("share", "path", |r| Cell::text(r.text(PATH))),
        category("share", "share", |r| r.part(PATH, |p| Some(parts::last_part(p, |b| b == b'\\')))),
        // C$ and ADMIN$, which only administrators have; IPC$ is what everybody uses.
        flag("share", "administrative", |r| {
            Cell::flag(r.text(PATH).is_some_and(|p| p.ends_with(b"$") && !p.ends_with(b"IPC$")))
        }),
        magnitude("share", "path_length", Unit::Bytes, |r| Cell::num(r.text_len(PATH))),
        category("kind", "share_type", |r| Cell::text(r.text(SHARE_TYPE))),
        category("kind", "service", |r| Cell::text(r.text(SERVICE))),
        category("kind", "native_file_system", |r| Cell::text(r.text(FILE_SYSTEM))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
