//! Tickets of Kerberos that somebody collects to break them: RC4 where AES is usual, or for many services at once.
//!
//! A ticket with RC4 can be broken ten thousand times as fast as one with AES, so tools ask for it (ATT&CK T1558.003).
//! Old servers know nothing else: what several hosts get with RC4, and what all get where RC4 is usual, is no sign.

use super::{EVERY, THRESHOLD};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, KERBEROS_TICKETS};
use crate::network::NetworkView;
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Services of which one host gets tickets within ten minutes.
pub static SERVICES: Param = Param {
    name: "steps.services",
    default: 20.0,
    min: 3.0,
    max: 100_000.0,
    help: "services for which one host asks Kerberos for tickets within ten minutes, from which it collects them",
};

/// The time within which tickets are counted together, in seconds.
const WINDOW: f64 = 600.0;

/// Tickets with AES from which AES is usual, as long as few hosts get others.
const USUAL: u64 = 10;

/// The share of hosts that may get tickets with RC4 where AES is usual.
const RC4_HOSTS: f64 = 0.25;

/// The score of one service with RC4; each doubling of services adds one.
const ONE_RC4: f64 = 1.5;

/// Services that are named.
const NAMED: usize = 5;

/// The domains of keys.
const HOST: u64 = 0x57e9_0011;
const SERVICE: u64 = 0x57e9_0012;

/// The tickets of one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Collector {
    /// When the count of [`Collector::services`] began.
    from: f64,
    services: Distinct,
    /// When the day of [`Collector::rc4`] began.
    day: f64,
    rc4: Distinct,
    names: Vec<String>,
    last: f64,
    uids: Uids,
    reported: (f64, u32),
}

const HEAP: usize = 2 * Distinct::MAX_HEAP + NAMED * 100 + Uids::MAX_HEAP;

impl Entry for Collector {
    fn is_established(&self) -> bool {
        self.services.count() >= 3.0
    }

    fn merit(&self) -> f64 {
        self.services.count() + self.rc4.count()
    }

    fn is_sound(&self) -> bool {
        self.services.is_sound()
            && self.rc4.is_sound()
            && self.uids.is_sound()
            && self.names.len() <= NAMED
            && [self.from, self.day, self.last, self.reported.0]
                .iter()
                .all(|v| v.is_finite())
    }
}

/// All tickets.
#[derive(Debug)]
pub struct Tickets {
    collectors: Table<Collector>,
    /// Hosts that get a service with RC4.
    with_rc4: Table<Distinct>,
    aes: u64,
    aes_hosts: Distinct,
    rc4_hosts: Distinct,
}

impl Tickets {
    /// None so far, within so many bytes.
    pub fn new(budget: usize) -> Tickets {
        Tickets {
            collectors: Table::new(budget / 2, HEAP, HEAP),
            with_rc4: Table::new(budget / 2, 64, Distinct::MAX_HEAP + 16),
            aes: 0,
            aes_hosts: Distinct::default(),
            rc4_hosts: Distinct::default(),
        }
    }

    /// Looks at a record of kerberos.log.
    pub fn see(
        &mut self,
        e: &Event<'_>,
        orig: IpAddr,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        if e.truth(Column::Success) != Some(true) {
            return;
        }
        let host = network.key(HOST).addr(orig).finish();
        let cipher = e.text(Column::Cipher).unwrap_or_default();
        let (aes, rc4) = (cipher.starts_with(b"aes"), is_rc4(cipher));
        if aes {
            self.aes = self.aes.saturating_add(1);
            self.aes_hosts.insert(host);
        }
        let service = e.text(Column::Service).unwrap_or_default();
        // Tickets to get tickets are nobody's.
        if service.is_empty() || service.starts_with(b"krbtgt") {
            return;
        }
        let key = network.key(SERVICE).bytes(service).finish();
        let mut shared = false;
        if rc4 {
            self.rc4_hosts.insert(host);
            shared = self.with_rc4.update(key, Distinct::default, |d| {
                d.insert(host);
                d.count() > 1.0
            });
        }
        let others = self.rc4_hosts.count() - 1.0;
        let unusual =
            rc4 && !shared && self.aes >= USUAL && others <= RC4_HOSTS * self.aes_hosts.count();
        let (services, threshold) = (network.threshold(&SERVICES), network.threshold(&THRESHOLD));
        self.collectors.update(host, Collector::default, |c| {
            if e.ts - c.from > WINDOW || e.ts < c.from {
                (c.from, c.services) = (e.ts, Distinct::default());
            }
            if e.ts - c.day > EVERY || e.ts < c.day - EVERY {
                *c = Collector {
                    from: c.from,
                    services: std::mem::take(&mut c.services),
                    day: e.ts,
                    ..Collector::default()
                };
            }
            let new = c.services.insert(key);
            let weak = unusual && c.rc4.insert(key);
            if !new && !weak {
                return;
            }
            if weak && c.names.len() < NAMED {
                c.names.extend(text::name(service, 60));
            }
            c.last = e.ts;
            c.uids.add(e.uid());
            let of_rc4 = match c.rc4.count() {
                0.0 => 0.0,
                n => ONE_RC4 + n.log2(),
            };
            let of_services = match c.services.count() / services {
                times if times >= 1.0 => 3.0 + times.log2(),
                _ => 0.0,
            };
            let score = of_rc4.max(of_services).min(8.0);
            let measure = c.rc4.count().max(c.services.count());
            if score < threshold || c.reported.1 > 0 && !network.has_grown(c.reported.0, measure) {
                return;
            }
            c.reported = (measure, c.reported.1 + 1);
            let entity = Entity::Host(orig);
            let mut reasons = vec![Evidence::new(
                "tickets",
                format!(
                    "for {} services within {}",
                    text::count(c.services.count()),
                    text::span((e.ts - c.from).max(1.0))
                ),
            )];
            if !c.rc4.is_empty() {
                let names = text::listed(&c.names, c.rc4.count(), NAMED);
                reasons.push(Evidence::new("with RC4", names));
                reasons.push(Evidence::new("usual here", "AES"));
            }
            out.push(Finding {
                id: Key::new(entity.key())
                    .bytes(KERBEROS_TICKETS.name.as_bytes())
                    .number(c.day as u64)
                    .finish(),
                kind: BehaviorKind(&KERBEROS_TICKETS),
                score,
                basis: Basis::Rule,
                confidence: if of_rc4 >= threshold { 0.6 } else { 0.3 },
                first: c.from.min(c.day),
                last: e.ts,
                count: measure as u64,
                update: c.reported.1 - 1,
                reasons,
                uids: c.uids.texts(),
                entity,
                name: None,
            });
        });
    }

    /// The memory that it takes now, in bytes.
    pub fn memory(&self) -> usize {
        self.collectors.memory(|_| HEAP) + self.with_rc4.memory(|_| Distinct::MAX_HEAP)
    }

    /// What was given up to stay within memory.
    pub fn given_up(&self) -> GivenUp {
        let mut g = self.collectors.given_up();
        g.add(self.with_rc4.given_up());
        g
    }

    /// The state, to be saved.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn save(&self) -> Result<Vec<u8>, String> {
        let Tickets {
            collectors,
            with_rc4,
            aes,
            aes_hosts,
            rc4_hosts,
        } = self;
        crate::codec::encode(&(collectors, with_rc4, aes, aes_hosts, rc4_hosts))
    }

    /// Becomes what was saved.
    ///
    /// # Errors
    /// What about it makes no sense.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<Collector>, Saved<Distinct>, u64, Distinct, Distinct);
        let (collectors, with_rc4, aes, aes_hosts, rc4_hosts): All = crate::codec::decode(bytes)?;
        if !aes_hosts.is_sound() || !rc4_hosts.is_sound() {
            return Err("hosts that make no sense".into());
        }
        self.collectors.restore(collectors)?;
        self.with_rc4.restore(with_rc4)?;
        (self.aes, self.aes_hosts, self.rc4_hosts) = (aes, aes_hosts, rc4_hosts);
        Ok(())
    }
}

/// Whether a cipher is RC4, as Zeek names it.
fn is_rc4(cipher: &[u8]) -> bool {
    cipher.starts_with(b"rc4") || cipher.starts_with(b"arcfour")
}
