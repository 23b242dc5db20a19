//! What a host is in a Windows network, as far as traffic shows.

use crate::event::{Column, Event, Log, Outcome};
use crate::network::NetworkView;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Callers from which a host serves others, and the share of all hosts that they have to be: management reaches every
/// workstation from a few hosts.
const SERVES: f64 = 3.0;
/// See [`SERVES`].
const SERVES_SHARE: f64 = 0.05;

/// Ports of a server of the directory: Kerberos, LDAP, the global catalog.
const DIRECTORY: [u16; 6] = [88, 389, 464, 636, 3268, 3269];

/// Ports at which Windows serves others: RPC, SMB, RDP, WinRM.
const SERVED: [u16; 6] = [135, 139, 445, 3389, 5985, 5986];

/// Interfaces of a server of the directory.
const INTERFACES: [&[u8]; 4] = [b"drsuapi", b"netlogon", b"samr", b"lsarpc"];

/// The domain of keys.
const ROLE: u64 = 0x57e9_0001;

/// What one host does for others.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Role {
    /// Hosts that ask it as a server of the directory.
    directory: Distinct,
    /// Hosts that call it in any way that Windows serves.
    served: Distinct,
    /// Whether it asks a server of the directory.
    member: bool,
}

impl Role {
    fn serves(&self, network: &NetworkView) -> bool {
        self.served.count() >= SERVES.max(SERVES_SHARE * network.hosts_seen())
    }
}

const HEAP: usize = 2 * (Distinct::MAX_HEAP + 16);

impl Entry for Role {
    fn is_established(&self) -> bool {
        self.directory.count() >= SERVES || self.served.count() >= SERVES
    }

    fn merit(&self) -> f64 {
        self.directory.count() + self.served.count()
    }

    fn is_sound(&self) -> bool {
        self.directory.is_sound() && self.served.is_sound()
    }
}

/// All hosts.
#[derive(Debug)]
pub struct Roles(Table<Role>);

impl Roles {
    /// None so far, within so many bytes.
    pub fn new(budget: usize) -> Roles {
        Roles(Table::new(budget, 2 * 64, HEAP))
    }

    /// Learns from a record between two hosts of ours.
    pub fn see(&mut self, e: &Event<'_>, (orig, resp): (IpAddr, IpAddr), network: &NetworkView) {
        let is = |ports: &[u16]| e.port.is_some_and(|p| ports.contains(&p));
        let (directory, served) = match e.log {
            Log::Conn => {
                // Where a sensor sees half of a connection, bytes of the responder are an answer, too.
                let heard = e.bytes().is_some_and(|(_, received)| received > 0.0);
                if e.outcome() != Outcome::Answered && !heard {
                    return;
                }
                (is(&DIRECTORY), is(&SERVED))
            }
            Log::Kerberos => (true, false),
            Log::DceRpc => {
                let endpoint = e.text(Column::Endpoint).unwrap_or_default();
                (INTERFACES.contains(&endpoint), true)
            }
            _ => return,
        };
        if !directory && !served {
            return;
        }
        let caller = network.key(ROLE).addr(orig).finish();
        self.0
            .update(network.key(ROLE).addr(resp).finish(), Role::default, |r| {
                if directory {
                    r.directory.insert(caller);
                }
                r.served.insert(caller);
            });
        if directory {
            self.0.update(caller, Role::default, |r| r.member = true);
        }
    }

    fn of(&self, host: IpAddr, network: &NetworkView) -> Option<&Role> {
        self.0.get(network.key(ROLE).addr(host).finish())
    }

    /// Whether a host is a server of the directory: several ask it, or all others of a few.
    pub fn is_directory(&self, host: IpAddr, network: &NetworkView) -> bool {
        let wanted = (network.hosts_seen() - 1.0).clamp(1.0, 2.0);
        self.of(host, network)
            .is_some_and(|r| r.directory.count() >= wanted)
    }

    /// Whether a host serves others.
    pub fn is_server(&self, host: IpAddr, network: &NetworkView) -> bool {
        self.of(host, network).is_some_and(|r| r.serves(network))
    }

    /// Whether a host is a member of a Windows domain and serves no others.
    pub fn is_workstation(&self, host: IpAddr, network: &NetworkView) -> bool {
        self.of(host, network)
            .is_some_and(|r| r.member && !r.serves(network))
    }

    /// The memory that it takes now, in bytes.
    pub fn memory(&self) -> usize {
        self.0.memory(|_| HEAP)
    }

    /// What was given up to stay within memory.
    pub fn given_up(&self) -> GivenUp {
        self.0.given_up()
    }

    /// The state, to be saved.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&self.0)
    }

    /// Becomes what was saved.
    ///
    /// # Errors
    /// What about it makes no sense.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let saved: Saved<Role> = crate::codec::decode(bytes)?;
        Ok(self.0.restore(saved)?)
    }
}
