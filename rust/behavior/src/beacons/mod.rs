//! Beacons: hosts of ours that call somebody at regular intervals.
//!
//! Two views: who calls which address and port, and who asks for which name (TLS server
//! name, HTTP host), wherever that is served: behind a content network the name is what
//! stays. DNS is looked at by registered domain, and only where the questions are such as carry
//! something (never the same name twice, or TXT and the like): ordinary look-ups repeat
//! whenever a name's time to live has passed, which is a rhythm, too.
//!
//! The score is that of the rhythm ([`rhythm`]), plus up to half a point where beats have all
//! the same size, times how *un*common the other side is: what many hosts call (updates,
//! telemetry, time) is no beacon, and what was as regular in training is usual. Where there is but
//! one host and nothing was learned, neither helps: there more is asked of a rhythm, and what
//! looks like installed software counts less.

mod rhythm;

use crate::behavior::{Behavior, Description};
use crate::entity::Entity;
use crate::event::{Column, Event, Log, Outcome, Proto};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BEACON, BehaviorKind, DNS_BEACON};
use crate::network::{NetworkView, is_unicast};
use crate::settings::{Param, Settings};
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use rhythm::{Rhythm, Verdict};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static THRESHOLD: Param = Param {
    name: "beacon.threshold",
    default: 4.0,
    min: 0.5,
    max: 100.0,
    help: "score from which a rhythm is a beacon, in a network with up to a hundred regular pairs; \
           with more of them it rises by log10 of their number",
};

static MIN_BEATS: Param = Param {
    name: "beacon.min_beats",
    default: 6.0,
    min: 4.0,
    max: 40.0,
    help: "beats before a pair is looked at",
};

static UNKNOWN: Param = Param {
    name: "beacon.unknown",
    default: 2.0,
    min: 0.0,
    max: 20.0,
    help: "what is added to the threshold where one host is all there is, and no ordinary logs have taught \
           what is usual; less with more hosts, nothing from ten on, nor for protocols that Zeek does not know",
};

static INTERNAL: Param = Param {
    name: "beacon.internal_weight",
    default: 0.5,
    min: 0.0,
    max: 1.0,
    help: "what the score of a rhythm between two hosts of ours is multiplied by",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "beacons",
    params: &[&THRESHOLD, &MIN_BEATS, &UNKNOWN, &INTERNAL],
    share: 35,
    make: |settings, budget| Box::new(Beacons::new(settings, budget)),
};

/// The highest score that a rhythm gets, before it is weighted.
const HIGHEST: f64 = 10.0;

/// Seconds from which a call is one that was kept open for more.
const KEPT_OPEN: f64 = 10.0;

/// Where nothing is known as usual: what the score is multiplied by where most calls are kept open.
const BY_OPEN: f64 = 0.55;

/// The same, by which the score is divided for each doubling of the names that the other side's domain has here.
const BY_SIBLINGS: f64 = 0.35;

/// What is added where beats have all the same size.
const SAME_SIZE: f64 = 0.5;

/// Domains of keys.
const PAIRS: u64 = 0x0bea_0001;
const NAMES: u64 = 0x0bea_0002;

/// The longest name that is kept, in bytes.
const MAX_NAME: usize = 120;

/// Services whose regular calls are how they work. Names as Zeek writes them.
const INFRASTRUCTURE: &[(&[u8], u16)] = &[
    (b"ntp", 123),
    (b"dhcp", 67),
    (b"dns", 53),
    (b"dns", 5353),
    (b"dns", 5355),
    (b"dns", 137),
];

/// Ports of local discovery, whatever runs there.
const DISCOVERY: &[u16] = &[67, 68, 137, 138, 547, 1900, 3702, 5353, 5355];

/// One pair, or one host and name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Calls {
    rhythm: Rhythm,
    uids: Uids,
    /// The name by which the pair's other side is known, or the name itself.
    name: Option<Box<str>>,
    /// The other side, hashed: names of a pair, addresses of a name.
    others: Vec<u64>,
    /// Different names below the domain (DNS).
    below: Distinct,
    /// Questions of types that carry much (DNS).
    heavy: u32,
    calls: u32,
    answered: u32,
    /// Of the latest connections the share that was kept open, or goes on with one that was.
    open: f32,
    /// The share whose protocol Zeek does not know, of those that were not kept open.
    unknown: f32,
    /// The first call.
    first: f64,
    /// Beats at the last look, and the score that it gave.
    looked: u64,
    score: f32,
    /// The highest score that was reported.
    highest: f32,
    /// What was reported: beats, number of reports, and about whom.
    reported: (u64, u32),
    about: Option<Box<(Entity, BehaviorKind)>>,
    outside: bool,
}

impl Calls {
    /// The most heap memory, in bytes, of a newcomer and of an established one.
    const HEAP: (usize, usize) = (
        200,
        Rhythm::MAX_HEAP + Uids::MAX_HEAP + MAX_NAME + Distinct::MAX_HEAP + 32,
    );

    fn heap(&self) -> usize {
        match self.rhythm.len() {
            0..=4 => Calls::HEAP.0,
            _ => Calls::HEAP.1,
        }
    }

    fn note_other(&mut self, other: u64) {
        if self.others.len() < 3 && !self.others.contains(&other) {
            self.others.push(other);
        }
    }
}

impl Entry for Calls {
    fn is_established(&self) -> bool {
        self.rhythm.beats() >= 3
    }

    fn merit(&self) -> f64 {
        // Evidence first, then patience. Calls that nobody answers are made by the million.
        let hours = self.rhythm.span().map_or(0.0, |(a, b)| (b - a) / 3600.0);
        let answered = if self.answered > 0 { 2.0 } else { 0.0 };
        f64::from(self.score.max(0.0)) * 2.0 + hours.min(48.0) / 4.0 + answered
    }

    fn is_sound(&self) -> bool {
        self.rhythm.is_sound()
            && self.uids.is_sound()
            && self.below.is_sound()
            && self.others.len() <= 3
            && self.score.is_finite()
            && self.highest.is_finite()
            && (0.0..=1.0).contains(&self.open)
            && (0.0..=1.0).contains(&self.unknown)
            && self.first.is_finite()
            && self.name.as_ref().is_none_or(|n| n.len() <= 2 * MAX_NAME)
    }
}

/// The behaviour.
#[derive(Debug)]
struct Beacons {
    pairs: Table<Calls>,
    names: Table<Calls>,
}

impl Beacons {
    fn new(_: &Settings, budget: usize) -> Beacons {
        let (small, large) = Calls::HEAP;
        Beacons {
            pairs: Table::new(budget / 5 * 3, small, large),
            names: Table::new(budget / 5 * 2, small, large),
        }
    }

    fn conn(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(resp), Some(port)) = (e.orig, e.resp, e.port) else {
            return;
        };
        if !e.orig_local || !is_unicast(resp) || !is_unicast(orig) || is_infrastructure(e, port) {
            return;
        }
        if !matches!(e.proto, Proto::Tcp | Proto::Udp) {
            return;
        }
        let key = pair_key(network, orig, resp, port, e.proto);
        let size = e.bytes().map_or(0.0, |(o, _)| o);
        let answered = matches!(e.outcome(), Outcome::Answered);
        let tested = self.pairs.established();
        let names = &mut self.names;
        self.pairs.update(key, Calls::default, |c| {
            c.outside = !e.resp_local;
            // How long a name's call lasted, only the connection tells.
            if let (Some(name), 1) = (&c.name, c.others.len()) {
                let name = name_key(network, orig, network.name_key(name.as_bytes()));
                if let Some(named) = names.get_mut(name) {
                    lately(&mut named.open, is_open(e), 8.0);
                }
            }
            if !add(c, e, size, answered) || !due(c, network) {
                return;
            }
            let entity = Entity::Pair {
                orig,
                resp,
                port: Some(port),
                proto: e.proto,
            };
            let name = c.name.as_deref().map(|n| network.name_key(n.as_bytes()));
            let talkers = network.talkers(network.addr_key(resp));
            let talkers = match (name, c.others.len()) {
                (Some(name), 1) => talkers.max(network.talkers(name)),
                _ => talkers,
            };
            look(
                c,
                BehaviorKind(&BEACON),
                entity,
                talkers,
                tested,
                network,
                out,
            );
        });
    }

    fn named(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(resp), Some(name)) = (e.orig, e.resp, e.name()) else {
            return;
        };
        if !e.orig_local || !is_unicast(orig) {
            return;
        }
        let Some(shown) = text::name(name, MAX_NAME) else {
            return;
        };
        let name_key = network.name_key(name);
        if let Some(port) = e.port {
            let key = pair_key(network, orig, resp, port, e.proto);
            if let Some(pair) = self.pairs.get_mut(key) {
                pair.note_other(name_key);
                if pair.name.is_none() {
                    pair.name = Some(shown.as_str().into());
                }
            }
        }
        let key = self::name_key(network, orig, name_key);
        let tested = self.names.established();
        let size = e.text(Column::Uri).map_or(0.0, |u| u.len() as f64);
        self.names.update(key, Calls::default, |c| {
            c.outside = !e.resp_local;
            c.note_other(network.addr_key(resp));
            if !add(c, e, size, true) || !due(c, network) {
                return;
            }
            // Where one address serves nothing but this name, the pair tells.
            if c.others.len() == 1 && !matches!(e.log, Log::Http if through_proxy(e)) {
                return;
            }
            let entity = Entity::Name { orig, name: shown };
            let talkers = network.talkers(name_key);
            look(
                c,
                BehaviorKind(&BEACON),
                entity,
                talkers,
                tested,
                network,
                out,
            );
        });
    }

    fn dns(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(query)) = (e.orig, e.name()) else {
            return;
        };
        if !e.orig_local || !is_unicast(orig) || e.port != Some(53) {
            return;
        }
        let query = &query.to_ascii_lowercase();
        let Some(domain) = text::registered_domain(query) else {
            return;
        };
        let Some(shown) = text::name(domain, MAX_NAME) else {
            return;
        };
        let domain_key = network.name_key(domain);
        let key = network
            .key(NAMES)
            .addr(orig)
            .bytes(b"dns")
            .number(domain_key)
            .finish();
        let heavy = matches!(
            e.text(Column::QtypeName),
            Some(b"TXT" | b"NULL" | b"CNAME" | b"MX" | b"SRV" | b"*" | b"ANY")
        );
        let tested = self.names.established();
        self.names.update(key, Calls::default, |c| {
            c.outside = true;
            c.heavy = c.heavy.saturating_add(u32::from(heavy));
            c.below.insert(network.name_key(query));
            if !add(c, e, query.len() as f64, true) || !due(c, network) {
                return;
            }
            let calls = f64::from(c.calls.max(1));
            let new = c.below.count() / calls;
            if new < 0.5 && f64::from(c.heavy) / calls < 0.5 {
                return;
            }
            let entity = Entity::Name { orig, name: shown };
            let talkers = network.talkers(domain_key);
            look(
                c,
                BehaviorKind(&DNS_BEACON),
                entity,
                talkers,
                tested,
                network,
                out,
            );
        });
    }
}

impl Behavior for Beacons {
    fn observe(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        match e.log {
            Log::Conn => self.conn(e, network, out),
            Log::Ssl | Log::Http | Log::Quic => self.named(e, network, out),
            Log::Dns => self.dns(e, network, out),
            _ => {}
        }
    }

    fn finish(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        for table in [&mut self.pairs, &mut self.names] {
            for c in table.values_mut() {
                let Some(about) = c.about.as_deref().cloned() else {
                    continue;
                };
                let target = match &about.0 {
                    Entity::Name { name, .. } => network.name_key(name.as_bytes()),
                    other => network.addr_key(other.other().unwrap_or(other.host())),
                };
                // With the score that it had: a rhythm that has ended since was one.
                if let Some(v) = c.rhythm.test().filter(|_| c.rhythm.beats() > c.reported.0) {
                    let score = f64::from(c.highest);
                    out.push(finding(
                        c,
                        &about,
                        score,
                        network.talkers(target),
                        &v,
                        network,
                    ));
                }
            }
        }
    }

    fn memory(&self) -> usize {
        self.pairs.memory(Calls::heap) + self.names.memory(Calls::heap)
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.pairs.given_up();
        g.add(self.names.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.pairs, &self.names))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (pairs, names): (Saved<Calls>, Saved<Calls>) = crate::codec::decode(bytes)?;
        self.pairs.restore(pairs)?;
        self.names.restore(names)?;
        Ok(())
    }
}

fn name_key(network: &NetworkView, orig: IpAddr, name: u64) -> u64 {
    network.key(NAMES).addr(orig).number(name).finish()
}

/// Whether a connection was kept open for more, or goes on with one that was: Zeek gives up a
/// connection that is silent for minutes, and what comes then has no beginning.
fn is_open(e: &Event<'_>) -> bool {
    let goes_on = e.proto == Proto::Tcp && e.text(Column::ConnState) == Some(b"OTH");
    goes_on || e.number(Column::Duration).is_some_and(|d| d >= KEPT_OPEN)
}

/// Moves a share of about the `latest` calls.
fn lately(share: &mut f32, holds: bool, latest: f32) {
    *share += (f32::from(u8::from(holds)) - *share) / latest;
}

fn pair_key(network: &NetworkView, orig: IpAddr, resp: IpAddr, port: u16, proto: Proto) -> u64 {
    let key = network.key(PAIRS).addr(orig).addr(resp);
    key.number(u64::from(port)).number(proto as u64).finish()
}

/// Whether regular calls are how this works.
fn is_infrastructure(e: &Event<'_>, port: u16) -> bool {
    let service = e.service();
    e.proto == Proto::Udp && DISCOVERY.contains(&port)
        || INFRASTRUCTURE
            .iter()
            .any(|(s, p)| *s == service && *p == port)
}

/// Whether a request went to a proxy, which serves all names by one address.
fn through_proxy(e: &Event<'_>) -> bool {
    e.text(Column::Uri)
        .is_some_and(|u| u.starts_with(b"http://") || u.starts_with(b"https://"))
}

/// Adds a call; whether it is a beat of its own.
fn add(c: &mut Calls, e: &Event<'_>, size: f64, answered: bool) -> bool {
    c.calls = c.calls.saturating_add(1);
    c.answered = c.answered.saturating_add(u32::from(answered));
    if e.log == Log::Conn {
        let open = is_open(e);
        lately(&mut c.open, open, 8.0);
        lately(&mut c.unknown, !open && e.service().is_empty(), 4.0);
    }
    if c.first == 0.0 || e.ts < c.first {
        c.first = e.ts;
    }
    if !c.rhythm.add(e.ts, size) {
        return false;
    }
    if c.rhythm.len() > 2 {
        c.uids.add(e.uid());
    }
    true
}

/// Whether it is time to look again: more seldom as beats get more.
fn due(c: &Calls, network: &NetworkView) -> bool {
    let n = c.rhythm.beats();
    if (c.rhythm.len() as f64) < network.settings().get(&MIN_BEATS) {
        return false;
    }
    n >= c.looked + (c.looked / 8).clamp(1, 16)
}

/// Tests the rhythm, and reports what has grown enough.
fn look(
    c: &mut Calls,
    kind: BehaviorKind,
    entity: Entity,
    talkers: f64,
    tested: usize,
    network: &NetworkView,
    out: &mut Vec<Finding>,
) {
    c.rhythm.merge_bursts();
    c.looked = c.rhythm.beats();
    let Some(v) = c.rhythm.test() else { return };
    if (v.beats as f64) < network.settings().get(&MIN_BEATS) {
        return;
    }
    // Each window of beats that has passed is another chance.
    let windows = 1.0 + (c.looked as f64 - rhythm::KEPT as f64).max(0.0) / 16.0;
    let chances = (windows * (windows + 1.0) / 2.0).log10().min(3.0);
    let same = if v.size > 0.0 {
        SAME_SIZE * v.same_size
    } else {
        0.0
    };
    let rare = 1.0 - network.prevalence(talkers);
    let side = match c.outside {
        true => 1.0,
        false => network.settings().get(&INTERNAL),
    };
    let cold_start = network.cold_start();
    let software = 1.0 - cold_start * (1.0 - unlike_software(c, &entity, network));
    let score = ((v.score - chances).min(HIGHEST) + same) * rare * rare * side * software;
    c.score = score as f32;
    // What is installed speaks protocols that Zeek knows: no more is asked of others.
    let more = match c.unknown >= 0.5 {
        true => 0.0,
        false => cold_start * network.settings().get(&UNKNOWN),
    };
    let many = (tested as f64 / 100.0).max(1.0).log10() + more;
    if score < network.threshold(&THRESHOLD) + many {
        return;
    }
    let (beats, reports) = c.reported;
    if beats > 0 && !network.has_grown(beats as f64, c.looked as f64) {
        return;
    }
    c.reported = (c.looked, reports + 1);
    c.highest = c.highest.max(c.score);
    let about = (entity, kind);
    out.push(finding(c, &about, score, talkers, &v, network));
    c.about = Some(Box::new(about));
}

/// How little a rhythm is like that of installed software, from 0 to 1. Software keeps its connections
/// open to use them again, and calls one of many names of its vendor's domain; most implants ask
/// and hang up, at a domain that does nothing else here. Neither proves anything: it counts
/// only as far as nobody knows what is usual.
fn unlike_software(c: &Calls, entity: &Entity, network: &NetworkView) -> f64 {
    let name = match entity {
        Entity::Name { name, .. } => Some(name.as_str()),
        _ => c.name.as_deref().filter(|_| c.others.len() == 1),
    };
    let siblings = name.map_or(0.0, |n| network.siblings(n.as_bytes()));
    let open = if c.open >= 0.5 { BY_OPEN } else { 1.0 };
    open / (1.0 + BY_SIBLINGS * (1.0 + siblings).log2())
}

fn finding(
    c: &Calls,
    (entity, kind): &(Entity, BehaviorKind),
    score: f64,
    talkers: f64,
    v: &Verdict,
    network: &NetworkView,
) -> Finding {
    let (entity, kind) = (entity.clone(), *kind);
    let (_, last) = c.rhythm.span().unwrap_or_default();
    let mut reasons = vec![
        Evidence::new(
            "rhythm",
            format!(
                "every {} ± {:.0} %, {} beats{}",
                text::span(v.period),
                v.jitter * 100.0,
                c.rhythm.beats(),
                match v.missed {
                    0 => String::new(),
                    n => format!(" ({n} missed)"),
                }
            ),
        ),
        Evidence::new(
            "talkers",
            format!("{talkers:.0} of {:.0} hosts", network.hosts().max(1.0)),
        ),
    ];
    if v.size > 0.0 && kind == BehaviorKind(&BEACON) && v.same_size >= 0.5 {
        let share = v.same_size * 100.0;
        reasons.push(Evidence::new(
            "size",
            format!("{share:.0} % send about {:.0} bytes", v.size),
        ));
    }
    if kind == BehaviorKind(&DNS_BEACON) {
        let (below, calls) = (c.below.count(), c.calls);
        let value = format!("{below:.0} different names in {calls} queries");
        reasons.push(Evidence::new("names", value));
    }
    let name = match &entity {
        Entity::Name { name, .. } => Some(name.clone()),
        _ => c.name.as_deref().map(str::to_owned),
    };
    if let (Some(name), Entity::Pair { .. }) = (&name, &entity) {
        reasons.push(Evidence::new("name", name.clone()));
    }
    if c.answered == 0 {
        reasons.push(Evidence::new("answers", "none"));
    }
    let mut confidence = 0.5;
    confidence += if talkers <= 1.0 { 0.15 } else { 0.0 };
    confidence += if c.outside { 0.1 } else { -0.1 };
    confidence += if v.beats >= 20 { 0.1 } else { 0.0 };
    confidence += if v.same_size >= 0.8 { 0.1 } else { 0.0 };
    Finding {
        id: crate::entity::Key::new(entity.key())
            .bytes(kind.0.name.as_bytes())
            .finish(),
        kind,
        entity,
        score,
        basis: Basis::Probability,
        confidence,
        first: c.first,
        last,
        count: c.rhythm.beats(),
        update: c.reported.1.saturating_sub(1),
        reasons,
        uids: c.uids.texts(),
        name,
    }
}
