//! Findings and hosts in a sentence.

use crate::report::{ReportFinding, ReportHost};
use crate::words::{counted, short};
use zeek_anomaly_behavior::{Entity, Finding};

/// Findings of a host that its sentence tells, and logs that it names.
const TOLD: usize = 3;

/// Characters of a log's text in a sentence.
const TEXT: usize = 64;

/// What a finding's host did: `called c2.example (203.0.113.7:443/tcp) every 60 s, 559 beats`.
pub fn predicate(f: &Finding) -> String {
    let of = |what: &str| {
        let reason = f.reasons.iter().find(|r| r.what == what);
        reason.map(|r| short(&r.value, TEXT))
    };
    let peer = peer(f).unwrap_or_default();
    let told = match f.kind.0.name {
        "beacon" => of("rhythm").map(|rhythm| format!("called {peer} {rhythm}")),
        "dns_beacon" => of("rhythm").map(|rhythm| format!("asked DNS for {peer} {rhythm}")),
        "upload" => of("sent within the hour").map(|sent| match of("most of it") {
            Some(most) => format!("sent {sent} within an hour, {most}"),
            None => format!("sent {sent} within an hour"),
        }),
        "scan_horizontal" | "scan_vertical" | "scan_block" => {
            of("tried").map(|tried| format!("scanned {tried}"))
        }
        "guessing" => of("logins").map(|logins| format!("guessed passwords at {peer}: {logins}")),
        "dga_activity" => of("domains that do not exist")
            .map(|n| format!("asked for {n} generated names that do not exist")),
        _ => None,
    };
    told.unwrap_or_else(|| {
        let mut text = f.kind.0.title.to_owned();
        if !peer.is_empty() {
            text.push_str(&format!(" ({peer})"));
        }
        if let Some(r) = f.reasons.first() {
            let reason = short(&format!("{} {}", r.what, r.value), TEXT);
            text.push_str(&format!(": {reason}"));
        }
        text
    })
}

/// Whom a finding is about beside its host.
fn peer(f: &Finding) -> Option<String> {
    let address = match &f.entity {
        Entity::Host(_) => None,
        Entity::Pair { .. } => {
            (f.entity.to_string().split_once(' ')).map(|(_, peer)| peer.to_owned())
        }
        Entity::Name { name, .. } => Some(name.to_string()),
    };
    let address = address.map(|a| short(a.trim_start_matches("-> "), TEXT));
    match (&f.name, &f.entity, address) {
        (Some(name), Entity::Pair { .. }, Some(address)) => {
            Some(format!("{} ({address})", short(name, TEXT)))
        }
        (_, _, address) => address,
    }
}

/// What a host did.
pub fn host(host: &ReportHost, findings: &[ReportFinding]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for f in &host.behaviors {
        let told = predicate(f);
        if parts.len() < TOLD && !parts.contains(&told) {
            parts.push(told);
        }
    }
    let more = host.behaviors.len().saturating_sub(parts.len()) as u64;
    if more > 0 {
        parts.push(counted(more, "more finding"));
    }
    if host.records > 0 {
        let mut logs: Vec<String> = Vec::new();
        for f in host.findings.iter().filter_map(|i| findings.get(*i)) {
            let log = short(&f.log, TEXT);
            if logs.len() < TOLD && !logs.contains(&log) {
                logs.push(log);
            }
        }
        let records = counted(host.records, "anomalous record");
        parts.push(match logs.is_empty() {
            true => records,
            false => format!("{records} in {}", logs.join(", ")),
        });
    }
    parts.join("; ")
}
