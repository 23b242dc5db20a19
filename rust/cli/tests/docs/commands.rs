//! Commands that pages show run on the sample logs and print the numbers that are shown.
//!
//! `<!-- test -->` on the line before a block of `sh` marks commands that run; with `status=4` they have to end with
//! that exit status. The commands of one page run in order in one temporary directory, in which `tests` is the
//! folder of the repository. `<!-- output -->` on the line before the next block marks what they print on standard
//! output; `<!-- output 1-12 -->` marks these lines of it. Numbers are compared, layout is not.

use crate::markdown::{Block, Page, pages};
use crate::{report, root, updating};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

/// `cargo run ... -- ARGUMENTS`, as in a checkout, runs the binary under test.
const CARGO: &str = "#!/bin/sh\nwhile [ $# -gt 0 ] && [ \"$1\" != -- ]; do shift; done\nshift\nexec zeek-anomaly \"$@\"\n";

/// Runs commands as a reader would in a fresh directory; what they print on standard output.
pub fn run(script: &str, dir: &Path, status: i32) -> Result<String, String> {
    let bin = Path::new(env!("CARGO_BIN_EXE_zeek-anomaly"));
    let path = std::env::var("PATH").unwrap_or_default();
    let bins = format!(
        "{}:{}:{path}",
        dir.join(".bin").display(),
        bin.parent().expect("a folder").display()
    );
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(dir)
        .env("PATH", bins)
        .env("HOME", dir)
        .env("NO_COLOR", "1")
        .env("TZ", "UTC")
        .env_remove("ZEEK_ANOMALY_MODEL")
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("bash: {e}"))?;
    if ran.status.code() != Some(status) {
        let err = String::from_utf8_lossy(&ran.stderr);
        return Err(format!(
            "{}, {status} is shown: {script}\n{err}",
            ran.status
        ));
    }
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// A directory for the commands of one page.
pub fn scratch() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    symlink(root().join("tests"), dir.path().join("tests")).expect("a link");
    let bin = dir.path().join(".bin");
    fs::create_dir(&bin).expect("a directory");
    fs::write(bin.join("cargo"), CARGO).expect("a file");
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).expect("a mode");
    dir
}

/// The numbers of a text, in their order. Those that a table cut off are left out.
pub fn numbers(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut out = Vec::new();
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let part = &rest[at..];
        let end = part.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | ':'));
        let (number, after) = part.split_at(end.unwrap_or(part.len()));
        if !after.starts_with('…') {
            out.push(number.trim_end_matches(['.', ',', ':']));
        }
        rest = after;
    }
    out
}

/// The first number that is shown and not printed, in their order.
pub fn missing<'a>(shown: &'a str, printed: &str) -> Option<&'a str> {
    let printed = numbers(printed);
    let mut left = printed.iter();
    numbers(shown).into_iter().find(|n| !left.any(|p| p == n))
}

/// The lines that a mark such as `output 3-9` asks for.
fn asked(mark: &str, printed: &str) -> Vec<String> {
    let lines: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    let range = mark.strip_prefix("output").unwrap_or_default().trim();
    let (first, last) = match range.split_once('-') {
        Some((a, b)) => (a.parse().unwrap_or(1), b.parse().unwrap_or(lines.len())),
        None => (1, lines.len()),
    };
    let mut out: Vec<String> = lines
        .iter()
        .skip(first - 1)
        .take(last + 1 - first)
        .map(|l| (*l).to_owned())
        .collect();
    if first > 1 {
        out.insert(0, "...".to_owned());
    }
    if last < lines.len() {
        out.push("...".to_owned());
    }
    out
}

fn status(mark: &str) -> i32 {
    mark.strip_prefix("test status=")
        .and_then(|s| s.trim().parse().ok())
        .unwrap_or(0)
}

fn check(
    page: &Page,
    blocks: &[Block],
    wrong: &mut Vec<String>,
) -> Vec<(usize, usize, Vec<String>)> {
    let dir = scratch();
    let mut printed = String::new();
    let mut new = Vec::new();
    for block in blocks {
        let place = format!("{}:{}", page.name(), block.start);
        if block.mark.starts_with("test") {
            match run(&block.lines.join("\n"), dir.path(), status(&block.mark)) {
                Ok(out) => printed = out,
                Err(e) => wrong.push(format!("{place}: {e}")),
            }
        } else if block.mark.starts_with("output") {
            if updating() {
                new.push((block.start, block.lines.len(), asked(&block.mark, &printed)));
            } else if let Some(n) = missing(&block.lines.join("\n"), &printed) {
                wrong.push(format!(
                    "{place}: {n} is shown and not printed (in this order)"
                ));
            }
        }
    }
    new
}

#[test]
fn shown_commands_run_and_print_the_numbers_that_are_shown() {
    let mut wrong = Vec::new();
    for page in pages() {
        let blocks = page.blocks();
        if !blocks.iter().any(|b| b.mark.starts_with("test")) {
            continue;
        }
        let new = check(&page, &blocks, &mut wrong);
        if updating() {
            let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
            for (start, count, with) in new.into_iter().rev() {
                lines.splice(start..start + count, with);
            }
            fs::write(&page.path, lines.join("\n") + "\n").expect("a writable page");
        }
    }
    report(&wrong);
}

#[test]
fn numbers_are_compared_and_layout_is_not() {
    assert_eq!(
        numbers("×1016 at 12:30:05, 3.79 (46 %) 1,234. 77…"),
        ["1016", "12:30:05", "3.79", "46", "1,234"]
    );
    assert_eq!(missing("a 3.1\n...\nb 4", "x 3.1 y 9\nz 4"), None);
    assert_eq!(missing("a 3.1 5", "5 3.1"), Some("5"));
}
