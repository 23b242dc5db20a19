//! `explain HOST` and `explain FINDING`: what a host did, in the order of time, in all logs and
//! behaviors.

use crate::args::DocumentFormat;
use crate::commands::hunt;
use crate::exit::Failure;
use crate::output::jsonl;
use crate::output::table::{self, Look, folded};
use crate::progress::Progress;
use crate::say::{self, count, counted};
use crate::severity::Severity;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::net::IpAddr;
use std::ops::ControlFlow;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{BehaviorEngine, Finding, Settings};
use zeek_anomaly_engine::Claim;
use zeek_anomaly_engine::merge::{self, InOrder};
use zeek_anomaly_runner::{Coverage, Findings, Run, Source};
use zeek_log::payload::SideCounts;

/// Peers that are counted, and that are shown: those with the most records.
const COUNTED: usize = 100_000;
const SHOWN: usize = 20;

/// Reasons of a finding that are shown, and the width of a line of them.
const REASONS: usize = 4;
const WIDTH: usize = 48;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A host, by its address.
    Host(IpAddr),
    /// A finding of a behavior, by its number.
    Finding(u64),
}

impl Subject {
    /// Of what somebody typed; `None` where it can only be a uid.
    pub fn of(text: &str) -> Option<Subject> {
        if let Ok(address) = text.parse() {
            return Some(Subject::Host(address));
        }
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let number = text.len() == 16 && text.bytes().all(digit);
        let id = number.then(|| u64::from_str_radix(text, 16).ok())?;
        id.map(Subject::Finding)
    }
}

/// Records of one sort: how many, and from when to when.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Span {
    records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<f64>,
}

impl Span {
    fn add(&mut self, ts: Option<f64>) {
        self.records += 1;
        self.first = self.first.into_iter().chain(ts).reduce(f64::min);
        self.last = self.last.into_iter().chain(ts).reduce(f64::max);
    }
}

/// Another host.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Peer {
    #[serde(flatten)]
    span: Span,
    /// Bytes that the host sent to it and received from it, by conn.log.
    sent: u64,
    received: u64,
}

/// What is known of a host.
#[derive(Debug)]
pub struct Story {
    host: IpAddr,
    logs: BTreeMap<String, Span>,
    peers: Vec<(IpAddr, Peer)>,
    findings: Vec<Finding>,
}

/// Reads it from logs, as far as they say anything of it; and what was read.
pub fn tell(
    source: &Source,
    subject: Subject,
    progress: &mut Progress,
) -> (Option<Story>, Coverage) {
    let mut hunter = BehaviorEngine::new(Settings::default(), None);
    let mut found = Findings::default();
    let coverage = Run::of(source)
        .behaviors(&mut hunter)
        .sink(&mut found)
        .go(&mut |b, r| progress.add(b, r));
    let wanted = |f: &Finding| match subject {
        Subject::Host(host) => f.entity.host() == host || f.entity.other() == Some(host),
        Subject::Finding(id) => f.id == id,
    };
    let findings = found.all().filter(|f| wanted(f)).cloned().collect();
    (story(source, subject, findings), coverage)
}

fn story(source: &Source, subject: Subject, mut findings: Vec<Finding>) -> Option<Story> {
    findings.sort_by(|a, b| a.first.total_cmp(&b.first).then(a.id.cmp(&b.id)));
    let (host, only) = match subject {
        Subject::Host(host) => (host, None),
        Subject::Finding(_) => {
            let entity = &findings.first()?.entity;
            (entity.host(), entity.other())
        }
    };
    let mut logs: BTreeMap<String, Span> = BTreeMap::new();
    let mut peers: HashMap<IpAddr, Peer> = HashMap::new();
    // What is wrong with the logs was noticed when they were read first.
    let mut again = Coverage::of(source);
    merge::in_order(
        source.inputs(),
        source.read(),
        &mut again,
        &mut |row: &InOrder<'_>| {
            let value = |name: &str| row.schema.position(name).map(|at| row.record.get(at));
            let address = |name: &str| value(name).and_then(|v| v.addr());
            let ends = (address("id.orig_h"), address("id.resp_h"));
            let other = match ends {
                (Some(orig), resp) if orig == host => resp,
                (orig, Some(resp)) if resp == host => orig,
                _ if ["host", "src", "client_addr", "assigned_addr"]
                    .iter()
                    .any(|name| address(name) == Some(host)) =>
                {
                    None
                }
                _ => return ControlFlow::Continue(()),
            };
            if only.is_some() && other != only {
                return ControlFlow::Continue(());
            }
            let ts = value("ts").and_then(|v| v.number());
            logs.entry(row.schema.log.clone()).or_default().add(ts);
            if let Some(other) = other.filter(|o| peers.len() < COUNTED || peers.contains_key(o)) {
                let peer = peers.entry(other).or_default();
                peer.span.add(ts);
                let number = |name: &str| value(name).and_then(|v| v.number());
                let seen = |side: &str, other: &str| {
                    let counts = SideCounts {
                        bytes: number(&format!("{side}_bytes")),
                        packets: number(&format!("{side}_pkts")),
                        ip_bytes: number(&format!("{side}_ip_bytes")),
                        other_packets: number(&format!("{other}_pkts")),
                        missed: number("missed_bytes"),
                    };
                    counts.seen().unwrap_or(0.0) as u64
                };
                let (out, back) = match row.schema.log == "conn" {
                    true => (seen("orig", "resp"), seen("resp", "orig")),
                    false => (0, 0),
                };
                let ours = ends.0 == Some(host);
                peer.sent += if ours { out } else { back };
                peer.received += if ours { back } else { out };
            }
            ControlFlow::Continue(())
        },
    );
    let mut peers: Vec<(IpAddr, Peer)> = peers.into_iter().collect();
    peers.sort_by(|a, b| (b.1.span.records, a.0).cmp(&(a.1.span.records, b.0)));
    (!logs.is_empty()).then_some(Story {
        host,
        logs,
        peers,
        findings,
    })
}

impl Story {
    /// Records that were found.
    pub fn records(&self) -> u64 {
        self.logs.values().map(|s| s.records).sum()
    }

    /// Writes it to standard output.
    pub fn show(
        &self,
        wanted: &str,
        coverage: &Coverage,
        format: DocumentFormat,
    ) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match format {
            DocumentFormat::Json => self.json(wanted, coverage, &mut out),
            DocumentFormat::Table => self.print(&mut out),
        }
        .and_then(|()| out.flush())
        .map_err(Failure::stdout)
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let logs: Vec<String> = (self.logs.iter())
            .map(|(log, s)| format!("{} {}", printable(log), count(s.records)))
            .collect();
        let logs = format!("{}: {}", self.host, logs.join(", "));
        writeln!(out, "{}", folded(&logs, Look::new(true).width, 2))?;
        if self.peers.len() > SHOWN {
            let more = counted((self.peers.len() - SHOWN) as u64, "host");
            writeln!(out, "{more} with fewer records not shown")?;
        }
        let mut entries: Vec<(f64, [String; 3])> = Vec::new();
        for f in &self.findings {
            let severity = Severity::of(f.score, Claim::Measured).name();
            let mut lines = vec![
                format!("{} (score {:.1})", f.kind.0.title, f.score),
                format!("{} until {}", f.entity, say::second(f.last)),
            ];
            let reasons = f.reasons.iter().take(REASONS);
            lines.extend(reasons.map(|r| format!("{} {}", r.what, r.value)));
            entries.push((
                f.first,
                [say::second(f.first), severity.into(), joined(&lines)],
            ));
        }
        for (peer, p) in self.peers.iter().take(SHOWN) {
            let first = p.span.first.unwrap_or(f64::NEG_INFINITY);
            let mut lines = vec![format!("{peer}: {}", counted(p.span.records, "record"))];
            lines.extend(p.span.last.map(|t| format!("until {}", say::second(t))));
            if p.sent + p.received > 0 {
                let (sent, received) = (say::bytes(p.sent), say::bytes(p.received));
                lines.push(format!("sent {sent}, received {received}"));
            }
            let when = p.span.first.map_or_else(String::new, say::second);
            entries.push((first, [when, String::new(), joined(&lines)]));
        }
        entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut t = table::bare();
        t.set_header([&format!("time ({})", say::zone()), "severity", "what"]);
        for (_, row) in entries {
            t.add_row(row);
        }
        writeln!(out)?;
        table::print(&mut t, out)
    }

    fn json(&self, wanted: &str, coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Document<'a> {
            wanted: &'a str,
            host: IpAddr,
            logs: &'a BTreeMap<String, Span>,
            findings: Vec<hunt::FindingOut<'a>>,
            peers: Vec<PeerOut>,
            coverage: &'a Coverage,
        }
        #[derive(Serialize)]
        struct PeerOut {
            host: IpAddr,
            #[serde(flatten)]
            peer: Peer,
        }
        let document = Document {
            wanted,
            host: self.host,
            logs: &self.logs,
            findings: self.findings.iter().map(hunt::finding_out).collect(),
            peers: (self.peers.iter())
                .map(|(host, peer)| PeerOut {
                    host: *host,
                    peer: *peer,
                })
                .collect(),
            coverage,
        };
        jsonl::line(out, &document)
    }
}

fn joined(lines: &[String]) -> String {
    let lines = lines.iter().map(|l| table::cut(&printable(l), WIDTH));
    lines.collect::<Vec<String>>().join("\n")
}
