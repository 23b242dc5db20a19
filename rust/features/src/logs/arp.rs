//! arp.log (a package that is often installed): one ARP request or reply.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, category, flag};
use std::net::IpAddr;

columns! {
    OPERATION = "operation", SRC_MAC = "src_mac", DST_MAC = "dst_mac", ORIG_H = "orig_h",
    RESP_H = "resp_h", ORIG_HW = "orig_hw", RESP_HW = "resp_hw",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "arp",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("operation", "operation", |r| Cell::text(r.text(OPERATION))),
        category("sender", "src_mac", |r| Cell::text(r.text(SRC_MAC))),
        category("sender", "src_maker", |r| r.part(SRC_MAC, |m| Some(parts::maker(m)))),
        category("target", "dst_mac", |r| Cell::text(r.text(DST_MAC))),
        category("claim", "orig_h", |r| r.host(ORIG_H)),
        category("claim", "orig_hw", |r| Cell::text(r.text(ORIG_HW))),
        category("asked", "resp_h", |r| r.host(RESP_H)),
        category("asked", "resp_network", |r| r.of_addr(RESP_H, parts::network)),
        category("asked", "resp_scope", |r| Cell::text(r.addr(RESP_H).map(parts::scope))),
        category("asked", "resp_hw", |r| Cell::text(r.text(RESP_HW))),
        // Whoever sends a frame as one machine and claims in it to be another.
        flag("forged", "sender_differs", |r| Cell::flag(differ(r, SRC_MAC, ORIG_HW))),
        flag("forged", "reply_to_all", |r| {
            Cell::flag(r.text(OPERATION) == Some(b"reply") && is_broadcast(r, DST_MAC))
        }),
        flag("forged", "request_to_one", |r| {
            Cell::flag(r.text(OPERATION) == Some(b"request") && !is_broadcast(r, DST_MAC))
        }),
        flag("kind", "gratuitous", |r| {
            Cell::flag(r.addr(ORIG_H).is_some() && r.addr(ORIG_H) == r.addr(RESP_H))
        }),
        flag("kind", "probe", |r| Cell::flag(r.addr(ORIG_H).is_some_and(|a: IpAddr| a.is_unspecified()))),
    ],
};

fn differ(r: &Row<'_>, a: usize, b: usize) -> bool {
    match (r.text(a), r.text(b)) {
        (Some(a), Some(b)) => !a.eq_ignore_ascii_case(b),
        _ => false,
    }
}

fn is_broadcast(r: &Row<'_>, mac: usize) -> bool {
    r.text(mac).is_some_and(|m| m.eq_ignore_ascii_case(b"ff:ff:ff:ff:ff:ff"))
}
