//! Which records are alerts, where there is a budget.

use super::args::WatchArgs;
use crate::commands::alerts::logs;
use crate::rows::Alert;
use crate::say;
use zeek_anomaly_alerts::{AlertParams, Alerts, Candidate, Fate, Identity, Outcome};
use zeek_anomaly_behavior::Finding;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::offline::Scored;

/// Counts scored records against the budget.
pub struct Budget {
    alerts: Alerts,
    threshold: f64,
}

impl Budget {
    /// Nothing where no budget was asked for. `earlier` is what [`Budget::state`] gave.
    pub fn new(args: &WatchArgs, model: &Model, earlier: Option<&str>) -> Option<Budget> {
        let params = AlertParams {
            behaviors: args.hunt,
            ..args.budget.params(args.alerts_per_day?, args.threshold)
        };
        let mut alerts = Alerts::new(&model.alert_logs(), params, &logs(&args.logs));
        if let Some(text) = earlier {
            let resumed = match bytes(text) {
                None => Err("it is damaged".to_owned()),
                Some(bytes) => alerts.resume(&bytes).map_err(|e| e.to_string()),
            };
            if let Err(why) = resumed {
                say::warning(&format!(
                    "what the state says of alerts cannot be used, and begins anew: {why}"
                ));
            }
        }
        let threshold = args.threshold;
        Some(Budget { alerts, threshold })
    }

    /// Counts a record. The alert, where it raises one.
    pub fn take(&mut self, scored: &Scored<'_>) -> Option<Alert> {
        let log = scored.model_position()?;
        let ts = scored.ts().filter(|t| t.is_finite());
        self.alerts.rows(log, ts, 1);
        let score = scored.verdict.score;
        if score.is_nan() || score < self.threshold {
            return None;
        }
        let identity = scored.identity(&scored.reasons())?;
        let candidate = Candidate {
            identity,
            log,
            score,
            ts,
            records: 1,
        };
        self.decide(&candidate)
    }

    /// Counts what was found of a host, or what it has grown to. The alert, where it raises one.
    pub fn take_behavior(&mut self, f: &Finding) -> Option<Alert> {
        self.decide(&Candidate {
            identity: Identity::of_behavior(f.kind.0.name, f.id, f.entity.host()),
            log: self.alerts.behavior_log(),
            score: f.score,
            ts: Some(f.last),
            records: f.count,
        })
    }

    fn decide(&mut self, candidate: &Candidate) -> Option<Alert> {
        let outcome = self.alerts.take(candidate)?;
        // Days are for `backtest`.
        while self.alerts.take_day().is_some() {}
        if outcome.exceeded {
            say::warning(&format!(
                "the budget of alerts is exceeded today: {} were raised, {} held back",
                outcome.today.0, outcome.today.1
            ));
        }
        let at = candidate.ts.unwrap_or(self.alerts.now());
        (outcome.fate == Fate::Alert).then(|| shown(&outcome, at))
    }

    /// What is known, as text for the state.
    pub fn state(&self) -> Option<String> {
        let bytes = self.alerts.to_bytes()?;
        Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
    }
}

fn shown(outcome: &Outcome, at: f64) -> Alert {
    Alert {
        finding: format!("{:016x}", outcome.finding),
        alerted: at,
        first: outcome.first,
        last: at,
        entities: (outcome.entities > 1).then_some(outcome.entities),
        threshold: outcome.needed,
        budget: None,
    }
}

/// The bytes of hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = (text.chars())
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
