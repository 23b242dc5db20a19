//! `evaluate`: how well models find what is labelled. The work is in the crate `evaluate`; here are the
//! arguments, the tables ([`table`], [`narrow`], [`behaviors`]), plots and notes.

pub mod args;
mod behaviors;
mod calibration_plot;
mod dump;
mod narrow;
mod notes;
mod plots;
mod table;

use super::inputs;
use crate::allowed;
use crate::args::SpoolArgs;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::progress::Progress;
use crate::say::{self, counted};
use args::{EvaluateArgs, EvaluateFormat};
use serde::Serialize;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::Choice;
use zeek_anomaly_evaluate::{
    BehaviorParams, Bootstrap, Contest, EvaluateError, EvaluateParams, Evaluation, Evaluator,
    GroundTruth,
};
use zeek_anomaly_runner::Coverage;

/// The part of the replicates that an interval holds.
const LEVEL: f64 = 0.95;

/// Evaluates and writes.
pub fn run(args: EvaluateArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    if !trains(&args)
        && (args.fit.detector != Choice::default()
            || !args.detectors.is_empty()
            || args.train_label.is_some())
    {
        say::warning(
            "--detector, --detectors and --train-label have no effect on a loaded model: use --train-on or --split",
        );
    }
    let truth = truth(&args)?;
    let mut place = Place::open(None)?;
    // Fail before the work if rows cannot be written.
    let mut rows_place = (args.scores_out.as_deref())
        .map(|path| Place::open(Some(path)))
        .transpose()?;
    let params = params(&args)?;
    for source in [&params.test, &params.train] {
        coverage::say_skipped(&Coverage::of(source));
    }
    let evaluator = Evaluator::new(&params, &truth).map_err(failure)?;
    let mut progress = Progress::new(evaluator.work(), !args.work.quiet);
    let contest = evaluator.run(&mut |bytes, rows| progress.add(bytes, rows));
    progress.finish();
    let contest = match contest {
        Err(EvaluateError::NothingToTrainOn(trained)) => {
            coverage::say_skipped(&trained);
            let label = args.train_label.as_ref();
            return Err(coverage::nothing(&trained, label, "train on"));
        }
        other => other.map_err(failure)?,
    };
    contest.coverage.iter().for_each(coverage::say_skipped);
    if contest.is_empty() {
        return Err(nothing(&contest));
    }

    let rankers = contest.rankers(&args.baselines);
    let sets = contest.sets(&rankers);
    let mut evaluation = contest.measure(&params, &rankers, &sets);
    evaluation.notes = notes::notes(&args, &truth, &contest, &rankers, &evaluation);
    if let Some(mut to) = rows_place.take() {
        let name = to.name();
        dump::write(&rankers, &contest.names, &mut to)
            .and_then(|()| to.finish())
            .map_err(|cause| Failure::Output { to: name, cause })?;
    }
    if let Some(dir) = &args.plots {
        let drawn = plots::draw(dir, &rankers, &sets, &params)?;
        if !args.work.quiet {
            say::line(&format!(
                "wrote {} to {}",
                counted(drawn, "plot"),
                printable(&dir.display().to_string())
            ));
        }
    }
    match args.format {
        EvaluateFormat::Table => table::write(&evaluation, &mut place),
        EvaluateFormat::Json => serde_json::to_writer_pretty(
            &mut place,
            &Document {
                evaluation: &evaluation,
                coverage: &contest.coverage,
            },
        )
        .map_err(io::Error::from)
        .and_then(|()| writeln!(place)),
    }
    .and_then(|()| place.finish())
    .map_err(Failure::stdout)?;
    let found = [&params.test, &params.train].map(Coverage::of);
    let skipped = |c: &Coverage| coverage::status(c) == Status::Skipped;
    Ok(match found.iter().chain(&contest.coverage).any(skipped) {
        true => Status::Skipped,
        false => Status::Fine,
    })
}

/// An evaluation, with what each run of it looked at.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    coverage: &'a [Coverage],
}

fn trains(args: &EvaluateArgs) -> bool {
    !args.train_on.is_empty() || args.split.is_some()
}

fn truth(args: &EvaluateArgs) -> Result<GroundTruth, Failure> {
    if let Some(path) = &args.uids {
        return GroundTruth::of_uids(path).map_err(failure);
    }
    let attack = args.attack_column.clone();
    match &args.label_column {
        Some(column) => {
            GroundTruth::of_column(column, &args.positive, &args.negative, attack).map_err(failure)
        }
        None => Ok(GroundTruth::of_rules(&args.rules, attack)),
    }
}

fn params(args: &EvaluateArgs) -> Result<EvaluateParams, Failure> {
    let spool = SpoolArgs::default();
    let detectors = match (trains(args), args.detectors.as_slice()) {
        (false, _) => Vec::new(),
        (true, []) => vec![args.fit.detector.clone()],
        (true, some) => some.to_vec(),
    };
    let behaviors = match args.hunt {
        false => None,
        true => Some(BehaviorParams {
            baseline: inputs::baseline(args.usual.as_deref())?,
            allowlist: allowed::load(args.allow.as_deref())?,
        }),
    };
    Ok(EvaluateParams {
        test: inputs::paths(&args.paths, &spool, true)?,
        paths: args.paths.clone(),
        train: inputs::paths(&args.train_on, &spool, true)?,
        split: args.split,
        train_label: args.train_label.clone(),
        models: args.models.clone(),
        detectors,
        training: args.fit.params(),
        baselines: args.baselines.clone(),
        blank: args.blank.clone(),
        threshold: args.threshold,
        alerts_per_day: args.alerts_per_day,
        behaviors,
        precision_at: args.at.clone(),
        bootstrap: Bootstrap {
            replicates: args.bootstrap as usize,
            seed: args.fit.seed,
            level: LEVEL,
        },
        resample_by: args.by.into(),
        keep_uids: args.scores_out.is_some(),
    })
}

fn failure(error: EvaluateError) -> Failure {
    match error {
        EvaluateError::Model(e) => Failure::Model(e),
        other => Failure::Said(other.to_string()),
    }
}

/// Why no row could be used.
fn nothing(contest: &Contest) -> Failure {
    let mut text = "there is no row to evaluate: ".to_owned();
    text.push_str(match contest.models.iter().all(|m| m.read == 0) {
        true => "none could be read",
        false => "no scored row has a label",
    });
    let first = contest.models.first();
    for why in [
        first.and_then(|m| table::unlabelled(&m.scored.unlabelled)),
        first.and_then(notes::unscored),
    ] {
        text.extend(why.map(|why| format!("; {why}")));
    }
    Failure::Said(text)
}
