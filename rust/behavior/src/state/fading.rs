//! How many different things there were of late.

use super::Distinct;
use serde::{Deserialize, Serialize};

/// Counts different hashes of the latest one to two spans of time. Estimates of numbers cannot be made to
/// fade; so there are two counts, of this span and of the one before, and the older goes as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fading {
    before: Distinct,
    now: Distinct,
}

impl Fading {
    /// The most heap memory that one takes, in bytes.
    pub const MAX_HEAP: usize = 2 * (Distinct::MAX_HEAP + 16);

    /// Adds a hash.
    pub fn insert(&mut self, hash: u64) {
        self.now.insert(hash);
    }

    /// How many there were, in both spans together.
    pub fn count(&self) -> f64 {
        if self.before.count() == 0.0 {
            return self.now.count();
        }
        let mut both = self.before.clone();
        both.merge(&self.now);
        both.count()
    }

    /// The next span begins.
    pub fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Whether it is one that [`Fading::insert`] can have made.
    pub fn is_sound(&self) -> bool {
        self.before.is_sound() && self.now.is_sound()
    }
}

/// When the spans of something turn, by the times of its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spans {
    /// When this one began, and the one before; 0 where there was none.
    began: f64,
    before: f64,
}

impl Spans {
    /// An event; how often the span turned because of it: 0, 1, or 2 where nothing was for so long that both
    /// are over.
    pub fn at(&mut self, ts: f64, span: f64) -> u32 {
        // Also where the clock was set back by more than a span.
        let passed = (ts - self.began).abs();
        let turned = match passed {
            _ if self.began == 0.0 => 0,
            p if p >= 2.0 * span => 2,
            p if p >= span => 1,
            _ => return 0,
        };
        self.before = if turned == 1 { self.began } else { 0.0 };
        self.began = ts;
        turned
    }

    /// When what is counted began.
    pub fn first(&self) -> f64 {
        if self.before > 0.0 {
            self.before.min(self.began)
        } else {
            self.began
        }
    }

    /// Whether it is one that [`Spans::at`] can have made.
    pub fn is_sound(&self) -> bool {
        self.began.is_finite() && self.before.is_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn what_is_older_than_two_spans_is_forgotten_and_nothing_younger_than_one() {
        let (mut f, mut s) = (Fading::default(), Spans::default());
        for day in 1..=30u64 {
            for _ in 0..s.at(day as f64, 7.0) {
                f.turn();
            }
            f.insert(xxh3_64(&day.to_le_bytes()));
            let n = f.count();
            assert!(n <= 14.0 && n >= (day as f64).min(7.0), "{day}: {n}");
            assert!(s.first() <= day as f64 && s.first() > day as f64 - 14.0);
        }
        // After a long silence, and a clock that is set back.
        assert_eq!(s.at(100.0, 7.0), 2);
        assert_eq!(s.at(50.0, 7.0), 2);
        assert_eq!(s.at(50.5, 7.0), 0);
    }
}
