//! What can be asked of `verdict`.

use crate::args::{FitArgs, RowArgs, WorkArgs, finite, with_exit};
use crate::exit;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use zeek_anomaly_engine::DEFAULT_THRESHOLD;

/// `verdict`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct VerdictArgs {
    /// The model; without one, each directory is fitted on its own rows
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: Option<PathBuf>,
    /// Instead of a model: learn from the logs here what is usual, and keep nothing of it
    #[arg(long, value_name = "PATH", conflicts_with = "model", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// What is usual, learned with `hunt --learn`: without it only clear beacons count
    #[arg(short, long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub usual: Option<PathBuf>,
    /// An allowlist: addresses, networks, names, ports, services, pairs, one entry a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub allow: Option<PathBuf>,
    /// A directory that is known to be ordinary, to compare with; may be repeated
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub normal: Vec<PathBuf>,
    /// A baseline of ordinary directories, made with --save-baseline
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// Keep the baseline of --normal (and --baseline) here; without those, of the directories
    /// themselves. Replaced whole, or not at all
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub save_baseline: Option<PathBuf>,
    /// How to write verdicts
    #[arg(long, value_enum, default_value_t = VerdictFormat::Table)]
    pub format: VerdictFormat,
    /// One line for each directory, for scripts: path, score, severity, and how it stands to the
    /// baseline, with tabs between
    #[arg(long, conflicts_with = "format")]
    pub summary_line: bool,
    /// Where to write instead of standard output; replaced whole, or not at all
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Let the exit status tell the worst verdict: 10 for MEDIUM, 20 for HIGH; with a baseline,
    /// 10 for SUSPICIOUS and 20 for ABOVE
    #[arg(long)]
    pub exit_status: bool,
    /// The score from which a record is strange
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = positive)]
    pub threshold: f64,
    /// Which rows. Each path is judged by itself, so equal uids of two are two connections.
    #[command(flatten)]
    pub rows: RowArgs,
    /// How to learn, without a model.
    #[command(flatten)]
    pub fit: FitArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// How verdicts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerdictFormat {
    /// Aligned columns, for people
    Table,
    /// One JSON document for each directory, one a line
    #[value(alias = "jsonl")]
    Json,
}

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly verdict -m week.model /opt/zeek/logs/2026-07-20
  zeek-anomaly verdict /evidence/*/                        # no model: each fitted on itself
  zeek-anomaly verdict -m week.model --normal 2026-07-0{1,2,3} 2026-07-20
  zeek-anomaly verdict -m week.model --save-baseline july.json 2026-07-0*
  zeek-anomaly verdict -m week.model --baseline july.json --summary-line 2026-07-2*
  zeek-anomaly verdict -m week.model --exit-status -q today > /dev/null || page-someone
  zeek-anomaly verdict -m week.model --format json today | jq '.directory_summary.score'

Each path gets a verdict of its own: LOW below 40 of 100, MEDIUM, HIGH from 70 on. Its parts:
  T weighted_top        how strange the strangest records are, beyond what chance brings
  U uid_corr_score      connections that are strange in two logs and in three
  F weighted_fraction   the share of records that is strange, beyond chance
  W weird_notice_bonus  the same of weird and notice
  X fuid_bonus          files that are strange and named by strange http records
  B behavior_score      signs of attack in any network: scans, guessing, names that do
                        not exist, unanswered calls, beacons
score = 100 (1 - (1 - .35T - .25U - .20F - .15W - .05X)(1 - B)). A log whose records are
nearly all anomalous to the model does not count; a warning names it. Without a model, an
attack that is most of a directory is not rare in it, but still shows its signs.

A baseline compares eleven metrics with what known-normal directories have: ABOVE NORMAL
BASELINE where the score or four of them exceed it, SUSPICIOUS VS BASELINE where two do.";

fn positive(text: &str) -> Result<f64, String> {
    match finite(text) {
        Ok(v) if v > 0.0 => Ok(v),
        _ => Err("should be a number above 0, as 3 or 3.5".into()),
    }
}
