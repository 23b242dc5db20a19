//! Alerts for a SIEM: JSON lines with the names of the Elastic Common Schema (ECS,
//! <https://www.elastic.co/docs/reference/ecs>), as objects within objects. Only what is
//! anomalous is an alert; everything else is passed over.
//!
//! What ECS has no name for is under `zeek` (as in Filebeat's module of that name) and
//! `zeek_anomaly`.

use super::attack;
use super::jsonl::Safe;
use super::table::what;
use crate::rows::{Finding, Member, reasons};
use crate::severity::{Severity, risk};
use serde::Serialize;
use std::io::{self, Write};
use std::net::IpAddr;
use xxhash_rust::xxh3::xxh3_128;
use zeek_anomaly_engine::{Claim, Reason, VERSION};

/// The version of ECS that the names are of.
const ECS: &str = "8.11.0";

/// Reasons that the message names.
const REASONS: usize = 3;

/// The writer.
pub struct Ecs<W: Write> {
    to: W,
}

impl<W: Write> Ecs<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Ecs<W> {
        Ecs { to }
    }

    /// Writes an alert, where the finding is one.
    pub fn write(&mut self, finding: &Finding) -> io::Result<()> {
        if !finding.anomalous {
            return Ok(());
        }
        let mut out = serde_json::Serializer::with_formatter(&mut self.to, Safe);
        Alert::new(finding)
            .serialize(&mut out)
            .map_err(io::Error::from)?;
        self.to.write_all(b"\n")
    }

    /// Gives back where it went.
    pub fn finish(self) -> W {
        self.to
    }
}

/// An alert.
#[derive(Serialize)]
struct Alert<'a> {
    #[serde(rename = "@timestamp", skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    message: String,
    ecs: Version,
    event: Event,
    rule: Rule,
    #[serde(skip_serializing_if = "Option::is_none")]
    threat: Option<Threat>,
    observer: Observer,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<Endpoint<'a>>,
    network: Network<'a>,
    related: Related<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<Dns<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Domain<'a>>,
    zeek: Zeek<'a>,
    zeek_anomaly: Own<'a>,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

#[derive(Serialize)]
struct Event {
    kind: &'static str,
    id: String,
    category: [&'static str; 2],
    r#type: [&'static str; 1],
    module: &'static str,
    dataset: String,
    provider: &'static str,
    severity: u32,
    risk_score: f64,
    risk_score_norm: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Rule {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    category: &'static str,
    ruleset: &'static str,
}

#[derive(Serialize)]
struct Threat {
    framework: &'static str,
    tactic: Named,
    technique: Named,
}

#[derive(Serialize)]
struct Named {
    id: [&'static str; 1],
    name: [&'static str; 1],
}

impl Named {
    fn new((id, name): (&'static str, &'static str)) -> Named {
        Named {
            id: [id],
            name: [name],
        }
    }
}

#[derive(Serialize)]
struct Observer {
    vendor: &'static str,
    product: &'static str,
    r#type: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Endpoint<'a> {
    address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
}

#[derive(Serialize)]
struct Network<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ip: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<&'a str>,
}

#[derive(Serialize)]
struct Dns<'a> {
    question: Name<'a>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Tls<'a> {
    client: ServerName<'a>,
}

#[derive(Serialize)]
struct ServerName<'a> {
    server_name: &'a str,
}

#[derive(Serialize)]
struct Domain<'a> {
    domain: &'a str,
}

#[derive(Serialize)]
struct Zeek<'a> {
    log: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fuid: Option<&'a str>,
}

#[derive(Serialize)]
struct Own<'a> {
    severity: Severity,
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
    claim: Claim,
    detector: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    #[serde(skip_serializing_if = "<[Member]>::is_empty")]
    members: &'a [Member],
    #[serde(serialize_with = "reasons")]
    reasons: &'a [Reason],
}

impl<'a> Alert<'a> {
    fn new(f: &'a Finding) -> Alert<'a> {
        let endpoint = |host: &'a Option<String>, port| {
            let address = host.as_deref()?;
            Some(Endpoint {
                address,
                ip: address.parse().ok(),
                port,
            })
        };
        let source = endpoint(&f.orig_h, f.orig_p);
        let destination = endpoint(&f.resp_h, f.resp_p);
        let ips = [&source, &destination];
        let mut related: Vec<IpAddr> = ips.iter().filter_map(|e| e.as_ref()?.ip).collect();
        related.dedup();
        let first = related.first().copied();
        // Where there is none, a finding has the next best thing: a path, a subject.
        let is_name = |n: &&str| !n.contains(['/', '=', ' ']);
        let name = |log: &str| f.name.as_deref().filter(is_name).filter(|_| f.log == log);
        let names = ["dns", "ssl", "http"].into_iter().filter_map(name);
        let behavior = f.behavior.as_ref();
        // An alert may come before the behavior's last record.
        let span = match (&f.alert, behavior) {
            (Some(a), _) => (Some(a.first), Some(a.last)),
            (None, Some(b)) => (Some(b.span.0), Some(b.span.1)),
            (None, None) => (f.ts, f.ts),
        };
        Alert {
            timestamp: f.ts.and_then(timestamp),
            message: message(f),
            ecs: Version { version: ECS },
            event: Event {
                kind: "alert",
                id: id(f),
                category: ["intrusion_detection", "network"],
                r#type: ["info"],
                module: "zeek",
                dataset: match behavior {
                    Some(_) => "zeek_anomaly.behavior".to_owned(),
                    None => format!("zeek.{}", f.log),
                },
                provider: "zeek-anomaly",
                severity: f.severity.number(),
                risk_score: f.score,
                risk_score_norm: risk(f.score),
                start: span.0.and_then(timestamp),
                end: span.1.and_then(timestamp),
                reason: f.reasons.first().map(in_words),
            },
            rule: match behavior {
                Some(b) => Rule {
                    name: b.kind.0.name.to_owned(),
                    description: Some(b.kind.0.title),
                    category: b.kind.0.stage.name(),
                    ruleset: "zeek-anomaly",
                },
                None => Rule {
                    name: format!("Unusual {} record", f.log),
                    description: None,
                    category: "anomaly",
                    ruleset: "zeek-anomaly",
                },
            },
            threat: behavior.and_then(|b| attack::of(b.kind.0)).map(|a| Threat {
                framework: "MITRE ATT&CK",
                tactic: Named::new(a.tactic),
                technique: Named::new(a.technique),
            }),
            observer: Observer {
                vendor: "Zeek",
                product: "zeek-anomaly",
                r#type: "ids",
                version: VERSION,
            },
            network: Network {
                transport: f.proto.as_deref().or_else(|| transport(&f.log)),
                r#type: first.map(|ip| if ip.is_ipv4() { "ipv4" } else { "ipv6" }),
                protocol: protocol(&f.log),
            },
            related: Related {
                hosts: names.collect(),
                ip: related,
            },
            dns: name("dns").map(|name| Dns {
                question: Name { name },
            }),
            tls: name("ssl").map(|server_name| Tls {
                client: ServerName { server_name },
            }),
            url: name("http").map(|domain| Domain { domain }),
            zeek: Zeek {
                log: &f.log,
                session_id: f.uid.as_deref(),
                fuid: f.fuid.as_deref(),
            },
            zeek_anomaly: Own {
                severity: f.severity,
                score: f.score,
                finding: finding_id(f),
                claim: f.claim,
                detector: f.detector,
                records: f.records,
                members: &f.members,
                reasons: &f.reasons,
            },
            source,
            destination,
        }
    }
}

/// What ECS calls the protocol of a log, where it is one.
fn protocol(log: &str) -> Option<&str> {
    match log {
        "ssl" => Some("tls"),
        "dns" | "http" | "ssh" | "ftp" | "smtp" | "rdp" | "dhcp" | "ntp" | "snmp" | "sip"
        | "kerberos" | "quic" => Some(log),
        _ => None,
    }
}

/// What the protocol of a log always runs over, where the log does not say.
fn transport(log: &str) -> Option<&'static str> {
    match log {
        "http" | "ssh" | "ftp" | "smtp" => Some("tcp"),
        _ => None,
    }
}

/// The number of the finding that an alert or a behavior belongs to.
fn finding_id(f: &Finding) -> Option<String> {
    let behavior = f.behavior.as_ref().map(|b| format!("{:016x}", b.id));
    (f.alert.as_ref().map(|a| a.finding.clone())).or(behavior)
}

/// What tells this alert from all others, the same in every run on the same records.
fn id(f: &Finding) -> String {
    let of = (
        (&f.log, &f.uid, &f.fuid, f.ts.map(f64::to_bits)),
        (&f.orig_h, f.orig_p, &f.resp_h, f.resp_p),
        (&f.name, f.detector, f.raw.to_bits()),
    );
    let moment = f.alert.as_ref().map(|a| a.alerted.to_bits());
    let text = format!("{of:?} {:?} {moment:?}", finding_id(f));
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// A time as ECS has it; nothing where it is no time of this era.
fn timestamp(ts: f64) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond((ts * 1e6).round() as i64).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

fn in_words(r: &Reason) -> String {
    match r.usual.as_str() {
        "" => format!("{} {}", r.feature, r.value),
        usual => format!("{} {} (usual {usual})", r.feature, r.value),
    }
}

/// One line for people.
fn message(f: &Finding) -> String {
    let about = what(f).replace('\n', " ");
    let why: Vec<String> = f.reasons.iter().take(REASONS).map(in_words).collect();
    let more = match f.records {
        Some(n) if n > 1 => format!(", {n} like it"),
        _ => String::new(),
    };
    let kind = match &f.behavior {
        Some(b) => b.kind.0.title.to_owned(),
        None => format!("unusual {} record", f.log),
    };
    format!(
        "{}: {kind}, score {:.2}{more}: {about}{}{}",
        f.severity.name(),
        f.score,
        if why.is_empty() { "" } else { ": " },
        why.join("; ")
    )
}
