//! software.log: a program that a host was seen to run.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    HOST = "host", HOST_P = "host_p", TYPE_ = "software_type", NAME = "name",
    MAJOR = "version.major", MINOR = "version.minor", MINOR2 = "version.minor2",
    ADDL = "version.addl", UNPARSED = "unparsed_version",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "software",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("host", "host", |r| r.host(HOST)),
        category("host", "network", |r| r.of_addr(HOST, parts::network)),
        category("host", "scope", |r| Cell::text(r.addr(HOST).map(parts::scope))),
        category("where", "host_p", |r| parts::service_port(r.port(HOST_P))),
        category("program", "software_type", |r| Cell::text(r.text(TYPE_))),
        category("program", "name", |r| Cell::text(r.text(NAME))),
        category("program", "unparsed_version", |r| Cell::text(r.text(UNPARSED))),
        category("version", "version.addl", |r| Cell::text(r.text(ADDL))),
        magnitude("version", "version.major", Unit::Count, |r| Cell::num(r.num(MAJOR))),
        magnitude("version", "version.minor", Unit::Count, |r| Cell::num(r.num(MINOR))),
        magnitude("version", "version.minor2", Unit::Count, |r| Cell::num(r.num(MINOR2))),
        magnitude("shape", "unparsed_version_length", Unit::Bytes, |r| Cell::num(r.text_len(UNPARSED))),
    ],
};
