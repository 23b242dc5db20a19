//! Records that stand out as alerts within a budget, for the commands that show them.

use super::inputs;
use crate::allowed;
use crate::args::values::network;
use crate::exit::Failure;
use crate::rows::{Alert, Finding, Findings};
use crate::say::{self, counted};
use crate::severity::Severity;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;
use zeek_anomaly_alerts::{
    ALERT_LOGS, AlertParams, BEHAVIOR, Collector, Day, Identity, PER_DAY, Raised, Replay, Share,
};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{BehaviorEngine, Entity, Finding as Behavior, Settings};
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::{Claim, Model, Reason};
use zeek_anomaly_runner::{NewLog, NewLogs, Sink};

/// Records that are kept in full, one for each finding and day.
const MAX_KEPT: usize = 50_000;

/// What finds a log that training never saw.
const NEW_LOG: &str = "new_log";

/// Days of an exceeded budget that are named.
const NAMED: usize = 10;

/// What shares a budget.
#[derive(Debug, Args)]
pub struct BudgetArgs {
    /// Whether all logs share a budget of alerts, or each has its own
    #[arg(long, value_enum, default_value_t = Per::All)]
    pub budget_per: Per,
    /// Hosts of this network have a budget of alerts of their own
    #[arg(long, value_name = "NET", value_delimiter = ',', value_parser = network)]
    pub budget_net: Vec<IpNet>,
    /// A local network, in addition to private ones: hosts outside cannot use up the last third of
    /// a budget
    #[arg(long = "local-net", value_name = "NET", value_delimiter = ',', value_parser = network)]
    pub local_nets: Vec<IpNet>,
}

/// What has a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Per {
    /// All logs together
    All,
    /// Each log by itself
    Log,
}

impl BudgetArgs {
    /// For the engine.
    pub fn params(&self, per_day: f64, threshold: f64) -> AlertParams {
        AlertParams {
            per_day,
            share: match self.budget_per {
                Per::All => Share::All,
                Per::Log => Share::Log,
            },
            networks: self.budget_net.clone(),
            local_nets: self.local_nets.clone(),
            threshold,
            ..AlertParams::default()
        }
    }

    /// The engine of behaviors whose findings share the budget, as in Zeek.
    ///
    /// # Errors
    /// Where the behavioral baseline or the allowlist cannot be read.
    pub fn behaviors(
        &self,
        baseline: Option<&Path>,
        allow: Option<&Path>,
    ) -> Result<BehaviorEngine, Failure> {
        let mut settings = Settings::default();
        settings.local_nets.clone_from(&self.local_nets);
        let mut engine = BehaviorEngine::new(settings, inputs::baseline(baseline)?);
        *engine.allow() = allowed::load(allow)?;
        Ok(engine)
    }
}

/// A number of alerts a day.
pub fn per_day(text: &str) -> Result<f64, String> {
    let (least, most) = PER_DAY;
    match text.parse::<f64>() {
        Ok(v) if (least..=most).contains(&v) => Ok(v),
        _ => Err(format!("should be a number from {least} to {most}")),
    }
}

/// The logs that raise alerts: those asked for, or those that do in Zeek; all for `all`.
pub fn logs(asked: &[String]) -> Vec<String> {
    match asked {
        [] => ALERT_LOGS.iter().map(|l| (*l).to_owned()).collect(),
        logs if logs.iter().any(|l| l == "all") => Vec::new(),
        logs => logs.to_vec(),
    }
}

/// Gathers what stands out; of each finding and day the strangest record is kept to be shown.
pub struct Gatherer {
    collector: Collector,
    findings: Findings,
    kept: HashMap<(u64, i64), Finding>,
    threshold: f64,
    described: bool,
    /// Whether what hosts did over time is part of it.
    behaviors: bool,
}

impl Sink for Gatherer {
    fn scored(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
        self.take(scored);
        ControlFlow::Continue(())
    }

    fn finding(&mut self, finding: &Behavior) {
        self.take_behavior(finding);
    }

    fn watched(&mut self, _: &BehaviorEngine) {
        self.behaviors = true;
    }
}

/// What is written of a behaviour's finding.
pub fn shown(f: &Behavior) -> Finding {
    let (port, proto) = match &f.entity {
        Entity::Pair { port, proto, .. } => (*port, Some(proto.name().to_owned())),
        _ => (None, None),
    };
    let own_name = match &f.entity {
        Entity::Name { name, .. } => Some(name.clone()),
        _ => None,
    };
    let reasons = f.reasons.iter().map(|r| Reason {
        feature: printable(&r.what),
        value: printable(&r.value),
        usual: String::new(),
        share: 1.0 / f.reasons.len() as f64,
    });
    Finding {
        severity: Severity::of(f.score, Claim::Measured),
        log: BEHAVIOR.to_owned(),
        ts: Some(f.last),
        uid: f.uids.first().cloned(),
        fuid: None,
        orig_h: Some(f.entity.host().to_string()),
        orig_p: None,
        resp_h: f.entity.other().map(|a| a.to_string()),
        resp_p: port,
        score: f.score,
        claim: Claim::Measured,
        raw: f.score,
        anomalous: true,
        records: Some(f.count),
        alert: None,
        detector: f.kind.0.name,
        members: Vec::new(),
        reasons: reasons.collect(),
        behavior: Some(crate::rows::Behavior {
            kind: f.kind,
            id: f.id,
            span: (f.first, f.last),
        }),
        proto,
        name: Some(match f.name.as_ref().or(own_name.as_ref()) {
            Some(name) => format!("{}, {name}", f.kind.0.title),
            None => f.kind.0.title.to_owned(),
        }),
    }
}

/// What is written of a log that training never saw.
pub fn shown_new_log(new: &NewLog, model: &Model, threshold: f64) -> Finding {
    let score = NewLogs::score(model);
    let value = format!(
        "{}: {}",
        printable(&new.log),
        counted(new.records, "record")
    );
    Finding {
        severity: Severity::of(score, Claim::AtLeast),
        log: new.log.clone(),
        ts: new.span.map(|s| s.1),
        uid: None,
        fuid: None,
        orig_h: new.host.map(|h| h.to_string()),
        orig_p: None,
        resp_h: None,
        resp_p: None,
        score,
        claim: Claim::AtLeast,
        raw: score,
        anomalous: score >= threshold,
        records: Some(new.records),
        alert: None,
        detector: NEW_LOG,
        members: Vec::new(),
        reasons: vec![Reason {
            feature: "log".to_owned(),
            value,
            usual: format!("not among {}", counted(model.info.rows, "training row")),
            share: 1.0,
        }],
        behavior: None,
        proto: None,
        name: Some("log that training never saw".to_owned()),
    }
}

fn day_of(ts: f64) -> i64 {
    (ts / 86_400.0).floor() as i64
}

impl Gatherer {
    /// Of these logs, all where there are none. `described` is for tables.
    pub fn new(threshold: f64, logs: &[String], described: bool) -> Gatherer {
        Gatherer {
            collector: Collector::new(threshold, logs),
            findings: Findings::default(),
            kept: HashMap::new(),
            threshold,
            described,
            behaviors: false,
        }
    }

    /// Takes a scored record.
    pub fn take(&mut self, scored: &Scored<'_>) {
        let Some((identity, reasons)) = scored.collect(&mut self.collector) else {
            return;
        };
        let key = (identity.id, day_of(scored.ts().unwrap_or(f64::INFINITY)));
        let known = self.kept.get(&key);
        if known.is_some_and(|f| f.score >= scored.verdict.score) {
            return;
        }
        let mut finding = self.findings.make(scored, self.threshold, false);
        finding.reasons = reasons;
        if self.described {
            self.findings.describe(scored, &mut finding);
        }
        self.kept.insert(key, finding);
        if self.kept.len() > MAX_KEPT {
            let mut scores: Vec<f64> = self.kept.values().map(|f| f.score).collect();
            let middle = scores.len() / 2;
            let (_, middle, _) = scores.select_nth_unstable_by(middle, f64::total_cmp);
            let middle = *middle;
            self.kept.retain(|_, f| f.score > middle);
        }
    }

    /// Takes what was found of a host, or what it has grown to.
    pub fn take_behavior(&mut self, f: &Behavior) {
        let host = f.entity.host();
        let identity = Identity::of_behavior(f.kind.0.name, f.id, host);
        self.collector
            .add_behavior(identity, f.last, f.score, f.count);
        let key = (identity.id, day_of(f.last));
        self.kept.insert(key, shown(f));
        self.behaviors = true;
    }

    /// Takes a log that training never saw.
    pub fn take_new_log(&mut self, new: &NewLog, model: &Model) {
        let shown = shown_new_log(new, model, self.threshold);
        let (Some((_, last)), true) = (new.span, shown.anomalous) else {
            return;
        };
        let host = new.host.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let number = xxh3_64(format!("{} {host}", new.log).as_bytes());
        let identity = Identity::of_behavior(NEW_LOG, number, host);
        self.collector
            .add_behavior(identity, last, shown.score, new.records);
        self.kept.insert((identity.id, day_of(last)), shown);
        self.behaviors = true;
    }

    /// What a budget makes of it.
    pub fn replay(&mut self, model: &Model, params: AlertParams) -> Replay {
        let params = AlertParams {
            behaviors: self.behaviors,
            ..params
        };
        self.collector.replay(&model.alert_logs(), params)
    }

    /// What is shown of an alert: its strangest record of the day.
    pub fn finding(&self, raised: &Raised) -> Option<Finding> {
        let mut f = self
            .kept
            .get(&(raised.identity.id, day_of(raised.ts)))?
            .clone();
        f.records = Some(raised.records);
        f.alert = Some(Alert {
            finding: format!("{:016x}", raised.finding),
            alerted: raised.ts,
            first: raised.first,
            last: raised.last,
            entities: (raised.entities > 1).then_some(raised.entities),
            threshold: raised.needed,
            budget: Some(raised.budget.clone()).filter(|b| !b.is_empty()),
        });
        Some(f)
    }

    /// Says what had to be let go.
    pub fn say_dropped(&self) {
        if self.collector.dropped() > 0 {
            say::warning(&format!(
                "to keep memory bounded, {} of findings beyond the first million were left out",
                counted(self.collector.dropped(), "record")
            ));
        }
    }
}

/// Says on which days a budget was exceeded.
pub fn say_exceeded(days: &[Day]) {
    let exceeded: Vec<&Day> = days.iter().filter(|d| d.exceeded).collect();
    for d in exceeded.iter().take(NAMED) {
        say::warning(&exceeded_text(d));
    }
    let more = exceeded.len().saturating_sub(NAMED) as u64;
    if more > 0 {
        say::warning(&format!("and on {}", counted(more, "more day")));
    }
}

fn exceeded_text(d: &Day) -> String {
    let budget = match d.budget.as_str() {
        "" => "budget".to_owned(),
        name => format!("budget of {name}"),
    };
    let held = match d.held {
        0 => String::new(),
        n => format!(", {} held back", counted(n, "finding")),
    };
    format!(
        "{}: {budget} exceeded: {}, {} a day wanted{held}",
        date(d),
        counted(d.alerts, "alert"),
        d.per_day
    )
}

/// The date of a day.
pub fn date(d: &Day) -> String {
    say::time(d.begin)
        .chars()
        .take("2022-06-12".len())
        .collect()
}
