//! Feature vectors to scores.
//!
//! - [`stats`]: what is usual for each feature, counted while training; from it come the
//!   *surprise* of a value, its encoding for the detectors, and the words that
//!   tell people what is usual.
//! - [`detector`]: the trait that every detector implements; [`forest`] and
//!   [`rarity`] are the detectors.
//! - [`calibration`]: from a detector's raw value to the common scale,
//!   score = −log10(p).

pub mod calibration;
pub mod detector;
pub mod forest;
pub mod rarity;
pub mod stats;

pub use calibration::Calibration;
pub use detector::{Detector, DetectorKind, DetectorModel, Encoded};
pub use stats::{Encoder, FeatureCounts};
