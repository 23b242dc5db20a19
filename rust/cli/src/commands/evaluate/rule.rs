//! Rules on columns: `id.resp_p=1337,proto=tcp`.

use std::fmt;
use std::str::FromStr;
use zeek_anomaly_engine::offline::reads_as;
use zeek_log::{Record, Schema};

/// Columns and the values that all of them have to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    text: String,
    parts: Vec<(String, String)>,
}

impl Rule {
    /// Whether a row is as the rule says. A log without one of the columns has no such row.
    pub fn takes(&self, schema: &Schema, record: &Record<'_>) -> bool {
        self.parts.iter().all(|(column, want)| {
            schema.position(column).is_some_and(|at| {
                let value = record.get(at);
                (want == "-" && value.is_unset()) || reads_as(&value, want)
            })
        })
    }

    /// The columns that it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(column, _)| column.as_str())
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Rule, String> {
        let part = |p: &str| match p.split_once('=') {
            Some((column, value)) if !column.is_empty() => Ok((column.into(), value.into())),
            _ => Err(format!(
                "`{p}` should be COLUMN=VALUE, as in id.resp_p=1337,proto=tcp"
            )),
        };
        Ok(Rule {
            parts: text.split(',').map(part).collect::<Result<_, _>>()?,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_log::{Field, FieldType, RecordBuf};

    #[test]
    fn every_column_has_to_have_its_value() {
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
        let takes = |rule: &str| rule.parse::<Rule>().unwrap().takes(&schema, &row.record());
        assert!(takes("id.resp_p=1337,proto=tcp,service=-"));
        assert!(!takes("id.resp_p=1337,proto=udp"));
        assert!(!takes("id.resp_p=1337,local_resp=T"));
        assert!(!takes("proto=-"));
        for bad in ["", "proto", "=tcp", "proto=tcp,"] {
            assert!(bad.parse::<Rule>().is_err(), "{bad}");
        }
    }
}
