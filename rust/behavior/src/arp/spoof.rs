//! Claims of what is another's: somebody tells others that an address is at its machine, so that what they send comes
//! to it.
//!
//! Addresses change hands on every ordinary day: by DHCP, failover, virtual machines that move, a proxy that answers for
//! hosts that sleep. A host with two interfaces answers by both, and so the claim of its addresses goes back and forth
//! for ever. None of these *pushes*: tells one and the same host, again and again, what it did not ask for. Who poisons
//! has to, since what was learned is soon forgotten or corrected. So, for one machine:
//!
//! - *Pushed.* Answers that nobody asked for, to the same host, about an address that another machine claims as well; or
//!   about two addresses, since who listens in between tells each of two that it is the other.
//! - *Contested.* Two addresses whose claim goes back and forth, each between this machine and a different one.
//! - *Forged.* A frame that is wrong in two ways at once: sent by another machine than the one that it names; an answer
//!   to everybody that announces nothing; a question for an address that cannot be on the link. Each alone has
//!   ordinary causes (repeaters, load balancers, a wrong netmask).
//!
//! That nobody asked can be said only where questions are seen: where most answers of others come without one it is
//! not said.

use super::link::{Frame, Link, Mac, TO_ALL, is_machine, shown};
use crate::entity::{Entity, Key};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{ARP_FORGED, ARP_SPOOFING, BehaviorKind, BehaviorKindInfo};
use crate::network::{NetworkView, is_unicast};
use crate::settings::Param;
use crate::state::Entry;
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub(super) static PUSHED: Param = Param {
    name: "arp.pushed",
    default: 5.0,
    min: 2.0,
    max: 1000.0,
    help: "ARP answers that one host gets about one address without having asked, each within ten minutes of the last, \
           from which somebody pushes them",
};

/// Seconds within which an answer belongs to a question.
const ANSWER: f64 = 10.0;

/// Seconds after which what was pushed is forgotten.
const PUSHES: f64 = 600.0;

/// Seconds for which another's claim counts.
const CLAIM: f64 = 3600.0;

/// How often a claim has to go back and forth to be contested.
const TURNS: u32 = 4;

/// What is pushed, contested and owned by one machine, at most.
const KEPT: usize = 16;
const CONTESTS: usize = 8;

/// Addresses that are named.
const NAMED: usize = 5;

/// Questions that are remembered to know answers by: the last at each of so many places.
#[derive(Debug)]
pub(super) struct Asked(Vec<(u64, f64)>);

impl Asked {
    pub fn new(bytes: usize) -> Asked {
        Asked(vec![(0, 0.0); (bytes / 16).clamp(256, 1 << 14)])
    }

    pub fn memory(&self) -> usize {
        self.0.len() * 16
    }

    fn place(&mut self, by: IpAddr, about: IpAddr) -> (u64, Option<&mut (u64, f64)>) {
        let key = Key::new(1).addr(by).addr(about).finish();
        let n = self.0.len() as u64;
        let at = (key % n.max(1)) as usize;
        (key, self.0.get_mut(at))
    }

    fn ask(&mut self, by: IpAddr, about: IpAddr, ts: f64) {
        let (key, place) = self.place(by, about);
        if let Some(place) = place {
            *place = (key, ts);
        }
    }

    fn was_asked(&mut self, by: IpAddr, about: IpAddr, ts: f64) -> bool {
        let (key, place) = self.place(by, about);
        place.is_some_and(|p| p.0 == key && (ts - p.1).abs() <= ANSWER)
    }
}

/// What one host is told about one address.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Push {
    claim: IpAddr,
    to: IpAddr,
    count: u32,
    first: f64,
    last: f64,
}

/// One machine that says where addresses are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sender {
    mac: Mac,
    /// The address that it used before it claimed any other, and its last claim.
    own: Option<IpAddr>,
    first: f64,
    last: f64,
    pushes: Vec<Push>,
    /// Addresses that it contests, with the machine that claims them too.
    contests: Vec<(IpAddr, Mac)>,
    /// Frames wrong in two ways, the first of them, and in which ways.
    forged: u64,
    forged_first: f64,
    wrong: [bool; 3],
    reported: [(f64, u32); 2],
}

impl Entry for Sender {
    fn is_established(&self) -> bool {
        !self.pushes.is_empty() || !self.contests.is_empty() || self.forged > 0
    }

    fn merit(&self) -> f64 {
        let pushed: u32 = self.pushes.iter().map(|p| p.count.min(1000)).sum();
        let contests = 10.0 * self.contests.len() as f64;
        f64::from(pushed) + contests + self.forged.min(1000) as f64
    }

    fn is_sound(&self) -> bool {
        let times = [self.first, self.last, self.forged_first];
        self.pushes.len() <= KEPT
            && self.contests.len() <= CONTESTS
            && times.iter().all(|t| t.is_finite())
            && self
                .pushes
                .iter()
                .all(|p| p.first.is_finite() && p.last.is_finite())
    }
}

/// The ways in which a frame is wrong.
const WRONG: [&str; 3] = [
    "sent by another machine than it names",
    "answers everybody, and announces nothing",
    "asks for what cannot be on this link",
];

fn wrong(f: &Frame) -> [bool; 3] {
    let link_local = |a: IpAddr| matches!(a, IpAddr::V4(a) if a.is_link_local());
    let to_all = f.to == Some(TO_ALL) || f.other_hw == Some(TO_ALL);
    // Load balancers answer with a hardware address of a group.
    let renamed = f.from != f.hw && is_machine(f.hw) && is_machine(f.from);
    // Who has a link-local address has to answer everybody.
    let answers_all = !f.request && to_all && !f.is_announcement() && !link_local(f.claim);
    let private = |a: IpAddr| matches!(a, IpAddr::V4(a) if a.is_private());
    let public = |a: IpAddr| matches!(a, IpAddr::V4(a) if !a.is_private() && !a.is_link_local());
    let elsewhere = f.request && private(f.claim) && public(f.other) && is_unicast(f.other);
    [renamed, answers_all, elsewhere]
}

impl Sender {
    pub const MAX_HEAP: usize =
        KEPT * size_of::<Push>() + CONTESTS * size_of::<(IpAddr, Mac)>() + 64;

    pub fn heap(&self) -> usize {
        let contests = self.contests.capacity() * size_of::<(IpAddr, Mac)>();
        self.pushes.capacity() * size_of::<Push>() + contests + 64
    }

    pub fn see(
        &mut self,
        f: &Frame,
        asked: &mut Asked,
        link: &mut Link,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        self.mac = f.hw;
        if self.first == 0.0 {
            self.first = f.ts;
        }
        self.last = self.last.max(f.ts);
        self.forgery(f, network, out);
        if f.is_probe() {
            asked.ask(f.claim, f.other, f.ts);
            return;
        }
        let mut news = self.contest(f, link, network);
        if f.request {
            asked.ask(f.claim, f.other, f.ts);
            self.owns(f, link, network);
        } else if !f.is_announcement() {
            let was_asked = asked.was_asked(f.other, f.claim, f.ts);
            link.answered(f.hw, was_asked);
            match was_asked {
                true => self.owns(f, link, network),
                false => news |= self.push(f),
            }
        }
        if news {
            self.report(false, link, network, out);
        }
    }

    /// Takes the first address that it uses, and nobody else does, as its own.
    fn owns(&mut self, f: &Frame, link: &Link, network: &NetworkView) {
        let holders = link.address(f.claim, network).map(|a| a.holders.as_slice());
        let alone = !holders.unwrap_or_default().iter().any(|h| h.mac != f.hw);
        if alone && self.own.is_none() {
            self.own = Some(f.claim);
        }
    }

    fn push(&mut self, f: &Frame) -> bool {
        self.pushes.retain(|p| (f.ts - p.last).abs() <= PUSHES);
        let same = |p: &&mut Push| p.claim == f.claim && p.to == f.other;
        match self.pushes.iter_mut().find(same) {
            Some(p) => (p.count, p.last) = (p.count.saturating_add(1), f.ts),
            None => {
                if self.pushes.len() >= KEPT {
                    let oldest = self.pushes.iter().enumerate();
                    let oldest = oldest.min_by(|a, b| a.1.count.cmp(&b.1.count));
                    if let Some((at, _)) = oldest {
                        self.pushes.remove(at);
                    }
                }
                self.pushes.push(Push {
                    claim: f.claim,
                    to: f.other,
                    count: 1,
                    first: f.ts,
                    last: f.ts,
                });
            }
        }
        true
    }

    /// Remembers that it contests an address; whether that is news.
    fn contest(&mut self, f: &Frame, link: &Link, network: &NetworkView) -> bool {
        let Some(a) = link.address(f.claim, network).filter(|a| a.turns >= TURNS) else {
            return false;
        };
        let others = a.holders.iter().filter(|h| h.mac != f.hw);
        let others = others.filter(|h| (f.ts - h.last).abs() <= PUSHES);
        let mut news = false;
        for h in others {
            let contest = (f.claim, h.mac);
            if !self.contests.contains(&contest) && self.contests.len() < CONTESTS {
                self.contests.push(contest);
                news = true;
            }
        }
        news
    }

    /// Addresses that are pushed, with whether another claims them, and how often.
    fn pushed(&self, link: &Link, network: &NetworkView) -> Vec<(IpAddr, Option<Mac>, u32)> {
        let wanted = network.threshold(&PUSHED);
        let mut out: Vec<(IpAddr, Option<Mac>, u32)> = Vec::new();
        for p in self.pushes.iter().filter(|p| f64::from(p.count) >= wanted) {
            if let Some(o) = out.iter_mut().find(|o| o.0 == p.claim) {
                o.2 += p.count;
                continue;
            }
            let holders = link.address(p.claim, network).map(|a| a.holders.as_slice());
            let mut others = holders.unwrap_or_default().iter();
            let other = others.rfind(|h| h.mac != self.mac && (p.last - h.last).abs() <= CLAIM);
            out.push((p.claim, other.map(|h| h.mac), p.count));
        }
        out
    }

    /// Whether it contests two addresses, each with a machine that has nothing to do with the other.
    fn is_between(&self) -> bool {
        let of = |a: IpAddr| self.contests.iter().filter(move |c| c.0 == a).map(|c| c.1);
        let apart = |a: IpAddr, b: IpAddr| a != b && !of(a).any(|m| of(b).any(|n| m == n));
        let mut all = self.contests.iter();
        all.any(|a| self.contests.iter().any(|b| apart(a.0, b.0)))
    }

    fn report(&mut self, finish: bool, link: &Link, network: &NetworkView, out: &mut Vec<Finding>) {
        let pushed = self.pushed(link, network);
        let questions = link.are_questions_seen(self.mac);
        let contested = pushed.iter().any(|p| p.1.is_some());
        let pushes = questions.unwrap_or(contested) && (contested || pushed.len() >= 2);
        let between = self.is_between();
        if !pushes && !between {
            return;
        }
        let total: u32 = match pushes {
            true => pushed.iter().map(|p| p.2).sum(),
            false => self.contests.len() as u32,
        };
        let (before, reports) = self.reported[0];
        let again = match finish {
            true => reports > 0 && f64::from(total) > before,
            false => reports == 0 || network.has_grown(before, f64::from(total)),
        };
        if !again {
            return;
        }
        self.reported[0] = (f64::from(total), reports + 1);
        let mut claims: Vec<(IpAddr, Option<Mac>)> = match pushes {
            true => pushed.iter().map(|p| (p.0, p.1)).collect(),
            false => self.contests.iter().map(|c| (c.0, Some(c.1))).collect(),
        };
        claims.sort();
        claims.dedup();
        let gateway = claims.iter().filter(|c| Some(c.0) != self.own);
        let gateway = gateway.filter_map(|c| Some((c.0, link.gateway(c.0, network)?)));
        let gateway = gateway.max_by(|a, b| a.1.total_cmp(&b.1));
        let named: Vec<String> = claims
            .iter()
            .map(|(a, other)| match other {
                Some(m) => format!("{a} (also at {})", shown(*m)),
                None => a.to_string(),
            })
            .collect();
        let mut reasons = vec![
            Evidence::new("machine", shown(self.mac)),
            Evidence::new("claims", text::listed(&named, named.len() as f64, NAMED)),
        ];
        if pushes {
            let told: Vec<IpAddr> = self.pushes.iter().map(|p| p.to).collect();
            let told = text::listed(&told, told.len() as f64, NAMED);
            let value = format!("{total} answers that nobody asked for, to {told}");
            reasons.push(Evidence::new("pushed", value));
        }
        if between {
            let value = "the claim goes back and forth with different machines";
            reasons.push(Evidence::new("contested", value));
        }
        if let Some((a, askers)) = gateway {
            reasons.push(Evidence::new(
                "gateway",
                format!("{} hosts ask for {a}", text::count(askers)),
            ));
        }
        let wanted = network.threshold(&PUSHED);
        let strength = 0.5 * (f64::from(total) / wanted).max(1.0).log2().min(4.0);
        let score = 4.5 + strength + if gateway.is_some() { 1.0 } else { 0.0 };
        let first = match pushes {
            true => self
                .pushes
                .iter()
                .map(|p| p.first)
                .fold(self.last, f64::min),
            false => self.first,
        };
        let fallback = claims.first().map(|c| c.0);
        let Some(host) = self.own.or(fallback) else {
            return;
        };
        let entity = Entity::Host(host);
        out.push(Finding {
            id: id(&entity, self.mac, &ARP_SPOOFING),
            kind: BehaviorKind(&ARP_SPOOFING),
            score,
            basis: Basis::Rule,
            confidence: if pushes && contested { 0.8 } else { 0.6 },
            first,
            last: self.last,
            count: u64::from(total),
            update: reports,
            reasons,
            uids: Vec::new(),
            entity,
            name: None,
        });
    }

    fn forgery(&mut self, f: &Frame, network: &NetworkView, out: &mut Vec<Finding>) {
        let wrong = wrong(f);
        if wrong.iter().filter(|w| **w).count() < 2 {
            return;
        }
        for (all, now) in self.wrong.iter_mut().zip(wrong) {
            *all |= now;
        }
        if self.forged == 0 {
            self.forged_first = f.ts;
        }
        self.forged += 1;
        let (before, reports) = self.reported[1];
        if reports == 0 || network.has_grown(before, self.forged as f64) {
            self.reported[1] = (self.forged as f64, reports + 1);
            out.push(self.forged_finding(f.claim, Some(f)));
        }
    }

    fn forged_finding(&self, host: IpAddr, f: Option<&Frame>) -> Finding {
        let entity = Entity::Host(host);
        let ways = WRONG.iter().zip(self.wrong).filter(|(_, is)| *is);
        let ways: Vec<&str> = ways.map(|(w, _)| *w).collect();
        let mut reasons = vec![
            Evidence::new("frames", ways.join("; ")),
            Evidence::new("machine named", shown(self.mac)),
        ];
        if let Some(f) = f {
            reasons.push(Evidence::new("sent by", shown(f.from)));
            reasons.push(Evidence::new("about", f.other.to_string()));
        }
        Finding {
            id: id(&entity, self.mac, &ARP_FORGED),
            kind: BehaviorKind(&ARP_FORGED),
            score: 4.0 + 0.5 * (self.forged as f64).log10().min(4.0),
            basis: Basis::Rule,
            confidence: 0.4,
            first: self.forged_first,
            last: self.last,
            count: self.forged,
            update: self.reported[1].1.saturating_sub(1),
            reasons,
            uids: Vec::new(),
            entity,
            name: None,
        }
    }

    pub fn finish(&mut self, link: &Link, network: &NetworkView, out: &mut Vec<Finding>) {
        if self.reported[0].1 > 0 {
            self.report(true, link, network, out);
        }
    }
}

fn id(entity: &Entity, mac: Mac, kind: &BehaviorKindInfo) -> u64 {
    let key = Key::new(entity.key()).number(mac);
    key.bytes(kind.name.as_bytes()).finish()
}
