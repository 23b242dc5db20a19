//! What somebody would have been told: alerts of findings within a budget, as in Zeek. Where behaviours
//! were hunted, theirs share it.

use super::hunted::{About, Hunted};
use std::collections::{HashMap, HashSet};
use zeek_anomaly_alerts::{AlertParams, Collector, Identity, Raised};
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::offline::Scored;

/// A labelled record that stands out.
#[derive(Clone, Copy, Debug)]
struct Standing {
    id: u64,
    ts: f64,
    /// The attack's number; `None` for a normal row.
    attack: Option<u32>,
}

/// An alert, with the labels of its finding's records.
#[derive(Clone, Debug)]
pub struct Told {
    /// The log.
    pub log: String,
    /// The attacks among its records, each with the moment from which on the alert tells of it.
    pub attacks: Vec<(u32, f64)>,
    /// Whether all of its records that have a label are normal, and some have one.
    pub normal: bool,
}

/// Gathers what stands out.
pub struct Gathering {
    collector: Collector,
    /// By the kind of the finding, since crowds are of one.
    standing: HashMap<u64, Vec<Standing>>,
}

impl Gathering {
    /// Of records that score so much.
    pub fn new(threshold: f64) -> Gathering {
        Gathering {
            collector: Collector::new(threshold, &[]),
            standing: HashMap::new(),
        }
    }

    /// Takes a scored row; its label, where it has one, is the attack or none.
    pub fn take(&mut self, scored: &Scored<'_>, label: Option<Option<u32>>) {
        let Some((identity, _)) = scored.collect(&mut self.collector) else {
            return;
        };
        if let Some(attack) = label {
            let all = self.standing.entry(identity.kind).or_default();
            all.push(Standing {
                id: identity.id,
                ts: scored.ts().unwrap_or(f64::INFINITY),
                attack,
            });
        }
    }

    /// Takes what behaviours found on the same rows.
    pub fn take_behaviors(&mut self, hunted: &Hunted) {
        for s in &hunted.states {
            let f = &s.finding;
            let identity = Identity::of_behavior(f.kind.0.name, f.id, f.entity.host());
            (self.collector).add_behavior(identity, f.last, f.score, f.count);
            let all = self.standing.entry(identity.kind).or_default();
            let mut add = |attack| {
                all.push(Standing {
                    id: identity.id,
                    ts: f.last,
                    attack,
                });
            };
            match &s.about {
                About::Attacks(attacks) => attacks.iter().for_each(|a| add(Some(*a))),
                About::Normal => add(None),
                About::Unlabelled => {}
            }
        }
    }

    /// The alerts that a budget makes of it.
    pub fn finish(mut self, model: &Model, params: AlertParams) -> Vec<Told> {
        let replay = self.collector.replay(&model.alert_logs(), params);
        let alone: HashSet<u64> = (replay.alerts.iter())
            .filter(|r| r.finding == r.identity.id)
            .map(|r| r.finding)
            .collect();
        let told = replay.alerts.iter().map(|r| self.told(r, &alone));
        told.collect()
    }

    fn told(&self, r: &Raised, alone: &HashSet<u64>) -> Told {
        let mut first: HashMap<u32, f64> = HashMap::new();
        let (mut normal, mut attack) = (false, false);
        let of_kind = self.standing.get(&r.identity.kind);
        for s in of_kind.into_iter().flatten() {
            // Those of a crowd are all that have no alert of their own.
            let own = match r.finding == r.identity.id {
                true => s.id == r.finding,
                false => !alone.contains(&s.id),
            };
            if !own || s.ts < r.first || s.ts > r.last {
                continue;
            }
            match s.attack {
                None => normal = true,
                Some(a) => {
                    attack = true;
                    // What comes later is counted with an alert that is there already.
                    let at = s.ts.max(r.ts);
                    let of = first.entry(a).or_insert(at);
                    *of = of.min(at);
                }
            }
        }
        let mut attacks: Vec<(u32, f64)> = first.into_iter().collect();
        attacks.sort_unstable_by_key(|a| a.0);
        Told {
            log: r.log.clone(),
            attacks,
            normal: normal && !attack,
        }
    }
}
