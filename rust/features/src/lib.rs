//! Records to features.
//!
//! A log type is one small file in [`logs`]: the columns it reads and a list
//! of [`Feature`]s, each a name, a kind and a function from a [`Row`] to a
//! [`Cell`]. A log that has no such file gets the [`generic`] path, which makes
//! its features from the log's own schema.
//!
//! What the same connection did in other logs comes from [`context`], which is
//! bounded and follows one rule, so that both doors see the same: a record's
//! context is a function of what the logs hold, never of the moment at which a
//! record happened to be seen (docs/method/scoring.md, "Context").

pub mod cell;
pub mod context;
pub mod domain;
pub mod generic;
pub mod lexical;
pub mod logs;
pub mod parts;
pub mod row;
mod series;
pub mod spec;

pub use cell::Cell;
pub use context::{Context, Limits};
pub use row::Row;
pub use spec::{Feature, Kind, LogType, Names, Spec, Unit};
