//! Repeated connections to one port of one outside host: those without an answer, and those in a protocol
//! unknown to Zeek.

use super::conn::{CallProto, ConnOutcome, ConnSummary};
use super::sides::{HostSide, HostSides};
use super::{Sign, SignKind, grade, ramp};
use crate::bounded::{Bounded, Weight};
use std::net::IpAddr;

/// Unanswered connections to one port that never answered. Ordinary programs give up or wait longer and longer;
/// malware that calls home goes on.
const UNANSWERED: (f64, f64) = (8.0, 40.0);

/// Connections in an unknown protocol. A long one counts as one more for every five minutes.
const UNKNOWN: (f64, f64) = (4.0, 15.0);

/// Seconds of a connection that count as one more.
const LONG: f64 = 300.0;

/// Ports below this have protocols registered with IANA. What Zeek does not recognize there is usually a partial
/// connection or encrypted.
const HIGH: u16 = 1024;

/// High ports of ordinary programs that Zeek may not recognize: proxies, VPN, push and mail services, databases,
/// remote desktops, conferences, music, games.
const COMMON: [u16; 56] = [
    1119, 1194, 1433, 1521, 1701, 1723, 1883, 1935, 2049, 2082, 2083, 2086, 2087, 2095, 2096, 3074,
    3128, 3268, 3269, 3306, 3389, 3478, 3479, 3480, 3481, 3724, 4070, 4244, 4500, 5060, 5061, 5222,
    5223, 5228, 5229, 5230, 5242, 5349, 5432, 5900, 5938, 6112, 6514, 6881, 8000, 8008, 8009, 8080,
    8443, 8801, 8883, 9100, 25565, 27015, 27017, 27036,
];

fn is_common(port: u16) -> bool {
    port < HIGH || COMMON.contains(&port)
}

/// The weight of unanswered connections to such a port: a firewall that blocks ordinary programs looks the
/// same.
const BLOCKED: f64 = 0.5;

/// Intervals that are measured.
const INTERVALS: usize = 32;

/// The least number of intervals that can be regular.
const FEW: usize = 8;

/// The spread (median absolute deviation by median) up to which intervals are regular, and from which they are
/// not.
const SPREAD: (f64, f64) = (0.05, 0.3);

/// Connections of one originator to one port of one host.
#[derive(Debug, Default)]
struct CallCounts {
    calls: u64,
    unanswered: u64,
    unknown: u64,
    long: f64,
    last: f64,
    intervals: Vec<f32>,
}

impl Weight for CallCounts {
    fn weight(&self) -> u64 {
        self.calls
    }
}

impl CallCounts {
    /// How regular the connections are, 0 to 1, and the interval in seconds.
    fn regularity(&self) -> (f64, f64) {
        if self.intervals.len() < FEW {
            return (0.0, 0.0);
        }
        let middle = |mut v: Vec<f64>| {
            v.sort_by(f64::total_cmp);
            v.get(v.len() / 2).copied().unwrap_or(0.0)
        };
        let all: Vec<f64> = self.intervals.iter().map(|i| f64::from(*i)).collect();
        let median = middle(all.clone());
        let spread = middle(all.iter().map(|i| (i - median).abs()).collect());
        if median < 1.0 {
            return (0.0, median);
        }
        (1.0 - ramp(spread / median, SPREAD.0, SPREAD.1), median)
    }
}

/// All such connections.
#[derive(Debug)]
pub struct RepeatedCalls(Bounded<(IpAddr, IpAddr, u16), CallCounts>);

impl RepeatedCalls {
    pub fn new(keys: usize) -> RepeatedCalls {
        RepeatedCalls(Bounded::new(keys))
    }

    pub fn see(&mut self, c: &ConnSummary<'_>) {
        if c.proto != CallProto::Tcp {
            return;
        }
        let called = self.0.at((c.orig, c.resp, c.port));
        called.calls += 1;
        match c.outcome {
            ConnOutcome::Unanswered => called.unanswered += 1,
            ConnOutcome::Talked if !c.has_service && !is_common(c.port) => {
                called.unknown += 1;
                called.long += c.duration.max(0.0);
            }
            _ => {}
        }
        let interval = c.ts - called.last;
        // Logs are in the order in which connections end; an interval out of order is not one.
        if called.calls > 1 && interval > 0.0 && called.intervals.len() < INTERVALS {
            called.intervals.push(interval as f32);
        }
        called.last = called.last.max(c.ts);
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &HostSides, out: &mut Vec<Sign>) {
        for ((host, target, port), c) in self.0.iter() {
            if sides.of(target) == HostSide::Inside || sides.of(host) == HostSide::Outside {
                continue;
            }
            let (regular, interval) = c.regularity();
            let every = match regular > 0.5 {
                true => format!(", about every {interval:.0} s"),
                false => String::new(),
            };
            if c.unanswered == c.calls {
                let blocked = if is_common(*port) { BLOCKED } else { 1.0 };
                let grade = blocked * grade(c.unanswered as f64, UNANSWERED.0, UNANSWERED.1);
                if grade > 0.0 {
                    let what = format!(
                        "{} connections to {target} port {port}/tcp, none answered{every}",
                        c.calls
                    );
                    out.push(Sign::new(
                        *host,
                        sides.of(host),
                        SignKind::UnansweredCalls,
                        grade,
                        what,
                    ));
                }
            }
            // If Zeek recognizes most of them, the rest is the same protocol.
            if c.unknown * 2 > c.calls {
                let amount = c.unknown as f64 + c.long / LONG;
                let mut grade = grade(amount, UNKNOWN.0, UNKNOWN.1);
                if grade > 0.0 {
                    grade = 1.0 - (1.0 - grade) * (1.0 - 0.5 * regular);
                    let what = format!(
                        "{} connections to {target} port {port}/tcp in a protocol unknown to Zeek, \
                         {:.0} s in total{every}",
                        c.unknown, c.long
                    );
                    out.push(Sign::new(
                        *host,
                        sides.of(host),
                        SignKind::UnknownProtocol,
                        grade,
                        what,
                    ));
                }
            }
        }
    }
}
