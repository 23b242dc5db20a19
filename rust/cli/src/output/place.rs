//! Standard output, or a file that is there whole or not at all; and what must not be replaced.
//!
//! Before any work, [`check`] refuses an output that is an input, and an existing file that holds
//! something else than what is to be written. `--force` overrules both.

use crate::args::files::{Files, Output};
use crate::exit::Failure;
use std::fs::{File, FileType};
use std::io::{self, BufWriter, Read, StdoutLock, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::NamedTempFile;
use zeek_anomaly_base::{Readers, beside};

/// Whether files of another kind may be replaced.
static FORCED: AtomicBool = AtomicBool::new(false);

/// Bytes of a file that tell what it holds.
const SNIFFED: u64 = 4096;

/// What a file holds that this command writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A model.
    Model,
    /// A behavioral baseline.
    BehaviorBaseline,
    /// The state of `hunt`.
    BehaviorState,
    /// The state of `watch`.
    WatchState,
    /// The metrics of ordinary directories.
    Baseline,
    /// Findings, scores and verdicts, in any format.
    Findings,
    /// Findings that are appended to, also as a Zeek log.
    Appended,
    /// A page.
    Page,
    /// A PDF.
    Pdf,
}

impl Content {
    /// What messages call it.
    fn name(self) -> &'static str {
        match self {
            Content::Model => "a model",
            Content::BehaviorBaseline => "a behavioral baseline",
            Content::BehaviorState => "the state of hunt",
            Content::WatchState => "the state of watch",
            Content::Baseline => "a baseline of directories",
            Content::Findings | Content::Appended => "findings of zeek-anomaly",
            Content::Page => "an HTML page",
            Content::Pdf => "a PDF",
        }
    }

    /// Whether only a regular file will do: what is read again later.
    fn needs_file(self) -> bool {
        !matches!(
            self,
            Content::Findings | Content::Appended | Content::Page | Content::Pdf
        )
    }

    /// Whether a file that begins with these bytes is one of these.
    fn fits(self, head: &[u8]) -> bool {
        match self {
            Content::Model => head.starts_with(zeek_anomaly_engine::MODEL_MAGIC),
            Content::BehaviorBaseline => {
                head.starts_with(zeek_anomaly_behavior::snapshot::BASELINE_MAGIC)
            }
            Content::BehaviorState => {
                head.starts_with(zeek_anomaly_behavior::snapshot::STATE_MAGIC)
            }
            Content::WatchState => head.starts_with(b"{\"version\":"),
            Content::Baseline => has_key(head, &["judged_by"]),
            Content::Findings => is_findings(head),
            Content::Appended => {
                let lines = || head.split(|b| *b == b'\n');
                is_findings(head) || lines().any(|l| l.starts_with(b"#path\tanomaly"))
            }
            Content::Page => {
                let start = head.trim_ascii_start();
                let begins = |with: &[u8]| {
                    (start.get(..with.len())).is_some_and(|s| s.eq_ignore_ascii_case(with))
                };
                begins(b"<!doctype html") || begins(b"<html")
            }
            Content::Pdf => head.starts_with(b"%PDF-"),
        }
    }
}

/// Columns and keys of which each document that this command writes has one.
const OURS: &[&str] = &[
    "score",
    "risk",
    "severity",
    "zeek_anomaly",
    "directory_summary",
    "judged_by",
    "risk_score",
    "wanted",
];

/// Words that a verdict begins with.
const LEVELS: &[&str] = &["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

/// Whether a file begins as findings do in one of the formats: JSON, CSV, a table, a drawing.
fn is_findings(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start();
    if text.starts_with(['{', '[']) {
        let empty = text.starts_with("{}") || text.starts_with("[]");
        return empty || has_key(head, OURS);
    }
    if text.starts_with("<svg") {
        return true;
    }
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with('#') {
        return false;
    }
    let ours = |cell: &str| OURS.contains(&cell.trim());
    let is_level = |word: &str| LEVELS.contains(&word);
    let table = || first.split("  ").filter(|c| !c.trim().is_empty());
    first.contains(',') && first.split(',').any(ours)
        || first
            .split('\t')
            .any(|c| is_level(c) || c.starts_with("severity="))
        || first.split([' ', ':']).next().is_some_and(is_level)
        || table().count() > 2 && table().any(ours)
}

/// Whether a document of JSON that begins like this has one of these keys near its start.
fn has_key(head: &[u8], keys: &[&str]) -> bool {
    let text = String::from_utf8_lossy(head);
    text.trim_start().starts_with(['{', '['])
        && keys.iter().any(|k| text.contains(&format!("\"{k}\":")))
}

/// The first bytes of a file.
fn head_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(SNIFFED).read_to_end(&mut head)?;
    Ok(head)
}

/// What kind of thing has a path, where it is no regular file.
fn odd(kind: FileType) -> Option<&'static str> {
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("is a directory"),
        () if kind.is_fifo() => Some("is a FIFO"),
        () if kind.is_socket() => Some("is a socket"),
        () => Some("is a device"),
    }
}

/// Refuses what would destroy a file, or could be read without an end.
pub fn check(files: &Files<'_>, force: bool) -> Result<(), Failure> {
    FORCED.store(force, Ordering::Relaxed);
    for (option, path) in &files.reads {
        // Whoever reads a path reports that it does not exist.
        let Ok(m) = std::fs::metadata(path) else {
            continue;
        };
        // A pipe without a name ends: `--allow <(generate)`.
        let pipe = m.file_type().is_fifo() && std::fs::canonicalize(path).is_err();
        if let (Some(odd), false) = (odd(m.file_type()), pipe) {
            return Err(refused(path, &format!("{odd}, and {option} needs a file")));
        }
    }
    for (i, output) in files.writes.iter().enumerate() {
        let same = |other: &&Output<'_>| is_same(output.path, other.path);
        if let Some(other) = files.writes[..i].iter().find(same) {
            let why = format!(
                "cannot be written by {} and {}",
                other.option, output.option
            );
            return Err(refused(output.path, &why));
        }
        check_output(files, output, force)?;
    }
    Ok(())
}

fn check_output(files: &Files<'_>, output: &Output<'_>, force: bool) -> Result<(), Failure> {
    let Ok(m) = std::fs::metadata(output.path) else {
        return Ok(());
    };
    let (path, option, content) = (output.path, output.option, output.content);
    if let Some(odd) = odd(m.file_type()) {
        return match content.needs_file() || m.is_dir() {
            true => Err(refused(path, &format!("{odd}, and {option} needs a file"))),
            false => Ok(()),
        };
    }
    if force {
        return Ok(());
    }
    let inode = (m.dev(), m.ino());
    let is_it = |p: &Path| std::fs::metadata(p).is_ok_and(|m| (m.dev(), m.ino()) == inode);
    let read = files.reads.iter().find(|(_, p)| is_it(p));
    // A model or a state goes on from itself, and is replaced whole.
    if let Some((other, _)) = read.filter(|_| !content.needs_file()) {
        let why = format!("is read by {other}, and {option} would replace it; --force does so");
        return Err(refused(path, &why));
    }
    let logs: Vec<PathBuf> = files.logs.iter().map(|p| (*p).to_owned()).collect();
    let below = zeek_log::discover(&logs).inputs;
    if below.iter().any(|i| is_it(&i.path)) {
        let why =
            format!("is one of the logs to read, and {option} would replace it; --force does so");
        return Err(refused(path, &why));
    }
    keep_others(path, &[content], option)
}

/// Refuses to replace a file that holds none of these.
fn keep_others(path: &Path, contents: &[Content], option: &str) -> Result<(), Failure> {
    if FORCED.load(Ordering::Relaxed) {
        return Ok(());
    }
    let head = match std::fs::metadata(path) {
        Ok(m) if m.is_file() && m.len() > 0 => head_of(path).map_err(|cause| Failure::Output {
            to: path.display().to_string(),
            cause,
        })?,
        _ => return Ok(()),
    };
    if contents.iter().any(|c| c.fits(&head)) {
        return Ok(());
    }
    let name = contents.first().map_or("", |c| c.name());
    let why =
        format!("exists and does not hold {name}; name another file with {option}, or add --force");
    Err(refused(path, &why))
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::Said(format!("{}: {why}", path.display()))
}

/// Whether two paths lead to one file, which need not exist.
fn is_same(a: &Path, b: &Path) -> bool {
    let whole = |p: &Path| {
        std::fs::canonicalize(p).unwrap_or_else(|_| {
            let dir = p.parent().filter(|d| !d.as_os_str().is_empty());
            let dir = std::fs::canonicalize(dir.unwrap_or(Path::new(".")));
            match (dir, p.file_name()) {
                (Ok(dir), Some(name)) => dir.join(name),
                _ => p.to_owned(),
            }
        })
    };
    let inode = |p: &Path| std::fs::metadata(p).ok().map(|m| (m.dev(), m.ino()));
    match (inode(a), inode(b)) {
        (Some(a), Some(b)) => a == b,
        _ => whole(a) == whole(b),
    }
}

/// Where output goes.
pub enum Place {
    /// Standard output.
    Stdout(BufWriter<StdoutLock<'static>>),
    /// A file that is written beside its place first.
    File(BufWriter<NamedTempFile>, PathBuf),
    /// Something that is no regular file (a pipe, a device): written to as it is.
    Special(BufWriter<File>, PathBuf),
}

impl Place {
    /// Opens it. Fails early, before any work is done.
    pub fn open(path: Option<&Path>) -> Result<Place, Failure> {
        let Some(path) = path else {
            return Ok(Place::Stdout(BufWriter::with_capacity(
                1 << 16,
                io::stdout().lock(),
            )));
        };
        let failed = |cause| Failure::Output {
            to: path.display().to_string(),
            cause,
        };
        // Also for files whose names only the work tells, as those of --features-out.
        let written = [
            Content::Findings,
            Content::Baseline,
            Content::Page,
            Content::Pdf,
        ];
        keep_others(path, &written, "the option")?;
        let path = target(path).map_err(failed)?;
        if is_special(&path) {
            let file = File::options().write(true).open(&path).map_err(failed)?;
            return Ok(Place::Special(BufWriter::new(file), path));
        }
        let file = beside(&path, Readers::Output).map_err(failed)?;
        Ok(Place::File(BufWriter::with_capacity(1 << 16, file), path))
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Place::Stdout(_) => "standard output".into(),
            Place::File(_, path) | Place::Special(_, path) => path.display().to_string(),
        }
    }

    /// Puts the file into its place.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Place::Stdout(mut w) => w.flush(),
            Place::Special(mut w, _) => w.flush(),
            Place::File(w, path) => {
                let file = w.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            }
        }
    }
}

impl Write for Place {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Place::Stdout(w) => w.write(buf),
            Place::File(w, _) => w.write(buf),
            Place::Special(w, _) => w.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Place::Stdout(w) => w.flush(),
            Place::File(w, _) => w.flush(),
            Place::Special(w, _) => w.flush(),
        }
    }
}

/// The path that is to be replaced: of a link, what it points to.
pub fn target(path: &Path) -> io::Result<PathBuf> {
    if path.is_dir() {
        return Err(io::Error::other("is a directory; name a file in it"));
    }
    match std::fs::symlink_metadata(path) {
        Ok(m) if m.is_symlink() && path.exists() => std::fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

/// Whether there is something that must not be replaced by a file.
pub fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| !m.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_command_wrote_is_told_from_what_it_did_not() {
        let findings: &[&str] = &[
            "{}\n",
            "{\"log\":\"conn\",\"ts\":1.0,\"score\":4.1}\n",
            "[\n {\"kind\": \"host\", \"risk\":3}]",
            "log,ts,uid,score\n",
            "score  time (UTC)           log   what\n",
            "risk  host      score  finding\n",
            "logs/a\tscore=41.0/100\tseverity=MEDIUM\n",
        ];
        for text in findings {
            assert!(is_findings(text.as_bytes()), "{text}");
        }
        let others: &[&str] = &[
            "{\"ts\":1.0,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\"}\n",
            "#separator \\x09\n#path\tconn\n",
            "the score of the day\n",
            "uid,attack\nC1,scan\n",
            "\u{7f}ELF",
        ];
        for text in others {
            assert!(!is_findings(text.as_bytes()), "{text}");
        }
        assert!(Content::Appended.fits(b"#separator \\x09\n#path\tanomaly\n"));
        assert!(!Content::Appended.fits(b"#separator \\x09\n#path\tconn\n"));
        assert!(Content::Page.fits(b"\n<!DOCTYPE html>\n"));
        assert!(!Content::Model.fits(b"ZEEKHUNT"));
    }
}
