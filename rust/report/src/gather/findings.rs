//! Flagged records as findings: those of one log and host that are strange for the same main
//! reasons are one thing to read ([`Identity`]), here as for alerts.

use super::RecordRank;
use crate::report::{ReportFinding, ReportRecord};
use std::collections::HashMap;
use zeek_anomaly_alerts::Identity;
use zeek_anomaly_verdict::excess;

/// Findings that are kept at once.
const KEPT: usize = 20_000;

/// One finding so far.
struct OpenFinding {
    rank: RecordRank,
    log: String,
    host: Option<String>,
    record: ReportRecord,
    records: u64,
    span: Option<(f64, f64)>,
}

/// The findings so far.
#[derive(Default)]
pub struct FindingGatherer {
    open: HashMap<u64, OpenFinding>,
    /// Records of findings that were let go, to keep memory bounded.
    dropped: u64,
}

impl FindingGatherer {
    /// Takes a flagged record; `make` is called where it is its finding's strangest so far.
    pub(super) fn take(
        &mut self,
        identity: Identity,
        log: &str,
        rank: RecordRank,
        ts: Option<f64>,
        make: impl FnOnce() -> ReportRecord,
    ) {
        let at = ts.map(|t| (t, t));
        match self.open.get_mut(&identity.id) {
            Some(o) => {
                o.records += 1;
                o.span = joined(o.span, at);
                if rank.is_before(&o.rank) {
                    (o.rank, o.record) = (rank, make());
                }
            }
            None => {
                let open = OpenFinding {
                    rank,
                    log: log.to_owned(),
                    host: identity.entity.map(|e| e.to_string()),
                    record: make(),
                    records: 1,
                    span: at,
                };
                self.open.insert(identity.id, open);
                if self.open.len() > KEPT {
                    self.let_go();
                }
            }
        }
    }

    /// Lets go of the less strange half.
    fn let_go(&mut self) {
        let mut ranks: Vec<RecordRank> = self.open.values().map(|o| o.rank).collect();
        ranks.sort_unstable_by(RecordRank::order);
        let Some(middle) = ranks.get(ranks.len() / 2).copied() else {
            return;
        };
        let before: u64 = self.open.values().map(|o| o.records).sum();
        self.open.retain(|_, o| o.rank.is_before(&middle));
        let after: u64 = self.open.values().map(|o| o.records).sum();
        self.dropped += before - after;
    }

    /// All findings, the one to be read first first, and records of those that were let go. Of a log's
    /// `rows(log)` records so many may be as strange by chance; the less likely, the sooner.
    pub fn finish(self, threshold: f64, rows: impl Fn(&str) -> u64) -> (Vec<ReportFinding>, u64) {
        let mut all: Vec<(f64, RecordRank, ReportFinding)> = self
            .open
            .into_values()
            .map(|o| {
                let rows = rows(&o.log) as f64;
                let level = o.rank.score - rows.max(1.0).log10();
                let together = excess(o.records as f64, rows * 10f64.powf(-threshold));
                let finding = ReportFinding {
                    log: o.log,
                    host: o.host,
                    record: o.record,
                    records: o.records,
                    span: o.span,
                };
                (level.max(together), o.rank, finding)
            })
            .collect();
        all.sort_by(|a, b| {
            (b.0.total_cmp(&a.0))
                .then_with(|| a.1.order(&b.1))
                .then_with(|| a.2.log.cmp(&b.2.log))
        });
        (all.into_iter().map(|f| f.2).collect(), self.dropped)
    }
}

/// The span of both.
pub fn joined(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}
