//! The allowlist, for commands that show records or findings.

use crate::exit::Failure;
use crate::say::{self, counted};
use std::path::Path;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::Allow;
use zeek_anomaly_runner::AllowedRecords;

/// Reads the allowlist, where there is to be one.
pub fn load(path: Option<&Path>) -> Result<Allow, Failure> {
    match path {
        Some(path) => Allow::load(path).map_err(|e| Failure::Said(e.to_string())),
        None => Ok(Allow::default()),
    }
}

/// Says what of the records was covered, where there was to be an allowlist.
pub fn say(allowed: &AllowedRecords) {
    let counts = allowed.allow().counts();
    let n = counts.iter().map(|c| c.records).sum();
    say::line(&format!("allowed, and not shown: {}", counted(n, "record")));
    say_entries(allowed.allow());
}

/// Says how often each entry covered something.
pub fn say_entries(allow: &Allow) {
    for c in allow.counts() {
        if c.records + c.findings > 0 {
            say::line(&format!(
                "  line {}: {} ({}, {})",
                c.line,
                printable(&c.entry),
                counted(c.records, "record"),
                counted(c.findings, "finding")
            ));
        }
    }
}
