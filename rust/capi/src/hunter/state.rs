//! What a hunter keeps in files.

use super::open::option;
use super::{Inner, za_hunter};
use crate::engine::path_of;
use crate::guard::{act, give};
use crate::status::{Failure, za_error, za_status};
use std::ffi::c_char;

/// Reads the allowlist again if its file has changed; out_changed becomes 1 then, else 0.
/// Where it cannot be read, or has lines that are no entries, the old list stays, and the call
/// fails once for each change.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_reload(
    hunter: *mut za_hunter,
    out_changed: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        let reloaded = inner.role.hunter()?.allow().reload_if_changed();
        reloaded
            .map(u32::from)
            .map_err(|e| Failure::new(za_status::ModelRefused, e.to_string()))
    };
    // SAFETY: as the caller says.
    unsafe { give(hunter, (out_changed, "out_changed"), err, work) }
}

/// Saves the state to a file, which is replaced whole or not at all.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_save(
    hunter: *mut za_hunter,
    path: *const c_char,
    path_len: usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let path = path_of(unsafe { option(path, path_len, "path")? })?;
        if path.as_os_str().is_empty() {
            return Err(Failure::null("path"));
        }
        let saved = inner.role.hunter()?.save_to(path);
        saved.map_err(|e| Failure::new(za_status::ModelIo, e.to_string()))
    };
    // SAFETY: as the caller says.
    unsafe { act(hunter, err, work) }
}
