//! What is kept of logins: one source at one host, one source at all, all at one host.

use super::login::Who;
use crate::state::{Distinct, Entry, Fading, Spans, Uids};
use serde::{Deserialize, Serialize};

/// One source's logins at one host's service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) who: Option<Who>,
    pub(super) first: f64,
    pub(super) last: f64,
    pub(super) walk: f64,
    pub(super) failed: f64,
    pub(super) worked: u64,
    pub(super) users: Distinct,
    /// Sessions with unknown outcome, decaying.
    pub(super) sessions: f64,
    pub(super) seen: u64,
    pub(super) uids: Uids,
    pub(super) reported: (f64, u32),
    pub(super) success_reported: bool,
}

impl Entry for Pair {
    fn is_established(&self) -> bool {
        self.failed + self.sessions >= 3.0
    }

    fn merit(&self) -> f64 {
        self.walk.max(self.sessions / 10.0)
    }

    fn is_sound(&self) -> bool {
        let numbers = [self.first, self.last, self.walk, self.failed, self.sessions];
        numbers.iter().all(|v| v.is_finite()) && self.users.is_sound() && self.uids.is_sound()
    }
}

/// One source at all hosts, or all sources at one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) who: Option<Who>,
    pub(super) spans: Spans,
    pub(super) last: f64,
    pub(super) walk: f64,
    pub(super) failed: f64,
    pub(super) worked: u64,
    pub(super) users: Fading,
    pub(super) hosts: Fading,
    pub(super) uids: Uids,
    pub(super) reported: (f64, u32),
}

impl Entry for Group {
    fn is_established(&self) -> bool {
        self.failed >= 3.0
    }

    fn merit(&self) -> f64 {
        self.users.count().max(self.hosts.count())
    }

    fn is_sound(&self) -> bool {
        let numbers = [self.last, self.failed, self.walk];
        numbers.iter().all(|v| v.is_finite())
            && self.users.is_sound()
            && self.hosts.is_sound()
            && self.uids.is_sound()
            && self.spans.is_sound()
    }
}

impl Group {
    /// A span is over: what was before it counts no more, and half of what happened in it.
    pub(super) fn turn(&mut self) {
        self.users.turn();
        self.hosts.turn();
        (self.failed, self.worked) = (self.failed / 2.0, self.worked / 2);
        self.walk /= 2.0;
        let size = self.users.count().max(self.hosts.count());
        self.reported.0 = self.reported.0.min(size);
        self.uids = Uids::default();
    }
}
