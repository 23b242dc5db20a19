//! Scans: somebody tries many hosts at one port, many ports of one host, or both.
//!
//! The test is the threshold random walk of Jung, Paxson, Berger and Balakrishnan ("Fast
//! portscan detection using sequential hypothesis testing", 2004): each *first* contact of a
//! source with another host (at one port) or another port (of one host) that fails makes a scan
//! more likely by log10(0.8/0.2), each that is answered with data less likely by as much. It
//! has no window of time, so a probe every hour counts as much as a hundred a second; there is
//! no number of hosts that is safe to reach if they answer, and none that is not if they do
//! not. Only originators are judged: a server that is scanned answers, it does not ask.
//!
//! Many sources that each try little of one host are looked at from the other side: by the ports
//! of a host that were tried in vain, and by how many.
mod contact;
mod tell;

use crate::behavior::{Behavior, Description};
use crate::entity::Key;
use crate::event::{Event, Log, Proto, View};
use crate::finding::{Finding, KindInfo, Stage};
use crate::settings::{Param, Settings};
use crate::state::{Distinct, Entry, Fading, GivenUp, Saved, Spans, Table, Uids};
use crate::world::World;
use contact::Contact;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

macro_rules! kind {
    ($id:ident, $name:literal, $notice:literal, $title:literal) => {
        #[doc = $title]
        pub static $id: KindInfo = KindInfo {
            name: $name,
            notice: $notice,
            title: $title,
            stage: Stage::Reconnaissance,
        };
    };
}

kind!(
    HORIZONTAL,
    "scan_horizontal",
    "Horizontal_Scan",
    "scan of many hosts"
);
kind!(
    VERTICAL,
    "scan_vertical",
    "Vertical_Scan",
    "scan of many ports"
);
kind!(
    BLOCK,
    "scan_block",
    "Block_Scan",
    "scan of many ports of many hosts"
);
kind!(
    DISTRIBUTED,
    "scan_distributed",
    "Distributed_Scan",
    "scan of one host by many"
);

static THRESHOLD: Param = Param {
    name: "scan.threshold",
    default: 4.0,
    min: 0.5,
    max: 100.0,
    help: "score from which first contacts that fail are a scan; 4 is seven of them in a row",
};

static UNANSWERED: Param = Param {
    name: "scan.unanswered",
    default: 1.0,
    min: 0.0,
    max: 1.0,
    help: "what a contact counts that a host from outside made and nobody answered (S0), against one \
           that was refused; 0 leaves out what a firewall blocked",
};

static SOURCES: Param = Param {
    name: "scan.distributed_sources",
    default: 12.0,
    min: 3.0,
    max: 10_000.0,
    help: "sources, and ports tried in vain, from which many scan one host together",
};

static DAYS: Param = Param {
    name: "scan.distributed_days",
    default: 7.0,
    min: 0.1,
    max: 365.0,
    help: "days for which a source counts among the many that scan one host; up to twice as long",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "scans",
    kinds: &[&HORIZONTAL, &VERTICAL, &BLOCK, &DISTRIBUTED],
    params: &[&THRESHOLD, &UNANSWERED, &SOURCES, &DAYS],
    share: 25,
    make: |settings, budget| Box::new(Scans::new(settings, budget)),
};

/// What an answered ping counts where the one before was pinged seconds ago.
const STEP_SWEEP: f32 = 0.25;

/// Seconds between two hosts of a sweep.
const SWEEP: f64 = 5.0;

/// The bounds of the walk: what was answered long ago does not buy much.
const WALK: (f32, f32) = (-2.0, 12.0);

/// Ports or hosts that are named.
const NAMED: usize = 5;

/// The domains of keys.
const LANES: u64 = 0x5ca0_0001;
const SOURCE: u64 = 0x5ca0_0002;
const TARGET: u64 = 0x5ca0_0003;
const CONTACT: u64 = 0x5ca0_0004;

/// What is the same in all contacts of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Port(u16),
    Host(IpAddr),
}

/// What a step of a walk led to.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Quiet,
    Alarmed,
    /// It alarmed just now: its contacts, how many of them failed, and the first moment.
    Now(Distinct, u32, f64),
}

/// A source's contacts with one port of many hosts, or with many ports of one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Walk {
    first: f64,
    /// The last new contact.
    last: f64,
    walk: f32,
    contacts: Distinct,
    failed: u32,
    alarmed: bool,
}

impl Entry for Walk {
    fn is_established(&self) -> bool {
        self.failed >= 3
    }

    fn merit(&self) -> f64 {
        f64::from(self.walk) + if self.alarmed { 20.0 } else { 0.0 }
    }

    fn is_sound(&self) -> bool {
        let walk = (WALK.0..=WALK.1).contains(&self.walk);
        self.contacts.is_sound() && walk && self.first.is_finite() && self.last.is_finite()
    }
}

/// What the lanes of one source add up to, once one of them has alarmed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Scanner {
    /// Who, and whether it is one of ours.
    who: Option<(IpAddr, bool)>,
    first: f64,
    last: f64,
    refused: u64,
    unanswered: u64,
    hosts: Distinct,
    ports: Distinct,
    /// Ports at which many hosts were tried, hosts of which many ports.
    swept: (Distinct, Vec<u16>),
    probed: (Distinct, Vec<IpAddr>),
    score: f32,
    uids: Uids,
    /// Targets at the last report, and reports: many hosts, many ports, both.
    reported: [(f64, u32); 3],
}

impl Entry for Scanner {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        f64::from(self.score)
    }

    fn is_sound(&self) -> bool {
        let all = [&self.hosts, &self.ports, &self.swept.0, &self.probed.0];
        all.iter().all(|d| d.is_sound())
            && self.uids.is_sound()
            && self.swept.1.len() <= NAMED
            && self.probed.1.len() <= NAMED
            && self.first.is_finite()
            && self.last.is_finite()
    }
}

/// A host whose ports are tried in vain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Target {
    who: Option<IpAddr>,
    spans: Spans,
    last: f64,
    sources: Fading,
    ports: Fading,
    failed: u64,
    answered: u64,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for Target {
    fn is_established(&self) -> bool {
        self.failed >= 8
    }

    fn merit(&self) -> f64 {
        self.sources.count().min(self.ports.count())
    }

    fn is_sound(&self) -> bool {
        self.sources.is_sound()
            && self.ports.is_sound()
            && self.uids.is_sound()
            && self.spans.is_sound()
    }
}

/// The behaviour. Sources of ours and from outside are kept apart: a flood from
/// outside does not wash out ours.
#[derive(Debug)]
struct Scans {
    ours: Table<Walk>,
    outside: Table<Walk>,
    scanners: Table<Scanner>,
    targets: Table<Target>,
}

const WALK_HEAP: (usize, usize) = (64, Distinct::MAX_HEAP + 16);
const SCANNER_HEAP: usize = 4 * (Distinct::MAX_HEAP + 16) + Uids::MAX_HEAP + 160;
const TARGET_HEAP: usize = 2 * Fading::MAX_HEAP + Uids::MAX_HEAP;

impl Target {
    /// A span is over: what was before it counts no more.
    fn turn(&mut self) {
        self.sources.turn();
        self.ports.turn();
        (self.failed, self.answered) = (self.failed / 2, self.answered / 2);
        // What grows now is news beside what is left.
        self.reported.0 = self.reported.0.min(self.size());
        self.uids = Uids::default();
    }

    fn size(&self) -> f64 {
        self.sources.count().min(self.ports.count())
    }
}

impl Scans {
    fn new(_: &Settings, budget: usize) -> Scans {
        let part = |tenths: usize| budget / 10 * tenths;
        Scans {
            ours: Table::new(part(4), WALK_HEAP.0, WALK_HEAP.1),
            outside: Table::new(part(3), WALK_HEAP.0, WALK_HEAP.1),
            scanners: Table::new(part(2), SCANNER_HEAP, SCANNER_HEAP),
            targets: Table::new(part(1), 200, TARGET_HEAP),
        }
    }

    /// Takes one step of a lane's walk.
    fn step(&mut self, c: &Contact<'_>, lane: Lane, world: &World) -> Step {
        let key = world.key(LANES).addr(c.orig).number(c.event.proto as u64);
        let (key, contact) = match lane {
            Lane::Port(p) => (key.number(u64::from(p)), Key::new(CONTACT).addr(c.resp)),
            Lane::Host(h) => (key.addr(h), Key::new(CONTACT).number(u64::from(c.port))),
        };
        let table = match c.event.orig_local {
            true => &mut self.ours,
            false => &mut self.outside,
        };
        let threshold = world.threshold(&THRESHOLD) as f32;
        table.update(key.finish(), Walk::default, |w| {
            if w.first == 0.0 {
                w.first = c.event.ts;
            }
            let before = w.alarmed;
            if w.contacts.insert(contact.finish()) {
                let sweeps = c.is_answered_echo() && (c.event.ts - w.last).abs() <= SWEEP;
                let step = if sweeps { STEP_SWEEP } else { c.step };
                w.last = c.event.ts;
                w.walk = (w.walk + step).clamp(WALK.0, WALK.1);
                w.failed = w.failed.saturating_add(u32::from(c.step > 0.0));
                w.alarmed |= w.walk >= threshold;
            }
            match (before, w.alarmed) {
                (_, false) => Step::Quiet,
                (true, true) => Step::Alarmed,
                (false, true) => Step::Now(w.contacts.clone(), w.failed, w.first),
            }
        })
    }

    fn scanner(
        &mut self,
        c: &Contact<'_>,
        swept: Step,
        probed: Step,
        world: &World,
        out: &mut Vec<Finding>,
    ) {
        let key = world.key(SOURCE).addr(c.orig).finish();
        let lane_score = world.threshold(&THRESHOLD) as f32;
        self.scanners.update(key, Scanner::default, |s| {
            s.who = Some((c.orig, c.event.orig_local));
            if s.first == 0.0 || c.event.ts < s.first {
                s.first = c.event.ts;
            }
            s.last = s.last.max(c.event.ts);
            match c.refused {
                true => s.refused += 1,
                false => s.unanswered += u64::from(c.step > 0.0),
            }
            let host = Key::new(CONTACT).addr(c.resp).finish();
            let port = Key::new(CONTACT).number(u64::from(c.port)).finish();
            // What the lane saw before it alarmed.
            for (step, into) in [(&swept, &mut s.hosts), (&probed, &mut s.ports)] {
                if let Step::Now(contacts, failed, first) = step {
                    into.merge(contacts);
                    s.first = s.first.min(*first);
                    match c.refused {
                        true => s.refused += u64::from(failed.saturating_sub(1)),
                        false => {
                            let this = u32::from(c.step > 0.0);
                            s.unanswered += u64::from(failed.saturating_sub(this));
                        }
                    }
                }
            }
            s.hosts.insert(host);
            s.ports.insert(port);
            s.uids.add(c.event.uid());
            if swept != Step::Quiet && s.swept.0.insert(port) && s.swept.1.len() < NAMED {
                s.swept.1.push(c.port);
            }
            if probed != Step::Quiet && s.probed.0.insert(host) && s.probed.1.len() < NAMED {
                s.probed.1.push(c.resp);
            }
            s.score = (lane_score + (s.hosts.count().max(s.ports.count()) / 7.0).log10() as f32)
                .clamp(lane_score, WALK.1);
            tell::report(s, world, false, out);
        });
    }

    fn target(&mut self, c: &Contact<'_>, world: &World, out: &mut Vec<Finding>) {
        let key = world.key(TARGET).addr(c.resp).finish();
        let wanted = world.threshold(&SOURCES);
        let span = world.settings().get(&DAYS) * 86_400.0;
        self.targets.update(key, Target::default, |t| {
            t.who = Some(c.resp);
            for _ in 0..t.spans.at(c.event.ts, span) {
                t.turn();
            }
            t.last = t.last.max(c.event.ts);
            if c.step <= 0.0 {
                t.answered += 1;
                return;
            }
            t.failed += 1;
            t.sources.insert(Key::new(CONTACT).addr(c.orig).finish());
            t.ports
                .insert(Key::new(CONTACT).number(u64::from(c.port)).finish());
            t.uids.add(c.event.uid());
            let (sources, ports) = (t.sources.count(), t.ports.count());
            let size = sources.min(ports);
            // One service that is down fails for many, at one port; one scanner tries many.
            if size < wanted || ports < sources / 2.0 || t.answered > t.failed {
                return;
            }
            if t.reported.1 == 0 || world.has_grown(t.reported.0, size) {
                t.reported = (size, t.reported.1 + 1);
                out.push(tell::distributed(t, c.resp, wanted));
            }
        });
    }
}

impl Behavior for Scans {
    fn observe(&mut self, event: &Event<'_>, world: &World, out: &mut Vec<Finding>) {
        if event.log != Log::Conn {
            return;
        }
        let Some(c) = Contact::of(event, world) else {
            return;
        };
        let swept = self.step(&c, Lane::Port(c.port), world);
        let probed = match event.proto {
            Proto::Icmp => Step::Quiet,
            _ => self.step(&c, Lane::Host(c.resp), world),
        };
        let counts = c.step > 0.0 || c.is_answered_echo();
        if counts && (swept != Step::Quiet || probed != Step::Quiet) {
            self.scanner(&c, swept, probed, world, out);
        }
        if event.resp_local && event.view == View::Whole {
            self.target(&c, world, out);
        }
    }

    fn observe_side(&mut self, event: &Event<'_>, world: &World, out: &mut Vec<Finding>) {
        if event.log == Log::Conn
            && event.view == View::Target
            && event.resp_local
            && let Some(c) = Contact::of(event, world)
        {
            self.target(&c, world, out);
        }
    }

    fn finish(&mut self, world: &World, out: &mut Vec<Finding>) {
        for s in self.scanners.values_mut() {
            tell::report(s, world, true, out);
        }
        let wanted = world.threshold(&SOURCES);
        let told = |t: &&mut Target| t.reported.1 > 0 && t.size() >= wanted;
        for t in self.targets.values_mut().filter(told) {
            if let Some(host) = t.who {
                out.push(tell::distributed(t, host, wanted));
            }
        }
    }

    fn memory(&self) -> usize {
        let walk = |w: &Walk| match w.failed {
            0..3 => WALK_HEAP.0,
            _ => WALK_HEAP.1,
        };
        self.ours.memory(walk)
            + self.outside.memory(walk)
            + self.scanners.memory(|_| SCANNER_HEAP)
            + self.targets.memory(|_| TARGET_HEAP)
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.ours.given_up();
        g.add(self.outside.given_up());
        g.add(self.scanners.given_up());
        g.add(self.targets.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.ours, &self.outside, &self.scanners, &self.targets))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<Walk>, Saved<Walk>, Saved<Scanner>, Saved<Target>);
        let (ours, outside, scanners, targets): All = crate::codec::decode(bytes)?;
        self.ours.restore(ours)?;
        self.outside.restore(outside)?;
        self.scanners.restore(scanners)?;
        self.targets.restore(targets)?;
        Ok(())
    }
}
