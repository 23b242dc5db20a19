//! The plan: one source, what is made of its rows, and who gets what comes of it.

use crate::coverage::Coverage;
use crate::source::Source;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Event, Finding};
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::merge::{self, InOrder};
use zeek_anomaly_engine::offline::{
    Observer, ReadParams, Scored, Scoring, Tally, Training, batches,
};
use zeek_anomaly_engine::train::Trainer;
use zeek_log::{BySchema, Error, Input, Record, Schema, Stats};

/// BehaviorColumns that behaviors see even where they are blanked: without them there is nobody whom a
/// finding could be about.
pub const ENDPOINTS: [&str; 2] = ["id.orig_h", "id.resp_h"];

/// Where what a run yields goes. Everything has a default that does nothing.
pub trait Sink {
    /// A row that counts, before it is scored; also one of a log that the model has nothing for.
    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        let _ = (schema, record);
    }

    /// A scored record. `Break` ends the run.
    fn scored(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
        let _ = scored;
        ControlFlow::Continue(())
    }

    /// A record in the order of time, before behaviors see it and before it is scored; only in a run with
    /// behaviors, or [`Run::in_order`].
    fn in_order(&mut self, row: &InOrder<'_>, columns: &BehaviorColumns) {
        let _ = (row, columns);
    }

    /// A behavioral finding, or what it has grown to.
    fn finding(&mut self, finding: &Finding) {
        let _ = finding;
    }

    /// All records were seen, in a run with behaviors.
    fn watched(&mut self, engine: &BehaviorEngine) {
        let _ = engine;
    }
}

/// Calls something with each scored record.
pub fn on_scored(f: impl FnMut(&Scored<'_>) -> ControlFlow<()>) -> impl Sink {
    struct OnScored<F>(F);
    impl<F: FnMut(&Scored<'_>) -> ControlFlow<()>> Sink for OnScored<F> {
        fn scored(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
            (self.0)(scored)
        }
    }
    OnScored(f)
}

/// Calls something with each behavioral finding, and again when it has grown.
pub fn on_finding(f: impl FnMut(&Finding)) -> impl Sink {
    struct OnFinding<F>(F);
    impl<F: FnMut(&Finding)> Sink for OnFinding<F> {
        fn finding(&mut self, finding: &Finding) {
            (self.0)(finding);
        }
    }
    OnFinding(f)
}

/// A run to be made.
pub struct Run<'a> {
    source: &'a Source,
    model: Option<(&'a Model, bool)>,
    behaviors: Option<&'a mut BehaviorEngine>,
    sinks: Vec<&'a mut dyn Sink>,
    in_order: bool,
    read_again: bool,
}

impl<'a> Run<'a> {
    /// Reads this source.
    pub fn of(source: &'a Source) -> Run<'a> {
        Run {
            source,
            model: None,
            behaviors: None,
            sinks: Vec::new(),
            in_order: false,
            read_again: false,
        }
    }

    /// Scores the rows. With `own_rows` the model was fitted on these very rows, and each is judged
    /// as if it had not been among them.
    pub fn score(mut self, model: &'a Model, own_rows: bool) -> Run<'a> {
        self.model = Some((model, own_rows));
        self
    }

    /// Lets behaviors watch the rows, in the order of time.
    pub fn behaviors(mut self, engine: &'a mut BehaviorEngine) -> Run<'a> {
        self.behaviors = Some(engine);
        self
    }

    /// Sinks get the rows in the order of time even without behaviors.
    pub fn in_order(mut self) -> Run<'a> {
        self.in_order = true;
        self
    }

    /// Adds a sink.
    pub fn sink(mut self, sink: &'a mut dyn Sink) -> Run<'a> {
        self.sinks.push(sink);
        self
    }

    /// The source is read again after this run: its files stay open.
    pub fn and_again(mut self) -> Run<'a> {
        self.read_again = true;
        self
    }

    /// Reads. `progress` gets the bytes and rows that were read since it was called last.
    pub fn go(self, progress: &mut dyn FnMut(u64, u64)) -> Coverage {
        let read = &self.source.read;
        let Some((model, own_rows)) = self.model else {
            return self.each_batch(None, progress);
        };
        let mut scoring = Scoring::new(model, own_rows, read);
        let mut score = |batch: &[Input], teller: &mut Teller<'_, '_>| {
            let sinks = teller.sinks;
            scoring.batch(batch, read, teller, &mut |scored| {
                let mut sinks = sinks.borrow_mut();
                sinks.iter_mut().try_for_each(|s| s.scored(scored))
            })
        };
        let mut coverage = self.each_batch(Some(&mut score), progress);
        scoring.finish(&mut coverage);
        coverage
    }

    /// Trains on the rows instead of scoring them.
    pub fn train(self, trainer: Trainer, progress: &mut dyn FnMut(u64, u64)) -> (Model, Coverage) {
        let read = &self.source.read;
        let mut training = Training::new(trainer, read);
        let mut learn = |batch: &[Input], teller: &mut Teller<'_, '_>| {
            training.batch(batch, read, teller);
            ControlFlow::Continue(())
        };
        let mut coverage = self.each_batch(Some(&mut learn), progress);
        let model = training.finish(&mut coverage);
        (model, coverage)
    }

    /// Reads batch by batch: in the order of time for behaviors, then as `work` does.
    fn each_batch(
        self,
        mut work: Option<&mut BatchWork<'_>>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Coverage {
        let Source { inputs, read, .. } = self.source;
        let mut coverage = Coverage::of(self.source);
        coverage.scored = work.is_some();
        let sinks = RefCell::new(self.sinks);
        let mut watching = (self.in_order || self.behaviors.is_some())
            .then(|| Watching::new(self.behaviors, read));
        let mut teller = Teller {
            coverage: &mut coverage,
            progress,
            sinks: &sinks,
            counts: true,
        };
        for batch in batches(inputs) {
            let mut flow = ControlFlow::Continue(());
            if let Some(watching) = &mut watching {
                // Rows are counted once, by what reads them last.
                teller.counts = work.is_none();
                flow = merge::batch_in_order(&batch, read, &mut teller, &mut |row| {
                    watching.see(row, &sinks)
                });
                teller.counts = true;
            }
            if let Some(work) = &mut work {
                flow = work(&batch, &mut teller);
            }
            if !self.read_again {
                read.files.close(&batch);
            }
            if flow.is_break() {
                break;
            }
        }
        if let Some(watching) = watching {
            watching.finish(&sinks, &mut coverage);
        }
        coverage
    }
}

/// What is done with a batch, beside watching it.
type BatchWork<'w> = dyn FnMut(&[Input], &mut Teller<'_, '_>) -> ControlFlow<()> + 'w;

type Sinks<'a> = RefCell<Vec<&'a mut dyn Sink>>;

/// What behaviors see of a schema, and what sinks see.
struct Bound {
    seen: BehaviorColumns,
    all: BehaviorColumns,
    /// The place of the log's count.
    log: usize,
}

/// The engine of behaviors at work.
struct Watching<'a> {
    engine: Option<&'a mut BehaviorEngine>,
    /// What is blanked for behaviors.
    read: ReadParams,
    bound: BySchema<Bound>,
    logs: Vec<(String, u64)>,
    out: Vec<Finding>,
}

impl<'a> Watching<'a> {
    fn new(engine: Option<&'a mut BehaviorEngine>, read: &ReadParams) -> Watching<'a> {
        let mut read = read.clone();
        read.blank.retain(|c| !ENDPOINTS.contains(&c.as_str()));
        Watching {
            engine,
            read,
            bound: BySchema::default(),
            logs: Vec::new(),
            out: Vec::new(),
        }
    }

    fn see(&mut self, row: &InOrder<'_>, sinks: &Sinks<'_>) -> ControlFlow<()> {
        let (logs, read) = (&mut self.logs, &self.read);
        let bound = self.bound.get(row.schema, |schema| {
            let known = logs.iter().position(|(log, _)| *log == schema.log);
            let log = known.unwrap_or_else(|| {
                logs.push((schema.log.clone(), 0));
                logs.len() - 1
            });
            Bound {
                seen: BehaviorColumns::bind(&read.blind(schema)),
                all: BehaviorColumns::bind(schema),
                log,
            }
        });
        let mut sinks = sinks.borrow_mut();
        for sink in sinks.iter_mut() {
            sink.in_order(row, &bound.all);
        }
        let Some(engine) = &mut self.engine else {
            return ControlFlow::Continue(());
        };
        if bound.seen.is_wanted() && Event::new(&bound.seen, row.record).is_some() {
            self.logs[bound.log].1 += 1;
        }
        engine.observe(&bound.seen, &row.record, &mut self.out);
        for finding in self.out.drain(..) {
            for sink in sinks.iter_mut() {
                sink.finding(&finding);
            }
        }
        ControlFlow::Continue(())
    }

    fn finish(mut self, sinks: &Sinks<'_>, coverage: &mut Coverage) {
        let Some(engine) = self.engine else { return };
        engine.finish(&mut self.out);
        for sink in sinks.borrow_mut().iter_mut() {
            for finding in &self.out {
                sink.finding(finding);
            }
            sink.watched(engine);
        }
        for (log, rows) in self.logs.drain(..).filter(|(_, rows)| *rows > 0) {
            coverage.logs.entry(log).or_default().behaviors += rows;
        }
    }
}

/// Passes on the progress that the engine reports.
struct Teller<'r, 'a> {
    coverage: &'r mut Coverage,
    progress: &'r mut dyn FnMut(u64, u64),
    sinks: &'r Sinks<'a>,
    /// Whether this pass counts the rows.
    counts: bool,
}

impl Observer for Teller<'_, '_> {
    fn progress(&mut self, bytes: u64, rows: u64) {
        (self.progress)(bytes, rows);
    }

    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        for sink in self.sinks.borrow_mut().iter_mut() {
            sink.row(schema, record);
        }
    }

    fn problem(&mut self, error: Error) {
        if self.counts {
            self.coverage.problem(error);
        }
    }

    fn finished(&mut self, input: &Input, stats: &Stats, tally: &Tally) {
        if self.counts {
            self.coverage.finished(input, stats, tally);
        }
    }

    fn log_finished(&mut self, input: &Input, schema: &Schema, tally: &Tally) {
        if self.counts {
            self.coverage.log_finished(input, schema, tally);
        }
    }

    fn context_dropped(&mut self, connections: u64, items: u64) {
        self.coverage.context_dropped(connections, items);
    }
}
