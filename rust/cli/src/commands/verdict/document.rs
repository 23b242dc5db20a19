//! The JSON summary of a directory, with the fields that users of the existing tool parse.

use super::Shown;
use crate::output::jsonl;
use serde::Serialize;
use std::io::{self, Write};
use zeek_anomaly_runner::{Coverage, NewLog};
use zeek_anomaly_verdict::{Assessment, BaselineComparison, LogPart};

#[derive(Serialize)]
struct Document<'a> {
    input_path: &'a str,
    judged_by: &'a str,
    directory_summary: &'a Assessment,
    baseline_comparison: Option<&'a BaselineComparison>,
    files: &'a [LogPart],
    new_logs: &'a [NewLog],
    coverage: &'a Coverage,
}

/// Writes one line.
pub fn write(to: &mut dyn Write, shown: &Shown, judged_by: &str) -> io::Result<()> {
    let document = Document {
        input_path: &shown.path,
        judged_by,
        directory_summary: &shown.assessment,
        baseline_comparison: shown.comparison.as_ref(),
        files: &shown.assessment.logs,
        new_logs: &shown.new_logs,
        coverage: &shown.coverage,
    };
    jsonl::line(to, &document)
}
