//! What can be asked for.

pub mod files;
mod fit;
pub mod values;

use crate::commands::alerts::{BudgetArgs, per_day};
use crate::commands::analyze::args::AnalyzeArgs;
use crate::commands::backtest::args::BacktestArgs;
use crate::commands::evaluate::args::EvaluateArgs;
use crate::commands::explain::args::ExplainArgs;
use crate::commands::hunt::args::HuntArgs;
use crate::commands::report::args::ReportArgs;
use crate::commands::verdict::args::VerdictArgs;
use crate::commands::watch::args::WatchArgs;
use crate::exit;
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::LazyLock;
use zeek_anomaly_engine::DEFAULT_THRESHOLD;
use zeek_anomaly_engine::combine::KEPT_ROWS;
use zeek_anomaly_engine::offline::ReadParams;
use zeek_anomaly_engine::train::TrainParams;
use zeek_anomaly_runner::SourceParams;

pub use fit::FitArgs;
pub(crate) use values::{column_value, finite, zone};
use values::{holdout, size, some, time};

/// Finds anomalies in Zeek logs.
///
/// Learns from logs what is normal in your network, then scores every record: 3 means that one in
/// a thousand normal records is as unusual, 4 one in ten thousand.
#[derive(Debug, Parser)]
#[command(version, long_version = LONG_VERSION.as_str(), max_term_width = 100, after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Replace an output file even if it is an input or holds something else
    #[arg(long, global = true, help_heading = "Global options")]
    pub force: bool,
    /// The configuration file [default: /etc/zeek-anomaly/config.toml and then
    /// $XDG_CONFIG_HOME/zeek-anomaly/config.toml; or $ZEEK_ANOMALY_CONFIG alone]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto,
          help_heading = "Global options")]
    pub color: ColorChoice,
    /// The time zone of tables: UTC, Europe/Prague, or `local`
    #[arg(long, global = true, value_name = "ZONE", default_value = "UTC", value_parser = zone,
          help_heading = "Global options")]
    pub tz: TimeZone,
}

/// The version, the commit where the build tells it, and the form of model files.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let commit =
        option_env!("ZEEK_ANOMALY_COMMIT").map_or_else(String::new, |c| format!(", commit {c}"));
    let format = zeek_anomaly_engine::MODEL_FORMAT;
    format!(
        "{}{commit} (model format {format})",
        env!("CARGO_PKG_VERSION")
    )
});

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly train -o week.model /opt/zeek/logs/2026-07-0*
  zeek-anomaly score -m week.model /opt/zeek/logs/current
  zeek-anomaly score -m week.model --all --format jsonl conn.log > scores.jsonl
  zcat conn.*.log.gz | zeek-anomaly score -m week.model -
  zeek-anomaly inspect week.model --log conn";

pub(crate) fn with_exit(examples: &str) -> String {
    format!("{examples}\n\n{}", exit::HELP)
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell what stands out in logs: the worst hosts, what was looked at, and what to do next
    Analyze(Box<AnalyzeArgs>),
    /// Train a model on logs
    Train(Box<TrainArgs>),
    /// Merge models into one, as if it had been trained on all their rows
    Merge(MergeArgs),
    /// Score the records of logs and show the most anomalous first
    Score(Box<ScoreArgs>),
    /// Judge each directory as a whole: LOW, MEDIUM or HIGH, and why
    Verdict(Box<VerdictArgs>),
    /// Show how many alerts each budget would have raised, day by day
    Backtest(Box<BacktestArgs>),
    /// Detect behaviors over time: beacons, scans, password guessing, and the hosts at risk
    Hunt(Box<HuntArgs>),
    /// Show all that logs say about a connection, a file, a host or a finding
    Explain(Box<ExplainArgs>),
    /// Follow the logs of a running Zeek and score records as they arrive
    Watch(Box<WatchArgs>),
    /// Measure detection quality on labelled logs
    Evaluate(Box<EvaluateArgs>),
    /// Compare logs with the training data and show what has changed
    Drift(DriftArgs),
    /// Mark findings as false or true; the model then ranks similar records lower or higher
    Feedback(FeedbackArgs),
    /// Write a report as an HTML page or a PDF
    Report(Box<ReportArgs>),
    /// Show the contents of a model
    Inspect(InspectArgs),
    /// Check the configuration files, and show what they set
    Config(ConfigArgs),
    /// Write a shell completion script
    Completions(CompletionsArgs),
    /// Write the manual page of a command, or all pages to a directory
    Man(ManArgs),
}

/// `train`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(TRAIN_EXAMPLES))]
pub struct TrainArgs {
    /// Where to write the model; replaced whole, or not at all [default: model.zam in the data
    /// directory, where other commands find it]
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Go on from this model, with its seed and detectors where none are asked for
    #[arg(long = "continue", value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub from_model: Option<PathBuf>,
    /// Whose rows.
    #[command(flatten)]
    pub sensors: SensorArgs,
    /// Which rows.
    #[command(flatten)]
    pub rows: RowArgs,
    /// How to learn.
    #[command(flatten)]
    pub fit: FitArgs,
    /// What to keep.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

const TRAIN_EXAMPLES: &str = "\
Examples:
  zeek-anomaly train -o week.model /opt/zeek/logs/2026-07-0*
  zeek-anomaly train -o day.model --from 2026-07-01 --until 2026-07-02 /opt/zeek/logs
  zeek-anomaly train -o clean.model --label-column label=Benign conn.log.labeled
  zeek-anomaly train -o honest.model --holdout 0.2 /opt/zeek/logs/2026-07-*
  zeek-anomaly train --continue week.model -o fortnight.model /opt/zeek/logs/2026-07-{08..14}
  zeek-anomaly train -o both.model --sensors /logs/north /logs/south
  zcat dns.*.log.gz | zeek-anomaly train -o dns.model -

The same rows and the same seed give the same bytes.";

/// `merge`.
#[derive(Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub struct MergeArgs {
    /// Where to write the model; replaced whole, or not at all
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// The models; the first one's seed and detectors are used
    #[arg(required = true, num_args = 1.., value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub models: Vec<PathBuf>,
    /// Rows of each log that are used, at random, for detectors that need rows and for calibration
    #[arg(long, value_name = "N", default_value_t = TrainParams::default().sample_rows as u64,
          value_parser = clap::value_parser!(u64).range(1..=50_000_000))]
    pub sample_rows: u64,
    /// What to keep.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

const MERGE_EXAMPLES: &str = "\
Examples:
  zeek-anomaly merge -o all.model north.model south.model
  zeek-anomaly merge -o week.model days/*.model

Counts add up exactly, and detectors are fitted again to the rows that the models kept. Models that
were trained on the same rows are refused: each row would count twice.";

/// What is held out, and what a model keeps.
#[derive(Debug, Args)]
pub struct KeepArgs {
    /// Hold out this part of each log's rows, the last by their time, from fitting, and calibrate
    /// scores on them. The summary shows how often these rows reach each score [default: none, or as
    /// in the model that is continued]
    #[arg(long, value_name = "FRACTION", value_parser = holdout)]
    pub holdout: Option<f64>,
    /// Rows of each log that the model keeps so that it can be continued and merged
    #[arg(long, value_name = "N", default_value_t = KEPT_ROWS as u64,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub keep_rows: u64,
    /// Keep nothing of that: a smaller file, that cannot be continued or merged
    #[arg(long, conflicts_with = "keep_rows")]
    pub compact: bool,
    /// Use rows that the model knows already: each counts twice
    #[arg(long)]
    pub allow_overlap: bool,
}

impl KeepArgs {
    /// For the engine; `base` is how it was in the model that is continued.
    pub fn apply(&self, base: f64, params: &mut TrainParams) {
        params.holdout = self.holdout.unwrap_or(base);
        let rows = usize::try_from(self.keep_rows).unwrap_or(usize::MAX);
        params.kept_rows = (!self.compact).then_some(rows);
    }
}

/// `score`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(SCORE_EXAMPLES))]
pub struct ScoreArgs {
    /// The model; without one, the rows are ranked among themselves
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: Option<PathBuf>,
    /// Train on the logs here instead of loading a model; nothing is saved
    #[arg(long, value_name = "PATH", conflicts_with = "model", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// Show this many records, the strangest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = some, conflicts_with = "all")]
    pub top: usize,
    /// Show every record, file by file, in the order of the files' lines
    #[arg(long)]
    pub all: bool,
    /// Show one record for each log and originator: the strangest, with the number of
    /// those that stand out with it
    #[arg(long, conflicts_with = "all")]
    pub group: bool,
    /// Show alerts instead, about this many a day, in the order of time: one for the records of a
    /// log and originator that are strange for the same reasons
    #[arg(long, value_name = "N", value_parser = per_day, conflicts_with_all = ["all", "group", "top"])]
    pub alerts_per_day: Option<f64>,
    /// With --alerts-per-day: behavioral detection (`hunt`) shares the budget, as in Zeek
    #[arg(long, requires = "alerts_per_day")]
    pub hunt: bool,
    /// With --hunt: the behavioral baseline (`hunt --save-behavior-baseline`)
    #[arg(long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath, requires = "hunt")]
    pub usual: Option<PathBuf>,
    /// What shares a budget.
    #[command(flatten)]
    pub budget: BudgetArgs,
    /// Show records of these logs only (all are read, for what they tell of one another)
    #[arg(long = "log", value_name = "LOG", value_delimiter = ',')]
    pub logs: Vec<String>,
    /// How to write records
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Where to write records instead of standard output; replaced whole, or not at all
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// An allowlist: addresses, networks, names, ports, services or pairs, one entry a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub allow: Option<PathBuf>,
    /// Write every scored record with its features into this directory, a CSV for each log
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub features_out: Option<PathBuf>,
    /// There also the numbers that detectors see: `coordinate …` an isolation forest, `input …` PCA,
    /// KitNET and one-class SVM
    #[arg(long, requires = "features_out")]
    pub encoded: bool,
    /// The score from which a record is called anomalous; no alert has less
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = finite)]
    pub threshold: f64,
    /// Which of the records that --all shows get their reasons
    #[arg(long, value_enum, default_value_t = Reasons::Anomalous)]
    pub reasons: Reasons,
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

const SCORE_EXAMPLES: &str = "\
Examples:
  zeek-anomaly score -m week.model /opt/zeek/logs/current
  zeek-anomaly score -m week.model --top 50 --log dns,http logs
  zeek-anomaly score --train-on 2026-07-0{1,2,3} --group 2026-07-04
  zeek-anomaly score -m both.model --sensors --from 2026-07-20 --until 2026-07-21 north south
  zeek-anomaly score -m week.model --alerts-per-day 10 /opt/zeek/logs/2026-07-*
  zeek-anomaly score -m week.model --all --format jsonl conn.log > scores.jsonl
  zeek-anomaly score -m week.model --format csv -o top.csv conn.log.gz
  zeek-anomaly score -m week.model --format ecs --threshold 4 logs >> alerts.ndjson
  zeek-anomaly score -m week.model --features-out features --encoded logs
  zcat conn.*.log.gz | zeek-anomaly score -m week.model -

How many records are shown never changes a score. In tables ~ marks a score that is extrapolated
from the strangest training rows, and ≥ one that is the most that too few training rows can tell.";

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns, for people
    Table,
    /// One JSON document: an array of records
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values, with a header
    Csv,
    /// As the anomaly.log that the package writes inside Zeek
    Zeek,
    /// Alerts for a SIEM: JSON lines with ECS field names, of every record from the threshold
    /// on (with --group one for each log and originator)
    Ecs,
}

/// Which records get their reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reasons {
    /// Those from the threshold on
    Anomalous,
    /// All of them (slower)
    All,
}

/// `drift`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(DRIFT_EXAMPLES))]
pub struct DriftArgs {
    /// The model
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: PathBuf,
    /// How to write it
    #[arg(long, value_enum, default_value_t = DocumentFormat::Table)]
    pub format: DocumentFormat,
    /// Which rows.
    #[command(flatten)]
    pub rows: RowArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

const DRIFT_EXAMPLES: &str = "\
Examples:
  zeek-anomaly drift -m week.model /opt/zeek/logs/2026-07-2*
  zeek-anomaly drift -m week.model -q logs > /dev/null; [ $? = 4 ] && echo train again
  zeek-anomaly drift -m week.model --format json logs | jq '.days[] | select(.changes != [])'

Whole days (24 hours of UTC) are compared with the days of training. A day of which only some
hours are there is not judged.";

/// `feedback`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(FEEDBACK_EXAMPLES))]
pub struct FeedbackArgs {
    /// The model
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: PathBuf,
    /// Findings that were nothing: uids, fuids, numbers of findings (`finding` in alerts, logs and
    /// notices), or LOG:LINE
    #[arg(long = "false", value_name = "UID", value_delimiter = ',')]
    pub not_true: Vec<String>,
    /// Findings that were something
    #[arg(long = "true", value_name = "UID", value_delimiter = ',')]
    pub is_true: Vec<String>,
    /// A file of findings: lines of `score --format jsonl` to which "feedback": "false" or
    /// "true" was added (others are passed over), or lines such as "UID false"
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub from: Option<PathBuf>,
    /// Only records of this log; otherwise the strangest record with the uid is marked
    #[arg(long, value_name = "LOG")]
    pub log: Option<String>,
    /// Why, to be kept with the marks
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Show the marks of the model
    #[arg(long, conflicts_with_all = ["not_true", "is_true", "from", "undo", "paths"])]
    pub list: bool,
    /// Take marks back, by their numbers; `all` for all of them
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub undo: Vec<String>,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where to write the model instead of over itself; replaced whole, or not at all
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The score whose crossing is counted
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = finite)]
    pub threshold: f64,
    /// The logs that the findings are from, and others on which to see what changes
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// How pipes are read.
    #[command(flatten)]
    pub spool: SpoolArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

const FEEDBACK_EXAMPLES: &str = "\
Examples:
  zeek-anomaly feedback -m week.model --false CHhAvVGS1DHFjwGM9 --note backup /opt/zeek/logs/current
  zeek-anomaly feedback -m week.model --true C4J4Th3PJpwUYZZ6gc --log ssl --dry-run logs
  zeek-anomaly feedback -m week.model --from judged.jsonl logs
  zeek-anomaly feedback -m week.model --list
  zeek-anomaly feedback -m week.model --undo 3

Records that are strange for the same reasons are damped or raised; what else is strange about
them counts in full. Marks belong to the model file: one that is trained anew has none.";

/// `inspect`.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct InspectArgs {
    /// The model
    #[arg(value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: PathBuf,
    /// Show the features of this log, with what is usual for each
    #[arg(long, value_name = "LOG")]
    pub log: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = DocumentFormat::Table)]
    pub format: DocumentFormat,
}

const INSPECT_EXAMPLES: &str = "\
Examples:
  zeek-anomaly inspect week.model
  zeek-anomaly inspect week.model --log conn
  zeek-anomaly inspect week.model --format json | jq '.logs[].log'";

/// How a document is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DocumentFormat {
    /// Aligned columns, for people
    Table,
    /// One JSON document
    #[value(alias = "jsonl")]
    Json,
}

/// `config`.
#[derive(Debug, Args)]
#[command(after_long_help = CONFIG_EXAMPLES)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What `config` can do.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check each file, and show what it sets
    Check {
        /// This file instead of those that the commands read
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
}

const CONFIG_EXAMPLES: &str = "\
A configuration file is TOML. A key is the long name of an option. At the top it holds for each
command that has the option; in a table with the name of a command, for that command:

  model = \"/var/lib/zeek-anomaly/model.zam\"
  allow = \"/etc/zeek-anomaly/allow.txt\"

  [hunt]
  local-net = [\"198.51.100.0/24\"]

The command line goes before the user's file, and that before the system's.";

/// `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command; without one, the page of zeek-anomaly itself
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
    /// Write all pages to this directory
    #[arg(short, long, value_name = "DIR", conflicts_with = "command", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Which rows are used.
#[derive(Debug, Args)]
pub struct RowArgs {
    /// Logs, or directories of logs: TSV or JSON lines, plain, .gz or .zst; `-` is standard input
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Only rows from this time on: 2026-07-01, "2026-07-01 12:30", 2026-07-01T12:30:00+02:00 (UTC
    /// where no zone is given), or seconds since the epoch
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<f64>,
    /// Only rows before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<f64>,
    /// Only rows whose column has exactly this text, as label=Benign
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = column_value)]
    pub label_column: Option<(String, String)>,
    /// How pipes are read.
    #[command(flatten)]
    pub spool: SpoolArgs,
}

/// How inputs are read that can be read only once.
#[derive(Debug, Args)]
pub struct SpoolArgs {
    /// The most that is copied of a pipe or standard input, where a command has to read it twice
    #[arg(long, value_name = "SIZE", default_value = "16GiB", value_parser = size)]
    pub spool_limit: u64,
}

impl Default for SpoolArgs {
    fn default() -> SpoolArgs {
        SpoolArgs {
            spool_limit: SourceParams::SPOOL_LIMIT,
        }
    }
}

impl RowArgs {
    /// For the engine.
    pub fn read(&self) -> ReadParams {
        ReadParams {
            from: self.from,
            until: self.until,
            only: self.label_column.clone(),
            ..ReadParams::default()
        }
    }
}

/// Whose rows they are.
#[derive(Debug, Args)]
pub struct SensorArgs {
    /// Take each PATH for a sensor of its own: equal uids below different PATHs are different
    /// connections
    #[arg(long)]
    pub sensors: bool,
}

/// The work itself.
#[derive(Debug, Args)]
pub struct WorkArgs {
    /// Threads to use [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Show no progress and no summary; errors and skipped input are still shown
    #[arg(short, long)]
    pub quiet: bool,
    /// Also report what became of every line and every log
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
}

impl WorkArgs {
    /// Sets the number of threads, once for the process.
    pub fn set_threads(&self) {
        if let Some(n) = self.threads {
            // Fails only where it was set already, and nothing else sets it.
            let _ = rayon::ThreadPoolBuilder::new()
                .num_threads(usize::from(n))
                .build_global();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }
}
