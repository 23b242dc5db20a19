//! From a caller's pointers to what Rust may touch.

use crate::status::{Failure, za_status};
use crate::types::{ZA_MAX_NAME, za_text};
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest path, in bytes.
const MAX_PATH: usize = 1 << 16;

/// The largest size that a sized struct can have: more is garbage.
const MAX_SIZE: usize = 4096;

/// A struct that begins with its size as the caller compiled it.
///
/// # Safety
/// `#[repr(C)]`, the first member is `size: usize`, and all bits zero is a valid value.
pub(crate) unsafe trait Versioned: Copy {
    /// Its name, for messages.
    const NAME: &'static str;
    /// How large its first version was.
    const FIRST: usize;
}

/// A pointer that is neither NULL nor misaligned.
fn checked<T>(ptr: *const T, what: &str) -> Result<(), Failure> {
    if ptr.is_null() {
        return Err(Failure::null(what));
    }
    if !ptr.is_aligned() {
        return Err(Failure::invalid(format!("{what} is not aligned")));
    }
    Ok(())
}

/// How many bytes of a caller's struct are its and ours.
///
/// # Safety
/// `ptr` is NULL, or good for reading a struct of the size that it begins with.
unsafe fn common_size<T: Versioned>(ptr: *const T) -> Result<(usize, usize), Failure> {
    checked(ptr, T::NAME)?;
    // SAFETY: not NULL, aligned, and it begins with its size.
    let size = unsafe { ptr.cast::<usize>().read() };
    if !(T::FIRST..=MAX_SIZE).contains(&size) {
        return Err(Failure::invalid(format!(
            "{}: its size is said to be {size}, at least {} is needed",
            T::NAME,
            T::FIRST
        )));
    }
    Ok((size, size.min(size_of::<T>())))
}

/// A copy of a caller's struct; what the caller's does not have is zero.
///
/// # Safety
/// `ptr` is NULL, or good for reading a struct of the size that it begins with.
pub(crate) unsafe fn read_sized<T: Versioned>(ptr: *const T) -> Result<T, Failure> {
    // SAFETY: as the caller says.
    let (_, n) = unsafe { common_size(ptr)? };
    let mut copy = MaybeUninit::<T>::zeroed();
    // SAFETY: n is within both structs, and they are not the same; all zero is a
    // valid T (Versioned), and so are its C-made members.
    unsafe {
        std::ptr::copy_nonoverlapping(ptr.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), n);
        Ok(copy.assume_init())
    }
}

/// A caller's struct that was checked, and is written once all has gone well.
pub(crate) struct Out<T> {
    ptr: *mut T,
    /// The size that the caller said.
    pub(crate) size: usize,
    common: usize,
}

impl<T: Versioned> Out<T> {
    /// Checks a caller's struct.
    ///
    /// # Safety
    /// `ptr` is NULL, or good for reading and writing a struct of the size that it begins
    /// with, until after [`Out::write`].
    pub(crate) unsafe fn new(ptr: *mut T) -> Result<Out<T>, Failure> {
        // SAFETY: as the caller says.
        let (size, common) = unsafe { common_size(ptr.cast_const())? };
        Ok(Out { ptr, size, common })
    }

    /// Writes it, as far as the caller's struct goes.
    pub(crate) fn write(self, value: &T) {
        let from = std::ptr::from_ref(value).cast::<u8>();
        // SAFETY: common is within both structs; value is ours, so they do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(from, self.ptr.cast::<u8>(), self.common) };
    }
}

/// A caller's place for one plain value.
///
/// # Safety
/// `ptr` is NULL or good for writing, and for as long as the result is used.
pub(crate) unsafe fn place<'a, T>(
    ptr: *mut T,
    what: &str,
) -> Result<&'a mut MaybeUninit<T>, Failure> {
    checked(ptr, what)?;
    // SAFETY: not NULL, aligned, good for writing; nothing is read.
    Ok(unsafe { &mut *ptr.cast::<MaybeUninit<T>>() })
}

/// A caller's object.
///
/// # Safety
/// `ptr` is NULL or points to a `T` that is there for as long as the result is used.
pub(crate) unsafe fn object<'a, T>(ptr: *const T, what: &str) -> Result<&'a T, Failure> {
    checked(ptr, what)?;
    // SAFETY: not NULL, aligned, and a T, says the caller.
    Ok(unsafe { &*ptr })
}

/// A caller's array. NULL will do where there is nothing in it.
///
/// # Safety
/// `ptr` is NULL, or `len` valid values are there for as long as the result is used.
pub(crate) unsafe fn slice<'a, T>(
    ptr: *const T,
    len: usize,
    what: &str,
) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    checked(ptr, what)?;
    if len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Failure::invalid(format!("{what}: impossible length")));
    }
    // SAFETY: not NULL, aligned, not too long, and len values are there, says the caller.
    Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
}

/// The bytes of a caller's text; none where it is empty.
///
/// # Safety
/// The data is NULL, or `len` bytes are there for as long as the result is used.
pub(crate) unsafe fn bytes<'a>(
    text: za_text,
    most: usize,
    what: &str,
) -> Result<&'a [u8], Failure> {
    if text.len > most {
        return Err(Failure::invalid(format!(
            "{what} is {} bytes long, {most} are allowed",
            text.len
        )));
    }
    // SAFETY: as the caller says.
    unsafe { slice(text.data.cast::<u8>(), text.len, what) }
}

/// A caller's text, which has to be UTF-8; empty where there is none.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn utf8<'a>(text: za_text, most: usize, what: &str) -> Result<&'a str, Failure> {
    // SAFETY: as the caller says.
    let bytes = unsafe { bytes(text, most, what)? };
    std::str::from_utf8(bytes)
        .map_err(|_| Failure::new(za_status::Text, format!("{what} is not UTF-8")))
}

/// A caller's name: UTF-8, not empty, not too long.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn name<'a>(text: za_text, what: &str) -> Result<&'a str, Failure> {
    // SAFETY: as the caller says.
    match unsafe { utf8(text, ZA_MAX_NAME, what)? } {
        "" if text.data.is_null() => Err(Failure::null(what)),
        "" => Err(Failure::invalid(format!("{what} is empty"))),
        name => Ok(name),
    }
}

/// A caller's path, which is bytes as the system has it; `None` where it is empty.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn path<'a>(text: za_text, what: &str) -> Result<Option<&'a Path>, Failure> {
    // SAFETY: as the caller says.
    let bytes = unsafe { bytes(text, MAX_PATH, what)? };
    let path = Path::new(OsStr::from_bytes(bytes));
    Ok(Some(path).filter(|p| !p.as_os_str().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;

    /// A struct whose third member came later.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Grown {
        size: usize,
        first: u64,
        later: u64,
    }

    // SAFETY: repr(C), begins with size, numbers only.
    unsafe impl Versioned for Grown {
        const NAME: &'static str = "grown";
        const FIRST: usize = offset_of!(Grown, later);
    }

    #[test]
    fn an_older_callers_struct_is_read_and_written_as_far_as_it_goes() {
        let mut theirs = Grown {
            size: Grown::FIRST,
            first: 1,
            later: 2,
        };
        let at = &raw mut theirs;
        // SAFETY: a whole struct is there.
        unsafe {
            let read = read_sized(at).unwrap();
            assert_eq!((read.first, read.later), (1, 0));
            let out = Out::new(at).unwrap();
            let size = out.size;
            out.write(&Grown {
                size,
                first: 10,
                later: 20,
            });
        }
        assert_eq!(
            (theirs.size, theirs.first, theirs.later),
            (Grown::FIRST, 10, 2)
        );
    }

    #[test]
    fn a_newer_callers_struct_is_served_and_its_rest_left_alone() {
        #[repr(C)]
        struct Newer {
            known: Grown,
            unknown: u64,
        }
        let mut theirs = Newer {
            known: Grown {
                size: size_of::<Newer>(),
                first: 1,
                later: 2,
            },
            unknown: 3,
        };
        let at = (&raw mut theirs).cast::<Grown>();
        // SAFETY: a struct of the size that it says is there.
        unsafe {
            assert_eq!(read_sized(at).unwrap().later, 2);
            let out = Out::new(at).unwrap();
            let size = out.size;
            out.write(&Grown {
                size,
                first: 10,
                later: 20,
            });
        }
        assert_eq!((theirs.known.later, theirs.unknown), (20, 3));
        assert_eq!(theirs.known.size, size_of::<Newer>());
    }

    #[test]
    fn a_size_that_cannot_be_is_refused() {
        for size in [0, 1, Grown::FIRST - 1, MAX_SIZE + 1, usize::MAX] {
            let theirs = Grown {
                size,
                first: 1,
                later: 2,
            };
            // SAFETY: a whole struct is there, and it is refused before it is read.
            let refused = unsafe { read_sized(&raw const theirs) }.err().unwrap();
            assert_eq!(refused.status, za_status::Invalid);
        }
    }
}
