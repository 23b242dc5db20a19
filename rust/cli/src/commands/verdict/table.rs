//! Verdicts for people.

use super::Shown;
use crate::coverage;
use crate::output::table::{Look, bare, fit, folded, print};
use crate::say::{count, counted};
use comfy_table::{Attribute, Cell, CellAlignment, Color};
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_verdict::{Assessment, LogPart, Standing, VerdictLevel};

/// Hosts that are shown of a directory.
const HOSTS: usize = 5;

/// Signs that are shown of a host.
const SIGNS: usize = 3;

/// The width that words of a host's signs get at least.
const WORDS: usize = 40;

/// Writes the table of all, the worst first, and then each that is worth a look.
pub fn write(to: &mut dyn Write, all: &[Shown], look: Look) -> io::Result<()> {
    let mut sorted: Vec<&Shown> = all.iter().collect();
    sorted.sort_by(|a, b| {
        let of = |s: &Shown| s.assessment.components.score;
        of(b).total_cmp(&of(a))
    });
    overview(to, &sorted, look)?;
    for shown in sorted {
        let low = shown.assessment.components.severity == VerdictLevel::Low
            && shown
                .comparison
                .as_ref()
                .is_none_or(|c| c.verdict == Standing::Within);
        if all.len() > 1 && low && shown.new_logs.is_empty() {
            continue;
        }
        details(to, shown, look)?;
    }
    Ok(())
}

fn overview(to: &mut dyn Write, all: &[&Shown], look: Look) -> io::Result<()> {
    let compared = all.iter().any(|s| s.comparison.is_some());
    let mut t = bare();
    let mut header = vec!["verdict", "score"];
    header.extend(["records", "strange", "hosts", "uids"]);
    if compared {
        header.push("baseline");
    }
    header.push("directory");
    let last = header.len() - 1;
    t.set_header(header.into_iter().map(|h| bold(h, look)));
    for s in all {
        let a = &s.assessment;
        let c = &a.components;
        let mut row = vec![
            coloured(c.severity.name(), colour(c.severity), look),
            Cell::new(format!("{:.1}", c.score)),
        ];
        row.push(Cell::new(count(a.rows)));
        let shares = [
            a.strange_rows_fraction,
            a.strange_hosts_fraction,
            a.strange_uids_fraction,
        ];
        row.extend(shares.map(|v| Cell::new(percent(v))));
        if compared {
            let standing = s.comparison.as_ref().map(|c| c.verdict);
            row.push(match standing {
                Some(v) => coloured(v.name(), standing_colour(v), look),
                None => Cell::new("-"),
            });
        }
        row.push(Cell::new(printable(&s.path)));
        t.add_row(row);
    }
    let numbers = 1..(if compared { last - 1 } else { last });
    for column in t.column_iter_mut().enumerate() {
        if numbers.contains(&column.0) {
            column.1.set_cell_alignment(CellAlignment::Right);
        }
    }
    styled(&mut t, look);
    fit(&mut t, look.width);
    print(&mut t, to)
}

fn details(to: &mut dyn Write, s: &Shown, look: Look) -> io::Result<()> {
    let a = &s.assessment;
    writeln!(to)?;
    writeln!(
        to,
        "{}: {}, {:.1} of 100",
        printable(&s.path),
        a.components.severity.name(),
        a.components.score
    )?;
    let parts = a.components.named();
    let parts = parts.map(|(letter, _, v)| format!("{} {v:.2}", part(letter)));
    let parts = format!("components, from 0 to 1: {}", parts.join(", "));
    writeln!(to, "{}", folded(&parts, look.width, 2))?;
    if let Some(c) = &s.comparison {
        let beyond: Vec<String> = c
            .exceeded_metrics
            .iter()
            .map(|e| {
                format!(
                    "{} {} (up to {})",
                    e.metric,
                    short(e.value),
                    short(e.threshold)
                )
            })
            .collect();
        let beyond = match beyond.is_empty() {
            true => String::new(),
            false => format!(": {}", beyond.join(", ")),
        };
        let of = counted(c.normal_directories as u64, "path");
        writeln!(to, "{} of {of}{beyond}", c.verdict.name())?;
    }
    for line in coverage::new_logs(&s.new_logs) {
        writeln!(to, "{}", folded(&line, look.width, 2))?;
    }
    if !a.hosts.is_empty() {
        writeln!(to)?;
        hosts(to, a, look)?;
    }
    let strange: Vec<&LogPart> = a.logs.iter().filter(|l| l.anomaly_rows > 0).collect();
    if !strange.is_empty() {
        writeln!(to)?;
        logs(to, &strange, look)?;
    }
    let c = &a.components;
    if c.crosslog_uid_two_plus + c.fuid_overlap > 0 {
        let text = format!(
            "{} strange in two logs or more, {} in three or more; {} strange in http and files",
            counted(c.crosslog_uid_two_plus, "connection"),
            count(c.crosslog_uid_three_plus),
            counted(c.fuid_overlap, "file"),
        );
        writeln!(to, "\n{}", folded(&text, look.width, 0))?;
    }
    Ok(())
}

fn hosts(to: &mut dyn Write, a: &Assessment, look: Look) -> io::Result<()> {
    let mut t = bare();
    t.set_header(["host", "weight", "what it does"].map(|h| bold(h, look)));
    let shown = a.hosts.iter().take(HOSTS);
    let names: Vec<String> = shown.clone().map(|h| h.host.to_string()).collect();
    let longest = names.iter().map(String::len).max().unwrap_or(0).max(4);
    let words = look.width.saturating_sub(longest + 10).max(WORDS);
    for (host, name) in shown.zip(&names) {
        let what: Vec<String> = host
            .signs
            .iter()
            .take(SIGNS)
            .map(|s| folded(s, words, 2))
            .collect();
        t.add_row([
            name.clone(),
            format!("{:.2}", host.strength),
            what.join("\n"),
        ]);
    }
    if let Some(column) = t.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    styled(&mut t, look);
    print(&mut t, to)?;
    let more = a.hosts.len().saturating_sub(HOSTS) as u64;
    if more > 0 {
        writeln!(to, "and {} in --format json", counted(more, "more host"))?;
    }
    Ok(())
}

fn logs(to: &mut dyn Write, all: &[&LogPart], look: Look) -> io::Result<()> {
    let mut t = bare();
    t.set_header(["log", "records", "strange", "highest", "the strangest"].map(|h| bold(h, look)));
    for l in all {
        let first = l.top_anomalies.first();
        let what = first.and_then(|t| t.reasons.first()).cloned();
        t.add_row([
            printable(&l.log_name),
            count(l.rows),
            count(l.anomaly_rows),
            format!("{:.2}", l.top_score_max),
            what.unwrap_or_default(),
        ]);
    }
    for at in 1..4 {
        if let Some(column) = t.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    styled(&mut t, look);
    fit(&mut t, look.width);
    print(&mut t, to)
}

/// What a part of the score comes from.
fn part(letter: char) -> &'static str {
    match letter {
        'T' => "strangest records",
        'U' => "connections strange in several logs",
        'F' => "share of strange records",
        'W' => "weird and notice",
        'X' => "files strange in http and files",
        _ => "behaviors",
    }
}

fn percent(share: f64) -> String {
    match 100.0 * share {
        0.0 => "0 %".into(),
        p if p < 10.0 => format!("{p:.1} %"),
        p => format!("{p:.0} %"),
    }
}

fn short(v: f64) -> String {
    if v.abs() < 10.0 {
        format!("{v:.2}")
    } else {
        format!("{v:.1}")
    }
}

fn colour(level: VerdictLevel) -> Color {
    match level {
        VerdictLevel::Unknown => Color::Grey,
        VerdictLevel::Low => Color::Green,
        VerdictLevel::Medium => Color::Yellow,
        VerdictLevel::High => Color::Red,
    }
}

fn standing_colour(standing: Standing) -> Color {
    match standing {
        Standing::Within => Color::Green,
        Standing::Suspicious => Color::Yellow,
        Standing::Above => Color::Red,
    }
}

fn coloured(text: &str, colour: Color, look: Look) -> Cell {
    match look.colours {
        true => Cell::new(text).fg(colour),
        false => Cell::new(text),
    }
}

fn bold(text: &str, look: Look) -> Cell {
    match look.colours {
        true => Cell::new(text).add_attribute(Attribute::Bold),
        false => Cell::new(text),
    }
}

fn styled(t: &mut comfy_table::Table, look: Look) {
    if look.colours {
        t.enforce_styling();
    }
}
