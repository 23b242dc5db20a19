//! What the commands read, and by what model they judge.

use crate::args::{FitArgs, RowArgs, SensorArgs, SpoolArgs};
use crate::coverage;
use crate::exit::Failure;
use crate::progress::Progress;
use crate::say;
use std::path::{Path, PathBuf};
use zeek_anomaly_behavior::{BehaviorBaseline, BehaviorEngine, SnapshotError};
use zeek_anomaly_engine::Model;
use zeek_anomaly_runner::{ModelFrom, Prepared, Source, SourceParams, prepare};

/// The logs of an argument; `again` is whether they are read more than once.
pub fn paths(paths: &[PathBuf], spool: &SpoolArgs, again: bool) -> Result<Source, Failure> {
    let params = SourceParams {
        again,
        spool_limit: spool.spool_limit,
        ..SourceParams::default()
    };
    Ok(Source::open(paths, &params)?)
}

/// The rows that a command is asked about; with `sensors`, each path is a sensor.
pub fn rows(
    rows: &RowArgs,
    paths: &[PathBuf],
    sensors: Option<&SensorArgs>,
    again: bool,
) -> Result<Source, Failure> {
    let params = SourceParams {
        read: rows.read(),
        sensors: sensors.is_some_and(|s| s.sensors),
        again,
        spool_limit: rows.spool.spool_limit,
    };
    Ok(Source::open(paths, &params)?)
}

/// The environment variable that names the model.
const MODEL_VARIABLE: &str = "ZEEK_ANOMALY_MODEL";

/// The model that a command uses: the one that was asked for, else `$ZEEK_ANOMALY_MODEL`, else
/// [`default_model`] if there is such a file. None if the command trains on `training` itself.
pub fn model_path(asked: Option<&Path>, training: &[PathBuf]) -> Option<PathBuf> {
    if asked.is_some() || !training.is_empty() {
        return asked.map(Path::to_owned);
    }
    let named = std::env::var_os(MODEL_VARIABLE).filter(|v| !v.is_empty());
    named
        .map(PathBuf::from)
        .or_else(|| default_model().filter(|p| p.is_file()))
}

/// Where a user keeps the model: `zeek-anomaly/model.zam` in the data directory
/// (<https://specifications.freedesktop.org/basedir-spec/>).
pub fn default_model() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME").filter(|p| p.is_absolute());
    let data = data.or_else(|| Some(variable("HOME")?.join(".local/share")))?;
    Some(data.join("zeek-anomaly/model.zam"))
}

/// Loads the model, where there is one.
pub fn load(model: Option<&Path>, fit: &FitArgs) -> Result<Option<Model>, Failure> {
    let model = model.map(Model::load).transpose()?;
    if model.is_some() && fit.asks() {
        say::warning(
            "--seed, --detector and the other options of training have no effect with a model: \
             they are fixed when it is trained",
        );
    }
    Ok(model)
}

/// The model by which rows are judged: loaded, trained on other rows where `training` has
/// any, or fitted on `source` itself. `learner` watches the training rows.
pub fn model(
    loaded: Option<Model>,
    training: &Source,
    source: &Source,
    fit: &FitArgs,
    learner: Option<&mut BehaviorEngine>,
    progress: &mut Progress,
) -> Result<Prepared, Failure> {
    let from = match loaded {
        Some(model) => ModelFrom::Loaded(Box::new(model)),
        None if training.is_asked() => ModelFrom::TrainedOn(training),
        None => ModelFrom::FittedOn(source),
    };
    let prepared = prepare(from, fit.params(), learner, &mut |b, r| progress.add(b, r));
    if let Some(trained) = &prepared.trained {
        coverage::say_skipped(trained);
        if prepared.model.info.rows == 0 {
            return Err(coverage::nothing(trained, None, "train on"));
        }
    }
    Ok(prepared)
}

/// Reads a behavioral baseline, where there is one.
pub fn baseline(path: Option<&Path>) -> Result<Option<BehaviorBaseline>, Failure> {
    let load = |path: &Path| BehaviorBaseline::load(path).map_err(|e| named(path, &e));
    path.map(load).transpose()
}

/// A failure with a file of the behavioral engine.
pub fn named(path: &Path, e: &SnapshotError) -> Failure {
    Failure::Said(match e {
        SnapshotError::Io { .. } => e.to_string(),
        _ => format!("{}: {e}", path.display()),
    })
}
