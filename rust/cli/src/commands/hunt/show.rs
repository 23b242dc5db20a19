//! Findings, host by host.

use super::args::{HuntArgs, HuntFormat};
use crate::args::Format;
use crate::commands::alerts::shown;
use crate::output::Writer;
use crate::output::jsonl::{self, Array};
use crate::output::table::{self, Look};
use crate::say;
use crate::severity::Severity;
use serde::Serialize;
use std::io::{self, Write};
use std::net::IpAddr;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Basis, Entity, Finding};
use zeek_anomaly_engine::Claim;
use zeek_anomaly_runner::HostFindings;

/// Findings of one host that a table shows.
const SHOWN: usize = 6;

/// Reasons of a finding that a table shows.
const REASONS: usize = 4;

/// The width from which on times and reasons have columns of their own; with less they stand below the finding.
const ROOMY: usize = 118;

/// What the columns before the finding take where it is last, without the host's name.
const BEFORE: usize = 32;

/// Writes them.
pub fn write(args: &HuntArgs, hosts: &[HostFindings], to: &mut dyn Write) -> io::Result<()> {
    match args.format {
        HuntFormat::Table => print(args, hosts, to),
        HuntFormat::Jsonl => jsonl(hosts, to),
        HuntFormat::Json => {
            let mut lines = Vec::new();
            jsonl(hosts, &mut lines)?;
            let mut out = Array::new(to);
            lines
                .split(|b| *b == b'\n')
                .filter(|l| !l.is_empty())
                .try_for_each(|l| out.item(l))?;
            out.finish().map(|_| ())
        }
        HuntFormat::Csv => records(hosts, Format::Csv, to),
        HuntFormat::Zeek => records(hosts, Format::Zeek, to),
        HuntFormat::Ecs => records(hosts, Format::Ecs, to),
    }
}

/// Findings as records are written.
fn records(hosts: &[HostFindings], format: Format, to: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::new(to, format, Look::new(false));
    for finding in hosts.iter().flat_map(|h| &h.findings) {
        writer.write(shown(finding))?;
    }
    writer.finish().map(|_| ())
}

fn print(args: &HuntArgs, hosts: &[HostFindings], to: &mut dyn Write) -> io::Result<()> {
    if hosts.is_empty() {
        return Ok(());
    }
    let width = Look::new(args.output.is_none()).width;
    let roomy = width >= ROOMY;
    let shown = hosts.iter().take(args.top);
    let host_width = shown.map(|h| h.host.to_string().len()).max().unwrap_or(0);
    let reason_width = match roomy {
        true => width.max(120) - 98,
        false => width.saturating_sub(BEFORE + host_width).max(24),
    };
    let mut t = table::bare();
    let time = format!("time ({})", say::zone());
    let header = [
        "severity",
        "score",
        "risk",
        "host",
        "finding",
        time.as_str(),
        "why",
    ];
    t.set_header(&header[..if roomy { 7 } else { 5 }]);
    for h in hosts.iter().take(args.top) {
        for (i, f) in h.findings.iter().take(SHOWN).enumerate() {
            let first = |text: String| if i == 0 { text } else { String::new() };
            let from = say::second(f.first);
            let until = say::second(f.last);
            let why: Vec<String> = f
                .reasons
                .iter()
                .filter(|r| r.what != "name")
                .take(REASONS)
                .map(|r| cut(&printable(&format!("{} {}", r.what, r.value)), reason_width))
                .collect();
            let mut what = f.kind.0.title.to_owned();
            if let Some(about) = about(f) {
                what.push_str(&format!("\n{about}"));
            }
            if let (Some(name), Entity::Pair { .. }) = (&f.name, &f.entity) {
                what.push_str(&format!("\n{}", cut(&printable(name), 34)));
            }
            let mut row = vec![
                Severity::of(f.score, Claim::Measured).name().to_owned(),
                score(f),
                first(format!("{:.1}", h.risk)),
                first(h.host.to_string()),
            ];
            match roomy {
                true => row.extend([what, format!("{from}\n{until}"), why.join("\n")]),
                // One below the other, a finding after an empty line.
                false => row.push(format!("{what}\n{from}\n{until}\n{}\n", why.join("\n"))),
            }
            t.add_row(row);
        }
        let more = h.findings.len().saturating_sub(SHOWN) as u64;
        if more > 0 {
            let text = format!("and {}", say::counted(more, "more finding"));
            t.add_row(["", "", "", "", &text]);
        }
    }
    table::print(&mut t, to)?;
    let more = hosts.len().saturating_sub(args.top) as u64;
    if more > 0 {
        say::line(&format!(
            "and {}; --top shows more",
            say::counted(more, "more host")
        ));
    }
    Ok(())
}

/// A probability as it is, a rule's strength marked.
fn score(f: &Finding) -> String {
    match f.basis {
        Basis::Probability => format!("{:.1}", f.score),
        Basis::Rule => format!("{:.1} (rule)", f.score),
    }
}

/// The other side.
fn about(f: &Finding) -> Option<String> {
    match &f.entity {
        Entity::Host(_) => None,
        Entity::Pair { .. } => f
            .entity
            .to_string()
            .split_once(' ')
            .map(|(_, o)| o.to_owned()),
        Entity::Name { name, .. } => Some(format!("-> {}", cut(&printable(name), 40))),
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// A finding, as JSON has it.
#[derive(Serialize)]
pub struct FindingOut<'a> {
    severity: Severity,
    kind: &'a str,
    host: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proto: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    score: f64,
    basis: Basis,
    confidence: f64,
    stage: &'a str,
    first: f64,
    last: f64,
    count: u64,
    reasons: Vec<ReasonOut<'a>>,
    uids: &'a [String],
    id: String,
}

#[derive(Serialize)]
struct ReasonOut<'a> {
    what: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct HostOut<'a> {
    kind: &'a str,
    host: IpAddr,
    risk: f64,
    findings: Vec<String>,
}

fn jsonl(hosts: &[HostFindings], to: &mut dyn Write) -> io::Result<()> {
    for h in hosts {
        let line = HostOut {
            kind: "host",
            host: h.host,
            risk: h.risk,
            findings: h
                .findings
                .iter()
                .map(|f| format!("{:016x}", f.id))
                .collect(),
        };
        jsonl::line(to, &line)?;
        for f in &h.findings {
            jsonl::line(to, &finding(f))?;
        }
    }
    Ok(())
}

/// A finding, as JSON has it.
pub fn finding(f: &Finding) -> FindingOut<'_> {
    let (port, proto) = match &f.entity {
        Entity::Pair { port, proto, .. } => (*port, Some(proto.name())),
        _ => (None, None),
    };
    FindingOut {
        severity: Severity::of(f.score, Claim::Measured),
        kind: f.kind.0.name,
        host: f.entity.host(),
        peer: f.entity.other(),
        port,
        proto,
        name: f.name.as_deref(),
        score: f.score,
        basis: f.basis,
        confidence: f.confidence,
        stage: f.stage().name(),
        first: f.first,
        last: f.last,
        count: f.count,
        reasons: f
            .reasons
            .iter()
            .map(|r| ReasonOut {
                what: &r.what,
                value: &r.value,
            })
            .collect(),
        uids: &f.uids,
        id: format!("{:016x}", f.id),
    }
}
