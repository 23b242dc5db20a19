//! A record: the values of one log line, or of one record inside Zeek.
//!
//! [`RecordBuf`] owns the memory and is filled again for each record, by the
//! readers here and by the C ABI alike; [`Record`] is the view that everybody
//! else reads. Values are levelled by [`crate::canon`] as they are pushed.

use crate::canon;
use crate::schema::FieldType;
use std::net::IpAddr;

/// The longest text, in bytes, that a record keeps of one value.
///
/// Zeek itself cuts logged strings (`Log::default_max_field_string_bytes`, 4096
/// since 8.0) before it escapes them; a byte is at most four when escaped, so
/// the first 1024 bytes are the same whichever way a record came.
pub const MAX_TEXT: usize = 1024;

/// The most elements that a record keeps of one set or vector. Zeek cuts at
/// 100 since 8.0 (`Log::default_max_field_container_elements`).
pub const MAX_ELEMENTS: usize = 64;

/// One value, borrowed from its record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not there: `-` in TSV, no key or `null` in JSON, an unset field in Zeek.
    /// Distinct from zero and from empty.
    Unset,
    /// A truth value.
    Bool(bool),
    /// An unsigned number.
    Count(u64),
    /// A signed number.
    Int(i64),
    /// A fraction, rounded to the six decimals that a log holds.
    Double(f64),
    /// Seconds since the epoch, rounded to microseconds.
    Time(f64),
    /// Seconds, rounded to microseconds.
    Interval(f64),
    /// A port number.
    Port(u16),
    /// An address.
    Addr(IpAddr),
    /// Text (a string, an enum, a subnet): raw bytes, unescaped, at most
    /// [`MAX_TEXT`] of them; not necessarily UTF-8. Empty is not unset.
    Text(&'a [u8]),
    /// A set or vector.
    List(Elements<'a>),
}

impl<'a> Value<'a> {
    /// Whether the value is unset.
    pub fn is_unset(&self) -> bool {
        matches!(self, Value::Unset)
    }

    /// The value as a number, where it is one: counts, fractions, times,
    /// intervals, ports, truth values as 0 and 1, and text that is a number
    /// (JSON exports that quote numbers). Never NaN or infinite.
    #[inline]
    pub fn number(&self) -> Option<f64> {
        match *self {
            Value::Bool(b) => Some(f64::from(u8::from(b))),
            Value::Count(u) => Some(u as f64),
            Value::Int(i) => Some(i as f64),
            Value::Double(d) | Value::Time(d) | Value::Interval(d) => Some(d),
            Value::Port(p) => Some(f64::from(p)),
            Value::Text(t) => canon::parse_number(t),
            _ => None,
        }
    }

    /// The value as a truth value: also `T`, `F`, `true`, `false`, 1 and 0.
    #[inline]
    pub fn truth(&self) -> Option<bool> {
        match *self {
            Value::Bool(b) => Some(b),
            Value::Count(0) | Value::Int(0) => Some(false),
            Value::Count(1) | Value::Int(1) => Some(true),
            Value::Text(b"T" | b"true" | b"True") => Some(true),
            Value::Text(b"F" | b"false" | b"False") => Some(false),
            _ => None,
        }
    }

    /// The value as text.
    #[inline]
    pub fn text(&self) -> Option<&'a [u8]> {
        match *self {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    /// The value as an address: also text that is one (JSON).
    #[inline]
    pub fn addr(&self) -> Option<IpAddr> {
        match *self {
            Value::Addr(a) => Some(a),
            Value::Text(t) => std::str::from_utf8(t)
                .ok()?
                .parse()
                .ok()
                .map(|a: IpAddr| a.to_canonical()),
            _ => None,
        }
    }

    /// The value as a port: also a plain number that fits (JSON).
    #[inline]
    pub fn port(&self) -> Option<u16> {
        match *self {
            Value::Port(p) => Some(p),
            Value::Count(u) => u16::try_from(u).ok(),
            Value::Int(i) => u16::try_from(i).ok(),
            Value::Text(t) => std::str::from_utf8(t).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The elements of a set or vector; `None` where the value is none.
    pub fn list(&self) -> Option<Elements<'a>> {
        match *self {
            Value::List(e) => Some(e),
            _ => None,
        }
    }
}

/// The elements of one set or vector.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    slots: &'a [Slot],
    buf: &'a [u8],
}

impl<'a> Elements<'a> {
    /// How many elements there are, at most [`MAX_ELEMENTS`].
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The elements, in the order of the log (which for a set means nothing).
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        let buf = self.buf;
        self.slots.iter().map(move |s| s.value(buf, &[]))
    }
}

impl PartialEq for Elements<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// A value without its lifetime: texts and lists are ranges into the buffers.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Unset,
    Bool(bool),
    Count(u64),
    Int(i64),
    Double(f64),
    Time(f64),
    Interval(f64),
    Port(u16),
    Addr(IpAddr),
    Text { start: u32, len: u32 },
    List { start: u32, len: u32 },
}

impl Slot {
    #[inline]
    fn value<'a>(self, buf: &'a [u8], elems: &'a [Slot]) -> Value<'a> {
        match self {
            Slot::Unset => Value::Unset,
            Slot::Bool(b) => Value::Bool(b),
            Slot::Count(u) => Value::Count(u),
            Slot::Int(i) => Value::Int(i),
            Slot::Double(d) => Value::Double(d),
            Slot::Time(d) => Value::Time(d),
            Slot::Interval(d) => Value::Interval(d),
            Slot::Port(p) => Value::Port(p),
            Slot::Addr(a) => Value::Addr(a),
            Slot::Text { start, len } => Value::Text(&buf[start as usize..(start + len) as usize]),
            Slot::List { start, len } => Value::List(Elements {
                slots: &elems[start as usize..(start + len) as usize],
                buf,
            }),
        }
    }
}

/// The memory of one record, filled again for the next.
///
/// Push the values in the order of the schema's fields, or put them
/// in their places with [`RecordBuf::set_from_last`]. Between [`RecordBuf::begin_list`] and
/// [`RecordBuf::end_list`] the pushes are elements of a list.
#[derive(Clone, Debug, Default)]
pub struct RecordBuf {
    buf: Vec<u8>,
    slots: Vec<Slot>,
    elems: Vec<Slot>,
    list_start: Option<usize>,
    spare: Vec<Slot>,
}

impl RecordBuf {
    /// An empty buffer.
    pub fn new() -> RecordBuf {
        RecordBuf::default()
    }

    /// Forgets the values, keeps the memory.
    pub fn clear(&mut self) {
        self.buf.clear();
        self.slots.clear();
        self.elems.clear();
        self.list_start = None;
    }

    /// Becomes a copy of a record.
    pub fn copy_from(&mut self, record: &Record<'_>) {
        self.clear();
        self.buf.extend_from_slice(record.buf);
        self.slots.extend_from_slice(record.slots);
        self.elems.extend_from_slice(record.elems);
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Makes the record exactly `n` values long; new ones are unset.
    pub fn resize(&mut self, n: usize) {
        self.slots.resize(n, Slot::Unset);
    }

    /// Moves the value pushed last to position `i`, which must exist, for
    /// readers that meet the fields in any order (JSON).
    pub fn set_from_last(&mut self, i: usize) {
        if let Some(slot) = self.slots.pop()
            && let Some(place) = self.slots.get_mut(i)
        {
            *place = slot;
        }
    }

    /// Puts the values into a record `width` wide: the one pushed as number `i`
    /// goes to `places[i]`. Where two go to one place, the later one stays;
    /// places that nothing goes to are unset.
    pub(crate) fn arrange(&mut self, places: &[u32], width: usize) {
        self.spare.clear();
        self.spare.resize(width, Slot::Unset);
        for (slot, place) in self.slots.iter().zip(places) {
            if let Some(to) = self.spare.get_mut(*place as usize) {
                *to = *slot;
            }
        }
        std::mem::swap(&mut self.slots, &mut self.spare);
    }

    /// Whether a list that is begun can take no more elements.
    pub(crate) fn list_is_full(&self) -> bool {
        self.list_start
            .is_some_and(|start| self.elems.len() - start >= MAX_ELEMENTS)
    }

    #[inline]
    fn push(&mut self, slot: Slot) {
        match self.list_start {
            Some(start) => {
                if self.elems.len() - start < MAX_ELEMENTS {
                    self.elems.push(slot);
                }
            }
            None => self.slots.push(slot),
        }
    }

    /// Pushes an unset value.
    pub fn push_unset(&mut self) {
        self.push(Slot::Unset);
    }

    /// Pushes a truth value.
    pub fn push_bool(&mut self, v: bool) {
        self.push(Slot::Bool(v));
    }

    /// Pushes an unsigned number.
    pub fn push_count(&mut self, v: u64) {
        self.push(Slot::Count(v));
    }

    /// Pushes a signed number.
    pub fn push_int(&mut self, v: i64) {
        self.push(Slot::Int(v));
    }

    /// Pushes a fraction; NaN and infinities are unset, as JSON logs have them.
    pub fn push_double(&mut self, v: f64) {
        self.push(canon::decimals(v).map_or(Slot::Unset, Slot::Double));
    }

    /// Pushes seconds since the epoch, or parts of seconds where only they are plausible ([`canon::epoch`]); NaN and
    /// infinities are unset.
    pub fn push_time(&mut self, v: f64) {
        self.push(canon::decimals(canon::epoch(v)).map_or(Slot::Unset, Slot::Time));
    }

    /// Pushes seconds; NaN and infinities are unset.
    pub fn push_interval(&mut self, v: f64) {
        self.push(canon::decimals(v).map_or(Slot::Unset, Slot::Interval));
    }

    /// Pushes a port.
    pub fn push_port(&mut self, v: u16) {
        self.push(Slot::Port(v));
    }

    /// Pushes an address. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn push_addr(&mut self, v: IpAddr) {
        self.push(Slot::Addr(v.to_canonical()));
    }

    /// Pushes text as it is before any writer's escaping (the raw bytes of a
    /// Zeek string, or what is left of TSV or JSON once their own escapes are
    /// undone); [`canon::unescape`] is applied here.
    pub fn push_text(&mut self, text: &[u8]) {
        let start = self.buf.len();
        canon::unescape(text, MAX_TEXT, &mut self.buf);
        // A record's texts are capped one by one, and a record's fields by the
        // readers and the ABI; the sum stays far below 4 GiB.
        let slot = Slot::Text {
            start: start as u32,
            len: (self.buf.len() - start) as u32,
        };
        self.push(slot);
    }

    /// Pushes text that is not escaped, or no more: of another record, or known to
    /// hold no backslash.
    #[inline]
    pub fn push_plain_text(&mut self, text: &[u8]) {
        let start = self.buf.len();
        self.buf
            .extend_from_slice(&text[..text.len().min(MAX_TEXT)]);
        let slot = Slot::Text {
            start: start as u32,
            len: (self.buf.len() - start) as u32,
        };
        self.push(slot);
    }

    /// Pushes a fraction, time or interval that [`canon::decimals`] would leave
    /// as it is.
    #[inline]
    pub(crate) fn push_canonical(&mut self, ty: FieldType, v: f64) {
        self.push(match ty {
            FieldType::Time => Slot::Time(v),
            FieldType::Interval => Slot::Interval(v),
            _ => Slot::Double(v),
        });
    }

    /// Begins a set or vector. Lists do not nest: a second call without
    /// [`RecordBuf::end_list`] is ignored.
    pub fn begin_list(&mut self) {
        if self.list_start.is_none() {
            self.list_start = Some(self.elems.len());
        }
    }

    /// Ends the list; its elements beyond [`MAX_ELEMENTS`] were let go. A list of one
    /// empty text is empty: TSV logs write both the same way.
    pub fn end_list(&mut self) {
        if let Some(start) = self.list_start.take() {
            if matches!(self.elems[start..], [Slot::Text { len: 0, .. }]) {
                self.elems.truncate(start);
            }
            let len = (self.elems.len() - start) as u32;
            self.slots.push(Slot::List {
                start: start as u32,
                len,
            });
        }
    }

    /// The values as a record.
    pub fn record(&self) -> Record<'_> {
        Record {
            buf: &self.buf,
            slots: &self.slots,
            elems: &self.elems,
        }
    }
}

/// One record: values by position, in the order of its schema.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    buf: &'a [u8],
    slots: &'a [Slot],
    elems: &'a [Slot],
}

impl<'a> Record<'a> {
    /// The value at position `i`; unset where there is none.
    #[inline]
    pub fn get(&self, i: usize) -> Value<'a> {
        self.slots
            .get(i)
            .map_or(Value::Unset, |s| s.value(self.buf, self.elems))
    }

    /// How many values the record has.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether the record has no values.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// All values, in order.
    pub fn values(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let (buf, elems) = (self.buf, self.elems);
        self.slots.iter().map(move |s| s.value(buf, elems))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refilled_buffer_shows_only_the_new_record() {
        let mut b = RecordBuf::new();
        b.push_text(b"first");
        b.push_count(7);
        b.clear();
        b.push_text(b"second");
        b.begin_list();
        b.push_text(b"a");
        b.push_unset();
        b.end_list();
        b.push_unset();
        let r = b.record();
        assert_eq!(r.len(), 3);
        assert_eq!(r.get(0), Value::Text(b"second"));
        let list: Vec<_> = r.get(1).list().unwrap().iter().collect();
        assert_eq!(list, [Value::Text(b"a"), Value::Unset]);
        assert!(r.get(2).is_unset() && r.get(99).is_unset());
    }

    #[test]
    fn a_list_of_one_empty_text_is_empty() {
        let mut b = RecordBuf::new();
        for texts in [&[""][..], &[], &["", "a"]] {
            b.begin_list();
            texts.iter().for_each(|t| b.push_text(t.as_bytes()));
            b.end_list();
        }
        let lens: Vec<usize> = b
            .record()
            .values()
            .map(|v| v.list().unwrap().len())
            .collect();
        assert_eq!(lens, [0, 0, 2]);
    }

    #[test]
    fn nan_and_infinity_are_unset_and_lists_and_texts_are_capped() {
        let mut b = RecordBuf::new();
        b.push_double(f64::NAN);
        b.push_interval(f64::INFINITY);
        b.push_text(&vec![b'x'; 5000]);
        b.begin_list();
        for i in 0..1000 {
            b.push_count(i);
        }
        b.end_list();
        let r = b.record();
        assert!(r.get(0).is_unset() && r.get(1).is_unset());
        assert_eq!(r.get(2).text().unwrap().len(), MAX_TEXT);
        assert_eq!(r.get(3).list().unwrap().len(), MAX_ELEMENTS);
    }
}
