//! A log in words and plots.

use super::Captioned;
use super::rows::{self, NAME, Row};
use crate::charts::{self, Bar, Chart, ChartError};
use crate::report::LogPage;
use crate::words::{count, counted, percent, short};

/// Features of a bar chart.
const BARS: usize = 10;

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

/// Puts a log in words and plots.
pub fn view(log: &LogPage, threshold: f64) -> Result<LogView, ChartError> {
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
                chart: charts::bars(&what, &bars, charts::ORDINARY, None)?,
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
                chart: charts::bars(&what, &bars, charts::FLAGGED, None)?,
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
        top: log.top.iter().map(|r| rows::record(&log.log, r)).collect(),
        name,
    })
}
