//! ftp.log: one command of a session.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, identity, magnitude};

columns! {
    RESP_H = "id.resp_h", RESP_P = "id.resp_p", USER = "user", PASSWORD = "password",
    COMMAND = "command", ARG = "arg", MIME = "mime_type", SIZE = "file_size", CODE = "reply_code",
    REPLY = "reply_msg", PASSIVE = "data_channel.passive", DATA_ORIG = "data_channel.orig_h",
    DATA_RESP = "data_channel.resp_h", DATA_P = "data_channel.resp_p", ORIG_H = "id.orig_h",
    FUID = "fuid",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "ftp",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("login", "user", |r| Cell::text(r.text(USER))),
        flag("login", "has_password", |r| Cell::flag(r.is_set(PASSWORD))),
        category("command", "command", |r| Cell::text(r.text(COMMAND))),
        category("argument", "arg_extension", |r| r.part(ARG, |a| Some(parts::extension(a)))),
        magnitude("argument", "arg_length", Unit::Bytes, |r| Cell::num(r.text_len(ARG))),
        category("file", "mime_type", |r| Cell::text(r.text(MIME))),
        magnitude("file", "file_size", Unit::Bytes, |r| Cell::num(r.num(SIZE))),
        flag("file", "has_file", |r| Cell::flag(r.is_set(FUID))),
        category("outcome", "reply_code", |r| r.code(CODE)),
        category("outcome", "reply", |r| r.part(REPLY, |t| Some(parts::words(t)))),
        category("channel", "data_channel.passive", |r| Cell::truth(r.truth(PASSIVE))),
        category("channel", "data_channel.resp_p", |r| parts::service_port(r.port(DATA_P))),
        // A transfer to or from a third machine.
        flag("channel", "third_party", |r| {
            let parties = [r.addr(ORIG_H), r.addr(RESP_H)];
            let stranger = |c| r.addr(c).is_some_and(|a| !parties.contains(&Some(a)));
            Cell::flag(stranger(DATA_ORIG) || stranger(DATA_RESP))
        }),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
