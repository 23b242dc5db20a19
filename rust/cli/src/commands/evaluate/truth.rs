//! What is known of a row: attack, normal, or nothing.

use super::args::EvaluateArgs;
use super::rule::Rule;
use crate::exit::Failure;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use zeek_anomaly_engine::offline::reads_as;
use zeek_anomaly_engine::text::from_bytes;
use zeek_log::{Record, Schema, Value};

/// Where labels come from.
#[derive(Debug)]
pub enum Truth {
    /// A column.
    Column {
        /// Its name.
        column: String,
        /// Values that are attacks.
        positive: Vec<String>,
        /// Values that are normal.
        negative: Vec<String>,
        /// The column that names the attack.
        attack: Option<String>,
    },
    /// Uids of attacks, and the attack of each.
    Uids(HashMap<Vec<u8>, String>),
    /// Rules, any of which makes an attack.
    Rules(Vec<Rule>, Option<String>),
}

/// A label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// An attack, with its name.
    Attack(String),
    /// Normal.
    Normal,
    /// Nothing is known, and why.
    LeftOut(String),
}

/// The name of attacks that have none.
const UNNAMED: &str = "attack";

/// Columns that hold uids.
const UIDS: [&str; 3] = ["uid", "conn_uids", "uids"];

impl Truth {
    /// As the arguments have it.
    pub fn new(args: &EvaluateArgs) -> Result<Truth, Failure> {
        if let Some(path) = &args.uids {
            return Ok(Truth::Uids(read_uids(path)?));
        }
        if let Some(column) = &args.label_column {
            if let Some(both) = args.positive.iter().find(|v| args.negative.contains(v)) {
                return Err(Failure::Said(format!(
                    "`{both}` is among the positive and the negative values"
                )));
            }
            return Ok(Truth::Column {
                column: column.clone(),
                positive: args.positive.clone(),
                negative: args.negative.clone(),
                attack: args.attack_column.clone(),
            });
        }
        Ok(Truth::Rules(args.rules.clone(), args.attack_column.clone()))
    }

    /// The columns that give the answer away and must not be seen.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Truth::Column { column, attack, .. } => {
                [column].into_iter().chain(attack).cloned().collect()
            }
            Truth::Uids(_) => Vec::new(),
            Truth::Rules(_, attack) => attack.iter().cloned().collect(),
        }
    }

    /// The label of a row.
    pub fn label(&self, schema: &Schema, record: &Record<'_>) -> Label {
        match self {
            Truth::Column {
                column,
                positive,
                negative,
                attack,
            } => {
                let Some(at) = schema.position(column) else {
                    return Label::LeftOut(format!("no column {column}"));
                };
                let value = record.get(at);
                if let Some(p) = positive.iter().find(|p| is(&value, p)) {
                    return Label::Attack(named(schema, record, attack.as_deref(), p));
                }
                if negative.iter().any(|n| is(&value, n)) {
                    return Label::Normal;
                }
                Label::LeftOut(words(&value))
            }
            Truth::Uids(attacks) => {
                let mut any = false;
                for value in UIDS
                    .iter()
                    .filter_map(|c| Some(record.get(schema.position(c)?)))
                {
                    let one = value.text();
                    let more = value.list();
                    let texts = more.iter().flat_map(|l| l.iter()).filter_map(|v| v.text());
                    for uid in one.into_iter().chain(texts).filter(|u| !u.is_empty()) {
                        any = true;
                        if let Some(attack) = attacks.get(uid) {
                            return Label::Attack(attack.clone());
                        }
                    }
                }
                match any {
                    true => Label::Normal,
                    false => Label::LeftOut("no uid".into()),
                }
            }
            Truth::Rules(rules, attack) => match rules.iter().find(|r| r.takes(schema, record)) {
                Some(r) => Label::Attack(named(schema, record, attack.as_deref(), &r.to_string())),
                None => Label::Normal,
            },
        }
    }
}

/// Whether a value is as written; `-` is an unset one.
fn is(value: &Value<'_>, text: &str) -> bool {
    (text == "-" && value.is_unset()) || reads_as(value, text)
}

/// A label that is neither positive nor negative, for people.
fn words(value: &Value<'_>) -> String {
    match value {
        Value::Unset => "unset".into(),
        Value::Text(b"") => "empty".into(),
        Value::Text(t) => from_bytes(t),
        other => other.number().map_or("other".into(), |n| n.to_string()),
    }
}

/// The attack's name in its column; `otherwise` where there is none.
fn named(schema: &Schema, record: &Record<'_>, column: Option<&str>, otherwise: &str) -> String {
    column
        .and_then(|c| schema.position(c))
        .and_then(|at| record.get(at).text())
        .filter(|t| !t.is_empty())
        .map_or_else(|| otherwise.to_owned(), from_bytes)
}

/// Reads a CSV of uids. Its first line is a header where it begins with `uid`.
fn read_uids(path: &Path) -> Result<HashMap<Vec<u8>, String>, Failure> {
    let said = |what: String| Failure::Said(format!("{}: {what}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(path)
        .map_err(|e| said(format!("cannot be read: {e}")))?;
    let mut out = HashMap::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| said(format!("cannot be read: {e}")))?;
        let uid = record.get(0).unwrap_or_default();
        if uid.is_empty() || (i == 0 && uid.eq_ignore_ascii_case("uid")) {
            continue;
        }
        let attack = record.get(1).filter(|a| !a.is_empty()).unwrap_or(UNNAMED);
        out.insert(uid.as_bytes().to_vec(), attack.to_owned());
    }
    if out.is_empty() {
        return Err(said("has no uid".into()));
    }
    Ok(out)
}

/// How many rows were left out, and why.
pub type LeftOut = BTreeMap<String, u64>;
