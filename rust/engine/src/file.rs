//! The model file.
//!
//! ```text
//! 0   8  "ZEEKANOM"
//! 8   4  format version, little endian
//! 12  4  CRC-32 of the payload
//! 16  8  length of the payload
//! 24     payload: bincode 2 (standard configuration) of the stored model
//! ```
//!
//! A file is written beside its place and renamed into it: it is there whole
//! or not at all (`zeek_anomaly_base`). Reading trusts nothing: length and checksum first, then
//! decoding with limits, then a check that every part makes sense.

use crate::combine::MAX_KEPT;
use crate::feedback::Mark;
use crate::model::{LogModel, Model, ModelInfo, Strangers};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeek_anomaly_base::codec::{decode, encode};
use zeek_anomaly_base::{Broken, HEAD, Readers, payload, read_at_most, seal, write_whole};
use zeek_anomaly_drift::Baseline;
use zeek_anomaly_features::generic::{GenericColumn, GenericSpec, MAX_COLUMNS};
use zeek_anomaly_features::{Spec, logs};
use zeek_anomaly_models::counts::Counted;
use zeek_anomaly_models::kinds::Way;
use zeek_anomaly_models::{Calibration, DetectorModel, Encoder, Kinds, Language, Names};

/// What a model file begins with.
pub const MAGIC: &[u8; 8] = b"ZEEKANOM";

/// The format that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 7;

/// The largest payload, in bytes.
const MAX_PAYLOAD: u64 = 256 << 20;

/// The most logs in one model.
const MAX_LOGS: usize = 1024;

/// Why a model file was not written or not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is no model.
    #[error("{path}: is not a zeek-anomaly model")]
    NotAModel {
        /// The file.
        path: PathBuf,
    },
    /// The file's format is another one.
    #[error(
        "{path}: is of model format {found}, this version reads {FORMAT}: train it again, or use the version that made it"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The file is damaged.
    #[error("{path}: is damaged ({what}); copy it again or train it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        what: &'static str,
    },
    /// The file was made for other features.
    #[error(
        "{path}: its features for {log} are not those of this version (made by {made_by}): train it again"
    )]
    Features {
        /// The file.
        path: PathBuf,
        /// The log.
        log: String,
        /// The version that made it.
        made_by: String,
    },
}

impl ModelError {
    /// Whether the file could not be read at all, as against read and refused.
    pub fn is_io(&self) -> bool {
        matches!(self, ModelError::Io { .. })
    }
}

#[derive(Serialize, Deserialize)]
struct StoredModel {
    info: ModelInfo,
    logs: Vec<StoredLog>,
    names: Names,
    #[serde(with = "serde_bytes")]
    kept_names: Option<Vec<u8>>,
    marks: Vec<Mark>,
}

#[derive(Serialize, Deserialize)]
struct StoredLog {
    log: String,
    fingerprint: u64,
    generic: Option<Vec<GenericColumn>>,
    fields: Vec<(String, String)>,
    counts: Vec<Counted>,
    kinds: Vec<Way>,
    detector: DetectorModel,
    calibration: Calibration,
    strangers: Vec<Strangers>,
    rows: u64,
    span: Option<(f64, f64)>,
    held_out: u64,
    days: Baseline,
    #[serde(with = "serde_bytes")]
    kept: Option<Vec<u8>>,
}

impl Model {
    /// The bytes of the model's file. The same model gives the same bytes.
    ///
    /// # Errors
    /// An error where the model is too large for a file.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let stored = StoredModel {
            info: self.info.clone(),
            logs: self
                .logs
                .iter()
                .map(|m| StoredLog {
                    log: m.log().to_owned(),
                    fingerprint: m.spec.fingerprint(),
                    generic: match &m.spec {
                        Spec::Known(_) => None,
                        Spec::Generic(g) => Some(g.columns.clone()),
                    },
                    fields: m.fields.clone(),
                    counts: m.encoders.iter().map(|e| e.counted().clone()).collect(),
                    kinds: m.kinds.counts(),
                    detector: m.detector.clone(),
                    calibration: m.calibration.clone(),
                    strangers: m.strangers.clone(),
                    rows: m.rows,
                    span: m.span,
                    held_out: m.held_out,
                    days: m.days.clone(),
                    kept: m.kept.clone(),
                })
                .collect(),
            names: self.names.learned().clone(),
            kept_names: self.kept_names.clone(),
            marks: self.marks.clone(),
        };
        let payload = encode(&stored).map_err(io::Error::other)?;
        if payload.len() as u64 > MAX_PAYLOAD {
            return Err(io::Error::other(
                "the model is larger than a model file may be",
            ));
        }
        Ok(seal(MAGIC, FORMAT, &payload))
    }

    /// Writes the model to a file, whole or not at all. A link stays one: what it
    /// leads to is replaced.
    ///
    /// # Errors
    /// [`ModelError::Io`], also where something other than a file is in the place.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        let failed = |cause| ModelError::Io {
            path: path.to_owned(),
            cause,
        };
        let bytes = self.to_bytes().map_err(failed)?;
        write_whole(path, &bytes, Readers::All).map_err(failed)
    }

    /// Reads a model from a file.
    ///
    /// # Errors
    /// Any [`ModelError`]: what is refused, and why.
    pub fn load(path: &Path) -> Result<Model, ModelError> {
        let failed = |cause| ModelError::Io {
            path: path.to_owned(),
            cause,
        };
        let most = HEAD as u64 + MAX_PAYLOAD;
        let bytes = read_at_most(path, most).map_err(failed)?;
        Model::from_bytes(&bytes, path)
    }

    /// Reads a model from the bytes of a file; `path` is for messages.
    ///
    /// # Errors
    /// Any [`ModelError`] but [`ModelError::Io`].
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Model, ModelError> {
        let damaged = |what| ModelError::Damaged {
            path: path.to_owned(),
            what,
        };
        let path_buf = || path.to_owned();
        let payload = payload(MAGIC, FORMAT, MAX_PAYLOAD, bytes).map_err(|e| match e {
            Broken::Other => ModelError::NotAModel { path: path_buf() },
            Broken::Format(found) => ModelError::Format {
                path: path_buf(),
                found,
            },
            Broken::Damaged(what) => damaged(what),
        })?;
        let stored = decode::<StoredModel, { MAX_PAYLOAD as usize }>(payload)
            .map_err(|_| damaged("contents that cannot be decoded"))?;
        if stored.logs.len() > MAX_LOGS || !(0.0..1.0).contains(&stored.info.holdout) {
            return Err(damaged("contents that make no sense"));
        }
        if !stored.names.is_sound() {
            return Err(damaged("names that make no sense"));
        }
        let names = Language::of(stored.names);
        let made_by = stored.info.made_by.clone();
        let logs = stored
            .logs
            .into_iter()
            .map(|s| restore(s, &names, path, &made_by))
            .collect::<Result<Vec<_>, _>>()?;
        if !logs.windows(2).all(|w| w[0].log() < w[1].log()) {
            return Err(damaged("logs out of order"));
        }
        let mut model = Model {
            info: stored.info,
            logs,
            names,
            kept_names: stored.kept_names,
            marks: stored.marks,
        };
        if !model.marks_are_sound() {
            return Err(damaged("feedback that makes no sense"));
        }
        model.heed_marks();
        Ok(model)
    }
}

/// Checks one stored log and makes it a model.
fn restore(
    s: StoredLog,
    names: &Arc<Language>,
    path: &Path,
    made_by: &str,
) -> Result<LogModel, ModelError> {
    let damaged = |what| ModelError::Damaged {
        path: path.to_owned(),
        what,
    };
    let other = || ModelError::Features {
        path: path.to_owned(),
        log: zeek_anomaly_base::text::printable(&s.log),
        made_by: zeek_anomaly_base::text::printable(made_by),
    };
    let spec = match s.generic {
        Some(columns) if columns.len() <= MAX_COLUMNS => {
            Spec::Generic(GenericSpec::new(s.log.clone(), columns))
        }
        Some(_) => return Err(damaged("too many columns")),
        None => Spec::Known(logs::by_name(&s.log).ok_or_else(other)?),
    };
    if spec.fingerprint() != s.fingerprint {
        return Err(other());
    }
    let n = spec.len();
    let sound = s.counts.len() == n
        && s.counts
            .iter()
            .enumerate()
            .all(|(f, c)| c.kind == spec.kind(f) && c.is_sound())
        && Kinds::are_sound(&spec, &s.kinds)
        && s.calibration.is_sound()
        && s.strangers.iter().all(|of| of.is_sound(&spec))
        && s.detector.as_detector().is_sound(n)
        && s.span.is_none_or(|(a, b)| a.is_finite() && b.is_finite())
        && s.held_out <= s.rows
        && s.kept.as_ref().is_none_or(|k| k.len() <= MAX_KEPT)
        && s.days.is_sound(&spec);
    if !sound {
        return Err(damaged("contents that make no sense"));
    }
    let encoders = s.counts.into_iter().map(Encoder::new).collect();
    let mut model = LogModel::new(spec, encoders, s.detector, s.calibration);
    model.strangers = s.strangers;
    let wanted = model.detector.as_detector().inputs();
    if (model.inputs.as_ref()).is_some_and(|inputs| inputs.len() != wanted) {
        return Err(damaged("contents that make no sense"));
    }
    model.kinds = Kinds::new(&model.spec, s.kinds);
    model.fields = s.fields;
    model.rows = s.rows;
    model.span = s.span;
    model.held_out = s.held_out;
    model.days = s.days;
    model.names = names.clone();
    model.kept = s.kept;
    Ok(model)
}
