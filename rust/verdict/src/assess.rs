//! Reads a directory and judges it.

use crate::collector::{Assessment, Collector};
use hashbrown::HashMap;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_behavior::{Columns, Hunter, Settings, Usual};
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::merge;
use zeek_anomaly_engine::offline::{self, Observer, ReadParams, Scored, Tally};
use zeek_anomaly_engine::train::TrainParams;
use zeek_log::{Error, Input, Record, Schema, Stats};

/// By what a directory is judged.
#[derive(Clone, Copy, Debug)]
pub enum By<'m> {
    /// A model of other logs.
    Model(&'m Model),
    /// A model that was fitted on its own rows already.
    Fitted(&'m Model),
    /// Its own rows: a model is fitted on them, and each is judged as if it had not been
    /// there. An attack that is most of a directory is then not strange, but still has its signs.
    Itself(&'m TrainParams),
}

/// Judges what `inputs` hold (one directory's); they are read once more for what goes by time.
/// `usual` is what the behaviours engine learned of ordinary days, without which beacons do not
/// count. `also` gets every scored record too, so that a caller
/// who wants more of them need not read twice.
pub fn assess(
    inputs: &[Input],
    by: By<'_>,
    read: &ReadParams,
    threshold: f64,
    usual: Option<&Usual>,
    observer: &mut dyn Observer,
    also: &mut dyn FnMut(&Scored<'_>),
) -> Assessment {
    with(
        inputs,
        by,
        read,
        threshold,
        observer,
        also,
        &mut |collector, observer| {
            let hunter = hunt(inputs, read, usual, &mut OnlyProgress(observer));
            collector.hunted(hunter.findings(), usual.is_some());
        },
    )
}

/// The same for a caller who has hunted already; `usual` is whether it was known what is usual.
pub fn assess_hunted(
    inputs: &[Input],
    by: By<'_>,
    read: &ReadParams,
    threshold: f64,
    (hunter, usual): (&Hunter, bool),
    observer: &mut dyn Observer,
    also: &mut dyn FnMut(&Scored<'_>),
) -> Assessment {
    with(
        inputs,
        by,
        read,
        threshold,
        observer,
        also,
        &mut |collector, _| {
            collector.hunted(hunter.findings(), usual);
        },
    )
}

fn with(
    inputs: &[Input],
    by: By<'_>,
    read: &ReadParams,
    threshold: f64,
    observer: &mut dyn Observer,
    also: &mut dyn FnMut(&Scored<'_>),
    hunted: &mut dyn FnMut(&mut Collector<'_>, &mut dyn Observer),
) -> Assessment {
    let own;
    let (model, own_rows) = match by {
        By::Model(model) => (model, false),
        By::Fitted(model) => (model, true),
        By::Itself(params) => {
            let params = TrainParams {
                own_rows: true,
                ..params.clone()
            };
            // What is wrong with the input is said when it is read again.
            own = offline::train(inputs, &params, read, &mut OnlyProgress(&mut *observer));
            (&own, true)
        }
    };
    let collector = RefCell::new(Collector::new(model, own_rows, threshold));
    let mut both = Both {
        observer: &mut *observer,
        collector: &collector,
    };
    offline::score(inputs, model, own_rows, read, &mut both, &mut |scored| {
        collector.borrow_mut().scored(scored);
        also(scored);
        ControlFlow::Continue(())
    });
    let mut collector = collector.into_inner();
    hunted(&mut collector, observer);
    collector.finish()
}

/// Schemas that are bound at once.
const SCHEMAS: usize = 4096;

/// Hands all records to the behaviours engine, in the order in which they were written.
fn hunt(
    inputs: &[Input],
    read: &ReadParams,
    usual: Option<&Usual>,
    observer: &mut dyn Observer,
) -> Hunter {
    let mut hunter = Hunter::new(Settings::default(), usual.cloned());
    let mut bound: HashMap<usize, (Arc<Schema>, Columns)> = HashMap::new();
    let mut out = Vec::new();
    merge::in_order(inputs, read, observer, &mut |row| {
        let key = Arc::as_ptr(row.schema) as usize;
        if bound.len() >= SCHEMAS && !bound.contains_key(&key) {
            bound.clear();
        }
        let (_, columns) = bound
            .entry(key)
            .or_insert_with(|| (row.schema.clone(), Columns::bind(row.schema)));
        hunter.observe(columns, &row.record, &mut out);
        // The hunter keeps the last state of each.
        out.clear();
        ControlFlow::Continue(())
    });
    hunter.tick(hunter.now(), &mut out);
    hunter
}

/// Passes on how far the work is, and nothing else.
struct OnlyProgress<'a>(&'a mut dyn Observer);

impl Observer for OnlyProgress<'_> {
    fn progress(&mut self, bytes: u64, rows: u64) {
        self.0.progress(bytes, rows);
    }
}

/// Passes everything on, and rows to the collector too.
struct Both<'a, 'm> {
    observer: &'a mut dyn Observer,
    collector: &'a RefCell<Collector<'m>>,
}

impl Observer for Both<'_, '_> {
    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        self.collector.borrow_mut().row(schema, record);
        self.observer.row(schema, record);
    }

    fn progress(&mut self, bytes: u64, rows: u64) {
        self.observer.progress(bytes, rows);
    }

    fn problem(&mut self, error: Error) {
        self.observer.problem(error);
    }

    fn finished(&mut self, input: &Input, stats: &Stats, tally: &Tally) {
        self.observer.finished(input, stats, tally);
    }

    fn log_finished(&mut self, input: &Input, schema: &Schema, tally: &Tally) {
        self.observer.log_finished(input, schema, tally);
    }

    fn context_dropped(&mut self, connections: u64, items: u64) {
        self.observer.context_dropped(connections, items);
    }
}
