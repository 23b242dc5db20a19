//! Ordinary directories, and the metrics of a directory that exceed theirs.

use crate::collector::Assessment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the format.
const FORMAT: &str = "zeek-anomaly baseline";

/// The version of the format.
const VERSION: u32 = 1;

/// Directories of one baseline, at most.
const MOST: usize = 100_000;

/// From deviation to standard deviation (normal distribution).
const MAD_TO_SIGMA: f64 = 1.4826;

/// Robust standard deviations above the median up to which a metric is ordinary.
const SIGMAS: f64 = 3.5;

/// The metrics that are compared: the name, the least margin above the median, and the highest possible value.
const METRICS: [(&str, f64, f64); 11] = [
    ("score", 10.0, 100.0),
    ("weighted_top", 0.08, 1.0),
    ("weighted_fraction", 0.08, 1.0),
    ("uid_corr_score", 0.10, 1.0),
    ("weird_notice_bonus", 0.10, 1.0),
    ("fuid_bonus", 0.10, 1.0),
    ("behavior_score", 0.08, 1.0),
    ("conn_scan_score", 0.08, 1.0),
    ("crosslog_uid_two_plus", 2.0, f64::MAX),
    ("crosslog_uid_three_plus", 1.0, f64::MAX),
    ("fuid_overlap", 1.0, f64::MAX),
];

/// The metrics of a directory. The last three count only what chance does not explain, so that large and small
/// directories are comparable.
fn values(a: &Assessment) -> [f64; METRICS.len()] {
    let c = &a.components;
    [
        c.score,
        c.weighted_top,
        c.weighted_fraction,
        c.uid_corr_score,
        c.weird_notice_bonus,
        c.fuid_bonus,
        c.behavior_score,
        c.conn_scan_score,
        c.uid_two_plus_beyond,
        c.uid_three_plus_beyond,
        c.fuid_overlap_beyond,
    ]
}

/// The metrics of ordinary directories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryBaseline {
    format: String,
    version: u32,
    /// The model that scored the directories; scores of different models are not comparable.
    pub judged_by: String,
    /// The score from which a record was anomalous.
    pub threshold: f64,
    directories: Vec<OrdinaryDirectory>,
}

/// An ordinary directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdinaryDirectory {
    path: String,
    metrics: BTreeMap<String, f64>,
}

/// Why a baseline is rejected.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryBaselineError {
    /// It is not JSON of the right form.
    #[error("is not a baseline: {0}")]
    Form(#[from] serde_json::Error),
    /// It is something else, or newer.
    #[error("is not a baseline of format version {VERSION}, but {0:?} of version {1}")]
    Version(String, u32),
    /// A value is impossible.
    #[error("is a damaged baseline: {0}; create it again with --save-baseline")]
    Unsound(String),
}

impl DirectoryBaseline {
    /// An empty baseline. `judged_by` names the model that scores the directories.
    pub fn new(judged_by: String, threshold: f64) -> DirectoryBaseline {
        DirectoryBaseline {
            format: FORMAT.into(),
            version: VERSION,
            judged_by,
            threshold,
            directories: Vec::new(),
        }
    }

    /// Adds an ordinary directory.
    pub fn add(&mut self, path: &str, assessment: &Assessment) {
        let named = METRICS.iter().zip(values(assessment));
        self.directories.push(OrdinaryDirectory {
            path: path.to_owned(),
            metrics: named.map(|((n, _, _), v)| ((*n).to_owned(), v)).collect(),
        });
    }

    /// How many directories it has.
    pub fn len(&self) -> usize {
        self.directories.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// Reads a baseline, and checks everything in it.
    pub fn from_json(bytes: &[u8]) -> Result<DirectoryBaseline, DirectoryBaselineError> {
        let b: DirectoryBaseline = serde_json::from_slice(bytes)?;
        if b.format != FORMAT || b.version != VERSION {
            return Err(DirectoryBaselineError::Version(b.format, b.version));
        }
        let unsound = |text: String| Err(DirectoryBaselineError::Unsound(text));
        if b.directories.is_empty() || b.directories.len() > MOST {
            return unsound(format!("it has {} directories", b.directories.len()));
        }
        if !(b.threshold.is_finite() && b.threshold > 0.0) {
            return unsound(format!("its threshold is {}", b.threshold));
        }
        for d in &b.directories {
            if d.metrics.len() != METRICS.len() {
                return unsound(format!("{:?} has {} metrics", d.path, d.metrics.len()));
            }
            for (name, _, most) in METRICS {
                match d.metrics.get(name) {
                    Some(v) if (0.0..=most).contains(v) => {}
                    other => return unsound(format!("{:?} has {name} {other:?}", d.path)),
                }
            }
        }
        Ok(b)
    }

    /// The baseline as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, DirectoryBaselineError> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The median of each metric, and its ordinary limit.
    fn limits(&self) -> Vec<(f64, f64)> {
        METRICS
            .iter()
            .map(|(name, margin, most)| {
                let of = |d: &OrdinaryDirectory| d.metrics.get(*name).copied();
                let all: Vec<f64> = self.directories.iter().filter_map(of).collect();
                (median(all.clone()), limit(&all, *margin).min(*most))
            })
            .collect()
    }

    /// Compares a directory.
    pub fn compare(&self, assessment: &Assessment) -> BaselineComparison {
        let limits = self.limits();
        let mut exceeded = Vec::new();
        for (((metric, _, _), value), (_, threshold)) in
            METRICS.iter().zip(values(assessment)).zip(&limits)
        {
            if value > *threshold {
                exceeded.push(ExceededMetric {
                    metric,
                    value,
                    threshold: *threshold,
                    delta: value - threshold,
                });
            }
        }
        exceeded.sort_by(|a, b| b.delta.total_cmp(&a.delta));
        let score = exceeded.iter().any(|e| e.metric == "score");
        let verdict = if score || exceeded.len() >= 4 {
            Standing::Above
        } else if exceeded.len() >= 2 {
            Standing::Suspicious
        } else {
            Standing::Within
        };
        let named = |f: &dyn Fn(&(f64, f64)) -> f64| {
            let pairs = METRICS.iter().zip(&limits);
            pairs.map(|((n, _, _), l)| (*n, f(l))).collect()
        };
        BaselineComparison {
            verdict,
            exceeded_metrics: exceeded,
            baseline_thresholds: named(&|l| l.1),
            baseline_medians: named(&|l| l.0),
            normal_directories: self.len(),
        }
    }
}

/// The ordinary limit: with three or more values, [`SIGMAS`] robust standard deviations above the median; with
/// fewer, the largest and a margin.
fn limit(all: &[f64], margin: f64) -> f64 {
    let largest = all.iter().copied().fold(0.0, f64::max);
    if all.len() < 3 {
        return largest + margin;
    }
    let middle = median(all.to_vec());
    let mad = median(all.iter().map(|v| (v - middle).abs()).collect());
    middle + margin.max(SIGMAS * MAD_TO_SIGMA * mad)
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    let n = v.len();
    match (v.get(n / 2), v.get((n / 2).wrapping_sub(1))) {
        (Some(a), Some(b)) if n.is_multiple_of(2) => (a + b) / 2.0,
        (Some(a), _) => *a,
        _ => 0.0,
    }
}

/// A directory compared with a baseline, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Standing {
    /// Fewer than two metrics exceed it.
    #[serde(rename = "WITHIN NORMAL BASELINE")]
    Within,
    /// Two or three do.
    #[serde(rename = "SUSPICIOUS VS BASELINE")]
    Suspicious,
    /// The score does, or four or more metrics.
    #[serde(rename = "ABOVE NORMAL BASELINE")]
    Above,
}

impl Standing {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Within => "WITHIN NORMAL BASELINE",
            Standing::Suspicious => "SUSPICIOUS VS BASELINE",
            Standing::Above => "ABOVE NORMAL BASELINE",
        }
    }
}

/// A metric that exceeds a baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExceededMetric {
    /// Its name.
    pub metric: &'static str,
    /// Its value.
    pub value: f64,
    /// Its ordinary limit.
    pub threshold: f64,
    /// The value minus the limit.
    pub delta: f64,
}

/// A directory compared with a baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BaselineComparison {
    /// In a word.
    pub verdict: Standing,
    /// The metrics that exceed their limits, by the excess.
    pub exceeded_metrics: Vec<ExceededMetric>,
    /// The ordinary limit of each metric.
    pub baseline_thresholds: BTreeMap<&'static str, f64>,
    /// The median of each metric.
    pub baseline_medians: BTreeMap<&'static str, f64>,
    /// How many directories the baseline has.
    pub normal_directories: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_existing_tool() {
        assert_eq!(limit(&[5.0], 10.0), 15.0);
        assert_eq!(limit(&[5.0, 9.0], 10.0), 19.0);
        assert_eq!(limit(&[5.0, 9.0, 7.0], 10.0), 7.0 + 3.5 * 1.4826 * 2.0);
        assert_eq!(limit(&[5.0, 5.0, 50.0], 10.0), 15.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
