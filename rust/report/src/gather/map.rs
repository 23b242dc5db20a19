//! A map of records in two dimensions: the principal components of their features.
//!
//! Features are taken as the detectors that need coordinates see them (numbers on their
//! scale, categories by how rare they are), brought to mean 0 and variance 1, and turned so that
//! the first two axes hold as much of the variance as two can (K. Pearson, "On lines and
//! planes of closest fit to systems of points in space", Philosophical Magazine 2, 1901).

use nalgebra::{DMatrix, SymmetricEigen};
use zeek_anomaly_engine::LogModel;

/// How many standard deviations from the mean a value counts at most: one value of 10⁹ would
/// be the only thing on the map.
const FARTHEST: f64 = 8.0;

/// A variance below which a feature is called constant.
const LEAST_VARIANCE: f64 = 1e-12;

/// Sweeps that the eigenvalues get.
const SWEEPS: usize = 10_000;

/// The map of one log's records.
#[derive(Clone, Debug, Default)]
pub struct RecordMap {
    /// Records drawn at random, below the threshold.
    pub ordinary: Vec<(f64, f64)>,
    /// Flagged records.
    pub flagged: Vec<(f64, f64)>,
    /// The share of the variance that each axis holds.
    pub explained: [f64; 2],
    /// Every feature that is not constant, the one that carries most of the two axes first.
    pub loadings: Vec<FeatureLoading>,
    /// The features without any variance.
    pub constant: usize,
}

/// What a feature has to do with the axes.
#[derive(Clone, Debug)]
pub struct FeatureLoading {
    /// The position of the feature.
    pub feature: usize,
    /// Its share of the variance that both axes hold, from 0 to 1.
    pub share: f64,
    /// Its loading on each axis: the cosine between them.
    pub axes: [f64; 2],
}

/// One feature's centre and scale.
struct MapColumn {
    feature: usize,
    mean: f64,
    deviation: f64,
}

impl MapColumn {
    fn standard(&self, v: f64) -> f64 {
        // A missing value says nothing either way.
        if v.is_finite() {
            ((v - self.mean) / self.deviation).clamp(-FARTHEST, FARTHEST)
        } else {
            0.0
        }
    }
}

/// Draws the map: the axes come of `sample`, a random sample of all records (features in their
/// compact form, with whether each is flagged); `flagged` are put into it. Nothing where there
/// is no variance.
pub fn draw<'a>(
    model: &LogModel,
    sample: &[(&'a [u64], bool)],
    flagged: impl Iterator<Item = &'a [u64]>,
) -> Option<RecordMap> {
    let coordinates = |bits: &[u64]| -> Vec<f64> {
        model
            .encoders
            .iter()
            .zip(bits)
            .map(|(e, b)| f64::from(e.coordinate(*b, e.p(*b, false))))
            .collect()
    };
    let rows: Vec<Vec<f64>> = sample.iter().map(|s| coordinates(s.0)).collect();
    let columns: Vec<MapColumn> = (0..model.encoders.len())
        .filter_map(|f| column(f, &rows))
        .collect();
    let (n, p) = (rows.len(), columns.len());
    if p == 0 {
        return None;
    }
    let standard = |row: &[f64]| -> Vec<f64> {
        columns
            .iter()
            .map(|c| c.standard(row.get(c.feature).copied().unwrap_or(f64::NAN)))
            .collect()
    };
    let flat: Vec<f64> = rows.iter().flat_map(|r| standard(r)).collect();
    let z = DMatrix::from_row_slice(n, p, &flat);
    let covariance = z.tr_mul(&z) / (n.max(2) - 1) as f64;
    let total = covariance.trace();
    let eigen = SymmetricEigen::try_new(covariance, f64::EPSILON, SWEEPS)?;
    let mut order: Vec<usize> = (0..p).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let axes: Vec<(f64, Vec<f64>)> = order
        .iter()
        .take(2)
        .map(|i| {
            let axis: Vec<f64> = eigen.eigenvectors.column(*i).iter().copied().collect();
            (eigen.eigenvalues[*i].max(0.0), upright(axis))
        })
        .collect();
    let place = |row: &[f64]| -> (f64, f64) {
        let z = standard(row);
        let along = |k: usize| -> f64 {
            axes.get(k)
                .map_or(0.0, |(_, a)| a.iter().zip(&z).map(|(a, z)| a * z).sum())
        };
        (along(0), along(1))
    };
    let held: f64 = axes.iter().map(|a| a.0).sum();
    let mut loadings: Vec<FeatureLoading> = columns
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let on = |k: usize| axes.get(k).map_or(0.0, |(_, a)| a[i]);
            let of = |k: usize| axes.get(k).map_or(0.0, |(l, a)| l * a[i] * a[i]);
            FeatureLoading {
                feature: c.feature,
                share: (of(0) + of(1)) / held.max(f64::MIN_POSITIVE),
                axes: [on(0), on(1)],
            }
        })
        .collect();
    loadings.sort_by(|a, b| b.share.total_cmp(&a.share));
    let share = |k: usize| {
        axes.get(k)
            .map_or(0.0, |a| a.0 / total.max(f64::MIN_POSITIVE))
    };
    Some(RecordMap {
        ordinary: rows
            .iter()
            .zip(sample)
            .filter(|(_, s)| !s.1)
            .map(|(r, _)| place(r))
            .collect(),
        flagged: flagged.map(|bits| place(&coordinates(bits))).collect(),
        explained: [share(0), share(1)],
        loadings,
        constant: model.encoders.len() - p,
    })
}

/// Centre and scale of a feature; nothing where it is constant.
fn column(feature: usize, rows: &[Vec<f64>]) -> Option<MapColumn> {
    let values = || {
        rows.iter()
            .filter_map(|r| r.get(feature))
            .copied()
            .filter(|v| v.is_finite())
    };
    let n = values().count() as f64;
    if n < 2.0 {
        return None;
    }
    let mean = values().sum::<f64>() / n;
    let variance = values().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (variance > LEAST_VARIANCE).then(|| MapColumn {
        feature,
        mean,
        deviation: variance.sqrt(),
    })
}

/// An axis has no direction of its own: the largest part points up, so that the same
/// records always give the same map.
fn upright(mut axis: Vec<f64>) -> Vec<f64> {
    let largest = axis
        .iter()
        .copied()
        .reduce(|a, b| if b.abs() > a.abs() + 1e-9 { b } else { a });
    if largest.is_some_and(|l| l < 0.0) {
        axis.iter_mut().for_each(|a| *a = -*a);
    }
    axis
}
