//! What `backtest` can be asked.

use crate::args::{DocumentFormat, RowArgs, WorkArgs, finite, with_exit};
use crate::commands::alerts::{BudgetArgs, per_day};
use crate::exit;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use zeek_anomaly_engine::DEFAULT_THRESHOLD;

/// `backtest`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct BacktestArgs {
    /// The model
    #[arg(short, long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub model: PathBuf,
    /// Budgets to try, side by side: alerts a day, separated by commas
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "5,10,20,50", value_parser = per_day)]
    pub alerts_per_day: Vec<f64>,
    /// The score below which nothing is an alert, whatever the budget
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = finite)]
    pub threshold: f64,
    /// Logs whose records raise alerts, or `all` [default: those that raise notices in Zeek]
    #[arg(long = "log", value_name = "LOG", value_delimiter = ',')]
    pub logs: Vec<String>,
    /// What shares a budget.
    #[command(flatten)]
    pub budget: BudgetArgs,
    /// Leave out behaviors (`hunt`); in Zeek they share the budget
    #[arg(long)]
    pub no_hunt: bool,
    /// What ordinary logs taught (`hunt --learn`)
    #[arg(short, long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_hunt")]
    pub usual: Option<PathBuf>,
    /// A file of what is fine, as of `hunt --allow`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_hunt")]
    pub allow: Option<PathBuf>,
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

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly backtest -m week.model /opt/zeek/logs/2026-07-*
  zeek-anomaly backtest -m week.model --alerts-per-day 10 --budget-per log logs
  zeek-anomaly backtest -m week.model --budget-net 10.1.0.0/16,10.2.0.0/16 logs
  zeek-anomaly backtest -m week.model --format json logs | jq '.budgets[] | .alerts_per_day, .mean'

The logs are replayed in the order of time through what runs in Zeek, beacons, scans and the like too, from a start without any
history. `score --alerts-per-day N` shows the alerts themselves.";
