//! What behaviors found, as every command shows it.

use crate::coverage::Coverage;
use crate::run::{Run, Sink};
use crate::source::Source;
use std::collections::BTreeMap;
use std::net::IpAddr;
use zeek_anomaly_behavior::{BehaviorBaseline, BehaviorEngine, Finding, Settings};

/// Keeps the last state of each finding, and the risk of each host.
#[derive(Debug, Default)]
pub struct Findings {
    found: BTreeMap<u64, Finding>,
    risks: BTreeMap<IpAddr, f64>,
}

/// A host and what was found of it, the strongest first.
#[derive(Clone, Debug)]
pub struct HostFindings {
    /// The host.
    pub host: IpAddr,
    /// What its findings add up to.
    pub risk: f64,
    /// Its findings.
    pub findings: Vec<Finding>,
}

impl Sink for Findings {
    fn finding(&mut self, finding: &Finding) {
        self.found.insert(finding.id, finding.clone());
    }

    fn watched(&mut self, engine: &BehaviorEngine) {
        for f in self.found.values() {
            let host = f.entity.host();
            let risk = || engine.risk_of(host);
            self.risks.entry(host).or_insert_with(risk);
        }
    }
}

impl Findings {
    /// All findings, by their number.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.found.values()
    }

    /// Those that `wanted` takes, host by host, those at the highest risk first.
    pub fn by_host(self, wanted: impl Fn(&Finding) -> bool) -> Vec<HostFindings> {
        let mut hosts: BTreeMap<IpAddr, Vec<Finding>> = BTreeMap::new();
        for f in self.found.into_values().filter(wanted) {
            // The host's own finding is what the others add up to.
            if f.kind.0.name != "host" {
                hosts.entry(f.entity.host()).or_default().push(f);
            }
        }
        let mut out: Vec<HostFindings> = hosts
            .into_iter()
            .map(|(host, mut findings)| {
                let worth = |f: &Finding| f.score * f.confidence;
                findings.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.id.cmp(&b.id)));
                let risk = self.risks.get(&host).copied().unwrap_or_default();
                HostFindings {
                    host,
                    risk,
                    findings,
                }
            })
            .collect();
        out.sort_by(|a, b| b.risk.total_cmp(&a.risk).then(a.host.cmp(&b.host)));
        out
    }
}

/// Learns from ordinary rows what behaviors are to be expected.
pub fn learn_baseline(
    source: &Source,
    settings: Settings,
    progress: &mut dyn FnMut(u64, u64),
) -> (BehaviorBaseline, Coverage) {
    let mut learner = BehaviorEngine::learner(settings);
    let coverage = Run::of(source).behaviors(&mut learner).go(progress);
    (learner.learned(), coverage)
}
