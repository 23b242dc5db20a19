//! Temporary files and directories that exist now, so that a process which a signal ends can
//! remove them: destructors do not run then.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// Paths that were created. Some may be gone again; [`add`] forgets those.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// From so many paths on, those that are gone are forgotten.
const MANY: usize = 64;

/// Holds off the creation of further temporary files while it exists.
pub struct Removed(
    #[expect(dead_code, reason = "held, not read")] MutexGuard<'static, Vec<PathBuf>>,
);

fn lock() -> MutexGuard<'static, Vec<PathBuf>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates something temporary and remembers its path, with no gap in between.
pub(crate) fn create<T>(
    make: impl FnOnce() -> io::Result<T>,
    path: impl FnOnce(&T) -> &Path,
) -> io::Result<T> {
    let mut pending = lock();
    let made = make()?;
    if pending.len() >= MANY {
        pending.retain(|p| p.exists());
    }
    pending.push(path(&made).to_owned());
    Ok(made)
}

/// A temporary directory, which goes when the value is dropped or a signal ends the process.
///
/// # Errors
/// Where none can be created.
pub fn temporary_dir() -> io::Result<TempDir> {
    let make = || tempfile::Builder::new().prefix("zeek-anomaly-").tempdir();
    create(make, TempDir::path)
}

/// Removes all temporary files and directories. Whoever calls it is about to end the process:
/// no further ones are created while the result is held.
pub fn remove_pending() -> Removed {
    let mut pending = lock();
    for path in pending.drain(..) {
        // What is gone already, or was put into its place, is not there any more.
        if std::fs::remove_file(&path).is_err() && path.is_dir() {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    Removed(pending)
}
