//! What `analyze` and `report` can be asked for.

use crate::args::{DocumentFormat, FitArgs, RowArgs, SensorArgs, WorkArgs, finite, with_exit};
use crate::exit;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use zeek_anomaly_engine::DEFAULT_THRESHOLD;

/// How logs are judged as a whole: scores, behaviors and verdict of one run.
#[derive(Debug, Args)]
pub struct AnalysisArgs {
    /// The model [default: $ZEEK_ANOMALY_MODEL, or model.zam in the data directory; without one,
    /// the rows are ranked among themselves]
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: Option<PathBuf>,
    /// Train on the logs here instead of loading a model; the model is not saved
    #[arg(long, value_name = "PATH", conflicts_with = "model", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// A path that is known to be ordinary, to compare the verdict with; may be repeated
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub normal: Vec<PathBuf>,
    /// A baseline of ordinary paths, made with `verdict --save-baseline`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// The behavioral baseline, made with `hunt --save-behavior-baseline`; --train-on learns one too
    #[arg(long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub usual: Option<PathBuf>,
    /// An allowlist: addresses, networks, names, ports, services, pairs, one entry a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub allow: Option<PathBuf>,
    /// The score from which a record is anomalous
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = finite)]
    pub threshold: f64,
    /// Whose rows.
    #[command(flatten)]
    pub sensors: SensorArgs,
    /// Which rows.
    #[command(flatten)]
    pub rows: RowArgs,
    /// How to learn, without a model.
    #[command(flatten)]
    pub fit: FitArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// `analyze`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct AnalyzeArgs {
    /// Also write an HTML page with all details to this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = DocumentFormat::Table)]
    pub format: DocumentFormat,
    /// What is judged, and by what.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly analyze /opt/zeek/logs/current
  zeek-anomaly analyze -m week.zam -o today.html /opt/zeek/logs/2026-11-20
  zeek-anomaly analyze --format json logs | jq -r '.hosts[] | [.severity, .host, .summary] | @tsv'

Reads the logs once: scores their records, detects behaviors, and judges the whole. The ten worst
hosts come first, the most severe at the top, then what was looked at, then what to run next.
UNKNOWN means that nothing could be judged: see the coverage line.";
