//! Features of a log that has no definitions of its own, from its schema.
//!
//! Each kind of column in its own way: numbers as magnitudes, intervals as
//! magnitudes of seconds, categories and addresses by how usual they are, sets
//! by their size and first element; texts also by their length. Absolute times
//! and identifiers (uids) say nothing about a record and are left out.
//!
//! JSON logs carry no types. There the kind of a column is learned from the
//! values of the first rows, and the model keeps it, so that the same record
//! has the same features in TSV, in JSON and inside Zeek.

use crate::cell::Cell;
use crate::row::Row;
use crate::spec::{Kind, Unit};
use serde::{Deserialize, Serialize};
use zeek_log::{FieldType, Schema, Value};

/// The most columns of a generic log that become features.
pub const MAX_COLUMNS: usize = 64;

/// How a column becomes features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnKind {
    /// A number.
    Number,
    /// A span of seconds.
    Seconds,
    /// A truth value.
    Truth,
    /// A port or another number that is a name.
    Code,
    /// Text by its value and length.
    Text,
    /// An address.
    Address,
    /// A set or vector.
    List,
}

/// A column of a generic log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenericColumn {
    /// The column's name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a generic feature takes from its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Value,
    Length,
    First,
}

/// One feature of a generic log.
#[derive(Clone, Debug)]
pub struct GenericFeature {
    /// Its name: the column's, with a suffix for lengths and first elements.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    column: usize,
    column_kind: ColumnKind,
    part: Part,
}

impl GenericFeature {
    /// The position of its column in the spec: all of a column's features tell of the same.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The feature's value in a row bound with the spec's columns.
    pub fn cell<'r>(&self, row: &Row<'r>) -> Cell<'r> {
        let c = self.column;
        match (self.part, self.column_kind) {
            (Part::Length, ColumnKind::List) => Cell::num(row.list_len(c)),
            (Part::Length, _) => Cell::num(text_of(row.value(c)).map(|t| t.len() as f64)),
            (Part::First, _) => first_of(row.value(c)),
            (Part::Value, ColumnKind::Number | ColumnKind::Seconds) => Cell::num(row.num(c)),
            (Part::Value, ColumnKind::Truth) => Cell::truth(row.truth(c)),
            (Part::Value, ColumnKind::Code) => {
                Cell::code(row.num(c).filter(|v| *v >= 0.0).map(|v| v as u64))
            }
            (Part::Value, ColumnKind::Address) => match row.addr(c) {
                Some(a) => Cell::Addr(a),
                None => Cell::text(row.text(c)),
            },
            (Part::Value, ColumnKind::Text | ColumnKind::List) => Cell::text(text_of(row.value(c))),
        }
    }
}

/// The first element of a list as a category, an address in whatever form it came.
fn first_of(v: Value<'_>) -> Cell<'_> {
    let first = match v {
        Value::List(e) => e.iter().next().unwrap_or(Value::Unset),
        v => v,
    };
    match (first.addr(), first) {
        (Some(a), _) => Cell::Addr(a),
        (None, Value::Text(t)) => Cell::Text(t),
        _ => Cell::Missing,
    }
}

fn text_of(v: Value<'_>) -> Option<&[u8]> {
    v.text()
}

/// The features of a generic log: its columns with their kinds, which a model keeps.
#[derive(Clone, Debug)]
pub struct GenericSpec {
    /// The log's name.
    pub log: String,
    /// The columns used.
    pub columns: Vec<GenericColumn>,
    /// The features made of them.
    pub features: Vec<GenericFeature>,
}

impl GenericSpec {
    /// The spec for columns of known kinds.
    pub fn new(log: impl Into<String>, columns: Vec<GenericColumn>) -> GenericSpec {
        let mut features = Vec::new();
        for (i, c) in columns.iter().enumerate() {
            let mut add = |suffix: &str, kind, part| {
                features.push(GenericFeature {
                    name: format!("{}{suffix}", c.name),
                    kind,
                    column: i,
                    column_kind: c.kind,
                    part,
                });
            };
            match c.kind {
                ColumnKind::Number => add("", Kind::Magnitude(Unit::Count), Part::Value),
                ColumnKind::Seconds => add("", Kind::Magnitude(Unit::Seconds), Part::Value),
                ColumnKind::Truth => add("", Kind::Category, Part::Value),
                ColumnKind::Code | ColumnKind::Address => add("", Kind::Category, Part::Value),
                ColumnKind::Text => {
                    add("", Kind::Category, Part::Value);
                    add(" (length)", Kind::Magnitude(Unit::Count), Part::Length);
                }
                ColumnKind::List => {
                    add(" (size)", Kind::Magnitude(Unit::Count), Part::Length);
                    add(" (first)", Kind::Category, Part::First);
                }
            }
        }
        GenericSpec {
            log: log.into(),
            columns,
            features,
        }
    }
}

/// Learns the kinds of a log's columns from its schema and its rows.
#[derive(Clone, Debug, Default)]
pub struct KindLearner {
    columns: Vec<(String, Option<ColumnKind>)>,
}

impl KindLearner {
    /// Takes note of a schema: typed columns are known at once.
    pub fn schema(&mut self, schema: &Schema) {
        for f in &schema.fields {
            if self.columns.iter().any(|(n, _)| *n == f.name) {
                continue;
            }
            self.columns
                .push((f.name.clone(), kind_of_type(&f.name, f.ty)));
        }
    }

    /// Takes note of a row of that schema: untyped columns are known by their first value.
    pub fn row(&mut self, schema: &Schema, record: &zeek_log::Record<'_>) {
        if self.columns.iter().all(|(_, k)| k.is_some()) {
            return;
        }
        for (i, f) in schema.fields.iter().enumerate() {
            let Some((_, kind)) = self.columns.iter_mut().find(|(n, _)| *n == f.name) else {
                continue;
            };
            if kind.is_none() {
                *kind = kind_of_value(&f.name, &record.get(i));
            }
        }
    }

    /// The spec for what was learned.
    pub fn finish(&self, log: &str) -> GenericSpec {
        let mut columns: Vec<GenericColumn> = self
            .columns
            .iter()
            .filter(|(n, _)| !is_identifier(n))
            .filter_map(|(n, k)| {
                k.map(|kind| GenericColumn {
                    name: n.clone(),
                    kind,
                })
            })
            .collect();
        // JSON rows come with their keys in any order: the order must not matter.
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        columns.truncate(MAX_COLUMNS);
        GenericSpec::new(log, columns)
    }
}

/// Columns that name one thing or moment and so are new in every row, or say who looked.
fn is_identifier(name: &str) -> bool {
    matches!(
        name,
        "ts" | "uid"
            | "fuid"
            | "id"
            | "uids"
            | "conn_uids"
            | "id.orig_p"
            | "parent_fuid"
            | "label"
            | "detailedlabel"
            | "detailed-label"
    ) || name.starts_with('_')
        || name.starts_with('@')
        || name.starts_with("id.ctx")
        || name.ends_with("fuid")
        || name.ends_with("fuids")
}

fn kind_of_type(name: &str, ty: FieldType) -> Option<ColumnKind> {
    Some(match ty {
        FieldType::Bool => ColumnKind::Truth,
        FieldType::Port => ColumnKind::Code,
        FieldType::Count | FieldType::Int | FieldType::Double => number_kind(name),
        FieldType::Interval => ColumnKind::Seconds,
        // A moment; kept as a number, whose magnitude tells 1970 from today.
        FieldType::Time => ColumnKind::Number,
        FieldType::Addr => ColumnKind::Address,
        FieldType::Subnet | FieldType::String | FieldType::Enum => ColumnKind::Text,
        FieldType::List => ColumnKind::List,
        FieldType::Unknown => return None,
    })
}

fn kind_of_value(name: &str, v: &Value<'_>) -> Option<ColumnKind> {
    Some(match v {
        Value::Unset => return None,
        Value::Bool(_) => ColumnKind::Truth,
        Value::Port(_) => ColumnKind::Code,
        Value::Count(_) | Value::Int(_) | Value::Double(_) | Value::Time(_) => number_kind(name),
        Value::Interval(_) => ColumnKind::Seconds,
        Value::Addr(_) => ColumnKind::Address,
        Value::Text(_) if v.addr().is_some() => ColumnKind::Address,
        Value::Text(_) => ColumnKind::Text,
        Value::List(_) => ColumnKind::List,
    })
}

/// A number that is a name by its name: ports and codes.
fn number_kind(name: &str) -> ColumnKind {
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.ends_with("_p") || last.ends_with("_port") || last == "p" || last.ends_with("code") {
        ColumnKind::Code
    } else {
        ColumnKind::Number
    }
}
