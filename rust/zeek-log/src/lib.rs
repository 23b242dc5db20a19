//! Bytes to records: reads the logs that Zeek writes.
//!
//! This crate knows what a Zeek log looks like on disk and nothing of
//! anomalies. It turns TSV and JSON lines, plain or compressed, into
//! [`Record`]s: a [`Schema`] that says what the columns are, and one
//! [`RecordBuf`] of values that is filled again for every line, so that
//! reading does not allocate once it is warm.
//!
//! What differs between Zeek's writers is levelled here (see [`canon`]), so
//! that the same event read from TSV, from JSON, or handed over inside Zeek is
//! the same record, value for value.
//!
//! # Reading
//!
//! [`discover`] lists what there is to read, [`LogReader`] reads one input row
//! by row, and [`Stats`] says what became of every line:
//!
//! ```
//! use zeek_log::{LogReader, Options};
//!
//! let text = b"#separator \\x09\n#path\tconn\n\
//!     #fields\tts\tid.orig_h\tduration\n#types\ttime\taddr\tinterval\n\
//!     1655071198.444458\t10.0.0.1\t1.135424\n\
//!     1655071199.000000\tnobody\t-\n";
//! let mut reader = LogReader::from_reader(Box::new(&text[..]), "conn.log", None, &Options::default())?;
//! let (mut bound, mut duration) = (0, None);
//! while let Some(row) = reader.next()? {
//!     // The columns seldom change: look them up when they do.
//!     if row.schema_id != bound {
//!         bound = row.schema_id;
//!         duration = row.schema.position("duration");
//!     }
//!     let seconds = duration.and_then(|at| row.record.get(at).number());
//!     assert_eq!((row.schema.log.as_str(), seconds), ("conn", Some(1.135424)));
//! }
//! let stats = reader.stats();
//! assert_eq!((stats.rows, stats.refused, stats.headers), (1, 1, 4));
//! assert_eq!(
//!     stats.refusals[0].to_string(),
//!     "line 6: id.orig_h should be an address but is \"nobody\""
//! );
//! # Ok::<(), zeek_log::Error>(())
//! ```
//!
//! TSV columns have the types of the header. A value that is none of its column's type is kept as it is written and counted
//! ([`Stats::odd_values`]); where the column says which record it is (`ts`, the addresses and ports) the line is
//! refused, in TSV and JSON alike. JSON columns are [`FieldType::Unknown`]: a
//! value is a count, a number, text, a truth value or a list as it is written,
//! and of the type that [`names::known_type`] gives to the few names that mean
//! the same everywhere (`ts` is a time in seconds, parts of seconds, or a date with a time of day).
//! The accessors of [`Value`] level the rest: an address in a text is found by
//! [`Value::addr`].

#![forbid(unsafe_code)]

mod by_schema;
pub mod canon;
mod discover;
mod error;
mod file_name;
mod files;
pub mod follow;
pub mod history;
mod input;
mod json;
mod line;
pub mod names;
mod number;
pub mod payload;
mod reader;
pub mod record;
mod records;
pub mod schema;
mod source;
mod stats;
mod tsv;
mod when;

pub use by_schema::BySchema;
pub use discover::{Discovery, Unread, UnreadReason, discover};
pub use error::{Error, ErrorKind, Reason, Refusal};
pub use files::OpenFiles;
pub use input::{Input, Interval};
pub use reader::{Head, LogReader, Options, Row};
pub use record::{Elements, Record, RecordBuf, Value};
pub use schema::{Field, FieldType, Schema};
pub use stats::Stats;
