//! What is passed, as C sees it.
//!
//! Numbers that stand for a type or a kind are plain numbers here, and are checked: an
//! enum that C filled in could hold anything.

use std::ffi::c_char;
use std::ptr;
use zeek_log::FieldType;

/// The version of this interface. docs/reference/c-abi.md says what a version may change.
pub const ZA_ABI_VERSION: u32 = 2;

/// The most fields that a schema may have.
pub const ZA_MAX_FIELDS: usize = 4096;

/// The most schemas that one engine binds.
pub const ZA_MAX_BINDINGS: usize = 4096;

/// The most bytes of a log's or a field's name.
pub const ZA_MAX_NAME: usize = 1024;

/// A text: bytes and their number, without a NUL at the end. The data may be NULL where
/// the length is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_text {
    /// The first byte.
    pub data: *const c_char,
    /// The number of bytes.
    pub len: usize,
}

impl za_text {
    /// A pointer to a text; NULL where it is empty.
    pub(crate) fn of(text: &str) -> za_text {
        za_text {
            data: pointer(text.as_bytes()).cast(),
            len: text.len(),
        }
    }
}

/// A pointer to the first element; NULL where there is none.
pub(crate) fn pointer<T>(all: &[T]) -> *const T {
    match all.is_empty() {
        true => ptr::null(),
        false => all.as_ptr(),
    }
}

/// The type of a field.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_type {
    /// Not known: values of every kind are taken.
    Unknown = 0,
    /// bool: values of kind BOOL.
    Bool = 1,
    /// count: values of kind COUNT.
    Count = 2,
    /// int: values of kind INT.
    Int = 3,
    /// double: values of kind DOUBLE.
    Double = 4,
    /// time: values of kind TIME.
    Time = 5,
    /// interval: values of kind INTERVAL.
    Interval = 6,
    /// port: values of kind PORT.
    Port = 7,
    /// addr: values of kind ADDR.
    Addr = 8,
    /// subnet: values of kind TEXT, as Zeek logs it ("10.0.0.0/8").
    Subnet = 9,
    /// string: values of kind TEXT.
    String = 10,
    /// enum: values of kind TEXT, the name.
    Enum = 11,
    /// A set or vector: values of kind LIST.
    List = 12,
}

impl za_type {
    /// The type that a number stands for.
    pub(crate) fn from_number(number: u32) -> Option<FieldType> {
        Some(match number {
            0 => FieldType::Unknown,
            1 => FieldType::Bool,
            2 => FieldType::Count,
            3 => FieldType::Int,
            4 => FieldType::Double,
            5 => FieldType::Time,
            6 => FieldType::Interval,
            7 => FieldType::Port,
            8 => FieldType::Addr,
            9 => FieldType::Subnet,
            10 => FieldType::String,
            11 => FieldType::Enum,
            12 => FieldType::List,
            _ => return None,
        })
    }
}

/// One field of a schema.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_field {
    /// Its name in the dotted form, "id.orig_h"; UTF-8, 1 to ZA_MAX_NAME bytes.
    pub name: za_text,
    /// Its type: a za_type.
    pub r#type: u32,
    /// The type of the elements: a za_type, but not ZA_TYPE_LIST. Looked at only
    /// where the type is ZA_TYPE_LIST.
    pub element: u32,
}

/// What a value is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_kind {
    /// Not there; fits every field. Neither zero nor empty.
    Unset = 0,
    /// A truth value, in as.count: 0 is false, everything else is true.
    Bool = 1,
    /// An unsigned number, in as.count.
    Count = 2,
    /// A signed number, in as.integer.
    Int = 3,
    /// A fraction, in as.real. NaN and infinities count as unset.
    Double = 4,
    /// Seconds since the epoch, in as.real. NaN and infinities count as unset.
    Time = 5,
    /// Seconds, in as.real. NaN and infinities count as unset.
    Interval = 6,
    /// A port number, in as.count; at most 65535.
    Port = 7,
    /// An address, in as.addr, in network order; len is 4 or 16.
    Addr = 8,
    /// Text, any bytes, in as.bytes; len of them. Cut where it is very long. NULL
    /// will do where len is 0.
    Text = 9,
    /// A set or vector, in as.items; len of them, none a list itself. Only the first
    /// 64 are looked at. NULL will do where len is 0.
    List = 10,
}

impl za_kind {
    /// The kind that a number stands for.
    pub(crate) fn from_number(number: u32) -> Option<za_kind> {
        Some(match number {
            0 => za_kind::Unset,
            1 => za_kind::Bool,
            2 => za_kind::Count,
            3 => za_kind::Int,
            4 => za_kind::Double,
            5 => za_kind::Time,
            6 => za_kind::Interval,
            7 => za_kind::Port,
            8 => za_kind::Addr,
            9 => za_kind::Text,
            10 => za_kind::List,
            _ => return None,
        })
    }
}

/// The contents of a value; za_kind says which member is used.
#[repr(C)]
#[derive(Clone, Copy)]
pub union za_data {
    /// BOOL, COUNT, PORT.
    pub count: u64,
    /// INT.
    pub integer: i64,
    /// DOUBLE, TIME, INTERVAL.
    pub real: f64,
    /// TEXT.
    pub bytes: *const u8,
    /// LIST.
    pub items: *const za_value,
    /// ADDR.
    pub addr: [u8; 16],
}

/// One value of a record, borrowed for the time of the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct za_value {
    /// What it is: a za_kind.
    pub kind: u32,
    /// TEXT: bytes. LIST: elements. ADDR: 4 or 16. Otherwise not looked at.
    pub len: u32,
    /// The contents.
    pub r#as: za_data,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_enums_say_the_same() {
        assert_eq!(
            za_type::from_number(za_type::Count as u32),
            Some(FieldType::Count)
        );
        assert_eq!(
            za_type::from_number(za_type::Subnet as u32),
            Some(FieldType::Subnet)
        );
        assert_eq!(
            za_type::from_number(za_type::List as u32),
            Some(FieldType::List)
        );
        assert_eq!(za_type::from_number(za_type::List as u32 + 1), None);
        for number in 0..=za_kind::List as u32 {
            assert_eq!(za_kind::from_number(number).map(|k| k as u32), Some(number));
        }
        assert_eq!(za_kind::from_number(za_kind::List as u32 + 1), None);
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn structs_without_a_size_keep_their_layout() {
        assert_eq!((size_of::<za_value>(), align_of::<za_value>()), (24, 8));
        assert_eq!(size_of::<za_field>(), 24);
        assert_eq!(size_of::<za_text>(), 16);
    }
}
