//! What is kept in files: models, states, what is usual. Files are replaced whole or not at all
//! ([`write_whole`]), and read as if they came from an enemy ([`read_at_most`], [`payload`]).

mod container;
mod file;

pub use container::{Broken, HEAD, payload, seal};
pub use file::{Readers, beside, read_at_most, write_whole};
