//! What was never there before: hosts, services, clients and software.
//!
//! A thing that is new is weak evidence; networks bring some every day. So nothing is said before
//! some days have been learned, a thing that no host of the network had counts more than one that is
//! new for one host alone, and what is new about a host within a day is one finding.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log, Outcome};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, FIRST_SEEN, NEW_HOST};
use crate::network::{NetworkView, is_unicast};
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static DAYS: Param = Param {
    name: "first.days",
    default: 3.0,
    min: 0.0,
    max: 365.0,
    help: "days with records that are learned before anything is called new",
};

static WEIGHT: Param = Param {
    name: "first.things",
    default: 3.0,
    min: 1.0,
    max: 1000.0,
    help: "new things about one host within a day that are worth a finding; what is new for the \
           host alone counts a quarter",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "firsts",
    params: &[&DAYS, &WEIGHT],
    share: 10,
    make: |_, budget| Box::new(Firsts::new(budget)),
};

const DAY: f64 = 86_400.0;

/// What a thing counts that is new for a host and known in the network.
const FOR_HOST: f32 = 0.25;

/// Things that are named.
const NAMED: usize = 5;

/// The longest name of a thing, in bytes.
const LONGEST: usize = 60;

/// The domains of keys.
const THING: u64 = 0xf157_0001;
const HOST: u64 = 0xf157_0002;

/// One thing, and who has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Thing(Distinct);

impl Entry for Thing {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        self.0.count()
    }

    fn is_sound(&self) -> bool {
        self.0.is_sound()
    }
}

/// What is new about one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Host {
    since: f64,
    /// The day that is looked at, since its first new thing.
    from: f64,
    last: f64,
    weight: f32,
    count: u32,
    things: Vec<String>,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for Host {
    fn is_established(&self) -> bool {
        self.last - self.since >= DAY
    }

    fn merit(&self) -> f64 {
        self.last - self.since
    }

    fn is_sound(&self) -> bool {
        self.things.len() <= NAMED
            && self.uids.is_sound()
            && self.weight.is_finite()
            && [self.since, self.from, self.last]
                .iter()
                .all(|n| n.is_finite())
    }
}

const HOST_HEAP: usize = NAMED * (LONGEST + 60) + Uids::MAX_HEAP;

/// The behaviour.
#[derive(Debug)]
struct Firsts {
    things: Table<Thing>,
    hosts: Table<Host>,
    /// Days with records (UTC), up to the latest of them.
    days: u32,
    latest: f64,
}

/// A thing in a record: its sort, what tells it from others, and whose it is.
struct Seen<'a> {
    sort: &'static str,
    value: &'a [u8],
    number: u64,
    host: IpAddr,
}

impl Firsts {
    fn new(budget: usize) -> Firsts {
        Firsts {
            things: Table::new(budget / 10 * 6, 64, Distinct::MAX_HEAP + 16),
            hosts: Table::new(budget / 10 * 4, HOST_HEAP, HOST_HEAP),
            days: 0,
            latest: 0.0,
        }
    }

    /// Counts the day of a record. A time without records teaches nothing.
    fn count_day(&mut self, ts: f64) {
        let day = (ts / DAY).floor();
        if self.days == 0 || day > self.latest {
            (self.days, self.latest) = (self.days.saturating_add(1), day);
        }
    }

    /// Whether enough days before this one have been seen.
    fn has_learned(&self, network: &NetworkView) -> bool {
        f64::from(self.days) > network.settings().get(&DAYS)
    }

    fn see(
        &mut self,
        e: &Event<'_>,
        seen: &Seen<'_>,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let host = network.key(HOST).addr(seen.host).finish();
        let thing = network
            .key(THING)
            .bytes(seen.sort.as_bytes())
            .bytes(seen.value)
            .number(seen.number)
            .finish();
        let (for_network, for_host) = self.things.update(thing, Thing::default, |t| {
            let nobody = t.0.count() == 0.0;
            (nobody, t.0.insert(host))
        });
        let learned = self.has_learned(network);
        if !for_host || !learned || network.learning {
            return;
        }
        let days = network.settings().get(&DAYS) * DAY;
        let wanted = network.threshold(&WEIGHT) as f32;
        self.hosts.update(host, Host::default, |h| {
            let weight = match for_network {
                true => 1.0,
                // A host that is new itself has everything for the first time.
                false if e.ts - h.since < days => return,
                false => FOR_HOST,
            };
            if e.ts - h.from > DAY {
                let (since, last) = (h.since, h.last);
                *h = Host {
                    since,
                    last,
                    from: e.ts,
                    ..Host::default()
                };
            }
            h.weight += weight;
            h.count = h.count.saturating_add(1);
            h.uids.add(e.uid());
            if for_network && h.things.len() < NAMED {
                let value = text::name(seen.value, LONGEST).unwrap_or_default();
                h.things.push(match seen.number {
                    0 => format!("{} {value}", seen.sort),
                    n => format!("{} {n}", seen.sort),
                });
            }
            if h.weight < wanted
                || h.reported.1 > 0 && !network.has_grown(h.reported.0, f64::from(h.weight))
            {
                return;
            }
            h.reported = (f64::from(h.weight), h.reported.1 + 1);
            let entity = Entity::Host(seen.host);
            out.push(Finding {
                id: Key::new(entity.key())
                    .bytes(FIRST_SEEN.name.as_bytes())
                    .number(h.from as u64)
                    .finish(),
                kind: BehaviorKind(&FIRST_SEEN),
                score: f64::from(3.0 + (h.weight / wanted).log2().max(0.0) / 2.0).min(5.0),
                basis: Basis::Rule,
                confidence: 0.25,
                first: h.from,
                last: e.ts,
                count: u64::from(h.count),
                update: h.reported.1 - 1,
                reasons: vec![
                    Evidence::new("new here", h.things.join(", ")),
                    Evidence::new("things", format!("{}", h.count)),
                    Evidence::new("within", text::span(e.ts - h.from)),
                ],
                uids: h.uids.texts(),
                entity,
                name: None,
            });
        });
    }

    /// A host of ours is seen.
    fn host(&mut self, e: &Event<'_>, host: IpAddr, network: &NetworkView, out: &mut Vec<Finding>) {
        let key = network.key(HOST).addr(host).finish();
        let learned = self.has_learned(network);
        let is_new = self.hosts.update(key, Host::default, |h| {
            let is_new = h.since == 0.0;
            if is_new {
                (h.since, h.from) = (e.ts, e.ts);
            }
            h.last = h.last.max(e.ts);
            is_new
        });
        if !is_new || !learned || network.learning {
            return;
        }
        let entity = Entity::Host(host);
        out.push(Finding {
            id: Key::new(entity.key())
                .bytes(NEW_HOST.name.as_bytes())
                .finish(),
            kind: BehaviorKind(&NEW_HOST),
            score: 3.0,
            basis: Basis::Rule,
            confidence: 0.15,
            first: e.ts,
            last: e.ts,
            count: 1,
            update: 0,
            reasons: vec![Evidence::new(
                "learned for",
                text::span(f64::from(self.days) * DAY),
            )],
            uids: vec![String::from_utf8_lossy(e.uid()).into_owned()],
            entity,
            name: None,
        });
    }
}

/// The things in a record.
fn things<'a>(e: &Event<'a>) -> Vec<Seen<'a>> {
    let mut out = Vec::new();
    let ours = e.orig.filter(|_| e.orig_local);
    let mut of = |sort, column: Column| {
        if let (Some(host), Some(value)) = (ours, e.text(column)) {
            out.push(Seen {
                sort,
                value,
                number: 0,
                host,
            });
        }
    };
    match e.log {
        Log::Http => of("user agent", Column::UserAgent),
        Log::Ssl => {
            of("JA3", Column::Ja3);
            of("JA4", Column::Ja4);
        }
        Log::Files => of("MIME type", Column::MimeType),
        Log::Software => {
            if let (Some(host), Some(value)) = (e.value(Column::Host).addr(), e.text(Column::Name))
            {
                out.push(Seen {
                    sort: "software",
                    value,
                    number: 0,
                    host,
                });
            }
        }
        Log::Conn if e.resp_local && e.outcome() == Outcome::Answered => {
            if let (Some(host), Some(port)) = (e.resp, e.port.filter(|p| *p > 0 && *p < 32_768)) {
                out.push(Seen {
                    sort: "service at port",
                    value: b"",
                    number: u64::from(port),
                    host,
                });
            }
        }
        _ => {}
    }
    out
}

impl Behavior for Firsts {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        self.count_day(event.ts);
        if event.log == Log::Conn
            && let Some(orig) = event.orig.filter(|o| event.orig_local && is_unicast(*o))
            // Addresses that a scan makes up answer nobody.
            && event.outcome() == Outcome::Answered
            && network.is_local(orig)
        {
            self.host(event, orig, network, out);
        }
        for seen in things(event) {
            self.see(event, &seen, network, out);
        }
    }

    fn memory(&self) -> usize {
        self.things.memory(|_| Distinct::MAX_HEAP) + self.hosts.memory(|_| HOST_HEAP)
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.things.given_up();
        g.add(self.hosts.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.things, &self.hosts, self.days, self.latest))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<Thing>, Saved<Host>, u32, f64);
        let (things, hosts, days, latest): All = crate::codec::decode(bytes)?;
        if !latest.is_finite() {
            return Err("a day that makes no sense".into());
        }
        self.things.restore(things)?;
        self.hosts.restore(hosts)?;
        (self.days, self.latest) = (days, latest);
        Ok(())
    }
}
