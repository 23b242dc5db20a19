//! How models are made.

use clap::Args;
use zeek_anomaly_engine::choice::{Choice, DetectorParams};
use zeek_anomaly_engine::train::TrainParams;

/// How to learn.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// The seed of all randomness
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The detector: auto (each log's own), isolation_forest, rarity, pca, hybrid, time_series. Several are
    /// an ensemble that combines their scores: pca+rarity. For single logs: conn=pca+rarity,dns=rarity,auto
    #[arg(long, value_name = "DETECTOR", default_value_t = Choice::default())]
    pub detector: Choice,
    /// Rows of each log that are kept, at random, for detectors that need rows and for calibration
    #[arg(long, value_name = "N", default_value_t = TrainParams::default().sample_rows as u64,
          value_parser = clap::value_parser!(u64).range(1..=50_000_000))]
    pub sample_rows: u64,
    /// The version of Zeek that wrote the logs, to be kept in the model
    #[arg(long, value_name = "VERSION")]
    pub zeek_version: Option<String>,
    /// How detectors are made.
    #[command(flatten)]
    pub how: HowArgs,
}

/// How detectors are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Detectors")]
pub struct HowArgs {
    /// Trees of an isolation forest
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=5000))]
    pub forest_trees: u16,
    /// Rows for each tree
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(2..=8192))]
    pub forest_rows: u16,
    /// The part of the variance that the components which PCA keeps hold
    #[arg(long, value_name = "PART", default_value_t = DetectorParams::default().pca.variance, value_parser = part)]
    pub pca_variance: f64,
}

impl HowArgs {
    fn params(&self) -> DetectorParams {
        let mut params = DetectorParams::default();
        params.forest.trees = usize::from(self.forest_trees);
        params.forest.sample = usize::from(self.forest_rows);
        params.pca.variance = self.pca_variance;
        params
    }
}

impl FitArgs {
    /// Whether anything was asked for that only training heeds.
    pub fn asks(&self) -> bool {
        let d = TrainParams::default();
        self.seed != d.seed
            || self.detector != Choice::default()
            || self.sample_rows != d.sample_rows as u64
            || self.zeek_version.is_some()
            || self.how.params() != d.how
    }

    /// For the engine.
    pub fn params(&self) -> TrainParams {
        TrainParams {
            seed: self.seed,
            sample_rows: usize::try_from(self.sample_rows).unwrap_or(usize::MAX),
            detectors: self.detector.clone(),
            zeek_version: self.zeek_version.clone(),
            how: self.how.params(),
            ..TrainParams::default()
        }
    }
}

/// A part of a whole.
fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v > 0.0 && v <= 1.0 => Ok(v),
        _ => Err("should be above 0 and at most 1, as 0.95".into()),
    }
}
