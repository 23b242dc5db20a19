//! A connection, as signs need it.

use std::net::IpAddr;
use zeek_log::payload::SideCounts;
use zeek_log::{Record, Schema};

/// How a connection went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnOutcome {
    /// No answer, or rejected.
    Unanswered,
    /// Answered, with payload.
    Talked,
    /// Answered without payload, or a partial connection.
    Other,
}

/// A connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnSummary<'r> {
    /// Its time, in seconds since the epoch.
    pub ts: f64,
    /// The originator.
    pub orig: IpAddr,
    /// The responder.
    pub resp: IpAddr,
    /// The responder's port.
    pub port: u16,
    /// The transport protocol.
    pub proto: CallProto,
    /// Its outcome.
    pub outcome: ConnOutcome,
    /// The state that Zeek gives it.
    pub state: &'r [u8],
    /// The history.
    pub history: &'r [u8],
    /// Whether Zeek recognized its protocol.
    pub has_service: bool,
    /// Seconds; 0 if unknown.
    pub duration: f64,
    /// Payload bytes, both ways.
    pub bytes: f64,
    /// Whether the originator is local, if the log says so.
    pub local_orig: Option<bool>,
    /// Whether the responder is local, if the log says so.
    pub local_resp: Option<bool>,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallProto {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// An ICMP echo request.
    Echo,
}

/// Positions of the columns.
#[derive(Debug)]
pub struct ConnColumns([Option<usize>; 19]);

const NAMES: [&str; 19] = [
    "ts",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "proto",
    "conn_state",
    "history",
    "service",
    "duration",
    "orig_bytes",
    "resp_bytes",
    "resp_pkts",
    "orig_pkts",
    "orig_ip_bytes",
    "resp_ip_bytes",
    "missed_bytes",
    "local_orig",
    "local_resp",
];

impl ConnColumns {
    /// Binds them.
    pub fn bind(schema: &Schema) -> ConnColumns {
        ConnColumns(NAMES.map(|n| schema.position(n)))
    }

    /// Reads a connection; `None` if it has no addresses, is multicast or broadcast, or of another protocol.
    pub fn read<'r>(&self, record: &Record<'r>) -> Option<ConnSummary<'r>> {
        let [
            ts,
            orig,
            orig_p,
            resp,
            resp_p,
            proto,
            state,
            history,
            service,
            duration,
            orig_bytes,
            resp_bytes,
            resp_pkts,
            orig_pkts,
            orig_ip_bytes,
            resp_ip_bytes,
            missed,
            local_orig,
            local_resp,
        ] = self.0;
        let number = |at: Option<usize>| at.and_then(|i| record.get(i).number());
        let text = |at: Option<usize>| {
            let text = at.and_then(|i| record.get(i).text());
            text.filter(|t| !t.is_empty() && *t != b"-")
        };
        let addr = |at: Option<usize>| at.and_then(|i| record.get(i).addr());
        let port = |at: Option<usize>| at.and_then(|i| record.get(i).port());
        let truth = |at: Option<usize>| at.and_then(|i| record.get(i).truth());
        let (orig, resp) = (addr(orig)?, addr(resp)?);
        if is_group(&resp) || is_group(&orig) || orig.is_unspecified() || orig == resp {
            return None;
        }
        let (orig_p, port) = (port(orig_p).unwrap_or(0), port(resp_p)?);
        let seen = |bytes, packets, ip_bytes, other_packets| {
            let counts = SideCounts {
                bytes: number(bytes),
                packets: number(packets),
                ip_bytes: number(ip_bytes),
                other_packets: number(other_packets),
                missed: number(missed),
            };
            counts.seen().unwrap_or(0.0)
        };
        let sent = seen(orig_bytes, orig_pkts, orig_ip_bytes, resp_pkts);
        let received = seen(resp_bytes, resp_pkts, resp_ip_bytes, orig_pkts);
        let state = text(state).unwrap_or_default();
        let (proto, outcome) = match text(proto)? {
            b"tcp" => (CallProto::Tcp, outcome(state, sent, received)),
            // A late answer looks like a connection to a high port.
            b"udp" if orig_p < 1024 && port >= 1024 => return None,
            b"udp" => (CallProto::Udp, outcome(state, sent, received)),
            // Zeek logs the ICMP type as the originator's port.
            b"icmp" if orig_p == 8 || orig_p == 128 => {
                let answered = number(resp_pkts).is_none_or(|n| n > 0.0);
                let outcome = match answered {
                    true => ConnOutcome::Other,
                    false => ConnOutcome::Unanswered,
                };
                (CallProto::Echo, outcome)
            }
            _ => return None,
        };
        Some(ConnSummary {
            ts: number(ts).unwrap_or(0.0),
            orig,
            resp,
            port: if proto == CallProto::Echo { 0 } else { port },
            proto,
            outcome,
            state,
            history: text(history).unwrap_or_default(),
            has_service: text(service).is_some(),
            duration: number(duration).unwrap_or(0.0),
            bytes: sent + received,
            local_orig: truth(local_orig),
            local_resp: truth(local_resp),
        })
    }
}

fn outcome(state: &[u8], sent: f64, received: f64) -> ConnOutcome {
    match state {
        b"S0" | b"REJ" | b"RSTOS0" => ConnOutcome::Unanswered,
        b"SF" | b"S1" | b"S2" | b"S3" | b"RSTO" | b"RSTR" if sent + received > 0.0 => {
            ConnOutcome::Talked
        }
        _ => ConnOutcome::Other,
    }
}

/// Whether an address is multicast or broadcast.
fn is_group(addr: &IpAddr) -> bool {
    match addr {
        IpAddr::V4(a) => a.is_broadcast() || a.is_multicast() || a.octets()[3] == 255,
        IpAddr::V6(a) => a.is_multicast(),
    }
}
