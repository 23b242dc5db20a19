//! A report in words, tables and plots. Every text of a log is safe to show from here on.

mod blocks;
mod log;
mod rows;
mod verdict;

pub use blocks::{
    Block, ColumnContent, DataTable, Figure, ListItem, Section, TableCell, TableColumn, TextSpan,
    TextStyle,
};

use crate::charts::{self, ChartError};
use crate::report::{LogPage, Report};
use crate::words::{count, counted, second, short, span};
use rows::NAME;
use zeek_anomaly_engine::VERSION;
use zeek_anomaly_verdict::VerdictLevel;

/// How to read the figures of logs and scores.
const HOW_TO_READ: &str = "A score of 3 means: one in a thousand records that the model was trained on is at \
    least as anomalous. A high score is not a verdict of malice. The number of training rows supports scores \
    up to \"measured up to\". Higher scores are extrapolated (~) if the log has a tail, and lower bounds (≥) if not.";

/// The report, ready to be written.
pub struct ReportView {
    /// The title.
    pub title: String,
    /// The version of this project.
    pub version: &'static str,
    /// When it was made, as the end of a sentence.
    pub made: String,
    /// Name and value.
    pub facts: Vec<(&'static str, String)>,
    /// Totals.
    pub cards: Vec<Card>,
    /// The sections, in order.
    pub sections: Vec<Section>,
}

/// A total.
pub struct Card {
    /// What it counts.
    pub name: String,
    /// The number.
    pub value: String,
    /// Whether it counts what is flagged.
    pub flagged: bool,
}

impl ReportView {
    /// Puts a report in words, tables and plots.
    pub fn new(report: &Report) -> Result<ReportView, ChartError> {
        let about = &report.about;
        let sensors: Vec<String> = about.sensors.iter().map(|s| short(s, NAME)).collect();
        let mut sections = vec![findings(report)];
        sections.extend(rows::behaviors(report));
        sections.push(next(report));
        if let Some((a, c)) = &report.verdict {
            sections.push(verdict::section(a, c.as_ref())?);
        }
        if !report.hosts.is_empty() {
            sections.push(hosts(report));
        }
        sections.push(timeline(report)?);
        sections.push(log::overview(&report.logs, report.more_logs));
        for (i, page) in report.logs.iter().enumerate() {
            sections.push(log::section(page, i + 1, about.threshold)?);
        }
        Ok(ReportView {
            title: match sensors.as_slice() {
                [one] => format!("Anomalies in Zeek logs of {one}"),
                _ => "Anomalies in Zeek logs".into(),
            },
            version: VERSION,
            made: (about.made.as_ref())
                .map_or_else(String::new, |m| format!(", {}", short(m, NAME))),
            facts: facts(report, &sensors),
            cards: cards(report),
            sections,
        })
    }
}

fn facts(report: &Report, sensors: &[String]) -> Vec<(&'static str, String)> {
    let about = &report.about;
    let mut facts = Vec::new();
    match sensors {
        [] => {}
        [one] => facts.push(("Sensor", one.clone())),
        several => facts.push(("Sensors", several.join(", "))),
    }
    facts.push((
        "Interval (UTC)",
        match about.interval {
            Some((a, b)) => format!("{} to {} ({})", second(a), second(b), span(b - a)),
            None => "no record has a time".into(),
        },
    ));
    facts.push(("Model", short(&about.model, 400)));
    facts.push(("Threshold", format!("a score of {}", about.threshold)));
    facts
}

fn cards(report: &Report) -> Vec<Card> {
    let about = &report.about;
    let card = |name: &str, n: u64, flagged| Card {
        name: name.to_owned(),
        value: count(n),
        flagged,
    };
    let mut cards = Vec::new();
    if let Some((a, _)) = &report.verdict {
        cards.push(Card {
            name: format!("verdict, {:.0} of 100", a.components.score),
            value: a.components.severity.name().into(),
            flagged: a.components.severity != VerdictLevel::Low,
        });
    }
    cards.push(card("records scored", about.records, false));
    cards.extend(about.connections.map(|n| card("connections", n, false)));
    cards.push(card("records flagged", about.flagged, about.flagged > 0));
    let findings = report.findings_in_all();
    cards.push(card("findings", findings, findings > 0));
    cards.push(card("hosts with findings", report.hosts_in_all(), false));
    cards
}

fn findings(report: &Report) -> Section {
    let mut blocks = Vec::new();
    if report.listed == 0 {
        blocks.push(Block::text(format!(
            "No record reached the threshold of {}.",
            report.about.threshold
        )));
    } else {
        blocks.push(Block::text(
            "Similar records of one host are grouped into one finding, shown by its record with the highest \
             score. Read from the top.",
        ));
        blocks.push(Block::Table(rows::findings(report)));
    }
    blocks.extend(Block::small(match (report.more_findings, report.dropped) {
        (0, 0) => String::new(),
        (n, 0) => format!("And {} with lower scores.", counted(n, "more finding")),
        (n, dropped) => format!(
            "And {} with lower scores. {} of further findings were too many to keep.",
            counted(n, "more finding"),
            counted(dropped, "record")
        ),
    }));
    Section::new("findings", "Findings", "Findings", blocks)
}

fn next(report: &Report) -> Section {
    let advice = report.next.iter().map(|a| ListItem {
        text: short(&a.text, 600),
        command: a.command.as_ref().map(|c| short(c, 2000)),
    });
    let mut blocks = vec![Block::List {
        ordered: true,
        items: advice.collect(),
    }];
    if !report.about.notes.is_empty() {
        blocks.push(Block::Heading("Limits of this report".into()));
        blocks.push(Block::list(
            report.about.notes.iter().map(|n| short(n, 600)),
        ));
    }
    Section::new("next", "What to look at next", "What next", blocks)
}

fn hosts(report: &Report) -> Section {
    let mut blocks = vec![
        Block::text(
            "The strength of a host is the sum of its risk (of all its behaviors) and of its highest score in \
             each log with a finding, at most 10.",
        ),
        Block::Table(rows::hosts(report)),
    ];
    if report.more_hosts > 0 {
        let more = counted(report.more_hosts as u64, "more host");
        blocks.push(Block::Small(format!("And {more}.")));
    }
    Section::new("hosts", "Hosts", "Hosts", blocks)
}

fn timeline(report: &Report) -> Result<Section, ChartError> {
    let block = match report.stretch {
        None => Block::text("No record has a time."),
        Some(stretch) => Block::Figure(Box::new(Figure {
            title: None,
            chart: charts::timeline(&most_flagged(report), stretch)?,
            caption: timeline_caption(report),
            wide: true,
        })),
    };
    Ok(Section::new(
        "timeline",
        "Timeline",
        "Timeline",
        vec![block],
    ))
}

/// As many logs as the timeline has lanes, those with most flagged records; by name.
fn most_flagged(report: &Report) -> Vec<&LogPage> {
    let mut logs: Vec<&LogPage> = report.logs.iter().collect();
    if logs.len() > charts::TIMELINE_LOGS {
        logs.sort_by(|a, b| b.flagged.cmp(&a.flagged).then(b.records.cmp(&a.records)));
        logs.truncate(charts::TIMELINE_LOGS);
        logs.sort_by(|a, b| a.log.cmp(&b.log));
    }
    logs
}

fn timeline_caption(report: &Report) -> String {
    let mut out = "Records (blue) and flagged records (orange) of each log over time (UTC). Each lane has its own \
        scale, by the square root of the number."
        .to_owned();
    let hidden = report.logs.len().saturating_sub(charts::TIMELINE_LOGS) as u64;
    if hidden > 0 {
        out.push_str(&format!(
            " {} with fewer flagged records are left out.",
            counted(hidden, "log")
        ));
    }
    let outside = report.stretch.map_or(0, |s| s.outside);
    if outside > 0 {
        out.push_str(&format!(
            " {} lie far outside of this time and are not shown.",
            counted(outside, "record")
        ));
    }
    let timeless: u64 = report.logs.iter().map(|l| l.times.timeless).sum();
    if timeless > 0 {
        out.push_str(&format!(
            " {} without a time are not shown.",
            counted(timeless, "record")
        ));
    }
    out
}
