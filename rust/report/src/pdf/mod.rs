//! The same report on paper: a PDF whose text can be searched and copied. It has no links, no
//! scripts and no forms; texts of logs are drawn as letters and nothing else.

mod fonts;
mod paper;
mod write;

use crate::view::{Captioned, LogView, Row, View};
use fonts::Fonts;
use paper::{Cell, Column, Ink, Paper, RUNNING, SMALL, Span};

/// Flagged records of each log that are listed: paper is long.
const LISTED: usize = 10;

/// The part of the width that a log's plots get: so they share a sheet.
const PLOT: f32 = 0.8;

/// Why the PDF could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The font in the program is broken.
    #[error("the PDF cannot be made: its font cannot be read")]
    Font,
    /// A plot.
    #[error("the PDF cannot be made: a plot {0}")]
    Plot(String),
    /// A sheet.
    #[error("the PDF cannot be made: a sheet has no size")]
    Page,
    /// The whole.
    #[error("the PDF cannot be made: {0}")]
    Write(String),
}

/// The report as a PDF.
pub fn document(view: &View) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::load()?;
    let mut paper = Paper::new(&fonts);
    summary(&mut paper, view);
    findings(&mut paper, view);
    behaviors(&mut paper, view);
    next(&mut paper, view);
    verdict(&mut paper, view)?;
    hosts(&mut paper, view);
    paper.heading(2, "Timeline");
    match &view.timeline {
        Some(t) => figure(&mut paper, None, t, 1.0)?,
        None => paper.paragraph(vec![Span::plain("No record has a time.")], RUNNING),
    }
    logs(&mut paper, view);
    for log in &view.logs {
        of_log(&mut paper, log)?;
    }
    let made_by = format!("zeek-anomaly {}", view.version);
    write::write(paper, &fonts, &view.title, &made_by)
}

fn column(head: &'static str, share: f32) -> Column {
    Column {
        head,
        share,
        right: false,
    }
}

fn number(head: &'static str, share: f32) -> Column {
    Column {
        head,
        share,
        right: true,
    }
}

fn one(text: &str) -> Cell {
    vec![vec![Span::plain(text)]]
}

fn flagged(text: &str) -> Cell {
    vec![vec![Span::plain(text).ink(Ink::Flagged)]]
}

fn each(lines: &[String]) -> Cell {
    lines
        .iter()
        .map(|l| vec![Span::plain(l.as_str())])
        .collect()
}

fn why(row: &Row) -> Cell {
    row.reasons
        .iter()
        .map(|r| {
            vec![
                Span::plain(format!("{} ", r.feature)).bold(),
                Span::plain(format!("{} ", r.value)),
                match r.usual.as_str() {
                    "" => Span::plain(""),
                    usual => Span::plain(format!("(usual {usual})")).ink(Ink::Soft),
                },
            ]
        })
        .collect()
}

fn summary(paper: &mut Paper<'_>, view: &View) {
    paper.heading(1, &view.title);
    for (name, value) in &view.facts {
        let name = Span::plain(format!("{name}: ")).ink(Ink::Soft);
        paper.paragraph(vec![name, Span::plain(value.as_str())], RUNNING);
    }
    let totals: Vec<String> = (view.cards.iter())
        .map(|c| format!("{} {}", c.value, c.name))
        .collect();
    paper.skip(4.0);
    paper.paragraph(vec![Span::plain(totals.join(", ") + ".").bold()], RUNNING);
}

fn findings(paper: &mut Paper<'_>, view: &View) {
    paper.heading(2, "Findings");
    if view.findings.is_empty() {
        let text = format!("No record reached the threshold of {}.", view.threshold);
        paper.paragraph(vec![Span::plain(text)], RUNNING);
        return;
    }
    paper.paragraph(vec![Span::plain(view.findings_intro.as_str())], RUNNING);
    rows(paper, &view.findings, "Log");
    if !view.more_findings.is_empty() {
        paper.caption(&view.more_findings);
    }
}

fn behaviors(paper: &mut Paper<'_>, view: &View) {
    if !view.behaviors.is_empty() {
        paper.heading(2, "What hosts did over time");
        rows(paper, &view.behaviors, "Behaviour");
    }
}

/// Findings or behaviours.
fn rows(paper: &mut Paper<'_>, of: &[Row], kind: &'static str) {
    let columns = [
        number("Score", 8.0),
        number("Records", 8.0),
        column("Time (UTC)", 17.0),
        column(kind, 11.0),
        column("What", 22.0),
        column("Why, and a uid", 44.0),
    ];
    let rows: Vec<Vec<Cell>> = (of.iter())
        .map(|f| {
            let mut reasons = why(f);
            if !f.uid.is_empty() {
                reasons.push(vec![Span::plain(format!("uid {}", f.uid)).ink(Ink::Soft)]);
            }
            let (what, log) = (each(&f.what), one(&f.log));
            vec![
                flagged(&f.score),
                one(&f.records),
                each(&f.span),
                log,
                what,
                reasons,
            ]
        })
        .collect();
    paper.table(&columns, &rows);
}

fn verdict(paper: &mut Paper<'_>, view: &View) -> Result<(), PdfError> {
    let Some(v) = &view.verdict else {
        return Ok(());
    };
    paper.heading(2, &format!("Verdict: {}", v.level));
    paper.paragraph(vec![Span::plain(v.intro.as_str())], RUNNING);
    if let Some(standing) = &v.standing {
        paper.paragraph(vec![Span::plain(standing.as_str()).bold()], RUNNING);
    }
    for note in &v.notes {
        paper.paragraph(vec![Span::plain(note.as_str()).ink(Ink::Soft)], RUNNING);
    }
    paper.plot(None, &v.chart, PLOT)?;
    let mut columns = vec![column("Metric", 26.0), number("Value", 9.0)];
    if v.compared {
        columns.extend([number("Median", 9.0), number("Ordinary up to", 16.0)]);
    }
    columns.push(column("What it is", 50.0));
    let rows: Vec<Vec<Cell>> = (v.components.iter())
        .map(|c| {
            let mut row = vec![
                vec![vec![Span::plain(c.name).bold()]],
                if c.beyond {
                    flagged(&c.value)
                } else {
                    one(&c.value)
                },
            ];
            if v.compared {
                let mark = if c.beyond { " (beyond)" } else { "" };
                row.extend([one(&c.median), one(&format!("{}{mark}", c.limit))]);
            }
            row.push(one(c.what));
            row
        })
        .collect();
    paper.table(&columns, &rows);
    if !v.signs.is_empty() {
        paper.heading(3, "Signs that are bad news in any network");
        for sign in &v.signs {
            paper.item("–", &[vec![Span::plain(sign.as_str())]], RUNNING);
        }
    }
    Ok(())
}

fn next(paper: &mut Paper<'_>, view: &View) {
    paper.heading(2, "What to look at next");
    for (i, a) in view.next.iter().enumerate() {
        let mut lines = vec![vec![Span::plain(a.text.as_str())]];
        if let Some(c) = &a.command {
            lines.push(vec![Span::plain(c.as_str()).ink(Ink::Soft)]);
        }
        paper.item(&format!("{}.", i + 1), &lines, RUNNING);
    }
    if !view.notes.is_empty() {
        paper.heading(3, "To be known before a figure is believed");
        for note in &view.notes {
            paper.item("–", &[vec![Span::plain(note.as_str())]], RUNNING);
        }
    }
}

fn hosts(paper: &mut Paper<'_>, view: &View) {
    if view.hosts.is_empty() {
        return;
    }
    paper.heading(2, "Hosts");
    paper.paragraph(vec![Span::plain(view.hosts_intro.as_str())], RUNNING);
    let columns = [
        column("Host", 22.0),
        number("Strength", 10.0),
        number("Risk", 7.0),
        number("Records", 9.0),
        column("Time (UTC)", 18.0),
        column("What it did", 52.0),
    ];
    let rows: Vec<Vec<Cell>> = (view.hosts.iter())
        .map(|h| {
            let name = vec![vec![Span::plain(h.address.as_str()).bold()]];
            vec![
                name,
                flagged(&h.strength),
                one(&h.risk),
                one(&h.records),
                each(&h.span),
                each(&h.did),
            ]
        })
        .collect();
    paper.table(&columns, &rows);
    if !view.more_hosts.is_empty() {
        paper.caption(&view.more_hosts);
    }
}

fn logs(paper: &mut Paper<'_>, view: &View) {
    paper.heading(2, "Logs");
    let columns = [
        column("Log", 18.0),
        number("Records", 11.0),
        number("Flagged", 10.0),
        number("Share", 9.0),
        number("Highest score", 10.0),
        number("Lines refused", 9.0),
        number("Training rows", 11.0),
        number("Measured up to", 13.0),
        column("Detector", 17.0),
    ];
    let rows: Vec<Vec<Cell>> = (view.logs.iter())
        .map(|l| {
            vec![
                vec![vec![Span::plain(l.name.as_str()).bold()]],
                one(&l.records),
                if l.any_flagged {
                    flagged(&l.flagged)
                } else {
                    one(&l.flagged)
                },
                one(&l.share),
                one(&l.highest),
                one(&l.refused),
                one(&l.trained),
                one(&l.reach),
                one(l.detector),
            ]
        })
        .collect();
    paper.table(&columns, &rows);
    if !view.more_logs.is_empty() {
        paper.caption(&view.more_logs);
    }
    paper.caption(crate::view::HOW_TO_READ);
}

fn figure(
    paper: &mut Paper<'_>,
    heading: Option<&str>,
    of: &Captioned,
    share: f32,
) -> Result<(), PdfError> {
    paper.plot(heading, &of.chart, share)?;
    paper.caption(&of.caption);
    Ok(())
}

fn of_log(paper: &mut Paper<'_>, log: &LogView) -> Result<(), PdfError> {
    paper.turn();
    paper.heading(2, &log.name);
    paper.paragraph(vec![Span::plain(log.intro.as_str())], RUNNING);
    paper.plot(Some("Scores in file order"), &log.order, PLOT)?;
    paper.caption(&log.order_caption);
    paper.plot(
        Some("How many records have which score"),
        &log.histogram,
        PLOT,
    )?;
    for (title, plot) in [
        ("Map of the records", &log.map),
        ("Features that carry the variance", &log.loadings),
        ("Features that make records strange", &log.reasons),
    ] {
        if let Some(plot) = plot {
            figure(paper, Some(title), plot, PLOT)?;
        }
    }
    if log.top.is_empty() {
        return Ok(());
    }
    paper.heading(3, "Flagged records");
    let columns = [
        number("Score", 7.0),
        column("Time (UTC)", 18.0),
        column("What", 24.0),
        column("Why", 41.0),
        column("uid", 21.0),
    ];
    let rows: Vec<Vec<Cell>> = (log.top.iter().take(LISTED))
        .map(|r| {
            vec![
                flagged(&r.score),
                each(&r.span),
                each(&r.what),
                why(r),
                one(&r.uid),
            ]
        })
        .collect();
    paper.table(&columns, &rows);
    let more = log.top.len().saturating_sub(rows.len());
    if more > 0 {
        let text = format!("The {} strangest; the page lists more.", rows.len());
        paper.paragraph(vec![Span::plain(text).ink(Ink::Soft)], SMALL);
    }
    Ok(())
}
