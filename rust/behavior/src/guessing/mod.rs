//! Guessing of credentials: many tries, slow ones, one password on many users, many sources on
//! one host, and the try that worked.
//!
//! The walk of one source against one host's service: each login that fails makes guessing more
//! likely by log10(0.95/0.3), each that works less by log10(0.7/0.05); people mistype three
//! logins in ten at worst. Like that of scans it has no window of time, so slow guessing adds up; it
//! does not fall below −1, so that a good history does not buy a night of guessing.
//! Spraying is counted in users (or hosts) that fail for one source, with few tries each, where the walk
//! over all of them says guessing, too: people who mistype get in afterwards.
mod login;
mod state;
mod tell;

use crate::behavior::{Behavior, Description};
use crate::event::{Event, View};
use crate::finding::Finding;
use crate::network::NetworkView;
use crate::settings::{Param, Settings};
use crate::state::{Distinct, Entry, Fading, GivenUp, Saved, Table, Uids};
use login::{Came, Login, Who};
use state::{Group, Pair};

static THRESHOLD: Param = Param {
    name: "guessing.threshold",
    default: 4.5,
    min: 0.5,
    max: 100.0,
    help: "score from which failed logins are guessing; 4.5 is nine of them in a row",
};

static USERS: Param = Param {
    name: "guessing.spray",
    default: 8.0,
    min: 3.0,
    max: 10_000.0,
    help: "users or hosts at which one source fails, from which that is spraying; the same number of \
           sources at one host is guessing by many",
};

static SESSIONS: Param = Param {
    name: "guessing.sessions",
    default: 40.0,
    min: 5.0,
    max: 100_000.0,
    help: "logins within about an hour of which no log tells how they ended (RDP, SSH, FTP), from \
           which they are guessing",
};

static DAYS: Param = Param {
    name: "guessing.group_days",
    default: 7.0,
    min: 0.1,
    max: 365.0,
    help: "days for which a user, host or source counts among those of spraying, and of guessing by many; up to \
           twice as long",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "guessing",
    params: &[&THRESHOLD, &USERS, &SESSIONS, &DAYS],
    share: 10,
    make: |settings, budget| Box::new(Guessing::new(settings, budget)),
};

/// log10(0.95/0.3) and log10(0.05/0.7).
const FAILED: f64 = 0.5;
const WORKED: f64 = -1.15;

/// The bounds of the walk.
const WALK: (f64, f64) = (-1.0, 12.0);

/// The share of the threshold from which a login that works is a guess that did.
const SUSPECT: f64 = 0.75;

/// Tries for each user up to which failures are spraying and not forgotten passwords.
const TRIES_EACH: f64 = 6.0;

/// The half-life of sessions that nothing is known of, in seconds.
const HALF_LIFE: f64 = 3600.0;

/// The domains of keys.
const PAIR: u64 = 0x9e55_0001;
const SOURCE: u64 = 0x9e55_0002;
const TARGET: u64 = 0x9e55_0003;
const THING: u64 = 0x9e55_0004;

/// The behaviour.
#[derive(Debug)]
struct Guessing {
    pairs: Table<Pair>,
    sources: Table<Group>,
    targets: Table<Group>,
}

const PAIR_HEAP: usize = Distinct::MAX_HEAP + Uids::MAX_HEAP + 16;
const GROUP_HEAP: usize = 2 * Fading::MAX_HEAP + Uids::MAX_HEAP;
const SMALL_HEAP: usize = 256;

impl Guessing {
    fn new(_: &Settings, budget: usize) -> Guessing {
        Guessing {
            pairs: Table::new(budget / 2, SMALL_HEAP, PAIR_HEAP),
            sources: Table::new(budget / 4, SMALL_HEAP, GROUP_HEAP),
            targets: Table::new(budget / 4, SMALL_HEAP, GROUP_HEAP),
        }
    }

    fn pair(&mut self, l: &Login<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let key = network
            .key(PAIR)
            .addr(l.orig)
            .addr(l.resp)
            .number(u64::from(l.port.unwrap_or(0)))
            .bytes(l.service.as_bytes());
        let threshold = network.threshold(&THRESHOLD);
        let sessions = network.threshold(&SESSIONS);
        self.pairs.update(key.finish(), Pair::default, |p| {
            let who = *p.who.get_or_insert_with(|| Who::of(l));
            span(&mut p.first, &mut p.last, l.event.ts, |passed| {
                p.sessions *= 0.5f64.powf(passed / HALF_LIFE);
            });
            p.seen += 1;
            let suspect = p.walk >= SUSPECT * threshold;
            if l.failed > 0.0 || l.came == Came::Unknown {
                p.uids.add(l.event.uid());
            }
            p.failed += l.failed;
            p.walk = (p.walk + l.failed * FAILED).min(WALK.1);
            if let Some(user) = l.user {
                p.users.insert(network.key(THING).bytes(user).finish());
            }
            match l.came {
                Came::Unknown if l.failed == 0.0 => p.sessions += 1.0,
                Came::Unknown | Came::Failed => {}
                Came::Used => p.sessions = (p.sessions - 1.0).max(0.0),
                Came::Worked => {
                    p.worked += 1;
                    if suspect && !p.success_reported {
                        p.success_reported = true;
                        p.uids.add(l.event.uid());
                        out.push(tell::success(p, &who, l));
                    }
                    p.walk = (p.walk + WORKED).max(WALK.0);
                }
            }
            let strong = p.walk >= threshold;
            let many = p.sessions >= sessions;
            let size = p.failed.max(p.sessions);
            if !(strong || many) || (p.reported.1 > 0 && !network.has_grown(p.reported.0, size)) {
                return;
            }
            p.reported = (size, p.reported.1 + 1);
            out.push(tell::guessing(p, &who, threshold));
        });
    }

    /// What one source does at all hosts, or all sources at one host.
    fn group(
        &mut self,
        l: &Login<'_>,
        of_source: bool,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let (table, domain, host, other) = match of_source {
            true => (&mut self.sources, SOURCE, l.orig, l.resp),
            false => (&mut self.targets, TARGET, l.resp, l.orig),
        };
        let key = network.key(domain).addr(host).bytes(l.service.as_bytes());
        let (wanted, threshold) = (network.threshold(&USERS), network.threshold(&THRESHOLD));
        let days = network.settings().get(&DAYS) * 86_400.0;
        table.update(key.finish(), Group::default, |g| {
            let who = *g.who.get_or_insert_with(|| Who::of(l));
            for _ in 0..g.spans.at(l.event.ts, days) {
                g.turn();
            }
            g.last = g.last.max(l.event.ts);
            g.walk = (g.walk + l.failed * FAILED).min(WALK.1);
            if l.came == Came::Worked {
                g.worked += 1;
                g.walk = (g.walk + WORKED).max(WALK.0);
            }
            if l.failed == 0.0 {
                return;
            }
            g.failed += l.failed;
            g.uids.add(l.event.uid());
            g.hosts.insert(network.key(THING).addr(other).finish());
            if let Some(user) = l.user {
                g.users.insert(network.key(THING).bytes(user).finish());
            }
            let size = match of_source {
                true => g.hosts.count().max(g.users.count()),
                false => g.hosts.count(),
            };
            let few_each = !of_source || g.failed / size <= TRIES_EACH || g.hosts.count() >= wanted;
            if size < wanted || !few_each || g.walk < threshold {
                return;
            }
            if g.reported.1 > 0 && !network.has_grown(g.reported.0, size) {
                return;
            }
            g.reported = (size, g.reported.1 + 1);
            out.push(tell::spraying(g, &who, size / wanted, of_source));
        });
    }
}

impl Behavior for Guessing {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let Some(login) = Login::of(event) else {
            return;
        };
        self.pair(&login, network, out);
        // Web servers say 403 for many reasons that are nobody's password.
        if login.service != "http" || login.user.is_some() {
            self.group(&login, true, network, out);
            if event.view == View::Whole {
                self.group(&login, false, network, out);
            }
        }
    }

    fn observe_side(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let Some(login) = Login::of(event).filter(|_| event.view == View::Target) else {
            return;
        };
        if login.service != "http" || login.user.is_some() {
            self.group(&login, false, network, out);
        }
    }

    fn finish(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        let threshold = network.threshold(&THRESHOLD);
        for p in self.pairs.values_mut().filter(|p| p.reported.1 > 0) {
            if let Some(who) = p.who {
                out.push(tell::guessing(p, &who, threshold));
            }
        }
        let wanted = network.threshold(&USERS);
        for (of_source, table) in [(true, &mut self.sources), (false, &mut self.targets)] {
            for g in table.values_mut().filter(|g| g.reported.1 > 0) {
                let size = g.hosts.count().max(g.users.count());
                if let Some(who) = g.who.filter(|_| size >= wanted) {
                    out.push(tell::spraying(g, &who, size / wanted, of_source));
                }
            }
        }
    }

    fn memory(&self) -> usize {
        let group = |g: &Group| {
            if g.failed < 3.0 {
                SMALL_HEAP
            } else {
                GROUP_HEAP
            }
        };
        self.pairs.memory(|p| match p.is_established() {
            true => PAIR_HEAP,
            false => SMALL_HEAP,
        }) + self.sources.memory(group)
            + self.targets.memory(group)
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.pairs.given_up();
        g.add(self.sources.given_up());
        g.add(self.targets.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.pairs, &self.sources, &self.targets))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<Pair>, Saved<Group>, Saved<Group>);
        let (pairs, sources, targets): All = crate::codec::decode(bytes)?;
        self.pairs.restore(pairs)?;
        self.sources.restore(sources)?;
        self.targets.restore(targets)?;
        Ok(())
    }
}

/// Notes a moment; `passed` gets the seconds since the last one.
fn span(first: &mut f64, last: &mut f64, ts: f64, passed: impl FnOnce(f64)) {
    if *last > 0.0 {
        passed((ts - *last).max(0.0));
    }
    if *first == 0.0 || ts < *first {
        *first = ts;
    }
    *last = last.max(ts);
}
