//! Records in the envelopes of exporters: log shippers, search engines, message queues.
//!
//! What is known here are forms, not products: a text that is Zeek's own line (`message`, `_raw`, `event.original`), an
//! object that is the record (`_source`, `result`, `{"conn":{…}}`), arrays of records, and columns below `zeek.` with the
//! addresses in ECS names. What holds none of them is no record, and [`unknown`] says what was seen instead.
//!
//! This is the slow way; a line of Zeek's own never comes here. A line is as long as the longest that is read, so what is
//! made of it is bounded.

use crate::error::{Reason, shown};
use crate::names;
use crate::{canon, tsv};
use serde_json::{Map, Value};

/// Keys of texts that may be Zeek's own line, the most telling first.
const TEXTS: &[&str] = &[
    "event.original",
    "_raw",
    "@rawstring",
    "message",
    "MESSAGE",
    "@message",
    "full_message",
    "short_message",
    "raw",
    "original",
    "log",
    "line",
    "event",
    "payload",
    "body",
    "msg",
    "data",
    "value",
    "text",
    "json",
];

/// Keys of objects that may be the record, or hold it.
const OBJECTS: &[&str] = &[
    "_source",
    "result",
    "event",
    "fields",
    "payload",
    "json",
    "record",
    "doc",
    "document",
    "body",
    "data",
    "content",
    "message",
    "log",
    "value",
    "attributes",
    "hits",
    "response",
    "rawResponse",
];

/// Prefixes of Zeek's columns in documents of other schemes.
const PREFIXES: &[&str] = &["zeek.", "bro.", "corelight."];

/// Names of the Elastic Common Schema, and Zeek's; with a log where only its records have it.
const ECS: &[(&str, &str, Option<&str>)] = &[
    ("event.id", "uid", None),
    ("source.ip", "id.orig_h", None),
    ("source.address", "id.orig_h", None),
    ("source.port", "id.orig_p", None),
    ("destination.ip", "id.resp_h", None),
    ("destination.address", "id.resp_h", None),
    ("destination.port", "id.resp_p", None),
    ("network.transport", "proto", None),
    ("network.application", "service", Some("conn")),
    ("network.protocol", "service", Some("conn")),
    ("source.bytes", "orig_ip_bytes", Some("conn")),
    ("destination.bytes", "resp_ip_bytes", Some("conn")),
    ("source.packets", "orig_pkts", Some("conn")),
    ("destination.packets", "resp_pkts", Some("conn")),
    ("dns.question.name", "query", Some("dns")),
    ("dns.id", "trans_id", Some("dns")),
    ("url.domain", "host", Some("http")),
    ("url.original", "uri", Some("http")),
    ("http.request.method", "method", Some("http")),
    ("http.response.status_code", "status_code", Some("http")),
    ("user_agent.original", "user_agent", Some("http")),
    ("tls.client.server_name", "server_name", Some("ssl")),
];

/// Envelopes in envelopes that are opened.
const DEEPEST: usize = 6;

/// A record that was in an envelope.
#[derive(Debug)]
pub(super) enum Inner {
    /// An object as Zeek writes it.
    Json(String),
    /// A line of a TSV log.
    Tsv {
        /// What tells the log: the file that the line is from, or a label.
        file: String,
        line: String,
    },
}

/// What a line without Zeek's columns turned out to be.
#[derive(Debug)]
pub(super) enum Opened {
    Records(Vec<Inner>),
    /// A line that only says something of others.
    Nothing,
    /// No envelope; whether the object has any columns.
    Plain(bool),
    NotZeek {
        what: String,
        todo: &'static str,
    },
}

/// Whether a text under this key may be Zeek's own line.
pub(super) fn is_wrapper(key: &str) -> bool {
    TEXTS.contains(&key)
}

/// What an envelope says of the record in it.
#[derive(Clone, Default)]
struct Hints {
    log: Option<&'static str>,
    file: Option<String>,
    time: Option<Value>,
}

/// Looks for records in a line.
pub(super) fn open(text: &str) -> Opened {
    let Ok(Value::Object(map)) = serde_json::from_str(text) else {
        return Opened::Plain(true);
    };
    let mut found = Vec::new();
    find(&map, &Hints::default(), 0, &mut found);
    if !found.is_empty() {
        return Opened::Records(found);
    }
    let has = |key: &str| map.contains_key(key);
    if has("event_type") && (has("flow_id") || has("src_ip")) {
        return Opened::NotZeek {
            what: "a record of Suricata (eve.json), not of Zeek".into(),
            todo: "give the logs that Zeek writes",
        };
    }
    let action = ["index", "create", "update", "delete"]
        .iter()
        .any(|k| map.get(*k).is_some_and(Value::is_object));
    let control = has("lastrow") || has("preview");
    match (map.len() == 1 && action) || control {
        true => Opened::Nothing,
        false => Opened::Plain(!map.is_empty()),
    }
}

/// Why a line without any Zeek field is refused.
pub(super) fn unknown(text: &str) -> Reason {
    let keys = match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map.keys().take(6).cloned().collect::<Vec<_>>().join(", "),
        _ => String::new(),
    };
    Reason::NotZeek {
        what: format!(
            "has none of the columns that tell a record of Zeek (ts, uid, id.orig_h), but {}",
            shown(keys.as_bytes())
        ),
        todo: "export Zeek's own lines (such as the field message or event.original), or give Zeek's logs",
    }
}

/// The value under a key, which may be dotted or nested.
fn get<'m>(map: &'m Map<String, Value>, key: &str) -> Option<&'m Value> {
    if let Some(v) = map.get(key) {
        return Some(v);
    }
    let (first, rest) = key.split_once('.')?;
    get(map.get(first)?.as_object()?, rest)
}

/// Whether an object has a column that tells a record of Zeek.
fn has_signs(map: &Map<String, Value>) -> bool {
    let nested = || {
        map.get("id")
            .and_then(Value::as_object)
            .is_some_and(|id| id.contains_key("orig_h"))
    };
    map.keys().any(|k| names::is_sign_of_zeek(names::dotted(k))) || nested()
}

impl Hints {
    /// With what this envelope says.
    fn with(&self, map: &Map<String, Value>) -> Hints {
        let mut hints = self.clone();
        let text = |key: &str| get(map, key).and_then(Value::as_str);
        for key in [
            "log.file.path",
            "file.path",
            "path",
            "file",
            "filename",
            "source",
        ] {
            if let Some(file) = text(key).filter(|t| t.len() < 1024) {
                let name = file.rsplit('/').next().unwrap_or_default();
                if let Some(log) = names::log_of_file(name) {
                    (hints.file, hints.log) = (Some(file.to_owned()), Some(log));
                    break;
                }
            }
        }
        let labels = [
            "_path",
            "@stream",
            "#path",
            "sourcetype",
            "event.dataset",
            "fileset.name",
            "dataset",
            "stream",
            "_index",
            "type",
        ];
        let label = labels
            .iter()
            .find_map(|key| names::log_of_label(text(key)?));
        hints.log = label.or(hints.log);
        for key in ["ts", "@timestamp", "_time", "timestamp", "time"] {
            if let Some(time) = get(map, key).filter(|v| v.is_number() || v.is_string()) {
                hints.time = Some(time.clone());
                break;
            }
        }
        hints
    }

    /// Adds to a record what only its envelope says.
    fn add_to(&self, mut map: Map<String, Value>) -> Inner {
        if let (Some(log), false) = (
            self.log,
            map.contains_key("_path") || map.contains_key("@stream"),
        ) {
            map.insert("_path".into(), log.into());
        }
        let timed = map.keys().any(|k| k == "ts" || names::is_time_elsewhere(k));
        if let (Some(time), false) = (&self.time, timed) {
            map.insert("@timestamp".into(), time.clone());
        }
        Inner::Json(Value::Object(map).to_string())
    }
}

fn find(map: &Map<String, Value>, outer: &Hints, depth: usize, found: &mut Vec<Inner>) {
    let before = found.len();
    let hints = outer.with(map);
    for key in TEXTS {
        if let Some(Value::String(text)) = get(map, key) {
            in_text(text, &hints, depth, found);
            if found.len() > before {
                return;
            }
        }
    }
    if depth > 0 && has_signs(map) {
        found.push(outer.add_to(map.clone()));
        return;
    }
    if depth >= DEEPEST || has_signs(map) {
        return;
    }
    for (key, value) in map {
        let Value::Object(inner) = value else {
            continue;
        };
        if let (Some(log), true) = (names::log_of_label(key), has_signs(inner)) {
            let hints = Hints {
                log: Some(log),
                ..hints.clone()
            };
            found.push(hints.add_to(inner.clone()));
        }
    }
    if found.len() > before {
        return;
    }
    if let Some(row) = in_other_scheme(map, &hints) {
        found.push(row);
        return;
    }
    for key in OBJECTS {
        match get(map, key) {
            Some(Value::Object(inner)) if *key == "fields" => {
                find(&without_lists(inner), &hints, depth + 1, found)
            }
            Some(Value::Object(inner)) => find(inner, &hints, depth + 1, found),
            _ => {}
        }
        if found.len() > before {
            return;
        }
    }
    for records in map.values().filter_map(Value::as_array) {
        for record in records.iter().filter_map(Value::as_object) {
            find(record, &hints, depth + 1, found);
        }
    }
}

/// The fields of a search's answer, where each value is a list of one.
fn without_lists(map: &Map<String, Value>) -> Map<String, Value> {
    let single = |v: &Value| match v.as_array().map(Vec::as_slice) {
        Some([one]) => one.clone(),
        _ => v.clone(),
    };
    map.iter().map(|(k, v)| (k.clone(), single(v))).collect()
}

/// Looks for records in a text: lines of JSON or of a TSV log.
fn in_text(text: &str, hints: &Hints, depth: usize, found: &mut Vec<Inner>) {
    if depth >= DEEPEST {
        return;
    }
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let tabs = line.bytes().filter(|c| *c == b'\t').count();
        let json = line.find("{\"").and_then(|at| line.get(at..));
        let begins = line.trim_start().bytes().next();
        if begins == Some(b'#') && tsv::is_directive(line.trim().as_bytes())
            || tabs >= 5 && begins_with_a_time(line)
        {
            let file = hints.file.clone().or_else(|| hints.log.map(str::to_owned));
            found.push(Inner::Tsv {
                file: file.unwrap_or_default(),
                line: line.to_owned(),
            });
        } else if begins == Some(b'[') {
            if let Ok(Value::Array(records)) = serde_json::from_str(line) {
                for record in records.iter().filter_map(Value::as_object) {
                    find(record, hints, depth + 1, found);
                }
            }
        } else if let Some(Ok(Value::Object(record))) = json.map(serde_json::from_str) {
            find(&record, hints, depth + 1, found);
        }
    }
}

fn begins_with_a_time(line: &str) -> bool {
    let first = line.split('\t').next().unwrap_or_default().as_bytes();
    canon::parse_number(first).is_some() || crate::number::time(first).is_some()
}

/// A record whose columns are below `zeek.`, and whose addresses have the names of the Elastic Common Schema.
fn in_other_scheme(map: &Map<String, Value>, hints: &Hints) -> Option<Inner> {
    let mut flat = Vec::new();
    flatten(map, "", 0, &mut flat);
    let mut row = Map::new();
    let mut log = None;
    for (key, value) in &flat {
        let Some(name) = PREFIXES.iter().find_map(|p| key.strip_prefix(p)) else {
            continue;
        };
        let (name, of) = match name.split_once('.') {
            Some((first, rest)) if names::log_of_label(first).is_some() => {
                (rest, names::log_of_label(first))
            }
            _ => (name, None),
        };
        log = log.or(of);
        let name = match name {
            "session_id" => "uid",
            "state" if of == Some("conn") => "conn_state",
            "server.name" if of == Some("ssl") => "server_name",
            name => name,
        };
        row.insert(name.to_owned(), (*value).clone());
    }
    if row.is_empty() {
        return None;
    }
    let log = hints.log.or(log);
    for (ecs, name, of) in ECS {
        if row.contains_key(*name) || (of.is_some() && *of != log) {
            continue;
        }
        if let Some((_, value)) = flat.iter().find(|(key, _)| key == ecs) {
            row.insert((*name).to_owned(), (*value).clone());
        }
    }
    // Nanoseconds there.
    let nanoseconds = flat
        .iter()
        .find(|(key, _)| key == "event.duration")
        .and_then(|(_, v)| v.as_f64());
    if let (Some(ns), Some("conn"), false) = (nanoseconds, log, row.contains_key("duration")) {
        row.insert("duration".into(), (ns / 1e9).into());
    }
    let hints = Hints {
        log,
        ..hints.clone()
    };
    has_signs(&row).then(|| hints.add_to(row))
}

/// All values with their dotted keys.
fn flatten<'m>(
    map: &'m Map<String, Value>,
    before: &str,
    depth: usize,
    out: &mut Vec<(String, &'m Value)>,
) {
    for (key, value) in map {
        let key = match before {
            "" => key.clone(),
            _ => format!("{before}.{key}"),
        };
        match value {
            Value::Object(inner) if depth < DEEPEST => flatten(inner, &key, depth + 1, out),
            value => out.push((key, value)),
        }
    }
}
