//! Where findings are appended.

use super::args::WatchFormat;
use super::state::{Written, lock};
use crate::exit::Failure;
use crate::output::ecs::Ecs;
use crate::output::jsonl::Jsonl;
use crate::output::zeek::ZeekLog;
use crate::rows::Finding;
use crate::say;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Standard output, or a file that grows.
pub struct Sink {
    format: WatchFormat,
    to: To,
    /// Finished lines that are not written yet.
    lines: Vec<u8>,
}

enum To {
    Stdout,
    File {
        path: PathBuf,
        file: BufWriter<File>,
    },
}

/// How an output stands to what the state says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// As it should, or there is nothing to compare.
    Whole,
    /// An interrupted run wrote so many bytes more, which were taken off: their records come again.
    Longer(u64),
    /// So many bytes of it are missing.
    Shorter(u64),
    /// It is another file, and the one of the last run is not beside it.
    Other,
}

impl Sink {
    /// Opens it, as far as an earlier run is known to have written it.
    pub fn open(
        path: Option<&Path>,
        format: WatchFormat,
        earlier: Option<&Written>,
    ) -> Result<(Sink, Found), Failure> {
        let mut sink = Sink {
            format,
            to: To::Stdout,
            lines: Vec::new(),
        };
        let Some(path) = path else {
            sink.head();
            return Ok((sink, Found::Whole));
        };
        let failed = |cause| Failure::Output {
            to: path.display().to_string(),
            cause,
        };
        let file = append(path).map_err(failed)?;
        let m = file.metadata().map_err(failed)?;
        if m.is_file() && !lock(&file).map_err(failed)? {
            return Err(Failure::Said(format!(
                "{}: is written by another watch; end that one first, or name another file with -o",
                path.display()
            )));
        }
        let found = match earlier.filter(|w| m.is_file() && w.path == path) {
            Some(w) if w.inode == (m.dev(), m.ino()) => settle(&file, w).map_err(failed)?,
            Some(w) => moved(path, w).map_err(failed)?,
            None => Found::Whole,
        };
        if !m.is_file() || file.metadata().map_err(failed)?.len() == 0 {
            sink.head();
        }
        sink.to = To::File {
            path: path.to_owned(),
            file: BufWriter::new(file),
        };
        Ok((sink, found))
    }

    fn head(&mut self) {
        if self.format == WatchFormat::Zeek {
            self.lines.extend_from_slice(ZeekLog::header().as_bytes());
        }
    }

    /// Adds a finding.
    pub fn write(&mut self, finding: &Finding) -> Result<(), Failure> {
        let wrote = match self.format {
            WatchFormat::Jsonl => Jsonl::new(&mut self.lines).write(finding),
            WatchFormat::Zeek => ZeekLog::write(&mut self.lines, finding),
            WatchFormat::Ecs => Ecs::new(&mut self.lines).write(finding),
        };
        wrote.map_err(|e| self.failed(e))
    }

    /// Writes what was added, so that everybody sees it.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let wrote = match &mut self.to {
            To::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&self.lines).and_then(|()| out.flush())
            }
            To::File { file, .. } => file.write_all(&self.lines).and_then(|()| file.flush()),
        };
        self.lines.clear();
        wrote.map_err(|e| self.failed(e))
    }

    /// Opens the file anew: somebody moved the old one away.
    pub fn reopen(&mut self) -> Result<(), Failure> {
        self.flush()?;
        let To::File { path, file } = &mut self.to else {
            return Ok(());
        };
        let path = path.clone();
        // Where it is still the same file, its lock must be let go of first.
        let _ = rustix::fs::flock(file.get_ref(), rustix::fs::FlockOperation::Unlock);
        let (sink, _) = Sink::open(Some(&path), self.format, None)?;
        *self = sink;
        self.flush()
    }

    /// How far it was written, for the state. What is written is on the disk by then: a state that
    /// outlives the lines it speaks of would lose them at a loss of power.
    pub fn written(&self) -> Result<Option<Written>, Failure> {
        let To::File { path, file } = &self.to else {
            return Ok(None);
        };
        let file = file.get_ref();
        let m = file.metadata().map_err(|e| self.failed(e))?;
        if !m.is_file() {
            return Ok(None);
        }
        file.sync_data().map_err(|e| self.failed(e))?;
        Ok(Some(Written {
            path: path.clone(),
            inode: (m.dev(), m.ino()),
            len: m.len(),
        }))
    }

    fn failed(&self, cause: io::Error) -> Failure {
        match &self.to {
            To::Stdout => Failure::stdout(cause),
            To::File { path, .. } => Failure::Output {
                to: path.display().to_string(),
                cause,
            },
        }
    }
}

/// Says how an output stands to the state; whether that is a loss.
pub fn say_found(path: &Path, found: &Found) -> bool {
    let path = path.display();
    match found {
        Found::Whole => return false,
        Found::Longer(bytes) => {
            say::line(&format!(
                "took {} off the end of the output: an interrupted run had not finished them",
                say::bytes(*bytes)
            ));
            return false;
        }
        Found::Shorter(bytes) => say::warning(&format!(
            "{path}: the output is {} shorter than the last run left it; the records in them are \
             lost (remove the state to write all records again)",
            say::bytes(*bytes)
        )),
        Found::Other => say::warning(&format!(
            "{path}: the output is not the file that the last run wrote, and that one is not \
             beside it: its records are lost unless somebody moved it"
        )),
    }
    true
}

/// Brings an output to where the state says that it was.
fn settle(mut file: &File, written: &Written) -> io::Result<Found> {
    let len = file.metadata()?.len();
    if len > written.len {
        file.set_len(written.len)?;
        return Ok(Found::Longer(len - written.len));
    }
    if len == written.len {
        return Ok(Found::Whole);
    }
    // What is left of a broken line would spoil the next one.
    let mut whole = len;
    let mut block = [0; 4096];
    'blocks: while whole > 0 {
        let from = whole.saturating_sub(block.len() as u64);
        let part = &mut block[..usize::try_from(whole - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(part)?;
        for byte in part.iter().rev() {
            if *byte == b'\n' {
                break 'blocks;
            }
            whole -= 1;
        }
    }
    file.set_len(whole)?;
    Ok(Found::Shorter(written.len - whole))
}

/// Looks for the file of the last run beside its place, where somebody may have moved it
/// (logrotate), and takes off what the state does not know.
fn moved(path: &Path, written: &Written) -> io::Result<Found> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty());
    let mut compressed = false;
    for entry in std::fs::read_dir(dir.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let Ok(m) = entry.metadata() else { continue };
        if m.is_file() && (m.dev(), m.ino()) == written.inode {
            return settle(&append(&entry.path())?, written);
        }
        // Compressed by then (`out.jsonl.1.gz`, `out.jsonl-20260305.gz`), it is another file.
        let other = entry.file_name();
        if let Some([b'.' | b'-', digit, ..]) = other.as_encoded_bytes().strip_prefix(name) {
            compressed |= digit.is_ascii_digit();
        }
    }
    Ok(match written.len == 0 || compressed {
        true => Found::Whole,
        false => Found::Other,
    })
}

fn append(path: &Path) -> io::Result<File> {
    if path.is_dir() {
        return Err(io::Error::other("is a directory; name a file in it"));
    }
    // Reading is needed to find the end of the last whole line; a pipe has none.
    let file = std::fs::metadata(path).map_or(true, |m| m.is_file());
    File::options()
        .read(file)
        .append(true)
        .create(true)
        .open(path)
}
