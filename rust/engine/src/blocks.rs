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

use std::collections::BTreeMap;
use zeek_anomaly_features::Kind;
use zeek_anomaly_models::FeatureCounts;

/// The most blocks.
const MOST: usize = 16;

/// The length of a block at first, in seconds.
const SHORTEST: f64 = 60.0;

/// The share of all rows from which on a block is not left out: what is left would
/// not be a model.
const TOO_MUCH: f64 = 0.5;

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

    /// For each block the counts of all others; `None` where a block is too much of
    /// the whole to be left out.
    pub(crate) fn without_each<'b>(
        &'b self,
        total: &'b [FeatureCounts],
    ) -> impl Iterator<Item = (i64, Option<Vec<FeatureCounts>>)> + 'b {
        let rows = |c: &[FeatureCounts]| c.first().map_or(0, FeatureCounts::rows) as f64;
        self.blocks.iter().map(move |(block, counts)| {
            let left_out = (rows(counts) < TOO_MUCH * rows(total)).then(|| {
                let pairs = total.iter().zip(counts);
                pairs.map(|(t, c)| t.without(c)).collect()
            });
            (*block, left_out)
        })
    }
}
