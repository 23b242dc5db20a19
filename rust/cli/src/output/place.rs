//! Standard output, or a file that is there whole or not at all.

use crate::exit::Failure;
use std::fs::File;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use zeek_anomaly_base::{Readers, beside};

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
