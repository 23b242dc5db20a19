//! From scored records to what a report says of them, in memory that does not grow with
//! their number.

pub mod envelope;
mod findings;
pub mod histogram;
pub mod map;
pub mod timeline;

use crate::report::{LogPage, ReportFinding, ReportRecord};
use envelope::ScoreEnvelope;
use findings::FindingGatherer;
pub use findings::joined;
use histogram::ScoreHistogram;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use timeline::LogTimes;
use zeek_anomaly_base::text::from_bytes;
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::reservoir::Reservoir;
use zeek_anomaly_engine::{LogModel, Model, Reason};

/// Records drawn at random from each log, for the map's axes.
const SAMPLE: usize = 2000;

/// Flagged records of each log that are on the map, drawn at random where there are more.
const FLAGGED: usize = 500;

/// Flagged records of each log that are listed.
const LISTED: usize = 25;

/// Names of sensors that are kept.
const SENSORS: usize = 16;

/// Columns that name the sensor, the most telling first.
const SENSOR_COLUMNS: &[&str] = &["_system_name", "peer_descr", "peer", "_node_name"];

/// The seed of what is drawn at random; each log has randomness of its own.
const SEED: u64 = 0;

/// Takes scored records.
pub struct Gatherer<'m> {
    model: &'m Model,
    threshold: f64,
    logs: BTreeMap<usize, LogGatherer>,
    sensors: BTreeMap<String, u64>,
    span: Option<(f64, f64)>,
    findings: FindingGatherer,
}

/// What is kept of one log.
struct LogGatherer {
    records: u64,
    flagged: u64,
    highest: f64,
    order: ScoreEnvelope,
    histogram: ScoreHistogram,
    times: LogTimes,
    /// Features, and after them whether the record is flagged.
    sample: Reservoir,
    of_flagged: Reservoir,
    /// The strangest flagged records, the strangest first.
    top: Vec<(RecordRank, ReportRecord)>,
    row: Vec<u64>,
}

/// A record's place among the others of its log.
#[derive(Clone, Copy, Debug)]
struct RecordRank {
    score: f64,
    raw: f64,
    nth: u64,
}

impl RecordRank {
    /// The stranger first, then the earlier.
    fn order(&self, other: &RecordRank) -> Ordering {
        (other.score.total_cmp(&self.score))
            .then(other.raw.total_cmp(&self.raw))
            .then(self.nth.cmp(&other.nth))
    }

    fn is_before(&self, other: &RecordRank) -> bool {
        self.order(other).is_lt()
    }
}

/// What was gathered.
pub struct GatheredLogs {
    /// The logs, by name.
    pub logs: Vec<LogPage>,
    /// The sensors that records name, those of most records first.
    pub sensors: Vec<String>,
    /// The first and last time of the records.
    pub span: Option<(f64, f64)>,
    /// Findings, the one to be read first first.
    pub findings: Vec<ReportFinding>,
    /// Flagged records of findings that were let go, to keep memory bounded.
    pub dropped: u64,
}

impl<'m> Gatherer<'m> {
    /// Nothing taken yet. Records from `threshold` on are flagged.
    pub fn new(model: &'m Model, threshold: f64) -> Gatherer<'m> {
        Gatherer {
            model,
            threshold,
            logs: BTreeMap::new(),
            sensors: BTreeMap::new(),
            span: None,
            findings: FindingGatherer::default(),
        }
    }

    /// Takes a record; `make` is called with its reasons where it may be listed.
    pub fn take(&mut self, scored: &Scored<'_>, mut make: impl FnMut(&[Reason]) -> ReportRecord) {
        let (Some(at), Some(model)) = (scored.model_position(), scored.log_model()) else {
            return;
        };
        let ts = scored.ts().filter(|t| t.is_finite());
        if let Some(t) = ts {
            let (first, last) = self.span.unwrap_or((t, t));
            self.span = Some((first.min(t), last.max(t)));
        }
        self.name_sensor(scored);
        let threshold = self.threshold;
        let log = self
            .logs
            .entry(at)
            .or_insert_with(|| LogGatherer::new(model));
        let Some(rank) = log.take(scored, ts, scored.verdict.score >= threshold) else {
            return;
        };
        let reasons = scored.reasons();
        log.list(rank, || make(&reasons));
        if let Some(identity) = scored.identity(&reasons) {
            let name = &scored.schema.log;
            (self.findings).take(identity, name, rank, ts, || make(&reasons));
        }
    }

    fn name_sensor(&mut self, scored: &Scored<'_>) {
        let name = SENSOR_COLUMNS
            .iter()
            .filter_map(|c| scored.schema.position(c))
            .find_map(|i| scored.record.get(i).text().filter(|t| !t.is_empty()));
        let Some(name) = name else { return };
        let name = from_bytes(name);
        let known = self.sensors.len();
        match self.sensors.get_mut(&name) {
            Some(n) => *n += 1,
            None if known < SENSORS => {
                self.sensors.insert(name, 1);
            }
            None => {}
        }
    }

    /// What was gathered.
    pub fn finish(self) -> GatheredLogs {
        let model = self.model;
        let mut sensors: Vec<(String, u64)> = self.sensors.into_iter().collect();
        sensors.sort_by_key(|s| std::cmp::Reverse(s.1));
        let mut logs: Vec<LogPage> = self
            .logs
            .into_iter()
            .filter_map(|(at, log)| Some(log.finish(model.logs.get(at)?)))
            .collect();
        logs.sort_by(|a, b| a.log.cmp(&b.log));
        let rows = |log: &str| logs.iter().find(|l| l.log == log).map_or(0, |l| l.records);
        let (findings, dropped) = self.findings.finish(self.threshold, rows);
        GatheredLogs {
            findings,
            dropped,
            logs,
            sensors: sensors.into_iter().map(|s| s.0).collect(),
            span: self.span,
        }
    }
}

impl LogGatherer {
    fn new(model: &LogModel) -> LogGatherer {
        let width = model.spec.len();
        LogGatherer {
            records: 0,
            flagged: 0,
            highest: 0.0,
            order: ScoreEnvelope::default(),
            histogram: ScoreHistogram::default(),
            times: LogTimes::default(),
            sample: Reservoir::new(width + 1, SAMPLE, SEED, model.log()),
            of_flagged: Reservoir::new(width, FLAGGED, SEED, model.log()),
            top: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Takes a record, and gives its rank where it is flagged.
    fn take(&mut self, scored: &Scored<'_>, ts: Option<f64>, flagged: bool) -> Option<RecordRank> {
        let score = scored.verdict.score;
        self.records += 1;
        self.highest = self.highest.max(score);
        self.order.add(score, flagged);
        self.histogram.add(score);
        self.times.add(ts, flagged);
        self.row.clear();
        self.row.extend_from_slice(scored.features());
        self.row.push(u64::from(flagged));
        self.sample.add(&self.row);
        if !flagged {
            return None;
        }
        self.flagged += 1;
        self.of_flagged.add(scored.features());
        Some(RecordRank {
            score,
            raw: scored.verdict.raw,
            nth: self.records,
        })
    }

    /// Lists a flagged record, where it is strange enough.
    fn list(&mut self, rank: RecordRank, make: impl FnOnce() -> ReportRecord) {
        let at = self.top.partition_point(|t| t.0.is_before(&rank));
        if at < LISTED {
            self.top.truncate(LISTED - 1);
            self.top.insert(at, (rank, make()));
        }
    }

    fn finish(self, model: &LogModel) -> LogPage {
        let sample: Vec<(&[u64], bool)> = self
            .sample
            .rows()
            .filter_map(|r| r.split_last())
            .map(|(flagged, features)| (features, *flagged == 1))
            .collect();
        let map = map::draw(model, &sample, self.of_flagged.rows());
        let mut shares = vec![0.0; model.spec.len()];
        let mut rows = 0u64;
        for share in self.of_flagged.rows().filter_map(|r| model.shares(r)) {
            rows += 1;
            shares.iter_mut().zip(share).for_each(|(sum, s)| *sum += s);
        }
        let mut reasons: Vec<(usize, f64)> = shares
            .into_iter()
            .map(|s| s / rows.max(1) as f64)
            .enumerate()
            .filter(|r| r.1 > 0.0)
            .collect();
        reasons.sort_by(|a, b| b.1.total_cmp(&a.1));
        LogPage {
            log: model.log().to_owned(),
            records: self.records,
            flagged: self.flagged,
            highest: self.highest,
            refused: 0,
            detector: model.detector_name(),
            trained: model.rows,
            reach: (model.calibration.ceiling(), model.calibration.has_tail()),
            order: self.order,
            histogram: self.histogram,
            times: self.times,
            map,
            features: (0..model.spec.len())
                .map(|f| model.spec.name(f).to_owned())
                .collect(),
            reasons: (reasons, rows),
            top: self.top.into_iter().map(|t| t.1).collect(),
        }
    }
}
