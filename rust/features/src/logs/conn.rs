//! conn.log: one connection, at its end.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::row::Row;
use crate::spec::{DefaultDetector, Explanation, LogType, RarityBy, Unit, category, flag, identity, magnitude};
use std::net::IpAddr;
use zeek_log::history::is_half_seen;
use zeek_log::payload::SideCounts;

columns! {
    ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p", PROTO = "proto", SERVICE = "service",
    DURATION = "duration", ORIG_BYTES = "orig_bytes", RESP_BYTES = "resp_bytes",
    CONN_STATE = "conn_state", LOCAL_ORIG = "local_orig", LOCAL_RESP = "local_resp",
    MISSED_BYTES = "missed_bytes", HISTORY = "history", ORIG_PKTS = "orig_pkts",
    RESP_PKTS = "resp_pkts", TUNNEL_PARENTS = "tunnel_parents",
    ORIG_IP_BYTES = "orig_ip_bytes", RESP_IP_BYTES = "resp_ip_bytes",
}

/// States in which the connection was not established: no answer, refused, reset
/// in the handshake, or a lone half of it.
const FAILED: &[&[u8]] = &[b"S0", b"REJ", b"RSTOS0", b"RSTRH", b"SH", b"SHR"];

/// The longest duration of a connection that is called short, in seconds.
const SHORT: f64 = 0.05;

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "conn",
    columns: COLUMNS,
    role: Role::Conn,
    detector: DefaultDetector::RarityBy(&RarityBy {
        // How a connection went differs from day to day in some respect or other, and no one
        // respect may outweigh the rest. Where it went to and whom to does not: a service that was never
        // used counts in full, and so does what is sent beyond what is ordinary anywhere. Measured:
        // docs/benchmarks/2026-11-detection-quality.md.
        damping: 3.0,
        aspects: &[("where", f64::INFINITY), ("destination", f64::INFINITY), ("upload", f64::INFINITY)],
        kinds: &[&["service", "direction"], &["id.resp_p", "proto"]],
        explanation: Some(&Explanation {
            category: "half_seen",
            aspects: &["outcome", "time", "volume"],
        }),
        evidence: &[],
    }),
    features: &[
        category("where", "proto", |r| Cell::text(r.text(PROTO))),
        category("where", "service", |r| Cell::text(r.text(SERVICE))),
        category("where", "id.resp_p", responder_port),
        category("outcome", "conn_state", |r| Cell::text(r.text(CONN_STATE))),
        category("outcome", "history", |r| Cell::text(r.text(HISTORY))),
        category("outcome", "history_letters", |r| {
            r.text(HISTORY).map_or(Cell::Missing, Cell::letters)
        }),
        // That the sensor missed a part is its own doing more than the connection's.
        category("half_seen", "half_seen", half_seen),
        category("direction", "direction", direction),
        identity("originator", originator),
        category("where", "resp_kind", |r| Cell::text(r.addr(RESP_H).map(address_kind))),
        // Whom: a network that nobody here ever called is new, and how much that says depends on the
        // service. Single addresses of large providers change all the time, and wider networks are
        // shared with the hosts here.
        category("destination", "resp_network", |r| r.of_addr(RESP_H, parts::network)),
        // How much went which way in how many packets is one fact: acknowledgements answer data.
        magnitude("time", "duration", Unit::Seconds, |r| Cell::num(r.num(DURATION))),
        magnitude("volume", "orig_bytes", Unit::Bytes, |r| Cell::num(sent(r))),
        // Much that is sent is another matter than much that is fetched.
        magnitude("upload", "upload", Unit::Excess, |r| Cell::num(sent(r))),
        magnitude("volume", "resp_bytes", Unit::Bytes, |r| Cell::num(received(r))),
        magnitude("volume", "orig_pkts", Unit::Count, |r| Cell::num(r.num(ORIG_PKTS))),
        magnitude("volume", "resp_pkts", Unit::Count, |r| Cell::num(r.num(RESP_PKTS))),
        magnitude("volume", "bytes_quotient", Unit::Quotient, |r| {
            Cell::num(sent(r).zip(received(r)).map(|(s, g)| (s + 1.0) / (g + 1.0)))
        }),
        magnitude("volume", "pkts_quotient", Unit::Quotient, |r| Cell::num(r.quotient(ORIG_PKTS, RESP_PKTS))),
        magnitude("volume", "orig_bytes_per_pkt", Unit::Bytes, |r| Cell::num(per(sent(r), r.num(ORIG_PKTS)))),
        magnitude("volume", "resp_bytes_per_pkt", Unit::Bytes, |r| Cell::num(per(received(r), r.num(RESP_PKTS)))),
        magnitude("time", "bytes_per_second", Unit::Rate, |r| {
            Cell::num(both(r).zip(r.num(DURATION)).map(|(b, d)| b / (d + 1e-3)))
        }),
        magnitude("volume", "missed_bytes", Unit::Bytes, |r| Cell::num(r.num(MISSED_BYTES))),
        flag("outcome", "failed", |r| Cell::flag(r.text(CONN_STATE).is_some_and(|s| FAILED.contains(&s)))),
        flag("time", "short", |r| Cell::flag(r.num(DURATION).is_some_and(|d| d <= SHORT))),
        flag("tunnel", "tunneled", |r| Cell::flag(r.list_len(TUNNEL_PARENTS).is_some_and(|n| n > 0.0))),
        magnitude("where", "uid_http", Unit::Count, |r| {
            Cell::Num(r.context.total(|c| f64::from(c.http)))
        }),
        magnitude("where", "uid_http_errors", Unit::Count, |r| {
            Cell::Num(r.context.total(|c| f64::from(c.http_errors)))
        }),
        magnitude("outcome", "uid_dns_nxdomain", Unit::Count, |r| {
            Cell::Num(r.context.total(|c| f64::from(c.dns_nxdomain)))
        }),
        magnitude("outcome", "uid_ssl_failed", Unit::Count, |r| {
            Cell::Num(r.context.total(|c| f64::from(c.ssl_failed)))
        }),
        magnitude("outcome", "uid_ssh_attempts", Unit::Count, |r| {
            Cell::Num(r.context.total(|c| c.ssh_attempts))
        }),
        magnitude("volume", "uid_files", Unit::Count, |r| {
            Cell::Num(r.context.files().0)
        }),
        magnitude("volume", "uid_file_bytes", Unit::Bytes, |r| Cell::Num(r.context.files().1)),
        magnitude("outcome", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
        magnitude("outcome", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
    ],
};

/// The payload of the originator, as far as the record's other counts do not contradict it.
fn sent(r: &Row<'_>) -> Option<f64> {
    believed(r, [ORIG_BYTES, ORIG_PKTS, ORIG_IP_BYTES, RESP_PKTS])
}

/// The same of the responder.
fn received(r: &Row<'_>) -> Option<f64> {
    believed(r, [RESP_BYTES, RESP_PKTS, RESP_IP_BYTES, ORIG_PKTS])
}

fn believed(r: &Row<'_>, [bytes, packets, ip_bytes, other_packets]: [usize; 4]) -> Option<f64> {
    let counts = SideCounts {
        bytes: r.num(bytes),
        packets: r.num(packets),
        ip_bytes: r.num(ip_bytes),
        other_packets: r.num(other_packets),
        missed: r.num(MISSED_BYTES),
    };
    counts.believed()
}

/// The payload of both sides, where at least one is known.
fn both(r: &Row<'_>) -> Option<f64> {
    match (sent(r), received(r)) {
        (None, None) => None,
        (s, g) => Some(s.unwrap_or(0.0) + g.unwrap_or(0.0)),
    }
}

/// Bytes for each packet.
fn per(bytes: Option<f64>, packets: Option<f64>) -> Option<f64> {
    Some(bytes? / (packets? + 1.0))
}

/// The responder's port where it can name a service. For ICMP it holds the
/// message code; ports from 32768 on are as a rule the ephemeral half of a flow
/// and are one category.
fn responder_port<'r>(r: &Row<'r>) -> Cell<'r> {
    match r.port(RESP_P) {
        Some(p) if p >= 32768 => Cell::Text(b"ephemeral"),
        p => Cell::code(p.map(u64::from)),
    }
}

/// Whether the sensor saw only a part of the connection; missing where it saw all.
fn half_seen<'r>(r: &Row<'r>) -> Cell<'r> {
    match (r.text(PROTO), r.text(HISTORY)) {
        (Some(b"tcp"), Some(h)) if is_half_seen(h) => Cell::Text(b"half seen"),
        _ => Cell::Missing,
    }
}

/// Which way the connection crosses the border of the local networks; missing
/// where the sensor knows none.
fn direction<'r>(r: &Row<'r>) -> Cell<'r> {
    match (r.truth(LOCAL_ORIG), r.truth(LOCAL_RESP)) {
        (Some(true), Some(true)) => Cell::Text(b"internal"),
        (Some(true), Some(false)) => Cell::Text(b"outbound"),
        (Some(false), Some(true)) => Cell::Text(b"inbound"),
        (Some(false), Some(false)) => Cell::Text(b"external"),
        _ => Cell::Missing,
    }
}

/// Whose doing the connection is, where that is a host of the local networks.
fn originator<'r>(r: &Row<'r>) -> Cell<'r> {
    match r.truth(LOCAL_ORIG) {
        Some(true) => r.host(ORIG_H),
        _ => Cell::Missing,
    }
}

/// What kind of address this is, from its number alone.
fn address_kind(a: IpAddr) -> &'static [u8] {
    match a {
        IpAddr::V4(v) => {
            let o = v.octets();
            if v.is_broadcast() || o[0] == 0 {
                b"broadcast"
            } else if v.is_multicast() {
                b"multicast"
            } else if v.is_loopback() {
                b"loopback"
            } else if v.is_link_local() {
                b"link-local"
            } else {
                b"unicast"
            }
        }
        IpAddr::V6(v) => {
            let first = v.segments()[0];
            if v.is_multicast() {
                b"multicast"
            } else if v.is_loopback() || v.is_unspecified() {
                b"loopback"
            } else if first & 0xffc0 == 0xfe80 {
                b"link-local"
            } else {
                b"unicast"
            }
        }
    }
}
