//! The state of the engine and the behavioral baseline as checked bytes: the magic word is "ZEEKHUNT" (state) or
//! "ZEEKUSUL" (baseline), the payload is bincode 2.

use crate::codec::MAX_BYTES;
use std::io;
use std::path::{Path, PathBuf};
use zeek_anomaly_base::{Broken, HEAD, Readers, payload, read_at_most, write_whole};

/// The format that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 9;

/// What a saved state begins with.
pub const STATE_MAGIC: &[u8; 8] = b"ZEEKHUNT";
/// What a behavioral baseline begins with.
pub const BASELINE_MAGIC: &[u8; 8] = b"ZEEKUSUL";

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
    #[error(
        "has format {0}, but this version reads format {FORMAT}; delete the file and make it again \
         (a baseline: zeek-anomaly hunt --learn)"
    )]
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
        STATE_MAGIC => "the saved state of a hunt",
        _ => "a file of what is usual (zeek-anomaly hunt --learn)",
    }
}

/// Puts a payload into its container.
pub(crate) fn seal(magic: &[u8; 8], payload: &[u8]) -> Vec<u8> {
    zeek_anomaly_base::seal(magic, FORMAT, payload)
}

/// The payload of a container.
pub(crate) fn open<'a>(magic: &[u8; 8], bytes: &'a [u8]) -> Result<&'a [u8], SnapshotError> {
    payload(magic, FORMAT, MAX_BYTES as u64, bytes).map_err(|e| match e {
        Broken::Other => SnapshotError::Other(name(magic)),
        Broken::Format(found) => SnapshotError::Format(found),
        Broken::Damaged(what) => SnapshotError::Damaged(what.into()),
    })
}

/// Writes a file, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), SnapshotError> {
    write_whole(path, bytes, readers).map_err(|cause| SnapshotError::Io {
        path: path.to_owned(),
        cause,
    })
}

/// Reads a file, as far as one may be long.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, SnapshotError> {
    let most = (HEAD + MAX_BYTES) as u64;
    read_at_most(path, most).map_err(|cause| SnapshotError::Io {
        path: path.to_owned(),
        cause,
    })
}

impl crate::BehaviorBaseline {
    /// Writes it to a file, whole or not at all.
    ///
    /// # Errors
    /// What prevented it.
    pub fn save(&self, path: &Path) -> Result<(), SnapshotError> {
        let payload = crate::codec::encode(self).map_err(SnapshotError::Unsaved)?;
        write(path, &seal(BASELINE_MAGIC, &payload), Readers::All)
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// What is refused, and why.
    pub fn load(path: &Path) -> Result<crate::BehaviorBaseline, SnapshotError> {
        let bytes = read(path)?;
        let usual: crate::BehaviorBaseline =
            crate::codec::decode(open(BASELINE_MAGIC, &bytes)?).map_err(SnapshotError::Damaged)?;
        match usual.is_sound() {
            true => Ok(usual),
            false => Err(SnapshotError::Damaged("contents that make no sense".into())),
        }
    }
}
