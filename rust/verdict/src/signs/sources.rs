//! The originators of connections, for the list of likely scanners.

use super::conn::{CallProto, ConnSummary};
use super::{Sign, together};
use crate::bounded::{Bounded, Distinct, Weight, hash_addr, hash_number};
use serde::Serialize;
use std::net::IpAddr;

/// Sources that are listed.
const LISTED: usize = 3;

/// States of a connection that failed or was reset.
const FAILED: [&[u8]; 8] = [
    b"S0", b"REJ", b"RSTO", b"RSTOS0", b"RSTR", b"RSTRH", b"SH", b"SHR",
];

/// Histories of a connection without payload.
const SILENT: [&[u8]; 7] = [b"S", b"Sr", b"Ar", b"A", b"R", b"Sh", b"ShR"];

/// Seconds up to which a connection is short.
const SHORT: f64 = 0.05;

/// An originator, with the fields that the users of the existing tool parse.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScanSource {
    /// The originator.
    pub src: IpAddr,
    /// The strength of its signs of scanning, 0 to 1.
    pub scan_score: f64,
    /// Connections.
    pub flow_count: u64,
    /// Different responders (estimated).
    pub unique_resp_hosts: u64,
    /// Different responder ports (estimated).
    pub unique_resp_ports: u64,
    /// The most ports of one responder (estimated).
    pub max_dst_port_sweep: u64,
    /// The share of connections that failed.
    pub failed_fraction: f64,
    /// The share that took up to 50 ms.
    pub short_fraction: f64,
    /// The share without a byte of payload.
    pub zero_payload_fraction: f64,
    /// The share of an unknown protocol.
    pub missing_service_fraction: f64,
    /// The share that looks like a probe.
    pub scan_like_fraction: f64,
}

#[derive(Debug, Default)]
struct SourceCounts {
    flows: u64,
    hosts: Distinct<16>,
    ports: Distinct<16>,
    failed: u64,
    short: u64,
    zero: u64,
    unknown: u64,
    scan_like: u64,
}

impl Weight for SourceCounts {
    fn weight(&self) -> u64 {
        self.flows
    }
}

/// All originators.
#[derive(Debug)]
pub struct ScanSources {
    hosts: Bounded<IpAddr, SourceCounts>,
    /// The ports that an originator probed of a responder.
    swept: Bounded<(IpAddr, IpAddr), PortSweep>,
}

#[derive(Debug, Default)]
struct PortSweep {
    flows: u64,
    ports: Distinct<4>,
}

impl Weight for PortSweep {
    fn weight(&self) -> u64 {
        self.flows
    }
}

impl ScanSources {
    pub fn new(keys: usize) -> ScanSources {
        ScanSources {
            hosts: Bounded::new(keys),
            swept: Bounded::new(keys),
        }
    }

    pub fn see(&mut self, c: &ConnSummary<'_>) {
        if c.proto != CallProto::Echo {
            let swept = self.swept.at((c.orig, c.resp));
            swept.flows += 1;
            swept.ports.see(hash_number(u64::from(c.port)));
        }
        let s = self.hosts.at(c.orig);
        s.flows += 1;
        s.hosts.see(hash_addr(&c.resp));
        if c.proto != CallProto::Echo {
            s.ports.see(hash_number(u64::from(c.port)));
        }
        let failed = FAILED.contains(&c.state);
        let (short, zero) = (c.duration <= SHORT, c.bytes <= 0.0);
        let silent = SILENT.contains(&c.history);
        s.failed += u64::from(failed);
        s.short += u64::from(short);
        s.zero += u64::from(zero);
        s.unknown += u64::from(!c.has_service);
        s.scan_like += u64::from(failed || silent || (short && zero && !c.has_service));
    }

    pub fn forgotten(&self) -> u64 {
        self.hosts.forgotten()
    }

    /// The most ports that an originator probed of one responder (estimated).
    fn sweep(&self, src: &IpAddr) -> u64 {
        let own = self.swept.iter().filter(|((host, _), _)| host == src);
        own.map(|(_, s)| s.ports.rounded()).max().unwrap_or(0)
    }

    /// Those with the strongest signs of scanning.
    pub fn top(&self, signs: &[Sign]) -> Vec<ScanSource> {
        let mut hosts: Vec<IpAddr> = signs
            .iter()
            .filter(|s| s.kind.is_scan())
            .map(|s| s.host)
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        let mut scored: Vec<(f64, IpAddr)> = Vec::new();
        let mut by_host: hashbrown::HashMap<IpAddr, Vec<&Sign>> = hashbrown::HashMap::new();
        for s in signs.iter().filter(|s| s.kind.is_scan()) {
            by_host.entry(s.host).or_default().push(s);
        }
        for host in hosts {
            let own = by_host.get(&host).into_iter().flatten().copied();
            scored.push((together(own), host));
        }
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let with = |(score, src): (f64, IpAddr)| {
            let counted = self.hosts.get(&src)?;
            Some(source(src, score, self.sweep(&src), counted))
        };
        scored.into_iter().filter_map(with).take(LISTED).collect()
    }
}

fn source(src: IpAddr, scan_score: f64, sweep: u64, s: &SourceCounts) -> ScanSource {
    let share = |n: u64| n as f64 / s.flows.max(1) as f64;
    ScanSource {
        src,
        scan_score,
        flow_count: s.flows,
        unique_resp_hosts: s.hosts.rounded(),
        unique_resp_ports: s.ports.rounded(),
        max_dst_port_sweep: sweep,
        failed_fraction: share(s.failed),
        short_fraction: share(s.short),
        zero_payload_fraction: share(s.zero),
        missing_service_fraction: share(s.unknown),
        scan_like_fraction: share(s.scan_like),
    }
}
