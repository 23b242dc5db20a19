//! What one connection did in other logs, keyed by its uid.
//!
//! Both doors must give a record the same context, and a log directory does
//! not hold the order in which Zeek wrote records of different logs. So a
//! context is made only of what the logs' contents decide:
//!
//! - a protocol record sees the *earlier records of its connection in the same log*
//!   (a log's lines are in the order in which Zeek wrote them),
//! - and those weird and notice records of its connection whose `ts` is
//!   *strictly before its own* (both are logged at the moment `ts` names, so in
//!   Zeek they have been seen by then);
//! - an http record sees the files that it names by fuid, when the file ended
//!   by itself and on this connection (such a file is logged before the http record);
//! - a record of a series (`stats`, `capture_loss`) sees the one before of its node, in the
//!   same log;
//! - a connection, at its end, sees all its http, dns, ssl and ssh records (Zeek
//!   flushes them before it removes the connection), the files that ended up to its last
//!   packet, and its weird and notice records with `ts` up to then.
//!
//! Two kinds of records that Zeek may write after the connection's end are no context for
//! it: files that timed out, and ssh records of a failed login.
//!
//! Inside Zeek [`Context::absorb`] and [`Context::advance`] follow each scored
//! record, and the conn record ends the context; it lingers for a while, for late records. Offline, a first pass absorbs
//! everything, a second one scores and advances.
//!
//! Memory is bounded: a cap on connections (the oldest go first), a cap on what one
//! connection keeps, and a cap on the sum of it. What was let go is counted.

mod columns;
mod conn;

pub use columns::{ContextColumns, Role};
pub use conn::{ConnState, FileState, View};

use crate::series::Series;
use conn::Phase;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::hash::BuildHasherDefault;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};
use zeek_log::{Record, canon};

/// How much memory a [`Context`] may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections remembered at once.
    pub connections: usize,
    /// Files, weirds and notices remembered for one connection.
    pub items_each: usize,
    /// Files, weirds and notices remembered in all.
    pub items: usize,
    /// Connections remembered after their end, for records that Zeek writes late (a file
    /// that timed out, a weird on closing).
    pub ended: usize,
}

impl Default for Limits {
    /// One million connections, about 400 MB at the very worst.
    fn default() -> Self {
        Limits {
            connections: 1_000_000,
            items_each: 64,
            items: 2_000_000,
            ended: 65_536,
        }
    }
}

/// Microseconds since the epoch, or of a span: exact where a log's six decimals are.
fn micros(seconds: f64) -> i64 {
    canon::nearest(seconds * 1e6)
}

/// The contexts of all connections that are open, or whose records are being read.
#[derive(Debug)]
pub struct Context {
    conns: HashMap<u64, ConnState, BuildHasherDefault<Xxh3Default>>,
    /// Keys in the order of their arrival, with the number of the arrival.
    order: VecDeque<(u64, u64)>,
    /// The same of those that ended, in the order of their ends.
    ended: VecDeque<(u64, u64)>,
    next: u64,
    items: usize,
    /// Connections that ended and linger.
    lingering: usize,
    limits: Limits,
    evicted: u64,
    items_dropped: u64,
    series: Series,
}

impl Default for Context {
    fn default() -> Self {
        Context::new(Limits::default())
    }
}

impl Context {
    /// An empty context.
    pub fn new(limits: Limits) -> Context {
        Context {
            conns: HashMap::default(),
            order: VecDeque::new(),
            ended: VecDeque::with_capacity(limits.ended.min(1 << 20) + 1),
            next: 0,
            items: 0,
            lingering: 0,
            limits,
            evicted: 0,
            items_dropped: 0,
            series: Series::default(),
        }
    }

    /// Open connections remembered now; those that linger after their end do not count.
    pub fn len(&self) -> usize {
        self.conns.len() - self.lingering
    }

    /// Whether no open connection is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Connections forgotten before their end because of the cap.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Files, weirds and notices not remembered because of a cap.
    pub fn items_dropped(&self) -> u64 {
        self.items_dropped
    }

    /// The context of a record.
    pub fn view(&self, columns: &ContextColumns, record: &Record<'_>) -> View<'_> {
        if let Some(series) = &columns.series {
            return View {
                previous: self.series.before(series, record),
                ..View::default()
            };
        }
        if columns.role == Role::None || self.conns.is_empty() {
            return View::default();
        }
        let Some(key) = columns.key(record) else {
            return View::default();
        };
        let Some(state) = self.conns.get(&key) else {
            return View::default();
        };
        let mut before = columns.ts(record).map_or(i64::MIN, micros);
        if columns.role == Role::Conn {
            let d = columns
                .duration
                .and_then(|i| record.get(i).number())
                .unwrap_or(0.0);
            // Up to and with the last packet.
            before = before.saturating_add(micros(d)).saturating_add(1);
        }
        View {
            state: Some(state),
            role: columns.role as usize,
            before,
            previous: None,
        }
    }

    /// Remembers what a record says of its connection. Conn records say nothing here.
    pub fn absorb(&mut self, columns: &ContextColumns, record: &Record<'_>) {
        if !columns.role.tells() {
            return;
        }
        let Some(key) = columns.key(record) else {
            return;
        };
        let Some(key) = self.entry(key) else {
            return;
        };
        let num = |i: Option<usize>| i.and_then(|i| record.get(i).number());
        let full = self.items >= self.limits.items;
        let each = self.limits.items_each;
        let Some(s) = self.conns.get_mut(&key) else {
            return;
        };
        // Sums of whole numbers: exact, so the order of records does not show.
        match columns.role {
            Role::Http => {
                s.http = s.http.saturating_add(1);
                if num(columns.a).is_some_and(|c| c >= 400.0) {
                    s.http_errors = s.http_errors.saturating_add(1);
                }
            }
            Role::Dns => {
                if num(columns.a) == Some(3.0) {
                    s.dns_nxdomain = s.dns_nxdomain.saturating_add(1);
                }
            }
            Role::Ssl => {
                if columns.a.and_then(|i| record.get(i).truth()) == Some(false) {
                    s.ssl_failed = s.ssl_failed.saturating_add(1);
                }
            }
            Role::Ssh => {
                // Zeek decides that a login failed only after it logged the connection.
                if columns.b.and_then(|i| record.get(i).truth()) == Some(false) {
                    return;
                }
                s.ssh_attempts += num(columns.a).unwrap_or(0.0);
            }
            Role::Files => {
                // A file that timed out may be logged after its connection.
                if columns.c.and_then(|i| record.get(i).truth()) == Some(true) {
                    return;
                }
                let Some(ts) = columns.ts(record) else { return };
                let end = micros(ts).saturating_add(micros(num(columns.duration).unwrap_or(0.0)));
                let fuid = columns.fuid.and_then(|i| record.get(i).text());
                if let Some(fuid) = fuid {
                    if full || s.files.len() >= each {
                        self.items_dropped += 1;
                        return;
                    }
                    s.files.push(FileState {
                        fuid: xxh3_64(fuid),
                        end,
                        seen_bytes: num(columns.a).unwrap_or(0.0),
                        missing_bytes: num(columns.b).unwrap_or(0.0),
                    });
                    self.items += 1;
                }
            }
            Role::Weird | Role::Notice => {
                let Some(t) = columns.ts(record) else { return };
                let times = match columns.role {
                    Role::Weird => &mut s.weirds,
                    _ => &mut s.notices,
                };
                if full || times.len() >= each {
                    self.items_dropped += 1;
                    return;
                }
                times.push(micros(t));
                self.items += 1;
            }
            Role::None | Role::Reader | Role::Conn | Role::Series => {}
        }
    }

    /// Counts the record among the earlier ones of its log, for those that follow.
    pub fn advance(&mut self, columns: &ContextColumns, record: &Record<'_>) {
        if let Some(series) = &columns.series {
            self.series.advance(series, record);
        }
        if !columns.role.tells() {
            return;
        }
        let Some(key) = columns.key(record) else {
            return;
        };
        let Some(key) = self.entry(key) else {
            return;
        };
        if let Some(s) = self.conns.get_mut(&key) {
            let n = &mut s.earlier[columns.role as usize];
            *n = n.saturating_add(1);
        }
    }

    /// Ends the connection of a conn record: its context is forgotten once enough
    /// others have ended after it.
    pub fn end(&mut self, columns: &ContextColumns, record: &Record<'_>) {
        let Some(key) = columns.key(record) else {
            return;
        };
        let Some(state) = self.conns.get_mut(&key) else {
            return;
        };
        if state.phase == Phase::Ended {
            return;
        }
        state.phase = Phase::Ended;
        self.ended.push_back((key, state.sequence));
        self.lingering += 1;
        self.forget_ended();
    }

    /// Marks the connection of a conn record as ended, for [`Context::sweep`]:
    /// offline, its protocol records may still have to be scored.
    pub fn mark_ended(&mut self, columns: &ContextColumns, record: &Record<'_>) {
        if columns.role != Role::Conn {
            return;
        }
        let state = columns.key(record).and_then(|key| self.conns.get_mut(&key));
        if let Some(s) = state.filter(|s| s.phase == Phase::Open) {
            s.phase = Phase::Marked;
        }
    }

    /// Ends the connections that were marked, as [`Context::end`] does.
    pub fn sweep(&mut self) {
        let mut marked: Vec<(u64, u64)> = Vec::new();
        for (key, s) in self
            .conns
            .iter_mut()
            .filter(|(_, s)| s.phase == Phase::Marked)
        {
            s.phase = Phase::Ended;
            marked.push((s.sequence, *key));
        }
        // The map's order must not show.
        marked.sort_unstable();
        self.ended
            .extend(marked.into_iter().map(|(sequence, key)| (key, sequence)));
        self.forget_ended();
        self.compact();
    }

    /// Forgets connections that ended longest ago, beyond the number that lingers.
    fn forget_ended(&mut self) {
        while self.ended.len() > self.limits.ended {
            let Some((oldest, sequence)) = self.ended.pop_front() else {
                return;
            };
            if self
                .conns
                .get(&oldest)
                .is_some_and(|s| s.sequence == sequence)
            {
                self.remove(oldest);
            }
        }
    }

    /// Makes sure that a state for `key` exists; `None` where no connection may be kept.
    fn entry(&mut self, key: u64) -> Option<u64> {
        if self.conns.contains_key(&key) {
            return Some(key);
        }
        if self.limits.connections == 0 {
            return None;
        }
        while self.conns.len() >= self.limits.connections {
            let (oldest, sequence) = self.order.pop_front()?;
            if let Some(s) = self.conns.get(&oldest).filter(|s| s.sequence == sequence) {
                self.evicted += u64::from(s.phase != Phase::Ended);
                self.remove(oldest);
            }
        }
        let sequence = self.next;
        self.next += 1;
        self.conns.insert(
            key,
            ConnState {
                sequence,
                ..ConnState::default()
            },
        );
        self.order.push_back((key, sequence));
        if self.order.len() > 2 * self.conns.len() + 1024 {
            self.compact();
        }
        Some(key)
    }

    fn remove(&mut self, key: u64) {
        if let Some(s) = self.conns.remove(&key) {
            self.items -= s.kept();
            self.lingering -= usize::from(s.phase == Phase::Ended);
        }
    }

    /// Drops the order's entries of connections that are gone.
    fn compact(&mut self) {
        let conns = &self.conns;
        self.order
            .retain(|(k, n)| conns.get(k).is_some_and(|s| s.sequence == *n));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_log::{Field, FieldType, RecordBuf, Schema};

    fn weird_schema() -> Schema {
        Schema {
            log: "weird".into(),
            fields: vec![
                Field::new("ts", FieldType::Time),
                Field::new("uid", FieldType::String),
                Field::new("name", FieldType::String),
            ],
        }
    }

    fn weird(buf: &mut RecordBuf, ts: f64, uid: &str, name: &str) {
        buf.clear();
        buf.push_time(ts);
        buf.push_text(uid.as_bytes());
        buf.push_text(name.as_bytes());
    }

    #[test]
    fn a_record_sees_only_weirds_strictly_before_it_and_a_connection_those_up_to_its_end() {
        let schema = weird_schema();
        let weirds = ContextColumns::bind(Role::Weird, &schema);
        let mut ctx = Context::new(Limits {
            ended: 0,
            ..Limits::default()
        });
        let mut buf = RecordBuf::new();
        for (t, name) in [(10.0, "a"), (11.0, "a"), (12.0, "b")] {
            weird(&mut buf, t, "C1", name);
            ctx.absorb(&weirds, &buf.record());
        }
        let as_http = ContextColumns::bind(Role::Http, &schema);
        weird(&mut buf, 12.0, "C1", "");
        let v = ctx.view(&as_http, &buf.record());
        assert_eq!(v.weirds(), 2.0);
        let as_conn = ContextColumns::bind(Role::Conn, &schema);
        let v = ctx.view(&as_conn, &buf.record());
        assert_eq!(v.weirds(), 3.0);
        ctx.end(&as_conn, &buf.record());
        assert!(ctx.is_empty() && ctx.conns.is_empty());
        assert_eq!(ctx.items, 0);
    }

    #[test]
    fn a_flood_of_connections_stays_within_the_cap_and_is_counted() {
        let schema = weird_schema();
        let columns = ContextColumns::bind(Role::Weird, &schema);
        let mut ctx = Context::new(Limits {
            connections: 100,
            items_each: 4,
            items: 150,
            ended: 10,
        });
        let mut buf = RecordBuf::new();
        for i in 0..10_000 {
            weird(&mut buf, 1.0, &format!("C{}", i % 5000), "x");
            for _ in 0..8 {
                ctx.absorb(&columns, &buf.record());
            }
        }
        assert_eq!(ctx.len(), 100);
        assert!(ctx.order.len() <= 2 * 100 + 1025);
        assert!(ctx.items <= 150 && ctx.evicted() > 9000 && ctx.items_dropped() > 0);
    }

    #[test]
    fn ended_connections_leave_no_trace_in_the_order() {
        let schema = weird_schema();
        let columns = ContextColumns::bind(Role::Weird, &schema);
        let conn = ContextColumns::bind(Role::Conn, &schema);
        let mut ctx = Context::new(Limits {
            ended: 100,
            ..Limits::default()
        });
        let mut buf = RecordBuf::new();
        for i in 0..50_000 {
            weird(&mut buf, 1.0, &format!("C{i}"), "x");
            ctx.absorb(&columns, &buf.record());
            ctx.end(&conn, &buf.record());
        }
        assert!(
            ctx.conns.len() == 100
                && ctx.is_empty()
                && ctx.order.len() <= 1226
                && ctx.ended.len() == 100
        );
    }
}
