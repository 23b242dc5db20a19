//! One JSON object a line.
//!
//! Characters that could act on a terminal, or that change how text reads, are written as
//! `\u` escapes: the value is the same, and the line is safe to look at.

use crate::rows::Finding;
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// The writer.
pub struct Jsonl<W: Write> {
    to: W,
}

impl<W: Write> Jsonl<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Jsonl<W> {
        Jsonl { to }
    }

    /// Writes one finding.
    pub fn write(&mut self, finding: &Finding) -> io::Result<()> {
        let mut out = serde_json::Serializer::with_formatter(&mut self.to, Safe);
        finding.serialize(&mut out).map_err(io::Error::from)?;
        self.to.write_all(b"\n")
    }

    /// Gives back where it went.
    pub fn finish(self) -> W {
        self.to
    }
}

/// Writes a value as one line of JSON.
///
/// # Errors
/// Where writing fails.
pub fn line(to: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut bytes, Safe,
    ))?;
    bytes.push(b'\n');
    to.write_all(&bytes)
}

/// One JSON document: an array with an item on each line.
pub struct Array<W: Write> {
    to: W,
    begun: bool,
}

impl<W: Write> Array<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Array<W> {
        Array { to, begun: false }
    }

    /// Writes one finding.
    pub fn write(&mut self, finding: &Finding) -> io::Result<()> {
        let mut line = Vec::new();
        Jsonl::new(&mut line).write(finding)?;
        self.item(line.trim_ascii_end())
    }

    /// Writes one item, which is JSON already.
    pub fn item(&mut self, json: &[u8]) -> io::Result<()> {
        self.to
            .write_all(if self.begun { b",\n" } else { b"[\n" })?;
        self.begun = true;
        self.to.write_all(json)
    }

    /// Ends the document, and gives back where it went.
    pub fn finish(mut self) -> io::Result<W> {
        let end: &[u8] = if self.begun { b"\n]\n" } else { b"[]\n" };
        self.to.write_all(end)?;
        Ok(self.to)
    }
}

/// The compact form, with more escapes than JSON demands.
pub struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| acts(*c)) {
            to.write_all(&rest.as_bytes()[..at])?;
            write!(to, "\\u{:04x}", u32::from(c))?;
            rest = &rest[at + c.len_utf8()..];
        }
        to.write_all(rest.as_bytes())
    }
}

/// Control characters and invisible ones; all of them are below U+10000.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
