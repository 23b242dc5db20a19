//! `report`: logs in, one page for people out.

use super::group::Groups;
use super::inputs::{Inputs, nothing_used};
use super::score::Rank;
use crate::args::ReportArgs;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::output::table;
use crate::progress::Progress;
use crate::rows::{Finding, Findings};
use crate::say::{self, counted};
use crate::summary::{Watch, is_left_out};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use zeek_anomaly_engine::offline::{self, ReadParams, Scored};
use zeek_anomaly_engine::text::printable;
use zeek_anomaly_engine::train::TrainParams;
use zeek_anomaly_engine::{Model, VERSION};
use zeek_anomaly_report::words::second;
use zeek_anomaly_report::{self as report, About, Asked, Gatherer, View};

/// Findings that are kept for the page.
const FINDINGS: usize = 2000;

/// Scores and writes the page.
pub fn run(args: &ReportArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let loaded = args.model.as_deref().map(Model::load).transpose()?;
    if loaded.is_some() && args.fit.asks() {
        say::warning(
            "--seed, --detector, --sample-rows and --zeek-version mean nothing beside a model: \
             they were settled when it was trained",
        );
    }
    let open = |path: &Option<PathBuf>| path.as_deref().map(|p| Place::open(Some(p))).transpose();
    let (page_place, pdf_place) = (open(&args.output)?, open(&args.pdf)?);
    let fit_here = loaded.is_none() && args.train_on.is_empty();
    let mut training = Inputs::gather(&args.train_on, true)?;
    let mut inputs = Inputs::gather(&args.rows.paths, fit_here)?;
    let read = args.rows.read();
    let label = args.rows.label_column.as_ref();
    let total =
        offline::work(&inputs.list) * if fit_here { 2 } else { 1 } + offline::work(&training.list);
    let mut watch = Watch::new(
        Progress::new(total, !args.work.quiet),
        label.map(|l| l.0.as_str()),
        inputs.alias(),
    );
    let model = match loaded {
        Some(model) => model,
        None => {
            let learned = if fit_here {
                &inputs.list
            } else {
                &training.list
            };
            let mut first = Watch::new(watch.progress, None, training.alias());
            let params = TrainParams {
                own_rows: fit_here,
                ..args.fit.params()
            };
            let all = ReadParams::default();
            let read = if fit_here { &read } else { &all };
            let model = offline::train(learned, &params, read, &mut first);
            // What is wrong with rows that are scored too is said then.
            if !fit_here {
                training.tell_problems(&mut first);
                first.say_skipped();
                if model.info.rows == 0 {
                    return Err(nothing_used(&first, None, "train on"));
                }
            }
            watch.progress = first.progress;
            model
        }
    };
    inputs.tell_problems(&mut watch);
    let mut findings = Findings::default();
    let mut groups = Groups::new(FINDINGS);
    let mut gatherer = Gatherer::new(&model, args.threshold);
    let mut row = 0;
    offline::score(
        &inputs.list,
        &model,
        fit_here,
        &read,
        &mut watch,
        &mut |s| {
            row += 1;
            let rank = Rank::new(s, findings.ts(s), row);
            let originator = findings.originator(s);
            groups.take(&s.schema.log, originator, rank, || {
                described(&mut findings, s, args.threshold)
            });
            gatherer.take(s, || {
                record(&described(&mut findings, s, args.threshold), s.line)
            });
            ControlFlow::Continue(())
        },
    );
    watch.progress.finish();
    watch.say_skipped();
    if watch.used() == 0 {
        return Err(nothing_used(&watch, label, "report on"));
    }
    let mut all: Vec<report::Finding> = (groups.finish(FINDINGS).iter())
        .filter(|f| f.anomalous)
        .map(finding)
        .collect();
    let mut gathered = gatherer.finish();
    for page in &mut gathered.logs {
        page.refused = watch.logs.get(&page.log).map_or(0, |l| l.refused);
    }
    all.shrink_to_fit();
    let about = About {
        sensors: args.sensor.clone().into_iter().collect(),
        made: args.made.clone(),
        threshold: args.threshold,
        model: model_in_words(args, &model, fit_here),
        notes: notes(&watch),
        ..About::default()
    };
    let asked = asked(args, &watch, fit_here);
    let report = report::assemble(about, gathered, all, 0, &asked);
    let told = format!(
        "{}, {} flagged, {}",
        counted(report.about.records, "record"),
        say::count(report.about.flagged),
        counted(report.listed as u64 + report.more_findings, "finding"),
    );
    let said = |e: &dyn std::fmt::Display| Failure::Said(e.to_string());
    let view = View::new(&report).map_err(|e| said(&e))?;
    // Both are made before either is put into its place.
    let page = match page_place {
        None => None,
        Some(place) => Some((
            place,
            report::html::page(&view)
                .map_err(|e| said(&e))?
                .into_bytes(),
        )),
    };
    let pdf = match pdf_place {
        None => None,
        Some(place) => Some((place, report::pdf::document(&view).map_err(|e| said(&e))?)),
    };
    let mut written = Vec::new();
    for (place, bytes) in page.into_iter().chain(pdf) {
        written.push(place.name());
        put(place, &bytes)?;
    }
    if !args.work.quiet {
        watch.say_lines();
        watch.say_unscored();
        say::line(&format!("{}: {told}", printable(&written.join(", "))));
    }
    Ok(watch.status())
}

fn put(mut place: Place, bytes: &[u8]) -> Result<(), Failure> {
    let to = place.name();
    place
        .write_all(bytes)
        .and_then(|()| place.finish())
        .map_err(|cause| Failure::Output { to, cause })
}

fn described(findings: &mut Findings, scored: &Scored<'_>, threshold: f64) -> Finding {
    let mut f = findings.make(scored, threshold, true);
    findings.describe(scored, &mut f);
    f
}

fn record(f: &Finding, line: u64) -> report::Record {
    report::Record {
        ts: f.ts,
        line,
        uid: f.uid.clone().or_else(|| f.fuid.clone()),
        what: table::what(f).lines().map(str::to_owned).collect(),
        score: f.score,
        claim: f.claim,
        reasons: f.reasons.clone(),
    }
}

fn finding(f: &Finding) -> report::Finding {
    report::Finding {
        log: f.log.clone(),
        host: f.orig_h.clone(),
        record: record(f, 0),
        records: f.records.unwrap_or(1),
        span: None,
    }
}

/// What the model was made of.
fn model_in_words(args: &ReportArgs, model: &Model, fit_here: bool) -> String {
    let rows = counted(model.info.rows, "row");
    let span = match (model.info.first_ts, model.info.last_ts) {
        (Some(a), Some(b)) => format!(" of {} to {}", second(a), second(b)),
        _ => String::new(),
    };
    let name = match &args.model {
        Some(path) => path
            .file_name()
            .map_or_else(String::new, |n| printable(&n.to_string_lossy()) + ": "),
        None if fit_here => "none; learned from the same ".into(),
        None => "learned from ".into(),
    };
    format!("{name}{rows}{span}, zeek-anomaly {VERSION}")
}

/// What was skipped, for those who read only the page.
fn notes(watch: &Watch) -> Vec<String> {
    let mut out = watch.skipped();
    let unknown: u64 = (watch.logs.iter())
        .filter(|(log, _)| !is_left_out(log))
        .map(|(_, l)| l.tally.unscored)
        .sum();
    if unknown > 0 {
        out.push(format!(
            "{} of logs that the model has nothing for were not scored.",
            counted(unknown, "record")
        ));
    }
    if watch.filtered() > 0 {
        out.push(format!(
            "{} outside of the time bounds, or with another label, were left out.",
            counted(watch.filtered(), "record")
        ));
    }
    out
}

fn asked(args: &ReportArgs, watch: &Watch, fitted_here: bool) -> Asked {
    let word = |p: &PathBuf| format!(" {}", report::quoted(&p.to_string_lossy()));
    let of = |paths: &[PathBuf]| -> String { paths.iter().map(word).collect() };
    Asked {
        model: match (&args.model, args.train_on.as_slice()) {
            (Some(m), _) => format!(" -m{}", word(m)),
            (None, []) => String::new(),
            (None, from) => (from.iter())
                .map(|p| format!(" --train-on{}", word(p)))
                .collect(),
        },
        paths: of(&args.rows.paths),
        fitted_here,
        unscored: (watch.logs.iter())
            .filter(|(log, l)| l.tally.unscored > 0 && !is_left_out(log))
            .map(|(log, _)| log.clone())
            .collect(),
    }
}
