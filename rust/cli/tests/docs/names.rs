//! Names in the text are names in the code: options of the scripts, options of commands.

use crate::commands::{run, scratch};
use crate::markdown::pages;
use crate::{report, root, zeek};
use std::collections::{BTreeMap, BTreeSet};

/// Pages that speak of what was, or of what others have.
fn speaks_of_the_past(page: &str) -> bool {
    page == "CHANGELOG.md" || page.contains("benchmarks/")
}

#[test]
fn script_names_in_the_text_are_exported_by_the_scripts() {
    let known: BTreeSet<String> = zeek::exported(&root()).into_iter().collect();
    let mut wrong = Vec::new();
    for page in pages() {
        if speaks_of_the_past(&page.name()) {
            continue;
        }
        for (number, line) in (1..).zip(page.text.lines()) {
            for rest in line.split("Anomaly::").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &rest[..end.unwrap_or(rest.len())];
                if !name.is_empty() && !known.contains(name) {
                    wrong.push(format!(
                        "{}:{number}: no script exports Anomaly::{name}",
                        page.name()
                    ));
                }
            }
        }
    }
    report(&wrong);
}

/// The long options of each command, by what its help shows.
fn options(commands: &[String]) -> BTreeMap<String, String> {
    let dir = scratch();
    let help = |c: &String| {
        (
            c.clone(),
            run(&format!("zeek-anomaly help {c}"), dir.path(), 0).unwrap_or_default(),
        )
    };
    commands.iter().map(help).collect()
}

#[test]
fn options_of_shown_commands_are_in_their_help() {
    let dir = scratch();
    let help = run("zeek-anomaly --help", dir.path(), 0).expect("help");
    let known = options(&crate::reference::command_names(&help));
    let mut wrong = Vec::new();
    for page in pages() {
        if speaks_of_the_past(&page.name()) || page.name().contains("reference/") {
            continue;
        }
        let blocks = page.blocks();
        let shown = blocks
            .iter()
            .filter(|b| b.language == "sh")
            .map(|b| (b.start, b.lines.join("\n")));
        let inline = page.code().into_iter().map(|(n, c)| (n, c.to_owned()));
        for (line, text) in shown.chain(inline) {
            for part in text
                .replace("\\\n", " ")
                .lines()
                .flat_map(|l| l.split("$("))
            {
                let words: Vec<&str> = part.split_whitespace().collect();
                let at = words.iter().position(|w| known.contains_key(*w));
                let Some(command) = at.map(|at| words[at]) else {
                    continue;
                };
                let flags = words
                    .iter()
                    .skip(at.unwrap_or(0))
                    .filter(|w| w.starts_with("--") && w.len() > 2);
                for flag in flags {
                    let flag = flag.split(['=', ')', ']']).next().unwrap_or_default();
                    let has = known[command]
                        .split(|c: char| c.is_whitespace() || c == ',')
                        .any(|w| w == flag || w.starts_with(&format!("{flag}=")));
                    if !has {
                        wrong.push(format!(
                            "{}:{line}: {command} has no option {flag}",
                            page.name()
                        ));
                    }
                }
            }
        }
    }
    report(&wrong);
}
