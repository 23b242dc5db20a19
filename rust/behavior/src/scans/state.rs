//! What is kept of scans: walks, scanners, and hosts that are scanned by many.

use crate::settings::Param;
use crate::state::{Distinct, Entry, Fading, Spans, Uids};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub(super) static THRESHOLD: Param = Param {
    name: "scan.threshold",
    default: 4.0,
    min: 0.5,
    max: 100.0,
    help: "score from which first contacts that fail are a scan; 4 is seven of them in a row",
};

pub(super) static UNANSWERED: Param = Param {
    name: "scan.unanswered",
    default: 1.0,
    min: 0.0,
    max: 1.0,
    help: "what a contact counts that a host from outside made and nobody answered (S0), against one \
           that was refused; 0 leaves out what a firewall blocked",
};

pub(super) static SOURCES: Param = Param {
    name: "scan.distributed_sources",
    default: 12.0,
    min: 3.0,
    max: 10_000.0,
    help: "sources, and ports tried in vain, from which many scan one host together",
};

pub(super) static DAYS: Param = Param {
    name: "scan.distributed_days",
    default: 7.0,
    min: 0.1,
    max: 365.0,
    help: "days for which a source counts among the many that scan one host; up to twice as long",
};

/// The bounds of the walk: what was answered long ago does not buy much.
pub(super) const WALK: (f32, f32) = (-2.0, 12.0);

/// Ports or hosts that are named.
pub(super) const NAMED: usize = 5;

/// A source's contacts with one port of many hosts, or with many ports of one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Walk {
    pub(super) first: f64,
    /// The last new contact.
    pub(super) last: f64,
    pub(super) walk: f32,
    pub(super) contacts: Distinct,
    pub(super) failed: u32,
    pub(super) alarmed: bool,
}

impl Entry for Walk {
    fn is_established(&self) -> bool {
        self.failed >= 3
    }

    fn merit(&self) -> f64 {
        f64::from(self.walk) + if self.alarmed { 20.0 } else { 0.0 }
    }

    fn is_sound(&self) -> bool {
        let walk = (WALK.0..=WALK.1).contains(&self.walk);
        self.contacts.is_sound() && walk && self.first.is_finite() && self.last.is_finite()
    }
}

/// What the lanes of one source add up to, once one of them has alarmed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Scanner {
    /// Who, and whether it is one of ours.
    pub(super) who: Option<(IpAddr, bool)>,
    pub(super) first: f64,
    pub(super) last: f64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    pub(super) hosts: Distinct,
    pub(super) ports: Distinct,
    /// Ports at which many hosts were tried, hosts of which many ports.
    pub(super) swept: (Distinct, Vec<u16>),
    pub(super) probed: (Distinct, Vec<IpAddr>),
    pub(super) score: f32,
    pub(super) uids: Uids,
    /// Targets at the last report, and reports: many hosts, many ports, both.
    pub(super) reported: [(f64, u32); 3],
}

impl Entry for Scanner {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        f64::from(self.score)
    }

    fn is_sound(&self) -> bool {
        let all = [&self.hosts, &self.ports, &self.swept.0, &self.probed.0];
        all.iter().all(|d| d.is_sound())
            && self.uids.is_sound()
            && self.swept.1.len() <= NAMED
            && self.probed.1.len() <= NAMED
            && self.first.is_finite()
            && self.last.is_finite()
    }
}

/// A host whose ports are tried in vain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) who: Option<IpAddr>,
    pub(super) spans: Spans,
    pub(super) last: f64,
    pub(super) sources: Fading,
    pub(super) ports: Fading,
    pub(super) failed: u64,
    pub(super) answered: u64,
    pub(super) uids: Uids,
    pub(super) reported: (f64, u32),
}

impl Entry for Target {
    fn is_established(&self) -> bool {
        self.failed >= 8
    }

    fn merit(&self) -> f64 {
        self.sources.count().min(self.ports.count())
    }

    fn is_sound(&self) -> bool {
        self.sources.is_sound()
            && self.ports.is_sound()
            && self.uids.is_sound()
            && self.spans.is_sound()
    }
}

impl Target {
    /// A span is over: what was before it counts no more.
    pub(super) fn turn(&mut self) {
        self.sources.turn();
        self.ports.turn();
        (self.failed, self.answered) = (self.failed / 2, self.answered / 2);
        // What grows now is news beside what is left.
        self.reported.0 = self.reported.0.min(self.size());
        self.uids = Uids::default();
    }

    pub(super) fn size(&self) -> f64 {
        self.sources.count().min(self.ports.count())
    }
}
