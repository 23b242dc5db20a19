//! Everything that all logs say of one connection or file.
//!
//! A connection is named by its uid in most logs; files it carried by their fuids, which
//! `files` and the protocol logs tie to it, and by which `x509`, `pe` and others go on. So the
//! logs are read until no new name is found, and then once more for the records.

use crate::offline::{Observer, ReadParams, Tally};
use std::collections::BTreeSet;
use std::sync::Arc;
use zeek_log::{Input, Record, RecordBuf, Schema, Value};

/// Columns that hold names of connections.
const UIDS: &[&str] = &["uid", "uids", "conn_uids", "tunnel_parents"];

/// Columns that hold names of files.
const FUIDS: &[&str] = &[
    "fuid",
    "fuids",
    "id",
    "parent_fuid",
    "orig_fuids",
    "resp_fuids",
    "cert_chain_fuids",
    "client_cert_chain_fuids",
];

/// Names and records that are gathered at most: a log that is made up may tie
/// everything to everything.
const MOST: usize = 100_000;

/// How often the logs are read for new names: uid, its files, what is in those.
const ROUNDS: usize = 4;

/// The names that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Related {
    /// Connections.
    pub uids: BTreeSet<Vec<u8>>,
    /// Files.
    pub fuids: BTreeSet<Vec<u8>>,
    /// Whether there were more than are kept.
    pub cut: bool,
}

/// Where the names stand in a schema.
struct Columns {
    uids: Vec<usize>,
    fuids: Vec<usize>,
}

impl Columns {
    fn of(schema: &Schema) -> Columns {
        let at = |names: &[&str]| names.iter().filter_map(|n| schema.position(n)).collect();
        let mut fuids: Vec<usize> = at(FUIDS);
        // In logs other than those about files `id` is something else.
        if !matches!(schema.log.as_str(), "x509" | "pe" | "ocsp" | "files") {
            fuids.retain(|i| schema.fields.get(*i).is_none_or(|f| f.name != "id"));
        }
        Columns {
            uids: at(UIDS),
            fuids,
        }
    }
}

fn names<'r>(record: &Record<'r>, columns: &[usize]) -> Vec<&'r [u8]> {
    let mut out = Vec::new();
    for i in columns {
        match record.get(*i) {
            Value::Text(t) if !t.is_empty() => out.push(t),
            Value::List(l) => out.extend(l.iter().filter_map(|v| v.text())),
            _ => {}
        }
    }
    out
}

impl Related {
    /// Only what was asked for.
    fn new(wanted: &str) -> Related {
        let name = wanted.as_bytes().to_vec();
        let mut related = Related::default();
        // Zeek's fuids begin with F, its uids with C; who knows what others do.
        related.uids.insert(name.clone());
        related.fuids.insert(name);
        related
    }

    fn holds(&self, columns: &Columns, record: &Record<'_>) -> bool {
        names(record, &columns.uids)
            .iter()
            .any(|n| self.uids.contains(*n))
            || names(record, &columns.fuids)
                .iter()
                .any(|n| self.fuids.contains(*n))
    }

    /// Adds the names of a record that belongs here.
    fn learn(&mut self, wanted: &str, columns: &Columns, record: &Record<'_>) {
        for n in names(record, &columns.fuids) {
            add(&mut self.fuids, n, &mut self.cut);
        }
        // A connection is not followed to others through a file that they share; a file
        // that was asked for is followed to its connections.
        let asked = names(record, &columns.fuids).contains(&wanted.as_bytes());
        if asked {
            for n in names(record, &columns.uids) {
                add(&mut self.uids, n, &mut self.cut);
            }
        }
    }

    fn len(&self) -> usize {
        self.uids.len() + self.fuids.len()
    }
}

fn add(to: &mut BTreeSet<Vec<u8>>, name: &[u8], cut: &mut bool) {
    if to.contains(name) {
        return;
    }
    if to.len() >= MOST {
        *cut = true;
        return;
    }
    to.insert(name.to_vec());
}

/// One record that was found.
#[derive(Debug)]
pub struct Found {
    /// The position of its input.
    pub input: usize,
    /// Its line.
    pub line: u64,
    /// Its columns.
    pub schema: Arc<Schema>,
    /// Its values.
    pub record: RecordBuf,
}

impl Found {
    /// Its time, in seconds since the epoch.
    pub fn ts(&self) -> Option<f64> {
        let at = self.schema.position("ts")?;
        self.record.record().get(at).number()
    }
}

/// Finds the records of all logs that belong to a uid or fuid, in the order of time; what
/// has none comes last.
pub fn find(
    inputs: &[Input],
    wanted: &str,
    read: &ReadParams,
    observer: &mut dyn Observer,
) -> (Related, Vec<Found>) {
    let mut related = Related::new(wanted);
    for _ in 0..ROUNDS {
        let before = related.len();
        for input in inputs {
            // What is wrong with an input is said in the last round.
            each(input, read, |columns, _, record, _| {
                if related.holds(columns, record) {
                    related.learn(wanted, columns, record);
                }
            });
        }
        if related.len() == before {
            break;
        }
    }
    let mut found: Vec<Found> = Vec::new();
    let mut cut = related.cut;
    for (i, input) in inputs.iter().enumerate() {
        let mut tally = Tally::default();
        let (stats, error) = each(input, read, |columns, schema, record, line| {
            if !related.holds(columns, record) {
                tally.filtered += 1;
                return;
            }
            tally.used += 1;
            if found.len() >= MOST {
                cut = true;
                return;
            }
            let mut kept = RecordBuf::new();
            kept.copy_from(record);
            found.push(Found {
                input: i,
                line,
                schema: schema.clone(),
                record: kept,
            });
        });
        if let Some(e) = error {
            observer.problem(e);
        }
        if let Some(stats) = stats {
            observer.finished(input, &stats, &tally);
        }
    }
    related.cut = cut;
    found.sort_by(|a, b| {
        let ts = |f: &Found| f.ts().unwrap_or(f64::INFINITY);
        ts(a)
            .total_cmp(&ts(b))
            .then((a.input, a.line).cmp(&(b.input, b.line)))
    });
    (related, found)
}

/// Reads an input to its end.
fn each(
    input: &Input,
    read: &ReadParams,
    mut f: impl FnMut(&Columns, &Arc<Schema>, &Record<'_>, u64),
) -> (Option<zeek_log::Stats>, Option<zeek_log::Error>) {
    let mut reader = match read.open(input) {
        Ok(r) => r,
        Err(e) => return (None, Some(e)),
    };
    let mut bound: Option<(u64, Columns)> = None;
    let error = loop {
        match reader.next() {
            Ok(Some(row)) => {
                if bound.as_ref().is_none_or(|b| b.0 != row.schema_id) {
                    bound = Some((row.schema_id, Columns::of(row.schema)));
                }
                if let Some((_, columns)) = &bound {
                    f(columns, row.schema, &row.record, row.line);
                }
            }
            Ok(None) => break None,
            Err(e) => break Some(e),
        }
    };
    (Some(reader.stats().clone()), error)
}
