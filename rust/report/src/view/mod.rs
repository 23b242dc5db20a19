//! A report in the words and plots that the page and the PDF share. Every text of a log is
//! safe to show from here on.

mod log;
mod rows;
mod verdict;

pub use log::LogView;
pub use rows::{HostRow, Row, Why};
pub use verdict::{Component, VerdictView};

use crate::charts::{self, Chart, ChartError};
use crate::report::{LogPage, Report};
use crate::words::{count, counted, second, short, span};
use rows::NAME;
use zeek_anomaly_engine::VERSION;
use zeek_anomaly_verdict::Level;

/// How the figures of logs and scores are to be read.
pub const HOW_TO_READ: &str = "A score of 3 says: of the records that the model was trained on, one in a \
    thousand looks at least as strange. It is no verdict of malice. The number of training rows tells of \
    scores up to the one under \"measured up to\"; with a tail, higher scores are extrapolated (~), without \
    one they are lower bounds (≥).";

/// The report, ready to be written.
pub struct View {
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
    /// The threshold.
    pub threshold: String,
    /// What the findings are.
    pub findings_intro: String,
    /// The findings.
    pub findings: Vec<Row>,
    /// What was left out of them.
    pub more_findings: String,
    /// What to look at next.
    pub next: Vec<Advice>,
    /// What was skipped or cannot be told.
    pub notes: Vec<String>,
    /// The verdict.
    pub verdict: Option<VerdictView>,
    /// What hosts did over time, the gravest first.
    pub behaviors: Vec<Row>,
    /// How hosts are ranked.
    pub hosts_intro: String,
    /// The hosts.
    pub hosts: Vec<HostRow>,
    /// What was left out of them.
    pub more_hosts: String,
    /// All logs over time.
    pub timeline: Option<Captioned>,
    /// The logs.
    pub logs: Vec<LogView>,
    /// What was left out of them.
    pub more_logs: String,
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

/// Something to look at.
pub struct Advice {
    /// What.
    pub text: String,
    /// A command.
    pub command: Option<String>,
}

/// A plot with its caption.
pub struct Captioned {
    /// The plot.
    pub chart: Chart,
    /// What to see in it.
    pub caption: String,
}

impl View {
    /// Puts a report in words and plots.
    pub fn new(report: &Report) -> Result<View, ChartError> {
        let about = &report.about;
        let sensors: Vec<String> = about.sensors.iter().map(|s| short(s, NAME)).collect();
        let mut facts = Vec::new();
        if !sensors.is_empty() {
            let name = if sensors.len() == 1 {
                "Sensor"
            } else {
                "Sensors"
            };
            facts.push((name, sensors.join(", ")));
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
                flagged: a.components.severity != Level::Low,
            });
        }
        cards.push(card("records scored", about.records, false));
        cards.extend(about.connections.map(|n| card("connections", n, false)));
        cards.push(card("records flagged", about.flagged, about.flagged > 0));
        cards.push(card(
            "findings",
            report.listed as u64 + report.more_findings,
            false,
        ));
        cards.push(card(
            "hosts with findings",
            (report.hosts.len() + report.more_hosts) as u64,
            false,
        ));
        let timeline = match report.stretch {
            None => None,
            Some(stretch) => Some(Captioned {
                chart: charts::timeline(&in_order_of_interest(report), stretch)?,
                caption: timeline_caption(report),
            }),
        };
        let logs = report.logs.iter().map(|l| log::view(l, about.threshold));
        Ok(View {
            title: match sensors.as_slice() {
                [one] => format!("Anomalies in Zeek logs of {one}"),
                _ => "Anomalies in Zeek logs".into(),
            },
            version: VERSION,
            made: about
                .made
                .as_ref()
                .map_or_else(String::new, |m| format!(", {}", short(m, NAME))),
            facts,
            cards,
            threshold: about.threshold.to_string(),
            findings_intro:
                "Records of one log and host that are strange for the same main reasons are one \
                finding, with the strangest of them to stand for all; the one to be read first \
                comes first."
                    .into(),
            findings: report
                .findings
                .iter()
                .take(report.listed)
                .map(rows::finding)
                .collect(),
            more_findings: match (report.more_findings, report.dropped) {
                (0, 0) => String::new(),
                (n, 0) => format!(
                    "And {} more, less strange than these.",
                    counted(n, "finding")
                ),
                (n, dropped) => format!(
                    "And {} more, and {} of findings that were too many to be kept, all less \
                     strange than these.",
                    counted(n, "finding"),
                    counted(dropped, "record")
                ),
            },
            verdict: (report.verdict.as_ref())
                .map(|(a, c)| verdict::view(a, c.as_ref()))
                .transpose()?,
            behaviors: rows::behaviors(report),
            next: (report.next.iter())
                .map(|a| Advice {
                    text: short(&a.text, 600),
                    command: a.command.as_ref().map(|c| short(c, 2000)),
                })
                .collect(),
            notes: about.notes.iter().map(|n| short(n, 600)).collect(),
            hosts_intro:
                "A host's strength is what its behaviours over time add up to (its risk) and, for \
                each log in which it has findings, its highest score, 10 at most: what shows in \
                several ways weighs more than what shows in one."
                    .into(),
            hosts: report.hosts.iter().map(|h| rows::host(h, report)).collect(),
            more_hosts: match report.more_hosts as u64 {
                0 => String::new(),
                n => format!("And {} more.", counted(n, "host")),
            },
            timeline,
            logs: logs.collect::<Result<_, _>>()?,
            more_logs: match report.more_logs as u64 {
                0 => String::new(),
                n => format!(
                    "And {} more without a page of their own.",
                    counted(n, "log")
                ),
            },
        })
    }
}

/// The logs with most flagged records first, as far as the timeline has lanes; then by name.
fn in_order_of_interest(report: &Report) -> Vec<&LogPage> {
    let mut logs: Vec<&LogPage> = report.logs.iter().collect();
    if logs.len() > charts::TIMELINE_LOGS {
        logs.sort_by(|a, b| b.flagged.cmp(&a.flagged).then(b.records.cmp(&a.records)));
        logs.truncate(charts::TIMELINE_LOGS);
        logs.sort_by(|a, b| a.log.cmp(&b.log));
    }
    logs
}

fn timeline_caption(report: &Report) -> String {
    let mut out = "Records and flagged records of each log over time (UTC).".to_owned();
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
