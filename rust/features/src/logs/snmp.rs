//! snmp.log: one session of SNMP.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    TS = "ts", RESP_H = "id.resp_h", RESP_P = "id.resp_p", DURATION = "duration",
    VERSION = "version", COMMUNITY = "community", GETS = "get_requests", BULKS = "get_bulk_requests",
    RESPONSES = "get_responses", SETS = "set_requests", DISPLAY = "display_string",
    UP_SINCE = "up_since",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "snmp",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("protocol", "version", |r| Cell::text(r.text(VERSION))),
        category("login", "community", |r| Cell::text(r.text(COMMUNITY))),
        magnitude("login", "community_length", Unit::Bytes, |r| Cell::num(r.text_len(COMMUNITY))),
        magnitude("time", "duration", Unit::Seconds, |r| Cell::num(r.num(DURATION))),
        magnitude("requests", "get_requests", Unit::Count, |r| Cell::num(r.num(GETS))),
        magnitude("requests", "get_bulk_requests", Unit::Count, |r| Cell::num(r.num(BULKS))),
        magnitude("answers", "get_responses", Unit::Count, |r| Cell::num(r.num(RESPONSES))),
        magnitude("answers", "unanswered", Unit::Count, |r| Cell::num(unanswered(r))),
        magnitude("changes", "set_requests", Unit::Count, |r| Cell::num(r.num(SETS))),
        category("device", "display_string", |r| Cell::text(r.text(DISPLAY))),
        magnitude("device", "uptime", Unit::Seconds, |r| Cell::num(parts::seconds_between(r, UP_SINCE, TS))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};

/// Requests that got no response.
fn unanswered(r: &Row<'_>) -> Option<f64> {
    let asked = r.sum(GETS, BULKS)?;
    Some((asked - r.num(RESPONSES)?).max(0.0))
}
