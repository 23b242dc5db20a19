//! Choosing ν, γ and the kernel by cross-validation on the recall of ordinary rows.

use super::kernel::{Kernel, KernelKind};
use super::solve::smo;
use super::{MAX_GAMMA, SvmParams};
use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Folds.
const FOLDS: usize = 5;

/// Rows that candidates are tried on.
const ROWS: usize = 1_000;

/// ν: the part of training rows that may lie outside.
const NUS: [f64; 3] = [0.01, 0.05, 0.2];

/// Kernels. The linear one has to be asked for: inputs lie around 0, from where no plane parts
/// them.
const KINDS: [KernelKind; 2] = [KernelKind::Rbf, KernelKind::Poly];

/// γ, in parts of 1 / (inputs × variance).
const GAMMAS: [f32; 3] = [0.01, 0.1, 1.0];

/// Differences of recall that are none.
const SLACK: f64 = 0.005;

/// What was chosen, and how it did.
pub(super) struct Chosen {
    pub(super) kernel: Kernel,
    pub(super) nu: f64,
    /// The part of held-out rows inside; NaN where nothing was tried.
    pub(super) recall: f64,
}

/// The scale of γ: 1 / (inputs × variance of all values).
fn scale(rows: ArrayView2<'_, f32>) -> f32 {
    let n = rows.len().max(1) as f64;
    let mean = rows.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let variance = rows
        .iter()
        .map(|x| (f64::from(*x) - mean).powi(2))
        .sum::<f64>()
        / n;
    (1.0 / (rows.ncols().max(1) as f64 * variance.max(1e-3))) as f32
}

/// The candidate with the highest recall of ordinary rows; of those with about the same, the one
/// that lets in fewest rows that are none: values of each input shuffled among rows, so that each is
/// ordinary by itself and the row is not.
///
/// Folds are stretches of the rows as they come, not single rows among their neighbours, which
/// a narrow boundary would hold without having learned anything.
pub(super) fn choose(rows: ArrayView2<'_, f32>, params: &SvmParams) -> Chosen {
    let unit = scale(rows);
    let kinds = params.kernel.map_or(KINDS.to_vec(), |k| vec![k]);
    let mut candidates = Vec::new();
    for kind in kinds {
        let gammas: Vec<f32> = match (params.gamma, kind) {
            (Some(g), _) => vec![g.min(MAX_GAMMA) as f32],
            (None, KernelKind::Rbf) => GAMMAS.iter().map(|g| g * unit).collect(),
            (None, _) => vec![unit],
        };
        for gamma in gammas {
            for nu in params.nu.map_or(NUS.to_vec(), |n| vec![n]) {
                candidates.push((Kernel { kind, gamma }, nu));
            }
        }
    }
    let first = candidates.first().copied();
    let of_first = || Chosen {
        kernel: first.map_or(
            Kernel {
                kind: KernelKind::Rbf,
                gamma: unit,
            },
            |c| c.0,
        ),
        nu: first.map_or(0.05, |c| c.1),
        recall: f64::NAN,
    };
    if candidates.len() < 2 || rows.nrows() < 4 * FOLDS {
        return of_first();
    }
    let step = rows.nrows().div_ceil(ROWS).max(1);
    let rows = rows.slice(ndarray::s![..;step, ..]);
    let shuffled = shuffled(rows, params.seed);
    let tried = tried(rows, shuffled.view(), &candidates);
    let most = tried.iter().map(|t| t.0).fold(0.0, f64::max);
    let best = (0..candidates.len())
        .filter(|c| tried[*c].0 >= most - SLACK)
        // The first of equals.
        .min_by(|a, b| tried[*a].1.total_cmp(&tried[*b].1));
    best.map_or_else(of_first, |b| Chosen {
        kernel: candidates[b].0,
        nu: candidates[b].1,
        recall: tried[b].0,
    })
}

/// For each candidate: the part of held-out rows inside, and of shuffled ones.
fn tried(
    rows: ArrayView2<'_, f32>,
    shuffled: ArrayView2<'_, f32>,
    candidates: &[(Kernel, f64)],
) -> Vec<(f64, f64)> {
    let n = rows.nrows();
    let mut out = vec![(0.0, 0.0); candidates.len()];
    let mut k = 0;
    // Candidates with one kernel follow one another and share its matrices.
    for of_kernel in candidates.chunk_by(|a, b| a.0 == b.0) {
        let kernel = of_kernel[0].0;
        let among = kernel.matrix(rows, rows);
        let to_shuffled = kernel.matrix(shuffled, rows);
        for fold in 0..FOLDS {
            let (held, kept): (Vec<usize>, Vec<usize>) =
                (0..n).partition(|i| i * FOLDS / n == fold);
            let of_kept = among.select(Axis(0), &kept).select(Axis(1), &kept);
            for (c, (_, nu)) in of_kernel.iter().enumerate() {
                let s = smo(of_kept.view(), *nu);
                let inside = |m: &Array2<f32>, row: usize| {
                    let pairs = kept.iter().zip(&s.alpha).filter(|(_, a)| **a > 0.0);
                    let f: f64 = pairs.map(|(i, a)| a * f64::from(m[(row, *i)])).sum();
                    f >= s.rho
                };
                let count = |m: &Array2<f32>| held.iter().filter(|i| inside(m, **i)).count();
                out[k + c].0 += count(&among) as f64 / n as f64;
                out[k + c].1 += count(&to_shuffled) as f64 / n as f64;
            }
        }
        k += of_kernel.len();
    }
    out
}

/// Each input's values in an order of their own.
fn shuffled(rows: ArrayView2<'_, f32>, seed: u64) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut out = rows.to_owned();
    for mut column in out.columns_mut() {
        let mut values = column.to_vec();
        values.shuffle(&mut rng);
        column.iter_mut().zip(values).for_each(|(c, v)| *c = v);
    }
    out
}
