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
mod state;
mod tell;

use crate::behavior::{Behavior, Description};
use crate::event::{Event, Log, Proto, View};
use crate::finding::Finding;
use crate::infrastructure::is_time;
use crate::network::NetworkView;
use crate::settings::Settings;
use crate::state::{Distinct, Fading, GivenUp, Saved, Table, Uids};
use contact::Contact;
use state::{DAYS, NAMED, SOURCES, Scanner, THRESHOLD, Target, UNANSWERED, WALK, Walk};
use std::net::IpAddr;

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "scans",
    params: &[&THRESHOLD, &UNANSWERED, &SOURCES, &DAYS],
    share: 25,
    make: |settings, budget| Box::new(Scans::new(settings, budget)),
};

/// What an answered ping counts where the one before was pinged seconds ago.
const STEP_SWEEP: f32 = 0.25;

/// Seconds between two hosts of a sweep.
const SWEEP: f64 = 5.0;

/// Seconds from which on a client asks the next server of time: pools name ever new ones, many of them silent. Who
/// looks for such servers is faster.
const NEXT_CLOCK: f64 = 1.0;

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
    fn step(&mut self, c: &Contact<'_>, lane: Lane, network: &NetworkView) -> Step {
        let key = network.key(LANES).addr(c.orig).number(c.event.proto as u64);
        let (key, contact) = match lane {
            Lane::Port(p) => (key.number(u64::from(p)), network.key(CONTACT).addr(c.resp)),
            Lane::Host(h) => (key.addr(h), network.key(CONTACT).number(u64::from(c.port))),
        };
        let table = match c.event.orig_local {
            true => &mut self.ours,
            false => &mut self.outside,
        };
        let threshold = network.threshold(&THRESHOLD) as f32;
        table.update(key.finish(), Walk::default, |w| {
            if w.first == 0.0 {
                w.first = c.event.ts;
            }
            let before = w.alarmed;
            if w.contacts.insert(contact.finish()) {
                let sweeps = c.is_answered_echo() && (c.event.ts - w.last).abs() <= SWEEP;
                let of_clock = is_time(c.event) && (c.event.ts - w.last).abs() >= NEXT_CLOCK;
                let step = match (sweeps, of_clock) {
                    (true, _) => STEP_SWEEP,
                    (_, true) => c.step.min(0.0),
                    _ => c.step,
                };
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
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let key = network.key(SOURCE).addr(c.orig).finish();
        let lane_score = network.threshold(&THRESHOLD) as f32;
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
            let host = network.key(CONTACT).addr(c.resp).finish();
            let port = network.key(CONTACT).number(u64::from(c.port)).finish();
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
            tell::report(s, network, false, out);
        });
    }

    fn target(&mut self, c: &Contact<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let key = network.key(TARGET).addr(c.resp).finish();
        let wanted = network.threshold(&SOURCES);
        let span = network.settings().get(&DAYS) * 86_400.0;
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
            t.sources.insert(network.key(CONTACT).addr(c.orig).finish());
            t.ports
                .insert(network.key(CONTACT).number(u64::from(c.port)).finish());
            t.uids.add(c.event.uid());
            let (sources, ports) = (t.sources.count(), t.ports.count());
            let size = sources.min(ports);
            // One service that is down fails for many, at one port; one scanner tries many.
            if size < wanted || ports < sources / 2.0 || t.answered > t.failed {
                return;
            }
            if t.reported.1 == 0 || network.has_grown(t.reported.0, size) {
                t.reported = (size, t.reported.1 + 1);
                out.push(tell::distributed(t, c.resp, wanted));
            }
        });
    }
}

impl Behavior for Scans {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        if event.log != Log::Conn {
            return;
        }
        let Some(c) = Contact::of(event, network) else {
            return;
        };
        let swept = self.step(&c, Lane::Port(c.port), network);
        let probed = match event.proto {
            Proto::Icmp => Step::Quiet,
            _ => self.step(&c, Lane::Host(c.resp), network),
        };
        let counts = c.step > 0.0 || c.is_answered_echo();
        if counts && (swept != Step::Quiet || probed != Step::Quiet) {
            self.scanner(&c, swept, probed, network, out);
        }
        if event.resp_local && event.view == View::Whole {
            self.target(&c, network, out);
        }
    }

    fn observe_side(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        if event.log == Log::Conn
            && event.view == View::Target
            && event.resp_local
            && let Some(c) = Contact::of(event, network)
        {
            self.target(&c, network, out);
        }
    }

    fn finish(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        for s in self.scanners.values_mut() {
            tell::report(s, network, true, out);
        }
        let wanted = network.threshold(&SOURCES);
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
