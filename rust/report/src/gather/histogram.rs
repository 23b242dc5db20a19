//! How many records have which score.

/// Cells for each point of score.
pub const CELLS: usize = 4;

/// Points that are told apart; higher scores are in the last cell.
pub const POINTS: usize = 12;

/// Records by score.
#[derive(Clone, Debug)]
pub struct ScoreHistogram {
    cells: [u64; CELLS * POINTS + 1],
}

impl Default for ScoreHistogram {
    fn default() -> Self {
        ScoreHistogram {
            cells: [0; CELLS * POINTS + 1],
        }
    }
}

impl ScoreHistogram {
    /// Takes a score.
    pub fn add(&mut self, score: f64) {
        // `as` saturates, and makes 0 of what is not a number.
        let at = (score.max(0.0) * CELLS as f64) as usize;
        self.cells[at.min(CELLS * POINTS)] += 1;
    }

    /// The cells up to the last that is not empty; each begins at its position / [`CELLS`].
    pub fn cells(&self) -> &[u64] {
        let end = self.cells.iter().rposition(|n| *n > 0).map_or(0, |i| i + 1);
        &self.cells[..end]
    }
}
