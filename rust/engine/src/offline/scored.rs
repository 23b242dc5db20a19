//! A scored record.

use crate::explain::{MemberVerdict, Reason};
use crate::live::Binding;
use crate::model::{LogModel, Model, Verdict};
use std::sync::Arc;
use zeek_anomaly_alerts::{Collector, Identity};
use zeek_anomaly_drift::Monitor;
use zeek_anomaly_features::context::View;
use zeek_anomaly_features::{Cell, Row};
use zeek_log::{Input, Record, Schema};

/// One scored record, as it is handed to the sink.
pub struct Scored<'a> {
    /// The input it came from.
    pub input: &'a Input,
    /// Its line in that.
    pub line: u64,
    /// Its columns.
    pub schema: &'a Arc<Schema>,
    /// Its values.
    pub record: Record<'a>,
    /// The judgement.
    pub verdict: Verdict,
    pub(crate) binding: &'a Binding,
    pub(crate) bits: &'a [u64],
    pub(crate) model: &'a Model,
}

impl Scored<'_> {
    /// The model that judged it.
    pub fn log_model(&self) -> Option<&LogModel> {
        self.model.logs.get(self.binding.model?)
    }

    /// Its features in their compact form ([`zeek_anomaly_features::Spec::extract`]).
    pub fn features(&self) -> &[u64] {
        self.bits
    }

    /// The position of the model that judged it.
    pub fn model_position(&self) -> Option<usize> {
        self.binding.model
    }

    /// Its time, in seconds since the epoch.
    pub fn ts(&self) -> Option<f64> {
        self.binding.context.ts(&self.record)
    }

    /// The value of a feature in words; not escaped for a terminal.
    pub fn value(&self, feature: usize) -> String {
        self.log_model().map_or_else(String::new, |m| {
            m.encoders[feature].value(&self.cell(m, feature))
        })
    }

    /// The value of a feature for programs: a number as it is, a category as its text, nothing where
    /// it is missing; not escaped for a terminal.
    pub fn plain(&self, feature: usize) -> String {
        match self.log_model().map(|m| self.cell(m, feature)) {
            None | Some(Cell::Missing) => String::new(),
            Some(cell) => cell.display().into_owned(),
        }
    }

    /// The value of a feature, of learned ones the label.
    fn cell(&self, model: &LogModel, feature: usize) -> Cell<'_> {
        match model.spec.kind(feature) {
            // Numbers as they were judged: what is known of the connection has changed since.
            kind if !kind.is_category() && !model.spec.is_learned(feature) => {
                Cell::num(self.bits.get(feature).map(|b| f64::from_bits(*b)))
            }
            _ => model.spec.cell(feature, &self.row()),
        }
    }

    /// The record alone: neither categories nor labels look at what its connection did elsewhere.
    fn row(&self) -> Row<'_> {
        Row::new(self.record, &self.binding.columns, View::default())
    }

    /// What each member of an ensemble made of it; nothing where there is one detector.
    pub fn members(&self) -> Vec<MemberVerdict> {
        self.log_model()
            .map_or_else(Vec::new, |m| m.members(self.bits))
    }

    /// The finding that it belongs to, by its reasons.
    pub fn identity(&self, reasons: &[Reason]) -> Option<Identity> {
        let model = self.log_model()?;
        Some(model.identity(&self.binding.entity, &self.record, reasons))
    }

    /// Hands it to a budget of alerts. Gives its finding and reasons where it stands out.
    pub fn collect(&self, collector: &mut Collector) -> Option<(Identity, Vec<Reason>)> {
        let log = self.model_position()?;
        let (ts, score) = (self.ts(), self.verdict.score);
        if !collector.see((log, &self.schema.log), ts, score) {
            return None;
        }
        let reasons = self.reasons();
        let identity = self.identity(&reasons)?;
        collector.add(identity, log, ts, score);
        Some((identity, reasons))
    }

    /// Hands it to a monitor of drift that was made for this model.
    pub fn count_in(&self, monitor: &mut Monitor) {
        monitor.next_schema(self.schema);
        if let (Some(at), Some(model)) = (self.model_position(), self.log_model()) {
            monitor.record((at, &model.encoders), self.ts(), self.bits, &|f| {
                self.value(f)
            });
        }
    }

    /// Why it is strange, the most telling reason first.
    pub fn reasons(&self) -> Vec<Reason> {
        self.log_model()
            .map_or_else(Vec::new, |m| m.explain(&self.row(), self.bits))
    }
}
