//! How a call went: a code for the program, and a text for people.

use std::borrow::Cow;
use std::ffi::{CString, c_char};
use zeek_anomaly_base::text::printable;

/// How a call went.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_status {
    /// The call succeeded.
    Ok = 0,
    /// A pointer is NULL that must not be.
    Null = 1,
    /// A length, a size, a type, a value, a binding or an id is not valid.
    Invalid = 2,
    /// A text is not UTF-8.
    Text = 3,
    /// A file cannot be read or written.
    Io = 4,
    /// A file was read and is refused: it is something else, is damaged, or was made by a
    /// version with another format.
    Refused = 5,
    /// There are too many bindings, or a schema has too many fields.
    Limit = 6,
    /// A defect of the library. Every later call with the engine fails, too.
    Panic = 7,
}

/// Why a call failed: code and text, on the way to the caller.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: za_status,
    pub(crate) text: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn new(status: za_status, text: impl Into<Cow<'static, str>>) -> Failure {
        Failure {
            status,
            text: text.into(),
        }
    }

    pub(crate) fn null(what: &str) -> Failure {
        Failure::new(za_status::Null, format!("{what} is NULL"))
    }

    pub(crate) fn invalid(text: impl Into<Cow<'static, str>>) -> Failure {
        Failure::new(za_status::Invalid, text)
    }
}

/// The text of one failure.
#[derive(Debug)]
pub struct za_error {
    message: CString,
}

impl za_error {
    /// Gives a failure's text to the caller, if it wants it.
    ///
    /// # Safety
    /// `err` is NULL or good for writing a pointer.
    pub(crate) unsafe fn hand_out(failure: &Failure, err: *mut *mut za_error) {
        if err.is_null() || !err.is_aligned() {
            return;
        }
        // Printable text holds no NUL.
        let message = CString::new(printable(&failure.text)).unwrap_or_default();
        let error = Box::into_raw(Box::new(za_error { message }));
        // SAFETY: checked above for NULL and alignment; good for writing, says the caller.
        unsafe { err.write(error) };
    }
}

/// The text of an error: one line that ends with a NUL.
///
/// Ownership: the text belongs to the error and stays until the error is freed.
/// NULL: gives NULL. Threads: one at a time for an error.
///
/// # Safety
///
/// error is NULL or was handed out by this library and is not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_error_message(error: *const za_error) -> *const c_char {
    if error.is_null() || !error.is_aligned() {
        return std::ptr::null();
    }
    // SAFETY: not NULL, so it is an error of ours that is not freed, says the caller.
    unsafe { (*error).message.as_ptr() }
}

/// Frees an error.
///
/// Ownership: the error and its text are gone. NULL: does nothing. Threads: one at a time
/// for an error.
///
/// # Safety
///
/// error is NULL or was handed out by this library and is not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_error_free(error: *mut za_error) {
    if !error.is_null() && error.is_aligned() {
        // SAFETY: made by Box::into_raw in hand_out, and freed only here.
        drop(unsafe { Box::from_raw(error) });
    }
}
