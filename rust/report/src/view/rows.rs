//! Findings, records, behaviours and hosts as rows of tables.

use crate::report::{Finding, Host, Record, Report};
use crate::words::{count, counted, second, short};
use zeek_anomaly_behavior::{Basis, Entity, Finding as Behavior};
use zeek_anomaly_engine::Claim;

/// Characters of a name, a value and an identifier that are shown.
pub const NAME: usize = 48;
const VALUE: usize = 60;
const USUAL: usize = 90;
const WHAT: usize = 80;
const ID: usize = 40;

/// Reasons that are shown of a record, and of a behaviour.
const REASONS: usize = 3;
const EVIDENCE: usize = 5;

/// Behaviours that are shown.
const BEHAVIORS: usize = 40;

/// Findings, and behaviours, of a host that are named.
const DEEDS: usize = 8;

/// A finding, or a flagged record.
pub struct Row {
    /// The score, with how it is known.
    pub score: String,
    /// Records.
    pub records: String,
    /// When, line by line.
    pub span: Vec<String>,
    /// The log.
    pub log: String,
    /// What it is about, line by line.
    pub what: Vec<String>,
    /// Why.
    pub reasons: Vec<Why>,
    /// The connection or file.
    pub uid: String,
}

/// A reason.
pub struct Why {
    /// The feature.
    pub feature: String,
    /// Its value.
    pub value: String,
    /// What is usual; empty where nothing is.
    pub usual: String,
}

/// A host.
pub struct HostRow {
    /// Its address.
    pub address: String,
    /// Its rank.
    pub strength: String,
    /// The part of it that its behaviours add up to.
    pub risk: String,
    /// Flagged records.
    pub records: String,
    /// When, line by line.
    pub span: Vec<String>,
    /// Its findings, in a few words each.
    pub did: Vec<String>,
}

/// A score, marked where it is more than a count among training rows.
fn score(record: &Record) -> String {
    match record.claim {
        Claim::Measured => format!("{:.2}", record.score),
        Claim::Extrapolated => format!("~{:.2}", record.score),
        Claim::AtLeast => format!("≥{:.2}", record.score),
    }
}

/// A flagged record.
pub fn record(log: &str, record: &Record) -> Row {
    Row {
        score: score(record),
        records: "1".into(),
        span: record.ts.map(second).into_iter().collect(),
        log: short(log, NAME),
        what: record.what.iter().map(|w| short(w, WHAT)).collect(),
        reasons: (record.reasons.iter().take(REASONS))
            .map(|r| Why {
                feature: short(&r.feature, NAME),
                value: short(&r.value, VALUE),
                usual: short(&r.usual, USUAL),
            })
            .collect(),
        uid: short(record.uid.as_deref().unwrap_or_default(), ID),
    }
}

/// A finding.
pub fn finding(finding: &Finding) -> Row {
    Row {
        records: count(finding.records),
        span: match finding.span {
            Some(s) => stretch(s),
            None => finding.record.ts.map(second).into_iter().collect(),
        },
        ..record(&finding.log, &finding.record)
    }
}

/// A span of time, line by line: one where both ends are within a second.
fn stretch((from, until): (f64, f64)) -> Vec<String> {
    let (a, b) = (second(from), second(until));
    if a == b {
        return vec![a];
    }
    vec![a, format!("to {b}")]
}

/// A host.
pub fn host(host: &Host, report: &Report) -> HostRow {
    let mut did: Vec<String> = host.behaviors.iter().take(DEEDS).map(deed).collect();
    let findings = host.findings.iter().filter_map(|i| report.findings.get(*i));
    did.extend(findings.take(DEEDS).map(|f| {
        let mut text = format!("{}: {}", short(&f.log, NAME), counted(f.records, "record"));
        text.push_str(&format!(", score {}", score(&f.record)));
        // The first line is the host itself.
        if let Some(peer) = f.record.what.get(1) {
            text.push_str(&format!(", {}", short(peer, WHAT)));
        }
        if let Some(r) = f.record.reasons.first() {
            let value = short(&r.value, VALUE);
            text.push_str(&format!("; {} {value}", short(&r.feature, NAME)));
        }
        text
    }));
    let more =
        host.findings.len().saturating_sub(DEEDS) + host.behaviors.len().saturating_sub(DEEDS);
    if more > 0 {
        did.push(format!("and {} more", count(more as u64)));
    }
    HostRow {
        address: short(&host.address, NAME),
        strength: format!("{:.1}", host.strength),
        risk: format!("{:.1}", host.risk),
        records: count(host.records),
        span: host.span.map(stretch).unwrap_or_default(),
        did,
    }
}

/// A behaviour in a few words.
fn deed(b: &Behavior) -> String {
    let mut text = b.kind.0.title.to_owned();
    if let Some(about) = about(b) {
        text.push_str(&format!(" {about}"));
    }
    text.push_str(&format!(
        ", {}, score {}",
        counted(b.count, "record"),
        strength(b)
    ));
    text
}

/// The other side of a behaviour, and the name that it goes by.
fn about(b: &Behavior) -> Option<String> {
    let other = match &b.entity {
        Entity::Host(_) => None,
        Entity::Pair { resp, port, .. } => Some(match port {
            Some(p) if resp.is_ipv6() => format!("-> [{resp}]:{p}"),
            Some(p) => format!("-> {resp}:{p}"),
            None => format!("-> {resp}"),
        }),
        Entity::Name { name, .. } => Some(format!("-> {}", short(name, NAME))),
    };
    match (&b.entity, &b.name) {
        (Entity::Name { .. }, _) | (_, None) => other,
        (_, Some(name)) => Some(
            format!("{} {}", other.unwrap_or_default(), short(name, NAME))
                .trim()
                .to_owned(),
        ),
    }
}

/// A probability as it is, the strength of a rule marked.
fn strength(b: &Behavior) -> String {
    match b.basis {
        Basis::Probability => format!("{:.1}", b.score),
        Basis::Rule => format!("{:.1} (rule)", b.score),
    }
}

/// What the hosts that are shown did over time, the gravest first.
pub fn behaviors(report: &Report) -> Vec<Row> {
    let mut all: Vec<&Behavior> = report.hosts.iter().flat_map(|h| &h.behaviors).collect();
    let worth = |b: &Behavior| b.score * b.confidence;
    all.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.id.cmp(&b.id)));
    all.into_iter().take(BEHAVIORS).map(behavior).collect()
}

fn behavior(b: &Behavior) -> Row {
    let evidence = b.reasons.iter().filter(|r| r.what != "name");
    Row {
        score: strength(b),
        records: count(b.count),
        span: stretch((b.first, b.last)),
        log: b.kind.0.title.to_owned(),
        what: [Some(b.entity.host().to_string()), about(b)]
            .into_iter()
            .flatten()
            .collect(),
        reasons: (evidence.take(EVIDENCE))
            .map(|r| Why {
                feature: short(&r.what, NAME),
                value: short(&r.value, USUAL),
                usual: String::new(),
            })
            .collect(),
        uid: short(b.uids.first().map_or("", String::as_str), ID),
    }
}
