//! Where findings are appended.

use super::args::WatchFormat;
use super::state::Written;
use crate::exit::Failure;
use crate::output::jsonl::Jsonl;
use crate::output::zeek::ZeekLog;
use crate::rows::Finding;
use std::fs::File;
use std::io::{self, BufWriter, Write};
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

impl Sink {
    /// Opens it. What an interrupted run wrote after its last state is taken off the end:
    /// its lines come again. Returns how many bytes that were.
    pub fn open(
        path: Option<&Path>,
        format: WatchFormat,
        earlier: Option<&Written>,
    ) -> Result<(Sink, u64), Failure> {
        let mut sink = Sink {
            format,
            to: To::Stdout,
            lines: Vec::new(),
        };
        let Some(path) = path else {
            sink.head();
            return Ok((sink, 0));
        };
        let failed = |cause| Failure::Output {
            to: path.display().to_string(),
            cause,
        };
        let file = append(path).map_err(failed)?;
        let m = file.metadata().map_err(failed)?;
        let mut cut = 0;
        if let Some(w) = earlier
            && m.is_file()
            && w.path == path
            && w.inode == (m.dev(), m.ino())
            && m.len() > w.len
        {
            cut = m.len() - w.len;
            file.set_len(w.len).map_err(failed)?;
        }
        if m.len() == cut || !m.is_file() {
            sink.head();
        }
        sink.to = To::File {
            path: path.to_owned(),
            file: BufWriter::new(file),
        };
        Ok((sink, cut))
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
        let To::File { path, .. } = &self.to else {
            return Ok(());
        };
        let (sink, _) = Sink::open(Some(&path.clone()), self.format, None)?;
        *self = sink;
        self.flush()
    }

    /// How far it was written, for the state.
    pub fn written(&self) -> Option<Written> {
        let To::File { path, file } = &self.to else {
            return None;
        };
        let m = file.get_ref().metadata().ok().filter(|m| m.is_file())?;
        Some(Written {
            path: path.clone(),
            inode: (m.dev(), m.ino()),
            len: m.len(),
        })
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

fn append(path: &Path) -> io::Result<File> {
    if path.is_dir() {
        return Err(io::Error::other("is a directory; name a file in it"));
    }
    File::options().append(true).create(true).open(path)
}
