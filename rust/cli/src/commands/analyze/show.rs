//! The answer: the verdict, the worst hosts, and what to do next.

use super::{Analysis, WITHOUT_MODEL, verdict_in_words};
use crate::args::DocumentFormat;
use crate::commands::hunt::{FindingOut, finding_out};
use crate::coverage;
use crate::output::jsonl;
use crate::output::table::{self, Look};
use crate::say::{self, counted};
use crate::severity::Severity;
use comfy_table::ContentArrangement;
use serde::Serialize;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::Claim;
use zeek_anomaly_report::report::{ReportFinding, ReportHost};
use zeek_anomaly_report::sentence;
use zeek_anomaly_runner::{Coverage, NewLog};

/// Hosts that are told of.
const HOSTS: usize = 10;

/// The narrowest table that is set.
const NARROWEST: usize = 60;

/// Writes the answer to standard output.
pub fn write(analysis: &Analysis, format: DocumentFormat) -> io::Result<()> {
    let mut to = io::stdout().lock();
    match format {
        DocumentFormat::Table => text(analysis, &mut to),
        DocumentFormat::Json => json(analysis, &mut to),
    }
}

/// The hosts with their severities, the most severe first, and then the strangest.
fn worst(analysis: &Analysis) -> Vec<(Severity, &ReportHost)> {
    let hosts = analysis.report.hosts.iter();
    let mut hosts: Vec<_> = hosts.map(|h| (severity(h, analysis), h)).collect();
    // The sort is stable: hosts come in the order of their strength.
    hosts.sort_by_key(|h| std::cmp::Reverse(h.0));
    hosts
}

/// The highest severity of a host's findings.
fn severity(host: &ReportHost, analysis: &Analysis) -> Severity {
    let behaviors = (host.behaviors.iter()).map(|f| Severity::of(f.score, Claim::Measured));
    let records = its_records(host, analysis).map(|f| match analysis.own_rows {
        // A rank among themselves says nothing of how grave it is.
        true => Severity::Low,
        false => Severity::of(f.record.score, f.record.claim),
    });
    behaviors.chain(records).max().unwrap_or(Severity::Low)
}

fn its_records<'a>(
    host: &'a ReportHost,
    analysis: &'a Analysis,
) -> impl Iterator<Item = &'a ReportFinding> {
    let all = &analysis.report.findings;
    host.findings.iter().filter_map(|i| all.get(*i))
}

fn text(analysis: &Analysis, to: &mut dyn Write) -> io::Result<()> {
    let report = &analysis.report;
    writeln!(to, "{}", verdict_in_words(analysis))?;
    let hosts = worst(analysis);
    if !hosts.is_empty() {
        writeln!(to)?;
        let mut t = table::bare();
        t.set_content_arrangement(ContentArrangement::Dynamic);
        let width = Look::new(true).width.max(NARROWEST);
        t.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        t.set_header(["severity", "host", "what it did"]);
        for (severity, host) in hosts.iter().take(HOSTS) {
            let did = sentence::host(host, &report.findings);
            t.add_row([
                severity.name().to_owned(),
                printable(&host.address),
                format!("{did}{}", when(host)),
            ]);
        }
        table::print(&mut t, to)?;
        let more = report.hosts_in_all().saturating_sub(HOSTS as u64);
        if more > 0 {
            let more = counted(more, "more host");
            writeln!(to, "and {more}: see the page that -o writes")?;
        }
    }
    let new_logs = coverage::new_logs(&analysis.new_logs);
    if !new_logs.is_empty() {
        writeln!(to)?;
    }
    for line in new_logs {
        writeln!(to, "{}", table::folded(&line, Look::new(true).width, 2))?;
    }
    if analysis.own_rows {
        writeln!(to, "\n{WITHOUT_MODEL}")?;
    }
    let next: Vec<&str> = (report.next.iter())
        .filter_map(|a| a.command.as_deref())
        .collect();
    if !next.is_empty() {
        writeln!(to, "\nnext:")?;
        for command in next {
            writeln!(to, "  {command}")?;
        }
    }
    Ok(())
}

/// When a host did what it did, as the end of a sentence.
fn when(host: &ReportHost) -> String {
    match host.span {
        Some((a, b)) if say::second(a) != say::second(b) => {
            format!("; {} to {} {}", say::second(a), say::second(b), say::zone())
        }
        Some((a, _)) => format!("; {} {}", say::second(a), say::zone()),
        None => String::new(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    score: f64,
    summary: String,
    /// What the model is made of.
    model: &'a str,
    ranked_among_themselves: bool,
    hosts: Vec<HostOut<'a>>,
    hosts_in_all: u64,
    new_logs: &'a [NewLog],
    next: Vec<NextOut<'a>>,
    coverage: &'a Coverage,
}

#[derive(Serialize)]
struct HostOut<'a> {
    severity: Severity,
    host: &'a str,
    summary: String,
    risk: f64,
    first: Option<f64>,
    last: Option<f64>,
    findings: Vec<FindingOut<'a>>,
    records: Vec<RecordOut<'a>>,
}

/// Anomalous records that are one thing to read, by the strangest of them.
#[derive(Serialize)]
struct RecordOut<'a> {
    log: &'a str,
    uid: Option<&'a str>,
    ts: Option<f64>,
    score: f64,
    claim: Claim,
    records: u64,
    reasons: Vec<&'a str>,
}

#[derive(Serialize)]
struct NextOut<'a> {
    text: &'a str,
    command: Option<&'a str>,
}

fn json(analysis: &Analysis, to: &mut dyn Write) -> io::Result<()> {
    let report = &analysis.report;
    let hosts = worst(analysis);
    let document = Document {
        verdict: analysis.level().name(),
        score: analysis.score(),
        summary: verdict_in_words(analysis),
        model: &report.about.model,
        ranked_among_themselves: analysis.own_rows,
        hosts: hosts
            .iter()
            .map(|(s, h)| host_out(*s, h, analysis))
            .collect(),
        hosts_in_all: report.hosts_in_all(),
        new_logs: &analysis.new_logs,
        next: (report.next.iter())
            .map(|a| NextOut {
                text: &a.text,
                command: a.command.as_deref(),
            })
            .collect(),
        coverage: &analysis.coverage,
    };
    jsonl::line(to, &document)
}

fn host_out<'a>(severity: Severity, host: &'a ReportHost, analysis: &'a Analysis) -> HostOut<'a> {
    let records = its_records(host, analysis).map(|f| RecordOut {
        log: &f.log,
        uid: f.record.uid.as_deref(),
        ts: f.record.ts,
        score: f.record.score,
        claim: f.record.claim,
        records: f.records,
        reasons: f
            .record
            .reasons
            .iter()
            .map(|r| r.feature.as_str())
            .collect(),
    });
    HostOut {
        severity,
        host: &host.address,
        summary: sentence::host(host, &analysis.report.findings),
        risk: host.risk,
        first: host.span.map(|s| s.0),
        last: host.span.map(|s| s.1),
        findings: host.behaviors.iter().map(finding_out).collect(),
        records: records.collect(),
    }
}
