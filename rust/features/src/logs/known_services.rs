//! known_services.log: a host that offers a service on a port; once a day for each.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    TS = "ts", HOST = "host", PORT = "port_num", PROTO = "port_proto", SERVICE = "service",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "known_services",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("host", "host", |r| r.host(HOST)),
        category("host", "network", |r| r.of_addr(HOST, parts::network)),
        category("host", "scope", |r| Cell::text(r.addr(HOST).map(parts::scope))),
        category("service", "port_num", |r| Cell::code(r.port(PORT).map(u64::from))),
        category("service", "port_proto", |r| Cell::text(r.text(PROTO))),
        category("service", "service", |r| Cell::text(r.first_text(SERVICE))),
        magnitude("service", "services", Unit::Count, |r| Cell::num(r.list_len(SERVICE).or(Some(0.0)))),
        category("time", "hour", |r| Cell::code(r.num(TS).map(parts::hour))),
    ],
};
