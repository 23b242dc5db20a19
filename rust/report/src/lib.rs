//! What was found in a directory of logs, for people: one HTML page that needs nothing else,
//! and a PDF.
//!
//! [`Gatherer`] takes scored records and keeps what a report needs, in bounded memory;
//! [`assemble`] makes a [`Report`] of that, of what hosts did over time and of the verdict, [`View`] puts it in words and
//! plots, and [`html`] and [`pdf`] write it. Everything that comes from logs is hostile: it is cut
//! and made safe to show once, in [`View`], and escaped by the template.
//!
//! The same records give the same bytes.

mod assemble;
pub mod charts;
pub mod gather;
pub mod html;
pub mod pdf;
pub mod report;
pub mod view;
pub mod words;

pub use assemble::{Asked, assemble, quoted};
pub use gather::Gatherer;
pub use report::{About, Finding, HostRisk, Record, Report};
pub use view::View;
