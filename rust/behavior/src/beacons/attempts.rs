//! Attempts to connect that nobody answers.
//!
//! A SYN without an answer is sent again after 1, 3, 7, 15, 31 and 63 seconds (Linux), or 3 and 9 (Windows). Zeek gives
//! up after five seconds and writes each later one as a connection of its own, with the same ports. Two records for
//! each call would be two intervals by turns, which is no rhythm.

use crate::event::{Column, Event, Outcome, Proto};
use serde::{Deserialize, Serialize};

/// Attempts of one pair that are remembered: those of calls that overlap.
const KEPT: usize = 4;

/// Seconds between two records of an attempt, at first. Later ones double.
const GAP: f64 = 10.0;

/// How many times as long as the attempt so far the next gap may be, where it doubles.
const DOUBLES: f64 = 1.5;

/// Seconds after which systems give up (Linux: 127).
const SPAN: f64 = 130.0;

/// One attempt: the source port, the first SYN, the last record's end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Attempt {
    port: u16,
    first: f64,
    last: f64,
}

/// The latest attempts of one pair.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Attempts(Vec<Attempt>);

impl Attempts {
    /// The most heap memory, in bytes.
    pub(super) const MAX_HEAP: usize = KEPT * size_of::<Attempt>();

    /// True if a record of conn.log repeats an earlier attempt.
    pub(super) fn repeats(&mut self, e: &Event<'_>) -> bool {
        let port = e.value(Column::OrigP).port();
        let (Proto::Tcp, Some(port)) = (e.proto, port) else {
            return false;
        };
        let silent = e.outcome() == Outcome::Unanswered;
        let end = e.written.max(e.ts);
        let at = self.0.iter().position(|a| a.port == port);
        if let Some(a) = at.and_then(|at| self.0.get_mut(at)) {
            let gap = e.ts - a.last;
            let may_be = GAP.max(DOUBLES * (a.last - a.first));
            if gap >= 0.0 && gap <= may_be && e.ts - a.first <= SPAN {
                a.last = end;
                return true;
            }
        }
        if let Some(at) = at {
            self.0.remove(at);
        }
        if silent {
            if self.0.len() >= KEPT {
                self.0.remove(0);
            }
            self.0.push(Attempt {
                port,
                first: e.ts,
                last: end,
            });
        }
        false
    }

    /// True if it is one that [`Attempts::repeats`] can have made.
    pub(super) fn is_sound(&self) -> bool {
        let finite = |a: &Attempt| a.first.is_finite() && a.last.is_finite();
        self.0.len() <= KEPT && self.0.iter().all(finite)
    }
}
