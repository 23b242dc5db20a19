//! The picture of a terminal that the README shows, from real output on the sample logs.

use crate::commands::{missing, numbers, run, scratch};
use crate::{report, root, updating};
use std::fmt::Write;
use std::fs;

/// What is typed, as the README shows it.
const COMMAND: &str = "zeek-anomaly analyze tests/sample/logs/attack";

/// Lines and columns that are shown.
const LINES: usize = 24;
const COLUMNS: usize = 112;

const HEAD: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13\"";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// As much of a line as fits, without half a word.
fn cut(line: &str) -> String {
    let fits: String = line.trim_end().chars().take(COLUMNS).collect();
    match fits.rfind(' ') {
        Some(at) if fits.len() < line.trim_end().len() => fits[..at].trim_end().to_owned(),
        _ => fits,
    }
}

fn picture(out: &str) -> String {
    let lines: Vec<String> = out.lines().take(LINES).map(cut).collect();
    let (width, height) = (
        COLUMNS as f64 * 7.83 + 32.0,
        (lines.len() + 1) as f64 * 18.0 + 60.0,
    );
    let mut svg = format!(
        "{HEAD} width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n"
    );
    let _ = writeln!(svg, "<title>{}</title>", escaped(COMMAND));
    let _ = writeln!(
        svg,
        "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>"
    );
    for (x, colour) in [(18, "#ff5f57"), (38, "#febc2e"), (58, "#28c840")] {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x}\" cy=\"18\" r=\"6\" fill=\"{colour}\"/>"
        );
    }
    let mut y = 50.0;
    let mut put = |fill: &str, weight: &str, text: &str| {
        let _ = writeln!(
            svg,
            "<text x=\"16\" y=\"{y}\" xml:space=\"preserve\" fill=\"{fill}\"{weight}>{}</text>",
            escaped(text)
        );
        y += 18.0;
    };
    put("#7ee787", "", &format!("$ {COMMAND}"));
    for (i, line) in lines.iter().enumerate() {
        match (i, line.starts_with(' ')) {
            (0, _) => put("#8b949e", "", line),
            (_, false) => put("#ffffff", " font-weight=\"bold\"", line),
            (_, true) => put("#c9d1d9", "", line),
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[test]
fn the_picture_shows_what_the_command_prints() {
    let dir = scratch();
    let out = run(COMMAND, dir.path(), 0).expect("the command");
    let path = root().join("docs/terminal.svg");
    if updating() {
        fs::write(&path, picture(&out)).expect("a writable picture");
    }
    let svg = fs::read_to_string(&path).unwrap_or_default();
    let texts = svg
        .lines()
        .filter(|l| l.starts_with("<text"))
        .filter_map(|l| l.split_once('>'));
    let shown: Vec<&str> = texts
        .map(|(_, t)| t.trim_end_matches("</text>"))
        .skip(1)
        .collect();
    let shown = shown.join("\n");
    let mut wrong = Vec::new();
    if numbers(&shown).len() < 10 {
        wrong.push("docs/terminal.svg shows nothing".to_owned());
    }
    if let Some(n) = missing(&shown.replace("&gt;", ">"), &out) {
        wrong.push(format!("docs/terminal.svg shows {n}, which is not printed"));
    }
    report(&wrong);
}
