//! The table of behavioral findings.

use super::table::span;
use crate::output::table;
use crate::say::{count, counted};
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::Basis;
use zeek_anomaly_evaluate::{BehaviorResults, FoundBehavior};

/// Findings that the table shows of one attack, and of normal rows.
const SHOWN: usize = 4;

/// The shortest and longest line of a finding. On a terminal it has the room that other columns leave.
const LONGEST: (usize, usize) = (34, 96);

/// About how many columns of the terminal those take.
const OTHERS: usize = 46;

/// Writes the table.
pub fn write(b: &BehaviorResults, width: Option<usize>, to: &mut dyn Write) -> io::Result<()> {
    let room = width.map_or(LONGEST.1, |w| w.saturating_sub(OTHERS));
    let room = room.clamp(LONGEST.0, LONGEST.1);
    let mut t = table::bare();
    t.set_header(["attack", "rows", "first finding", "by behavior (hunt)"]);
    for a in &b.attacks {
        let first = match a.seconds_to_first_finding {
            Some(s) => format!("after {}", span(s)),
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
        "behaviors: {}: {} of attacks, {} of normal rows{per_day}, {} of rows without a label\n",
        counted(b.findings, "finding"),
        count(b.of_attacks),
        count(b.false_findings),
        count(b.unlabelled),
    )
}

fn lines(findings: &[FoundBehavior], room: usize) -> String {
    if findings.is_empty() {
        return "-".into();
    }
    let line = |f: &FoundBehavior| {
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
