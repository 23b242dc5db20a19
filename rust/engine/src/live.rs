//! The live door: records one by one, in the order in which they happen.

use crate::explain::Reason;
use crate::model::{Model, Scratch, Verdict};
use std::sync::Arc;
use zeek_anomaly_alerts::{
    AlertParams, Alerts, Candidate, Day, EntityColumns, FindingSummary, Identity, Outcome,
    StateError,
};
use zeek_anomaly_drift::{LogDrift, Monitor};
use zeek_anomaly_features::context::{ContextColumns, Role};
use zeek_anomaly_features::row::Columns;
use zeek_anomaly_features::{Context, Limits, Row, Spec, logs};
use zeek_log::{Record, Schema};

/// The role that a log plays for its connections.
pub(crate) fn role_of(log: &str) -> Role {
    logs::by_name(log).map_or(Role::None, |t| t.role)
}

/// A schema made known to an engine: where in it everything stands that is needed.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The position of the log's model; `None` where the model has none.
    pub(crate) model: Option<usize>,
    pub(crate) columns: Columns,
    pub(crate) context: ContextColumns,
    pub(crate) role: Role,
    pub(crate) entity: EntityColumns,
}

impl Binding {
    /// Binds a schema for a model.
    pub fn new(model: &Model, schema: &Schema) -> Binding {
        let at = model.position(&schema.log);
        let spec: Option<&Spec> = at.map(|i| &model.logs[i].spec);
        let names = spec.map(Spec::columns).unwrap_or_default();
        let role = role_of(&schema.log);
        Binding {
            model: at,
            columns: Columns::bind(&names, schema),
            context: ContextColumns::bind(role, schema),
            role,
            entity: EntityColumns::bind(schema),
        }
    }

    /// The same for records of one of several sensors.
    pub(crate) fn of_sensor(mut self, sensor: u64) -> Binding {
        self.context = self.context.of_sensor(sensor);
        self
    }

    /// Which of the `n` columns of the schema are looked at: the others may as well be unset.
    pub fn needed(&self, n: usize) -> Vec<bool> {
        let Some(context) = self.context.positions() else {
            return vec![true; n];
        };
        let mut needed = vec![false; n];
        let entity = self.entity.positions().iter().copied();
        for at in self.columns.positions().chain(context).chain(entity) {
            if let Some(needed) = needed.get_mut(at) {
                *needed = true;
            }
        }
        needed
    }

    /// Whether records of this schema get a score.
    pub fn is_scored(&self) -> bool {
        self.model.is_some()
    }
}

/// Scores records as they happen. One engine sees all of a connection's records.
#[derive(Debug)]
pub struct Engine {
    model: Arc<Model>,
    context: Context,
    scratch: Scratch,
    bits: Vec<u64>,
    records: u64,
    monitor: Option<Monitor>,
    /// Whether the monitor sees all records of the network.
    volumes: bool,
    alerts: Option<Alerts>,
    /// The logs whose records raise alerts.
    counts: Vec<String>,
    found: Option<Candidate>,
}

impl Engine {
    /// An engine for a model, with bounds on what it remembers of connections.
    pub fn new(model: Arc<Model>, limits: Limits) -> Engine {
        Engine {
            model,
            context: Context::new(limits),
            scratch: Scratch::default(),
            bits: Vec::new(),
            records: 0,
            monitor: None,
            volumes: false,
            alerts: None,
            counts: Vec::new(),
            found: None,
        }
    }

    /// Watches from now on whether the world has changed. `volumes` is whether this engine
    /// sees all records of the network, so that their number means something. Schemas
    /// that were bound before are not compared.
    pub fn watch_drift(&mut self, volumes: bool) {
        self.monitor = Some(Monitor::live(&self.model.trained_logs(), volumes));
        self.volumes = volumes;
    }

    /// The oldest change that was not taken.
    pub fn take_drift(&mut self) -> Option<LogDrift> {
        self.monitor.as_mut()?.take()
    }

    /// Stops watching.
    pub fn forget_drift(&mut self) {
        self.monitor = None;
    }

    /// Raises alerts from now on, of logs that `counts` names, or of all where it is empty.
    /// Where alerts were raised before, what was learned of days stays as far as it goes.
    pub fn set_alerts(&mut self, params: AlertParams, counts: &[String]) {
        match &mut self.alerts {
            Some(alerts) => alerts.change(params, counts),
            None => self.alerts = Some(Alerts::new(&self.model.alert_logs(), params, counts)),
        }
        self.counts = counts.to_vec();
    }

    /// Raises no alerts any more, and forgets what was learned for it.
    pub fn forget_alerts(&mut self) {
        self.alerts = None;
    }

    /// The record observed last, where it was explained: to be given to
    /// [`Engine::alert`], now or later.
    pub fn found(&self) -> Option<&Candidate> {
        self.found.as_ref()
    }

    /// Takes a record that stands out and is to be reported. `None` where it can raise
    /// no alert.
    pub fn alert(&mut self, found: &Candidate) -> Option<Outcome> {
        self.alerts.as_mut()?.take(found)
    }

    /// What is known of days, budgets and findings, as bytes for a file; `None` where no alerts
    /// are raised.
    pub fn alerts_state(&self) -> Option<Vec<u8>> {
        self.alerts.as_ref()?.to_bytes()
    }

    /// Goes on from what an earlier engine knew; after [`Engine::set_alerts`].
    ///
    /// # Errors
    /// What is wrong with it; nothing changes then.
    pub fn resume_alerts(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        match &mut self.alerts {
            Some(alerts) => alerts.resume(bytes),
            None => Ok(()),
        }
    }

    /// Takes a finding of a behaviour that is to be reported. `None` where behaviours share no
    /// budget, or its score is no number.
    pub fn alert_behavior(
        &mut self,
        identity: Identity,
        score: f64,
        ts: Option<f64>,
        records: u64,
    ) -> Option<Outcome> {
        let alerts = self.alerts.as_mut()?;
        alerts.tick(ts, 1);
        let log = alerts.behavior_log();
        alerts.take(&Candidate {
            identity,
            log,
            score,
            ts,
            records,
        })
    }

    /// Time has passed, although no record says so.
    pub fn tick(&mut self, now: f64) {
        if let Some(alerts) = &mut self.alerts {
            alerts.tick(Some(now), 1);
        }
    }

    /// The oldest finding that is over and was not taken.
    pub fn take_finding_summary(&mut self) -> Option<FindingSummary> {
        self.alerts.as_mut()?.take_finding_summary()
    }

    /// Goes on with another model. What is known of connections and of alerts stays; schemas have
    /// to be bound again. Findings of before cannot be given to [`Engine::alert`] any more.
    pub fn set_model(&mut self, model: Arc<Model>) {
        let logs = model.alert_logs();
        self.alerts = (self.alerts.as_ref()).map(|a| a.with_model(&logs, &self.counts));
        self.model = model;
        self.scratch = Scratch::default();
        self.found = None;
        if self.monitor.is_some() {
            self.watch_drift(self.volumes);
        }
    }

    /// The oldest day that has ended and was not taken.
    pub fn take_day(&mut self) -> Option<Day> {
        self.alerts.as_mut()?.take_day()
    }

    /// Ends the day that is open, as far as it was seen.
    pub fn end_day(&mut self) {
        if let Some(alerts) = &mut self.alerts {
            alerts.finish();
        }
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// What is remembered of connections.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Records seen so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Binds a schema; to be kept and given with each of its records.
    pub fn bind(&mut self, schema: &Schema) -> Binding {
        if let Some(monitor) = &mut self.monitor {
            monitor.schema(schema);
        }
        Binding::new(&self.model, schema)
    }

    /// Scores a record with what its connection did so far, and remembers it for
    /// what follows. A conn record ends its connection.
    ///
    /// `None` where the model knows nothing of the log. Where the score is at least
    /// `explain_from` (never where that is NaN), `reasons` is filled; it is
    /// emptied first.
    pub fn observe(
        &mut self,
        binding: &Binding,
        record: &Record<'_>,
        explain_from: f64,
        reasons: &mut Vec<Reason>,
    ) -> Option<Verdict> {
        reasons.clear();
        self.found = None;
        self.records += 1;
        if let Some(alerts) = &mut self.alerts {
            let ts = binding.context.ts(record);
            match binding.model {
                Some(i) => alerts.rows(i, ts, 1),
                None => alerts.tick(ts, 1),
            }
        }
        let verdict = binding.model.map(|i| {
            let model = &self.model.logs[i];
            let view = self.context.view(&binding.context, record);
            let row = Row::new(*record, &binding.columns, view);
            self.bits.clear();
            model.extract(&row, &mut self.bits);
            let verdict = model.judge(&self.bits, false, &mut self.scratch);
            if verdict.score >= explain_from {
                *reasons = model.explain(&row, &self.bits);
                self.found = Some(Candidate {
                    identity: model.identity(&binding.entity, record, reasons),
                    log: i,
                    score: verdict.score,
                    ts: binding.context.ts(record),
                    records: 1,
                });
            }
            if let Some(monitor) = &mut self.monitor {
                let ts = binding.context.ts(record);
                monitor.record((i, &model.encoders), ts, &self.bits, &|f| {
                    model.encoders[f].value(&model.spec.cell(f, &row))
                });
            }
            verdict
        });
        if verdict.is_none()
            && let Some(monitor) = &mut self.monitor
        {
            monitor.tick(binding.context.ts(record));
        }
        if binding.role == Role::Conn {
            self.context.end(&binding.context, record);
        } else {
            self.context.absorb(&binding.context, record);
            self.context.advance(&binding.context, record);
        }
        verdict
    }
}
