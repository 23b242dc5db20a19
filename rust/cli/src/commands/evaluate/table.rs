//! An evaluation as tables.

use super::{behaviors, narrow};
use crate::output::table::{self, Look, folded};
use crate::say::{count, counted};
use std::collections::BTreeMap;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_evaluate::{
    CHECKED_SCORES, CalibrationCheck, Estimate, Evaluation, RowSet, SetResult,
};

/// Writes the tables and notes.
pub fn write(e: &Evaluation, to: &mut dyn Write) -> io::Result<()> {
    let wide = ranking(e);
    let Look {
        terminal: width,
        width: columns,
        ..
    } = Look::new(true);
    let narrow = width.is_some_and(|w| table::width(&wide) > w);
    match narrow {
        false => {
            let mut wide = wide;
            table::print(&mut wide, to)?;
            writeln!(to)?;
        }
        true => {
            narrow::ranking(e, to)?;
            narrow::alerts(e, to)?;
        }
    }
    if let Some(b) = &e.behaviors {
        behaviors::write(b, width, to)?;
    }
    match narrow {
        false => calibration(e, to)?,
        true => narrow::calibration(e, to)?,
    }
    if highest_score(e).is_some() {
        writeln!(to, "{CALIBRATION}\n")?;
    }
    for note in &e.notes {
        writeln!(to, "{}", folded(&printable(note), columns, 2))?;
    }
    Ok(())
}

/// How to read the table of calibration.
const CALIBRATION: &str = "\
×1 is well calibrated: one normal row in ten has a score of 1 or more, one in a
hundred 2 or more. [95 % intervals] from resampling hours; h: different hours in
which the rows lie; -: too few training rows for such a score";

fn ranking(e: &Evaluation) -> comfy_table::Table {
    let mut header: Vec<String> = [
        "rows",
        "by",
        "attacks",
        "normal",
        "ROC-AUC",
        "avg. precision",
    ]
    .map(String::from)
    .to_vec();
    header.extend(e.precision_at.iter().map(|k| format!("P@{k}")));
    header.extend(
        [
            "recall at 1 % FP",
            "at 0.1 % FP",
            "found",
            "alerts/day",
            "false",
            "first alert",
        ]
        .map(String::from),
    );
    let mut t = table::bare();
    t.set_header(&header);
    for set in &e.sets {
        for (i, r) in set.results.iter().enumerate() {
            let name = if i == 0 {
                set_name(&set.set)
            } else {
                String::new()
            };
            t.add_row(row(e, name, &e.models[i].name, &set.set, r));
        }
    }
    for column in t.column_iter_mut().skip(2) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    t
}

fn row(e: &Evaluation, name: String, side: &str, set: &RowSet, r: &SetResult) -> Vec<String> {
    let mut cells = vec![
        printable(&name),
        printable(side),
        count(r.positives),
        count(r.negatives),
    ];
    match &r.ranking {
        Some(m) => {
            cells.push(estimate(&m.roc_auc));
            cells.push(estimate(&m.average_precision));
            cells.extend(precisions(e, r));
            cells.push(estimate(&m.recall_at_1_percent_fp));
            cells.push(estimate(&m.recall_at_0_1_percent_fp));
        }
        None => {
            let problem = r.problem.as_deref().unwrap_or_default();
            cells.push(problem.to_owned());
            cells.extend(std::iter::repeat_n(
                "-".to_owned(),
                e.precision_at.len() + 3,
            ));
        }
    }
    cells.extend(alert_cells(set, r));
    cells
}

/// Precisions among the first k.
pub fn precisions(e: &Evaluation, r: &SetResult) -> Vec<String> {
    match &r.ranking {
        Some(m) => (m.precision_at.iter())
            .map(|at| at.precision.map_or("-".into(), |p| format!("{p:.3}")))
            .collect(),
        None => vec!["-".into(); e.precision_at.len()],
    }
}

/// The part of attack rows found, alerts a day, false alerts a day, time to the first alert.
pub fn alert_cells(set: &RowSet, r: &SetResult) -> [String; 4] {
    let a = &r.alerts;
    // A rule has no findings: count its records.
    let (all, per_day, first) = match &r.findings {
        Some(f) => (
            f.alerts_per_day,
            f.false_alerts_per_day,
            f.seconds_to_first_alert,
        ),
        None => (None, a.false_alerts_per_day, a.seconds_to_first_alert),
    };
    let number = |n: Option<f64>| n.map_or("-".into(), |n| format!("{n:.1}"));
    [
        match r.positives {
            0 => "-".into(),
            p => format!("{:.1} %", 100.0 * a.found as f64 / p as f64),
        },
        number(all),
        number(per_day.filter(|_| r.negatives > 0)),
        match (set, first) {
            (RowSet::Attack(_), Some(s)) => format!("after {}", span(s)),
            (RowSet::Attack(_), None) if a.first_row.is_some() => "never".into(),
            _ => "-".into(),
        },
    ]
}

/// The highest score with a calibration figure; `None` if there is none.
pub fn highest_score(e: &Evaluation) -> Option<f64> {
    let all = e.sets.iter().flat_map(|s| &s.results);
    let known = |p: &&CalibrationCheck| p.rows > 0 || p.factor.is_some();
    let told = all.flat_map(|r| &r.calibration).filter(known);
    told.map(|p| p.score).reduce(f64::max)
}

/// How many normal rows have a score or more, and how many times more than expected.
fn calibration(e: &Evaluation, to: &mut dyn Write) -> io::Result<()> {
    let Some(highest) = highest_score(e) else {
        return Ok(());
    };
    let scores = CHECKED_SCORES.into_iter().filter(|s| *s <= highest);
    let mut t = table::bare();
    let mut header = vec!["normal rows of".to_owned(), "by".into(), "rows".into()];
    header.extend(scores.map(|s| format!("score {s} or more")));
    t.set_header(header);
    for set in &e.sets {
        for (r, model) in set.results.iter().zip(&e.models) {
            if r.calibration.is_empty() {
                continue;
            }
            let mut cells = vec![
                printable(&set_name(&set.set)),
                printable(&model.name),
                count(r.negatives),
            ];
            let told = r.calibration.iter().filter(|p| p.score <= highest);
            cells.extend(told.map(check));
            t.add_row(cells);
        }
    }
    for column in t.column_iter_mut().skip(2) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    table::print(&mut t, to)?;
    writeln!(to)
}

fn check(p: &CalibrationCheck) -> String {
    let rows = count(p.rows);
    let interval = match (p.low, p.high) {
        (Some(low), Some(high)) => format!(" [{}, {}]", factor(low), factor(high)),
        _ => String::new(),
    };
    match p.factor {
        _ if !p.reachable && p.rows == 0 => "-".into(),
        Some(f) => format!("{rows} (×{}{interval}, {} h)", factor(f), count(p.hours)),
        None if p.rows == 0 => "0".into(),
        None => format!("{rows} ({} h)", count(p.hours)),
    }
}

/// A factor, rounded.
pub fn factor(f: f64) -> String {
    match f {
        f if f >= 9.95 => count(f.round() as u64),
        f => format!("{f:.2}"),
    }
}

/// The name of a set.
pub fn set_name(set: &RowSet) -> String {
    match set {
        RowSet::All => "all logs".into(),
        RowSet::Log(log) => log.clone(),
        RowSet::Attack(attack) => format!("attack {attack}"),
    }
}

fn estimate(e: &Estimate) -> String {
    match (e.low, e.high) {
        (Some(low), Some(high)) => format!("{:.3} [{low:.3}, {high:.3}]", e.value),
        _ => format!("{:.3}", e.value),
    }
}

/// A span of time in its own unit.
pub fn span(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

/// Rows that are neither attack nor normal, for a note.
pub fn unlabelled(of: &BTreeMap<String, u64>) -> Option<String> {
    let total: u64 = of.values().sum();
    if total == 0 {
        return None;
    }
    let parts: Vec<String> = (of.iter())
        .map(|(why, n)| format!("{why} {}", count(*n)))
        .collect();
    Some(format!(
        "not measured, neither attack nor normal: {} ({})",
        counted(total, "row"),
        parts.join(", ")
    ))
}
