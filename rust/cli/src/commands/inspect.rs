//! `inspect`: what a model has learned.

use super::feedback;
use crate::args::{DocumentFormat, InspectArgs};
use crate::exit::{Failure, Status};
use crate::output::jsonl;
use crate::output::table::{self, Look};
use crate::say::{self, count};
use comfy_table::CellAlignment;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::{Kind, LogModel, Model, Unit, file};

/// Kinds that are shown of one way to tell them.
const MOST_KINDS: usize = 8;

/// Shows a model.
pub fn run(args: &InspectArgs) -> Result<Status, Failure> {
    let model = Model::load(&args.model)?;
    let shown: Vec<&LogModel> = match &args.log {
        None => model.logs.iter().collect(),
        Some(log) => match model.position(log) {
            Some(i) => vec![&model.logs[i]],
            None => {
                let names: Vec<&str> = model.logs.iter().map(LogModel::log).collect();
                return Err(Failure::Said(format!(
                    "the model has nothing for the log {log}; it has {}",
                    names.join(", ")
                )));
            }
        },
    };
    let mut out = io::stdout().lock();
    match args.format {
        DocumentFormat::Json => json(&model, &shown, &mut out),
        DocumentFormat::Table => {
            if args.log.is_some() {
                shown.iter().try_for_each(|m| features(m, &mut out))
            } else {
                overview(&model, &mut out)
            }
        }
    }
    .and_then(|()| out.flush())
    .map_err(Failure::stdout)?;
    Ok(Status::Fine)
}

fn span(first: Option<f64>, last: Option<f64>) -> String {
    match (first, last) {
        (Some(a), Some(b)) => format!("{} to {} {}", say::second(a), say::second(b), say::zone()),
        _ => "not known".into(),
    }
}

fn overview(model: &Model, out: &mut dyn Write) -> io::Result<()> {
    let info = &model.info;
    let zeek = info.zeek_version.as_deref();
    for (name, value) in [
        ("format", file::FORMAT.to_string()),
        (
            "made by",
            format!("zeek-anomaly {}", printable(&info.made_by)),
        ),
        ("Zeek", zeek.map_or("not told".into(), printable)),
        ("trained on", span(info.first_ts, info.last_ts)),
        ("rows", count(info.rows)),
        ("seed", info.seed.to_string()),
        ("held out", held_out(model)),
        ("kept", kept(model)),
    ] {
        let line = format!("{name:<12}{value}");
        writeln!(out, "{}", table::folded(&line, Look::new(true).width, 12))?;
    }
    writeln!(out)?;
    let mut t = table::bare();
    t.set_header([
        "log",
        "rows",
        "features",
        "measured up to",
        "detector",
        "columns",
    ]);
    for m in &model.logs {
        let columns: Vec<&str> = m.fields.iter().map(|f| f.0.as_str()).collect();
        t.add_row([
            printable(m.log()),
            count(m.rows),
            m.spec.len().to_string(),
            say::reach(m),
            m.detector_name().to_owned(),
            printable(&columns.join(", ")),
        ]);
    }
    for column in t.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table::fit(&mut t, Look::new(true).width);
    table::print(&mut t, out)?;
    if !model.marks().is_empty() {
        writeln!(out)?;
        feedback::list::print(model, out)?;
    }
    Ok(())
}

/// What was held out from fitting.
fn held_out(model: &Model) -> String {
    if model.info.holdout <= 0.0 {
        return "nothing: training rows are calibrated on without their own block of time".into();
    }
    let held: u64 = model.logs.iter().map(|m| m.held_out).sum();
    format!(
        "the last {} of {} rows, on which scores are calibrated",
        count(held),
        count(model.info.rows)
    )
}

/// What is there to go on with.
fn kept(model: &Model) -> String {
    let sizes: Vec<usize> = model.logs.iter().filter_map(LogModel::kept_bytes).collect();
    let bytes = say::bytes(sizes.iter().sum::<usize>() as u64);
    match sizes.len() {
        0 => "nothing: it cannot be continued or merged".into(),
        n if n == model.logs.len() => format!("{bytes} to be continued and merged with"),
        n => format!(
            "{bytes} to be continued and merged with, of {n} of {} logs",
            model.logs.len()
        ),
    }
}

fn features(m: &LogModel, out: &mut dyn Write) -> io::Result<()> {
    let width = Look::new(true).width;
    let mut lines = vec![format!(
        "{}: {} rows, {}, scores measured up to {}, {}",
        printable(m.log()),
        count(m.rows),
        m.detector_name(),
        say::reach(m),
        span(m.span.map(|s| s.0), m.span.map(|s| s.1)),
    )];
    let about = m.detector.as_detector().about();
    lines.extend(
        about
            .into_iter()
            .map(|(name, value)| format!("  {name}: {value}")),
    );
    for (by, kinds) in kinds_of(m) {
        let named = (kinds.iter().take(MOST_KINDS))
            .map(|(name, rows)| format!("{} {}", printable(name), count(*rows)));
        let more = match kinds.len().saturating_sub(MOST_KINDS) {
            0 => String::new(),
            n => format!(", {n} more"),
        };
        let named = named.collect::<Vec<_>>().join(", ");
        lines.push(format!("  compared by {by}: {named}{more}"));
    }
    for s in &m.strangers {
        let sort = m.spec.name(usize::from(s.identity)).replace('_', " ");
        lines.push(match s.hosts {
            0 => format!(
                "  {sort}s that training did not see are scored like its own: no host could be left out to tell how others look"
            ),
            n => format!(
                "  {sort}s that training did not see are scored as its own looked to one another ({} told)",
                count(n)
            ),
        });
    }
    for line in lines {
        writeln!(out, "{}", table::folded(&line, width, 4))?;
    }
    writeln!(out)?;
    let mut t = table::bare();
    t.set_header(["feature", "kind", "usual"]);
    for f in 0..m.spec.len() {
        t.add_row([
            printable(m.spec.name(f)),
            kind(m.spec.kind(f)).to_owned(),
            m.usual[f].clone(),
        ]);
    }
    table::fit(&mut t, width);
    table::print(&mut t, out)
}

/// The kinds that rows are compared within: by what they are told, and the rows of each.
fn kinds_of(m: &LogModel) -> impl Iterator<Item = (String, Vec<(&str, u64)>)> {
    let by = m.spec.kinds().into_iter().map(|way| {
        let names = way.iter().map(|f| printable(m.spec.name(usize::from(*f))));
        names.collect::<Vec<_>>().join("/")
    });
    by.zip(m.kinds.names())
        .filter(|(_, kinds)| !kinds.is_empty())
}

fn kind(k: Kind) -> &'static str {
    match k {
        Kind::Magnitude(Unit::Count) => "count",
        Kind::Magnitude(Unit::Bytes) => "bytes",
        Kind::Magnitude(Unit::Seconds) => "seconds",
        Kind::Magnitude(Unit::Rate) => "bytes a second",
        Kind::Magnitude(Unit::Quotient) => "quotient",
        Kind::Magnitude(Unit::Bits) => "bits",
        Kind::Magnitude(Unit::Excess) => "bytes, only many are strange",
        Kind::Ratio => "ratio",
        Kind::Flag => "yes or no",
        Kind::Category => "category",
        Kind::Identity => "identity",
    }
}

#[derive(Serialize)]
struct ModelOut<'a> {
    format: u32,
    made_by: &'a str,
    zeek_version: Option<&'a str>,
    seed: u64,
    first_ts: Option<f64>,
    last_ts: Option<f64>,
    rows: u64,
    holdout: f64,
    logs: Vec<LogOut<'a>>,
    feedback: Vec<MarkOut<'a>>,
}

#[derive(Serialize)]
struct MarkOut<'a> {
    id: u32,
    made: f64,
    said: &'static str,
    log: &'a str,
    record: &'a str,
    ts: Option<f64>,
    note: &'a str,
    because: String,
}

#[derive(Serialize)]
struct LogOut<'a> {
    log: &'a str,
    rows: u64,
    held_out: u64,
    kept_bytes: Option<usize>,
    detector: &'static str,
    about: BTreeMap<&'static str, String>,
    measured_up_to: f64,
    strangers: Vec<StrangersOut<'a>>,
    tail: bool,
    first_ts: Option<f64>,
    last_ts: Option<f64>,
    columns: Vec<ColumnOut<'a>>,
    kinds: Vec<KindOut<'a>>,
    features: Vec<FeatureOut<'a>>,
}

/// What told how hosts look that training did not see.
#[derive(Serialize)]
struct StrangersOut<'a> {
    /// The feature that tells such hosts apart.
    of: &'a str,
    left_out: &'static str,
    told: u64,
    measured_up_to: Option<f64>,
}

#[derive(Serialize)]
struct ColumnOut<'a> {
    name: &'a str,
    r#type: &'a str,
}

#[derive(Serialize)]
struct KindOut<'a> {
    by: String,
    name: &'a str,
    rows: u64,
}

#[derive(Serialize)]
struct FeatureOut<'a> {
    name: &'a str,
    kind: &'static str,
    usual: &'a str,
}

fn json(model: &Model, shown: &[&LogModel], out: &mut dyn Write) -> io::Result<()> {
    let info = &model.info;
    let all = ModelOut {
        format: file::FORMAT,
        made_by: &info.made_by,
        zeek_version: info.zeek_version.as_deref(),
        seed: info.seed,
        first_ts: info.first_ts,
        last_ts: info.last_ts,
        rows: info.rows,
        holdout: info.holdout,
        logs: shown.iter().map(|m| log_out(m)).collect(),
        feedback: (model.marks().iter())
            .map(|m| MarkOut {
                id: m.id,
                made: m.time,
                said: m.opinion.name(),
                log: &m.log,
                record: &m.record,
                ts: m.ts,
                note: &m.note,
                because: feedback::list::because(model, m),
            })
            .collect(),
    };
    jsonl::line(out, &all)
}

fn log_out(m: &LogModel) -> LogOut<'_> {
    let strangers = (m.strangers.iter())
        .map(|s| StrangersOut {
            of: m.spec.name(usize::from(s.identity)),
            left_out: "hosts",
            told: s.hosts,
            measured_up_to: s.calibration.as_ref().map(|c| c.ceiling()),
        })
        .collect();
    LogOut {
        log: m.log(),
        rows: m.rows,
        held_out: m.held_out,
        kept_bytes: m.kept_bytes(),
        detector: m.detector_name(),
        about: m.detector.as_detector().about().into_iter().collect(),
        measured_up_to: m.calibration.ceiling(),
        strangers,
        tail: m.calibration.has_tail(),
        first_ts: m.span.map(|s| s.0),
        last_ts: m.span.map(|s| s.1),
        columns: m
            .fields
            .iter()
            .map(|(name, ty)| ColumnOut { name, r#type: ty })
            .collect(),
        kinds: kinds_of(m)
            .flat_map(|(by, kinds)| {
                (kinds.into_iter()).map(move |(name, rows)| KindOut {
                    by: by.clone(),
                    name,
                    rows,
                })
            })
            .collect(),
        features: (0..m.spec.len())
            .map(|f| FeatureOut {
                name: m.spec.name(f),
                kind: kind(m.spec.kind(f)),
                usual: &m.usual[f],
            })
            .collect(),
    }
}
