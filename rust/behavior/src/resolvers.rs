//! A host that asks a DNS resolver which nobody else here asks.
//!
//! A network has a few resolvers that its hosts share. One host that gets its answers elsewhere was
//! configured by somebody: by its user, or by what changes resolvers to see or answer all
//! questions, or to get a tunnel past the network's own. So it takes a network in which nearly all
//! hosts that ask share resolvers; of a network with fewer hosts than that, it takes some days in which the
//! host asked others. A host that asks many is a resolver itself. DNS over TLS (port 853) counts
//! as asking.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log, Outcome, View};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, UNUSUAL_DNS_RESOLVER};
use crate::network::{NetworkView, is_unicast};
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static QUERIES: Param = Param {
    name: "resolver.queries",
    default: 10.0,
    min: 1.0,
    max: 1e6,
    help: "queries that a resolver answered from which a host uses it",
};

static HOSTS: Param = Param {
    name: "resolver.hosts",
    default: 5.0,
    min: 2.0,
    max: 1e6,
    help: "hosts that use resolvers before a resolver of one host alone is reported; nine tenths of them \
           have to share theirs",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "resolvers",
    params: &[&QUERIES, &HOSTS],
    share: 3,
    make: |_, budget| Box::new(Resolvers::new(budget)),
};

/// Hosts that make a resolver one that is shared.
const SHARED: f64 = 3.0;

/// The share of hosts that have to share resolvers.
const MOST: f64 = 0.85;

/// Resolvers from which a host is one itself.
const ITSELF: f64 = 8.0;

/// How long a host has to have asked others, where there are few hosts: seconds.
const LEARNED: f64 = 3.0 * 86_400.0;

/// The domains of keys.
const RESOLVER: u64 = 0x4e50_0001;
const ASKER: u64 = 0x4e50_0002;
const PAIR: u64 = 0x4e50_0003;

/// Whom one host asks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Asker {
    first: f64,
    resolvers: Distinct,
}

impl Entry for Asker {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        -self.first
    }

    fn is_sound(&self) -> bool {
        self.first.is_finite() && self.resolvers.is_sound()
    }
}

/// One host's queries to one resolver.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Pair {
    first: f64,
    last: f64,
    count: u64,
    domains: Distinct,
    /// Whether the host had asked others for days before.
    new: bool,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for Pair {
    fn is_established(&self) -> bool {
        self.count >= 5
    }

    fn merit(&self) -> f64 {
        self.count as f64
    }

    fn is_sound(&self) -> bool {
        self.first.is_finite()
            && self.last.is_finite()
            && self.domains.is_sound()
            && self.uids.is_sound()
    }
}

const ASKER_HEAP: usize = Distinct::MAX_HEAP + 16;
const PAIR_HEAP: usize = Distinct::MAX_HEAP + Uids::MAX_HEAP;

/// The behaviour.
#[derive(Debug)]
struct Resolvers {
    resolvers: Table<Distinct>,
    askers: Table<Asker>,
    pairs: Table<Pair>,
    /// Hosts that ask at all, and those that ask a resolver that is shared.
    hosts: Distinct,
    sharing: Distinct,
}

impl Resolvers {
    fn new(budget: usize) -> Resolvers {
        let part = |tenths: usize| budget / 10 * tenths;
        Resolvers {
            resolvers: Table::new(part(2), 64, ASKER_HEAP),
            askers: Table::new(part(3), ASKER_HEAP, ASKER_HEAP),
            pairs: Table::new(part(5), PAIR_HEAP, PAIR_HEAP),
            hosts: Distinct::default(),
            sharing: Distinct::default(),
        }
    }

    /// Remembers who asks whom; how many hosts ask this resolver.
    fn meet(&mut self, (orig, resp): (IpAddr, IpAddr), network: &NetworkView) -> f64 {
        let host = network.key(ASKER).addr(orig).finish();
        let resolver = network.key(RESOLVER).addr(resp).finish();
        let users = self.resolvers.update(resolver, Distinct::default, |r| {
            r.insert(host);
            r.count()
        });
        self.hosts.insert(host);
        if users >= SHARED {
            self.sharing.insert(host);
        }
        users
    }

    fn ask(
        &mut self,
        e: &Event<'_>,
        ends: (IpAddr, IpAddr),
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let (orig, resp) = ends;
        let host = network.key(ASKER).addr(orig).finish();
        let resolver = network.key(RESOLVER).addr(resp).finish();
        let users = self.meet(ends, network);
        let (others, since) = self.askers.update(host, Asker::default, |a| {
            if a.first == 0.0 {
                a.first = e.ts;
            }
            a.resolvers.insert(resolver);
            (a.resolvers.count() - 1.0, a.first)
        });
        if others >= ITSELF {
            return;
        }
        let users = users.max(network.baseline.talkers(network.addr_key(resp)));
        let (hosts, sharing) = (self.hosts.count(), self.sharing.count());
        let told = hosts >= network.settings().get(&HOSTS) && sharing >= MOST * (hosts - 1.0);
        let wanted = network.threshold(&QUERIES);
        let key = network.key(PAIR).addr(orig).addr(resp).finish();
        self.pairs.update(key, Pair::default, |p| {
            if p.first == 0.0 {
                p.first = e.ts;
                p.new = others > 0.0 && e.ts - since >= LEARNED;
            }
            p.last = p.last.max(e.ts);
            p.count += 1;
            p.uids.add(e.uid());
            if let Some(domain) = e.name().and_then(text::registered_domain) {
                p.domains.insert(
                    network
                        .key(PAIR)
                        .bytes(&domain.to_ascii_lowercase())
                        .finish(),
                );
            }
            let count = p.count as f64;
            if count < wanted || users > 1.0 || !(told || p.new) {
                return;
            }
            // A day of it is many times what told it first.
            if p.reported.1 > 0 && !network.has_grown(p.reported.0 * 4.0, count) {
                return;
            }
            p.reported = (count, p.reported.1 + 1);
            out.push(p.finding(e, ends, others, (hosts, sharing)));
        });
    }
}

impl Pair {
    fn finding(
        &self,
        e: &Event<'_>,
        (orig, resp): (IpAddr, IpAddr),
        others: f64,
        (hosts, sharing): (f64, f64),
    ) -> Finding {
        let entity = Entity::Pair {
            orig,
            resp,
            port: e.port,
            proto: e.proto,
        };
        let outside = !e.resp_local;
        let mut reasons = vec![
            Evidence::new(
                "asked",
                format!(
                    "{} queries about {:.0} domains",
                    self.count,
                    self.domains.count()
                ),
            ),
            Evidence::new(
                "hosts that share resolvers",
                format!(
                    "{} of {}",
                    text::count(sharing.min(hosts)),
                    text::count(hosts)
                ),
            ),
            Evidence::new("its other resolvers", text::count(others)),
        ];
        if self.new {
            reasons.push(Evidence::new("new", "it asked others for days before"));
        }
        let extra = |holds: bool, by: f64| if holds { by } else { 0.0 };
        Finding {
            id: Key::new(entity.key())
                .bytes(UNUSUAL_DNS_RESOLVER.name.as_bytes())
                .finish(),
            kind: BehaviorKind(&UNUSUAL_DNS_RESOLVER),
            // The more hosts do otherwise, the stranger; 5 is a new one outside, among a thousand hosts.
            score: 2.5
                + (sharing.max(1.0).log10() / 2.0).min(1.5)
                + extra(outside, 0.5)
                + extra(self.new, 0.5),
            basis: Basis::Rule,
            confidence: 0.25 + extra(outside, 0.1) + extra(self.new, 0.15),
            first: self.first,
            last: self.last,
            count: self.count,
            update: self.reported.1.saturating_sub(1),
            reasons,
            uids: self.uids.texts(),
            entity,
            name: None,
        }
    }
}

/// Who asks whom, where a record says that somebody did and was answered.
fn asks(e: &Event<'_>) -> Option<(IpAddr, IpAddr)> {
    let asks = match e.log {
        // It answered, whatever it said.
        Log::Dns => e.port == Some(53) && e.text(Column::RcodeName).is_some(),
        Log::Conn => e.port == Some(853) && e.outcome() == Outcome::Answered,
        _ => false,
    };
    let (orig, resp) = (e.orig?, e.resp?);
    (asks && e.orig_local && is_unicast(orig) && is_unicast(resp)).then_some((orig, resp))
}

impl Behavior for Resolvers {
    fn observe(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        if let Some(ends) = asks(e) {
            self.ask(e, ends, network, out);
        }
    }

    fn observe_side(&mut self, e: &Event<'_>, network: &NetworkView, _: &mut Vec<Finding>) {
        if let Some(ends) = asks(e).filter(|_| e.view == View::Network) {
            self.meet(ends, network);
        }
    }

    fn memory(&self) -> usize {
        self.resolvers.memory(|_| ASKER_HEAP)
            + self.askers.memory(|_| ASKER_HEAP)
            + self.pairs.memory(|_| PAIR_HEAP)
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.resolvers.given_up();
        g.add(self.askers.given_up());
        g.add(self.pairs.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(
            &self.resolvers,
            &self.askers,
            &self.pairs,
            &self.hosts,
            &self.sharing,
        ))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (
            Saved<Distinct>,
            Saved<Asker>,
            Saved<Pair>,
            Distinct,
            Distinct,
        );
        let (resolvers, askers, pairs, hosts, sharing): All = crate::codec::decode(bytes)?;
        if !hosts.is_sound() || !sharing.is_sound() {
            return Err("hosts that make no sense".into());
        }
        self.resolvers.restore(resolvers)?;
        self.askers.restore(askers)?;
        self.pairs.restore(pairs)?;
        (self.hosts, self.sharing) = (hosts, sharing);
        Ok(())
    }
}
