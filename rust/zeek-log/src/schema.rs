//! What the columns of a log are: names and types.

/// The type of a column, as Zeek's `#types` line names it.
///
/// JSON logs carry no types; their columns are [`FieldType::Unknown`] and each
/// value says itself what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// `bool`: `T` or `F`.
    Bool,
    /// `count`: an unsigned 64-bit number.
    Count,
    /// `int`: a signed 64-bit number.
    Int,
    /// `double`.
    Double,
    /// `time`: seconds since the epoch.
    Time,
    /// `interval`: seconds.
    Interval,
    /// `port`: 0 to 65535; Zeek logs no protocol with it.
    Port,
    /// `addr`: an IPv4 or IPv6 address.
    Addr,
    /// `subnet`: `address/width`, kept as text.
    Subnet,
    /// `string`, and every type that Zeek logs as text (`file`, `func`, `pattern`).
    String,
    /// `enum`: the name of the value.
    Enum,
    /// `set[T]` or `vector[T]` (and the old `table[T]`); the element type is
    /// in [`Field::element`].
    List,
    /// No type is known: JSON, or a `#types` word from the future.
    Unknown,
}

impl FieldType {
    /// The type that a word of a `#types` line names, without its element:
    /// `set[string]` is [`FieldType::List`]. An unknown word is
    /// [`FieldType::Unknown`], never an error: a new Zeek may bring new types.
    pub fn from_zeek(word: &str) -> FieldType {
        let base = word.split_once('[').map_or(word, |(b, _)| b);
        match base {
            "bool" => FieldType::Bool,
            "count" | "counter" => FieldType::Count,
            "int" => FieldType::Int,
            "double" => FieldType::Double,
            "time" => FieldType::Time,
            "interval" => FieldType::Interval,
            "port" => FieldType::Port,
            "addr" => FieldType::Addr,
            "subnet" => FieldType::Subnet,
            "string" | "file" | "func" | "pattern" => FieldType::String,
            "enum" => FieldType::Enum,
            "set" | "vector" | "table" | "list" => FieldType::List,
            _ => FieldType::Unknown,
        }
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The column's name in the dotted form: `id.orig_h`, whatever form the
    /// file has it in (`id_orig_h`, or a nested object).
    pub name: String,
    /// The column's type.
    pub ty: FieldType,
    /// The type of the elements where [`Field::ty`] is [`FieldType::List`];
    /// otherwise the same as `ty`.
    pub element: FieldType,
}

impl Field {
    /// A column of a plain type.
    pub fn new(name: impl Into<String>, ty: FieldType) -> Field {
        Field {
            name: name.into(),
            ty,
            element: ty,
        }
    }

    /// A set or vector column.
    pub fn list(name: impl Into<String>, element: FieldType) -> Field {
        Field {
            name: name.into(),
            ty: FieldType::List,
            element,
        }
    }
}

/// The columns of one log, in the order in which a record's values come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The log's name: `conn`, `http`, …
    pub log: String,
    /// The columns.
    pub fields: Vec<Field>,
}

impl Schema {
    /// The position of the column with this dotted name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }
}
