//! The record before, of logs that are a series: one record each few minutes of each node, or one
//! each day of each host.

use crate::logs;
use hashbrown::HashMap;
use std::net::IpAddr;
use xxhash_rust::xxh3::xxh3_64_with_seed;
use zeek_log::{Record, Schema, Value};

/// Series remembered: nodes of the cluster, times logs, and hosts of this network.
const MOST: usize = 65_536;

/// Where the columns of a series stand in a schema.
#[derive(Clone, Debug)]
pub(crate) struct SeriesColumns {
    log: u64,
    of: Option<usize>,
    columns: Vec<Option<usize>>,
}

impl SeriesColumns {
    pub(crate) fn bind(schema: &Schema) -> SeriesColumns {
        let names = logs::by_name(&schema.log).map_or(&[][..], |t| t.columns);
        SeriesColumns {
            log: xxh3_64_with_seed(schema.log.as_bytes(), 0),
            // The node that writes of itself, or the host that is written of.
            of: schema.position("peer").or_else(|| schema.position("host")),
            columns: names.iter().map(|n| schema.position(n)).collect(),
        }
    }

    fn key(&self, record: &Record<'_>) -> u64 {
        match self.of.map(|i| record.get(i)) {
            Some(Value::Addr(IpAddr::V4(a))) => xxh3_64_with_seed(&a.octets(), self.log),
            Some(Value::Addr(IpAddr::V6(a))) => xxh3_64_with_seed(&a.octets(), self.log),
            of => xxh3_64_with_seed(of.and_then(|v| v.text()).unwrap_or_default(), self.log),
        }
    }
}

/// The last record of each series: its numbers, NaN where it has none.
#[derive(Debug, Default)]
pub(crate) struct Series(HashMap<u64, Vec<f64>>);

impl Series {
    /// The numbers of the record before, by the positions of the log type's columns.
    pub(crate) fn before(&self, columns: &SeriesColumns, record: &Record<'_>) -> Option<&[f64]> {
        Some(self.0.get(&columns.key(record))?)
    }

    /// The record is now the one before.
    pub(crate) fn advance(&mut self, columns: &SeriesColumns, record: &Record<'_>) {
        let key = columns.key(record);
        // Peers and hosts are this network's own; where somebody invents more, they have no history.
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return;
        }
        let last = self.0.entry(key).or_default();
        last.clear();
        let number = |c: &Option<usize>| c.and_then(|i| record.get(i).number()).unwrap_or(f64::NAN);
        last.extend(columns.columns.iter().map(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_log::{Field, FieldType, RecordBuf};

    #[test]
    fn each_node_has_its_own_record_before_and_there_are_not_too_many() {
        let fields = [
            ("ts", FieldType::Time),
            ("peer", FieldType::String),
            ("gaps", FieldType::Count),
        ];
        let schema = Schema {
            log: "capture_loss".into(),
            fields: fields.into_iter().map(|(n, t)| Field::new(n, t)).collect(),
        };
        let columns = SeriesColumns::bind(&schema);
        let gaps =
            logs::by_name("capture_loss").and_then(|t| t.columns.iter().position(|c| *c == "gaps"));
        let gaps = gaps.expect("capture_loss has gaps");
        let row = |peer: &str, n: u64| {
            let mut b = RecordBuf::new();
            b.push_time(1.7e9 + n as f64);
            b.push_text(peer.as_bytes());
            b.push_count(n);
            b
        };
        let mut series = Series::default();
        assert!(series.before(&columns, &row("a", 1).record()).is_none());
        for (peer, n) in [("a", 1), ("b", 5), ("a", 2)] {
            series.advance(&columns, &row(peer, n).record());
        }
        let before =
            |s: &Series, peer: &str| s.before(&columns, &row(peer, 9).record()).map(|v| v[gaps]);
        assert_eq!(
            (before(&series, "a"), before(&series, "b")),
            (Some(2.0), Some(5.0))
        );
        for i in 0..2 * MOST {
            series.advance(&columns, &row(&format!("n{i}"), 3).record());
        }
        assert_eq!(series.0.len(), MOST);
        assert_eq!(before(&series, "a"), Some(2.0));
    }

    #[test]
    fn a_host_has_its_own_record_before() {
        let fields = [("ts", FieldType::Time), ("host", FieldType::Addr)];
        let schema = Schema {
            log: "known_hosts".into(),
            fields: fields.into_iter().map(|(n, t)| Field::new(n, t)).collect(),
        };
        let columns = SeriesColumns::bind(&schema);
        let row = |host: &str, ts: f64| {
            let mut b = RecordBuf::new();
            b.push_time(ts);
            b.push_addr(host.parse().expect("an address"));
            b
        };
        let mut series = Series::default();
        for (host, ts) in [("192.0.2.1", 1e9), ("192.0.2.2", 2e9), ("2001:db8::1", 3e9)] {
            series.advance(&columns, &row(host, ts).record());
        }
        let before = |host: &str| Some(series.before(&columns, &row(host, 4e9).record())?[0]);
        assert_eq!(before("192.0.2.1"), Some(1e9));
        assert_eq!(before("2001:db8::1"), Some(3e9));
        assert_eq!(before("192.0.2.3"), None);
    }
}
