//! One-class SVM: strange is what lies outside of a boundary around most training rows.
//!
//! After B. Schölkopf et al., "Estimating the support of a high-dimensional distribution", Neural
//! Computation 13, 2001: f(x) = Σ αᵢ k(xᵢ, x), and a row with f below ρ is outside. The raw value
//! is 1 − f(x)/ρ: above 0 outside, below inside.
//!
//! - Inputs are standardised first, with a floor on the deviation. Without, a rare category is no farther
//!   away than a frequent one, and long downloads are all that is found.
//! - ν, γ and the kernel are chosen by cross-validation where they are not given (`choose`).
//! - Up to [`SvmParams::exact_rows`] rows the problem is solved as it is (`solve`). Above, the kernel is
//!   approximated from a few hundred rows, the landmarks (C. Williams, M. Seeger, "Using the Nyström
//!   method to speed up kernel machines", NIPS 2000): rows get explicit features, in which the problem
//!   is linear. f is then a weighted sum of the kernel to the landmarks, so judging a row is the
//!   same and cheaper. [`Detector::about`] says which it was.
//! - Far from all vectors an RBF kernel is 0 whatever the distance, and all such rows
//!   would be equally strange. So the squared distance to the nearest vector counts a
//!   little, and the order goes on.

mod choose;
mod kernel;
mod solve;

pub use kernel::KernelKind;

use crate::detector::{Detector, Encoded, MAX_FEATURES};
use crate::inputs::{LEAST_DEVIATION, MAX_INPUTS};
use choose::{Chosen, choose};
use kernel::Kernel;
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// How a one-class SVM is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SvmParams {
    /// The part of training rows that may lie outside; `None` to choose it.
    pub nu: Option<f64>,
    /// γ of the kernel; `None` to choose it.
    pub gamma: Option<f64>,
    /// The kernel; `None` to choose it.
    pub kernel: Option<KernelKind>,
    /// Rows up to which nothing is approximated.
    pub exact_rows: usize,
    /// Landmarks above that, and the most rows that are used.
    pub landmarks: usize,
    /// The most rows that are used.
    pub rows: usize,
    /// The seed of all randomness.
    pub seed: u64,
}

impl Default for SvmParams {
    /// Everything is chosen; exact up to 3,000 rows, then 256 landmarks and 20,000 rows.
    fn default() -> Self {
        SvmParams {
            nu: None,
            gamma: None,
            kernel: None,
            exact_rows: 3_000,
            landmarks: 256,
            rows: 20_000,
            seed: 0,
        }
    }
}

/// The most vectors in a file.
const MAX_VECTORS: usize = 1 << 14;

/// What γ times the squared distance to the nearest vector counts.
const NEAREST: f64 = 1e-3;

/// The largest γ.
pub const MAX_GAMMA: f64 = 1e3;

/// No standardised input is farther out.
const FARTHEST: f32 = 1e5;

/// Bounds of what a file may hold.
const LARGEST: f32 = 1e6;

/// The detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneClassSvm {
    features: u16,
    mean: Vec<f32>,
    /// 1 / standard deviation of each input.
    scale: Vec<f32>,
    kernel: Kernel,
    nu: f64,
    rho: f64,
    /// The vectors, standardised, one after the other, and their weights.
    vectors: Vec<f32>,
    weights: Vec<f32>,
    /// Training rows that were used, and how many there were.
    used: u64,
    rows: u64,
    /// The landmarks where the kernel was approximated; 0 where not.
    landmarks: u32,
    /// The recall of ordinary rows in cross-validation, negative where there was none.
    recall: f32,
}

impl OneClassSvm {
    /// Fits to rows × inputs, choosing what is not given.
    pub fn fit(rows: ArrayView2<'_, f32>, features: usize, params: &SvmParams) -> OneClassSvm {
        let (mean, scale) = standard(rows);
        let rows = standardised(rows, &mean, &scale);
        let Chosen { kernel, nu, recall } = choose(rows.view(), params);
        let mut svm = OneClassSvm {
            features: features as u16,
            mean,
            scale,
            kernel,
            nu,
            rho: 0.0,
            vectors: Vec::new(),
            weights: Vec::new(),
            used: 0,
            rows: 0,
            landmarks: 0,
            recall: if recall.is_finite() {
                recall as f32
            } else {
                -1.0
            },
        };
        svm.solve(rows.view(), params);
        svm
    }

    /// The same choice, fitted to other rows.
    pub fn refit(&self, rows: ArrayView2<'_, f32>, params: &SvmParams) -> OneClassSvm {
        let mut svm = self.clone();
        (svm.mean, svm.scale) = standard(rows);
        let rows = standardised(rows, &svm.mean, &svm.scale);
        svm.solve(rows.view(), params);
        svm
    }

    fn solve(&mut self, rows: ArrayView2<'_, f32>, params: &SvmParams) {
        self.rows = rows.nrows() as u64;
        // Evenly spread; their order is random.
        let step = rows.nrows().div_ceil(params.rows.max(1)).max(1);
        let rows = rows.slice(ndarray::s![..;step, ..]);
        self.used = rows.nrows() as u64;
        if rows.nrows() <= params.exact_rows {
            self.landmarks = 0;
            let s = solve::smo(self.kernel.matrix(rows, rows).view(), self.nu);
            self.rho = s.rho;
            let weighted: Vec<usize> = (0..rows.nrows()).filter(|i| s.alpha[*i] > 0.0).collect();
            self.weights = weighted.iter().map(|i| s.alpha[*i] as f32).collect();
            self.keep(rows, &weighted);
            return;
        }
        let step = rows.nrows().div_ceil(params.landmarks.max(1));
        let chosen: Vec<usize> = (0..rows.nrows()).step_by(step).collect();
        self.landmarks = chosen.len() as u32;
        self.keep(rows, &chosen);
        let landmarks = rows.select(Axis(0), &chosen);
        let whitening = whitening(&self.kernel.matrix(landmarks.view(), landmarks.view()));
        let explicit = self.kernel.matrix(rows, landmarks.view()).dot(&whitening);
        let (s, w) = solve::linear(explicit.view(), self.nu);
        self.rho = s.rho;
        let weight = |row: ndarray::ArrayView1<'_, f32>| -> f64 {
            row.iter().zip(&w).map(|(t, w)| f64::from(*t) * w).sum()
        };
        self.weights = (whitening.rows().into_iter())
            .map(|row| (weight(row) as f32).clamp(-LARGEST, LARGEST))
            .collect();
    }

    fn keep(&mut self, rows: ArrayView2<'_, f32>, chosen: &[usize]) {
        self.vectors = chosen.iter().flat_map(|i| rows.row(*i).to_vec()).collect();
    }

    /// f, the squared distance to the nearest vector, and what `each` makes of every vector with its
    /// weight and kernel value.
    fn sum(&self, row: &Encoded<'_>, mut each: impl FnMut(&[f32], f32, f32)) -> (f64, f64) {
        let mut z = [0.0; MAX_INPUTS];
        let z = self.place(row, &mut z);
        let d = self.mean.len().max(1);
        let (mut f, mut nearest) = (0.0, f32::INFINITY);
        for (v, w) in self.vectors.chunks_exact(d).zip(&self.weights) {
            let (k, distance) = self.kernel.value(v, z);
            f += f64::from(*w) * f64::from(k);
            nearest = nearest.min(distance);
            each(v, *w, k);
        }
        (
            f,
            f64::from(if nearest.is_finite() { nearest } else { 0.0 }),
        )
    }

    /// A row where the vectors are.
    fn place<'z>(&self, row: &Encoded<'_>, z: &'z mut [f32; MAX_INPUTS]) -> &'z [f32] {
        let standard = self.mean.iter().zip(&self.scale);
        for (z, (x, (m, s))) in z.iter_mut().zip(row.inputs.iter().zip(standard)) {
            *z = (x - m) * s;
        }
        &z[..self.mean.len().min(MAX_INPUTS)]
    }

    fn nearest_counts(&self) -> f64 {
        match self.kernel.kind {
            KernelKind::Rbf => NEAREST * f64::from(self.kernel.gamma),
            _ => 0.0,
        }
    }
}

/// The mean and 1 / standard deviation of each input.
fn standard(rows: ArrayView2<'_, f32>) -> (Vec<f32>, Vec<f32>) {
    let n = rows.nrows().max(1) as f64;
    let columns = rows.columns();
    (columns.into_iter())
        .map(|c| {
            let mean = c.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
            let variance = c
                .iter()
                .map(|x| (f64::from(*x) - mean).powi(2))
                .sum::<f64>()
                / n;
            (
                mean as f32,
                (1.0 / variance.sqrt().max(LEAST_DEVIATION)) as f32,
            )
        })
        .unzip()
}

fn standardised(rows: ArrayView2<'_, f32>, mean: &[f32], scale: &[f32]) -> Array2<f32> {
    let mut out = rows.to_owned();
    for (mut column, (m, s)) in out.columns_mut().into_iter().zip(mean.iter().zip(scale)) {
        column.mapv_inplace(|x| (x - m) * s);
    }
    out
}

/// K^(−1/2) of a kernel matrix, without the directions that it hardly has: landmarks × features.
fn whitening(k: &Array2<f32>) -> Array2<f32> {
    let n = k.nrows();
    let e = SymmetricEigen::new(DMatrix::from_fn(n, n, |i, j| f64::from(k[(i, j)])));
    let largest = e.eigenvalues.iter().copied().fold(0.0, f64::max);
    let kept: Vec<usize> = (0..n)
        .filter(|i| e.eigenvalues[*i] > 1e-5 * largest)
        .collect();
    Array2::from_shape_fn((n, kept.len()), |(i, j)| {
        (e.eigenvectors[(i, kept[j])] / e.eigenvalues[kept[j]].sqrt()) as f32
    })
}

impl Detector for OneClassSvm {
    fn name(&self) -> &'static str {
        "one_class_svm"
    }

    fn features(&self) -> usize {
        usize::from(self.features)
    }

    fn inputs(&self) -> usize {
        self.mean.len()
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        let (f, nearest) = self.sum(row, |_, _, _| ());
        1.0 - f / self.rho.abs().max(1e-6) + self.nearest_counts() * nearest
    }

    /// How far the row lies, in each input, from the vectors that are most like it: the mean of
    /// their differences squared, weighted as the row is by them; where no vector is
    /// like it at all, from the nearest one.
    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        let mut z = [0.0; MAX_INPUTS];
        let z = self.place(row, &mut z);
        let d = self.mean.len().max(1);
        let mut near = [0.0f64; 8];
        let mut like: [&[f32]; 8] = [&[]; 8];
        let weigh = |distance: f32| 1.0 / (1e-3 + f64::from(distance));
        for v in self.vectors.chunks_exact(d) {
            let weight = weigh(kernel::squared_distance(v, z));
            let at = near.partition_point(|n| *n >= weight);
            if at < near.len() {
                near[at..].rotate_right(1);
                like[at..].rotate_right(1);
                (near[at], like[at]) = (weight, v);
            }
        }
        for (v, weight) in like.iter().zip(near) {
            for ((v, x), f) in v.iter().zip(z).zip(row.input_features) {
                if let Some(o) = out.get_mut(usize::from(*f)) {
                    *o += weight * f64::from((v - x) * (v - x));
                }
            }
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        let d = self.mean.len();
        usize::from(self.features) == features
            && features <= MAX_FEATURES
            && d <= MAX_INPUTS
            && self.weights.len() <= MAX_VECTORS
            && self.vectors.len() == self.weights.len() * d
            && self.scale.len() == d
            && self.mean.iter().all(|m| m.abs() <= 1e3)
            && (self.scale.iter()).all(|s| (0.0..=1.01 / LEAST_DEVIATION as f32).contains(s))
            && self.vectors.iter().all(|v| v.abs() <= FARTHEST)
            && self.weights.iter().all(|w| w.abs() <= LARGEST)
            && (0.0..=MAX_GAMMA as f32).contains(&self.kernel.gamma)
            && self.rho.is_finite()
            && self.nu > 0.0
            && self.nu <= 1.0
            && self.recall <= 1.0
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let mut out = vec![
            ("kernel", self.kernel.kind.name().to_owned()),
            ("gamma", format!("{:.3e}", self.kernel.gamma)),
            ("nu", self.nu.to_string()),
            ("vectors", self.weights.len().to_string()),
        ];
        if self.recall >= 0.0 {
            let recall = 100.0 * self.recall;
            out.push((
                "chosen by cross-validation",
                format!("{recall:.1} % of ordinary rows inside"),
            ));
        }
        out.push(match (self.landmarks, self.used < self.rows) {
            (0, false) => ("solved", format!("exactly, on {} rows", self.used)),
            (0, true) => ("solved", format!("on {} of {} rows", self.used, self.rows)),
            (m, _) => (
                "approximated",
                format!(
                    "Nyström, {m} landmarks, on {} of {} rows",
                    self.used, self.rows
                ),
            ),
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Rows on a ring, which no ellipse tells from its middle.
    fn ring(n: usize) -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut rows = Array2::zeros((n, 2));
        for mut r in rows.rows_mut() {
            let angle = rng.random_range(0.0..std::f32::consts::TAU);
            let radius = rng.random_range(1.9..2.1f32);
            (r[0], r[1]) = (radius * angle.cos(), radius * angle.sin());
        }
        rows
    }

    fn row(inputs: &[f32]) -> Encoded<'_> {
        Encoded {
            inputs,
            input_features: &[0, 1],
            ..Encoded::default()
        }
    }

    #[test]
    fn what_lies_outside_is_stranger_exactly_and_approximately() {
        let rows = ring(400);
        for exact_rows in [2000, 100] {
            let params = SvmParams {
                exact_rows,
                nu: Some(0.05),
                gamma: Some(2.0),
                kernel: Some(KernelKind::Rbf),
                landmarks: 100,
                ..SvmParams::default()
            };
            let svm = OneClassSvm::fit(rows.view(), 2, &params);
            assert!(svm.is_sound(2));
            let about = format!("{:?}", svm.about());
            assert_eq!(about.contains("Nyström"), exact_rows == 100, "{about}");
            let outside = rows
                .rows()
                .into_iter()
                .filter(|r| svm.raw(&row(&r.to_vec())) > 0.0);
            let share = outside.count() as f64 / 400.0;
            assert!(share < svm.nu + 0.05, "{share} {about}");
            let on = svm.raw(&row(&[2.0, 0.0]));
            for strange in [[0.0, 0.0], [3.5, 0.0], [0.0, -9.0]] {
                assert!(svm.raw(&row(&strange)) > on.max(0.0), "{strange:?} {about}");
            }
            // Far out the order goes on.
            assert!(svm.raw(&row(&[90.0, 0.0])) > svm.raw(&row(&[80.0, 0.0])));
            let mut why = [0.0; 2];
            svm.attribute(&row(&[2.0, 9.0]), &mut why);
            assert!(why[1] > 10.0 * why[0] && why[0] >= 0.0, "{why:?}");
        }
    }

    #[test]
    fn what_is_not_given_is_chosen_so_that_ordinary_rows_are_inside() {
        let rows = ring(300);
        let kernel = Some(KernelKind::Rbf);
        let params = SvmParams {
            kernel,
            ..SvmParams::default()
        };
        let svm = OneClassSvm::fit(rows.view(), 2, &params);
        assert!(
            f64::from(svm.recall) >= 1.0 - svm.nu - 0.02,
            "{:?}",
            svm.about()
        );
        let fresh = ring(900);
        let inside = fresh.rows().into_iter().skip(300);
        let inside = inside.filter(|r| svm.raw(&row(&r.to_vec())) <= 0.0).count() as f64;
        assert!(
            inside / 600.0 >= 1.0 - svm.nu - 0.06,
            "{inside} {:?}",
            svm.about()
        );
    }

    #[test]
    fn what_is_given_is_not_chosen() {
        let params = SvmParams {
            nu: Some(0.3),
            gamma: Some(0.5),
            kernel: Some(KernelKind::Poly),
            ..SvmParams::default()
        };
        let svm = OneClassSvm::fit(ring(300).view(), 2, &params);
        assert_eq!(
            (svm.nu, svm.kernel.gamma, svm.kernel.kind),
            (0.3, 0.5, KernelKind::Poly)
        );
        assert!(!format!("{:?}", svm.about()).contains("chosen"));
    }

    #[test]
    fn no_rows_one_row_and_constant_inputs_give_a_finite_value() {
        for n in [0, 1, 50] {
            let rows = Array2::from_elem((n, 2), 0.5);
            let svm = OneClassSvm::fit(rows.view(), 2, &SvmParams::default());
            assert!(svm.is_sound(2));
            assert!(svm.raw(&row(&[100.0, -100.0])).is_finite());
            let mut why = [0.0; 2];
            svm.attribute(&row(&[100.0, -100.0]), &mut why);
            assert!(why.iter().all(|w| w.is_finite() && *w >= 0.0));
        }
        let none = OneClassSvm::fit(Array2::zeros((9, 0)).view(), 0, &SvmParams::default());
        assert!(none.is_sound(0) && none.raw(&row(&[])).is_finite());
    }

    #[test]
    fn what_a_file_cannot_hold_is_refused() {
        let good = OneClassSvm::fit(ring(100).view(), 2, &SvmParams::default());
        assert!(!good.is_sound(3));
        for spoil in [
            |s: &mut OneClassSvm| s.rho = f64::NAN,
            |s: &mut OneClassSvm| s.nu = 0.0,
            |s: &mut OneClassSvm| s.kernel.gamma = f32::INFINITY,
            |s: &mut OneClassSvm| s.vectors[0] = f32::NAN,
            |s: &mut OneClassSvm| s.weights[0] = f32::INFINITY,
            |s: &mut OneClassSvm| s.vectors.truncate(1),
        ] {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert!(!bad.is_sound(2));
        }
    }
}
