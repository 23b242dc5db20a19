//! Records of one log and originator as one finding.
//!
//! A thousand probes of one scanner are one thing to read. Of each group the strangest
//! record is kept, and how the scores of the others lie. Groups are ranked by their
//! strangest record, or by their number where that is stranger still: of N records of a
//! log, N·10⁻ˢ may be expected to score s or more, and a group that has far more of
//! them alone is no accident. Memory is bounded: where there are too many
//! groups, the least strange half is let go.

use super::score::Rank;
use crate::rows::Finding;
use std::collections::HashMap;
use std::net::IpAddr;
use zeek_anomaly_verdict::excess;

/// Groups that are kept at once, unless more are to be shown.
const MAX_GROUPS: usize = 20_000;

/// Score cells of a group's histogram for each point.
const CELLS: f64 = 4.0;

/// The last cell of the histogram, for all higher scores too.
const LAST: usize = 47;

/// The cell of a score of one.
const LOWEST: usize = 4;

fn cell_of(score: f64) -> usize {
    ((score * CELLS) as usize).min(LAST)
}

/// One group.
struct Group {
    rank: Rank,
    finding: Finding,
    /// Records by score.
    scores: [u32; LAST + 1],
}

/// The groups met so far.
pub struct Groups {
    groups: HashMap<(String, Option<IpAddr>), Group>,
    /// Records of each log, of whatever score.
    records: HashMap<String, u64>,
    most: usize,
}

impl Groups {
    /// For showing `top` groups.
    pub fn new(top: usize) -> Groups {
        Groups {
            groups: HashMap::new(),
            records: HashMap::new(),
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
        let cell = cell_of(rank.score);
        match self.records.get_mut(log) {
            Some(n) => *n += 1,
            None => {
                self.records.insert(log.to_owned(), 1);
            }
        }
        let key = (log.to_owned(), originator);
        match self.groups.get_mut(&key) {
            Some(g) => {
                g.scores[cell] = g.scores[cell].saturating_add(1);
                if rank < g.rank {
                    (g.rank, g.finding) = (rank, make());
                }
            }
            None => {
                let mut scores = [0; LAST + 1];
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
    pub fn finish(self, top: usize) -> Vec<Finding> {
        let records = self.records;
        let mut all: Vec<(f64, Rank, Finding)> = self
            .groups
            .into_iter()
            .map(|((log, _), g)| {
                let all = records.get(&log).copied().unwrap_or(0) as f64;
                let (excess, number) = g.most_excessive(all);
                let weight = g.rank.score.max(excess);
                let mut finding = g.finding;
                finding.records = Some(number);
                (weight, g.rank, finding)
            })
            .collect();
        all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        all.truncate(top);
        all.into_iter().map(|g| g.2).collect()
    }
}

impl Group {
    /// Where the number of the group's records that score at least so much exceeds most what
    /// is expected among `all` records of the log: −log10 of its probability, and the
    /// number. Scores below one are not looked at.
    fn most_excessive(&self, all: f64) -> (f64, u64) {
        let best = cell_of(self.rank.score);
        let (mut number, mut found) = (0, (0.0, 0));
        for cell in (LOWEST.min(best)..=best).rev() {
            number += u64::from(self.scores[cell]);
            let expected = all * 10f64.powf(-(cell as f64) / CELLS);
            let e = excess(number as f64, expected);
            if e > found.0 || found.1 == 0 {
                found = (e, number);
            }
        }
        found
    }
}
