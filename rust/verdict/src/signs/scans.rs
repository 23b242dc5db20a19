//! Scans: many hosts on one port, many ports of one host, and one host tried by many.

use super::conn::{Conn, Outcome, Proto};
use super::sides::{Side, Sides, is_private};
use super::{Counts, Kind, Sign, grade, ramp};
use crate::bounded::{Distinct, Weight, hash_addr, hash_number};
use std::net::IpAddr;

/// Hosts on one port: none up to as many as SLIPS reports, half at what Zeek's own
/// script for address scans (until 7.0) took as its threshold.
const HOSTS: (f64, f64) = (6.0, 25.0);

/// Ports of one host: likewise, with the threshold of Zeek's script for port scans.
const PORTS: (f64, f64) = (6.0, 15.0);

/// Outside hosts that try one host. There are some wherever the Internet reaches.
const SCANNERS: (f64, f64) = (20.0, 100.0);

/// The share of what is tried that has to go unanswered, from where it counts to where it counts in full.
const UNANSWERED: (f64, f64) = (0.2, 0.5);

/// Ports that traceroute sends to.
const TRACEROUTE: std::ops::RangeInclusive<u16> = 33434..=33534;

/// What was tried, and what of it failed.
#[derive(Debug, Default)]
struct Tried {
    tries: u64,
    failed: Distinct<4>,
    answered: Distinct<4>,
}

impl Weight for Tried {
    fn weight(&self) -> u64 {
        self.tries
    }
}

impl Tried {
    fn see(&mut self, outcome: Outcome, hash: u64) {
        self.tries += 1;
        match outcome {
            Outcome::Unanswered | Outcome::Probe => self.failed.see(hash),
            Outcome::Talked | Outcome::Other => self.answered.see(hash),
        }
    }

    /// How many failed, and their share.
    fn failed(&self) -> (f64, f64) {
        let (failed, answered) = (self.failed.count(), self.answered.count());
        (failed, failed / (failed + answered).max(1.0))
    }
}

/// Who tried a host.
#[derive(Debug, Default)]
struct Target {
    tries: u64,
    failed: u64,
    scanners: Distinct<16>,
}

impl Weight for Target {
    fn weight(&self) -> u64 {
        self.tries
    }
}

/// What was tried.
#[derive(Debug)]
pub struct Scans {
    by_port: Counts<(IpAddr, Proto, u16), Tried>,
    by_host: Counts<(IpAddr, IpAddr), Tried>,
    targets: Counts<IpAddr, Target>,
}

impl Scans {
    pub fn new(keys: usize) -> Scans {
        Scans {
            by_port: Counts::new(keys),
            by_host: Counts::new(keys),
            targets: Counts::new(keys),
        }
    }

    pub fn see(&mut self, c: &Conn<'_>) {
        self.by_port
            .at((c.orig, c.proto, c.port))
            .see(c.outcome, hash_addr(&c.resp));
        let is_trace = c.proto == Proto::Udp && TRACEROUTE.contains(&c.port);
        if c.proto != Proto::Echo && !is_trace {
            let key = u64::from(c.port) << 1 | u64::from(c.proto == Proto::Udp);
            self.by_host
                .at((c.orig, c.resp))
                .see(c.outcome, hash_number(key));
        }
        let from_outside = c.local_orig != Some(true) && !is_private(&c.orig);
        if from_outside && c.local_resp != Some(false) {
            let target = self.targets.at(c.resp);
            target.tries += 1;
            if c.outcome == Outcome::Unanswered {
                target.failed += 1;
                target.scanners.see(hash_addr(&c.orig));
            }
        }
    }

    /// The most ports that an originator tried of one responder, about.
    pub fn sweep(&self, orig: &IpAddr) -> u64 {
        let own = self.by_host.iter().filter(|((host, _), _)| host == orig);
        own.map(|(_, t)| (t.failed.count() + t.answered.count()).round() as u64)
            .max()
            .unwrap_or(0)
    }

    pub fn forgotten(&self) -> u64 {
        self.by_port.forgotten() + self.by_host.forgotten() + self.targets.forgotten()
    }

    pub fn signs(&self, sides: &Sides, out: &mut Vec<Sign>) {
        for ((host, proto, port), tried) in self.by_port.iter() {
            let (failed, share) = tried.failed();
            let grade = grade(failed, HOSTS.0, HOSTS.1) * ramp(share, UNANSWERED.0, UNANSWERED.1);
            if grade > 0.0 {
                let what = format!(
                    "tries {failed:.0} hosts {}{} that do not answer, {:.0} % of those it tries",
                    if *proto == Proto::Echo { "" } else { "on " },
                    proto.port(*port),
                    100.0 * share,
                );
                let side = sides.of(host);
                out.push(Sign::new(*host, side, Kind::HorizontalScan, grade, what));
            }
        }
        for ((host, target), tried) in self.by_host.iter() {
            let (failed, share) = tried.failed();
            let grade = grade(failed, PORTS.0, PORTS.1) * ramp(share, UNANSWERED.0, UNANSWERED.1);
            if grade > 0.0 {
                let what = format!(
                    "tries {failed:.0} ports of {target} that do not answer, {:.0} % of those it \
                     tries",
                    100.0 * share,
                );
                let side = sides.of(host);
                out.push(Sign::new(*host, side, Kind::VerticalScan, grade, what));
            }
        }
        for (host, target) in self.targets.iter() {
            let scanners = target.scanners.count();
            let share = target.failed as f64 / target.tries.max(1) as f64;
            let grade =
                grade(scanners, SCANNERS.0, SCANNERS.1) * ramp(share, UNANSWERED.0, UNANSWERED.1);
            if grade > 0.0 && sides.of(host) != Side::Outside {
                let what = format!(
                    "is tried by {scanners:.0} outside hosts, {:.0} % of {} tries unanswered",
                    100.0 * share,
                    target.tries,
                );
                out.push(Sign::new(*host, sides.of(host), Kind::Scanned, grade, what));
            }
        }
    }
}
