//! Events as C sees them: pointers into texts that are kept beside them.

use super::events::{Anomaly, no_data};
use crate::results::{
    za_anomaly, za_basis, za_batch, za_behavior, za_budget_day, za_claim, za_drift, za_event_data,
    za_evidence, za_finding_summary, za_reason,
};
use crate::types::{pointer, za_text};
use std::net::IpAddr;
use zeek_anomaly_alerts::{Day, FindingSummary};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::wire::Batch;
use zeek_anomaly_behavior::{Basis, Entity, Finding};
use zeek_anomaly_drift::LogDrift;
use zeek_anomaly_engine::Claim;

/// Changes of a log that are listed in words.
const LISTED: usize = 5;

/// What was handed out last.
#[derive(Default)]
pub(super) struct Shown {
    texts: Vec<String>,
    bytes: Vec<u8>,
    reasons: Vec<za_reason>,
    evidence: Vec<za_evidence>,
    uids: Vec<za_text>,
}

// SAFETY: the pointers lead to texts that the same value owns, and go where it goes.
unsafe impl Send for Shown {}

impl Shown {
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.bytes = Vec::new();
        self.reasons.clear();
        self.evidence.clear();
        self.uids.clear();
    }

    /// Keeps a text and points to it: a String's bytes stay where they are when the
    /// String is moved.
    fn text(&mut self, text: &str) -> za_text {
        let text = printable(text);
        let shown = za_text::of(&text);
        self.texts.push(text);
        shown
    }

    fn addr(&mut self, addr: Option<IpAddr>) -> za_text {
        self.text(&addr.map(|a| a.to_string()).unwrap_or_default())
    }

    pub(super) fn words(&mut self, text: &str) -> za_event_data {
        let mut data = no_data();
        data.text = self.text(text);
        data
    }

    pub(super) fn anomaly(&mut self, a: Anomaly) -> za_event_data {
        for r in a.reasons {
            let reason = za_reason {
                feature: self.text(&r.feature),
                value: self.text(&r.value),
                typical: self.text(&r.usual),
                share: r.share,
            };
            self.reasons.push(reason);
        }
        let mut data = no_data();
        data.anomaly = za_anomaly {
            finding: a.candidate.identity.id,
            score: a.verdict.score,
            raw: a.verdict.raw,
            claim: match a.verdict.claim {
                Claim::Measured => za_claim::Measured,
                Claim::Extrapolated => za_claim::Extrapolated,
                Claim::AtLeast => za_claim::AtLeast,
            } as u32,
            detector: za_text::of(a.verdict.detector),
            reasons: pointer(&self.reasons),
            n_reasons: self.reasons.len(),
        };
        data
    }

    pub(super) fn behavior(&mut self, f: &Finding) -> za_event_data {
        for r in &f.reasons {
            let (what, value) = (self.text(&r.what), self.text(&r.value));
            self.evidence.push(za_evidence { what, value });
        }
        for uid in &f.uids {
            let uid = self.text(uid);
            self.uids.push(uid);
        }
        let (port, proto) = match &f.entity {
            Entity::Pair { port, proto, .. } => (*port, proto.name()),
            _ => (None, ""),
        };
        let own_name = match &f.entity {
            Entity::Name { name, .. } => Some(name.as_str()),
            _ => None,
        };
        let mut data = no_data();
        data.behavior = za_behavior {
            finding: f.id,
            records: f.count,
            score: f.score,
            confidence: f.confidence,
            first: f.first,
            last: f.last,
            update: f.update,
            basis: match f.basis {
                Basis::Probability => za_basis::Probability,
                Basis::Rule => za_basis::Rule,
            } as u32,
            port: port.map_or(65_536, u32::from),
            kind: za_text::of(f.kind.0.name),
            title: za_text::of(f.kind.0.title),
            stage: za_text::of(f.stage().name()),
            host: self.addr(Some(f.entity.host())),
            peer: self.addr(f.entity.other()),
            proto: za_text::of(proto),
            name: self.text(f.name.as_deref().or(own_name).unwrap_or_default()),
            reasons: pointer(&self.evidence),
            n_reasons: self.evidence.len(),
            uids: pointer(&self.uids),
            n_uids: self.uids.len(),
        };
        data
    }

    pub(super) fn batch(&mut self, batch: Batch) -> za_event_data {
        self.bytes = batch.bytes;
        let mut data = no_data();
        data.batch = za_batch {
            bucket: u32::from(batch.bucket),
            records: batch.records,
            data: pointer(&self.bytes),
            len: self.bytes.len(),
        };
        data
    }

    pub(super) fn closed(&mut self, o: &FindingSummary) -> za_event_data {
        let mut data = no_data();
        data.closed = za_finding_summary {
            finding: o.finding,
            records: o.records,
            entities: o.entities,
            raised: o.alerted,
            first: o.first,
            last: o.last,
            score: o.score,
            log: self.text(&o.log),
            host: self.addr(o.entity),
        };
        data
    }

    pub(super) fn day(&mut self, d: &Day) -> za_event_data {
        let mut data = no_data();
        data.day = za_budget_day {
            begin: d.begin,
            part: d.part,
            per_day: d.per_day,
            raised: d.alerts,
            suppressed: d.held,
            records: d.rows,
            exceeded: u32::from(d.exceeded),
            budget: self.text(&d.budget),
        };
        data
    }

    pub(super) fn drift(&mut self, d: &LogDrift) -> za_event_data {
        let listed = d.changes.iter().take(LISTED).map(|c| c.to_string());
        let mut parts: Vec<String> = listed.collect();
        let more = d.changes.len().saturating_sub(LISTED);
        if more > 0 {
            parts.push(format!("and {more} more"));
        }
        let mut data = no_data();
        data.drift = za_drift {
            day: d.day.unwrap_or(f64::NAN),
            records: d.rows,
            changes: u32::try_from(d.changes.len()).unwrap_or(u32::MAX),
            log: self.text(&d.log),
            text: self.text(&parts.join("; ")),
        };
        data
    }
}
