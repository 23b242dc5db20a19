//! `analyze`: what stands out in logs, in one answer.

mod analysis;
pub mod args;
mod show;

use super::report;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::say::{self, counted};
pub use analysis::{Analysis, analyze};
use args::AnalyzeArgs;
use zeek_anomaly_verdict::VerdictLevel;

/// Judges, tells, and writes the page.
pub fn run(args: &AnalyzeArgs) -> Result<Status, Failure> {
    let asked = &args.analysis;
    asked.work.set_threads();
    let page = args.output.as_deref().map(|p| Place::open(Some(p)));
    let page = page.transpose()?;
    let analysis = analyze(asked, None, None)?;
    show::write(&analysis, args.format).map_err(Failure::stdout)?;
    let written = match page {
        Some(place) => report::write(&analysis.report, Some(place), None)?,
        None => Vec::new(),
    };
    if !asked.work.quiet {
        coverage::say(&analysis.coverage, asked.work.verbose);
        if !analysis.own_rows {
            coverage::say_unscored(&analysis.coverage);
        }
        for page in written {
            say::line(&format!("wrote {page}"));
        }
    }
    Ok(match analysis.level() {
        VerdictLevel::Unknown => Status::NotUnderstood,
        _ => coverage::status(&analysis.coverage),
    })
}

/// The note about scores in an analysis without a model.
const WITHOUT_MODEL: &str = "\
no model: records are only ranked among themselves. For scores that hold, train
a model on days that you believe to be ordinary: zeek-anomaly train DIR...";

/// A verdict in a sentence.
fn verdict_in_words(analysis: &Analysis) -> String {
    let report = &analysis.report;
    let hosts = counted(report.hosts_in_all(), "host");
    match (analysis.level(), report.hosts_in_all()) {
        (VerdictLevel::Unknown, _) => {
            "UNKNOWN: without a model, none of these logs can be judged".into()
        }
        (level, 0) => format!(
            "{}, {:.0} of 100: nothing stands out",
            level.name(),
            analysis.score()
        ),
        (level, 1) => format!(
            "{}, {:.0} of 100: 1 host stands out",
            level.name(),
            analysis.score()
        ),
        (level, _) => format!(
            "{}, {:.0} of 100: {hosts} stand out",
            level.name(),
            analysis.score()
        ),
    }
}
