//! Training: rows in, a model out.
//!
//! Rows are counted as they come, by blocks of time, in memory that does not grow with their
//! number; of each log a random sample (a reservoir) is kept, for the detectors that need
//! rows and for calibration.

use crate::blocks::Blocks;
use crate::choice::{Choice, DetectorParams};
use crate::combine::MergeWarning;
use crate::drift::{DayCollector, type_name};
use crate::feedback::Mark;
use crate::file::pack;
use crate::fit::{Material, fit};
use crate::labels::{self, Labels};
use crate::live::role_of;
use crate::model::{Held, LogModel, Model, ModelInfo, Scratch};
use crate::reservoir::Reservoir;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeek_anomaly_features::context::ContextColumns;
use zeek_anomaly_features::generic::KindLearner;
use zeek_anomaly_features::row::Columns;
use zeek_anomaly_features::{Cell, Context, Kind, Row, Spec, logs};
use zeek_anomaly_models::bins::key_of;
use zeek_anomaly_models::{Calibration, DetectorKind, Encoder, Language, NameCounts};
use zeek_log::{Record, RecordBuf, Schema};

/// How to train.
#[derive(Clone, Debug)]
pub struct TrainParams {
    /// The seed of all randomness.
    pub seed: u64,
    /// Rows of each log that are kept for the detectors and for calibration.
    pub sample_rows: usize,
    /// Which detectors.
    pub detectors: Choice,
    /// How they are made.
    pub how: DetectorParams,
    /// The version of Zeek that wrote the logs, if known.
    pub zeek_version: Option<String>,
    /// Whether the model is only for the rows that it is made of: they are judged with
    /// themselves left out, and so are those of the calibration, instead of with
    /// their block of time left out.
    pub own_rows: bool,
    /// The share of each log's rows, the last by their time, that nothing is fitted to and
    /// that scores are calibrated on instead; 0 for none.
    pub holdout: f64,
    /// Rows of each log that the model keeps to go on with ([`crate::combine`]); `None` where it
    /// is to keep nothing for that.
    pub kept_rows: Option<usize>,
}

impl Default for TrainParams {
    fn default() -> Self {
        TrainParams {
            seed: 0,
            sample_rows: 200_000,
            detectors: Choice::default(),
            how: DetectorParams::default(),
            zeek_version: None,
            own_rows: false,
            holdout: 0.0,
            kept_rows: None,
        }
    }
}

/// Rows of a log without definitions of its own from which the kinds of its
/// columns are learned.
const LEARNING_ROWS: usize = 1000;

/// The scores of which it is told how they hold on rows that were held out.
const PROMISES: [f64; 3] = [1.0, 2.0, 3.0];

/// Learns from rows, log by log.
#[derive(Debug)]
pub struct Trainer {
    params: TrainParams,
    logs: BTreeMap<String, LogTrainer>,
    pub(crate) names: NameCounts,
    /// Which sensor's the rows are that come now.
    pub(crate) sensor: u64,
    /// The version of Zeek and the marks of models that this goes on from.
    pub(crate) zeek_version: Option<String>,
    pub(crate) marks: Vec<Mark>,
}

#[derive(Debug)]
enum LogTrainer {
    /// A generic log whose columns are not known yet: the first rows wait.
    Learning {
        learner: KindLearner,
        waiting: Vec<(Arc<Schema>, RecordBuf)>,
    },
    Counting(Box<Counting>),
}

#[derive(Debug)]
pub(crate) struct Counting {
    pub(crate) spec: Spec,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) blocks: Blocks,
    /// Features of rows, their time, and their labels.
    pub(crate) sample: Reservoir,
    pub(crate) span: Option<(f64, f64)>,
    pub(crate) days: DayCollector,
    /// The detectors of the model that this goes on from.
    pub(crate) kinds: Vec<DetectorKind>,
    labels: Labels,
    bits: Vec<u64>,
    keys: Vec<Option<u64>>,
    /// The numbers of the row before, and their keys: often the next row has the same.
    before: Vec<(u64, Option<u64>)>,
    /// The columns of the schema met last.
    bound: Option<(Arc<Schema>, Columns, ContextColumns)>,
}

impl Trainer {
    /// Nothing learned yet.
    pub fn new(params: TrainParams) -> Trainer {
        Trainer {
            params,
            logs: BTreeMap::new(),
            names: NameCounts::default(),
            sensor: 0,
            zeek_version: None,
            marks: Vec::new(),
        }
    }

    pub(crate) fn params(&self) -> &TrainParams {
        &self.params
    }

    /// What was counted of a log.
    pub(crate) fn counting(&mut self, log: &str) -> Option<&mut Counting> {
        match self.logs.get_mut(log)? {
            LogTrainer::Counting(c) => Some(c),
            LogTrainer::Learning { .. } => None,
        }
    }

    pub(crate) fn put(&mut self, log: &str, counting: Counting) {
        let counting = LogTrainer::Counting(Box::new(counting));
        self.logs.insert(log.to_owned(), counting);
    }

    /// What was counted, by log.
    pub(crate) fn into_logs(self) -> impl Iterator<Item = (String, Counting)> {
        self.logs.into_iter().filter_map(|(name, log)| match log {
            LogTrainer::Counting(c) => Some((name, *c)),
            LogTrainer::Learning { .. } => None,
        })
    }

    /// Rows learned from so far.
    pub fn rows(&self) -> u64 {
        self.logs
            .values()
            .map(|l| match l {
                LogTrainer::Learning { waiting, .. } => waiting.len() as u64,
                LogTrainer::Counting(c) => c.sample.seen(),
            })
            .sum()
    }

    /// Learns from one row, with what `context` knows of its connection.
    pub fn add(&mut self, schema: &Arc<Schema>, record: &Record<'_>, context: &Context) {
        if !self.logs.contains_key(&schema.log) {
            let new = match logs::by_name(&schema.log) {
                Some(t) => {
                    LogTrainer::Counting(Box::new(Counting::new(Spec::Known(t), &self.params)))
                }
                None => LogTrainer::Learning {
                    learner: KindLearner::default(),
                    waiting: Vec::new(),
                },
            };
            self.logs.insert(schema.log.clone(), new);
        }
        let Some(log) = self.logs.get_mut(&schema.log) else {
            return;
        };
        match log {
            LogTrainer::Counting(c) => {
                c.add(schema, record, (context, self.sensor), &mut self.names)
            }
            LogTrainer::Learning { learner, waiting } => {
                learner.schema(schema);
                learner.row(schema, record);
                let mut kept = RecordBuf::new();
                kept.copy_from(record);
                waiting.push((schema.clone(), kept));
                if waiting.len() >= LEARNING_ROWS {
                    log.learned(&schema.log, &self.params, context, &mut self.names);
                }
            }
        }
    }

    /// The model of what was learned. Logs with no row are left out.
    pub fn finish(self, context: &Context) -> Model {
        self.finish_with(context, &mut Vec::new())
    }

    pub(crate) fn finish_with(
        mut self,
        context: &Context,
        warnings: &mut Vec<MergeWarning>,
    ) -> Model {
        let mut info = ModelInfo {
            made_by: crate::VERSION.to_owned(),
            zeek_version: self.params.zeek_version.clone().or(self.zeek_version),
            seed: self.params.seed,
            holdout: self.params.holdout,
            ..ModelInfo::default()
        };
        for (name, log) in &mut self.logs {
            log.learned(name, &self.params, context, &mut self.names);
        }
        // What is judged must not have taught what is ordinary: names that are looked for may be
        // among the rows, and each would speak for the others.
        let names = match self.params.own_rows {
            true => Language::prior(),
            false => Language::of(self.names.finish()),
        };
        let mut models = Vec::new();
        for log in self.logs.values_mut() {
            if let LogTrainer::Counting(c) = log {
                let model = c.finish(&self.params, &names);
                info.rows += model.rows;
                if let Some((a, b)) = model.span {
                    info.first_ts = Some(info.first_ts.map_or(a, |t| t.min(a)));
                    info.last_ts = Some(info.last_ts.map_or(b, |t| t.max(b)));
                }
                models.push(model);
            }
        }
        let mut model = Model {
            info,
            logs: models,
            names,
            kept_names: self.params.kept_rows.and_then(|_| pack(&self.names)),
            marks: Vec::new(),
        };
        let taken = model.mark(self.marks);
        let lost = taken.iter().filter(|m| m.is_err()).count();
        if lost > 0 {
            warnings.push(MergeWarning::Marks(lost));
        }
        model
    }
}

impl LogTrainer {
    /// Ends the learning of columns, if it has not ended, and counts what waited.
    fn learned(
        &mut self,
        log: &str,
        params: &TrainParams,
        context: &Context,
        names: &mut NameCounts,
    ) {
        if let LogTrainer::Learning { learner, waiting } = self {
            let spec = Spec::Generic(learner.finish(log));
            let mut counting = Counting::new(spec, params);
            for (schema, kept) in std::mem::take(waiting) {
                // Such a log has no connections.
                counting.add(&schema, &kept.record(), (context, 0), names);
            }
            *self = LogTrainer::Counting(Box::new(counting));
        }
    }
}

impl Counting {
    pub(crate) fn new(spec: Spec, params: &TrainParams) -> Counting {
        let labels = Labels::of(&spec);
        let width = spec.len() + 1 + labels.words();
        Counting {
            blocks: Blocks::new((0..spec.len()).map(|f| spec.kind(f)).collect()),
            sample: Reservoir::new(width, params.sample_rows, params.seed, spec.log()),
            labels,
            spec,
            fields: Vec::new(),
            bits: Vec::new(),
            keys: Vec::new(),
            before: Vec::new(),
            span: None,
            days: DayCollector::default(),
            kinds: Vec::new(),
            bound: None,
        }
    }

    fn add(
        &mut self,
        schema: &Arc<Schema>,
        record: &Record<'_>,
        (context, sensor): (&Context, u64),
        names: &mut NameCounts,
    ) {
        let same = self
            .bound
            .as_ref()
            .is_some_and(|b| Arc::ptr_eq(&b.0, schema));
        if !same {
            for f in &schema.fields {
                if !self.fields.iter().any(|(n, _)| *n == f.name) {
                    self.fields.push((f.name.clone(), type_name(f.ty)));
                }
            }
            let columns = Columns::bind(&self.spec.columns(), schema);
            let context = ContextColumns::bind(role_of(&schema.log), schema).of_sensor(sensor);
            self.bound = Some((schema.clone(), columns, context));
        }
        let Some((_, columns, of_context)) = &self.bound else {
            return;
        };
        let row = Row::new(*record, columns, context.view(of_context, record));
        self.bits.clear();
        self.keys.clear();
        if self.before.is_empty() {
            // No number: what is missing has no key.
            self.before
                .resize(self.spec.len(), (f64::NAN.to_bits(), None));
        }
        let ts = of_context.ts(record);
        let mut domain = None;
        for (f, counts) in self.blocks.at(ts).iter_mut().enumerate() {
            let mut cell = self.spec.cell(f, &row);
            if self.spec.is_learned(f) {
                // What is known of it is counted at the end.
                if let Cell::Text(label) = cell {
                    names.add(label, domain);
                    domain = domain.or(Some(label));
                }
                cell = Cell::Missing;
            }
            let kind = self.spec.kind(f);
            let bits = match kind {
                Kind::Category => cell.category_bits(),
                _ => cell.number_bits(),
            };
            // Made once, for both that count.
            let key = match self.before.get_mut(f) {
                _ if kind == Kind::Category => key_of(kind, bits),
                Some(before) => {
                    if before.0 != bits {
                        *before = (bits, key_of(kind, bits));
                    }
                    before.1
                }
                None => key_of(kind, bits),
            };
            if !self.spec.is_learned(f) {
                counts.add_keyed(key, &cell);
            }
            self.keys.push(key);
            self.bits.push(bits);
        }
        self.days.add_keyed(&self.spec, ts, &self.keys);
        self.bits.push(ts.unwrap_or(f64::NAN).to_bits());
        for f in self.labels.features() {
            labels::put(&self.spec.cell(f, &row), &mut self.bits);
        }
        match ts {
            Some(_) => self.sample.add_timed(&self.bits),
            None => self.sample.add(&self.bits),
        }
        if let Some(t) = ts {
            self.span = Some(self.span.map_or((t, t), |(a, b)| (a.min(t), b.max(t))));
        }
    }

    /// Counts what is known of the sample's labels now that all names were learned.
    fn read_labels(&mut self, names: &Language) {
        let ts_at = self.spec.len();
        for row in self.sample.rows_mut() {
            let ts = row.get(ts_at).and_then(|t| time_of(*t));
            let counts = self.blocks.at(ts);
            self.labels.read(row, names, |f, cell| {
                if let Some(c) = counts.get_mut(f) {
                    c.add(cell);
                }
            });
        }
    }

    fn finish(&mut self, params: &TrainParams, names: &Arc<Language>) -> LogModel {
        self.sample.seal();
        // Before labels are read: names may yet be learned that say otherwise.
        let kept = params.kept_rows.and_then(|n| self.pack(n));
        self.read_labels(names);
        let held = match params.holdout > 0.0 {
            true => self.blocks.last(params.holdout),
            false => Vec::new(),
        };
        let mut model = match held[..] {
            [] => self.fit(params),
            _ => self.without(&held).fit(params),
        };
        if !held.is_empty() {
            self.calibrate(&mut model, &held);
        }
        model.fields = self.fields.clone();
        model.rows = self.sample.seen();
        model.span = self.span;
        model.days = self.days.finish(&self.spec);
        model.names = names.clone();
        model.kept = kept;
        model
    }

    fn fit(&self, params: &TrainParams) -> LogModel {
        let total = self.blocks.total();
        let encoders: Vec<Encoder> = total.iter().map(|c| Encoder::new(c.finish())).collect();
        let fitted = fit(&Material {
            spec: &self.spec,
            blocks: &self.blocks,
            total: &total,
            sample: &self.sample,
            encoders: &encoders,
            params,
            kinds: &self.kinds,
        });
        let mut model = LogModel::new(
            self.spec.clone(),
            encoders,
            fitted.detector,
            fitted.calibration,
        );
        model.kinds = fitted.kinds;
        model
    }

    /// A sampled row's block.
    fn block_of(&self, row: &[u64]) -> i64 {
        let ts = row.get(self.spec.len()).and_then(|t| time_of(*t));
        self.blocks.block_of(ts)
    }

    /// What there is to be fitted to without blocks that are held out.
    fn without(&self, held: &[i64]) -> Counting {
        Counting {
            spec: self.spec.clone(),
            fields: Vec::new(),
            blocks: self.blocks.but(held),
            sample: (self.sample).filtered(|row| !held.contains(&self.block_of(row))),
            span: None,
            days: DayCollector::default(),
            kinds: self.kinds.clone(),
            labels: self.labels.clone(),
            bits: Vec::new(),
            keys: Vec::new(),
            before: Vec::new(),
            bound: None,
        }
    }

    /// Calibrates a model on the rows that were held out.
    fn calibrate(&self, model: &mut LogModel, held: &[i64]) {
        let mut scratch = Scratch::default();
        let mut raw = Vec::new();
        for row in self.sample.rows() {
            if held.contains(&self.block_of(row)) {
                let encoded = model.encoded(&row[..self.spec.len()], &mut scratch);
                raw.push(model.detector.as_detector().raw(&encoded));
            }
        }
        let reaches = |score: f64, raw: f64| model.calibration.score(raw).0 >= score;
        model.held = (PROMISES.iter())
            // Where not one row is promised there is nothing to be told.
            .filter(|s| raw.len() as f64 * 10f64.powf(-**s) >= 1.0)
            .map(|score| {
                let rows = raw.iter().filter(|r| reaches(*score, **r)).count();
                let share = rows as f64 / raw.len() as f64;
                let score = *score;
                Held { score, share }
            })
            .collect();
        model.held_out = self.blocks.rows(held);
        model.calibration = Calibration::fit(raw);
    }
}

/// A row's time, if it has one.
pub(crate) fn time_of(bits: u64) -> Option<f64> {
    Some(f64::from_bits(bits)).filter(|t| !t.is_nan())
}
