//! The report as a PDF: the sections and blocks of [`ReportView`], as on the HTML page. Its text can be searched
//! and copied. It has no links, no scripts and no forms; texts of logs are drawn as characters and nothing else.

#![forbid(unsafe_code)]

mod fonts;
mod paper;
mod write;

use fonts::Fonts;
use paper::{Line, Paper, RUNNING};
use zeek_anomaly_report::{Block, ReportView, Section, TextSpan};

/// The part of the width that a plot gets, unless it is wide: then a log's plots share a page.
const PLOT: f32 = 0.8;

/// Why the PDF could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The compiled-in font is broken.
    #[error("the PDF cannot be made: its font cannot be read")]
    Font,
    /// A plot.
    #[error("the PDF cannot be made: a plot {0}")]
    Plot(String),
    /// A page.
    #[error("the PDF cannot be made: a page has no size")]
    Page,
    /// The whole.
    #[error("the PDF cannot be made: {0}")]
    Write(String),
}

/// The report as a PDF.
pub fn document(view: &ReportView) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::load()?;
    let mut paper = Paper::new(&fonts);
    paper.heading(1, &view.title);
    for (name, value) in &view.facts {
        let name = TextSpan::soft(format!("{name}: "));
        paper.paragraph(vec![name, TextSpan::plain(value.as_str())], RUNNING);
    }
    let totals: Vec<String> = (view.cards.iter())
        .map(|c| format!("{} {}", c.value, c.name))
        .collect();
    paper.skip(4.0);
    paper.paragraph(vec![TextSpan::strong(totals.join(", ") + ".")], RUNNING);
    for of in &view.sections {
        section(&mut paper, of)?;
    }
    let made_by = format!("zeek-anomaly {}", view.version);
    write::write(paper, &fonts, &view.title, &made_by)
}

fn section(paper: &mut Paper<'_>, section: &Section) -> Result<(), PdfError> {
    if section.is_log {
        paper.turn();
    }
    let level = section
        .level
        .as_ref()
        .map_or_else(String::new, |l| format!(": {}", l.text));
    paper.heading(2, &format!("{}{level}", section.title));
    for block in &section.blocks {
        match block {
            Block::Heading(text) => paper.heading(3, text),
            Block::Text(span) => paper.paragraph(vec![span.clone()], RUNNING),
            Block::Small(text) => paper.caption(text),
            Block::Figure(f) => {
                let share = if f.wide { 1.0 } else { PLOT };
                paper.plot(f.title.as_deref(), &f.chart, share)?;
                paper.caption(&f.caption);
            }
            Block::Table(table) => {
                paper.table(table);
                if table.rows.len() > table.paper_rows {
                    paper.caption(&format!(
                        "The first {}; the HTML page lists more.",
                        table.paper_rows
                    ));
                }
            }
            Block::List { ordered, items } => {
                for (i, item) in items.iter().enumerate() {
                    let mark = if *ordered {
                        format!("{}.", i + 1)
                    } else {
                        "–".into()
                    };
                    let mut lines: Vec<Line> = vec![vec![TextSpan::plain(item.text.as_str())]];
                    lines.extend(
                        item.command
                            .as_ref()
                            .map(|c| vec![TextSpan::soft(c.as_str())]),
                    );
                    paper.item(&mark, &lines, RUNNING);
                }
            }
        }
    }
    Ok(())
}
