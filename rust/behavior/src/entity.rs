//! Whom a finding is about.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A host, two hosts, or a host and a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Entity {
    /// A host.
    Host(IpAddr),
    /// Who talks to whom; the port where there is one.
    Pair {
        /// The originator.
        orig: IpAddr,
        /// The responder.
        resp: IpAddr,
        /// The responder's port.
        port: Option<u16>,
        /// The transport protocol.
        proto: crate::event::Proto,
    },
    /// A host and a name that it asks for, wherever that is served.
    Name {
        /// The originator.
        orig: IpAddr,
        /// The name: lower case, escaped where it is not UTF-8.
        name: String,
    },
}

impl Entity {
    /// The host whose doing it is.
    pub fn host(&self) -> IpAddr {
        match self {
            Entity::Host(h) => *h,
            Entity::Pair { orig, .. } | Entity::Name { orig, .. } => *orig,
        }
    }

    /// The other side, where it is one host.
    pub fn other(&self) -> Option<IpAddr> {
        match self {
            Entity::Pair { resp, .. } => Some(*resp),
            _ => None,
        }
    }

    /// The other side in words, without the host.
    pub(crate) fn target(&self) -> String {
        let (host, whole) = (self.host().to_string(), self.to_string());
        let rest = whole.strip_prefix(&host).unwrap_or(&whole);
        rest.trim_start_matches(" -> ").to_owned()
    }

    /// A key that is the same on every machine.
    pub fn key(&self) -> u64 {
        let mut k = Key::new(match self {
            Entity::Host(_) => 1,
            Entity::Pair { .. } => 2,
            Entity::Name { .. } => 3,
        })
        .addr(self.host());
        if let Entity::Pair {
            resp, port, proto, ..
        } = self
        {
            k = k.addr(*resp).number(u64::from(port.unwrap_or(0)));
            k = k.number(*proto as u64);
        }
        if let Entity::Name { name, .. } = self {
            k = k.bytes(name.as_bytes());
        }
        k.finish()
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entity::Host(h) => write!(f, "{h}"),
            Entity::Pair {
                orig,
                resp,
                port,
                proto,
            } => {
                match resp {
                    IpAddr::V6(a) if port.is_some() => write!(f, "{orig} -> [{a}]")?,
                    a => write!(f, "{orig} -> {a}")?,
                }
                match port {
                    Some(p) => write!(f, ":{p}/{}", proto.name()),
                    None => Ok(()),
                }
            }
            Entity::Name { orig, name } => write!(f, "{orig} -> {name}"),
        }
    }
}

/// Builds the key of an entity. Keys are hashes of 64 bits under a seed that is part of
/// the settings: whoever does not know it cannot make two entities share their state.
#[derive(Clone, Copy, Debug)]
pub struct Key(u64);

impl Key {
    /// Begins a key; `seed` tells kinds of entities apart, too.
    pub fn new(seed: u64) -> Key {
        Key(xxh3_64_with_seed(b"", seed))
    }

    /// With bytes.
    pub fn bytes(self, bytes: &[u8]) -> Key {
        Key(xxh3_64_with_seed(bytes, self.0))
    }

    /// With an address.
    pub fn addr(self, addr: IpAddr) -> Key {
        match addr {
            IpAddr::V4(a) => self.bytes(&a.octets()),
            IpAddr::V6(a) => self.bytes(&a.octets()),
        }
    }

    /// With a number.
    pub fn number(self, n: u64) -> Key {
        self.bytes(&n.to_le_bytes())
    }

    /// The key.
    pub fn finish(self) -> u64 {
        self.0
    }
}
