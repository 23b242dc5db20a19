//! dce_rpc.log: one remote procedure call of Windows.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    RESP_H = "id.resp_h", RESP_P = "id.resp_p", RTT = "rtt", PIPE = "named_pipe",
    ENDPOINT = "endpoint", OPERATION = "operation",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "dce_rpc",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        // A port of its own where there is no pipe.
        category("call", "named_pipe", |r| match r.text(PIPE) {
            Some(p) if !p.is_empty() && p.iter().all(u8::is_ascii_digit) => Cell::Text(b"(a port)"),
            p => Cell::text(p),
        }),
        category("call", "endpoint", |r| Cell::text(r.text(ENDPOINT))),
        category("call", "operation", |r| Cell::text(r.text(OPERATION))),
        magnitude("time", "rtt", Unit::Seconds, |r| Cell::num(r.num(RTT))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
