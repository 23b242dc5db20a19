//! What was usual in ordinary logs: how many hosts talked to each target, and what would
//! have been found.
//!
//! It is learned offline, from days that somebody says are ordinary, and kept in a file. Nothing
//! is learned while looking for attacks: a patient attacker cannot make himself usual.

use crate::finding::Finding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Targets that are remembered, those with the most talkers first.
const MAX_TARGETS: usize = 500_000;

/// Findings that are remembered, the strongest first.
const MAX_FINDINGS: usize = 100_000;

/// How much more of what is usual is still usual.
const TIMES: f64 = 2.0;

/// What was usual.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BehaviorBaseline {
    seed: u64,
    hosts: f64,
    /// Target and talkers, by target.
    targets: Vec<(u64, u32)>,
    /// What would have been found, by [`Finding::baseline_key`].
    findings: Vec<(u64, Often)>,
}

/// How much of it there was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Often {
    count: f64,
    /// A second.
    rate: f64,
}

impl BehaviorBaseline {
    /// From what was seen and found in ordinary logs.
    pub(crate) fn new<'f>(
        hosts: f64,
        targets: impl Iterator<Item = (u64, f64)>,
        findings: impl Iterator<Item = &'f Finding>,
    ) -> BehaviorBaseline {
        let mut targets: Vec<(u64, u32)> = targets.map(|(k, n)| (k, n.round() as u32)).collect();
        targets.sort_unstable_by_key(|(k, n)| (std::cmp::Reverse(*n), *k));
        targets.truncate(MAX_TARGETS);
        targets.sort_unstable();
        let mut findings: Vec<&Finding> = findings.collect();
        findings.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        findings.truncate(MAX_FINDINGS);
        let mut most: BTreeMap<u64, Often> = BTreeMap::new();
        for f in findings {
            let often = Often::of(f);
            let most = most.entry(f.baseline_key()).or_insert(often);
            most.count = most.count.max(often.count);
            most.rate = most.rate.max(often.rate);
        }
        let findings = most.into_iter().collect();
        BehaviorBaseline {
            seed: 0,
            hosts,
            targets,
            findings,
        }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// How many hosts there were.
    pub fn hosts(&self) -> f64 {
        self.hosts
    }

    /// How many targets are known.
    pub fn known_targets(&self) -> usize {
        self.targets.len()
    }

    /// How many findings are usual.
    pub fn known_findings(&self) -> usize {
        self.findings.len()
    }

    /// How many hosts talked to a target.
    pub fn talkers(&self, target: u64) -> f64 {
        match self.targets.binary_search_by_key(&target, |(k, _)| *k) {
            Ok(i) => self.targets.get(i).map_or(0.0, |(_, n)| f64::from(*n)),
            Err(_) => 0.0,
        }
    }

    /// Whether a finding was there in training, and about as much of it.
    pub fn covers(&self, finding: &Finding) -> bool {
        let Ok(i) = self
            .findings
            .binary_search_by_key(&finding.baseline_key(), |(k, _)| *k)
        else {
            return false;
        };
        self.findings.get(i).is_some_and(|(_, baseline)| {
            let now = Often::of(finding);
            now.count <= baseline.count * TIMES || now.rate <= baseline.rate * TIMES
        })
    }

    pub(crate) fn memory(&self) -> usize {
        self.targets.capacity() * 16 + self.findings.capacity() * 24
    }

    pub(crate) fn is_sound(&self) -> bool {
        let finite = |o: &Often| o.count.is_finite() && o.rate.is_finite();
        self.hosts.is_finite()
            && self.targets.len() <= MAX_TARGETS
            && self.findings.len() <= MAX_FINDINGS
            && self.targets.windows(2).all(|w| w[0].0 < w[1].0)
            && self.findings.windows(2).all(|w| w[0].0 < w[1].0)
            && self.findings.iter().all(|(_, o)| finite(o))
    }
}

impl Often {
    fn of(f: &Finding) -> Often {
        let count = f.count as f64;
        Often {
            count,
            rate: count / (f.last - f.first).max(1.0),
        }
    }
}
