//! From scored rows to figures.

use crate::calibration::{CalibrationCheck, calibration};
use crate::rankers::Ranker;
use crate::rows::{LabelledRow, RowNames, hour};
use crate::{Block, EvaluateParams, Interval, Ranking, ResampleBy, metrics};
use serde::Serialize;

/// The false positive rates at which recall is measured.
const RATES: [f64; 2] = [0.01, 0.001];

/// A set of rows that is measured on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum RowSet {
    /// All logs together.
    All,
    /// One log.
    Log(String),
    /// One attack's rows and all normal ones.
    Attack(String),
}

/// What one model or rule did on one set.
#[derive(Clone, Debug, Serialize)]
pub struct SetResult {
    /// Rows that are attacks.
    pub positives: u64,
    /// Rows that are normal.
    pub negatives: u64,
    /// What rows were ranked by.
    pub ranked_by: &'static str,
    /// How it ranked them; `None` if nothing can be measured.
    pub ranking: Option<RankingMeasures>,
    /// Why not.
    pub problem: Option<String>,
    /// Figures for one alert a record at or above the threshold.
    pub alerts: RecordAlerts,
    /// Figures for findings within the budget, as in Zeek; `None` for a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<FindingAlerts>,
    /// Whether scores of normal rows are calibrated; empty for a rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<CalibrationCheck>,
}

/// How rows were ranked.
#[derive(Clone, Debug, Serialize)]
pub struct RankingMeasures {
    /// Area under the ROC curve.
    pub roc_auc: Estimate,
    /// Average precision.
    pub average_precision: Estimate,
    /// Precision among the first k.
    pub precision_at: Vec<PrecisionAtK>,
    /// Recall with at most 1 % of the normal rows above.
    pub recall_at_1_percent_fp: Estimate,
    /// Recall with at most 0.1 % of the normal rows above.
    pub recall_at_0_1_percent_fp: Estimate,
}

/// Precision at k.
#[derive(Clone, Debug, Serialize)]
pub struct PrecisionAtK {
    /// k.
    pub k: u64,
    /// The precision; `None` if there are fewer rows.
    pub precision: Option<f64>,
}

/// A value with its confidence interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end of its 95 % interval.
    pub high: Option<f64>,
    /// Bootstrap replicates that the interval is made of.
    pub replicates: Option<usize>,
}

/// Rows at or above the threshold.
#[derive(Clone, Debug, Serialize)]
pub struct RecordAlerts {
    /// Normal rows among them.
    pub false_alerts: u64,
    /// The same for each day; `None` if no row has a time.
    pub false_alerts_per_day: Option<f64>,
    /// Attack rows among them.
    pub found: u64,
    /// When the attack began: its first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_row: Option<f64>,
    /// Seconds from that to the first of its rows that raises an alert; `None` if none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_to_first_alert: Option<f64>,
}

/// Alerts of findings within a budget.
#[derive(Clone, Debug, Serialize)]
pub struct FindingAlerts {
    /// Alerts with a record of an attack of the set, and false alerts. Alerts whose records have no label
    /// are not counted.
    pub alerts: u64,
    /// Alerts whose records are normal.
    pub false_alerts: u64,
    /// All these alerts for each day; `None` if no row has a time.
    pub alerts_per_day: Option<f64>,
    /// The false ones for each day.
    pub false_alerts_per_day: Option<f64>,
    /// Seconds from the first row of the attack to the first alert about it; `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_to_first_alert: Option<f64>,
}

/// Measures rankers on sets of rows.
pub(crate) struct Measurer<'a> {
    pub params: &'a EvaluateParams,
    pub names: &'a RowNames,
    /// Days that the scored rows cover.
    pub days: f64,
}

impl Measurer<'_> {
    /// Measures a ranker on the rows with these indices.
    pub fn measure(&self, ranker: &Ranker<'_>, set: &RowSet, rows: &[usize]) -> SetResult {
        let of = |i: &usize| &ranker.rows[*i];
        let labels: Vec<bool> = rows.iter().map(|i| of(i).attack.is_some()).collect();
        let positives = labels.iter().filter(|l| **l).count() as u64;
        let by_raw = matches!(set, RowSet::Log(_)) && !ranker.is_rule();
        let values: Vec<f64> = match by_raw {
            true => rows.iter().map(|i| ranker.ranks[*i]).collect(),
            false => rows.iter().map(|i| ranker.score(*i)).collect(),
        };
        let (ranking, problem) = match Ranking::new(&values, &labels) {
            Ok(r) if r.all_equal() => (
                None,
                Some("all scores are equal: nothing is ranked".to_owned()),
            ),
            Ok(r) => (Some(self.ranking(&r, ranker, rows)), None),
            Err(problem) => (None, Some(problem.to_string())),
        };
        SetResult {
            positives,
            negatives: labels.len() as u64 - positives,
            ranked_by: if by_raw { "score, then raw" } else { "score" },
            ranking,
            problem,
            findings: (!ranker.is_rule()).then(|| self.findings(ranker, set, rows)),
            alerts: self.alerts(ranker, set, rows),
            calibration: match set {
                // The same normal rows as in all logs.
                RowSet::Attack(_) => Vec::new(),
                _ => calibration(ranker, rows, &self.params.bootstrap),
            },
        }
    }

    fn ranking(&self, ranking: &Ranking, ranker: &Ranker<'_>, rows: &[usize]) -> RankingMeasures {
        let measure = |b: &[Block]| {
            [
                metrics::roc_auc(b),
                metrics::average_precision(b),
                metrics::recall_at(b, RATES[0]),
                metrics::recall_at(b, RATES[1]),
            ]
        };
        let bootstrap = &self.params.bootstrap;
        let groups: Vec<u32> = rows.iter().map(|i| self.group(&ranker.rows[*i])).collect();
        let intervals = bootstrap.intervals(ranking, &groups, measure);
        let values = measure(ranking.blocks());
        // A ranking has both classes: every metric has a value.
        let [roc_auc, average_precision, recall_1, recall_01] =
            std::array::from_fn(|m| estimate(values[m].unwrap_or_default(), intervals[m]));
        RankingMeasures {
            roc_auc,
            average_precision,
            precision_at: (self.params.precision_at.iter())
                .map(|k| PrecisionAtK {
                    k: *k,
                    precision: metrics::precision_at(ranking.blocks(), *k),
                })
                .collect(),
            recall_at_1_percent_fp: recall_1,
            recall_at_0_1_percent_fp: recall_01,
        }
    }

    fn group(&self, row: &LabelledRow) -> u32 {
        match self.params.resample_by {
            ResampleBy::Host => row.host,
            // Hours since 1970 fit; rows without a valid time share a group.
            ResampleBy::Hour => row
                .ts
                .and_then(|t| u32::try_from(hour(t)).ok())
                .unwrap_or(u32::MAX),
        }
    }

    fn findings(&self, ranker: &Ranker<'_>, set: &RowSet, rows: &[usize]) -> FindingAlerts {
        let attack = match set {
            RowSet::Attack(name) => {
                let names = self.names.attacks.all();
                names.iter().position(|n| n == name).map(|n| n as u32)
            }
            _ => None,
        };
        let (mut alerts, mut false_alerts, mut first_alert) = (0, 0, f64::INFINITY);
        for alert in ranker.alerts {
            if matches!(set, RowSet::Log(log) if *log != alert.log) {
                continue;
            }
            let of = |a: &&(u32, f64)| attack.is_none_or(|n| n == a.0);
            let mut found = false;
            for (_, at) in alert.attacks.iter().filter(of) {
                found = true;
                first_alert = first_alert.min(*at);
            }
            false_alerts += u64::from(alert.normal);
            alerts += u64::from(alert.normal || found);
        }
        let first_row = (rows.iter().map(|i| &ranker.rows[*i]))
            .filter(|r| r.attack.is_some())
            .filter_map(|r| r.ts)
            .fold(f64::INFINITY, f64::min);
        let known = attack.is_some() && first_row.is_finite() && first_alert.is_finite();
        let per_day = |n: u64| (self.days > 0.0).then(|| n as f64 / self.days);
        FindingAlerts {
            alerts,
            false_alerts,
            alerts_per_day: per_day(alerts),
            false_alerts_per_day: per_day(false_alerts),
            seconds_to_first_alert: known.then_some(first_alert - first_row),
        }
    }

    fn alerts(&self, ranker: &Ranker<'_>, set: &RowSet, rows: &[usize]) -> RecordAlerts {
        let threshold = ranker.threshold(self.params.threshold);
        let (mut false_alerts, mut found) = (0, 0);
        let (mut first_row, mut first_alert) = (f64::INFINITY, f64::INFINITY);
        for i in rows {
            let row = &ranker.rows[*i];
            let alert = ranker.score(*i) >= threshold;
            match row.attack {
                None => false_alerts += u64::from(alert),
                Some(_) => {
                    let ts = row.ts.unwrap_or(f64::INFINITY);
                    first_row = first_row.min(ts);
                    if alert {
                        found += 1;
                        first_alert = first_alert.min(ts);
                    }
                }
            }
        }
        let of_attack = matches!(set, RowSet::Attack(_)) && first_row.is_finite();
        RecordAlerts {
            false_alerts,
            false_alerts_per_day: (self.days > 0.0).then(|| false_alerts as f64 / self.days),
            found,
            first_row: of_attack.then_some(first_row),
            seconds_to_first_alert: (of_attack && first_alert.is_finite())
                .then_some(first_alert - first_row),
        }
    }
}

fn estimate(value: f64, interval: Option<Interval>) -> Estimate {
    Estimate {
        value,
        low: interval.map(|i| i.low),
        high: interval.map(|i| i.high),
        replicates: interval.map(|i| i.replicates),
    }
}
