//! What ties strange records of different logs together: the connection's uid, the file's
//! fuid.

use crate::bounded::hash;
use crate::chance::beyond;
use hashbrown::{HashMap, HashSet};
use zeek_log::{Record, Schema, Value};

/// Uids of strange records that are kept. What comes after is not counted: the numbers are
/// then lower bounds, and saturated long before.
const UIDS: usize = 262_144;

/// Where a schema says what a record belongs to.
#[derive(Debug, Default)]
pub struct Columns {
    uids: Vec<usize>,
    fuid: Option<usize>,
    linked: Vec<usize>,
    host: Option<usize>,
}

impl Columns {
    /// Binds them.
    pub fn bind(schema: &Schema) -> Columns {
        let all = |names: &[&str]| names.iter().filter_map(|n| schema.position(n)).collect();
        Columns {
            uids: all(&["uid", "conn_uids", "uids"]),
            fuid: schema.position("fuid"),
            linked: all(&["resp_fuids", "orig_fuids"]),
            host: schema
                .position("id.orig_h")
                .or_else(|| schema.position("src")),
        }
    }

    /// The originator.
    pub fn host(&self, record: &Record<'_>) -> Option<std::net::IpAddr> {
        self.host.and_then(|i| record.get(i).addr())
    }

    /// Hashes of its connections.
    pub fn each_uid(&self, record: &Record<'_>, f: &mut dyn FnMut(u64)) {
        for at in &self.uids {
            each(record.get(*at), f);
        }
    }
}

fn each(value: Value<'_>, f: &mut dyn FnMut(u64)) {
    match value {
        Value::Text(t) if !t.is_empty() => f(hash(t)),
        Value::List(all) => {
            for t in all.iter().filter_map(|v| v.text()) {
                f(hash(t));
            }
        }
        _ => {}
    }
}

/// Strange records by what they belong to.
#[derive(Debug, Default)]
pub struct Ties {
    /// A bit for each log.
    uids: HashMap<u64, u64>,
    files: HashSet<u64>,
    linked: HashSet<u64>,
}

impl Ties {
    /// A strange record of log number `log`.
    pub fn see(&mut self, columns: &Columns, log_name: &str, log: usize, record: &Record<'_>) {
        let bit = 1u64 << log.min(63);
        columns.each_uid(record, &mut |uid| {
            if self.uids.len() < UIDS || self.uids.contains_key(&uid) {
                *self.uids.entry(uid).or_default() |= bit;
            }
        });
        let add = |to: &mut HashSet<u64>, at: usize| {
            each(record.get(at), &mut |fuid| {
                if to.len() < UIDS {
                    to.insert(fuid);
                }
            });
        };
        if log_name == "files"
            && let Some(at) = columns.fuid
        {
            add(&mut self.files, at);
        }
        for at in columns.linked.iter().filter(|_| log_name == "http") {
            add(&mut self.linked, *at);
        }
    }

    /// How many uids are strange in at least two and at least three of the logs that `counts`
    /// says.
    pub fn uids(&self, counts: &dyn Fn(usize) -> bool) -> (u64, u64) {
        let mask = (0..64).filter(|i| counts(*i)).fold(0u64, |m, i| m | 1 << i);
        let (mut two, mut three) = (0, 0);
        for logs in self.uids.values() {
            let n = (logs & mask).count_ones();
            two += u64::from(n >= 2);
            three += u64::from(n >= 3);
        }
        (two, three)
    }

    /// How many files are strange that strange http records name.
    pub fn fuids(&self) -> u64 {
        self.linked.intersection(&self.files).count() as u64
    }
}

/// What chance explains of ties. A uid that is strange in two logs is strange in one other than the log
/// with the most strange records, so on an ordinary day there are no more of them than all others
/// together have; likewise for three.
pub fn beyond_chance(two: u64, three: u64, mut expected: Vec<f64>) -> (f64, f64) {
    expected.sort_by(|a, b| b.total_cmp(a));
    let others = |n: usize| expected.iter().skip(n).sum::<f64>();
    (beyond(two, others(1)), beyond(three, others(2)))
}
