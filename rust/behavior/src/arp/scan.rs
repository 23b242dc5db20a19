//! A search for hosts by ARP: somebody asks for address after address.
//!
//! Three rules, since hosts are looked for in a hurry or with patience, in networks that are full or empty:
//!
//! - *Patient.* A walk over the different addresses of a day that were asked for: log10(0.9/0.5) for one that nobody
//!   was ever heard at, log10(0.1/0.5) for one that somebody has. That supposes that an ordinary host finds half of
//!   what it asks for, stale printers and laptops at home among it; sixteen in vain and none found are a scan.
//! - *Fast.* Many different ones within a minute, of which a quarter is not there.
//! - *In order.* Each the last and one more, three quarters as many as for the fast rule.
//!
//! A gateway asks on behalf of others, whatever the Internet sends to addresses that are not in use. It is known by what
//! most hosts of its network ask for; and the patient rule waits until five are known, so that one can be told.

use super::link::{Frame, Link, Mac, shown};
use crate::entity::{Entity, Key};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, SCAN_ARP};
use crate::network::{NetworkView, is_unicast};
use crate::settings::Param;
use crate::state::{Distinct, Entry};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub(super) static THRESHOLD: Param = Param {
    name: "arp.scan",
    default: 4.0,
    min: 0.5,
    max: 100.0,
    help: "score from which ARP requests of a day for addresses that nobody has are a scan; 4 is sixteen of them, and \
           nearly three more for each address that somebody has",
};

pub(super) static SWEEP: Param = Param {
    name: "arp.sweep",
    default: 32.0,
    min: 4.0,
    max: 128.0,
    help: "different addresses that a host asks for within a minute, a quarter of them in vain, from which that is a scan; \
           three quarters as many where they are in order",
};

/// What the walk counts for an address that nobody has, and for one that somebody has.
const STEPS: (f64, f64) = (0.255, -0.699);

/// The addresses that are kept of one that asks.
const KEPT: usize = 256;

/// Addresses of one that asks until it has to show that it is no gateway.
const NEWCOMER: usize = 8;

/// Seconds after which a request counts as in vain, if nobody spoke.
const PATIENCE: f64 = 2.0;

const DAY: f64 = 86_400.0;
const MINUTE: f64 = 60.0;

/// Hosts of a network that have to be known for the patient rule.
const NEIGHBOURS: f64 = 5.0;

/// What is said of it at most.
const MOST: f64 = 10.0;

/// Own addresses that are remembered, and targets that are named.
const OWN: usize = 4;
const NAMED: usize = 5;

/// Who asks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Asker {
    mac: Mac,
    own: Vec<IpAddr>,
    first: f64,
    last: f64,
    /// The addresses that were asked for, in order, with the first time.
    asked: Vec<(IpAddr, f64)>,
    all: Distinct,
    news: u32,
    /// Of the latest, how many were each one more than that before.
    in_order: u32,
    /// Whether something came since it was looked at last.
    due: bool,
    alarmed: bool,
    reported: (f64, u32),
}

impl Entry for Asker {
    fn is_established(&self) -> bool {
        self.asked.len() > NEWCOMER
    }

    fn merit(&self) -> f64 {
        self.all.count() + if self.alarmed { 1e6 } else { 0.0 }
    }

    fn is_sound(&self) -> bool {
        self.asked.len() <= KEPT
            && self.own.len() <= OWN
            && self.asked.iter().all(|(_, at)| at.is_finite())
            && self.all.is_sound()
            && self.first.is_finite()
            && self.last.is_finite()
    }
}

/// Whether one address comes right after another.
fn follows(before: IpAddr, addr: IpAddr) -> bool {
    match (before, addr) {
        (IpAddr::V4(b), IpAddr::V4(a)) => u32::from(b).checked_add(1) == Some(u32::from(a)),
        _ => false,
    }
}

impl Asker {
    pub const MAX_HEAP: usize = 2 * KEPT * size_of::<(IpAddr, f64)>() + Distinct::MAX_HEAP + 128;

    pub fn heap(&self) -> usize {
        self.asked.capacity() * size_of::<(IpAddr, f64)>() + Distinct::MAX_HEAP + 128
    }

    pub fn see(&mut self, f: &Frame, link: &Link, network: &NetworkView, out: &mut Vec<Finding>) {
        self.mac = f.hw;
        if !f.is_probe() && !self.own.contains(&f.claim) && self.own.len() < OWN {
            self.own.push(f.claim);
        }
        let known = f.is_announcement() || self.asked.iter().any(|(a, _)| *a == f.other);
        if known || !is_unicast(f.other) {
            return;
        }
        self.asked.retain(|(_, at)| (f.ts - at).abs() <= DAY);
        if self.asked.len() >= KEPT {
            self.asked.remove(0);
        }
        let last = self.asked.last().copied();
        let in_order = last.is_some_and(|(a, at)| follows(a, f.other) && f.ts - at <= MINUTE);
        self.in_order = if in_order { self.in_order + 1 } else { 0 };
        self.asked.push((f.other, f.ts));
        self.all.insert(network.key(0).addr(f.other).finish());
        (self.last, self.due) = (self.last.max(f.ts), true);
        // Looking at all of them takes time: while there are few it is done at each, then at some.
        self.news = self.news.wrapping_add(1);
        if self.asked.len() <= 32 || self.news.is_multiple_of(16) {
            self.settle(f.ts, false, link, network, out);
        }
    }

    /// Looks at what was asked for long enough ago to have been answered.
    pub fn settle(
        &mut self,
        now: f64,
        finish: bool,
        link: &Link,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let again = finish && self.reported.1 > 0;
        if !self.due && !again {
            return;
        }
        self.due = now - self.last < PATIENCE;
        let Some(who) = self.own.first().copied().or(self.asked.last().map(|a| a.0)) else {
            return;
        };
        let score = self.score(now, who, link, network);
        if let Some((score, silent)) = score.filter(|_| !self.is_gateway(link, network)) {
            self.alarmed = true;
            let size = self.all.count();
            if again || self.reported.1 == 0 || network.has_grown(self.reported.0, size) {
                self.reported = (size, self.reported.1 + 1);
                out.push(self.finding(who, score, silent));
            }
        } else if again {
            out.push(self.finding(who, network.threshold(&THRESHOLD), 0));
        }
    }

    fn is_gateway(&self, link: &Link, network: &NetworkView) -> bool {
        let own = &mut self.own.iter();
        own.any(|a| link.gateway(*a, network).is_some())
    }

    /// The score by the rule that holds, with how many were in vain.
    fn score(
        &mut self,
        now: f64,
        who: IpAddr,
        link: &Link,
        network: &NetworkView,
    ) -> Option<(f64, usize)> {
        let threshold = network.threshold(&THRESHOLD);
        let sweep = network.threshold(&SWEEP);
        let heard = |a: IpAddr| link.address(a, network).is_some_and(|a| a.heard > 0.0);
        let settled = self.asked.iter().filter(|(_, at)| now - at >= PATIENCE);
        let mut settled: Vec<(f64, bool)> = settled.map(|(a, at)| (*at, heard(*a))).collect();
        settled.sort_by(|a, b| a.0.total_cmp(&b.0));
        let silent = settled.iter().filter(|(_, heard)| !heard).count();
        self.first = settled.first().map_or(self.last, |(at, _)| *at);
        let walk = silent as f64 * STEPS.0 + (settled.len() - silent) as f64 * STEPS.1;
        let neighbours = link.askers_near(who, network);
        if walk >= threshold && neighbours >= NEIGHBOURS {
            return Some((walk.min(MOST), silent));
        }
        // The most within a minute.
        let mut started = settled.iter();
        let (mut n, mut vain, mut within, mut in_vain) = (0, 0, 0, 0);
        let mut oldest = started.next();
        for (at, heard) in &settled {
            (n, vain) = (n + 1, vain + usize::from(!heard));
            while let Some((_, heard)) = oldest.filter(|(old, _)| at - old > MINUTE) {
                (n, vain) = (n - 1, vain - usize::from(!heard));
                oldest = started.next();
            }
            if n > within {
                (within, in_vain) = (n, vain);
            }
        }
        let fast = within as f64 >= sweep && in_vain * 4 >= within;
        let ordered = f64::from(self.in_order) >= sweep * 0.75;
        let size = (within as f64).max(f64::from(self.in_order));
        (fast || ordered || self.alarmed).then(|| {
            (
                (threshold + (size / sweep).max(1.0).log2()).min(MOST),
                silent,
            )
        })
    }

    fn finding(&self, who: IpAddr, score: f64, silent: usize) -> Finding {
        let entity = Entity::Host(who);
        let some: Vec<String> = self.asked.iter().map(|a| a.0.to_string()).collect();
        let all = self.all.count();
        Finding {
            id: Key::new(entity.key())
                .bytes(SCAN_ARP.name.as_bytes())
                .finish(),
            kind: BehaviorKind(&SCAN_ARP),
            score,
            basis: Basis::Rule,
            confidence: 0.6,
            first: self.first,
            last: self.last,
            count: (all as u64).min(u64::from(self.news)),
            update: self.reported.1.saturating_sub(1),
            reasons: vec![
                Evidence::new("asked for", text::listed(&some, all, NAMED)),
                Evidence::new("nobody there", format!("{silent} of {}", self.asked.len())),
                Evidence::new("within", text::span((self.last - self.first).max(0.0))),
                Evidence::new("by", shown(self.mac)),
            ],
            uids: Vec::new(),
            entity,
            name: None,
        }
    }
}
