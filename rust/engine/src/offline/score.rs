//! Scoring: each row is read, its features are taken, it is judged, and it is handed out, by
//! threads one behind the other.
//!
//! Contexts depend on the order of rows, so one thread takes all features. A judgement depends on
//! nothing but the row's features and the model; rows are judged on several threads, and handed out in
//! the order in which they were read. So the number of threads shows in nothing that comes out.

use super::desk::{Desk, Parcel};
use super::observe::{Fate, Observer, Told};
use super::read::{Passes, batches};
use super::{ReadParams, Scored, Tally, passed};
use crate::beside::{self, Give};
use crate::model::Model;
use std::cell::RefCell;
use std::ops::ControlFlow;
use zeek_anomaly_features::{Context, Row};
use zeek_log::{Error, Input, Schema, Stats};

/// Scores log files with a model. The sink gets each scored record, batch by batch, file by
/// file, in file order; it may stop the work, and then the observer is told no more of the input.
///
/// With `leave_out` the rows are those that the model was trained on, and each
/// is judged as if it had not been.
pub fn score(
    inputs: &[Input],
    model: &Model,
    leave_out: bool,
    read: &ReadParams,
    observer: &mut dyn Observer,
    sink: &mut dyn FnMut(&Scored<'_>) -> ControlFlow<()>,
) {
    let mut scoring = Scoring::new(model, leave_out, read);
    for batch in batches(inputs) {
        if scoring.batch(&batch, read, observer, sink).is_break() {
            break;
        }
    }
    scoring.finish(observer);
}

/// Scores one batch after the other, for who does more with each.
#[derive(Debug)]
pub struct Scoring<'m> {
    model: &'m Model,
    leave_out: bool,
    context: Context,
}

impl<'m> Scoring<'m> {
    /// Before the first batch; `leave_out` is as for [`score`].
    pub fn new(model: &'m Model, leave_out: bool, read: &ReadParams) -> Scoring<'m> {
        Scoring {
            model,
            leave_out,
            context: Context::new(read.limits),
        }
    }

    /// Scores a batch of [`batches`].
    pub fn batch(
        &mut self,
        batch: &[Input],
        read: &ReadParams,
        observer: &mut dyn Observer,
        sink: &mut dyn FnMut(&Scored<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (model, leave_out, context) = (self.model, self.leave_out, &mut self.context);
        Passes::new(read, &mut *observer, None).remember(batch, context);
        beside::in_line(
            |give| read_all(batch, model, read, give),
            |parcel| take(parcel, model, context),
            |parcel| judge(parcel, model, leave_out),
            |parcel| hand_out(parcel, model, observer, sink),
        )?;
        context.sweep();
        ControlFlow::Continue(())
    }

    /// After the last batch.
    pub fn finish(self, observer: &mut dyn Observer) {
        let c = &self.context;
        observer.context_dropped(c.evicted(), c.items_dropped());
    }
}

/// Reads the files of a batch.
fn read_all(batch: &[Input], model: &Model, read: &ReadParams, give: &mut Give<'_, Parcel>) {
    let mut give = |full| give(full);
    let desk = RefCell::new(Desk::new(&mut give));
    let mut relay = Relay(&desk);
    let mut passes = Passes::new(read, &mut relay, Some(model));
    for input in batch {
        let flow = passes.each_row(input, |filter, record, used, line| {
            let left_out = filter.left_out.holds(&record.record());
            if !left_out {
                desk.borrow_mut().put(&filter.of, record, used, line)?;
            }
            let known = filter.of.binding.as_ref().is_some_and(|b| b.is_scored());
            ControlFlow::Continue(match (used, known && !left_out) {
                (false, _) => Fate::Filtered,
                (true, true) => Fate::Used,
                (true, false) => Fate::Unscored,
            })
        });
        if flow.is_break() {
            return;
        }
    }
    // Where nobody takes it the work was stopped.
    let _ = desk.borrow_mut().send();
}

/// Takes the features of rows, in their order.
fn take(parcel: &mut Parcel, model: &Model, context: &mut Context) {
    for row in parcel.rows() {
        let record = row.record.record();
        row.bits.clear();
        if let (true, Some(binding)) = (row.used, &row.of.binding)
            && let Some(log) = binding.model.and_then(|at| model.logs.get(at))
        {
            let view = context.view(&binding.context, &record);
            log.extract(&Row::new(record, &binding.columns, view), &mut row.bits);
        }
        passed(context, &row.of.context, &record, row.of.live);
    }
}

/// Judges rows.
fn judge(parcel: &mut Parcel, model: &Model, leave_out: bool) {
    let (rows, scratch) = parcel.judged();
    for row in rows.filter(|row| row.used) {
        let at = row.of.binding.as_ref().and_then(|b| b.model);
        let log = at.and_then(|at| model.logs.get(at));
        row.verdict = log.map(|log| log.judge(&row.bits, leave_out, scratch));
    }
}

/// Hands out what was judged, and tells the observer what is to be told.
fn hand_out(
    parcel: &mut Parcel,
    model: &Model,
    observer: &mut dyn Observer,
    sink: &mut dyn FnMut(&Scored<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let told = std::mem::take(&mut parcel.told);
    let mut told = told.into_iter().peekable();
    for (i, row) in parcel.rows().enumerate() {
        while let Some((_, told)) = told.next_if(|(before, _)| *before <= i) {
            told.pass_on(observer);
        }
        if !row.used {
            continue;
        }
        let of = &*row.of;
        let record = row.record.record();
        observer.row(&of.schema, &record);
        if let (Some(verdict), Some(binding)) = (row.verdict, &of.binding) {
            sink(&Scored {
                input: &of.input,
                line: row.line,
                schema: &of.schema,
                record,
                verdict,
                binding,
                bits: &row.bits,
                model,
            })?;
        }
    }
    told.for_each(|(_, told)| told.pass_on(observer));
    ControlFlow::Continue(())
}

/// Passes on with the rows what the observer, who is on another thread, is to be told. Rows it is told of when
/// they are handed out. Where nobody takes the rows any more, reading ends by itself.
struct Relay<'r, 'd>(&'r RefCell<Desk<'d>>);

impl Relay<'_, '_> {
    fn tell(&self, told: Told) {
        let _ = self.0.borrow_mut().tell(told);
    }
}

impl Observer for Relay<'_, '_> {
    fn progress(&mut self, bytes: u64, rows: u64) {
        self.tell(Told::Progress(bytes, rows));
    }

    fn problem(&mut self, error: Error) {
        self.tell(Told::Problem(error));
    }

    fn finished(&mut self, input: &Input, stats: &Stats, tally: &Tally) {
        self.tell(Told::Finished(input.clone(), stats.clone(), *tally));
    }

    fn log_finished(&mut self, input: &Input, schema: &Schema, tally: &Tally) {
        self.tell(Told::LogFinished(input.clone(), schema.clone(), *tally));
    }
}
