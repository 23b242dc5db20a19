//! What can be set: each parameter is declared beside what it steers, with its name, default and
//! bounds, and set in one place.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use zeek_anomaly_base::address::Scope;

/// A number that can be set.
#[derive(Debug)]
pub struct Param {
    /// Its name: `beacon.threshold`.
    pub name: &'static str,
    /// What it is where nobody says otherwise.
    pub default: f64,
    /// The least it may be.
    pub min: f64,
    /// The most it may be.
    pub max: f64,
    /// What it does, with its unit.
    pub help: &'static str,
}

/// What cannot be set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// There is no such parameter.
    #[error("there is no parameter `{0}`; see the list of them")]
    Unknown(String),
    /// The value is out of bounds.
    #[error("{name} should be from {min} to {max}, but is {value}")]
    OutOfBounds {
        /// The parameter.
        name: &'static str,
        /// Its least value.
        min: f64,
        /// Its highest value.
        max: f64,
        /// What was given.
        value: f64,
    },
}

/// All settings of a [`crate::BehaviorEngine`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The most memory that all state may take, in bytes.
    pub memory: usize,
    /// Mixed into every key, so that collisions cannot be prepared.
    pub seed: u64,
    /// Networks that are ours, beside private ones and what conn.log calls local.
    pub local_nets: Vec<IpNet>,
    values: BTreeMap<String, f64>,
}

/// The memory of all state where nobody says otherwise, in bytes.
pub const DEFAULT_MEMORY: usize = 256 << 20;

/// The least memory that all behaviours can work with, in bytes.
pub const MIN_MEMORY: usize = 8 << 20;

impl Default for Settings {
    fn default() -> Self {
        Settings {
            memory: DEFAULT_MEMORY,
            seed: 0,
            local_nets: Vec::new(),
            values: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// The value of a parameter.
    pub fn get(&self, param: &Param) -> f64 {
        self.values
            .get(param.name)
            .copied()
            .unwrap_or(param.default)
    }

    /// Sets a parameter.
    ///
    /// # Errors
    /// Where the value is out of its bounds.
    pub fn set(&mut self, param: &Param, value: f64) -> Result<(), SettingError> {
        if !(param.min..=param.max).contains(&value) {
            return Err(SettingError::OutOfBounds {
                name: param.name,
                min: param.min,
                max: param.max,
                value,
            });
        }
        self.values.insert(param.name.to_owned(), value);
        Ok(())
    }

    /// Whether an address is in a network that is ours by these settings alone.
    pub fn is_local(&self, addr: IpAddr) -> bool {
        Scope::of(addr).is_local() || self.local_nets.iter().any(|n| holds(n, addr))
    }
}

/// Whether an address is in a network, by its prefix alone: this is asked for each host of each record and
/// each network that is ours, and comparing with first and last addresses was a seventh of all hunting.
fn holds(net: &IpNet, addr: IpAddr) -> bool {
    // No prefix at all shifts everything out.
    match (net, addr) {
        (IpNet::V4(n), IpAddr::V4(a)) => {
            let differs = n.addr().to_bits() ^ a.to_bits();
            differs
                .checked_shr(32 - u32::from(n.prefix_len()))
                .is_none_or(|d| d == 0)
        }
        (IpNet::V6(n), IpAddr::V6(a)) => {
            let differs = n.addr().to_bits() ^ a.to_bits();
            differs
                .checked_shr(128 - u32::from(n.prefix_len()))
                .is_none_or(|d| d == 0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_its_prefix_says() {
        let nets = [
            "10.1.2.3/15",
            "192.0.2.128/25",
            "198.51.100.7/32",
            "0.0.0.0/0",
            "2001:db8::/33",
            "::/0",
            "::1/128",
        ];
        let addrs = [
            "10.0.0.0",
            "10.1.255.255",
            "10.2.0.0",
            "192.0.2.127",
            "192.0.2.128",
            "198.51.100.7",
            "198.51.100.8",
            "2001:db8:7fff::1",
            "2001:db8:8000::1",
            "::1",
            "::2",
        ];
        for net in nets.map(|n| n.parse::<IpNet>().expect("a network")) {
            for addr in addrs.map(|a| a.parse::<IpAddr>().expect("an address")) {
                assert_eq!(holds(&net, addr), net.contains(&addr), "{net} {addr}");
            }
        }
    }
}
