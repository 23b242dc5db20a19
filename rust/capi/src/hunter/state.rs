//! What a hunter keeps in files.

use super::open::option;
use super::{Inner, za_hunter};
use crate::background::Writer;
use crate::engine::path_of;
use crate::guard::{act, give};
use crate::status::{Failure, za_error, za_status};
use std::ffi::c_char;
use std::path::Path;
use zeek_anomaly_behavior::{Snapshot, SnapshotError};

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

/// State on its way to a file.
#[derive(Default)]
pub(super) struct Saving {
    /// What is encoded so far.
    taken: Option<Snapshot>,
    writer: Writer,
}

/// How far the state has come on its way to a file.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_saving {
    /// It is there.
    Done = 0,
    /// There is more to encode: call again.
    Encoding = 1,
    /// It is being written, on a thread of its own.
    Writing = 2,
}

/// Saves the state to a file, which is replaced whole or not at all. When the call returns,
/// it is there.
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
        let path = unsafe { path_at(path, path_len)? };
        inner.saving.taken = None;
        // What it says is out of date: this is newer.
        let _ = inner.saving.writer.end();
        let saved = inner.role.hunter()?.save_to(path);
        saved.map_err(|e| failed(&e))
    };
    // SAFETY: as the caller says.
    unsafe { act(hunter, err, work) }
}

/// Does a part of what za_hunter_save does, so that no call takes long: each encodes the state of
/// one behaviour, and the last has all of it written on a thread of its own. out_state becomes a
/// za_saving. The next call after ZA_SAVING_DONE begins anew.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_save_step(
    hunter: *mut za_hunter,
    path: *const c_char,
    path_len: usize,
    out_state: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let path = unsafe { path_at(path, path_len)? };
        let state = step(inner, path)?;
        Ok(state as u32)
    };
    // SAFETY: as the caller says.
    unsafe { give(hunter, (out_state, "out_state"), err, work) }
}

fn step(inner: &mut Inner, path: &Path) -> Result<za_saving, Failure> {
    if inner.saving.writer.is_busy() {
        return Ok(za_saving::Writing);
    }
    if inner.saving.writer.is_begun() {
        inner.saving.writer.end()?;
        return Ok(za_saving::Done);
    }
    let taken = inner.saving.taken.get_or_insert_default();
    if !(inner.role.hunter()?.snapshot_step(taken)).map_err(|e| failed(&e))? {
        return Ok(za_saving::Encoding);
    }
    if let Some(whole) = inner.saving.taken.take() {
        let path = path.to_owned();
        let write = move || whole.write(&path).map_err(|e| failed(&e));
        inner.saving.writer.begin(write)?;
    }
    Ok(za_saving::Writing)
}

fn failed(e: &SnapshotError) -> Failure {
    Failure::new(za_status::ModelIo, e.to_string())
}

/// A path that is not empty.
///
/// # Safety
/// `ptr` is NULL, or `len` bytes are there for as long as the result is used.
unsafe fn path_at<'a>(ptr: *const c_char, len: usize) -> Result<&'a Path, Failure> {
    // SAFETY: as the caller says.
    let path = path_of(unsafe { option(ptr, len, "path")? })?;
    match path.as_os_str().is_empty() {
        true => Err(Failure::null("path")),
        false => Ok(path),
    }
}
