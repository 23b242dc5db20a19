//! The verdict on all logs together, in words.

use crate::charts::{self, Bar, Chart, ChartError};
use crate::words::{count, counted, short};
use zeek_anomaly_verdict::{Assessment, Comparison, Level, Standing};

/// Signs that are shown.
const SIGNS: usize = 12;

/// Characters of a sign, and of a log's name.
const SIGN: usize = 200;
const NAME: usize = 48;

/// The verdict.
pub struct VerdictView {
    /// LOW, MEDIUM or HIGH.
    pub level: &'static str,
    /// Whether it is more than LOW.
    pub raised: bool,
    /// The score, of 100.
    pub score: String,
    /// What it says, in a sentence.
    pub intro: String,
    /// How it stands to the baseline.
    pub standing: Option<String>,
    /// The components.
    pub components: Vec<Component>,
    /// Whether there is a baseline.
    pub compared: bool,
    /// The components, as a plot.
    pub chart: Chart,
    /// Signs that are bad news in any network.
    pub signs: Vec<String>,
    /// What does not count.
    pub notes: Vec<String>,
}

/// A component of the verdict, or another metric of the baseline.
pub struct Component {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Its value.
    pub value: String,
    /// The median of the baseline.
    pub median: String,
    /// The most that is ordinary.
    pub limit: String,
    /// Whether it is more.
    pub beyond: bool,
}

/// The metrics, and what each is.
const METRICS: [(&str, &str); 11] = [
    ("score", "the whole, 0 to 100"),
    (
        "weighted_top",
        "T: how strange the strangest records are, beyond chance",
    ),
    (
        "uid_corr_score",
        "U: connections that are strange in two logs and in three",
    ),
    (
        "weighted_fraction",
        "F: the share of records that is strange, beyond chance",
    ),
    ("weird_notice_bonus", "W: the same of weird and notice"),
    (
        "fuid_bonus",
        "X: strange files that strange http records name",
    ),
    (
        "behavior_score",
        "B: signs that are bad news in any network",
    ),
    ("conn_scan_score", "the part of B that is scanning"),
    (
        "crosslog_uid_two_plus",
        "connections strange in two logs or more, beyond chance",
    ),
    ("crosslog_uid_three_plus", "in three or more, beyond chance"),
    (
        "fuid_overlap",
        "strange files of strange http records, beyond chance",
    ),
];

/// Puts a verdict in words.
pub fn view(a: &Assessment, c: Option<&Comparison>) -> Result<VerdictView, ChartError> {
    let of = &a.components;
    let value = |metric: &str| match metric {
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
    };
    let number = |metric: &str, v: f64| match metric {
        "score" => format!("{v:.1}"),
        m if m.starts_with("crosslog") || m.starts_with("fuid_overlap") => format!("{v:.1}"),
        _ => format!("{v:.2}"),
    };
    let components = METRICS.iter().map(|(name, what)| {
        let known = |of: fn(&Comparison) -> &std::collections::BTreeMap<&'static str, f64>| {
            let v = c.and_then(|c| of(c).get(name).copied());
            v.filter(|v| *v < f64::MAX)
                .map_or_else(String::new, |v| number(name, v))
        };
        Component {
            name,
            what,
            value: number(name, value(name)),
            median: known(|c| &c.baseline_medians),
            limit: known(|c| &c.baseline_thresholds),
            beyond: c.is_some_and(|c| c.exceeded_metrics.iter().any(|e| e.metric == *name)),
        }
    });
    let bars: Vec<Bar> = (of.named().iter())
        .map(|(letter, name, v)| Bar {
            name: format!("{letter} {name}"),
            share: *v,
        })
        .collect();
    let chart = charts::bars(
        "Components of the verdict",
        &bars,
        charts::ORDINARY,
        Some(1.0),
    )?;
    let named = |logs: &[String]| -> String {
        let names: Vec<String> = logs.iter().map(|l| short(l, NAME)).collect();
        names.join(", ")
    };
    let mut notes = Vec::new();
    if a.own_rows {
        notes.push(
            "Judged by a model that was made of these very records: an attack that is most of them is not \
             strange, but still has its signs."
                .into(),
        );
    }
    if !a.unfamiliar.is_empty() {
        notes.push(format!(
            "The model knows too little of this network in {}: that does not count.",
            named(&a.unfamiliar)
        ));
    }
    let top = match a.top_logs.as_slice() {
        [] => String::new(),
        logs => format!(" Strangest are {}.", named(logs)),
    };
    let mut signs: Vec<String> = (a.signs.iter().take(SIGNS))
        .map(|s| format!("{}: {} ({:.2})", s.host, short(&s.what, SIGN), s.strength))
        .collect();
    let more = a.signs.len().saturating_sub(SIGNS) as u64;
    if more > 0 {
        signs.push(format!("and {}", counted(more, "more sign")));
    }
    Ok(VerdictView {
        level: of.severity.name(),
        raised: of.severity != Level::Low || c.is_some_and(|c| c.verdict != Standing::Within),
        score: format!("{:.1}", of.score),
        intro: format!(
            "All logs together score {:.1} of 100: {}. {} of {} are strange.{top}",
            of.score,
            match of.severity {
                Level::Unknown => "nothing could be judged",
                Level::Low => "nothing that an ordinary day does not bring",
                Level::Medium => "worth a look",
                Level::High => "somebody should act",
            },
            counted(a.strange_rows, "record"),
            count(a.rows),
        ),
        standing: c.map(|c| {
            format!(
                "{}: {} of 11 metrics are beyond what {} have.",
                c.verdict.name(),
                c.exceeded_metrics.len(),
                counted(c.normal_directories as u64, "ordinary path"),
            )
        }),
        components: components.collect(),
        compared: c.is_some(),
        chart,
        signs,
        notes,
    })
}
