//! An evaluation on a narrow terminal: intervals below their values, and alerts in a table of their own.

use super::table::{alert_cells, factor, highest_score, precisions, set_name};
use crate::output::table;
use crate::say::count;
use comfy_table::CellAlignment;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_evaluate::{
    CHECKED_SCORES, CalibrationCheck, Estimate, Evaluation, RowSet, SetResult,
};

/// The widest that names get.
const NAME: usize = 19;

/// The widest that a value with its interval gets.
const VALUE: usize = 11;

/// Writes how rows were ranked.
pub fn ranking(e: &Evaluation, to: &mut dyn Write) -> io::Result<()> {
    let header = [
        "rows\nby",
        "attacks\nnormal",
        "ROC-AUC",
        "average\nprecision",
        "recall at\n1 % FP",
        "recall at\n0.1 % FP",
    ];
    show(e, header.map(String::from).to_vec(), to, &|_, r| {
        let mut cells = vec![format!("{}\n{}", count(r.positives), count(r.negatives))];
        match &r.ranking {
            Some(m) => cells.extend(
                [
                    &m.roc_auc,
                    &m.average_precision,
                    &m.recall_at_1_percent_fp,
                    &m.recall_at_0_1_percent_fp,
                ]
                .map(estimate),
            ),
            None => {
                cells.push(wrapped(r.problem.as_deref().unwrap_or_default()));
                cells.extend(["-", "-", "-"].map(String::from));
            }
        }
        cells
    })
}

/// Writes figures about alerts.
pub fn alerts(e: &Evaluation, to: &mut dyn Write) -> io::Result<()> {
    let mut header = vec!["rows\nby".to_owned()];
    header.extend(e.precision_at.iter().map(|k| format!("P@{k}")));
    header.extend(["found", "alerts/day", "false", "first alert"].map(String::from));
    show(e, header, to, &|set, r| {
        let mut cells = precisions(e, r);
        cells.extend(alert_cells(set, r));
        cells
    })
}

/// Writes whether scores are calibrated.
pub fn calibration(e: &Evaluation, to: &mut dyn Write) -> io::Result<()> {
    let Some(highest) = highest_score(e) else {
        return Ok(());
    };
    let mut header = vec!["normal rows of\nby".to_owned(), "rows".into()];
    let scores = CHECKED_SCORES.into_iter().filter(|s| *s <= highest);
    header.extend(scores.map(|s| format!("score {s}\nor more")));
    show(e, header, to, &|_, r| {
        let told = r.calibration.iter().filter(|p| p.score <= highest);
        let mut cells = vec![count(r.negatives)];
        cells.extend(told.map(check));
        cells.truncate(if r.calibration.is_empty() {
            0
        } else {
            usize::MAX
        });
        cells
    })
}

/// A line of the first column for each set and each model; rows without cells are left out.
fn show(
    e: &Evaluation,
    header: Vec<String>,
    to: &mut dyn Write,
    cells: &dyn Fn(&RowSet, &SetResult) -> Vec<String>,
) -> io::Result<()> {
    let mut t = table::bare();
    t.set_header(header);
    for set in &e.sets {
        for (r, model) in set.results.iter().zip(&e.models) {
            let rest = cells(&set.set, r);
            if rest.is_empty() {
                continue;
            }
            let name = |text: &str| table::cut(&printable(text), NAME);
            let mut row = vec![format!(
                "{}\n{}",
                name(&set_name(&set.set)),
                name(&model.name)
            )];
            row.extend(rest);
            t.add_row(row);
        }
    }
    for column in t.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table::print(&mut t, to)?;
    writeln!(to)
}

fn estimate(e: &Estimate) -> String {
    match (e.low, e.high) {
        (Some(low), Some(high)) => format!("{:.3}\n{low:.2}–{high:.2}", e.value),
        _ => format!("{:.3}", e.value),
    }
}

fn check(p: &CalibrationCheck) -> String {
    if p.rows == 0 && (!p.reachable || p.factor.is_none()) {
        return if p.reachable { "0" } else { "-" }.into();
    }
    let mut lines = vec![format!("{} in {} h", count(p.rows), count(p.hours))];
    lines.extend(p.factor.map(|f| format!("×{}", factor(f))));
    if let (Some(low), Some(high)) = (p.low, p.high) {
        lines.push(format!("[{}, {}]", factor(low), factor(high)));
    }
    lines.join("\n")
}

/// Broken between words.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for word in text.split(' ') {
        let long = word.chars().count();
        if at > 0 {
            let fits = at + 1 + long <= VALUE;
            out.push(if fits { ' ' } else { '\n' });
            at = if fits { at + 1 } else { 0 };
        }
        out.push_str(word);
        at += long;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_broken_where_the_column_ends() {
        assert_eq!(
            wrapped("all scores are equal: nothing is ranked"),
            "all scores\nare equal:\nnothing is\nranked"
        );
        assert_eq!(wrapped("extraordinarily"), "extraordinarily");
    }
}
