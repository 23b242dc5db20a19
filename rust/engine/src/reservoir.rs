//! A uniform random sample of rows of unknown number: algorithm R (J. S. Vitter,
//! "Random sampling with a reservoir", ACM TOMS 11, 1985).

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The sample.
#[derive(Debug)]
pub struct Reservoir {
    width: usize,
    capacity: usize,
    cells: Vec<u64>,
    seen: u64,
    rng: ChaCha8Rng,
}

impl Reservoir {
    /// An empty sample of at most `capacity` rows of `width` cells, with
    /// randomness of its own for each log.
    pub fn new(width: usize, capacity: usize, seed: u64, log: &str) -> Reservoir {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(crc32fast::hash(log.as_bytes())));
        Reservoir {
            width,
            capacity: capacity.max(1),
            cells: Vec::new(),
            seen: 0,
            rng,
        }
    }

    /// Offers a row.
    pub fn add(&mut self, row: &[u64]) {
        self.seen += 1;
        if self.seen <= self.capacity as u64 {
            self.cells.extend_from_slice(row);
            return;
        }
        let at = self.rng.random_range(0..self.seen);
        if at < self.capacity as u64 {
            let start = at as usize * self.width;
            self.cells[start..start + self.width].copy_from_slice(row);
        }
    }

    /// Rows offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Rows kept.
    pub fn len(&self) -> usize {
        self.seen.min(self.capacity as u64) as usize
    }

    /// Whether no row was offered.
    pub fn is_empty(&self) -> bool {
        self.seen == 0
    }

    /// The rows kept, to be changed.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u64]> {
        let end = self.len() * self.width;
        self.cells[..end].chunks_exact_mut(self.width)
    }

    /// The rows kept.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        (0..self.len()).map(|i| self.row(i))
    }

    /// A row that is kept.
    pub(crate) fn row(&self, at: usize) -> &[u64] {
        &self.cells[at * self.width..(at + 1) * self.width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_same_chance() {
        let mut hits = [0u32; 100];
        for seed in 0..2000 {
            let mut r = Reservoir::new(1, 10, seed, "conn");
            (0..100).for_each(|i| r.add(&[i]));
            assert_eq!((r.len(), r.seen()), (10, 100));
            (0..r.len()).for_each(|at| hits[r.row(at)[0] as usize] += 1);
        }
        // 200 expected, standard deviation 13.4: six of them either way.
        assert!(hits.iter().all(|h| (120..=280).contains(h)), "{hits:?}");
    }
}
