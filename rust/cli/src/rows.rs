//! From a scored record to what is written of it.

use crate::severity::Severity;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::net::IpAddr;
use std::sync::Arc;
use zeek_anomaly_base::text::from_bytes;
use zeek_anomaly_behavior::BehaviorKind;
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::{Claim, Reason};
use zeek_log::{BySchema, Record, Schema, Value};

/// The alert that a record stands for, with the others of its finding.
#[derive(Clone, Debug, Serialize)]
pub struct Alert {
    /// What tells the finding from others, in every run.
    pub finding: String,
    /// When the record was that raised it, in seconds since the epoch.
    pub alerted: f64,
    /// When the first record of the finding was.
    pub first: f64,
    /// When the last one was.
    pub last: f64,
    /// About how many hosts are in it, where it is a crowd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<u64>,
    /// The score that it took at that moment.
    pub threshold: f64,
    /// The budget, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<String>,
}

/// The behavior that a finding is of, where it is one.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// Its kind.
    pub kind: BehaviorKind,
    /// Its number.
    pub id: u64,
    /// When it began and when its last record was.
    pub span: (f64, f64),
}

impl Serialize for Behavior {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_struct("Behavior", 4)?;
        object.serialize_field("id", &format!("{:016x}", self.id))?;
        object.serialize_field("kind", self.kind.0.name)?;
        object.serialize_field("first", &self.span.0)?;
        object.serialize_field("last", &self.span.1)?;
        object.end()
    }
}

/// One scored record, as every format writes it. The order of the fields is that of
/// the keys and of the columns.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// The log.
    pub log: String,
    /// When, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<f64>,
    /// The connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuid: Option<String>,
    /// The originator's address.
    #[serde(rename = "id.orig_h", skip_serializing_if = "Option::is_none")]
    pub orig_h: Option<String>,
    /// The originator's port.
    #[serde(rename = "id.orig_p", skip_serializing_if = "Option::is_none")]
    pub orig_p: Option<u16>,
    /// The responder's address.
    #[serde(rename = "id.resp_h", skip_serializing_if = "Option::is_none")]
    pub resp_h: Option<String>,
    /// The responder's port.
    #[serde(rename = "id.resp_p", skip_serializing_if = "Option::is_none")]
    pub resp_p: Option<u16>,
    /// The score.
    pub score: f64,
    /// How the score is known.
    pub claim: Claim,
    /// The detector's own value.
    pub raw: f64,
    /// Whether the score reaches the threshold.
    pub anomalous: bool,
    /// Records of the same log and originator that stand out, with this one; only where
    /// records are grouped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// The alert, where there is a budget.
    #[serde(flatten)]
    pub alert: Option<Alert>,
    /// The detector.
    pub detector: &'static str,
    /// What each member of an ensemble made of it by itself, where reasons are wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// Why.
    #[serde(serialize_with = "reasons")]
    pub reasons: Vec<Reason>,
    /// The behavior, where it is none of a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behavior: Option<Behavior>,
    /// What the record is about, for tables: protocol and name.
    #[serde(skip)]
    pub proto: Option<String>,
    /// A name that the record holds: a query, a host, a notice.
    #[serde(skip)]
    pub name: Option<String>,
}

/// One member of an ensemble.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// The detector.
    pub detector: &'static str,
    /// Its own score.
    pub score: f64,
    /// How that is known.
    pub claim: Claim,
    /// Whether its own score reaches the threshold.
    pub agrees: bool,
    /// The features that moved it most.
    pub features: Vec<String>,
}

/// Reasons as all formats of JSON have them.
pub fn reasons<S: Serializer>(reasons: &[Reason], s: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Out<'a> {
        feature: &'a str,
        value: &'a str,
        usual: &'a str,
        share: f64,
    }
    s.collect_seq(reasons.iter().map(|r| Out {
        feature: &r.feature,
        value: &r.value,
        usual: &r.usual,
        share: r.share,
    }))
}

/// Columns that name what a record is about, the most telling first.
const NAMES: &[&str] = &[
    "query",
    "server_name",
    "host",
    "note",
    "name",
    "filename",
    "mime_type",
    "unparsed_version",
    "san.dns",
    "certificate.subject",
    "client",
    "user",
    "username",
    "service",
    "operation",
    "endpoint",
    "path",
    "host_name",
    "mac",
    "orig_hw_addr",
    "src_mac",
    "cookie",
    "message",
    "failure_reason",
    "tunnel_type",
    "machine",
    "community",
    "ref_id",
    "uri",
];

/// Where in a schema everything stands that is written.
#[derive(Clone, Debug)]
struct Places {
    schema: Arc<Schema>,
    ts: Option<usize>,
    uid: Option<usize>,
    fuid: Option<usize>,
    id: [Option<usize>; 4],
    proto: Option<usize>,
    names: Vec<usize>,
}

/// Makes findings of scored records.
#[derive(Debug, Default)]
pub struct Findings {
    places: BySchema<Places>,
}

impl Findings {
    /// When a record was, for sorting.
    pub fn ts(&mut self, scored: &Scored<'_>) -> Option<f64> {
        let at = self.places(scored.schema).ts?;
        scored.record.get(at).number()
    }

    /// Who began it: the originator's address, as a key.
    pub fn originator(&mut self, scored: &Scored<'_>) -> Option<IpAddr> {
        let at = self.places(scored.schema).id[0]?;
        scored.record.get(at).addr()
    }

    /// What is written of a record; its reasons only where wanted.
    pub fn make(&mut self, scored: &Scored<'_>, threshold: f64, reasons: bool) -> Finding {
        let p = self.places(scored.schema);
        let r = &scored.record;
        let addr = |at: Option<usize>| at.and_then(|i| text(r.get(i)));
        let port = |at: Option<usize>| at.and_then(|i| r.get(i).port());
        Finding {
            severity: Severity::of(scored.verdict.score, scored.verdict.claim),
            log: p.schema.log.clone(),
            ts: p.ts.and_then(|i| r.get(i).number()),
            uid: addr(p.uid),
            fuid: addr(p.fuid),
            orig_h: addr(p.id[0]),
            orig_p: port(p.id[1]),
            resp_h: addr(p.id[2]),
            resp_p: port(p.id[3]),
            score: scored.verdict.score,
            claim: scored.verdict.claim,
            raw: scored.verdict.raw,
            anomalous: scored.verdict.score >= threshold,
            records: None,
            alert: None,
            detector: scored.verdict.detector,
            members: if reasons {
                members(scored, threshold)
            } else {
                Vec::new()
            },
            reasons: if reasons {
                scored.reasons()
            } else {
                Vec::new()
            },
            behavior: None,
            proto: None,
            name: None,
        }
    }

    /// Adds what only tables show.
    pub fn describe(&mut self, scored: &Scored<'_>, finding: &mut Finding) {
        let p = self.places(scored.schema);
        let r: &Record<'_> = &scored.record;
        finding.proto = p.proto.and_then(|i| text(r.get(i)));
        finding.name = p.names.iter().find_map(|i| match r.get(*i) {
            Value::Text(t) if !t.is_empty() => Some(from_bytes(t)),
            Value::List(l) => l.iter().find_map(text),
            _ => None,
        });
    }

    fn places(&mut self, schema: &Arc<Schema>) -> &Places {
        self.places.get(schema, |schema| {
            let at = |name: &str| schema.position(name);
            Places {
                schema: schema.clone(),
                ts: at("ts"),
                uid: at("uid"),
                fuid: at("fuid"),
                id: ["id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"].map(at),
                proto: at("proto"),
                // `host` is an address in some logs and `service` says little
                // beside a port: good enough where nothing better is there.
                names: NAMES
                    .iter()
                    .filter(|n| schema.log != "conn" || **n != "service")
                    .filter_map(|n| at(n))
                    .collect(),
            }
        })
    }
}

fn members(scored: &Scored<'_>, threshold: f64) -> Vec<Member> {
    let members = scored.members().into_iter();
    members
        .map(|m| Member {
            detector: m.detector,
            score: m.score,
            claim: m.claim,
            agrees: m.score >= threshold,
            features: m.features,
        })
        .collect()
}

/// A value as text; bytes that are not UTF-8 as `\xNN`. Nothing where it is unset.
pub fn text(v: Value<'_>) -> Option<String> {
    match v {
        Value::Unset => None,
        Value::Addr(a) => Some(a.to_string()),
        Value::Text(t) => Some(match v.addr() {
            Some(a) => a.to_string(),
            None => from_bytes(t),
        }),
        Value::Bool(b) => Some(b.to_string()),
        Value::Count(n) => Some(n.to_string()),
        Value::Int(n) => Some(n.to_string()),
        Value::Port(p) => Some(p.to_string()),
        Value::Double(d) | Value::Time(d) | Value::Interval(d) => Some(d.to_string()),
        Value::List(l) => {
            let parts: Vec<String> = l.iter().filter_map(text).collect();
            Some(parts.join(","))
        }
    }
}

/// A value as JSON: numbers and truth values as such, everything else as text.
pub fn json_of(v: Value<'_>) -> serde_json::Value {
    match v {
        Value::Unset => serde_json::Value::Null,
        Value::Bool(b) => b.into(),
        Value::Count(n) => n.into(),
        Value::Int(n) => n.into(),
        Value::Port(p) => p.into(),
        Value::Double(d) | Value::Time(d) | Value::Interval(d) => d.into(),
        Value::List(l) => l.iter().map(json_of).collect(),
        Value::Addr(_) | Value::Text(_) => text(v).into(),
    }
}
