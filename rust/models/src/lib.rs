//! Feature vectors to scores.
//!
//! - [`counts`]: the values of each feature, counted while training;
//! - [`stats`]: what is usual, from the counts: the *surprise* of a value, its encoding for
//!   the detectors, and the words that tell people what is usual;
//! - [`kinds`]: the same for rows of a kind, with all rows as a fallback;
//! - [`bins`]: the same, coarsely, for the comparison of days;
//! - [`inputs`]: rows as numbers, for detectors that measure distances;
//! - [`detector`]: the trait that every detector implements; [`forest`], [`rarity`] and
//!   [`pca`] are the detectors, and [`ensemble`] holds several.
//! - [`detector`]: the trait that every detector implements; [`forest`] and
//!   [`rarity`] are the detectors.
//! - [`names`]: what ordinary names look like, letter by letter;
//! - [`detector`]: the trait that every detector implements; [`forest`], [`rarity`],
//!   [`pca`], [`kitnet`] and [`svm`] are the detectors, and [`ensemble`] holds several.
//! - [`calibration`]: from a detector's raw value to the common scale,
//!   score = −log10(p).

pub mod bins;
pub mod calibration;
pub mod counts;
pub mod detector;
pub mod ensemble;
pub mod forest;
mod grid;
pub mod hybrid;
pub mod inputs;
pub mod kinds;
pub mod kitnet;
pub mod names;
pub mod pca;
pub mod rarity;
pub mod stats;
pub mod svm;
pub mod time_series;
mod words;

pub use bins::Bins;
pub use calibration::{Calibration, Claim};
pub use counts::{FeatureCounts, HashOf};
pub use detector::{Detector, DetectorKind, DetectorModel, Encoded, Single};
pub use ensemble::{Ensemble, Member};
pub use inputs::Inputs;
pub use kinds::Kinds;
pub use names::{Language, NameCounts, Names};
pub use stats::Encoder;
