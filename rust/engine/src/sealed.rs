//! Bytes of a file that can be trusted as far as they can be checked: a magic word, the version
//! of the format, a checksum, a length. How such files are written.
//!
//! ```text
//! 0   8  magic
//! 8   4  format version, little endian
//! 12  4  CRC-32 of the payload
//! 16  8  length of the payload
//! 24     payload
//! ```

use std::io::{self, Write};
use std::path::Path;

/// Bytes before the payload.
pub(crate) const HEAD: usize = 24;

/// What is wrong with sealed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// They are something else.
    Other,
    /// They are of this format.
    Format(u32),
    /// They are damaged, in this way.
    Damaged(&'static str),
}

/// Puts a payload behind its head.
pub(crate) fn seal(magic: &[u8; 8], format: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + payload.len());
    out.extend_from_slice(magic);
    out.extend_from_slice(&format.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    out.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// The payload of sealed bytes, of at most `most` bytes.
pub(crate) fn payload<'a>(
    magic: &[u8; 8],
    format: u32,
    most: u64,
    bytes: &'a [u8],
) -> Result<&'a [u8], Broken> {
    let Some(head) = bytes.first_chunk::<HEAD>().filter(|h| h.starts_with(magic)) else {
        return Err(match bytes.starts_with(magic) {
            true => Broken::Damaged("truncated"),
            false => Broken::Other,
        });
    };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if word(8) != format {
        return Err(Broken::Format(word(8)));
    }
    let length = u64::from(word(16)) | u64::from(word(20)) << 32;
    let payload = &bytes[HEAD..];
    if length > most {
        return Err(Broken::Damaged("impossible length"));
    }
    if (payload.len() as u64) < length {
        return Err(Broken::Damaged("truncated"));
    }
    if payload.len() as u64 > length {
        return Err(Broken::Damaged("more data than there should be"));
    }
    if crc32fast::hash(payload) != word(12) {
        return Err(Broken::Damaged("wrong checksum"));
    }
    Ok(payload)
}

/// Writes a file, whole or not at all. A link stays one: what it leads to is replaced.
///
/// # Errors
/// Also where something other than a file is in the place.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = std::fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return Err(io::Error::other(
            "is not a file, and is not replaced by one",
        ));
    }
    let dir = match path.parent() {
        Some(d) if !d.as_os_str().is_empty() => d,
        _ => Path::new("."),
    };
    let mut tmp = tempfile::Builder::new()
        .prefix(".zeek-anomaly-")
        .permissions(permissions(path))
        .tempfile_in(dir)?;
    tmp.write_all(bytes)?;
    tmp.as_file().sync_all()?;
    tmp.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// The permissions of the file that is replaced, or those of an ordinary new file:
/// the account that Zeek runs under has to read it.
fn permissions(path: &Path) -> std::fs::Permissions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path)
            .map(|m| m.permissions())
            .unwrap_or_else(|_| std::fs::Permissions::from_mode(0o644))
    }
}
