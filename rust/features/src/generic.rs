//! Features of a log that has no definitions of its own, from its schema.
//!
//! Each kind of column in its own way: numbers as magnitudes, intervals as
//! magnitudes of seconds, times by how long before the record they are, categories by how usual
//! they are, texts also by their length, addresses also by their network, subnets by
//! their width, lists by their size and their least element (a set's order means nothing) or
//! largest number. When the record was written, and identifiers (uids), say nothing about
//! it and are left out.
//!
//! JSON logs carry no types. There the kind of a column is learned from the
//! values of the first rows, and the model keeps it, so that the same record
//! has the same features in TSV, in JSON and inside Zeek.

use crate::cell::Cell;
use crate::parts;
use crate::row::Row;
use crate::spec::{Kind, Unit};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::net::IpAddr;
use zeek_log::schema::Field;
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
    /// A moment other than the record's own.
    Moment,
    /// The record's own time: makes no feature, moments are measured from it.
    Clock,
    /// A truth value.
    Truth,
    /// A number that is a name.
    Code,
    /// A port.
    Port,
    /// Text by its value and length.
    Text,
    /// An address.
    Address,
    /// A network: `address/width`.
    Subnet,
    /// A set or vector of names.
    List,
    /// A set or vector of numbers.
    Numbers,
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
    /// Seconds from the moment to the clock in this column.
    Age(usize),
    Network,
    Width,
    Least,
    Largest,
}

/// One feature of a generic log.
#[derive(Clone, Debug)]
pub struct GenericFeature {
    /// Its name: the column's, with a suffix for what is not simply its value.
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
        match self.part {
            Part::Value => self.value(row),
            Part::Length if self.column_kind == ColumnKind::Text => Cell::num(row.text_len(c)),
            Part::Length => Cell::num(row.list_len(c)),
            Part::Age(clock) => Cell::num(parts::seconds_between(row, c, clock)),
            Part::Network => row.of_addr(c, parts::network),
            Part::Width => Cell::num(row.text(c).and_then(subnet_width)),
            Part::Least => least_of(row.value(c)),
            Part::Largest => Cell::num(largest_of(row.value(c))),
        }
    }

    fn value<'r>(&self, row: &Row<'r>) -> Cell<'r> {
        let c = self.column;
        match self.column_kind {
            ColumnKind::Number | ColumnKind::Seconds => Cell::num(row.num(c)),
            ColumnKind::Truth => Cell::truth(row.truth(c)),
            ColumnKind::Code => row.code(c),
            ColumnKind::Port => parts::service_port(row.port(c)),
            ColumnKind::Address => row.host(c),
            _ => Cell::text(row.text(c)),
        }
    }
}

/// The element of a list that comes before all others, addresses before texts; a single
/// value stands for itself.
fn least_of(v: Value<'_>) -> Cell<'_> {
    fn of(v: Value<'_>) -> Cell<'_> {
        match (v.addr(), v) {
            (Some(a), _) => Cell::Addr(a),
            (None, Value::Text(t)) => Cell::Text(t),
            _ => Cell::Missing,
        }
    }
    let Value::List(elements) = v else {
        return of(v);
    };
    let least = elements.iter().map(of).min_by(|a, b| match (a, b) {
        (Cell::Addr(a), Cell::Addr(b)) => a.cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        // Addresses, then texts, then what is neither.
        (Cell::Addr(_), _) | (Cell::Text(_), Cell::Missing) => Ordering::Less,
        (_, Cell::Addr(_)) | (Cell::Missing, Cell::Text(_)) => Ordering::Greater,
        _ => Ordering::Equal,
    });
    least.unwrap_or(Cell::Missing)
}

/// The largest number of a list.
fn largest_of(v: Value<'_>) -> Option<f64> {
    match v {
        Value::List(elements) => elements
            .iter()
            .filter_map(|v| v.number())
            .max_by(f64::total_cmp),
        v => v.number(),
    }
}

/// The width of a network as Zeek writes it, `192.0.2.0/24`; `None` for any other text.
fn subnet_width(text: &[u8]) -> Option<f64> {
    let (address, width) = std::str::from_utf8(text).ok()?.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let width: u8 = width.parse().ok()?;
    (width <= if address.is_ipv4() { 32 } else { 128 }).then_some(f64::from(width))
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
        let clock = columns.iter().position(|c| c.kind == ColumnKind::Clock);
        let count = Kind::Magnitude(Unit::Count);
        let seconds = Kind::Magnitude(Unit::Seconds);
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
            match (c.kind, clock) {
                (ColumnKind::Number, _) => add("", count, Part::Value),
                (ColumnKind::Seconds, _) => add("", seconds, Part::Value),
                (ColumnKind::Moment, Some(clock)) => add(" (age)", seconds, Part::Age(clock)),
                (ColumnKind::Moment | ColumnKind::Clock, _) => {}
                (ColumnKind::Truth | ColumnKind::Code | ColumnKind::Port, _) => {
                    add("", Kind::Category, Part::Value);
                }
                (ColumnKind::Address, _) => {
                    add("", Kind::Category, Part::Value);
                    add(" (network)", Kind::Category, Part::Network);
                }
                (ColumnKind::Subnet, _) => {
                    add("", Kind::Category, Part::Value);
                    add(" (width)", count, Part::Width);
                }
                (ColumnKind::Text, _) => {
                    add("", Kind::Category, Part::Value);
                    add(" (length)", count, Part::Length);
                }
                (ColumnKind::List, _) => {
                    add(" (size)", count, Part::Length);
                    add(" (least)", Kind::Category, Part::Least);
                }
                (ColumnKind::Numbers, _) => {
                    add(" (size)", count, Part::Length);
                    add(" (largest)", count, Part::Largest);
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
    columns: Vec<Learning>,
}

#[derive(Clone, Debug)]
struct Learning {
    name: String,
    kind: Option<ColumnKind>,
    /// Whether a later value may tell more: an empty list does not say of what it is one.
    open: bool,
}

impl KindLearner {
    /// Takes note of a schema: typed columns are known at once.
    pub fn schema(&mut self, schema: &Schema) {
        for f in &schema.fields {
            if self.columns.iter().any(|c| c.name == f.name) {
                continue;
            }
            let kind = kind_of_field(f);
            self.columns.push(Learning {
                name: f.name.clone(),
                kind,
                open: kind.is_none(),
            });
        }
    }

    /// Takes note of a row of that schema: untyped columns are known by their first value.
    pub fn row(&mut self, schema: &Schema, record: &zeek_log::Record<'_>) {
        if self.columns.iter().all(|c| !c.open) {
            return;
        }
        for (i, f) in schema.fields.iter().enumerate() {
            let column = self.columns.iter_mut().find(|c| c.name == f.name && c.open);
            let (Some(column), value) = (column, record.get(i)) else {
                continue;
            };
            if let Some(kind) = kind_of_value(&f.name, &value) {
                column.kind = Some(kind);
                column.open = value.list().is_some_and(|l| l.is_empty());
            }
        }
    }

    /// The spec for what was learned.
    pub fn finish(&self, log: &str) -> GenericSpec {
        let mut columns: Vec<GenericColumn> = self
            .columns
            .iter()
            .filter(|c| !is_identifier(&c.name))
            .filter_map(|c| {
                c.kind.map(|kind| GenericColumn {
                    name: c.name.clone(),
                    kind,
                })
            })
            .collect();
        // JSON rows come with their keys in any order: the order must not matter.
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        columns.truncate(MAX_COLUMNS - 1);
        if columns.iter().any(|c| c.kind == ColumnKind::Moment) {
            columns.push(GenericColumn {
                name: "ts".into(),
                kind: ColumnKind::Clock,
            });
        }
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

fn kind_of_field(f: &Field) -> Option<ColumnKind> {
    Some(match f.ty {
        FieldType::Bool => ColumnKind::Truth,
        FieldType::Port => ColumnKind::Port,
        FieldType::Count | FieldType::Int | FieldType::Double => number_kind(&f.name),
        FieldType::Interval => ColumnKind::Seconds,
        FieldType::Time => ColumnKind::Moment,
        FieldType::Addr => ColumnKind::Address,
        FieldType::Subnet => ColumnKind::Subnet,
        FieldType::String | FieldType::Enum => ColumnKind::Text,
        FieldType::List => match f.element {
            FieldType::Count
            | FieldType::Int
            | FieldType::Double
            | FieldType::Interval
            | FieldType::Time => ColumnKind::Numbers,
            FieldType::Unknown => return None,
            _ => ColumnKind::List,
        },
        FieldType::Unknown => return None,
    })
}

fn kind_of_value(name: &str, v: &Value<'_>) -> Option<ColumnKind> {
    let is_number = |v: &Value<'_>| {
        matches!(
            v,
            Value::Count(_)
                | Value::Int(_)
                | Value::Double(_)
                | Value::Time(_)
                | Value::Interval(_)
        )
    };
    Some(match v {
        Value::Unset => return None,
        Value::Bool(_) => ColumnKind::Truth,
        Value::Port(_) => ColumnKind::Port,
        Value::Time(_) => ColumnKind::Moment,
        Value::Double(d) if is_moment(name, *d) => ColumnKind::Moment,
        Value::Count(_) | Value::Int(_) | Value::Double(_) => number_kind(name),
        Value::Interval(_) => ColumnKind::Seconds,
        Value::Addr(_) => ColumnKind::Address,
        Value::Text(_) if v.addr().is_some() => ColumnKind::Address,
        Value::Text(t) if subnet_width(t).is_some() => ColumnKind::Subnet,
        Value::Text(_) => ColumnKind::Text,
        Value::List(l) if !l.is_empty() && l.iter().all(|v| is_number(&v)) => ColumnKind::Numbers,
        Value::List(_) => ColumnKind::List,
    })
}

/// Whether a fraction without a type is a moment: its column is called a time, and it lies
/// between 1973 and 2106.
fn is_moment(name: &str, v: f64) -> bool {
    let last = name.rsplit(['.', '_']).next().unwrap_or(name);
    matches!(last, "ts" | "time" | "timestamp" | "date") && (1e8..4.3e9).contains(&v)
}

/// A number that is a name by its name: ports and codes.
fn number_kind(name: &str) -> ColumnKind {
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.ends_with("_p") || last.ends_with("_port") || last == "p" || last == "port" {
        ColumnKind::Port
    } else if last.ends_with("code") {
        ColumnKind::Code
    } else {
        ColumnKind::Number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::View;
    use crate::row::Columns;
    use zeek_log::RecordBuf;

    const NAMES: [&str; 9] = [
        "ts",
        "uid",
        "valid_time",
        "src",
        "net",
        "tags",
        "sizes",
        "resp_port",
        "wait",
    ];

    /// A record of each kind of column.
    fn fill(buf: &mut RecordBuf, untyped: bool, reverse: bool) {
        buf.clear();
        if untyped {
            buf.push_double(1.7e9);
            buf.push_text(b"C1");
            buf.push_double(1.7e9 - 60.0);
            buf.push_text(b"192.0.2.7");
        } else {
            buf.push_time(1.7e9);
            buf.push_text(b"C1");
            buf.push_time(1.7e9 - 60.0);
            buf.push_addr([192, 0, 2, 7].into());
        }
        buf.push_text(b"10.0.0.0/8");
        let mut tags: [&[u8]; 3] = [b"beta", b"alpha", b"gamma"];
        if reverse {
            tags.reverse();
        }
        buf.begin_list();
        tags.iter().for_each(|t| buf.push_text(t));
        buf.end_list();
        buf.begin_list();
        [5, 900, 7].iter().for_each(|n| buf.push_count(*n));
        buf.end_list();
        if untyped {
            buf.push_count(51_234);
            buf.push_double(2.5);
        } else {
            buf.push_port(51_234);
            buf.push_interval(2.5);
        }
    }

    fn shown(schema: &Schema, spec: &GenericSpec, buf: &RecordBuf) -> Vec<(String, String)> {
        let names: Vec<&str> = spec.columns.iter().map(|c| c.name.as_str()).collect();
        let columns = Columns::bind(&names, schema);
        let row = Row::new(buf.record(), &columns, View::default());
        let show = |f: &GenericFeature| (f.name.clone(), f.cell(&row).display().into_owned());
        spec.features.iter().map(show).collect()
    }

    fn learn(schema: &Schema, buf: &RecordBuf) -> GenericSpec {
        let mut learner = KindLearner::default();
        learner.schema(schema);
        learner.row(schema, &buf.record());
        learner.finish("made_up")
    }

    #[test]
    fn each_kind_of_column_becomes_features_in_its_own_way_with_types_and_without() {
        use FieldType::{Addr, Count, Interval, Port, String, Subnet, Time};
        let types = [
            Time, String, Time, Addr, Subnet, String, Count, Port, Interval,
        ];
        let schema = |typed: bool| Schema {
            log: "made_up".into(),
            fields: (NAMES.iter().zip(types))
                .map(|(n, t)| match *n {
                    _ if !typed => Field::new(*n, FieldType::Unknown),
                    "tags" | "sizes" => Field::list(*n, t),
                    _ => Field::new(*n, t),
                })
                .collect(),
        };
        let mut buf = RecordBuf::new();
        fill(&mut buf, false, false);
        let spec = learn(&schema(true), &buf);
        let typed = shown(&schema(true), &spec, &buf);
        let want = [
            ("net", "10.0.0.0/8"),
            ("net (width)", "8"),
            ("resp_port", "ephemeral"),
            ("sizes (size)", "3"),
            ("sizes (largest)", "900"),
            ("src", "192.0.2.7"),
            ("src (network)", "192.0.2.0"),
            ("tags (size)", "3"),
            ("tags (least)", "alpha"),
            ("valid_time (age)", "60"),
            ("wait", "2.5"),
        ];
        let typed: Vec<(&str, &str)> = typed.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        assert_eq!(typed, want);
        // The same where nothing is typed, and whatever the order of a set.
        fill(&mut buf, true, true);
        let untyped = shown(&schema(false), &learn(&schema(false), &buf), &buf);
        assert!(
            untyped
                .iter()
                .zip(want)
                .all(|(a, b)| (&a.0[..], &a.1[..]) == b),
            "{untyped:?}"
        );
    }

    #[test]
    fn an_empty_list_leaves_open_what_it_is_a_list_of() {
        let schema = Schema {
            log: "made_up".into(),
            fields: vec![Field::new("sizes", FieldType::Unknown)],
        };
        let mut learner = KindLearner::default();
        learner.schema(&schema);
        let mut buf = RecordBuf::new();
        for n in [0, 2] {
            buf.clear();
            buf.begin_list();
            (0..n).for_each(|i| buf.push_count(i));
            buf.end_list();
            learner.row(&schema, &buf.record());
            let kind = learner.finish("made_up").columns[0].kind;
            assert_eq!(kind == ColumnKind::Numbers, n > 0);
        }
    }
}
