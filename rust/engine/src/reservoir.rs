//! A uniform random sample of rows of unknown number, which does not depend on their order.
//!
//! Each row has a key, a hash of what it is and of the seed, and the rows with the smallest
//! keys are kept (bottom-k sampling; E. Cohen and H. Kaplan, "Summarizing data using
//! bottom-k sketches", PODC 2007). So the sample of two sets of rows together is made of the
//! samples of both, and is the very one that would have been drawn from all at once: training
//! may be spread over machines, or go on another day.
//!
//! Rows with a time have the key of what they are. Those that are alike in all have one key, and are
//! kept together or not at all, which for microseconds means little. Rows without a time
//! get their number mixed in: then the sample is as fair, but depends on the order.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The sample.
#[derive(Clone, Debug)]
pub struct Reservoir {
    width: usize,
    capacity: usize,
    seed: u64,
    seen: u64,
    cells: Vec<u64>,
    /// Keys and slots; up to a quarter more than the capacity, until it is thinned.
    kept: Vec<(u64, u32)>,
    /// Slots of rows that were let go.
    free: Vec<u32>,
    /// The smallest key that was let go: only below it nothing is missing.
    limit: u64,
    /// What an earlier training kept, to notice rows that come again.
    earlier: Option<Box<Earlier>>,
}

/// Rows of an earlier training, and how many of them came again.
#[derive(Clone, Debug)]
struct Earlier {
    keys: HashSet<u64>,
    /// Only below it all rows of the earlier training are known.
    limit: u64,
    /// Rows since then.
    rows: u64,
    /// Of those, rows below the limit, and rows that the earlier training had.
    compared: u64,
    again: u64,
}

impl Earlier {
    fn new(kept: &[(u64, u32)], limit: u64) -> Earlier {
        Earlier {
            keys: kept.iter().map(|(key, _)| *key).collect(),
            limit,
            rows: 0,
            compared: 0,
            again: 0,
        }
    }

    fn compare(&mut self, key: u64) {
        if key < self.limit {
            self.compared += 1;
            self.again += u64::from(self.keys.contains(&key));
        }
    }
}

/// Rows that come again and are taken for chance: two sensors may see one record.
const CHANCE: u64 = 4;

/// A sample's rows, as a model keeps them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    seen: u64,
    limit: u64,
    keys: Vec<u64>,
    /// Column by column: like values beside one another are easily packed.
    cells: Vec<u64>,
}

impl Reservoir {
    /// An empty sample of at most `capacity` rows of `width` cells, with randomness of its own
    /// for each log.
    pub fn new(width: usize, capacity: usize, seed: u64, log: &str) -> Reservoir {
        Reservoir {
            width: width.max(1),
            // Slots are numbered with 32 bits.
            capacity: capacity.clamp(1, u32::MAX as usize),
            seed: xxh3_64_with_seed(log.as_bytes(), seed),
            seen: 0,
            cells: Vec::new(),
            kept: Vec::new(),
            free: Vec::new(),
            limit: u64::MAX,
            earlier: None,
        }
    }

    /// Offers a row of [`Reservoir::new`]'s width.
    pub fn add(&mut self, row: &[u64]) {
        let key = self.key(row, Some(self.seen));
        self.seen += 1;
        self.put(key, row);
    }

    /// Offers a row that holds its time, so that hardly two are alike: where it comes among the
    /// others does not matter.
    pub(crate) fn add_timed(&mut self, row: &[u64]) {
        let key = self.key(row, None);
        if let Some(earlier) = &mut self.earlier {
            earlier.rows += 1;
            earlier.compare(key);
        }
        self.seen += 1;
        self.put(key, row);
    }

    /// As bytes lie in memory: machines of another order of bytes draw another sample, as good.
    fn key(&self, row: &[u64], number: Option<u64>) -> u64 {
        let key = xxh3_64_with_seed(bytemuck::cast_slice(row), self.seed);
        match number {
            None => key,
            Some(n) => xxh3_64_with_seed(&n.to_le_bytes(), key),
        }
    }

    fn put(&mut self, key: u64, row: &[u64]) {
        if key > self.limit {
            return;
        }
        let slot = match self.free.pop() {
            Some(slot) => {
                let start = slot as usize * self.width;
                self.cells[start..start + self.width].copy_from_slice(row);
                slot
            }
            None => {
                self.cells.extend_from_slice(row);
                (self.cells.len() / self.width - 1) as u32
            }
        };
        self.kept.push((key, slot));
        if self.kept.len() > self.capacity + self.capacity / 4 {
            self.thin();
        }
    }

    /// Lets those go that are beyond the capacity. Many at once: that is cheaper than a heap.
    fn thin(&mut self) {
        if self.kept.len() <= self.capacity {
            return;
        }
        let (_, first, _) = self.kept.select_nth_unstable(self.capacity);
        self.limit = self.limit.min(first.0);
        let gone = self.kept.drain(self.capacity..).map(|(_, slot)| slot);
        self.free.extend(gone);
    }

    /// Adds what another sample kept, of other rows of the same log.
    pub(crate) fn absorb(&mut self, other: &Reservoir) {
        if let Some(earlier) = &mut self.earlier {
            earlier.rows += other.seen;
            let limit = other.limit;
            let known = other.kept.iter().filter(|(key, _)| *key < limit);
            known.for_each(|(key, _)| earlier.compare(*key));
        }
        let earlier = self.earlier.take();
        let own = std::mem::replace(self, self.empty());
        self.earlier = earlier;
        self.seen = own.seen + other.seen;
        // Where one of them let rows go, those of the other do not count either.
        self.limit = own.limit.min(other.limit);
        for from in [&own, other] {
            for (key, slot) in &from.kept {
                self.put(*key, from.slot(*slot));
            }
        }
    }

    fn empty(&self) -> Reservoir {
        Reservoir {
            seen: 0,
            limit: u64::MAX,
            cells: Vec::new(),
            kept: Vec::new(),
            free: Vec::new(),
            earlier: None,
            ..*self
        }
    }

    /// From now on rows are compared with those that were offered before.
    pub(crate) fn notice_repeats(&mut self) {
        self.earlier = Some(Box::new(Earlier::new(&self.kept, self.limit)));
    }

    /// About how many rows since [`Reservoir::notice_repeats`] had been offered before it.
    pub(crate) fn repeats(&self) -> u64 {
        let Some(e) = self.earlier.as_deref() else {
            return 0;
        };
        if e.again <= CHANCE.min(e.compared.saturating_sub(1)) {
            return 0;
        }
        (e.rows as f64 * e.again as f64 / e.compared as f64).round() as u64
    }

    /// Those of the sampled rows that pass.
    pub(crate) fn filtered(&self, passes: impl Fn(&[u64]) -> bool) -> Reservoir {
        let mut out = self.empty();
        for (key, slot) in &self.kept {
            let row = self.slot(*slot);
            if passes(row) {
                out.seen += 1;
                out.put(*key, row);
            }
        }
        out.seal();
        out
    }

    /// Puts the rows in order, which is random, and the same however they came. To be called
    /// after the last row, where that matters.
    pub(crate) fn seal(&mut self) {
        self.thin();
        let mut order = std::mem::take(&mut self.kept);
        // Equal keys are equal rows, but for a collision in 64 bits.
        order.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| self.slot(a.1).cmp(self.slot(b.1)))
        });
        let mut cells = Vec::with_capacity(order.len() * self.width);
        for (_, slot) in &order {
            cells.extend_from_slice(self.slot(*slot));
        }
        self.cells = cells;
        self.free.clear();
        self.kept = (0u32..)
            .zip(order)
            .map(|(at, (key, _))| (key, at))
            .collect();
    }

    fn slot(&self, slot: u32) -> &[u64] {
        self.row(slot as usize)
    }

    /// Cells of a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Rows offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Rows kept; it has to be sealed.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether no row was offered.
    pub fn is_empty(&self) -> bool {
        self.seen == 0
    }

    /// The rows kept, to be changed: their keys stay. It has to be sealed.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u64]> {
        self.cells.chunks_exact_mut(self.width)
    }

    /// The rows kept; it has to be sealed.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.cells.chunks_exact(self.width)
    }

    /// A row that is kept.
    pub(crate) fn row(&self, at: usize) -> &[u64] {
        &self.cells[at * self.width..(at + 1) * self.width]
    }

    /// At most `most` rows, for a model; it has to be sealed.
    pub(crate) fn keep(&self, most: usize) -> Kept {
        let mut keys: Vec<u64> = self.kept.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        let limit = keys.get(most).map_or(self.limit, |k| self.limit.min(*k));
        keys.truncate(most);
        let cells = (0..self.width)
            .flat_map(|c| self.rows().take(most).map(move |row| row[c]))
            .collect();
        Kept {
            seen: self.seen,
            limit,
            keys,
            cells,
        }
    }

    /// Goes on with what a model kept, which is sound.
    pub(crate) fn resume(&mut self, kept: &Kept) {
        let n = kept.keys.len();
        let mut from = self.empty();
        from.capacity = n.max(1);
        from.seen = kept.seen;
        let mut row = vec![0; self.width];
        for (i, key) in kept.keys.iter().enumerate() {
            for (c, cell) in row.iter_mut().enumerate() {
                *cell = kept.cells[c * n + i];
            }
            from.put(*key, &row);
        }
        from.limit = kept.limit;
        self.absorb(&from);
    }
}

impl Kept {
    /// Whether what a file held makes sense for rows of this many cells.
    pub(crate) fn is_sound(&self, width: usize) -> bool {
        let n = self.keys.len();
        self.cells.len() == n * width
            && self.seen < 1 << 53
            && n as u64 <= self.seen
            && self.keys.windows(2).all(|w| w[0] <= w[1])
            && self.keys.last().is_none_or(|k| *k <= self.limit)
            // Nothing was let go: all are there.
            && (self.limit < u64::MAX || n as u64 == self.seen)
    }

    /// Rows offered.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(r: &mut Reservoir) -> Vec<Vec<u64>> {
        r.seal();
        r.rows().map(<[u64]>::to_vec).collect()
    }

    /// A row of a number and a time.
    fn row(i: u64) -> [u64; 2] {
        [i, (1.7e9 + i as f64).to_bits()]
    }

    #[test]
    fn every_row_has_the_same_chance_with_times_and_without() {
        for timed in [true, false] {
            let mut hits = [0u32; 100];
            for seed in 0..2000 {
                let mut r = Reservoir::new(2, 10, seed, "conn");
                for i in 0..100 {
                    match timed {
                        true => r.add_timed(&row(i)),
                        false => r.add(&[i, 0]),
                    }
                }
                let rows = rows(&mut r);
                assert_eq!((r.len(), r.seen()), (10, 100));
                rows.iter().for_each(|row| hits[row[0] as usize] += 1);
            }
            // 200 expected, standard deviation 13.4: six of them either way.
            assert!(hits.iter().all(|h| (120..=280).contains(h)), "{hits:?}");
        }
    }

    #[test]
    fn the_sample_is_the_same_in_any_order_and_of_any_parts() {
        let sample = |rows: &mut dyn Iterator<Item = u64>| {
            let mut r = Reservoir::new(2, 50, 7, "conn");
            rows.for_each(|i| r.add_timed(&row(i)));
            r
        };
        let mut whole = sample(&mut (0..1000));
        let want = rows(&mut whole);
        assert_eq!(rows(&mut sample(&mut (0..1000).rev())), want);
        let mut parts = sample(&mut (0..300));
        parts.absorb(&sample(&mut (300..310)));
        parts.absorb(&sample(&mut (310..1000)));
        assert_eq!((rows(&mut parts), parts.seen()), (want.clone(), 1000));
        // And through a file, which keeps all of them.
        let mut resumed = Reservoir::new(2, 50, 7, "conn");
        let mut half = sample(&mut (0..500));
        half.seal();
        let kept = half.keep(50);
        assert!(kept.is_sound(2));
        resumed.resume(&kept);
        (500..1000).for_each(|i| resumed.add_timed(&row(i)));
        assert_eq!(rows(&mut resumed), want);
    }

    #[test]
    fn a_sample_that_was_cut_is_continued_without_bias() {
        let mut hits = [0u32; 100];
        for seed in 0..2000 {
            let mut first = Reservoir::new(2, 40, seed, "conn");
            (0..50).for_each(|i| first.add_timed(&row(i)));
            first.seal();
            let mut r = Reservoir::new(2, 40, seed, "conn");
            r.resume(&first.keep(10));
            (50..100).for_each(|i| r.add_timed(&row(i)));
            rows(&mut r)
                .iter()
                .for_each(|row| hits[row[0] as usize] += 1);
        }
        // The rows after the cut are as frequent as those before it: 10 of 50.
        let (before, after): (u32, u32) = (hits[..50].iter().sum(), hits[50..].iter().sum());
        let quotient = f64::from(after) / f64::from(before);
        assert!((0.97..1.13).contains(&quotient), "{before} and {after}");
    }

    #[test]
    fn what_a_file_held_is_checked() {
        let mut r = Reservoir::new(2, 10, 0, "conn");
        (0..100).for_each(|i| r.add(&row(i)));
        r.seal();
        let kept = r.keep(10);
        assert!(kept.is_sound(2) && !kept.is_sound(3));
        let broken: [fn(&mut Kept); 4] = [
            |k| k.seen = 3,
            |k| k.keys[0] = u64::MAX,
            |k| k.limit = u64::MAX,
            |k| k.cells.truncate(1),
        ];
        for damage in broken {
            let mut k = kept.clone();
            damage(&mut k);
            assert!(!k.is_sound(2), "{k:?}");
        }
    }
}
