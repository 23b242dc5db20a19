//! Zeek's TSV: what the header says, and rows read by it.
//!
//! Every header line is obeyed wherever it stands, because rotated files are
//! put together with `cat`, and a new header may then name other columns. The
//! plan made of a header (one [`Column`] a field) is what each row is read by.
//!
//! A value that is none of its column's type is kept as it is written, as JSON keeps it, and counted; in a column that
//! identifies the record (`ts`, the addresses and ports), the reader refuses the row.

mod value;

use crate::error::{Reason, shown};
use crate::names;
use crate::number;
use crate::reader::{Guess, Shape};
use crate::record::RecordBuf;
use crate::schema::{Field, FieldType, Schema};
use crate::stats::Odd;
use memchr::memmem;
use value::{Column, Held, Values, noun, split, unescaped};

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

/// Columns that blanks separate from the column before them, where separators stand between all others:
/// `tunnel_parents   label   detailed-label`.
#[derive(Debug)]
struct Joined {
    /// The first of them.
    at: usize,
    /// How many there are.
    count: usize,
    /// A line with the separators in the blanks' place.
    line: Vec<u8>,
}

/// The parts of a text between two or more blanks.
fn between_blanks(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some(at) = memmem::find(text, b"  ") else {
            return Some(text);
        };
        let after = text.get(at..).unwrap_or_default();
        rest = Some(after.trim_ascii_start());
        text.get(..at)
    })
}

pub(crate) struct Tsv {
    header: Header,
    columns: Vec<Column>,
    shape: Option<Shape>,
    /// The header changed since the columns were made of it.
    stale: bool,
    /// Labels that stand after blanks in the last column but for them, as data sets have them.
    joined: Option<Joined>,
    /// The header lost its TABs.
    blanks: bool,
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
            joined: None,
            blanks: false,
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
    pub(crate) fn line(&mut self, line: &[u8], out: &mut RecordBuf, odd: &mut Odd<'_>) -> Line {
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
        if self.blanks {
            return Line::Refused(Reason::BlanksForTabs);
        }
        if self.columns.is_empty() {
            return Line::Refused(Reason::NoHeader);
        }
        out.clear();
        match self.row(line, out, odd) {
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
            Some(path) => self.guess.resolve(path),
            None => self.guess.name(),
        };
        // A TAB at the end of the header names no column.
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        while names.len() > 1 && names.last().is_some_and(|n| n.trim().is_empty()) {
            names.pop();
        }
        let mut types: Vec<&str> = (self.header.types.iter().flatten())
            .map(String::as_str)
            .collect();
        self.blanks = names.len() == 1 && names[0].trim().contains(' ');
        self.joined = None;
        if names.len() > 1 && names.iter().any(|n| n.contains("  ")) {
            let at = names
                .iter()
                .position(|n| n.contains("  "))
                .unwrap_or_default();
            let parts = |v: &mut Vec<&str>| {
                let joined = v
                    .iter()
                    .flat_map(|n| n.split("  "))
                    .map(str::trim)
                    .filter(|n| !n.is_empty());
                *v = joined.collect();
            };
            let before = names.len();
            parts(&mut names);
            parts(&mut types);
            self.joined = Some(Joined {
                at,
                count: names.len() - before + 1,
                line: Vec::new(),
            });
        }
        let time = names::time_among(names.iter().copied());
        let conn = if log == "conn" {
            names::conn_columns(22)
        } else {
            None
        };
        let typed = self.header.types.is_some();
        let fields = names.iter().enumerate().map(|(i, name)| {
            if time == Some(i) {
                return Field::new("ts", FieldType::Time);
            }
            let name = names::dotted(name);
            if let Some(word) = types.get(i) {
                // `zeek-cut -d` makes texts of times.
                let ty = match FieldType::from_zeek(word) {
                    FieldType::String if name == "ts" => FieldType::Time,
                    ty => ty,
                };
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
                strict: names::is_identity(&f.name),
                guessed: guessed || f.ty == FieldType::Unknown,
            })
            .collect();
        let schema = Schema { log, fields };
        // The same header again, as in rotated files put together, is no change.
        if self.shape.as_ref().is_none_or(|s| *s.schema != schema) {
            self.shape = Some(Shape::new(schema));
        }
    }

    fn row(&mut self, line: &[u8], out: &mut RecordBuf, odd: &mut Odd<'_>) -> Result<(), Reason> {
        let sep = self.header.separator.as_slice();
        let mut backslash = split(line, sep, &mut self.ends);
        let mut line = line;
        if self.ends.len() != self.columns.len() {
            let spread = self
                .joined
                .as_mut()
                .is_some_and(|j| j.spread(line, sep, &self.ends));
            if let (true, Some(joined)) = (spread, &self.joined) {
                line = &joined.line;
                backslash = split(line, sep, &mut self.ends);
            }
            while self.ends.len() > self.columns.len() && self.ends_in_nothing(line) {
                self.ends.pop();
            }
        }
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
            match reader.value(column, field, out, &mut self.scratch) {
                Held::Value => {}
                Held::Other => odd.note(|| self.value_differs(i, field)),
                Held::Nonsense => return Err(self.value_differs(i, field)),
            }
        }
        Ok(())
    }

    /// Whether the last field of a line says nothing: it is empty, or unset.
    #[cold]
    fn ends_in_nothing(&self, line: &[u8]) -> bool {
        let [.., before, end] = self.ends[..] else {
            return false;
        };
        let from = before as usize + self.header.separator.len();
        let field = line.get(from..end as usize).unwrap_or_default();
        field.trim_ascii().is_empty() || field == self.header.unset
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

impl Joined {
    /// Puts separators in the place of the blanks; whether there were as many as the header has.
    fn spread(&mut self, line: &[u8], sep: &[u8], ends: &[u32]) -> bool {
        let from = match self.at.checked_sub(1).and_then(|i| ends.get(i)) {
            Some(end) => *end as usize + sep.len(),
            None => 0,
        };
        let Some(to) = ends.get(self.at).map(|end| *end as usize) else {
            return false;
        };
        let (Some(before), Some(field), Some(after)) =
            (line.get(..from), line.get(from..to), line.get(to..))
        else {
            return false;
        };
        self.line.clear();
        self.line.extend_from_slice(before);
        let mut count = 0;
        for part in between_blanks(field) {
            if count > 0 {
                self.line.extend_from_slice(sep);
            }
            self.line.extend_from_slice(part);
            count += 1;
        }
        self.line.extend_from_slice(after);
        count == self.count
    }
}

/// Whether a line, from its `#` on, is one of Zeek's header lines.
pub(crate) fn is_directive(line: &[u8]) -> bool {
    Tsv::new(Guess::default()).directive(line)
}
