//! Principal components: strange is what lies far out in the directions in which rows vary,
//! or outside of them.
//!
//! Inputs are standardised; the eigenvectors of their correlation that hold a given part of the
//! variance span the kept subspace, the rest is the residual. The raw value is the
//! Mahalanobis distance of the two together, √(Σ yₖ²/λₖ + Q/λᵣ): yₖ are the row's
//! coordinates on the kept components, λₖ their variances, Q the squared distance from
//! the kept subspace, and λᵣ the mean variance of the components that are not kept, as in
//! probabilistic PCA (M. E. Tipping, C. M. Bishop, "Probabilistic principal component
//! analysis", JRSS B 61, 1999). After M.-L. Shyu et al., "A novel anomaly detection
//! scheme based on principal component classifier", ICDM 2003, which adds the two
//! with weights.
//!
//! The other distance there is, [`Distance::Eigenvectors`], is the weighted sum of distances to the eigenvectors as
//! points, Σ |z − vₖ|/λₖ, as PyOD's PCA has it (there by λₖ's part of the variance, here as a
//! weighted mean: the same order of rows).
//!
//! An input that never varied in training cannot have an infinite say: standard deviations
//! and variances have a floor.

use crate::detector::{Detector, Encoded};
use crate::inputs::{LEAST_DEVIATION, MAX_INPUTS};
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// How many components are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PcaParams {
    /// The part of the variance that the kept components hold, above 0 and at most 1.
    pub variance: f64,
    /// What is measured.
    pub distance: Distance,
}

/// How far out a row lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distance {
    /// Mahalanobis distance, in the kept subspace and outside of it.
    #[default]
    Mahalanobis,
    /// The mean distance to the kept eigenvectors as points, by 1/λ.
    Eigenvectors,
}

impl Distance {
    /// All of them.
    pub const ALL: [Distance; 2] = [Distance::Mahalanobis, Distance::Eigenvectors];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Distance::Mahalanobis => "mahalanobis",
            Distance::Eigenvectors => "eigenvectors",
        }
    }

    /// The one with this name.
    pub fn by_name(name: &str) -> Option<Distance> {
        Distance::ALL.into_iter().find(|d| d.name() == name)
    }
}

impl Default for PcaParams {
    /// 99 % of the variance, and the Mahalanobis distance.
    fn default() -> Self {
        PcaParams {
            variance: 0.99,
            distance: Distance::default(),
        }
    }
}

/// The least variance that a component, or the residual, is taken to have; standardised
/// inputs have about 1 each.
const LEAST_VARIANCE: f64 = 1e-3;

/// Sums from which a covariance is made; those of several parts can be added, and taken away.
#[derive(Clone, Debug)]
pub struct Moments {
    rows: f64,
    sum: Vec<f64>,
    /// Σ x xᵀ.
    products: Array2<f64>,
}

impl Moments {
    /// Of rows × inputs.
    pub fn new(rows: ArrayView2<'_, f32>) -> Moments {
        let d = rows.ncols();
        let mut of = Moments {
            rows: rows.nrows() as f64,
            sum: vec![0.0; d],
            products: Array2::zeros((d, d)),
        };
        // In pieces, so that no second copy of all rows is needed.
        for piece in rows.axis_chunks_iter(ndarray::Axis(0), 4096) {
            let piece = piece.mapv(f64::from);
            of.products += &piece.t().dot(&piece);
            for row in piece.rows() {
                of.sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
            }
        }
        of
    }

    /// Rows.
    pub fn rows(&self) -> f64 {
        self.rows
    }

    /// What is left without a part of the rows.
    pub fn without(&self, part: &Moments) -> Moments {
        Moments {
            rows: self.rows - part.rows,
            sum: self.sum.iter().zip(&part.sum).map(|(a, b)| a - b).collect(),
            products: &self.products - &part.products,
        }
    }
}

/// The detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    features: u16,
    mean: Vec<f32>,
    /// 1 / standard deviation of each input.
    scale: Vec<f32>,
    /// The kept components, one after the other, of unit length.
    components: Vec<f32>,
    /// 1 / variance of each.
    precision: Vec<f32>,
    /// 1 / λᵣ.
    residual: f32,
    /// The part of the variance that the kept components hold.
    kept: f32,
    distance: Distance,
}

impl Pca {
    /// Of rows with these moments and so many features.
    pub fn fit(moments: &Moments, features: usize, params: &PcaParams) -> Pca {
        let d = moments.sum.len();
        let n = moments.rows.max(1.0);
        let mean: Vec<f64> = moments.sum.iter().map(|s| s / n).collect();
        let covariance = |i: usize, j: usize| moments.products[(i, j)] / n - mean[i] * mean[j];
        let deviation: Vec<f64> = (0..d)
            .map(|i| covariance(i, i).max(0.0).sqrt().max(LEAST_DEVIATION))
            .collect();
        let correlation = DMatrix::from_fn(d, d, |i, j| {
            covariance(i, j) / (deviation[i] * deviation[j])
        });
        let (values, vectors) = eigen(correlation);
        let total: f64 = values.iter().sum();
        let mut held = 0.0;
        let mut kept = 0;
        while kept < d && held < params.variance * total && values[kept] > LEAST_VARIANCE {
            held += values[kept];
            kept += 1;
        }
        let rest = &values[kept..];
        let residual = rest.iter().sum::<f64>() / rest.len().max(1) as f64;
        Pca {
            features: features as u16,
            mean: mean.iter().map(|m| *m as f32).collect(),
            scale: deviation.iter().map(|s| (1.0 / s) as f32).collect(),
            components: vectors[..kept]
                .iter()
                .flatten()
                .map(|v| *v as f32)
                .collect(),
            precision: values[..kept].iter().map(|v| (1.0 / v) as f32).collect(),
            residual: (1.0 / residual.max(LEAST_VARIANCE)) as f32,
            kept: if total > 0.0 {
                (held / total) as f32
            } else {
                0.0
            },
            distance: params.distance,
        }
    }

    /// The squares of a standardised row's parts in its mean distance to the eigenvectors: `each`
    /// gets each input's. Their sum is the distance.
    fn to_eigenvectors(&self, row: &Encoded<'_>, mut each: impl FnMut(usize, f64)) {
        let d = self.mean.len();
        let mut z = [0.0; MAX_INPUTS];
        self.standardise(row, &mut z);
        let weights: f64 = self.precision.iter().map(|p| f64::from(*p)).sum();
        for (v, p) in self.components.chunks_exact(d.max(1)).zip(&self.precision) {
            let part = |i: usize| f64::from(z[i] - v[i]).powi(2);
            let distance = (0..d).map(part).sum::<f64>().sqrt();
            let weight = f64::from(*p) / (weights * distance).max(f64::MIN_POSITIVE);
            (0..d).for_each(|i| each(i, part(i) * weight));
        }
    }

    fn standardise(&self, row: &Encoded<'_>, z: &mut [f32; MAX_INPUTS]) {
        for (z, (x, (m, s))) in
            (z.iter_mut()).zip(row.inputs.iter().zip(self.mean.iter().zip(&self.scale)))
        {
            *z = (x - m) * s;
        }
    }

    /// The standardised row in `z`, and what is left of it outside of the kept subspace in `left`.
    /// Gives each kept component with its weighted coordinate to `each`.
    fn project(
        &self,
        row: &Encoded<'_>,
        z: &mut [f32; MAX_INPUTS],
        left: &mut [f32; MAX_INPUTS],
        mut each: impl FnMut(&[f32], f32, f32),
    ) {
        let d = self.mean.len();
        self.standardise(row, z);
        left[..d].copy_from_slice(&z[..d]);
        for (v, p) in self.components.chunks_exact(d.max(1)).zip(&self.precision) {
            let y: f32 = v.iter().zip(&*z).map(|(v, z)| v * z).sum();
            left.iter_mut().zip(v).for_each(|(l, v)| *l -= y * v);
            each(v, y, *p);
        }
    }
}

/// Eigenvalues of a symmetric matrix, the largest first and none below 0, and their
/// eigenvectors, each with its largest entry above 0.
fn eigen(matrix: DMatrix<f64>) -> (Vec<f64>, Vec<Vec<f64>>) {
    if matrix.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let e = SymmetricEigen::new(matrix);
    let mut order: Vec<usize> = (0..e.eigenvalues.len()).collect();
    order.sort_by(|a, b| e.eigenvalues[*b].total_cmp(&e.eigenvalues[*a]));
    let vectors = order.iter().map(|i| {
        let v: Vec<f64> = e.eigenvectors.column(*i).iter().copied().collect();
        let largest = v
            .iter()
            .fold(0.0f64, |a, b| if b.abs() > a.abs() { *b } else { a });
        v.into_iter().map(|x| x * largest.signum()).collect()
    });
    let vectors = vectors.collect();
    (
        order.iter().map(|i| e.eigenvalues[*i].max(0.0)).collect(),
        vectors,
    )
}

impl Detector for Pca {
    fn name(&self) -> &'static str {
        "pca"
    }

    fn features(&self) -> usize {
        usize::from(self.features)
    }

    fn inputs(&self) -> usize {
        self.mean.len()
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        if self.distance == Distance::Eigenvectors {
            let mut sum = 0.0;
            self.to_eigenvectors(row, |_, part| sum += part);
            return sum;
        }
        let (mut z, mut left) = ([0.0; MAX_INPUTS], [0.0; MAX_INPUTS]);
        let mut sum = 0.0f64;
        self.project(row, &mut z, &mut left, |_, y, p| {
            sum += f64::from(y * y * p)
        });
        let outside: f32 = left[..self.mean.len()].iter().map(|l| l * l).sum();
        (sum + f64::from(outside * self.residual)).sqrt()
    }

    /// The squared distance is zᵀMz; an input's part in it is zᵢ(Mz)ᵢ. A feature that makes the row
    /// less strange, for its correlation with others, contributes nothing.
    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        if self.distance == Distance::Eigenvectors {
            self.to_eigenvectors(row, |i, part| {
                let f = row.input_features.get(i).map(|f| usize::from(*f));
                if let Some(o) = f.and_then(|f| out.get_mut(f)) {
                    *o += part;
                }
            });
            return;
        }
        let (mut z, mut left) = ([0.0; MAX_INPUTS], [0.0; MAX_INPUTS]);
        let mut weighted = [0.0f32; MAX_INPUTS];
        self.project(row, &mut z, &mut left, |v, y, p| {
            weighted
                .iter_mut()
                .zip(v)
                .for_each(|(w, v)| *w += y * p * v);
        });
        for (i, f) in row.input_features.iter().enumerate().take(self.mean.len()) {
            let whole = weighted[i] + left[i] * self.residual;
            if let Some(o) = out.get_mut(usize::from(*f)) {
                *o += f64::from(z[i] * whole);
            }
        }
        out.iter_mut().for_each(|o| *o = o.max(0.0));
    }

    fn is_sound(&self, features: usize) -> bool {
        let (d, k) = (self.mean.len(), self.precision.len());
        let within = |v: &[f32], low: f32, high: f32| v.iter().all(|x| (low..=high).contains(x));
        let most = (1.0 / LEAST_VARIANCE) as f32 * 1.01;
        usize::from(self.features) == features
            && d <= MAX_INPUTS
            && k <= d
            && self.scale.len() == d
            && self.components.len() == k * d
            && within(&self.mean, -1e3, 1e3)
            && within(&self.scale, 0.0, (1.01 / LEAST_DEVIATION) as f32)
            && within(&self.components, -1.001, 1.001)
            && within(&self.precision, 0.0, most)
            && (0.0..=most).contains(&self.residual)
            && (0.0..=1.001).contains(&self.kept)
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "components",
                format!("{} of {}", self.precision.len(), self.mean.len()),
            ),
            ("variance kept", format!("{:.1} %", 100.0 * self.kept)),
            ("distance", self.distance.name().to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn row(inputs: &[f32]) -> Encoded<'_> {
        Encoded {
            inputs,
            input_features: &[0, 1, 2],
            ..Encoded::default()
        }
    }

    /// Two inputs that go together, and a third of its own.
    fn rows(n: usize) -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut rows = Array2::zeros((n, 3));
        for mut r in rows.rows_mut() {
            let (a, b, c): (f32, f32, f32) = (rng.random(), rng.random(), rng.random());
            r[0] = a;
            r[1] = 2.0 * a + 0.1 * b;
            r[2] = c;
        }
        rows
    }

    fn fit(rows: &Array2<f32>, variance: f64) -> Pca {
        let params = PcaParams {
            variance,
            ..PcaParams::default()
        };
        let pca = Pca::fit(&Moments::new(rows.view()), 3, &params);
        assert!(pca.is_sound(3));
        pca
    }

    #[test]
    fn with_all_components_it_is_the_mahalanobis_distance() {
        let rows = rows(500);
        let pca = fit(&rows, 1.0);
        let x = DMatrix::from_fn(500, 3, |i, j| f64::from(rows[(i, j)]));
        let mean = x.row_mean();
        let centred = DMatrix::from_fn(500, 3, |i, j| x[(i, j)] - mean[j]);
        let inverse = (centred.transpose() * &centred / 500.0)
            .try_inverse()
            .unwrap();
        for v in [[0.5, 1.0, 0.5], [0.1, 0.9, 0.2], [3.0, -1.0, 9.0]] {
            let c = DMatrix::from_fn(1, 3, |_, j| v[j] - mean[j]);
            let want = (&c * &inverse * c.transpose())[(0, 0)].sqrt();
            let got = pca.raw(&row(&v.map(|v| v as f32)));
            assert!((got - want).abs() < 0.01 * want, "{got} {want}");
        }
    }

    #[test]
    fn what_breaks_a_correlation_is_stranger_than_what_keeps_it() {
        let pca = fit(&rows(2000), 0.9);
        let (keeps, breaks) = ([0.9, 1.85, 0.5], [0.9, 0.2, 0.5]);
        assert!(pca.raw(&row(&breaks)) > 3.0 * pca.raw(&row(&keeps)));
        let mut why = [0.0; 3];
        pca.attribute(&row(&breaks), &mut why);
        assert!(
            why[0].min(why[1]) > 10.0 * why[2] && why[2] >= 0.0,
            "{why:?}"
        );
    }

    #[test]
    fn the_distance_to_the_eigenvectors_is_what_the_features_have_together() {
        let rows = rows(500);
        let params = PcaParams {
            variance: 0.9,
            distance: Distance::Eigenvectors,
        };
        let pca = Pca::fit(&Moments::new(rows.view()), 3, &params);
        assert!(pca.is_sound(3));
        let x = [0.9, 0.2, 0.5];
        let z: Vec<f32> = (0..3)
            .map(|i| (x[i] - pca.mean[i]) * pca.scale[i])
            .collect();
        let far = |v: &[f32]| {
            let parts = z.iter().zip(v).map(|(z, v)| f64::from(z - v).powi(2));
            parts.sum::<f64>().sqrt()
        };
        let (mut sum, mut weights) = (0.0, 0.0);
        for (v, p) in pca.components.chunks_exact(3).zip(&pca.precision) {
            sum += far(v) * f64::from(*p);
            weights += f64::from(*p);
        }
        let raw = pca.raw(&row(&x));
        assert!((raw - sum / weights).abs() < 1e-6 * raw, "{raw}");
        let mut why = [0.0; 3];
        pca.attribute(&row(&x), &mut why);
        assert!((why.iter().sum::<f64>() - raw).abs() < 1e-6 * raw);
        assert!(raw > 1.5 * pca.raw(&row(&[0.5, 1.0, 0.5])));
    }

    #[test]
    fn moments_without_a_part_are_those_of_the_rest() {
        let rows = rows(300);
        let (part, rest) = rows.view().split_at(ndarray::Axis(0), 100);
        let a = Moments::new(rows.view()).without(&Moments::new(part));
        let b = Moments::new(rest);
        let x = [0.2, 1.9, 0.4];
        let of = |m: &Moments| Pca::fit(m, 3, &PcaParams::default()).raw(&row(&x));
        assert!((of(&a) - of(&b)).abs() < 1e-3 * of(&b));
    }

    #[test]
    fn no_rows_one_row_and_constant_inputs_give_a_finite_value() {
        for n in [0, 1, 50] {
            let pca = fit(&Array2::from_elem((n, 3), 0.5), 0.99);
            assert!(pca.raw(&row(&[100.0, -100.0, 0.5])).is_finite());
            let mut why = [0.0; 3];
            pca.attribute(&row(&[100.0, -100.0, 0.5]), &mut why);
            assert!(why.iter().all(|w| w.is_finite() && *w >= 0.0));
        }
    }

    #[test]
    fn what_a_file_cannot_hold_is_refused() {
        let good = fit(&rows(100), 0.9);
        assert!(!good.is_sound(4));
        for spoil in [
            |p: &mut Pca| p.mean[0] = f32::NAN,
            |p: &mut Pca| p.scale[0] = f32::INFINITY,
            |p: &mut Pca| p.components[0] = 7.0,
            |p: &mut Pca| p.precision[0] = -1.0,
            |p: &mut Pca| p.residual = f32::NAN,
            |p: &mut Pca| p.components.truncate(1),
            |p: &mut Pca| p.mean.clear(),
        ] {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert!(!bad.is_sound(3));
        }
    }
}
