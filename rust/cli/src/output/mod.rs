//! Where findings are written, and how.

mod attack;
pub mod csv;
pub mod ecs;
pub mod features;
pub mod jsonl;
pub mod place;
pub mod table;
pub mod zeek;

use crate::args::Format;
use crate::rows::Finding;
use std::io::{self, Write};

/// Writes findings in one of the formats.
pub enum Writer<W: Write> {
    /// For people.
    Table(table::Table<W>),
    /// One JSON document.
    Json(jsonl::Array<W>),
    /// JSON lines.
    Jsonl(jsonl::Jsonl<W>),
    /// A Zeek log, whose header is written first.
    Zeek(W, bool),
    /// Comma-separated values.
    Csv(Box<csv::Csv<W>>),
    /// Alerts for a SIEM.
    Ecs(ecs::Ecs<W>),
}

impl<W: Write> Writer<W> {
    /// A writer of this format. `look` is for tables.
    pub fn new(to: W, format: Format, look: table::Look) -> Writer<W> {
        match format {
            Format::Table => Writer::Table(table::Table::new(to, look)),
            Format::Json => Writer::Json(jsonl::Array::new(to)),
            Format::Zeek => Writer::Zeek(to, false),
            Format::Jsonl => Writer::Jsonl(jsonl::Jsonl::new(to)),
            Format::Csv => Writer::Csv(Box::new(csv::Csv::new(to))),
            Format::Ecs => Writer::Ecs(ecs::Ecs::new(to)),
        }
    }

    /// Writes one finding.
    pub fn write(&mut self, finding: Finding) -> io::Result<()> {
        match self {
            Writer::Table(w) => w.write(finding),
            Writer::Json(w) => w.write(&finding),
            Writer::Jsonl(w) => w.write(&finding),
            Writer::Zeek(w, begun) => {
                if !std::mem::replace(begun, true) {
                    w.write_all(zeek::ZeekLog::header().as_bytes())?;
                }
                zeek::ZeekLog::write(w, &finding)
            }
            Writer::Csv(w) => w.write(&finding),
            Writer::Ecs(w) => w.write(&finding),
        }
    }

    /// Writes what is held back, and gives back where it went.
    pub fn finish(self) -> io::Result<W> {
        let mut to = match self {
            Writer::Table(w) => w.finish()?,
            Writer::Json(w) => w.finish()?,
            Writer::Jsonl(w) => w.finish(),
            Writer::Zeek(mut w, begun) => {
                if !begun {
                    w.write_all(zeek::ZeekLog::header().as_bytes())?;
                }
                w
            }
            Writer::Csv(w) => w.finish()?,
            Writer::Ecs(w) => w.finish(),
        };
        to.flush()?;
        Ok(to)
    }
}
