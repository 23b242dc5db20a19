//! What every detector is: a judge of encoded rows that can say why.

use crate::ensemble::{Ensemble, Member};
use crate::forest::IsolationForest;
use crate::hybrid::Hybrid;
use crate::kitnet::Kitnet;
use crate::pca::Pca;
use crate::rarity::Rarity;
use crate::svm::OneClassSvm;
use crate::time_series::TimeSeries;
use serde::{Deserialize, Serialize};

/// The most features that a row can have.
pub const MAX_FEATURES: usize = 256;

/// One row as detectors see it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoded<'a> {
    /// A coordinate for each feature: numbers on their scale, categories by their
    /// surprise; NaN where a number is missing. Where the detector does not ask for them, only
    /// evidence in bits is there, and all else is NaN.
    pub coordinates: &'a [f32],
    /// p for each feature, above 0 and at most 1: the probability of a value at least as rare. Its surprise
    /// is −ln p.
    pub p: &'a [f64],
    /// Scaled numbers and one-hot categories ([`crate::inputs`]), finite; empty where the
    /// detector does not ask for them.
    pub inputs: &'a [f32],
    /// The feature of each input.
    pub input_features: &'a [u16],
}

/// −ln p, at least 0.
pub fn surprise_of(p: f64) -> f64 {
    // 0.0 - x rather than -x: no negative zero.
    0.0 - p.ln()
}

/// A judge of rows. A higher value is stranger.
pub trait Detector {
    /// Its name, as output and files have it.
    fn name(&self) -> &'static str;

    /// How many features it was trained on.
    fn features(&self) -> usize;

    /// How many inputs it was trained on; 0 where it does not look at them.
    fn inputs(&self) -> usize {
        0
    }

    /// Whether it looks at coordinates of other than evidence in bits. They take a logarithm each.
    fn wants_coordinates(&self) -> bool {
        false
    }

    /// How strange a row is, on the detector's own scale; finite.
    fn raw(&self, row: &Encoded<'_>) -> f64;

    /// How much each feature contributed to that; one value ≥ 0 for each feature,
    /// written to `out`.
    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]);

    /// Whether what a file held makes sense for `features` features.
    fn is_sound(&self, features: usize) -> bool;

    /// What it is made of and how it was chosen, for people: names and values. Says openly
    /// where it is an approximation.
    fn about(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// The kinds of detector there are, by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DetectorKind {
    /// [`IsolationForest`].
    IsolationForest,
    /// [`Rarity`].
    Rarity,
    /// [`Pca`].
    Pca,
    /// [`Hybrid`].
    Hybrid,
    /// [`TimeSeries`].
    TimeSeries,
    /// [`Kitnet`].
    Kitnet,
    /// [`OneClassSvm`].
    OneClassSvm,
}

impl DetectorKind {
    /// All kinds.
    pub const ALL: [DetectorKind; 7] = [
        DetectorKind::IsolationForest,
        DetectorKind::Rarity,
        DetectorKind::Pca,
        DetectorKind::Hybrid,
        DetectorKind::TimeSeries,
        DetectorKind::Kitnet,
        DetectorKind::OneClassSvm,
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            DetectorKind::IsolationForest => "isolation_forest",
            DetectorKind::Rarity => "rarity",
            DetectorKind::Pca => "pca",
            DetectorKind::Hybrid => "hybrid",
            DetectorKind::TimeSeries => "time_series",
            DetectorKind::Kitnet => "kitnet",
            DetectorKind::OneClassSvm => "one_class_svm",
        }
    }

    /// The kind with this name.
    pub fn by_name(name: &str) -> Option<DetectorKind> {
        DetectorKind::ALL.into_iter().find(|k| k.name() == name)
    }

    /// Whether it looks at inputs.
    pub fn wants_inputs(self) -> bool {
        matches!(
            self,
            DetectorKind::Pca | DetectorKind::Kitnet | DetectorKind::OneClassSvm
        )
    }
}

/// A trained detector that holds no others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Single {
    /// Isolation forest.
    IsolationForest(IsolationForest),
    /// Rarity.
    Rarity(Rarity),
    /// Principal components.
    Pca(Pca),
    /// Rarity with the evidence of names.
    Hybrid(Hybrid),
    /// Deviation of a time series.
    TimeSeries(TimeSeries),
    /// KitNET.
    Kitnet(Kitnet),
    /// One-class SVM.
    OneClassSvm(OneClassSvm),
}

/// A trained detector, as a model holds it. That an ensemble cannot hold ensembles is in the
/// types, so that no file can nest them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DetectorModel {
    /// One detector.
    One(Single),
    /// Several.
    Ensemble(Ensemble),
}

impl Single {
    /// The detector behind the trait.
    pub fn as_detector(&self) -> &(dyn Detector + Send + Sync) {
        match self {
            Single::IsolationForest(d) => d,
            Single::Rarity(d) => d,
            Single::Pca(d) => d,
            Single::Hybrid(d) => d,
            Single::TimeSeries(d) => d,
            Single::Kitnet(d) => d,
            Single::OneClassSvm(d) => d,
        }
    }
}

impl DetectorModel {
    /// The kinds of detector that it is made of.
    pub fn kinds(&self) -> Vec<DetectorKind> {
        let detectors: Vec<&(dyn Detector + Send + Sync)> = match self {
            DetectorModel::One(d) => vec![d.as_detector()],
            DetectorModel::Ensemble(e) => {
                e.members().iter().map(|m| m.model.as_detector()).collect()
            }
        };
        (detectors.iter())
            .filter_map(|d| DetectorKind::by_name(d.name()))
            .collect()
    }

    /// The detector behind the trait.
    pub fn as_detector(&self) -> &(dyn Detector + Send + Sync) {
        match self {
            DetectorModel::One(d) => d.as_detector(),
            DetectorModel::Ensemble(d) => d,
        }
    }

    /// The members of an ensemble; none of a single detector.
    pub fn members(&self) -> &[Member] {
        match self {
            DetectorModel::One(_) => &[],
            DetectorModel::Ensemble(e) => e.members(),
        }
    }
}
