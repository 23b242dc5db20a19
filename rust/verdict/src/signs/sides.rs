//! Which hosts are inside.

use super::conn::ConnSummary;
use crate::bounded::{Bounded, Weight};
use serde::Serialize;
use std::net::IpAddr;

/// Whether a host is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostSide {
    /// In the monitored network.
    Inside,
    /// Elsewhere.
    Outside,
    /// Unknown.
    Unknown,
}

/// Which hosts are inside, according to the logs.
#[derive(Debug)]
pub struct HostSides {
    hosts: Bounded<IpAddr, SideCounts>,
    /// Whether any host is known to be inside.
    any_inside: bool,
}

/// How many connections call a host local, and not local.
#[derive(Debug, Default)]
struct SideCounts(u32, u32);

impl Weight for SideCounts {
    fn weight(&self) -> u64 {
        u64::from(self.0) + u64::from(self.1)
    }
}

impl HostSides {
    pub fn new(keys: usize) -> HostSides {
        HostSides {
            hosts: Bounded::new(keys),
            any_inside: false,
        }
    }

    pub fn see(&mut self, conn: &ConnSummary<'_>) {
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

    /// Whether a host is inside: by the logs, else by its address. A public address is outside if any host is known
    /// to be inside.
    pub fn of(&self, host: &IpAddr) -> HostSide {
        if let Some(SideCounts(inside, outside)) = self.hosts.get(host) {
            // Zeek logs `F` for private addresses, too, if its local networks are not configured.
            if inside >= outside || is_private(host) {
                return HostSide::Inside;
            }
            return match self.any_inside {
                true => HostSide::Outside,
                false => HostSide::Unknown,
            };
        }
        match (is_private(host), self.any_inside) {
            (true, _) => HostSide::Inside,
            (false, true) => HostSide::Outside,
            (false, false) => HostSide::Unknown,
        }
    }
}

/// Whether an address is only valid within one network.
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
