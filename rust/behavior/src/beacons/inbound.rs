//! Beacons seen at the server's side: somebody outside who calls a server of ours at regular intervals.
//!
//! Monitors, feeds and crawlers call public servers regularly, too, but as its users do: by its name, with a user agent
//! that says what they are. So only requests without a name count (no Host, or an address), by user agents that hardly
//! anybody else uses there, and only where a server has enough callers to tell.

use super::calls::Calls;
use super::rhythm::Verdict;
use super::tell::{Callers, finding_by};
use super::{THRESHOLD, regularity};
use crate::entity::Entity;
use crate::event::{Column, Event};
use crate::finding::{Evidence, Finding};
use crate::kinds::{BEACON, BehaviorKind};
use crate::network::{NetworkView, is_unicast, prevalence};
use crate::state::{Distinct, Entry, GivenUp, Saved, Table};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Callers of a server from which they tell what is usual there.
const ENOUGH: f64 = 20.0;

/// The domains of keys.
const CALLER: u64 = 0x0bea_0011;
const SERVER: u64 = 0x0bea_0012;
const SERIES: u64 = 0x0bea_0013;

/// The longest user agent that is shown, in bytes.
const SHOWN: usize = 120;

/// Who calls without a name, and by which user agent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Caller {
    calls: Calls,
    agent: Box<str>,
    /// The keys of all callers of the server, and of those with this user agent.
    groups: (u64, u64),
}

impl Entry for Caller {
    fn is_established(&self) -> bool {
        self.calls.is_established()
    }

    fn merit(&self) -> f64 {
        self.calls.merit()
    }

    fn is_sound(&self) -> bool {
        self.calls.is_sound() && self.agent.len() <= 2 * SHOWN
    }
}

impl Caller {
    fn finding(&self, score: f64, v: &Verdict, callers: &Callers) -> Option<Finding> {
        let mut f = finding_by(&self.calls, score, v, None, callers)?;
        f.reasons.push(Evidence::new("user agent", &*self.agent));
        f.reasons.push(Evidence::new("name asked for", "none"));
        Some(f)
    }
}

/// Who calls servers of ours.
#[derive(Debug)]
pub(super) struct Inbound {
    /// By caller and server.
    calls: Table<Caller>,
    /// Callers of a server, and those of a user agent there that give no name.
    callers: Table<Distinct>,
}

impl Inbound {
    /// Nobody so far, within so many bytes.
    pub fn new(budget: usize) -> Inbound {
        let (small, large) = Calls::HEAP;
        Inbound {
            calls: Table::new(budget / 2, small + 2 * SHOWN, large + 2 * SHOWN),
            callers: Table::new(budget / 2, 64, Distinct::MAX_HEAP + 16),
        }
    }

    /// Looks at a request (http.log).
    pub fn see(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(resp), Some(port)) = (e.orig, e.resp, e.port) else {
            return;
        };
        if e.orig_local || !e.resp_local || !is_unicast(orig) {
            return;
        }
        let caller = network.key(CALLER).addr(orig).finish();
        let server = network.key(SERVER).addr(resp).number(u64::from(port));
        self.callers
            .update(server.finish(), Distinct::default, |d| d.insert(caller));
        if e.name().is_some_and(is_name) {
            return;
        }
        let agent = e.text(Column::UserAgent).unwrap_or_default();
        let alike = server.bytes(agent).finish();
        self.callers
            .update(alike, Distinct::default, |d| d.insert(caller));
        let groups = (server.finish(), alike);
        let callers = Self::callers(&self.callers, groups);
        let key = server.number(SERIES).addr(orig).finish();
        let tested = self.calls.established();
        let size = e.text(Column::Uri).map_or(0.0, |u| u.len() as f64);
        out.extend(self.calls.update(key, Caller::default, |caller| {
            let c = &mut caller.calls;
            c.outside = true;
            if !c.add(e, size, true) || !c.is_due(network) || callers.hosts < ENOUGH {
                return None;
            }
            let (v, regular) = regularity(c, network)?;
            let rare = 1.0 - callers.prevalence;
            let score = regular * rare * rare;
            c.score = score as f32;
            let many = (tested as f64 / 100.0).max(1.0).log10();
            let (beats, _) = c.reported;
            let again = beats == 0 || network.has_grown(beats as f64, c.looked as f64);
            if score < network.threshold(&THRESHOLD) + many || !again {
                return None;
            }
            c.reported = (c.looked, c.reported.1 + 1);
            c.highest = c.highest.max(c.score);
            let entity = Entity::Pair {
                orig,
                resp,
                port: Some(port),
                proto: e.proto,
            };
            c.about = Some(Box::new((entity, BehaviorKind(&BEACON))));
            caller.agent = text::name(agent, SHOWN)
                .unwrap_or_else(|| "none".into())
                .into();
            caller.groups = groups;
            caller.finding(score, &v, &callers)
        }));
    }

    fn callers(table: &Table<Distinct>, (all, alike): (u64, u64)) -> Callers {
        let of = |key| table.get(key).map_or(0.0, Distinct::count);
        let (hosts, talkers) = (of(all), of(alike));
        Callers {
            talkers,
            hosts,
            prevalence: prevalence(talkers, hosts),
        }
    }

    /// Gives again what has grown.
    pub fn finish(&self, out: &mut Vec<Finding>) {
        for (_, caller) in self.calls.entries() {
            let c = &caller.calls;
            if c.about.is_some()
                && c.rhythm.beats() > c.reported.0
                && let Some(v) = c.rhythm.test()
            {
                let callers = Self::callers(&self.callers, caller.groups);
                out.extend(caller.finding(f64::from(c.highest), &v, &callers));
            }
        }
    }

    /// The memory that it takes now, in bytes.
    pub fn memory(&self) -> usize {
        self.calls.memory(|c| c.calls.heap() + c.agent.len())
            + self.callers.memory(|_| Distinct::MAX_HEAP)
    }

    /// What was given up to stay within memory.
    pub fn given_up(&self) -> GivenUp {
        let mut g = self.calls.given_up();
        g.add(self.callers.given_up());
        g
    }

    /// The state, to be saved.
    pub fn state(&self) -> (&Table<Caller>, &Table<Distinct>) {
        (&self.calls, &self.callers)
    }

    /// Becomes what was saved.
    ///
    /// # Errors
    /// What about it makes no sense.
    pub fn restore(&mut self, (calls, callers): SavedInbound) -> Result<(), &'static str> {
        self.calls.restore(calls)?;
        self.callers.restore(callers)
    }
}

/// The saved state.
pub(super) type SavedInbound = (Saved<Caller>, Saved<Distinct>);

/// Whether a host was asked for by a name, which is no address.
fn is_name(host: &[u8]) -> bool {
    !std::str::from_utf8(host).is_ok_and(|h| h.parse::<IpAddr>().is_ok())
}
