//! KitNET: an ensemble of small autoencoders; strange is what they cannot reproduce.
//!
//! After Y. Mirsky, T. Doitshman, Y. Elovici, A. Shabtai, "Kitsune: an ensemble of
//! autoencoders for online network intrusion detection", NDSS 2018:
//!
//! 1. the *feature map*: inputs that go together are put into clusters of at most m, by
//!    their correlation distance over the first rows (`map`);
//! 2. an *autoencoder* for each cluster, with one hidden layer and tied weights
//!    (`autoencoder`), learns row by row to give back its inputs, scaled to 0…1 by the least
//!    and the largest value met so far;
//! 3. an *output autoencoder* learns to give back the root mean squared errors (RMSE) of the others; its
//!    own RMSE is the raw value.
//!
//! After training nothing changes any more: neither weights nor the scaling. Unlike in the
//! original, rows are learned in a random order and, where there are few, several times; an input
//! that never varied is not scaled, so that a first other value of it is strange and no more
//! than that.

mod autoencoder;
mod map;

use crate::detector::{Detector, Encoded};
use crate::inputs::MAX_INPUTS;
use autoencoder::{Autoencoder, Learning};
use ndarray::ArrayView2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How a KitNET is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KitnetParams {
    /// The most inputs of one autoencoder (m).
    pub cluster: usize,
    /// Rows of which the feature map is made; where there are few, a tenth of them.
    pub map_rows: usize,
    /// Rows that are learned; where there are fewer, the same ones again, three times at most, or until nets
    /// have seen enough to be told from chance.
    pub rows: usize,
    /// The learning rate.
    pub rate: f32,
    /// Hidden neurons for each input.
    pub hidden: f32,
    /// The seed of all randomness.
    pub seed: u64,
}

impl Default for KitnetParams {
    /// Clusters of at most 30, the map of 5,000 rows, 50,000 to learn, rate 0.01, half as many
    /// hidden neurons as inputs.
    fn default() -> Self {
        KitnetParams {
            cluster: 30,
            map_rows: 5_000,
            rows: 50_000,
            rate: 0.01,
            hidden: 0.5,
            seed: 0,
        }
    }
}

/// The feature map is made of the first rows, one in so many, as in the original: inputs that do not vary among
/// few rows stay by themselves, and have an autoencoder's say each.
const MAP_PART: usize = 10;

/// But of at least so many.
const LEAST_MAP_ROWS: usize = 100;

/// How often the same row is learned, at most: nets that know a day by heart call the next one strange.
const PASSES: usize = 3;

/// But so many rows are learned in any case: after some dozens a net still says what chance put into it.
const LEAST_STEPS: usize = 5_000;

/// The most inputs of one autoencoder, and the most hidden neurons.
pub const MAX_CLUSTER: usize = 128;

/// The detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kitnet {
    features: u16,
    inputs: u16,
    /// The inputs of each cluster.
    clusters: Vec<Vec<u16>>,
    ensemble: Vec<Autoencoder>,
    output: Autoencoder,
}

impl Kitnet {
    /// Learns from rows × inputs, in the order of time: the first ones make the feature map.
    pub fn fit(rows: ArrayView2<'_, f32>, features: usize, params: &KitnetParams) -> Kitnet {
        Kitnet::fit_mapped(rows, features, params, Kitnet::map(rows, params))
    }

    /// The feature map, which inputs are learned together: made of the first of rows × inputs.
    pub fn map(rows: ArrayView2<'_, f32>, params: &KitnetParams) -> Vec<Vec<u16>> {
        let most = params.cluster.clamp(1, MAX_CLUSTER);
        let few = (rows.nrows() / MAP_PART).max(LEAST_MAP_ROWS);
        let few = few.min(params.map_rows).min(rows.nrows());
        map::clusters(rows.slice(ndarray::s![..few, ..]), most)
    }

    /// Learns from rows × inputs with a feature map that is known. Those that judge rows in turn share
    /// one: errors of nets of different shapes are no common scale.
    pub fn fit_mapped(
        rows: ArrayView2<'_, f32>,
        features: usize,
        params: &KitnetParams,
        clusters: Vec<Vec<u16>>,
    ) -> Kitnet {
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        let mut learning: Vec<Learning> = (clusters.iter())
            .map(|c| Learning::new(c.len(), params.hidden, &mut rng))
            .collect();
        let mut output = Learning::new(clusters.len(), params.hidden, &mut rng);
        let mut order: Vec<usize> = (0..rows.nrows()).collect();
        let (mut x, mut errors) = (Vec::new(), Vec::new());
        let steps = PASSES.saturating_mul(order.len()).max(LEAST_STEPS);
        let mut left = match order.is_empty() {
            true => 0,
            false => params.rows.min(steps),
        };
        while left > 0 {
            order.shuffle(&mut rng);
            for i in order.iter().take(left) {
                errors.clear();
                for (cluster, one) in clusters.iter().zip(&mut learning) {
                    x.clear();
                    x.extend(cluster.iter().map(|c| rows[(*i, usize::from(*c))]));
                    errors.push(one.learn(&x, params.rate));
                }
                output.learn(&errors, params.rate);
            }
            left -= left.min(order.len());
        }
        Kitnet {
            features: features as u16,
            inputs: rows.ncols() as u16,
            clusters,
            ensemble: learning.into_iter().map(Learning::finish).collect(),
            output: output.finish(),
        }
    }

    /// What the output autoencoder makes of a row: each cluster's squared error in it, in `errors`,
    /// and the mean of those. `each` gets a cluster's inputs and their squared errors.
    fn judge(
        &self,
        row: &Encoded<'_>,
        errors: &mut [f32; MAX_INPUTS],
        mut each: impl FnMut(usize, &[f32]),
    ) -> f32 {
        let mut rmse = [0.0; MAX_INPUTS];
        let (mut x, mut e) = ([0.0; MAX_CLUSTER], [0.0; MAX_CLUSTER]);
        for (k, (cluster, one)) in self.clusters.iter().zip(&self.ensemble).enumerate() {
            let n = cluster.len();
            for (x, c) in x.iter_mut().zip(cluster) {
                *x = row.inputs.get(usize::from(*c)).copied().unwrap_or(0.0);
            }
            rmse[k] = one.errors(&x[..n], &mut e[..n]).sqrt();
            each(k, &e[..n]);
        }
        let k = self.clusters.len();
        self.output.errors(&rmse[..k], &mut errors[..k])
    }
}

impl Detector for Kitnet {
    fn name(&self) -> &'static str {
        "kitnet"
    }

    fn features(&self) -> usize {
        usize::from(self.features)
    }

    fn inputs(&self) -> usize {
        usize::from(self.inputs)
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        let mut errors = [0.0; MAX_INPUTS];
        f64::from(self.judge(row, &mut errors, |_, _| ()).sqrt())
    }

    /// Each cluster has its part of the output's squared error, and its inputs have of that
    /// their parts of the cluster's own.
    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        let mut errors = [0.0; MAX_INPUTS];
        let mut of_inputs = [0.0f32; MAX_INPUTS];
        self.judge(row, &mut errors, |k, of_cluster| {
            let sum: f32 = of_cluster.iter().sum();
            if sum > 0.0 {
                for (c, e) in self.clusters[k].iter().zip(of_cluster) {
                    of_inputs[usize::from(*c)] = e / sum;
                }
            }
        });
        for (cluster, error) in self.clusters.iter().zip(errors) {
            for c in cluster.iter().map(|c| usize::from(*c)) {
                let feature = row.input_features.get(c).map(|f| usize::from(*f));
                if let Some(o) = feature.and_then(|f| out.get_mut(f)) {
                    *o += f64::from(error * of_inputs[c]);
                }
            }
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        let n = usize::from(self.inputs);
        let mut seen = vec![false; n.min(MAX_INPUTS)];
        usize::from(self.features) == features
            && n <= MAX_INPUTS
            && self.clusters.len() <= n
            && self.clusters.len() == self.ensemble.len()
            && (self.clusters.iter().flatten()).all(|c| {
                let seen = seen.get_mut(usize::from(*c));
                seen.is_some_and(|s| !std::mem::replace(s, true))
            })
            && (self.clusters.iter().zip(&self.ensemble))
                .all(|(c, a)| (1..=MAX_CLUSTER).contains(&c.len()) && a.is_sound(c.len()))
            && self.output.is_sound(self.clusters.len())
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let sizes: Vec<String> = self.clusters.iter().map(|c| c.len().to_string()).collect();
        vec![(
            "autoencoders",
            format!("{} of {} inputs", self.ensemble.len(), sizes.join(", ")),
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::Rng;

    fn params() -> KitnetParams {
        KitnetParams {
            cluster: 3,
            rate: 0.1,
            rows: 20_000,
            ..KitnetParams::default()
        }
    }

    /// Two groups of three inputs, each following a number of its own.
    fn rows(n: usize) -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut rows = Array2::zeros((n, 6));
        for mut r in rows.rows_mut() {
            let (a, b): (f32, f32) = (rng.random(), rng.random());
            for k in 0..3 {
                r[k] = a * (k + 1) as f32 + 0.05 * rng.random::<f32>();
                r[k + 3] = b * (3 - k) as f32 + 0.05 * rng.random::<f32>();
            }
        }
        rows
    }

    fn row(inputs: &[f32]) -> Encoded<'_> {
        Encoded {
            inputs,
            input_features: &[0, 1, 2, 3, 4, 5],
            ..Encoded::default()
        }
    }

    #[test]
    fn inputs_that_go_together_share_an_autoencoder() {
        let k = Kitnet::fit(rows(1000).view(), 6, &params());
        assert!(k.is_sound(6));
        let mut clusters = k.clusters.clone();
        clusters.iter_mut().for_each(|c| c.sort_unstable());
        clusters.sort();
        assert_eq!(clusters, [vec![0, 1, 2], vec![3, 4, 5]]);
    }

    #[test]
    fn what_breaks_a_cluster_is_stranger_and_the_cluster_says_so() {
        let k = Kitnet::fit(rows(2000).view(), 6, &params());
        let keeps = [0.5, 1.0, 1.5, 1.5, 1.0, 0.5];
        let breaks = [0.5, 1.0, 1.5, 3.0, 0.1, 1.0];
        assert!(k.raw(&row(&breaks)) > 1.5 * k.raw(&row(&keeps)));
        let mut why = [0.0; 6];
        k.attribute(&row(&breaks), &mut why);
        assert!(why.iter().all(|w| *w >= 0.0));
        assert!(
            why[3..].iter().sum::<f64>() > why[..3].iter().sum(),
            "{why:?}"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_net_and_another_seed_another() {
        let rows = rows(300);
        let a = Kitnet::fit(rows.view(), 6, &params());
        assert_eq!(a, Kitnet::fit(rows.view(), 6, &params()));
        let other = KitnetParams {
            seed: 1,
            ..params()
        };
        assert_ne!(a, Kitnet::fit(rows.view(), 6, &other));
    }

    #[test]
    fn no_rows_one_row_and_constant_inputs_give_a_finite_value() {
        for n in [0, 1, 50] {
            let k = Kitnet::fit(Array2::from_elem((n, 6), 0.5).view(), 6, &params());
            assert!(k.is_sound(6));
            let far = row(&[100.0, -100.0, 0.5, 0.0, 100.0, 1.0]);
            assert!(k.raw(&far).is_finite());
            let mut why = [0.0; 6];
            k.attribute(&far, &mut why);
            assert!(why.iter().all(|w| w.is_finite() && *w >= 0.0));
        }
        assert!(Kitnet::fit(Array2::zeros((9, 0)).view(), 0, &params()).is_sound(0));
    }

    #[test]
    fn what_a_file_cannot_hold_is_refused() {
        let good = Kitnet::fit(rows(100).view(), 6, &params());
        assert!(!good.is_sound(5));
        for spoil in [
            |k: &mut Kitnet| k.clusters[0][0] = 60_000,
            |k: &mut Kitnet| k.clusters[0][0] = k.clusters[1][0],
            |k: &mut Kitnet| k.clusters[0].clear(),
            |k: &mut Kitnet| k.ensemble.truncate(1),
            |k: &mut Kitnet| k.output = k.ensemble[0].clone(),
        ] {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert!(!bad.is_sound(6));
        }
    }
}
