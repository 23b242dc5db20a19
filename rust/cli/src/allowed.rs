//! The allowlist, for commands that show records or findings.

use crate::exit::Failure;
use crate::say::{self, counted};
use std::path::Path;
use std::sync::Arc;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::allow::Subject;
use zeek_anomaly_behavior::{Allow, BehaviorColumns, Event};
use zeek_log::{BySchema, Record, Schema};

/// Reads the allowlist, where there is to be one.
pub fn load(path: Option<&Path>) -> Result<Allow, Failure> {
    match path {
        Some(path) => Allow::load(path).map_err(|e| Failure::Said(e.to_string())),
        None => Ok(Allow::default()),
    }
}

/// An allowlist of records.
#[derive(Debug, Default)]
pub struct Allowed {
    allow: Allow,
    bound: BySchema<BehaviorColumns>,
}

impl Allowed {
    /// With what is allowed.
    pub fn new(allow: Allow) -> Allowed {
        Allowed {
            allow,
            bound: BySchema::default(),
        }
    }

    /// Whether an entry covers the record.
    pub fn covers(&mut self, schema: &Arc<Schema>, record: &Record<'_>) -> bool {
        if self.allow.is_empty() {
            return false;
        }
        let columns = self.bound.get(schema, |s| BehaviorColumns::bind(s));
        match Event::new(columns, *record) {
            Some(event) => self.allow.covers(&Subject::of_event(&event)),
            None => false,
        }
    }

    /// Says what was covered, where there was to be an allowlist.
    pub fn say(&self) {
        let n = self.allow.counts().iter().map(|c| c.records).sum();
        say::line(&format!("allowed, and not shown: {}", counted(n, "record")));
        say_entries(&self.allow);
    }
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
