//! Anomalous records of different logs that belong together: by the connection's uid, the file's fuid.

use crate::bounded::hash;
use crate::chance::beyond;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use zeek_log::{Record, Schema, Value};

/// Uids of anomalous records that are kept. Later ones are not counted; the components saturate long before.
const UIDS: usize = 262_144;

/// The columns that name what a record belongs to.
#[derive(Debug, Default)]
pub struct LinkColumns {
    uids: Vec<usize>,
    fuid: Option<usize>,
    linked: Vec<usize>,
    host: Option<usize>,
}

impl LinkColumns {
    /// Binds them.
    pub fn bind(schema: &Schema) -> LinkColumns {
        let all = |names: &[&str]| names.iter().filter_map(|n| schema.position(n)).collect();
        LinkColumns {
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

/// Anomalous records by connection and file.
#[derive(Debug, Default)]
pub struct CrossLogTies {
    /// A bit for each log.
    uids: HashMap<u64, u64>,
    files: HashSet<u64>,
    linked: HashSet<u64>,
}

impl CrossLogTies {
    /// Takes an anomalous record of log number `log`.
    pub fn see(&mut self, columns: &LinkColumns, log_name: &str, log: usize, record: &Record<'_>) {
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

    /// The uids that are strange in several of the logs that `expected` gives a number for: how
    /// many strange records of that log an ordinary day brings.
    ///
    /// A uid that is strange in certain logs is one of the strange records of each of them, so chance
    /// brings no more of them than the least number that is to be expected of any.
    pub fn uids(&self, expected: &dyn Fn(usize) -> Option<f64>) -> TieCounts {
        let counts = |i: &usize| expected(*i).is_some();
        let mask = (0..64).filter(counts).fold(0u64, |m, i| m | 1 << i);
        let mut sets: BTreeMap<u64, u64> = BTreeMap::new();
        for logs in self.uids.values() {
            if (logs & mask).count_ones() >= 2 {
                *sets.entry(logs & mask).or_default() += 1;
            }
        }
        let mut tied = TieCounts::default();
        for (logs, n) in sets {
            let of_set = (0..64).filter(|i| logs >> i & 1 == 1);
            let least = of_set.filter_map(expected).fold(f64::INFINITY, f64::min);
            let more = beyond(n, least);
            tied.two += n;
            tied.two_beyond += more;
            if logs.count_ones() >= 3 {
                tied.three += n;
                tied.three_beyond += more;
            }
        }
        tied
    }

    /// The number of anomalous files that anomalous http records name.
    pub fn fuids(&self) -> u64 {
        self.linked.intersection(&self.files).count() as u64
    }
}

/// Connections that are anomalous in several logs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TieCounts {
    /// In two and more.
    pub two: u64,
    /// In three and more.
    pub three: u64,
    /// Those in two and more that chance does not explain.
    pub two_beyond: f64,
    /// The same for three and more.
    pub three_beyond: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uids by the logs that they are anomalous in: (logs as bits, how many).
    fn ties(sets: &[(u64, u64)]) -> CrossLogTies {
        let mut ties = CrossLogTies::default();
        for (logs, n) in sets {
            for i in 0..*n {
                ties.uids
                    .insert(hash(format!("{logs} {i}").as_bytes()), *logs);
            }
        }
        ties
    }

    #[test]
    fn a_uid_of_one_log_ties_nothing() {
        assert_eq!(ties(&[(1, 500)]).uids(&|_| Some(1.0)), TieCounts::default());
    }

    #[test]
    fn ties_beyond_chance_count() {
        // Log 0 is large, with a hundred anomalous rows on any day; 1 and 2 are small.
        let expected = |i: usize| [100.0, 0.2, 0.3].get(i).copied();
        let tied = ties(&[(0b110, 9), (0b111, 4)]).uids(&expected);
        assert_eq!((tied.two, tied.three), (13, 4));
        assert!(tied.two_beyond > 7.0 && tied.three_beyond > 1.0, "{tied:?}");
        let none = ties(&[(0b11, 1)]).uids(&expected);
        assert_eq!((none.two, none.two_beyond), (1, 0.0));
    }

    #[test]
    fn logs_that_do_not_count_tie_nothing() {
        let one = |i: usize| (i == 0).then_some(0.1);
        assert_eq!(ties(&[(0b11, 50)]).uids(&one), TieCounts::default());
    }
}
