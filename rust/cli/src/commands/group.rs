//! Records of one log and originator as one finding.
//!
//! A thousand probes of one scanner are one thing to read. Of each group the strangest
//! record is kept, and how the scores of the others lie. Memory is bounded: where
//! there are too many groups, the least strange half is let go.

use super::score::{Kept, Rank};
use crate::rows::Finding;
use std::collections::HashMap;
use std::net::IpAddr;

/// Groups that are kept at once, unless more are to be shown.
const MAX_GROUPS: usize = 20_000;

/// Score cells of a group's histogram for each point.
const CELLS: f64 = 4.0;

/// Cells below the strangest record's that count as nearly as strange: half a point.
const NEAR: usize = 2;

/// One group.
struct Group {
    rank: Rank,
    finding: Finding,
    /// Records by score.
    scores: [u32; 48],
}

/// The groups met so far.
pub struct Groups {
    groups: HashMap<(String, Option<IpAddr>), Group>,
    most: usize,
}

impl Groups {
    /// For showing `top` groups.
    pub fn new(top: usize) -> Groups {
        Groups {
            groups: HashMap::new(),
            most: MAX_GROUPS.max(2 * top),
        }
    }

    /// Takes a record; `make` is called where it is its group's strangest so far.
    pub fn take(
        &mut self,
        log: &str,
        originator: Option<IpAddr>,
        rank: Rank,
        make: impl FnOnce() -> Finding,
    ) {
        let cell = ((rank.score * CELLS) as usize).min(47);
        // A key is made only for a group that is new.
        let key = (log.to_owned(), originator);
        match self.groups.get_mut(&key) {
            Some(g) => {
                g.scores[cell] = g.scores[cell].saturating_add(1);
                if rank < g.rank {
                    (g.rank, g.finding) = (rank, make());
                }
            }
            None => {
                let mut scores = [0; 48];
                scores[cell] = 1;
                self.groups.insert(
                    key,
                    Group {
                        rank,
                        finding: make(),
                        scores,
                    },
                );
                if self.groups.len() > self.most {
                    self.let_go();
                }
            }
        }
    }

    fn let_go(&mut self) {
        let mut ranks: Vec<Rank> = self.groups.values().map(|g| g.rank).collect();
        ranks.sort_unstable();
        let middle = ranks[ranks.len() / 2];
        self.groups.retain(|_, g| g.rank < middle);
    }

    /// The strangest groups, each with its count.
    pub fn finish(self, top: usize) -> Vec<Kept> {
        let mut all: Vec<Kept> = self
            .groups
            .into_values()
            .map(|g| {
                let best = ((g.rank.score * CELLS) as usize).min(47);
                let near = &g.scores[best.saturating_sub(NEAR)..=best];
                let mut finding = g.finding;
                finding.records = Some(near.iter().map(|n| u64::from(*n)).sum());
                Kept {
                    rank: g.rank,
                    finding,
                }
            })
            .collect();
        all.sort_unstable();
        all.truncate(top);
        all
    }
}
