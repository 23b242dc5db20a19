//! The offline door for logs that are still being written.
//!
//! Zeek's writers flush each log when they please: the line of a connection may
//! be there before those of its requests. So a row is taken in two steps. When it arrives,
//! what it says of its connection is remembered; it is scored only when whoever drives
//! this says that the logs have settled. What is scored together is scored as
//! a batch of [`crate::offline`]: the same records, in whatever pieces they arrive, get
//! the same scores, as long as a connection's records settle together.

use crate::live::{Binding, role_of};
use crate::model::Model;
use crate::offline::{Pending, Scored, is_left_out, passed};
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_features::context::{ContextColumns, Role};
use zeek_anomaly_features::{Context, Limits, Row};
use zeek_log::{Input, RecordBuf, Schema};

/// Rows that arrive, and are scored later.
pub struct Stream<'m> {
    model: &'m Model,
    context: Context,
    bindings: HashMap<u64, Arc<Bound>>,
    waiting: VecDeque<Arrived>,
    /// Memory of rows that were scored, to be used again.
    spare: Vec<RecordBuf>,
    pending: Pending,
}

struct Bound {
    /// Keeps the schema's number from meaning another one.
    schema: Arc<Schema>,
    binding: Arc<Binding>,
    context: ContextColumns,
}

struct Arrived {
    input: Arc<Input>,
    bound: Arc<Bound>,
    line: u64,
    record: RecordBuf,
    scored_before: bool,
}

/// Schemas remembered at once. JSON logs make a new one for each new key.
const MAX_SCHEMAS: usize = 4096;

/// Rows whose memory is kept.
const MAX_SPARE: usize = 8192;

impl<'m> Stream<'m> {
    /// Nothing has arrived.
    pub fn new(model: &'m Model, limits: Limits) -> Stream<'m> {
        Stream {
            model,
            context: Context::new(limits),
            bindings: HashMap::new(),
            waiting: VecDeque::new(),
            spare: Vec::new(),
            pending: Pending::default(),
        }
    }

    /// Rows that arrived and were not scored.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// What is remembered of connections.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// A row arrives. With `scored_before` it was scored by an earlier run: it counts for
    /// its connection, and is not handed out again.
    pub fn arrive(&mut self, input: &Arc<Input>, row: &zeek_log::Row<'_>, scored_before: bool) {
        let bound = self.bound(row);
        if !is_left_out(row.schema, &row.record) {
            self.context.absorb(&bound.context, &row.record);
        }
        let mut record = self.spare.pop().unwrap_or_default();
        record.copy_from(&row.record);
        self.waiting.push_back(Arrived {
            input: input.clone(),
            bound,
            line: row.line,
            record,
            scored_before,
        });
    }

    /// The oldest `n` rows have settled: they are scored, log by log and in the order of
    /// each file's lines. `done` is told of every row, whether it has a score or not.
    pub fn settle(
        &mut self,
        n: usize,
        sink: &mut dyn FnMut(&Scored<'_>) -> ControlFlow<()>,
        done: &mut dyn FnMut(&Arc<Input>, u64),
    ) -> ControlFlow<()> {
        let n = n.min(self.waiting.len());
        let mut batch: Vec<Arrived> = self.waiting.drain(..n).collect();
        // Stable: lines of one file stay in their order.
        batch.sort_by(|a, b| {
            let conn = |r: &Arrived| r.bound.binding.role == Role::Conn;
            (conn(a), &a.input.path).cmp(&(conn(b), &b.input.path))
        });
        let mut flow = ControlFlow::Continue(());
        for rows in batch.chunk_by(|a, b| Arc::ptr_eq(&a.input, &b.input)) {
            if flow.is_continue() {
                flow = self.score(rows, sink);
            }
            if let Some(last) = rows.last().filter(|_| flow.is_continue()) {
                done(&last.input, last.line);
            }
        }
        self.context.sweep();
        for arrived in batch {
            if self.spare.len() < MAX_SPARE {
                self.spare.push(arrived.record);
            }
        }
        flow
    }

    /// Scores rows of one file.
    fn score(
        &mut self,
        rows: &[Arrived],
        sink: &mut dyn FnMut(&Scored<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (model, pending) = (self.model, &mut self.pending);
        for r in rows {
            let record = r.record.record();
            let Bound {
                schema,
                binding,
                context,
            } = &*r.bound;
            if let Some(at) = binding.model
                && !r.scored_before
                && !is_left_out(schema, &record)
            {
                let view = self.context.view(context, &record);
                let row = Row::new(record, &binding.columns, view);
                pending.push(schema, binding, at, &record, r.line, |bits| {
                    model.logs[at].extract(&row, bits);
                });
            }
            passed(&mut self.context, schema, context, &record, false);
            if pending.is_full() {
                pending.flush(&r.input, model, false, &self.context, sink)?;
            }
        }
        match rows.last() {
            Some(r) => pending.flush(&r.input, model, false, &self.context, sink),
            None => ControlFlow::Continue(()),
        }
    }

    fn bound(&mut self, row: &zeek_log::Row<'_>) -> Arc<Bound> {
        if let Some(b) = self.bindings.get(&row.schema_id) {
            return b.clone();
        }
        if self.bindings.len() >= MAX_SCHEMAS {
            self.bindings.clear();
        }
        let bound = Arc::new(Bound {
            schema: row.schema.clone(),
            binding: Arc::new(Binding::new(self.model, row.schema)),
            context: ContextColumns::bind(role_of(&row.schema.log), row.schema),
        });
        self.bindings.insert(row.schema_id, bound.clone());
        bound
    }
}
