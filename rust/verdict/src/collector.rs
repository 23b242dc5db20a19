//! Collects the evidence for a verdict while a directory is read.

use crate::bounded::{Bounded, Distinct, Weight, hash_addr};
use crate::chance::beyond;
use crate::components::{ComponentCounts, Components};
use crate::logs::{LogPart, LogTally};
use crate::signs::{FoundSigns, HostSide, ScanSource, Sign, Signs, sort, together};
use crate::ties::{CrossLogTies, LinkColumns};
use hashbrown::HashMap;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;
use zeek_anomaly_behavior::Finding;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::offline::Scored;
use zeek_log::{BySchema, Record, Schema};

/// Originators that are counted for each log.
const ORIGINATORS: usize = 65_536;

/// Hosts that are listed.
const HOSTS: usize = 20;

/// Logs that are listed as the most anomalous.
const TOP_LOGS: usize = 5;

/// The rows of one originator in one log.
#[derive(Debug, Default)]
struct OriginatorRows {
    rows: u64,
    ordinary: u64,
}

impl Weight for OriginatorRows {
    fn weight(&self) -> u64 {
        self.rows
    }
}

/// Collects the evidence. Every record goes to [`VerdictCollector::row`], every scored one also to
/// [`VerdictCollector::scored`], in any order. Memory is bounded.
#[derive(Debug)]
pub struct VerdictCollector<'m> {
    model: &'m Model,
    own_rows: bool,
    threshold: f64,
    tallies: Vec<Option<LogTally>>,
    columns: BySchema<LinkColumns>,
    originators: Bounded<(usize, IpAddr), OriginatorRows>,
    ties: CrossLogTies,
    hosts: Box<Distinct<1024>>,
    strange_hosts: Box<Distinct<1024>>,
    uids: Box<Distinct<4096>>,
    strange_uids: Box<Distinct<4096>>,
    signs: Signs,
    external: Vec<Sign>,
    first: f64,
    last: f64,
}

impl<'m> VerdictCollector<'m> {
    /// For rows that `model` scores; `own_rows` says whether it was fitted on the same rows. `threshold` is the
    /// score from which a record is anomalous.
    pub fn new(model: &'m Model, own_rows: bool, threshold: f64) -> VerdictCollector<'m> {
        VerdictCollector {
            model,
            own_rows,
            threshold,
            tallies: model.logs.iter().map(|_| None).collect(),
            columns: BySchema::default(),
            originators: Bounded::new(ORIGINATORS),
            ties: CrossLogTies::default(),
            hosts: Box::default(),
            strange_hosts: Box::default(),
            uids: Box::default(),
            strange_uids: Box::default(),
            signs: Signs::default(),
            external: Vec::new(),
            first: f64::INFINITY,
            last: f64::NEG_INFINITY,
        }
    }

    /// Takes a record, also of a log that the model does not score.
    pub fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        self.signs.row(schema, record);
    }

    /// Adds a sign that another engine found ([`Sign::external`]).
    pub fn add(&mut self, sign: Sign) {
        self.external.push(sign);
        if self.external.len() > 2 * FoundSigns::SHOWN {
            sort(&mut self.external);
            self.external.truncate(FoundSigns::SHOWN);
        }
    }

    /// Adds the findings of the behavior engine on the same logs, after all rows. `has_usual` says whether it had a
    /// behavioral baseline.
    pub fn hunted<'f>(&mut self, findings: impl Iterator<Item = &'f Finding>, has_usual: bool) {
        for f in findings {
            if let Some(sign) = self.signs.of_finding(f, has_usual) {
                self.add(sign);
            }
        }
    }

    /// Takes a scored record.
    pub fn scored(&mut self, scored: &Scored<'_>) {
        let Some(at) = scored.model_position() else {
            return;
        };
        let (Some(slot), Some(model)) = (self.tallies.get_mut(at), self.model.logs.get(at)) else {
            return;
        };
        let tally = slot.get_or_insert_with(|| LogTally::new(model, self.threshold));
        let (ordinary, strange) = tally.see(scored);
        if let Some(ts) = scored.ts() {
            self.first = self.first.min(ts);
            self.last = self.last.max(ts);
        }
        let columns = self.columns.get(scored.schema, |s| LinkColumns::bind(s));
        let record = &scored.record;
        if let Some(host) = columns.host(record) {
            let rows = self.originators.at((at, host));
            rows.rows += 1;
            rows.ordinary += u64::from(ordinary);
            let hash = hash_addr(&host);
            self.hosts.see(hash);
            if strange {
                self.strange_hosts.see(hash);
            }
        }
        let (all, marked) = (&mut self.uids, &mut self.strange_uids);
        columns.each_uid(record, &mut |uid| {
            all.see(uid);
            if strange {
                marked.see(uid);
            }
        });
        if strange {
            self.ties.see(columns, &scored.schema.log, at, record);
        }
    }

    /// The verdict.
    pub fn finish(mut self) -> Assessment {
        for ((at, host), rows) in self.originators.iter() {
            if let Some(Some(tally)) = self.tallies.get_mut(*at) {
                let inside = self.signs.side(host) != HostSide::Outside;
                tally.originator(rows.rows, rows.ordinary, inside);
            }
        }
        let own = self.own_rows;
        let expected: Vec<Option<f64>> = self
            .tallies
            .iter()
            .map(|t| t.as_ref().filter(|t| t.familiar(own) >= 0.5))
            .map(|t| t.map(LogTally::expected))
            .collect();
        let tied = self.ties.uids(&|at| expected.get(at).copied().flatten());
        let fuids = self.ties.fuids();
        let of = |log: &str| self.tallies.iter().flatten().find(|t| t.log == log);
        let fuid_familiar = ["http", "files"]
            .iter()
            .all(|log| of(log).is_some_and(|t| t.familiar(own) >= 0.5));
        let fuid_expected = ["http", "files"]
            .iter()
            .filter_map(|log| of(log).map(LogTally::expected))
            .fold(f64::INFINITY, f64::min);
        let found = self.signs.finish(std::mem::take(&mut self.external));
        let signs = found.signs;

        let logs: Vec<LogPart> = self
            .tallies
            .into_iter()
            .flatten()
            .map(|t| t.finish(own))
            .collect();
        let most = |f: &dyn Fn(&LogPart) -> f64| {
            logs.iter()
                .map(|l| l.weight * l.familiar * f(l))
                .fold(0.0, f64::max)
        };
        let hosts = hosts(&signs);
        let counted = ComponentCounts {
            top: most(&|l| l.strength),
            fraction: most(&|l| l.spread),
            weird_notice: logs
                .iter()
                .filter(|l| matches!(l.log_name.as_str(), "weird" | "notice"))
                .fold(0.0, |sum, l| sum + l.familiar * l.beyond_fraction),
            behavior: hosts.first().map_or(0.0, |h| h.strength),
            scan: hosts.iter().map(|h| h.scan).fold(0.0, f64::max),
            two: tied.two,
            three: tied.three,
            two_beyond: tied.two_beyond,
            three_beyond: tied.three_beyond,
            fuids,
            fuids_beyond: if fuid_familiar {
                beyond(fuids, fuid_expected)
            } else {
                0.0
            },
        };
        let rows: u64 = logs.iter().map(|l| l.rows).sum();
        let strange: u64 = logs.iter().map(|l| l.anomaly_rows).sum();
        let share = |part: f64, of: f64| if of > 0.0 { (part / of).min(1.0) } else { 0.0 };
        let mut top_logs: Vec<&LogPart> = logs.iter().filter(|l| l.strength > 0.0).collect();
        top_logs.sort_by(|a, b| {
            let by = |l: &LogPart| l.weight * l.familiar * l.strength;
            by(b).total_cmp(&by(a)).then(a.log_name.cmp(&b.log_name))
        });
        Assessment {
            components: Components::new(counted),
            own_rows: own,
            threshold: self.threshold,
            rows,
            strange_rows: strange,
            strange_rows_fraction: share(strange as f64, rows as f64),
            strange_hosts_fraction: share(self.strange_hosts.count(), self.hosts.count()),
            strange_uids_fraction: share(self.strange_uids.count(), self.uids.count()),
            first_ts: self.first.is_finite().then_some(self.first),
            last_ts: self.last.is_finite().then_some(self.last),
            top_logs: top_logs
                .iter()
                .take(TOP_LOGS)
                .map(|l| l.log_name.clone())
                .collect(),
            unfamiliar: logs
                .iter()
                .filter(|l| l.judged && l.familiar < 0.5)
                .map(|l| l.log_name.clone())
                .collect(),
            hosts,
            signs,
            conn_scan_sources: found.sources,
            forgotten: found.forgotten + self.originators.forgotten(),
            logs,
        }
    }
}

/// The hosts by the strength of their signs.
fn hosts(signs: &[Sign]) -> Vec<HostSigns> {
    let mut by_host: HashMap<IpAddr, Vec<&Sign>> = HashMap::new();
    for s in signs {
        by_host.entry(s.host).or_default().push(s);
    }
    let mut hosts: Vec<HostSigns> = by_host
        .into_iter()
        .map(|(host, signs)| HostSigns {
            host,
            strength: together(signs.iter().copied()),
            scan: together(signs.iter().copied().filter(|s| s.kind.is_scan())),
            signs: signs.iter().map(|s| s.what.clone()).take(5).collect(),
        })
        .collect();
    hosts.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.host.cmp(&b.host)));
    hosts.truncate(HOSTS);
    hosts
}

/// A host and its signs.
#[derive(Clone, Debug, Serialize)]
pub struct HostSigns {
    /// The host.
    pub host: IpAddr,
    /// The combined strength of its signs, 0 to 1.
    pub strength: f64,
    /// The strength of its signs of scanning.
    pub scan: f64,
    /// Its strongest signs in words, safe to print.
    pub signs: Vec<String>,
}

/// The assessment of a directory.
#[derive(Clone, Debug, Serialize)]
pub struct Assessment {
    /// The score, the verdict, and the components.
    #[serde(flatten)]
    pub components: Components,
    /// Whether the model was fitted on the directory's own rows.
    pub own_rows: bool,
    /// The score from which a record is anomalous.
    pub threshold: f64,
    /// Records scored.
    pub rows: u64,
    /// Anomalous records.
    pub strange_rows: u64,
    /// Their share.
    pub strange_rows_fraction: f64,
    /// The share of originators with an anomalous record (estimated).
    pub strange_hosts_fraction: f64,
    /// The share of connections with an anomalous record (estimated).
    pub strange_uids_fraction: f64,
    /// The first `ts`, in seconds since the epoch.
    pub first_ts: Option<f64>,
    /// The last.
    pub last_ts: Option<f64>,
    /// The most anomalous logs, at most five.
    pub top_logs: Vec<String>,
    /// Logs whose traffic the model does not fit; they do not count.
    pub unfamiliar: Vec<String>,
    /// The hosts with the strongest signs, at most twenty.
    pub hosts: Vec<HostSigns>,
    /// All signs, the strongest first, at most a thousand.
    pub signs: Vec<Sign>,
    /// The originators with the strongest signs of scanning.
    pub conn_scan_sources: Vec<ScanSource>,
    /// Entries dropped to keep memory bounded.
    pub forgotten: u64,
    /// Each log. JSON has them as `files`, next to this.
    #[serde(skip)]
    pub logs: Vec<LogPart>,
}
