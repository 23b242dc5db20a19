//! What there is to read below the paths that somebody gave, and what is not read, with the reason.
//!
//! A file that is given by its own path is read whatever it is called. Of a directory, everything below it is read that
//! is named like a log or begins like one; every other file is in [`Discovery::unread`], so that a directory of which a
//! part was passed over never looks like one that was read whole.

use crate::error::Error;
use crate::file_name::{self, Named};
use crate::input::Input;
use crate::source;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How much of two files is compared to learn whether one is a copy of the other, in bytes after decompression.
const COMPARED: u64 = 256 * 1024;

/// How much of a file is looked at whose name tells nothing.
const SNIFFED: u64 = 4096;

/// What was found to read, and what could not be.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The inputs, by log, then in time order, then by path; each file once.
    pub inputs: Vec<Input>,
    /// Files below the given directories that are not read.
    pub unread: Vec<Unread>,
    /// Paths that gave nothing, and why.
    pub problems: Vec<Error>,
}

/// A file that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The file, or a hidden directory.
    pub path: PathBuf,
    /// Why.
    pub reason: UnreadReason,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// Why a file is not read, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadReason {
    /// A log that is compressed in a way that is not read.
    #[error("is compressed in a way that is not read; decompress it first with `{0}`")]
    Compressed(&'static str),
    /// An archive of files.
    #[error("is an archive; unpack it first with `{0}`")]
    Archive(&'static str),
    /// A FIFO, socket or device with the name of a log.
    #[error("is a pipe, socket or device; pipe its content to standard input and give `-`")]
    NotAFile,
    /// A file that is being written or copied.
    #[error("is named like a file that is still being written; rename it when it is complete")]
    BeingWritten,
    /// The same content as another file that is read.
    #[error("is a copy of {}, which is read", .0.display())]
    Copy(PathBuf),
    /// A file that cannot be opened.
    #[error("cannot be opened: {0}; check its permissions")]
    Denied(String),
    /// A summary of zeekctl, or what a program wrote to its terminal.
    #[error("holds text for people, not a log")]
    ForPeople,
    /// A hidden file or directory.
    #[error("is hidden; give its path if it is to be read")]
    Hidden,
    /// Neither the name nor the content is a log's.
    #[error(
        "is neither named like a log (*.log, *.json, *.jsonl, *.ndjson, rotated or compressed) nor begins like one; give its path if it is one"
    )]
    NotALog,
}

impl UnreadReason {
    /// Whether records may be missing from the result because of it, as opposed to a file that holds none.
    pub fn is_loss(&self) -> bool {
        matches!(
            self,
            UnreadReason::Compressed(_)
                | UnreadReason::Archive(_)
                | UnreadReason::NotAFile
                | UnreadReason::BeingWritten
                | UnreadReason::Denied(_)
        )
    }
}

/// Lists what is to be read under these paths; `-` is standard input.
pub fn discover(paths: &[PathBuf]) -> Discovery {
    let mut found = Discovery::default();
    for path in paths {
        if path.as_os_str() == "-" {
            found.inputs.push(Input::stdin());
            continue;
        }
        match std::fs::metadata(path) {
            Ok(m) if m.is_dir() => walk(path, &mut found),
            Ok(_) => found.inputs.push(Input::new(path)),
            Err(cause) => found.problems.push(Error::Open {
                file: path.display().to_string(),
                cause,
            }),
        }
    }
    // A log without a name comes last, and so does a file without an interval: in an archive that is the one still
    // being written.
    found.inputs.sort_by_cached_key(|i| {
        let name = i
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let log = (i.is_stdin(), i.log.is_none(), i.log.clone());
        let time = (i.interval.is_none(), i.interval, file_name::rotation(&name));
        (log, time, i.path.clone())
    });
    let mut seen = HashSet::new();
    let mut once =
        |p: &PathBuf| seen.insert(std::fs::canonicalize(p).unwrap_or_else(|_| p.clone()));
    found.inputs.retain(|i| once(&i.path));
    // A file that was given by its own path is read, whatever its directory's listing says.
    found.unread.retain(|u| once(&u.path));
    found
}

fn walk(dir: &Path, found: &mut Discovery) {
    let before = (found.inputs.len(), found.problems.len());
    let mut entries = walkdir::WalkDir::new(dir)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter();
    let mut plain: HashMap<PathBuf, PathBuf> = HashMap::new();
    let mut doubtful: Vec<(PathBuf, PathBuf)> = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(e) => e,
            // A link to a directory above is followed once, not for ever.
            Err(e) if e.loop_ancestor().is_some() => continue,
            Err(e) => {
                found.problems.push(Error::Open {
                    file: e.path().unwrap_or(dir).display().to_string(),
                    cause: e
                        .into_io_error()
                        .unwrap_or_else(|| io::Error::other("cannot be listed")),
                });
                continue;
            }
        };
        let is_dir = entry.file_type().is_dir();
        let mut leave = |reason| {
            found.unread.push(Unread {
                path: entry.path().to_owned(),
                reason,
            });
        };
        // Not the directory itself: `.` and `.logs` may be asked for.
        if entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".") {
            leave(UnreadReason::Hidden);
            if is_dir {
                entries.skip_current_dir();
            }
            continue;
        }
        if is_dir {
            continue;
        }
        let name = entry.file_name().to_string_lossy();
        let named = file_name::named(&name);
        if !entry.file_type().is_file() {
            leave(match named {
                Named::Other => UnreadReason::NotALog,
                _ => UnreadReason::NotAFile,
            });
            continue;
        }
        match named {
            Named::Log => {
                match file_name::original(&name) {
                    Some(original) => doubtful.push((
                        entry.path().to_owned(),
                        entry.path().with_file_name(original),
                    )),
                    None => {
                        plain.insert(entry.path().to_owned(), entry.path().to_owned());
                    }
                }
                found.inputs.push(Input::new(entry.path()));
            }
            Named::Compressed(how) => leave(UnreadReason::Compressed(how)),
            Named::Archive(how) => leave(UnreadReason::Archive(how)),
            Named::BeingWritten => leave(UnreadReason::BeingWritten),
            Named::ForPeople => leave(UnreadReason::ForPeople),
            Named::Other => match begins_like_a_log(entry.path()) {
                Ok(true) => found.inputs.push(Input::new(entry.path())),
                Ok(false) => leave(UnreadReason::NotALog),
                Err(e) => leave(UnreadReason::Denied(e.to_string())),
            },
        }
    }
    for (path, original) in doubtful {
        if plain.contains_key(&original) && have_same_content(&path, &original) {
            found.inputs.retain(|i| i.path != path);
            found.unread.push(Unread {
                path,
                reason: UnreadReason::Copy(original),
            });
        }
    }
    if (found.inputs.len(), found.problems.len()) == before {
        found.problems.push(Error::NoLogs {
            dir: dir.display().to_string(),
        });
    }
}

/// The beginning of a file, decompressed.
fn beginning(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let source = source::open(Box::new(File::open(path)?))?;
    let mut head = Vec::new();
    source.plain.take(most).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a file's content begins as a log of Zeek does: with Zeek's header, or with an object that has its columns.
fn begins_like_a_log(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let Ok(source) = source::open(Box::new(file)) else {
        return Ok(false);
    };
    let mut head = Vec::new();
    // Of damaged data the part before the damage is enough.
    let _ = source.plain.take(SNIFFED).read_to_end(&mut head);
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&head)
        .trim_ascii_start();
    let has = |text: &[u8]| memchr::memmem::find(head, text).is_some();
    Ok(match head.first() {
        Some(b'#') => {
            head.starts_with(b"#separator") || head.starts_with(b"#fields") || has(b"\n#fields")
        }
        Some(b'{') => {
            has(b"\"_path\"") || (has(b"\"ts\"") && (has(b"\"uid\"") || has(b"orig_h\"")))
        }
        _ => false,
    })
}

/// Whether two files hold the same, as far as they are compared.
fn have_same_content(a: &Path, b: &Path) -> bool {
    match (beginning(a, COMPARED), beginning(b, COMPARED)) {
        (Ok(a), Ok(b)) => !a.is_empty() && a == b,
        _ => false,
    }
}
