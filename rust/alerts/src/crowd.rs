//! Many entities that are strange for the same reasons.

use super::Candidate;
use super::alert::{Alerts, Open};
use serde::{Deserialize, Serialize};

/// Log and reasons of which entities are counted at once.
pub(super) const MAX_CROWDS: usize = 1 << 12;

/// How much stranger than a crowd one of it has to be to be told by itself.
const STRANGER: f64 = 1.0;

/// Entities that are strange for the same reasons.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Crowd {
    pub(super) since: f64,
    /// Entities that were told apart, also those whose alerts were held back.
    pub(super) told: u32,
    /// The highest level.
    pub(super) peak: f64,
    /// A bit for each entity, by its hash: linear counting (K.-Y. Whang et al., "A
    /// linear-time probabilistic counting algorithm", ACM TODS 15, 1990).
    pub(super) entities: [u64; 16],
}

impl Alerts {
    /// The finding that records are counted with: their own, or that of the crowd. And how
    /// many entities it has.
    pub(super) fn key(&mut self, c: &Candidate, level: f64, now: f64) -> (u64, u64) {
        let own = c.identity.id;
        let window = self.params.window;
        let known = |o: &Open| o.alerted.is_some_and(|a| (now - a.0).abs() < window);
        if self.open.get(&own).is_some_and(known) {
            return (own, 1);
        }
        let Some(crowd) = self.crowds.get_mut(&c.identity.kind) else {
            return (own, 1);
        };
        if (now - crowd.since).abs() >= window
            || crowd.told < self.params.crowd()
            || level >= crowd.peak + STRANGER
        {
            return (own, 1);
        }
        crowd.add(own);
        (c.identity.crowd(), crowd.count())
    }

    /// A finding is high enough: one more of its kind.
    pub(super) fn joined(&mut self, c: &Candidate, key: u64, level: f64, now: f64) {
        if self.crowds.len() >= MAX_CROWDS && !self.crowds.contains_key(&c.identity.kind) {
            return;
        }
        let fresh = Crowd {
            since: now,
            told: 0,
            peak: f64::NEG_INFINITY,
            entities: [0; 16],
        };
        let crowd = self.crowds.entry(c.identity.kind).or_insert(fresh.clone());
        if (now - crowd.since).abs() >= self.params.window {
            *crowd = fresh;
        }
        if key == c.identity.id {
            crowd.told = crowd.told.saturating_add(1);
        }
        crowd.peak = crowd.peak.max(level);
    }
}

impl Crowd {
    fn add(&mut self, id: u64) {
        // Six bits choose within a word, four the word.
        self.entities[(id >> 6) as usize % 16] |= 1 << (id % 64);
    }

    fn count(&self) -> u64 {
        let all = 64.0 * self.entities.len() as f64;
        let set: u32 = self.entities.iter().map(|w| w.count_ones()).sum();
        // Where every bit is set there are at least as many as can be told.
        let unset = (all - f64::from(set)).max(1.0);
        (all * (all / unset).ln()).round() as u64
    }
}
