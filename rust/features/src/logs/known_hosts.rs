//! known_hosts.log: a host that completed a handshake; once a day for each host.

use super::stats::seconds;
use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    TS = "ts", HOST = "host",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "known_hosts",
    columns: COLUMNS,
    role: Role::Series,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("host", "host", |r| r.host(HOST)),
        category("host", "network", |r| r.of_addr(HOST, parts::network)),
        category("host", "scope", |r| Cell::text(r.addr(HOST).map(parts::scope))),
        category("time", "hour", |r| Cell::code(r.num(TS).map(parts::hour))),
        magnitude("interval", "since_last", Unit::Seconds, |r| Cell::num(seconds(r, TS))),
    ],
};
