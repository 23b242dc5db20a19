//! The offline door: log files through the same pipeline.
//!
//! Files do not hold the order in which Zeek wrote records of different logs.
//! So each batch of files (a rotation interval; everything that has none is one
//! batch) is read twice: once to remember what connections did (only the logs
//! that tell of it), once to train or score, file by file and in file order. A
//! connection that was logged in a batch is forgotten after it; others wait
//! for the next. Standard input can be read only once, and is taken as it comes, as
//! inside Zeek.

mod desk;
mod observe;
mod params;
mod read;
mod score;
mod scored;

pub(crate) use observe::Fate;
pub use observe::{Observer, Tally};
pub use params::{KEPT, ReadParams, RowTest, Select, reads_as};
pub(crate) use read::Filter;
pub use read::{batches, work};
pub use score::{Scoring, score};
pub use scored::Scored;

use crate::LEFT_OUT;
use crate::beside;
use crate::model::Model;
use crate::train::{TrainParams, Trainer};
use desk::{Desk, Parcel};
use read::Passes;
use std::ops::ControlFlow;
use zeek_anomaly_features::Context;
use zeek_anomaly_features::context::ContextColumns;
use zeek_log::names::is_interim;
use zeek_log::{Input, Record, Schema};

/// Whether a record is never scored, trained on or context: logs that say nothing of
/// traffic, what this project itself logged, and connections that have not ended.
pub(crate) fn is_left_out(schema: &Schema, record: &Record<'_>) -> bool {
    LeftOut::of(schema).holds(record)
}

/// Whether not even behaviors see a record: they know by an interim record how long a connection has lasted.
pub(crate) fn is_never_seen(schema: &Schema, record: &Record<'_>) -> bool {
    !is_interim(&schema.log) && is_left_out(schema, record)
}

/// Which records of a schema are left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LeftOut {
    None,
    All,
    /// Those whose text in this column is a notice of this project's own.
    Own(usize),
}

impl LeftOut {
    pub(crate) fn of(schema: &Schema) -> LeftOut {
        match schema.log.as_str() {
            log if LEFT_OUT.contains(&log) || is_interim(log) => LeftOut::All,
            "notice" => schema.position("note").map_or(LeftOut::None, LeftOut::Own),
            _ => LeftOut::None,
        }
    }

    pub(crate) fn holds(self, record: &Record<'_>) -> bool {
        match self {
            LeftOut::None => false,
            LeftOut::All => true,
            LeftOut::Own(note) => {
                let note = record.get(note).text();
                note.is_some_and(|n| n.starts_with(OWN_NOTICES))
            }
        }
    }
}

/// How the types of the notices begin that the Zeek package raises.
const OWN_NOTICES: &[u8] = b"Anomaly::";

/// Trains a model on log files.
pub fn train(
    inputs: &[Input],
    params: &TrainParams,
    read: &ReadParams,
    observer: &mut dyn Observer,
) -> Model {
    train_more(Trainer::new(params.clone()), inputs, read, observer)
}

/// Trains a model on log files, from what a trainer has learned.
pub fn train_more(
    trainer: Trainer,
    inputs: &[Input],
    read: &ReadParams,
    observer: &mut dyn Observer,
) -> Model {
    let mut training = Training::new(trainer, read);
    for batch in batches(inputs) {
        training.batch(&batch, read, observer);
    }
    training.finish(observer)
}

/// Trains on one batch after the other, for who does more with each.
#[derive(Debug)]
pub struct Training {
    trainer: Trainer,
    context: Context,
}

impl Training {
    /// Before the first batch.
    pub fn new(trainer: Trainer, read: &ReadParams) -> Training {
        let context = Context::new(read.limits);
        Training { trainer, context }
    }

    /// Trains on a batch of [`batches`].
    pub fn batch(&mut self, batch: &[Input], read: &ReadParams, observer: &mut dyn Observer) {
        let context = &mut self.context;
        let mut passes = Passes::new(read, observer, None);
        passes.remember(batch, context);
        let (sheets, count) = self.trainer.halves();
        // Three threads, one behind the other: reading, taking features, counting.
        beside::beside(count, |to_count| {
            let take = |parcel: &mut Parcel| {
                for row in parcel.rows() {
                    let record = row.record.record();
                    let mut place = None;
                    if row.used {
                        sheets.sensor = row.of.sensor;
                        let mut full = |sheet| to_count.give(sheet);
                        place = sheets.add(&row.of.blind, &record, context, &mut full);
                    }
                    passed(context, &row.of.context, &record, row.of.live);
                    if let Some(place) = place {
                        std::mem::swap(place, &mut row.record);
                    }
                }
            };
            beside::beside(take, |to_take| {
                let mut give = |full| ControlFlow::Continue(to_take.give(full));
                let mut desk = Desk::new(&mut give);
                for input in batch {
                    // Nobody stops this.
                    let _ = passes.each_row(input, |filter, record, used, line| {
                        if filter.left_out.holds(&record.record()) {
                            return ControlFlow::Continue(match used {
                                true => Fate::Unscored,
                                false => Fate::Filtered,
                            });
                        }
                        desk.put(&filter.of, record, used, line)?;
                        ControlFlow::Continue(match used {
                            true => Fate::Used,
                            false => Fate::Filtered,
                        })
                    });
                }
                let _ = desk.send();
            });
        });
        context.sweep();
    }

    /// The model, after the last batch.
    pub fn finish(self, observer: &mut dyn Observer) -> Model {
        let c = &self.context;
        observer.context_dropped(c.evicted(), c.items_dropped());
        for same in self.trainer.same_rows() {
            observer.repeated(&same);
        }
        self.trainer.finish(c)
    }
}

/// A row, none that is left out, was used: what follows sees it as an earlier one. In one pass
/// (`live`) it is also remembered only now, and a connection ends with its conn record.
pub(crate) fn passed(
    context: &mut Context,
    columns: &ContextColumns,
    record: &Record<'_>,
    live: bool,
) {
    if live {
        context.absorb(columns, record);
    }
    context.advance(columns, record);
    context.mark_ended(columns, record);
}
