//! `drift`: whether logs are still those that a model knows.

use super::inputs;
use crate::args::{DocumentFormat, DriftArgs};
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::output::jsonl;
use crate::output::table::{self, Look};
use crate::progress::Progress;
use crate::say::{self, count, counted};
use comfy_table::CellAlignment;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::ControlFlow;
use zeek_anomaly_drift::{Change, ChangeKind, LogDrift, Monitor};
use zeek_anomaly_engine::Model;
use zeek_anomaly_runner::{Coverage, Run, on_scored};

/// Changes of one log and day that a table shows.
const SHOWN: usize = 5;

/// Features that tell what other logs say of a record's connection begin with this.
const OF_OTHER_LOGS: &str = "uid_";

/// Compares and shows.
pub fn run(args: &DriftArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let model = Model::load(&args.model)?;
    let source = inputs::rows(&args.rows, &args.rows.paths, None, false)?;
    let mut progress = Progress::new(source.bytes_to_score(), !args.work.quiet);
    let mut monitor = Monitor::archive(&model.trained_logs());
    let mut compare = on_scored(|scored| {
        scored.count_in(&mut monitor);
        ControlFlow::Continue(())
    });
    let coverage = Run::of(&source)
        .score(&model, false)
        .sink(&mut compare)
        .go(&mut |b, r| progress.add(b, r));
    drop(compare);
    progress.finish();
    coverage::say_skipped(&coverage);
    if coverage.scored_rows() == 0 {
        coverage::say_unscored(&coverage);
        let label = args.rows.label_column.as_ref();
        return Err(coverage::nothing(&coverage, label, "compare"));
    }
    let found = monitor.finish();
    let mut out = io::stdout().lock();
    match args.format {
        DocumentFormat::Table => print(&found, &mut out),
        DocumentFormat::Json => json(&found, &coverage, &mut out),
    }
    .and_then(|()| out.flush())
    .map_err(Failure::stdout)?;
    if !args.work.quiet {
        coverage::say(&coverage, args.work.verbose);
        coverage::say_unscored(&coverage);
        summarize(&found);
    }
    Ok(match has_drift(&found) {
        true => Status::Drift,
        false => coverage::status(&coverage),
    })
}

fn has_drift(found: &[LogDrift]) -> bool {
    found.iter().any(|d| !d.changes.is_empty())
}

/// The day of a finding, and the log.
fn day(found: &LogDrift) -> String {
    match found.day {
        Some(ts) => say::time(ts).chars().take("2022-06-12".len()).collect(),
        None => "columns".into(),
    }
}

fn print(found: &[LogDrift], out: &mut dyn Write) -> io::Result<()> {
    if !has_drift(found) {
        return Ok(());
    }
    let mut t = table::bare();
    t.set_header(["what", "distance", "limit", "now, and in training"]);
    for d in found.iter().filter(|d| !d.changes.is_empty()) {
        let rows = match d.day {
            Some(_) => format!(", {}", counted(d.rows, "row")),
            None => String::new(),
        };
        t.add_row([format!("{} {}{rows}", day(d), d.log)]);
        for c in d.changes.iter().take(SHOWN) {
            let degree = |v: f64| match c.kind {
                ChangeKind::Columns => String::new(),
                ChangeKind::Volume => format!("×{v:.1}"),
                ChangeKind::Feature => format!("{v:.2}"),
            };
            t.add_row([
                format!("  {}", c.name),
                degree(c.distance),
                degree(c.limit),
                format!("{}\nwas {}", c.now, c.was),
            ]);
        }
        let more = d.changes.len().saturating_sub(SHOWN) as u64;
        if more > 0 {
            t.add_row([format!("  and {}", counted(more, "more change"))]);
        }
    }
    for at in [1, 2] {
        if let Some(column) = t.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table::fit(&mut t, Look::new(true).width);
    table::print(&mut t, out)
}

fn summarize(found: &[LogDrift]) {
    let of_days = || found.iter().filter(|d| d.day.is_some());
    let days = |d: &mut dyn Iterator<Item = &LogDrift>| -> u64 {
        d.map(day).collect::<BTreeSet<_>>().len() as u64
    };
    let judged = days(&mut of_days().filter(|d| d.judged));
    let changed = days(&mut of_days().filter(|d| !d.changes.is_empty()));
    let compared = counted(judged, "day");
    say::line(&match (judged, changed) {
        (0, _) => "no day could be compared".into(),
        (_, 0) => format!("{compared} compared: what the model knows has not changed"),
        (_, n) => format!(
            "{compared} compared: {} of them differ from training",
            count(n)
        ),
    });
    let parts = days(&mut of_days().filter(|d| !d.judged));
    if parts > 0 {
        say::line(&format!(
            "not judged, because only some of their hours are there: {}",
            counted(parts, "day")
        ));
    }
    let conventional: BTreeSet<&str> = of_days()
        .filter(|d| d.conventional && d.rows > 0)
        .map(|d| d.log.as_str())
        .collect();
    if !conventional.is_empty() {
        let logs: Vec<&str> = conventional.into_iter().collect();
        say::line(&format!(
            "the limits are conventional ones, because training has fewer than 5 whole days \
             with 100 rows of: {}",
            logs.join(", ")
        ));
    }
}

/// One line for the summary of another command; `None` where nothing changed. A log that was not
/// given to it has not changed, and an attack is a change as well: neither is the model's fault.
pub fn one_line(found: &[LogDrift]) -> Option<String> {
    let given: BTreeSet<&str> = found
        .iter()
        .filter(|d| d.rows > 0)
        .map(|d| d.log.as_str())
        .collect();
    let missing = found.iter().any(|d| !given.contains(d.log.as_str()));
    // What a record's connection did in other logs is not known where those were not given.
    let counts = |c: &Change| !(missing && c.name.starts_with(OF_OTHER_LOGS));
    let changed: BTreeSet<&str> = found
        .iter()
        .filter(|d| d.day.is_none() || given.contains(d.log.as_str()))
        .filter(|d| d.changes.iter().any(counts))
        .map(|d| d.log.as_str())
        .collect();
    let logs: Vec<&str> = changed.into_iter().collect();
    let more = match logs.len().saturating_sub(SHOWN) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let shown = logs
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    (!logs.is_empty()).then(|| {
        format!(
            "traffic differs from training in {} ({shown}{more}); `zeek-anomaly drift` with this \
             model and these logs shows how",
            counted(logs.len() as u64, "log"),
        )
    })
}

#[derive(Serialize)]
struct Document<'a> {
    drift: bool,
    columns: Vec<LogOut<'a>>,
    days: Vec<LogOut<'a>>,
    coverage: &'a Coverage,
}

#[derive(Serialize)]
struct LogOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    log: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judged: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<&'static str>,
    changes: Vec<ChangeOut<'a>>,
}

#[derive(Serialize)]
struct ChangeOut<'a> {
    kind: &'static str,
    name: &'a str,
    now: &'a str,
    was: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
}

fn json(found: &[LogDrift], coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let of = |days: bool| {
        let wanted = found.iter().filter(move |d| d.day.is_some() == days);
        wanted.map(log_out).collect()
    };
    let all = Document {
        drift: has_drift(found),
        columns: of(false),
        days: of(true),
        coverage,
    };
    jsonl::line(out, &all)
}

fn log_out(d: &LogDrift) -> LogOut<'_> {
    let of_day = d.day.is_some();
    LogOut {
        day: of_day.then(|| day(d)),
        log: &d.log,
        rows: of_day.then_some(d.rows),
        hours: of_day.then_some(d.hours),
        judged: of_day.then_some(d.judged),
        limits: of_day.then_some(match d.conventional {
            true => "conventional",
            false => "of training days",
        }),
        changes: d.changes.iter().map(change_out).collect(),
    }
}

fn change_out(c: &Change) -> ChangeOut<'_> {
    let has_degree = c.kind != ChangeKind::Columns;
    ChangeOut {
        kind: c.kind.name(),
        name: &c.name,
        now: &c.now,
        was: &c.was,
        distance: has_degree.then_some(c.distance),
        limit: has_degree.then_some(c.limit),
    }
}
