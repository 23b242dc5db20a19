//! `score`: logs in, findings out.

use super::alerts::{Gatherer, logs, say_exceeded, shown_new_log};
use super::drift;
use super::group::Groups;
use super::inputs;
use crate::allowed;
use crate::args::{Format, Reasons, ScoreArgs};
use crate::coverage::{self, say_table};
use crate::exit::{Failure, Status};
use crate::output::Writer;
use crate::output::features::Features;
use crate::output::place::Place;
use crate::output::table::Look;
use crate::progress::Progress;
use crate::rows::{Finding, Findings};
use crate::say::{self, count, counted};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_alerts::Replay;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine};
use zeek_anomaly_drift::Monitor;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::feedback::Opinion;
use zeek_anomaly_engine::merge::InOrder;
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_runner::{AllowedRecords, Coverage, NewLog, NewLogs, Run, Sink};
use zeek_log::{Record, Schema};

/// Scores and writes.
pub fn run(args: ScoreArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let path = inputs::model_path(args.model.as_deref(), &args.train_on);
    let loaded = inputs::load(path.as_deref(), &args.fit)?;
    let allow = allowed::load(args.allow.as_deref())?;
    let mut engine = match args.hunt {
        true => Some(
            args.budget
                .behaviors(args.usual.as_deref(), args.allow.as_deref())?,
        ),
        false => None,
    };
    let place = Place::open(args.output.as_deref())?;
    let place_name = place.name();
    let training = inputs::paths(&args.train_on, &args.rows.spool, true)?;
    let fit_here = loaded.is_none() && !training.is_asked();
    let sensors = Some(&args.sensors);
    let source = inputs::rows(
        &args.rows,
        &args.rows.paths,
        sensors,
        fit_here || args.hunt || args.allow.is_some(),
    )?;
    let label = args.rows.label_column.as_ref();

    let to_stdout = args.output.is_none();
    // A bar and records on one terminal would get in each other's way.
    let in_the_way = writes_at_once(&args) && to_stdout && io::stdout().is_terminal();
    let total = source.bytes_to_score() * if fit_here { 2 } else { 1 }
        + training.bytes_to_score()
        + if args.hunt || args.allow.is_some() {
            source.bytes()
        } else {
            0
        };
    let mut progress = Progress::new(total, !args.work.quiet && !in_the_way);
    let prepared = inputs::model(loaded, &training, &source, &args.fit, None, &mut progress)?;
    let model = prepared.model;

    let writer = Writer::new(place, args.format, Look::new(to_stdout));
    let mut output = Output::new(&args, writer, AllowedRecords::new(allow));
    output.features = (args.features_out.as_deref())
        .map(|dir| Features::new(dir, args.encoded, fit_here))
        .transpose()?;
    output.model = Some(&model).filter(|_| !fit_here && !writes_at_once(&args));
    output.monitor = (!fit_here).then(|| Monitor::archive(&model.trained_logs()));
    let mut run = Run::of(&source).score(&model, fit_here).sink(&mut output);
    if let Some(engine) = &mut engine {
        run = run.behaviors(engine);
    }
    if args.allow.is_some() {
        run = run.in_order();
    }
    let coverage = run.go(&mut |b, r| progress.add(b, r));
    progress.finish();
    let failed = |cause| Failure::Output {
        to: place_name.clone(),
        cause,
    };
    if let Some(cause) = output.failed.take() {
        return Err(failed(cause));
    }
    if let Some(failure) = output.features_failed.take() {
        return Err(failure);
    }
    let anomalous = std::mem::take(&mut output.anomalous);
    let moved = output.moved;
    let mut replay = None;
    let empty = coverage.scored_rows() == 0;
    let monitor = output.monitor.take();
    // An hour in which nothing happened is no failure; an input of which nothing
    // was understood is.
    let useless = empty
        && (coverage.is_partial()
            || coverage.unscored() > 0
            || coverage
                .column
                .as_ref()
                .is_some_and(|c| c.1 == 0 && coverage.rows() > 0));
    let allowed = std::mem::take(&mut output.allowed);
    if !useless {
        if let Some(features) = output.features.take() {
            features.finish()?;
        }
        replay = output.finish(&model).map_err(failed)?;
    }
    if !useless && to_stdout && io::stdout().is_terminal() {
        say::line("");
    }
    coverage::say_skipped(&coverage);
    if useless {
        coverage::say_unscored(&coverage);
        return Err(coverage::nothing(&coverage, label, "score"));
    }
    if fit_here {
        say::line(
            "no model given: fitted on these rows themselves; an honest score needs a model \
             trained on other days (zeek-anomaly train)",
        );
    }
    let drift = monitor.and_then(|mut m| drift::one_line(&m.finish()));
    if let Some(line) = drift.filter(|_| !args.work.quiet) {
        say::warning(&line);
    }
    for log in &args.logs {
        if log != "all" && coverage.logs.get(log).is_none_or(|l| l.tally.used == 0) {
            say::warning(&format!("--log {log}: no row of that log was scored"));
        }
    }
    if let (Some(replay), false) = (&replay, args.work.quiet) {
        say_alerts(replay);
    }
    if !args.work.quiet {
        summarize(&args, &model, &coverage, &progress, &anomalous);
        if args.allow.is_some() {
            allowed::say(&allowed);
        }
        if moved != (0, 0) {
            say::line(&format!(
                "feedback damped {} and raised {}",
                counted(moved.0, "record"),
                counted(moved.1, "record")
            ));
        }
    }
    Ok(coverage::status(&coverage))
}

/// Where scored records go.
struct Output<'a> {
    args: &'a ScoreArgs,
    writer: Writer<Place>,
    allowed: AllowedRecords,
    /// Logs that this model, if it is of other rows, never saw.
    new_logs: NewLogs,
    model: Option<&'a Model>,
    /// Whether the traffic is as in training.
    monitor: Option<Monitor>,
    findings: Findings,
    anomalous: BTreeMap<String, u64>,
    /// Records that feedback damped, and raised.
    moved: (u64, u64),
    top: BinaryHeap<Kept>,
    groups: Groups,
    /// Where alerts are wanted.
    gatherer: Option<Gatherer>,
    rows: u64,
    failed: Option<io::Error>,
    /// Where every record goes with its features, and why that failed.
    features: Option<Features>,
    features_failed: Option<Failure>,
}

impl Sink for Output<'_> {
    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        if let Some(model) = self.model {
            self.new_logs.row(model, schema, record);
        }
    }

    fn scored(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
        if let Some(monitor) = &mut self.monitor {
            scored.count_in(monitor);
        }
        match self.allowed.covers(scored) {
            true => ControlFlow::Continue(()),
            false => self.take(scored),
        }
    }

    fn in_order(&mut self, row: &InOrder<'_>, columns: &BehaviorColumns) {
        self.allowed.note(row, columns);
    }

    fn finding(&mut self, finding: &zeek_anomaly_behavior::Finding) {
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.finding(finding);
        }
    }

    fn watched(&mut self, engine: &BehaviorEngine) {
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.watched(engine);
        }
    }
}

impl<'a> Output<'a> {
    fn new(args: &'a ScoreArgs, writer: Writer<Place>, allowed: AllowedRecords) -> Output<'a> {
        Output {
            args,
            writer,
            allowed,
            new_logs: NewLogs::default(),
            model: None,
            monitor: None,
            findings: Findings::default(),
            anomalous: BTreeMap::new(),
            moved: (0, 0),
            top: BinaryHeap::new(),
            groups: Groups::new(args.top),
            gatherer: args.alerts_per_day.map(|_| {
                let described = matches!(args.format, Format::Table | Format::Ecs);
                Gatherer::new(args.threshold, &logs(&args.logs), described)
            }),
            rows: 0,
            failed: None,
            features: None,
            features_failed: None,
        }
    }

    fn take(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
        self.rows += 1;
        let log = &scored.schema.log;
        match scored.verdict.feedback.map(|m| m.opinion) {
            Some(Opinion::False) => self.moved.0 += 1,
            Some(Opinion::True) => self.moved.1 += 1,
            None => {}
        }
        let anomalous = scored.verdict.score >= self.args.threshold;
        if anomalous {
            match self.anomalous.get_mut(log) {
                Some(n) => *n += 1,
                None => {
                    self.anomalous.insert(log.clone(), 1);
                }
            }
        }
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.take(scored);
            return ControlFlow::Continue(());
        }
        if !self.args.logs.is_empty() && !self.args.logs.contains(log) {
            return ControlFlow::Continue(());
        }
        if let Some(features) = &mut self.features {
            let row = self.findings.make(scored, self.args.threshold, false);
            if let Err(failure) = features.write(scored, &row) {
                self.features_failed = Some(failure);
                return ControlFlow::Break(());
            }
        }
        if writes_at_once(self.args) {
            if self.args.format == Format::Ecs && !anomalous {
                return ControlFlow::Continue(());
            }
            let reasons = anomalous || self.args.reasons == Reasons::All;
            let finding = finding(&mut self.findings, self.args, scored, reasons);
            if let Err(e) = self.writer.write(finding) {
                self.failed = Some(e);
                return ControlFlow::Break(());
            }
        } else {
            self.keep(scored);
        }
        ControlFlow::Continue(())
    }

    /// Keeps a record that is among the strangest so far. Only such a one is explained.
    fn keep(&mut self, scored: &Scored<'_>) {
        let rank = Rank::new(scored, self.findings.ts(scored), self.rows);
        if self.args.group {
            let originator = self.findings.originator(scored);
            let (findings, args) = (&mut self.findings, self.args);
            self.groups.take(&scored.schema.log, originator, rank, || {
                finding(findings, args, scored, true)
            });
            return;
        }
        if self.top.len() >= self.args.top {
            match self.top.peek() {
                Some(worst) if rank < worst.rank => {
                    self.top.pop();
                }
                _ => return,
            }
        }
        let finding = finding(&mut self.findings, self.args, scored, true);
        self.top.push(Kept { rank, finding });
    }

    /// Writes what was kept; gives what became of a budget, where there is one.
    fn finish(self, model: &Model) -> io::Result<Option<Replay>> {
        let mut writer = self.writer;
        let mut replay = None;
        let new_logs: Vec<NewLog> = (self.new_logs.found())
            .filter(|n| self.args.logs.is_empty() || self.args.logs.contains(&n.log))
            .collect();
        let mut gatherer = self.gatherer;
        let mut shown: Vec<Finding> = Vec::new();
        for new in &new_logs {
            match &mut gatherer {
                Some(gatherer) => gatherer.take_new_log(new, model),
                None => shown.push(shown_new_log(new, model, self.args.threshold)),
            }
        }
        shown.sort_by_key(|f| Reverse(f.records));
        shown.truncate(self.args.top);
        for finding in shown {
            writer.write(finding)?;
        }
        if let (Some(mut gatherer), Some(per_day)) = (gatherer, self.args.alerts_per_day) {
            let params = self.args.budget.params(per_day, self.args.threshold);
            let replayed = gatherer.replay(model, params);
            for finding in replayed.alerts.iter().filter_map(|a| gatherer.finding(a)) {
                writer.write(finding)?;
            }
            gatherer.say_dropped();
            replay = Some(replayed);
        }
        let groups = self.groups.finish(self.args.top);
        let top = self.top.into_sorted_vec().into_iter().map(|k| k.finding);
        for finding in top.chain(groups) {
            writer.write(finding)?;
        }
        writer.finish()?.finish()?;
        Ok(replay)
    }
}

/// Whether records are written as they come, in the order of the files: all that are asked for,
/// or all alerts.
fn writes_at_once(args: &ScoreArgs) -> bool {
    args.all || (args.format == Format::Ecs && !args.group)
}

/// Says what became of a budget.
fn say_alerts(replay: &Replay) {
    let days: f64 = replay.days.iter().map(|d| d.part).sum();
    let alerts = replay.alerts.len() as u64;
    let held = replay.days.iter().map(|d| d.held).sum();
    say_exceeded(&replay.days);
    say::line(&format!(
        "{} in {days:.1} days{}",
        counted(alerts, "alert"),
        match held {
            0 => String::new(),
            n => format!("; {} held back to keep the budget", counted(n, "finding")),
        }
    ));
}

/// What is written of a record.
fn finding(
    findings: &mut Findings,
    args: &ScoreArgs,
    scored: &Scored<'_>,
    reasons: bool,
) -> Finding {
    let mut finding = findings.make(scored, args.threshold, reasons);
    if matches!(args.format, Format::Table | Format::Ecs) {
        findings.describe(scored, &mut finding);
    }
    finding
}

/// A record's place among the others; the strangest is the least.
#[derive(Clone, Copy, Debug)]
pub struct Rank {
    /// Its score.
    pub score: f64,
    /// Tells records apart that are all stranger than any that was trained on.
    raw: f64,
    ts: f64,
    row: u64,
}

impl Rank {
    /// Of the `row`th record.
    pub fn new(scored: &Scored<'_>, ts: Option<f64>, row: u64) -> Rank {
        Rank {
            score: scored.verdict.score,
            raw: scored.verdict.raw,
            ts: ts.unwrap_or(f64::INFINITY),
            row,
        }
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Rank) -> Ordering {
        (other.score.total_cmp(&self.score))
            .then(other.raw.total_cmp(&self.raw))
            .then(self.ts.total_cmp(&other.ts))
            .then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Rank) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Rank) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rank {}

/// A finding that may be shown.
struct Kept {
    rank: Rank,
    finding: Finding,
}

impl Ord for Kept {
    fn cmp(&self, other: &Kept) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Kept) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Kept) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Kept {}

fn summarize(
    args: &ScoreArgs,
    model: &Model,
    coverage: &Coverage,
    progress: &Progress,
    anomalous: &BTreeMap<String, u64>,
) {
    coverage::say(coverage, args.work.verbose);
    let of = |log: &str| model.position(log).map(|i| &model.logs[i]);
    let rows = coverage
        .logs
        .iter()
        .map(|(log, l)| {
            vec![
                printable(log),
                count(l.tally.used),
                count(l.tally.filtered),
                count(l.tally.unscored),
                count(l.refused),
                count(anomalous.get(log).copied().unwrap_or(0)),
                of(log).map_or("-".into(), say::reach),
            ]
        })
        .collect();
    let last = format!("score {} or more", args.threshold);
    say_table(
        &[
            "log",
            "scored",
            "filtered",
            "not scored",
            "refused",
            &last,
            "measured up to",
        ],
        rows,
    );
    coverage::say_unscored(coverage);
    let low: Vec<String> = coverage
        .logs
        .iter()
        .filter(|(_, l)| l.tally.used > 0)
        .filter(|(log, _)| of(log).is_some_and(|m| !m.calibration.can_reach(args.threshold)))
        .map(|(log, _)| printable(log))
        .collect();
    if !low.is_empty() {
        say::line(&format!(
            "trained on too few rows to show a score of {}: {}",
            args.threshold,
            low.join(", ")
        ));
    }
    let seconds = progress.seconds();
    say::line(&format!(
        "scored {} in {seconds:.2} s ({} rows/s)",
        counted(coverage.scored_rows(), "row"),
        count((coverage.scored_rows() as f64 / seconds.max(1e-3)) as u64),
    ));
}
