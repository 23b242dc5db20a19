//! All that a report says, before it is drawn and written.
//!
//! Texts from logs are in it as they were; [`crate::words::short`] makes them safe where
//! they are shown.

use crate::gather::envelope::ScoreEnvelope;
use crate::gather::histogram::ScoreHistogram;
use crate::gather::map::RecordMap;
use crate::gather::timeline::{LogTimes, TimeSpan};
use std::net::IpAddr;
use zeek_anomaly_behavior::Finding as Behavior;
use zeek_anomaly_engine::{Claim, Reason};
use zeek_anomaly_verdict::{Assessment, BaselineComparison};

/// The report.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What it is about.
    pub about: ReportSubject,
    /// The verdict on all logs together, and how it stands to a baseline.
    pub verdict: Option<(Assessment, Option<BaselineComparison>)>,
    /// The logs, by name.
    pub logs: Vec<LogPage>,
    /// Logs beyond those that get a page.
    pub more_logs: usize,
    /// The stretch of time that timelines show.
    pub stretch: Option<TimeSpan>,
    /// Findings, the one to be read first first.
    pub findings: Vec<ReportFinding>,
    /// How many of them are listed; hosts name others too.
    pub listed: usize,
    /// Findings beyond those.
    pub more_findings: u64,
    /// Flagged records that no finding counts, because there were too many.
    pub dropped: u64,
    /// Hosts, the strangest first.
    pub hosts: Vec<ReportHost>,
    /// Hosts beyond those.
    pub more_hosts: usize,
    /// What to look at next.
    pub next: Vec<Advice>,
}

impl Report {
    /// Findings of behaviors and groups of anomalous records, listed or not.
    pub fn findings_in_all(&self) -> u64 {
        self.about.behaviors + self.listed as u64 + self.more_findings
    }

    /// Hosts that have findings, listed or not.
    pub fn hosts_in_all(&self) -> u64 {
        (self.hosts.len() + self.more_hosts) as u64
    }
}

/// What a report is about.
#[derive(Clone, Debug, Default)]
pub struct ReportSubject {
    /// The sensor or sensors.
    pub sensors: Vec<String>,
    /// The first and last time of the records, in seconds since the epoch.
    pub interval: Option<(f64, f64)>,
    /// When the report was made, where that was told.
    pub made: Option<String>,
    /// The score from which a record is flagged.
    pub threshold: f64,
    /// What the model was made of, in words.
    pub model: String,
    /// Records that were scored.
    pub records: u64,
    /// Those that are flagged.
    pub flagged: u64,
    /// Behavioral findings.
    pub behaviors: u64,
    /// Records of conn.log.
    pub connections: Option<u64>,
    /// What was skipped or cannot be told, in sentences.
    pub notes: Vec<String>,
}

/// Records that are one thing to read.
#[derive(Clone, Debug)]
pub struct ReportFinding {
    /// The log.
    pub log: String,
    /// The originator.
    pub host: Option<String>,
    /// The strangest record.
    pub record: ReportRecord,
    /// Records, with it.
    pub records: u64,
    /// The first and last time of them.
    pub span: Option<(f64, f64)>,
}

/// One record, as it is shown.
#[derive(Clone, Debug)]
pub struct ReportRecord {
    /// When, in seconds since the epoch.
    pub ts: Option<f64>,
    /// Its line in its file.
    pub line: u64,
    /// The connection or file.
    pub uid: Option<String>,
    /// What it is about: end points, and a name.
    pub what: Vec<String>,
    /// Its score.
    pub score: f64,
    /// How that is known.
    pub claim: Claim,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// A host and what it did.
#[derive(Clone, Debug)]
pub struct ReportHost {
    /// Its address.
    pub address: String,
    /// Its rank: what its behaviours add up to, and for each log in which it has
    /// findings the highest score.
    pub strength: f64,
    /// What its behaviours add up to.
    pub risk: f64,
    /// What it did over time, the gravest first.
    pub behaviors: Vec<Behavior>,
    /// Its findings, as positions in the list of all.
    pub findings: Vec<usize>,
    /// Flagged records.
    pub records: u64,
    /// The first and last time of all that.
    pub span: Option<(f64, f64)>,
}

/// What a host did over time, and what its behaviours add up to.
#[derive(Clone, Debug)]
pub struct HostRisk {
    /// The host.
    pub host: IpAddr,
    /// What they add up to.
    pub risk: f64,
    /// Its behaviours, the gravest first.
    pub behaviors: Vec<Behavior>,
}

/// Something to look at.
#[derive(Clone, Debug)]
pub struct Advice {
    /// What, in one sentence.
    pub text: String,
    /// A command that shows it.
    pub command: Option<String>,
}

/// One log.
#[derive(Clone, Debug)]
pub struct LogPage {
    /// Its name.
    pub log: String,
    /// Records that were scored.
    pub records: u64,
    /// Those that are flagged.
    pub flagged: u64,
    /// The highest score.
    pub highest: f64,
    /// Lines refused.
    pub refused: u64,
    /// The detector.
    pub detector: &'static str,
    /// Training rows.
    pub trained: u64,
    /// The highest score that training rows tell by their number, and whether it goes on.
    pub reach: (f64, bool),
    /// Scores in file order.
    pub order: ScoreEnvelope,
    /// Records by score.
    pub histogram: ScoreHistogram,
    /// Records over time.
    pub times: LogTimes,
    /// The map of the records.
    pub map: Option<RecordMap>,
    /// The names of the features.
    pub features: Vec<String>,
    /// The features' shares in what makes flagged records strange, the most first; and the
    /// number of records that this was taken of.
    pub reasons: (Vec<(usize, f64)>, u64),
    /// The strangest records that are flagged.
    pub top: Vec<ReportRecord>,
}
