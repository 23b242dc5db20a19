//! What `evaluate` can be asked for.

use super::rule::Rule;
use crate::args::{FitArgs, WorkArgs, column_value, finite, with_exit};
use crate::commands::alerts::per_day;
use crate::exit;
use clap::{ArgGroup, Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use zeek_anomaly_engine::offline::KEPT;
use zeek_anomaly_engine::{Choice, DEFAULT_THRESHOLD};

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
    /// A model; several are shown side by side
    #[arg(short, long = "model", value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub models: Vec<PathBuf>,
    /// Learn from the logs here what is usual, and keep nothing of it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub train_on: Vec<PathBuf>,
    /// Learn from a part of the labelled logs and score the rest: time=FRACTION (that part of
    /// the rows, the earliest), file (each PATH with what the others teach), host (each fifth of
    /// the originators with what the others teach)
    #[arg(long, value_name = "HOW", conflicts_with_all = ["train_on", "models"], value_parser = split)]
    pub split: Option<Split>,
    /// Of the rows to learn from, only those whose column has exactly this text
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = column_value)]
    pub train_label: Option<(String, String)>,
    /// Learn one model with each of these detectors, side by side: auto,pca,pca+rarity
    #[arg(
        long,
        value_name = "DETECTOR",
        value_delimiter = ',',
        conflicts_with = "detector"
    )]
    pub detectors: Vec<Choice>,
    /// How to learn.
    #[command(flatten)]
    pub fit: FitArgs,

    /// The column that tells attacks from normal rows
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
    /// Its values that are normal; rows with any other value are left out, and counted
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
    /// another uid are normal, rows without any are left out, and counted
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub uids: Option<PathBuf>,
    /// Rows that are attacks, as id.resp_p=1337,proto=tcp: all of a rule's columns, any of several
    /// rules; `-` is an unset value. All other rows are normal
    #[arg(long = "rule", value_name = "RULE")]
    pub rules: Vec<Rule>,
    /// A rule to be beaten, shown beside the models: 1 for the rows that it takes, 0 for others
    #[arg(long = "baseline-rule", value_name = "RULE")]
    pub baselines: Vec<Rule>,
    /// Columns that are treated as unset, in training and in scoring; label columns are anyway
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', value_parser = blankable)]
    pub blank: Vec<String>,

    /// The score from which a record raises an alert
    #[arg(long, value_name = "SCORE", default_value_t = DEFAULT_THRESHOLD, value_parser = finite)]
    pub threshold: f64,
    /// Alerts a day that are wanted: findings are alerts within this budget, as in Zeek
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = per_day)]
    pub alerts_per_day: f64,
    /// Hunt on the same rows, too: what takes time to see (beacons, scans, …) shares the budget, and it is
    /// told which attacks it finds. What is usual is learned from what models learn from
    #[arg(long)]
    pub hunt: bool,
    /// With --hunt: what ordinary logs taught (`hunt --learn`)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "hunt",
          conflicts_with_all = ["train_on", "split"])]
    pub usual: Option<PathBuf>,
    /// With --hunt: a file of what is fine, as of `hunt --allow`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "hunt")]
    pub allow: Option<PathBuf>,
    /// Precision among this many of the strangest
    #[arg(long = "at", value_name = "K", value_delimiter = ',', default_values_t = [10, 100],
          value_parser = clap::value_parser!(u64).range(1..))]
    pub at: Vec<u64>,
    /// Bootstrap replicates for 95 % intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub bootstrap: u32,
    /// What is drawn again: all rows of an originator, or all of an hour
    #[arg(long, value_enum, default_value_t = Groups::Host)]
    pub by: Groups,

    /// How to write it
    #[arg(long, value_enum, default_value_t = EvaluateFormat::Table)]
    pub format: EvaluateFormat,
    /// Draw curves and histograms of scores into this directory, as SVG
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub plots: Option<PathBuf>,
    /// Write every row that was used with its label and scores, as CSV, so that anybody can
    /// compute again
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

Metrics of one log rank its rows by score and then by the detector's own value, which goes on where
the score has reached the highest that the training rows can tell. Metrics over all logs, and of an
attack, rank by score alone: it is what different logs have in common.

A finding of --hunt tells of the attacks whose connections are among those that it shows by their uids,
and is false where these are normal; where it shows none, rows between its hosts at its time decide.
It was told when its last record by then was.";

/// How train and test rows are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Split {
    /// The earliest rows train: this part of them.
    Time(f64),
    /// Each path is scored with a model of the others.
    File,
    /// Each fifth of the originators is scored with a model of the others.
    Host,
}

fn split(text: &str) -> Result<Split, String> {
    match text.split_once('=') {
        None if text == "file" => Ok(Split::File),
        None if text == "host" => Ok(Split::Host),
        Some(("time", part)) => match part.parse::<f64>() {
            Ok(f) if f > 0.0 && f < 1.0 => Ok(Split::Time(f)),
            _ => Err("the fraction should be between 0 and 1, as time=0.5".into()),
        },
        _ => Err("should be time=FRACTION, file or host".into()),
    }
}

fn blankable(text: &str) -> Result<String, String> {
    if KEPT.contains(&text) {
        return Err("cannot be blanked: it ties records together".into());
    }
    Ok(text.to_owned())
}

/// What the bootstrap draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Groups {
    /// Originators (id.orig_h); rows without one are one group
    Host,
    /// Hours of the rows' ts
    Hour,
}

/// How an evaluation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EvaluateFormat {
    /// Aligned columns, for people
    Table,
    /// One JSON document
    Json,
}
