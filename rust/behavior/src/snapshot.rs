//! State and what was learned, as bytes that can be trusted as far as they can be checked.
//!
//! ```text
//! 0   8  "ZEEKHUNT" (the state of a hunter) or "ZEEKUSUL" (what is usual)
//! 8   4  format version, little endian
//! 12  4  CRC-32 of the payload
//! 16  8  length of the payload
//! 24     payload: bincode 2
//! ```

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The format that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 2;

pub(crate) const STATE: &[u8; 8] = b"ZEEKHUNT";
pub(crate) const USUAL: &[u8; 8] = b"ZEEKUSUL";

/// Why something saved was not read, or not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The bytes are something else.
    #[error("is not {0}")]
    Other(&'static str),
    /// They are of another version.
    #[error("is of format {0}, this version reads {FORMAT}: make it again")]
    Format(u32),
    /// They are damaged.
    #[error("is damaged ({0}); make it again")]
    Damaged(String),
    /// The state cannot be saved.
    #[error("cannot be saved: {0}")]
    Unsaved(String),
}

fn name(magic: &[u8; 8]) -> &'static str {
    match magic {
        STATE => "the saved state of a hunt",
        _ => "a file of what is usual (zeek-anomaly hunt --learn)",
    }
}

/// Puts a payload into its container.
pub(crate) fn seal(magic: &[u8; 8], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(24 + payload.len());
    out.extend_from_slice(magic);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    out.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// The payload of a container.
pub(crate) fn open<'a>(magic: &[u8; 8], bytes: &'a [u8]) -> Result<&'a [u8], SnapshotError> {
    let damaged = |what: &str| SnapshotError::Damaged(what.into());
    if !bytes.starts_with(magic) {
        return Err(SnapshotError::Other(name(magic)));
    }
    let Some((head, payload)) = bytes.split_at_checked(24) else {
        return Err(damaged("truncated"));
    };
    let word = |at: usize| {
        let b: [u8; 4] = std::array::from_fn(|i| head.get(at + i).copied().unwrap_or(0));
        u32::from_le_bytes(b)
    };
    if word(8) != FORMAT {
        return Err(SnapshotError::Format(word(8)));
    }
    let length = u64::from(word(16)) | u64::from(word(20)) << 32;
    if payload.len() as u64 != length {
        return Err(damaged("truncated, or more data than there should be"));
    }
    if crc32fast::hash(payload) != word(12) {
        return Err(damaged("wrong checksum"));
    }
    Ok(payload)
}

/// Writes a file, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
    let failed = |cause| SnapshotError::Io {
        path: path.to_owned(),
        cause,
    };
    let target = std::fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        let text = "is not a file, and is not replaced by one";
        return Err(failed(io::Error::other(text)));
    }
    let dir = match path.parent() {
        Some(d) if !d.as_os_str().is_empty() => d,
        _ => Path::new("."),
    };
    let mut tmp = tempfile::Builder::new()
        .prefix(".zeek-anomaly-")
        .tempfile_in(dir)
        .map_err(failed)?;
    tmp.write_all(bytes).map_err(failed)?;
    tmp.as_file().sync_all().map_err(failed)?;
    tmp.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Reads a file, as far as one may be long.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, SnapshotError> {
    let failed = |cause| SnapshotError::Io {
        path: path.to_owned(),
        cause,
    };
    // Before it is opened: opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("is not a file")));
    }
    let mut bytes = Vec::new();
    let most = crate::codec::MAX_BYTES as u64 + 25;
    let file = File::open(path).map_err(failed)?;
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

impl crate::Usual {
    /// Writes it to a file, whole or not at all.
    ///
    /// # Errors
    /// What prevented it.
    pub fn save(&self, path: &Path) -> Result<(), SnapshotError> {
        let payload = crate::codec::encode(self).map_err(SnapshotError::Unsaved)?;
        write(path, &seal(USUAL, &payload))
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// What is refused, and why.
    pub fn load(path: &Path) -> Result<crate::Usual, SnapshotError> {
        let bytes = read(path)?;
        let usual: crate::Usual =
            crate::codec::decode(open(USUAL, &bytes)?).map_err(SnapshotError::Damaged)?;
        match usual.is_sound() {
            true => Ok(usual),
            false => Err(SnapshotError::Damaged("contents that make no sense".into())),
        }
    }
}
