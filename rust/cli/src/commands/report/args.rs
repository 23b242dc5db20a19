//! What `report` can be asked for.

use crate::args::{FitArgs, RowArgs, SensorArgs, WorkArgs, finite, with_exit};
use crate::exit;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use zeek_anomaly_engine::DEFAULT_THRESHOLD;

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct ReportArgs {
    /// The model; without one, what is usual is learned from the rows themselves
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: Option<PathBuf>,
    /// Instead of a model: learn from the logs here what is usual, and keep nothing of it
    #[arg(long, value_name = "PATH", conflicts_with = "model", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// Where to write the page (HTML); replaced whole, or not at all
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "pdf")]
    pub output: Option<PathBuf>,
    /// Where to write the same as a PDF; needs a build with the feature `pdf`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pdf: Option<PathBuf>,
    /// A path that is known to be ordinary, to compare the verdict with; may be repeated
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub normal: Vec<PathBuf>,
    /// A baseline of ordinary paths, made with `verdict --save-baseline`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// What behaviours are usual here, learned with `hunt --learn`; --train-on learns it too
    #[arg(long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub usual: Option<PathBuf>,
    /// What behaviours are known to be fine: an allowlist, as `hunt` takes it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub allow: Option<PathBuf>,
    /// The name of the sensor; otherwise what the records themselves say
    #[arg(long, value_name = "NAME")]
    pub sensor: Option<String>,
    /// When the report was made, to stand in it; it has no date of its own, so that the same
    /// logs give the same bytes
    #[arg(long, value_name = "TEXT")]
    pub made: Option<String>,
    /// The score from which a record is flagged
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

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly report -m week.model -o today.html --pdf today.pdf /opt/zeek/logs/current
  zeek-anomaly report --train-on 2026-07-0{1,2,3} -o day4.html --sensor office 2026-07-04
  zeek-anomaly report -m week.model --baseline july.json --usual july.zau -o today.html today

The page needs nothing else: no network, no script. What stands in logs is shown, never run.";
