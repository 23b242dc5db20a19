//! Who is inside.

use super::Counts;
use super::conn::Conn;
use crate::bounded::Weight;
use serde::Serialize;
use std::net::IpAddr;

/// Where a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// In the network that is watched.
    Inside,
    /// Elsewhere.
    Outside,
    /// Nothing tells.
    Unknown,
}

/// What the logs say of where hosts are.
#[derive(Debug)]
pub struct Sides {
    hosts: Counts<IpAddr, Said>,
    /// Whether any host is known to be inside.
    any_inside: bool,
}

/// How often a host was said to be inside and outside.
#[derive(Debug, Default)]
struct Said(u32, u32);

impl Weight for Said {
    fn weight(&self) -> u64 {
        u64::from(self.0) + u64::from(self.1)
    }
}

impl Sides {
    pub fn new(keys: usize) -> Sides {
        Sides {
            hosts: Counts::new(keys),
            any_inside: false,
        }
    }

    pub fn see(&mut self, conn: &Conn<'_>) {
        for (host, local) in [(conn.orig, conn.local_orig), (conn.resp, conn.local_resp)] {
            self.any_inside |= local == Some(true) || is_private(&host);
            let Some(local) = local else { continue };
            let said = self.hosts.at(host);
            match local {
                true => said.0 = said.0.saturating_add(1),
                false => said.1 = said.1.saturating_add(1),
            }
        }
    }

    /// Where a host is: what the logs say of it; else by its address. An address that is not
    /// private is outside where others are known to be inside.
    pub fn of(&self, host: &IpAddr) -> Side {
        if let Some(Said(inside, outside)) = self.hosts.get(host) {
            // Zeek says `F` of private addresses too where it was not told its networks.
            if inside >= outside || is_private(host) {
                return Side::Inside;
            }
            return match self.any_inside {
                true => Side::Outside,
                false => Side::Unknown,
            };
        }
        match (is_private(host), self.any_inside) {
            (true, _) => Side::Inside,
            (false, true) => Side::Outside,
            (false, false) => Side::Unknown,
        }
    }
}

/// Whether an address means something in one network only.
pub fn is_private(addr: &IpAddr) -> bool {
    match addr {
        IpAddr::V4(a) => {
            let [x, y, ..] = a.octets();
            // With the shared space of RFC 6598.
            a.is_private() || a.is_link_local() || a.is_loopback() || (x == 100 && y & 0xc0 == 64)
        }
        IpAddr::V6(a) => {
            a.is_unique_local()
                || a.is_unicast_link_local()
                || a.is_loopback()
                || a.is_unspecified()
        }
    }
}
