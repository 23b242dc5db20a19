//! Counting things of which there may be any number, in memory that is bounded.

use hashbrown::HashMap;
use std::hash::{BuildHasherDefault, Hash};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// How much would be lost with a value.
pub trait Weight {
    /// More is worth more.
    fn weight(&self) -> u64;
}

/// A map that never holds more than so many keys. When it is full, the half that weighs least
/// goes, so that a flood of new keys does not push out what has gathered weight.
#[derive(Clone, Debug)]
pub struct Bounded<K, V> {
    map: HashMap<K, V, BuildHasherDefault<Xxh3Default>>,
    capacity: usize,
    forgotten: u64,
}

impl<K: Hash + Eq, V: Weight + Default> Bounded<K, V> {
    /// An empty map of at most `capacity` keys (at least 2).
    pub fn new(capacity: usize) -> Bounded<K, V> {
        Bounded {
            map: HashMap::default(),
            capacity: capacity.max(2),
            forgotten: 0,
        }
    }

    /// The value of a key, made where there is none.
    pub fn at(&mut self, key: K) -> &mut V {
        if self.map.len() >= self.capacity && !self.map.contains_key(&key) {
            self.make_room();
        }
        self.map.entry(key).or_default()
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// All of it, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.map.iter()
    }

    /// Keys that were let go to keep memory bounded.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Which keys go depends on weights only, never on the order of the map.
    fn make_room(&mut self) {
        let mut weights: Vec<u64> = self.map.values().map(Weight::weight).collect();
        let middle = weights.len() / 2;
        let (_, limit, _) = weights.select_nth_unstable(middle);
        let limit = *limit;
        let before = self.map.len();
        self.map.retain(|_, v| v.weight() > limit);
        self.forgotten += (before - self.map.len()) as u64;
    }
}

/// About how many different values were seen: linear counting (Whang, Vander-Zanden,
/// Taylor 1990) with 64·`WORDS` bits. Within a few per cent up to about the number of bits,
/// a lower bound beyond six times that.
#[derive(Clone, Copy, Debug)]
pub struct Distinct<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for Distinct<WORDS> {
    fn default() -> Self {
        Distinct([0; WORDS])
    }
}

impl<const WORDS: usize> Distinct<WORDS> {
    /// Sees a value, by a hash of it ([`hash`]).
    pub fn see(&mut self, hash: u64) {
        let bit = (hash % (64 * WORDS as u64)) as usize;
        if let Some(word) = self.0.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    /// How many there were, about.
    pub fn count(&self) -> f64 {
        let bits = (64 * WORDS) as f64;
        let set: u32 = self.0.iter().map(|w| w.count_ones()).sum();
        let free = (bits - f64::from(set)).max(1.0);
        -bits * (free / bits).ln()
    }

    /// The same as a whole number.
    pub fn rounded(&self) -> u64 {
        self.count().round() as u64
    }
}

/// A hash of bytes; the same on every machine.
pub fn hash(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// A hash of an address.
pub fn hash_addr(addr: &std::net::IpAddr) -> u64 {
    match addr {
        std::net::IpAddr::V4(a) => hash(&a.octets()),
        std::net::IpAddr::V6(a) => hash(&a.octets()),
    }
}

/// A hash of a number.
pub fn hash_number(n: u64) -> u64 {
    hash(&n.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Count(u64);

    impl Weight for Count {
        fn weight(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn a_flood_of_new_keys_does_not_push_out_what_has_weight() {
        let mut map: Bounded<u32, Count> = Bounded::new(1000);
        for _ in 0..50 {
            map.at(7).0 += 1;
        }
        for key in 100..100_000 {
            map.at(key).0 += 1;
        }
        assert_eq!(map.get(&7).map(|c| c.0), Some(50));
        assert!(map.iter().count() <= 1000);
        assert!(map.forgotten() > 98_000);
    }

    #[test]
    fn distinct_values_are_counted_once_and_about_right() {
        let mut d: Distinct<4> = Distinct::default();
        for _ in 0..3 {
            for i in 0..100u64 {
                d.see(hash_number(i));
            }
        }
        assert!((d.count() - 100.0).abs() < 10.0, "{}", d.count());
        assert_eq!(Distinct::<4>::default().rounded(), 0);
        let mut full: Distinct<1> = Distinct::default();
        (0..100_000).for_each(|i| full.see(hash_number(i)));
        assert!(full.count().is_finite());
    }
}
