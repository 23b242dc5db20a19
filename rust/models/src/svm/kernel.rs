//! Kernels: how alike two rows are.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// The kinds of kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelKind {
    /// exp(−γ‖x−y‖²).
    Rbf,
    /// x·y.
    Linear,
    /// (γ x·y + 1)³.
    Poly,
}

impl KernelKind {
    /// All kinds.
    pub const ALL: [KernelKind; 3] = [KernelKind::Rbf, KernelKind::Linear, KernelKind::Poly];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            KernelKind::Rbf => "rbf",
            KernelKind::Linear => "linear",
            KernelKind::Poly => "poly",
        }
    }

    /// The kind with this name.
    pub fn by_name(name: &str) -> Option<KernelKind> {
        KernelKind::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// A kernel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kernel {
    pub(super) kind: KernelKind,
    pub(super) gamma: f32,
}

impl Kernel {
    /// Of two rows with this product, and the sum of their squared lengths.
    fn of(self, product: f32, squares: f32) -> f32 {
        match self.kind {
            KernelKind::Rbf => (-self.gamma * (squares - 2.0 * product).max(0.0)).exp(),
            KernelKind::Linear => product,
            KernelKind::Poly => (self.gamma * product + 1.0).powi(3),
        }
    }

    /// Of two rows, with their squared distance.
    pub(super) fn value(self, a: &[f32], b: &[f32]) -> (f32, f32) {
        let distance = squared_distance(a, b);
        let value = match self.kind {
            KernelKind::Rbf => (-self.gamma * distance).exp(),
            _ => self.of(a.iter().zip(b).map(|(a, b)| a * b).sum(), 0.0),
        };
        (value, distance)
    }

    /// Of all pairs of rows of two matrices.
    pub(super) fn matrix(self, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Array2<f32> {
        let squares = |m: ArrayView2<'_, f32>| -> Vec<f32> {
            m.rows().into_iter().map(|r| r.dot(&r)).collect()
        };
        let (of_a, of_b) = (squares(a), squares(b));
        let mut out = a.dot(&b.t());
        for (mut row, a) in out.rows_mut().into_iter().zip(of_a) {
            row.iter_mut()
                .zip(&of_b)
                .for_each(|(v, b)| *v = self.of(*v, a + b));
        }
        out
    }
}

/// ‖a−b‖².
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
