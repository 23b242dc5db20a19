//! What `hunt` can be asked.

use crate::args::values::{network, some};
use crate::args::{RowArgs, WorkArgs, with_exit};
use crate::exit;
use clap::{Args, ValueEnum, ValueHint};
use ipnet::IpNet;
use std::path::PathBuf;

/// `hunt`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
pub struct HuntArgs {
    /// The behavioral baseline of this network, made with --save-behavior-baseline
    #[arg(short, long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub usual: Option<PathBuf>,
    /// Learn a behavioral baseline from the logs, which must be ordinary, and save it to this file
    #[arg(long = "save-behavior-baseline", alias = "learn", value_name = "FILE", conflicts_with_all = ["usual", "train_on", "state"], value_hint = ValueHint::FilePath)]
    pub learn: Option<PathBuf>,
    /// Learn the behavioral baseline from the ordinary logs here; nothing is saved
    #[arg(long, value_name = "PATH", conflicts_with = "usual", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// An allowlist: addresses, networks, names, ports, services, pairs, one entry a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub allow: Option<PathBuf>,
    /// Show findings of these kinds only (--list names them)
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    pub kinds: Vec<String>,
    /// Show this many hosts, those at the highest risk first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = some)]
    pub top: usize,
    /// How to write findings
    #[arg(long, value_enum, default_value_t = HuntFormat::Table)]
    pub format: HuntFormat,
    /// Where to write findings instead of standard output; replaced whole, or not at all
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The most memory that the state of all hosts may take, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256,
          value_parser = clap::value_parser!(u64).range(8..=1_048_576))]
    pub memory: u64,
    /// A local network, in addition to private ones and to what conn.log calls local
    #[arg(long = "local-net", value_name = "NET", value_delimiter = ',', value_parser = network)]
    pub local_nets: Vec<IpNet>,
    /// Set a parameter, as beacon.threshold=5 (--list names them)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, f64)>,
    /// Continue from the state in this file, and save the state to it at the end
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub state: Option<PathBuf>,
    /// Look again at records that the state has seen: they count twice
    #[arg(long, requires = "state")]
    pub allow_overlap: bool,
    /// List the kinds of findings and the parameters
    #[arg(long, exclusive = true)]
    pub list: bool,
    /// Which rows.
    #[command(flatten)]
    pub rows: RowArgs,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly hunt /opt/zeek/logs/2026-07-0*
  zeek-anomaly hunt --save-behavior-baseline baseline.zau /opt/zeek/logs/2026-06-*
  zeek-anomaly hunt -u baseline.zau --allow fine.txt /opt/zeek/logs/current
  zeek-anomaly hunt --kind beacon,dns_beacon --format jsonl logs > beacons.jsonl
  zeek-anomaly hunt --set scan.unanswered=0 --memory 64 logs
  zeek-anomaly hunt --state hunt.state /opt/zeek/logs/2026-07-01   # and so on, day by day
  zeek-anomaly hunt --list

Logs are read together, in the order in which Zeek wrote their records. A risk is what the findings
of a host add up to: different evidence, not many rows.";

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HuntFormat {
    /// By host, for people
    Table,
    /// One JSON document: an array of findings and hosts
    Json,
    /// One JSON object a line: each finding, and each host
    Jsonl,
    /// Comma-separated values, with a header: findings
    Csv,
    /// As the anomaly.log that the package writes inside Zeek: findings
    Zeek,
    /// Alerts for a SIEM: JSON lines with the names of the Elastic Common Schema (ECS)
    Ecs,
}

fn kind(text: &str) -> Result<String, String> {
    match zeek_anomaly_behavior::registry::kind(text) {
        Some(_) => Ok(text.into()),
        None => {
            let all: Vec<&str> = zeek_anomaly_behavior::registry::kinds()
                .map(|k| k.name)
                .collect();
            Err(format!("there are {}", all.join(", ")))
        }
    }
}

fn setting(text: &str) -> Result<(String, f64), String> {
    let wrong = || "should be NAME=VALUE, as beacon.threshold=5".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let value: f64 = value.trim().parse().map_err(|_| wrong())?;
    // Tried at once, so that the command line is wrong and not the work.
    let mut settings = zeek_anomaly_behavior::Settings::default();
    zeek_anomaly_behavior::registry::set(&mut settings, name.trim(), value)
        .map_err(|e| e.to_string())?;
    Ok((name.trim().into(), value))
}
