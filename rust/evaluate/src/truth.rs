//! Ground truth: which rows are attacks and which are normal.

use crate::EvaluateError;
use crate::rule::{ColumnRule, is_written};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use zeek_anomaly_base::text::from_bytes;
use zeek_log::{Record, Schema, Value};

/// What labels rows, and whether it has labelled any.
#[derive(Debug)]
pub struct Matcher<T> {
    what: T,
    matched: Cell<bool>,
}

impl<T> Matcher<T> {
    fn new(what: T) -> Matcher<T> {
        Matcher {
            what,
            matched: Cell::new(false),
        }
    }

    fn matched(&self) -> &T {
        self.matched.set(true);
        &self.what
    }
}

/// Where labels come from.
#[derive(Debug)]
pub enum GroundTruth {
    /// A column.
    Column {
        /// Its name.
        column: String,
        /// Values that are attacks.
        positive: Vec<Matcher<String>>,
        /// Values that are normal.
        negative: Vec<String>,
        /// The column that names the attack.
        attack: Option<String>,
    },
    /// Uids of attacks, and the attack of each.
    Uids(HashMap<Vec<u8>, Matcher<String>>),
    /// Rules; a row that matches any of them is an attack.
    Rules {
        /// The rules.
        rules: Vec<Matcher<ColumnRule>>,
        /// The column that names the attack.
        attack: Option<String>,
        /// Their columns that some log has.
        columns: RefCell<BTreeSet<String>>,
    },
}

/// The label of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowLabel {
    /// An attack, with its name.
    Attack(String),
    /// Normal.
    Normal,
    /// Neither, and why: the row is not measured.
    Unlabelled(String),
}

/// A part of the ground truth that labelled no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnusedLabel {
    /// A positive value.
    Value {
        /// The label column.
        column: String,
        /// The value.
        value: String,
    },
    /// Uids.
    Uids {
        /// How many of them are in no row.
        unused: u64,
        /// How many there are.
        all: u64,
        /// One that is in no row.
        example: String,
    },
    /// A rule.
    Rule {
        /// The rule.
        rule: String,
        /// A column of it that no log has.
        unknown_column: Option<String>,
    },
}

/// The name of attacks that have none.
const UNNAMED: &str = "attack";

/// Columns that hold uids.
const UIDS: [&str; 3] = ["uid", "conn_uids", "uids"];

impl GroundTruth {
    /// Labels from a column: its values that are attacks and those that are normal. `attack` names a
    /// column with the attack's name.
    pub fn of_column(
        column: &str,
        positive: &[String],
        negative: &[String],
        attack: Option<String>,
    ) -> Result<GroundTruth, EvaluateError> {
        if let Some(both) = positive.iter().find(|v| negative.contains(v)) {
            return Err(EvaluateError::Contradiction(both.clone()));
        }
        Ok(GroundTruth::Column {
            column: column.to_owned(),
            positive: positive.iter().cloned().map(Matcher::new).collect(),
            negative: negative.to_vec(),
            attack,
        })
    }

    /// Labels from rules.
    pub fn of_rules(rules: &[ColumnRule], attack: Option<String>) -> GroundTruth {
        GroundTruth::Rules {
            rules: rules.iter().cloned().map(Matcher::new).collect(),
            attack,
            columns: RefCell::default(),
        }
    }

    /// Labels from a CSV of uids: the uid, and the attack if there is a second column. A first line that
    /// begins with `uid` is a header.
    pub fn of_uids(path: &Path) -> Result<GroundTruth, EvaluateError> {
        let failed = |cause| EvaluateError::UidFile {
            path: path.display().to_string(),
            cause,
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_path(path)
            .map_err(failed)?;
        let mut uids = HashMap::new();
        for (i, record) in reader.records().enumerate() {
            let record = record.map_err(failed)?;
            let uid = record.get(0).unwrap_or_default();
            if uid.is_empty() || (i == 0 && uid.eq_ignore_ascii_case("uid")) {
                continue;
            }
            let attack = record.get(1).filter(|a| !a.is_empty()).unwrap_or(UNNAMED);
            uids.insert(uid.as_bytes().to_vec(), Matcher::new(attack.to_owned()));
        }
        if uids.is_empty() {
            return Err(EvaluateError::NoUids(path.display().to_string()));
        }
        Ok(GroundTruth::Uids(uids))
    }

    /// The columns that give the answer away: no model may see them.
    pub fn columns(&self) -> Vec<String> {
        match self {
            GroundTruth::Column { column, attack, .. } => {
                [column].into_iter().chain(attack).cloned().collect()
            }
            GroundTruth::Uids(_) => Vec::new(),
            GroundTruth::Rules { attack, .. } => attack.iter().cloned().collect(),
        }
    }

    /// The label of a row.
    pub fn label(&self, schema: &Schema, record: &Record<'_>) -> RowLabel {
        match self {
            GroundTruth::Column {
                column,
                positive,
                negative,
                attack,
            } => {
                let Some(at) = schema.position(column) else {
                    return RowLabel::Unlabelled(format!("no column {column}"));
                };
                let value = record.get(at);
                if let Some(p) = positive.iter().find(|p| is_written(&value, &p.what)) {
                    return RowLabel::Attack(named(schema, record, attack.as_deref(), p.matched()));
                }
                if negative.iter().any(|n| is_written(&value, n)) {
                    return RowLabel::Normal;
                }
                RowLabel::Unlabelled(in_words(&value))
            }
            GroundTruth::Uids(attacks) => {
                let (mut any, mut of) = (false, None);
                each_uid(schema, record, &mut |uid| {
                    any = true;
                    of = of.or_else(|| attacks.get(uid));
                });
                match (of, any) {
                    (Some(attack), _) => RowLabel::Attack(attack.matched().clone()),
                    (None, true) => RowLabel::Normal,
                    (None, false) => RowLabel::Unlabelled("no uid".into()),
                }
            }
            GroundTruth::Rules {
                rules,
                attack,
                columns,
            } => {
                for column in rules.iter().flat_map(|r| r.what.columns()) {
                    if schema.position(column).is_some() && !columns.borrow().contains(column) {
                        columns.borrow_mut().insert(column.to_owned());
                    }
                }
                match rules.iter().find(|r| r.what.matches(schema, record)) {
                    Some(r) => {
                        let name = r.matched().to_string();
                        RowLabel::Attack(named(schema, record, attack.as_deref(), &name))
                    }
                    None => RowLabel::Normal,
                }
            }
        }
    }

    /// Uids, values and rules that have labelled no row so far.
    pub fn unused(&self) -> Vec<UnusedLabel> {
        match self {
            GroundTruth::Column {
                column, positive, ..
            } => (positive.iter().filter(|p| !p.matched.get()))
                .map(|p| UnusedLabel::Value {
                    column: column.clone(),
                    value: p.what.clone(),
                })
                .collect(),
            GroundTruth::Uids(attacks) => {
                let mut unused: Vec<&[u8]> = (attacks.iter().filter(|a| !a.1.matched.get()))
                    .map(|a| a.0.as_slice())
                    .collect();
                unused.sort_unstable();
                let example = unused.first().map(|uid| from_bytes(uid));
                let all = attacks.len() as u64;
                let of = |example| UnusedLabel::Uids {
                    unused: unused.len() as u64,
                    all,
                    example,
                };
                example.map(of).into_iter().collect()
            }
            GroundTruth::Rules { rules, columns, .. } => {
                let columns = columns.borrow();
                (rules.iter().filter(|r| !r.matched.get()))
                    .map(|r| UnusedLabel::Rule {
                        rule: r.what.to_string(),
                        unknown_column: (r.what.columns().find(|c| !columns.contains(*c)))
                            .map(str::to_owned),
                    })
                    .collect()
            }
        }
    }
}

/// Gives each uid of a row.
pub(crate) fn each_uid<'r>(schema: &Schema, record: &Record<'r>, take: &mut dyn FnMut(&'r [u8])) {
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

/// A label that is neither positive nor negative.
fn in_words(value: &Value<'_>) -> String {
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
