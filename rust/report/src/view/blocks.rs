//! The parts of a report that the HTML page and the PDF share, in their order. All text is safe to show.

use crate::charts::Chart;

/// A section with its heading.
pub struct Section {
    /// Its anchor on the page.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Its name in the navigation.
    pub nav: String,
    /// A level that is shown in the heading, such as that of the verdict.
    pub level: Option<TextSpan>,
    /// Whether it is about one log; such a section starts on a new sheet of paper.
    pub is_log: bool,
    /// What is in it.
    pub blocks: Vec<Block>,
}

impl Section {
    /// A section of the whole report.
    pub fn new(id: &str, title: &str, nav: &str, blocks: Vec<Block>) -> Section {
        Section {
            id: id.to_owned(),
            title: title.to_owned(),
            nav: nav.to_owned(),
            level: None,
            is_log: false,
            blocks,
        }
    }
}

/// A part of a section.
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Text(TextSpan),
    /// A remark in small letters.
    Small(String),
    /// A table.
    Table(DataTable),
    /// A plot.
    Figure(Box<Figure>),
    /// A list.
    List {
        /// Whether items are numbered.
        ordered: bool,
        /// The items.
        items: Vec<ListItem>,
    },
}

impl Block {
    /// A paragraph.
    pub fn text(text: impl Into<String>) -> Block {
        Block::Text(TextSpan::plain(text))
    }

    /// A remark, unless it is empty.
    pub fn small(text: String) -> Option<Block> {
        (!text.is_empty()).then_some(Block::Small(text))
    }

    /// A list of texts without numbers.
    pub fn list(texts: impl IntoIterator<Item = String>) -> Block {
        let item = |text| ListItem {
            text,
            command: None,
        };
        Block::List {
            ordered: false,
            items: texts.into_iter().map(item).collect(),
        }
    }
}

/// An item of a list.
pub struct ListItem {
    /// Its text.
    pub text: String,
    /// A command to run.
    pub command: Option<String>,
}

/// A plot with its title and caption.
pub struct Figure {
    /// Its heading, if it has one of its own.
    pub title: Option<String>,
    /// The plot.
    pub chart: Chart,
    /// What to see in it.
    pub caption: String,
    /// Whether it takes the whole width of paper.
    pub wide: bool,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextStyle {
    /// Running text.
    Plain,
    /// Names.
    Strong,
    /// Less important.
    Soft,
    /// Flagged.
    Flagged,
}

/// A text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSpan {
    /// The text.
    pub text: String,
    /// Its style.
    pub style: TextStyle,
}

impl TextSpan {
    /// Running text.
    pub fn plain(text: impl Into<String>) -> TextSpan {
        TextSpan::new(text, TextStyle::Plain)
    }

    /// A name.
    pub fn strong(text: impl Into<String>) -> TextSpan {
        TextSpan::new(text, TextStyle::Strong)
    }

    /// Something less important.
    pub fn soft(text: impl Into<String>) -> TextSpan {
        TextSpan::new(text, TextStyle::Soft)
    }

    /// A text in a style.
    pub fn new(text: impl Into<String>, style: TextStyle) -> TextSpan {
        TextSpan {
            text: text.into(),
            style,
        }
    }
}

/// A table.
pub struct DataTable {
    /// What it lists.
    pub name: &'static str,
    /// Whether its rows become blocks on a narrow screen.
    pub stacks: bool,
    /// Its columns.
    pub columns: Vec<TableColumn>,
    /// Its rows, each with a cell for each column.
    pub rows: Vec<Vec<TableCell>>,
    /// Rows that are printed on paper.
    pub paper_rows: usize,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct TableColumn {
    /// Its heading.
    pub head: &'static str,
    /// What it holds.
    pub holds: ColumnContent,
    /// Its part of the width of paper.
    pub width: f32,
    /// What its cells are called where the heading is hidden; empty if they need no name.
    pub label: &'static str,
}

impl TableColumn {
    /// A column.
    pub const fn new(head: &'static str, holds: ColumnContent, width: f32) -> TableColumn {
        TableColumn {
            head,
            holds,
            width,
            label: "",
        }
    }

    /// A column whose cells have a name where the heading is hidden.
    pub const fn labelled(self, label: &'static str) -> TableColumn {
        TableColumn { label, ..self }
    }

    /// Whether it holds numbers, which are set to the right.
    pub fn is_number(&self) -> bool {
        self.holds == ColumnContent::Number
    }

    /// Whether its cells name their rows.
    pub(crate) fn is_name(&self) -> bool {
        self.holds == ColumnContent::Name
    }

    /// Whether its cells are lists.
    pub(crate) fn is_list(&self) -> bool {
        self.holds == ColumnContent::Reasons
    }

    /// The class of its cells in the style sheet.
    pub(crate) fn class(&self) -> &'static str {
        match self.holds {
            ColumnContent::Name | ColumnContent::Text => "",
            ColumnContent::Number => "n",
            ColumnContent::Time => "t",
            ColumnContent::Subject => "what",
            ColumnContent::Reasons => "why",
            ColumnContent::Id => "id",
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnContent {
    /// The name of the row.
    Name,
    /// Text.
    Text,
    /// A number.
    Number,
    /// Times.
    Time,
    /// What a record is about.
    Subject,
    /// Reasons, line by line.
    Reasons,
    /// An identifier.
    Id,
}

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub struct TableCell {
    /// Its lines, each in several styles.
    pub lines: Vec<Vec<TextSpan>>,
    /// Whether it is flagged.
    pub flagged: bool,
    /// The anchor that it leads to.
    pub link: Option<String>,
}

impl TableCell {
    /// One line of text, or none if it is empty.
    pub fn new(text: impl Into<String>) -> TableCell {
        let text = text.into();
        TableCell::lines((!text.is_empty()).then_some(text))
    }

    /// Lines of text.
    pub fn lines(texts: impl IntoIterator<Item = String>) -> TableCell {
        let line = |text| vec![TextSpan::plain(text)];
        TableCell {
            lines: texts.into_iter().map(line).collect(),
            ..TableCell::default()
        }
    }

    /// The same, flagged if so.
    pub fn flagged_if(self, flagged: bool) -> TableCell {
        TableCell { flagged, ..self }
    }
}
