//! Findings of guessing: what is said of whom.

use super::login::{Login, Who};
use super::state::{Group, Pair};
use crate::entity::Entity;
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{
    BehaviorKind, GUESSING, GUESSING_DISTRIBUTED, GUESSING_SPRAY, PASSWORD_GUESS_SUCCEEDED,
};
use crate::text;

fn tries(p: &Pair, who: &Who) -> Evidence {
    let value = format!("{:.0} failed, {} worked", p.failed, p.worked);
    Evidence::new("logins", format!("{value} ({})", who.service()))
}

/// Many tries of one source at one host.
pub(super) fn guessing(p: &Pair, who: &Who, threshold: f64) -> Finding {
    let entity = who.pair();
    let strong = p.walk >= threshold || p.failed > p.sessions;
    let mut reasons = vec![tries(p, who)];
    if !strong {
        let n = p.sessions;
        let value =
            format!("about {n:.0} within about an hour of which no log tells how they ended");
        reasons.push(Evidence::new("sessions", value));
    }
    if p.users.count() > 0.0 {
        reasons.push(Evidence::new(
            "users",
            format!("{} different", text::count(p.users.count())),
        ));
    }
    reasons.push(Evidence::new("within", text::span(p.last - p.first)));
    Finding {
        id: who.id(&entity, &GUESSING),
        kind: BehaviorKind(&GUESSING),
        entity,
        score: p.walk.max(threshold),
        basis: if strong {
            Basis::Probability
        } else {
            Basis::Rule
        },
        confidence: match (strong, p.failed >= 30.0) {
            (true, true) => 0.9,
            (true, false) => 0.6,
            _ => 0.4,
        },
        first: p.first,
        last: p.last,
        count: p.seen,
        update: p.reported.1.saturating_sub(1),
        reasons,
        uids: p.uids.texts(),
        name: None,
    }
}

/// A login that worked after tries that did not.
pub(super) fn success(p: &Pair, who: &Who, l: &Login<'_>) -> Finding {
    let entity = who.pair();
    let mut reasons = vec![tries(p, who)];
    if let Some(user) = l.user {
        let user = String::from_utf8_lossy(user).into_owned();
        reasons.push(Evidence::new("user", user));
    }
    Finding {
        id: who.id(&entity, &PASSWORD_GUESS_SUCCEEDED),
        kind: BehaviorKind(&PASSWORD_GUESS_SUCCEEDED),
        entity,
        score: 4.0 + p.failed.max(1.0).log10(),
        basis: Basis::Rule,
        confidence: 0.8,
        first: p.first,
        last: l.event.ts,
        count: p.seen,
        update: 0,
        reasons,
        uids: p.uids.texts(),
        name: None,
    }
}

/// One source that fails at many, or many that fail at one.
pub(super) fn spraying(g: &Group, who: &Who, times: f64, of_source: bool) -> Finding {
    let entity = Entity::Host(if of_source { who.orig } else { who.resp });
    let kind = if of_source {
        &GUESSING_SPRAY
    } else {
        &GUESSING_DISTRIBUTED
    };
    let hosts = match of_source {
        true => format!("failed at {} hosts", text::count(g.hosts.count())),
        false => format!("{} hosts failed at it", text::count(g.hosts.count())),
    };
    let value = format!(
        "{:.0} failed, {} worked ({})",
        g.failed,
        g.worked,
        who.service()
    );
    let mut reasons = vec![
        Evidence::new("logins", value),
        Evidence::new("hosts", hosts),
    ];
    if g.users.count() > 0.0 {
        reasons.push(Evidence::new(
            "users",
            format!("{} different", text::count(g.users.count())),
        ));
    }
    reasons.push(Evidence::new(
        "within",
        text::span(g.last - g.spans.first()),
    ));
    Finding {
        id: who.id(&entity, kind),
        kind: BehaviorKind(kind),
        entity,
        score: 4.0 + times.log2().max(0.0),
        basis: Basis::Rule,
        confidence: if of_source { 0.7 } else { 0.4 },
        first: g.spans.first(),
        last: g.last,
        count: g.failed as u64,
        update: g.reported.1.saturating_sub(1),
        reasons,
        uids: g.uids.texts(),
        name: None,
    }
}
