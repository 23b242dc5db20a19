//! What findings add up to for a host.
//!
//! Each finding is worth its score times its confidence, halved with each half-life that passes.
//! Findings of one stage are mostly one fact seen twice: the strongest counts in full, the next
//! by three tenths, the one after by a tenth of that, and so on. Different stages add up, and each
//! step that goes on where the attack was (in the order of [`Stage`], in time) raises the
//! sum by a quarter. So what counts is different evidence, never the number of rows.

use crate::entity::{Entity, Key};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, HOST, Stage};
use crate::settings::{Param, Settings};
use crate::state::{Entry, GivenUp, Saved, Table};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static THRESHOLD: Param = Param {
    name: "risk.threshold",
    default: 5.0,
    min: 0.5,
    max: 1000.0,
    help: "risk from which a host is reported",
};

static HALF_LIFE: Param = Param {
    name: "risk.half_life",
    default: 24.0,
    min: 1.0,
    max: 8760.0,
    help: "hours after which a finding counts half",
};

/// What can be set.
pub static PARAMS: &[&Param] = &[&THRESHOLD, &HALF_LIFE];

/// The share of the memory that goes here.
pub(crate) const SHARE: u32 = 5;

/// Findings of one host that are remembered; the weakest go first.
const PARTS: usize = 16;

/// What the next strongest finding of the same stage counts.
const SAME_STAGE: f64 = 0.3;

/// What each step along the order of attacks adds.
const CHAIN: f64 = 0.25;

/// The highest score that counts of one finding.
const HIGHEST: f64 = 10.0;

/// Growth of the risk after which a host is reported again.
const GROWN: f64 = 1.3;

/// One finding of a host.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    id: u64,
    kind: BehaviorKind,
    worth: f64,
    first: f64,
    last: f64,
    count: u64,
    words: String,
    uid: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct HostRisk {
    parts: Vec<Part>,
    reported: (f64, u32),
    score: f64,
}

impl Entry for HostRisk {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        self.score
    }

    fn is_sound(&self) -> bool {
        let finite = |p: &Part| p.worth.is_finite() && p.first.is_finite() && p.last.is_finite();
        self.parts.len() <= PARTS && self.parts.iter().all(finite) && self.score.is_finite()
    }
}

/// The risks of all hosts.
#[derive(Debug)]
pub(crate) struct Risk {
    hosts: Table<HostRisk>,
}

const HEAP: usize = PARTS * 400;

impl Risk {
    pub(crate) fn new(budget: usize) -> Risk {
        Risk {
            hosts: Table::new(budget, HEAP, HEAP),
        }
    }

    /// Adds a finding to its host; the host's own finding, where it has grown enough.
    pub(crate) fn add(&mut self, f: &Finding, settings: &Settings) -> Option<Finding> {
        let host = f.entity.host();
        let key = Key::new(settings.seed).addr(host).finish();
        let half_life = settings.get(&HALF_LIFE) * 3600.0;
        let threshold = settings.get(&THRESHOLD);
        self.hosts.update(key, HostRisk::default, |r| {
            let part = Part {
                id: f.id,
                kind: f.kind,
                worth: f.score.min(HIGHEST) * f.confidence,
                first: f.first,
                last: f.last,
                count: f.count,
                words: words(f),
                uid: f.uids.first().cloned(),
            };
            match r.parts.iter_mut().find(|p| p.id == f.id) {
                Some(old) => *old = part,
                None => r.parts.push(part),
            }
            r.parts
                .sort_by(|a, b| b.worth.total_cmp(&a.worth).then(a.id.cmp(&b.id)));
            r.parts.truncate(PARTS);
            let (sum, stages) = sum(&r.parts, f.last, half_life);
            r.score = sum;
            let (before, reports) = r.reported;
            if sum < threshold || (reports > 0 && sum < before * GROWN) {
                return None;
            }
            r.reported = (sum, reports + 1);
            Some(finding(host, r, stages))
        })
    }

    /// The risk of a host at a moment; 0 where nothing is known.
    pub(crate) fn of(&self, host: IpAddr, now: f64, settings: &Settings) -> f64 {
        let key = Key::new(settings.seed).addr(host).finish();
        let half_life = settings.get(&HALF_LIFE) * 3600.0;
        self.hosts
            .get(key)
            .map_or(0.0, |r| sum(&r.parts, now, half_life).0)
    }

    pub(crate) fn memory(&self) -> usize {
        self.hosts.memory(|r| r.parts.len() * 400)
    }

    pub(crate) fn given_up(&self) -> GivenUp {
        self.hosts.given_up()
    }

    pub(crate) fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&self.hosts)
    }

    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let saved: Saved<HostRisk> = crate::codec::decode(bytes)?;
        Ok(self.hosts.restore(saved)?)
    }
}

/// What the parts add up to, and the stages, in their order.
fn sum(parts: &[Part], now: f64, half_life: f64) -> (f64, Vec<Stage>) {
    let mut stages: Vec<(Stage, f64, f64, f64)> = Vec::new();
    for p in parts {
        let age = (now - p.last).max(0.0);
        let worth = p.worth * 0.5f64.powf(age / half_life);
        match stages.iter_mut().find(|s| s.0 == p.kind.0.stage) {
            Some((_, sum, weight, first)) => {
                *sum += worth * *weight;
                *weight *= SAME_STAGE;
                *first = first.min(p.first);
            }
            None => stages.push((p.kind.0.stage, worth, SAME_STAGE, p.first)),
        }
    }
    stages.sort_by_key(|s| s.0);
    let staged = |s: &(Stage, f64, f64, f64)| s.0 != Stage::Unstaged;
    let order: Vec<_> = stages.iter().filter(|s| staged(s)).collect();
    let steps = order.windows(2).filter(|w| w[0].3 <= w[1].3).count();
    let sum: f64 = stages.iter().map(|s| s.1).sum();
    (
        sum * (1.0 + CHAIN * steps as f64),
        order.iter().map(|s| s.0).collect(),
    )
}

/// One line about a finding.
fn words(f: &Finding) -> String {
    let first = f.reasons.first().map_or("", |r| r.value.as_str());
    let about = match &f.entity {
        Entity::Host(_) => String::new(),
        Entity::Pair { resp, port, .. } => match port {
            Some(p) => format!(" {resp}:{p}"),
            None => format!(" {resp}"),
        },
        Entity::Name { name, .. } => format!(" {name}"),
    };
    let mut text = format!("{}{about}: {first}", f.kind.0.title);
    while text.len() > 200 {
        text.pop();
    }
    text
}

fn finding(host: IpAddr, r: &HostRisk, stages: Vec<Stage>) -> Finding {
    let mut reasons: Vec<Evidence> = r
        .parts
        .iter()
        .map(|p| Evidence::new(p.kind.0.name, p.words.clone()))
        .collect();
    if stages.len() > 1 {
        let names: Vec<&str> = stages.iter().map(|s| s.name()).collect();
        reasons.push(Evidence::new("stages", names.join(", ")));
    }
    let entity = Entity::Host(host);
    let time = |f: fn(&Part) -> f64| r.parts.iter().map(f);
    Finding {
        id: Key::new(entity.key()).bytes(HOST.name.as_bytes()).finish(),
        kind: BehaviorKind(&HOST),
        entity,
        score: r.score,
        basis: Basis::Rule,
        confidence: 1.0,
        first: time(|p| p.first).fold(f64::INFINITY, f64::min),
        last: time(|p| p.last).fold(0.0, f64::max),
        count: r.parts.len() as u64,
        update: r.reported.1 - 1,
        reasons,
        uids: r.parts.iter().filter_map(|p| p.uid.clone()).collect(),
        name: None,
    }
}
