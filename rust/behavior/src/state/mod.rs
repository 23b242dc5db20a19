//! State that stays within its memory, whatever is thrown at it.
//!
//! - [`Table`]: entities and what is known of each, in two segments: newcomers are on probation
//!   and push out only one another; those that have earned their place can be pushed out only by
//!   one with more merit.
//! - [`Distinct`]: how many different things there were (exact while few, then HyperLogLog).
//! - [`Fading`]: how many different things there were of late.
//! - [`Sketch`]: how often something came, for all keys there are (count-min).
//! - [`Uids`]: a few of the connections behind something.
//!
//! All of it is deterministic and can be saved. The crates that were looked at for these are
//! either not deterministic, cannot be saved, or trust what they read back.

mod distinct;
mod fading;
mod sketch;
mod table;
mod uids;

pub use distinct::{Distinct, EXACT};
pub use fading::{Fading, Spans};
pub use sketch::Sketch;
pub use table::{Entry, GivenUp, Saved, Table};
pub use uids::Uids;
