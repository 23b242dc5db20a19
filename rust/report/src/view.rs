//! A report in the words and plots that the page and the PDF share. Every text of a log is
//! safe to show from here on.

use crate::charts::{self, Bar, Chart, ChartError};
use crate::report::{Finding, Host, LogPage, Record, Report};
use crate::words::{count, counted, percent, second, short, span};
use zeek_anomaly_engine::{Claim, VERSION};

/// Characters of a name, a value and an identifier that are shown.
const NAME: usize = 48;
const VALUE: usize = 60;
const USUAL: usize = 90;
const WHAT: usize = 80;
const ID: usize = 40;

/// Reasons that are shown of a record.
const REASONS: usize = 3;

/// Features of a bar chart.
const BARS: usize = 10;

/// Findings of a host that are named.
const DEEDS: usize = 8;

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
    pub name: &'static str,
    /// The number.
    pub value: String,
    /// Whether it counts what is flagged.
    pub flagged: bool,
}

/// A finding, or a flagged record.
pub struct Row {
    /// The score, with how it is known.
    pub score: String,
    /// Records.
    pub records: String,
    /// When, line by line.
    pub span: Vec<String>,
    /// The log.
    pub log: String,
    /// What it is about, line by line.
    pub what: Vec<String>,
    /// Why.
    pub reasons: Vec<Why>,
    /// The connection or file.
    pub uid: String,
}

/// A reason.
pub struct Why {
    /// The feature.
    pub feature: String,
    /// Its value.
    pub value: String,
    /// What is usual.
    pub usual: String,
}

/// Something to look at.
pub struct Advice {
    /// What.
    pub text: String,
    /// A command.
    pub command: Option<String>,
}

/// A host.
pub struct HostRow {
    /// Its address.
    pub address: String,
    /// Its rank.
    pub strength: String,
    /// Flagged records.
    pub records: String,
    /// When, line by line.
    pub span: Vec<String>,
    /// Its findings, in a few words each.
    pub did: Vec<String>,
}

/// A plot with its caption.
pub struct Captioned {
    /// The plot.
    pub chart: Chart,
    /// What to see in it.
    pub caption: String,
}

/// A log.
pub struct LogView {
    /// Its name.
    pub name: String,
    /// Numbers of the table of logs.
    pub records: String,
    /// Flagged records.
    pub flagged: String,
    /// Whether there are any.
    pub any_flagged: bool,
    /// The share of them.
    pub share: String,
    /// The highest score.
    pub highest: String,
    /// Lines refused.
    pub refused: String,
    /// Training rows.
    pub trained: String,
    /// How far the calibration reaches.
    pub reach: String,
    /// The detector.
    pub detector: &'static str,
    /// What became of its records, in a sentence.
    pub intro: String,
    /// Scores in file order.
    pub order: Chart,
    /// What to see in it.
    pub order_caption: String,
    /// Records by score.
    pub histogram: Chart,
    /// The map.
    pub map: Option<Captioned>,
    /// Features that carry the variance.
    pub loadings: Option<Captioned>,
    /// Features that make records strange.
    pub reasons: Option<Captioned>,
    /// What the list of flagged records is.
    pub top_intro: String,
    /// Flagged records.
    pub top: Vec<Row>,
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
        let card = |name, n: u64, flagged| Card {
            name,
            value: count(n),
            flagged,
        };
        let mut cards = vec![card("records scored", about.records, false)];
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
        let logs = report.logs.iter().map(|l| log_view(l, about.threshold));
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
                "Records of one log and originator are one finding, with the strangest of \
                them to stand for all; the one to be read first comes first."
                    .into(),
            findings: report
                .findings
                .iter()
                .take(report.listed)
                .map(finding_row)
                .collect(),
            more_findings: match report.more_findings {
                0 => String::new(),
                n => format!(
                    "And {} more, less strange than these.",
                    counted(n, "finding")
                ),
            },
            next: (report.next.iter())
                .map(|a| Advice {
                    text: short(&a.text, 600),
                    command: a.command.as_ref().map(|c| short(c, 300)),
                })
                .collect(),
            notes: about.notes.iter().map(|n| short(n, 600)).collect(),
            hosts_intro:
                "A host's strength is the sum, over the logs in which it has findings, of its \
                highest score: what shows in several logs weighs more than what shows in one."
                    .into(),
            hosts: report.hosts.iter().map(|h| host_row(h, report)).collect(),
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

/// A score, marked where it is more than a count among training rows.
fn score(record: &Record) -> String {
    match record.claim {
        Claim::Measured => format!("{:.2}", record.score),
        Claim::Extrapolated => format!("~{:.2}", record.score),
        Claim::AtLeast => format!("≥{:.2}", record.score),
    }
}

fn record_row(log: &str, record: &Record) -> Row {
    Row {
        score: score(record),
        records: "1".into(),
        span: record.ts.map(second).into_iter().collect(),
        log: short(log, NAME),
        what: record.what.iter().map(|w| short(w, WHAT)).collect(),
        reasons: (record.reasons.iter().take(REASONS))
            .map(|r| Why {
                feature: short(&r.feature, NAME),
                value: short(&r.value, VALUE),
                usual: short(&r.usual, USUAL),
            })
            .collect(),
        uid: short(record.uid.as_deref().unwrap_or_default(), ID),
    }
}

fn finding_row(finding: &Finding) -> Row {
    Row {
        records: count(finding.records),
        span: match finding.span {
            Some(s) => stretch(s),
            None => finding.record.ts.map(second).into_iter().collect(),
        },
        ..record_row(&finding.log, &finding.record)
    }
}

/// A span of time, line by line: one where both ends are within a second.
fn stretch((from, until): (f64, f64)) -> Vec<String> {
    let (a, b) = (second(from), second(until));
    if a == b {
        return vec![a];
    }
    vec![a, format!("to {b}")]
}

fn host_row(host: &Host, report: &Report) -> HostRow {
    let mut did: Vec<String> = host
        .findings
        .iter()
        .take(DEEDS)
        .filter_map(|i| report.findings.get(*i))
        .map(|f| {
            let mut text = format!("{}: {}", short(&f.log, NAME), counted(f.records, "record"));
            text.push_str(&format!(", score {}", score(&f.record)));
            // The first line is the host itself.
            if let Some(peer) = f.record.what.get(1) {
                text.push_str(&format!(", {}", short(peer, WHAT)));
            }
            if let Some(r) = f.record.reasons.first() {
                let value = short(&r.value, VALUE);
                text.push_str(&format!("; {} {value}", short(&r.feature, NAME)));
            }
            text
        })
        .collect();
    let more = host.findings.len().saturating_sub(DEEDS) as u64;
    if more > 0 {
        did.push(format!("and {}", counted(more, "more finding")));
    }
    HostRow {
        address: short(&host.address, NAME),
        strength: format!("{:.1}", host.strength),
        records: count(host.records),
        span: host.span.map(stretch).unwrap_or_default(),
        did,
    }
}

fn log_view(log: &LogPage, threshold: f64) -> Result<LogView, ChartError> {
    let name = short(&log.log, NAME);
    let feature = |f: usize| log.features.get(f).cloned().unwrap_or_default();
    let tail = if log.reach.1 { " + tail" } else { "" };
    let share = log.flagged as f64 / log.records.max(1) as f64;
    let map = match &log.map {
        None => None,
        Some(m) => Some(Captioned {
            chart: charts::map(&name, m)?,
            caption: format!(
                "{} drawn at random{}, on the first two principal components of their features: \
                 records that lie together are alike, and larger marks are several. Values beyond 8 standard deviations are drawn at 8.",
                counted(m.ordinary.len() as u64, "ordinary record"),
                match m.flagged.len() as u64 {
                    0 => String::new(),
                    n => format!(" and {}", counted(n, "flagged record")),
                },
            ),
        }),
    };
    let loadings = match &log.map {
        None => None,
        Some(m) => {
            let bars: Vec<Bar> = (m.loadings.iter().take(BARS))
                .map(|l| Bar {
                    name: feature(l.feature),
                    share: l.share,
                })
                .collect();
            let what = format!("Share of the variance on the map's axes, {name}");
            Some(Captioned {
                chart: charts::bars(&what, &bars, charts::ORDINARY)?,
                caption: format!(
                    "The share of each feature in the variance that both axes hold ({} of all); {} of {} \
                     features are constant here.",
                    percent(m.explained.iter().sum()),
                    m.constant,
                    log.features.len(),
                ),
            })
        }
    };
    let reasons = match log.reasons.1 {
        0 => None,
        rows => {
            let bars: Vec<Bar> = (log.reasons.0.iter().take(BARS))
                .map(|(f, share)| Bar {
                    name: feature(*f),
                    share: *share,
                })
                .collect();
            let what = format!("Share in what makes flagged records strange, {name}");
            Some(Captioned {
                chart: charts::bars(&what, &bars, charts::FLAGGED)?,
                caption: format!(
                    "The mean share of each feature in what makes {} strange.",
                    counted(rows, "flagged record")
                ),
            })
        }
    };
    let listed = log.top.len() as u64;
    Ok(LogView {
        records: count(log.records),
        flagged: count(log.flagged),
        any_flagged: log.flagged > 0,
        share: percent(share),
        highest: format!("{:.2}", log.highest),
        refused: count(log.refused),
        trained: count(log.trained),
        reach: format!("{:.2}{tail}", log.reach.0),
        detector: log.detector,
        intro: format!(
            "{}, {} of them ({}) at or above the threshold; the highest score is {:.2}.",
            counted(log.records, "record"),
            count(log.flagged),
            percent(share),
            log.highest,
        ),
        order: charts::order(&name, &log.order, log.records, log.flagged, threshold)?,
        order_caption: "Each mark is a run of records from its lowest to its highest score; flagged \
            records are marked one by one or by run, none is left out. The dashed line is the threshold."
            .into(),
        histogram: charts::histogram(&name, &log.histogram, threshold)?,
        map,
        loadings,
        reasons,
        top_intro: match log.flagged.saturating_sub(listed) {
            0 => String::new(),
            n => format!("The {} strangest; {} more are not listed.", count(listed), count(n)),
        },
        top: log.top.iter().map(|r| record_row(&log.log, r)).collect(),
        name,
    })
}
