//! What can go wrong, said so that the reader of the message knows what to do.
//!
//! Two kinds of failure are kept apart. An [`Error`] ends an input, or says
//! that it never began; [`Error::kind`] tells a front end whether rows were
//! read all the same. A [`Refusal`] is one bad line: it is counted and skipped,
//! and reading goes on.

use std::io;

/// Why an input could not be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened, or the directory cannot be listed.
    #[error("{file}: cannot be opened: {cause}; check the path and its permissions")]
    Open {
        /// The file.
        file: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A directory was given where a file is needed.
    #[error("{file}: is a directory, not a log; list its logs first")]
    Directory {
        /// The directory.
        file: String,
    },
    /// There is no byte in the file, or nothing but blank lines.
    #[error("{file}: is empty: there is nothing to read")]
    Empty {
        /// The file.
        file: String,
    },
    /// A directory holds nothing that is named like a log.
    #[error(
        "{dir}: holds no logs (looked for *.log, *.json, *.jsonl and *.ndjson, plain, rotated or compressed, and for files that begin like a log); give the paths of the files themselves if they are named otherwise"
    )]
    NoLogs {
        /// The directory.
        dir: String,
    },
    /// The file is not text.
    #[error("{file}: is not a log but {what}")]
    Binary {
        /// The file.
        file: String,
        /// What it is taken for, and what to do with it.
        what: &'static str,
    },
    /// The TABs of a header became blanks.
    #[error(
        "{file}:{line}: the #fields header has blanks where its TABs were; copy the log again without a terminal or editor between"
    )]
    BlanksForTabs {
        /// The file.
        file: String,
        /// The first line below the header.
        line: u64,
    },
    /// The compressed data asks for more memory than a reader may take.
    #[error(
        "{file}: {format} data that needs more memory than is allowed; decompress it first with `{tool}`"
    )]
    TooMuchMemory {
        /// The file.
        file: String,
        /// The compression.
        format: &'static str,
        /// The command that decompresses it.
        tool: &'static str,
    },
    /// The file is text, but neither TSV with a Zeek header nor JSON lines.
    #[error(
        "{file}:{line}: is neither Zeek TSV (no #fields header) nor JSON lines; the line begins with \"{found}\""
    )]
    NotALog {
        /// The file.
        file: String,
        /// The first line that is not blank.
        line: u64,
        /// How it begins, shortened and escaped.
        found: String,
    },
    /// The compressed data ends too early. What came before it was read.
    #[error(
        "{file}: truncated {format}: the data ends after line {line}, everything before was read; copy the file again if more is needed"
    )]
    Truncated {
        /// The file.
        file: String,
        /// The last line that was there, whole or in part.
        line: u64,
        /// `gzip`, `zstd`, `xz`, `bzip2` or `lz4`.
        format: &'static str,
    },
    /// The compressed data is damaged. What came before the damage was read.
    #[error("{file}: damaged {format} after line {line}: {cause}; everything before was read")]
    Corrupt {
        /// The file.
        file: String,
        /// The last line that was there, whole or in part.
        line: u64,
        /// `gzip`, `zstd`, `xz`, `bzip2` or `lz4`.
        format: &'static str,
        /// What the decompressor said.
        cause: io::Error,
    },
    /// Reading failed.
    #[error("{file}: reading failed after line {line}: {cause}")]
    Read {
        /// The file.
        file: String,
        /// The last line that was there, whole or in part.
        line: u64,
        /// What the system said.
        cause: io::Error,
    },
}

/// How much an [`Error`] cost, for choosing an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing of the input can be used.
    Unusable,
    /// What came before the error was read and is good; the rest is missing.
    Partial,
}

impl Error {
    /// How much the error cost.
    pub fn kind(&self) -> ErrorKind {
        match self {
            // Line 0: the stream failed before it gave anything.
            Error::Truncated { line, .. }
            | Error::Corrupt { line, .. }
            | Error::Read { line, .. }
                if *line > 0 =>
            {
                ErrorKind::Partial
            }
            _ => ErrorKind::Unusable,
        }
    }

    /// The file or directory that the error is about.
    pub fn file(&self) -> &str {
        match self {
            Error::Open { file, .. }
            | Error::Directory { file }
            | Error::Empty { file }
            | Error::NoLogs { dir: file }
            | Error::Binary { file, .. }
            | Error::BlanksForTabs { file, .. }
            | Error::TooMuchMemory { file, .. }
            | Error::NotALog { file, .. }
            | Error::Truncated { file, .. }
            | Error::Corrupt { file, .. }
            | Error::Read { file, .. } => file,
        }
    }
}

/// One line that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line's number, from 1, in the decompressed file.
    pub line: u64,
    /// Why.
    pub reason: Reason,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why a line was refused. Texts are shortened and escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A TSV line whose columns are not as many as the header says.
    #[error("{found} columns where the header names {expected}{}", hint(*.found))]
    Columns {
        /// How many the header names.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A line below a header whose TABs became blanks.
    #[error(
        "the #fields header has blanks where its TABs were; copy the log again without a terminal or editor between"
    )]
    BlanksForTabs,
    /// A value that is none of its type.
    #[error("{field} should be {expected} but is \"{found}\"")]
    Value {
        /// The column.
        field: String,
        /// The type, as a noun with its article.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A JSON record of something else.
    #[error("{what}; {todo}")]
    NotZeek {
        /// What it is taken for.
        what: String,
        /// What to do.
        todo: &'static str,
    },
    /// A line that is no JSON object.
    #[error("not a JSON object: {message}")]
    Json {
        /// What the parser said.
        message: String,
    },
    /// A line longer than [`crate::Options::max_line`].
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The last line before the data broke off.
    #[error("cut off by the end of the data")]
    CutOff,
    /// A TSV line before any `#fields`.
    #[error("no #fields header before it")]
    NoHeader,
    /// A combined stream with more different logs than are kept apart.
    #[error("more than {limit} different logs in one stream")]
    TooManyLogs {
        /// The limit.
        limit: usize,
    },
}

fn hint(found: usize) -> &'static str {
    match found {
        1 => " (its TABs became blanks, or the log has another separator)",
        _ => "",
    }
}

/// Makes any bytes fit for a message: escaped, and cut at about 60 characters.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let mut out = bytes[..bytes.len().min(SHOWN)].escape_ascii().to_string();
    if bytes.len() > SHOWN {
        out.push('…');
    }
    out
}
