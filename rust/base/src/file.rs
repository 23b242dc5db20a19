//! Files, read and replaced.

use crate::pending;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use tempfile::NamedTempFile;

/// Who may read a file that was not there before. One that is replaced keeps its permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Only the account that writes it: state, which tells of hosts and of what they do.
    Owner,
    /// All accounts, as far as the umask lets them: models, which the account that Zeek runs
    /// under has to read.
    All,
    /// The same, and they may write it too where the umask lets them: what somebody asked for
    /// as output.
    Output,
}

impl Readers {
    fn of(self, path: &Path) -> Permissions {
        let mode = match self {
            Readers::Owner => 0o600,
            Readers::All => 0o644,
            Readers::Output => 0o666,
        };
        std::fs::metadata(path).map_or_else(|_| Permissions::from_mode(mode), |m| m.permissions())
    }
}

/// A temporary file in the directory of `path`, which it is to replace.
///
/// # Errors
/// Also where there is no such directory.
pub fn beside(path: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    let dir = match path.parent() {
        Some(d) if !d.as_os_str().is_empty() => d,
        _ => Path::new("."),
    };
    if !dir.is_dir() {
        return Err(io::Error::other("its directory does not exist"));
    }
    let make = || {
        // The temporary file's own name is in tempfile's message, and tells a user nothing.
        tempfile::Builder::new()
            .prefix(".zeek-anomaly-")
            .permissions(readers.of(path))
            .tempfile_in(dir)
            .map_err(|e| io::Error::new(e.kind(), e.to_string()))
    };
    pending::create(make, NamedTempFile::path)
}

/// Writes a file, whole or not at all. A link stays one: what it leads to is replaced.
///
/// # Errors
/// Also where something other than a file is in the place.
pub fn write_whole(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let target = std::fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return Err(io::Error::other(
            "is not a file, and is not replaced by one",
        ));
    }
    let mut tmp = beside(path, readers)?;
    tmp.write_all(bytes)?;
    tmp.as_file().sync_all()?;
    tmp.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// The bytes of a file, or the first `most` and one more, which is enough to notice.
///
/// # Errors
/// Also where it is not a file: opening a pipe would wait for somebody to write to it.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is not a file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes of a small file that a person wrote, of at most `most` bytes. A pipe that another
/// program fills (`<(generate)`) is read as well.
///
/// # Errors
/// Also where it is larger, a device, a socket, a directory, or a FIFO with a name: opening a FIFO
/// waits until somebody writes to it, which may be never.
pub fn read_small(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let kind = std::fs::metadata(path)?.file_type();
    // A pipe without a name has a path (/dev/fd/63) that leads to no place in the file system.
    let pipe = kind.is_fifo() && std::fs::canonicalize(path).is_err();
    if !kind.is_file() && !pipe {
        return Err(io::Error::other(match () {
            () if kind.is_dir() => "is a directory, and a file is needed",
            () if kind.is_fifo() => "is a FIFO, and a file is needed",
            () => "is a device or a socket, and a file is needed",
        }));
    }
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let text = format!("is larger than {} MiB, the most that is read", most >> 20);
        return Err(io::Error::other(text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn state_is_for_its_owner_and_what_is_replaced_keeps_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        write_whole(&path, b"one", Readers::Owner).unwrap();
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_whole(&path, b"two", Readers::All).unwrap();
        assert_eq!(mode(&path), 0o640);
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_one_and_a_directory_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::fs::write(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_whole(&link, b"new", Readers::All).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert!(write_whole(dir.path(), b"new", Readers::All).is_err());
        assert!(write_whole(&dir.path().join("none/file"), b"new", Readers::All).is_err());
    }

    #[test]
    fn what_is_no_small_file_is_refused_without_being_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list");
        std::fs::write(&path, [b'7'; 100]).unwrap();
        assert_eq!(read_small(&path, 100).unwrap().len(), 100);
        assert!(read_small(&path, 99).is_err());
        for other in [dir.path(), Path::new("/dev/zero"), Path::new("/dev/null")] {
            assert!(read_small(other, 100).is_err(), "{}", other.display());
        }
    }

    #[test]
    fn no_more_is_read_than_shows_that_it_is_too_much() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        std::fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read_at_most(&path, 10).unwrap().len(), 11);
        assert_eq!(read_at_most(&path, 100).unwrap().len(), 100);
        assert!(read_at_most(dir.path(), 10).is_err());
    }
}
