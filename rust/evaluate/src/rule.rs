//! Rules on columns: `id.resp_p=1337,proto=tcp`.

use std::fmt;
use std::str::FromStr;
use zeek_anomaly_engine::offline::reads_as;
use zeek_log::{Record, Schema, Value};

/// Columns and the values that all of them must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRule {
    text: String,
    parts: Vec<(String, String)>,
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` should be COLUMN=VALUE, as in id.resp_p=1337,proto=tcp")]
pub struct RuleError(String);

impl ColumnRule {
    /// Whether a row matches. A row of a log without one of the columns does not.
    pub fn matches(&self, schema: &Schema, record: &Record<'_>) -> bool {
        self.parts.iter().all(|(column, want)| {
            let at = schema.position(column);
            at.is_some_and(|at| is_written(&record.get(at), want))
        })
    }

    /// The columns that it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(column, _)| column.as_str())
    }
}

/// Whether a value reads as this text; `-` is an unset value.
pub(crate) fn is_written(value: &Value<'_>, text: &str) -> bool {
    (text == "-" && value.is_unset()) || reads_as(value, text)
}

impl FromStr for ColumnRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<ColumnRule, RuleError> {
        let part = |p: &str| match p.split_once('=') {
            Some((column, value)) if !column.is_empty() => Ok((column.into(), value.into())),
            _ => Err(RuleError(p.to_owned())),
        };
        Ok(ColumnRule {
            parts: text.split(',').map(part).collect::<Result<_, _>>()?,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for ColumnRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_log::{Field, FieldType, RecordBuf};

    #[test]
    fn every_column_must_have_its_value() {
        let schema = Schema {
            log: "conn".into(),
            fields: vec![
                Field::new("id.resp_p", FieldType::Port),
                Field::new("proto", FieldType::Enum),
                Field::new("service", FieldType::String),
            ],
        };
        let mut row = RecordBuf::new();
        row.push_port(1337);
        row.push_text(b"tcp");
        row.push_unset();
        let matches = |rule: &str| {
            let rule: ColumnRule = rule.parse().unwrap();
            rule.matches(&schema, &row.record())
        };
        assert!(matches("id.resp_p=1337,proto=tcp,service=-"));
        assert!(!matches("id.resp_p=1337,proto=udp"));
        assert!(!matches("id.resp_p=1337,local_resp=T"));
        assert!(!matches("proto=-"));
        for bad in ["", "proto", "=tcp", "proto=tcp,"] {
            assert!(bad.parse::<ColumnRule>().is_err(), "{bad}");
        }
    }
}
