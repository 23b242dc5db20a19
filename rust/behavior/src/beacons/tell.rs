//! Findings of beacons: what is reported of a series.

use super::calls::Calls;
use super::company::{Company, NAMED};
use super::rhythm::Verdict;
use crate::entity::{Entity, Key};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, DNS_BEACON};
use crate::network::NetworkView;
use crate::text;

/// Who else calls the other side.
pub(super) struct Callers {
    /// How many hosts do.
    pub(super) talkers: f64,
    /// Of how many.
    pub(super) hosts: f64,
    /// How common that makes it, from 0 to 1.
    pub(super) prevalence: f64,
}

impl Callers {
    /// By the name, or by the address. A name that a client gives is no proof: for an address it vouches only where the
    /// network finds others of its addresses as rare.
    pub(super) fn of(c: &Calls, entity: &Entity, network: &NetworkView) -> Callers {
        let of = |target| Callers {
            talkers: network.talkers(target),
            hosts: network.hosts().max(1.0),
            prevalence: network.commonness(target),
        };
        let name = |n: &str| network.name_key(n.as_bytes());
        let other = match entity {
            Entity::Name { name: n, .. } => return of(name(n)),
            other => network.addr_key(other.other().unwrap_or(other.host())),
        };
        let address = of(other);
        match c.name.as_deref().filter(|_| c.others.len() == 1).map(name) {
            Some(name) if network.vouches(name, address.talkers) => {
                let named = of(name);
                Callers {
                    hosts: address.hosts,
                    talkers: address.talkers.max(named.talkers),
                    prevalence: address.prevalence.max(named.prevalence),
                }
            }
            _ => address,
        }
    }
}

pub(super) fn finding(
    c: &Calls,
    score: f64,
    v: &Verdict,
    company: Option<&Company>,
    network: &NetworkView,
) -> Option<Finding> {
    let (entity, _) = c.about.as_deref()?;
    finding_by(c, score, v, company, &Callers::of(c, entity, network))
}

/// The same, by who else calls.
pub(super) fn finding_by(
    c: &Calls,
    score: f64,
    v: &Verdict,
    company: Option<&Company>,
    callers: &Callers,
) -> Option<Finding> {
    let (entity, kind) = c.about.as_deref().cloned()?;
    let (_, last) = c.rhythm.span().unwrap_or_default();
    let missed = match v.missed {
        0 => String::new(),
        n => format!(" ({n} missed)"),
    };
    let (every, jitter) = (text::span(v.period), v.jitter * 100.0);
    let beats = c.rhythm.beats();
    let mut reasons = vec![
        Evidence::new(
            "rhythm",
            format!("every {every} ± {jitter:.0} %, {beats} beats{missed}"),
        ),
        Evidence::new(
            "talkers",
            format!("{:.0} of {:.0} hosts", callers.talkers, callers.hosts),
        ),
    ];
    if let Some(others) = company.filter(|o| o.members() > 0.0) {
        let named = text::listed(&others.named, others.members(), NAMED);
        reasons.push(Evidence::new("at the same times", named));
    }
    let is_pair = matches!(entity, Entity::Pair { .. });
    // Of names only the length of the request is known.
    if v.size > 0.0 && is_pair && v.same_size >= 0.5 {
        let share = v.same_size * 100.0;
        let value = format!("{share:.0} % send about {:.0} bytes", v.size);
        reasons.push(Evidence::new("size", value));
    }
    if kind == BehaviorKind(&DNS_BEACON) {
        let (below, calls) = (c.below.count(), c.calls);
        let value = format!("{below:.0} different names in {calls} queries");
        reasons.push(Evidence::new("names", value));
    }
    let name = match &entity {
        Entity::Name { name, .. } => Some(name.clone()),
        _ => c.name.as_deref().map(str::to_owned),
    };
    if let (Some(name), true) = (&name, is_pair) {
        reasons.push(Evidence::new("name", name.clone()));
    }
    if c.answered == 0 {
        reasons.push(Evidence::new("answers", "none"));
    }
    let mut confidence = 0.5;
    confidence += if callers.talkers <= 1.0 { 0.15 } else { 0.0 };
    confidence += if c.outside { 0.1 } else { -0.1 };
    confidence += if v.beats >= 20 { 0.1 } else { 0.0 };
    confidence += if v.same_size >= 0.8 { 0.1 } else { 0.0 };
    Some(Finding {
        id: Key::new(entity.key())
            .bytes(kind.0.name.as_bytes())
            .finish(),
        kind,
        entity,
        score,
        basis: Basis::Probability,
        confidence,
        first: c.first,
        last,
        count: beats,
        update: c.reported.1.saturating_sub(1),
        reasons,
        uids: c.uids.texts(),
        name,
    })
}
