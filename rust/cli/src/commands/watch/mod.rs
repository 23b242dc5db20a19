//! `watch`: the logs of a running Zeek, scored as they come.

pub mod args;
mod budget;
mod hosts;
mod sink;
mod state;

use super::alerts::shown;
use crate::allowed;
use crate::exit::{Failure, Status};
use crate::rows::{Finding, Findings};
use crate::say::{self, counted};
use args::WatchArgs;
use budget::Budget;
use hosts::Hosts;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use sink::Sink;
use state::{Lock, State};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use zeek_anomaly_behavior::{BehaviorColumns, Finding as Behavior};
use zeek_anomaly_engine::merge::InOrder;
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::stream::{Settled, Stream};
use zeek_anomaly_engine::{Limits, Model};
use zeek_anomaly_runner::AllowedRecords;
use zeek_log::follow::{Happened, Start, Tails};
use zeek_log::{BySchema, Input, Options};

/// Rows taken at once.
const AT_ONCE: usize = 50_000;

/// Rows that may wait; where there are more, the oldest wait no longer. Lines that were
/// not read yet wait on disk.
const WAITING: usize = 200_000;

/// How often the state is written at most.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// The longest sleep without a look at signals.
const NAP: Duration = Duration::from_millis(100);

/// Follows and scores until it is told to end.
pub fn run(args: &WatchArgs) -> Result<Status, Failure> {
    let model = Model::load(&args.model)?;
    for path in &args.paths {
        if let Err(e) = std::fs::metadata(path) {
            return Err(Failure::Said(format!(
                "{}: {e}; name the directory to follow logs that are still to come",
                path.display()
            )));
        }
    }
    let signals = Signals::catch()?;
    let _lock = args.state.as_deref().map(Lock::of_state).transpose()?;
    let earlier = args
        .state
        .as_deref()
        .map(State::load)
        .transpose()?
        .flatten();
    let written = earlier.as_ref().and_then(|s| s.output.as_ref());
    let (sink, found) = Sink::open(args.output.as_deref(), args.format, written)?;
    let lost = (args.output.as_deref()).is_some_and(|path| sink::say_found(path, &found));
    let mut tails = Tails::new(&args.paths, &Options::default());
    let start = match (args.once, args.from_now) {
        (_, true) => Start::End,
        (true, false) => Start::Everything,
        (false, false) => Start::Beginning,
    };
    let state = match earlier {
        Some(s) => {
            tails.resume(&s.files, &s.finished, s.times(), &args.archive, start);
            s
        }
        None => {
            tails.start(start);
            State::new()
        }
    };
    let budget = Budget::new(args, &model, state.alerts.as_deref());
    let allow = allowed::load(args.allow.as_deref())?;
    let mut watch = Watching {
        args,
        tails,
        stream: Stream::new(&model, Limits::default()),
        out: Out {
            args,
            sink,
            findings: Findings::default(),
            budget,
            allowed: AllowedRecords::new(allow),
            behaviors: 0,
            scored: 0,
            anomalous: 0,
            failed: None,
        },
        hosts: Hosts::new(args)?,
        columns: BySchema::default(),
        arrived: VecDeque::new(),
        state,
        saved: None,
        skipped: lost,
    };
    watch.run(&signals)
}

/// Signals that were caught.
struct Signals {
    end: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
}

impl Signals {
    fn catch() -> Result<Signals, Failure> {
        let signals = Signals {
            end: Arc::default(),
            reopen: Arc::default(),
        };
        for (signal, flag) in [
            (SIGTERM, &signals.end),
            (SIGINT, &signals.end),
            (SIGHUP, &signals.reopen),
        ] {
            signal_hook::flag::register(signal, flag.clone())
                .map_err(|e| Failure::Said(format!("signals cannot be caught: {e}")))?;
        }
        Ok(signals)
    }

    fn end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }
}

struct Watching<'a> {
    args: &'a WatchArgs,
    tails: Tails,
    stream: Stream<'a>,
    out: Out<'a>,
    /// Where behaviors are asked for.
    hosts: Option<Hosts>,
    columns: BySchema<BehaviorColumns>,
    /// When rows arrived that wait, and how many.
    arrived: VecDeque<(Instant, usize)>,
    state: State,
    saved: Option<Instant>,
    skipped: bool,
}

impl Watching<'_> {
    fn run(&mut self, signals: &Signals) -> Result<Status, Failure> {
        let mut queued = self.tails.queued();
        loop {
            let new = self.read();
            let idle = self.args.once && new == 0;
            let settled = self.settle(signals.end() || idle)?;
            self.out.sink.flush()?;
            if signals.reopen.swap(false, Ordering::Relaxed) {
                // On either side of it, the state says which file holds what.
                self.save(true, true)?;
                self.out.sink.reopen()?;
                self.save(true, true)?;
            }
            // What is closed by now leaves room for files that wait.
            let stuck = settled == 0 && self.tails.queued() == queued;
            let ending = signals.end() || idle && (self.tails.queued() == 0 || stuck);
            queued = self.tails.queued();
            let last = ending && self.stream.waiting() == 0;
            if let Some(hosts) = &mut self.hosts {
                self.out.take_behaviors(hosts.found(last))?;
                self.out.sink.flush()?;
                hosts.save(last)?;
            }
            self.save(ending, settled > 0)?;
            if last {
                break;
            }
            if new < AT_ONCE && queued == 0 && !ending && !self.args.once {
                self.sleep(signals);
            }
        }
        if queued > 0 && !signals.end() {
            self.skipped = true;
            say::warning(&format!(
                "{} not read, because no more files may be open; the next run reads them",
                counted(queued as u64, "rotated log")
            ));
        }
        if !self.args.quiet {
            let found = match self.args.hunt {
                true => format!(", {} of hosts", counted(self.out.behaviors, "finding")),
                false => String::new(),
            };
            say::line(&format!(
                "scored {}, {} at or above {}{found}",
                counted(self.out.scored, "record"),
                say::count(self.out.anomalous),
                self.args.threshold
            ));
            if self.args.allow.is_some() {
                allowed::say(&self.out.allowed);
            }
        }
        Ok(if self.skipped {
            Status::Skipped
        } else {
            Status::Fine
        })
    }

    /// Takes what is new.
    fn read(&mut self) -> usize {
        let stream = &mut self.stream;
        let new = self.tails.poll(AT_ONCE, &mut |input, row, before| {
            stream.arrive(input, row, before);
        });
        if new > 0 {
            self.arrived.push_back((Instant::now(), new));
        }
        for h in self.tails.happened() {
            self.tell(h);
        }
        new
    }

    /// Scores what has waited long enough; everything at the end.
    fn settle(&mut self, all: bool) -> Result<usize, Failure> {
        let mut n = 0;
        while let Some((when, rows)) = self.arrived.front() {
            let waiting = self.stream.waiting() - n;
            if !all && when.elapsed() < self.args.settle && waiting <= WAITING {
                break;
            }
            n += rows;
            self.arrived.pop_front();
        }
        if n == 0 {
            return Ok(0);
        }
        let (stream, out) = (&mut self.stream, &mut self.out);
        let mut to = Rows {
            tails: &mut self.tails,
            hosts: self.hosts.as_mut(),
            columns: &mut self.columns,
            out,
        };
        let flow = stream.settle(n, &mut to);
        match (flow, out.failed.take()) {
            (ControlFlow::Break(()), Some(failure)) => Err(failure),
            _ => Ok(n),
        }
    }

    fn save(&mut self, now: bool, changed: bool) -> Result<(), Failure> {
        let due = self.saved.is_none_or(|t| t.elapsed() >= STATE_EVERY);
        let Some(path) = &self.args.state else {
            return Ok(());
        };
        if !(now || due && (changed || self.saved.is_none())) {
            return Ok(());
        }
        (self.state.files, self.state.finished) = self.tails.marks();
        self.state.output = self.out.sink.written()?;
        if let Some(budget) = &self.out.budget {
            self.state.alerts = budget.state();
        }
        self.state.save(path)?;
        self.saved = Some(Instant::now());
        Ok(())
    }

    fn sleep(&self, signals: &Signals) {
        let until = Instant::now() + self.args.interval;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || signals.end() || signals.reopen.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(left.min(NAP));
        }
    }

    fn tell(&mut self, happened: Happened) {
        let name = |p: &Path| p.display().to_string();
        let (problem, text) = match happened {
            Happened::Opened(p, 0) => (false, format!("following {}", name(&p))),
            Happened::Opened(p, n) => (false, format!("following {} after line {n}", name(&p))),
            Happened::Rotated(p) => (false, format!("{}: read to its end", name(&p))),
            Happened::Rewritten(p) => (
                false,
                format!("{}: truncated or replaced, read from its start", name(&p)),
            ),
            Happened::Found(p, at) => (
                false,
                format!(
                    "{}: was rotated meanwhile, found as {}",
                    name(&p),
                    name(&at)
                ),
            ),
            Happened::Gone(p, n) => (
                true,
                format!(
                    "{}: was rotated meanwhile and is not found: lines after {n} were not seen \
                     (--archive names where rotated logs go)",
                    name(&p)
                ),
            ),
            Happened::Refused(p, r) => (true, format!("{}: {r}", name(&p))),
            Happened::RefusedMore(p, n) => (
                true,
                format!("{}: {} refused too", name(&p), counted(n, "more line")),
            ),
            Happened::Problem(e) => (true, e.to_string()),
        };
        if problem {
            self.skipped = true;
            say::warning(&text);
        } else if !self.args.quiet {
            say::line(&zeek_anomaly_base::text::printable(&text));
        }
    }
}

/// What becomes of rows that have settled.
struct Rows<'w, 'a> {
    tails: &'w mut Tails,
    hosts: Option<&'w mut Hosts>,
    columns: &'w mut BySchema<BehaviorColumns>,
    out: &'w mut Out<'a>,
}

impl Settled for Rows<'_, '_> {
    fn wants_order(&self) -> bool {
        self.hosts.is_some() || self.out.args.allow.is_some()
    }

    fn in_order(&mut self, row: &InOrder<'_>) {
        let columns = (self.columns).get(row.schema, |s| BehaviorColumns::bind(s));
        self.out.allowed.note(row, columns);
        if let Some(hosts) = &mut self.hosts {
            hosts.see(row, columns);
        }
    }

    fn scored(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
        self.out.take(scored)
    }

    fn done(&mut self, input: &Arc<Input>, line: u64) {
        self.tails.done(input, line);
    }
}

/// What becomes of scored records.
struct Out<'a> {
    args: &'a WatchArgs,
    sink: Sink,
    findings: Findings,
    /// Where alerts are wanted.
    budget: Option<Budget>,
    allowed: AllowedRecords,
    /// Findings of hosts that were written.
    behaviors: u64,
    scored: u64,
    anomalous: u64,
    failed: Option<Failure>,
}

impl Out<'_> {
    fn take(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
        self.scored += 1;
        if self.allowed.covers(scored) {
            return ControlFlow::Continue(());
        }
        let alert = self.budget.as_mut().map(|b| b.take(scored));
        let logs = &self.args.logs;
        if !logs.is_empty() && !logs.contains(&scored.schema.log) {
            return ControlFlow::Continue(());
        }
        let anomalous = scored.verdict.score >= self.args.threshold;
        self.anomalous += u64::from(anomalous);
        let wanted = match &alert {
            Some(alert) => alert.is_some(),
            None => anomalous || self.args.all,
        };
        if !wanted {
            return ControlFlow::Continue(());
        }
        let mut finding: Finding = self.findings.make(scored, self.args.threshold, anomalous);
        finding.alert = alert.flatten();
        match self.sink.write(&finding) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                self.failed = Some(e);
                ControlFlow::Break(())
            }
        }
    }

    /// Writes what was found of hosts, and what has grown since.
    fn take_behaviors(&mut self, found: Vec<Behavior>) -> Result<(), Failure> {
        for f in &found {
            let alert = self.budget.as_mut().map(|b| b.take_behavior(f));
            if matches!(alert, Some(None)) {
                continue;
            }
            let mut finding = shown(f);
            finding.alert = alert.flatten();
            self.behaviors += 1;
            self.sink.write(&finding)?;
        }
        Ok(())
    }
}
