//! What `report` can be asked for.

use crate::args::with_exit;
use crate::commands::analyze::args::AnalysisArgs;
use crate::exit;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct ReportArgs {
    /// Where to write the page (HTML); replaced whole, or not at all
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "pdf")]
    pub output: Option<PathBuf>,
    /// Where to write the same as a PDF; needs a build with the feature `pdf`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pdf: Option<PathBuf>,
    /// The name of the sensor; otherwise what the records themselves say
    #[arg(long, value_name = "NAME")]
    pub sensor: Option<String>,
    /// When the report was made, to stand in it; it has no date of its own, so that the same
    /// logs give the same bytes
    #[arg(long, value_name = "TEXT")]
    pub made: Option<String>,
    /// What is judged, and by what.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly report -m week.model -o today.html --pdf today.pdf /opt/zeek/logs/current
  zeek-anomaly report --train-on 2026-07-0{1,2,3} -o day4.html --sensor office 2026-07-04
  zeek-anomaly report -m week.model --baseline july.json --usual july.zau -o today.html today

The page needs nothing else: no network, no script. What stands in logs is shown, never run.";
