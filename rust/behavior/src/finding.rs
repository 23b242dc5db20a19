//! What is found: about whom, how strong, and why.

use crate::entity::{Entity, Key};
use crate::kinds::{BehaviorKind, Stage, Technique};
use serde::{Deserialize, Serialize};

/// What a score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// −log10 of the probability under what the reasons state as ordinary.
    Probability,
    /// The strength of a stated rule, scaled so that 3 is worth a look and 6 is grave.
    Rule,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub what: String,
    /// Its value, in words; not escaped for a terminal.
    pub value: String,
}

impl Evidence {
    /// One piece of evidence.
    pub fn new(what: &'static str, value: impl Into<String>) -> Evidence {
        let mut value = value.into();
        truncate(&mut value, MAX_VALUE);
        Evidence {
            what: what.into(),
            value,
        }
    }
}

/// The longest value of evidence, in bytes.
const MAX_VALUE: usize = 300;

fn truncate(text: &mut String, to: usize) {
    if text.len() > to {
        let mut at = to;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.truncate(at);
        text.push('…');
    }
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The same for every update of one finding.
    pub id: u64,
    /// What it is.
    pub kind: BehaviorKind,
    /// Whom it is about.
    pub entity: Entity,
    /// How strong the evidence is; see [`Finding::basis`].
    pub score: f64,
    /// What the score is.
    pub basis: Basis,
    /// How sure it is that this means harm, from 0 to 1: what the kind of evidence is worth
    /// beside its strength.
    pub confidence: f64,
    /// When it began, seconds since the epoch.
    pub first: f64,
    /// The last record that is part of it.
    pub last: f64,
    /// Records that are part of it.
    pub count: u64,
    /// How often it was reported before, with less evidence.
    pub update: u32,
    /// Why.
    pub reasons: Vec<Evidence>,
    /// Some of the connections that are part of it.
    pub uids: Vec<String>,
    /// A name that the other side goes by, where it is known.
    pub name: Option<String>,
}

impl Finding {
    /// The stage that its kind belongs to.
    pub fn stage(&self) -> Stage {
        self.kind.0.stage
    }

    /// The techniques of MITRE ATT&CK that it is evidence of, the likeliest first.
    pub fn techniques(&self) -> &'static [Technique] {
        self.kind.0.techniques
    }

    /// The key by which the baseline knows it: its entity and the family of its kind.
    pub fn baseline_key(&self) -> u64 {
        Key::new(self.entity.key())
            .bytes(self.kind.0.family.as_bytes())
            .finish()
    }
}
