//! The layout of pages. Blocks are set one below the other; what does not fit goes to the next page.

use crate::PdfError;
use crate::fonts::Fonts;
use krilla::geom::Size;
use usvg::Tree;
use zeek_anomaly_report::charts::Chart;
use zeek_anomaly_report::{DataTable, TableCell, TableColumn, TextSpan, TextStyle};

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
/// Room around the text of a cell.
const PAD: f32 = 3.0;
/// From one line to the next, for a size of 1.
const LEADING: f32 = 1.36;

/// The colour of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Lines between rows.
    Rule,
    /// Behind headers.
    Panel,
}

/// A line of text in several styles.
pub type Line = Vec<TextSpan>;

/// The role of a part of the document, for screen readers.
#[derive(Clone, Debug, PartialEq)]
pub enum PdfPart {
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

/// A part and the part around it.
#[derive(Clone, Debug)]
pub struct TagNode {
    /// Its role.
    pub part: PdfPart,
    /// The part around it.
    pub within: Option<usize>,
}

/// Something drawn on a page.
pub enum PageMark {
    /// A line of text with its baseline at a place.
    Text {
        /// From the left.
        x: f32,
        /// From above.
        y: f32,
        /// The font size.
        size: f32,
        /// The text.
        span: TextSpan,
    },
    /// A filled rectangle: left, top, width, height.
    Box([f32; 4], Shade),
    /// A plot: left, top and size.
    Plot(Box<Tree>, f32, f32, Size),
}

/// A mark, and the part of the document that it belongs to; decoration belongs to none.
pub struct PlacedMark {
    /// The mark.
    pub mark: PageMark,
    /// The part.
    pub node: Option<usize>,
}

/// A heading for the outline: its level, text, sheet, and place from above.
pub struct OutlineEntry {
    /// The level, from 1 on.
    pub level: u16,
    /// The text.
    pub text: String,
    /// The sheet, from 0 on.
    pub sheet: usize,
    /// From above.
    pub y: f32,
}

/// The sheets so far.
pub struct Paper<'f> {
    fonts: &'f Fonts,
    /// The sheets.
    pub sheets: Vec<Vec<PlacedMark>>,
    /// The parts of the document.
    pub nodes: Vec<TagNode>,
    /// The outline.
    pub outline: Vec<OutlineEntry>,
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

    fn node(&mut self, part: PdfPart, within: Option<usize>) -> usize {
        self.nodes.push(TagNode { part, within });
        self.nodes.len() - 1
    }

    fn put(&mut self, mark: PageMark, node: Option<usize>) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.push(PlacedMark { mark, node });
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
        self.outline.push(OutlineEntry {
            level,
            text: text.to_owned(),
            sheet: self.sheets.len() - 1,
            y: self.y,
        });
        let node = self.node(PdfPart::Heading(level), None);
        self.lines(
            &[vec![TextSpan::strong(text)]],
            size,
            MARGIN,
            TEXT,
            Some(node),
        );
        self.skip(size * 0.2);
    }

    /// A paragraph.
    pub fn paragraph(&mut self, spans: Line, size: f32) {
        let node = self.node(PdfPart::Paragraph, None);
        self.lines(&[spans], size, MARGIN, TEXT, Some(node));
        self.skip(size * 0.35);
    }

    /// A paragraph that hangs from a mark such as a number.
    pub fn item(&mut self, mark: &str, lines: &[Line], size: f32) {
        let node = self.node(PdfPart::Paragraph, None);
        let indent = 18.0;
        self.need(size * LEADING * 2.0);
        let y = self.y + size;
        let span = TextSpan::soft(mark);
        let x = MARGIN;
        self.put(PageMark::Text { x, y, size, span }, Some(node));
        self.lines(lines, size, MARGIN + indent, TEXT - indent, Some(node));
        self.skip(size * 0.35);
    }

    /// Lines, broken to a width, from the present place on.
    fn lines(&mut self, lines: &[Line], size: f32, left: f32, width: f32, node: Option<usize>) {
        let broken: Vec<Line> = (lines.iter())
            .flat_map(|l| self.broken(l, size, width))
            .collect();
        for line in broken {
            self.need(size * LEADING);
            let mut x = left;
            let y = self.y + size;
            for span in line {
                let w = self.fonts.width(&span.text, span.style, size);
                self.put(PageMark::Text { x, y, size, span }, node);
                x += w;
            }
            self.y += size * LEADING;
        }
    }

    /// A line broken where it does not fit: between words, or within a word that is too long
    /// for a line of its own.
    fn broken(&self, spans: &[TextSpan], size: f32, width: f32) -> Vec<Line> {
        let mut out: Vec<Line> = vec![Vec::new()];
        let mut x = 0.0;
        let push = |out: &mut Vec<Line>, piece: &str, like: &TextSpan| {
            let Some(line) = out.last_mut() else { return };
            match line.last_mut() {
                Some(last) if last.style == like.style => last.text.push_str(piece),
                _ => line.push(TextSpan {
                    text: piece.to_owned(),
                    style: like.style,
                }),
            }
        };
        for span in spans {
            let text = self.fonts.known(&span.text);
            for word in text.split_inclusive(' ') {
                let measure = |t: &str| self.fonts.width(t, span.style, size);
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
        let node = self.node(PdfPart::Figure(self.fonts.known(&chart.words)), None);
        let (x, y) = (MARGIN, self.y);
        self.put(PageMark::Plot(Box::new(tree), x, y, size), Some(node));
        self.y += h + 2.0;
        Ok(())
    }

    /// A caption.
    pub fn caption(&mut self, text: &str) {
        self.paragraph(vec![TextSpan::soft(text)], SMALL);
    }

    /// A table; its head is repeated on every page.
    pub fn table(&mut self, table: &DataTable) {
        let columns = &table.columns;
        let total: f32 = columns.iter().map(|c| c.width).sum();
        let mut left = MARGIN;
        let places: Vec<(f32, f32)> = columns
            .iter()
            .map(|c| {
                let w = TEXT * c.width / total;
                let place = (left + PAD, w - 2.0 * PAD);
                left += w;
                place
            })
            .collect();
        let leading = SMALL * LEADING;
        let broken = |paper: &Self, cells: &mut dyn Iterator<Item = Vec<Line>>| -> Vec<Vec<Line>> {
            (cells.zip(&places))
                .map(|(lines, (_, width))| {
                    let broken = lines.iter().flat_map(|l| paper.broken(l, SMALL, *width));
                    broken.collect()
                })
                .collect()
        };
        let heads = &mut columns.iter().map(|c| vec![vec![TextSpan::strong(c.head)]]);
        let head = broken(self, heads);
        let head_height = most(&head) as f32 * leading + 2.0 * PAD;
        let node = self.node(PdfPart::Table, None);
        let mut first = true;
        let mut on_sheet = 0;
        for row in table.rows.iter().take(table.paper_rows) {
            let lines = broken(self, &mut row.iter().map(cell_lines));
            let height = most(&lines) as f32 * leading + 2.0 * PAD;
            let sheet = self.sheets.len();
            self.need(height + if on_sheet != sheet { head_height } else { 0.0 });
            let sheet = self.sheets.len();
            if on_sheet != sheet {
                on_sheet = sheet;
                let panel = [MARGIN, self.y, TEXT, head_height];
                self.put(PageMark::Box(panel, Shade::Panel), None);
                // Only the first head is part of the table, others are repeated.
                let row = first.then(|| self.node(PdfPart::Row, Some(node)));
                self.row(&head, &places, columns, row.map(|n| (n, PdfPart::Head)));
                self.y += head_height;
                first = false;
            }
            self.rule();
            let row = self.node(PdfPart::Row, Some(node));
            self.row(&lines, &places, columns, Some((row, PdfPart::Cell)));
            self.y += height;
        }
        self.rule();
        self.skip(8.0);
    }

    fn rule(&mut self) {
        self.put(
            PageMark::Box([MARGIN, self.y, TEXT, 0.5], Shade::Rule),
            None,
        );
    }

    fn row(
        &mut self,
        cells: &[Vec<Line>],
        places: &[(f32, f32)],
        columns: &[TableColumn],
        node: Option<(usize, PdfPart)>,
    ) {
        for ((lines, (left, width)), column) in cells.iter().zip(places).zip(columns) {
            let cell = node
                .as_ref()
                .map(|(row, part)| self.node(part.clone(), Some(*row)));
            let mut y = self.y + PAD + SMALL;
            for line in lines {
                let wide: f32 = (line.iter())
                    .map(|s| self.fonts.width(s.text.trim_end(), s.style, SMALL))
                    .sum();
                let mut x = match column.is_number() {
                    true => left + width - wide,
                    false => *left,
                };
                for span in line {
                    let w = self.fonts.width(&span.text, span.style, SMALL);
                    let (size, span) = (SMALL, span.clone());
                    self.put(PageMark::Text { x, y, size, span }, cell);
                    x += w;
                }
                y += SMALL * LEADING;
            }
        }
    }
}

fn most(cells: &[Vec<Line>]) -> usize {
    cells.iter().map(Vec::len).max().unwrap_or(0).max(1)
}

/// The lines of a cell; all of a flagged one are.
fn cell_lines(cell: &TableCell) -> Vec<Line> {
    let styled = |s: &TextSpan| TextSpan {
        style: if cell.flagged {
            TextStyle::Flagged
        } else {
            s.style
        },
        text: s.text.clone(),
    };
    let line = |l: &Line| l.iter().map(styled).collect();
    cell.lines.iter().map(line).collect()
}
