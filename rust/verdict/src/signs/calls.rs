//! Calls that are made again and again to one port of one outside host: what does not
//! answer, and what is answered in a protocol that Zeek does not know.

use super::conn::{Conn, Outcome, Proto};
use super::sides::{Side, Sides};
use super::{Counts, Kind, Sign, grade, ramp};
use crate::bounded::Weight;
use std::net::IpAddr;

/// Unanswered calls of one port, of which none was ever answered. Programs give up, or wait longer and
/// longer; what has been told to call home goes on.
const UNANSWERED: (f64, f64) = (8.0, 40.0);

/// Connections in an unknown protocol. A long one counts as one for every five minutes.
const UNKNOWN: (f64, f64) = (4.0, 15.0);

/// Seconds of a connection that count as one more.
const LONG: f64 = 300.0;

/// Ports below this are given to protocols by the IANA, and so are those of [`COMMON`]: what
/// Zeek cannot tell there is as a rule a part of a connection or a cipher.
const HIGH: u16 = 1024;

/// High ports of ordinary programs that Zeek may not know: proxies, VPN, push and mail
/// services, databases, remote desktops, conferences, music, games.
const COMMON: [u16; 56] = [
    1119, 1194, 1433, 1521, 1701, 1723, 1883, 1935, 2049, 2082, 2083, 2086, 2087, 2095, 2096, 3074,
    3128, 3268, 3269, 3306, 3389, 3478, 3479, 3480, 3481, 3724, 4070, 4244, 4500, 5060, 5061, 5222,
    5223, 5228, 5229, 5230, 5242, 5349, 5432, 5900, 5938, 6112, 6514, 6881, 8000, 8008, 8009, 8080,
    8443, 8801, 8883, 9100, 25565, 27015, 27017, 27036,
];

fn is_common(port: u16) -> bool {
    port < HIGH || COMMON.contains(&port)
}

/// What unanswered calls to such a port count: a firewall that keeps programs from calling home
/// looks the same.
const BLOCKED: f64 = 0.5;

/// Intervals that are looked at.
const INTERVALS: usize = 32;

/// The least number of intervals that can be called regular.
const FEW: usize = 8;

/// The spread (median absolute deviation by median) of what is exactly regular enough, and of what no
/// longer is.
const SPREAD: (f64, f64) = (0.05, 0.3);

/// Calls of one originator to one port of one host.
#[derive(Debug, Default)]
struct Called {
    calls: u64,
    unanswered: u64,
    unknown: u64,
    long: f64,
    last: f64,
    intervals: Vec<f32>,
}

impl Weight for Called {
    fn weight(&self) -> u64 {
        self.calls
    }
}

impl Called {
    /// How regular the calls are, 0 to 1, and the interval in seconds.
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

/// All calls.
#[derive(Debug)]
pub struct Calls(Counts<(IpAddr, IpAddr, u16), Called>);

impl Calls {
    pub fn new(keys: usize) -> Calls {
        Calls(Counts::new(keys))
    }

    pub fn see(&mut self, c: &Conn<'_>) {
        if c.proto != Proto::Tcp {
            return;
        }
        let called = self.0.at((c.orig, c.resp, c.port));
        called.calls += 1;
        match c.outcome {
            Outcome::Unanswered => called.unanswered += 1,
            Outcome::Talked if !c.has_service && !is_common(c.port) => {
                called.unknown += 1;
                called.long += c.duration.max(0.0);
            }
            _ => {}
        }
        let interval = c.ts - called.last;
        // Logs are in the order in which connections end; what is out of order says nothing.
        if called.calls > 1 && interval > 0.0 && called.intervals.len() < INTERVALS {
            called.intervals.push(interval as f32);
        }
        called.last = called.last.max(c.ts);
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &Sides, out: &mut Vec<Sign>) {
        for ((host, target, port), c) in self.0.iter() {
            if sides.of(target) == Side::Inside || sides.of(host) == Side::Outside {
                continue;
            }
            let (regular, interval) = c.regularity();
            let every = match regular > 0.5 {
                true => format!(", every {interval:.0} s"),
                false => String::new(),
            };
            if c.unanswered == c.calls {
                let blocked = if is_common(*port) { BLOCKED } else { 1.0 };
                let grade = blocked * grade(c.unanswered as f64, UNANSWERED.0, UNANSWERED.1);
                if grade > 0.0 {
                    let what = format!(
                        "calls {target} port {port}/tcp {} times, which never answers{every}",
                        c.calls
                    );
                    out.push(Sign::new(
                        *host,
                        sides.of(host),
                        Kind::UnansweredCalls,
                        grade,
                        what,
                    ));
                }
            }
            // Where Zeek knows some of it, the rest is the same.
            if c.unknown * 2 > c.calls {
                let amount = c.unknown as f64 + c.long / LONG;
                let mut grade = grade(amount, UNKNOWN.0, UNKNOWN.1);
                if grade > 0.0 {
                    grade = 1.0 - (1.0 - grade) * (1.0 - 0.5 * regular);
                    let what = format!(
                        "talks to {target} port {port}/tcp in a protocol that Zeek does not know, \
                         {} times, {:.0} s in all{every}",
                        c.unknown, c.long
                    );
                    out.push(Sign::new(
                        *host,
                        sides.of(host),
                        Kind::UnknownProtocol,
                        grade,
                        what,
                    ));
                }
            }
        }
    }
}
