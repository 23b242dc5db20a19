//! One autoencoder: a hidden layer of sigmoids, the same weights both ways.

use super::MAX_CLUSTER;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Inputs whose values lie closer together than this did not vary.
const LEAST_RANGE: f32 = 1e-6;

/// No weight or bound is larger.
const LARGEST: f32 = 1e4;

/// The most hidden neurons.
const MAX_HIDDEN: usize = 1024;

/// A trained autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Autoencoder {
    /// The least value of each input, and 1 / range.
    least: Vec<f32>,
    scale: Vec<f32>,
    /// Hidden × inputs.
    weights: Vec<f32>,
    hidden_bias: Vec<f32>,
    visible_bias: Vec<f32>,
}

impl Autoencoder {
    /// The squared error of each input of a row, and the mean of them; 0 without inputs.
    pub(super) fn errors(&self, x: &[f32], errors: &mut [f32]) -> f32 {
        let n = self.least.len();
        let mut z = [0.0; super::MAX_INPUTS];
        let Some(z) = z.get_mut(..n) else { return 0.0 };
        for (i, e) in errors.iter_mut().enumerate() {
            *e = (x[i] - self.least[i]) * self.scale[i];
            z[i] = self.visible_bias[i];
        }
        for (w, bias) in self.weights.chunks_exact(n.max(1)).zip(&self.hidden_bias) {
            let sum: f32 = w.iter().zip(&*errors).map(|(w, x)| w * x).sum();
            let y = sigmoid(sum + bias);
            z.iter_mut().zip(w).for_each(|(z, w)| *z += w * y);
        }
        let mut sum = 0.0;
        for (e, z) in errors.iter_mut().zip(z) {
            let d = *e - sigmoid(*z);
            *e = d * d;
            sum += *e;
        }
        sum / n.max(1) as f32
    }

    /// Whether what a file held makes sense for so many inputs.
    pub(super) fn is_sound(&self, n: usize) -> bool {
        let h = self.hidden_bias.len();
        let small = |v: &[f32]| v.iter().all(|x| x.abs() <= LARGEST);
        n <= super::MAX_INPUTS
            && h <= MAX_HIDDEN
            && self.least.len() == n
            && self.scale.len() == n
            && self.visible_bias.len() == n
            && self.weights.len() == n * h
            && [
                &self.least,
                &self.weights,
                &self.hidden_bias,
                &self.visible_bias,
            ]
            .into_iter()
            .all(|v| small(v))
            && self
                .scale
                .iter()
                .all(|s| (0.0..=1.01 / LEAST_RANGE).contains(s))
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// An autoencoder in training.
pub(super) struct Learning {
    net: Autoencoder,
    most: Vec<f32>,
    met: bool,
    // Memory of one step.
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
}

impl Learning {
    /// With `n` inputs and ⌈ratio·n⌉ hidden neurons.
    pub(super) fn new(n: usize, ratio: f32, rng: &mut ChaCha8Rng) -> Learning {
        let hidden = ((ratio * n as f32).ceil() as usize).clamp(1, MAX_HIDDEN);
        let a = 1.0 / n.max(1) as f32;
        Learning {
            net: Autoencoder {
                least: vec![0.0; n],
                scale: vec![1.0; n],
                weights: (0..n * hidden).map(|_| rng.random_range(-a..=a)).collect(),
                hidden_bias: vec![0.0; hidden],
                visible_bias: vec![0.0; n],
            },
            most: vec![0.0; n],
            met: false,
            x: vec![0.0; n],
            y: vec![0.0; hidden],
            z: vec![0.0; n],
        }
    }

    /// Takes in a row: first its range, then a step down the gradient of the cross entropy. Gives the
    /// RMSE before the step.
    pub(super) fn learn(&mut self, x: &[f32], rate: f32) -> f32 {
        let net = &mut self.net;
        let n = net.least.len();
        for (i, v) in x.iter().enumerate() {
            if !self.met {
                (net.least[i], self.most[i]) = (*v, *v);
            }
            net.least[i] = net.least[i].min(*v);
            self.most[i] = self.most[i].max(*v);
            let range = self.most[i] - net.least[i];
            net.scale[i] = if range > LEAST_RANGE {
                1.0 / range
            } else {
                1.0
            };
            self.x[i] = (v - net.least[i]) * net.scale[i];
        }
        self.met = true;
        self.z.copy_from_slice(&net.visible_bias);
        let rows = net.weights.chunks_exact(n.max(1));
        for ((w, bias), y) in rows.zip(&net.hidden_bias).zip(&mut self.y) {
            let sum: f32 = w.iter().zip(&self.x).map(|(w, x)| w * x).sum();
            *y = sigmoid(sum + bias);
            self.z.iter_mut().zip(w).for_each(|(z, w)| *z += w * *y);
        }
        let mut sum = 0.0;
        for (z, x) in self.z.iter_mut().zip(&self.x) {
            // From here on the error of the visible layer.
            *z = x - sigmoid(*z);
            sum += *z * *z;
        }
        let rows = net.weights.chunks_exact_mut(n.max(1));
        for ((w, bias), y) in rows.zip(&mut net.hidden_bias).zip(&self.y) {
            let back: f32 = w.iter().zip(&self.z).map(|(w, e)| w * e).sum();
            let h = back * y * (1.0 - y);
            for (w, (x, e)) in w.iter_mut().zip(self.x.iter().zip(&self.z)) {
                *w = (*w + rate * (x * h + e * y)).clamp(-LARGEST, LARGEST);
            }
            *bias = (*bias + rate * h).clamp(-LARGEST, LARGEST);
        }
        for (bias, e) in net.visible_bias.iter_mut().zip(&self.z) {
            *bias = (*bias + rate * e).clamp(-LARGEST, LARGEST);
        }
        (sum / n.max(1) as f32).sqrt()
    }

    /// What was learned, from now on fixed.
    pub(super) fn finish(self) -> Autoencoder {
        self.net
    }
}

const _: () = assert!(MAX_CLUSTER <= super::MAX_INPUTS && MAX_HIDDEN >= MAX_CLUSTER);
