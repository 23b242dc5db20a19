//! The HTML page: one file without scripts or links to elsewhere, and a policy that allows neither. The
//! template escapes what comes from logs.

use crate::view::{Block, ReportView, TextStyle};
use askama::Template;

/// The style sheet.
const STYLE: &str = include_str!("../templates/style.css");

#[derive(Template)]
#[template(path = "report.html")]
struct HtmlPage<'a> {
    view: &'a ReportView,
    style: &'static str,
}

/// Why the page could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be made: {0}")]
pub struct PageError(#[from] askama::Error);

/// The page.
pub fn page(view: &ReportView) -> Result<String, PageError> {
    Ok(HtmlPage { view, style: STYLE }.render()?)
}
