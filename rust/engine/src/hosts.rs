//! Training rows by whose doing they are, for an honest calibration of hosts that are not known yet.
//!
//! Blocks of time ([`crate::blocks`]) tell how strange tomorrow's rows of the same hosts will look. A
//! host that training did not see is another matter: what it does every day is new to the model. How strange that
//! looks is told by leaving out whole hosts, as blocks are left out for time (D. R. Roberts et al.,
//! "Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic structure",
//! Ecography 40, 2017, on grouped data).
//!
//! Hosts are left out in a few groups, so that what it costs does not grow with how many there are; and each has about the
//! same say, however much it does.

use rayon::prelude::*;
use std::collections::BTreeMap;
use zeek_anomaly_features::cell::MISSING_CATEGORY;
use zeek_anomaly_models::{Encoder, FeatureCounts};

/// The most groups.
const MOST: usize = 8;

/// About as many rows are judged of all hosts together.
const ROWS: usize = 20_000;

/// The rows of one host that are judged at least, as far as it has them.
const ROWS_OF_ONE: usize = 20;

/// Rows below which nothing is told: of few, where they are not most of what there is, and of very few at all.
const LEAST_ROWS: (usize, usize) = (100, 20);

/// The share of all rows from which on a group cannot be left out: what is left would
/// not be a model.
const TOO_MUCH: f64 = 0.75;

/// Groups of hosts, and the rows of each.
pub(crate) struct Groups {
    /// The group of each sampled row, if it has a host.
    of_row: Vec<Option<usize>>,
    /// Whether what the other groups leave is enough to judge by.
    judged: Vec<bool>,
    /// The place of each row among those of its host.
    nth: Vec<usize>,
    /// Hosts of the groups that are judged.
    hosts: u64,
}

impl Groups {
    /// By the hosts of all sampled rows; `None` where there are not two, or none is judged.
    pub(crate) fn of(rows: impl Iterator<Item = Option<u64>>) -> Option<Groups> {
        let mut by_host: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut all = 0;
        for (at, host) in rows.enumerate() {
            all = at + 1;
            if let Some(host) = host.filter(|h| *h != MISSING_CATEGORY) {
                by_host.entry(host).or_default().push(at);
            }
        }
        if by_host.len() < 2 {
            return None;
        }
        // The largest first, each to the smallest group: groups come to be of about one size.
        let mut by_size: Vec<(u64, Vec<usize>)> = by_host.into_iter().collect();
        by_size.sort_by_key(|(host, rows)| (std::cmp::Reverse(rows.len()), *host));
        let mut sizes = vec![0; by_size.len().min(MOST)];
        let (mut of_row, mut nth) = (vec![None; all], vec![0; all]);
        let mut hosts_of = vec![0u64; sizes.len()];
        for (_, rows) in &by_size {
            let smallest = (0..sizes.len()).min_by_key(|g| sizes[*g]).unwrap_or(0);
            sizes[smallest] += rows.len();
            hosts_of[smallest] += 1;
            for (n, at) in rows.iter().enumerate() {
                (of_row[*at], nth[*at]) = (Some(smallest), n);
            }
        }
        let judged: Vec<bool> = (sizes.iter())
            .map(|n| *n as f64 <= TOO_MUCH * all as f64)
            .collect();
        let of_judged = hosts_of.iter().zip(&judged).filter(|(_, judged)| **judged);
        let hosts = of_judged.map(|(n, _)| n).sum();
        (hosts > 0).then_some(Groups {
            of_row,
            judged,
            nth,
            hosts,
        })
    }

    /// How many groups there are.
    pub(crate) fn len(&self) -> usize {
        self.judged.len()
    }

    /// How many hosts are judged; one at least.
    pub(crate) fn judged(&self) -> u64 {
        self.hosts
    }

    /// The group of a sampled row.
    pub(crate) fn of_row(&self, at: usize) -> Option<usize> {
        self.of_row.get(at).copied().flatten()
    }

    /// The rows of a group that are to be judged by the others; none where those are too few.
    pub(crate) fn rows(&self, group: usize) -> Vec<usize> {
        let of_one = (ROWS / self.hosts as usize).max(ROWS_OF_ONE);
        let here = |at: &usize| self.of_row[*at] == Some(group) && self.nth[*at] < of_one;
        match self.judged.get(group) {
            Some(true) => (0..self.of_row.len()).filter(here).collect(),
            _ => Vec::new(),
        }
    }

    /// How many sampled rows there are without a group's.
    pub(crate) fn left_without(&self, group: usize) -> usize {
        let own = self.of_row.iter().filter(|g| **g == Some(group)).count();
        self.of_row.len() - own
    }

    /// Whether so many rows that were judged tell enough.
    pub(crate) fn is_enough(&self, judged: usize) -> bool {
        let least = LEAST_ROWS.0.min(self.of_row.len().div_ceil(2));
        judged >= least.max(LEAST_ROWS.1)
    }

    /// Counts features by groups; `row` gives those of a sampled row.
    pub(crate) fn count<'r>(
        &self,
        encoders: &[Encoder],
        row: impl Fn(usize) -> &'r [u64] + Sync,
    ) -> Counts {
        let counted = |group: Option<usize>| -> Vec<FeatureCounts> {
            let mut counts: Vec<FeatureCounts> = (encoders.iter())
                .map(|e| FeatureCounts::new(e.kind()))
                .collect();
            for at in (0..self.of_row.len()).filter(|at| self.of_row[*at] == group) {
                for ((c, e), bits) in counts.iter_mut().zip(encoders).zip(row(at)) {
                    c.add_key(e.key(*bits));
                }
            }
            counts
        };
        let of_group: Vec<Vec<FeatureCounts>> = (0..self.len())
            .into_par_iter()
            .map(|g| counted(Some(g)))
            .collect();
        let mut total = counted(None);
        for counts in &of_group {
            total.iter_mut().zip(counts).for_each(|(t, c)| t.merge(c));
        }
        Counts { of_group, total }
    }
}

/// Counts of features by groups of hosts.
pub(crate) struct Counts {
    of_group: Vec<Vec<FeatureCounts>>,
    total: Vec<FeatureCounts>,
}

impl Counts {
    /// What all but a group have counted.
    pub(crate) fn without(&self, group: usize) -> Vec<FeatureCounts> {
        match self.of_group.get(group) {
            Some(own) => (self.total.iter().zip(own))
                .map(|(t, c)| t.without(c))
                .collect(),
            None => self.total.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_all_is_not_left_out_and_does_not_count() {
        let rows =
            |others: u64| (0..700).map(move |i| Some(if i % 10 < 8 { 9 } else { 1 + i % others }));
        assert_eq!(Groups::of(rows(7)).map(|g| g.judged()), Some(7));
        assert!(Groups::of((0..700).map(|_| Some(1))).is_none());
    }
}
