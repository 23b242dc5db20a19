//! Sheets of paper: what stands where, before it is written. Blocks are set one below the
//! other; what does not fit goes to the next sheet.

use super::PdfError;
use super::fonts::{Fonts, Weight};
use crate::charts::Chart;
use krilla::geom::Size;
use usvg::Tree;

/// A4, in points.
pub const WIDTH: f32 = 595.28;
/// A4, in points.
pub const HEIGHT: f32 = 841.89;
/// The margin at the sides, and above and below.
pub const MARGIN: f32 = 42.0;
/// Where the text ends at the foot.
const FOOT: f32 = HEIGHT - 54.0;
/// How wide the text is.
pub const TEXT: f32 = WIDTH - 2.0 * MARGIN;

/// Size of running text, and of tables.
pub const RUNNING: f32 = 9.5;
/// Size of tables and captions.
pub const SMALL: f32 = 7.6;
/// From one line to the next, for a size of 1.
const LEADING: f32 = 1.36;

/// What a letter or shape is coloured like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Text.
    Black,
    /// What is less important.
    Soft,
    /// What is flagged.
    Flagged,
    /// Lines between rows.
    Rule,
    /// Behind headers.
    Panel,
}

/// A piece of text in one style.
#[derive(Clone, Debug)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Its weight.
    pub weight: Weight,
    /// Its colour.
    pub ink: Ink,
}

impl Span {
    /// Running text.
    pub fn plain(text: impl Into<String>) -> Span {
        Span {
            text: text.into(),
            weight: Weight::Regular,
            ink: Ink::Black,
        }
    }

    /// The same, in bold.
    pub fn bold(mut self) -> Span {
        self.weight = Weight::Bold;
        self
    }

    /// The same, in another colour.
    pub fn ink(mut self, ink: Ink) -> Span {
        self.ink = ink;
        self
    }
}

/// What a part of the document is, for those who have it read to them.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A heading of a level from 1 on.
    Heading(u16),
    /// A paragraph.
    Paragraph,
    /// A picture, in words.
    Figure(String),
    /// A table.
    Table,
    /// A row of one.
    Row,
    /// A cell at the head of a column.
    Head,
    /// Any other cell.
    Cell,
}

/// A part and what it is in.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub part: Part,
    /// The part that it is in.
    pub within: Option<usize>,
}

/// Something that is drawn on a sheet.
pub enum Mark {
    /// A line of text with its baseline at a place.
    Text {
        /// From the left.
        x: f32,
        /// From above.
        y: f32,
        /// The size of the letters.
        size: f32,
        /// The text.
        span: Span,
    },
    /// A filled rectangle: left, top, width, height.
    Box([f32; 4], Ink),
    /// A plot: left, top and size.
    Plot(Box<Tree>, f32, f32, Size),
}

/// A mark, and the part of the document that it belongs to; nothing for decoration.
pub struct Placed {
    /// The mark.
    pub mark: Mark,
    /// The part.
    pub node: Option<usize>,
}

/// A heading for the outline: its level, text, sheet, and place from above.
pub struct Entry {
    /// The level, from 1 on.
    pub level: u16,
    /// The text.
    pub text: String,
    /// The sheet, from 0 on.
    pub sheet: usize,
    /// From above.
    pub y: f32,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub head: &'static str,
    /// Its part of the width.
    pub share: f32,
    /// Whether it is set to the right.
    pub right: bool,
}

/// The lines of a cell before they are broken.
pub type Cell = Vec<Vec<Span>>;

/// The sheets so far.
pub struct Paper<'f> {
    fonts: &'f Fonts,
    /// The sheets.
    pub sheets: Vec<Vec<Placed>>,
    /// The parts of the document.
    pub nodes: Vec<Node>,
    /// The outline.
    pub outline: Vec<Entry>,
    y: f32,
}

impl<'f> Paper<'f> {
    /// One empty sheet.
    pub fn new(fonts: &'f Fonts) -> Paper<'f> {
        Paper {
            fonts,
            sheets: vec![Vec::new()],
            nodes: Vec::new(),
            outline: Vec::new(),
            y: MARGIN,
        }
    }

    fn node(&mut self, part: Part, within: Option<usize>) -> usize {
        self.nodes.push(Node { part, within });
        self.nodes.len() - 1
    }

    fn put(&mut self, mark: Mark, node: Option<usize>) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.push(Placed { mark, node });
        }
    }

    /// Goes to the next sheet.
    pub fn turn(&mut self) {
        if self.y > MARGIN {
            self.sheets.push(Vec::new());
            self.y = MARGIN;
        }
    }

    /// Goes to the next sheet if there is not so much room on this one.
    pub fn need(&mut self, room: f32) {
        if self.y + room > FOOT {
            self.turn();
        }
    }

    /// Leaves some room.
    pub fn skip(&mut self, room: f32) {
        if self.y > MARGIN {
            self.y += room;
        }
    }

    /// A heading, with room for something below it.
    pub fn heading(&mut self, level: u16, text: &str) {
        self.heading_over(level, text, 60.0);
    }

    /// A heading, with so much room below it.
    fn heading_over(&mut self, level: u16, text: &str, below: f32) {
        let (size, before) = match level {
            1 => (19.0, 0.0),
            2 => (13.5, 16.0),
            _ => (10.0, 9.0),
        };
        self.need(before + size * LEADING + below);
        self.skip(before);
        self.outline.push(Entry {
            level,
            text: text.to_owned(),
            sheet: self.sheets.len() - 1,
            y: self.y,
        });
        let node = self.node(Part::Heading(level), None);
        self.lines(
            &[vec![Span::plain(text).bold()]],
            size,
            MARGIN,
            TEXT,
            Some(node),
        );
        self.skip(size * 0.2);
    }

    /// A paragraph.
    pub fn paragraph(&mut self, spans: Vec<Span>, size: f32) {
        let node = self.node(Part::Paragraph, None);
        self.lines(&[spans], size, MARGIN, TEXT, Some(node));
        self.skip(size * 0.35);
    }

    /// A paragraph that hangs from a mark such as a number.
    pub fn item(&mut self, mark: &str, lines: &[Vec<Span>], size: f32) {
        let node = self.node(Part::Paragraph, None);
        let indent = 18.0;
        self.need(size * LEADING * 2.0);
        let y = self.y + size;
        let span = Span::plain(mark).ink(Ink::Soft);
        let x = MARGIN;
        self.put(Mark::Text { x, y, size, span }, Some(node));
        self.lines(lines, size, MARGIN + indent, TEXT - indent, Some(node));
        self.skip(size * 0.35);
    }

    /// Lines, broken to a width, from the present place on.
    fn lines(
        &mut self,
        lines: &[Vec<Span>],
        size: f32,
        left: f32,
        width: f32,
        node: Option<usize>,
    ) {
        let broken: Vec<Vec<Span>> = (lines.iter())
            .flat_map(|l| self.broken(l, size, width))
            .collect();
        for line in broken {
            self.need(size * LEADING);
            let mut x = left;
            let y = self.y + size;
            for span in line {
                let w = self.fonts.width(&span.text, span.weight, size);
                self.put(Mark::Text { x, y, size, span }, node);
                x += w;
            }
            self.y += size * LEADING;
        }
    }

    /// A line broken where it does not fit: between words, or within a word that is too long
    /// for a line of its own.
    fn broken(&self, spans: &[Span], size: f32, width: f32) -> Vec<Vec<Span>> {
        let mut out: Vec<Vec<Span>> = vec![Vec::new()];
        let mut x = 0.0;
        let push = |out: &mut Vec<Vec<Span>>, piece: &str, like: &Span| {
            let Some(line) = out.last_mut() else { return };
            match line.last_mut() {
                Some(last) if last.weight == like.weight && last.ink == like.ink => {
                    last.text.push_str(piece)
                }
                _ => line.push(Span {
                    text: piece.to_owned(),
                    ..like.clone()
                }),
            }
        };
        for span in spans {
            let text = self.fonts.known(&span.text);
            for word in text.split_inclusive(' ') {
                let measure = |t: &str| self.fonts.width(t, span.weight, size);
                let bare = measure(word.trim_end());
                if x > 0.0 && x + bare > width {
                    out.push(Vec::new());
                    x = 0.0;
                }
                if bare <= width {
                    push(&mut out, word, span);
                    x += measure(word);
                    continue;
                }
                for c in word.chars() {
                    let w = measure(c.encode_utf8(&mut [0; 4]));
                    if x > 0.0 && x + w > width {
                        out.push(Vec::new());
                        x = 0.0;
                    }
                    push(&mut out, c.encode_utf8(&mut [0; 4]), span);
                    x += w;
                }
            }
        }
        out
    }

    /// A plot with its heading, over this part of the width.
    pub fn plot(
        &mut self,
        heading: Option<&str>,
        chart: &Chart,
        share: f32,
    ) -> Result<(), PdfError> {
        let options = usvg::Options {
            fontdb: self.fonts.database.clone(),
            ..usvg::Options::default()
        };
        let tree =
            Tree::from_str(&chart.paper, &options).map_err(|e| PdfError::Plot(e.to_string()))?;
        let scale = TEXT * share / tree.size().width();
        // A timeline of many logs may be taller than a sheet.
        let scale = scale.min((FOOT - MARGIN - 60.0) / tree.size().height());
        let (w, h) = (tree.size().width() * scale, tree.size().height() * scale);
        let size = Size::from_wh(w, h).ok_or_else(|| PdfError::Plot("has no size".into()))?;
        if let Some(heading) = heading {
            // With the first lines of its caption.
            self.heading_over(3, heading, h + 24.0);
        }
        self.need(h);
        let node = self.node(Part::Figure(self.fonts.known(&chart.words)), None);
        let (x, y) = (MARGIN, self.y);
        self.put(Mark::Plot(Box::new(tree), x, y, size), Some(node));
        self.y += h + 2.0;
        Ok(())
    }

    /// A caption.
    pub fn caption(&mut self, text: &str) {
        self.paragraph(vec![Span::plain(text).ink(Ink::Soft)], SMALL);
    }

    /// A table; its head is repeated on every sheet.
    pub fn table(&mut self, columns: &[Column], rows: &[Vec<Cell>]) {
        const PAD: f32 = 3.0;
        let total: f32 = columns.iter().map(|c| c.share).sum();
        let mut left = MARGIN;
        let places: Vec<(f32, f32)> = columns
            .iter()
            .map(|c| {
                let w = TEXT * c.share / total;
                let place = (left + PAD, w - 2.0 * PAD);
                left += w;
                place
            })
            .collect();
        let head: Vec<Cell> = (columns.iter())
            .map(|c| vec![vec![Span::plain(c.head).bold()]])
            .collect();
        let table = self.node(Part::Table, None);
        let leading = SMALL * LEADING;
        let broken = |paper: &Self, cell: &Cell, width: f32| -> Vec<Vec<Span>> {
            cell.iter()
                .flat_map(|l| paper.broken(l, SMALL, width))
                .collect()
        };
        let head_lines: Vec<_> = head
            .iter()
            .zip(&places)
            .map(|(c, p)| broken(self, c, p.1))
            .collect();
        let head_height = most(&head_lines) as f32 * leading + 2.0 * PAD;
        let mut first = true;
        let mut on_sheet = 0;
        for row in rows {
            let lines: Vec<_> = row
                .iter()
                .zip(&places)
                .map(|(c, p)| broken(self, c, p.1))
                .collect();
            let height = most(&lines) as f32 * leading + 2.0 * PAD;
            let sheet = self.sheets.len();
            self.need(height + if on_sheet != sheet { head_height } else { 0.0 });
            let sheet = self.sheets.len();
            if on_sheet != sheet {
                on_sheet = sheet;
                self.put(
                    Mark::Box([MARGIN, self.y, TEXT, head_height], Ink::Panel),
                    None,
                );
                // Only the first head is part of the table, others are repeated.
                let node = first.then(|| self.node(Part::Row, Some(table)));
                self.row(&head_lines, &places, columns, node.map(|n| (n, Part::Head)));
                self.y += head_height;
                first = false;
            }
            self.put(Mark::Box([MARGIN, self.y, TEXT, 0.5], Ink::Rule), None);
            let node = self.node(Part::Row, Some(table));
            self.row(&lines, &places, columns, Some((node, Part::Cell)));
            self.y += height;
        }
        self.put(Mark::Box([MARGIN, self.y, TEXT, 0.5], Ink::Rule), None);
        self.skip(8.0);
    }

    fn row(
        &mut self,
        cells: &[Vec<Vec<Span>>],
        places: &[(f32, f32)],
        columns: &[Column],
        node: Option<(usize, Part)>,
    ) {
        for ((lines, (left, width)), column) in cells.iter().zip(places).zip(columns) {
            let cell = node
                .as_ref()
                .map(|(row, part)| self.node(part.clone(), Some(*row)));
            let mut y = self.y + 3.0 + SMALL;
            for line in lines {
                let wide: f32 = (line.iter())
                    .map(|s| self.fonts.width(s.text.trim_end(), s.weight, SMALL))
                    .sum();
                let mut x = if column.right {
                    left + width - wide
                } else {
                    *left
                };
                for span in line {
                    let w = self.fonts.width(&span.text, span.weight, SMALL);
                    let (size, span) = (SMALL, span.clone());
                    self.put(Mark::Text { x, y, size, span }, cell);
                    x += w;
                }
                y += SMALL * LEADING;
            }
        }
    }
}

fn most(cells: &[Vec<Vec<Span>>]) -> usize {
    cells.iter().map(Vec::len).max().unwrap_or(0).max(1)
}
