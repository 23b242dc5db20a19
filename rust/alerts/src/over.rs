//! Findings that are over, with their final counts.

use super::alert::{Alerts, LogFacts, Open};
use std::collections::VecDeque;
use std::net::IpAddr;

/// Findings that wait to be taken at most; the oldest go first. Those that raise alerts
/// are few, or the budget has failed.
const MAX_OVER: usize = 1 << 12;

/// A finding that raised an alert, and counts no more records: its window has passed.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingSummary {
    /// The finding, as in [`super::Outcome`].
    pub finding: u64,
    /// Its log.
    pub log: String,
    /// Its entity, where it is one address.
    pub entity: Option<IpAddr>,
    /// About how many entities it had.
    pub entities: u64,
    /// When it raised its alert, in seconds since the epoch.
    pub alerted: f64,
    /// When the first of its records was.
    pub first: f64,
    /// When the last came.
    pub last: f64,
    /// How many they are.
    pub records: u64,
    /// The highest score among them.
    pub score: f64,
}

impl FindingSummary {
    /// Keeps a finding that is over, if it raised an alert.
    pub(super) fn keep(all: &mut VecDeque<FindingSummary>, logs: &[LogFacts], key: u64, o: &Open) {
        let Some((alerted, _)) = o.alerted else {
            return;
        };
        if all.len() >= MAX_OVER {
            all.pop_front();
        }
        all.push_back(FindingSummary {
            finding: key,
            log: logs
                .get(o.log)
                .map_or(String::new(), |l| l.log.name.clone()),
            entity: o.entity,
            entities: o.entities,
            alerted,
            first: o.first,
            last: o.last,
            records: o.records,
            score: o.score,
        });
    }
}

impl Alerts {
    /// The oldest finding that is over and was not taken.
    pub fn take_finding_summary(&mut self) -> Option<FindingSummary> {
        self.over.pop_front()
    }

    /// Ends the findings whose window has passed, or all that raised alerts. Those of the day
    /// that is open wait for its end, which asks for their levels.
    pub(super) fn end_findings(&mut self, all: bool) {
        let (now, window) = (self.clock.now(), self.params.window);
        let today = self.today.map(|t| t.0);
        let ended = |o: &Open| {
            o.alerted
                .is_some_and(|a| all || (today != Some(a.1) && (now - a.0).abs() >= window))
        };
        let mut keys: Vec<(f64, u64)> = self
            .open
            .iter()
            .filter(|(_, o)| ended(o))
            .map(|(k, o)| (o.first, *k))
            .collect();
        keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, key) in keys {
            if let Some(o) = self.open.remove(&key) {
                FindingSummary::keep(&mut self.over, &self.logs, key, &o);
            }
        }
    }
}
