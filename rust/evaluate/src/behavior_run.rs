//! Behavioral detection on the labelled rows.

use crate::matching::{BehaviorRun, LabelIndex};
use crate::rows::NameTable;
use crate::truth::GroundTruth;
use zeek_anomaly_behavior::{
    Allow, BehaviorBaseline, BehaviorColumns, BehaviorEngine, Finding, Settings,
};
use zeek_anomaly_engine::merge::InOrder;
use zeek_anomaly_runner::{Run, Sink, Source, learn_baseline};

/// What behavioral detection starts from.
#[derive(Clone, Debug, Default)]
pub struct BehaviorParams {
    /// A behavioral baseline; `None` to learn one from the rows that models are trained on.
    pub baseline: Option<BehaviorBaseline>,
    /// What is known to be harmless.
    pub allowlist: Allow,
}

/// Learns a baseline from some rows, if there is none, and looks for behaviors on others.
pub(crate) fn run(
    params: &BehaviorParams,
    truth: &GroundTruth,
    (learn, test): (&Source, &Source),
    attacks: &mut NameTable,
    progress: &mut dyn FnMut(u64, u64),
) -> BehaviorRun {
    let baseline = match &params.baseline {
        Some(baseline) => Some(baseline.clone()),
        None if learn.inputs().is_empty() => None,
        None => Some(learn_baseline(learn, Settings::default(), progress).0),
    };
    let mut engine = BehaviorEngine::new(Settings::default(), baseline);
    *engine.allow() = params.allowlist.clone();
    let mut labelling = Labelling {
        truth,
        attacks,
        labels: LabelIndex::default(),
        findings: Vec::new(),
    };
    (Run::of(test).behaviors(&mut engine))
        .sink(&mut labelling)
        .and_again()
        .go(progress);
    labelling.labels.finish(labelling.findings)
}

/// Takes the labels of rows, and findings.
struct Labelling<'a> {
    truth: &'a GroundTruth,
    attacks: &'a mut NameTable,
    labels: LabelIndex,
    findings: Vec<Finding>,
}

impl Sink for Labelling<'_> {
    fn in_order(&mut self, row: &InOrder<'_>, columns: &BehaviorColumns) {
        self.labels.take(self.truth, row, columns, self.attacks);
    }

    fn finding(&mut self, finding: &Finding) {
        self.findings.push(finding.clone());
    }
}
