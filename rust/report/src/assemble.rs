//! From what was gathered and grouped to a report: hosts, and what to look at next.

use crate::gather::{GatheredLogs, joined, timeline};
use crate::report::{Advice, HostRisk, LogPage, Report, ReportFinding, ReportHost, ReportSubject};
use crate::sentence;
use crate::words::{count, counted, percent, second, short};
use std::collections::BTreeMap;
use std::net::IpAddr;
use zeek_anomaly_verdict::{Assessment, BaselineComparison};

/// Findings, hosts and logs that are shown.
const FINDINGS: usize = 40;
const HOSTS: usize = 30;
const LOGS: usize = 60;

/// The highest score that counts of one log, as of one behaviour.
const HIGHEST: f64 = 10.0;

/// Hosts that are named in the advice.
const NAMED: usize = 3;

/// Characters of a log's text in a sentence.
const TEXT: usize = 48;

/// A log of which at least this share, and so many records, are flagged is another world
/// rather than an attack.
const FLOOD: (f64, u64) = (0.05, 50);

/// How the report was asked for, so that it can name commands.
#[derive(Clone, Debug, Default)]
pub struct ReportRequest {
    /// The arguments that give the model, as a shell takes them.
    pub model: String,
    /// The arguments that give the logs; none if they cannot be read again.
    pub paths: Option<String>,
    /// Whether the model was made of the logs themselves.
    pub fitted_here: bool,
    /// Logs that the model has nothing for.
    pub unscored: Vec<String>,
}

/// Puts a report together. `risks` are the hosts that did something over time.
pub fn assemble(
    mut about: ReportSubject,
    gathered: GatheredLogs,
    risks: Vec<HostRisk>,
    verdict: Option<(Assessment, Option<BaselineComparison>)>,
    asked: &ReportRequest,
) -> Report {
    let mut logs = gathered.logs;
    let mut findings = gathered.findings;
    about.interval = about.interval.or(gathered.span);
    if about.sensors.is_empty() {
        about.sensors = gathered.sensors;
    }
    about.records = logs.iter().map(|l| l.records).sum();
    about.flagged = logs.iter().map(|l| l.flagged).sum();
    about.connections = logs.iter().find(|l| l.log == "conn").map(|l| l.records);
    let stretch = timeline::stretch(logs.iter().map(|l| &l.times));
    let mut hosts = hosts(&findings, risks);
    let next = advise(&about, &logs, &findings, &hosts, asked);
    let more_logs = logs.len().saturating_sub(LOGS);
    if more_logs > 0 {
        logs.sort_by(|a, b| b.flagged.cmp(&a.flagged).then(a.log.cmp(&b.log)));
        logs.truncate(LOGS);
        logs.sort_by(|a, b| a.log.cmp(&b.log));
    }
    let more_hosts = hosts.len().saturating_sub(HOSTS);
    hosts.truncate(HOSTS);
    // The hosts' findings stay, for what they did.
    let shown = hosts.iter().flat_map(|h| h.findings.iter().take(10));
    let keep = shown.copied().max().map_or(0, |i| i + 1).max(FINDINGS);
    let more = findings.len().saturating_sub(FINDINGS) as u64;
    findings.truncate(keep);
    Report {
        about,
        verdict,
        logs,
        more_logs,
        dropped: gathered.dropped,
        stretch,
        listed: findings.len().min(FINDINGS),
        findings,
        more_findings: more,
        hosts,
        more_hosts,
        next,
    }
}

/// The hosts, the strangest first.
fn hosts(findings: &[ReportFinding], risks: Vec<HostRisk>) -> Vec<ReportHost> {
    let mut of: BTreeMap<String, ReportHost> = BTreeMap::new();
    let new = |address: &str| ReportHost {
        address: address.to_owned(),
        strength: 0.0,
        risk: 0.0,
        behaviors: Vec::new(),
        findings: Vec::new(),
        records: 0,
        span: None,
    };
    for r in risks {
        let address = r.host.to_string();
        let host = of.entry(address.clone()).or_insert_with(|| new(&address));
        host.risk = r.risk;
        let times = r.behaviors.iter().map(|b| (b.first, b.last));
        host.span = times.fold(host.span, |all, b| joined(all, Some(b)));
        host.behaviors = r.behaviors;
    }
    for (i, f) in findings.iter().enumerate() {
        let Some(address) = &f.host else { continue };
        let host = of.entry(address.clone()).or_insert_with(|| new(address));
        host.findings.push(i);
        host.records += f.records;
        host.span = joined(host.span, spans(f));
    }
    let mut hosts: Vec<ReportHost> = of.into_values().collect();
    for host in &mut hosts {
        let mut by_log: BTreeMap<&str, f64> = BTreeMap::new();
        for f in host.findings.iter().filter_map(|i| findings.get(*i)) {
            let best = by_log.entry(&f.log).or_insert(0.0);
            *best = best.max(f.record.score.min(HIGHEST));
        }
        host.strength = host.risk + by_log.values().sum::<f64>();
    }
    hosts.sort_by(|a, b| {
        b.strength
            .total_cmp(&a.strength)
            .then_with(|| a.address.cmp(&b.address))
    });
    hosts
}

fn spans(f: &ReportFinding) -> Option<(f64, f64)> {
    f.span.or(f.record.ts.map(|t| (t, t)))
}

/// What to look at next.
fn advise(
    about: &ReportSubject,
    logs: &[LogPage],
    findings: &[ReportFinding],
    hosts: &[ReportHost],
    asked: &ReportRequest,
) -> Vec<Advice> {
    let mut out = Vec::new();
    let paths = asked.paths.as_ref();
    let score = |log: Option<&str>, top: usize| {
        let paths = paths?;
        let log = log.filter(|l| is_word(l));
        let only = log.map_or_else(String::new, |l| format!(" --log {l}"));
        Some(format!(
            "zeek-anomaly score{}{only} --top {top}{paths}",
            asked.model
        ))
    };
    let explain = |address: &str| {
        let (paths, address) = (paths?, address.parse::<IpAddr>().ok()?);
        let explain = format!("zeek-anomaly explain {address}{}{paths}", asked.model);
        Some(explain)
    };
    for host in hosts.iter().take(NAMED) {
        let strangest = host.findings.first().and_then(|i| findings.get(*i));
        let when = match host.span {
            Some((a, b)) if second(a) != second(b) => format!(", {} to {}", second(a), second(b)),
            Some((a, _)) => format!(", {}", second(a)),
            None => String::new(),
        };
        out.push(Advice {
            text: format!(
                "{} {}{when}.",
                short(&host.address, TEXT),
                sentence::host(host, findings)
            ),
            command: explain(&host.address)
                .or_else(|| score(strangest.map(|f| f.log.as_str()), 50)),
        });
    }
    let nameless = findings.iter().filter(|f| f.host.is_none()).take(2);
    for f in nameless {
        out.push(Advice {
            text: format!(
                "{} of {} that no address stands for.",
                counted(f.records, "flagged record"),
                short(&f.log, TEXT)
            ),
            command: score(Some(&f.log), 50),
        });
    }
    for log in logs {
        let share = log.flagged as f64 / log.records.max(1) as f64;
        if share >= FLOOD.0 && log.flagged >= FLOOD.1 {
            out.push(Advice {
                text: format!(
                    "{} of {} is flagged ({} records): a scan or guessing, or a network that the \
                     model does not know. Whether it has changed, drift tells.",
                    percent(share),
                    short(&log.log, TEXT),
                    count(log.flagged),
                ),
                command: paths
                    .filter(|_| asked.model.starts_with(" -m"))
                    .map(|paths| format!("zeek-anomaly drift{}{paths}", asked.model)),
            });
        }
    }
    if findings.is_empty() && hosts.is_empty() {
        out.push(Advice {
            text: format!(
                "No record reached the threshold of {}. The strangest are:",
                about.threshold
            ),
            command: score(None, 20),
        });
    }
    let low: Vec<String> = logs
        .iter()
        .filter(|l| !l.reach.1 && l.reach.0 < about.threshold)
        .map(|l| short(&l.log, TEXT))
        .collect();
    if !low.is_empty() {
        out.push(Advice {
            text: format!(
                "Too few training rows to show a score of {}: {}. Train on more days.",
                about.threshold,
                low.join(", ")
            ),
            command: None,
        });
    }
    if !asked.unscored.is_empty() {
        let names: Vec<String> = asked.unscored.iter().map(|l| short(l, TEXT)).collect();
        out.push(Advice {
            text: format!(
                "The model has nothing for: {}. Train on days that have these logs.",
                names.join(", ")
            ),
            command: None,
        });
    }
    if asked.fitted_here {
        out.push(Advice {
            text: "Without a model, records are only ranked among themselves. Train one on days that you \
                   believe to be ordinary (zeek-anomaly train)."
                .into(),
            command: None,
        });
    }
    out
}

/// Whether a text of a log may stand in a command that somebody copies into a shell.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// An argument as a shell takes it.
pub fn quoted(arg: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&b);
    if !arg.is_empty() && arg.bytes().all(plain) {
        return arg.to_owned();
    }
    format!("'{}'", arg.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_log_or_a_name_breaks_out_of_a_command() {
        assert!(is_word("smb_files") && !is_word("a;b") && !is_word("$(x)") && !is_word(""));
        assert_eq!(quoted("/logs/2026-07-01"), "/logs/2026-07-01");
        assert_eq!(quoted("it's; rm -rf"), r"'it'\''s; rm -rf'");
    }
}
