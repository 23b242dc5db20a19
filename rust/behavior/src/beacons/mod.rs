//! Beacons: hosts of ours that call somebody at regular intervals.
//!
//! Three views, the third of which is that of a server of ours ([`inbound`]): who calls which address and port, and who asks for which name (TLS server
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

mod attempts;
mod calls;
mod company;
mod inbound;
mod rhythm;
mod tell;

use crate::behavior::{Behavior, Description};
use crate::entity::Entity;
use crate::event::{Column, Event, Log, Outcome, Proto};
use crate::finding::Finding;
use crate::infrastructure::is_infrastructure;
use crate::kinds::{BEACON, BehaviorKind, DNS_BEACON};
use crate::network::{NetworkView, is_unicast};
use crate::settings::{Param, Settings};
use crate::state::{GivenUp, Saved, Table};
use crate::text;
use calls::{Calls, is_open, lately};
use company::{Companies, keeps_time};
use inbound::{Inbound, SavedInbound};
use rhythm::Verdict;
use std::net::IpAddr;
use tell::{Callers, finding};

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

/// Where nothing is known as usual: what the score is multiplied by where most calls are kept open.
const BY_OPEN: f64 = 0.55;

/// The same, by which the score is divided for each doubling of the names that the other side's domain has here.
const BY_SIBLINGS: f64 = 0.35;

/// Seconds that a rhythm has to last: what is shorter is a burst or a flood.
const LASTS: f64 = 60.0;

/// What is added where beats have all the same size.
const SAME_SIZE: f64 = 0.5;

/// Domains of keys.
const PAIRS: u64 = 0x0bea_0001;
const NAMES: u64 = 0x0bea_0002;

/// The domain of keys of a host's companies.
const COMPANY: u64 = 0x0bea_0003;

/// The longest name that is kept, in bytes.
const BEACON_NAME_BYTES: usize = 120;

/// The behaviour.
#[derive(Debug)]
struct Beacons {
    pairs: Table<Calls>,
    names: Table<Calls>,
    companies: Table<Companies>,
    inbound: Inbound,
}

/// A series that is to be reported, unless it is one of a company.
struct Judged {
    key: u64,
    entity: Entity,
    kind: BehaviorKind,
    verdict: Verdict,
    score: f64,
}

impl Beacons {
    fn new(_: &Settings, budget: usize) -> Beacons {
        let (small, large) = Calls::HEAP;
        let company = Companies::MAX_HEAP;
        Beacons {
            pairs: Table::new(budget / 20 * 11, small, large),
            names: Table::new(budget / 20 * 7, small, large),
            companies: Table::new(budget / 20, company, company),
            inbound: Inbound::new(budget / 20),
        }
    }

    fn conn(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(resp), Some(port)) = (e.orig, e.resp, e.port) else {
            return;
        };
        if !e.orig_local || !is_unicast(resp) || !is_unicast(orig) || is_infrastructure(e) {
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
        let judged = self.pairs.update(key, Calls::default, |c| {
            c.outside = !e.resp_local;
            // How long a name's call lasted, only the connection tells.
            if let (Some(name), 1) = (&c.name, c.others.len()) {
                let name = name_key(network, orig, network.name_key(name.as_bytes()));
                if let Some(named) = names.get_mut(name) {
                    lately(&mut named.open, is_open(e), 8.0);
                }
            }
            if !c.add(e, size, answered) || !c.is_due(network) || c.proxied || c.by_name {
                return None;
            }
            let entity = Entity::Pair {
                orig,
                resp,
                port: Some(port),
                proto: e.proto,
            };
            judge(c, key, BehaviorKind(&BEACON), entity, tested, network)
        });
        self.report(judged, e, network, out);
    }

    fn named(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(resp), Some(name)) = (e.orig, e.resp, e.name()) else {
            return;
        };
        if !e.orig_local || !is_unicast(orig) {
            return;
        }
        let Some(shown) = text::name(name, BEACON_NAME_BYTES) else {
            return;
        };
        let name_key = network.name_key(name);
        let key = self::name_key(network, orig, name_key);
        let told = self.names.get(key).is_some_and(|c| c.about.is_some());
        let (mut proxied, mut by_pair, mut several) = (e.is_proxied(), false, false);
        if let Some(port) = e.port {
            let key = pair_key(network, orig, resp, port, e.proto);
            if let Some(pair) = self.pairs.get_mut(key) {
                pair.note_other(name_key);
                pair.proxied |= proxied;
                pair.by_name |= told;
                if pair.name.is_none() {
                    pair.name = Some(shown.as_str().into());
                }
                proxied = pair.proxied;
                by_pair = pair.about.is_some() && !proxied;
                several = pair.others.len() > 1;
            }
        }
        let tested = self.names.established();
        // Of CONNECT there is nothing but the name.
        let size = match e.is_proxied() {
            true => 0.0,
            false => e.text(Column::Uri).map_or(0.0, |u| u.len() as f64),
        };
        let judged = self.names.update(key, Calls::default, |c| {
            c.outside = proxied || !e.resp_local;
            c.note_other(network.addr_key(resp));
            if !c.add(e, size, true) || !c.is_due(network) || by_pair {
                return None;
            }
            // Where one address serves nothing but this name, the pair tells.
            if c.others.len() == 1 && !proxied && !several {
                return None;
            }
            let entity = Entity::Name { orig, name: shown };
            judge(c, key, BehaviorKind(&BEACON), entity, tested, network)
        });
        self.report(judged, e, network, out);
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
        let Some(shown) = text::name(domain, BEACON_NAME_BYTES) else {
            return;
        };
        let key = network
            .key(NAMES)
            .addr(orig)
            .bytes(b"dns")
            .number(network.name_key(domain))
            .finish();
        let heavy = matches!(
            e.text(Column::QtypeName),
            Some(b"TXT" | b"NULL" | b"CNAME" | b"MX" | b"SRV" | b"*" | b"ANY")
        );
        let tested = self.names.established();
        let judged = self.names.update(key, Calls::default, |c| {
            c.outside = true;
            c.heavy = c.heavy.saturating_add(u32::from(heavy));
            c.below.insert(network.name_key(query));
            if !c.add(e, query.len() as f64, true) || !c.is_due(network) {
                return None;
            }
            let calls = f64::from(c.calls.max(1));
            let new = c.below.count() / calls;
            if new < 0.5 && f64::from(c.heavy) / calls < 0.5 {
                return None;
            }
            let entity = Entity::Name { orig, name: shown };
            judge(c, key, BehaviorKind(&DNS_BEACON), entity, tested, network)
        });
        self.report(judged, e, network, out);
    }

    /// Reports a series, or counts it with the company whose time it keeps.
    fn report(
        &mut self,
        judged: Option<Judged>,
        e: &Event<'_>,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let Some(j) = judged else { return };
        let Some(c) = self.pairs.get(j.key).or_else(|| self.names.get(j.key)) else {
            return;
        };
        let alone = c.about.is_some() || network.learning || j.kind != BehaviorKind(&BEACON);
        let company = company_key(network, j.entity.host(), c.outside);
        if !alone {
            let mut places = vec![
                network
                    .key(COMPANY)
                    .number(e.port.map_or(0, u64::from))
                    .finish(),
            ];
            match &j.entity {
                Entity::Name { .. } => places.extend(&c.others),
                other => places.extend(other.other().map(|a| network.addr_key(a))),
            }
            let (pairs, names) = (&self.pairs, &self.names);
            let joined = self.companies.update(company, Companies::default, |all| {
                let joined = all.with(&places, |leader| {
                    let leader = pairs.get(leader).or_else(|| names.get(leader));
                    leader.is_some_and(|l| keeps_time(&l.rhythm, &c.rhythm, j.verdict.period))
                });
                match joined {
                    Some(with) => {
                        with.add(j.key, &places, j.entity.target());
                        Some(with.leader)
                    }
                    None => {
                        all.found(j.key, &places);
                        None
                    }
                }
            });
            if let Some(leader) = joined {
                self.report_again(leader, company, network, out);
                return;
            }
        }
        let c = self
            .pairs
            .get_mut(j.key)
            .or_else(|| self.names.get_mut(j.key));
        let Some(c) = c else { return };
        c.reported = (c.looked, c.reported.1 + 1);
        c.highest = c.highest.max(c.score);
        c.about = Some(Box::new((j.entity, j.kind)));
        let with = self
            .companies
            .get_mut(company)
            .and_then(|all| all.led_by(j.key));
        out.extend(finding(c, j.score, &j.verdict, with.as_deref(), network));
    }

    /// Reports the leader of a company that has grown.
    fn report_again(
        &mut self,
        leader: u64,
        company: u64,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let all = self.companies.get_mut(company);
        let Some(with) = all.and_then(|all| all.led_by(leader)) else {
            return;
        };
        if !network.has_grown(with.reported, with.members()) {
            return;
        }
        with.reported = with.members();
        let c = self
            .pairs
            .get_mut(leader)
            .or_else(|| self.names.get_mut(leader));
        if let Some(c) = c
            && let Some(v) = c.rhythm.test()
        {
            c.reported = (c.rhythm.beats(), c.reported.1 + 1);
            out.extend(finding(c, f64::from(c.highest), &v, Some(with), network));
        }
    }
}

impl Behavior for Beacons {
    fn observe(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        match e.log {
            Log::Conn => self.conn(e, network, out),
            Log::Http if !e.orig_local => self.inbound.see(e, network, out),
            Log::Ssl | Log::Http | Log::Quic => self.named(e, network, out),
            Log::Dns => self.dns(e, network, out),
            _ => {}
        }
    }

    fn finish(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        self.inbound.finish(out);
        for table in [&self.pairs, &self.names] {
            for (key, c) in table.entries() {
                let Some((entity, _)) = c.about.as_deref() else {
                    continue;
                };
                let company = company_key(network, entity.host(), c.outside);
                let all = self.companies.get_mut(company);
                let with = all.and_then(|all| all.led_by(key));
                let grown = c.rhythm.beats() > c.reported.0
                    || with.as_ref().is_some_and(|w| w.members() > w.reported);
                // With the score that it had: a rhythm that has ended since was one.
                if grown && let Some(v) = c.rhythm.test() {
                    let score = f64::from(c.highest);
                    out.extend(finding(c, score, &v, with.as_deref(), network));
                }
            }
        }
    }

    fn memory(&self) -> usize {
        self.pairs.memory(Calls::heap)
            + self.names.memory(Calls::heap)
            + self.companies.memory(|_| Companies::MAX_HEAP)
            + self.inbound.memory()
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.pairs.given_up();
        g.add(self.names.given_up());
        g.add(self.companies.given_up());
        g.add(self.inbound.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(
            &self.pairs,
            &self.names,
            &self.companies,
            self.inbound.state(),
        ))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<Calls>, Saved<Calls>, Saved<Companies>, SavedInbound);
        let (pairs, names, companies, inbound): All = crate::codec::decode(bytes)?;
        self.pairs.restore(pairs)?;
        self.names.restore(names)?;
        self.companies.restore(companies)?;
        Ok(self.inbound.restore(inbound)?)
    }
}

fn name_key(network: &NetworkView, orig: IpAddr, name: u64) -> u64 {
    network.key(NAMES).addr(orig).number(name).finish()
}

fn pair_key(network: &NetworkView, orig: IpAddr, resp: IpAddr, port: u16, proto: Proto) -> u64 {
    let key = network.key(PAIRS).addr(orig).addr(resp);
    key.number(u64::from(port)).number(proto as u64).finish()
}

/// The key of a host's companies, inside and outside: a monitor of this network hides no beacon.
fn company_key(network: &NetworkView, host: IpAddr, outside: bool) -> u64 {
    let key = network.key(COMPANY).addr(host);
    key.number(u64::from(outside)).finish()
}

/// Tests the rhythm. A result if it is to be reported, for the first time or because it has grown.
fn judge(
    c: &mut Calls,
    key: u64,
    kind: BehaviorKind,
    entity: Entity,
    tested: usize,
    network: &NetworkView,
) -> Option<Judged> {
    let (v, regular) = regularity(c, network)?;
    let rare = 1.0 - Callers::of(c, &entity, network).prevalence;
    let side = match c.outside {
        true => 1.0,
        false => network.settings().get(&INTERNAL),
    };
    let cold_start = network.cold_start();
    let software = 1.0 - cold_start * (1.0 - unlike_software(c, &entity, network));
    let score = regular * rare * rare * side * software;
    c.score = score as f32;
    // What is installed speaks protocols that Zeek knows: no more is asked of others.
    let more = match c.unknown >= 0.5 {
        true => 0.0,
        false => cold_start * network.settings().get(&UNKNOWN),
    };
    let many = (tested as f64 / 100.0).max(1.0).log10() + more;
    if score < network.threshold(&THRESHOLD) + many {
        return None;
    }
    let (beats, _) = c.reported;
    let again = beats == 0 || network.has_grown(beats as f64, c.looked as f64);
    again.then_some(Judged {
        key,
        entity,
        kind,
        verdict: v,
        score,
    })
}

/// The rhythm of calls that are enough and last long enough, and its score before rarity counts.
fn regularity(c: &mut Calls, network: &NetworkView) -> Option<(Verdict, f64)> {
    c.rhythm.fit_gap();
    c.looked = c.rhythm.beats();
    let v = c.rhythm.test()?;
    let (_, last) = c.rhythm.span()?;
    if (v.beats as f64) < network.settings().get(&MIN_BEATS) || last - c.first < LASTS {
        return None;
    }
    let same = if v.size > 0.0 {
        SAME_SIZE * v.same_size
    } else {
        0.0
    };
    let score = (v.score - chances(c)).min(HIGHEST) + same;
    Some((v, score))
}

/// What a score loses because each window of beats that has passed is another chance.
fn chances(c: &Calls) -> f64 {
    let windows = 1.0 + (c.looked as f64 - rhythm::KEPT as f64).max(0.0) / 16.0;
    (windows * (windows + 1.0) / 2.0).log10().min(3.0)
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
