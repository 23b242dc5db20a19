//! A record as the feature definitions see it.

use crate::cell::Cell;
use crate::context::View;
use std::net::IpAddr;
use zeek_log::{Elements, Record, Schema, Value};

/// Where the columns of a spec stand in a record; `None` where the log has no such
/// column. Made once for a schema.
#[derive(Clone, Debug, Default)]
pub struct Columns(Vec<Option<usize>>);

impl Columns {
    /// Binds column names to positions.
    pub fn bind(names: &[&str], schema: &Schema) -> Columns {
        Columns(names.iter().map(|n| schema.position(n)).collect())
    }

    /// The positions that are looked at.
    pub fn positions(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flatten().copied()
    }
}

/// One record with its columns bound and its connection's context.
#[derive(Clone, Copy)]
pub struct Row<'r> {
    record: Record<'r>,
    columns: &'r Columns,
    /// What the connection did in other logs.
    pub context: View<'r>,
}

impl<'r> Row<'r> {
    /// Puts the three together.
    pub fn new(record: Record<'r>, columns: &'r Columns, context: View<'r>) -> Row<'r> {
        Row {
            record,
            columns,
            context,
        }
    }

    /// The value of a column, by its position in the spec's list.
    #[inline]
    pub fn value(&self, column: usize) -> Value<'r> {
        match self.columns.0.get(column) {
            Some(Some(i)) => self.record.get(*i),
            _ => Value::Unset,
        }
    }

    /// Whether the column has a value.
    pub fn is_set(&self, column: usize) -> bool {
        !self.value(column).is_unset()
    }

    /// The column as a number.
    #[inline]
    pub fn num(&self, column: usize) -> Option<f64> {
        self.value(column).number()
    }

    /// The column as text.
    #[inline]
    pub fn text(&self, column: usize) -> Option<&'r [u8]> {
        self.value(column).text()
    }

    /// The column as a port.
    pub fn port(&self, column: usize) -> Option<u16> {
        self.value(column).port()
    }

    /// The column as an address.
    pub fn addr(&self, column: usize) -> Option<IpAddr> {
        self.value(column).addr()
    }

    /// The column as an address and so as a category; as text where it holds something
    /// else.
    pub fn host(&self, column: usize) -> Cell<'r> {
        match self.addr(column) {
            Some(a) => Cell::Addr(a),
            None => Cell::text(self.text(column)),
        }
    }

    /// What a function makes of the column's address.
    pub fn of_addr(&self, column: usize, f: impl FnOnce(IpAddr) -> IpAddr) -> Cell<'r> {
        self.addr(column)
            .map_or(Cell::Missing, |a| Cell::Addr(f(a)))
    }

    /// The column as a code: a number that is a name.
    pub fn code(&self, column: usize) -> Cell<'r> {
        Cell::code(self.num(column).filter(|v| *v >= 0.0).map(|v| v as u64))
    }

    /// A part of the column's text as a category.
    pub fn part(&self, column: usize, f: impl FnOnce(&'r [u8]) -> Option<&'r [u8]>) -> Cell<'r> {
        Cell::text(self.text(column).and_then(f))
    }

    /// The column as a truth value.
    pub fn truth(&self, column: usize) -> Option<bool> {
        self.value(column).truth()
    }

    /// The column as a set or vector.
    pub fn list(&self, column: usize) -> Option<Elements<'r>> {
        self.value(column).list()
    }

    /// How long a text is, in bytes.
    pub fn text_len(&self, column: usize) -> Option<f64> {
        self.text(column).map(|t| t.len() as f64)
    }

    /// How many elements a set or vector has; a single text counts as one
    /// (exports that flatten lists).
    pub fn list_len(&self, column: usize) -> Option<f64> {
        match self.value(column) {
            Value::List(e) => Some(e.len() as f64),
            Value::Unset => None,
            _ => Some(1.0),
        }
    }

    /// The first element of a set or vector that is text, or the text itself.
    pub fn first_text(&self, column: usize) -> Option<&'r [u8]> {
        match self.value(column) {
            Value::List(e) => e.iter().next().and_then(|v| v.text()),
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    /// The sum of two numbers where at least one is there.
    pub fn sum(&self, a: usize, b: usize) -> Option<f64> {
        match (self.num(a), self.num(b)) {
            (None, None) => None,
            (x, y) => Some(x.unwrap_or(0.0) + y.unwrap_or(0.0)),
        }
    }

    /// The quotient (a+1)/(b+1), defined for zeros too.
    pub fn quotient(&self, a: usize, b: usize) -> Option<f64> {
        Some((self.num(a)? + 1.0) / (self.num(b)? + 1.0))
    }

    /// Units of `a` for each `b`: a/(b+1).
    pub fn per(&self, a: usize, b: usize) -> Option<f64> {
        Some(self.num(a)? / (self.num(b)? + 1.0))
    }
}
