//! From scored rows to what is reported of them.

use super::args::{EvaluateArgs, Groups};
use super::collect::{Row, Shared, hour};
use super::promise::{Promise, promises};
use super::sides::Side;
use serde::Serialize;
use zeek_anomaly_evaluate::{Block, Bootstrap, Interval, Ranking, metrics};

/// The part of the replicates that an interval holds.
const LEVEL: f64 = 0.95;

/// Rows from which a perfect ranking is too good to pass without a word.
const SUSPICIOUS: u64 = 100;

/// The false positive rates at which recall is told.
const RATES: [f64; 2] = [0.01, 0.001];

/// A set of rows that is measured on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Set {
    /// All logs together.
    All,
    /// One log.
    Log(String),
    /// One attack's rows and all normal ones.
    Attack(String),
}

/// What one model or rule did on one set.
#[derive(Clone, Debug, Serialize)]
pub struct Result {
    /// Rows that are attacks.
    pub positives: u64,
    /// Rows that are normal.
    pub negatives: u64,
    /// What rows were ranked by.
    pub ranked_by: &'static str,
    /// How it ranked them; `None` where nothing can be measured.
    pub ranking: Option<Measures>,
    /// Why not.
    pub problem: Option<String>,
    /// What an alert for each record from the threshold on would mean.
    pub alerts: Alerts,
    /// What alerts of findings mean within the budget, as in Zeek; `None` for a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Findings>,
    /// Whether normal rows have the scores that they should; empty for a rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<Promise>,
}

/// How rows were ranked.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// Area under the ROC curve.
    pub roc_auc: Estimate,
    /// Average precision.
    pub average_precision: Estimate,
    /// Precision among the first k.
    pub precision_at: Vec<At>,
    /// Recall with at most 1 % of the normal rows above.
    pub recall_at_1_percent_fp: Estimate,
    /// Recall with at most 0.1 % of the normal rows above.
    pub recall_at_0_1_percent_fp: Estimate,
}

/// Precision at k.
#[derive(Clone, Debug, Serialize)]
pub struct At {
    /// k.
    pub k: u64,
    /// The precision; `None` where there are fewer rows.
    pub precision: Option<f64>,
}

/// A value and how sure it is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its 95 % interval.
    pub low: Option<f64>,
    /// Its 95 % interval.
    pub high: Option<f64>,
    /// Bootstrap replicates that the interval is made of.
    pub replicates: Option<usize>,
}

/// Rows from the threshold on.
#[derive(Clone, Debug, Serialize)]
pub struct Alerts {
    /// Normal rows among them.
    pub false_alerts: u64,
    /// The same for each day; `None` where no row has a time.
    pub false_alerts_per_day: Option<f64>,
    /// Attack rows among them.
    pub found: u64,
    /// When the attack began: its first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_row: Option<f64>,
    /// Seconds from that to the first of its rows that raises an alert; `None` where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_to_first_alert: Option<f64>,
}

/// Alerts of findings within a budget.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// Alerts of which some record is of an attack of the set, or that are false. Those of
    /// records without a label are not among them.
    pub alerts: u64,
    /// Alerts whose records are normal.
    pub false_alerts: u64,
    /// All these alerts for each day; `None` where no row has a time.
    pub alerts_per_day: Option<f64>,
    /// The false ones for each day.
    pub false_alerts_per_day: Option<f64>,
    /// Seconds from the first row of the attack to the first alert that tells of it; `None`
    /// where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_to_first_alert: Option<f64>,
}

/// How intervals are made.
pub fn bootstrap(args: &EvaluateArgs) -> Bootstrap {
    Bootstrap {
        replicates: args.bootstrap as usize,
        seed: args.fit.seed,
        level: LEVEL,
    }
}

/// Measures sides on sets.
pub struct Measurer<'a> {
    /// What was asked for.
    pub args: &'a EvaluateArgs,
    /// The names.
    pub shared: &'a Shared,
    /// Days that the scored rows cover.
    pub days: f64,
}

impl Measurer<'_> {
    /// What one side did on the rows with these numbers.
    pub fn measure(&self, side: &Side<'_>, set: &Set, rows: &[usize]) -> Result {
        let of = |i: &usize| &side.rows[*i];
        let labels: Vec<bool> = rows.iter().map(|i| of(i).attack.is_some()).collect();
        let positives = labels.iter().filter(|l| **l).count() as u64;
        let by_raw = matches!(set, Set::Log(_)) && !side.is_rule();
        let values: Vec<f64> = match by_raw {
            true => rows.iter().map(|i| side.ranks[*i]).collect(),
            false => rows.iter().map(|i| side.score(*i)).collect(),
        };
        let (ranking, problem) = match Ranking::new(&values, &labels) {
            Ok(r) if r.all_equal() => (
                None,
                Some("all scores are equal: nothing is ranked".to_owned()),
            ),
            Ok(r) => (Some(self.ranking(&r, side, rows)), None),
            Err(problem) => (None, Some(problem.to_string())),
        };
        Result {
            positives,
            negatives: labels.len() as u64 - positives,
            ranked_by: if by_raw { "score, then raw" } else { "score" },
            ranking,
            problem,
            findings: (!side.is_rule()).then(|| self.findings(side, set, rows)),
            alerts: self.alerts(side, set, rows),
            calibration: match set {
                // The same normal rows as in all logs.
                Set::Attack(_) => Vec::new(),
                _ => promises(side, rows, &bootstrap(self.args)),
            },
        }
    }

    fn ranking(&self, ranking: &Ranking, side: &Side<'_>, rows: &[usize]) -> Measures {
        let measure = |b: &[Block]| {
            [
                metrics::roc_auc(b),
                metrics::average_precision(b),
                metrics::recall_at(b, RATES[0]),
                metrics::recall_at(b, RATES[1]),
            ]
        };
        let bootstrap = bootstrap(self.args);
        let groups: Vec<u32> = rows.iter().map(|i| self.group(&side.rows[*i])).collect();
        let intervals = bootstrap.intervals(ranking, &groups, measure);
        let values = measure(ranking.blocks());
        // A ranking has both classes: every metric has a value.
        let [roc_auc, average_precision, recall_1, recall_01] =
            std::array::from_fn(|m| estimate(values[m].unwrap_or_default(), intervals[m]));
        Measures {
            roc_auc,
            average_precision,
            precision_at: (self.args.at.iter())
                .map(|k| At {
                    k: *k,
                    precision: metrics::precision_at(ranking.blocks(), *k),
                })
                .collect(),
            recall_at_1_percent_fp: recall_1,
            recall_at_0_1_percent_fp: recall_01,
        }
    }

    fn group(&self, row: &Row) -> u32 {
        match self.args.by {
            Groups::Host => row.host,
            // Hours since 1970 fit; rows without a time, and of no real one, are a group.
            Groups::Hour => row
                .ts
                .and_then(|t| u32::try_from(hour(t)).ok())
                .unwrap_or(u32::MAX),
        }
    }

    fn findings(&self, side: &Side<'_>, set: &Set, rows: &[usize]) -> Findings {
        let attack = match set {
            Set::Attack(name) => {
                let names = self.shared.attacks.all();
                names.iter().position(|n| n == name).map(|n| n as u32)
            }
            _ => None,
        };
        let (mut alerts, mut false_alerts, mut told_at) = (0, 0, f64::INFINITY);
        for t in side.told {
            if matches!(set, Set::Log(log) if *log != t.log) {
                continue;
            }
            let of = |a: &&(u32, f64)| attack.is_none_or(|n| n == a.0);
            let mut found = false;
            for (_, at) in t.attacks.iter().filter(of) {
                found = true;
                told_at = told_at.min(*at);
            }
            false_alerts += u64::from(t.normal);
            alerts += u64::from(t.normal || found);
        }
        let first_row = (rows.iter().map(|i| &side.rows[*i]))
            .filter(|r| r.attack.is_some())
            .filter_map(|r| r.ts)
            .fold(f64::INFINITY, f64::min);
        let known = attack.is_some() && first_row.is_finite() && told_at.is_finite();
        let per_day = |n: u64| (self.days > 0.0).then(|| n as f64 / self.days);
        Findings {
            alerts,
            false_alerts,
            alerts_per_day: per_day(alerts),
            false_alerts_per_day: per_day(false_alerts),
            seconds_to_first_alert: known.then_some(told_at - first_row),
        }
    }

    fn alerts(&self, side: &Side<'_>, set: &Set, rows: &[usize]) -> Alerts {
        let threshold = side.threshold(self.args.threshold);
        let (mut false_alerts, mut found) = (0, 0);
        let (mut first_row, mut first_alert) = (f64::INFINITY, f64::INFINITY);
        for i in rows {
            let row = &side.rows[*i];
            let alert = side.score(*i) >= threshold;
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
        let of_attack = matches!(set, Set::Attack(_)) && first_row.is_finite();
        Alerts {
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

/// What has to be known before a figure is believed.
pub fn note(side: &Side<'_>, set: &Set, result: &Result) -> Option<String> {
    let name = &side.name;
    let ranking = result.ranking.as_ref()?;
    let auc = ranking.roc_auc;
    let of = match set {
        Set::All => "all logs".to_owned(),
        Set::Log(log) => log.clone(),
        Set::Attack(attack) => format!("attack {attack}"),
    };
    let known = result.positives + result.negatives;
    if auc.value < 0.5 && auc.high.is_none_or(|h| h < 0.5) {
        Some(format!(
            "{name}, {of}: upside down: attacks rank below normal rows (ROC-AUC {:.3}). Was it \
             trained on attacks, or are they the usual thing here?",
            auc.value
        ))
    } else if auc.value < 1.0 || known < SUSPICIOUS {
        None
    } else if side.is_rule() {
        Some(format!(
            "{name}, {of}: this rule alone tells attacks apart: blank its columns (--blank) before \
             a model's figures are believed"
        ))
    } else {
        Some(format!(
            "{name}, {of}: perfect: is there a column that gives the answer away? (--blank)"
        ))
    }
}
