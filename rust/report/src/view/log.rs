//! A log in words, tables and plots.

use super::HOW_TO_READ;
use super::blocks::ColumnContent::{Name, Number, Text};
use super::blocks::{Block, DataTable, Figure, Section, TableCell, TableColumn};
use super::rows::{self, NAME};
use crate::charts::{self, Bar, Chart, ChartError};
use crate::report::LogPage;
use crate::words::{count, counted, percent, short};

/// Features of a bar chart.
const BARS: usize = 10;

/// All logs in one table.
pub fn overview(logs: &[LogPage], more: usize) -> Section {
    let row = |(i, log): (usize, &LogPage)| {
        let tail = if log.reach.1 { " + tail" } else { "" };
        vec![
            TableCell {
                link: Some(format!("log-{}", i + 1)),
                ..TableCell::new(short(&log.log, NAME))
            },
            TableCell::new(count(log.records)),
            TableCell::new(count(log.flagged)).flagged_if(log.flagged > 0),
            TableCell::new(percent(share(log))),
            TableCell::new(format!("{:.2}", log.highest)),
            TableCell::new(count(log.refused)),
            TableCell::new(count(log.trained)),
            TableCell::new(format!("{:.2}{tail}", log.reach.0)),
            TableCell::new(log.detector),
        ]
    };
    let mut blocks = vec![Block::Table(DataTable {
        name: "Logs",
        stacks: false,
        columns: vec![
            TableColumn::new("Log", Name, 18.0),
            TableColumn::new("Records", Number, 11.0),
            TableColumn::new("Flagged", Number, 10.0),
            TableColumn::new("Share", Number, 9.0),
            TableColumn::new("Highest score", Number, 10.0),
            TableColumn::new("Lines refused", Number, 9.0),
            TableColumn::new("Training rows", Number, 11.0),
            TableColumn::new("Measured up to", Number, 13.0),
            TableColumn::new("Detector", Text, 17.0),
        ],
        rows: logs.iter().enumerate().map(row).collect(),
        paper_rows: usize::MAX,
    })];
    if more > 0 {
        let more = counted(more as u64, "more log");
        blocks.push(Block::Small(format!("And {more} without a section.")));
    }
    blocks.push(Block::Small(HOW_TO_READ.into()));
    Section::new("logs", "Logs", "Logs", blocks)
}

fn share(log: &LogPage) -> f64 {
    log.flagged as f64 / log.records.max(1) as f64
}

/// One log; `number` is its place among all, from 1 on.
pub fn section(log: &LogPage, number: usize, threshold: f64) -> Result<Section, ChartError> {
    let name = short(&log.log, NAME);
    let mut blocks = vec![
        Block::text(format!(
            "{}, {} of them ({}) at or above the threshold; the highest score is {:.2}.",
            counted(log.records, "record"),
            count(log.flagged),
            percent(share(log)),
            log.highest,
        )),
        figure(
            "Scores in file order",
            charts::order(&name, &log.order, log.records, log.flagged, threshold)?,
            "Each mark is a run of records from its lowest to its highest score. Flagged records are marked one \
             by one or by run; none is left out. The dashed line is the threshold.",
        ),
        figure(
            "Records by score",
            charts::histogram(&name, &log.histogram, threshold)?,
            "Records on a logarithmic axis; the dashed line is the threshold.",
        ),
    ];
    blocks.extend(map(log, &name)?);
    blocks.extend(reasons(log, &name)?);
    if !log.top.is_empty() {
        blocks.push(Block::Heading("Flagged records".into()));
        let listed = log.top.len() as u64;
        blocks.extend(Block::small(match log.flagged.saturating_sub(listed) {
            0 => String::new(),
            n => format!(
                "The {} with the highest scores; {} more are not listed.",
                count(listed),
                count(n)
            ),
        }));
        blocks.push(Block::Table(rows::records(&log.top)));
    }
    let mut section = Section::new(&format!("log-{number}"), &name, &name, blocks);
    section.is_log = true;
    Ok(section)
}

fn figure(title: &str, chart: Chart, caption: impl Into<String>) -> Block {
    Block::Figure(Box::new(Figure {
        title: Some(title.into()),
        chart,
        caption: caption.into(),
        wide: false,
    }))
}

/// The map of the records, and the features that span it.
fn map(log: &LogPage, name: &str) -> Result<Vec<Block>, ChartError> {
    let Some(m) = &log.map else {
        return Ok(Vec::new());
    };
    let flagged = match m.flagged.len() as u64 {
        0 => String::new(),
        n => format!(" and {}", counted(n, "flagged record")),
    };
    let records = format!(
        "{} (dots) drawn at random{flagged} (crosses), on the first two principal components of their \
         features. Records that lie together are similar; larger marks are several. Values beyond 8 standard \
         deviations are drawn at 8.",
        counted(m.ordinary.len() as u64, "ordinary record"),
    );
    let loadings = m.loadings.iter().map(|l| (l.feature, l.share));
    let variance = format!("Share of the variance on the map's axes, {name}");
    let features = format!(
        "The share of each feature in the variance of both axes ({} of all); {} of {} features are constant here.",
        percent(m.explained.iter().sum()),
        m.constant,
        log.features.len(),
    );
    let bars = charts::bars(&variance, &bars(log, loadings), charts::ORDINARY, None)?;
    Ok(vec![
        figure("Map of the records", charts::map(name, m)?, records),
        figure("Features behind the map", bars, features),
    ])
}

/// The features behind high scores.
fn reasons(log: &LogPage, name: &str) -> Result<Option<Block>, ChartError> {
    let (shares, rows) = &log.reasons;
    if *rows == 0 {
        return Ok(None);
    }
    let what = format!("Share in the scores of flagged records, {name}");
    let bars = bars(log, shares.iter().copied());
    let caption = format!(
        "The mean share of each feature in the scores of {}.",
        counted(*rows, "flagged record")
    );
    let chart = charts::bars(&what, &bars, charts::FLAGGED, None)?;
    Ok(Some(figure("Features behind high scores", chart, caption)))
}

fn bars(log: &LogPage, shares: impl Iterator<Item = (usize, f64)>) -> Vec<Bar> {
    let bar = |(feature, share)| Bar {
        name: log.features.get(feature).cloned().unwrap_or_default(),
        share,
    };
    shares.take(BARS).map(bar).collect()
}
