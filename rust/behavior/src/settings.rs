//! What can be set: each parameter is declared beside what it steers, with its name, default and
//! bounds, and set in one place.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

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

/// All settings of a [`crate::Hunter`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The most memory that all state may take, in bytes.
    pub memory: usize,
    /// Mixed into every key, so that collisions cannot be prepared.
    pub seed: u64,
    /// Networks that are ours, beside private ones and what conn.log calls local.
    pub local_nets: Vec<ipnet::IpNet>,
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

    /// Sets a parameter by its name.
    ///
    /// # Errors
    /// Where there is none of that name, or the value is out of its bounds.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), SettingError> {
        let param = crate::registry::params()
            .find(|p| p.name == name)
            .ok_or_else(|| SettingError::Unknown(name.to_owned()))?;
        if !(param.min..=param.max).contains(&value) {
            return Err(SettingError::OutOfBounds {
                name: param.name,
                min: param.min,
                max: param.max,
                value,
            });
        }
        self.values.insert(name.to_owned(), value);
        Ok(())
    }

    /// Whether an address is in a network that is ours by these settings alone.
    pub fn is_local(&self, addr: IpAddr) -> bool {
        let private = match addr {
            IpAddr::V4(a) => {
                let shared = a.octets()[0] == 100 && a.octets()[1] & 0xc0 == 64;
                a.is_private() || a.is_link_local() || a.is_loopback() || shared
            }
            IpAddr::V6(a) => a.is_unique_local() || a.is_unicast_link_local() || a.is_loopback(),
        };
        private || self.local_nets.iter().any(|n| n.contains(&addr))
    }
}
