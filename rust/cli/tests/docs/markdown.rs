//! Markdown, as far as the tests need it: headings, links and fenced blocks.

use crate::root;
use std::fs;
use std::path::{Path, PathBuf};

/// One page.
pub struct Page {
    pub path: PathBuf,
    pub text: String,
}

/// A fenced block.
pub struct Block {
    /// The HTML comment on the line before the fence, without its marks.
    pub mark: String,
    /// The word behind the fence.
    pub language: String,
    /// The line of the page on which the contents begin, from 0.
    pub start: usize,
    pub lines: Vec<String>,
}

/// All pages that are checked.
pub fn pages() -> Vec<Page> {
    let root = root();
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ];
    let mut paths: Vec<PathBuf> = top.iter().map(|name| root.join(name)).collect();
    paths.push(root.join("tests/sample/README.md"));
    walk(&root.join("docs"), &mut paths);
    paths.sort();
    let read = |path: PathBuf| Page {
        text: fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())),
        path,
    };
    paths.into_iter().map(read).collect()
}

fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, into);
        } else if path.extension().is_some_and(|e| e == "md") {
            into.push(path);
        }
    }
}

impl Page {
    /// The path below the root.
    pub fn name(&self) -> String {
        let below = self.path.strip_prefix(root()).unwrap_or(&self.path);
        below.display().to_string()
    }

    /// Lines outside of fenced blocks, with their numbers from 1.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut fenced = false;
        let mut out = Vec::new();
        for (i, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                out.push((i + 1, line));
            }
        }
        out
    }

    /// Fenced blocks.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let (mut open, mut before) = (false, "");
        for (i, line) in self.text.lines().enumerate() {
            match (line.strip_prefix("```"), open) {
                (Some(language), false) => {
                    let mark = before
                        .strip_prefix("<!--")
                        .and_then(|m| m.strip_suffix("-->"));
                    blocks.push(Block {
                        mark: mark.unwrap_or_default().trim().to_owned(),
                        language: language.trim().to_owned(),
                        start: i + 1,
                        lines: Vec::new(),
                    });
                    open = true;
                }
                (Some(_), true) => open = false,
                (None, true) => blocks
                    .last_mut()
                    .expect("a block")
                    .lines
                    .push(line.to_owned()),
                (None, false) => {}
            }
            before = line;
        }
        blocks
    }

    /// The anchors of headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for (_, line) in self.prose() {
            let text = line.trim_start_matches('#');
            if text.len() == line.len() || !text.starts_with(' ') {
                continue;
            }
            let anchor = slug(text.trim());
            let same = all.iter().filter(|a| **a == anchor).count();
            all.push(match same {
                0 => anchor,
                n => format!("{anchor}-{n}"),
            });
        }
        all
    }

    /// The targets of links, with the numbers of their lines.
    pub fn links(&self) -> Vec<(usize, String)> {
        let mut out = Vec::new();
        for (number, line) in self.prose() {
            // Code is no link.
            let text: String = line.split('`').step_by(2).collect();
            for rest in text.split("](").skip(1) {
                let target = rest.split(')').next().unwrap_or_default();
                out.push((number, target.to_owned()));
            }
        }
        out
    }

    /// Pieces of inline code, with the numbers of their lines.
    pub fn code(&self) -> Vec<(usize, &str)> {
        let mut out = Vec::new();
        for (number, line) in self.prose() {
            out.extend(line.split('`').skip(1).step_by(2).map(|c| (number, c)));
        }
        out
    }
}

fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
