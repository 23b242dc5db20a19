//! What is kept of one pair, or of one host and name, and when it is tested.

use super::attempts::Attempts;
use super::rhythm::Rhythm;
use super::{BEACON_NAME_BYTES, MIN_BEATS};
use crate::entity::Entity;
use crate::event::{Column, Event, Log, Proto};
use crate::kinds::BehaviorKind;
use crate::network::NetworkView;
use crate::state::{Distinct, Entry, Uids};
use serde::{Deserialize, Serialize};

/// Seconds from which a connection counts as kept open.
const KEPT_OPEN: f64 = 10.0;

/// Other sides that are remembered: enough to know that there are several.
const OTHERS: usize = 3;

/// One pair, or one host and name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Calls {
    pub(super) rhythm: Rhythm,
    attempts: Attempts,
    pub(super) uids: Uids,
    /// The name of the pair's other side, or the name itself.
    pub(super) name: Option<Box<str>>,
    /// The other side, hashed: names of a pair, addresses of a name.
    pub(super) others: Vec<u64>,
    /// Different names below the domain (DNS).
    pub(super) below: Distinct,
    /// Queries of types that carry much (DNS).
    pub(super) heavy: u32,
    pub(super) calls: u32,
    pub(super) answered: u32,
    /// The share of the latest connections that was kept open, or continues one that was.
    pub(super) open: f32,
    /// The share whose protocol Zeek does not know, of those that were not kept open.
    pub(super) unknown: f32,
    /// The first call.
    pub(super) first: f64,
    /// Beats at the last test, and its score.
    pub(super) looked: u64,
    pub(super) score: f32,
    /// The highest score that was reported.
    pub(super) highest: f32,
    /// What was reported: beats, number of reports, and about whom.
    pub(super) reported: (u64, u32),
    pub(super) about: Option<Box<(Entity, BehaviorKind)>>,
    pub(super) outside: bool,
    /// The other side is a proxy, which serves all names at one address.
    pub(super) proxied: bool,
    /// A name that the pair's other side serves was reported, which says more.
    pub(super) by_name: bool,
}

impl Calls {
    /// The most heap memory, in bytes, of a newcomer and of an established one.
    pub(super) const HEAP: (usize, usize) = (
        200 + Attempts::MAX_HEAP,
        Rhythm::MAX_HEAP
            + Attempts::MAX_HEAP
            + Uids::MAX_HEAP
            + BEACON_NAME_BYTES
            + Distinct::MAX_HEAP
            + 32,
    );

    pub(super) fn heap(&self) -> usize {
        match self.rhythm.len() {
            0..=4 => Calls::HEAP.0,
            _ => Calls::HEAP.1,
        }
    }

    pub(super) fn note_other(&mut self, other: u64) {
        if self.others.len() < OTHERS && !self.others.contains(&other) {
            self.others.push(other);
        }
    }

    /// Adds a call. True if it is a beat of its own.
    pub(super) fn add(&mut self, e: &Event<'_>, size: f64, answered: bool) -> bool {
        self.answered = self.answered.saturating_add(u32::from(answered));
        if e.log == Log::Conn && self.attempts.repeats(e) {
            return false;
        }
        self.calls = self.calls.saturating_add(1);
        if e.log == Log::Conn {
            let open = is_open(e);
            lately(&mut self.open, open, 8.0);
            lately(&mut self.unknown, !open && e.service().is_empty(), 4.0);
        }
        if self.first == 0.0 || e.ts < self.first {
            self.first = e.ts;
        }
        if !self.rhythm.add(e.ts, size) {
            return false;
        }
        if self.rhythm.len() > 2 {
            self.uids.add(e.uid());
        }
        true
    }

    /// True when it is time to test again: more seldom as beats get more.
    pub(super) fn is_due(&self, network: &NetworkView) -> bool {
        let enough = network.settings().get(&MIN_BEATS);
        self.rhythm.len() as f64 >= enough
            && self.rhythm.beats() >= self.looked + (self.looked / 8).clamp(1, 16)
    }
}

impl Entry for Calls {
    fn is_established(&self) -> bool {
        self.rhythm.beats() >= 3
    }

    fn merit(&self) -> f64 {
        // Evidence first, then patience. Calls that nobody answers are made by the million.
        let hours = self.rhythm.span().map_or(0.0, |(a, b)| (b - a) / 3600.0);
        let answered = if self.answered > 0 { 2.0 } else { 0.0 };
        f64::from(self.score.max(0.0)) * 2.0 + hours.min(48.0) / 4.0 + answered
    }

    fn is_sound(&self) -> bool {
        self.rhythm.is_sound()
            && self.attempts.is_sound()
            && self.uids.is_sound()
            && self.below.is_sound()
            && self.others.len() <= OTHERS
            && self.score.is_finite()
            && self.highest.is_finite()
            && (0.0..=1.0).contains(&self.open)
            && (0.0..=1.0).contains(&self.unknown)
            && self.first.is_finite()
            && (self.name.as_ref()).is_none_or(|n| n.len() <= 2 * BEACON_NAME_BYTES)
    }
}

/// True if a connection was kept open, or continues one that was: Zeek gives up a connection that is silent for
/// minutes, and what comes then has no beginning.
pub(super) fn is_open(e: &Event<'_>) -> bool {
    let goes_on = e.proto == Proto::Tcp && e.text(Column::ConnState) == Some(b"OTH");
    goes_on || e.number(Column::Duration).is_some_and(|d| d >= KEPT_OPEN)
}

/// Moves a share of about the `latest` calls.
pub(super) fn lately(share: &mut f32, holds: bool, latest: f32) {
    *share += (f32::from(u8::from(holds)) - *share) / latest;
}
