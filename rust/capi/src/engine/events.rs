//! Events on their way to the caller, and what waits for a decision.

use super::show::Shown;
use super::{Inner, za_engine};
use crate::guard::fill_in;
use crate::results::{za_event, za_event_data, za_event_kind};
use crate::status::{za_error, za_status};
use std::collections::VecDeque;
use zeek_anomaly_alerts::{Candidate, Identity};
use zeek_anomaly_behavior::Finding;
use zeek_anomaly_engine::{Reason, Verdict};

/// Events that wait to be taken at most; the oldest go first, and are counted.
const MAX_WAITING: usize = 10_000;

/// Events that were taken and wait for a decision at most; the oldest go first. Those that
/// the caller exempts are never decided.
const MAX_UNDECIDED: usize = 1 << 16;

/// A record that stands out.
pub(super) struct Anomaly {
    pub(super) verdict: Verdict,
    pub(super) candidate: Candidate,
    pub(super) reasons: Vec<Reason>,
}

enum Event {
    Anomaly(Box<Anomaly>),
    Behavior(Box<Finding>),
    ModelLoaded(String),
    Warning(String),
}

/// What a decision is about.
#[derive(Clone, Copy)]
pub(super) enum Undecided {
    Anomaly(Candidate),
    Behavior {
        identity: Identity,
        score: f64,
        ts: f64,
        records: u64,
    },
}

#[derive(Default)]
pub(super) struct Events {
    waiting: VecDeque<Event>,
    dropped: u64,
    /// In the order of their ids.
    undecided: VecDeque<(u64, Undecided)>,
    /// The id that was given last.
    last_id: u64,
    shown: Shown,
    /// Whether batches that are not full go out, too.
    pub(super) flush: bool,
}

impl Events {
    pub(super) fn anomaly(&mut self, v: &Verdict, candidate: &Candidate, reasons: Vec<Reason>) {
        self.push(Event::Anomaly(Box::new(Anomaly {
            verdict: *v,
            candidate: *candidate,
            reasons,
        })));
    }

    pub(super) fn behaviors(&mut self, found: &mut Vec<Finding>) {
        for f in found.drain(..) {
            self.push(Event::Behavior(Box::new(f)));
        }
    }

    pub(super) fn model_loaded(&mut self, path: String) {
        self.push(Event::ModelLoaded(path));
    }

    pub(super) fn warn(&mut self, text: String) {
        self.push(Event::Warning(text));
    }

    fn push(&mut self, event: Event) {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(event);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The next of those that came from records; its id and contents.
    fn take(&mut self) -> Option<(za_event_kind, u64, za_event_data)> {
        let event = self.waiting.pop_front()?;
        let shown = &mut self.shown;
        Some(match event {
            Event::ModelLoaded(path) => (za_event_kind::ModelLoaded, 0, shown.words(&path)),
            Event::Warning(text) => (za_event_kind::Warning, 0, shown.words(&text)),
            Event::Anomaly(a) => {
                let undecided = Undecided::Anomaly(a.candidate);
                let data = shown.anomaly(*a);
                let id = self.wait(undecided);
                (za_event_kind::Anomaly, id, data)
            }
            Event::Behavior(f) => {
                let undecided = Undecided::Behavior {
                    identity: Identity::of_behavior(f.kind.0.name, f.id, f.entity.host()),
                    score: f.score,
                    ts: f.last,
                    records: f.count,
                };
                let data = shown.behavior(&f);
                let id = self.wait(undecided);
                (za_event_kind::Behavior, id, data)
            }
        })
    }

    /// Keeps what a decision may be asked for; its id.
    fn wait(&mut self, what: Undecided) -> u64 {
        if self.undecided.len() >= MAX_UNDECIDED {
            self.undecided.pop_front();
        }
        self.last_id += 1;
        self.undecided.push_back((self.last_id, what));
        self.last_id
    }

    /// What waits under an id, which waits no more.
    pub(super) fn undecided(&mut self, id: u64) -> Option<Undecided> {
        let at = self.undecided.binary_search_by_key(&id, |u| u.0).ok()?;
        self.undecided.remove(at).map(|u| u.1)
    }

    /// The numbers of logs are others now; `None` for logs that are gone.
    pub(super) fn renumber(&mut self, log: impl Fn(usize) -> Option<usize>) {
        let gone = usize::MAX;
        let of = |c: &mut Candidate| c.log = log(c.log).unwrap_or(gone);
        for event in &mut self.waiting {
            if let Event::Anomaly(a) = event {
                of(&mut a.candidate);
            }
        }
        for (_, undecided) in &mut self.undecided {
            if let Undecided::Anomaly(c) = undecided {
                of(c);
            }
        }
    }
}

/// Takes the next event: anomalies, behaviors, loaded models and warnings in their order; then
/// packed records, closed findings, days and drift. Its kind is ZA_EVENT_KIND_NONE where no
/// event waits. Call it until then: after za_engine_observe where events wait, and after
/// za_engine_tick, za_engine_unpack, za_engine_finish, za_engine_save,
/// za_engine_configure and za_engine_watch_behaviors.
///
/// Ownership: out is the caller's; texts and arrays in it belong to the engine and stay
/// until the next za_engine_next_event. NULL: ZA_STATUS_NULL for engine and out. Threads:
/// any, but those that share an engine need a lock around this call and the use of what it
/// gave.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_next_event(
    engine: *mut za_engine,
    out: *mut za_event,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let (kind, id, data) = inner.next();
        Ok(za_event {
            size,
            kind: kind as u32,
            id,
            r#as: data,
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}

impl Inner {
    fn next(&mut self) -> (za_event_kind, u64, za_event_data) {
        self.events.shown.clear();
        if let Some(event) = self.events.take() {
            return event;
        }
        let shown = &mut self.events.shown;
        if let Some(batch) = self.role.batch(self.events.flush) {
            return (za_event_kind::Batch, 0, shown.batch(batch));
        }
        self.events.flush = false;
        if let Some(closed) = self.engine.take_finding_summary() {
            return (za_event_kind::FindingClosed, 0, shown.closed(&closed));
        }
        if let Some(day) = self.engine.take_day() {
            return (za_event_kind::BudgetDay, 0, shown.day(&day));
        }
        if let Some(drift) = self.engine.take_drift() {
            return (za_event_kind::Drift, 0, shown.drift(&drift));
        }
        (za_event_kind::None, 0, no_data())
    }
}

/// Contents of which every byte is 0.
pub(super) fn no_data() -> za_event_data {
    // SAFETY: numbers and pointers, for which zero is valid.
    unsafe { std::mem::zeroed() }
}
