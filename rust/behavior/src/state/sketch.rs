//! How often a key came, for any number of keys.

use serde::{Deserialize, Serialize};

const ROWS: usize = 4;

/// A count-min sketch (Cormode and Muthukrishnan, 2005) with conservative update and counters
/// that are halved from time to time, as TinyLFU does (Einziger et al., 2017). Estimates are
/// never too low but for the halving.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sketch {
    /// `ROWS` rows of a power of two counters.
    counters: Vec<u8>,
    added: u64,
}

impl Sketch {
    /// A sketch of about `bytes` bytes.
    pub fn new(bytes: usize) -> Sketch {
        let width = (bytes / ROWS).max(64);
        // The power of two that does not exceed it.
        let width = 1usize << (usize::BITS - 1 - width.leading_zeros());
        Sketch {
            counters: vec![0; width * ROWS],
            added: 0,
        }
    }

    fn width(&self) -> usize {
        self.counters.len() / ROWS
    }

    fn places(&self, key: u64) -> [usize; ROWS] {
        let width = self.width();
        // Double hashing (Kirsch and Mitzenmacher, 2006).
        let step = (key >> 32) | 1;
        std::array::from_fn(|row| {
            let h = key.wrapping_add(step.wrapping_mul(row as u64));
            row * width + (h as usize & (width - 1))
        })
    }

    /// How often the key came, at most 255.
    pub fn count(&self, key: u64) -> u8 {
        let of = |i: &usize| self.counters.get(*i).copied().unwrap_or(0);
        self.places(key).iter().map(of).min().unwrap_or(0)
    }

    /// Counts the key once more. Halves all counters once as many were added as there are
    /// counters in a row.
    pub fn add(&mut self, key: u64) {
        let places = self.places(key);
        let count = self.count(key);
        for i in places {
            if let Some(c) = self.counters.get_mut(i)
                && *c == count
            {
                *c = c.saturating_add(1);
            }
        }
        self.added += 1;
        if self.added >= self.width() as u64 {
            self.added = 0;
            self.counters.iter_mut().for_each(|c| *c >>= 1);
        }
    }

    /// Its memory, in bytes.
    pub fn memory(&self) -> usize {
        self.counters.capacity()
    }

    /// Whether its size is the one that `bytes` bytes give.
    pub fn is_sound(&self, bytes: usize) -> bool {
        self.counters.len() == Sketch::new(bytes).counters.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn what_comes_often_is_known_among_what_comes_once() {
        let mut s = Sketch::new(1 << 16);
        let often = xxh3_64(b"often");
        for i in 0..8000u64 {
            s.add(xxh3_64(&i.to_le_bytes()));
            if i % 1000 == 0 {
                s.add(often);
            }
        }
        assert!(s.count(often) >= 8);
        assert!(s.count(xxh3_64(b"never")) <= 2);
    }

    #[test]
    fn counters_are_halved_in_time() {
        let mut s = Sketch::new(256);
        for _ in 0..63 {
            s.add(7);
        }
        assert_eq!(s.count(7), 63);
        s.add(7);
        assert_eq!(s.count(7), 32);
    }
}
