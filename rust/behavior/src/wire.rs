//! Records on their way from the process that saw them to the one that keeps state.
//!
//! In a cluster the flows of one host are spread over workers, and a worker sees only its
//! part of a beat. So each worker packs what behaviours look at, and nothing else, into batches,
//! one stream of batches for each of [`BUCKETS`] buckets of originators. Whoever is
//! chosen for a bucket gets all of its hosts' records, and looks at them as if it had seen
//! them itself.
//!
//! Where several share the hosts ([`Packer::new`]), what many do to one would be seen in parts, and how common a target is,
//! too. So what is done to a host goes to the bucket of that host as well, and that two know each other goes to all, once
//! an hour for each pair. Both carry only the columns that are looked at there.
//!
//! A batch is a log's name, then the values of the columns that have one, for each record;
//! lengths before contents, numbers as LEB128 or eight bytes. It comes from the network:
//! everything in it is checked.

use crate::entity::Key;
use crate::event::{BehaviorColumns, Column, Event, Log, NAMES, Outcome, View};
use crate::settings::Settings;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;
use zeek_log::{Field, FieldType, Record, RecordBuf, Schema, Value};

/// Streams of batches by originator. More than there are ever processes to share them. As many by target follow.
pub const BUCKETS: usize = 256;

/// The stream that goes to all.
pub const TO_ALL: u16 = 2 * BUCKETS as u16;

/// Pairs that are remembered as sent.
const SENT: usize = 1 << 15;

/// A batch that is this large is on its way at once, in bytes.
const FULL: usize = 32 * 1024;

/// The largest batch that is read.
const MAX_BATCH: usize = 1 << 20;

/// Batches that wait to be taken at most; beyond that the oldest are dropped, and counted.
const MAX_WAITING: usize = 1024;

/// The longest text that is sent of a value, in bytes.
const MAX_TEXT: usize = 1024;

/// The most logs that an unpacker remembers.
const MAX_LOGS: usize = 256;

/// What a batch begins with: the form, which tells the view, and this version of the list of columns.
const MAGIC: [(u8, View); 4] = [
    (0xa5, View::Whole),
    (0xa6, View::Originator),
    (0xa7, View::Target),
    (0xa8, View::Network),
];

/// The columns of what is done to a host.
const OF_TARGET: &[Column] = &[
    Column::Ts,
    Column::Uid,
    Column::OrigH,
    Column::OrigP,
    Column::RespH,
    Column::RespP,
    Column::Proto,
    Column::Duration,
    Column::OrigBytes,
    Column::RespBytes,
    Column::OrigPkts,
    Column::RespPkts,
    Column::OrigIpBytes,
    Column::RespIpBytes,
    Column::MissedBytes,
    Column::ConnState,
    Column::History,
    Column::LocalOrig,
    Column::LocalResp,
];

/// The columns of who knows whom.
const OF_NETWORK: &[Column] = &[
    Column::Ts,
    Column::OrigH,
    Column::RespH,
    Column::RespP,
    Column::Proto,
    Column::ConnState,
    Column::LocalOrig,
    Column::LocalResp,
    Column::ServerName,
    Column::Host,
    Column::Query,
    Column::RcodeName,
];

/// Records for one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The bucket.
    pub bucket: u16,
    /// Records in it.
    pub records: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Packs records.
#[derive(Debug)]
pub struct Packer {
    /// The batch of each bucket that is being filled.
    open: Vec<Batch>,
    full: VecDeque<Batch>,
    dropped: u64,
    /// Where several processes share the hosts: pairs that were sent, with the hour.
    sent: Option<Vec<u64>>,
    settings: Settings,
}

impl Default for Packer {
    fn default() -> Self {
        Packer::new(&Settings::default())
    }
}

impl Packer {
    /// A packer for one process, or for several ([`crate::network::VIEWS`]).
    pub fn new(settings: &Settings) -> Packer {
        let empty = |bucket| Batch {
            bucket,
            records: 0,
            bytes: Vec::new(),
        };
        let views = settings.get(&crate::network::VIEWS) > 0.0;
        Packer {
            open: (0..=TO_ALL).map(empty).collect(),
            full: VecDeque::new(),
            dropped: 0,
            sent: views.then(|| vec![0; SENT]),
            settings: settings.clone(),
        }
    }

    /// Adds a record. Those without an originator go together, and so does ARP: who claims what, and whether it was
    /// asked, is told by all of a link together, and there is little of it.
    pub fn add(&mut self, columns: &BehaviorColumns, record: &Record<'_>) {
        if columns.log() == Log::Arp {
            return self.put(0, self.whole(), columns, record, &|_| true);
        }
        let bucket = bucket_of(columns, record, "id.orig_h");
        if self.sent.is_none() {
            return self.put(bucket, View::Whole, columns, record, &|_| true);
        }
        self.put(bucket, View::Originator, columns, record, &|_| true);
        let Some(event) = Event::new(columns, *record) else {
            return;
        };
        let ours = |addr: Option<IpAddr>, c: Column| {
            event.truth(c) == Some(true) || addr.is_some_and(|a| self.settings.is_local(a))
        };
        let (orig, resp) = (
            ours(event.orig, Column::LocalOrig),
            ours(event.resp, Column::LocalResp),
        );
        let conn = event.log == Log::Conn;
        let login = matches!(
            event.log,
            Log::Ssh
                | Log::Rdp
                | Log::Ftp
                | Log::Kerberos
                | Log::Ntlm
                | Log::Ldap
                | Log::Mysql
                | Log::Rfb
        ) || event.log == Log::Http && event.text(Column::Username).is_some();
        if conn && resp || login {
            let to = bucket_of(columns, record, "id.resp_h") + BUCKETS as u16;
            let wanted = |c: usize| !conn || OF_TARGET.iter().any(|w| *w as usize == c);
            self.put(to, View::Target, columns, record, &wanted);
        }
        let answered = conn && event.outcome() == Outcome::Answered;
        if orig && (answered || event.name().is_some()) && self.is_news(&event) {
            let wanted = |c: usize| OF_NETWORK.iter().any(|w| *w as usize == c);
            self.put(TO_ALL, View::Network, columns, record, &wanted);
        }
    }

    /// How a record goes that is all that its process is to know.
    fn whole(&self) -> View {
        match self.sent {
            Some(_) => View::Originator,
            None => View::Whole,
        }
    }

    /// Whether nobody was told within the hour that the two know each other.
    fn is_news(&mut self, e: &Event<'_>) -> bool {
        let mut key = Key::new(e.log as u64).number((e.ts / 3600.0) as u64);
        for addr in [e.orig, e.resp].into_iter().flatten() {
            key = key.addr(addr);
        }
        if let Some(name) = e.name() {
            // A tunnel never asks for the same name twice, but always for the same domain.
            let domain = (e.log == Log::Dns).then(|| crate::text::registered_domain(name));
            key = key.bytes(domain.flatten().unwrap_or(name));
        }
        let key = key.finish() | 1;
        let slot = self
            .sent
            .as_mut()
            .and_then(|s| s.get_mut(key as usize / 2 % SENT));
        slot.is_some_and(|slot| std::mem::replace(slot, key) != key)
    }

    fn put(
        &mut self,
        bucket: u16,
        view: View,
        columns: &BehaviorColumns,
        record: &Record<'_>,
        wanted: &dyn Fn(usize) -> bool,
    ) {
        let Some(batch) = self.open.get_mut(usize::from(bucket)) else {
            return;
        };
        if batch.bytes.is_empty() {
            let magic = MAGIC.iter().find(|m| m.1 == view).map_or(0, |m| m.0);
            batch.bytes.extend([magic, NAMES.len() as u8]);
        }
        write(columns, record, wanted, &mut batch.bytes);
        batch.records += 1;
        if batch.bytes.len() >= FULL {
            let full = batch.take();
            self.push(full);
        }
    }

    /// The next batch: full ones, and with `all` those that are not full, too.
    pub fn take(&mut self, all: bool) -> Option<Batch> {
        if let Some(full) = self.full.pop_front() {
            return Some(full);
        }
        let mut open = self.open.iter_mut().filter(|b| all && b.records > 0);
        open.next().map(Batch::take)
    }

    /// Records that were dropped because nobody took the batches.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn push(&mut self, batch: Batch) {
        if self.full.len() >= MAX_WAITING
            && let Some(oldest) = self.full.pop_front()
        {
            self.dropped += u64::from(oldest.records);
        }
        self.full.push_back(batch);
    }
}

impl Batch {
    /// What is in it; it is empty then.
    fn take(&mut self) -> Batch {
        Batch {
            bucket: self.bucket,
            records: std::mem::take(&mut self.records),
            bytes: std::mem::take(&mut self.bytes),
        }
    }
}

fn bucket_of(columns: &BehaviorColumns, record: &Record<'_>, column: &str) -> u16 {
    let orig = columns
        .places()
        .find(|(c, _)| NAMES.get(*c) == Some(&column))
        .and_then(|(_, at)| record.get(at).addr());
    let hash = match orig {
        Some(IpAddr::V4(a)) => xxh3_64(&a.octets()),
        Some(IpAddr::V6(a)) => xxh3_64(&a.octets()),
        None => 0,
    };
    (hash % BUCKETS as u64) as u16
}

fn number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn bytes(out: &mut Vec<u8>, text: &[u8]) {
    let text = &text[..text.len().min(MAX_TEXT)];
    number(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Kinds of values.
mod kind {
    pub(super) const FALSE: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const COUNT: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const DOUBLE: u8 = 4;
    pub(super) const TIME: u8 = 5;
    pub(super) const INTERVAL: u8 = 6;
    pub(super) const PORT: u8 = 7;
    pub(super) const V4: u8 = 8;
    pub(super) const V6: u8 = 9;
    pub(super) const TEXT: u8 = 10;
    /// A set or vector: of what it holds, only how much is sent, and texts.
    pub(super) const LIST: u8 = 11;
}

/// The most elements that are sent of a list.
const MAX_ELEMENTS: usize = 16;

fn write(
    columns: &BehaviorColumns,
    record: &Record<'_>,
    wanted: &dyn Fn(usize) -> bool,
    out: &mut Vec<u8>,
) {
    bytes(out, columns.name().as_bytes());
    for (column, at) in columns.places() {
        let value = record.get(at);
        if !value.is_unset() && wanted(column) {
            out.push(column as u8);
            write_value(value, out);
        }
    }
    // No column has this number.
    out.push(u8::MAX);
}

fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    let real = |out: &mut Vec<u8>, kind: u8, v: f64| {
        out.push(kind);
        out.extend_from_slice(&v.to_bits().to_le_bytes());
    };
    match value {
        // Not met: who calls leaves unset ones out.
        Value::Unset => out.push(kind::FALSE),
        Value::Bool(b) => out.push(if b { kind::TRUE } else { kind::FALSE }),
        Value::Count(n) => {
            out.push(kind::COUNT);
            number(out, n);
        }
        Value::Int(n) => {
            out.push(kind::INT);
            out.extend_from_slice(&n.to_le_bytes());
        }
        Value::Double(v) => real(out, kind::DOUBLE, v),
        Value::Time(v) => real(out, kind::TIME, v),
        Value::Interval(v) => real(out, kind::INTERVAL, v),
        Value::Port(p) => {
            out.push(kind::PORT);
            out.extend_from_slice(&p.to_le_bytes());
        }
        Value::Addr(IpAddr::V4(a)) => {
            out.push(kind::V4);
            out.extend_from_slice(&a.octets());
        }
        Value::Addr(IpAddr::V6(a)) => {
            out.push(kind::V6);
            out.extend_from_slice(&a.octets());
        }
        Value::Text(t) => {
            out.push(kind::TEXT);
            bytes(out, t);
        }
        Value::List(l) => {
            out.push(kind::LIST);
            let sent = l.iter().take(MAX_ELEMENTS);
            number(out, sent.len() as u64);
            for v in sent {
                bytes(out, v.text().unwrap_or_default());
            }
        }
    }
}

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It is of another version, or no batch.
    #[error("a batch of records in another form: are all nodes of one version?")]
    Form,
    /// It ends in the midst of a record, or says what cannot be.
    #[error("a batch of records that is damaged")]
    Damaged,
}

/// Unpacks batches.
#[derive(Debug)]
pub struct Unpacker {
    logs: HashMap<Vec<u8>, BehaviorColumns>,
    record: RecordBuf,
}

impl Default for Unpacker {
    fn default() -> Self {
        Unpacker {
            logs: HashMap::new(),
            record: RecordBuf::new(),
        }
    }
}

impl Unpacker {
    /// Hands out the records of a batch, up to what is wrong with it.
    ///
    /// # Errors
    /// What is wrong; the records before it were handed out.
    pub fn unpack(
        &mut self,
        batch: &[u8],
        each: &mut dyn FnMut(View, &BehaviorColumns, &Record<'_>),
    ) -> Result<u32, WireError> {
        let (view, mut rest) = match batch {
            [magic, n, rest @ ..] if usize::from(*n) == NAMES.len() => {
                let view = MAGIC.iter().find(|m| m.0 == *magic).map(|m| m.1);
                (view.ok_or(WireError::Form)?, rest)
            }
            _ => return Err(WireError::Form),
        };
        if batch.len() > MAX_BATCH {
            return Err(WireError::Damaged);
        }
        let mut records = 0;
        while !rest.is_empty() {
            let log = take_bytes(&mut rest)?;
            read(&mut rest, &mut self.record)?;
            if self.logs.len() >= MAX_LOGS && !self.logs.contains_key(log) {
                return Err(WireError::Damaged);
            }
            let columns = self
                .logs
                .entry_ref(log)
                .or_insert_with(|| BehaviorColumns::bind(&schema(log)));
            each(view, columns, &self.record.record());
            records += 1;
        }
        Ok(records)
    }
}

/// All columns that can come, in their order.
fn schema(log: &[u8]) -> Arc<Schema> {
    let field = |name: &&str| Field::new(*name, FieldType::Unknown);
    Arc::new(Schema {
        log: String::from_utf8_lossy(log).into_owned(),
        fields: NAMES.iter().map(field).collect(),
    })
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> Result<&'a [u8], WireError> {
    let (taken, left) = rest.split_at_checked(n).ok_or(WireError::Damaged)?;
    *rest = left;
    Ok(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], WireError> {
    take(rest, N)?.try_into().map_err(|_| WireError::Damaged)
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, WireError> {
    take_array::<1>(rest).map(|b| b[0])
}

fn take_number(rest: &mut &[u8]) -> Result<u64, WireError> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let b = take_byte(rest)?;
        n |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            return Ok(n);
        }
    }
    Err(WireError::Damaged)
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], WireError> {
    let n = usize::try_from(take_number(rest)?).map_err(|_| WireError::Damaged)?;
    if n > MAX_TEXT {
        return Err(WireError::Damaged);
    }
    take(rest, n)
}

fn take_real(rest: &mut &[u8]) -> Result<f64, WireError> {
    take_array(rest).map(|b| f64::from_bits(u64::from_le_bytes(b)))
}

/// One record's values; what is not there is unset.
fn read(rest: &mut &[u8], out: &mut RecordBuf) -> Result<(), WireError> {
    out.clear();
    let mut next = 0;
    loop {
        let column = take_byte(rest)?;
        let end = if column == u8::MAX {
            NAMES.len()
        } else {
            usize::from(column)
        };
        // BehaviorColumns come in their order, each once.
        if end < next || end > NAMES.len() {
            return Err(WireError::Damaged);
        }
        for _ in next..end {
            out.push_unset();
        }
        if column == u8::MAX {
            return Ok(());
        }
        if end == NAMES.len() {
            return Err(WireError::Damaged);
        }
        next = end + 1;
        match take_byte(rest)? {
            kind::FALSE => out.push_bool(false),
            kind::TRUE => out.push_bool(true),
            kind::COUNT => out.push_count(take_number(rest)?),
            kind::INT => out.push_int(i64::from_le_bytes(take_array(rest)?)),
            kind::DOUBLE => out.push_double(take_real(rest)?),
            kind::TIME => out.push_time(take_real(rest)?),
            kind::INTERVAL => out.push_interval(take_real(rest)?),
            kind::PORT => out.push_port(u16::from_le_bytes(take_array(rest)?)),
            kind::V4 => out.push_addr(IpAddr::from(take_array::<4>(rest)?)),
            kind::V6 => out.push_addr(IpAddr::from(take_array::<16>(rest)?)),
            kind::TEXT => out.push_plain_text(take_bytes(rest)?),
            kind::LIST => {
                let n = take_number(rest)?;
                if n > MAX_ELEMENTS as u64 {
                    return Err(WireError::Damaged);
                }
                out.begin_list();
                for _ in 0..n {
                    out.push_plain_text(take_bytes(rest)?);
                }
                out.end_list();
            }
            _ => return Err(WireError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        use FieldType::{Addr, Bool, Count, Interval, Port, String, Time};
        let fields = [
            ("ts", Time),
            ("uid", String),
            ("id.orig_h", Addr),
            ("id.resp_h", Addr),
            ("id.resp_p", Port),
            ("duration", Interval),
            ("orig_bytes", Count),
            ("local_orig", Bool),
            ("nobody_asks", String),
        ];
        let mut fields: Vec<Field> = fields.map(|(n, t)| Field::new(n, t)).into();
        fields.push(Field::list("answers", String));
        Schema {
            log: "conn".into(),
            fields,
        }
    }

    fn record(i: u8) -> RecordBuf {
        let mut b = RecordBuf::new();
        b.push_time(1e9 + f64::from(i));
        b.push_text(b"C\\x00\xff\\");
        b.push_addr([10, 0, 0, i].into());
        b.push_addr("2001:db8::1".parse().unwrap());
        b.push_port(443);
        b.push_unset();
        b.push_count(u64::MAX - u64::from(i));
        b.push_bool(i.is_multiple_of(2));
        b.push_text(b"not sent");
        b.begin_list();
        b.push_text(b"a.test");
        b.end_list();
        b
    }

    /// What arrives, as text: the values of the columns that were sent.
    fn texts(columns: &BehaviorColumns, r: &Record<'_>) -> Vec<String> {
        let there = columns.places().map(|(c, at)| (NAMES[c], r.get(at)));
        let set = there.filter(|(_, v)| !v.is_unset());
        let shown = |v: Value<'_>| match v {
            Value::List(l) => format!("{:?}", l.iter().map(|v| v.text()).collect::<Vec<_>>()),
            v => format!("{v:?}"),
        };
        let mut out: Vec<String> = set.map(|(n, v)| format!("{n}={}", shown(v))).collect();
        out.sort();
        out
    }

    #[test]
    fn what_arrives_is_what_was_sent_and_a_hosts_records_stay_together() {
        let columns = BehaviorColumns::bind(&schema());
        let (mut packer, mut sent) = (Packer::default(), Vec::new());
        for i in 0..200 {
            let r = record(i % 50);
            packer.add(&columns, &r.record());
            sent.push(texts(&columns, &r.record()));
        }
        assert!(packer.take(false).is_none());
        let (mut unpacker, mut came, mut hosts) = (Unpacker::default(), Vec::new(), HashMap::new());
        while let Some(batch) = packer.take(true) {
            let n = unpacker
                .unpack(&batch.bytes, &mut |_, c, r| {
                    let t = texts(c, r);
                    let host = t.iter().find(|t| t.starts_with("id.orig_h")).cloned();
                    let before = hosts.insert(host, batch.bucket);
                    assert!(before.is_none_or(|b| b == batch.bucket));
                    came.push(t);
                })
                .unwrap();
            assert_eq!(n, batch.records);
        }
        came.sort();
        sent.sort();
        assert_eq!(came, sent);
        assert!(sent[0].iter().all(|t| !t.contains("nobody_asks")));
    }

    #[test]
    fn batches_that_nobody_takes_stay_bounded_and_are_counted() {
        let columns = BehaviorColumns::bind(&schema());
        let mut packer = Packer::default();
        let mut r = RecordBuf::new();
        r.push_time(1e9);
        r.push_text(&[b'x'; MAX_TEXT]);
        for _ in 0..40_000 {
            packer.add(&columns, &r.record());
        }
        assert!(packer.full.len() <= MAX_WAITING && packer.dropped() > 0);
        let waiting: u64 = packer.full.iter().map(|b| u64::from(b.records)).sum();
        let open: u64 = packer.open.iter().map(|b| u64::from(b.records)).sum();
        assert_eq!(packer.dropped() + waiting + open, 40_000);
    }

    #[test]
    fn damage_is_refused_and_harms_nothing() {
        let columns = BehaviorColumns::bind(&schema());
        let mut packer = Packer::default();
        for i in 0..4 {
            packer.add(&columns, &record(i).record());
        }
        let good = packer.take(true).unwrap().bytes;
        let mut unpacker = Unpacker::default();
        let none = &mut |_: View, _: &BehaviorColumns, _: &Record<'_>| {};
        assert_eq!(unpacker.unpack(b"", none), Err(WireError::Form));
        assert_eq!(unpacker.unpack(b"hello", none), Err(WireError::Form));
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                // Some damage reads as other values. None panics.
                let _ = unpacker.unpack(&bad, none);
            }
            let cut = unpacker.unpack(&good[..at], none);
            assert!(at == 2 || at > 2 && cut.is_ok() || cut.is_err(), "{at}");
        }
    }
}
