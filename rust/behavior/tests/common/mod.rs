//! A hunter that is fed rows which a test writes down.

use std::net::Ipv4Addr;
use zeek_anomaly_behavior::{Columns, Finding, Hunter, Settings};
use zeek_log::{Field, FieldType, RecordBuf, Schema};

/// A value of a column.
#[derive(Clone, Copy)]
pub enum V<'a> {
    Text(&'a str),
    Count(u64),
    Bool(bool),
    Unset,
}

/// An address and a port.
pub type Side = ([u8; 4], u16);

pub struct Feed {
    pub hunter: Hunter,
    pub found: Vec<Finding>,
    n: u64,
}

impl Feed {
    pub fn new() -> Feed {
        Feed {
            hunter: Hunter::new(Settings::default(), None),
            found: Vec::new(),
            n: 0,
        }
    }

    /// One row of a log, with a uid of its own.
    pub fn row(&mut self, log: &str, ts: f64, orig: Side, resp: Side, own: &[(&str, V<'_>)]) {
        let ids = [
            ("ts", FieldType::Time),
            ("uid", FieldType::String),
            ("id.orig_h", FieldType::Addr),
            ("id.orig_p", FieldType::Port),
            ("id.resp_h", FieldType::Addr),
            ("id.resp_p", FieldType::Port),
        ];
        let own_types = own.iter().map(|(name, v)| {
            let kind = match v {
                V::Text(_) | V::Unset => FieldType::String,
                V::Count(_) => FieldType::Count,
                V::Bool(_) => FieldType::Bool,
            };
            Field::new(*name, kind)
        });
        let ids = ids.map(|(name, kind)| Field::new(name, kind));
        let columns = Columns::bind(&Schema {
            log: log.into(),
            fields: ids.into_iter().chain(own_types).collect(),
        });
        let mut b = RecordBuf::new();
        self.n += 1;
        b.push_time(ts);
        b.push_text(format!("C{}", self.n).as_bytes());
        b.push_addr(Ipv4Addr::from(orig.0).into());
        b.push_port(orig.1);
        b.push_addr(Ipv4Addr::from(resp.0).into());
        b.push_port(resp.1);
        for (_, v) in own {
            match v {
                V::Text(t) => b.push_text(t.as_bytes()),
                V::Count(n) => b.push_count(*n),
                V::Bool(t) => b.push_bool(*t),
                V::Unset => b.push_unset(),
            }
        }
        self.hunter.observe(&columns, &b.record(), &mut self.found);
    }

    /// The findings of a kind.
    pub fn of(&self, kind: &str) -> Vec<&Finding> {
        let mut of = self.found.iter().collect::<Vec<_>>();
        of.retain(|f| f.kind.0.name == kind);
        of
    }
}
