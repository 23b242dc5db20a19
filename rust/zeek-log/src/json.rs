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
//!
//! A line without any column that tells a record of Zeek is looked at once more, for a record in an envelope
//! ([`envelope`]); the lines after one with an envelope are opened at once.

mod envelope;
mod visit;

use crate::error::{Reason, shown};
use crate::names;
use crate::reader::{Guess, Shape};
use crate::record::RecordBuf;
use crate::schema::{Field, FieldType, Schema};
use crate::stats::{Odd, Stats};
use crate::tsv::{Line, Tsv};
use envelope::{Inner, Opened};
use serde::de::DeserializeSeed;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use visit::{Object, Parse};

/// The most columns of one log.
const MAX_COLUMNS: usize = 1024;
/// The most keys of one stream, over all its logs.
const MAX_KEYS: usize = 16 * 1024;
/// The most logs of one stream.
const MAX_LOGS: usize = 256;
/// The longest key, with its dots, in bytes.
const MAX_KEY: usize = 256;

/// A key that was met.
struct Key {
    text: Box<str>,
    /// The column's name.
    name: String,
    ty: FieldType,
    /// The column tells that this is a record of Zeek; exporters have text here that may be one.
    sign: bool,
    wrapper: bool,
    /// The key that came after it last time.
    next: u32,
}

/// How surely an object is a record of Zeek, by its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signs {
    /// It has a column of Zeek's.
    Sure,
    /// It has a time, and a text that may be the record.
    Perhaps,
    None,
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
            sign: names::is_sign_of_zeek(&name),
            wrapper: envelope::is_wrapper(text),
            name,
            next: 0,
        });
        self.by_text.insert(text.into(), id);
        Some(id)
    }
}

/// One log of the stream.
struct Log {
    /// What the stream calls it.
    label: String,
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
    /// The log of lines that do not name it, once there was one.
    unnamed: Option<String>,
    /// The keys of the line's values, then their places.
    order: Vec<u32>,
    path: String,
    log: String,
    /// The last line had its record in an envelope.
    wrapped: bool,
    /// Records of the last line that are still to be read.
    pending: VecDeque<Inner>,
    /// Readers of TSV lines in envelopes, by the file that they are of, and the one that read the last row.
    tsvs: HashMap<String, Tsv>,
    tsv: Option<String>,
}

impl Json {
    pub(crate) fn new(guess: Guess) -> Json {
        Json {
            keys: Keys::default(),
            logs: Vec::new(),
            current: 0,
            guess,
            unnamed: None,
            order: Vec::new(),
            path: String::new(),
            log: String::new(),
            wrapped: false,
            pending: VecDeque::new(),
            tsvs: HashMap::new(),
            tsv: None,
        }
    }

    /// The schema of the last row.
    pub(crate) fn shape(&self) -> Option<&Shape> {
        if let Some(tsv) = &self.tsv {
            return self.tsvs.get(tsv)?.shape();
        }
        self.logs.get(self.current).map(|l| &l.shape)
    }

    /// Reads one line that is not blank.
    pub(crate) fn line(
        &mut self,
        line: &[u8],
        out: &mut RecordBuf,
        stats: &mut Stats,
        keep: usize,
    ) -> Line {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        // A record within a syslog line.
        let line = match line.trim_ascii_start().first() {
            Some(b'{') => line,
            _ => after_prefix(line).unwrap_or(line),
        };
        let text = repaired(line);
        self.tsv = None;
        let mut odd = Odd {
            line: stats.lines,
            stats,
            keep,
        };
        let mut signs = Signs::None;
        if !self.wrapped {
            match self.read(&text, out, &mut odd) {
                Ok(Signs::Sure) => return self.finish(out, odd.stats),
                Ok(found) => signs = found,
                Err(reason) => return Line::Refused(reason),
            }
        }
        match envelope::open(&text) {
            Opened::Records(records) => {
                self.wrapped = true;
                self.pending.extend(records);
                self.more(out, stats, keep).unwrap_or(Line::Comment)
            }
            Opened::Nothing => Line::Comment,
            Opened::Plain(has_columns) => {
                if self.wrapped {
                    self.wrapped = false;
                    match self.read(&text, out, &mut odd) {
                        Ok(found) => signs = found,
                        Err(reason) => return Line::Refused(reason),
                    }
                }
                // A log that says what it is may have any columns.
                let named =
                    !self.log.is_empty() || self.guess.log.is_some() || !self.logs.is_empty();
                match named || !has_columns || signs != Signs::None {
                    true => self.finish(out, odd.stats),
                    false => Line::Refused(envelope::unknown(&text)),
                }
            }
            Opened::NotZeek { what, todo } => Line::Refused(Reason::NotZeek { what, todo }),
        }
    }

    /// The next record of a line that holds several; `None` where there is none.
    #[inline]
    pub(crate) fn more(
        &mut self,
        out: &mut RecordBuf,
        stats: &mut Stats,
        keep: usize,
    ) -> Option<Line> {
        if self.pending.is_empty() {
            return None;
        }
        self.next_inner(out, stats, keep)
    }

    fn next_inner(&mut self, out: &mut RecordBuf, stats: &mut Stats, keep: usize) -> Option<Line> {
        let mut odd = Odd {
            line: stats.lines,
            stats,
            keep,
        };
        Some(match self.pending.pop_front()? {
            Inner::Json(text) => {
                self.tsv = None;
                match self.read(&text, out, &mut odd) {
                    Ok(_) => self.finish(out, odd.stats),
                    Err(reason) => Line::Refused(reason),
                }
            }
            Inner::Tsv { file, line } => {
                if !self.tsvs.contains_key(&file) && self.tsvs.len() >= MAX_LOGS {
                    return Some(Line::Refused(Reason::TooManyLogs { limit: MAX_LOGS }));
                }
                let name = file.rsplit('/').next().unwrap_or_default();
                let log = names::log_of_file(name).or_else(|| names::log_of_label(name));
                let guess = match log {
                    Some(log) => Guess {
                        log: Some(log.to_owned()),
                        stem: log.to_owned(),
                    },
                    None => self.guess.clone(),
                };
                let tsv = self
                    .tsvs
                    .entry(file.clone())
                    .or_insert_with(|| Tsv::new(guess));
                if !line.starts_with('#') && tsv.shape().is_none() {
                    tsv.assume_conn(line.as_bytes());
                }
                let outcome = tsv.line(line.as_bytes(), out, &mut odd);
                self.tsv = matches!(outcome, Line::Row).then_some(file);
                outcome
            }
        })
    }

    /// Reads one object, and tells how surely it is a record of Zeek.
    fn read(
        &mut self,
        line: &str,
        out: &mut RecordBuf,
        odd: &mut Odd<'_>,
    ) -> Result<Signs, Reason> {
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
            odd,
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
        odd.stats.ignored_values += ignored;
        Ok(self.has_signs())
    }

    /// How surely the line is a record of Zeek. Makes `ts` of another time where there is none.
    fn has_signs(&mut self) -> Signs {
        let (mut signs, mut sure, mut wrapper, mut ts, mut time) =
            (false, false, false, false, None);
        for (at, key) in self.order.iter().enumerate() {
            let Some(key) = self.keys.all.get(*key as usize) else {
                continue;
            };
            if key.sign {
                ts |= key.name == "ts";
                signs = true;
                sure |= key.name != "ts";
            } else if key.ty == FieldType::Time && names::is_time_elsewhere(&key.name) {
                time = time.or(Some(at));
            }
            wrapper |= key.wrapper;
        }
        if let (false, Some(at)) = (ts, time)
            && let Some(ts) = self.keys.find("ts", None)
            && let Some(slot) = self.order.get_mut(at)
        {
            *slot = ts;
        }
        match (sure, signs, wrapper) {
            (true, ..) | (_, true, false) => Signs::Sure,
            (_, true, true) => Signs::Perhaps,
            _ => Signs::None,
        }
    }

    /// Puts what was read in its log's order.
    fn finish(&mut self, out: &mut RecordBuf, stats: &mut Stats) -> Line {
        match self.find_log() {
            Ok(()) => {
                self.place(out, stats);
                Line::Row
            }
            Err(reason) => Line::Refused(reason),
        }
    }

    /// Makes the log that the line names the current one.
    fn find_log(&mut self) -> Result<(), Reason> {
        if self.log.is_empty() {
            let name = match &self.unnamed {
                Some(name) => name,
                None => self.unnamed.insert(self.name_by_columns()),
            };
            self.log.push_str(name);
        }
        let is = |l: &Log| l.label == self.log;
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
            label: self.log.clone(),
            shape: Shape::new(Schema {
                log: self.guess.resolve(&self.log),
                fields: Vec::new(),
            }),
            columns: Vec::new(),
        });
        Ok(())
    }

    /// What to call the log of the first line that does not say it: as its file is
    /// called, or else by the columns that it has.
    fn name_by_columns(&self) -> String {
        let keys = self
            .order
            .iter()
            .filter_map(|k| self.keys.all.get(*k as usize));
        let columns: Vec<&str> = keys.map(|k| k.name.as_str()).collect();
        match names::log_of_columns(&columns) {
            Some(log) if self.guess.log.is_none() => log.to_owned(),
            _ => self.guess.name(),
        }
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

/// The JSON object that ends a line which begins otherwise, as syslog has it.
pub(crate) fn after_prefix(line: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(line, b"{\"")?;
    let object = line.get(at..)?;
    let whole = serde_json::from_slice::<serde::de::IgnoredAny>(object).is_ok();
    whole.then_some(object)
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
