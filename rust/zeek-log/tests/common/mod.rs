//! Reading a text whole, for the tests.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::Cursor;
use zeek_log::{Error, LogReader, Options, Stats, Value};

/// A value that owns what it holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    Plain(Value<'static>),
    Text(Vec<u8>),
    List(Vec<Owned>),
}

impl Owned {
    pub fn of(v: Value<'_>) -> Owned {
        match v {
            Value::Text(t) => Owned::Text(t.to_vec()),
            Value::List(e) => Owned::List(e.iter().map(Owned::of).collect()),
            Value::Unset => Owned::Plain(Value::Unset),
            Value::Bool(x) => Owned::Plain(Value::Bool(x)),
            Value::Count(x) => Owned::Plain(Value::Count(x)),
            Value::Int(x) => Owned::Plain(Value::Int(x)),
            Value::Double(x) => Owned::Plain(Value::Double(x)),
            Value::Time(x) => Owned::Plain(Value::Time(x)),
            Value::Interval(x) => Owned::Plain(Value::Interval(x)),
            Value::Port(x) => Owned::Plain(Value::Port(x)),
            Value::Addr(x) => Owned::Plain(Value::Addr(x)),
        }
    }
}

pub const UNSET: Owned = Owned::Plain(Value::Unset);

pub fn text(t: impl AsRef<[u8]>) -> Owned {
    Owned::Text(t.as_ref().to_vec())
}

pub fn count(n: u64) -> Owned {
    Owned::Plain(Value::Count(n))
}

/// One row: its log, its columns' names and values, its schema's id.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    pub log: String,
    pub fields: Vec<(String, Owned)>,
    pub id: u64,
    pub line: u64,
}

impl Read {
    pub fn get(&self, name: &str) -> Owned {
        let found = self.fields.iter().find(|f| f.0 == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.fields))
            .1
            .clone()
    }
}

/// All rows, the counts, and the error that ended it, if one did.
#[derive(Debug)]
pub struct All {
    pub rows: Vec<Read>,
    pub stats: Stats,
    pub end: Option<Error>,
}

impl All {
    pub fn reasons(&self) -> Vec<String> {
        self.stats
            .refusals
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

pub fn read_as(name: &str, bytes: impl AsRef<[u8]>) -> Result<All, Error> {
    read_with(name, bytes, &Options::default())
}

pub fn read_with(name: &str, bytes: impl AsRef<[u8]>, options: &Options) -> Result<All, Error> {
    let stream = Box::new(Cursor::new(bytes.as_ref().to_vec()));
    let mut reader = LogReader::from_reader(stream, name, None, options)?;
    let mut rows = Vec::new();
    let end = loop {
        match reader.next() {
            Ok(Some(row)) => {
                assert_eq!(row.record.len(), row.schema.fields.len());
                let names = row.schema.fields.iter().map(|f| f.name.clone());
                rows.push(Read {
                    log: row.schema.log.clone(),
                    fields: names.zip(row.record.values().map(Owned::of)).collect(),
                    id: row.schema_id,
                    line: row.line,
                });
            }
            Ok(None) => break None,
            Err(e) => break Some(e),
        }
    };
    assert!(
        matches!(reader.next(), Ok(None)),
        "after the end comes nothing"
    );
    let stats = reader.stats().clone();
    let told = stats.rows + stats.refused + stats.headers + stats.comments + stats.blank;
    assert_eq!(
        told,
        stats.lines + stats.several,
        "every line is accounted for"
    );
    assert_eq!(stats.rows, rows.len() as u64);
    Ok(All { rows, stats, end })
}

pub fn read(bytes: impl AsRef<[u8]>) -> All {
    read_as("test.log", bytes).expect("a log")
}
