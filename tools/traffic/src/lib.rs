//! Traffic with known parameters, at the level of logs.
//!
//! - [`row`]: rows of conn, ssl, dns and ssh, as records and as TSV.
//! - [`office`]: a network that does ordinary things, among them regular ones.
//! - [`attack`]: beacons, scans and guessing with known parameters.
//! - [`rita`]: the score that RITA gives to a pair, as far as it is described in words.
//!
//! Everything is drawn from a seed: the same seed gives the same rows.

pub mod attack;
pub mod office;
pub mod rita;
pub mod row;
