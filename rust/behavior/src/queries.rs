//! DNS queries that are strange in themselves: long names, and types that nobody here asks for.
//!
//! **Long names.** Names are made by people and are short. One host that asks one domain, which
//! hardly another host asks so, for several different names that are nearly as long as a name may
//! be, carries something in them: a tunnel's beginning, long before it has sent much.
//!
//! **Rare types.** What share of the queries of all *other* hosts has a type is what one
//! expects of it; the score is −log10 of that. A mail server asks for MX when nobody else does, but
//! of many domains; so it takes several different names below one. A transfer of a zone
//! (AXFR) is one question, and enough.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, BehaviorKindInfo, DNS_LONG, DNS_RARE_TYPE};
use crate::network::{NetworkView, is_unicast};
use crate::reputation::is_lookup;
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static LONG_BYTES: Param = Param {
    name: "dns.long_bytes",
    default: 100.0,
    min: 20.0,
    max: 250.0,
    help: "bytes in front of the registered domain from which a name is long",
};

static LONG_NAMES: Param = Param {
    name: "dns.long_names",
    default: 5.0,
    min: 1.0,
    max: 1e6,
    help: "different long names of one domain, from one host, from which that is a finding",
};

static RARE_SCORE: Param = Param {
    name: "dns.rare_type",
    default: 3.0,
    min: 1.0,
    max: 10.0,
    help: "score (-log10 of the share of other hosts' queries with that type) from which a type is rare",
};

static RARE_NAMES: Param = Param {
    name: "dns.rare_names",
    default: 5.0,
    min: 1.0,
    max: 1e6,
    help: "different names of one domain, asked for by a rare type, from which that is a finding",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "queries",
    params: &[&LONG_BYTES, &LONG_NAMES, &RARE_SCORE, &RARE_NAMES],
    share: 4,
    make: |_, budget| Box::new(Queries::new(budget)),
};

/// Types that are counted; later ones are one.
const TYPES: usize = 64;

/// The longest name of a type, in bytes.
const TYPE_BYTES: usize = 16;

/// The longest name that is kept, in bytes.
const EXAMPLE: usize = 80;

/// Transfers of zones.
const TRANSFERS: [&[u8]; 2] = [b"AXFR", b"IXFR"];

/// Types that hold whatever one likes and that no program asks for any more.
const CARRIERS: [&[u8]; 4] = [b"NULL", b"PRIVATE", b"KEY", b"WKS"];

/// The score of those where too little is known to measure it.
const BY_RULE: f64 = 3.5;

/// The highest score.
const HIGHEST: f64 = 6.0;

/// The domains of keys.
const AT_LONG: u64 = 0x10e6_0001;
const AT_TYPE: u64 = 0x10e6_0002;
const OF: u64 = 0x10e6_0003;
const HOST: u64 = 0x10e6_0004;

/// Long names, or names by a rare type, of one host at one domain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Asked {
    first: f64,
    last: f64,
    count: u64,
    names: Distinct,
    longest: String,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for Asked {
    fn is_established(&self) -> bool {
        self.names.count() >= 3.0
    }

    fn merit(&self) -> f64 {
        self.names.count()
    }

    fn is_sound(&self) -> bool {
        self.names.is_sound()
            && self.uids.is_sound()
            && self.longest.len() <= EXAMPLE + 8
            && self.first.is_finite()
            && self.last.is_finite()
    }
}

/// How many queries a host has made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Made(u64);

impl Entry for Made {
    fn is_established(&self) -> bool {
        self.0 >= 16
    }

    fn merit(&self) -> f64 {
        self.0 as f64
    }

    fn is_sound(&self) -> bool {
        true
    }
}

const ASKED_HEAP: usize = Distinct::MAX_HEAP + Uids::MAX_HEAP + EXAMPLE + 16;

/// The behaviour.
#[derive(Debug)]
struct Queries {
    long: Table<Asked>,
    of: Table<Distinct>,
    rare: Table<Asked>,
    made: Table<Made>,
    /// How often each type was asked for, by anybody.
    types: Vec<(String, u64)>,
    all: u64,
}

/// A query for a name below a registered domain.
struct Query<'a> {
    event: &'a Event<'a>,
    orig: IpAddr,
    name: Vec<u8>,
    domain: String,
    below: usize,
}

impl<'a> Query<'a> {
    fn of(event: &'a Event<'a>) -> Option<Query<'a>> {
        // Multicast DNS and NetBIOS ask for what is nearby.
        if event.log != Log::Dns || matches!(event.port, Some(5353 | 5355 | 137)) {
            return None;
        }
        let orig = event.orig.filter(|o| event.orig_local && is_unicast(*o))?;
        let name = event.text(Column::Query)?;
        let name = name
            .get(..name.len().min(255))
            .unwrap_or(name)
            .to_ascii_lowercase();
        let domain = text::registered_domain(&name)?;
        let below = name.len().saturating_sub(domain.len() + 1);
        let domain = text::name(domain, EXAMPLE)?;
        Some(Query {
            event,
            orig,
            name,
            domain,
            below,
        })
    }
}

impl Asked {
    /// Adds a query; how many different names there are, where it is a new one.
    fn add(&mut self, q: &Query<'_>, network: &NetworkView) -> Option<f64> {
        let ts = q.event.ts;
        if self.first == 0.0 || ts < self.first {
            self.first = ts;
        }
        self.last = self.last.max(ts);
        self.count += 1;
        let new = self.names.insert(network.key(OF).bytes(&q.name).finish());
        if new {
            self.uids.add(q.event.uid());
        }
        if q.name.len() > self.longest.len() {
            self.longest = text::name(&q.name, EXAMPLE).unwrap_or_default();
        }
        new.then(|| self.names.count())
    }

    fn finding(
        &self,
        q: &Query<'_>,
        kind: &'static BehaviorKindInfo,
        id: &[u8],
        score: f64,
    ) -> Finding {
        let entity = Entity::Name {
            orig: q.orig,
            name: q.domain.clone(),
        };
        Finding {
            id: Key::new(entity.key())
                .bytes(kind.name.as_bytes())
                .bytes(id)
                .finish(),
            kind: BehaviorKind(kind),
            score: score.min(HIGHEST),
            basis: Basis::Rule,
            confidence: 0.4,
            first: self.first,
            last: self.last,
            count: self.count,
            update: self.reported.1.saturating_sub(1),
            reasons: vec![
                Evidence::new(
                    "names",
                    format!(
                        "{} different ones, {} queries",
                        text::count(self.names.count().min(self.count as f64)),
                        self.count
                    ),
                ),
                Evidence::new("longest", self.longest.clone()),
            ],
            uids: self.uids.texts(),
            name: Some(q.domain.clone()),
            entity,
        }
    }

    /// Whether there is news.
    fn tells(&mut self, names: f64, network: &NetworkView) -> bool {
        if self.reported.1 > 0 && !network.has_grown(self.reported.0 * 2.0, names) {
            return false;
        }
        self.reported = (names, self.reported.1 + 1);
        true
    }
}

impl Queries {
    fn new(budget: usize) -> Queries {
        let part = |tenths: usize| budget / 10 * tenths;
        Queries {
            long: Table::new(part(3), ASKED_HEAP, ASKED_HEAP),
            of: Table::new(part(2), 64, Distinct::MAX_HEAP + 16),
            rare: Table::new(part(4), ASKED_HEAP, ASKED_HEAP),
            made: Table::new(part(1), 0, 0),
            types: Vec::new(),
            all: 0,
        }
    }

    fn long(&mut self, q: &Query<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let of = network.key(OF).bytes(q.domain.as_bytes()).finish();
        let host = network.key(HOST).addr(q.orig).finish();
        let askers = self.of.update(of, Distinct::default, |d| {
            d.insert(host);
            d.count()
        });
        if is_lookup(
            &q.name,
            network.talkers(network.name_key(q.domain.as_bytes())),
        ) {
            return;
        }
        let wanted = network.threshold(&LONG_NAMES);
        let key = network
            .key(AT_LONG)
            .addr(q.orig)
            .bytes(q.domain.as_bytes())
            .finish();
        self.long.update(key, Asked::default, |a| {
            let Some(names) = a.add(q, network) else {
                return;
            };
            let measure = names * (1.0 - network.prevalence(askers));
            if measure < wanted || !a.tells(names, network) {
                return;
            }
            let mut f = a.finding(
                q,
                &DNS_LONG,
                b"",
                3.0 + (measure / wanted).max(1.0).log2() / 2.0,
            );
            f.reasons
                .push(Evidence::new("hosts that ask so", text::count(askers)));
            out.push(f);
        });
    }

    /// Counts a query's type: how often the type was asked for, by anybody.
    fn count(&mut self, qtype: &str) -> u64 {
        self.all = self.all.saturating_add(1);
        let at = self.types.iter().position(|t| t.0 == qtype);
        let at = match at {
            Some(at) => at,
            None if self.types.len() < TYPES => {
                self.types.push((qtype.to_owned(), 0));
                self.types.len() - 1
            }
            // Who makes up types makes them all one.
            None => TYPES - 1,
        };
        self.types.get_mut(at).map_or(0, |t| {
            t.1 = t.1.saturating_add(1);
            t.1
        })
    }

    fn rare(&mut self, q: &Query<'_>, qtype: &[u8], network: &NetworkView, out: &mut Vec<Finding>) {
        let Some(shown) = text::name(qtype, TYPE_BYTES).map(|t| t.to_ascii_uppercase()) else {
            return;
        };
        let asked = self.count(&shown);
        let host = network.key(HOST).addr(q.orig).finish();
        let made = self.made.update(host, Made::default, |m| {
            m.0 = m.0.saturating_add(1);
            m.0
        });
        let by_rule = TRANSFERS.contains(&qtype) || CARRIERS.contains(&qtype);
        let wanted = match TRANSFERS.contains(&qtype) {
            true => 1.0,
            false => network.threshold(&RARE_NAMES),
        };
        let threshold = network.threshold(&RARE_SCORE);
        // Types that everybody asks for, and networks of which too little is known, are done with here.
        let others = self.all.saturating_sub(made) as f64;
        if !by_rule
            && (asked as f64 / self.all.max(1) as f64 > 0.1 || (others + 1.0).log10() < threshold)
        {
            return;
        }
        let key = network.key(AT_TYPE).addr(q.orig).bytes(shown.as_bytes());
        let of_host = self.rare.update(key.finish(), Asked::default, |a| {
            a.count += 1;
            a.count
        });
        let of_others = asked.saturating_sub(of_host) as f64;
        let measured = -((of_others + 1.0) / (others + 1.0)).log10();
        let score = if by_rule {
            measured.max(BY_RULE)
        } else {
            measured
        };
        if score < threshold {
            return;
        }
        self.rare.update(
            key.bytes(q.domain.as_bytes()).finish(),
            Asked::default,
            |a| {
                let Some(names) = a.add(q, network) else {
                    return;
                };
                if names < wanted || !a.tells(names, network) {
                    return;
                }
                let mut f = a.finding(q, &DNS_RARE_TYPE, shown.as_bytes(), score);
                f.basis = if by_rule {
                    Basis::Rule
                } else {
                    Basis::Probability
                };
                f.confidence = if by_rule { 0.5 } else { 0.35 };
                let share = format!("{of_others:.0} of {others:.0} queries of other hosts have it");
                f.reasons
                    .insert(0, Evidence::new("type", format!("{shown}; {share}")));
                out.push(f);
            },
        );
    }
}

impl Behavior for Queries {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let Some(q) = Query::of(event) else {
            return;
        };
        if q.below as f64 >= network.settings().get(&LONG_BYTES) {
            self.long(&q, network, out);
        }
        if let Some(qtype) = event.text(Column::QtypeName) {
            self.rare(&q, qtype, network, out);
        }
    }

    fn memory(&self) -> usize {
        self.long.memory(|_| ASKED_HEAP)
            + self.of.memory(|_| Distinct::MAX_HEAP)
            + self.rare.memory(|_| ASKED_HEAP)
            + self.made.memory(|_| 0)
            + self.types.len() * 64
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.long.given_up();
        g.add(self.of.given_up());
        g.add(self.rare.given_up());
        g.add(self.made.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(
            &self.long,
            &self.of,
            &self.rare,
            &self.made,
            &self.types,
            self.all,
        ))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (
            Saved<Asked>,
            Saved<Distinct>,
            Saved<Asked>,
            Saved<Made>,
            Vec<(String, u64)>,
            u64,
        );
        let (long, of, rare, made, types, all): All = crate::codec::decode(bytes)?;
        if types.len() > TYPES || types.iter().any(|t| t.0.len() > TYPE_BYTES + 8) {
            return Err("types of queries that make no sense".into());
        }
        self.long.restore(long)?;
        self.of.restore(of)?;
        self.rare.restore(rare)?;
        self.made.restore(made)?;
        (self.types, self.all) = (types, all);
        Ok(())
    }
}
