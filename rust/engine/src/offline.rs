//! The offline door: log files through the same pipeline.
//!
//! Files do not hold the order in which Zeek wrote records of different logs.
//! So each batch of files (a rotation interval; everything that has none is one
//! batch) is read twice: once to remember what connections did (only the logs
//! that tell of it), once to train or score, file by file and in file order. A
//! connection that was logged in a batch is forgotten after it; others wait
//! for the next. Standard input can be read only once, and is taken as it comes, as
//! inside Zeek.

use crate::LEFT_OUT;
use crate::alerts::Identity;
use crate::beside::{self, Desk, Parcel};
use crate::explain::{MemberVerdict, Reason};
use crate::live::{Binding, role_of};
use crate::model::{LogModel, Model, Scratch, Verdict};
use crate::train::{TrainParams, Trainer};
use hashbrown::HashMap;
use rayon::prelude::*;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_features::context::ContextColumns;
use zeek_anomaly_features::{Cell, Context, Limits, Row};
use zeek_log::{Error, Head, Input, LogReader, Options, Record, RecordBuf, Schema, Stats, Value};

/// Which rows are used, and how they are read.
#[derive(Clone, Debug, Default)]
pub struct ReadParams {
    /// Only rows from this time on (seconds since the epoch).
    pub from: Option<f64>,
    /// Only rows before this time.
    pub until: Option<f64>,
    /// Only rows whose column has this text: (column, text).
    pub only: Option<(String, String)>,
    /// Only rows that pass this.
    pub select: Option<Select>,
    /// Columns that features and contexts see as unset in every row. What decides
    /// whether a row is used, and [`Scored::record`], still have their values. Those
    /// that tie records together ([`KEPT`]) are never blanked.
    pub blank: Vec<String>,
    /// How lines are read.
    pub options: Options,
    /// What is remembered of connections.
    pub limits: Limits,
}

/// Columns that [`ReadParams::blank`] leaves alone.
pub const KEPT: &[&str] = &["ts", "uid", "uids", "fuid", "conn_uids"];

/// A test of rows.
#[derive(Clone)]
pub struct Select(pub Arc<RowTest>);

/// Whether a row is to be used.
pub type RowTest = dyn Fn(&Schema, &Record<'_>) -> bool + Send + Sync;

impl fmt::Debug for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select")
    }
}

impl ReadParams {
    /// The schema without the names of the columns that are blanked: nothing can be
    /// bound to them, and every position stays.
    pub fn blind(&self, schema: &Arc<Schema>) -> Arc<Schema> {
        let blanked = |name: &String| self.blank.contains(name) && !KEPT.contains(&name.as_str());
        if !schema.fields.iter().any(|f| blanked(&f.name)) {
            return schema.clone();
        }
        let mut blind = Schema::clone(schema);
        for f in blind.fields.iter_mut().filter(|f| blanked(&f.name)) {
            // No feature is made of a column whose name begins so.
            f.name = "_blanked".into();
        }
        Arc::new(blind)
    }
}

/// Is told how the work goes. Everything has a default that does nothing.
pub trait Observer {
    /// More bytes of files (as they are on disk) were read, and more rows used.
    fn progress(&mut self, bytes: u64, rows: u64) {
        let _ = (bytes, rows);
    }
    /// A row is about to be trained on or scored; also one of a log that the model has
    /// nothing for.
    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        let _ = (schema, record);
    }
    /// An input ended early, or could not be read at all.
    fn problem(&mut self, error: Error) {
        let _ = error;
    }
    /// An input was read as far as it goes, for training or scoring.
    fn finished(&mut self, input: &Input, stats: &Stats, tally: &Tally) {
        let _ = (input, stats, tally);
    }
    /// The same, apart for each schema that the input had, before [`Observer::finished`].
    /// A combined stream has several logs; a JSON log that brought a new key has
    /// several schemas.
    fn log_finished(&mut self, input: &Input, schema: &Schema, tally: &Tally) {
        let _ = (input, schema, tally);
    }
    /// Contexts were let go because of a cap: connections, and items of connections.
    fn context_dropped(&mut self, connections: u64, items: u64) {
        let _ = (connections, items);
    }
}

/// What became of the rows of one input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows trained on or scored.
    pub used: u64,
    /// Rows outside the time bounds, or with another label.
    pub filtered: u64,
    /// Rows of logs that are left out, or that the model has nothing for.
    pub unscored: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Used => self.used += 1,
            Fate::Filtered => self.filtered += 1,
            Fate::Unscored => self.unscored += 1,
        }
    }

    pub(crate) fn add(&mut self, other: &Tally) {
        self.used += other.used;
        self.filtered += other.filtered;
        self.unscored += other.unscored;
    }
}

/// How many bytes will be read in all, for a progress bar: files that tell of
/// connections are read twice.
pub fn work(inputs: &[Input]) -> u64 {
    inputs
        .iter()
        .map(|i| i.size * if in_first_pass(i) { 2 } else { 1 })
        .sum()
}

/// Whether a record is never scored, trained on or context: logs that say nothing of
/// traffic, and what this project itself logged.
pub(crate) fn is_left_out(schema: &Schema, record: &Record<'_>) -> bool {
    let own = || {
        let note = schema.position("note").and_then(|i| record.get(i).text());
        note.is_some_and(|n| n.starts_with(OWN_NOTICES))
    };
    LEFT_OUT.contains(&schema.log.as_str()) || (schema.log == "notice" && own())
}

/// How the types of the notices begin that the Zeek package raises.
const OWN_NOTICES: &[u8] = b"Anomaly::";

/// Whether a file has to be read for its connections' contexts. A file whose
/// name tells nothing may hold anything.
fn in_first_pass(input: &Input) -> bool {
    !input.is_stdin() && input.log.as_deref().is_none_or(|log| role_of(log).tells())
}

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
    mut trainer: Trainer,
    inputs: &[Input],
    read: &ReadParams,
    observer: &mut dyn Observer,
) -> Model {
    let mut context = Context::new(read.limits);
    let mut passes = Passes {
        read,
        observer,
        filters: HashMap::new(),
    };
    for batch in batches(inputs) {
        passes.remember(&batch, &mut context);
        let (sheets, count) = trainer.halves();
        // Three threads, one behind the other: reading, taking features, counting.
        beside::beside(count, |to_count| {
            let take = |parcel: &mut Parcel| {
                for row in parcel.rows() {
                    let record = row.record.record();
                    let mut place = None;
                    if row.used {
                        sheets.sensor = row.sensor;
                        let mut full = |sheet| to_count.give(sheet);
                        place = sheets.add(&row.blind, &record, &context, &mut full);
                    }
                    passed(&mut context, &row.schema, &row.columns, &record, row.live);
                    if let Some(place) = place {
                        std::mem::swap(place, &mut row.record);
                    }
                }
            };
            beside::beside(take, |to_take| {
                let mut desk = Desk::new(to_take);
                for input in &batch {
                    passes.each_row(input, |schema, filter, record, used, _| {
                        if is_left_out(schema, &record.record()) {
                            return ControlFlow::Continue(match used {
                                true => Fate::Unscored,
                                false => Fate::Filtered,
                            });
                        }
                        desk.put((input, schema, filter), record, used);
                        ControlFlow::Continue(match used {
                            true => Fate::Used,
                            false => Fate::Filtered,
                        })
                    });
                }
                desk.send();
            });
        });
        context.sweep();
    }
    passes
        .observer
        .context_dropped(context.evicted(), context.items_dropped());
    trainer.finish(&context)
}

/// A row was used: what follows sees it as an earlier one. In one pass (`live`) it is
/// also remembered only now, and a connection ends with its conn record.
pub(crate) fn passed(
    context: &mut Context,
    schema: &Schema,
    columns: &ContextColumns,
    record: &Record<'_>,
    live: bool,
) {
    if is_left_out(schema, record) {
        return;
    }
    if live {
        context.absorb(columns, record);
    }
    context.advance(columns, record);
    context.mark_ended(columns, record);
}

/// One scored record, as it is handed to the sink.
pub struct Scored<'a> {
    /// The input it came from.
    pub input: &'a Input,
    /// Its line in that.
    pub line: u64,
    /// Its columns.
    pub schema: &'a Arc<Schema>,
    /// Its values.
    pub record: Record<'a>,
    /// The judgement.
    pub verdict: Verdict,
    binding: &'a Binding,
    bits: &'a [u64],
    model: &'a Model,
    context: &'a Context,
}

impl Scored<'_> {
    /// The model that judged it.
    pub fn log_model(&self) -> Option<&LogModel> {
        self.binding.model.map(|i| &self.model.logs[i])
    }

    /// Its features in their compact form ([`zeek_anomaly_features::Spec::extract`]).
    pub fn features(&self) -> &[u64] {
        self.bits
    }

    /// The position of the model that judged it.
    pub fn model_position(&self) -> Option<usize> {
        self.binding.model
    }

    /// Its time, in seconds since the epoch.
    pub fn ts(&self) -> Option<f64> {
        self.binding.context.ts(&self.record)
    }

    /// The value of a feature in words; not escaped for a terminal.
    pub fn value(&self, feature: usize) -> String {
        let view = self.context.view(&self.binding.context, &self.record);
        let row = Row::new(self.record, &self.binding.columns, view);
        self.log_model().map_or_else(String::new, |m| {
            m.encoders[feature].value(&m.spec.cell(feature, &row))
        })
    }

    /// The value of a feature for programs: a number as it is, a category as its text, nothing where
    /// it is missing; not escaped for a terminal.
    pub fn plain(&self, feature: usize) -> String {
        let view = self.context.view(&self.binding.context, &self.record);
        let row = Row::new(self.record, &self.binding.columns, view);
        match self.log_model().map(|m| m.spec.cell(feature, &row)) {
            None | Some(Cell::Missing) => String::new(),
            Some(cell) => cell.display().into_owned(),
        }
    }

    /// What each member of an ensemble made of it; nothing where there is one detector.
    pub fn members(&self) -> Vec<MemberVerdict> {
        self.log_model()
            .map_or_else(Vec::new, |m| m.members(self.bits))
    }

    /// The finding that it belongs to, by its reasons.
    pub fn identity(&self, reasons: &[Reason]) -> Option<Identity> {
        let model = self.log_model()?;
        Some(Identity::new(
            model,
            &self.binding.entity,
            &self.record,
            reasons,
        ))
    }

    /// Why it is strange, the most telling reason first.
    pub fn reasons(&self) -> Vec<Reason> {
        let Some(i) = self.binding.model else {
            return Vec::new();
        };
        let view = self.context.view(&self.binding.context, &self.record);
        let row = Row::new(self.record, &self.binding.columns, view);
        self.model.logs[i].explain(&row, self.bits)
    }
}

/// Scores log files with a model. The sink gets each scored record, batch by batch, file by
/// file, in file order; it may stop the work.
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
    let mut context = Context::new(read.limits);
    let mut passes = Passes {
        read,
        observer,
        filters: HashMap::new(),
    };
    let mut pending = Pending::default();
    let mut bindings: HashMap<u64, Arc<Binding>> = HashMap::new();
    'work: for batch in batches(inputs) {
        passes.remember(&batch, &mut context);
        for input in &batch {
            // Schemas are numbered apart for each reader.
            bindings.clear();
            let mut stop = false;
            passes.each_row(input, |schema, filter, buf, used, (id, line)| {
                let (record, of_context) = (&buf.record(), &filter.context);
                let binding = bindings
                    .entry(id)
                    .or_insert_with(|| {
                        let binding = Binding::new(model, &filter.blind);
                        Arc::new(binding.of_sensor(input.sensor))
                    })
                    .clone();
                let fate = match binding.model {
                    _ if !used => Fate::Filtered,
                    Some(at) if !is_left_out(schema, record) => {
                        let view = context.view(of_context, record);
                        let row = Row::new(*record, &binding.columns, view);
                        pending.push(schema, &binding, at, record, line, |bits| {
                            model.logs[at].extract(&row, bits);
                        });
                        Fate::Used
                    }
                    _ => Fate::Unscored,
                };
                passed(&mut context, schema, of_context, record, input.is_stdin());
                if pending.is_full() {
                    stop = pending
                        .flush(input, model, leave_out, &context, sink)
                        .is_break();
                }
                if stop {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(fate)
                }
            });
            if stop
                || pending
                    .flush(input, model, leave_out, &context, sink)
                    .is_break()
            {
                break 'work;
            }
        }
        context.sweep();
    }
    passes
        .observer
        .context_dropped(context.evicted(), context.items_dropped());
}

/// Rows that wait to be judged together, on all threads.
#[derive(Default)]
pub(crate) struct Pending {
    rows: Vec<Waiting>,
    used: usize,
}

struct Waiting {
    schema: Arc<Schema>,
    binding: Arc<Binding>,
    model: usize,
    line: u64,
    record: RecordBuf,
    bits: Vec<u64>,
    verdict: Option<Verdict>,
}

/// Rows judged together.
const TOGETHER: usize = 4096;

impl Pending {
    pub(crate) fn is_full(&self) -> bool {
        self.used >= TOGETHER
    }

    pub(crate) fn push(
        &mut self,
        schema: &Arc<Schema>,
        binding: &Arc<Binding>,
        model: usize,
        record: &Record<'_>,
        line: u64,
        extract: impl FnOnce(&mut Vec<u64>),
    ) {
        if self.used == self.rows.len() {
            self.rows.push(Waiting {
                schema: schema.clone(),
                binding: binding.clone(),
                model,
                line,
                record: RecordBuf::new(),
                bits: Vec::new(),
                verdict: None,
            });
        }
        let w = &mut self.rows[self.used];
        self.used += 1;
        if !Arc::ptr_eq(&w.schema, schema) {
            w.schema = schema.clone();
        }
        if !Arc::ptr_eq(&w.binding, binding) {
            w.binding = binding.clone();
        }
        w.model = model;
        w.line = line;
        w.record.copy_from(record);
        w.bits.clear();
        extract(&mut w.bits);
        w.verdict = None;
    }

    pub(crate) fn flush(
        &mut self,
        input: &Input,
        model: &Model,
        leave_out: bool,
        context: &Context,
        sink: &mut dyn FnMut(&Scored<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let rows = &mut self.rows[..self.used];
        rows.par_chunks_mut(256)
            .for_each_init(Scratch::default, |scratch, chunk| {
                for w in chunk {
                    w.verdict = Some(model.logs[w.model].judge(&w.bits, leave_out, scratch));
                }
            });
        self.used = 0;
        for w in rows {
            let Some(verdict) = w.verdict else { continue };
            sink(&Scored {
                input,
                line: w.line,
                schema: &w.schema,
                record: w.record.record(),
                verdict,
                binding: &w.binding,
                bits: &w.bits,
                model,
                context,
            })?;
        }
        ControlFlow::Continue(())
    }
}

/// What became of a row.
pub(crate) enum Fate {
    Used,
    Filtered,
    Unscored,
}

/// Reads inputs, with what the two passes share.
struct Passes<'a> {
    read: &'a ReadParams,
    observer: &'a mut dyn Observer,
    filters: HashMap<u64, Filter>,
}

/// The columns that decide whether a row is used, its context columns, and what
/// became of the rows of this schema.
pub(crate) struct Filter {
    pub(crate) schema: Arc<Schema>,
    /// What features and contexts see of it.
    pub(crate) blind: Arc<Schema>,
    pub(crate) tally: Tally,
    only: Option<Option<usize>>,
    pub(crate) context: ContextColumns,
}

impl Passes<'_> {
    /// The first pass over a batch: remembers what its connections did.
    fn remember(&mut self, batch: &[Input], context: &mut Context) {
        let relevant: Vec<&Input> = batch.iter().filter(|i| in_first_pass(i)).collect();
        for input in relevant {
            let Ok(mut reader) = LogReader::open(input, &self.read.options) else {
                // Said in the second pass.
                continue;
            };
            let mut columns: HashMap<u64, ContextColumns> = HashMap::new();
            let mut told = 0;
            while let Ok(Some(row)) = reader.next() {
                if is_left_out(row.schema, &row.record) {
                    continue;
                }
                let c = columns.entry(row.schema_id).or_insert_with(|| {
                    let blind = self.read.blind(row.schema);
                    ContextColumns::bind(role_of(&blind.log), &blind).of_sensor(input.sensor)
                });
                context.absorb(c, &row.record);
                if row.line % 8192 == 0 {
                    let now = reader.bytes_read();
                    self.observer.progress(now - told, 0);
                    told = now;
                }
            }
            self.observer.progress(reader.bytes_read() - told, 0);
        }
    }

    /// The second pass over an input: hands over each row, with whether it is to be used. Its
    /// memory may be kept, and other memory left in its place.
    fn each_row(
        &mut self,
        input: &Input,
        mut f: impl FnMut(
            &Arc<Schema>,
            &Filter,
            &mut RecordBuf,
            bool,
            (u64, u64),
        ) -> ControlFlow<(), Fate>,
    ) {
        let mut reader = match LogReader::open(input, &self.read.options) {
            Ok(r) => r,
            Err(e) => {
                self.observer.problem(e);
                return;
            }
        };
        self.filters.clear();
        let (mut told, mut told_rows, mut rows) = (0, 0, 0u64);
        let mut buf = RecordBuf::new();
        loop {
            match reader.next_into(&mut buf) {
                Ok(Some(Head {
                    schema,
                    schema_id,
                    line,
                })) => {
                    let filter = self
                        .filters
                        .entry(schema_id)
                        .or_insert_with(|| Filter::new(self.read, schema, input.sensor));
                    let record = buf.record();
                    let used = filter.passes(self.read, &record);
                    if used && !is_left_out(schema, &record) {
                        self.observer.row(schema, &record);
                    }
                    match f(schema, filter, &mut buf, used, (schema_id, line)) {
                        ControlFlow::Continue(fate) => filter.tally.count(&fate),
                        ControlFlow::Break(()) => break,
                    }
                    rows += 1;
                    if rows.is_multiple_of(8192) {
                        let now = reader.bytes_read();
                        self.observer.progress(now - told, rows - told_rows);
                        (told, told_rows) = (now, rows);
                    }
                }
                Ok(None) => break,
                Err(e) => {
                    self.observer.problem(e);
                    break;
                }
            }
        }
        self.observer
            .progress(reader.bytes_read() - told, rows - told_rows);
        let mut by_schema: Vec<(&u64, &Filter)> = self.filters.iter().collect();
        by_schema.sort_unstable_by_key(|(id, _)| **id);
        let mut tally = Tally::default();
        for (_, filter) in by_schema {
            tally.add(&filter.tally);
            self.observer
                .log_finished(input, &filter.schema, &filter.tally);
        }
        self.observer.finished(input, reader.stats(), &tally);
    }
}

impl Filter {
    pub(crate) fn new(read: &ReadParams, schema: &Arc<Schema>, sensor: u64) -> Filter {
        let blind = read.blind(schema);
        Filter {
            schema: schema.clone(),
            tally: Tally::default(),
            only: read
                .only
                .as_ref()
                .map(|(column, _)| schema.position(column)),
            context: ContextColumns::bind(role_of(&schema.log), &blind).of_sensor(sensor),
            blind,
        }
    }

    pub(crate) fn passes(&self, read: &ReadParams, record: &Record<'_>) -> bool {
        if let (Some(at), Some((_, want))) = (self.only, &read.only)
            && !at.is_some_and(|i| reads_as(&record.get(i), want))
        {
            return false;
        }
        if let Some(Select(test)) = &read.select
            && !test(&self.schema, record)
        {
            return false;
        }
        if read.from.is_some() || read.until.is_some() {
            let Some(ts) = self.context.ts(record) else {
                return false;
            };
            return read.from.is_none_or(|t| ts >= t) && read.until.is_none_or(|t| ts < t);
        }
        true
    }
}

/// Whether a value is what somebody wrote as `text`.
pub fn reads_as(value: &Value<'_>, text: &str) -> bool {
    match value {
        Value::Text(t) => *t == text.as_bytes(),
        Value::Bool(b) => text == if *b { "T" } else { "F" } || text == b.to_string(),
        Value::Addr(a) => text.parse() == Ok(*a),
        _ => value.number().is_some_and(|n| text.parse() == Ok(n)),
    }
}

/// The inputs in batches that are read together: by the start of their rotation interval,
/// those without one at the end.
pub(crate) fn batches(inputs: &[Input]) -> Vec<Vec<Input>> {
    let key = |i: &Input| match i.interval {
        Some(v) if v.dated => (0, v.start),
        Some(v) => (1, v.start),
        None => (2, 0),
    };
    let mut sorted: Vec<Input> = inputs.to_vec();
    // Stable: within a batch the files stay in their order.
    sorted.sort_by_key(key);
    let mut out: Vec<Vec<Input>> = Vec::new();
    for input in sorted {
        match out.last_mut() {
            Some(batch) if batch.first().is_some_and(|b| key(b) == key(&input)) => {
                batch.push(input)
            }
            _ => out.push(vec![input]),
        }
    }
    out
}
