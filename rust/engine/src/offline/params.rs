//! Which rows are used, and how they are read.

use std::fmt;
use std::sync::Arc;
use zeek_anomaly_features::Limits;
use zeek_log::{Error, Input, LogReader, OpenFiles, Options, Record, Schema, Value};

/// Which rows are used, and how they are read.
#[derive(Clone, Debug, Default)]
pub struct ReadParams {
    /// Only rows from this time on (seconds since the epoch).
    pub from: Option<f64>,
    /// Only rows before this time.
    pub until: Option<f64>,
    /// Only rows whose column has this text: (column, text).
    pub only: Option<(String, String)>,
    /// Only rows that pass this.
    pub select: Option<Select>,
    /// Columns that features and contexts see as unset in every row. What decides
    /// whether a row is used, and `Scored::record`, still have their values. Those
    /// that tie records together ([`KEPT`]) are never blanked.
    pub blank: Vec<String>,
    /// How lines are read.
    pub options: Options,
    /// How files are opened: those that are read again may stay open.
    pub files: OpenFiles,
    /// What is remembered of connections.
    pub limits: Limits,
}

/// Columns that [`ReadParams::blank`] leaves alone.
pub const KEPT: &[&str] = &["ts", "uid", "uids", "fuid", "conn_uids"];

/// A test of rows.
#[derive(Clone)]
pub struct Select(pub Arc<RowTest>);

/// Whether a row is to be used.
pub type RowTest = dyn Fn(&Schema, &Record<'_>) -> bool + Send + Sync;

impl fmt::Debug for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select")
    }
}

impl ReadParams {
    /// Opens an input.
    ///
    /// # Errors
    /// As for [`LogReader::open`].
    pub fn open(&self, input: &Input) -> Result<LogReader, Error> {
        self.files.open(input, &self.options)
    }

    /// The schema without the names of the columns that are blanked: nothing can be
    /// bound to them, and every position stays.
    pub fn blind(&self, schema: &Arc<Schema>) -> Arc<Schema> {
        let blanked = |name: &String| self.blank.contains(name) && !KEPT.contains(&name.as_str());
        if !schema.fields.iter().any(|f| blanked(&f.name)) {
            return schema.clone();
        }
        let mut blind = Schema::clone(schema);
        for f in blind.fields.iter_mut().filter(|f| blanked(&f.name)) {
            // No feature is made of a column whose name begins so.
            f.name = "_blanked".into();
        }
        Arc::new(blind)
    }
}

/// Whether a value is what somebody wrote as `text`.
pub fn reads_as(value: &Value<'_>, text: &str) -> bool {
    match value {
        Value::Text(t) => *t == text.as_bytes(),
        Value::Bool(b) => text == if *b { "T" } else { "F" } || text == b.to_string(),
        Value::Addr(a) => text.parse() == Ok(*a),
        _ => value.number().is_some_and(|n| text.parse() == Ok(n)),
    }
}
