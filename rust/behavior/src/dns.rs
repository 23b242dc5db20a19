//! DNS as a channel and as a search: tunnels, and names that are tried until one exists.
//!
//! **Tunnels.** A tunnel carries its data in names below one registered domain, and in answers
//! to them. What it has sent is what its different names hold: the sum of the lengths of the
//! parts below the registered domain, each name once. Ordinary domains have few different
//! names, or short ones; many hosts ask for those of a content network. So the measure is that
//! sum of one host at one domain, against what the settings call worth a look, raised where the
//! types of records are those of tunnels (TXT, NULL, …) and lowered where many hosts ask.
//!
//! **Generated names.** A host that looks for its controller asks for names that nobody
//! registered. The test is a threshold random walk (A. Wald, *Sequential Analysis*, 1947) over
//! *first* look-ups of registered domains: one that does not exist makes it more likely, and
//! more so where the name looks random; one that exists makes it less likely.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log, View};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, DGA_ACTIVITY, DNS_TUNNEL};
use crate::network::NetworkView;
use crate::reputation::is_lookup;
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use zeek_log::Value;

static BYTES: Param = Param {
    name: "dns.tunnel_bytes",
    default: 4000.0,
    min: 100.0,
    max: 1e9,
    help: "bytes that different names of one domain hold, from one host, from which that is a \
           tunnel; the types of tunnels (TXT, NULL and others) count for up to four times as much",
};

static THRESHOLD: Param = Param {
    name: "dns.generated",
    default: 4.0,
    min: 0.5,
    max: 100.0,
    help: "score from which domains that do not exist are generated names; 4 is about ten of them in a row",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "dns",
    params: &[&BYTES, &THRESHOLD],
    share: 15,
    make: |_, budget| Box::new(Dns::new(budget)),
};

/// Different names below which nothing is a tunnel.
const MIN_NAMES: f64 = 20.0;

/// Domains in vain below which nothing is a search.
const MIN_DOMAINS: f64 = 8.0;

/// What the first look-up of a domain counts: that does not exist and looks ordinary, that
/// does not exist and looks random, that exists.
const STEPS: (f32, f32, f32) = (0.25, 0.5, -0.5);

/// The bounds of the walk.
const WALK: (f32, f32) = (-2.0, 12.0);

/// The longest name that is kept as an example, in bytes.
const EXAMPLE: usize = 80;

/// The domains of keys.
const AT_DOMAIN: u64 = 0xd450_0001;
const OF_DOMAIN: u64 = 0xd450_0002;
const SEARCH: u64 = 0xd450_0003;

/// Types of records that carry data rather than addresses.
const CARRIERS: [&[u8]; 7] = [b"TXT", b"NULL", b"CNAME", b"MX", b"SRV", b"KEY", b"PRIVATE"];

/// What one host asked of one registered domain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct AtDomain {
    who: Option<(IpAddr, String)>,
    first: f64,
    last: f64,
    /// Of the first query: whoever chooses names cannot know it before, nor choose names that [`Distinct`] misses.
    salt: u64,
    names: Distinct,
    queries: u64,
    carriers: u64,
    /// Bytes that different names hold, and that came back.
    sent: f64,
    answered: f64,
    longest: String,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for AtDomain {
    fn is_established(&self) -> bool {
        self.names.count() >= 8.0
    }

    fn merit(&self) -> f64 {
        self.sent
    }

    fn is_sound(&self) -> bool {
        let numbers = [self.first, self.last, self.sent, self.answered];
        self.names.is_sound()
            && self.uids.is_sound()
            && self.longest.len() <= EXAMPLE + 8
            && numbers.iter().all(|n| n.is_finite())
    }
}

/// One host's search.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Search {
    who: Option<IpAddr>,
    first: f64,
    last: f64,
    walk: f32,
    /// Registered domains looked up that exist, and those that do not.
    domains: Distinct,
    missing: Distinct,
    /// Look-ups of domains that do not exist, the same one not twice in a row of others.
    failed: u64,
    /// The latest that do not, exactly: what is left of old settings is asked for again and again.
    asked: Vec<u32>,
    random: f64,
    examples: Vec<String>,
    uids: Uids,
    reported: (f64, u32),
}

/// Domains that exist until they are counted anew.
const DOMAINS: f64 = 256.0;

/// Domains that do not exist and are remembered exactly.
const ASKED: usize = 64;

impl Search {
    /// Whether it asked for that of late, and remembers that it did.
    fn has_asked(&mut self, domain: u32) -> bool {
        let before = self.asked.iter().position(|d| *d == domain);
        match before {
            Some(at) => drop(self.asked.remove(at)),
            None if self.asked.len() >= ASKED => drop(self.asked.remove(0)),
            None => {}
        }
        self.asked.push(domain);
        before.is_some()
    }
}

/// Names that are shown.
const EXAMPLES: usize = 3;

impl Entry for Search {
    fn is_established(&self) -> bool {
        self.missing.count() >= 3.0
    }

    fn merit(&self) -> f64 {
        f64::from(self.walk)
    }

    fn is_sound(&self) -> bool {
        self.domains.is_sound()
            && self.missing.is_sound()
            && self.uids.is_sound()
            && (WALK.0..=WALK.1).contains(&self.walk)
            && self.examples.len() <= EXAMPLES
            && self.asked.len() <= ASKED
            && [self.first, self.last, self.random]
                .iter()
                .all(|n| n.is_finite())
    }
}

const AT_HEAP: usize = Distinct::MAX_HEAP + Uids::MAX_HEAP + 400;
const SEARCH_HEAP: usize = 2 * Distinct::MAX_HEAP + Uids::MAX_HEAP + 4 * ASKED + 400;

/// The behaviour.
#[derive(Debug)]
struct Dns {
    at: Table<AtDomain>,
    of: Table<Distinct>,
    searches: Table<Search>,
}

impl Dns {
    fn new(budget: usize) -> Dns {
        let part = |tenths: usize| budget / 10 * tenths;
        Dns {
            at: Table::new(part(5), 500, AT_HEAP),
            of: Table::new(part(2), 64, Distinct::MAX_HEAP + 16),
            searches: Table::new(part(3), 500, SEARCH_HEAP),
        }
    }

    /// Remembers who asks for a domain; how many do.
    fn asks(&mut self, q: &Query<'_>, network: &NetworkView) -> f64 {
        let host = network.key(0).addr(q.orig).finish();
        let of = network.key(OF_DOMAIN).bytes(&q.domain).finish();
        self.of.update(of, Distinct::default, |d| {
            d.insert(host);
            d.count()
        })
    }

    fn tunnel(&mut self, q: &Query<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let askers = self.asks(q, network);
        if is_lookup(&lower(q.name), askers) {
            return;
        }
        let key = network
            .key(AT_DOMAIN)
            .addr(q.orig)
            .bytes(&q.domain)
            .finish();
        let wanted = network.threshold(&BYTES);
        self.at.update(key, AtDomain::default, |d| {
            let e = q.event;
            if d.who.is_none() {
                let domain = text::name(&q.domain, EXAMPLE).unwrap_or_default();
                d.who = Some((q.orig, domain));
            }
            if d.queries == 0 {
                d.salt = network.key(AT_DOMAIN).bytes(e.uid()).finish();
            }
            if d.first == 0.0 || e.ts < d.first {
                d.first = e.ts;
            }
            d.last = d.last.max(e.ts);
            d.queries += 1;
            let carrier = e
                .text(Column::QtypeName)
                .is_some_and(|t| CARRIERS.contains(&t));
            d.carriers += u64::from(carrier);
            if let Value::List(answers) = e.value(Column::Answers) {
                let bytes: usize = answers
                    .iter()
                    .filter_map(|a| a.text())
                    .map(<[u8]>::len)
                    .sum();
                d.answered += bytes as f64;
            }
            d.uids.add(e.uid());
            if !d
                .names
                .insert(Key::new(d.salt).bytes(&lower(q.name)).finish())
            {
                return;
            }
            d.sent += q.below as f64;
            if q.name.len() > d.longest.len() {
                d.longest = text::name(q.name, EXAMPLE).unwrap_or_default();
            }
            // Beyond a few names what is new is an estimate: all of them are.
            let sent = d
                .sent
                .max(d.names.count() * q.below as f64 / 2.0)
                .min(d.queries as f64 * 255.0);
            let share = d.carriers as f64 / d.queries as f64;
            let measure = sent * (1.0 + 3.0 * share) * (1.0 - network.prevalence(askers));
            if measure < wanted || d.names.count() < MIN_NAMES {
                return;
            }
            if d.reported.1 == 0 || network.has_grown(d.reported.0, measure) {
                d.reported = (measure, d.reported.1 + 1);
                out.push(d.finding(measure / wanted, askers));
            }
        });
    }

    fn search(&mut self, q: &Query<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let missing = match q.event.text(Column::RcodeName) {
            Some(b"NXDOMAIN") => true,
            Some(b"NOERROR") => false,
            _ => return,
        };
        let key = network.key(SEARCH).addr(q.orig).finish();
        let domain = network.key(SEARCH).bytes(&q.domain).finish();
        let wanted = network.threshold(&THRESHOLD) as f32;
        self.searches.update(key, Search::default, |s| {
            if !missing {
                // Beyond a few domains how many are new is an estimate: one that is seen to be stands for others that
                // were not. With too many it is none any more, and begins again.
                let before = s.domains.count();
                if s.domains.insert(domain) {
                    let new = (s.domains.count() - before).max(1.0) as f32;
                    s.walk = (s.walk + STEPS.2 * new).max(WALK.0);
                }
                if before > DOMAINS {
                    s.domains = Distinct::default();
                }
                return;
            }
            if s.has_asked(domain as u32) {
                return;
            }
            s.who = Some(q.orig);
            // A search begins where the walk was at its least.
            if s.walk <= 0.0 && s.reported.1 == 0 {
                *s = Search {
                    who: s.who,
                    first: q.event.ts,
                    walk: s.walk,
                    domains: std::mem::take(&mut s.domains),
                    asked: std::mem::take(&mut s.asked),
                    ..Search::default()
                };
            }
            let random = randomness(&q.domain);
            s.walk = (s.walk + STEPS.0 + (STEPS.1 - STEPS.0) * random).min(WALK.1);
            s.missing.insert(domain);
            s.failed += 1;
            s.random += f64::from(random);
            s.last = s.last.max(q.event.ts);
            if s.first == 0.0 {
                s.first = q.event.ts;
            }
            s.uids.add(q.event.uid());
            if s.examples.len() < EXAMPLES {
                s.examples.extend(text::name(&q.domain, EXAMPLE));
            }
            let size = s.missing.count();
            if s.walk < wanted || size < MIN_DOMAINS {
                return;
            }
            if s.reported.1 == 0 || network.has_grown(s.reported.0, size) {
                s.reported = (size, s.reported.1 + 1);
                out.push(s.finding(q.orig, f64::from(wanted)));
            }
        });
    }
}

impl AtDomain {
    fn finding(&self, times: f64, askers: f64) -> Finding {
        let (orig, domain) = self
            .who
            .clone()
            .unwrap_or((IpAddr::from([0; 4]), String::new()));
        let entity = Entity::Name {
            orig,
            name: domain.clone(),
        };
        let names = self.names.count().min(self.queries as f64);
        let reasons = vec![
            Evidence::new(
                "names",
                format!(
                    "{} different ones, {} queries",
                    text::count(names),
                    self.queries
                ),
            ),
            Evidence::new("sent in names", format!("{:.0} bytes", self.sent)),
            Evidence::new("answers", format!("{:.0} bytes", self.answered)),
            Evidence::new(
                "types that carry data",
                format!("{} queries", self.carriers),
            ),
            Evidence::new("longest", self.longest.clone()),
            Evidence::new("hosts that ask", text::count(askers)),
        ];
        Finding {
            id: Key::new(entity.key())
                .bytes(DNS_TUNNEL.name.as_bytes())
                .finish(),
            kind: BehaviorKind(&DNS_TUNNEL),
            // Twice as much is half a point more.
            score: (4.0 + times.max(1.0).log2() / 2.0).min(10.0),
            basis: Basis::Rule,
            confidence: if self.carriers * 2 > self.queries {
                0.8
            } else {
                0.6
            },
            first: self.first,
            last: self.last,
            count: self.queries,
            update: self.reported.1.saturating_sub(1),
            reasons,
            uids: self.uids.texts(),
            entity,
            name: Some(domain),
        }
    }
}

impl Search {
    fn finding(&self, orig: IpAddr, wanted: f64) -> Finding {
        let entity = Entity::Host(orig);
        let missing = self.missing.count().min(self.failed as f64);
        let reasons = vec![
            Evidence::new("domains that do not exist", text::count(missing)),
            Evidence::new("look random", text::share(self.random, missing)),
            Evidence::new("within", text::span(self.last - self.first)),
            Evidence::new("such as", self.examples.join(", ")),
        ];
        Finding {
            id: Key::new(entity.key())
                .bytes(DGA_ACTIVITY.name.as_bytes())
                .finish(),
            kind: BehaviorKind(&DGA_ACTIVITY),
            score: f64::from(self.walk).max(wanted),
            basis: Basis::Probability,
            confidence: (0.3 + 0.5 * self.random / missing.max(1.0)).min(0.8),
            first: self.first,
            last: self.last,
            count: self.failed,
            update: self.reported.1.saturating_sub(1),
            reasons,
            uids: self.uids.texts(),
            entity,
            name: None,
        }
    }
}

/// A query for a name below a registered domain.
struct Query<'a> {
    event: &'a Event<'a>,
    orig: IpAddr,
    name: &'a [u8],
    /// The registered domain, in lower case.
    domain: Vec<u8>,
    /// Bytes of the name in front of that.
    below: usize,
}

impl<'a> Query<'a> {
    fn of(event: &'a Event<'a>) -> Option<Query<'a>> {
        if event.log != Log::Dns || event.port == Some(5353) || event.port == Some(137) {
            return None;
        }
        let name = event.text(Column::Query)?;
        let name = name.strip_suffix(b".").unwrap_or(name);
        let folded = lower(name);
        let domain = text::registered_domain(&folded)?.to_vec();
        Some(Query {
            event,
            orig: event.orig?,
            below: name.len().saturating_sub(domain.len() + 1),
            name,
            domain,
        })
    }
}

/// A name in lower case, as far as names go.
fn lower(name: &[u8]) -> Vec<u8> {
    name[..name.len().min(255)].to_ascii_lowercase()
}

/// How random a registered domain's own label looks, from 0 to 1: by its length, its different
/// letters, digits among letters, and runs without a vowel.
fn randomness(domain: &[u8]) -> f32 {
    let label = domain.split(|b| *b == b'.').next().unwrap_or_default();
    let n = label.len() as f32;
    if n < 6.0 {
        return 0.0;
    }
    let mut counts = [0u8; 256];
    let (mut run, mut longest, mut digits, mut vowels) = (0u8, 0u8, 0f32, 0f32);
    for b in label {
        let c = &mut counts[usize::from(*b)];
        *c = c.saturating_add(1);
        digits += f32::from(u8::from(b.is_ascii_digit()));
        if b"aeiouy".contains(b) {
            vowels += 1.0;
            run = 0;
        } else {
            run = run.saturating_add(1);
            longest = longest.max(run);
        }
    }
    let entropy: f32 = counts
        .iter()
        .filter(|c| **c > 0)
        .map(|c| {
            let p = f32::from(*c) / n;
            -p * p.log2()
        })
        .sum();
    let mixed = digits > 0.0 && digits < n;
    let marks = [
        ((entropy - 2.6) / 1.0).clamp(0.0, 1.0),
        ((f32::from(longest) - 2.0) / 3.0).clamp(0.0, 1.0),
        ((0.35 - vowels / n) / 0.25).clamp(0.0, 1.0),
        if mixed { 1.0 } else { 0.0 },
    ];
    (marks.iter().sum::<f32>() / 2.5).min(1.0)
}

impl Behavior for Dns {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let Some(q) = Query::of(event) else {
            return;
        };
        if q.below > 0 {
            self.tunnel(&q, network, out);
        }
        self.search(&q, network, out);
    }

    fn observe_side(&mut self, event: &Event<'_>, network: &NetworkView, _: &mut Vec<Finding>) {
        if let Some(q) = Query::of(event).filter(|q| q.below > 0 && event.view == View::Network) {
            self.asks(&q, network);
        }
    }

    fn memory(&self) -> usize {
        let at = |d: &AtDomain| if d.is_established() { AT_HEAP } else { 500 };
        let search = |s: &Search| if s.is_established() { SEARCH_HEAP } else { 500 };
        self.at.memory(at) + self.of.memory(|_| Distinct::MAX_HEAP) + self.searches.memory(search)
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.at.given_up();
        g.add(self.of.given_up());
        g.add(self.searches.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.at, &self.of, &self.searches))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<AtDomain>, Saved<Distinct>, Saved<Search>);
        let (at, of, searches): All = crate::codec::decode(bytes)?;
        self.at.restore(at)?;
        self.of.restore(of)?;
        self.searches.restore(searches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names_look_more_random_than_ordinary_ones() {
        let ordinary = [
            "wikipedia.org",
            "microsoft.com",
            "stackoverflow.com",
            "zeek.org",
        ];
        let random = [
            "xkqjhwpzvb.com",
            "a9f3k2l8q1.net",
            "ihyy8tuc2lesjma09p.test",
        ];
        let of = |n: &str| randomness(n.as_bytes());
        let most = ordinary.map(of).into_iter().fold(0.0, f32::max);
        let least = random.map(of).into_iter().fold(1.0, f32::min);
        assert!(most < least, "{most} {least}");
    }
}
