//! `report`: logs in, one page for people out.

pub mod args;
mod pdf;

use super::{inputs, verdict};
use crate::allowed;
use crate::coverage::{self, is_left_out};
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::output::table;
use crate::progress::Progress;
use crate::rows::Findings;
use crate::say::{self, counted};
use args::ReportArgs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Allow, BehaviorBaseline, BehaviorEngine, Settings};
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::{Model, Reason, VERSION};
use zeek_anomaly_report::words::second;
use zeek_anomaly_report::{
    self as report, Gatherer, HostRisk, ReportRequest, ReportSubject, ReportView,
};
use zeek_anomaly_runner::{Coverage, HostFindings, Ignore, JudgeParams, Source, judge, on_scored};
use zeek_anomaly_verdict::{Assessment, BaselineComparison, DirectoryBaseline};

/// Hosts whose behaviours are kept, and the behaviours of each.
const HOSTS: usize = 1000;
const BEHAVIORS: usize = 50;

/// Scores and writes the page.
pub fn run(args: &ReportArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    if args.pdf.is_some() {
        pdf::check()?;
    }
    let loaded = inputs::load(args.model.as_deref(), &args.fit)?;
    let allow = allowed::load(args.allow.as_deref())?;
    let kept = args
        .baseline
        .as_deref()
        .map(verdict::read_baseline)
        .transpose()?;
    let open = |path: &Option<PathBuf>| path.as_deref().map(|p| Place::open(Some(p))).transpose();
    let (page_place, pdf_place) = (open(&args.output)?, open(&args.pdf)?);
    let training = inputs::paths(&args.train_on, &args.rows.spool, true)?;
    let source = inputs::rows(&args.rows, &args.rows.paths, Some(&args.sensors), true)?;
    let fit_here = loaded.is_none() && !training.is_asked();
    let total = source.bytes_to_score() * if fit_here { 2 } else { 1 }
        + training.bytes_to_score()
        + source.bytes()
        + training.bytes();
    let mut progress = Progress::new(total, !args.work.quiet);
    let mut learner = BehaviorEngine::learner(Settings::default());
    let prepared = inputs::model(
        loaded,
        &training,
        &source,
        &args.fit,
        Some(&mut learner).filter(|_| args.usual.is_none()),
        &mut progress,
    )?;
    let usual = match (&args.usual, training.is_asked()) {
        (None, true) => Some(learner.learned()),
        (path, _) => inputs::baseline(path.as_deref())?,
    };
    let model = prepared.model;
    let threshold = args.threshold;
    let mut findings = Findings::default();
    let mut gatherer = Gatherer::new(&model, threshold);
    let mut gather = on_scored(|s: &Scored<'_>| {
        gatherer.take(s, |reasons| record(&mut findings, s, threshold, reasons));
        ControlFlow::Continue(())
    });
    let params = JudgeParams {
        model: &model,
        own_rows: fit_here,
        threshold,
        baseline: usual.as_ref(),
        allow,
    };
    let judged = judge(&source, params, &mut gather, &mut |b, r| progress.add(b, r));
    drop(gather);
    let (assessment, coverage) = (judged.assessment, judged.coverage);
    let model_for_normal = (!fit_here).then_some(&model);
    let comparison = compare(args, model_for_normal, kept, usual.as_ref(), &assessment)?;
    progress.finish();
    coverage::say_skipped(&coverage);
    if coverage.used() == 0 {
        let label = args.rows.label_column.as_ref();
        return Err(coverage::nothing(&coverage, label, "report on"));
    }
    let hosts = judged.findings.by_host(|_| true);
    let behaviors: usize = hosts.iter().map(|h| h.findings.len()).sum();
    let risks = hosts.into_iter().take(HOSTS).map(risk).collect();
    let mut gathered = gatherer.finish();
    for page in &mut gathered.logs {
        page.refused = coverage.logs.get(&page.log).map_or(0, |l| l.refused);
    }
    let about = ReportSubject {
        sensors: args.sensor.clone().into_iter().collect(),
        made: args.made.clone(),
        threshold: args.threshold,
        model: model_in_words(args, &model, fit_here),
        notes: notes(&coverage),
        ..ReportSubject::default()
    };
    let asked = asked(args, &coverage, fit_here);
    let report = report::assemble(
        about,
        gathered,
        risks,
        Some((assessment, comparison)),
        &asked,
    );
    let written = write(&report, page_place, pdf_place)?;
    if !args.work.quiet {
        coverage::say(&coverage, args.work.verbose);
        coverage::say_unscored(&coverage);
        say::line(&format!(
            "{}: {}, {} flagged, {}, {}",
            printable(&written.join(", ")),
            counted(report.about.records, "record"),
            say::count(report.about.flagged),
            counted(report.listed as u64 + report.more_findings, "finding"),
            counted(behaviors as u64, "behavior"),
        ));
    }
    Ok(coverage::status(&coverage))
}

/// What a host did over time, as much of it as the page has room for.
fn risk(mut of: HostFindings) -> HostRisk {
    of.findings.truncate(BEHAVIORS);
    HostRisk {
        host: of.host,
        risk: of.risk,
        behaviors: of.findings,
    }
}

/// Writes the page and the PDF; both are made before either is put into its place.
fn write(
    report: &report::Report,
    page: Option<Place>,
    pdf: Option<Place>,
) -> Result<Vec<String>, Failure> {
    let said = |e: &dyn std::fmt::Display| Failure::Said(e.to_string());
    let view = ReportView::new(report).map_err(|e| said(&e))?;
    let mut made = Vec::new();
    if let Some(place) = page {
        let page = report::html::page(&view).map_err(|e| said(&e))?;
        made.push((place, page.into_bytes()));
    }
    if let Some(place) = pdf {
        made.push((place, pdf::document(&view)?));
    }
    let mut written = Vec::new();
    for (mut place, bytes) in made {
        let to = place.name();
        let done = place.write_all(&bytes).and_then(|()| place.finish());
        done.map_err(|cause| Failure::Output {
            to: to.clone(),
            cause,
        })?;
        written.push(to);
    }
    Ok(written)
}

/// A record as the report shows it.
fn record(
    findings: &mut Findings,
    scored: &Scored<'_>,
    threshold: f64,
    reasons: &[Reason],
) -> report::ReportRecord {
    let mut f = findings.make(scored, threshold, false);
    findings.describe(scored, &mut f);
    report::ReportRecord {
        ts: f.ts,
        line: scored.line,
        what: table::what(&f).lines().map(str::to_owned).collect(),
        uid: f.uid.or(f.fuid),
        score: f.score,
        claim: f.claim,
        reasons: reasons.to_vec(),
    }
}

/// How the logs stand to paths that are known to be ordinary.
fn compare(
    args: &ReportArgs,
    model: Option<&Model>,
    kept: Option<DirectoryBaseline>,
    usual: Option<&BehaviorBaseline>,
    assessment: &Assessment,
) -> Result<Option<BaselineComparison>, Failure> {
    let mut baseline =
        kept.unwrap_or_else(|| DirectoryBaseline::new(String::new(), args.threshold));
    for path in &args.normal {
        let source = inputs::paths(std::slice::from_ref(path), &args.rows.spool, true)?;
        let mut silent = Progress::new(0, false);
        let (none, fit) = (Source::default(), &args.fit);
        let fitted = match model {
            Some(_) => None,
            None => Some(inputs::model(None, &none, &source, fit, None, &mut silent)?),
        };
        let Some(model) = model.or(fitted.as_ref().map(|p| &p.model)) else {
            continue;
        };
        let params = JudgeParams {
            model,
            own_rows: fitted.is_some(),
            threshold: args.threshold,
            baseline: usual,
            allow: Allow::default(),
        };
        let judged = judge(&source, params, &mut Ignore, &mut |_, _| {});
        coverage::say_skipped(&judged.coverage);
        if judged.coverage.used() == 0 {
            return Err(coverage::nothing(&judged.coverage, None, "compare with"));
        }
        baseline.add(&path.display().to_string(), &judged.assessment);
    }
    Ok((!baseline.is_empty()).then(|| baseline.compare(assessment)))
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
fn notes(coverage: &Coverage) -> Vec<String> {
    let mut out = coverage::skipped(coverage);
    let unknown: u64 = (coverage.logs.iter())
        .filter(|(log, _)| !is_left_out(log))
        .map(|(_, l)| l.tally.unscored)
        .sum();
    if unknown > 0 {
        out.push(format!(
            "{} of logs that the model has nothing for were not scored.",
            counted(unknown, "record")
        ));
    }
    if coverage.filtered() > 0 {
        out.push(format!(
            "{} outside of the time bounds, or with another label, were left out.",
            counted(coverage.filtered(), "record")
        ));
    }
    out
}

fn asked(args: &ReportArgs, coverage: &Coverage, fitted_here: bool) -> ReportRequest {
    let word = |p: &PathBuf| format!(" {}", report::quoted(&p.to_string_lossy()));
    let of = |paths: &[PathBuf]| -> String { paths.iter().map(word).collect() };
    ReportRequest {
        model: match (&args.model, args.train_on.as_slice()) {
            (Some(m), _) => format!(" -m{}", word(m)),
            (None, []) => String::new(),
            (None, from) => (from.iter())
                .map(|p| format!(" --train-on{}", word(p)))
                .collect(),
        },
        paths: of(&args.rows.paths),
        fitted_here,
        unscored: (coverage.logs.iter())
            .filter(|(log, l)| l.tally.unscored > 0 && !is_left_out(log))
            .map(|(log, _)| log.clone())
            .collect(),
    }
}
