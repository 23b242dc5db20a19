//! A host that moves on to others.
//!
//! What counts is the *first* login of a host at another of ours: sessions by the protocols of
//! remote control, administrative shares that are opened. Administrators do the same, at the same hosts again and again; somebody who spreads does
//! it at several that he never went to before. So first contacts of a day are counted, and a
//! host that has done so since before the day began needs fewer than one that nobody knows yet.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log, Outcome};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, LATERAL_SPREAD};
use crate::network::NetworkView;
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::steps::is_admin_share;
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static HOSTS: Param = Param {
    name: "lateral.hosts",
    default: 4.0,
    min: 2.0,
    max: 1000.0,
    help: "hosts of ours at which a host logs in for the first time within a day, from which it \
           moves; twice as many for a host that was not known before that day, half as many for \
           administrative shares",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "lateral",
    params: &[&HOSTS],
    share: 4,
    make: |_, budget| Box::new(Lateral::new(budget)),
};

/// Ports of remote control: SSH, Telnet, RDP, VNC, WinRM.
const PORTS: [u16; 6] = [22, 23, 3389, 5900, 5985, 5986];

/// The same at whatever port.
const SERVICES: [&[u8]; 3] = [b"ssh", b"rdp", b"rfb"];

const DAY: f64 = 86_400.0;

/// First contacts of a day that are kept.
const RECENT: usize = 32;

/// Targets that are named.
const NAMED: usize = 5;

/// The domains of keys.
const MOVER: u64 = 0x1a7e_0001;

/// One first contact.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Contact {
    at: f64,
    to: IpAddr,
    share: bool,
}

/// Where one host logs in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Mover {
    known_since: f64,
    known: Distinct,
    recent: Vec<Contact>,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for Mover {
    fn is_established(&self) -> bool {
        self.known.count() >= 2.0
    }

    fn merit(&self) -> f64 {
        self.known.count()
    }

    fn is_sound(&self) -> bool {
        self.known.is_sound()
            && self.uids.is_sound()
            && self.recent.len() <= RECENT
            && self.recent.iter().all(|c| c.at.is_finite())
            && self.known_since.is_finite()
    }
}

const HEAP: usize = Distinct::MAX_HEAP + RECENT * size_of::<Contact>() + Uids::MAX_HEAP;

/// The behaviour.
#[derive(Debug)]
struct Lateral {
    movers: Table<Mover>,
}

impl Lateral {
    fn new(budget: usize) -> Lateral {
        Lateral {
            movers: Table::new(budget, HEAP, HEAP),
        }
    }

    fn login(
        &mut self,
        e: &Event<'_>,
        (orig, to): (IpAddr, IpAddr),
        share: bool,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let key = network.key(MOVER).addr(orig).finish();
        let wanted = network.threshold(&HOSTS);
        self.movers.update(key, Mover::default, |m| {
            if m.known_since == 0.0 {
                m.known_since = e.ts;
            }
            if !m.known.insert(network.key(MOVER).addr(to).finish()) {
                return;
            }
            m.recent.retain(|c| e.ts - c.at <= DAY);
            if m.recent.len() >= RECENT {
                m.recent.remove(0);
            }
            m.recent.push(Contact {
                at: e.ts,
                to,
                share,
            });
            m.uids.add(e.uid());
            let first = m.recent.iter().map(|c| c.at).fold(e.ts, f64::min);
            let shares = m.recent.iter().filter(|c| c.share).count() as f64;
            let all = m.recent.len() as f64;
            // A host that only now begins to be seen is at every host for the first time.
            let known = first - m.known_since >= DAY;
            let measure = all.max(2.0 * shares) * if known { 1.0 } else { 0.5 };
            if measure < wanted || m.reported.1 > 0 && !network.has_grown(m.reported.0, all) {
                return;
            }
            m.reported = (all, m.reported.1 + 1);
            let entity = Entity::Host(orig);
            let names: Vec<String> = m.recent.iter().map(|c| c.to.to_string()).collect();
            let before = m.known.count() - all;
            out.push(Finding {
                id: Key::new(entity.key())
                    .bytes(LATERAL_SPREAD.name.as_bytes())
                    .finish(),
                kind: BehaviorKind(&LATERAL_SPREAD),
                score: (4.0 + (measure / wanted).max(1.0).log2() / 2.0).min(8.0),
                basis: Basis::Rule,
                confidence: if known { 0.6 } else { 0.4 },
                first,
                last: e.ts,
                count: all as u64,
                update: m.reported.1 - 1,
                reasons: vec![
                    Evidence::new("for the first time at", text::listed(&names, all, NAMED)),
                    Evidence::new("of these by shares", format!("{shares:.0}")),
                    Evidence::new("hosts before", text::count(before)),
                    Evidence::new("within", text::span(e.ts - first)),
                ],
                uids: m.uids.texts(),
                entity,
                name: None,
            });
        });
    }
}

impl Behavior for Lateral {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(resp)) = (event.orig, event.resp) else {
            return;
        };
        if !event.orig_local || !event.resp_local || orig == resp {
            return;
        }
        let ends = (orig, resp);
        match event.log {
            Log::Conn => {
                let remote = event.port.is_some_and(|p| PORTS.contains(&p))
                    || SERVICES.contains(&event.service());
                let session = remote
                    && event.outcome() == Outcome::Answered
                    // A banner is no session.
                    && event.bytes().is_some_and(|(sent, received)| sent.min(received) >= 1000.0);
                if session {
                    self.login(event, ends, false, network, out);
                }
            }
            // Where conn.log is not kept, or the session still goes on.
            Log::Ssh if event.truth(Column::AuthSuccess) == Some(true) => {
                self.login(event, ends, false, network, out);
            }
            Log::SmbMapping if event.text(Column::Path).is_some_and(is_admin_share) => {
                self.login(event, ends, true, network, out);
            }
            _ => {}
        }
    }

    fn memory(&self) -> usize {
        self.movers.memory(|_| HEAP)
    }

    fn given_up(&self) -> GivenUp {
        self.movers.given_up()
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&self.movers)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let movers: Saved<Mover> = crate::codec::decode(bytes)?;
        Ok(self.movers.restore(movers)?)
    }
}
