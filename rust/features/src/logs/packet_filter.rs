//! packet_filter.log: what a Zeek process captures.

use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, category};

columns! {
    NODE = "node", FILTER = "filter", INIT = "init", SUCCESS = "success", FAILURE = "failure_reason",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "packet_filter",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("node", "node", |r| Cell::text(r.text(NODE))),
        category("filter", "filter", |r| Cell::text(r.text(FILTER))),
        category("outcome", "init", |r| Cell::truth(r.truth(INIT))),
        category("outcome", "success", |r| Cell::truth(r.truth(SUCCESS))),
        category("outcome", "failure_reason", |r| Cell::text(r.text(FAILURE))),
    ],
};
