//! A few of the connections behind something.

use serde::{Deserialize, Serialize};

/// How many are kept.
const KEPT: usize = 6;

/// The longest uid that is kept, in bytes; Zeek's have 18.
const LONGEST: usize = 24;

/// The first three uids, and the last three.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Uids {
    kept: Vec<Box<[u8]>>,
    at: u8,
}

impl Uids {
    /// The most heap memory that one takes, in bytes.
    pub const MAX_HEAP: usize = KEPT * (16 + 32) + 64;

    /// Adds one; whether it is none of those that are kept. The same again is not kept twice.
    pub fn add(&mut self, uid: &[u8]) -> bool {
        if self.kept.iter().any(|k| **k == *uid) {
            return false;
        }
        if uid.is_empty() || uid.len() > LONGEST {
            return true;
        }
        if self.kept.len() < KEPT {
            self.kept.push(uid.into());
            return true;
        }
        let later = KEPT / 2;
        if let Some(place) = self.kept.get_mut(later + usize::from(self.at) % later) {
            *place = uid.into();
        }
        self.at = self.at.wrapping_add(1) % later as u8;
        true
    }

    /// Those that are kept, as text.
    pub fn texts(&self) -> Vec<String> {
        self.kept
            .iter()
            .map(|u| String::from_utf8_lossy(u).into_owned())
            .collect()
    }

    /// Whether it is one that [`Uids::add`] can have made.
    pub fn is_sound(&self) -> bool {
        self.kept.len() <= KEPT && self.kept.iter().all(|u| u.len() <= LONGEST)
    }
}
