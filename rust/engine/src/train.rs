//! Training: rows in, a model out.
//!
//! Rows are counted as they come, by blocks of time, in memory that does not grow with their
//! number; of each log a random sample (a reservoir) is kept, for the detectors that need
//! rows and for calibration.

use crate::blocks::Blocks;
use crate::choice::{Choice, DetectorParams};
use crate::combine::MergeWarning;
use crate::feedback::Mark;
use crate::fit::{Material, fit};
use crate::labels::Labels;
use crate::model::{Held, LogModel, Model, ModelInfo, Scratch};
use crate::reservoir::Reservoir;
use crate::sheet::{Sheet, Sheets};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeek_anomaly_base::codec::pack;
use zeek_anomaly_base::time::day_of;
use zeek_anomaly_drift::{DayCollector, type_name};
use zeek_anomaly_features::{Context, Spec};
use zeek_anomaly_models::counts::Tally;
use zeek_anomaly_models::{Calibration, DetectorKind, Encoder, Language};
use zeek_log::{Record, Schema};

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

/// The scores of which it is told how they hold on rows that were held out.
const PROMISES: [f64; 3] = [1.0, 2.0, 3.0];

/// Learns from rows, log by log.
#[derive(Debug)]
pub struct Trainer {
    params: TrainParams,
    pub(crate) sheets: Sheets,
    logs: Logs,
    /// The version of Zeek and the marks of models that this goes on from.
    pub(crate) zeek_version: Option<String>,
    pub(crate) marks: Vec<Mark>,
}

/// What was counted of each log.
type Logs = BTreeMap<String, Counting>;

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
    /// The schema met last.
    schema: Option<Arc<Schema>>,
    tally: Tally,
}

impl Trainer {
    /// Nothing learned yet.
    pub fn new(params: TrainParams) -> Trainer {
        Trainer {
            params,
            sheets: Sheets::default(),
            logs: Logs::new(),
            zeek_version: None,
            marks: Vec::new(),
        }
    }

    pub(crate) fn params(&self) -> &TrainParams {
        &self.params
    }

    /// What was counted of a log.
    pub(crate) fn counting(&mut self, log: &str) -> Option<&mut Counting> {
        self.logs.get_mut(log)
    }

    pub(crate) fn put(&mut self, log: &str, counting: Counting) {
        self.sheets.know(log, counting.spec.clone());
        self.logs.insert(log.to_owned(), counting);
    }

    pub(crate) fn countings(&self) -> impl Iterator<Item = &Counting> {
        self.logs.values()
    }

    /// What was counted, by log.
    pub(crate) fn into_logs(self) -> impl Iterator<Item = (String, Counting)> {
        self.logs.into_iter()
    }

    /// Learns from one row, with what `context` knows of its connection.
    pub fn add(&mut self, schema: &Arc<Schema>, record: &Record<'_>, context: &Context) {
        let (logs, params) = (&mut self.logs, &self.params);
        let mut full = |sheet| counted(logs, params, sheet);
        if let Some(place) = self.sheets.add(schema, record, context, &mut full) {
            place.copy_from(record);
        }
    }

    /// What takes features of rows, and what counts them: for two threads.
    pub(crate) fn halves(&mut self) -> (&mut Sheets, impl FnMut(&mut Sheet) + Send) {
        let (logs, params) = (&mut self.logs, &self.params);
        (&mut self.sheets, |sheet| count(logs, params, sheet))
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
        let (logs, params) = (&mut self.logs, &self.params);
        (self.sheets).finish(context, &mut |sheet| counted(logs, params, sheet));
        // What is judged must not have taught what is ordinary: names that are looked for may be
        // among the rows, and each would speak for the others.
        let names = match self.params.own_rows {
            true => Language::prior(),
            false => Language::of(self.sheets.names.finish()),
        };
        let mut models = Vec::new();
        for counting in self.logs.values_mut() {
            let model = counting.finish(&self.params, &names);
            info.rows += model.rows;
            if let Some((a, b)) = model.span {
                info.first_ts = Some(info.first_ts.map_or(a, |t| t.min(a)));
                info.last_ts = Some(info.last_ts.map_or(b, |t| t.max(b)));
            }
            models.push(model);
        }
        let mut model = Model {
            info,
            logs: models,
            names,
            kept_names: self
                .params
                .kept_rows
                .and_then(|_| pack(&self.sheets.names).ok()),
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

/// Counts what is on a sheet, and gives it back.
fn counted(logs: &mut Logs, params: &TrainParams, mut sheet: Sheet) -> Sheet {
    count(logs, params, &mut sheet);
    sheet
}

fn count(logs: &mut Logs, params: &TrainParams, sheet: &mut Sheet) {
    let Some(spec) = sheet.spec() else { return };
    if !logs.contains_key(spec.log()) {
        let counting = Counting::new(spec.clone(), params);
        logs.insert(spec.log().to_owned(), counting);
    }
    if let Some(counting) = logs.get_mut(spec.log()) {
        counting.count(sheet);
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
            span: None,
            days: DayCollector::default(),
            kinds: Vec::new(),
            schema: None,
            tally: Tally::default(),
        }
    }

    fn count(&mut self, sheet: &Sheet) {
        self.columns(sheet);
        for (row, ts) in sheet.rows().zip(sheet.times()) {
            match ts {
                Some(_) => self.sample.add_timed(row),
                None => self.sample.add(row),
            }
            if let Some(t) = ts {
                self.span = Some(self.span.map_or((t, t), |(a, b)| (a.min(t), b.max(t))));
            }
        }
        let times: Vec<Option<f64>> = sheet.times().collect();
        let mut rest = &times[..];
        while let Some(ts) = rest.first() {
            // Rows that follow one another are as a rule of the same block and day.
            let (_, day) = (self.blocks.at(*ts), ts.and_then(day_of));
            let (block, mut hours) = (self.blocks.block_of(*ts), 0);
            let together = rest.iter().take_while(|ts| {
                let of = ts.and_then(day_of);
                let same =
                    self.blocks.block_of(**ts) == block && of.map(|d| d.0) == day.map(|d| d.0);
                if same {
                    hours |= of.map_or(0, |(_, hour)| 1 << hour);
                }
                same
            });
            let from = times.len() - rest.len();
            let rows = from..from + together.count();
            let (n, mut categories) = (rows.len() as u64, 0);
            // A day for which there is no room counts nowhere.
            let day = day.filter(|(day, _)| self.days.add_rows(&self.spec, (*day, hours), n));
            for (f, counts) in self.blocks.at(*ts).iter_mut().enumerate() {
                let keys = sheet.keys(f, rows.clone());
                if self.spec.kind(f).is_category() {
                    counts.add_column(keys, |row| sheet.category(f, from + row));
                    if let Some((day, _)) = day {
                        self.days.categories(day, (categories, f), keys);
                    }
                    categories += 1;
                    continue;
                }
                self.tally.count(keys);
                if let Some((day, _)) = day {
                    self.days.numbers(day, f, &self.tally);
                }
                if !self.spec.is_learned(f) {
                    counts.add_numbers(&self.tally, n);
                }
            }
            rest = times.get(rows.end..).unwrap_or_default();
        }
    }

    /// Notes the columns of a schema that is new.
    fn columns(&mut self, sheet: &Sheet) {
        let (Some(schema), known) = (sheet.schema(), &self.schema) else {
            return;
        };
        if known.as_ref().is_some_and(|s| Arc::ptr_eq(s, schema)) {
            return;
        }
        for f in &schema.fields {
            if !self.fields.iter().any(|(n, _)| *n == f.name) {
                self.fields.push((f.name.clone(), type_name(f.ty)));
            }
        }
        self.schema = Some(schema.clone());
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
        let pack = |of: &Counting| params.kept_rows.and_then(|n| of.pack(n));
        // Before labels are read: names may yet be learned that say otherwise.
        let unread = (self.labels.words() > 0).then(|| {
            let kept = pack(self);
            self.read_labels(names);
            kept
        });
        let held = match params.holdout > 0.0 {
            true => self.blocks.last(params.holdout),
            false => Vec::new(),
        };
        let (kept, mut model) = rayon::join(
            || unread.unwrap_or_else(|| pack(self)),
            || match held[..] {
                [] => self.fit(params),
                _ => self.without(&held).fit(params),
            },
        );
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
        model.strangers = fitted.strangers;
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
            schema: None,
            tally: Tally::default(),
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
