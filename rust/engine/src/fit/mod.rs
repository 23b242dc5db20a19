//! Fitting: from what training counted and kept to a detector and its calibration.
//!
//! Calibration needs raw values of training rows as if they had not been trained on. Rarity
//! judges a row by the counts of all blocks of time but its own; a forest by the
//! trees that did not see it; the others are fitted again without each of a few folds,
//! which are made of whole blocks of time (see [`crate::blocks`]). Where one block holds too
//! much, folds are drawn from single rows. A model that is only for its own rows
//! judges them as it will: fitted with them.
//!
//! The members of an ensemble are calibrated on the same rows, so that what they come to
//! together can be calibrated too.
mod compared;
mod inputs;
mod strangers;

use crate::blocks::Blocks;
use crate::model::{By, Scratch, Strangers};
use crate::reservoir::Reservoir;
use crate::train::{TrainParams, time_of};
use compared::OfKinds;
use inputs::Matrix;
use ndarray::Array2;
use rayon::prelude::*;
use std::collections::BTreeMap;
use zeek_anomaly_features::Spec;
use zeek_anomaly_features::spec::DefaultDetector;
use zeek_anomaly_models::detector::surprise_of;
use zeek_anomaly_models::forest::{ForestParams, IsolationForest};
use zeek_anomaly_models::hybrid::Hybrid;
use zeek_anomaly_models::rarity::Rarity;
use zeek_anomaly_models::time_series::{Shape, TimeSeries};
use zeek_anomaly_models::{
    Calibration, Detector, DetectorKind, DetectorModel, Encoded, Encoder, Ensemble, FeatureCounts,
    Kinds, Member, Single,
};

/// The most rows on which detectors other than rarity are calibrated, and which those that
/// look at inputs are fitted to.
const ROWS: usize = 50_000;

/// About as many rows tell the mean surprise of features that are compared within kinds.
const MEAN_ROWS: usize = 20_000;

/// Folds for those that are fitted again.
const FOLDS: usize = 4;

/// The feature that holds the hour of the day, in logs that are series.
const HOUR: &str = "hour_of_day";

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// The share of the rows from which on a block of time cannot be left out.
const TOO_MUCH: f64 = 0.5;

/// What there is of one log.
pub(crate) struct Material<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) blocks: &'a Blocks,
    pub(crate) total: &'a [FeatureCounts],
    /// Features of rows, their time, and their labels.
    pub(crate) sample: &'a Reservoir,
    pub(crate) encoders: &'a [Encoder],
    pub(crate) params: &'a TrainParams,
    /// The detectors where `params` leave the choice; none for the log's own default.
    pub(crate) kinds: &'a [DetectorKind],
}

/// What fitting gives.
pub(crate) struct Fit {
    pub(crate) detector: DetectorModel,
    pub(crate) calibration: Calibration,
    /// The same for hosts that were not there.
    pub(crate) strangers: Vec<Strangers>,
    /// What is usual within kinds, for a detector that looks at surprises.
    pub(crate) kinds: Kinds,
}

/// A detector, with its raw values of the calibration rows.
struct Fitted {
    model: Single,
    raw: Vec<f64>,
}

/// The detector that was asked for, and its calibration.
pub(crate) fn fit(of: &Material<'_>) -> Fit {
    let own = match of.spec {
        Spec::Known(t) => match t.detector {
            DefaultDetector::IsolationForest => DetectorKind::IsolationForest,
            DefaultDetector::RarityBy(by) if !by.evidence.is_empty() => DetectorKind::Hybrid,
            DefaultDetector::Rarity { .. } | DefaultDetector::RarityBy(_) => DetectorKind::Rarity,
            DefaultDetector::Hybrid { .. } => DetectorKind::Hybrid,
            DefaultDetector::TimeSeries => DetectorKind::TimeSeries,
        },
        Spec::Generic(_) => DetectorKind::Rarity,
    };
    let kinds = match of.params.detectors.of(of.spec.log()) {
        [] if of.kinds.is_empty() => std::slice::from_ref(&own),
        [] => of.kinds,
        some => some,
    };
    // Evenly spread over the sample, whose order is random anyway.
    let step = match kinds {
        [DetectorKind::Rarity | DetectorKind::Hybrid] => 1,
        _ => of.sample.len().div_ceil(ROWS).max(1),
    };
    let rows: Vec<usize> = (0..of.sample.len()).step_by(step).collect();
    let wanted = kinds.iter().any(|k| k.wants_inputs());
    let matrix = wanted.then(|| Matrix::new(of, &rows));
    let surprised = |k: &DetectorKind| matches!(k, DetectorKind::Rarity | DetectorKind::Hybrid);
    let compared = OfKinds::new(of, kinds.iter().any(surprised));
    let mut fitted: Vec<Fitted> = (kinds.iter())
        .filter_map(|kind| match (kind, &matrix) {
            (DetectorKind::Rarity, _) => {
                let rarity = of.rarity(&rows, &compared);
                Some(of.by_surprise(Single::Rarity(rarity), &rows, &compared))
            }
            (DetectorKind::Hybrid, _) => {
                let hybrid = of.hybrid(&rows, &compared);
                Some(of.by_surprise(Single::Hybrid(hybrid), &rows, &compared))
            }
            (DetectorKind::IsolationForest, _) => Some(of.forest(&rows)),
            (DetectorKind::TimeSeries, _) => Some(of.time_series(&rows)),
            (DetectorKind::Pca, Some(m)) => Some(m.pca(of)),
            (DetectorKind::Kitnet, Some(m)) => Some(m.kitnet(of, &rows)),
            (DetectorKind::OneClassSvm, Some(m)) => Some(m.svm(of)),
            // A matrix was made for those that want it.
            (_, None) => None,
        })
        .collect();
    let mut strangers = Vec::new();
    let (detector, calibration) = match fitted.pop() {
        Some(one) if fitted.is_empty() => {
            strangers = strangers::strangers(of, &one.model, &compared);
            (DetectorModel::One(one.model), Calibration::fit(one.raw))
        }
        last => {
            fitted.extend(last);
            several(fitted, rows.len())
        }
    };
    Fit {
        detector,
        calibration,
        strangers,
        kinds: compared.kinds,
    }
}

fn several(fitted: Vec<Fitted>, rows: usize) -> (DetectorModel, Calibration) {
    let (members, raws): (Vec<Member>, Vec<Vec<f64>>) = (fitted.into_iter())
        .map(|f| {
            let calibration = Calibration::fit(f.raw.clone());
            let model = f.model;
            (Member { model, calibration }, f.raw)
        })
        .unzip();
    let together = (0..rows)
        .map(|i| {
            let scores = members.iter().zip(&raws);
            Ensemble::combine(scores.map(|(m, raw)| m.calibration.score(raw[i]).0))
        })
        .collect();
    let ensemble = DetectorModel::Ensemble(Ensemble::new(members));
    (ensemble, Calibration::fit(together))
}

impl Material<'_> {
    /// A sampled row's features, and its time in seconds since the epoch.
    fn row(&self, at: usize) -> (&[u64], Option<f64>) {
        match self.sample.row(at).split_at_checked(self.spec.len()) {
            Some((bits, rest)) => (bits, rest.first().and_then(|ts| time_of(*ts))),
            None => (&[], None),
        }
    }

    fn rarity(&self, rows: &[usize], compared: &OfKinds<'_>) -> Rarity {
        Rarity {
            mean: self.mean_surprises(rows, &self.whole(compared)),
            aspects: self.spec.aspects(),
            damping: self.spec.dampings(),
        }
    }

    fn hybrid(&self, rows: &[usize], compared: &OfKinds<'_>) -> Hybrid {
        let (features, least) = self.spec.evidence();
        Hybrid::new(self.rarity(rows, compared), &features, self.encoders, least)
    }

    /// All rows, to judge by.
    fn whole<'b>(&'b self, compared: &'b OfKinds<'_>) -> By<'b, 'b> {
        By {
            encoders: self.encoders,
            kinds: &compared.kinds,
            inputs: None,
            coordinates: false,
        }
    }

    /// The mean surprise of each feature over training rows, each with itself left out.
    fn mean_surprises(&self, rows: &[usize], by: &By<'_, '_>) -> Vec<f64> {
        if by.kinds.is_empty() {
            return self.encoders.iter().map(Encoder::mean_surprise).collect();
        }
        let step = rows.len().div_ceil(MEAN_ROWS).max(1);
        let mut sums = vec![0.0; self.encoders.len()];
        let mut scratch = Scratch::default();
        // Fractions: the order of adding is that of the rows.
        for at in rows.iter().step_by(step) {
            let row = by.encode(self.row(*at).0, true, &mut scratch);
            sums.iter_mut()
                .zip(row.p)
                .for_each(|(sum, p)| *sum += surprise_of(*p));
        }
        let n = rows.len().div_ceil(step).max(1) as f64;
        sums.into_iter().map(|sum| sum / n).collect()
    }

    /// A detector that looks at surprises, which are those of the other blocks' counts.
    fn by_surprise(&self, model: Single, rows: &[usize], compared: &OfKinds<'_>) -> Fitted {
        let detector = model.as_detector();
        let mut of_block: BTreeMap<i64, Vec<(usize, &[u64])>> = BTreeMap::new();
        for (i, at) in rows.iter().enumerate() {
            let (bits, ts) = self.row(*at);
            let block = self.blocks.block_of(ts);
            of_block.entry(block).or_default().push((i, bits));
        }
        let judged = |block: &i64| -> Vec<f64> {
            let Some(rows) = of_block.get(block) else {
                return Vec::new();
            };
            // Rows are judged by all blocks but their own, and where that is too much of
            // the whole, by all rows but themselves.
            let others = match self.params.own_rows {
                true => None,
                false => self.blocks.without_one(self.total, *block),
            };
            let of_others = others.map(|c| (encoders_of(&c), compared.without(*block)));
            let (by, leave_out) = match &of_others {
                None => (self.whole(compared), true),
                Some((encoders, kinds)) => {
                    let others = By {
                        encoders,
                        kinds,
                        ..self.whole(compared)
                    };
                    (others, false)
                }
            };
            (rows.par_iter().with_min_len(256))
                .map_init(Scratch::default, |scratch, (_, bits)| {
                    detector.raw(&by.encode(bits, leave_out, scratch))
                })
                .collect()
        };
        let mut raw = vec![f64::NAN; rows.len()];
        let blocks = self.blocks.names();
        let values: Vec<Vec<f64>> = blocks.par_iter().with_max_len(1).map(judged).collect();
        for (block, values) in blocks.iter().zip(values) {
            let rows = of_block.get(block).into_iter().flatten();
            rows.zip(values).for_each(|((i, _), value)| raw[*i] = value);
        }
        Fitted { model, raw }
    }

    fn forest(&self, rows: &[usize]) -> Fitted {
        let coordinates = self.coordinates();
        let params = ForestParams {
            seed: self.params.seed,
            ..self.params.how.forest
        };
        let (forest, samples) = IsolationForest::fit(coordinates.view(), &params);
        let raw = (rows.par_iter())
            .map(|i| {
                let row = coordinates.row(*i);
                row.as_slice().map_or(f64::NAN, |row| {
                    forest.raw_left_out(row, *i as u32, &samples)
                })
            })
            .collect();
        let model = Single::IsolationForest(forest);
        Fitted { model, raw }
    }

    /// Each row is judged by what the rows of the other folds have for usual.
    fn time_series(&self, rows: &[usize]) -> Fitted {
        let coordinates = self.coordinates();
        let shape = Shape {
            aspects: self.spec.aspects(),
            numbers: (0..self.spec.len())
                .map(|f| !self.spec.kind(f).is_category())
                .collect(),
            hour: (0..self.spec.len()).find(|f| self.spec.name(*f) == HOUR),
        };
        let of = |at: usize| coordinates.row(at).to_slice().unwrap_or_default();
        let fit = |rows: &[usize]| {
            let day = |at: usize| self.row(at).1.map(|t| (t / DAY).floor() as i64);
            TimeSeries::fit(rows.iter().map(|at| (of(*at), day(*at))), &shape)
        };
        let model = fit(rows);
        let judged = |by: &TimeSeries, at: usize| {
            by.raw(&Encoded {
                coordinates: of(at),
                ..Encoded::default()
            })
        };
        let raw = if self.params.own_rows {
            rows.iter().map(|at| judged(&model, *at)).collect()
        } else {
            let (fold_of, _) = self.folds(rows);
            let others = |k: usize| {
                let kept = rows.iter().zip(&fold_of).filter(|(_, fold)| **fold != k);
                fit(&kept.map(|(at, _)| *at).collect::<Vec<_>>())
            };
            let by: Vec<TimeSeries> = (0..FOLDS).map(others).collect();
            let each = rows.iter().zip(&fold_of);
            each.map(|(at, fold)| judged(&by[*fold], *at)).collect()
        };
        let model = Single::TimeSeries(model);
        Fitted { model, raw }
    }

    /// All sampled rows as a matrix of rows × features coordinates.
    fn coordinates(&self) -> Array2<f32> {
        let mut out = Vec::with_capacity(self.sample.len() * self.encoders.len());
        let mut scratch = Scratch::default();
        let kinds = Kinds::default();
        let by = By {
            encoders: self.encoders,
            kinds: &kinds,
            inputs: None,
            coordinates: true,
        };
        for at in 0..self.sample.len() {
            let row = by.encode(self.row(at).0, true, &mut scratch);
            out.extend_from_slice(row.coordinates);
        }
        matrix(self.sample.len(), self.encoders.len(), out)
    }

    /// The fold of each row, and for each fold what all others have counted; the latter
    /// only where folds are whole blocks of time.
    fn folds(&self, rows: &[usize]) -> (Vec<usize>, Option<Vec<Vec<Encoder>>>) {
        let of_rows: Vec<i64> = (rows.iter())
            .map(|at| self.blocks.block_of(self.row(*at).1))
            .collect();
        let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
        of_rows
            .iter()
            .for_each(|b| *sizes.entry(*b).or_default() += 1);
        let largest = sizes.values().max().copied().unwrap_or(0) as f64;
        if largest > TOO_MUCH * rows.len() as f64 || sizes.len() < FOLDS {
            return ((0..rows.len()).map(|i| i % FOLDS).collect(), None);
        }
        // One after the other, so that a fold is a stretch of time.
        let mut fold_of = BTreeMap::new();
        let mut before = 0;
        for (block, n) in &sizes {
            fold_of.insert(*block, (before + n / 2) * FOLDS / rows.len().max(1));
            before += n;
        }
        let others = (0..FOLDS).map(|k| {
            let own: Vec<i64> = (fold_of.iter())
                .filter(|(_, fold)| **fold == k)
                .map(|(block, _)| *block)
                .collect();
            encoders_of(&self.blocks.without(self.total, &own))
        });
        let others = others.collect();
        (of_rows.iter().map(|b| fold_of[b]).collect(), Some(others))
    }
}

fn encoders_of(counts: &[FeatureCounts]) -> Vec<Encoder> {
    counts.iter().map(|c| Encoder::new(c.finish())).collect()
}

/// The shape is right by construction.
fn matrix(rows: usize, columns: usize, values: Vec<f32>) -> Array2<f32> {
    Array2::from_shape_vec((rows, columns), values).unwrap_or_else(|_| Array2::zeros((0, columns)))
}
