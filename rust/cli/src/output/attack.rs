//! Where in MITRE ATT&CK (<https://attack.mitre.org>, version 17) a kind of behavior belongs, as ECS writes it.

use zeek_anomaly_behavior::kinds::BehaviorKindInfo;

/// A tactic and a technique, each with its id and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attack {
    /// The tactic.
    pub tactic: (&'static str, &'static str),
    /// The technique.
    pub technique: (&'static str, &'static str),
}

/// The likeliest technique of a kind; `None` where none fits.
pub fn of(kind: &'static BehaviorKindInfo) -> Option<Attack> {
    let t = kind.techniques.first()?;
    Some(Attack {
        tactic: (t.tactic.id, t.tactic.name),
        technique: (t.id, t.name),
    })
}
