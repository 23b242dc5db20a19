//! The hunter's handle: what takes time to see.

use crate::borrow::{name, object, place, read_sized, slice};
use crate::engine::schema_of;
use crate::fill::fill;
use crate::guard::{Guarded, Handle, entry, fill_in, give, quiet};
use crate::status::{Failure, za_error, za_status};
use crate::types::{ZA_MAX_BINDINGS, ZA_MAX_FIELDS, za_field, za_value};
use show::Shown;
use state::Saving;
use std::collections::VecDeque;
use std::ffi::c_char;
use types::{za_finding, za_hunter_info, za_hunter_options};
use zeek_anomaly_behavior::wire::{Batch, Packer, Unpacker};
use zeek_anomaly_behavior::{Columns, Finding, Hunter};
use zeek_log::{RecordBuf, Schema};

pub(crate) mod batches;
mod open;
mod show;
pub(crate) mod state;
pub(crate) mod types;

/// Findings that wait to be taken at most; the oldest go first, and are counted.
const MAX_WAITING: usize = 10_000;

/// A hunter: what is known of hosts and pairs over time. It carries its own lock.
pub struct za_hunter {
    inner: Guarded<Inner>,
}
impl Handle for za_hunter {
    const NAME: &'static str = "hunter";
    type Inner = Inner;
    fn guarded(&self) -> &Guarded<Inner> {
        &self.inner
    }
}

pub(crate) struct Inner {
    role: Role,
    bound: Vec<Bound>,
    /// Filled again for each record.
    record: RecordBuf,
    out: Vec<Finding>,
    waiting: VecDeque<Finding>,
    dropped: u64,
    shown: Shown,
    saving: Saving,
}

/// A schema that was bound.
struct Bound {
    schema: Schema,
    columns: Columns,
    /// Which columns are looked at.
    needed: Vec<bool>,
}

/// What the handle is for.
enum Role {
    Hunts(Box<Hunter>, Unpacker),
    Packs(Packer, Batch),
}

impl Role {
    fn hunter(&mut self) -> Result<&mut Hunter, Failure> {
        match self {
            Role::Hunts(h, _) => Ok(h),
            Role::Packs(..) => Err(Failure::invalid("this za_hunter packs, and keeps no state")),
        }
    }
}
impl Inner {
    /// What was found waits to be taken; how many wait.
    fn keep(&mut self) -> usize {
        for f in self.out.drain(..) {
            if self.waiting.len() >= MAX_WAITING {
                self.waiting.pop_front();
                self.dropped += 1;
            }
            self.waiting.push_back(f);
        }
        self.waiting.len()
    }
}

/// Opens a hunter. The caller closes it with za_hunter_close.
///
/// Fails with ZA_STATUS_MODEL_REFUSED for a file that cannot be used, and with
/// ZA_STATUS_INVALID for a setting or network that makes no sense.
///
/// # Safety
///
/// options, out and err are NULL or point to what they are said to point to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_open(
    options: *const za_hunter_options,
    out: *mut *mut za_hunter,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (options, out) = unsafe { (read_sized(options)?, place(out, "out")?) };
        // SAFETY: as the caller says.
        let inner = Guarded::new(unsafe { open::open(&options)? });
        out.write(Box::into_raw(Box::new(za_hunter { inner })));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Closes a hunter and frees all that belongs to it. Nothing for NULL. No other call with it
/// may be under way, and none may follow.
///
/// # Safety
///
/// hunter is NULL or was opened by this library and is not yet closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_close(hunter: *mut za_hunter) {
    if !hunter.is_null() && hunter.is_aligned() {
        // SAFETY: made by Box::into_raw in za_hunter_open, and freed only here.
        quiet(|| drop(unsafe { Box::from_raw(hunter) }));
    }
}

/// Binds a schema, as za_engine_bind does. out_wanted becomes 1 where hunters look at records
/// of this log, else 0: those need not be handed over.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_bind(
    hunter: *mut za_hunter,
    log: *const c_char,
    log_len: usize,
    fields: *const za_field,
    n_fields: usize,
    out_binding: *mut u32,
    out_wanted: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, log, out, out_wanted) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                name(log, log_len, "log")?,
                place(out_binding, "out_binding")?,
                place(out_wanted, "out_wanted")?,
            )
        };
        if n_fields > ZA_MAX_FIELDS {
            return Err(Failure::new(
                za_status::Limit,
                format!("{log}: {n_fields} fields, {ZA_MAX_FIELDS} are allowed"),
            ));
        }
        // SAFETY: as the caller says.
        let schema = unsafe { schema_of(log, slice(fields, n_fields, "fields")?)? };
        let columns = Columns::bind(&schema);
        let wanted = columns.is_wanted();
        let number = hunter.inner.with(|inner| {
            if inner.bound.len() >= ZA_MAX_BINDINGS {
                return Err(Failure::new(
                    za_status::Limit,
                    format!("{log}: {ZA_MAX_BINDINGS} schemas are bound, no more are allowed"),
                ));
            }
            let mut needed = vec![false; schema.fields.len()];
            for at in columns.positions() {
                if let Some(needed) = needed.get_mut(at) {
                    *needed = true;
                }
            }
            inner.bound.push(Bound {
                schema,
                columns,
                needed,
            });
            Ok(inner.bound.len() as u32 - 1)
        })?;
        out.write(number);
        out_wanted.write(u32::from(wanted));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Looks at a record, or packs it. Records come in the order in which Zeek writes them.
/// out_waiting becomes the number of findings that wait to be taken.
///
/// # Safety
///
/// The pointers, also those in the values, are NULL or point to what they are said to point
/// to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_observe(
    hunter: *mut za_hunter,
    binding: u32,
    values: *const za_value,
    n_values: usize,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        let bound = inner.bound.get(binding as usize).ok_or_else(|| {
            Failure::invalid(format!("there is no binding {binding} of this hunter"))
        })?;
        let (schema, columns) = (&bound.schema, &bound.columns);
        if n_values != schema.fields.len() {
            return Err(Failure::invalid(format!(
                "{}: {n_values} values for {} fields",
                schema.log,
                schema.fields.len()
            )));
        }
        // SAFETY: as the caller says.
        unsafe {
            let values = slice(values, n_values, "values")?;
            fill(&mut inner.record, schema, &bound.needed, values)?;
        }
        let record = inner.record.record();
        match &mut inner.role {
            Role::Hunts(h, _) => h.observe(columns, &record, &mut inner.out),
            Role::Packs(p, _) => p.add(columns, &record),
        }
        Ok(inner.keep())
    };
    // SAFETY: as the caller says.
    unsafe { give(hunter, (out_waiting, "out_waiting"), err, work) }
}

/// Time has passed: now is that of the network, in seconds since the epoch. To be called now
/// and then, so that findings come although no records do.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_tick(
    hunter: *mut za_hunter,
    now: f64,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        inner.role.hunter()?.tick(now, &mut inner.out);
        Ok(inner.keep())
    };
    // SAFETY: as the caller says.
    unsafe { give(hunter, (out_waiting, "out_waiting"), err, work) }
}

/// There is nothing more to see: findings that have grown since they were handed out wait to be
/// taken once more, with all their evidence. The hunter may go on after it.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_finish(
    hunter: *mut za_hunter,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        inner.role.hunter()?.finish(&mut inner.out);
        Ok(inner.keep())
    };
    // SAFETY: as the caller says.
    unsafe { give(hunter, (out_waiting, "out_waiting"), err, work) }
}

/// Takes the oldest finding.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_take(
    hunter: *mut za_hunter,
    out: *mut za_finding,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        Ok(match inner.waiting.pop_front() {
            Some(f) => inner.shown.show(&f, size),
            None => za_finding {
                size,
                // SAFETY: numbers and pointers, for which zero is valid.
                ..unsafe { std::mem::zeroed() }
            },
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(hunter, out, err, work) }
}

/// Tells of a hunter.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_tell(
    hunter: *const za_hunter,
    out: *mut za_hunter_info,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let mut info = za_hunter_info {
            size,
            dropped: inner.dropped,
            // SAFETY: numbers, for which zero is valid.
            ..unsafe { std::mem::zeroed() }
        };
        match &inner.role {
            Role::Packs(p, _) => info.dropped += p.dropped(),
            Role::Hunts(h, _) => {
                let counts = h.counts();
                info.records = counts.records;
                info.allowed = counts.allowed;
                info.findings = counts.findings;
                info.findings_allowed = counts.findings_allowed;
                info.findings_usual = counts.findings_usual;
                for part in h.parts() {
                    info.memory += part.bytes as u64;
                    info.given_up += part.given_up.newcomers + part.given_up.established;
                }
            }
        }
        Ok(info)
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(hunter, out, err, work) }
}
