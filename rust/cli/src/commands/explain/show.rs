//! How the records of one connection are shown.

use crate::args::DocumentFormat;
use crate::output::jsonl;
use crate::output::table::{self, Look};
use crate::rows::{json_of, text};
use crate::say;
use crate::severity::Severity;
use comfy_table::{ColumnConstraint, ContentArrangement, Width};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::related::{Found, Related};
use zeek_anomaly_engine::{Claim, Reason, Verdict};
use zeek_anomaly_runner::Coverage;

/// The longest value that a table shows whole.
const LONGEST: usize = 80;

/// What the columns before the record take.
const BEFORE: usize = 20;

/// The columns that stand in the table's other columns.
const ELSEWHERE: &[&str] = &["ts"];

/// One record, and what is thought of it.
pub struct Shown<'a> {
    found: &'a Found,
    file: String,
    verdict: Option<&'a (Verdict, Vec<Reason>)>,
}

#[derive(Serialize)]
struct Document<'a> {
    wanted: &'a str,
    uids: Vec<String>,
    fuids: Vec<String>,
    records: Vec<Entry<'a>>,
    coverage: &'a Coverage,
}

#[derive(Serialize)]
struct Entry<'a> {
    log: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    file: &'a str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<Claim>,
    /// Whether training did not see the host whose doing it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stranger: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detector: Option<&'static str>,
    #[serde(serialize_with = "crate::rows::reasons")]
    reasons: Vec<Reason>,
    record: Map<String, Json>,
}

impl<'a> Shown<'a> {
    /// A record from a file.
    pub fn new(
        found: &'a Found,
        file: String,
        verdict: Option<&'a (Verdict, Vec<Reason>)>,
    ) -> Shown<'a> {
        Shown {
            found,
            file,
            verdict,
        }
    }

    /// Its score, where its log has one.
    pub fn score(&self) -> Option<f64> {
        self.verdict.map(|v| v.0.score)
    }

    /// The columns that have a value, with that.
    fn fields(&self) -> impl Iterator<Item = (&str, zeek_log::Value<'_>)> {
        let record = self.found.record.record();
        let fields = self.found.schema.fields.iter().enumerate();
        fields
            .map(move |(i, f)| (f.name.as_str(), record.get(i)))
            .filter(|(_, v)| !v.is_unset())
    }
}

/// Writes all of it to standard output.
pub fn show(
    wanted: &str,
    related: &Related,
    records: &[Shown<'_>],
    coverage: &Coverage,
    format: DocumentFormat,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        DocumentFormat::Json => json(wanted, related, records, coverage, &mut out)?,
        DocumentFormat::Table => people(records, &mut out)?,
    }
    out.flush()
}

fn json(
    wanted: &str,
    related: &Related,
    records: &[Shown<'_>],
    coverage: &Coverage,
    out: &mut dyn Write,
) -> io::Result<()> {
    // Of the names only those that stand in a record: what was asked for is tried as both.
    let held = |names: &std::collections::BTreeSet<Vec<u8>>, columns: fn(&str) -> bool| {
        let stands = |name: &str| {
            let mut all = records.iter().flat_map(Shown::fields);
            all.any(|(c, v)| columns(c) && text(v).is_some_and(|t| t.split(',').any(|p| p == name)))
        };
        let names = names
            .iter()
            .map(|n| String::from_utf8_lossy(n).into_owned());
        names.filter(|n| stands(n)).collect::<Vec<String>>()
    };
    let document = Document {
        wanted,
        coverage,
        uids: held(&related.uids, |c| c.contains("uid") && !c.contains("fuid")),
        fuids: held(&related.fuids, |c| c.contains("fuid") || c == "id"),
        records: records
            .iter()
            .map(|r| Entry {
                log: &r.found.schema.log,
                ts: r.found.ts(),
                file: &r.file,
                line: r.found.line,
                score: r.score(),
                claim: r.verdict.map(|v| v.0.claim),
                stranger: r.verdict.map(|v| v.0.stranger).filter(|s| *s),
                detector: r.verdict.map(|v| v.0.detector),
                reasons: r.verdict.map(|v| v.1.clone()).unwrap_or_default(),
                record: r
                    .fields()
                    .map(|(c, v)| (c.to_owned(), json_of(v)))
                    .collect(),
            })
            .collect(),
    };
    jsonl::line(out, &document)
}

fn people(records: &[Shown<'_>], out: &mut dyn Write) -> io::Result<()> {
    let look = Look::new(true);
    let mut t = table::bare();
    t.set_header(["severity", "score", "record"]);
    let first = records.first().and_then(|r| r.found.ts());
    for r in records {
        let when = match (r.found.ts(), first) {
            (None, _) => String::new(),
            (Some(ts), Some(f)) if ts != f => format!("{:>+19.3} s", ts - f),
            (Some(ts), _) => say::second(ts),
        };
        let score = r.verdict.map_or_else(
            || "-".to_owned(),
            |(v, _)| match v.claim {
                Claim::Measured => format!("{:.2}", v.score),
                Claim::Extrapolated => format!("~{:.2}", v.score),
                Claim::AtLeast => format!("≥{:.2}", v.score),
            },
        );
        let values: Vec<String> = r
            .fields()
            .filter(|(c, _)| !ELSEWHERE.contains(c))
            .map(|(c, v)| format!("{c}={}", short(&printable(&text(v).unwrap_or_default()))))
            .collect();
        let reasons = r.verdict.map(|v| v.1.as_slice()).unwrap_or_default();
        let stranger = r.verdict.is_some_and(|v| v.0.stranger);
        let why: Vec<String> = reasons
            .iter()
            .map(|w| format!("{} {} (usual {})", w.feature, w.value, w.usual))
            .chain(stranger.then(|| "scored as a host that training did not see".to_owned()))
            .collect();
        let severity = r
            .verdict
            .map_or("-", |(v, _)| Severity::of(v.score, v.claim).name());
        let mut lines = vec![format!(
            "{}  {}",
            when.trim(),
            printable(&r.found.schema.log)
        )];
        lines.push(values.join("  "));
        lines.extend(why.iter().map(|w| format!("- {w}")));
        t.add_row([severity.to_owned(), score, lines.join("\n")]);
    }
    let width = look.width.saturating_sub(BEFORE).max(40);
    let width = u16::try_from(width).unwrap_or(u16::MAX);
    t.set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::MAX)
        .set_constraints([
            ColumnConstraint::ContentWidth,
            ColumnConstraint::ContentWidth,
            ColumnConstraint::UpperBoundary(Width::Fixed(width)),
        ]);
    table::print(&mut t, out)
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
