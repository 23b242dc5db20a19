//! tunnel.log: a tunnel that began or ended.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, category, flag};

columns! {
    UID = "uid", ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p",
    TUNNEL = "tunnel_type", ACTION = "action",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "tunnel",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("kind", "tunnel_type", |r| Cell::text(r.text(TUNNEL))),
        category("action", "action", |r| Cell::text(r.text(ACTION))),
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("where", "resp_network", |r| r.of_addr(RESP_H, parts::network)),
        category("where", "resp_scope", |r| Cell::text(r.addr(RESP_H).map(parts::scope))),
        category("from", "id.orig_h", |r| r.host(ORIG_H)),
        category("from", "orig_network", |r| r.of_addr(ORIG_H, parts::network)),
        category("from", "orig_scope", |r| Cell::text(r.addr(ORIG_H).map(parts::scope))),
        // A tunnel inside another one has a connection of its own.
        flag("action", "has_connection", |r| Cell::flag(r.is_set(UID))),
    ],
};
