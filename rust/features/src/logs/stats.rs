//! stats.log: what a node of Zeek itself is doing, every few minutes. Its counts are those since
//! the record before. How a gauge changed is a fact of its own beside its level.

use crate::cell::Cell;
use crate::context::Role;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, magnitude, ratio};

columns! {
    TS = "ts", MEM = "mem", PKTS = "pkts_proc", BYTES = "bytes_recv", DROPPED = "pkts_dropped",
    LINK = "pkts_link", LAG = "pkt_lag", EVENTS = "events_proc", QUEUED = "events_queued",
    ACTIVE_TCP = "active_tcp_conns", ACTIVE_UDP = "active_udp_conns", ACTIVE_ICMP = "active_icmp_conns",
    TCP = "tcp_conns", UDP = "udp_conns", ICMP = "icmp_conns", TIMERS = "timers",
    ACTIVE_TIMERS = "active_timers", FILES = "files", ACTIVE_FILES = "active_files", DNS = "dns_requests",
    ACTIVE_DNS = "active_dns_requests", REASSEM_TCP = "reassem_tcp_size", REASSEM_FILE = "reassem_file_size",
    REASSEM_FRAG = "reassem_frag_size", REASSEM_UNKNOWN = "reassem_unknown_size",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "stats",
    columns: COLUMNS,
    role: Role::Series,
    detector: DefaultDetector::TimeSeries,
    features: &[
        ratio("hour", "hour_of_day", |r| hour(r, TS)),
        magnitude("memory", "mem", Unit::Count, |r| Cell::num(r.num(MEM))),
        magnitude("memory change", "mem_change", Unit::Quotient, |r| change(r, MEM)),
        magnitude("packets", "pkts_proc", Unit::Count, |r| Cell::num(r.num(PKTS))),
        magnitude("packets", "pkts_per_second", Unit::Count, |r| rate(r, TS, PKTS)),
        magnitude("packets change", "pkts_change", Unit::Quotient, |r| change(r, PKTS)),
        magnitude("bytes", "bytes_recv", Unit::Bytes, |r| Cell::num(r.num(BYTES))),
        magnitude("bytes", "bytes_per_second", Unit::Rate, |r| rate(r, TS, BYTES)),
        magnitude("bytes change", "bytes_change", Unit::Quotient, |r| change(r, BYTES)),
        magnitude("packet_size", "bytes_per_pkt", Unit::Bytes, |r| Cell::num(r.per(BYTES, PKTS))),
        magnitude("loss", "pkts_dropped", Unit::Count, |r| Cell::num(r.num(DROPPED))),
        ratio("loss", "dropped_share", |r| Cell::num(r.per(DROPPED, LINK))),
        magnitude("loss", "pkt_lag", Unit::Seconds, |r| Cell::num(r.num(LAG))),
        magnitude("events", "events_proc", Unit::Count, |r| Cell::num(r.num(EVENTS))),
        magnitude("events", "events_per_pkt", Unit::Quotient, |r| Cell::num(r.per(EVENTS, PKTS))),
        magnitude("events change", "events_change", Unit::Quotient, |r| change(r, EVENTS)),
        magnitude("queue", "events_queued", Unit::Count, |r| Cell::num(r.num(QUEUED))),
        magnitude("queue", "queued_per_event", Unit::Quotient, |r| Cell::num(r.per(QUEUED, EVENTS))),
        magnitude("tcp", "active_tcp_conns", Unit::Count, |r| Cell::num(r.num(ACTIVE_TCP))),
        magnitude("tcp", "tcp_conns", Unit::Count, |r| Cell::num(r.num(TCP))),
        magnitude("tcp change", "active_tcp_change", Unit::Quotient, |r| change(r, ACTIVE_TCP)),
        magnitude("tcp change", "tcp_conns_change", Unit::Quotient, |r| change(r, TCP)),
        magnitude("udp", "active_udp_conns", Unit::Count, |r| Cell::num(r.num(ACTIVE_UDP))),
        magnitude("udp", "udp_conns", Unit::Count, |r| Cell::num(r.num(UDP))),
        magnitude("udp change", "udp_conns_change", Unit::Quotient, |r| change(r, UDP)),
        magnitude("icmp", "active_icmp_conns", Unit::Count, |r| Cell::num(r.num(ACTIVE_ICMP))),
        magnitude("icmp", "icmp_conns", Unit::Count, |r| Cell::num(r.num(ICMP))),
        magnitude("icmp change", "icmp_conns_change", Unit::Quotient, |r| change(r, ICMP)),
        magnitude("conns", "conns_per_second", Unit::Count, |r| {
            Cell::num(seconds(r, TS).and_then(|s| Some(conns(r)? / s)))
        }),
        ratio("open", "active_share", |r| {
            Cell::num(active(r).and_then(|a| Some(a / (conns(r)? + a).max(1.0))))
        }),
        ratio("protocols", "tcp_share", |r| share(r, TCP)),
        ratio("protocols", "udp_share", |r| share(r, UDP)),
        ratio("protocols", "icmp_share", |r| share(r, ICMP)),
        magnitude("timers", "timers", Unit::Count, |r| Cell::num(r.num(TIMERS))),
        magnitude("timers", "active_timers", Unit::Count, |r| Cell::num(r.num(ACTIVE_TIMERS))),
        magnitude("timers", "timer_pressure", Unit::Quotient, |r| Cell::num(r.per(ACTIVE_TIMERS, TIMERS))),
        magnitude("timers change", "active_timers_change", Unit::Quotient, |r| change(r, ACTIVE_TIMERS)),
        magnitude("files", "files", Unit::Count, |r| Cell::num(r.num(FILES))),
        magnitude("files", "active_files", Unit::Count, |r| Cell::num(r.num(ACTIVE_FILES))),
        magnitude("files", "files_per_conn", Unit::Quotient, |r| {
            Cell::num(r.num(FILES).and_then(|f| Some(f / (conns(r)? + 1.0))))
        }),
        magnitude("files change", "files_change", Unit::Quotient, |r| change(r, FILES)),
        magnitude("dns", "dns_requests", Unit::Count, |r| Cell::num(r.num(DNS))),
        magnitude("dns", "active_dns_requests", Unit::Count, |r| Cell::num(r.num(ACTIVE_DNS))),
        magnitude("dns", "dns_per_udp", Unit::Quotient, |r| Cell::num(r.per(DNS, UDP))),
        magnitude("dns change", "dns_requests_change", Unit::Quotient, |r| change(r, DNS)),
        magnitude("reassembly", "reassem_tcp_size", Unit::Bytes, |r| Cell::num(r.num(REASSEM_TCP))),
        magnitude("reassembly", "reassem_file_size", Unit::Bytes, |r| Cell::num(r.num(REASSEM_FILE))),
        magnitude("reassembly", "reassem_frag_size", Unit::Bytes, |r| Cell::num(r.num(REASSEM_FRAG))),
        magnitude("reassembly", "reassem_unknown_size", Unit::Bytes, |r| Cell::num(r.num(REASSEM_UNKNOWN))),
        magnitude("reassembly change", "reassem_tcp_change", Unit::Quotient, |r| change(r, REASSEM_TCP)),
    ],
};

/// Connections since the record before.
fn conns(r: &Row<'_>) -> Option<f64> {
    Some(r.sum(TCP, UDP)? + r.num(ICMP).unwrap_or(0.0))
}

/// Connections that are open.
fn active(r: &Row<'_>) -> Option<f64> {
    Some(r.sum(ACTIVE_TCP, ACTIVE_UDP)? + r.num(ACTIVE_ICMP).unwrap_or(0.0))
}

/// The part of the connections that is of one protocol.
fn share<'r>(r: &Row<'r>, protocol: usize) -> Cell<'r> {
    let all = conns(r).filter(|n| *n > 0.0);
    Cell::num(all.and_then(|n| Some(r.num(protocol)? / n)))
}

/// The hour of the day, in UTC.
pub(super) fn hour<'r>(r: &Row<'r>, ts: usize) -> Cell<'r> {
    Cell::num(r.num(ts).map(|t| (t / 3600.0).floor().rem_euclid(24.0)))
}

/// Seconds since the record before of the same node or host.
pub(super) fn seconds(r: &Row<'_>, ts: usize) -> Option<f64> {
    let passed = r.num(ts)? - r.context.previous(ts)?;
    Some(passed).filter(|s| *s > 0.0)
}

/// So many a second since the record before.
pub(super) fn rate<'r>(r: &Row<'r>, ts: usize, column: usize) -> Cell<'r> {
    Cell::num(seconds(r, ts).and_then(|s| Some(r.num(column)? / s)))
}

/// How many times as much as in the record before, defined for zeros too.
pub(super) fn change<'r>(r: &Row<'r>, column: usize) -> Cell<'r> {
    let times = |now: f64, before: f64| (now + 1.0) / (before + 1.0);
    Cell::num(r.num(column).and_then(|now| Some(times(now, r.context.previous(column)?))))
}
