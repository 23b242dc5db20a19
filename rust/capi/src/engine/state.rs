//! What is known of alerts, kept in a file.

use super::{Inner, path_bytes, path_of, za_engine};
use crate::guard::act;
use crate::status::{Failure, za_error, za_status};
use std::ffi::c_char;
use std::path::Path;
use zeek_anomaly_base::{Readers, read_at_most, write_whole};

/// The longest file that is read.
const MAX_STATE: u64 = (64 << 20) + 1024;

/// Saves what is known of days, budgets and today's findings to a file, which is replaced whole
/// or not at all, on a thread of its own; with wait not 0 the call returns when it is there. Does
/// nothing where no alerts are raised.
///
/// Fails with ZA_STATUS_MODEL_IO where this, or the last time, could not be written.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_save_alerts(
    engine: *mut za_engine,
    path: *const c_char,
    path_len: usize,
    wait: u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let path = path_of(unsafe { path_bytes(path, path_len, "path")? })?.to_owned();
        let Some(bytes) = inner.engine.alerts_state() else {
            return inner.writer.end();
        };
        let begun = inner.writer.begin(move || {
            write_whole(&path, &bytes, Readers::Owner).map_err(|e| unwritten(&path, &e))
        });
        match wait {
            0 => begun,
            _ => inner.writer.end().and(begun),
        }
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

/// Goes on from what za_engine_save_alerts wrote; after za_engine_set_alerts. A file that is not
/// there is no failure. Where something else shares a budget than did then, only what is known of
/// the logs' records is used.
///
/// Fails with ZA_STATUS_MODEL_IO or ZA_STATUS_MODEL_REFUSED where the file cannot be used;
/// nothing changes then.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_resume_alerts(
    engine: *mut za_engine,
    path: *const c_char,
    path_len: usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let path = path_of(unsafe { path_bytes(path, path_len, "path")? })?;
        let Some(bytes) = read(path)? else {
            return Ok(());
        };
        let resumed = inner.engine.resume_alerts(&bytes);
        resumed
            .map_err(|e| Failure::new(za_status::ModelRefused, format!("{}: {e}", path.display())))
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

/// Time has passed, although no record says so: now is that of the network, in seconds since the
/// epoch. For engines without a model, whose days nothing else ends.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_tick(
    engine: *mut za_engine,
    now: f64,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        inner.engine.tick(now);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

fn unwritten(path: &Path, e: &std::io::Error) -> Failure {
    Failure::new(za_status::ModelIo, format!("{}: {e}", path.display()))
}

/// The bytes of a file, `None` where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match read_at_most(path, MAX_STATE) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unwritten(path, &e)),
    }
}
