//! Scored rows with their labels.

use crate::alerts::{AlertGatherer, LabelledAlert};
use crate::rule::ColumnRule;
use crate::truth::{GroundTruth, RowLabel};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use zeek_anomaly_base::text::from_bytes;
use zeek_anomaly_engine::offline::Scored;
use zeek_log::{Record, Schema};

/// Names by number, to keep rows small.
#[derive(Debug, Default)]
pub struct NameTable {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl NameTable {
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(n) = self.numbers.get(name) {
            return *n;
        }
        let n = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), n);
        n
    }

    /// All names; a name's number is its index.
    pub fn all(&self) -> &[String] {
        &self.names
    }

    /// The name of a number; empty if there is none.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }
}

/// One row that was scored and has a label.
#[derive(Clone, Debug)]
pub struct LabelledRow {
    /// The log's number.
    pub log: u32,
    /// The attack's number; `None` for a normal row.
    pub attack: Option<u32>,
    /// The originator's number; rows without one share one.
    pub host: u32,
    /// Its time, in seconds since the epoch.
    pub ts: Option<f64>,
    /// The score.
    pub score: f64,
    /// The detector's own value.
    pub raw: f64,
    /// The uid, if [`EvaluateParams::keep_uids`](crate::EvaluateParams::keep_uids) asks for it.
    pub uid: Option<Box<str>>,
    /// For each baseline rule, whether the row matches it.
    pub baselines: Box<[bool]>,
}

/// The names that rows refer to by number. All models share them.
#[derive(Debug, Default)]
pub struct RowNames {
    /// Logs.
    pub logs: NameTable,
    /// Attacks.
    pub attacks: NameTable,
    hosts: NameTable,
}

/// The rows that one model scored.
#[derive(Debug, Default)]
pub struct ScoredRows {
    /// The rows.
    pub rows: Vec<LabelledRow>,
    /// Rows without a label, by the reason.
    pub unlabelled: BTreeMap<String, u64>,
    /// Hours that had any scored row, labelled or not.
    pub hours: BTreeSet<i64>,
    /// The alerts that they raise within the budget.
    pub alerts: Vec<LabelledAlert>,
    /// For each log, the highest score that its models can give; of several models, the least.
    pub ceilings: HashMap<u32, f64>,
}

/// The hour of a time.
pub(crate) fn hour(ts: f64) -> i64 {
    (ts / 3600.0).floor() as i64
}

/// Takes scored rows.
pub(crate) struct RowCollector<'a> {
    pub truth: &'a GroundTruth,
    pub baselines: &'a [ColumnRule],
    pub keep_uids: bool,
    pub names: &'a mut RowNames,
    pub into: &'a mut ScoredRows,
    pub alerts: &'a mut AlertGatherer,
}

impl RowCollector<'_> {
    /// Keeps a row if it has a label.
    pub fn take(&mut self, scored: &Scored<'_>) {
        let (schema, record) = (scored.schema, &scored.record);
        let ts = column(schema, record, "ts", |v| v.number());
        if let Some(t) = ts {
            self.into.hours.insert(hour(t));
        }
        let attack = match self.truth.label(schema, record) {
            RowLabel::Unlabelled(why) => {
                // It takes its place in the budget all the same.
                self.alerts.take(scored, None);
                *self.into.unlabelled.entry(why).or_default() += 1;
                return;
            }
            RowLabel::Normal => None,
            RowLabel::Attack(name) => Some(self.names.attacks.number(&name)),
        };
        self.alerts.take(scored, Some(attack));
        let log = self.names.logs.number(&schema.log);
        if let Some(model) = scored.log_model() {
            let ceiling = match model.calibration.has_tail() {
                true => f64::INFINITY,
                false => model.calibration.ceiling(),
            };
            let of = self.into.ceilings.entry(log).or_insert(ceiling);
            *of = of.min(ceiling);
        }
        let uid = || column(schema, record, "uid", |v| v.text().map(from_bytes));
        let baselines = self.baselines.iter().map(|b| b.matches(schema, record));
        let row = LabelledRow {
            log,
            attack,
            host: self.names.hosts.number(&originator(schema, record)),
            ts,
            score: scored.verdict.score,
            raw: scored.verdict.raw,
            uid: (self.keep_uids.then(uid).flatten()).map(String::into_boxed_str),
            baselines: baselines.collect(),
        };
        self.into.rows.push(row);
    }
}

/// The originator's address; empty if there is none.
pub(crate) fn originator(schema: &Schema, record: &Record<'_>) -> String {
    column(schema, record, "id.orig_h", |v| v.addr()).map_or_else(String::new, |a| a.to_string())
}

fn column<'r, T>(
    schema: &Schema,
    record: &Record<'r>,
    name: &str,
    read: impl FnOnce(zeek_log::Value<'r>) -> Option<T>,
) -> Option<T> {
    read(record.get(schema.position(name)?))
}
