//! How models are made.

use clap::Args;
use zeek_anomaly_engine::choice::{
    Choice, DetectorParams, Distance, KernelKind, KitnetParams, MAX_CLUSTER, MAX_GAMMA, SvmParams,
};
use zeek_anomaly_engine::train::TrainParams;

/// How to learn.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// The seed of all randomness
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The detector: auto (each log's own), isolation_forest, rarity, pca, hybrid, time_series, kitnet,
    /// one_class_svm. Several are an ensemble that combines their scores: pca+rarity. For single logs:
    /// conn=pca+rarity,dns=rarity,auto
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
    #[arg(long, value_name = "N", default_value_t = DetectorParams::default().forest.trees as u16, value_parser = clap::value_parser!(u16).range(1..=5000))]
    pub forest_trees: u16,
    /// Rows for each tree
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(2..=8192))]
    pub forest_rows: u16,
    /// The part of the variance that the components which PCA keeps hold
    #[arg(long, value_name = "PART", default_value_t = DetectorParams::default().pca.variance, value_parser = part)]
    pub pca_variance: f64,
    /// What PCA measures: mahalanobis, or eigenvectors, the weighted distance to the eigenvectors as PyOD has it
    #[arg(long, value_name = "DISTANCE", default_value = Distance::default().name(), value_parser = distance)]
    pub pca_distance: Distance,
    /// The most inputs of one of KitNET's autoencoders
    #[arg(long, value_name = "N", default_value_t = KitnetParams::default().cluster as u16, value_parser = clap::value_parser!(u16).range(1..=MAX_CLUSTER as i64))]
    pub kitnet_cluster: u16,
    /// Hidden neurons for each input
    #[arg(long, value_name = "RATIO", default_value_t = KitnetParams::default().hidden, value_parser = ratio)]
    pub kitnet_hidden: f32,
    /// The learning rate
    #[arg(long, value_name = "RATE", default_value_t = KitnetParams::default().rate, value_parser = rate)]
    pub kitnet_rate: f32,
    /// Rows of which KitNET's feature map is made, a tenth of all at most
    #[arg(long, value_name = "N", default_value_t = KitnetParams::default().map_rows as u32, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub kitnet_map_rows: u32,
    /// Rows that KitNET learns; where there are fewer, the same ones again, three times at most
    #[arg(long, value_name = "N", default_value_t = KitnetParams::default().rows as u32, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub kitnet_rows: u32,
    /// The part of training rows that may lie outside of the SVM's boundary [default: chosen by cross-validation]
    #[arg(long, value_name = "PART", value_parser = part)]
    pub svm_nu: Option<f64>,
    /// The SVM's gamma [default: chosen by cross-validation]
    #[arg(long, value_name = "GAMMA", value_parser = gamma)]
    pub svm_gamma: Option<f64>,
    /// The SVM's kernel: rbf, poly or linear [default: chosen by cross-validation]
    #[arg(long, value_name = "KERNEL", value_parser = kernel)]
    pub svm_kernel: Option<KernelKind>,
    /// Rows above which the SVM's kernel is approximated (Nyström)
    #[arg(long, value_name = "N", default_value_t = SvmParams::default().exact_rows as u16, value_parser = clap::value_parser!(u16).range(1..=8000))]
    pub svm_exact_rows: u16,
}

impl HowArgs {
    fn params(&self) -> DetectorParams {
        let mut params = DetectorParams::default();
        params.forest.trees = usize::from(self.forest_trees);
        params.forest.sample = usize::from(self.forest_rows);
        params.pca.variance = self.pca_variance;
        params.pca.distance = self.pca_distance;
        params.kitnet.cluster = usize::from(self.kitnet_cluster);
        params.kitnet.hidden = self.kitnet_hidden;
        params.kitnet.rate = self.kitnet_rate;
        params.kitnet.map_rows = self.kitnet_map_rows as usize;
        params.kitnet.rows = self.kitnet_rows as usize;
        params.svm.nu = self.svm_nu;
        params.svm.gamma = self.svm_gamma;
        params.svm.kernel = self.svm_kernel;
        params.svm.exact_rows = usize::from(self.svm_exact_rows);
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

fn ratio(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(v) if v > 0.0 && v <= 2.0 => Ok(v),
        _ => Err("should be above 0 and at most 2, as 0.5".into()),
    }
}

fn rate(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(v) if v > 0.0 && v <= 1.0 => Ok(v),
        _ => Err("should be above 0 and at most 1, as 0.1".into()),
    }
}

fn gamma(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v > 0.0 && v <= MAX_GAMMA => Ok(v),
        _ => Err(format!(
            "should be above 0 and at most {MAX_GAMMA}, as 0.01"
        )),
    }
}

fn distance(text: &str) -> Result<Distance, String> {
    Distance::by_name(text).ok_or_else(|| {
        let all = Distance::ALL.map(Distance::name);
        format!("there are {}", all.join(", "))
    })
}

fn kernel(text: &str) -> Result<KernelKind, String> {
    KernelKind::by_name(text).ok_or_else(|| {
        let all = KernelKind::ALL.map(KernelKind::name);
        format!("there are {}", all.join(", "))
    })
}
