//! Logs that training never saw: who is in them, and how often.
//!
//! No record of such a log can be scored, and yet the log is news: no row of it was among all that training saw.

use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use zeek_anomaly_engine::{LEFT_OUT, Model};
use zeek_log::names::is_interim;
use zeek_log::{BySchema, Record, Schema};

/// Hosts and logs that are told apart; further hosts count with their log alone.
const MOST: usize = 1000;

/// Training rows below which a log that is not among them is no news.
const LEAST_ROWS: u64 = 50;

/// What one host did in a log that training never saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewLog {
    /// The log.
    pub log: String,
    /// The originator, where the log has one.
    pub host: Option<IpAddr>,
    /// Records.
    pub records: u64,
    /// The times of the first and the last of them, in seconds since the epoch.
    pub span: Option<(f64, f64)>,
}

/// Records, and the times of the first and the last.
type Seen = (u64, Option<(f64, f64)>);

/// Where a new log has its originator and its time.
#[derive(Debug)]
struct Columns {
    host: Option<usize>,
    ts: Option<usize>,
}

/// Gathers them.
#[derive(Debug, Default)]
pub struct NewLogs {
    /// Nothing for logs that are not new.
    bound: BySchema<Option<Columns>>,
    found: BTreeMap<(String, Option<IpAddr>), Seen>,
}

impl Columns {
    /// Of a log that the model has nothing for.
    fn of_new(model: &Model, schema: &Schema) -> Option<Columns> {
        let log = schema.log.as_str();
        let is_left_out = LEFT_OUT.contains(&log) || is_interim(log);
        let is_new = !is_left_out && model.info.rows >= LEAST_ROWS && model.position(log).is_none();
        is_new.then(|| Columns {
            host: schema.position("id.orig_h"),
            ts: schema.position("ts"),
        })
    }
}

impl NewLogs {
    /// Takes a row of any log; only those that the model has nothing for count.
    pub fn row(&mut self, model: &Model, schema: &Arc<Schema>, record: &Record<'_>) {
        let Some(columns) = self.bound.get(schema, |s| Columns::of_new(model, s)) else {
            return;
        };
        let value = |at: Option<usize>| at.map(|i| record.get(i));
        let host = value(columns.host).and_then(|v| v.addr());
        let mut key = (schema.log.clone(), host);
        if self.found.len() >= MOST && !self.found.contains_key(&key) {
            key.1 = None;
        }
        let (records, span) = self.found.entry(key).or_default();
        *records += 1;
        if let Some(zeek_log::Value::Time(ts)) = value(columns.ts) {
            let (first, last) = span.unwrap_or((ts, ts));
            *span = Some((first.min(ts), last.max(ts)));
        }
    }

    /// What was found, by log and host.
    pub fn found(&self) -> impl Iterator<Item = NewLog> {
        let each = self.found.iter();
        each.map(|((log, host), (records, span))| NewLog {
            log: log.clone(),
            host: *host,
            records: *records,
            span: *span,
        })
    }

    /// What was found, that with most records first.
    pub fn most_first(&self) -> Vec<NewLog> {
        let mut found: Vec<NewLog> = self.found().collect();
        found.sort_by_key(|n| std::cmp::Reverse(n.records));
        found
    }

    /// The score of any of them: −log10 of the share that such a row could have among the training rows, of which none
    /// was one. It is a lower bound.
    pub fn score(model: &Model) -> f64 {
        ((model.info.rows + 1) as f64).log10()
    }
}
