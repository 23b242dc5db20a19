//! What is known of a row: attack, normal, or nothing.

use super::args::EvaluateArgs;
use super::rule::Rule;
use crate::exit::Failure;
use crate::say::{count, counted};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use zeek_anomaly_base::text::{from_bytes, printable};
use zeek_anomaly_engine::offline::reads_as;
use zeek_log::{Record, Schema, Value};

/// What labels go by, and whether any row has met it.
#[derive(Debug)]
pub struct Met<T> {
    what: T,
    met: Cell<bool>,
}

impl<T> Met<T> {
    fn new(what: T) -> Met<T> {
        Met {
            what,
            met: Cell::new(false),
        }
    }

    fn met(&self) -> &T {
        self.met.set(true);
        &self.what
    }
}

/// Where labels come from.
#[derive(Debug)]
pub enum Truth {
    /// A column.
    Column {
        /// Its name.
        column: String,
        /// Values that are attacks.
        positive: Vec<Met<String>>,
        /// Values that are normal.
        negative: Vec<String>,
        /// The column that names the attack.
        attack: Option<String>,
    },
    /// Uids of attacks, and the attack of each.
    Uids(HashMap<Vec<u8>, Met<String>>),
    /// Rules, any of which makes an attack.
    Rules {
        /// The rules.
        rules: Vec<Met<Rule>>,
        /// The column that names the attack.
        attack: Option<String>,
        /// Columns of theirs that some log has.
        columns: RefCell<BTreeSet<String>>,
    },
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
                positive: args.positive.iter().cloned().map(Met::new).collect(),
                negative: args.negative.clone(),
                attack: args.attack_column.clone(),
            });
        }
        Ok(Truth::Rules {
            rules: args.rules.iter().cloned().map(Met::new).collect(),
            attack: args.attack_column.clone(),
            columns: RefCell::default(),
        })
    }

    /// The columns that give the answer away and must not be seen.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Truth::Column { column, attack, .. } => {
                [column].into_iter().chain(attack).cloned().collect()
            }
            Truth::Uids(_) => Vec::new(),
            Truth::Rules { attack, .. } => attack.iter().cloned().collect(),
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
                if let Some(p) = positive.iter().find(|p| is(&value, &p.what)) {
                    return Label::Attack(named(schema, record, attack.as_deref(), p.met()));
                }
                if negative.iter().any(|n| is(&value, n)) {
                    return Label::Normal;
                }
                Label::LeftOut(words(&value))
            }
            Truth::Uids(attacks) => {
                let (mut any, mut of) = (false, None);
                each_uid(schema, record, &mut |uid| {
                    any = true;
                    of = of.or_else(|| attacks.get(uid));
                });
                match (of, any) {
                    (Some(attack), _) => Label::Attack(attack.met().clone()),
                    (None, true) => Label::Normal,
                    (None, false) => Label::LeftOut("no uid".into()),
                }
            }
            Truth::Rules {
                rules,
                attack,
                columns,
            } => {
                for column in rules.iter().flat_map(|r| r.what.columns()) {
                    if schema.position(column).is_some() && !columns.borrow().contains(column) {
                        columns.borrow_mut().insert(column.to_owned());
                    }
                }
                match rules.iter().find(|r| r.what.takes(schema, record)) {
                    Some(r) => {
                        let name = r.met().to_string();
                        Label::Attack(named(schema, record, attack.as_deref(), &name))
                    }
                    None => Label::Normal,
                }
            }
        }
    }

    /// What no row has met: uids, values and rules that label nothing.
    pub fn unmet(&self) -> Vec<String> {
        match self {
            Truth::Column {
                column, positive, ..
            } => (positive.iter().filter(|p| !p.met.get()))
                .map(|p| format!("no row has {} in {column}", p.what))
                .collect(),
            Truth::Uids(attacks) => {
                let mut unmet: Vec<&[u8]> = (attacks.iter().filter(|a| !a.1.met.get()))
                    .map(|a| a.0.as_slice())
                    .collect();
                unmet.sort_unstable();
                let Some(first) = unmet.first() else {
                    return Vec::new();
                };
                let (n, all) = (unmet.len() as u64, attacks.len() as u64);
                vec![format!(
                    "in no row: {} of {} of attacks, such as {}",
                    count(n),
                    counted(all, "uid"),
                    printable(&from_bytes(first))
                )]
            }
            Truth::Rules { rules, columns, .. } => (rules.iter().filter(|r| !r.met.get()))
                .map(|r| {
                    let columns = columns.borrow();
                    let unknown = r.what.columns().find(|c| !columns.contains(*c));
                    let why =
                        unknown.map_or_else(String::new, |c| format!(": no log has a column {c}"));
                    format!("the rule {} takes no row{why}", r.what)
                })
                .collect(),
        }
    }
}

/// Gives each uid of a row.
pub fn each_uid<'r>(schema: &Schema, record: &Record<'r>, take: &mut dyn FnMut(&'r [u8])) {
    for at in UIDS.iter().filter_map(|c| schema.position(c)) {
        let value = record.get(at);
        let one = value.text();
        let more = value.list();
        let texts = more.iter().flat_map(|l| l.iter()).filter_map(|v| v.text());
        for uid in one.into_iter().chain(texts).filter(|u| !u.is_empty()) {
            take(uid);
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
fn read_uids(path: &Path) -> Result<HashMap<Vec<u8>, Met<String>>, Failure> {
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
        out.insert(uid.as_bytes().to_vec(), Met::new(attack.to_owned()));
    }
    if out.is_empty() {
        return Err(said("has no uid".into()));
    }
    Ok(out)
}

/// How many rows were left out, and why.
pub type LeftOut = BTreeMap<String, u64>;
