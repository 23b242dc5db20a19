//! A connection, as signs need it.

use std::net::IpAddr;
use zeek_log::{Record, Schema};

/// How a connection went, as far as it tells of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody answered, or the answer was no.
    Unanswered,
    /// Answered, and something was said.
    Talked,
    /// Answered without that, or seen in part.
    Other,
}

/// A connection.
#[derive(Clone, Copy, Debug)]
pub struct Conn<'r> {
    /// Its time, in seconds since the epoch.
    pub ts: f64,
    /// The originator.
    pub orig: IpAddr,
    /// The responder.
    pub resp: IpAddr,
    /// The responder's port.
    pub port: u16,
    /// The transport protocol.
    pub proto: Proto,
    /// How it went.
    pub outcome: Outcome,
    /// The state that Zeek gives it.
    pub state: &'r [u8],
    /// The history.
    pub history: &'r [u8],
    /// Whether Zeek knows its protocol.
    pub has_service: bool,
    /// Seconds; 0 where unknown.
    pub duration: f64,
    /// Payload bytes, both ways.
    pub bytes: f64,
    /// Whether the originator is inside, where the log says so.
    pub local_orig: Option<bool>,
    /// Whether the responder is inside, where the log says so.
    pub local_resp: Option<bool>,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proto {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// An ICMP echo request.
    Echo,
}

/// Where the columns stand.
#[derive(Debug)]
pub struct Columns([Option<usize>; 15]);

const NAMES: [&str; 15] = [
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
    "local_orig",
    "local_resp",
];

impl Columns {
    /// Binds them.
    pub fn bind(schema: &Schema) -> Columns {
        Columns(NAMES.map(|n| schema.position(n)))
    }

    /// Reads a connection; `None` where it has no addresses, goes to everybody, or is of a
    /// protocol that tells nothing here.
    pub fn read<'r>(&self, record: &Record<'r>) -> Option<Conn<'r>> {
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
        if is_everybody(&resp) || is_everybody(&orig) || orig.is_unspecified() || orig == resp {
            return None;
        }
        let (orig_p, port) = (port(orig_p).unwrap_or(0), port(resp_p)?);
        let (sent, received) = (
            number(orig_bytes).unwrap_or(0.0),
            number(resp_bytes).unwrap_or(0.0),
        );
        let state = text(state).unwrap_or_default();
        let (proto, outcome) = match text(proto)? {
            b"tcp" => (Proto::Tcp, outcome(state, sent, received)),
            // A late answer to a question that was forgotten looks like one to a high port.
            b"udp" if orig_p < 1024 && port >= 1024 => return None,
            b"udp" => (Proto::Udp, outcome(state, sent, received)),
            // Zeek has the type in the originator's port.
            b"icmp" if orig_p == 8 || orig_p == 128 => {
                let answered = number(resp_pkts).is_none_or(|n| n > 0.0);
                let outcome = match answered {
                    true => Outcome::Other,
                    false => Outcome::Unanswered,
                };
                (Proto::Echo, outcome)
            }
            _ => return None,
        };
        Some(Conn {
            ts: number(ts).unwrap_or(0.0),
            orig,
            resp,
            port: if proto == Proto::Echo { 0 } else { port },
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

fn outcome(state: &[u8], sent: f64, received: f64) -> Outcome {
    match state {
        b"S0" | b"REJ" | b"RSTOS0" => Outcome::Unanswered,
        b"SF" | b"S1" | b"S2" | b"S3" | b"RSTO" | b"RSTR" if sent + received > 0.0 => {
            Outcome::Talked
        }
        _ => Outcome::Other,
    }
}

/// Whether an address is that of a group or of all.
fn is_everybody(addr: &IpAddr) -> bool {
    match addr {
        IpAddr::V4(a) => a.is_broadcast() || a.is_multicast() || a.octets()[3] == 255,
        IpAddr::V6(a) => a.is_multicast(),
    }
}
