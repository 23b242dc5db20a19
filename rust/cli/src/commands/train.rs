//! `train`: logs in, a model file out.

use super::inputs;
use crate::args::TrainArgs;
use crate::coverage::{self, say_table};
use crate::exit::{Failure, Status};
use crate::output::place;
use crate::progress::Progress;
use crate::say::{self, count, counted};
use std::io;
use std::path::{Path, PathBuf};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_base::{Readers, beside};
use zeek_anomaly_engine::combine::MergeWarning;
use zeek_anomaly_engine::train::Trainer;
use zeek_anomaly_engine::{LogModel, Model};
use zeek_anomaly_runner::{Coverage, Run};

/// Trains and writes.
pub fn run(args: &TrainArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let (written, output) = match &args.output {
        Some(path) => (path.clone(), place_of(path)?),
        None => default_place()?,
    };
    let base = args.from_model.as_deref().map(Model::load).transpose()?;
    let trainer = trainer(args, base.as_ref())?;

    let source = inputs::rows(&args.rows, &args.rows.paths, Some(&args.sensors), true)?;
    let mut progress = Progress::new(source.bytes_to_score(), !args.work.quiet);
    let (model, coverage) = Run::of(&source).train(trainer, &mut |b, r| progress.add(b, r));
    progress.finish();
    coverage::say_skipped(&coverage);
    if coverage.scored_rows() == 0 {
        let label = args.rows.label_column.as_ref();
        return Err(coverage::nothing(&coverage, label, "train on"));
    }
    refuse_overlap(&coverage.repeated, args.keep.allow_overlap)?;
    model.save(&output)?;
    if !args.work.quiet {
        summarize(&model, &coverage, args.work.verbose);
        say_held(&model);
        say_kept(&model, args.keep.compact);
        let size = std::fs::metadata(&output).map_or(0, |m| m.len());
        say::line(&format!(
            "wrote {} ({}): {} of {} in {:.2} s",
            printable(&written.display().to_string()),
            say::bytes(size),
            counted(model.info.rows, "row"),
            counted(model.logs.len() as u64, "log"),
            progress.seconds(),
        ));
    }
    Ok(coverage::status(&coverage))
}

/// The place where other commands find a model; its directory is made.
fn default_place() -> Result<(PathBuf, PathBuf), Failure> {
    let path = inputs::default_model().ok_or_else(|| {
        Failure::Said("there is no home directory for the model; add -o FILE".into())
    })?;
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|cause| Failure::Output {
            to: directory.display().to_string(),
            cause,
        })?;
    }
    let place = place_of(&path)?;
    Ok((path, place))
}

/// Where a model is written; where it cannot be, this is known before the work.
pub(super) fn place_of(output: &Path) -> Result<PathBuf, Failure> {
    let failed = |cause| Failure::Output {
        to: output.display().to_string(),
        cause,
    };
    let output = place::target(output).map_err(failed)?;
    if place::is_special(&output) {
        return Err(failed(io::Error::other("is no regular file")));
    }
    drop(beside(&output, Readers::All).map_err(failed)?);
    Ok(output)
}

/// Refuses rows that would count twice, unless that is wanted.
pub(super) fn refuse_overlap(repeated: &[MergeWarning], allowed: bool) -> Result<(), Failure> {
    for log in repeated {
        say::warning(&log.to_string());
    }
    match repeated.is_empty() || allowed {
        true => Ok(()),
        false => Err(Failure::Said(
            "the same rows would count twice, and no model was written; leave these days out, or \
             add --allow-overlap"
                .into(),
        )),
    }
}

/// What begins with nothing, or goes on from a model.
fn trainer(args: &TrainArgs, base: Option<&Model>) -> Result<Trainer, Failure> {
    let mut params = args.fit.params();
    let Some(base) = base else {
        args.keep.apply(0.0, &mut params);
        return Ok(Trainer::new(params));
    };
    args.keep.apply(base.info.holdout, &mut params);
    if params.seed == 0 {
        params.seed = base.info.seed;
    }
    if let (Some(was), Some(is)) = (&base.info.zeek_version, &params.zeek_version)
        && was != is
    {
        let versions = MergeWarning::ZeekVersions(printable(was), printable(is));
        say::warning(&versions.to_string());
    }
    Trainer::resume(base, params).map_err(|e| {
        let path = args.from_model.as_deref().unwrap_or(Path::new(""));
        Failure::Said(format!("{}: {e}", printable(&path.display().to_string())))
    })
}

/// Says what is not as somebody may expect: logs of which nothing is held out, or kept.
pub(super) fn say_kept(model: &Model, compact: bool) {
    let names = |which: &dyn Fn(&LogModel) -> bool| {
        let names = model
            .logs
            .iter()
            .filter(|m| which(m))
            .map(|m| printable(m.log()));
        names.collect::<Vec<String>>().join(", ")
    };
    let whole = names(&|m| m.held_out == 0);
    if model.info.holdout > 0.0 && !whole.is_empty() {
        say::line(&format!(
            "too short a time, or too much in a part of it, to hold rows out: {whole}"
        ));
    }
    let lost = names(&|m| m.kept_bytes().is_none());
    if !compact && !lost.is_empty() {
        say::line(&format!(
            "too large to be kept for merging and continuing: {lost}"
        ));
    }
}

/// Says how scores that know nothing of the held-out rows hold on them, before they are calibrated on them.
fn say_held(model: &Model) {
    let share = |m: &LogModel, score: f64| {
        let held = m.held.iter().find(|h| h.score == score);
        held.map_or("-".into(), |h| format!("{:.2} %", 100.0 * h.share))
    };
    let rows: Vec<Vec<String>> = (model.logs.iter())
        .filter(|m| m.held_out > 0)
        .map(|m| {
            vec![
                printable(m.log()),
                count(m.held_out),
                share(m, 1.0),
                share(m, 2.0),
                share(m, 3.0),
            ]
        })
        .collect();
    if !rows.is_empty() {
        say_table(
            &[
                "log",
                "held out",
                "score ≥ 1 (10 %)",
                "≥ 2 (1 %)",
                "≥ 3 (0.1 %)",
            ],
            rows,
        );
    }
}

fn summarize(model: &Model, coverage: &Coverage, verbose: bool) {
    coverage::say(coverage, verbose);
    let rows = coverage
        .logs
        .iter()
        .filter(|(_, l)| l.tally.used + l.tally.filtered + l.refused > 0)
        .map(|(log, l)| {
            let m = model.position(log).map(|i| &model.logs[i]);
            vec![
                printable(log),
                count(l.tally.used),
                count(l.tally.filtered),
                count(l.refused),
                m.map_or("-", |m| m.detector_name()).to_owned(),
                m.map_or("-".into(), |m| m.spec.len().to_string()),
                m.map_or("-".into(), say::reach),
            ]
        })
        .collect();
    say_table(
        &[
            "log",
            "trained on",
            "filtered",
            "refused",
            "detector",
            "features",
            "measured up to",
        ],
        rows,
    );
    coverage::say_unscored(coverage);
}
