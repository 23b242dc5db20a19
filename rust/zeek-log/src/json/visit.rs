//! The visitors that walk one JSON line and push its values as they come.

use super::Keys;
use crate::error::{Reason, shown};
use crate::names;
use crate::number;
use crate::record::RecordBuf;
use crate::schema::FieldType;
use crate::stats::Odd;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How deep objects may be nested for their values to be kept.
const MAX_DEPTH: usize = 4;

/// What the visitors share.
pub(super) struct Parse<'p, 'p2> {
    pub(super) keys: &'p mut Keys,
    pub(super) order: &'p mut Vec<u32>,
    /// The key at hand, with the keys of the objects around it.
    pub(super) path: &'p mut String,
    pub(super) log: &'p mut String,
    pub(super) out: &'p mut RecordBuf,
    pub(super) ignored: u64,
    pub(super) bad: Option<Reason>,
    pub(super) odd: &'p mut Odd<'p2>,
}

impl Parse<'_, '_> {
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

    /// The value is none of the column's type. Where the column identifies the record, the record is refused.
    #[cold]
    fn differs(&mut self, ty: FieldType, found: &[u8]) {
        let expected = match ty {
            FieldType::Time => "a time",
            FieldType::Interval => "an interval",
            FieldType::Addr => "an address",
            FieldType::Port => "a port",
            FieldType::Count => "a count",
            _ => return,
        };
        let field = names::dotted(self.path);
        let reason = || Reason::Value {
            field: field.to_owned(),
            expected,
            found: shown(found),
        };
        if !names::is_identity(field) {
            // Other names are in several logs, not always with this type.
            if ty == FieldType::Count {
                self.odd.note(reason);
            }
        } else if self.bad.is_none() {
            self.bad = Some(reason());
        }
    }

    fn number(&mut self, ty: FieldType, v: f64) {
        match (ty, number::whole_of(v)) {
            (FieldType::Time, _) => return self.out.push_time(v),
            (FieldType::Interval, _) => return self.out.push_interval(v),
            (FieldType::Port | FieldType::Count, Some(n)) => return self.unsigned(ty, n),
            (FieldType::Unknown, _) => {}
            _ => self.differs(ty, v.to_string().as_bytes()),
        }
        self.out.push_double(v);
    }

    fn unsigned(&mut self, ty: FieldType, v: u64) {
        match ty {
            FieldType::Time | FieldType::Interval => return self.number(ty, v as f64),
            FieldType::Port => {
                if let Ok(port) = u16::try_from(v) {
                    return self.out.push_port(port);
                }
                self.differs(ty, v.to_string().as_bytes());
            }
            FieldType::Addr => self.differs(ty, v.to_string().as_bytes()),
            _ => {}
        }
        self.out.push_count(v);
    }

    fn text(&mut self, ty: FieldType, v: &str) {
        let text = v.as_bytes();
        // Exporters have these where nothing is.
        if ty != FieldType::Unknown && matches!(text, b"" | b"-") {
            return self.out.push_unset();
        }
        match ty {
            FieldType::Time => {
                if let Some(t) = number::time(text) {
                    return self.out.push_time(t);
                }
            }
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
            FieldType::Count => {
                if let Some(n) = number::count(text).or_else(|| number::whole(text)) {
                    return self.out.push_count(n);
                }
            }
            _ => return self.out.push_text(text),
        }
        self.differs(ty, text);
        self.out.push_text(text);
    }
}

/// Reads an object's keys and values.
pub(super) struct Object<'a, 'p, 'p2> {
    pub(super) p: &'a mut Parse<'p, 'p2>,
    pub(super) depth: usize,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_, '_> {
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
struct Item<'a, 'p, 'p2> {
    p: &'a mut Parse<'p, 'p2>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        if let Some(ty) = self.p.begin() {
            self.p.differs(ty, if v { b"true" } else { b"false" });
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
                _ => {
                    self.p.differs(ty, v.to_string().as_bytes());
                    self.p.out.push_int(v);
                }
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
        self.p.differs(ty, b"[...]");
        self.p.out.begin_list();
        while seq
            .next_element_seed(Element { p: &mut *self.p })?
            .is_some()
        {}
        self.p.out.end_list();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // An object under the name of a column has its columns in the column's place.
        let ty = names::known_type(names::dotted(self.p.path));
        if names::is_identity(names::dotted(self.p.path)) {
            self.p.differs(ty, b"{...}");
        }
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
struct Element<'a, 'p, 'p2> {
    p: &'a mut Parse<'p, 'p2>,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        if self.p.out.list_is_full() {
            return d.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_, '_, '_> {
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
