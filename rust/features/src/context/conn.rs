//! What is known of one connection, and how the features of a record see it.

use super::columns::ROLES;
use xxhash_rust::xxh3::xxh3_64;

/// A file that ended by itself on one connection.
#[derive(Clone, Copy, Debug)]
pub struct FileState {
    pub(super) fuid: u64,
    /// When its last byte was seen, in microseconds.
    pub(super) end: i64,
    /// Bytes that Zeek saw of it.
    pub seen_bytes: f64,
    /// Bytes that were lost on the way to Zeek.
    pub missing_bytes: f64,
}

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Open,
    /// Its conn record was met; other records may still have to be scored with it.
    Marked,
    /// It lingers, for late records.
    Ended,
}

/// What is known of one connection from its records in other logs.
#[derive(Clone, Debug, Default)]
pub struct ConnState {
    pub(super) sequence: u64,
    pub(super) phase: Phase,
    pub(super) earlier: [u32; ROLES],
    pub(super) files: Vec<FileState>,
    pub(super) weirds: Vec<i64>,
    pub(super) notices: Vec<i64>,
    /// HTTP requests.
    pub http: u32,
    /// HTTP responses with a status of 400 or more.
    pub http_errors: u32,
    /// DNS answers NXDOMAIN.
    pub dns_nxdomain: u32,
    /// TLS handshakes that were not completed.
    pub ssl_failed: u32,
    /// SSH authentication attempts, but for sessions whose login failed.
    pub ssh_attempts: f64,
}

impl ConnState {
    /// Items that it keeps.
    pub(super) fn kept(&self) -> usize {
        self.files.len() + self.weirds.len() + self.notices.len()
    }
}

/// A record's context, as its features see it.
#[derive(Clone, Copy, Debug, Default)]
pub struct View<'a> {
    pub(super) state: Option<&'a ConnState>,
    pub(super) role: usize,
    /// Weirds and notices before this moment count (microseconds, exclusive).
    pub(super) before: i64,
    /// The numbers of the record before, where the log is a series.
    pub(super) previous: Option<&'a [f64]>,
}

impl<'a> View<'a> {
    /// A number of the record before of the same node, by the column's position in the log type;
    /// of logs that are a series.
    pub fn previous(&self, column: usize) -> Option<f64> {
        let v = *self.previous?.get(column)?;
        (!v.is_nan()).then_some(v)
    }

    /// What is known of the connection; `None` where nothing is.
    pub fn conn(&self) -> Option<&'a ConnState> {
        self.state
    }

    /// A count or sum over the connection; 0 where nothing is known.
    pub fn total(&self, f: impl Fn(&ConnState) -> f64) -> f64 {
        self.state.map_or(0.0, f)
    }

    /// Earlier records of the same connection in the same log.
    pub fn earlier(&self) -> f64 {
        self.state.map_or(0.0, |s| f64::from(s.earlier[self.role]))
    }

    /// Weird records of the connection that are known by now.
    pub fn weirds(&self) -> f64 {
        self.state
            .map_or(0, |s| s.weirds.iter().filter(|t| **t < self.before).count()) as f64
    }

    /// Notices about the connection that are known by now.
    pub fn notices(&self) -> f64 {
        self.state.map_or(0, |s| {
            s.notices.iter().filter(|t| **t < self.before).count()
        }) as f64
    }

    /// Files of the connection that ended by themselves before its end, and their bytes.
    pub fn files(&self) -> (f64, f64) {
        let files = self.state.map_or(&[][..], |s| &s.files);
        // Sums of whole numbers: exact, in whatever order.
        files
            .iter()
            .filter(|f| f.end < self.before)
            .fold((0.0, 0.0), |(n, bytes), f| (n + 1.0, bytes + f.seen_bytes))
    }

    /// The file with this fuid, if it ended by itself on this connection.
    pub fn file(&self, fuid: &[u8]) -> Option<&'a FileState> {
        let key = xxh3_64(fuid);
        self.state?.files.iter().find(|f| f.fuid == key)
    }
}
