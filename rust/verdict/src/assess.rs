//! Reads a directory and judges it.

use crate::collector::{Assessment, Collector};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::offline::{self, Observer, ReadParams, Scored, Tally};
use zeek_anomaly_engine::train::TrainParams;
use zeek_log::{Error, Input, Record, Schema, Stats};

/// By what a directory is judged.
#[derive(Clone, Copy, Debug)]
pub enum By<'m> {
    /// A model of other logs.
    Model(&'m Model),
    /// Its own rows: a model is fitted on them, and each is judged as if it had not been
    /// there. An attack that is most of a directory is then not strange, but still has its signs.
    Itself(&'m TrainParams),
}

/// Judges what `inputs` hold (one directory's). `also` gets every scored record too, so that a caller
/// who wants more of them need not read twice.
pub fn assess(
    inputs: &[Input],
    by: By<'_>,
    read: &ReadParams,
    threshold: f64,
    observer: &mut dyn Observer,
    also: &mut dyn FnMut(&Scored<'_>),
) -> Assessment {
    let own;
    let (model, own_rows) = match by {
        By::Model(model) => (model, false),
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
        observer,
        collector: &collector,
    };
    offline::score(inputs, model, own_rows, read, &mut both, &mut |scored| {
        collector.borrow_mut().scored(scored);
        also(scored);
        ControlFlow::Continue(())
    });
    collector.into_inner().finish()
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
