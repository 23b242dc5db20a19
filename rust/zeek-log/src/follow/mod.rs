//! Logs that a running Zeek still writes to.
//!
//! [`Following`] is one file, [`Tails`] all logs of a directory, with what rotation, restarts
//! and truncation do to them, and where each was read to ([`Mark`]), to be kept for the next run.
//!
//! Files are looked at again and again rather than watched through the system's
//! notifications: a few dozen files cost nothing, and it works on every file system.

mod file;
mod rotated;
mod tail;
mod tails;

pub use file::{Change, Following, HEAD, Identity, head_of};
pub use tail::{Happened, Mark};
pub use tails::{Start, Tails};
