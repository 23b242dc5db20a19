//! Changes of the world.

use super::alert_types::za_drift;
use super::{Inner, Told, pointer_to, za_engine};
use crate::guard::{act, fill_in};
use crate::status::{za_error, za_status};
use std::ptr;
use zeek_anomaly_drift::LogDrift;

/// Changes of a log that are told in words.
const TOLD: usize = 5;

/// Watches from now on whether the world has changed that the model knows, or no more
/// where on is 0. With volumes not 0 the engine sees all records of the network, so that
/// their number means something. Schemas that were bound before are not compared.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_watch_drift(
    engine: *mut za_engine,
    on: u32,
    volumes: u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        match on {
            0 => inner.engine.forget_drift(),
            _ => inner.engine.watch_drift(volumes != 0),
        }
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

/// Takes the oldest change that was not taken. A day is compared an hour after its end, by
/// the records' time.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_take_drift(
    engine: *mut za_engine,
    out: *mut za_drift,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let found = inner.engine.take_drift();
        inner.told.log = found.as_ref().map_or(String::new(), |d| d.log.clone());
        inner.told.text = found.as_ref().map_or(String::new(), words);
        Ok(drift_of(size, found.as_ref(), &inner.told))
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}

fn words(d: &LogDrift) -> String {
    let mut parts: Vec<String> = d.changes.iter().take(TOLD).map(|c| c.to_string()).collect();
    let more = d.changes.len().saturating_sub(TOLD);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}

fn drift_of(size: usize, found: Option<&LogDrift>, told: &Told) -> za_drift {
    za_drift {
        size,
        there: u32::from(found.is_some()),
        changes: found.map_or(0, |d| d.changes.len() as u32),
        day: found.map_or(0.0, |d| d.day.unwrap_or(f64::NAN)),
        records: found.map_or(0, |d| d.rows),
        log: found.map_or(ptr::null(), |_| pointer_to(&told.log)),
        log_len: told.log.len(),
        text: found.map_or(ptr::null(), |_| pointer_to(&told.text)),
        text_len: told.text.len(),
    }
}
