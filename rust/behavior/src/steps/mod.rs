//! The steps of an intruder inside: what is made to run, read, changed or brought on other hosts.
//!
//! Each step leaves few records, and each has harmless uses. What tells them apart without a baseline is rarity: what
//! several hosts do at one server is what it is there for. So a sign that is common waits ([`WAIT`]), and then counts
//! only where few did the same. The signs are in [`table`], what hosts are for each other in [`roles`].

mod roles;
mod signs;
mod table;
mod tickets;

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, REMOTE_ENUMERATION};
use crate::network::NetworkView;
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use roles::Roles;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
pub use signs::is_admin_share;
use signs::{fetched, is_program, is_written, session};
use std::collections::VecDeque;
use std::net::IpAddr;
use table::{Between, Place, SIGNS, Sign};
use tickets::Tickets;

static THRESHOLD: Param = Param {
    name: "steps.threshold",
    default: 3.0,
    min: 0.5,
    max: 100.0,
    help: "score from which what a host does on another one is a finding; creating a service or a task is 4.5",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "steps",
    params: &[&THRESHOLD, &tickets::SERVICES],
    share: 8,
    make: |_, budget| Box::new(Steps::new(budget)),
};

/// How long a sign that is common waits for others that do the same, in seconds.
const WAIT: f64 = 900.0;

/// How long it takes to know the servers of the directory, in seconds: each member asks one of them every hour or so.
const LEARNS: f64 = 4.0 * 3600.0;

/// Steps that wait at most; the oldest are judged early.
const MAX_WAITING: usize = 4096;

/// Hosts that do the same at one server, from which it is there for it.
const USUAL: f64 = 3.0;

/// What a sign that is common weighs more at a workstation, which is there for nobody.
const AT_WORKSTATION: f64 = 0.5;

/// What all signs but the heaviest weigh.
const OTHERS: f64 = 0.5;

/// Signs and targets that are kept of one step.
const KEPT: usize = 16;

/// Signs and targets that are named.
const NAMED: usize = 5;

/// The behavior reports a step again after this time, in seconds.
const EVERY: f64 = 86_400.0;

/// The domains of keys.
const STEP: u64 = 0x57e9_0021;
const CALLERS: u64 = 0x57e9_0022;

/// One sign at one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    sign: u8,
    at: IpAddr,
}

/// What one host does of one kind, at one host or at several.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Step {
    by: Option<IpAddr>,
    first: f64,
    last: f64,
    count: u64,
    seen: Vec<Seen>,
    uids: Uids,
    waits: bool,
    reported: (f64, u64, u32),
}

impl Step {
    /// Whom it is about.
    fn entity(&self) -> Option<Entity> {
        let (by, seen) = (self.by?, self.seen.first()?);
        Some(match is_spread(sign(seen.sign)?) {
            true => Entity::Host(by),
            false => Entity::Pair {
                orig: by,
                resp: seen.at,
                port: None,
                proto: crate::event::Proto::Tcp,
            },
        })
    }
}

impl Entry for Step {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        self.last
    }

    fn is_sound(&self) -> bool {
        [self.first, self.last, self.reported.0]
            .iter()
            .all(|v| v.is_finite())
            && self.uids.is_sound()
            && self.seen.len() <= KEPT
            && self.seen.iter().all(|s| sign(s.sign).is_some())
    }
}

const HEAP: usize = KEPT * size_of::<Seen>() + Uids::MAX_HEAP;

/// The behaviour.
#[derive(Debug)]
struct Steps {
    steps: Table<Step>,
    /// Who does what at whom.
    callers: Table<Distinct>,
    waiting: VecDeque<(f64, u64)>,
    /// When the first record was.
    began: f64,
    roles: Roles,
    tickets: Tickets,
}

fn sign(number: u8) -> Option<&'static Sign> {
    SIGNS.get(usize::from(number))
}

/// Looking around is one thing, at however many hosts.
fn is_spread(sign: &Sign) -> bool {
    sign.kind.name == REMOTE_ENUMERATION.name
}

impl Steps {
    fn new(budget: usize) -> Steps {
        let part = budget / 8;
        Steps {
            steps: Table::new(part * 2, HEAP, HEAP),
            callers: Table::new(part * 2, 64, Distinct::MAX_HEAP + 16),
            waiting: VecDeque::new(),
            began: 0.0,
            roles: Roles::new(part * 2),
            tickets: Tickets::new(part),
        }
    }

    /// Who does this at a host; at any, for what workstations do to each other.
    fn callers_key(number: u8, at: IpAddr, network: &NetworkView) -> u64 {
        let key = network.key(CALLERS).number(u64::from(number));
        match sign(number).is_some_and(|s| s.between == Between::Workstations) {
            true => key.finish(),
            false => key.addr(at).finish(),
        }
    }

    fn see(
        &mut self,
        e: &Event<'_>,
        place: usize,
        (orig, at): (IpAddr, IpAddr),
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let Some((number, sign)) = u8::try_from(place).ok().and_then(|n| Some((n, sign(n)?)))
        else {
            return;
        };
        // Servers that are used by all are no workstations, and learned before their users are looked at.
        let caller = network.key(CALLERS).addr(orig).finish();
        let counts = match sign.between {
            Between::Workstations => {
                !self.roles.is_server(at, network) && !self.roles.is_server(orig, network)
            }
            _ => true,
        };
        if !counts {
            return;
        }
        self.callers.update(
            Self::callers_key(number, at, network),
            Distinct::default,
            |d| d.insert(caller),
        );
        let key = network
            .key(STEP)
            .bytes(sign.kind.name.as_bytes())
            .addr(orig);
        let key = match is_spread(sign) {
            true => key.finish(),
            false => key.addr(at).finish(),
        };
        let waits = self.steps.update(key, Step::default, |s| {
            if e.ts - s.last > EVERY {
                *s = Step {
                    by: Some(orig),
                    first: e.ts,
                    waits: s.waits,
                    ..Step::default()
                };
            }
            s.first = s.first.min(e.ts);
            s.last = s.last.max(e.ts);
            s.count = s.count.saturating_add(1);
            s.uids.add(e.uid());
            let seen = Seen { sign: number, at };
            if !s.seen.contains(&seen) && s.seen.len() < KEPT {
                s.seen.push(seen);
            }
            !sign.common || std::mem::replace(&mut s.waits, true)
        });
        match (sign.common, waits) {
            (false, _) => self.judge(key, network, out),
            (true, false) => {
                let due = match sign.between {
                    Between::NoDirectoryServer => e.ts.max(self.began + LEARNS),
                    _ => e.ts + WAIT,
                };
                self.waiting.push_back((due, key));
            }
            _ => {}
        }
        while self.waiting.len() > MAX_WAITING {
            self.judge_first(network, out);
        }
    }

    fn judge_first(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        if let Some((_, key)) = self.waiting.pop_front() {
            if let Some(s) = self.steps.get_mut(key) {
                s.waits = false;
            }
            self.judge(key, network, out);
        }
    }

    /// The weight of a sign of a host at another one; 0 where it is usual.
    fn weight(&self, by: IpAddr, seen: Seen, network: &NetworkView) -> f64 {
        let Some(sign) = sign(seen.sign) else {
            return 0.0;
        };
        let (roles, is_workstation) = (&self.roles, self.roles.is_workstation(seen.at, network));
        let counts = match sign.between {
            Between::Any => true,
            Between::NoDirectoryServer => !roles.is_directory(by, network),
            Between::Workstations => is_workstation && !roles.is_server(by, network),
            Between::ToWorkstation => is_workstation,
            Between::ToOtherRole => is_workstation || roles.is_directory(seen.at, network),
        };
        let callers = self
            .callers
            .get(Self::callers_key(seen.sign, seen.at, network));
        let usual = sign.common && callers.is_some_and(|c| c.count() >= USUAL);
        match counts && !usual {
            true if sign.common && sign.between == Between::Any && is_workstation => {
                sign.weight + AT_WORKSTATION
            }
            true => sign.weight,
            false => 0.0,
        }
    }

    fn judge(&mut self, key: u64, network: &NetworkView, out: &mut Vec<Finding>) {
        let Some((by, step)) = self.steps.get(key).and_then(|s| Some((s.by?, s))) else {
            return;
        };
        // The weight of each sign, at the host where it weighs most.
        let mut of_signs: Vec<(u8, f64)> = Vec::new();
        let mut targets: Vec<IpAddr> = Vec::new();
        for seen in &step.seen {
            let weight = self.weight(by, *seen, network);
            if weight <= 0.0 {
                continue;
            }
            if !targets.contains(&seen.at) {
                targets.push(seen.at);
            }
            match of_signs.iter_mut().find(|(n, _)| *n == seen.sign) {
                Some((_, w)) => *w = w.max(weight),
                None => of_signs.push((seen.sign, weight)),
            }
        }
        of_signs.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut weights = of_signs.iter().map(|(_, w)| w);
        let (Some(first), Some(entity)) = (weights.next(), step.entity()) else {
            return;
        };
        let total = first + OTHERS * weights.sum::<f64>() + (targets.len() as f64).log2();
        let (told, count, updates) = step.reported;
        let more = updates == 0 || total > told + 0.5 || step.count >= count.saturating_mul(10);
        if total < network.threshold(&THRESHOLD) || !more {
            return;
        }
        let Some(kind) = of_signs.first().and_then(|(n, _)| sign(*n)).map(|s| s.kind) else {
            return;
        };
        let signs = of_signs.iter().filter_map(|(n, _)| sign(*n));
        let what: Vec<String> = signs
            .map(|s| format!("{} ({})", s.what, s.technique))
            .collect();
        let mut reasons = vec![Evidence::new(
            "what",
            text::listed(&what, what.len() as f64, NAMED),
        )];
        if entity.other().is_none() {
            reasons.push(Evidence::new(
                "at",
                text::listed(&targets, targets.len() as f64, NAMED),
            ));
        }
        if of_signs
            .iter()
            .any(|(n, _)| sign(*n).is_some_and(|s| s.common))
        {
            reasons.push(Evidence::new("how usual", "fewer than 3 hosts do the same"));
        }
        out.push(Finding {
            id: Key::new(entity.key())
                .bytes(kind.name.as_bytes())
                .number(step.first as u64)
                .finish(),
            kind: BehaviorKind(kind),
            score: total.min(8.0),
            basis: Basis::Rule,
            // How heavy it is, is how rarely it is harmless.
            confidence: (total / 8.0).clamp(0.3, 0.7),
            first: step.first,
            last: step.last,
            count: step.count,
            update: updates,
            reasons,
            uids: step.uids.texts(),
            entity,
            name: None,
        });
        if let Some(s) = self.steps.get_mut(key) {
            s.reported = (total, s.count, updates + 1);
        }
    }
}

impl Behavior for Steps {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        if self.began == 0.0 || event.ts < self.began {
            self.began = event.ts;
        }
        let (Some(orig), Some(resp)) = (event.orig, event.resp) else {
            return;
        };
        if !event.orig_local || !event.resp_local || orig == resp {
            return;
        }
        self.roles.see(event, (orig, resp), network);
        let place = match event.log {
            Log::DceRpc => event.text(Column::Operation).and_then(table::of_operation),
            Log::Conn => session(event).map(|s| s as usize),
            Log::Http => fetched(event).map(|s| s as usize),
            Log::SmbMapping if event.text(Column::Path).is_some_and(is_admin_share) => {
                Some(Place::AdminShare as usize)
            }
            Log::SmbFiles
                if is_written(event) && event.text(Column::Name).is_some_and(is_program) =>
            {
                let admin = event.text(Column::Path).is_some_and(is_admin_share);
                Some(if admin {
                    Place::AdminProgram
                } else {
                    Place::Program
                } as usize)
            }
            Log::Kerberos => {
                self.tickets.see(event, orig, network, out);
                None
            }
            _ => None,
        };
        if let Some(place) = place {
            self.see(event, place, (orig, resp), network, out);
        }
    }

    fn observe_side(&mut self, event: &Event<'_>, network: &NetworkView, _: &mut Vec<Finding>) {
        if let (Some(orig), Some(resp)) = (event.orig, event.resp)
            && event.orig_local
            && event.resp_local
            && orig != resp
        {
            self.roles.see(event, (orig, resp), network);
        }
    }

    fn tick(&mut self, now: f64, network: &NetworkView, out: &mut Vec<Finding>) {
        // A clock that was set back lets nothing wait for long.
        let is_due = |due: f64| due <= now || due > now + 2.0 * LEARNS;
        for _ in 0..self.waiting.len() {
            match self.waiting.front() {
                Some((due, _)) if is_due(*due) => self.judge_first(network, out),
                _ => self.waiting.rotate_left(1),
            }
        }
    }

    fn finish(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        while !self.waiting.is_empty() {
            self.judge_first(network, out);
        }
    }

    fn memory(&self) -> usize {
        self.steps.memory(|_| HEAP)
            + self.callers.memory(|_| Distinct::MAX_HEAP)
            + self.waiting.capacity() * 16
            + self.roles.memory()
            + self.tickets.memory()
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.steps.given_up();
        for more in [
            self.callers.given_up(),
            self.roles.given_up(),
            self.tickets.given_up(),
        ] {
            g.add(more);
        }
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        let parts = (
            ByteBuf::from(self.roles.save()?),
            ByteBuf::from(self.tickets.save()?),
        );
        crate::codec::encode(&(&self.steps, &self.callers, &self.waiting, self.began, parts))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type Parts = (ByteBuf, ByteBuf);
        type All = (
            Saved<Step>,
            Saved<Distinct>,
            VecDeque<(f64, u64)>,
            f64,
            Parts,
        );
        let (steps, callers, waiting, began, (roles, tickets)): All = crate::codec::decode(bytes)?;
        if waiting.len() > MAX_WAITING
            || !began.is_finite()
            || !waiting.iter().all(|(due, _)| due.is_finite())
        {
            return Err("steps that wait without an end".into());
        }
        self.steps.restore(steps)?;
        self.callers.restore(callers)?;
        (self.waiting, self.began) = (waiting, began);
        self.roles.restore(&roles)?;
        self.tickets.restore(&tickets)
    }
}
