//! The page: one file that needs nothing else. It has no script, and a policy that allows
//! none; what comes from logs is escaped by the template.

use crate::view::View;
use askama::Template;

/// The style sheet.
const STYLE: &str = include_str!("../templates/style.css");

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    view: &'a View,
    style: &'static str,
}

/// Why the page could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be made: {0}")]
pub struct PageError(#[from] askama::Error);

/// The page.
pub fn page(view: &View) -> Result<String, PageError> {
    Ok(Page { view, style: STYLE }.render()?)
}
