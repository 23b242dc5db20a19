//! quic.log: one QUIC connection's handshake.

use crate::cell::Cell;
use crate::context::Role;
use crate::lexical;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude, ratio};

columns! {
    RESP_P = "id.resp_p", VERSION = "version", DCID = "client_initial_dcid", SCID = "client_scid",
    SERVER_SCID = "server_scid", SERVER_NAME = "server_name", PROTOCOL = "client_protocol",
    HISTORY = "history",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "quic",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("protocol", "version", |r| Cell::text(r.text(VERSION))),
        category("protocol", "client_protocol", |r| Cell::text(r.text(PROTOCOL))),
        category("name", "server_name", |r| Cell::text(r.text(SERVER_NAME))),
        category("name", "server_domain", |r| r.part(SERVER_NAME, |n| Some(lexical::last_labels(n, 2)))),
        category("name", "server_tld", |r| r.part(SERVER_NAME, lexical::last_label)),
        flag("name", "no_server_name", |r| Cell::flag(!r.is_set(SERVER_NAME))),
        magnitude("shape", "server_name_length", Unit::Bytes, |r| Cell::num(r.text_len(SERVER_NAME))),
        ratio("shape", "server_name_entropy", |r| {
            Cell::num(r.text(SERVER_NAME).map(|n| lexical::entropy(lexical::longest_label(n))))
        }),
        ratio("shape", "server_name_digit_share", |r| {
            Cell::num(r.text(SERVER_NAME).map(|n| lexical::share(n, |b| b.is_ascii_digit())))
        }),
        category("outcome", "history", |r| Cell::text(r.text(HISTORY))),
        category("outcome", "history_letters", |r| r.text(HISTORY).map_or(Cell::Missing, Cell::letters)),
        magnitude("outcome", "history_length", Unit::Count, |r| Cell::num(r.text_len(HISTORY))),
        // Written in hexadecimal digits, two for each byte.
        magnitude("identifiers", "client_initial_dcid_length", Unit::Bytes, |r| Cell::num(r.text_len(DCID))),
        magnitude("identifiers", "client_scid_length", Unit::Bytes, |r| Cell::num(r.text_len(SCID))),
        magnitude("identifiers", "server_scid_length", Unit::Bytes, |r| Cell::num(r.text_len(SERVER_SCID))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
