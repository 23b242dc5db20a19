//! One TSV line: where its fields are, and what their values mean.

use super::Header;
use crate::canon;
use crate::number;
use crate::record::RecordBuf;
use crate::schema::FieldType;
use memchr::memmem;

/// How one column is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) ty: FieldType,
    pub(super) element: FieldType,
    /// A value of another type makes the reader refuse the row ([`crate::names::is_identity`]).
    pub(super) strict: bool,
    /// The type is guessed from the name: a value of another type is as good.
    pub(super) guessed: bool,
}

/// What a field turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A value of the column's type, or nothing.
    Value,
    /// Something else, which was kept as it is written.
    Other,
    /// Something else, where that cannot be.
    Nonsense,
}

/// Notes where each field of a line ends, and returns whether there is any
/// backslash. Eight bytes at a time: fields are so short that a search from one
/// separator to the next would cost more in beginnings than in bytes.
pub(super) fn split(line: &[u8], sep: &[u8], ends: &mut Vec<u32>) -> bool {
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
pub(super) struct Values<'a> {
    pub(super) header: &'a Header,
    /// The line has no backslash.
    pub(super) plain: bool,
}

impl Values<'_> {
    /// Pushes one column's value.
    #[inline]
    pub(super) fn value(
        &self,
        c: &Column,
        field: &[u8],
        out: &mut RecordBuf,
        scratch: &mut Vec<u8>,
    ) -> Held {
        if same(field, &self.header.unset) {
            out.push_unset();
            return Held::Value;
        }
        if c.ty == FieldType::List {
            return self.list(c, field, out, scratch);
        }
        if self.scalar(c.ty, field, out, scratch) {
            return Held::Value;
        }
        if field.is_empty() {
            out.push_unset();
            return Held::Value;
        }
        if c.strict {
            return Held::Nonsense;
        }
        self.untyped(field, out, scratch);
        match c.guessed {
            true => Held::Value,
            false => Held::Other,
        }
    }

    #[inline]
    fn scalar(&self, ty: FieldType, field: &[u8], out: &mut RecordBuf, s: &mut Vec<u8>) -> bool {
        match ty {
            FieldType::String | FieldType::Enum | FieldType::Subnet => {
                self.text(field, out, s);
                return true;
            }
            FieldType::Count => match number::count(field).or_else(|| number::whole(field)) {
                Some(v) => out.push_count(v),
                None => return false,
            },
            FieldType::Time => match number::decimal(field) {
                Some(Some(v)) if v < canon::PARTS => out.push_canonical(ty, v),
                Some(Some(v)) => out.push_time(v),
                Some(None) => out.push_unset(),
                None => match number::time(field) {
                    Some(v) => out.push_time(v),
                    None => return false,
                },
            },
            FieldType::Interval | FieldType::Double => match number::decimal(field) {
                Some(Some(v)) => out.push_canonical(ty, v),
                Some(None) => out.push_unset(),
                None => return false,
            },
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
            FieldType::List | FieldType::Unknown => self.untyped(field, out, s),
        }
        true
    }

    fn list(&self, c: &Column, field: &[u8], out: &mut RecordBuf, s: &mut Vec<u8>) -> Held {
        out.begin_list();
        let mut held = Held::Value;
        if field != self.header.empty.as_slice() {
            let sep = self.header.set_separator.as_slice();
            let mut rest = field;
            while !out.list_is_full() {
                let at = memmem::find(rest, sep);
                let element = at.map_or(rest, |at| &rest[..at]);
                if element == self.header.unset.as_slice() {
                    out.push_unset();
                } else if !self.scalar(c.element, element, out, s) {
                    self.untyped(element, out, s);
                    held = Held::Other;
                }
                match at {
                    Some(at) => rest = &rest[at + sep.len()..],
                    None => break,
                }
            }
        }
        out.end_list();
        held
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
    fn untyped(&self, field: &[u8], out: &mut RecordBuf, s: &mut Vec<u8>) {
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

pub(super) fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    decode(value, &mut out);
    out
}

pub(super) fn noun(ty: FieldType, element: FieldType) -> &'static str {
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
