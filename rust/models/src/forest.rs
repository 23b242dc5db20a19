//! Isolation forest: strange rows are cut off from the others by few random cuts.
//!
//! After F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008: raw = 2^(−E(h)/c(ψ)),
//! where h is the depth at which a tree isolates the row, and c(ψ) the mean
//! depth of an unsuccessful search in a binary tree of ψ rows. All trees lie in
//! one flat array of nodes.
//!
//! Missing values: where some training rows lack a value, missing lies one below the least of the
//! others, which is an octave of a magnitude, so the forest is that of the paper on numbers without gaps
//! (a coin at each cut, as in scikit-learn, makes two forests of one training differ
//! more). Where none lacks it, a row that does goes with the fewer rows at each cut. Categories
//! come as their surprise, so an unseen one lies with the rarest, or beyond.

use crate::detector::{Detector, Encoded};
use ndarray::ArrayView2;
use rand::Rng;
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How a forest is grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForestParams {
    /// Trees.
    pub trees: usize,
    /// Rows for each tree (ψ).
    pub sample: usize,
    /// The seed of all randomness.
    pub seed: u64,
}

impl Default for ForestParams {
    /// 500 trees of 256 rows: of 200, two seeds still rank the same rows differently.
    fn default() -> Self {
        ForestParams {
            trees: 500,
            sample: 256,
            seed: 0,
        }
    }
}

/// The most nodes and trees, and the deepest tree, that a forest from a file may have.
const MAX_NODES: usize = 1 << 24;
const MAX_TREES: usize = 1 << 14;
const MAX_DEPTH: u8 = 64;

/// A node. A leaf has `child` 0 and its path length in `value`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    /// A cut's threshold (smaller goes left), or a leaf's path length.
    value: f32,
    /// The left child; the right one follows it.
    child: u32,
    feature: u16,
    /// Whether fewer training rows went right than left: there go rows without a value, if
    /// none was missing in training.
    few_right: bool,
    /// Training rows that reached the node.
    rows: u16,
}

/// The trained forest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IsolationForest {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    /// Where a missing value of each feature lies; `None` where none was missing in training.
    missing: Vec<Option<f32>>,
    /// c(ψ).
    normal_depth: f32,
}

/// c(n): the mean depth of an unsuccessful search in a binary search tree of n keys,
/// 2H(n−1) − 2(n−1)/n.
fn mean_depth(n: usize) -> f32 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let m = (n - 1) as f64;
            const EULER: f64 = 0.577_215_664_901_532_9;
            (2.0 * (m.ln() + EULER) - 2.0 * m / n as f64) as f32
        }
    }
}

impl IsolationForest {
    /// Grows a forest from rows × features coordinates (NaN is missing), and
    /// gives with it each tree's training rows, sorted.
    ///
    /// The same rows, parameters and seed give the same forest, however many
    /// threads there are.
    pub fn fit(rows: ArrayView2<'_, f32>, params: &ForestParams) -> (Self, Vec<Vec<u32>>) {
        let n = rows.nrows();
        let missing = places_of_missing(rows);
        let mut rows = rows.to_owned();
        for (mut column, place) in rows.columns_mut().into_iter().zip(&missing) {
            column.mapv_inplace(|v| if v.is_nan() { place.unwrap_or(v) } else { v });
        }
        let rows = rows.view();
        let sample = params.sample.clamp(1, n.max(1)).min(usize::from(u16::MAX));
        let grown: Vec<(Vec<Node>, Vec<u32>)> = (0..params.trees)
            .into_par_iter()
            .map(|t| {
                let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
                rng.set_stream(t as u64);
                let mut picked: Vec<u32> = if n == 0 {
                    Vec::new()
                } else {
                    index::sample(&mut rng, n, sample)
                        .into_iter()
                        .map(|i| i as u32)
                        .collect()
                };
                picked.sort_unstable();
                let mut tree = Tree {
                    rows,
                    rng,
                    limit: depth_limit(sample),
                    nodes: Vec::with_capacity(2 * sample),
                };
                tree.nodes.push(leaf(0.0, 0));
                let mut work = picked.clone();
                tree.grow(0, &mut work, 0);
                (tree.nodes, picked)
            })
            .collect();
        let mut nodes = Vec::new();
        let (mut roots, mut samples) = (Vec::new(), Vec::new());
        for (tree, picked) in grown {
            let base = nodes.len() as u32;
            roots.push(base);
            nodes.extend(tree.into_iter().map(|mut n| {
                if n.child > 0 {
                    n.child += base;
                }
                n
            }));
            samples.push(picked);
        }
        let forest = IsolationForest {
            nodes,
            roots,
            missing,
            normal_depth: mean_depth(sample).max(1.0),
        };
        (forest, samples)
    }

    /// The depth of a row in the tree with this root.
    fn depth(&self, root: u32, x: &[f32]) -> f32 {
        let mut node = &self.nodes[root as usize];
        while node.child > 0 {
            node = self.next(node, x);
        }
        node.value
    }

    /// The child of a cut to which a row goes.
    fn next(&self, node: &Node, x: &[f32]) -> &Node {
        let f = usize::from(node.feature);
        let v = Some(x[f]).filter(|v| !v.is_nan()).or(self.missing[f]);
        let right = v.map_or(node.few_right, |v| v >= node.value);
        &self.nodes[(node.child + u32::from(right)) as usize]
    }

    /// Whether no path is longer than a trained tree's could be. Children must lie
    /// behind their parents.
    fn is_shallow(&self) -> bool {
        let mut depth = vec![0u8; self.nodes.len()];
        self.nodes.iter().enumerate().all(|(i, n)| {
            if n.child > 0 {
                for c in [n.child as usize, n.child as usize + 1] {
                    depth[c] = depth[c].max(depth[i] + 1);
                }
            }
            depth[i] < MAX_DEPTH
        })
    }

    fn raw_of_depth(&self, mean: f64) -> f64 {
        (-mean / f64::from(self.normal_depth)).exp2()
    }

    /// The raw value of training row `i` from the trees that did not see it.
    pub fn raw_left_out(&self, x: &[f32], i: u32, samples: &[Vec<u32>]) -> f64 {
        let (mut sum, mut trees) = (0.0, 0u32);
        for (root, sample) in self.roots.iter().zip(samples) {
            if sample.binary_search(&i).is_err() {
                sum += f64::from(self.depth(*root, x));
                trees += 1;
            }
        }
        if trees == 0 {
            // So few rows that every tree saw all of them.
            let all: f64 = self
                .roots
                .iter()
                .map(|r| f64::from(self.depth(*r, x)))
                .sum();
            return self.raw_of_depth(all / self.roots.len().max(1) as f64);
        }
        self.raw_of_depth(sum / f64::from(trees))
    }
}

fn depth_limit(sample: usize) -> u32 {
    usize::BITS - sample.saturating_sub(1).leading_zeros()
}

fn leaf(depth: f32, rows: usize) -> Node {
    Node {
        value: depth + mean_depth(rows),
        child: 0,
        feature: 0,
        few_right: false,
        rows: rows.min(usize::from(u16::MAX)) as u16,
    }
}

struct Tree<'a> {
    rows: ArrayView2<'a, f32>,
    rng: ChaCha8Rng,
    limit: u32,
    nodes: Vec<Node>,
}

impl Tree<'_> {
    /// Grows the subtree of `rows` at node `at`.
    fn grow(&mut self, at: usize, rows: &mut [u32], depth: u32) {
        let cut = if rows.len() <= 1 || depth >= self.limit {
            None
        } else {
            self.cut(rows)
        };
        let Some((feature, threshold)) = cut else {
            self.nodes[at] = leaf(depth as f32, rows.len());
            return;
        };
        // A stable order of the parts is not needed: only which rows are in them.
        let mut left = 0;
        for i in 0..rows.len() {
            if self.rows[(rows[i] as usize, usize::from(feature))] < threshold {
                rows.swap(left, i);
                left += 1;
            }
        }
        let child = self.nodes.len() as u32;
        self.nodes.push(leaf(0.0, 0));
        self.nodes.push(leaf(0.0, 0));
        self.nodes[at] = Node {
            value: threshold,
            child,
            feature,
            few_right: 2 * (rows.len() - left) < rows.len(),
            rows: rows.len().min(usize::from(u16::MAX)) as u16,
        };
        let (l, r) = rows.split_at_mut(left);
        self.grow(child as usize, l, depth + 1);
        self.grow(child as usize + 1, r, depth + 1);
    }

    /// A random cut that parts the rows, or `None` where they are all alike.
    fn cut(&mut self, rows: &[u32]) -> Option<(u16, f32)> {
        let features = self.rows.ncols();
        // The features in a random order, shuffled only as far as it is needed.
        let mut order: Vec<usize> = (0..features).collect();
        for i in 0..features {
            let j = self.rng.random_range(i..features);
            order.swap(i, j);
            let f = order[i];
            let (mut lo, mut hi) = (f32::INFINITY, f32::NEG_INFINITY);
            for &r in rows {
                let v = self.rows[(r as usize, f)];
                lo = lo.min(v);
                hi = hi.max(v);
            }
            if lo < hi {
                let threshold = self.rng.random_range(lo..hi).max(lo.next_up());
                return Some((f as u16, threshold));
            }
        }
        None
    }
}

/// Where missing values lie in each column: one below the least of the others. `None` where none is
/// missing.
fn places_of_missing(rows: ArrayView2<'_, f32>) -> Vec<Option<f32>> {
    let of = |column: ndarray::ArrayView1<'_, f32>| {
        if !column.iter().any(|v| v.is_nan()) {
            return None;
        }
        // `min` passes NaN over.
        let least = column.iter().copied().fold(f32::INFINITY, f32::min);
        Some(if least.is_finite() { least - 1.0 } else { 0.0 })
    };
    rows.columns().into_iter().map(of).collect()
}

impl Detector for IsolationForest {
    fn name(&self) -> &'static str {
        "isolation_forest"
    }

    fn features(&self) -> usize {
        self.missing.len()
    }

    fn wants_coordinates(&self) -> bool {
        true
    }

    fn raw(&self, row: &Encoded<'_>) -> f64 {
        let sum: f64 = self
            .roots
            .iter()
            .map(|r| f64::from(self.depth(*r, row.coordinates)))
            .sum();
        self.raw_of_depth(sum / self.roots.len().max(1) as f64)
    }

    /// Along the row's path in each tree, a cut that leaves it with less than half of
    /// the rows isolates it faster than an even cut would; that gain, in
    /// bits, counts for the cut's feature.
    fn attribute(&self, row: &Encoded<'_>, out: &mut [f64]) {
        out.fill(0.0);
        for root in &self.roots {
            let mut node = &self.nodes[*root as usize];
            while node.child > 0 {
                let f = usize::from(node.feature);
                let next = self.next(node, row.coordinates);
                let gain = (f64::from(node.rows.max(1)) / f64::from(next.rows.max(1))).log2() - 1.0;
                out[f] += gain.max(0.0);
                node = next;
            }
        }
    }

    fn is_sound(&self, features: usize) -> bool {
        self.missing.len() == features
            && self.missing.iter().flatten().all(|v| v.is_finite())
            && self.normal_depth.is_finite()
            && self.normal_depth > 0.0
            && !self.roots.is_empty()
            && self.roots.len() <= MAX_TREES
            && self.nodes.len() <= MAX_NODES
            && self.roots.iter().all(|r| (*r as usize) < self.nodes.len())
            && self.nodes.iter().enumerate().all(|(i, n)| {
                // Children lie behind their parent, so no path has a loop.
                let child = n.child as usize;
                if n.child == 0 {
                    (0.0..=f32::from(u16::MAX)).contains(&n.value)
                } else {
                    child > i
                        && child.checked_add(1).is_some_and(|c| c < self.nodes.len())
                        && usize::from(n.feature) < features
                        && !n.value.is_nan()
                }
            })
            && self.is_shallow()
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        vec![("trees", self.roots.len().to_string())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn grid(n: usize) -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        Array2::from_shape_fn((n, 3), |(i, j)| {
            if j == 2 && i % 3 == 0 {
                f32::NAN
            } else {
                rng.random_range(0.0..1.0)
            }
        })
    }

    fn raw(f: &IsolationForest, x: &[f32]) -> f64 {
        f.raw(&Encoded {
            coordinates: x,
            ..Encoded::default()
        })
    }

    #[test]
    fn a_row_outside_is_stranger_and_the_feature_that_is_outside_says_why() {
        let rows = grid(2000);
        let (f, _) = IsolationForest::fit(rows.view(), &ForestParams::default());
        assert!(f.is_sound(3));
        let (inside, outside) = ([0.5, 0.5, 0.5], [0.5, 9.0, 0.5]);
        assert!(raw(&f, &outside) > raw(&f, &inside) + 0.02);
        let mut why = [0.0; 3];
        f.attribute(
            &Encoded {
                coordinates: &outside,
                ..Encoded::default()
            },
            &mut why,
        );
        assert!(why[1] > why[0] && why[1] > why[2], "{why:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_forest_and_another_seed_another() {
        let rows = grid(500);
        let p = ForestParams {
            trees: 20,
            ..ForestParams::default()
        };
        let a = IsolationForest::fit(rows.view(), &p).0;
        assert_eq!(a, IsolationForest::fit(rows.view(), &p).0);
        assert_ne!(
            a,
            IsolationForest::fit(rows.view(), &ForestParams { seed: 1, ..p }).0
        );
    }

    #[test]
    fn a_missing_value_is_strange_where_none_was_missing() {
        let mut rows = grid(2000);
        rows.column_mut(2).fill(0.5);
        rows.column_mut(2)[0] = 0.6;
        let (f, _) = IsolationForest::fit(rows.view(), &ForestParams::default());
        assert!(raw(&f, &[0.5, f32::NAN, 0.5]) > raw(&f, &[0.5, 0.5, 0.5]));
    }

    #[test]
    fn a_missing_value_that_some_rows_had_in_training_lies_below_all_others() {
        let mut rows = grid(2000);
        let (f, _) = IsolationForest::fit(rows.view(), &ForestParams::default());
        let places: Vec<bool> = f.missing.iter().map(Option::is_some).collect();
        assert_eq!(places, [false, false, true]);
        let least = f.missing[2].unwrap_or_default();
        assert!((-1.0..-0.99).contains(&least), "{least}");
        // It is the forest of the same numbers without gaps.
        rows.mapv_inplace(|v| if v.is_nan() { least } else { v });
        let (filled, _) = IsolationForest::fit(rows.view(), &ForestParams::default());
        let x = [0.5, 0.5, f32::NAN];
        assert_eq!(raw(&f, &x), raw(&filled, &[0.5, 0.5, least]));
    }

    #[test]
    fn no_rows_one_row_and_equal_rows_give_a_finite_value() {
        for n in [0, 1, 50] {
            let rows = Array2::<f32>::zeros((n, 2));
            let (f, samples) = IsolationForest::fit(rows.view(), &ForestParams::default());
            assert!(f.is_sound(2));
            assert!(raw(&f, &[0.0, f32::NAN]).is_finite());
            if n > 0 {
                assert!(f.raw_left_out(&[0.0, 0.0], 0, &samples).is_finite());
            }
        }
    }
}
