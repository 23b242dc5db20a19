//! The verdict on all logs together.

use super::blocks::ColumnContent::{Name, Number, Text};
use super::blocks::{
    Block, DataTable, Figure, Section, TableCell, TableColumn, TextSpan, TextStyle,
};
use crate::charts::{self, Bar, ChartError};
use crate::words::{count, counted, short};
use std::collections::BTreeMap;
use zeek_anomaly_verdict::{Assessment, BaselineComparison, Standing, VerdictLevel};

/// Signs that are shown.
const SIGNS: usize = 12;

/// Characters of a sign, and of a log's name.
const SIGN: usize = 200;
const NAME: usize = 48;

/// The metrics, and what each is.
const METRICS: [(&str, &str); 11] = [
    ("score", "the whole, 0 to 100"),
    ("weighted_top", "the highest scores, beyond chance"),
    (
        "uid_corr_score",
        "connections with high scores in two logs, and in three",
    ),
    (
        "weighted_fraction",
        "the share of records with high scores, beyond chance",
    ),
    ("weird_notice_bonus", "the same for weird and notice"),
    (
        "fuid_bonus",
        "files with high scores in http records with high scores",
    ),
    ("behavior_score", "signs of an attack in any network"),
    (
        "conn_scan_score",
        "the part of behavior_score that is scanning",
    ),
    (
        "crosslog_uid_two_plus",
        "connections with high scores in two or more logs, beyond chance",
    ),
    ("crosslog_uid_three_plus", "in three or more, beyond chance"),
    (
        "fuid_overlap",
        "files with high scores in such http records, beyond chance",
    ),
];

/// The verdict as a section.
pub fn section(a: &Assessment, c: Option<&BaselineComparison>) -> Result<Section, ChartError> {
    let of = &a.components;
    let mut blocks = vec![Block::text(intro(a))];
    if let Some(c) = c {
        blocks.push(Block::Text(TextSpan::strong(format!(
            "{}: {} of 11 metrics exceed those of {}.",
            c.verdict.name(),
            c.exceeded_metrics.len(),
            counted(c.normal_directories as u64, "ordinary path"),
        ))));
    }
    if a.own_rows {
        blocks.push(Block::Text(TextSpan::soft(
            "The model was fitted on these records: an attack that is most of them has low scores. Its signs \
             still count.",
        )));
    }
    if !a.unfamiliar.is_empty() {
        blocks.push(Block::Text(TextSpan::soft(format!(
            "The model does not fit this network in {}; these logs do not count.",
            named(&a.unfamiliar)
        ))));
    }
    let bars: Vec<Bar> = (of.named().iter())
        .map(|(_, name, v)| Bar {
            name: (*name).into(),
            share: *v,
        })
        .collect();
    blocks.push(Block::Figure(Box::new(Figure {
        title: None,
        chart: charts::bars("Components of the verdict", &bars, charts::ORDINARY, Some(1.0))?,
        caption: "The components, each from 0 to 100 %. The verdict is MEDIUM from a score of 40 and HIGH from 70."
            .into(),
        wide: false,
    })));
    blocks.push(Block::Table(metrics(a, c)));
    if !a.signs.is_empty() {
        blocks.push(Block::Heading("Signs of an attack in any network".into()));
        let mut signs: Vec<String> = (a.signs.iter().take(SIGNS))
            .map(|s| format!("{}: {} ({:.2})", s.host, short(&s.what, SIGN), s.strength))
            .collect();
        let more = a.signs.len().saturating_sub(SIGNS) as u64;
        if more > 0 {
            signs.push(format!("and {}", counted(more, "more sign")));
        }
        blocks.push(Block::list(signs));
    }
    let raised =
        of.severity != VerdictLevel::Low || c.is_some_and(|c| c.verdict != Standing::Within);
    let style = if raised {
        TextStyle::Flagged
    } else {
        TextStyle::Plain
    };
    let mut section = Section::new("verdict", "Verdict", "Verdict", blocks);
    section.level = Some(TextSpan::new(of.severity.name(), style));
    Ok(section)
}

fn intro(a: &Assessment) -> String {
    let of = &a.components;
    let top = match a.top_logs.as_slice() {
        [] => String::new(),
        logs => format!(" Logs with the highest scores: {}.", named(logs)),
    };
    format!(
        "{} ({:.1}/100): {}. {} of {} have high scores.{top}",
        of.severity.name(),
        of.score,
        match of.severity {
            VerdictLevel::Unknown => "nothing could be judged",
            VerdictLevel::Low => "nothing beyond an ordinary day",
            VerdictLevel::Medium => "worth a look",
            VerdictLevel::High => "act on it",
        },
        counted(a.strange_rows, "record"),
        count(a.rows),
    )
}

fn named(logs: &[String]) -> String {
    let names: Vec<String> = logs.iter().map(|l| short(l, NAME)).collect();
    names.join(", ")
}

fn metrics(a: &Assessment, c: Option<&BaselineComparison>) -> DataTable {
    let mut columns = vec![
        TableColumn::new("Metric", Name, 26.0),
        TableColumn::new("Value", Number, 9.0),
    ];
    if c.is_some() {
        columns.push(TableColumn::new("Baseline median", Number, 10.0));
        columns.push(TableColumn::new("Ordinary up to", Number, 16.0));
    }
    columns.push(TableColumn::new("What it is", Text, 50.0));
    let row = |(name, what): &(&'static str, &'static str)| {
        let value = number(name, value(a, name));
        let beyond = c.is_some_and(|c| c.exceeded_metrics.iter().any(|e| e.metric == *name));
        let mut row = vec![
            TableCell::new(*name),
            TableCell::new(value).flagged_if(beyond),
        ];
        if let Some(c) = c {
            let known = |of: &BTreeMap<&'static str, f64>| {
                let v = of.get(name).copied().filter(|v| *v < f64::MAX);
                v.map_or_else(String::new, |v| number(name, v))
            };
            let mark = if beyond { " (beyond)" } else { "" };
            row.push(TableCell::new(known(&c.baseline_medians)));
            row.push(TableCell::new(known(&c.baseline_thresholds) + mark));
        }
        row.push(TableCell::new(*what));
        row
    };
    DataTable {
        name: "Components of the verdict",
        stacks: false,
        columns,
        rows: METRICS.iter().map(row).collect(),
        paper_rows: usize::MAX,
    }
}

fn value(a: &Assessment, metric: &str) -> f64 {
    let of = &a.components;
    match metric {
        "score" => of.score,
        "weighted_top" => of.weighted_top,
        "uid_corr_score" => of.uid_corr_score,
        "weighted_fraction" => of.weighted_fraction,
        "weird_notice_bonus" => of.weird_notice_bonus,
        "fuid_bonus" => of.fuid_bonus,
        "behavior_score" => of.behavior_score,
        "conn_scan_score" => of.conn_scan_score,
        "crosslog_uid_two_plus" => of.uid_two_plus_beyond,
        "crosslog_uid_three_plus" => of.uid_three_plus_beyond,
        _ => of.fuid_overlap_beyond,
    }
}

fn number(metric: &str, v: f64) -> String {
    match metric {
        "score" => format!("{v:.1}"),
        m if m.starts_with("crosslog") || m.starts_with("fuid_overlap") => format!("{v:.1}"),
        _ => format!("{v:.2}"),
    }
}
