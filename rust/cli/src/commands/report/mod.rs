//! `report`: logs in, one page for people out.

pub mod args;
mod pdf;

use super::analyze::analyze;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::say::{self, counted};
use args::ReportArgs;
use std::io::Write;
use std::path::PathBuf;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_report::{self as report, Report, ReportView};

/// Judges and writes the page.
pub fn run(args: &ReportArgs) -> Result<Status, Failure> {
    let asked = &args.analysis;
    asked.work.set_threads();
    if args.pdf.is_some() {
        pdf::check()?;
    }
    let open = |path: &Option<PathBuf>| path.as_deref().map(|p| Place::open(Some(p))).transpose();
    let (page_place, pdf_place) = (open(&args.output)?, open(&args.pdf)?);
    let analysis = analyze(asked, args.sensor.as_ref(), args.made.as_ref())?;
    let report = &analysis.report;
    let written = write(report, page_place, pdf_place)?;
    if !asked.work.quiet {
        coverage::say(&analysis.coverage, asked.work.verbose);
        coverage::say_unscored(&analysis.coverage);
        say::line(&format!(
            "{}: {}, {} flagged, {} of {} ({} behavioral)",
            printable(&written.join(", ")),
            counted(report.about.records, "record"),
            say::count(report.about.flagged),
            counted(report.findings_in_all(), "finding"),
            counted(report.hosts_in_all(), "host"),
            say::count(report.about.behaviors),
        ));
    }
    Ok(coverage::status(&analysis.coverage))
}

/// Writes the page and the PDF; both are made before either is put into its place.
pub fn write(
    report: &Report,
    page: Option<Place>,
    pdf: Option<Place>,
) -> Result<Vec<String>, Failure> {
    let said = |e: &dyn std::fmt::Display| Failure::Said(e.to_string());
    let view = ReportView::new(report).map_err(|e| said(&e))?;
    let mut made = Vec::new();
    if let Some(place) = page {
        let page = report::html::page(&view).map_err(|e| said(&e))?;
        made.push((place, page.into_bytes()));
    }
    if let Some(place) = pdf {
        made.push((place, pdf::document(&view)?));
    }
    let mut written = Vec::new();
    for (mut place, bytes) in made {
        let to = place.name();
        let done = place.write_all(&bytes).and_then(|()| place.finish());
        done.map_err(|cause| Failure::Output {
            to: to.clone(),
            cause,
        })?;
        written.push(to);
    }
    Ok(written)
}
