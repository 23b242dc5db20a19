//! The JSON summary of a directory, with the fields that users of the existing tool parse.

use crate::output::jsonl::Safe;
use serde::Serialize;
use std::io::{self, Write};
use zeek_anomaly_verdict::{Assessment, Comparison, LogPart};

#[derive(Serialize)]
struct Document<'a> {
    input_path: &'a str,
    judged_by: &'a str,
    directory_summary: &'a Assessment,
    baseline_comparison: Option<&'a Comparison>,
    files: &'a [LogPart],
}

/// Writes one line.
pub fn write(
    to: &mut dyn Write,
    path: &str,
    judged_by: &str,
    assessment: &Assessment,
    comparison: Option<&Comparison>,
) -> io::Result<()> {
    let document = Document {
        input_path: path,
        judged_by,
        directory_summary: assessment,
        baseline_comparison: comparison,
        files: &assessment.logs,
    };
    let mut bytes = Vec::new();
    document.serialize(&mut serde_json::Serializer::with_formatter(
        &mut bytes, Safe,
    ))?;
    bytes.push(b'\n');
    to.write_all(&bytes)
}
