//! analyzer.log (Zeek 8): an analyzer that gave up on its traffic.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude};

columns! {
    UID = "uid", RESP_P = "id.resp_p", PROTO = "proto", CAUSE = "cause", KIND = "analyzer_kind",
    NAME = "analyzer_name", REASON = "failure_reason", DATA = "failure_data", FUID = "fuid",
    DPD_NAME = "analyzer", SEGMENT = "packet_segment",
}

/// The feature definitions, which dpd.log shares: there the analyzer's column has another name.
pub static TYPE: LogType = LogType {
    log: "analyzer",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("analyzer", "analyzer_kind", |r| Cell::text(r.text(KIND))),
        category("analyzer", "analyzer_name", |r| Cell::text(r.text(NAME).or(r.text(DPD_NAME)))),
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("where", "proto", |r| Cell::text(r.text(PROTO))),
        category("reason", "cause", |r| Cell::text(r.text(CAUSE))),
        category("reason", "failure", |r| r.part(REASON, |t| Some(parts::words(t)))),
        magnitude("reason", "failure_length", Unit::Bytes, |r| Cell::num(r.text_len(REASON))),
        magnitude("data", "failure_data_length", Unit::Bytes, |r| {
            Cell::num(r.text_len(DATA).or(r.text_len(SEGMENT)))
        }),
        flag("where", "has_connection", |r| Cell::flag(r.is_set(UID))),
        flag("where", "has_file", |r| Cell::flag(r.is_set(FUID))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
