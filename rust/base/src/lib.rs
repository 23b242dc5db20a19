//! What more than one crate needs and none of them owns.
//!
//! - [`address`]: the scope of an address.
//! - [`codec`]: values to bytes and back; the only module that knows `bincode`.
//! - Files ([`write_whole`], [`read_at_most`]) are replaced whole or not at all, and
//!   [`seal`] and [`payload`] add a version and a checksum. All input is checked.
//! - [`text`]: text from logs, made safe to print.
//! - [`time`]: days of UTC.

pub mod address;
pub mod codec;
mod container;
mod file;
mod pending;
pub mod text;
pub mod time;

pub use container::{Broken, HEAD, payload, seal};
pub use file::{Readers, beside, read_at_most, read_small, write_whole};
pub use pending::{Removed, remove_pending, temporary_dir};
