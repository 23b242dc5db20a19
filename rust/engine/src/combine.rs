//! Going on from models: more days for one, or several that become one.
//!
//! A model keeps, packed, what its training had in hand: the counts of each block of time, the sample
//! of rows, and on which day each category was new. Of that everything is made again, so
//! that a model of two halves is the model of the whole:
//!
//! - counts on fixed grids add up exactly, blocks of time become those of all rows, and samples
//!   become the sample of all rows ([`crate::reservoir`]);
//! - detectors and calibration are fitted again, of the counts and the sample together.
//!
//! What is not exact: names that two parts have met count twice in the model of what names look
//! like; categories beyond the bounds of counting (the rarest are forgotten, when
//! depends on the order), rare categories of a day that both have, and, where a log had more
//! rows than a model keeps, the sample is the smaller one that all of them could give.

use crate::blocks::{Blocks, KeptBlocks};
use crate::model::{LogModel, Model};
use crate::reservoir::Kept;
use crate::train::{Counting, TrainParams, Trainer};
use serde::{Deserialize, Serialize};
use zeek_anomaly_base::codec::{pack, unpack};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_drift::{DayCollector, KeptDays};
use zeek_anomaly_features::{Context, Kind};
use zeek_anomaly_models::NameCounts;

/// Rows of each log that a model keeps to go on with, where nothing else is asked for.
pub const KEPT_ROWS: usize = 20_000;

/// The most bytes that a model keeps of one log to go on with; a log that would need more
/// keeps nothing.
pub const MAX_KEPT: usize = 32 << 20;

/// The most bytes of that when it is unpacked.
const MAX_UNPACKED: usize = 1 << 30;

/// What training had in hand of one log.
#[derive(Serialize, Deserialize)]
struct InHand {
    blocks: KeptBlocks,
    sample: Kept,
    days: KeptDays,
}

/// Why models cannot be put together, or one cannot be continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// Nothing was kept to go on with.
    #[error(
        "of the log {0} nothing was kept to go on with (--compact, or too large): train it again"
    )]
    Compact(String),
    /// What was kept makes no sense.
    #[error("what was kept of the log {0} to go on with is damaged: train it again")]
    Damaged(String),
}

/// What has to be known of models that were put together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergeWarning {
    /// Their logs were written by different versions of Zeek.
    ZeekVersions(String, String),
    /// A column has another type.
    ColumnType {
        /// The log.
        log: String,
        /// The column.
        column: String,
        /// Its types.
        types: (String, String),
    },
    /// A log without definitions of its own has features of other columns; the model with more
    /// rows was kept, and these rows were left out.
    OtherFeatures {
        /// The log.
        log: String,
        /// Rows that were left out.
        rows: u64,
    },
    /// Their detectors of a log differ; that of the first was used.
    OtherDetector {
        /// The log.
        log: String,
    },
    /// Rows of a log are in both: each would count twice.
    SameRows {
        /// The log.
        log: String,
        /// About how many.
        rows: u64,
    },
    /// Marks that say otherwise of the same record, or are too many, were left out.
    Marks(usize),
}

impl std::fmt::Display for MergeWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MergeWarning::ZeekVersions(a, b) => {
                write!(f, "the logs were written by Zeek {a} and by Zeek {b}")
            }
            MergeWarning::ColumnType { log, column, types } => {
                write!(
                    f,
                    "{log}: the column {column} is of type {} in one and {} in another",
                    types.0, types.1
                )
            }
            MergeWarning::OtherFeatures { log, rows } => write!(
                f,
                "{log}: the models know other columns, and it cannot be put together: the one with more rows was kept, \
                 {rows} rows were left out"
            ),
            MergeWarning::OtherDetector { log } => {
                write!(
                    f,
                    "{log}: the detectors differ; that of the first model was used"
                )
            }
            MergeWarning::SameRows { log, rows } => {
                write!(
                    f,
                    "{log}: about {rows} rows are known already, and count twice"
                )
            }
            MergeWarning::Marks(n) => {
                write!(
                    f,
                    "{n} marks contradict others or are too many, and were left out"
                )
            }
        }
    }
}

impl Counting {
    /// Packs what is in hand, for the model.
    pub(crate) fn pack(&self, rows: usize) -> Option<Vec<u8>> {
        let packed = pack(&InHand {
            blocks: self.blocks.keep(),
            sample: self.sample.keep(rows),
            days: self.days.keep(),
        })
        .ok()?;
        (packed.len() <= MAX_KEPT).then_some(packed)
    }

    /// Goes on from what a model kept.
    fn resume(model: &LogModel, params: &TrainParams) -> Result<Counting, MergeError> {
        let name = || printable(model.log());
        let kept = model
            .kept
            .as_deref()
            .ok_or_else(|| MergeError::Compact(name()))?;
        let in_hand: Option<InHand> = unpack(kept, MAX_UNPACKED).ok();
        let spec = &model.spec;
        let kinds: Vec<Kind> = (0..spec.len()).map(|f| spec.kind(f)).collect();
        let mut counting = Counting::new(spec.clone(), params);
        let in_hand = in_hand
            .filter(|h| {
                h.sample.is_sound(counting.sample.width())
                    && h.sample.seen() == model.rows
                    && h.blocks.is_sound(spec, model.rows)
                    && h.days.is_sound(spec)
            })
            .ok_or_else(|| MergeError::Damaged(name()))?;
        counting.blocks = Blocks::resume(kinds, &in_hand.blocks);
        counting.sample.resume(&in_hand.sample);
        counting.sample.notice_repeats();
        counting.days = DayCollector::resume(spec, &model.days, &in_hand.days);
        counting.fields = model.fields.clone();
        counting.span = model.span;
        counting.kinds = model.detector.kinds();
        Ok(counting)
    }

    /// Rows that came again since what was in hand was continued.
    fn same_rows(&self) -> Option<MergeWarning> {
        let rows = self.sample.repeats();
        let log = printable(self.spec.log());
        (rows > 0).then_some(MergeWarning::SameRows { log, rows })
    }

    /// Adds what was learned of other rows of the same log.
    fn absorb(&mut self, other: Counting, warnings: &mut Vec<MergeWarning>) {
        let log = printable(self.spec.log());
        if self.spec.fingerprint() != other.spec.fingerprint() {
            let mut other = other;
            if self.sample.seen() < other.sample.seen() {
                std::mem::swap(self, &mut other);
            }
            let rows = other.sample.seen();
            warnings.push(MergeWarning::OtherFeatures { log, rows });
            return;
        }
        for (column, ty) in other.fields {
            match self.fields.iter().find(|f| f.0 == column) {
                None => self.fields.push((column, ty)),
                Some((_, own)) if *own == ty || own == UNTYPED || ty == UNTYPED => {}
                Some((_, own)) => warnings.push(MergeWarning::ColumnType {
                    log: log.clone(),
                    column: printable(&column),
                    types: (printable(own), printable(&ty)),
                }),
            }
        }
        self.blocks.absorb(other.blocks);
        self.sample.notice_repeats();
        self.sample.absorb(&other.sample);
        if let Some(same) = self.same_rows() {
            warnings.push(same);
        }
        self.days.absorb(&self.spec, &other.days);
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (a, b) => a.or(b),
        };
    }
}

/// The type of a column of a log that tells none.
const UNTYPED: &str = "unknown";

impl Trainer {
    /// Goes on from a model: more rows may be added. What was asked for when the model was
    /// made (seed, detectors, rows held out) stays as it was where `params` do not say it.
    ///
    /// # Errors
    /// [`MergeError`], where the model did not keep what this takes.
    pub fn resume(model: &Model, params: TrainParams) -> Result<Trainer, MergeError> {
        let mut trainer = Trainer::new(params);
        for log in &model.logs {
            let counting = Counting::resume(log, trainer.params())?;
            trainer.put(log.log(), counting);
        }
        if let Some(kept) = model.kept_names.as_deref() {
            let names: Option<NameCounts> = unpack(kept, MAX_UNPACKED).ok();
            trainer.sheets.names = names
                .filter(NameCounts::is_sound)
                .ok_or_else(|| MergeError::Damaged("names".into()))?;
        }
        trainer.zeek_version = model.info.zeek_version.clone();
        trainer.marks = model.marks().to_vec();
        Ok(trainer)
    }

    /// The logs of which rows came that the continued model had been trained on.
    pub fn same_rows(&self) -> Vec<MergeWarning> {
        self.countings().filter_map(Counting::same_rows).collect()
    }

    /// Adds what another learned of other rows. Rows that wait for the columns of their log to
    /// be known are not among it: `other` has to come from a model.
    fn absorb(&mut self, other: Trainer, warnings: &mut Vec<MergeWarning>) {
        match (&self.zeek_version, &other.zeek_version) {
            (Some(a), Some(b)) if a != b => {
                warnings.push(MergeWarning::ZeekVersions(printable(a), printable(b)));
            }
            (None, Some(b)) => self.zeek_version = Some(b.clone()),
            _ => {}
        }
        self.sheets.names.absorb(&other.sheets.names);
        self.marks.extend(other.marks.iter().cloned());
        for (name, theirs) in other.into_logs() {
            match self.counting(&name) {
                Some(own) => {
                    if own.kinds != theirs.kinds {
                        let log = printable(&name);
                        warnings.push(MergeWarning::OtherDetector { log });
                    }
                    own.absorb(theirs, warnings);
                }
                None => self.put(&name, theirs),
            }
        }
    }
}

/// Several models as one, as if it had been trained on the rows of all.
///
/// # Errors
/// [`MergeError`], with the position of the model, where one did not keep what this takes.
pub fn merge(
    models: &[Model],
    params: &TrainParams,
) -> Result<(Model, Vec<MergeWarning>), (usize, MergeError)> {
    let mut warnings = Vec::new();
    let mut all: Option<Trainer> = None;
    for (i, model) in models.iter().enumerate() {
        let one = Trainer::resume(model, params.clone()).map_err(|e| (i, e))?;
        match &mut all {
            None => all = Some(one),
            Some(all) => all.absorb(one, &mut warnings),
        }
    }
    let trainer = all.unwrap_or_else(|| Trainer::new(params.clone()));
    let model = trainer.finish_with(&Context::default(), &mut warnings);
    Ok((model, warnings))
}
