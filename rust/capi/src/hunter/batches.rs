//! Records on their way from one process of a cluster to another.

use super::show::pointer;
use super::types::za_batch;
use super::{Inner, Role, za_hunter};
use crate::borrow::slice;
use crate::guard::{fill_in, give};
use crate::status::{Failure, za_error, za_status};
use std::ptr;

/// Looks at the records of a batch that another process packed.
///
/// Fails with ZA_STATUS_INVALID for a batch of another version, or one that is damaged;
/// what came before the damage was looked at.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_unpack(
    hunter: *mut za_hunter,
    data: *const u8,
    len: usize,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let data = unsafe { slice(data, len, "data")? };
        let Role::Hunts(hunter, unpacker) = &mut inner.role else {
            return Err(Failure::invalid("this za_hunter packs, and keeps no state"));
        };
        let found = &mut inner.out;
        let unpacked = unpacker.unpack(data, &mut |view, columns, record| {
            hunter.observe_as(view, columns, record, found);
        });
        let waiting = inner.keep();
        unpacked.map_err(|e| Failure::invalid(e.to_string()))?;
        Ok(waiting)
    };
    // SAFETY: as the caller says.
    unsafe { give(hunter, (out_waiting, "out_waiting"), err, work) }
}

/// Takes a batch of packed records: a full one, or with all not 0 one that is not full, too.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_take_batch(
    hunter: *mut za_hunter,
    all: u32,
    out: *mut za_batch,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let Role::Packs(packer, taken) = &mut inner.role else {
            return Err(Failure::invalid("this za_hunter does not pack"));
        };
        let Some(batch) = packer.take(all != 0) else {
            return Ok(za_batch {
                size,
                bucket: 0,
                records: 0,
                data: ptr::null(),
                len: 0,
            });
        };
        *taken = batch;
        Ok(za_batch {
            size,
            bucket: u32::from(taken.bucket),
            records: taken.records,
            data: pointer(&taken.bytes),
            len: taken.bytes.len(),
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(hunter, out, err, work) }
}
