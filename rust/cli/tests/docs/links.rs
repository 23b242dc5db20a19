//! Links lead to files and headings that are there; pages keep their length.

use crate::markdown::pages;
use crate::report;

#[test]
fn relative_links_lead_to_files_and_headings() {
    let pages = pages();
    let mut wrong = Vec::new();
    for page in &pages {
        let dir = page.path.parent().expect("a directory");
        for (line, link) in page.links() {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.path.clone(),
                file => dir.join(file),
            };
            let place = format!("{}:{line}: {link}", page.name());
            let Ok(target) = target.canonicalize() else {
                wrong.push(format!("{place}: no such file"));
                continue;
            };
            let to = pages.iter().find(|p| p.path == target);
            let has = to.is_some_and(|p| p.anchors().iter().any(|a| a == anchor));
            if !anchor.is_empty() && !has {
                wrong.push(format!("{place}: no such heading"));
            }
        }
    }
    report(&wrong);
}

#[test]
fn pages_for_newcomers_stay_short() {
    let mut wrong = Vec::new();
    for page in pages() {
        let most = match page.name().as_str() {
            "README.md" => 150,
            "ARCHITECTURE.md" => 200,
            _ => continue,
        };
        let lines = page.text.lines().count();
        if lines > most {
            wrong.push(format!(
                "{} has {lines} lines, at most {most} are wanted",
                page.name()
            ));
        }
    }
    report(&wrong);
}
