//! Zeek's TSV: what the header says, and rows read by it.
//!
//! Every header line is obeyed wherever it stands, because rotated files are
//! put together with `cat`, and a new header may then name other columns. The
//! plan made of a header (one [`Column`] a field) is what each row is read by.

use crate::error::{Reason, shown};
use crate::names;
use crate::number;
use crate::reader::{Guess, Shape};
use crate::record::RecordBuf;
use crate::schema::{Field, FieldType, Schema};
use memchr::memmem;

/// What a line turned out to be.
#[derive(Debug)]
pub(crate) enum Line {
    Row,
    Header,
    Comment,
    Refused(Reason),
}

/// What the header says.
#[derive(Clone, Debug)]
struct Header {
    separator: Vec<u8>,
    set_separator: Vec<u8>,
    empty: Vec<u8>,
    unset: Vec<u8>,
    path: Option<String>,
    fields: Option<Vec<String>>,
    types: Option<Vec<String>>,
}

impl Default for Header {
    fn default() -> Header {
        Header {
            separator: b"\t".to_vec(),
            set_separator: b",".to_vec(),
            empty: b"(empty)".to_vec(),
            unset: b"-".to_vec(),
            path: None,
            fields: None,
            types: None,
        }
    }
}

/// How one column is read.
#[derive(Clone, Copy, Debug)]
struct Column {
    ty: FieldType,
    element: FieldType,
    /// The file gave no type: what the name suggests is tried, not demanded.
    guessed: bool,
}

pub(crate) struct Tsv {
    header: Header,
    columns: Vec<Column>,
    shape: Option<Shape>,
    /// The header changed since the columns were made of it.
    stale: bool,
    guess: Guess,
    scratch: Vec<u8>,
    /// Where the fields of the line end.
    ends: Vec<u32>,
}

impl Tsv {
    pub(crate) fn new(guess: Guess) -> Tsv {
        Tsv {
            header: Header::default(),
            columns: Vec::new(),
            shape: None,
            stale: false,
            guess,
            scratch: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Takes the default columns of `conn.log` if this line, the first of a file
    /// without a header, looks like one of its rows.
    pub(crate) fn assume_conn(&mut self, line: &[u8]) -> bool {
        if !matches!(self.guess.log.as_deref(), None | Some("conn")) {
            return false;
        }
        let parts: Vec<&[u8]> = line.split(|c| *c == b'\t').collect();
        let Some(fields) = names::conn_columns(parts.len()) else {
            return false;
        };
        let looks = number::decimal(parts[0]).is_some_and(|v| v.is_some())
            && number::addr(parts[2]).is_some()
            && number::port(parts[3]).is_some()
            && number::addr(parts[4]).is_some()
            && number::port(parts[5]).is_some()
            && matches!(
                parts[6],
                b"tcp" | b"udp" | b"icmp" | b"unknown_transport" | b"-"
            );
        if looks {
            self.adopt("conn".into(), fields, false);
        }
        looks
    }

    /// The schema of the last row.
    pub(crate) fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// Reads one line that is not blank.
    pub(crate) fn line(&mut self, line: &[u8], out: &mut RecordBuf) -> Line {
        // A stray TAB, blank or byte order mark may stand before a header line.
        if matches!(line.first(), Some(b'#' | b'\t' | b' ' | 0xef)) {
            let trimmed = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            let trimmed = trimmed.trim_ascii_start();
            if self.directive(trimmed) {
                return Line::Header;
            }
            if line[0] == b'#' {
                return Line::Comment;
            }
        }
        if self.stale {
            self.rebuild();
        }
        if self.columns.is_empty() {
            return Line::Refused(Reason::NoHeader);
        }
        out.clear();
        match self.row(line, out) {
            Ok(()) => Line::Row,
            Err(reason) => Line::Refused(reason),
        }
    }

    /// Obeys a header line; `false` if it is none.
    fn directive(&mut self, line: &[u8]) -> bool {
        let Some(line) = line.strip_prefix(b"#") else {
            return false;
        };
        let len = line
            .iter()
            .take_while(|c| c.is_ascii_lowercase() || **c == b'_')
            .count();
        let (word, rest) = line.split_at(len);
        // After the word comes the separator; a blank or TAB is taken as well,
        // because tools that rewrite headers confuse the two.
        let value = rest
            .strip_prefix(self.header.separator.as_slice())
            .or_else(|| rest.strip_prefix(b"\t"))
            .or_else(|| rest.strip_prefix(b" "));
        if value.is_none() && !rest.is_empty() {
            return false;
        }
        let value = value.unwrap_or_default();
        let split = |h: &Header| -> Vec<String> {
            let mut parts = Vec::new();
            let mut from = 0;
            for at in memmem::find_iter(value, &h.separator) {
                parts.push(String::from_utf8_lossy(&value[from..at]).into_owned());
                from = at + h.separator.len();
            }
            parts.push(String::from_utf8_lossy(&value[from..]).into_owned());
            parts
        };
        let marker = |default: &[u8]| {
            if value.is_empty() {
                default.to_vec()
            } else {
                unescaped(value)
            }
        };
        match word {
            b"separator" => {
                // The first line of a header: what the last one said is over.
                let path = self.header.path.take();
                self.header = Header {
                    path,
                    ..Header::default()
                };
                let sep = unescaped(value.strip_suffix(b"\r").unwrap_or(value));
                if !sep.is_empty() {
                    self.header.separator = sep;
                }
            }
            b"set_separator" => self.header.set_separator = marker(b","),
            b"empty_field" => self.header.empty = marker(b"(empty)"),
            b"unset_field" => self.header.unset = marker(b"-"),
            b"path" => {
                let name = String::from_utf8_lossy(value.trim_ascii()).into_owned();
                let name = name.rsplit('/').next().unwrap_or_default();
                self.header.path = (!name.is_empty()).then(|| name.to_owned());
            }
            b"fields" => {
                self.header.fields = Some(split(&self.header));
                self.header.types = None;
            }
            b"types" => self.header.types = Some(split(&self.header)),
            b"open" | b"close" | b"start" | b"end" => return true,
            _ => return false,
        }
        self.stale = true;
        true
    }

    /// Makes the columns of the header.
    fn rebuild(&mut self) {
        self.stale = false;
        let Some(names) = &self.header.fields else {
            self.columns.clear();
            return;
        };
        let log = match &self.header.path {
            Some(path) => path.clone(),
            None => self.guess.name(),
        };
        let conn = if log == "conn" {
            names::conn_columns(22)
        } else {
            None
        };
        let typed = self.header.types.is_some();
        let types = self.header.types.as_deref().unwrap_or_default();
        let fields = names.iter().enumerate().map(|(i, name)| {
            let name = names::dotted(name);
            if let Some(word) = types.get(i) {
                let ty = FieldType::from_zeek(word);
                if ty != FieldType::List {
                    return Field::new(name, ty);
                }
                let element = word
                    .split_once('[')
                    .map_or("", |(_, e)| e.strip_suffix(']').unwrap_or(e));
                return Field::list(name, FieldType::from_zeek(element));
            }
            conn.as_ref()
                .and_then(|c| c.iter().find(|f| f.name == name).cloned())
                .unwrap_or_else(|| Field::new(name, FieldType::Unknown))
        });
        let fields = fields.collect();
        self.adopt(log, fields, !typed);
    }

    fn adopt(&mut self, log: String, fields: Vec<Field>, guessed: bool) {
        self.columns = fields
            .iter()
            .map(|f| Column {
                ty: match f.ty {
                    FieldType::Unknown => names::known_type(&f.name),
                    ty => ty,
                },
                element: f.element,
                guessed: guessed || f.ty == FieldType::Unknown,
            })
            .collect();
        let schema = Schema { log, fields };
        // The same header again, as in rotated files put together, is no change.
        if self.shape.as_ref().is_none_or(|s| *s.schema != schema) {
            self.shape = Some(Shape::new(schema));
        }
    }

    fn row(&mut self, line: &[u8], out: &mut RecordBuf) -> Result<(), Reason> {
        let sep = self.header.separator.as_slice();
        let backslash = split(line, sep, &mut self.ends);
        if self.ends.len() != self.columns.len() {
            return Err(Reason::Columns {
                expected: self.columns.len(),
                found: self.ends.len(),
            });
        }
        let reader = Values {
            header: &self.header,
            plain: !backslash,
        };
        let mut from = 0;
        for (i, (column, end)) in self.columns.iter().zip(&self.ends).enumerate() {
            let end = *end as usize;
            let field = line.get(from..end).unwrap_or_default();
            from = end + sep.len();
            if !reader.value(column, field, out, &mut self.scratch) {
                return Err(self.value_differs(i, field));
            }
        }
        Ok(())
    }

    #[cold]
    fn value_differs(&self, i: usize, field: &[u8]) -> Reason {
        let column = self.columns.get(i);
        let name = self.shape.as_ref().and_then(|s| s.schema.fields.get(i));
        Reason::Value {
            field: name.map(|f| f.name.clone()).unwrap_or_default(),
            expected: column.map_or("a value", |c| noun(c.ty, c.element)),
            found: shown(field),
        }
    }
}

/// Notes where each field of a line ends, and returns whether there is any
/// backslash. Eight bytes at a time: fields are so short that a search from one
/// separator to the next would cost more in beginnings than in bytes.
fn split(line: &[u8], sep: &[u8], ends: &mut Vec<u32>) -> bool {
    ends.clear();
    let [one] = sep else {
        ends.extend(memmem::find_iter(line, sep).map(|at| at as u32));
        ends.push(line.len() as u32);
        return memchr::memchr(b'\\', line).is_some();
    };
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let wanted = u64::from(*one) * ONES;
    let escape = u64::from(b'\\') * ONES;
    // The high bit of each byte that is not zero.
    let nonzero = |v: u64| ((v & LOW) + LOW) | v;
    let mut escapes = u64::MAX;
    let mut at = 0;
    let (words, rest) = line.as_chunks::<8>();
    for word in words {
        let v = u64::from_le_bytes(*word);
        escapes &= nonzero(v ^ escape);
        let mut found = !nonzero(v ^ wanted) & !LOW;
        while found != 0 {
            ends.push(at + found.trailing_zeros() / 8);
            found &= found - 1;
        }
        at += 8;
    }
    let mut backslash = escapes & !LOW != !LOW;
    for c in rest {
        if c == one {
            ends.push(at);
        }
        backslash |= *c == b'\\';
        at += 1;
    }
    ends.push(at);
    backslash
}

/// Whether a field is a marker: mostly told by its first byte.
#[inline]
fn same(field: &[u8], marker: &[u8]) -> bool {
    field.first() == marker.first() && field == marker
}

/// Reads values by the markers of one header.
struct Values<'a> {
    header: &'a Header,
    /// The line has no backslash.
    plain: bool,
}

impl Values<'_> {
    /// Pushes one column's value; `false` if it is none of its type.
    #[inline]
    fn value(&self, c: &Column, field: &[u8], out: &mut RecordBuf, scratch: &mut Vec<u8>) -> bool {
        if same(field, &self.header.unset) {
            out.push_unset();
            return true;
        }
        if c.ty == FieldType::List {
            return self.list(c, field, out, scratch);
        }
        if self.scalar(c.ty, field, out, scratch) {
            return true;
        }
        // Without a type from the file, only the time must be one.
        c.guessed && !matches!(c.ty, FieldType::Time) && self.untyped(field, out, scratch)
    }

    #[inline]
    fn scalar(&self, ty: FieldType, field: &[u8], out: &mut RecordBuf, s: &mut Vec<u8>) -> bool {
        match ty {
            FieldType::String | FieldType::Enum | FieldType::Subnet => {
                self.text(field, out, s);
                return true;
            }
            FieldType::Count => match number::count(field) {
                Some(v) => out.push_count(v),
                None => return false,
            },
            FieldType::Time | FieldType::Interval | FieldType::Double => {
                match number::decimal(field) {
                    Some(Some(v)) => out.push_canonical(ty, v),
                    Some(None) => out.push_unset(),
                    None => return false,
                }
            }
            FieldType::Addr => match number::addr(field) {
                Some(v) => out.push_addr(v),
                None => return false,
            },
            FieldType::Port => match number::port(field) {
                Some(v) => out.push_port(v),
                None => return false,
            },
            FieldType::Bool => match number::truth(field) {
                Some(v) => out.push_bool(v),
                None => return false,
            },
            FieldType::Int => match number::int(field) {
                Some(v) => out.push_int(v),
                None => return false,
            },
            FieldType::List | FieldType::Unknown => return self.untyped(field, out, s),
        }
        true
    }

    fn list(&self, c: &Column, field: &[u8], out: &mut RecordBuf, s: &mut Vec<u8>) -> bool {
        out.begin_list();
        let mut good = true;
        if field != self.header.empty.as_slice() {
            let sep = self.header.set_separator.as_slice();
            let mut rest = field;
            while good && !out.list_is_full() {
                let at = memmem::find(rest, sep);
                let element = at.map_or(rest, |at| &rest[..at]);
                if element == self.header.unset.as_slice() {
                    out.push_unset();
                } else {
                    good = self.scalar(c.element, element, out, s);
                }
                match at {
                    Some(at) => rest = &rest[at + sep.len()..],
                    None => break,
                }
            }
        }
        out.end_list();
        good
    }

    #[inline]
    fn text(&self, field: &[u8], out: &mut RecordBuf, scratch: &mut Vec<u8>) {
        if same(field, &self.header.empty) {
            out.push_plain_text(b"");
        } else if self.plain {
            out.push_plain_text(field);
        } else {
            scratch.clear();
            decode(field, scratch);
            out.push_text(scratch);
        }
    }

    /// A value says itself what it is: a number if it is spelled like one.
    fn untyped(&self, field: &[u8], out: &mut RecordBuf, s: &mut Vec<u8>) -> bool {
        if let Some(v) = number::count(field) {
            out.push_count(v);
        } else if let Some(v) = number::int(field) {
            out.push_int(v);
        } else if field.iter().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'-'))
            && let Some(Some(v)) = number::decimal(field)
        {
            out.push_double(v);
        } else {
            self.text(field, out, s);
        }
        true
    }
}

/// Undoes the TSV writer's escapes: `\\` is a backslash, `\xNN` a byte.
fn decode(field: &[u8], out: &mut Vec<u8>) {
    let hex = |i: usize| field.get(i).and_then(|c| (*c as char).to_digit(16));
    let mut i = 0;
    while i < field.len() {
        let Some(run) = memchr::memchr(b'\\', &field[i..]) else {
            out.extend_from_slice(&field[i..]);
            return;
        };
        out.extend_from_slice(&field[i..i + run]);
        i += run;
        match (field.get(i + 1), hex(i + 2), hex(i + 3)) {
            (Some(b'\\'), _, _) => {
                out.push(b'\\');
                i += 2;
            }
            (Some(b'x'), Some(h), Some(l)) => {
                out.push((h * 16 + l) as u8);
                i += 4;
            }
            _ => {
                out.push(b'\\');
                i += 1;
            }
        }
    }
}

fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    decode(value, &mut out);
    out
}

/// Whether a line, from its `#` on, is one of Zeek's header lines.
pub(crate) fn is_directive(line: &[u8]) -> bool {
    Tsv::new(Guess::default()).directive(line)
}

fn noun(ty: FieldType, element: FieldType) -> &'static str {
    match ty {
        FieldType::Bool => "a truth value (T or F)",
        FieldType::Count => "a count",
        FieldType::Int => "an integer",
        FieldType::Double => "a number",
        FieldType::Time => "a time",
        FieldType::Interval => "an interval",
        FieldType::Port => "a port",
        FieldType::Addr => "an address",
        FieldType::List => match element {
            FieldType::Addr => "a list of addresses",
            FieldType::Count | FieldType::Int | FieldType::Double => "a list of numbers",
            FieldType::Interval => "a list of intervals",
            FieldType::Time => "a list of times",
            FieldType::Port => "a list of ports",
            FieldType::Bool => "a list of truth values",
            _ => "a list",
        },
        _ => "text",
    }
}
