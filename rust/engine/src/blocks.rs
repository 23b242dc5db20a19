//! Training rows in blocks of time, for an honest calibration.
//!
//! Rows of one hour resemble one another: a burst, a download, a host that was there for an
//! afternoon. A row judged by a model that knows its neighbours looks more usual than the
//! same row would have looked to a model trained on other days, and scores calibrated so
//! promise too much. So the counts are kept apart by blocks of time, and a training row is
//! judged by what all blocks but its own hold (blocked cross-validation; D. R. Roberts
//! et al., "Cross-validation strategies for data with temporal, spatial, hierarchical, or
//! phylogenetic structure", Ecography 40, 2017).
//!
//! How long training will last is not known at its beginning: blocks begin short, and where
//! there are too many, each two neighbours become one. So there are between 8 and 16 of
//! them however long training lasts, and which rows a block has depends on the rows
//! alone, not on their order.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeek_anomaly_features::{Kind, Spec};
use zeek_anomaly_models::FeatureCounts;
use zeek_anomaly_models::counts::Counted;

/// The most blocks.
const MOST: usize = 16;

/// The length of a block at first, in seconds.
const SHORTEST: f64 = 60.0;

/// The share of all rows from which on a block is not left out: what is left would
/// not be a model.
const TOO_MUCH: f64 = 0.5;

/// Texts of a feature's categories that a model keeps to go on with; for explanations it
/// keeps fewer, and those of two models together have to be among these.
const KEPT_TEXTS: usize = 256;

/// Counts of features by blocks of time, as a model keeps them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptBlocks {
    doublings: i32,
    blocks: Vec<(i64, Vec<Counted>)>,
    texts: Vec<Vec<(u64, String)>>,
}

impl KeptBlocks {
    /// Whether what a file held makes sense for features of these kinds.
    pub(crate) fn is_sound(&self, spec: &Spec, rows: u64) -> bool {
        let of_spec = |counted: &[Counted]| {
            let of_block = most(counted.iter().map(|c| c.rows));
            counted.len() == spec.len()
                && counted.iter().enumerate().all(|(f, c)| {
                    // Learned features are counted at the end only.
                    let rows = if spec.is_learned(f) { 0 } else { of_block };
                    c.kind == spec.kind(f) && c.is_sound() && c.rows == rows
                })
        };
        let sum = (self.blocks.iter())
            .map(|(_, c)| most(c.iter().map(|c| c.rows)))
            .try_fold(0u64, u64::checked_add);
        // Longer blocks than 2^60 minutes hold all times there are.
        (0..=60).contains(&self.doublings)
            && self.blocks.len() <= MOST
            && self.blocks.windows(2).all(|w| w[0].0 < w[1].0)
            && self.blocks.iter().all(|(_, c)| of_spec(c))
            && (spec.is_empty() || sum == Some(rows))
            && self.texts.len() == spec.len()
            && self.texts.iter().all(|t| t.len() <= KEPT_TEXTS)
    }
}

/// The rows of a block: features that are learned have fewer than the others.
fn most(rows: impl Iterator<Item = u64>) -> u64 {
    rows.max().unwrap_or(0)
}

/// Counts of features by blocks of time.
#[derive(Debug)]
pub(crate) struct Blocks {
    kinds: Vec<Kind>,
    /// The length of a block is [`SHORTEST`] times two to the power of this.
    doublings: i32,
    blocks: BTreeMap<i64, Vec<FeatureCounts>>,
}

impl Blocks {
    pub(crate) fn new(kinds: Vec<Kind>) -> Blocks {
        Blocks {
            kinds,
            doublings: 0,
            blocks: BTreeMap::new(),
        }
    }

    /// The block of a time in seconds since the epoch; rows without one are together.
    pub(crate) fn block_of(&self, ts: Option<f64>) -> i64 {
        // `as` saturates, and makes 0 of NaN.
        (ts.unwrap_or(0.0) / (SHORTEST * 2f64.powi(self.doublings))).floor() as i64
    }

    /// The counts of a row's block.
    pub(crate) fn at(&mut self, ts: Option<f64>) -> &mut [FeatureCounts] {
        let mut block = self.block_of(ts);
        while self.blocks.len() >= MOST && !self.blocks.contains_key(&block) {
            self.double();
            block = self.block_of(ts);
        }
        let kinds = &self.kinds;
        self.blocks
            .entry(block)
            .or_insert_with(|| kinds.iter().map(|k| FeatureCounts::new(*k)).collect())
    }

    /// Makes each two neighbours one block.
    fn double(&mut self) {
        self.doublings += 1;
        for (block, counts) in std::mem::take(&mut self.blocks) {
            match self.blocks.get_mut(&block.div_euclid(2)) {
                None => {
                    self.blocks.insert(block.div_euclid(2), counts);
                }
                Some(of) => of.iter_mut().zip(counts).for_each(|(a, b)| a.merge(&b)),
            }
        }
    }

    /// Adds what was counted elsewhere of the same log. The blocks come to be those that all
    /// rows together would have given: a block's length only depends on which there are.
    pub(crate) fn absorb(&mut self, mut other: Blocks) {
        while self.doublings < other.doublings {
            self.double();
        }
        while other.doublings < self.doublings {
            other.double();
        }
        for (block, counts) in other.blocks {
            match self.blocks.get_mut(&block) {
                None => {
                    self.blocks.insert(block, counts);
                }
                Some(of) => of.iter_mut().zip(counts).for_each(|(a, b)| a.merge(&b)),
            }
        }
        while self.blocks.len() > MOST {
            self.double();
        }
    }

    /// The blocks that hold the last of the rows, about this share of them; none where that
    /// would be most of them, or where there is but one block.
    pub(crate) fn last(&self, share: f64) -> Vec<i64> {
        let rows = |c: &[FeatureCounts]| c.first().map_or(0, FeatureCounts::rows) as f64;
        let all: f64 = self.blocks.values().map(|c| rows(c)).sum();
        let (mut last, mut held) = (Vec::new(), 0.0);
        for (block, counts) in self.blocks.iter().rev() {
            let with = held + rows(counts);
            // As near to the share as blocks allow, and one at least.
            if !last.is_empty() && (with / all - share).abs() >= (held / all - share).abs() {
                break;
            }
            last.push(*block);
            held = with;
        }
        if held > TOO_MUCH * all || last.len() == self.blocks.len() {
            last.clear();
        }
        last
    }

    /// The rows of these blocks.
    pub(crate) fn rows(&self, blocks: &[i64]) -> u64 {
        (blocks.iter().filter_map(|b| self.blocks.get(b)?.first()))
            .map(FeatureCounts::rows)
            .sum()
    }

    /// All blocks but these.
    pub(crate) fn but(&self, blocks: &[i64]) -> Blocks {
        let others = self.blocks.iter().filter(|(b, _)| !blocks.contains(b));
        Blocks {
            kinds: self.kinds.clone(),
            doublings: self.doublings,
            blocks: others.map(|(b, c)| (*b, c.clone())).collect(),
        }
    }

    /// For a model.
    pub(crate) fn keep(&self) -> KeptBlocks {
        let counted = |c: &FeatureCounts| {
            let mut c = c.finish();
            c.texts.clear();
            c
        };
        KeptBlocks {
            doublings: self.doublings,
            blocks: (self.blocks.iter())
                .map(|(b, c)| (*b, c.iter().map(counted).collect()))
                .collect(),
            texts: self
                .total()
                .iter()
                .map(|c| c.top_texts(KEPT_TEXTS))
                .collect(),
        }
    }

    /// What a model kept, which is sound.
    pub(crate) fn resume(kinds: Vec<Kind>, kept: &KeptBlocks) -> Blocks {
        // The texts are of all blocks together, and one is enough to hold them.
        let mut texts: Vec<&[(u64, String)]> = kept.texts.iter().map(Vec::as_slice).collect();
        let mut blocks = BTreeMap::new();
        for (block, counted) in &kept.blocks {
            let with = counted.iter().zip(&texts);
            let counts = with.map(|(c, t)| FeatureCounts::resume(c, t)).collect();
            blocks.insert(*block, counts);
            texts.iter_mut().for_each(|t| *t = &[]);
        }
        Blocks {
            kinds,
            doublings: kept.doublings,
            blocks,
        }
    }

    /// All counts together.
    pub(crate) fn total(&self) -> Vec<FeatureCounts> {
        let mut total: Vec<FeatureCounts> =
            self.kinds.iter().map(|k| FeatureCounts::new(*k)).collect();
        for counts in self.blocks.values() {
            for (a, b) in total.iter_mut().zip(counts) {
                a.merge(b);
            }
        }
        total
    }

    /// The counts of all blocks but these.
    pub(crate) fn without(&self, total: &[FeatureCounts], blocks: &[i64]) -> Vec<FeatureCounts> {
        let mut left = total.to_vec();
        for counts in blocks.iter().filter_map(|b| self.blocks.get(b)) {
            for (l, c) in left.iter_mut().zip(counts) {
                *l = l.without(c);
            }
        }
        left
    }

    /// The blocks there are.
    pub(crate) fn names(&self) -> Vec<i64> {
        self.blocks.keys().copied().collect()
    }

    /// The counts of all blocks but this; `None` where it is too much of the whole to be
    /// left out.
    pub(crate) fn without_one(
        &self,
        total: &[FeatureCounts],
        block: i64,
    ) -> Option<Vec<FeatureCounts>> {
        let rows = |c: &[FeatureCounts]| c.first().map_or(0, FeatureCounts::rows) as f64;
        let counts = self.blocks.get(&block)?;
        (rows(counts) < TOO_MUCH * rows(total)).then(|| {
            let pairs = total.iter().zip(counts);
            pairs.map(|(t, c)| t.without(c)).collect()
        })
    }
}
