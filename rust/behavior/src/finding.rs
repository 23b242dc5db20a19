//! What is found: about whom, how strong, and why.

use crate::entity::{Entity, Key};
use serde::{Deserialize, Serialize};

/// Where in an attack a finding usually belongs, in the order in which attacks go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Looking around: scans.
    Reconnaissance,
    /// Getting credentials: guessing.
    CredentialAccess,
    /// Getting in: a guess that worked.
    InitialAccess,
    /// Being controlled: beacons, tunnels.
    CommandAndControl,
    /// Moving on to other hosts.
    LateralMovement,
    /// Taking data out.
    Exfiltration,
    /// No stage of its own.
    Unstaged,
}

impl Stage {
    /// The stage in words.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Reconnaissance => "reconnaissance",
            Stage::CredentialAccess => "credential access",
            Stage::InitialAccess => "initial access",
            Stage::CommandAndControl => "command and control",
            Stage::LateralMovement => "lateral movement",
            Stage::Exfiltration => "exfiltration",
            Stage::Unstaged => "none",
        }
    }
}

/// A kind of finding. Each is a static of the file of its behaviour.
#[derive(Debug)]
pub struct KindInfo {
    /// Its name in output, allowlists and options: `scan_vertical`.
    pub name: &'static str,
    /// Its notice type inside Zeek: `Vertical_Scan`.
    pub notice: &'static str,
    /// Its title for people: `vertical scan`.
    pub title: &'static str,
    /// Where it usually belongs.
    pub stage: Stage,
}

/// A kind, by reference.
#[derive(Clone, Copy, Debug)]
pub struct Kind(pub &'static KindInfo);

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Kind {}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Kind, D::Error> {
        let name = String::deserialize(d)?;
        crate::registry::kind(&name).ok_or_else(|| serde::de::Error::custom("unknown kind"))
    }
}

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
    pub kind: Kind,
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

    /// The key by which it is usual or not: of its entity and the family of its kind, which is
    /// the kind's name up to its first `_`. Who scans many hosts may as well scan many ports.
    pub fn usual_key(&self) -> u64 {
        let family = self.kind.0.name.split('_').next().unwrap_or_default();
        Key::new(self.entity.key())
            .bytes(family.as_bytes())
            .finish()
    }
}
