//! Aligned columns, for people.
//!
//! Rows are set in pages, so that memory does not grow with their number; the widths that
//! the first page needs are kept for the others.

use crate::rows::Finding;
use crate::say;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Width};
use std::io::{self, IsTerminal, Write};
use zeek_anomaly_alerts::BEHAVIOR;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::Claim;
use zeek_anomaly_engine::explain::{FEEDBACK, MEMBERS};

/// Rows set together.
const PAGE: usize = 500;

/// Reasons shown of each record.
const REASONS: usize = 3;

/// The width where there is no terminal that has one: what everything can show.
const PIPE_WIDTH: usize = 80;

/// The width that a record gets at least.
const MIN_RECORD: usize = 40;

/// The longest name that is shown of what a record is about.
const NAME: usize = 40;

const HEADER: [&str; 3] = ["severity", "score", "record"];

/// What the columns before the record take.
const BEFORE: usize = 20;

/// How a table is set.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal, or of what is set where there is none.
    pub width: usize,
    /// Columns of the terminal, if it is one.
    pub terminal: Option<usize>,
    /// Whether colours may be used.
    pub colours: bool,
}

impl Look {
    /// As fits where the output goes.
    pub fn new(to_stdout: bool) -> Look {
        let terminal = to_stdout && io::stdout().is_terminal();
        let width = terminal
            .then(|| comfy_table::Table::new().width())
            .flatten();
        Look {
            width: width.map_or(PIPE_WIDTH, usize::from),
            terminal: width.map(usize::from),
            colours: to_stdout && say::colours_wanted(terminal),
        }
    }
}

/// The cells of one record, and whether it is anomalous.
type Line = ([String; 3], bool);

/// The writer.
pub struct Table<W: Write> {
    to: W,
    look: Look,
    page: Vec<Line>,
    begun: bool,
}

impl<W: Write> Table<W> {
    /// Writes to `to`.
    pub fn new(to: W, look: Look) -> Table<W> {
        Table {
            to,
            look,
            page: Vec::new(),
            begun: false,
        }
    }

    /// Writes one finding, at the latest with its page.
    pub fn write(&mut self, f: Finding) -> io::Result<()> {
        let why: Vec<String> = f
            .reasons
            .iter()
            .enumerate()
            .filter(|(i, r)| *i < REASONS || [FEEDBACK, MEMBERS].contains(&r.feature.as_str()))
            .map(|(_, r)| match r.usual.as_str() {
                "" => format!("{} {}", r.feature, r.value),
                usual => format!("{} {} (usual {usual})", r.feature, r.value),
            })
            .collect();
        let when = f.ts.map_or_else(String::new, say::second);
        let uid = f.uid.as_deref().or(f.fuid.as_deref()).unwrap_or_default();
        let first = [when, printable(&f.log), printable(uid)];
        let first: Vec<String> = first.into_iter().filter(|p| !p.is_empty()).collect();
        let mut record = vec![first.join("  ")];
        let about = what(&f).replace("\n-> ", " -> ");
        record.extend(
            about
                .split('\n')
                .filter(|l| !l.is_empty())
                .map(str::to_owned),
        );
        record.extend(why.iter().map(|reason| format!("  {reason}")));
        let width = self.look.width.saturating_sub(BEFORE).max(MIN_RECORD);
        let record: Vec<String> = record.iter().map(|l| cut(l, width)).collect();
        let cells = [
            f.severity.name().to_owned(),
            match f.records {
                Some(n) if n > 1 => format!("{}\n×{n}", score(&f)),
                _ => score(&f),
            },
            record.join("\n"),
        ];
        self.page.push((cells, f.anomalous));
        if self.page.len() >= PAGE {
            self.set_page()?;
        }
        Ok(())
    }

    /// Writes the last page, and gives back where it went.
    pub fn finish(mut self) -> io::Result<W> {
        self.set_page()?;
        Ok(self.to)
    }

    fn set_page(&mut self) -> io::Result<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        let mut table = bare();
        if !std::mem::replace(&mut self.begun, true) {
            table.set_header(HEADER.map(|h| {
                let cell = Cell::new(h);
                if self.look.colours {
                    cell.add_attribute(Attribute::Bold)
                } else {
                    cell
                }
            }));
        }
        for (cells, anomalous) in self.page.drain(..) {
            let mut row = Row::new();
            for (i, text) in cells.into_iter().enumerate() {
                let mut cell = Cell::new(text);
                if i == 0 && anomalous && self.look.colours {
                    cell = cell.fg(Color::Red);
                }
                row.add_cell(cell);
            }
            table.add_row(row);
        }
        // The same in each page: the first columns have the widths of what can stand in them.
        let fixed = |w| ColumnConstraint::Absolute(Width::Fixed(w));
        table.set_constraints([fixed(9), fixed(9)]);
        if self.look.colours {
            table.enforce_styling();
        }
        print(&mut table, &mut self.to)
    }
}

/// A table without lines, two blanks between columns.
pub fn bare() -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table
        .load_preset(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .force_no_tty();
    table
}

/// Makes a table fit a width: the text of its last column is broken into lines.
pub fn fit(table: &mut comfy_table::Table, width: usize) {
    let before = table.column_count().saturating_sub(1);
    for column in table.column_iter_mut().take(before) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX));
}

/// Text in lines of at most this width, each but the first behind so many blanks.
pub fn folded(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let n = word.chars().count();
        if used > 0 && used + 1 + n > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += n;
    }
    out
}

/// Writes a table, without the blanks that it begins and ends in.
pub fn print(table: &mut comfy_table::Table, to: &mut dyn Write) -> io::Result<()> {
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    for line in table.lines() {
        writeln!(to, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The characters of the longest line of a table.
pub fn width(table: &comfy_table::Table) -> usize {
    let lines = table.lines();
    lines
        .map(|l| l.trim_end().chars().count())
        .max()
        .unwrap_or(0)
}

/// Cut to a width, with a mark where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// The score, marked where it is more than a count among training rows.
fn score(f: &Finding) -> String {
    match f.claim {
        Claim::Measured => format!("{:.2}", f.score),
        Claim::Extrapolated => format!("~{:.2}", f.score),
        Claim::AtLeast => format!("≥{:.2}", f.score),
    }
}

/// What a record is about: its end points, and a name on a line of its own.
pub fn what(f: &Finding) -> String {
    let host = |h: &str| {
        if h.contains(':') {
            format!("[{h}]")
        } else {
            h.to_owned()
        }
    };
    let mut lines = Vec::new();
    if let (Some(orig), Some(resp)) = (&f.orig_h, &f.resp_h) {
        lines.push(printable(&host(orig)));
        let mut line = format!("-> {}", host(resp));
        if let Some(p) = f.resp_p {
            line.push_str(&format!(":{p}"));
        }
        if let Some(p) = &f.proto {
            line.push_str(&format!("/{p}"));
        }
        lines.push(printable(&line));
    } else if let (BEHAVIOR, Some(host)) = (f.log.as_str(), &f.orig_h) {
        lines.push(printable(host));
    }
    if let Some(name) = &f.name {
        lines.push(cut(&printable(name), NAME));
    }
    if let Some(n) = f.alert.as_ref().and_then(|a| a.entities) {
        lines.push(format!("and others like it, about {n}"));
    }
    lines.join("\n")
}
