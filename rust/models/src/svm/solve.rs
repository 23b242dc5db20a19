//! The optimisation behind a one-class SVM: min ½ αᵀQα with 0 ≤ αᵢ ≤ 1/(νn) and Σα = 1.

use ndarray::{Array1, ArrayView2};

/// What was found.
pub(super) struct Solution {
    /// The weights; they add up to 1.
    pub(super) alpha: Vec<f64>,
    /// The boundary: rows with Σ αᵢk(xᵢ, x) below it are outside.
    pub(super) rho: f64,
}

/// The gap between the most violating rows at which it is good enough: in parts of the
/// boundary, and, where that is near 0, of what a row is to itself.
const TOLERANCE: (f64, f64) = (1e-3, 1e-4);

/// Steps are bounded, whatever the numbers are like.
const MOST_STEPS: usize = 20_000;

/// Rounds over all rows, for the linear case.
const ROUNDS: usize = 200;

/// For a kernel matrix: sequential minimal optimisation, the pair by second-order information
/// (R.-E. Fan, P.-H. Chen, C.-J. Lin, "Working set selection using second order
/// information for training support vector machines", JMLR 6, 2005).
pub(super) fn smo(q: ArrayView2<'_, f32>, nu: f64) -> Solution {
    let n = q.nrows();
    let cap = cap(n, nu);
    let mut alpha = filled(n, cap);
    let mut gradient = vec![0.0f64; n];
    let itself = q.diag().iter().map(|q| f64::from(*q)).sum::<f64>() / n.max(1) as f64;
    for (a, row) in alpha.iter().zip(q.rows()).filter(|(a, _)| **a > 0.0) {
        gradient
            .iter_mut()
            .zip(row)
            .for_each(|(g, q)| *g += a * f64::from(*q));
    }
    for _ in 0..MOST_STEPS {
        let raise = (0..n)
            .filter(|i| alpha[*i] < cap)
            .min_by(|a, b| gradient[*a].total_cmp(&gradient[*b]));
        let Some(i) = raise else { break };
        let lower = (0..n).filter(|j| alpha[*j] > 0.0);
        let (mut best, mut chosen, mut worst) = (0.0, None, f64::NEG_INFINITY);
        for j in lower {
            let gap = gradient[j] - gradient[i];
            worst = f64::max(worst, gradient[j]);
            if gap > 0.0 {
                let gain = gap * gap / curvature(&q, i, j);
                if gain > best {
                    (best, chosen) = (gain, Some(j));
                }
            }
        }
        let Some(j) = chosen else { break };
        if worst - gradient[i] <= TOLERANCE.0 * worst.abs() + TOLERANCE.1 * itself {
            break;
        }
        let step = (gradient[j] - gradient[i]) / curvature(&q, i, j);
        let step = step.min(cap - alpha[i]).min(alpha[j]);
        alpha[i] = if step >= cap - alpha[i] {
            cap
        } else {
            alpha[i] + step
        };
        alpha[j] = if step >= alpha[j] {
            0.0
        } else {
            alpha[j] - step
        };
        let (qi, qj) = (q.row(i), q.row(j));
        for (g, (a, b)) in gradient.iter_mut().zip(qi.iter().zip(qj)) {
            *g += step * f64::from(a - b);
        }
    }
    let rho = boundary(&alpha, &gradient, cap);
    Solution { alpha, rho }
}

fn curvature(q: &ArrayView2<'_, f32>, i: usize, j: usize) -> f64 {
    f64::from(q[(i, i)] + q[(j, j)] - 2.0 * q[(i, j)]).max(1e-9)
}

/// For rows of explicit features, Q = ΦΦᵀ: pairs of violating rows, many in each round
/// (H.-Y. Chou, P.-Y. Lin, C.-J. Lin, "Dual coordinate-descent methods for linear one-class
/// SVM and SVDD", SDM 2020). Gives w = Σ αᵢφᵢ with it.
pub(super) fn linear(features: ArrayView2<'_, f32>, nu: f64) -> (Solution, Vec<f64>) {
    let (n, m) = features.dim();
    let cap = cap(n, nu);
    let mut alpha = filled(n, cap);
    let mut w = vec![0.0f64; m];
    for (a, row) in alpha.iter().zip(features.rows()) {
        w.iter_mut()
            .zip(row)
            .for_each(|(w, f)| *w += a * f64::from(*f));
    }
    let squares = features.iter().map(|f| f64::from(f * f)).sum::<f64>();
    let itself = squares / n.max(1) as f64;
    let mut order: Vec<usize> = (0..n).collect();
    let mut gradient = vec![0.0f64; n];
    for _ in 0..ROUNDS {
        let w32: Array1<f32> = w.iter().map(|w| *w as f32).collect();
        let all = features.dot(&w32);
        gradient
            .iter_mut()
            .zip(&all)
            .for_each(|(g, v)| *g = f64::from(*v));
        order.sort_unstable_by(|a, b| gradient[*a].total_cmp(&gradient[*b]));
        let raise = order.iter().filter(|i| alpha[**i] < cap);
        let lower = order.iter().rev().filter(|j| alpha[**j] > 0.0);
        let pairs: Vec<(usize, usize)> = (raise.zip(lower))
            .take(n / 20 + 1)
            .map(|(i, j)| (*i, *j))
            .take_while(|(i, j)| {
                let enough = TOLERANCE.0 * gradient[*j].abs() + TOLERANCE.1 * itself;
                gradient[*j] - gradient[*i] > enough
            })
            .collect();
        if pairs.is_empty() {
            break;
        }
        for (i, j) in pairs {
            let (fi, fj) = (features.row(i), features.row(j));
            let (mut gap, mut curvature) = (0.0f64, 0.0f64);
            for (w, (a, b)) in w.iter().zip(fi.iter().zip(fj)) {
                let d = f64::from(b - a);
                gap += w * d;
                curvature += d * d;
            }
            let step = (gap / curvature.max(1e-9))
                .min(cap - alpha[i])
                .min(alpha[j]);
            if step <= 0.0 {
                continue;
            }
            alpha[i] = (alpha[i] + step).min(cap);
            alpha[j] = (alpha[j] - step).max(0.0);
            for (w, (a, b)) in w.iter_mut().zip(fi.iter().zip(fj)) {
                *w += step * f64::from(a - b);
            }
        }
    }
    let rho = boundary(&alpha, &gradient, cap);
    (Solution { alpha, rho }, w)
}

/// The most that one row may weigh: at least what lets all together come to 1.
fn cap(n: usize, nu: f64) -> f64 {
    1.0 / (nu * n.max(1) as f64).clamp(1.0, n.max(1) as f64)
}

/// Weights that are allowed: the first rows as much as they may.
fn filled(n: usize, cap: f64) -> Vec<f64> {
    let mut left = 1.0;
    (0..n)
        .map(|_| {
            let a = f64::min(cap, left);
            left -= a;
            // What rounding leaves over is nothing.
            if a > 1e-12 { a } else { 0.0 }
        })
        .collect()
}

/// The boundary: the mean gradient of rows on it, or the middle between those inside and outside.
fn boundary(alpha: &[f64], gradient: &[f64], cap: f64) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    let (mut inside, mut outside) = (f64::INFINITY, f64::NEG_INFINITY);
    for (a, g) in alpha.iter().zip(gradient) {
        if *a <= 0.0 {
            inside = inside.min(*g);
        } else if *a >= cap {
            outside = outside.max(*g);
        } else {
            sum += g;
            n += 1.0;
        }
    }
    match (n > 0.0, inside.is_finite(), outside.is_finite()) {
        (true, _, _) => sum / n,
        (_, true, true) => (inside + outside) / 2.0,
        (_, true, false) => inside,
        (_, false, true) => outside,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn both_ways_lead_to_the_same_optimum() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let x = Array2::from_shape_fn((200, 5), |_| rng.random_range(0.0f32..1.0));
        let q = x.dot(&x.t());
        for nu in [0.05, 0.3] {
            let a = smo(q.view(), nu);
            let (b, w) = linear(x.view(), nu);
            let value = |s: &Solution| -> f64 {
                let w =
                    |k: usize| -> f64 { (0..200).map(|i| s.alpha[i] * f64::from(x[(i, k)])).sum() };
                (0..5).map(|k| w(k) * w(k)).sum()
            };
            assert!((value(&a) - value(&b)).abs() < 0.01 * value(&a), "{nu}");
            assert!((a.rho - b.rho).abs() < 0.02 * a.rho, "{} {}", a.rho, b.rho);
            assert!((w.iter().map(|w| w * w).sum::<f64>() - value(&b)).abs() < 1e-6);
            for s in [&a, &b] {
                assert!((s.alpha.iter().sum::<f64>() - 1.0).abs() < 1e-6);
                // ν bounds the rows outside from above, the weighted ones from below.
                let weighted = s.alpha.iter().filter(|a| **a > 0.0).count();
                assert!(weighted as f64 >= nu * 200.0 - 1.0, "{weighted}");
            }
        }
    }

    #[test]
    fn no_row_and_one_row_are_solved() {
        let none = smo(Array2::zeros((0, 0)).view(), 0.1);
        assert!(none.alpha.is_empty() && none.rho == 0.0);
        let one = smo(Array2::from_elem((1, 1), 1.0).view(), 0.1);
        assert_eq!((one.alpha, one.rho), (vec![1.0], 1.0));
        let equal = smo(Array2::from_elem((9, 9), 1.0).view(), 0.5);
        assert!((equal.rho - 1.0).abs() < 1e-6);
    }
}
