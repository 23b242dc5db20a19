//! What a log's records are to their connection, and where the columns are that say so.

use crate::series::SeriesColumns;
use xxhash_rust::xxh3::xxh3_64_with_seed;
use zeek_log::{Record, Schema, Value};

/// What a log's records are to their connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing: the log has no context.
    None,
    /// Nothing either, but its records see the weirds and notices of their connection.
    Reader,
    /// The connection itself, at its end.
    Conn,
    /// An HTTP request.
    Http,
    /// A DNS transaction.
    Dns,
    /// A TLS handshake.
    Ssl,
    /// An SSH session.
    Ssh,
    /// A file.
    Files,
    /// An oddity.
    Weird,
    /// A notice.
    Notice,
    /// One of a series of records of a node or host, without a connection: its records see the
    /// one before.
    Series,
}

pub(super) const ROLES: usize = 11;

impl Role {
    /// Whether the log's records tell something of their connection before its end.
    pub fn tells(self) -> bool {
        !matches!(self, Role::None | Role::Reader | Role::Conn | Role::Series)
    }
}

/// Where the columns that matter to the context stand in a schema.
#[derive(Clone, Debug)]
pub struct ContextColumns {
    pub(super) role: Role,
    /// Which sensor's the records are: equal uids of others are other connections.
    pub(super) sensor: u64,
    pub(super) ts: Option<usize>,
    pub(super) uid: Option<usize>,
    pub(super) conn_uids: Option<usize>,
    pub(super) fuid: Option<usize>,
    pub(super) duration: Option<usize>,
    pub(super) a: Option<usize>,
    pub(super) b: Option<usize>,
    pub(super) c: Option<usize>,
    pub(super) series: Option<SeriesColumns>,
}

impl ContextColumns {
    /// Binds the columns of a schema for a role.
    pub fn bind(role: Role, schema: &Schema) -> ContextColumns {
        let (a, b, c) = match role {
            Role::Http => ("status_code", "", ""),
            Role::Dns => ("rcode", "", ""),
            Role::Ssl => ("established", "", ""),
            Role::Ssh => ("auth_attempts", "auth_success", ""),
            Role::Files => ("seen_bytes", "missing_bytes", "timedout"),
            _ => ("", "", ""),
        };
        ContextColumns {
            role,
            sensor: 0,
            ts: schema.position("ts"),
            uid: schema.position("uid"),
            conn_uids: schema.position("conn_uids"),
            fuid: schema.position("fuid"),
            duration: schema.position("duration"),
            a: schema.position(a),
            b: schema.position(b),
            c: schema.position(c),
            series: (role == Role::Series).then(|| SeriesColumns::bind(schema)),
        }
    }

    /// The same for records of one of several sensors.
    pub fn of_sensor(self, sensor: u64) -> ContextColumns {
        ContextColumns { sensor, ..self }
    }

    /// The positions that are looked at; `None` where all may be.
    pub fn positions(&self) -> Option<impl Iterator<Item = usize>> {
        let own = [
            self.ts,
            self.uid,
            self.conn_uids,
            self.fuid,
            self.duration,
            self.a,
            self.b,
            self.c,
        ];
        self.series.is_none().then(|| own.into_iter().flatten())
    }

    /// The key of the connection that the record belongs to.
    pub(super) fn key(&self, record: &Record<'_>) -> Option<u64> {
        Some(xxh3_64_with_seed(self.uid(record)?, self.sensor))
    }

    /// The record's `ts` in seconds.
    pub fn ts(&self, record: &Record<'_>) -> Option<f64> {
        record.get(self.ts?).number()
    }

    /// The one connection that the record belongs to.
    fn uid<'r>(&self, record: &Record<'r>) -> Option<&'r [u8]> {
        if let Some(t) = self
            .uid
            .and_then(|i| record.get(i).text())
            .filter(|t| !t.is_empty())
        {
            return Some(t);
        }
        // files.log before Zeek 5.1 names its connections in a set.
        match record.get(self.conn_uids?) {
            Value::List(e) if e.len() == 1 => e.iter().next().and_then(|v| v.text()),
            Value::Text(t) => Some(t),
            _ => None,
        }
    }
}
