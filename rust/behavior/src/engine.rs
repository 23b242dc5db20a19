//! All behaviours together, under one cap of memory.

use crate::allow::{Allow, Subject};
use crate::baseline::BehaviorBaseline;
use crate::behavior::Behavior;
use crate::clock::Clock;
use crate::event::{BehaviorColumns, Event, View};
use crate::finding::Finding;
use crate::network::NetworkView;
use crate::registry::BEHAVIORS;
use crate::risk::Risk;
use crate::settings::{MIN_MEMORY, Settings};
use crate::snapshot::{self, SnapshotError};
use crate::state::{Entry, GivenUp, Saved, Table};
use crate::{network, risk};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::net::IpAddr;
use std::path::Path;
use zeek_anomaly_base::Readers;
use zeek_log::Record;

/// The share of the memory for the findings themselves.
const BOOK_SHARE: u32 = 5;

/// What a finding takes at most, roughly, in bytes.
const FINDING_HEAP: usize = 2500;

/// Of the cap, what state may take; the rest is for records in flight and the allocator.
const FOR_STATE: f64 = 0.8;

/// Records that are remembered to know exact duplicates by.
const RECENT: usize = 1 << 14;

/// Seconds of the events' time between two ticks.
const TICK: f64 = 60.0;

/// What became of records and findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records seen.
    pub records: u64,
    /// Of these: with no usable time.
    pub untimed: u64,
    /// Exact duplicates of a recent record.
    pub duplicates: u64,
    /// Covered by the allowlist.
    pub allowed: u64,
    /// Findings that the allowlist covered.
    pub findings_allowed: u64,
    /// Findings that were as usual in training.
    pub findings_in_baseline: u64,
    /// Findings, updates among them.
    pub findings: u64,
    /// How often the clock was set, back or far ahead.
    pub clock_steps: u64,
}

/// The memory of one part, and what it gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Bytes that it takes now.
    pub bytes: usize,
    /// Bytes that it may take.
    pub budget: usize,
    /// What was given up to stay within them.
    pub given_up: GivenUp,
}

/// A finding in the book.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Booked(Option<Finding>);

impl Entry for Booked {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        self.0.as_ref().map_or(0.0, |f| f.score * f.confidence)
    }

    fn is_sound(&self) -> bool {
        self.0.as_ref().is_some_and(|f| {
            let numbers = [f.score, f.confidence, f.first, f.last];
            numbers.iter().all(|v| v.is_finite())
        })
    }
}

/// Watches records one by one for behaviors.
pub struct BehaviorEngine {
    network: NetworkView,
    behaviors: Vec<(usize, Box<dyn Behavior>)>,
    risk: Risk,
    book: Table<Booked>,
    allow: Allow,
    clock: Clock,
    ticked: f64,
    recent: Vec<u64>,
    counts: Counts,
    found: Vec<Finding>,
}

/// The parts of saved state, each encoded for itself.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    clock: Clock,
    ticked: f64,
    counts: Counts,
    #[serde(with = "serde_bytes")]
    network: Vec<u8>,
    #[serde(with = "serde_bytes")]
    risk: Vec<u8>,
    #[serde(with = "serde_bytes")]
    book: Vec<u8>,
    behaviors: Vec<(String, ByteBuf)>,
}

/// A engine's state on its way to a file; see [`BehaviorEngine::snapshot_step`]. It may go to another
/// thread.
#[derive(Debug, Default)]
pub struct Snapshot(State);

impl Snapshot {
    /// The bytes of the file.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn into_bytes(self) -> Result<Vec<u8>, SnapshotError> {
        let payload = crate::codec::encode(&self.0).map_err(SnapshotError::Unsaved)?;
        Ok(snapshot::seal(snapshot::STATE_MAGIC, &payload))
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// What prevented it.
    pub fn write(self, path: &Path) -> Result<(), SnapshotError> {
        snapshot::write(path, &self.into_bytes()?, Readers::Owner)
    }
}

/// Bytes for each unit of a share.
fn unit(settings: &Settings) -> usize {
    let shares: u32 = BEHAVIORS.iter().map(|d| d.share).sum();
    let shares = shares + network::SHARE + risk::SHARE + BOOK_SHARE;
    let memory = settings.memory.max(MIN_MEMORY) - RECENT * 8;
    (memory as f64 * FOR_STATE / f64::from(shares)) as usize
}

impl BehaviorEngine {
    /// A engine that has seen nothing. `baseline` is what ordinary logs have taught, where
    /// they have. Less memory than [`MIN_MEMORY`] is taken as that.
    pub fn new(settings: Settings, baseline: Option<BehaviorBaseline>) -> BehaviorEngine {
        let unit = unit(&settings);
        let of = |share: u32| unit * share as usize;
        let behaviors = BEHAVIORS
            .iter()
            .map(|d| (of(d.share), (d.make)(&settings, of(d.share))))
            .collect();
        BehaviorEngine {
            behaviors,
            risk: Risk::new(of(risk::SHARE)),
            book: Table::new(of(BOOK_SHARE), FINDING_HEAP, FINDING_HEAP),
            network: NetworkView::new(settings, baseline.unwrap_or_default(), of(network::SHARE)),
            allow: Allow::default(),
            clock: Clock::default(),
            ticked: 0.0,
            recent: vec![0; RECENT],
            counts: Counts::default(),
            found: Vec::new(),
        }
    }

    /// A engine that learns from ordinary logs what is usual; see [`BehaviorEngine::learned`].
    pub fn learner(settings: Settings) -> BehaviorEngine {
        let mut engine = BehaviorEngine::new(settings, None);
        engine.network.learning = true;
        engine
    }

    /// What has been learned so far.
    pub fn learned(&self) -> BehaviorBaseline {
        BehaviorBaseline::new(
            self.network.hosts_seen(),
            self.network.targets(),
            self.findings(),
        )
    }

    /// The allowlist, to be set, re-read and asked for its counts.
    pub fn allow(&mut self) -> &mut Allow {
        &mut self.allow
    }

    /// What every behaviour may know.
    pub fn network(&self) -> &NetworkView {
        &self.network
    }

    /// Looks at a record; what was found, or has grown, goes to `out`.
    pub fn observe(
        &mut self,
        columns: &BehaviorColumns,
        record: &Record<'_>,
        out: &mut Vec<Finding>,
    ) {
        self.observe_as(View::Whole, columns, record, out);
    }

    /// Looks at what of a record is this process's; what was found, or has grown, goes to `out`. A record
    /// that comes by several views is counted as the originator's.
    pub fn observe_as(
        &mut self,
        view: View,
        columns: &BehaviorColumns,
        record: &Record<'_>,
        out: &mut Vec<Finding>,
    ) {
        let sides = matches!(view, View::Target | View::Network);
        self.counts.records += u64::from(!sides);
        let Some(mut event) = Event::new(columns, *record) else {
            self.counts.untimed += u64::from(!sides);
            return;
        };
        event.view = view;
        let print = event.fingerprint();
        match self.recent.get_mut(print as usize % RECENT) {
            Some(last) if *last == print => {
                self.counts.duplicates += u64::from(!sides);
                return;
            }
            Some(last) => *last = print,
            None => {}
        }
        self.clock.see(event.written);
        self.network.locate(&mut event);
        if self.allow.covers_record(&event) {
            self.counts.allowed += u64::from(!sides);
            return;
        }
        if view != View::Target {
            self.network.observe(&event);
        }
        for (_, b) in &mut self.behaviors {
            match sides {
                true => b.observe_side(&event, &self.network, &mut self.found),
                false => b.observe(&event, &self.network, &mut self.found),
            }
        }
        if (self.clock.now() - self.ticked).abs() >= TICK {
            self.ticked = self.clock.now();
            self.tick_all();
        }
        self.settle(out);
    }

    /// Time has passed without records: `now` is that of the network, seconds since
    /// the epoch.
    pub fn tick(&mut self, now: f64, out: &mut Vec<Finding>) {
        if now.is_finite() && now > 0.0 {
            self.clock.see(now);
        }
        self.tick_all();
        self.settle(out);
    }

    /// There is nothing more to see for now: findings that have grown since they were given
    /// are given again, with all their evidence.
    pub fn finish(&mut self, out: &mut Vec<Finding>) {
        self.tick_all();
        for (_, b) in &mut self.behaviors {
            b.finish(&self.network, &mut self.found);
        }
        self.settle(out);
    }

    fn tick_all(&mut self) {
        let now = self.clock.now();
        for (_, b) in &mut self.behaviors {
            b.tick(now, &self.network, &mut self.found);
        }
    }

    /// Lets findings through that nobody calls fine or usual, and adds them up by host.
    fn settle(&mut self, out: &mut Vec<Finding>) {
        for f in std::mem::take(&mut self.found) {
            if !self.allow.is_empty() && self.allow.covers(&Subject::of_finding(&f)) {
                self.counts.findings_allowed += 1;
                continue;
            }
            if self.network.baseline.covers(&f) {
                self.counts.findings_in_baseline += 1;
                continue;
            }
            let host = self.risk.add(&f, self.network.settings());
            for f in [Some(f), host].into_iter().flatten() {
                self.counts.findings += 1;
                self.book
                    .update(f.id, Booked::default, |b| b.0 = Some(f.clone()));
                out.push(f);
            }
        }
    }

    /// The last state of each finding, the newest of them as far as memory goes; in no order
    /// that means anything.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.book.values().filter_map(|b| b.0.as_ref())
    }

    /// What the findings of a host add up to by now.
    pub fn risk_of(&self, host: IpAddr) -> f64 {
        self.risk
            .of(host, self.clock.now(), self.network.settings())
    }

    /// The time of the events, seconds since the epoch.
    pub fn now(&self) -> f64 {
        self.clock.now()
    }

    /// What became of records and findings.
    pub fn counts(&self) -> Counts {
        Counts {
            clock_steps: self.clock.steps(),
            ..self.counts
        }
    }

    /// The memory of each part, and what was given up.
    pub fn parts(&self) -> Vec<Part> {
        let unit = unit(self.network.settings());
        let part = |name, bytes, share: u32, given_up| Part {
            name,
            bytes,
            budget: unit * share as usize,
            given_up,
        };
        let mut parts: Vec<Part> = BEHAVIORS
            .iter()
            .zip(&self.behaviors)
            .map(|(d, (_, b))| part(d.name, b.memory(), d.share, b.given_up()))
            .collect();
        let (network, risk) = (&self.network, &self.risk);
        parts.push(part(
            "talkers",
            network.memory(),
            network::SHARE,
            network.given_up(),
        ));
        parts.push(part("risk", risk.memory(), risk::SHARE, risk.given_up()));
        let book = self.book.memory(|_| FINDING_HEAP);
        parts.push(part("findings", book, BOOK_SHARE, self.book.given_up()));
        parts
    }

    /// The whole state as bytes; the same state gives the same bytes. The allowlist and
    /// what is usual are not part of it: they have their own files.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn save(&self) -> Result<Vec<u8>, SnapshotError> {
        let mut taken = Snapshot::default();
        while !self.snapshot_step(&mut taken)? {}
        taken.into_bytes()
    }

    /// Encodes the next part of the state, and tells whether that was the last. Between the
    /// steps the engine may go on: each part stands for itself, as of its moment.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn snapshot_step(&self, taken: &mut Snapshot) -> Result<bool, SnapshotError> {
        let unsaved = SnapshotError::Unsaved;
        let state = &mut taken.0;
        let next = BEHAVIORS
            .iter()
            .zip(&self.behaviors)
            .nth(state.behaviors.len());
        if let Some((d, (_, b))) = next {
            let bytes = b.save().map_err(unsaved)?;
            state
                .behaviors
                .push((d.name.to_owned(), ByteBuf::from(bytes)));
        } else if state.network.is_empty() {
            state.network = self.network.save().map_err(unsaved)?;
        } else {
            (state.clock, state.ticked, state.counts) = (self.clock, self.ticked, self.counts);
            state.risk = self.risk.save().map_err(unsaved)?;
            state.book = crate::codec::encode(&self.book).map_err(unsaved)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// A engine that goes on from saved state, under these settings. What was saved
    /// of a behaviour that is not there any more is left out; one that is new begins empty.
    ///
    /// # Errors
    /// What is refused, and why.
    pub fn restore(
        settings: Settings,
        baseline: Option<BehaviorBaseline>,
        bytes: &[u8],
    ) -> Result<BehaviorEngine, SnapshotError> {
        let damaged = SnapshotError::Damaged;
        let payload = snapshot::open(snapshot::STATE_MAGIC, bytes)?;
        let state: State = crate::codec::decode(payload).map_err(damaged)?;
        let mut engine = BehaviorEngine::new(settings, baseline);
        if !state.clock.is_sound() || !state.ticked.is_finite() {
            return Err(damaged("a clock that makes no sense".into()));
        }
        (engine.clock, engine.ticked) = (state.clock, state.ticked);
        engine.counts = state.counts;
        engine.network.restore(&state.network).map_err(damaged)?;
        engine.risk.restore(&state.risk).map_err(damaged)?;
        let book: Saved<Booked> = crate::codec::decode(&state.book).map_err(damaged)?;
        engine.book.restore(book).map_err(|e| damaged(e.into()))?;
        for (d, (_, b)) in BEHAVIORS.iter().zip(&mut engine.behaviors) {
            if let Some((_, bytes)) = state.behaviors.iter().find(|(name, _)| name == d.name) {
                b.restore(bytes).map_err(damaged)?;
            }
        }
        Ok(engine)
    }

    /// Writes the state to a file, whole or not at all.
    ///
    /// # Errors
    /// What prevented it.
    pub fn save_to(&self, path: &Path) -> Result<(), SnapshotError> {
        snapshot::write(path, &self.save()?, Readers::Owner)
    }

    /// Goes on from the state in a file.
    ///
    /// # Errors
    /// What is refused, and why.
    pub fn restore_from(
        settings: Settings,
        baseline: Option<BehaviorBaseline>,
        path: &Path,
    ) -> Result<BehaviorEngine, SnapshotError> {
        BehaviorEngine::restore(settings, baseline, &snapshot::read(path)?)
    }
}
