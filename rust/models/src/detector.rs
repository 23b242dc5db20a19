//! What every detector is: a judge of encoded rows that can say why.

use crate::forest::IsolationForest;
use crate::rarity::Rarity;
use serde::{Deserialize, Serialize};

/// One row as detectors see it.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a> {
    /// A coordinate for each feature: numbers on their scale, categories by their
    /// surprise; NaN where a number is missing.
    pub coordinates: &'a [f32],
    /// −ln p for each feature, ≥ 0.
    pub surprises: &'a [f64],
}

/// A judge of rows. A higher value is stranger.
pub trait Detector {
    /// Its name, as output and files have it.
    fn name(&self) -> &'static str;

    /// How many features it was trained on.
    fn features(&self) -> usize;

    /// How strange a row is, on the detector's own scale; finite.
    fn raw(&self, row: &Encoded<'_>) -> f64;

    /// How much each feature contributed to that; one value ≥ 0 for each feature,
    /// written to `out`.
    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]);

    /// Whether what a file held makes sense for `features` features.
    fn is_sound(&self, features: usize) -> bool;
}

/// The kinds of detector there are, by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DetectorKind {
    /// [`IsolationForest`].
    IsolationForest,
    /// [`Rarity`].
    Rarity,
}

impl DetectorKind {
    /// All kinds.
    pub const ALL: [DetectorKind; 2] = [DetectorKind::IsolationForest, DetectorKind::Rarity];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            DetectorKind::IsolationForest => "isolation_forest",
            DetectorKind::Rarity => "rarity",
        }
    }

    /// The kind with this name.
    pub fn by_name(name: &str) -> Option<DetectorKind> {
        DetectorKind::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// A trained detector, as a model holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DetectorModel {
    /// Isolation forest.
    IsolationForest(IsolationForest),
    /// Rarity.
    Rarity(Rarity),
}

impl DetectorModel {
    /// The detector behind the trait.
    pub fn as_detector(&self) -> &(dyn Detector + Send + Sync) {
        match self {
            DetectorModel::IsolationForest(d) => d,
            DetectorModel::Rarity(d) => d,
        }
    }
}
