//! One feature's value, and its compact form.

use crate::spec::Names;
use std::borrow::Cow;
use std::net::IpAddr;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The value of one feature for one record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// The record does not have it. Distinct from zero and from empty.
    Missing,
    /// A number; never NaN or infinite.
    Num(f64),
    /// A category by its text.
    Text(&'a [u8]),
    /// A category by its number (a port, a status code).
    Code(u64),
    /// A category that is a set of letters, one bit each ([`Cell::letters`]).
    Letters(u64),
    /// A category that is an address.
    Addr(IpAddr),
}

/// The category of a missing value.
pub const MISSING_CATEGORY: u64 = 0;

impl<'a> Cell<'a> {
    /// A number, or missing.
    #[inline]
    pub fn num(v: Option<f64>) -> Cell<'a> {
        v.filter(|v| v.is_finite()).map_or(Cell::Missing, Cell::Num)
    }

    /// A flag: 1 or 0.
    pub fn flag(v: bool) -> Cell<'a> {
        Cell::Num(f64::from(u8::from(v)))
    }

    /// A truth value as a category, or missing.
    pub fn truth(v: Option<bool>) -> Cell<'a> {
        v.map_or(Cell::Missing, |b| {
            Cell::Text(if b { b"yes" } else { b"no" })
        })
    }

    /// Text, or missing.
    pub fn text(v: Option<&'a [u8]>) -> Cell<'a> {
        v.map_or(Cell::Missing, Cell::Text)
    }

    /// A code, or missing.
    pub fn code(v: Option<u64>) -> Cell<'a> {
        v.map_or(Cell::Missing, Cell::Code)
    }

    /// What is known of a label, given as text.
    pub fn of_label(label: &Cell<'_>, names: &dyn Names) -> Cell<'a> {
        match label {
            Cell::Text(t) => Cell::num(names.evidence(t)),
            _ => Cell::Missing,
        }
    }

    /// Which of the characters `A` to `~` a text has, whatever their order and number.
    pub fn letters(text: &[u8]) -> Cell<'a> {
        Cell::Letters(
            text.iter()
                .filter(|b| (64..127).contains(*b))
                .fold(0, |set, b| set | 1 << (b - 64)),
        )
    }

    /// The number as 64 bits: those of the float, NaN where missing.
    #[inline]
    pub fn number_bits(&self) -> u64 {
        match *self {
            Cell::Num(v) => v.to_bits(),
            Cell::Code(c) => (c as f64).to_bits(),
            _ => f64::NAN.to_bits(),
        }
    }

    /// The category as 64 bits: a hash that is the same on every machine and
    /// in every version (XXH3), [`MISSING_CATEGORY`] where missing.
    #[inline]
    pub fn category_bits(&self) -> u64 {
        let h = match *self {
            Cell::Missing => return MISSING_CATEGORY,
            Cell::Text(t) => xxh3_64(t),
            Cell::Code(c) => xxh3_64_with_seed(&c.to_le_bytes(), 1),
            Cell::Num(v) => xxh3_64_with_seed(&v.to_bits().to_le_bytes(), 2),
            Cell::Letters(l) => xxh3_64_with_seed(&l.to_le_bytes(), 4),
            Cell::Addr(IpAddr::V4(a)) => xxh3_64_with_seed(&a.octets(), 3),
            Cell::Addr(IpAddr::V6(a)) => xxh3_64_with_seed(&a.octets(), 3),
        };
        h.max(1)
    }

    /// The value for people; not escaped for a terminal.
    pub fn display(&self) -> Cow<'a, str> {
        match *self {
            Cell::Missing => Cow::Borrowed("(none)"),
            Cell::Num(v) => Cow::Owned(format!("{v}")),
            Cell::Text(b"") => Cow::Borrowed("(empty)"),
            Cell::Text(t) => String::from_utf8_lossy(t),
            Cell::Code(c) => Cow::Owned(c.to_string()),
            Cell::Letters(0) => Cow::Borrowed("(empty)"),
            Cell::Letters(l) => Cow::Owned(
                (0..63u8)
                    .filter(|b| l >> b & 1 == 1)
                    .map(|b| char::from(b + 64))
                    .collect(),
            ),
            Cell::Addr(a) => Cow::Owned(a.to_string()),
        }
    }
}
