//! The records that are wanted, found in the logs.

use super::wanted::Wanted;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use zeek_anomaly_engine::feedback::Match;
use zeek_anomaly_engine::offline::Scored;
use zeek_log::Schema;

/// Columns by which a record is found.
const NAMES: &[&str] = &["uid", "fuid"];

/// The least score of a record that is looked at for its finding: what stands out in any setting, so that
/// not every row has to be explained.
const STANDS_OUT: f64 = 1.0;

/// How far a time that was written may be from the one that was read, in seconds.
const SAME_TIME: f64 = 1e-5;

/// The record that a mark is about: the strangest of those that fit.
#[derive(Clone, Debug)]
pub struct Found {
    /// The position of its log's model.
    pub at: usize,
    /// Its log.
    pub log: String,
    /// Its time.
    pub ts: Option<f64>,
    /// Its features.
    pub bits: Vec<u64>,
    /// What makes it strange.
    pub matches: Vec<Match>,
    rank: (f64, f64),
}

/// Looks for records.
pub struct Finder<'a> {
    wanted: &'a [Wanted],
    by_name: HashMap<&'a [u8], Vec<usize>>,
    by_line: HashMap<(&'a str, u64), Vec<usize>>,
    by_finding: Vec<(u64, usize)>,
    columns: Option<(Arc<Schema>, Vec<usize>)>,
    /// The strangest record of each that is wanted, so far.
    pub found: Vec<Option<Found>>,
    /// Records that fit, by log.
    pub logs: Vec<BTreeMap<String, u64>>,
}

impl<'a> Finder<'a> {
    /// Nothing found yet.
    pub fn new(wanted: &'a [Wanted]) -> Finder<'a> {
        let mut by_name: HashMap<&[u8], Vec<usize>> = HashMap::new();
        let mut by_line: HashMap<(&str, u64), Vec<usize>> = HashMap::new();
        let mut by_finding = Vec::new();
        for (i, w) in wanted.iter().enumerate() {
            by_finding.extend(w.finding().map(|f| (f, i)));
            match w.line() {
                Some(place) => by_line.entry(place).or_default().push(i),
                None => by_name.entry(w.name.as_bytes()).or_default().push(i),
            }
        }
        Finder {
            wanted,
            by_name,
            by_line,
            by_finding,
            columns: None,
            found: vec![None; wanted.len()],
            logs: vec![BTreeMap::new(); wanted.len()],
        }
    }

    /// Looks at a record.
    pub fn look(&mut self, scored: &Scored<'_>) {
        let known = self
            .columns
            .as_ref()
            .is_some_and(|c| Arc::ptr_eq(&c.0, scored.schema));
        if !known {
            let at = NAMES.iter().filter_map(|n| scored.schema.position(n));
            self.columns = Some((scored.schema.clone(), at.collect()));
        }
        let mut fits: Vec<usize> = Vec::new();
        for i in self.columns.iter().flat_map(|c| &c.1) {
            let text = scored.record.get(*i).text();
            fits.extend(text.and_then(|t| self.by_name.get(t)).into_iter().flatten());
        }
        if !self.by_line.is_empty() {
            let place = (scored.schema.log.as_str(), scored.line);
            fits.extend(self.by_line.get(&place).into_iter().flatten());
        }
        if !self.by_finding.is_empty() && scored.verdict.score >= STANDS_OUT {
            let identity = scored.identity(&scored.reasons());
            let of = |(f, _): &&(u64, usize)| identity.is_some_and(|i| i.is_of(*f));
            fits.extend(self.by_finding.iter().filter(of).map(|(_, i)| *i));
        }
        for i in fits {
            self.take(i, scored);
        }
    }

    fn take(&mut self, i: usize, scored: &Scored<'_>) {
        let (wanted, log) = (&self.wanted[i], &scored.schema.log);
        let ts = scored.ts();
        let is_other_time = |want: f64| ts.is_none_or(|ts| (ts - want).abs() > SAME_TIME);
        if wanted.log.as_ref().is_some_and(|l| l != log) || wanted.ts.is_some_and(is_other_time) {
            return;
        }
        *self.logs[i].entry(log.clone()).or_default() += 1;
        let (Some(at), Some(model)) = (scored.model_position(), scored.log_model()) else {
            return;
        };
        let rank = (scored.verdict.score, scored.verdict.raw);
        if self.found[i].as_ref().is_some_and(|f| f.rank >= rank) {
            return;
        }
        self.found[i] = Some(Found {
            at,
            log: log.clone(),
            ts,
            bits: scored.features().to_vec(),
            matches: model.matches(scored.features(), &|f| scored.value(f)),
            rank,
        });
    }
}
