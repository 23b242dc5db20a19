//! What an evaluation is asked for, and why it can fail.

use crate::{BehaviorParams, Bootstrap, ColumnRule, Split};
use serde::Serialize;
use std::path::PathBuf;
use zeek_anomaly_engine::train::TrainParams;
use zeek_anomaly_engine::{Choice, DEFAULT_THRESHOLD, ModelError};
use zeek_anomaly_runner::{Coverage, Source};

/// What an evaluation is asked for.
#[derive(Debug)]
pub struct EvaluateParams {
    /// The labelled files.
    pub test: Source,
    /// The paths that they are under; [`Split::File`] divides by them.
    pub paths: Vec<PathBuf>,
    /// Files to train on, unless rows are split.
    pub train: Source,
    /// How the labelled rows are divided, if some of them train.
    pub split: Option<Split>,
    /// Train only on rows whose column has exactly this text.
    pub train_label: Option<(String, String)>,
    /// Model files.
    pub models: Vec<PathBuf>,
    /// One model is trained with each of these.
    pub detectors: Vec<Choice>,
    /// How models are trained.
    pub training: TrainParams,
    /// Rules to compare the models with.
    pub baselines: Vec<ColumnRule>,
    /// Columns that are unset for models, in training and in scoring.
    pub blank: Vec<String>,
    /// The score from which a record raises an alert.
    pub threshold: f64,
    /// The budget of alerts a day.
    pub alerts_per_day: f64,
    /// Look for behaviors on the same rows.
    pub behaviors: Option<BehaviorParams>,
    /// The k of the precisions.
    pub precision_at: Vec<u64>,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
    /// What the bootstrap resamples.
    pub resample_by: ResampleBy,
    /// Whether rows keep their uids.
    pub keep_uids: bool,
}

impl Default for EvaluateParams {
    fn default() -> EvaluateParams {
        EvaluateParams {
            test: Source::default(),
            paths: Vec::new(),
            train: Source::default(),
            split: None,
            train_label: None,
            models: Vec::new(),
            detectors: Vec::new(),
            training: TrainParams::default(),
            baselines: Vec::new(),
            blank: Vec::new(),
            threshold: DEFAULT_THRESHOLD,
            alerts_per_day: 20.0,
            behaviors: None,
            precision_at: vec![10, 100],
            bootstrap: Bootstrap {
                replicates: 1000,
                seed: 0,
                level: 0.95,
            },
            resample_by: ResampleBy::Host,
            keep_uids: false,
        }
    }
}

/// What the bootstrap resamples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResampleBy {
    /// Originators; rows without one are one group.
    Host,
    /// Hours of the rows' times.
    Hour,
}

impl ResampleBy {
    /// Its name: `host` or `hour`.
    pub fn name(self) -> &'static str {
        match self {
            ResampleBy::Host => "host",
            ResampleBy::Hour => "hour",
        }
    }
}

/// Why an evaluation is impossible.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A label is positive and negative.
    #[error("`{0}` is among the positive and the negative values")]
    Contradiction(String),
    /// A file of uids cannot be read.
    #[error("{path}: cannot be read: {cause}")]
    UidFile {
        /// The file.
        path: String,
        /// Why.
        cause: csv::Error,
    },
    /// A file of uids has none.
    #[error("{0}: has no uid")]
    NoUids(String),
    /// A model cannot be loaded.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No row trains.
    #[error("there is no row to train on")]
    NothingToTrainOn(Box<Coverage>),
    /// A split by file of one path.
    #[error("a split by file needs at least two paths: each is scored with a model of the others")]
    OnePath,
    /// A path of a split by file without a file of its own.
    #[error("a split by file: {0} has no file that is not also in another path")]
    NoFile(String),
    /// A split by time of rows without one.
    #[error("no row has a time (ts) to split by")]
    NoTime,
}
