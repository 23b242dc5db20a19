//! How sure a metric is: percentile intervals by the bootstrap (B. Efron and
//! R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
//!
//! Rows of one host or one hour are alike, so single rows drawn again would
//! promise too much. Whole groups are drawn instead, as many as there are, with
//! replacement (A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their
//! Application", 1997, section 3.8).

use crate::ranking::{Block, Ranking};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// How often.
    pub replicates: usize,
    /// The seed: the same gives the same intervals, whatever the number of threads.
    pub seed: u64,
    /// The part of the replicates that the interval holds: 0.95.
    pub level: f64,
}

/// An interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Replicates that it is made of: those in which the metric exists.
    pub replicates: usize,
}

impl Bootstrap {
    /// Intervals for each value that `measure` gives for blocks. `groups` has the group of
    /// each row, in the order in which the ranking was given them. `None` where there are
    /// fewer than two groups, or where a value exists in less than half of
    /// the replicates (all positives are in one group, say, that is seldom drawn).
    pub fn intervals<const M: usize>(
        &self,
        ranking: &Ranking,
        groups: &[u32],
        measure: impl Fn(&[Block]) -> [Option<f64>; M] + Sync,
    ) -> [Option<Interval>; M] {
        let members = members(ranking, groups);
        if members.len() < 2 || self.replicates == 0 {
            return [None; M];
        }
        let values: Vec<[Option<f64>; M]> = (0..self.replicates)
            .into_par_iter()
            .map_init(
                || vec![Block::default(); ranking.blocks().len()],
                |blocks, replicate| {
                    let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                    rng.set_stream(replicate as u64);
                    blocks.fill(Block::default());
                    for _ in 0..members.len() {
                        for (at, part) in &members[rng.random_range(0..members.len())] {
                            let b = &mut blocks[*at as usize];
                            b.positives += part.positives;
                            b.negatives += part.negatives;
                        }
                    }
                    measure(blocks)
                },
            )
            .collect();
        std::array::from_fn(|m| {
            let mut of: Vec<f64> = values.iter().filter_map(|v| v[m]).collect();
            if of.len() * 2 < self.replicates {
                return None;
            }
            of.sort_unstable_by(f64::total_cmp);
            let tail = (1.0 - self.level) / 2.0;
            Some(Interval {
                low: quantile(&of, tail)?,
                high: quantile(&of, 1.0 - tail)?,
                replicates: of.len(),
            })
        })
    }
}

impl Bootstrap {
    /// The interval of a share: of so many rows in each group so many are counted, (rows, counted).
    /// `None` where there are fewer than two groups, or nothing is counted: that nothing was
    /// seen in any group says nothing of how seldom it is.
    pub fn share(&self, groups: &[(u64, u64)]) -> Option<Interval> {
        let counted: u64 = groups.iter().map(|g| g.1).sum();
        if groups.len() < 2 || counted == 0 || self.replicates == 0 {
            return None;
        }
        let drawn = (0..self.replicates)
            .into_par_iter()
            .filter_map(|replicate| {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                rng.set_stream(replicate as u64);
                let (mut rows, mut counted) = (0, 0);
                for _ in 0..groups.len() {
                    let (n, k) = groups[rng.random_range(0..groups.len())];
                    (rows, counted) = (rows + n, counted + k);
                }
                (rows > 0).then(|| counted as f64 / rows as f64)
            });
        let mut shares: Vec<f64> = drawn.collect();
        shares.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        Some(Interval {
            low: quantile(&shares, tail)?,
            high: quantile(&shares, 1.0 - tail)?,
            replicates: shares.len(),
        })
    }
}

/// What each group adds to which block.
fn members(ranking: &Ranking, groups: &[u32]) -> Vec<Vec<(u32, Block)>> {
    let mut rows: Vec<(u32, u32, bool)> = groups
        .iter()
        .zip(ranking.rows())
        .map(|(g, (block, label))| (*g, block, label))
        .collect();
    rows.sort_unstable();
    let mut out: Vec<Vec<(u32, Block)>> = Vec::new();
    let mut last = None;
    for (group, block, label) in rows {
        if last != Some(group) {
            last = Some(group);
            out.push(Vec::new());
        }
        let Some(of) = out.last_mut() else { continue };
        match of.last_mut() {
            Some((at, part)) if *at == block => part.add(label),
            _ => {
                let mut part = Block::default();
                part.add(label);
                of.push((block, part));
            }
        }
    }
    out
}

/// A quantile of sorted values, linear between them, as `numpy.quantile` does it
/// (R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
/// Statistician 50, 1996: number 7).
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let at = q * (sorted.len().checked_sub(1)?) as f64;
    let (low, high) = (
        sorted.get(at.floor() as usize)?,
        sorted.get(at.ceil() as usize)?,
    );
    Some(low + (high - low) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics;

    const HOW: Bootstrap = Bootstrap {
        replicates: 2000,
        seed: 1,
        level: 0.95,
    };

    fn auc(blocks: &[Block]) -> [Option<f64>; 1] {
        [metrics::roc_auc(blocks)]
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        let v = [1.0, 2.0, 4.0, 8.0];
        for (q, want) in [
            (0.0, 1.0),
            (0.025, 1.075),
            (0.5, 3.0),
            (0.975, 7.7),
            (1.0, 8.0),
        ] {
            let got = quantile(&v, q).unwrap();
            assert!((got - want).abs() < 1e-12, "{q}: {got}");
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_interval_of_a_mean_is_as_wide_as_theory_says() {
        // All negatives at the bottom or the top: the area is the mean of the
        // positives' places, each 0 or 1, whose standard error is sqrt(p (1-p) / n).
        let mut scores = vec![0.5; 400];
        let mut labels = vec![false; 400];
        scores.extend((0..400).map(|i| if i % 4 == 0 { 0.0 } else { 1.0 }));
        labels.extend([true; 400]);
        let r = Ranking::new(&scores, &labels).unwrap();
        let groups: Vec<u32> = (0..800).collect();
        let [i] = HOW.intervals(&r, &groups, auc);
        let i = i.unwrap();
        let half = 1.96 * (0.75f64 * 0.25 / 400.0).sqrt();
        assert!((i.low - (0.75 - half)).abs() < 0.008, "{i:?}");
        assert!((i.high - (0.75 + half)).abs() < 0.008, "{i:?}");
        assert_eq!(i.replicates, 2000);
    }

    #[test]
    fn rows_of_one_group_are_drawn_together() {
        // Ten hosts with twenty positives each, all found or all missed: there are ten
        // observations, not two hundred.
        let mut scores = vec![0.5; 200];
        let mut labels = vec![false; 200];
        scores.extend((0..200).map(|i| if (i / 20) % 2 == 0 { 1.0 } else { 0.0 }));
        labels.extend([true; 200]);
        let r = Ranking::new(&scores, &labels).unwrap();
        let width = |groups: &[u32]| {
            let [i] = HOW.intervals(&r, groups, auc);
            i.map(|i| i.high - i.low)
        };
        let single: Vec<u32> = (0..400).collect();
        let clustered: Vec<u32> = (0..400).map(|i| i / 20).collect();
        assert!(width(&clustered).unwrap() > 3.0 * width(&single).unwrap());
        // One group says nothing of any other.
        assert_eq!(width(&[0; 400]), None);
        // The same seed, the same interval.
        assert_eq!(width(&single), width(&single));
    }

    #[test]
    fn the_interval_of_a_share_is_that_of_independent_groups() {
        // A hundred groups of ten rows, of which every fifth group is counted whole: as sure as a
        // hundred observations make it.
        let groups: Vec<(u64, u64)> = (0..100)
            .map(|i| (10, if i % 5 == 0 { 10 } else { 0 }))
            .collect();
        let i = HOW.share(&groups).unwrap();
        let half = 1.96 * (0.2f64 * 0.8 / 100.0).sqrt();
        assert!((i.low - (0.2 - half)).abs() < 0.012, "{i:?}");
        assert!((i.high - (0.2 + half)).abs() < 0.012, "{i:?}");
        assert_eq!(HOW.share(&groups), Some(i));
        // In a single burst: none of the draws without it, and more of those that have it twice.
        let mut burst = vec![(10, 0); 50];
        burst[7] = (10, 10);
        let i = HOW.share(&burst).unwrap();
        assert_eq!(i.low, 0.0);
        assert!(i.high >= 0.06, "{i:?}");
        assert_eq!(HOW.share(&[(10, 0), (10, 0)]), None);
        assert_eq!(HOW.share(&[(10, 5)]), None);
    }

    #[test]
    fn no_interval_where_most_draws_lack_a_class() {
        // One group of 50 holds all positives, and the metric is only counted where the
        // draw has it twice.
        let scores: Vec<f64> = (0..50).map(f64::from).collect();
        let labels: Vec<bool> = (0..50).map(|i| i == 49).collect();
        let r = Ranking::new(&scores, &labels).unwrap();
        let groups: Vec<u32> = (0..50).collect();
        let [once, twice] = HOW.intervals(&r, &groups, |b| {
            let p: u64 = b.iter().map(|b| b.positives).sum();
            [metrics::roc_auc(b), (p > 1).then_some(1.0)]
        });
        let once = once.unwrap();
        // 1 - (1 - 1/50)^50 = 0.636.
        assert!((1200..1350).contains(&once.replicates), "{once:?}");
        assert_eq!(twice, None);
    }
}
