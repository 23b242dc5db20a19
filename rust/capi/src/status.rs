//! How a call went: a code for the program, and a text for people.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use zeek_anomaly_base::text::printable;

/// How a call went.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_status {
    /// It went well.
    Ok = 0,
    /// A pointer is NULL that must not be.
    Null = 1,
    /// A length, a size, a type, a value or a binding is not what it has to be.
    Invalid = 2,
    /// A name is not UTF-8.
    Text = 3,
    /// The model file cannot be read.
    ModelIo = 4,
    /// The model file was read and is refused: it is none, or is damaged, or was made by
    /// a version with another format or other features.
    ModelRefused = 5,
    /// There are too many bindings, or a schema has too many fields.
    Limit = 6,
    /// A defect of the library. The engine that was called is of no more use.
    Panic = 7,
}

impl za_status {
    /// What the code means, for a person.
    fn text(code: u32) -> &'static CStr {
        match code {
            0 => c"success",
            1 => c"a pointer is NULL",
            2 => c"a length, size, type, value or binding is not valid",
            3 => c"a name is not UTF-8",
            4 => c"the model file cannot be read",
            5 => c"the model file is refused",
            6 => c"too many bindings or fields",
            7 => c"a defect in the library",
            _ => c"an unknown status",
        }
    }
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

/// What a status means, in a few words: static, ends with a NUL, never NULL. Any
/// number may be given. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn za_status_text(status: u32) -> *const c_char {
    za_status::text(status).as_ptr()
}

/// The text of an error: one line, ends with a NUL, stays until the error is
/// freed. NULL for NULL.
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

/// Frees an error. Nothing for NULL.
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
