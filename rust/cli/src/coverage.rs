//! What a command read and looked at, in words, on standard error.

use crate::exit::{Failure, Status};
use crate::output::table;
use crate::say::{self, count, counted};
use std::collections::BTreeMap;
use std::io;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::LEFT_OUT;
use zeek_anomaly_runner::{Coverage, LogCoverage, NewLog};
use zeek_log::UnreadReason;
use zeek_log::names::is_interim;

/// Skipped files that are named.
const NAMED: usize = 20;

/// Files of one reason that are not read and are named.
const NAMED_UNREAD: usize = 50;

/// Logs that one line names.
const LOGS: usize = 6;

/// Whether a log is never scored.
pub fn is_left_out(log: &str) -> bool {
    LEFT_OUT.contains(&log) || is_interim(log)
}

/// New logs that are named.
const NEW_LOGS: usize = 5;

/// Logs that training never saw, a line each.
pub fn new_logs(found: &[NewLog]) -> Vec<String> {
    let line = |n: &NewLog| {
        let host = n.host.map_or_else(String::new, |h| format!(" of {h}"));
        let when = n.span.map_or_else(String::new, |(first, last)| {
            let (first, last) = (say::second(first), say::second(last));
            format!(", {first} to {last} {}", say::zone())
        });
        let records = counted(n.records, "record");
        format!(
            "new log, which training never saw: {}: {records}{host}{when}",
            printable(&n.log)
        )
    };
    let mut lines: Vec<String> = found.iter().take(NEW_LOGS).map(line).collect();
    let more = found.len().saturating_sub(NEW_LOGS) as u64;
    if more > 0 {
        lines.push(format!("and {} of new logs", counted(more, "more host")));
    }
    lines
}

/// The exit status of a command that did its work on this.
pub fn status(c: &Coverage) -> Status {
    match c.is_partial() {
        true => Status::Skipped,
        false => Status::Fine,
    }
}

/// Names the files that are not read, by reason.
fn say_unread(c: &Coverage) {
    let mut by_reason: BTreeMap<&UnreadReason, Vec<String>> = BTreeMap::new();
    for u in &c.unread {
        let path = u.path.display().to_string();
        by_reason.entry(&u.reason).or_default().push(path);
    }
    for (reason, mut files) in by_reason {
        let each = if files.len() == 1 { "" } else { "each " };
        let more = files.len().saturating_sub(NAMED_UNREAD) as u64;
        files.truncate(NAMED_UNREAD);
        let mut text = format!("not read: {}", files.join(", "));
        if more > 0 {
            text.push_str(&format!(" and {}", counted(more, "more file")));
        }
        text.push_str(&format!(": {each}{reason}"));
        match reason.is_loss() {
            true => say::warning(&text),
            false => say::line(&printable(&text)),
        }
    }
}

/// Warns of each file and line that was skipped.
pub fn say_skipped(c: &Coverage) {
    say_unread(c);
    for s in c.skipped.iter().take(NAMED) {
        say::warning(&s.reason);
    }
    let more = c.skipped.len().saturating_sub(NAMED) as u64;
    if more > 0 {
        let files = counted(more, "more file");
        say::warning(&format!("and {files} that could not be read"));
    }
    for line in &c.refused {
        say::warning(line);
    }
    let more = c.lines.refused.saturating_sub(c.refused.len() as u64);
    if more > 0 && !c.refused.is_empty() {
        say::warning(&format!("and {} refused", counted(more, "more line")));
    }
    if c.lines.ignored_values > 0 {
        say::warning(&format!(
            "{} of JSON records ignored: more than 1,024 keys, or nested too deeply",
            counted(c.lines.ignored_values, "value")
        ));
    }
    let (connections, items) = c.forgotten;
    if connections + items > 0 {
        say::warning(&format!(
            "to keep memory bounded, {} and {} of connections were forgotten; scores of their \
             other logs may differ",
            counted(connections, "connection"),
            counted(items, "item"),
        ));
    }
}

/// What was skipped, in a sentence each, for a document.
pub fn skipped(c: &Coverage) -> Vec<String> {
    let lost = c.unread.iter().filter(|u| u.reason.is_loss());
    let mut out: Vec<String> = lost.take(NAMED).map(|u| format!("Not read: {u}")).collect();
    if !c.skipped.is_empty() {
        let shown: Vec<&str> = c
            .skipped
            .iter()
            .take(5)
            .map(|s| s.reason.as_str())
            .collect();
        out.push(format!(
            "{} could not be read to the end: {}",
            counted(c.skipped.len() as u64, "input"),
            shown.join("; ")
        ));
    }
    if c.lines.refused > 0 {
        out.push(format!(
            "{} of {} refused.",
            counted(c.lines.refused, "line"),
            count(c.lines.lines)
        ));
    }
    out
}

/// Names with the number of their rows.
fn with_rows<'a>(logs: impl Iterator<Item = (&'a str, u64)>) -> String {
    let mut names: Vec<String> = logs
        .map(|(log, rows)| format!("{} ({})", printable(log), counted(rows, "row")))
        .collect();
    let more = names.len().saturating_sub(LOGS);
    names.truncate(LOGS);
    match more {
        0 => names.join(", "),
        n => format!("{} and {}", names.join(", "), counted(n as u64, "more log")),
    }
}

/// One line: what was read, and what was not looked at. With `verbose` also what became of
/// every line and every log.
pub fn say(c: &Coverage, verbose: bool) {
    if verbose {
        say_lines(c);
        say_logs(c);
    }
    let mut parts = vec![format!(
        "{} of {} in {}",
        counted(c.rows(), "row"),
        counted(c.logs.len() as u64, "log"),
        counted(c.files, "file")
    )];
    let mut add = |n: u64, what: &str| {
        if n > 0 {
            parts.push(what.replace("{}", &count(n)));
        }
    };
    add(
        (c.skipped.len() + c.unread.len()) as u64,
        "{} files not read whole",
    );
    add(c.lines.refused, "{} lines refused");
    add(c.untimed(), "{} rows have no time (ts)");
    add(
        c.filtered(),
        "{} rows outside the time bounds or with another label",
    );
    add(c.outside, "{} files outside the time bounds by their names");
    let ignored = c.ignored();
    if !ignored.is_empty() {
        parts.push(format!("not looked at: {}", with_rows(ignored.into_iter())));
    }
    say::line(&format!("coverage: {}", parts.join("; ")));
}

/// Says what every line became.
pub fn say_lines(c: &Coverage) {
    let t = &c.lines;
    say::line(&format!(
        "{} in {} = {} + {} refused + {} header, comment and blank",
        counted(t.lines, "line"),
        counted(c.files, "file"),
        counted(t.rows, "row"),
        count(t.refused),
        count(t.headers + t.comments + t.blank),
    ));
}

fn say_logs(c: &Coverage) {
    let row = |(name, l): (&String, &LogCoverage)| {
        vec![
            printable(name),
            count(l.rows()),
            count(c.looked_at(l)),
            count(l.tally.untimed),
            count(l.tally.filtered),
            count(l.refused),
        ]
    };
    let header = [
        "log",
        "rows",
        "looked at",
        "without time",
        "filtered",
        "refused",
    ];
    say_table(&header, c.logs.iter().map(row).collect());
}

/// Says which logs were not scored, and why.
pub fn say_unscored(c: &Coverage) {
    let of = |left_out: bool| {
        let logs = c
            .logs
            .iter()
            .filter(move |(log, l)| l.tally.unscored > 0 && left_out == is_left_out(log));
        with_rows(logs.map(|(log, l)| (log.as_str(), l.tally.unscored)))
    };
    let (unknown, left_out) = (of(false), of(true));
    if !unknown.is_empty() {
        say::warning(&format!("the model has nothing for: {unknown}"));
    }
    if !left_out.is_empty() {
        say::line(&format!(
            "not scored, as connections that have not ended or not about traffic: {left_out}"
        ));
    }
}

/// Why nothing could be used, and what to do, once [`say_skipped`] has named what was skipped.
pub fn nothing(c: &Coverage, label: Option<&(String, String)>, aim: &str) -> Failure {
    let mut text = format!("there is no row to {aim}");
    let rows = c.rows();
    if rows == 0 {
        text.push_str(": none could be read");
        return match c.saw_something() || c.skipped.iter().any(|s| !s.missing) {
            true => Failure::NotUnderstood(text),
            false => Failure::Said(text),
        };
    }
    if let (Some((column, value)), Some((_, files))) = (label, &c.column) {
        let read = c.files;
        text.push_str(&match files {
            0 => format!(": no file has a column `{column}`"),
            n if c.filtered() == rows => format!(
                ": the column `{column}` is in {n} of {read} files, but no row of the {rows} that \
                 were read has exactly \"{value}\" there (and lies between the time bounds)"
            ),
            _ => String::new(),
        });
        return Failure::Said(text);
    }
    if c.filtered() == rows {
        text.push_str(&format!(
            ": none of the {rows} rows that were read lies between the time bounds"
        ));
        return Failure::Said(text);
    }
    let seen = with_rows(c.logs.iter().map(|(log, l)| (log.as_str(), l.rows())));
    text.push_str(&format!(": found only {seen}"));
    text.push_str(match c.untimed() > 0 && c.unscored() == 0 {
        true => {
            ", without a time (ts); give the logs as Zeek writes them, or keep ts and the id fields \
             where they are exported"
        }
        false if c.unscored() > 0 => {
            "; train the model on these logs too, or give the logs of traffic: conn, dns, http, ssl, ssh"
        }
        false => "; give the logs of traffic too: conn, dns, http, ssl, ssh",
    });
    Failure::NotUnderstood(text)
}

/// Prints a small table to standard error: the first column to the left, numbers to the right.
pub fn say_table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut t = table::bare();
    t.set_header(header);
    for row in rows {
        t.add_row(row);
    }
    for column in t.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    // Nobody to tell, nothing to do about it.
    let _ = table::print(&mut t, &mut io::stderr().lock());
}
