//! What `watch` can be asked for.

use crate::args::{finite, with_exit};
use crate::commands::alerts::{BudgetArgs, per_day};
use crate::exit;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;
use zeek_anomaly_engine::DEFAULT_THRESHOLD;

/// `watch`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct WatchArgs {
    /// The model
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: PathBuf,
    /// The directories that Zeek writes its logs to, or single logs
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Where to append what is found, instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = WatchFormat::Jsonl)]
    pub format: WatchFormat,
    /// Where to keep how far each log was read; without it, every run begins anew
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub state: Option<PathBuf>,
    /// Where rotated logs are archived: looked through for what was rotated between two runs
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, requires = "state")]
    pub archive: Vec<PathBuf>,
    /// On the first run, leave out what the logs hold already
    #[arg(long)]
    pub from_now: bool,
    /// The score from which a record is written
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = finite)]
    pub threshold: f64,
    /// Write every record with its score
    #[arg(long)]
    pub all: bool,
    /// Write alerts only, about this many on an ordinary day: one for the records of a log and
    /// originator that are strange for the same reasons
    #[arg(long, value_name = "N", value_parser = per_day, conflicts_with = "all")]
    pub alerts_per_day: Option<f64>,
    /// What shares a budget.
    #[command(flatten)]
    pub budget: BudgetArgs,
    /// Behavioral detection (`hunt`), too: each finding is written when it is made, and again when
    /// it has grown; with --alerts-per-day it shares the budget, as in Zeek
    #[arg(long)]
    pub hunt: bool,
    /// With --hunt: the behavioral baseline (`hunt --save-behavior-baseline`)
    #[arg(long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath, requires = "hunt")]
    pub usual: Option<PathBuf>,
    /// An allowlist: addresses, networks, names, ports, services or pairs, one entry a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub allow: Option<PathBuf>,
    /// Records of these logs only (all are read, for what they tell of one another)
    #[arg(long = "log", value_name = "LOG", value_delimiter = ',')]
    pub logs: Vec<String>,
    /// How often to look for new lines
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub interval: Duration,
    /// How long a line waits for those of other logs that belong to it: Zeek flushes each
    /// log when it pleases
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub settle: Duration,
    /// Take what is there, and end
    #[arg(long)]
    pub once: bool,
    /// Say nothing but errors and what was skipped
    #[arg(short, long)]
    pub quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly watch -m week.model /opt/zeek/logs/current
  zeek-anomaly watch -m week.model --state watch.state --archive /opt/zeek/logs \\
      --format zeek -o /var/log/anomaly.log /opt/zeek/spool/zeek
  zeek-anomaly watch -m week.model --state watch.state --alerts-per-day 10 --hunt /opt/zeek/logs/current
  zeek-anomaly watch -m week.model --all --threshold 4 logs | jq -c 'select(.anomalous)'

Follows rotation, truncation and restarts of Zeek. With --state nothing is lost or written twice
across restarts of watch itself, where the output is a file. With --hunt, what is known of hosts
is saved beside the state (STATE.hosts) at the end and every ten minutes. SIGTERM and SIGINT end it
after what was read is scored; SIGHUP opens the output file anew, for logrotate.";

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WatchFormat {
    /// One JSON object a line
    #[value(alias = "json")]
    Jsonl,
    /// As the anomaly.log that the package writes inside Zeek
    Zeek,
    /// Alerts for a SIEM: JSON lines with the names of the Elastic Common Schema (ECS)
    Ecs,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a number of seconds from 0 to 3600, as 0.5".to_owned();
    let v: f64 = text.parse().map_err(|_| wrong())?;
    if (0.0..=3600.0).contains(&v) {
        Ok(Duration::from_secs_f64(v))
    } else {
        Err(wrong())
    }
}
