//! Findings, records, behaviors and hosts as tables.

use super::blocks::ColumnContent::{Id, Name, Number, Reasons, Subject, Text, Time};
use super::blocks::{Block, DataTable, Section, TableCell, TableColumn, TextSpan};
use crate::report::{Report, ReportFinding, ReportHost, ReportRecord};
use crate::words::{count, counted, second, short};
use zeek_anomaly_behavior::{Basis, Entity, Finding as Behavior};
use zeek_anomaly_engine::{Claim, Reason};

/// Characters of a name, a value and an identifier that are shown.
pub const NAME: usize = 48;
const VALUE: usize = 60;
const TYPICAL: usize = 90;
const SUBJECT: usize = 80;
const ID: usize = 40;

/// Reasons that are shown of a record, and of a behavior.
const REASONS: usize = 3;
const EVIDENCE: usize = 5;

/// Behaviors that are shown.
const BEHAVIORS: usize = 40;

/// Findings, and behaviors, of a host that are named.
const DEEDS: usize = 8;

/// Flagged records of a log that are printed on paper.
const ON_PAPER: usize = 10;

/// The columns of findings and of behaviors.
const fn columns(kind: &'static str, uid: &'static str) -> [TableColumn; 7] {
    [
        TableColumn::new("Score", Number, 8.0).labelled("score"),
        TableColumn::new("Records", Number, 8.0).labelled("records"),
        TableColumn::new("Time (UTC)", Time, 18.0),
        TableColumn::new(kind, Text, 9.0),
        TableColumn::new("What", Subject, 21.0),
        TableColumn::new("Why", Reasons, 32.0),
        TableColumn::new(uid, Id, 17.0).labelled("uid"),
    ]
}

/// The findings that are listed.
pub fn findings(report: &Report) -> DataTable {
    let listed = report.findings.iter().take(report.listed);
    DataTable {
        name: "Findings",
        stacks: true,
        columns: columns("Log", "uid").to_vec(),
        rows: listed.map(finding).collect(),
        paper_rows: usize::MAX,
    }
}

fn finding(f: &ReportFinding) -> Vec<TableCell> {
    let r = &f.record;
    vec![
        TableCell::new(score(r)).flagged_if(true),
        TableCell::new(count(f.records)),
        match f.span {
            Some(s) => TableCell::lines(stretch(s)),
            None => TableCell::lines(r.ts.map(second)),
        },
        TableCell::new(short(&f.log, NAME)),
        subject(r),
        reasons(&r.reasons),
        uid(r),
    ]
}

/// Flagged records of one log.
pub fn records(records: &[ReportRecord]) -> DataTable {
    let row = |r: &ReportRecord| {
        vec![
            TableCell::new(score(r)).flagged_if(true),
            TableCell::lines(r.ts.map(second)),
            subject(r),
            reasons(&r.reasons),
            uid(r),
        ]
    };
    DataTable {
        name: "Flagged records",
        stacks: true,
        columns: vec![
            TableColumn::new("Score", Number, 7.0).labelled("score"),
            TableColumn::new("Time (UTC)", Time, 18.0),
            TableColumn::new("What", Subject, 24.0),
            TableColumn::new("Why", Reasons, 41.0),
            TableColumn::new("uid", Id, 21.0).labelled("uid"),
        ],
        rows: records.iter().map(row).collect(),
        paper_rows: ON_PAPER,
    }
}

fn subject(r: &ReportRecord) -> TableCell {
    TableCell::lines(r.what.iter().map(|w| short(w, SUBJECT)))
}

fn uid(r: &ReportRecord) -> TableCell {
    TableCell::new(short(r.uid.as_deref().unwrap_or_default(), ID))
}

fn reasons(of: &[Reason]) -> TableCell {
    let reason = |r: &Reason| {
        let mut line = vec![
            TextSpan::strong(short(&r.feature, NAME) + " "),
            TextSpan::plain(short(&r.value, VALUE)),
        ];
        let typical = short(&r.usual, TYPICAL);
        if !typical.is_empty() {
            line.push(TextSpan::soft(format!(" (typical: {typical})")));
        }
        line
    };
    TableCell {
        lines: of.iter().take(REASONS).map(reason).collect(),
        ..TableCell::default()
    }
}

/// A score, marked if it is extrapolated or a lower bound.
fn score(record: &ReportRecord) -> String {
    match record.claim {
        Claim::Measured => format!("{:.2}", record.score),
        Claim::Extrapolated => format!("~{:.2}", record.score),
        Claim::AtLeast => format!("≥{:.2}", record.score),
    }
}

/// A span of time, line by line: one line if both ends are within a second.
fn stretch((from, until): (f64, f64)) -> Vec<String> {
    let (a, b) = (second(from), second(until));
    if a == b {
        return vec![a];
    }
    vec![a, format!("to {b}")]
}

/// The hosts, by strength.
pub fn hosts(report: &Report) -> DataTable {
    DataTable {
        name: "Hosts",
        stacks: true,
        columns: vec![
            TableColumn::new("Host", Name, 22.0),
            TableColumn::new("Strength", Number, 10.0).labelled("strength"),
            TableColumn::new("Risk", Number, 7.0).labelled("risk"),
            TableColumn::new("Records", Number, 9.0).labelled("flagged records"),
            TableColumn::new("Time (UTC)", Time, 18.0),
            TableColumn::new("What it did", Reasons, 52.0),
        ],
        rows: report.hosts.iter().map(|h| host(h, report)).collect(),
        paper_rows: usize::MAX,
    }
}

fn host(host: &ReportHost, report: &Report) -> Vec<TableCell> {
    let mut did: Vec<String> = host.behaviors.iter().take(DEEDS).map(deed).collect();
    let findings = host.findings.iter().filter_map(|i| report.findings.get(*i));
    did.extend(findings.take(DEEDS).map(|f| {
        let mut text = format!("{}: {}", short(&f.log, NAME), counted(f.records, "record"));
        text.push_str(&format!(", score {}", score(&f.record)));
        // The first line is the host itself.
        if let Some(peer) = f.record.what.get(1) {
            text.push_str(&format!(", {}", short(peer, SUBJECT)));
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
    vec![
        TableCell::new(short(&host.address, NAME)),
        TableCell::new(format!("{:.1}", host.strength)).flagged_if(true),
        TableCell::new(format!("{:.1}", host.risk)),
        TableCell::new(count(host.records)),
        TableCell::lines(host.span.map(stretch).unwrap_or_default()),
        TableCell::lines(did),
    ]
}

/// A behavior in a few words.
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

/// The other side of a behavior, and its name.
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

/// The score; that of a rule is marked.
fn strength(b: &Behavior) -> String {
    match b.basis {
        Basis::Probability => format!("{:.1}", b.score),
        Basis::Rule => format!("{:.1} (rule)", b.score),
    }
}

/// The behaviors of the hosts that are shown, the highest score times confidence first.
pub fn behaviors(report: &Report) -> Option<Section> {
    let mut all: Vec<&Behavior> = report.hosts.iter().flat_map(|h| &h.behaviors).collect();
    let worth = |b: &Behavior| b.score * b.confidence;
    all.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.id.cmp(&b.id)));
    let rows: Vec<_> = all.into_iter().take(BEHAVIORS).map(behavior).collect();
    if rows.is_empty() {
        return None;
    }
    let table = DataTable {
        name: "Behaviors",
        stacks: true,
        columns: columns("Behavior", "uid").to_vec(),
        rows,
        paper_rows: usize::MAX,
    };
    let intro = "Behaviors over time, which no single record shows. A score is −log10 of a probability, or the \
        strength of a rule.";
    let blocks = vec![Block::text(intro), Block::Table(table)];
    Some(Section::new("behaviors", "Behaviors", "Behaviors", blocks))
}

fn behavior(b: &Behavior) -> Vec<TableCell> {
    let evidence = b.reasons.iter().filter(|r| r.what != "name");
    let reasons = evidence.take(EVIDENCE).map(|r| {
        vec![
            TextSpan::strong(short(&r.what, NAME) + " "),
            TextSpan::plain(short(&r.value, TYPICAL)),
        ]
    });
    vec![
        TableCell::new(strength(b)).flagged_if(true),
        TableCell::new(count(b.count)),
        TableCell::lines(stretch((b.first, b.last))),
        TableCell::new(b.kind.0.title),
        TableCell::lines(
            [Some(b.entity.host().to_string()), about(b)]
                .into_iter()
                .flatten(),
        ),
        TableCell {
            lines: reasons.collect(),
            ..TableCell::default()
        },
        TableCell::new(short(b.uids.first().map_or("", String::as_str), ID)),
    ]
}
