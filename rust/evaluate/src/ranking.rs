//! Scores sorted into blocks of ties.

/// Rows of one score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// How many of them are to be found.
    pub positives: u64,
    /// How many of them are not.
    pub negatives: u64,
}

/// Why there is nothing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Scores and labels are not of the same rows.
    #[error("there are {scores} scores but {labels} labels")]
    Lengths {
        /// Scores given.
        scores: usize,
        /// Labels given.
        labels: usize,
    },
    /// A score is NaN.
    #[error("the score of row {0} is not a number")]
    NotANumber(usize),
    /// There is nothing to rank.
    #[error("no row was scored")]
    NoRows,
    /// Nothing is to be found.
    #[error("no row is labelled as an attack")]
    NoPositives,
    /// Everything is to be found.
    #[error("no row is labelled as normal")]
    NoNegatives,
}

/// Rows in the order of their scores.
#[derive(Clone, Debug)]
pub struct Ranking {
    blocks: Vec<Block>,
    scores: Vec<f64>,
    /// The block of each row.
    of_row: Vec<u32>,
    labels: Vec<bool>,
}

impl Ranking {
    /// Sorts rows by score. `true` labels are what is to be found.
    pub fn new(scores: &[f64], labels: &[bool]) -> Result<Ranking, Problem> {
        if scores.len() != labels.len() {
            return Err(Problem::Lengths {
                scores: scores.len(),
                labels: labels.len(),
            });
        }
        if let Some(row) = scores.iter().position(|s| s.is_nan()) {
            return Err(Problem::NotANumber(row));
        }
        if labels.is_empty() {
            return Err(Problem::NoRows);
        }
        if !labels.contains(&true) {
            return Err(Problem::NoPositives);
        }
        if !labels.contains(&false) {
            return Err(Problem::NoNegatives);
        }
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let mut ranking = Ranking {
            blocks: Vec::new(),
            scores: Vec::new(),
            of_row: vec![0; scores.len()],
            labels: labels.to_vec(),
        };
        for row in order {
            // Not by `total_cmp`: 0 and -0 are one score.
            if ranking.scores.last() != Some(&scores[row]) {
                ranking.scores.push(scores[row]);
                ranking.blocks.push(Block::default());
            }
            let last = ranking.blocks.len() - 1;
            ranking.blocks[last].add(labels[row]);
            ranking.of_row[row] = u32::try_from(last).unwrap_or(u32::MAX);
        }
        Ok(ranking)
    }

    /// The blocks, the highest score first.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The score of each block.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Whether all scores are equal: then nothing is ranked.
    pub fn all_equal(&self) -> bool {
        self.blocks.len() < 2
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.of_row.len()
    }

    /// Whether there are none. Never, for a ranking that could be made.
    pub fn is_empty(&self) -> bool {
        self.of_row.is_empty()
    }

    /// The block of each row with its label, in the order in which rows were given.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (u32, bool)> {
        self.of_row.iter().copied().zip(self.labels.iter().copied())
    }
}

impl Block {
    pub(crate) fn add(&mut self, positive: bool) {
        if positive {
            self.positives += 1;
        } else {
            self.negatives += 1;
        }
    }

    /// All rows of the block.
    pub fn rows(&self) -> u64 {
        self.positives + self.negatives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_ranked_is_said() {
        let new = |s: &[f64], l: &[bool]| Ranking::new(s, l).err();
        assert_eq!(new(&[], &[]), Some(Problem::NoRows));
        assert_eq!(new(&[1.0], &[false]), Some(Problem::NoPositives));
        assert_eq!(new(&[1.0], &[true]), Some(Problem::NoNegatives));
        assert_eq!(
            new(&[1.0, f64::NAN], &[true, false]),
            Some(Problem::NotANumber(1))
        );
        assert!(matches!(new(&[1.0], &[]), Some(Problem::Lengths { .. })));
    }

    #[test]
    fn ties_are_one_block_and_so_are_both_zeros() {
        let r = Ranking::new(&[0.0, 3.0, -0.0, 3.0], &[true, false, false, true]);
        let r = r.unwrap();
        let one = Block {
            positives: 1,
            negatives: 1,
        };
        assert_eq!(r.blocks(), [one, one]);
        assert_eq!(r.scores(), [3.0, 0.0]);
        assert!(!r.all_equal());
    }
}
