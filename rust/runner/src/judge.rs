//! The verdict on a source: its scores and its behaviors, of one run.

use crate::coverage::Coverage;
use crate::findings::Findings;
use crate::run::{Run, Sink};
use crate::source::Source;
use zeek_anomaly_behavior::{Allow, BehaviorBaseline, BehaviorEngine, Settings};
use zeek_anomaly_engine::Model;
use zeek_anomaly_verdict::{Assessment, VerdictCollector, VerdictLevel};

/// How a source is judged.
#[derive(Debug)]
pub struct JudgeParams<'a> {
    /// The model.
    pub model: &'a Model,
    /// Whether it was fitted on the rows that it judges.
    pub own_rows: bool,
    /// The score from which a record is anomalous.
    pub threshold: f64,
    /// What behaviors are to be expected here; without it beacons do not count.
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
    *engine.allow() = params.allow;
    let mut findings = Findings::default();
    let mut collector = VerdictCollector::new(params.model, params.own_rows, params.threshold);
    let coverage = Run::of(source)
        .score(params.model, params.own_rows)
        .behaviors(&mut engine)
        .sink(&mut collector)
        .sink(&mut findings)
        .sink(also)
        .go(progress);
    collector.hunted(findings.all(), params.baseline.is_some());
    let mut assessment = collector.finish();
    if coverage.behaviors() == 0 && (params.own_rows || assessment.rows == 0) {
        assessment.components.severity = VerdictLevel::Unknown;
    }
    Judged {
        assessment,
        findings,
        coverage,
    }
}

/// A sink that ignores everything.
#[derive(Debug)]
pub struct Ignore;

impl Sink for Ignore {}
