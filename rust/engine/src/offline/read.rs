//! Reading files, batch by batch.

use super::observe::{Fate, Observer, Tally};
use super::params::{ReadParams, Select, reads_as};
use super::{LeftOut, is_left_out};
use crate::live::{Binding, role_of};
use crate::model::Model;
use hashbrown::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_features::Context;
use zeek_anomaly_features::context::ContextColumns;
use zeek_log::{Head, Input, Record, RecordBuf, Schema};

/// How many bytes will be read in all, for a progress bar: files that tell of
/// connections are read twice.
pub fn work(inputs: &[Input]) -> u64 {
    inputs
        .iter()
        .map(|i| i.size * if in_first_pass(i) { 2 } else { 1 })
        .sum()
}

/// Whether a file has to be read for its connections' contexts. A file whose
/// name tells nothing may hold anything.
fn in_first_pass(input: &Input) -> bool {
    !input.once && input.log.as_deref().is_none_or(|log| role_of(log).tells())
}

/// Where rows come from, and what is bound to their columns.
pub(crate) struct Origin {
    pub(super) input: Arc<Input>,
    pub(super) schema: Arc<Schema>,
    /// What features and contexts see of the schema.
    pub(super) blind: Arc<Schema>,
    pub(super) context: ContextColumns,
    /// The same for a model, where rows are scored.
    pub(super) binding: Option<Binding>,
    /// Whether it is a stream that is read once.
    pub(super) live: bool,
    pub(super) sensor: u64,
}

/// The columns that decide whether a row is used, its context columns, and what
/// became of the rows of this schema.
pub(crate) struct Filter {
    pub(super) of: Arc<Origin>,
    pub(super) left_out: LeftOut,
    pub(crate) tally: Tally,
    only: Option<Option<usize>>,
}

/// Reads inputs, with what the two passes share.
pub(super) struct Passes<'a> {
    read: &'a ReadParams,
    pub(super) observer: &'a mut dyn Observer,
    filters: HashMap<u64, Filter>,
    /// What rows are to be scored by.
    model: Option<&'a Model>,
}

impl<'a> Passes<'a> {
    pub(super) fn new(
        read: &'a ReadParams,
        observer: &'a mut dyn Observer,
        model: Option<&'a Model>,
    ) -> Passes<'a> {
        Passes {
            read,
            observer,
            filters: HashMap::new(),
            model,
        }
    }

    /// The first pass over a batch: remembers what its connections did.
    pub(super) fn remember(&mut self, batch: &[Input], context: &mut Context) {
        let relevant: Vec<&Input> = batch.iter().filter(|i| in_first_pass(i)).collect();
        for input in relevant {
            let Ok(mut reader) = self.read.open(input) else {
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
    pub(super) fn each_row(
        &mut self,
        input: &Input,
        mut f: impl FnMut(&Filter, &mut RecordBuf, bool, u64) -> ControlFlow<(), Fate>,
    ) -> ControlFlow<()> {
        let mut reader = match self.read.open(input) {
            Ok(r) => r,
            Err(e) => {
                self.observer.problem(e);
                return ControlFlow::Continue(());
            }
        };
        let shared = Arc::new(input.clone());
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
                        .or_insert_with(|| Filter::new(self.read, &shared, schema, self.model));
                    let record = buf.record();
                    let used = filter.passes(self.read, &record);
                    filter.tally.untimed +=
                        u64::from(used && filter.of.context.ts(&record).is_none());
                    if used && !filter.left_out.holds(&record) {
                        self.observer.row(schema, &record);
                    }
                    let fate = f(filter, &mut buf, used, line)?;
                    filter.tally.count(&fate);
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
                .log_finished(input, filter.schema(), &filter.tally);
        }
        self.observer.finished(input, reader.stats(), &tally);
        ControlFlow::Continue(())
    }
}

impl Filter {
    /// For rows that `input` has under a schema, and that `model`, if any, is to score.
    pub(crate) fn new(
        read: &ReadParams,
        input: &Arc<Input>,
        schema: &Arc<Schema>,
        model: Option<&Model>,
    ) -> Filter {
        let blind = read.blind(schema);
        let sensor = input.sensor;
        Filter {
            left_out: LeftOut::of(schema),
            tally: Tally::default(),
            only: read
                .only
                .as_ref()
                .map(|(column, _)| schema.position(column)),
            of: Arc::new(Origin {
                input: input.clone(),
                schema: schema.clone(),
                context: ContextColumns::bind(role_of(&schema.log), &blind).of_sensor(sensor),
                binding: model.map(|m| Binding::new(m, &blind).of_sensor(sensor)),
                blind,
                live: input.once,
                sensor,
            }),
        }
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.of.schema
    }

    pub(crate) fn passes(&self, read: &ReadParams, record: &Record<'_>) -> bool {
        if let (Some(at), Some((_, want))) = (self.only, &read.only)
            && !at.is_some_and(|i| reads_as(&record.get(i), want))
        {
            return false;
        }
        if let Some(Select(test)) = &read.select
            && !test(&self.of.schema, record)
        {
            return false;
        }
        if read.from.is_some() || read.until.is_some() {
            let Some(ts) = self.of.context.ts(record) else {
                return false;
            };
            return read.from.is_none_or(|t| ts >= t) && read.until.is_none_or(|t| ts < t);
        }
        true
    }
}

/// The inputs in batches that are read together: by the start of their rotation interval,
/// those without one at the end.
pub fn batches(inputs: &[Input]) -> Vec<Vec<Input>> {
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
