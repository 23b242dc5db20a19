//! `evaluate`: labelled logs in, how well models find what is labelled.
//!
//! [`truth`] tells attacks from normal rows, [`contend`] trains or reads the models and
//! lets each score the same rows, [`hunted`] has behaviours look at them, [`collect`] keeps what is
//! needed, [`report`] and [`behaviors`] measure, and [`table`], [`narrow`], [`plots`] and [`dump`] show it.

mod alerted;
pub mod args;
mod behaviors;
mod collect;
mod contend;
mod dump;
mod hunted;
mod narrow;
mod plots;
mod promise;
mod report;
mod rule;
mod sides;
mod table;
mod truth;

use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::say::{self, counted};
use args::{EvaluateArgs, EvaluateFormat, Groups, Split};
use collect::Shared;
use contend::{Contender, Contest};
use report::{Measurer, Set};
use rule::Rule;
use serde::Serialize;
use sides::Side;
use std::collections::BTreeSet;
use std::io::{self, Write};
use truth::Truth;
use zeek_anomaly_engine::Choice;

/// All that is reported.
#[derive(Serialize)]
pub struct Evaluation {
    /// The score from which there is an alert.
    threshold: f64,
    /// Alerts a day that are wanted, where findings are counted.
    alerts_per_day: f64,
    /// Days that the scored rows cover: hours with any row, by 24.
    days: f64,
    /// How intervals were made.
    bootstrap: How,
    /// The k of the precisions.
    #[serde(skip)]
    at: Vec<u64>,
    /// The models and rules, in the order of each set's results.
    models: Vec<Named>,
    /// Results, set by set.
    sets: Vec<Measured>,
    /// What behaviours found of the attacks, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    behaviors: Option<behaviors::Behaviors>,
    /// Rows without a label, by the reason.
    left_out: truth::LeftOut,
    /// What has to be known before a figure is believed.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct How {
    replicates: u32,
    level: f64,
    by: &'static str,
    seed: u64,
}

#[derive(Serialize)]
struct Named {
    name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    set: Set,
    results: Vec<report::Result>,
}

/// Evaluates and writes.
pub fn run(args: EvaluateArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let trains = !args.train_on.is_empty() || args.split.is_some();
    let asked = args.fit.detector != Choice::default()
        || !args.detectors.is_empty()
        || args.train_label.is_some();
    if asked && !trains {
        say::warning(
            "--detector, --detectors and --train-label mean nothing beside models: they were \
             settled when those were trained",
        );
    }
    let truth = Truth::new(&args)?;
    let mut place = Place::open(None)?;
    // Where rows cannot be written, this is known before the work.
    let mut dump = (args.scores_out.as_deref())
        .map(|path| Place::open(Some(path)))
        .transpose()?;
    let mut shared = Shared::default();
    let contest = contend::contend(&args, &truth, &mut shared)?;
    let (contenders, status) = (&contest.contenders, contest.status);
    // Behaviours look at logs that no model knows, too.
    let hunted = contest
        .hunted
        .as_ref()
        .is_some_and(|h| !h.attacks.is_empty());
    if contenders.iter().all(|c| c.collected.rows.is_empty()) && !hunted {
        return Err(nothing(contenders));
    }
    let sides = sides::sides(&args, contenders);
    let sets = sets(&sides, &shared);
    let evaluation = evaluate(&args, &truth, &contest, &sides, &sets, &shared);
    if let Some(mut to) = dump.take() {
        let name = to.name();
        dump::write(&sides, &shared, &mut to)
            .and_then(|()| to.finish())
            .map_err(|cause| Failure::Output { to: name, cause })?;
    }
    if let Some(dir) = &args.plots {
        let drawn = plots::draw(dir, &sides, &sets, &args)?;
        if !args.work.quiet {
            say::line(&format!(
                "drew {} into {}",
                counted(drawn, "plot"),
                zeek_anomaly_base::text::printable(&dir.display().to_string())
            ));
        }
    }
    match args.format {
        EvaluateFormat::Table => table::write(&evaluation, &mut place),
        EvaluateFormat::Json => serde_json::to_writer_pretty(&mut place, &evaluation)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(place)),
    }
    .and_then(|()| place.finish())
    .map_err(Failure::stdout)?;
    Ok(status)
}

/// Why no row could be used.
fn nothing(contenders: &[Contender]) -> Failure {
    let mut text = "there is no row to evaluate: ".to_owned();
    text.push_str(match contenders.iter().all(|c| c.read == 0) {
        true => "none could be read",
        false => "none that was scored has a label",
    });
    if let Some(left_out) = contenders
        .first()
        .and_then(|c| table::left_out(&c.collected.left_out))
    {
        text.push_str(&format!("; {left_out}"));
    }
    if let Some(unscored) = contenders.first().and_then(unscored) {
        text.push_str(&format!("; {unscored}"));
    }
    Failure::Said(text)
}

fn unscored(c: &Contender) -> Option<String> {
    let logs: Vec<String> = (c.unscored.iter())
        .map(|(log, n)| format!("{log} ({})", counted(*n, "row")))
        .collect();
    (!logs.is_empty()).then(|| format!("{} has nothing for: {}", c.name, logs.join(", ")))
}

/// The sets, each with the rows of every side.
fn sets(sides: &[Side<'_>], shared: &Shared) -> Vec<(Set, Vec<Vec<usize>>)> {
    let rows = |keep: &dyn Fn(&collect::Row) -> bool| -> Vec<Vec<usize>> {
        sides
            .iter()
            .map(|s| {
                let kept = s.rows.iter().enumerate().filter(|(_, r)| keep(r));
                kept.map(|(i, _)| i).collect()
            })
            .collect()
    };
    let mut out = vec![(Set::All, rows(&|_| true))];
    let sorted = |names: &[String]| -> Vec<(String, u32)> {
        let mut all: Vec<(String, u32)> = names.iter().cloned().zip(0..).collect();
        all.sort_unstable();
        all
    };
    for (log, n) in sorted(shared.logs.all()) {
        out.push((Set::Log(log), rows(&|r| r.log == n)));
    }
    for (attack, n) in sorted(shared.attacks.all()) {
        let keep = |r: &collect::Row| r.attack.is_none_or(|a| a == n);
        out.push((Set::Attack(attack), rows(&keep)));
    }
    out
}

fn evaluate(
    args: &EvaluateArgs,
    truth: &Truth,
    contest: &Contest,
    sides: &[Side<'_>],
    sets: &[(Set, Vec<Vec<usize>>)],
    shared: &Shared,
) -> Evaluation {
    let contenders = &contest.contenders;
    let hours: BTreeSet<i64> = (contenders.iter())
        .flat_map(|c| c.collected.hours.iter().copied())
        .collect();
    let measurer = Measurer {
        args,
        shared,
        days: hours.len() as f64 / 24.0,
    };
    let mut notes = Vec::new();
    let mut measured = Vec::new();
    for (set, rows) in sets {
        let results: Vec<report::Result> = (sides.iter().zip(rows))
            .map(|(side, rows)| measurer.measure(side, set, rows))
            .collect();
        for (side, result) in sides.iter().zip(&results) {
            notes.extend(report::note(side, set, result));
        }
        measured.push(Measured {
            set: set.clone(),
            results,
        });
    }
    let left_out = contenders.first().map(|c| c.collected.left_out.clone());
    let left_out = left_out.unwrap_or_default();
    notes.extend(about(args, contenders, shared, &measurer, &measured));
    notes.extend(table::left_out(&left_out));
    notes.extend(truth.unmet());
    let hunted = contest.hunted.as_ref();
    let behaviors = hunted.map(|h| behaviors::behaviors(h, shared.attacks.all(), measurer.days));
    notes.extend(over_time(args, &measured));
    Evaluation {
        threshold: args.threshold,
        alerts_per_day: args.alerts_per_day,
        days: measurer.days,
        bootstrap: How {
            replicates: args.bootstrap,
            level: 0.95,
            by: by(args),
            seed: args.fit.seed,
        },
        at: args.at.clone(),
        models: (sides.iter())
            .map(|s| Named {
                name: s.name.clone(),
                kind: if s.is_rule() { "rule" } else { "model" },
            })
            .collect(),
        sets: measured,
        behaviors,
        left_out,
        notes,
    }
}

/// What is to be said of behaviours.
fn over_time(args: &EvaluateArgs, measured: &[Measured]) -> Option<String> {
    if !args.hunt {
        let missed = |m: &&Measured| {
            let findings = m.results.iter().filter_map(|r| r.findings.as_ref());
            let mut told = findings.map(|f| f.seconds_to_first_alert);
            matches!(m.set, Set::Attack(_)) && told.any(|t| t.is_none())
        };
        return (measured.iter().any(|m| missed(&m))).then(|| {
            "never: no record of it raises an alert; --hunt looks for what takes time to see, too".into()
        });
    }
    let mut text = match (
        args.usual.is_some(),
        args.train_on.is_empty() && args.split.is_none(),
    ) {
        (true, _) => "hunted with what --usual knows",
        (false, false) => "hunted with what the training rows taught to be usual",
        (false, true) => "hunted without knowing what is usual here (--usual)",
    }
    .to_owned();
    let seen: Vec<&str> = (args.blank.iter().map(String::as_str))
        .filter(|c| zeek_anomaly_runner::ENDPOINTS.contains(c))
        .collect();
    if !seen.is_empty() {
        text.push_str(&format!(
            "; behaviours see {} all the same, since findings are about hosts",
            seen.join(" and ")
        ));
    }
    Some(text)
}

fn by(args: &EvaluateArgs) -> &'static str {
    match args.by {
        Groups::Host => "host",
        Groups::Hour => "hour",
    }
}

/// What is to be said of the evaluation as a whole.
fn about(
    args: &EvaluateArgs,
    contenders: &[Contender],
    shared: &Shared,
    measurer: &Measurer<'_>,
    measured: &[Measured],
) -> Vec<String> {
    let mut notes: Vec<String> = contenders.iter().filter_map(unscored).collect();
    for c in contenders.iter().filter(|c| !c.trained_with.is_empty()) {
        notes.push(format!(
            "{}: trained with {}, so that what is blanked is strange to it everywhere: with --train-on or \
             --split it is blanked in training, too",
            c.name,
            Vec::from_iter(c.trained_with.iter().map(String::as_str)).join(", ")
        ));
    }
    for c in contenders {
        let mut low: Vec<&str> = (c.collected.ceilings.iter())
            .filter(|(_, ceiling)| **ceiling < args.threshold)
            .filter_map(|(log, _)| shared.logs.all().get(*log as usize))
            .map(String::as_str)
            .collect();
        low.sort_unstable();
        if !low.is_empty() {
            notes.push(format!(
                "{}: trained on too few rows to show a score of {}, so nothing can be found in: {}",
                c.name,
                args.threshold,
                low.join(", ")
            ));
        }
    }
    let sizes: BTreeSet<usize> = contenders.iter().map(|c| c.collected.rows.len()).collect();
    if sizes.len() > 1 {
        notes.push(
            "the models scored different rows: figures of one cannot be held against another's"
                .into(),
        );
    }
    let seen: BTreeSet<&str> = (args.rules.iter().flat_map(Rule::columns))
        .filter(|c| !args.blank.iter().any(|b| b == c))
        .collect();
    if !seen.is_empty() {
        notes.push(format!(
            "models see the columns that decide the label: {}; --blank them to measure the rest",
            Vec::from_iter(seen).join(", ")
        ));
    }
    if args.split == Some(Split::Host) {
        notes
            .push("split by host: rows without an originator were learned from, not scored".into());
    }
    if args.bootstrap > 0 {
        let all = measured
            .first()
            .map(|m| m.results.as_slice())
            .unwrap_or_default();
        let made = all.iter().filter_map(|r| r.ranking.as_ref());
        let least = made.map(|m| m.roc_auc.replicates.unwrap_or(0)).min();
        let mut text = format!(
            "[95 % intervals]: {} bootstrap replicates over {}s",
            args.bootstrap,
            by(args)
        );
        match least {
            Some(0) => text.push_str(&format!(
                "; none where fewer than half of them have attacks and normal rows: too few {}s",
                by(args)
            )),
            Some(n) if n < args.bootstrap as usize => text.push_str(&format!(
                "; over all logs only {n} of them have attacks and normal rows, and the intervals \
                 are made of those alone: with so few independent {}s they promise too much",
                by(args)
            )),
            _ => {}
        }
        notes.push(text);
    }
    notes.push(format!(
        "found and false alerts: score {} or more, over {:.1} days (hours with rows / 24)",
        args.threshold, measurer.days
    ));
    notes
}
