//! The offline door for logs that are still being written.
//!
//! Zeek's writers flush each log when they please: the line of a connection may
//! be there before those of its requests. So a row is taken in two steps. When it arrives,
//! what it says of its connection is remembered; it is scored only when whoever drives
//! this says that the logs have settled. What is scored together is scored as
//! a batch of [`crate::offline`]: the same records, in whatever pieces they arrive, get
//! the same scores, as long as a connection's records settle together.

use crate::live::{Binding, role_of};
use crate::merge::{InOrder, Written};
use crate::model::{Model, Scratch, Verdict};
use crate::offline::{LeftOut, Scored, is_never_seen, passed};
use hashbrown::HashMap;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_features::context::{ContextColumns, Role};
use zeek_anomaly_features::{Context, Limits, Row};
use zeek_log::{Input, RecordBuf, Schema};

/// Gets rows that have settled.
pub trait Settled {
    /// Whether [`Settled::in_order`] does anything: rows are sorted for it.
    fn wants_order(&self) -> bool;

    /// A row that no earlier run has scored, in the order in which rows were written.
    fn in_order(&mut self, row: &InOrder<'_>);

    /// A row with its score; scoring ends where it breaks.
    fn scored(&mut self, scored: &Scored<'_>) -> ControlFlow<()>;

    /// All rows of the input up to this line are done, whether they have a score or not.
    fn done(&mut self, input: &Arc<Input>, line: u64);
}

/// Hands out rows in the order in which Zeek wrote them; rows of one time keep their order.
fn hand_out_in_order(batch: &[Arrived], to: &mut dyn Settled) {
    let new = batch.iter().filter(|r| !r.scored_before);
    let at = |r: &Arrived| r.bound.written.of(&r.record.record()).unwrap_or(0.0);
    let mut order: Vec<(f64, &Arrived)> = new.map(|r| (at(r), r)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, r) in order {
        let (schema, record) = (&r.bound.schema, r.record.record());
        if !is_never_seen(schema, &record) {
            to.in_order(&InOrder {
                input: &r.input,
                line: r.line,
                schema,
                record,
            });
        }
    }
}

/// Rows that arrive, and are scored later.
pub struct Stream<'m> {
    model: &'m Model,
    context: Context,
    bindings: HashMap<u64, Arc<Bound>>,
    waiting: VecDeque<Arrived>,
    /// Memory of rows that were scored, to be used again.
    spare: Vec<(RecordBuf, Vec<u64>)>,
}

struct Bound {
    /// Keeps the schema's number from meaning another one.
    schema: Arc<Schema>,
    binding: Binding,
    context: ContextColumns,
    left_out: LeftOut,
    written: Written,
}

struct Arrived {
    input: Arc<Input>,
    bound: Arc<Bound>,
    line: u64,
    record: RecordBuf,
    scored_before: bool,
    /// Its features, whether they were taken to be judged, and what is made of them.
    bits: Vec<u64>,
    to_judge: bool,
    verdict: Option<Verdict>,
}

/// Schemas remembered at once. JSON logs make a new one for each new key.
const MAX_SCHEMAS: usize = 4096;

/// Rows judged together, and by one thread at a time.
const TOGETHER: usize = 4096;
const PART: usize = 256;

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
        if !bound.left_out.holds(&row.record) {
            self.context.absorb(&bound.context, &row.record);
        }
        let (mut record, bits) = self.spare.pop().unwrap_or_default();
        record.copy_from(&row.record);
        self.waiting.push_back(Arrived {
            input: input.clone(),
            bound,
            line: row.line,
            record,
            scored_before,
            bits,
            to_judge: false,
            verdict: None,
        });
    }

    /// The oldest `n` rows have settled: `to` sees them in the order of time, then they are scored, log by log and in
    /// the order of each file's lines.
    pub fn settle(&mut self, n: usize, to: &mut dyn Settled) -> ControlFlow<()> {
        let n = n.min(self.waiting.len());
        let mut batch: Vec<Arrived> = self.waiting.drain(..n).collect();
        if to.wants_order() {
            hand_out_in_order(&batch, to);
        }
        // Stable: lines of one file stay in their order.
        batch.sort_by(|a, b| {
            let conn = |r: &Arrived| r.bound.binding.role == Role::Conn;
            (conn(a), &a.input.path).cmp(&(conn(b), &b.input.path))
        });
        let mut flow = ControlFlow::Continue(());
        for rows in batch.chunk_by_mut(|a, b| Arc::ptr_eq(&a.input, &b.input)) {
            if flow.is_continue() {
                flow = self.score(rows, to);
            }
            if let Some(last) = rows.last().filter(|_| flow.is_continue()) {
                to.done(&last.input, last.line);
            }
        }
        self.context.sweep();
        for arrived in batch {
            if self.spare.len() < MAX_SPARE {
                self.spare.push((arrived.record, arrived.bits));
            }
        }
        flow
    }

    /// Scores rows of one file.
    fn score(&mut self, rows: &mut [Arrived], to: &mut dyn Settled) -> ControlFlow<()> {
        let model = self.model;
        for rows in rows.chunks_mut(TOGETHER) {
            for r in rows.iter_mut() {
                self.take(r);
            }
            rows.par_chunks_mut(PART)
                .for_each_init(Scratch::default, |scratch, part| {
                    for r in part.iter_mut().filter(|r| r.to_judge) {
                        let log = r.bound.binding.model.and_then(|at| model.logs.get(at));
                        r.verdict = log.map(|log| log.judge(&r.bits, false, scratch));
                    }
                });
            for r in rows {
                let Some(verdict) = r.verdict else { continue };
                to.scored(&Scored {
                    input: &r.input,
                    line: r.line,
                    schema: &r.bound.schema,
                    record: r.record.record(),
                    verdict,
                    binding: &r.bound.binding,
                    bits: &r.bits,
                    model,
                })?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes the features of a row that is to be scored, and has passed it.
    fn take(&mut self, r: &mut Arrived) {
        let (record, bound) = (r.record.record(), &*r.bound);
        r.bits.clear();
        if bound.left_out.holds(&record) {
            return;
        }
        let binding = &bound.binding;
        let log = binding.model.and_then(|at| self.model.logs.get(at));
        if let (false, Some(log)) = (r.scored_before, log) {
            let view = self.context.view(&bound.context, &record);
            log.extract(&Row::new(record, &binding.columns, view), &mut r.bits);
            r.to_judge = true;
        }
        passed(&mut self.context, &bound.context, &record, false);
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
            left_out: LeftOut::of(row.schema),
            written: Written::bind(row.schema),
            binding: Binding::new(self.model, row.schema),
            context: ContextColumns::bind(role_of(&row.schema.log), row.schema),
        });
        self.bindings.insert(row.schema_id, bound.clone());
        bound
    }
}
