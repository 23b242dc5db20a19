//! The verdict on a source: its scores and its behaviors, of one run.

use crate::allowed::AllowedRecords;
use crate::coverage::Coverage;
use crate::findings::Findings;
use crate::new_logs::{NewLog, NewLogs};
use crate::run::{Run, Sink};
use crate::source::Source;
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_behavior::{
    Allow, BehaviorBaseline, BehaviorColumns, BehaviorEngine, Finding, Settings,
};
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::merge::InOrder;
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_verdict::{Assessment, VerdictCollector, VerdictLevel};
use zeek_log::{Record, Schema};

/// How a source is judged.
#[derive(Debug)]
pub struct JudgeParams<'a> {
    /// The model.
    pub model: &'a Model,
    /// Whether it was fitted on the rows that it judges.
    pub own_rows: bool,
    /// The score from which a record is anomalous.
    pub threshold: f64,
    /// What behaviors are to be expected here; without it only clear beacons count.
    pub baseline: Option<&'a BehaviorBaseline>,
    /// What is known to be fine.
    pub allow: Allow,
}

/// What came of it.
#[derive(Debug)]
pub struct Judged {
    /// The verdict.
    pub assessment: Assessment,
    /// The behavioral findings that are part of it.
    pub findings: Findings,
    /// Logs that training never saw; none without a model of other rows.
    pub new_logs: Vec<NewLog>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// Judges a source; `also` gets all that the run yields.
///
/// Where there is no model of other rows, and no row that behaviors can judge, the verdict is
/// unknown: rows that are ranked among themselves say nothing of the whole.
pub fn judge(
    source: &Source,
    params: JudgeParams<'_>,
    also: &mut dyn Sink,
    progress: &mut dyn FnMut(u64, u64),
) -> Judged {
    let mut engine = BehaviorEngine::new(Settings::default(), params.baseline.cloned());
    let mut allowed = AllowedRecords::new(params.allow.clone());
    *engine.allow() = params.allow;
    let mut findings = Findings::default();
    let mut new_logs = NewLogs::default();
    let mut collector = VerdictCollector::new(params.model, params.own_rows, params.threshold);
    let coverage = Run::of(source)
        .score(params.model, params.own_rows)
        .behaviors(&mut engine)
        .sink(&mut Unless {
            allowed: &mut allowed,
            collector: &mut collector,
            new_logs: &mut new_logs,
            model: (!params.own_rows).then_some(params.model),
            also,
        })
        .sink(&mut findings)
        .go(progress);
    collector.hunted(findings.all(), params.baseline.is_some());
    let mut assessment = collector.finish();
    if coverage.behaviors() == 0 && (params.own_rows || assessment.rows == 0) {
        assessment.components.severity = VerdictLevel::Unknown;
    }
    Judged {
        assessment,
        findings,
        new_logs: new_logs.most_first(),
        coverage,
    }
}

/// A sink that ignores everything.
#[derive(Debug)]
pub struct Ignore;

impl Sink for Ignore {}

/// Keeps records that the allowlist covers from the verdict and from what else is made of scores.
struct Unless<'a, 'm> {
    allowed: &'a mut AllowedRecords,
    collector: &'a mut VerdictCollector<'m>,
    new_logs: &'a mut NewLogs,
    /// Where it is of other rows.
    model: Option<&'m Model>,
    also: &'a mut dyn Sink,
}

impl Sink for Unless<'_, '_> {
    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        VerdictCollector::row(self.collector, schema, record);
        if let Some(model) = self.model {
            self.new_logs.row(model, schema, record);
        }
        self.also.row(schema, record);
    }

    fn in_order(&mut self, row: &InOrder<'_>, columns: &BehaviorColumns) {
        self.allowed.note(row, columns);
        self.also.in_order(row, columns);
    }

    fn scored(&mut self, scored: &Scored<'_>) -> ControlFlow<()> {
        if self.allowed.covers(scored) {
            return ControlFlow::Continue(());
        }
        VerdictCollector::scored(self.collector, scored);
        self.also.scored(scored)
    }

    fn finding(&mut self, finding: &Finding) {
        self.also.finding(finding);
    }

    fn watched(&mut self, engine: &BehaviorEngine) {
        self.also.watched(engine);
    }
}
