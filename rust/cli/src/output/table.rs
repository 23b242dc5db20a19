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

/// The width below which reasons are fewer, and broken over lines instead of cut.
const ROOMY: usize = 60;

/// Reasons shown where there is little room.
const FEW_REASONS: usize = 2;

/// The width where there is no terminal that has one.
const PIPE_WIDTH: usize = 160;

/// The width that reasons get at least.
const MIN_REASONS: usize = 30;

/// The widest that each column but the last gets.
const WIDEST: [usize; 5] = [7, 20, 16, 56, 20];

/// The longest name that is shown of what a record is about.
const NAME: usize = 40;

const HEADER: [&str; 6] = ["score", "time (UTC)", "log", "what", "uid", "why"];

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
            colours: terminal && say::colours_wanted(),
        }
    }
}

/// The cells of one record, and whether it is anomalous.
type Line = ([String; 6], bool);

/// The writer.
pub struct Table<W: Write> {
    to: W,
    look: Look,
    page: Vec<Line>,
    widths: Option<[usize; 6]>,
}

impl<W: Write> Table<W> {
    /// Writes to `to`.
    pub fn new(to: W, look: Look) -> Table<W> {
        Table {
            to,
            look,
            page: Vec::new(),
            widths: None,
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
        let cells = [
            match f.records {
                Some(n) if n > 1 => format!("{}\n×{n}", score(&f)),
                _ => score(&f),
            },
            f.ts.map_or_else(String::new, say::second),
            printable(&f.log),
            what(&f),
            printable(f.uid.as_deref().or(f.fuid.as_deref()).unwrap_or_default()),
            why.join("\n"),
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
        let first = self.widths.is_none();
        let widths = *self
            .widths
            .get_or_insert_with(|| widths(&self.page, self.look.width));
        let mut table = bare();
        if first {
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
                let lines: Vec<String> = if i == 5 && widths[5] < ROOMY {
                    text.split('\n')
                        .take(FEW_REASONS)
                        .map(str::to_owned)
                        .collect()
                } else {
                    text.split('\n').map(|l| cut(l, widths[i])).collect()
                };
                let mut cell = Cell::new(lines.join("\n"));
                if i == 0 && anomalous && self.look.colours {
                    cell = cell.fg(Color::Red);
                }
                row.add_cell(cell);
            }
            table.add_row(row);
        }
        // With the blanks of each column, of which the first has one.
        let mut blanks = [2; 6];
        blanks[0] = 1;
        let fixed = |(w, b): (usize, usize)| {
            ColumnConstraint::Absolute(Width::Fixed(u16::try_from(w + b).unwrap_or(u16::MAX)))
        };
        table.set_constraints(widths.into_iter().zip(blanks).map(fixed));
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

/// The widths of the columns: what the rows need, within bounds, and the rest of the line
/// for the reasons.
fn widths(page: &[Line], line: usize) -> [usize; 6] {
    let mut w = [0; 6];
    for (i, width) in w.iter_mut().enumerate().take(5) {
        let longest = page
            .iter()
            .flat_map(|(cells, _)| cells[i].split('\n'))
            .map(|l| l.chars().count())
            .max();
        *width = longest.unwrap_or(0).clamp(HEADER[i].len(), WIDEST[i]);
    }
    let blanks = 2 * 5;
    let rest = |w: &[usize; 6]| line.saturating_sub(w[..5].iter().sum::<usize>() + blanks);
    if rest(&w) < MIN_REASONS {
        w[3] = w[3]
            .saturating_sub(MIN_REASONS - rest(&w))
            .max(24.min(w[3]));
    }
    w[5] = rest(&w).max(MIN_REASONS);
    w
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
