//! One run that gives scores, behaviors and the verdict: what `analyze` tells and `report` draws.

use super::args::AnalysisArgs;
use crate::allowed;
use crate::commands::{inputs, verdict};
use crate::coverage::{self, is_left_out};
use crate::exit::Failure;
use crate::output::table;
use crate::progress::Progress;
use crate::rows::Findings;
use crate::say::counted;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Allow, BehaviorBaseline, BehaviorEngine, Settings};
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::{Model, Reason, VERSION};
use zeek_anomaly_report::words::second;
use zeek_anomaly_report::{
    self as report, Gatherer, HostRisk, Report, ReportRequest, ReportSubject,
};
use zeek_anomaly_runner::{
    Coverage, HostFindings, Ignore, JudgeParams, NewLog, Source, judge, on_scored,
};
use zeek_anomaly_verdict::{Assessment, BaselineComparison, DirectoryBaseline, VerdictLevel};

/// Hosts whose findings are kept, and the findings of each.
const HOSTS: usize = 1000;
const FINDINGS: usize = 50;

/// What the logs say.
pub struct Analysis {
    /// All that a page shows.
    pub report: Report,
    /// Logs that training never saw.
    pub new_logs: Vec<NewLog>,
    /// What was looked at.
    pub coverage: Coverage,
    /// Whether the rows were ranked among themselves.
    pub own_rows: bool,
}

/// Judges the logs. `sensor` and `made` stand on the page.
pub fn analyze(
    args: &AnalysisArgs,
    sensor: Option<&String>,
    made: Option<&String>,
) -> Result<Analysis, Failure> {
    let path = inputs::model_path(args.model.as_deref(), &args.train_on);
    let loaded = inputs::load(path.as_deref(), &args.fit)?;
    let allow = allowed::load(args.allow.as_deref())?;
    let kept = args
        .baseline
        .as_deref()
        .map(verdict::read_baseline)
        .transpose()?;
    let training = inputs::paths(&args.train_on, &args.rows.spool, true)?;
    let source = inputs::rows(&args.rows, &args.rows.paths, Some(&args.sensors), true)?;
    let own_rows = loaded.is_none() && !training.is_asked();
    let total = source.bytes_to_score() * if own_rows { 2 } else { 1 }
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
        own_rows,
        threshold,
        baseline: usual.as_ref(),
        allow,
    };
    let judged = judge(&source, params, &mut gather, &mut |b, r| progress.add(b, r));
    drop(gather);
    let (assessment, coverage) = (judged.assessment, judged.coverage);
    let model_for_normal = (!own_rows).then_some(&model);
    let comparison = compare(args, model_for_normal, kept, usual.as_ref(), &assessment)?;
    progress.finish();
    coverage::say_skipped(&coverage);
    if coverage.used() == 0 {
        let label = args.rows.label_column.as_ref();
        return Err(coverage::nothing(&coverage, label, "analyze"));
    }
    let hosts = judged.findings.by_host(|_| true);
    let behaviors = hosts.iter().map(|h| h.findings.len() as u64).sum();
    let risks = hosts.into_iter().take(HOSTS).map(risk).collect();
    let mut gathered = gatherer.finish();
    for page in &mut gathered.logs {
        page.refused = coverage.logs.get(&page.log).map_or(0, |l| l.refused);
    }
    let about = ReportSubject {
        sensors: sensor.cloned().into_iter().collect(),
        made: made.cloned(),
        threshold,
        model: model_in_words(path.as_deref(), &model, own_rows),
        notes: [notes(&coverage), coverage::new_logs(&judged.new_logs)].concat(),
        behaviors,
        ..ReportSubject::default()
    };
    let asked = asked(args, &coverage, own_rows);
    let verdict = Some((assessment, comparison));
    let report = report::assemble(about, gathered, risks, verdict, &asked);
    Ok(Analysis {
        report,
        new_logs: judged.new_logs,
        coverage,
        own_rows,
    })
}

impl Analysis {
    /// The verdict.
    pub fn level(&self) -> VerdictLevel {
        let verdict = self.report.verdict.as_ref();
        verdict.map_or(VerdictLevel::Unknown, |(a, _)| a.components.severity)
    }

    /// Its score, 0 to 100.
    pub fn score(&self) -> f64 {
        let verdict = self.report.verdict.as_ref();
        verdict.map_or(0.0, |(a, _)| a.components.score)
    }
}

/// What a host did over time, as much of it as the page has room for.
fn risk(mut of: HostFindings) -> HostRisk {
    of.findings.truncate(FINDINGS);
    HostRisk {
        host: of.host,
        risk: of.risk,
        behaviors: of.findings,
    }
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
    args: &AnalysisArgs,
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
fn model_in_words(path: Option<&Path>, model: &Model, own_rows: bool) -> String {
    let rows = counted(model.info.rows, "row");
    let span = match (model.info.first_ts, model.info.last_ts) {
        (Some(a), Some(b)) => format!(" of {} to {}", second(a), second(b)),
        _ => String::new(),
    };
    let name = match path {
        Some(path) => path
            .file_name()
            .map_or_else(String::new, |n| printable(&n.to_string_lossy()) + ": "),
        None if own_rows => "none; learned from the same ".into(),
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

/// What was asked, for commands that work as printed: none for what can be read only once.
fn asked(args: &AnalysisArgs, coverage: &Coverage, own_rows: bool) -> ReportRequest {
    let again = |p: &PathBuf| p.is_dir() || p.is_file();
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
        paths: (args.rows.paths.iter().all(again)).then(|| of(&args.rows.paths)),
        fitted_here: own_rows,
        unscored: (coverage.logs.iter())
            .filter(|(log, l)| l.tally.unscored > 0 && !is_left_out(log))
            .map(|(log, _)| log.clone())
            .collect(),
    }
}
