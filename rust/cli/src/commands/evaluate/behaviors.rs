//! What behaviours found of each attack, and what they found where there was none.

use super::hunted::{About, By, Hunted, State, is_sum};
use crate::output::table;
use crate::say::{count, counted};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Basis, Entity};

/// Findings of one attack that a table shows, and of all normal rows.
const SHOWN: usize = 4;

/// The longest line of a finding that a table shows; on a terminal what room the other columns leave,
/// but so much at least.
const LONGEST: (usize, usize) = (34, 96);

/// About what those take.
const OTHERS: usize = 46;

/// What came of hunting.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Behaviors {
    /// Findings in all; what those of a host add up to is none of its own.
    pub findings: u64,
    /// Those that tell of an attack.
    pub of_attacks: u64,
    /// Those that are of normal rows.
    pub false_findings: u64,
    /// The same for each day; `None` where no row has a time.
    pub false_findings_per_day: Option<f64>,
    /// Those of which nothing is known.
    pub unlabelled: u64,
    /// Attacks, by name.
    pub attacks: Vec<OfAttack>,
    /// The false ones, the strongest first.
    pub of_normal_rows: Vec<Found>,
}

/// What was found of an attack.
#[derive(Clone, Debug, Serialize)]
pub struct OfAttack {
    /// Its name.
    pub attack: String,
    /// Its rows, of all logs.
    pub rows: u64,
    /// When the first of them was.
    pub first_row: Option<f64>,
    /// Seconds from that to the first finding that tells of it; `None` where none does.
    pub seconds_to_first_finding: Option<f64>,
    /// Findings that tell of it, in the order in which they first did.
    pub findings: Vec<Found>,
}

/// A finding, as it was in the end.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Its kind: `beacon`.
    pub kind: &'static str,
    /// In words.
    pub title: &'static str,
    /// Whom it is about.
    pub entity: String,
    /// The name of the other side, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its score.
    pub score: f64,
    /// What the score is.
    pub basis: Basis,
    /// When it was told first (of the attack, where it is one): its last record by then.
    pub told: f64,
    /// When it began.
    pub first: f64,
    /// Its last record.
    pub last: f64,
    /// Its records.
    pub records: u64,
    /// What decided whom it tells of.
    pub by: By,
}

/// Measures what was found.
pub fn behaviors(hunted: &Hunted, names: &[String], days: f64) -> Behaviors {
    // The states of each finding, in the order in which they came. Rounds of a split may have the
    // same ones, as the same rows have one finding.
    let mut by_finding: BTreeMap<u64, Vec<&State>> = BTreeMap::new();
    for s in hunted.states.iter().filter(|s| !is_sum(&s.finding)) {
        by_finding.entry(s.finding.id).or_default().push(s);
    }
    let mut out = Behaviors::default();
    let mut of: BTreeMap<u32, Vec<Found>> = BTreeMap::new();
    for states in by_finding.values() {
        let Some(last) = states.last() else { continue };
        out.findings += 1;
        let mut told: BTreeMap<u32, f64> = BTreeMap::new();
        for s in states {
            if let About::Attacks(attacks) = &s.about {
                for a in attacks {
                    told.entry(*a).or_insert(s.finding.last);
                }
            }
        }
        for (attack, at) in &told {
            of.entry(*attack).or_default().push(found(last, *at));
        }
        let normal = states.iter().any(|s| s.about == About::Normal);
        match (told.is_empty(), normal) {
            (false, _) => out.of_attacks += 1,
            (true, true) => {
                out.false_findings += 1;
                let at = states.first().map_or(last.finding.last, |s| s.finding.last);
                out.of_normal_rows.push(found(last, at));
            }
            (true, false) => out.unlabelled += 1,
        }
    }
    out.false_findings_per_day = (days > 0.0).then(|| out.false_findings as f64 / days);
    (out.of_normal_rows)
        .sort_by(|a, b| b.score.total_cmp(&a.score).then(a.told.total_cmp(&b.told)));
    for (attack, seen) in &hunted.attacks {
        let mut findings = of.remove(attack).unwrap_or_default();
        findings.sort_by(|a, b| a.told.total_cmp(&b.told));
        let first_row = Some(seen.first).filter(|t| t.is_finite());
        let told = findings.first().map(|f| f.told);
        out.attacks.push(OfAttack {
            attack: names.get(*attack as usize).cloned().unwrap_or_default(),
            rows: seen.rows,
            first_row,
            seconds_to_first_finding: first_row.zip(told).map(|(row, told)| (told - row).max(0.0)),
            findings,
        });
    }
    out.attacks.sort_by(|a, b| a.attack.cmp(&b.attack));
    out
}

fn found(state: &State, told: f64) -> Found {
    let f = &state.finding;
    let own = matches!(f.entity, Entity::Name { .. });
    Found {
        kind: f.kind.0.name,
        title: f.kind.0.title,
        entity: f.entity.to_string(),
        name: f.name.clone().filter(|_| !own),
        score: f.score,
        basis: f.basis,
        told,
        first: f.first,
        last: f.last,
        records: f.count,
        by: state.by,
    }
}

/// Writes it for people.
pub fn write(b: &Behaviors, width: Option<usize>, to: &mut dyn Write) -> io::Result<()> {
    let room = width.map_or(LONGEST.1, |w| w.saturating_sub(OTHERS));
    let room = room.clamp(LONGEST.0, LONGEST.1);
    let mut t = table::bare();
    t.set_header([
        "attack",
        "rows",
        "first finding",
        "by what it did over time (hunt)",
    ]);
    for a in &b.attacks {
        let first = match a.seconds_to_first_finding {
            Some(s) => format!("after {}", super::table::span(s)),
            None if a.findings.is_empty() => "never".into(),
            None => "found".into(),
        };
        t.add_row([
            printable(&a.attack),
            count(a.rows),
            first,
            lines(&a.findings, room),
        ]);
    }
    if !b.of_normal_rows.is_empty() {
        let text = lines(&b.of_normal_rows, room);
        t.add_row([
            "(normal rows)".to_owned(),
            String::new(),
            String::new(),
            text,
        ]);
    }
    if let Some(rows) = t.column_mut(1) {
        rows.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    if !b.attacks.is_empty() || !b.of_normal_rows.is_empty() {
        table::print(&mut t, to)?;
        writeln!(to)?;
    }
    let per_day = match b.false_findings_per_day {
        Some(n) => format!(" ({n:.1} a day)"),
        None => String::new(),
    };
    writeln!(
        to,
        "over time: {}: {} of attacks, {} of normal rows{per_day}, {} of rows without a label\n",
        counted(b.findings, "finding"),
        count(b.of_attacks),
        count(b.false_findings),
        count(b.unlabelled),
    )
}

fn lines(findings: &[Found], room: usize) -> String {
    if findings.is_empty() {
        return "-".into();
    }
    let line = |f: &Found| {
        let name = f
            .name
            .as_ref()
            .map_or_else(String::new, |n| format!(" {n}"));
        let who = printable(&format!("{}{name}", f.entity));
        let rule = match f.basis {
            Basis::Rule => " (rule)",
            Basis::Probability => "",
        };
        let what = format!("{:.1}{rule} {}", f.score, f.title);
        match room < LONGEST.1 {
            true => format!(
                "{}\n  {}",
                table::cut(&what, room),
                table::cut(&who, room - 2)
            ),
            false => table::cut(&format!("{what} {who}"), room),
        }
    };
    let mut out: Vec<String> = findings.iter().take(SHOWN).map(line).collect();
    let more = findings.len().saturating_sub(SHOWN) as u64;
    if more > 0 {
        out.push(format!("and {}", counted(more, "more finding")));
    }
    out.join("\n")
}
