//! Training rows between their records and the counts: features are taken row by row, and counted
//! column by column.
//!
//! Taking features needs the context of connections, and so has to go in the order of the rows, all
//! logs together. What it gives is put on sheets, one for each log, and whoever counts a log needs no more than
//! its sheets, one after the other: [`crate::train`] does so on a thread of its own. What is
//! counted of a feature depends only on the order of its own values, so a column can be counted at once.

use crate::labels::{self, Labels};
use crate::live::role_of;
use crate::train::time_of;
use hashbrown::HashMap;
use std::sync::Arc;
use zeek_anomaly_features::context::{ContextColumns, View};
use zeek_anomaly_features::generic::KindLearner;
use zeek_anomaly_features::row::Columns;
use zeek_anomaly_features::{Cell, Context, Kind, Row, Spec, logs};
use zeek_anomaly_models::NameCounts;
use zeek_anomaly_models::bins::column_key;
use zeek_log::{Record, RecordBuf, Schema};

/// Rows of a sheet.
const ROWS: usize = 512;

/// From one column to the next. Not a power of two: a row's values would all go to the same few lines of
/// the processor's cache.
const STRIDE: usize = ROWS + 8;

/// Rows of a log without definitions of its own from which the kinds of its
/// columns are learned.
const LEARNING_ROWS: usize = 1000;

/// Rows of one log and schema.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    of: Option<(Spec, Arc<Schema>, Arc<Columns>)>,
    /// The records, for the texts of categories.
    records: Vec<RecordBuf>,
    filled: usize,
    /// Row by row: the features in their compact form, the time, and the labels.
    bits: Vec<u64>,
    /// Feature by feature, [`STRIDE`] apart: what the values are counted under ([`column_key`]).
    keys: Vec<u64>,
}

impl Sheet {
    /// What the rows' features are.
    pub(crate) fn spec(&self) -> Option<&Spec> {
        self.of.as_ref().map(|of| &of.0)
    }

    pub(crate) fn schema(&self) -> Option<&Arc<Schema>> {
        self.of.as_ref().map(|of| &of.1)
    }

    /// The rows: features in their compact form, time, and labels.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.bits
            .chunks_exact((self.bits.len() / self.filled.max(1)).max(1))
    }

    /// The times of the rows.
    pub(crate) fn times(&self) -> impl Iterator<Item = Option<f64>> {
        let at = self.spec().map_or(0, Spec::len);
        self.rows()
            .map(move |row| row.get(at).and_then(|ts| time_of(*ts)))
    }

    /// What some rows' values of a feature are counted under.
    pub(crate) fn keys(&self, f: usize, rows: std::ops::Range<usize>) -> &[u64] {
        let column = self.keys.get(f * STRIDE..).unwrap_or_default();
        column.get(rows).unwrap_or_default()
    }

    /// The category of a row. Categories are made of the record alone: what its connection did
    /// elsewhere is counted, and so is a number.
    pub(crate) fn category(&self, f: usize, row: usize) -> Cell<'_> {
        match (&self.of, self.records.get(row)) {
            (Some((spec, _, columns)), Some(record)) => {
                spec.cell(f, &Row::new(record.record(), columns, View::default()))
            }
            _ => Cell::Missing,
        }
    }
}

/// Takes the features of rows.
#[derive(Debug, Default)]
pub(crate) struct Sheets {
    logs: HashMap<String, LogSheets>,
    pub(crate) names: NameCounts,
    /// Which sensor's the rows are that come now.
    pub(crate) sensor: u64,
}

#[derive(Debug)]
enum LogSheets {
    /// A generic log whose columns are not known yet: the first rows wait.
    Learning(KindLearner, Vec<(Arc<Schema>, RecordBuf)>),
    Taking(Box<Taking>),
}

/// Takes the features of one log's rows.
#[derive(Debug)]
struct Taking {
    spec: Spec,
    features: Vec<(Kind, bool)>,
    labels: Labels,
    /// The numbers of the row before, and their keys: often the next row has the same.
    before: Vec<(u64, u64)>,
    /// The columns of the schema met last.
    bound: Option<(Arc<Schema>, Arc<Columns>, ContextColumns)>,
    sheet: Sheet,
}

/// Where full sheets go; what comes back is filled again.
pub(crate) type Full<'f> = dyn FnMut(Sheet) -> Sheet + 'f;

impl Sheets {
    /// Says what the features of a log are, where that is known before its first row.
    pub(crate) fn know(&mut self, log: &str, spec: Spec) {
        let taking = LogSheets::Taking(Box::new(Taking::new(spec)));
        self.logs.insert(log.to_owned(), taking);
    }

    /// Takes the features of a row, with what `context` knows of its connection. The record is
    /// to be put where this says; what lies there is memory to be used again.
    pub(crate) fn add(
        &mut self,
        schema: &Arc<Schema>,
        record: &Record<'_>,
        context: &Context,
        full: &mut Full<'_>,
    ) -> Option<&mut RecordBuf> {
        if !self.logs.contains_key(&schema.log) {
            let new = match logs::by_name(&schema.log) {
                Some(t) => LogSheets::Taking(Box::new(Taking::new(Spec::Known(t)))),
                None => LogSheets::Learning(KindLearner::default(), Vec::new()),
            };
            self.logs.insert(schema.log.clone(), new);
        }
        let (log, names) = (self.logs.get_mut(&schema.log)?, &mut self.names);
        if let LogSheets::Learning(_, waiting) = log
            && waiting.len() >= LEARNING_ROWS
        {
            log.learned(&schema.log, context, names, full);
        }
        match log {
            LogSheets::Taking(t) => t.add(schema, record, (context, self.sensor), names, full),
            LogSheets::Learning(learner, waiting) => {
                learner.schema(schema);
                learner.row(schema, record);
                waiting.push((schema.clone(), RecordBuf::new()));
                waiting.last_mut().map(|w| &mut w.1)
            }
        }
    }

    /// Hands over the sheets that are not full.
    pub(crate) fn finish(&mut self, context: &Context, full: &mut Full<'_>) {
        let mut logs: Vec<(&String, &mut LogSheets)> = self.logs.iter_mut().collect();
        // The map's order must not show.
        logs.sort_unstable_by(|a, b| a.0.cmp(b.0));
        for (name, log) in logs {
            log.learned(name, context, &mut self.names, full);
            if let LogSheets::Taking(t) = log {
                t.hand_over(full);
            }
        }
    }
}

impl LogSheets {
    /// Ends the learning of columns, if it has not ended, and takes what waited.
    fn learned(
        &mut self,
        log: &str,
        context: &Context,
        names: &mut NameCounts,
        full: &mut Full<'_>,
    ) {
        if let LogSheets::Learning(learner, waiting) = self {
            let mut taking = Taking::new(Spec::Generic(learner.finish(log)));
            for (schema, kept) in std::mem::take(waiting) {
                // Such a log has no connections.
                let place = taking.add(&schema, &kept.record(), (context, 0), names, full);
                if let Some(place) = place {
                    *place = kept;
                }
            }
            *self = LogSheets::Taking(Box::new(taking));
        }
    }
}

impl Taking {
    fn new(spec: Spec) -> Taking {
        let features = (0..spec.len()).map(|f| (spec.kind(f), spec.is_learned(f)));
        Taking {
            features: features.collect(),
            labels: Labels::of(&spec),
            // No number: what is missing has no cell.
            before: vec![
                (
                    f64::NAN.to_bits(),
                    column_key(Kind::Flag, f64::NAN.to_bits())
                );
                spec.len()
            ],
            bound: None,
            sheet: Sheet::default(),
            spec,
        }
    }

    fn add(
        &mut self,
        schema: &Arc<Schema>,
        record: &Record<'_>,
        (context, sensor): (&Context, u64),
        names: &mut NameCounts,
        full: &mut Full<'_>,
    ) -> Option<&mut RecordBuf> {
        let bound = self.bound.as_ref();
        if !bound.is_some_and(|b| Arc::ptr_eq(&b.0, schema)) {
            self.hand_over(full);
            let columns = Arc::new(Columns::bind(&self.spec.columns(), schema));
            let context = ContextColumns::bind(role_of(&schema.log), schema).of_sensor(sensor);
            self.bound = Some((schema.clone(), columns, context));
        } else if self.sheet.filled >= ROWS {
            self.hand_over(full);
        }
        let (schema, columns, of_context) = self.bound.as_ref()?;
        let sheet = &mut self.sheet;
        if sheet.of.is_none() {
            sheet.of = Some((self.spec.clone(), schema.clone(), columns.clone()));
            sheet.keys.resize(self.features.len() * STRIDE, 0);
        }
        let row = Row::new(*record, columns, context.view(of_context, record));
        let mut domain = None;
        let of_feature = self.features.iter().zip(&mut self.before);
        let places = sheet.keys.chunks_exact_mut(STRIDE);
        for ((f, ((kind, learned), before)), place) in of_feature.enumerate().zip(places) {
            let mut cell = self.spec.cell(f, &row);
            if *learned {
                // What is known of it is counted at the end.
                if let Cell::Text(label) = cell {
                    names.add(label, domain);
                    domain = domain.or(Some(label));
                }
                cell = Cell::Missing;
            }
            let (bits, key) = match kind {
                Kind::Category | Kind::Identity => {
                    let bits = cell.category_bits();
                    (bits, bits)
                }
                _ => {
                    let bits = cell.number_bits();
                    if before.0 != bits {
                        *before = (bits, column_key(*kind, bits));
                    }
                    *before
                }
            };
            if let Some(place) = place.get_mut(sheet.filled) {
                *place = key;
            }
            sheet.bits.push(bits);
        }
        let ts = of_context.ts(record);
        sheet.bits.push(ts.unwrap_or(f64::NAN).to_bits());
        for f in self.labels.features() {
            labels::put(&self.spec.cell(f, &row), &mut sheet.bits);
        }
        let at = sheet.filled;
        sheet.filled += 1;
        if sheet.records.len() <= at {
            sheet.records.push(RecordBuf::new());
        }
        sheet.records.get_mut(at)
    }

    /// Hands over the sheet if there is anything on it, and begins a new one.
    fn hand_over(&mut self, full: &mut Full<'_>) {
        if self.sheet.filled == 0 {
            return;
        }
        self.sheet = full(std::mem::take(&mut self.sheet));
        self.sheet.of = None;
        self.sheet.filled = 0;
        self.sheet.bits.clear();
    }
}
