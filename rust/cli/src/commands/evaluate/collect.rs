//! Scored rows with their labels, kept for measuring.

use super::alerted::{Gathering, Told};
use super::rule::Rule;
use super::truth::{Label, LeftOut, Truth};
use std::collections::{BTreeSet, HashMap};
use zeek_anomaly_base::text::from_bytes;
use zeek_anomaly_engine::offline::Scored;
use zeek_log::{Record, Schema};

/// Names by number, to keep rows small.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(n) = self.numbers.get(name) {
            return *n;
        }
        let n = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), n);
        n
    }

    /// All names; the number of each is its place.
    pub fn all(&self) -> &[String] {
        &self.names
    }
}

/// One row that was scored and has a label.
#[derive(Clone, Debug)]
pub struct Row {
    /// The log's number.
    pub log: u32,
    /// The attack's number; `None` for a normal row.
    pub attack: Option<u32>,
    /// The originator's number; rows without one share one.
    pub host: u32,
    /// When, in seconds since the epoch.
    pub ts: Option<f64>,
    /// The score.
    pub score: f64,
    /// The detector's own value.
    pub raw: f64,
    /// The uid, where rows are to be written.
    pub uid: Option<Box<str>>,
    /// Which baseline rules take it, in their order.
    pub baselines: Box<[bool]>,
}

/// What is shared by all models: the names.
#[derive(Debug, Default)]
pub struct Shared {
    /// Logs.
    pub logs: Names,
    /// Attacks.
    pub attacks: Names,
    hosts: Names,
}

impl Shared {
    /// The number of an attack.
    pub fn attack(&mut self, name: &str) -> u32 {
        self.attacks.number(name)
    }
}

/// The rows that one model scored.
#[derive(Debug, Default)]
pub struct Collected {
    /// The rows.
    pub rows: Vec<Row>,
    /// Rows without a label, and why.
    pub left_out: LeftOut,
    /// Hours that had any scored row, labelled or not.
    pub hours: BTreeSet<i64>,
    /// What somebody would have been told.
    pub told: Vec<Told>,
    /// The highest score that each log's models can give; the least of them.
    pub ceilings: HashMap<u32, f64>,
}

/// The hour of a time.
pub fn hour(ts: f64) -> i64 {
    (ts / 3600.0).floor() as i64
}

/// Takes scored rows.
pub struct Collector<'a> {
    /// Where labels come from.
    pub truth: &'a Truth,
    /// Rules beside the models.
    pub baselines: &'a [Rule],
    /// Whether uids are kept.
    pub uids: bool,
    /// The names.
    pub shared: &'a mut Shared,
    /// The rows.
    pub into: &'a mut Collected,
    /// What stands out among them.
    pub standing: &'a mut Gathering,
}

impl Collector<'_> {
    /// Keeps a row if it has a label.
    pub fn take(&mut self, scored: &Scored<'_>) {
        let (schema, record) = (scored.schema, &scored.record);
        let ts = column(schema, record, "ts", |v| v.number());
        if let Some(t) = ts {
            self.into.hours.insert(hour(t));
        }
        let attack = match self.truth.label(schema, record) {
            Label::LeftOut(why) => {
                // It may raise an alert, too, and takes its place in the budget.
                self.standing.take(scored, None);
                *self.into.left_out.entry(why).or_default() += 1;
                return;
            }
            Label::Normal => None,
            Label::Attack(name) => Some(self.shared.attack(&name)),
        };
        self.standing.take(scored, Some(attack));
        let log = self.shared.logs.number(&schema.log);
        if let Some(model) = scored.log_model() {
            let ceiling = match model.calibration.has_tail() {
                true => f64::INFINITY,
                false => model.calibration.ceiling(),
            };
            let of = self.into.ceilings.entry(log).or_insert(ceiling);
            *of = of.min(ceiling);
        }
        let uid = || column(schema, record, "uid", |v| v.text().map(from_bytes));
        let row = Row {
            log,
            attack,
            host: self.shared.hosts.number(&host(schema, record)),
            ts,
            score: scored.verdict.score,
            raw: scored.verdict.raw,
            uid: self.uids.then(uid).flatten().map(String::into_boxed_str),
            baselines: self
                .baselines
                .iter()
                .map(|b| b.takes(schema, record))
                .collect(),
        };
        self.into.rows.push(row);
    }
}

/// The originator; empty where there is none.
pub fn host(schema: &Schema, record: &Record<'_>) -> String {
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
