//! How many different things there were.

use super::table::Entry;
use serde::{Deserialize, Serialize};

/// Hashes kept before estimating begins: counts up to this are exact.
pub const EXACT: usize = 32;

/// Registers of the estimate: a standard error of 1.04/√256 = 6.5 %.
const REGISTERS: usize = 256;

/// Counts different hashes: exactly up to 32, then by HyperLogLog (Flajolet et al., 2007, with
/// linear counting for small numbers) in 256 bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Distinct {
    /// Hashes, in the order of their arrival.
    Few(Vec<u64>),
    /// The registers.
    Many(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct::Few(Vec::new())
    }
}

/// As an entry of its own: who does something, of which one alone is a newcomer.
impl Entry for Distinct {
    fn is_established(&self) -> bool {
        self.count() >= 2.0
    }

    fn merit(&self) -> f64 {
        self.count()
    }

    fn is_sound(&self) -> bool {
        Distinct::is_sound(self)
    }
}

impl Distinct {
    /// The most heap memory that one takes, in bytes.
    pub const MAX_HEAP: usize = 32 * 8;

    /// Adds a hash. Whether it was new: certain while there are few; later only what
    /// changes the estimate is called new.
    pub fn insert(&mut self, hash: u64) -> bool {
        match self {
            Distinct::Few(seen) => {
                if seen.contains(&hash) {
                    return false;
                }
                if seen.len() < EXACT {
                    seen.push(hash);
                    return true;
                }
                let mut registers = vec![0; REGISTERS];
                for h in seen.iter().chain([&hash]) {
                    raise(&mut registers, *h);
                }
                *self = Distinct::Many(registers);
                true
            }
            Distinct::Many(registers) => raise(registers, hash),
        }
    }

    /// How many there were.
    pub fn count(&self) -> f64 {
        match self {
            Distinct::Few(seen) => seen.len() as f64,
            Distinct::Many(registers) => {
                let m = REGISTERS as f64;
                let sum: f64 = registers.iter().map(|r| 2f64.powi(-i32::from(*r))).sum();
                let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
                let zeros = registers.iter().filter(|r| **r == 0).count();
                if raw <= 2.5 * m && zeros > 0 {
                    m * (m / zeros as f64).ln()
                } else {
                    raw
                }
            }
        }
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Distinct::Few(seen) if seen.is_empty())
    }

    /// Whether [`Distinct::insert`] tells for certain what is new.
    pub fn is_exact(&self) -> bool {
        matches!(self, Distinct::Few(_))
    }

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Distinct) {
        match (&mut *self, other) {
            (_, Distinct::Few(seen)) => {
                for h in seen {
                    self.insert(*h);
                }
            }
            (Distinct::Many(a), Distinct::Many(b)) => {
                for (a, b) in a.iter_mut().zip(b) {
                    *a = (*a).max(*b);
                }
            }
            (Distinct::Few(seen), Distinct::Many(registers)) => {
                let mut registers = registers.clone();
                for h in seen.iter() {
                    raise(&mut registers, *h);
                }
                *self = Distinct::Many(registers);
            }
        }
    }

    /// Whether it is one that [`Distinct::insert`] can have made.
    pub fn is_sound(&self) -> bool {
        match self {
            Distinct::Few(seen) => seen.len() <= EXACT,
            Distinct::Many(registers) => {
                registers.len() == REGISTERS && registers.iter().all(|r| *r <= 57)
            }
        }
    }
}

/// Raises the register of a hash; whether it was lower.
fn raise(registers: &mut [u8], hash: u64) -> bool {
    let rank = ((hash << 8) | 0x80).leading_zeros() as u8 + 1;
    match registers.get_mut((hash >> 56) as usize) {
        Some(r) if *r < rank => {
            *r = rank;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn of(n: u64) -> Distinct {
        let mut d = Distinct::default();
        for i in 0..n {
            d.insert(xxh3_64(&i.to_le_bytes()));
        }
        d
    }

    #[test]
    fn counts_are_exact_while_few_and_within_a_fifth_when_many() {
        for n in [0u64, 1, 32] {
            assert_eq!(of(n).count(), n as f64);
        }
        for n in [33u64, 100, 1000, 100_000] {
            let c = of(n).count();
            assert!((c / n as f64 - 1.0).abs() < 0.2, "{n}: {c}");
            assert!(of(n).is_sound());
        }
    }

    #[test]
    fn merging_equals_seeing_everything() {
        let (mut a, b) = (of(100), of(5000));
        a.merge(&b);
        assert_eq!(a.count(), b.count());
        let mut c = of(10);
        c.merge(&of(20));
        assert_eq!(c.count(), 20.0);
    }
}
