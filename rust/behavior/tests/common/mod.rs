//! A hunter that is fed rows which a test writes down.

// No test uses all of it.
#![allow(dead_code)]

use std::net::Ipv4Addr;
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Finding, Settings};
use zeek_log::{Field, FieldType, RecordBuf, Schema};

/// A value of a column.
#[derive(Clone, Copy)]
pub enum V<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Count(u64),
    Seconds(f64),
    Bool(bool),
    Unset,
}

/// An address and a port.
pub type Side = ([u8; 4], u16);

pub struct Feed {
    pub hunter: BehaviorEngine,
    pub found: Vec<Finding>,
    n: u64,
}

/// A row of a log, with the n-th uid.
pub fn row(
    n: u64,
    log: &str,
    ts: f64,
    orig: Side,
    resp: Side,
    own: &[(&str, V<'_>)],
) -> (BehaviorColumns, RecordBuf) {
    let ids = [
        ("ts", FieldType::Time),
        ("uid", FieldType::String),
        ("id.orig_h", FieldType::Addr),
        ("id.orig_p", FieldType::Port),
        ("id.resp_h", FieldType::Addr),
        ("id.resp_p", FieldType::Port),
    ];
    let own_fields = own.iter().map(|(name, v)| {
        let kind = match v {
            V::Text(_) | V::Bytes(_) | V::Unset => FieldType::String,
            V::Count(_) => FieldType::Count,
            V::Seconds(_) => FieldType::Interval,
            V::Bool(_) => FieldType::Bool,
        };
        Field::new(*name, kind)
    });
    let ids = ids.map(|(name, kind)| Field::new(name, kind));
    let columns = BehaviorColumns::bind(&Schema {
        log: log.into(),
        fields: ids.into_iter().chain(own_fields).collect(),
    });
    let mut b = RecordBuf::new();
    b.push_time(ts);
    b.push_text(format!("C{n}").as_bytes());
    b.push_addr(Ipv4Addr::from(orig.0).into());
    b.push_port(orig.1);
    b.push_addr(Ipv4Addr::from(resp.0).into());
    b.push_port(resp.1);
    for (_, v) in own {
        match v {
            V::Text(t) => b.push_text(t.as_bytes()),
            V::Bytes(t) => b.push_text(t),
            V::Count(n) => b.push_count(*n),
            V::Seconds(s) => b.push_interval(*s),
            V::Bool(t) => b.push_bool(*t),
            V::Unset => b.push_unset(),
        }
    }
    (columns, b)
}

impl Feed {
    pub fn new() -> Feed {
        Feed {
            hunter: BehaviorEngine::new(Settings::default(), None),
            found: Vec::new(),
            n: 0,
        }
    }

    /// One row of a log, with a uid of its own.
    pub fn row(&mut self, log: &str, ts: f64, orig: Side, resp: Side, own: &[(&str, V<'_>)]) {
        self.n += 1;
        let (columns, b) = row(self.n, log, ts, orig, resp, own);
        self.hunter.observe(&columns, &b.record(), &mut self.found);
    }

    /// The findings of a kind.
    pub fn of(&self, kind: &str) -> Vec<&Finding> {
        let is = |f: &&Finding| f.kind.0.name == kind;
        self.found.iter().filter(is).collect()
    }
}
