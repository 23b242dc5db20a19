//! What `evaluate` can be asked for.

use crate::args::{FitArgs, WorkArgs, column_value, finite, with_exit};
use crate::commands::alerts::per_day;
use crate::exit;
use clap::{ArgGroup, Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use zeek_anomaly_engine::offline::KEPT;
use zeek_anomaly_engine::{Choice, DEFAULT_THRESHOLD};
use zeek_anomaly_evaluate::{ColumnRule, ResampleBy, Split};

/// `evaluate`.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = with_exit(EXAMPLES))]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["models", "train_on", "split"]))]
#[command(group = ArgGroup::new("truth").required(true).args(["label_column", "uids", "rules"]))]
pub struct EvaluateArgs {
    /// Labelled logs, or directories of them: TSV or JSON lines, plain, .gz or .zst
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// A model file; repeat the option to compare models
    #[arg(short, long = "model", value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub models: Vec<PathBuf>,
    /// Train on these logs; no model is written
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// Train on a part of the labelled logs and score the rest: time=FRACTION (the earliest rows, this
    /// part of them), file (each PATH, with a model of the others), host (each fifth of the originators,
    /// with a model of the others)
    #[arg(long, value_name = "HOW", conflicts_with_all = ["train_on", "models"])]
    pub split: Option<Split>,
    /// Train only on rows whose column has exactly this text
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = column_value)]
    pub train_label: Option<(String, String)>,
    /// Train one model with each of these detectors and compare them: auto,pca,pca+rarity
    #[arg(
        long,
        value_name = "DETECTOR",
        value_delimiter = ',',
        conflicts_with = "detector"
    )]
    pub detectors: Vec<Choice>,
    /// How to train.
    #[command(flatten)]
    pub fit: FitArgs,

    /// The column with the label
    #[arg(
        long,
        value_name = "COLUMN",
        requires = "positive",
        requires = "negative"
    )]
    pub label_column: Option<String>,
    /// Its values that are attacks
    #[arg(
        long,
        value_name = "VALUE",
        value_delimiter = ',',
        requires = "label_column"
    )]
    pub positive: Vec<String>,
    /// Its values that are normal; rows with any other value are counted and not measured
    #[arg(
        long,
        value_name = "VALUE",
        value_delimiter = ',',
        requires = "label_column"
    )]
    pub negative: Vec<String>,
    /// A column that names the attack
    #[arg(long, value_name = "COLUMN", conflicts_with = "uids")]
    pub attack_column: Option<String>,
    /// A CSV of the uids of attacks (uid, and the attack if there is a second column). Rows with
    /// another uid are normal; rows without a uid are counted and not measured
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub uids: Option<PathBuf>,
    /// Rows that are attacks, as id.resp_p=1337,proto=tcp: a row must match all columns of a rule. A row
    /// that matches any rule is an attack, all others are normal; `-` is an unset value
    #[arg(long = "rule", value_name = "RULE")]
    pub rules: Vec<ColumnRule>,
    /// A rule to compare the models with: it scores rows that match 1 and others 0
    #[arg(long = "baseline-rule", value_name = "RULE")]
    pub baselines: Vec<ColumnRule>,
    /// Columns that models see as unset, in training and in scoring; label columns always are
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', value_parser = blankable)]
    pub blank: Vec<String>,

    /// The score from which a record raises an alert
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = finite)]
    pub threshold: f64,
    /// Budget of alerts a day: findings raise alerts within it, as in Zeek
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = per_day)]
    pub alerts_per_day: f64,
    /// Also look for behaviors (beacons, scans, …) in the same rows. They share the budget, and a table shows
    /// which attacks they find. A behavioral baseline is learned from the rows that train models
    #[arg(long)]
    pub hunt: bool,
    /// With --hunt: a behavioral baseline from a file instead
    #[arg(long = "behavior-baseline", alias = "usual", value_name = "FILE", value_hint = ValueHint::FilePath, requires = "hunt",
          conflicts_with_all = ["train_on", "split"])]
    pub usual: Option<PathBuf>,
    /// With --hunt: an allowlist, as for `hunt --allow`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "hunt")]
    pub allow: Option<PathBuf>,
    /// Precision among this many rows with the highest scores; several are separated by commas
    #[arg(long = "at", value_name = "K", value_delimiter = ',', default_value = "10,100",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub at: Vec<u64>,
    /// Bootstrap replicates for 95 % intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub bootstrap: u32,
    /// What the bootstrap resamples: all rows of an originator, or of an hour
    #[arg(long, value_enum, default_value_t = ResampleArg::Host)]
    pub by: ResampleArg,

    /// How to write it
    #[arg(long, value_enum, default_value_t = EvaluateFormat::Table)]
    pub format: EvaluateFormat,
    /// Draw curves and histograms of scores into this directory, as SVG
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub plots: Option<PathBuf>,
    /// Write each measured row with its label and scores as CSV, so that others can check the figures
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub scores_out: Option<PathBuf>,
    /// The work itself.
    #[command(flatten)]
    pub work: WorkArgs,
}

const EXAMPLES: &str = "\
Examples:
  zeek-anomaly evaluate -m week.model --uids attacks.csv 2026-07-09
  zeek-anomaly evaluate --train-on 2026-07-0{1,2,3} --detectors rarity,isolation_forest \\
      --uids attacks.csv 2026-07-09
  zeek-anomaly evaluate --train-on day1 --train-label label=Benign --label-column label \\
      --positive Malicious --negative Benign --attack-column detailedlabel \\
      --baseline-rule local_resp=T,local_orig=F --plots plots day2
  zeek-anomaly evaluate --split time=0.5 --rule id.resp_p=1337,proto=tcp conn.log
  zeek-anomaly evaluate -m week.model --hunt --usual usual.zau --uids attacks.csv 2026-07-09

Metrics of one log rank its rows by score and then by the detector's own value, which continues above
the highest score that the training rows support. Metrics over all logs, and of an attack, rank by
score alone: only scores are comparable between logs.

A finding of --hunt is about the attacks whose connections are among its uids. It is false if these
connections are normal. If no row has its uids, rows between its hosts at its time decide. Its time is
that of its last record at the first update.";

fn blankable(text: &str) -> Result<String, String> {
    if KEPT.contains(&text) {
        return Err("cannot be blanked: it ties records together".into());
    }
    Ok(text.to_owned())
}

/// What the bootstrap resamples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResampleArg {
    /// Originators (id.orig_h); rows without one are one group
    Host,
    /// Hours of the rows' ts
    Hour,
}

impl From<ResampleArg> for ResampleBy {
    fn from(arg: ResampleArg) -> ResampleBy {
        match arg {
            ResampleArg::Host => ResampleBy::Host,
            ResampleArg::Hour => ResampleBy::Hour,
        }
    }
}

/// How an evaluation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EvaluateFormat {
    /// Aligned columns, for people
    Table,
    /// One JSON document
    #[value(alias = "jsonl")]
    Json,
}
