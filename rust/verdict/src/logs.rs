//! One log's part in a verdict: how many of its records are anomalous, and how much.

use crate::chance::{beyond, expected};
use crate::signs::ramp;
use serde::Serialize;
use zeek_anomaly_base::text::{from_bytes, printable};
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::{LogModel, Reason};
use zeek_log::Value;

/// The weight of a log in a verdict.
pub fn weight(log: &str) -> f64 {
    match log {
        "conn" | "notice" => 1.0,
        "http" | "files" => 0.95,
        "tls" | "ssl" | "weird" => 0.9,
        "ssh" | "dns" => 0.75,
        "arp" => 0.5,
        "known_services" => 0.35,
        "stats" | "capture_loss" | "software" => 0.3,
        "known_hosts" => 0.25,
        "packet_filter" => 0.1,
        _ => 0.4,
    }
}

/// The least score at which a log is judged: fewer than a hundred training rows do not support it.
const LEAST: f64 = 2.0;

/// Scores below this are ordinary: 99 of 100 records.
const ORDINARY: f64 = 2.0;

/// Levels above the threshold that are counted, one apart.
const LEVELS: usize = 4;

/// The rows of one originator that are enough to check whether a model fits its network.
const ENOUGH_ROWS: u64 = 20;

/// The share of ordinary rows of the median originator at which a model begins to fit a network, and fits it.
const KNOWN: (f64, f64) = (0.5, 0.9);

/// Rows beyond chance at which the strength is half of the highest.
const FEW: f64 = 3.0;

/// The inverse of the share at which F is 1: a fifth.
const FRACTION: f64 = 5.0;

/// Records with the highest scores that are kept of each log.
const TOP: usize = 10;

/// Uids and fuids that are kept of each log.
const SHOWN: usize = 1000;

/// One of the records with the highest scores of a log.
#[derive(Clone, Debug, Serialize)]
pub struct TopRecord {
    /// The score.
    pub score: f64,
    /// How it is known: `measured`, `extrapolated` or `at_least`.
    pub claim: &'static str,
    /// Its time, in seconds since the epoch.
    pub ts: Option<f64>,
    /// The file.
    pub file: String,
    /// The line there.
    pub line: u64,
    /// The connection.
    pub uid: Option<String>,
    /// The originator.
    #[serde(rename = "id.orig_h")]
    pub orig_h: Option<String>,
    /// The responder.
    #[serde(rename = "id.resp_h")]
    pub resp_h: Option<String>,
    /// The responder's port.
    #[serde(rename = "id.resp_p")]
    pub resp_p: Option<u16>,
    /// Why: `feature value (typical: …)`, the largest share first; safe to print.
    pub reasons: Vec<String>,
    #[serde(skip)]
    raw: f64,
}

/// Counts of a log while it is read.
#[derive(Debug)]
pub(crate) struct LogTally {
    pub log: String,
    rows: u64,
    threshold: f64,
    judged: bool,
    method: &'static str,
    columns: Vec<String>,
    counts: [u64; LEVELS],
    ordinary: u64,
    sum: f64,
    max: f64,
    top: Vec<TopRecord>,
    uids: Vec<String>,
    fuids: Vec<String>,
    linked: Vec<String>,
    /// The ordinary share of rows of each inside originator with enough rows.
    inside: Vec<f64>,
    /// The same for other originators.
    elsewhere: Vec<f64>,
}

impl LogTally {
    pub fn new(model: &LogModel, threshold: f64) -> LogTally {
        // With few training rows the highest score that they support is the threshold.
        let reach = if model.calibration.can_reach(threshold) {
            threshold
        } else {
            model.calibration.ceiling()
        };
        let columns = model.spec.columns();
        LogTally {
            log: model.log().to_owned(),
            rows: 0,
            threshold: reach,
            judged: reach >= LEAST.min(threshold),
            method: model.detector_name(),
            columns: columns.into_iter().map(str::to_owned).collect(),
            counts: [0; LEVELS],
            ordinary: 0,
            sum: 0.0,
            max: 0.0,
            top: Vec::new(),
            uids: Vec::new(),
            fuids: Vec::new(),
            linked: Vec::new(),
            inside: Vec::new(),
            elsewhere: Vec::new(),
        }
    }

    /// Counts a record, and says whether it is ordinary and whether it is anomalous.
    pub fn see(&mut self, scored: &Scored<'_>) -> (bool, bool) {
        let score = scored.verdict.score;
        self.rows += 1;
        self.sum += score;
        self.max = self.max.max(score);
        let ordinary = score < ORDINARY.min(self.threshold - SLACK);
        self.ordinary += u64::from(ordinary);
        for (i, n) in self.counts.iter_mut().enumerate() {
            *n += u64::from(score >= self.threshold + i as f64 - SLACK);
        }
        let strange = self.judged && score >= self.threshold - SLACK;
        if strange {
            self.keep(scored);
        }
        (ordinary, strange)
    }

    fn keep(&mut self, scored: &Scored<'_>) {
        let text = |name: &str| {
            let at = scored.schema.position(name)?;
            let text = scored.record.get(at).text()?;
            (!text.is_empty()).then(|| printable(&from_bytes(text)))
        };
        let uid = text("uid");
        push(&mut self.uids, uid.clone());
        push(&mut self.fuids, text("fuid"));
        for name in ["resp_fuids", "orig_fuids"] {
            let value = scored.schema.position(name).map(|i| scored.record.get(i));
            for fuid in value
                .and_then(|v| v.list())
                .into_iter()
                .flat_map(|l| l.iter())
            {
                let text = fuid.text().map(|t| printable(&from_bytes(t)));
                push(&mut self.linked, text);
            }
        }
        let (score, raw) = (scored.verdict.score, scored.verdict.raw);
        let above = |t: &TopRecord| (t.score, t.raw) >= (score, raw);
        let at = self.top.iter().take_while(|t| above(t)).count();
        if at >= TOP {
            return;
        }
        let value = |name: &str| scored.schema.position(name).map(|i| scored.record.get(i));
        let addr = |name: &str| value(name).and_then(|v| v.addr()).map(|a| a.to_string());
        self.top.insert(
            at,
            TopRecord {
                score,
                claim: scored.verdict.claim.name(),
                ts: scored.ts(),
                file: printable(&scored.input.path.display().to_string()),
                line: scored.line,
                uid,
                orig_h: addr("id.orig_h"),
                resp_h: addr("id.resp_h"),
                resp_p: value("id.resp_p").and_then(|v: Value<'_>| v.port()),
                reasons: scored.reasons().iter().map(reason).collect(),
                raw,
            },
        );
        self.top.truncate(TOP);
    }

    /// Takes the counts of an originator's rows.
    pub fn originator(&mut self, rows: u64, ordinary: u64, inside: bool) {
        if rows >= ENOUGH_ROWS {
            let share = ordinary as f64 / rows as f64;
            match inside {
                true => self.inside.push(share),
                false => self.elsewhere.push(share),
            }
        }
    }

    /// The number expected on an ordinary day.
    pub fn expected(&self) -> f64 {
        expected(self.rows, self.threshold)
    }

    /// How well the model fits this log's network: by the median of the inside originators, since an attack makes
    /// some of them anomalous and an unknown network all of them. Outside originators count only if there are no
    /// others.
    pub fn familiar(&self, own_rows: bool) -> f64 {
        if own_rows {
            return 1.0;
        }
        let overall = self.ordinary as f64 / self.rows.max(1) as f64;
        let middle = median(&self.inside).or_else(|| median(&self.elsewhere));
        ramp(middle.unwrap_or(overall), KNOWN.0, KNOWN.1)
    }

    pub fn finish(self, own_rows: bool) -> LogPart {
        let familiar = self.familiar(own_rows);
        let n = self.rows.max(1) as f64;
        let mut strength: f64 = 0.0;
        let mut strange = 0.0;
        if self.judged {
            for (i, count) in self.counts.iter().enumerate() {
                let x = beyond(*count, expected(self.rows, self.threshold + i as f64));
                let height = 1.0 - 0.5f64.powi(i as i32 + 1);
                strength = strength.max(x / (x + FEW) * height);
                if i == 0 {
                    strange = x / n;
                }
            }
        }
        let anomaly_rows = if self.judged { self.counts[0] } else { 0 };
        let of_top = |f: &dyn Fn(&TopRecord) -> f64| {
            let sum: f64 = self.top.iter().map(f).sum();
            sum / self.top.len().max(1) as f64
        };
        LogPart {
            weight: weight(&self.log),
            rows: self.rows,
            anomaly_rows,
            anomaly_fraction: anomaly_rows as f64 / n,
            expected_rows: self.expected(),
            beyond_fraction: strange,
            threshold: self.threshold,
            judged: self.judged,
            familiar,
            strength,
            spread: (FRACTION * strange).min(1.0),
            score_mean: self.sum / n,
            top_score_max: self.max,
            top_score_mean: of_top(&|t| t.score),
            top_percentile_mean: of_top(&|t| 1.0 - 10f64.powf(-t.score)),
            top_rows_shown: self.top.len(),
            method: self.method,
            used_cols: self.columns,
            uid_values: sorted(self.uids),
            fuid_values: sorted(self.fuids),
            linked_fuid_values: sorted(self.linked),
            top_anomalies: self.top,
            log_name: self.log,
        }
    }
}

/// Tolerance for scores that miss their threshold by rounding.
const SLACK: f64 = 1e-9;

fn push(to: &mut Vec<String>, value: Option<String>) {
    if let Some(v) = value
        && to.len() < SHOWN
    {
        to.push(v);
    }
}

fn median(shares: &[f64]) -> Option<f64> {
    let mut v = shares.to_vec();
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied()
}

fn sorted(mut v: Vec<String>) -> Vec<String> {
    v.sort_unstable();
    v.dedup();
    v
}

fn reason(r: &Reason) -> String {
    format!(
        "{} {} (typical: {})",
        printable(&r.feature),
        printable(&r.value),
        printable(&r.usual)
    )
}

/// A log's part in a verdict.
#[derive(Clone, Debug, Serialize)]
pub struct LogPart {
    /// The log.
    pub log_name: String,
    /// Its weight.
    pub weight: f64,
    /// Records scored.
    pub rows: u64,
    /// Records at or above the threshold; 0 if the log is not judged.
    pub anomaly_rows: u64,
    /// Their share.
    pub anomaly_fraction: f64,
    /// The number expected on an ordinary day.
    pub expected_rows: f64,
    /// The share beyond chance.
    pub beyond_fraction: f64,
    /// The score from which a record is anomalous: the threshold, or the highest score that the training rows
    /// support.
    pub threshold: f64,
    /// Whether there were enough training rows (a hundred) to judge it.
    pub judged: bool,
    /// How well the model fits this network, 0 to 1: whether most of its hosts are ordinary to the model. A model
    /// cannot judge a network that it does not fit.
    pub familiar: f64,
    /// How high the scores of anomalous records are, 0 to 1; 0 if chance explains them.
    pub strength: f64,
    /// How many there are, 0 to 1: five times their share beyond chance.
    pub spread: f64,
    /// The mean score of all records.
    pub score_mean: f64,
    /// The highest score.
    pub top_score_max: f64,
    /// The mean score of the records with the highest scores.
    pub top_score_mean: f64,
    /// The mean of 1 − p of these records.
    pub top_percentile_mean: f64,
    /// The number of these records.
    pub top_rows_shown: usize,
    /// The detector.
    pub method: &'static str,
    /// The columns that it reads.
    pub used_cols: Vec<String>,
    /// Connections of anomalous records, at most a thousand.
    pub uid_values: Vec<String>,
    /// Anomalous files, at most a thousand.
    pub fuid_values: Vec<String>,
    /// Files that anomalous records name, at most a thousand.
    pub linked_fuid_values: Vec<String>,
    /// The records with the highest scores.
    pub top_anomalies: Vec<TopRecord>,
}
