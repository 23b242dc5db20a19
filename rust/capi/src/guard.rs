//! What stands between every entry and its work: a panic ends here.

use crate::status::{Failure, za_error, za_status};
use parking_lot::Mutex;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does an entry's work; a failure and a panic both become a status, and a text
/// if the caller wants one.
///
/// What a panic leaves half done in an engine is never seen: the engine refuses
/// to be called after it (see `Inner::with`).
///
/// # Safety
/// `err` is NULL or good for writing a pointer.
pub(crate) unsafe fn entry(
    err: *mut *mut za_error,
    work: impl FnOnce() -> Result<(), Failure>,
) -> za_status {
    let failure = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return za_status::Ok,
        Ok(Err(failure)) => failure,
        Err(payload) => panicked(payload),
    };
    // SAFETY: as the caller says.
    unsafe { za_error::hand_out(&failure, err) };
    failure.status
}

/// Does work that has no way to say that it failed.
pub(crate) fn quiet(work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        panicked(payload);
    }
}

/// What is behind a handle: a lock, and the memory of a panic.
pub(crate) struct Guarded<T>(Mutex<Held<T>>);

struct Held<T> {
    value: T,
    /// Whether a call has begun and not come to its end.
    busy: bool,
}

impl<T> Guarded<T> {
    pub(crate) fn new(value: T) -> Guarded<T> {
        Guarded(Mutex::new(Held { value, busy: false }))
    }

    /// Works with what is behind the lock. Where the work panics, it stays busy for ever:
    /// what was left half done is never seen.
    pub(crate) fn with<R>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let mut held = self.0.lock();
        if held.busy {
            return Err(Failure::new(
                za_status::Panic,
                "an earlier call with this handle met a defect in the library",
            ));
        }
        held.busy = true;
        let result = work(&mut held.value);
        held.busy = false;
        result
    }
}

fn panicked(payload: Box<dyn Any + Send>) -> Failure {
    let text = if let Some(s) = payload.downcast_ref::<&str>() {
        (*s).to_owned()
    } else if let Some(s) = payload.downcast_ref::<String>() {
        s.clone()
    } else {
        // Of an unknown type: dropping it could panic again.
        std::mem::forget(payload);
        "of an unknown kind".to_owned()
    };
    Failure::new(za_status::Panic, format!("a defect in the library: {text}"))
}
