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

pub mod canon;
pub mod record;
pub mod schema;

pub use record::{Elements, Record, RecordBuf, Value};
pub use schema::{Field, FieldType, Schema};
