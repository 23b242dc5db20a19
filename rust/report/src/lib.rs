//! A report on a directory of logs, as one HTML page that needs nothing else.
//!
//! [`Gatherer`] takes scored records and keeps what a report needs, in bounded memory. [`assemble`] makes a
//! [`Report`] of that, of the behaviors of hosts and of the verdict. [`ReportView`] turns it into sections of
//! text, tables and plots, and [`html`] writes them; the crate `report-pdf` writes the same sections as a PDF.
//! Text from logs is hostile: [`ReportView`] cuts it and makes it safe to show once, and the template escapes it.
//!
//! The same records give the same bytes.

#![forbid(unsafe_code)]

mod assemble;
pub mod charts;
pub mod gather;
pub mod html;
pub mod report;
pub mod sentence;
mod view;
pub mod words;

pub use assemble::{ReportRequest, assemble, quoted};
pub use gather::Gatherer;
pub use report::{HostRisk, Report, ReportFinding, ReportRecord, ReportSubject};
pub use view::{
    Block, Card, ColumnContent, DataTable, Figure, ListItem, ReportView, Section, TableCell,
    TableColumn, TextSpan, TextStyle,
};
