//! The alerts that an operator gets: findings within a budget, as in Zeek. Behaviors share the budget if
//! they were looked for.

use crate::matching::{BehaviorRun, FindingLabel};
use std::collections::{HashMap, HashSet};
use zeek_anomaly_alerts::{AlertParams, Collector, Identity, Raised};
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::offline::Scored;

/// A labelled record, or behavior, that reaches the threshold.
#[derive(Clone, Copy, Debug)]
struct Outlier {
    id: u64,
    ts: f64,
    /// The attack's number; `None` for a normal row.
    attack: Option<u32>,
}

/// An alert, with the labels of its finding's records.
#[derive(Clone, Debug)]
pub struct LabelledAlert {
    /// The log.
    pub log: String,
    /// The attacks among its records, each with the time of the first alert about it.
    pub attacks: Vec<(u32, f64)>,
    /// Whether all of its records that have a label are normal, and some have one.
    pub normal: bool,
}

/// Gathers what reaches the threshold.
pub(crate) struct AlertGatherer {
    collector: Collector,
    /// By the kind of the finding: a crowd (one finding about many hosts) has one kind.
    outliers: HashMap<u64, Vec<Outlier>>,
}

impl AlertGatherer {
    pub fn new(threshold: f64) -> AlertGatherer {
        AlertGatherer {
            collector: Collector::new(threshold, &[]),
            outliers: HashMap::new(),
        }
    }

    /// Takes a scored row. Its label, if it has one, is the attack or none.
    pub fn take(&mut self, scored: &Scored<'_>, label: Option<Option<u32>>) {
        let Some((identity, _)) = scored.collect(&mut self.collector) else {
            return;
        };
        if let Some(attack) = label {
            let all = self.outliers.entry(identity.kind).or_default();
            all.push(Outlier {
                id: identity.id,
                ts: scored.ts().unwrap_or(f64::INFINITY),
                attack,
            });
        }
    }

    /// Takes the behaviors found on the same rows.
    pub fn take_behaviors(&mut self, run: &BehaviorRun) {
        for labelled in &run.findings {
            let f = &labelled.finding;
            let identity = Identity::of_behavior(f.kind.0.name, f.id, f.entity.host());
            (self.collector).add_behavior(identity, f.last, f.score, f.count);
            let all = self.outliers.entry(identity.kind).or_default();
            let mut add = |attack| {
                all.push(Outlier {
                    id: identity.id,
                    ts: f.last,
                    attack,
                });
            };
            match &labelled.label {
                FindingLabel::Attacks(attacks) => attacks.iter().for_each(|a| add(Some(*a))),
                FindingLabel::Normal => add(None),
                FindingLabel::Unlabelled => {}
            }
        }
    }

    /// The alerts within a budget.
    pub fn finish(mut self, model: &Model, params: AlertParams) -> Vec<LabelledAlert> {
        let replay = self.collector.replay(&model.alert_logs(), params);
        let alone: HashSet<u64> = (replay.alerts.iter())
            .filter(|r| r.finding == r.identity.id)
            .map(|r| r.finding)
            .collect();
        let labelled = replay.alerts.iter().map(|r| self.labelled(r, &alone));
        labelled.collect()
    }

    fn labelled(&self, r: &Raised, alone: &HashSet<u64>) -> LabelledAlert {
        let mut first: HashMap<u32, f64> = HashMap::new();
        let (mut normal, mut attack) = (false, false);
        let of_kind = self.outliers.get(&r.identity.kind);
        for o in of_kind.into_iter().flatten() {
            // A crowd holds all that have no alert of their own.
            let own = match r.finding == r.identity.id {
                true => o.id == r.finding,
                false => !alone.contains(&o.id),
            };
            if !own || o.ts < r.first || o.ts > r.last {
                continue;
            }
            match o.attack {
                None => normal = true,
                Some(a) => {
                    attack = true;
                    // A later record is counted with the alert that was raised before.
                    let at = o.ts.max(r.ts);
                    let of = first.entry(a).or_insert(at);
                    *of = of.min(at);
                }
            }
        }
        let mut attacks: Vec<(u32, f64)> = first.into_iter().collect();
        attacks.sort_unstable_by_key(|a| a.0);
        LabelledAlert {
            log: r.log.clone(),
            attacks,
            normal: normal && !attack,
        }
    }
}
