//! Records that an allowlist covers, for sinks of scored records.

use zeek_anomaly_behavior::{Allow, BehaviorColumns, Event};
use zeek_anomaly_engine::merge::InOrder;
use zeek_anomaly_engine::offline::Scored;
use zeek_log::BySchema;

/// An allowlist of records. A connection is covered by the name that another log has for it, so it has to see the
/// records in the order of time before it is asked.
#[derive(Debug, Default)]
pub struct AllowedRecords {
    allow: Allow,
    bound: BySchema<BehaviorColumns>,
}

impl AllowedRecords {
    /// With what is allowed.
    pub fn new(allow: Allow) -> AllowedRecords {
        AllowedRecords {
            allow,
            bound: BySchema::default(),
        }
    }

    /// The allowlist, with the counts of what it covered.
    pub fn allow(&self) -> &Allow {
        &self.allow
    }

    /// Remembers the connection of a record whose name is allowed.
    pub fn note(&mut self, row: &InOrder<'_>, columns: &BehaviorColumns) {
        if !self.allow.is_empty()
            && let Some(event) = Event::new(columns, row.record)
        {
            self.allow.note(&event);
        }
    }

    /// Whether an entry covers the record.
    pub fn covers(&mut self, scored: &Scored<'_>) -> bool {
        if self.allow.is_empty() {
            return false;
        }
        let columns = (self.bound).get(scored.schema, |s| BehaviorColumns::bind(s));
        let event = Event::new(columns, scored.record);
        event.is_some_and(|event| self.allow.covers_record(&event))
    }
}
