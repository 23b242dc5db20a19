//! What stands between every entry and its work: a panic ends here.

use crate::borrow::{Out, Versioned, object};
use crate::status::{Failure, za_error, za_status};
use parking_lot::Mutex;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does an entry's work; a failure and a panic both become a status, and a text
/// if the caller wants one.
///
/// What a panic leaves half done in an engine is never seen: the engine refuses
/// to be called after it (see [`Guarded::with`]).
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

/// What a caller holds: something behind a lock.
pub(crate) trait Handle {
    /// Its name, for messages.
    const NAME: &'static str;
    /// What is behind the lock.
    type Inner;
    fn guarded(&self) -> &Guarded<Self::Inner>;
}

/// An entry that works with what is behind a handle.
///
/// # Safety
/// `handle` is NULL or open; `err` is NULL or good for writing a pointer.
pub(crate) unsafe fn act<H: Handle>(
    handle: *const H,
    err: *mut *mut za_error,
    work: impl FnOnce(&mut H::Inner) -> Result<(), Failure>,
) -> za_status {
    // SAFETY: as the caller says.
    let act = || unsafe { object(handle, H::NAME)? }.guarded().with(work);
    // SAFETY: as the caller says.
    unsafe { entry(err, act) }
}

/// An entry that fills a struct; the work gets the size that the caller said.
///
/// # Safety
/// As of [`act`]; `out` is NULL, or good for a struct of the size that it begins with.
pub(crate) unsafe fn fill_in<H: Handle, T: Versioned>(
    handle: *const H,
    out: *mut T,
    err: *mut *mut za_error,
    work: impl FnOnce(&mut H::Inner, usize) -> Result<T, Failure>,
) -> za_status {
    let fill = || {
        // SAFETY: as the caller says.
        let (handle, out) = unsafe { (object(handle, H::NAME)?, Out::new(out)?) };
        let size = out.size;
        let value = handle.guarded().with(|inner| work(inner, size))?;
        out.write(&value);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, fill) }
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
        #[cfg(test)]
        tests::panic_if_asked();
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

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        pub(crate) static PANIC: Cell<bool> = const { Cell::new(false) };
    }

    /// Panics once, where a test asked for it.
    pub(super) fn panic_if_asked() {
        assert!(!PANIC.replace(false), "asked to\nby a test");
    }
}
