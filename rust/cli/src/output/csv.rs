//! Comma-separated values, for spreadsheets and scripts.
//!
//! CSV has no escapes, so text is made printable ([`printable`]); who needs the
//! exact bytes uses JSON lines.

use crate::rows::{Alert, Finding};
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;

/// The header. Counts are empty but where records are grouped or alerts, and what is known of
/// alerts but where there is a budget.
const COLUMNS: [&str; 21] = [
    "severity",
    "log",
    "ts",
    "uid",
    "fuid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "score",
    "claim",
    "raw",
    "anomalous",
    "detector",
    "reasons",
    "records",
    "entities",
    "finding",
    "first",
    "last",
    "threshold",
];

/// The writer.
pub struct Csv<W: Write> {
    out: ::csv::Writer<W>,
    begun: bool,
}

impl<W: Write> Csv<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Csv<W> {
        Csv {
            out: ::csv::Writer::from_writer(to),
            begun: false,
        }
    }

    /// Writes one finding.
    pub fn write(&mut self, f: &Finding) -> io::Result<()> {
        self.begin()?;
        let text = |t: &Option<String>| t.as_deref().map_or_else(String::new, printable);
        let port = |p: Option<u16>| p.map_or_else(String::new, |p| p.to_string());
        let alert = |of: &dyn Fn(&Alert) -> String| f.alert.as_ref().map_or_else(String::new, of);
        let reasons: Vec<String> = f
            .reasons
            .iter()
            .map(|r| {
                if r.usual.is_empty() {
                    return format!("{} = {}", r.feature, r.value);
                }
                format!(
                    "{} = {} (usual: {}) {:.0} %",
                    r.feature,
                    r.value,
                    r.usual,
                    100.0 * r.share
                )
            })
            .collect();
        let row: [String; COLUMNS.len()] = [
            f.severity.name().to_owned(),
            printable(&f.log),
            f.ts.map_or_else(String::new, |t| t.to_string()),
            text(&f.uid),
            text(&f.fuid),
            text(&f.orig_h),
            port(f.orig_p),
            text(&f.resp_h),
            port(f.resp_p),
            f.score.to_string(),
            f.claim.name().to_owned(),
            f.raw.to_string(),
            f.anomalous.to_string(),
            f.detector.to_owned(),
            reasons.join("; "),
            f.records.map_or_else(String::new, |n| n.to_string()),
            (f.alert.as_ref().and_then(|a| a.entities)).map_or_else(String::new, |n| n.to_string()),
            alert(&|a| a.finding.clone()),
            alert(&|a| a.first.to_string()),
            alert(&|a| a.last.to_string()),
            alert(&|a| a.threshold.to_string()),
        ];
        self.out.write_record(row).map_err(io_error)
    }

    /// Writes the header, also where nothing follows, and gives back where it went.
    pub fn finish(mut self) -> io::Result<W> {
        self.begin()?;
        self.out.into_inner().map_err(|e| e.into_error())
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            self.out.write_record(COLUMNS).map_err(io_error)?;
        }
        Ok(())
    }
}

fn io_error(e: ::csv::Error) -> io::Error {
    match e.into_kind() {
        ::csv::ErrorKind::Io(e) => e,
        other => io::Error::other(format!("{other:?}")),
    }
}
