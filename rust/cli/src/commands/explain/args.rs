//! What `explain` can be asked for.

use crate::args::{DocumentFormat, FitArgs, SpoolArgs, WorkArgs, with_exit};
use crate::exit;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct ExplainArgs {
    /// The uid of a connection, the fuid of a file, the address of a host, or the number of a finding
    /// of `hunt`
    #[arg(value_name = "WHAT")]
    pub uid: String,
    /// Logs, or directories of logs: TSV or JSON lines, plain, .gz or .zst; `-` is standard input
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// The model; without one, what is usual is learned from the logs themselves
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: Option<PathBuf>,
    /// Instead of a model: learn from the logs here what is usual, and keep nothing of it
    #[arg(long, value_name = "PATH", conflicts_with = "model", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = DocumentFormat::Table)]
    pub format: DocumentFormat,
    /// How to learn, without a model.
    #[command(flatten)]
    pub fit: FitArgs,
    /// How pipes are read.
    #[command(flatten)]
    pub spool: SpoolArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly explain -m week.model CHhAvVGS1DHFjwGM9 /opt/zeek/logs/current
  zeek-anomaly explain -m week.model --format json FjX3WF4AnHRXTzTSa logs | jq '.records[].log'

  zeek-anomaly explain 10.1.2.3 /opt/zeek/logs/current

For a host: what it did in the order of time, its findings and its peers. For a connection or a file:
all records of the connection, and of the files it carried, in all logs, each with its score and
the reasons for it.";
