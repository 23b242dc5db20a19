//! What behaviors found of each attack, and what they found in normal rows.

use crate::matching::{BehaviorRun, FindingLabel, LabelledFinding, MatchedBy};
use serde::Serialize;
use std::collections::BTreeMap;
use zeek_anomaly_behavior::{Basis, Entity, Finding};

/// The kind of the sum over the findings of a host.
const SUM: &str = "host";

/// The results of behavioral detection.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BehaviorResults {
    /// Findings in all, without the sums over hosts.
    pub findings: u64,
    /// Findings about an attack.
    pub of_attacks: u64,
    /// Findings about normal rows.
    pub false_findings: u64,
    /// The same for each day; `None` if no row has a time.
    pub false_findings_per_day: Option<f64>,
    /// Findings about rows without a label.
    pub unlabelled: u64,
    /// Attacks, by name.
    pub attacks: Vec<BehaviorsOfAttack>,
    /// The false findings, the highest score first.
    pub of_normal_rows: Vec<FoundBehavior>,
}

/// What was found of an attack.
#[derive(Clone, Debug, Serialize)]
pub struct BehaviorsOfAttack {
    /// Its name.
    pub attack: String,
    /// Its rows, of all logs.
    pub rows: u64,
    /// The time of the first.
    pub first_row: Option<f64>,
    /// Seconds from that to the first finding about it; `None` if there is none.
    pub seconds_to_first_finding: Option<f64>,
    /// Findings about it, in order.
    pub findings: Vec<FoundBehavior>,
}

/// A finding, as of its last update.
#[derive(Clone, Debug, Serialize)]
pub struct FoundBehavior {
    /// Its kind: `beacon`.
    pub kind: &'static str,
    /// In words.
    pub title: &'static str,
    /// The host or pair that it is about.
    pub entity: String,
    /// The name of the other side, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its score.
    pub score: f64,
    /// Whether the score is a probability or the strength of a rule.
    pub basis: Basis,
    /// The time of its last record at the first update (of an attack: the first update about the attack).
    pub told: f64,
    /// The time of its first record.
    pub first: f64,
    /// The time of its last record.
    pub last: f64,
    /// Its records.
    pub records: u64,
    /// What it was matched by.
    #[serde(rename = "by")]
    pub matched_by: MatchedBy,
}

impl BehaviorResults {
    /// Counts the findings of a run. `names` are the attacks' names by number.
    pub(crate) fn of(run: &BehaviorRun, names: &[String], days: f64) -> BehaviorResults {
        // The updates of each finding, in order. Rounds of a split may share findings: the same rows have
        // the same finding.
        let mut by_finding: BTreeMap<u64, Vec<&LabelledFinding>> = BTreeMap::new();
        for f in run.findings.iter().filter(|f| !is_sum(&f.finding)) {
            by_finding.entry(f.finding.id).or_default().push(f);
        }
        let mut out = BehaviorResults::default();
        let mut of: BTreeMap<u32, Vec<FoundBehavior>> = BTreeMap::new();
        for updates in by_finding.values() {
            let (Some(first), Some(last)) = (updates.first(), updates.last()) else {
                continue;
            };
            out.findings += 1;
            let mut first_about: BTreeMap<u32, f64> = BTreeMap::new();
            for u in updates {
                if let FindingLabel::Attacks(attacks) = &u.label {
                    for a in attacks {
                        first_about.entry(*a).or_insert(u.finding.last);
                    }
                }
            }
            for (attack, at) in &first_about {
                of.entry(*attack).or_default().push(found(last, *at));
            }
            let normal = updates.iter().any(|u| u.label == FindingLabel::Normal);
            match (first_about.is_empty(), normal) {
                (false, _) => out.of_attacks += 1,
                (true, true) => {
                    out.false_findings += 1;
                    out.of_normal_rows.push(found(last, first.finding.last));
                }
                (true, false) => out.unlabelled += 1,
            }
        }
        out.false_findings_per_day = (days > 0.0).then(|| out.false_findings as f64 / days);
        (out.of_normal_rows)
            .sort_by(|a, b| b.score.total_cmp(&a.score).then(a.told.total_cmp(&b.told)));
        for (attack, rows) in &run.attacks {
            let mut findings = of.remove(attack).unwrap_or_default();
            findings.sort_by(|a, b| a.told.total_cmp(&b.told));
            let first_row = Some(rows.first).filter(|t| t.is_finite());
            let told = findings.first().map(|f| f.told);
            out.attacks.push(BehaviorsOfAttack {
                attack: names.get(*attack as usize).cloned().unwrap_or_default(),
                rows: rows.rows,
                first_row,
                seconds_to_first_finding: first_row.zip(told).map(|(row, at)| (at - row).max(0.0)),
                findings,
            });
        }
        out.attacks.sort_by(|a, b| a.attack.cmp(&b.attack));
        out
    }
}

fn found(last: &LabelledFinding, told: f64) -> FoundBehavior {
    let f = &last.finding;
    let own = matches!(f.entity, Entity::Name { .. });
    FoundBehavior {
        kind: f.kind.0.name,
        title: f.kind.0.title,
        entity: f.entity.to_string(),
        name: f.name.clone().filter(|_| !own),
        score: f.score,
        basis: f.basis,
        told,
        first: f.first,
        last: f.last,
        records: f.count,
        matched_by: last.matched_by,
    }
}

/// Whether a finding is the sum over a host's findings.
fn is_sum(f: &Finding) -> bool {
    f.kind.0.name == SUM
}
