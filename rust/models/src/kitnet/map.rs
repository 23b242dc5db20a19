//! The feature map: which inputs go together.

use kodama::{Method, linkage};
use ndarray::ArrayView2;

/// The inputs in clusters of at most `most`: single linkage of the correlation distance
/// 1 − r, cut from the top until every cluster is small enough.
pub(super) fn clusters(rows: ArrayView2<'_, f32>, most: usize) -> Vec<Vec<u16>> {
    let n = rows.ncols();
    if n < 2 {
        return (0..n as u16).map(|i| vec![i]).collect();
    }
    let tree = linkage(&mut distances(rows), n, Method::Single);
    // A node below n is an input, others are steps of the tree.
    let mut out = Vec::new();
    let mut open = vec![2 * n - 2];
    while let Some(node) = open.pop() {
        let size = if node < n { 1 } else { tree[node - n].size };
        if size <= most {
            let mut inputs = Vec::with_capacity(size);
            let mut below = vec![node];
            while let Some(node) = below.pop() {
                if node < n {
                    inputs.push(node as u16);
                } else {
                    let step = &tree[node - n];
                    below.extend([step.cluster2, step.cluster1]);
                }
            }
            out.push(inputs);
        } else {
            let step = &tree[node - n];
            open.extend([step.cluster2, step.cluster1]);
        }
    }
    out
}

/// 1 − r of each pair of inputs, row by row of the upper triangle. The correlation is the
/// incremental one of KitNET: residuals are taken from the mean so far. An input that never
/// varied goes with none.
fn distances(rows: ArrayView2<'_, f32>) -> Vec<f64> {
    let n = rows.ncols();
    let (mut sum, mut squares) = (vec![0.0f64; n], vec![0.0f64; n]);
    let mut residuals = ndarray::Array2::<f32>::zeros(rows.dim());
    for (i, row) in rows.rows().into_iter().enumerate() {
        for (j, x) in row.iter().enumerate() {
            sum[j] += f64::from(*x);
            let r = f64::from(*x) - sum[j] / (i + 1) as f64;
            squares[j] += r * r;
            residuals[(i, j)] = r as f32;
        }
    }
    let products = residuals.t().dot(&residuals);
    let mut out = Vec::with_capacity(n * (n - 1) / 2);
    for a in 0..n {
        for b in a + 1..n {
            let norm = (squares[a] * squares[b]).sqrt();
            let r = if norm > 0.0 {
                f64::from(products[(a, b)]) / norm
            } else {
                0.0
            };
            out.push((1.0 - r).max(0.0));
        }
    }
    out
}
