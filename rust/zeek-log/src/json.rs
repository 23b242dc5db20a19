//! JSON lines, straight into a record.
//!
//! JSON names its columns anew on every line, in any order, and only those that
//! are set. The parser pushes values in the order of the line and remembers
//! which key each belonged to; when the line is over, and the log's name is
//! known, the values are put in the order of that log's schema. Keys that were
//! never met before grow the schema at its end. No tree of the line is built.
//!
//! A nested object's keys become columns with dots between (`id.orig_h`), four
//! levels deep; deeper values are ignored and counted. `_path` and `@stream`
//! name the log of their line and are no columns; all other keys are.

use crate::error::{Reason, shown};
use crate::names;
use crate::number;
use crate::reader::{Guess, Shape};
use crate::record::RecordBuf;
use crate::schema::{Field, FieldType, Schema};
use crate::stats::Stats;
use crate::tsv::Line;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// The most columns of one log.
const MAX_COLUMNS: usize = 1024;
/// The most keys of one stream, over all its logs.
const MAX_KEYS: usize = 16 * 1024;
/// The most logs of one stream.
const MAX_LOGS: usize = 256;
/// The longest key, with its dots, in bytes.
const MAX_KEY: usize = 256;
/// How deep objects may be nested for their values to be kept.
const MAX_DEPTH: usize = 4;

/// A key that was met.
struct Key {
    text: Box<str>,
    /// The column's name.
    name: String,
    ty: FieldType,
    /// The key that came after it last time.
    next: u32,
}

/// All keys of the stream, by text.
#[derive(Default)]
struct Keys {
    all: Vec<Key>,
    by_text: HashMap<Box<str>, u32>,
}

impl Keys {
    /// The key of this text. `last` is the key before it in the line: records of
    /// one log have their keys in one order, so the next is mostly known.
    #[inline]
    fn find(&mut self, text: &str, last: Option<u32>) -> Option<u32> {
        let after = last.map_or(0, |l| self.all.get(l as usize).map_or(0, |k| k.next));
        if self
            .all
            .get(after as usize)
            .is_some_and(|k| *k.text == *text)
        {
            return Some(after);
        }
        let found = match self.by_text.get(text) {
            Some(found) => *found,
            None => self.add(text)?,
        };
        if let Some(last) = last.and_then(|l| self.all.get_mut(l as usize)) {
            last.next = found;
        }
        Some(found)
    }

    #[cold]
    fn add(&mut self, text: &str) -> Option<u32> {
        if self.all.len() >= MAX_KEYS || text.len() > MAX_KEY {
            return None;
        }
        let id = self.all.len() as u32;
        let name = names::dotted(text).to_owned();
        self.all.push(Key {
            text: text.into(),
            ty: names::known_type(&name),
            name,
            next: 0,
        });
        self.by_text.insert(text.into(), id);
        Some(id)
    }
}

/// One log of the stream.
struct Log {
    shape: Shape,
    /// The column of each key, by the key's number.
    columns: Vec<u32>,
}

const NO_COLUMN: u32 = u32::MAX;
/// The log is full: the key's values are ignored.
const IGNORED: u32 = u32::MAX - 1;

pub(crate) struct Json {
    keys: Keys,
    logs: Vec<Log>,
    current: usize,
    guess: Guess,
    /// The keys of the line's values, then their places.
    order: Vec<u32>,
    path: String,
    log: String,
}

impl Json {
    pub(crate) fn new(guess: Guess) -> Json {
        Json {
            keys: Keys::default(),
            logs: Vec::new(),
            current: 0,
            guess,
            order: Vec::new(),
            path: String::new(),
            log: String::new(),
        }
    }

    /// The schema of the last row.
    pub(crate) fn shape(&self) -> Option<&Shape> {
        self.logs.get(self.current).map(|l| &l.shape)
    }

    /// Reads one line that is not blank.
    pub(crate) fn line(&mut self, line: &[u8], out: &mut RecordBuf, stats: &mut Stats) -> Line {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        match self.read(&repaired(line), out, stats) {
            Ok(()) => Line::Row,
            Err(reason) => Line::Refused(reason),
        }
    }

    fn read(&mut self, line: &str, out: &mut RecordBuf, stats: &mut Stats) -> Result<(), Reason> {
        out.clear();
        self.order.clear();
        self.path.clear();
        self.log.clear();
        let mut parse = Parse {
            keys: &mut self.keys,
            order: &mut self.order,
            path: &mut self.path,
            log: &mut self.log,
            out,
            ignored: 0,
            bad: None,
        };
        let mut json = serde_json::Deserializer::from_str(line);
        let parsed = Object {
            p: &mut parse,
            depth: 0,
        }
        .deserialize(&mut json)
        .and_then(|()| json.end());
        let (ignored, bad) = (parse.ignored, parse.bad);
        if let Err(e) = parsed {
            return Err(Reason::Json {
                message: shown(in_line(&e).as_bytes()),
            });
        }
        if let Some(reason) = bad {
            return Err(reason);
        }
        stats.ignored_values += ignored;
        self.find_log()?;
        self.place(out, stats);
        Ok(())
    }

    /// Makes the log that the line names the current one.
    fn find_log(&mut self) -> Result<(), Reason> {
        let wanted: Cow<'_, str> = match self.log.as_str() {
            "" => self.guess.name().into(),
            named => named.into(),
        };
        let is = |l: &Log| l.shape.schema.log == *wanted;
        if self.logs.get(self.current).is_some_and(is) {
            return Ok(());
        }
        if let Some(at) = self.logs.iter().position(is) {
            self.current = at;
            return Ok(());
        }
        if self.logs.len() >= MAX_LOGS {
            return Err(Reason::TooManyLogs { limit: MAX_LOGS });
        }
        self.current = self.logs.len();
        self.logs.push(Log {
            shape: Shape::new(Schema {
                log: wanted.into_owned(),
                fields: Vec::new(),
            }),
            columns: Vec::new(),
        });
        Ok(())
    }

    /// Puts the values in the order of the log's schema.
    fn place(&mut self, out: &mut RecordBuf, stats: &mut Stats) {
        let Some(log) = self.logs.get_mut(self.current) else {
            return;
        };
        if log.columns.len() < self.keys.all.len() {
            log.columns.resize(self.keys.all.len(), NO_COLUMN);
        }
        let mut grown: Option<Schema> = None;
        for slot in &mut self.order {
            let key = *slot as usize;
            let mut column = log.columns.get(key).copied().unwrap_or(IGNORED);
            if column == NO_COLUMN {
                let schema = grown.get_or_insert_with(|| (*log.shape.schema).clone());
                let name = self.keys.all.get(key).map_or("", |k| k.name.as_str());
                column = match schema.position(name) {
                    Some(at) => at as u32,
                    None if schema.fields.len() >= MAX_COLUMNS => IGNORED,
                    None => {
                        schema.fields.push(Field::new(name, FieldType::Unknown));
                        schema.fields.len() as u32 - 1
                    }
                };
                if let Some(c) = log.columns.get_mut(key) {
                    *c = column;
                }
            }
            stats.ignored_values += u64::from(column == IGNORED);
            *slot = column;
        }
        if let Some(schema) = grown
            && schema != *log.shape.schema
        {
            log.shape = Shape::new(schema);
        }
        out.arrange(&self.order, log.shape.schema.fields.len());
    }
}

/// The message without "at line 1", which is true of every line.
fn in_line(e: &serde_json::Error) -> String {
    e.to_string().replace(" at line 1 column ", " at column ")
}

/// Bytes that are not UTF-8 stand in some tools' output, where Zeek's writer has
/// a literal `\xNN`. They are put in Zeek's form, which means the same.
fn repaired(line: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(line) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(line.len() + 64);
    for chunk in line.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\\\x{byte:02x}"));
        }
    }
    Cow::Owned(out)
}

/// What the visitors share.
struct Parse<'p> {
    keys: &'p mut Keys,
    order: &'p mut Vec<u32>,
    /// The key at hand, with the keys of the objects around it.
    path: &'p mut String,
    log: &'p mut String,
    out: &'p mut RecordBuf,
    ignored: u64,
    bad: Option<Reason>,
}

impl Parse<'_> {
    /// Notes that a value of the key at hand comes; `None` if it is to be ignored.
    #[inline]
    fn begin(&mut self) -> Option<FieldType> {
        let last = self.order.last().copied();
        match self.keys.find(self.path, last) {
            Some(key) => {
                self.order.push(key);
                self.keys.all.get(key as usize).map(|k| k.ty)
            }
            None => {
                self.ignored += 1;
                None
            }
        }
    }

    /// The line's time must be one; other columns take what comes.
    #[cold]
    fn not_a_time(&mut self, found: &[u8]) {
        if self.bad.is_none() && self.path == "ts" {
            self.bad = Some(Reason::Value {
                field: "ts".into(),
                expected: "a time",
                found: shown(found),
            });
        }
    }

    fn number(&mut self, ty: FieldType, v: f64) {
        match ty {
            FieldType::Time => self.out.push_time(number::epoch(v)),
            FieldType::Interval => self.out.push_interval(v),
            _ => self.out.push_double(v),
        }
    }

    fn unsigned(&mut self, ty: FieldType, v: u64) {
        match ty {
            FieldType::Time | FieldType::Interval => self.number(ty, v as f64),
            FieldType::Port => match u16::try_from(v) {
                Ok(port) => self.out.push_port(port),
                Err(_) => self.out.push_count(v),
            },
            _ => self.out.push_count(v),
        }
    }

    fn text(&mut self, ty: FieldType, v: &str) {
        let text = v.as_bytes();
        match ty {
            FieldType::Time => match number::time(text) {
                Some(t) => return self.out.push_time(t),
                None => self.not_a_time(text),
            },
            FieldType::Interval => {
                if let Some(Some(v)) = number::decimal(text) {
                    return self.out.push_interval(v);
                }
            }
            FieldType::Addr => {
                if let Some(a) = number::addr(text) {
                    return self.out.push_addr(a);
                }
            }
            FieldType::Port => {
                if let Some(p) = number::port(text) {
                    return self.out.push_port(p);
                }
            }
            _ => {}
        }
        self.out.push_text(text);
    }
}

/// Reads an object's keys and values.
struct Object<'a, 'p> {
    p: &'a mut Parse<'p>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let before = self.p.path.len();
        loop {
            self.p.path.truncate(before);
            let path = &mut *self.p.path;
            if map.next_key_seed(KeyText { path })?.is_none() {
                return Ok(());
            }
            map.next_value_seed(Item {
                p: &mut *self.p,
                depth: self.depth,
            })?;
        }
    }
}

/// Appends a key to the path.
struct KeyText<'a> {
    path: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for KeyText<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyText<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(v);
        Ok(())
    }
}

/// Reads the value of a key.
struct Item<'a, 'p> {
    p: &'a mut Parse<'p>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        if let Some(ty) = self.p.begin() {
            if ty == FieldType::Time {
                self.p.not_a_time(if v { b"true" } else { b"false" });
            }
            self.p.out.push_bool(v);
        }
        Ok(())
    }

    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        if let Some(ty) = self.p.begin() {
            self.p.unsigned(ty, v);
        }
        Ok(())
    }

    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        if let Some(ty) = self.p.begin() {
            match ty {
                FieldType::Time | FieldType::Interval => self.p.number(ty, v as f64),
                _ => self.p.out.push_int(v),
            }
        }
        Ok(())
    }

    fn visit_f64<E>(self, v: f64) -> Result<(), E> {
        if let Some(ty) = self.p.begin() {
            self.p.number(ty, v);
        }
        Ok(())
    }

    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        if self.depth == 0 && matches!(self.p.path.as_str(), "_path" | "@stream") {
            if self.p.log.is_empty() && is_log_name(v) {
                self.p.log.push_str(v);
            }
            return Ok(());
        }
        if let Some(ty) = self.p.begin() {
            self.p.text(ty, v);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some(ty) = self.p.begin() else {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        if ty == FieldType::Time {
            self.p.not_a_time(b"[...]");
        }
        self.p.out.begin_list();
        while seq
            .next_element_seed(Element { p: &mut *self.p })?
            .is_some()
        {}
        self.p.out.end_list();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.p.not_a_time(b"{...}");
        if self.depth + 1 >= MAX_DEPTH {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                self.p.ignored += 1;
            }
            return Ok(());
        }
        let inner = Object {
            p: self.p,
            depth: self.depth + 1,
        };
        inner.visit_map(map)
    }
}

/// Reads an element of a list.
struct Element<'a, 'p> {
    p: &'a mut Parse<'p>,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        if self.p.out.list_is_full() {
            return d.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.p.out.push_unset();
        Ok(())
    }

    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        self.p.out.push_bool(v);
        Ok(())
    }

    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        self.p.out.push_count(v);
        Ok(())
    }

    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        self.p.out.push_int(v);
        Ok(())
    }

    fn visit_f64<E>(self, v: f64) -> Result<(), E> {
        self.p.out.push_double(v);
        Ok(())
    }

    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        self.p.out.push_text(v.as_bytes());
        Ok(())
    }

    // Zeek's logs have no lists of lists or of records.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.p.ignored += 1;
        self.p.out.push_unset();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.p.ignored += 1;
        self.p.out.push_unset();
        Ok(())
    }
}

/// Whether a text may name a log.
fn is_log_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.'))
}
