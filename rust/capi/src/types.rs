//! What is passed, as C sees it.
//!
//! Numbers that stand for a type or a kind are plain numbers here, and are checked: an
//! enum that C filled in could hold anything.

use crate::borrow::Versioned;
use std::ffi::c_char;
use std::mem::offset_of;
use zeek_log::FieldType;

/// The version of this interface. It grows when something is changed that a
/// program compiled before would stumble over.
pub const ZA_ABI_VERSION: u32 = 1;

/// The most fields that a schema may have.
pub const ZA_MAX_FIELDS: usize = 4096;

/// The most schemas that one engine binds.
pub const ZA_MAX_BINDINGS: usize = 4096;

/// The most bytes of a log's or a field's name.
pub const ZA_MAX_NAME: usize = 1024;

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
    /// Its name in the dotted form, "id.orig_h"; UTF-8.
    pub name: *const c_char,
    /// Bytes of the name; 1 to ZA_MAX_NAME.
    pub name_len: usize,
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

/// How an engine is opened.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_options {
    /// sizeof(za_options).
    pub size: usize,
    /// The model file.
    pub model_path: *const c_char,
    /// Bytes of the path.
    pub model_path_len: usize,
    /// Connections that are remembered at once; 0 for the default, a million.
    pub max_connections: u64,
    /// ZA_ENGINE_WITHOUT_MODEL or 0.
    pub flags: u64,
}

/// There is no model (yet): nothing is scored, but there may be a budget of alerts for what a
/// hunter finds.
pub const ZA_ENGINE_WITHOUT_MODEL: u64 = 1;

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_options {
    const NAME: &'static str = "za_options";
    const FIRST: usize = offset_of!(za_options, max_connections) + size_of::<u64>();
}

/// One feature that made a record strange.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_reason {
    /// The feature's name.
    pub feature: *const c_char,
    /// Bytes of the name.
    pub feature_len: usize,
    /// Its value in the record, with its unit.
    pub value: *const c_char,
    /// Bytes of the value.
    pub value_len: usize,
    /// What is usual for it.
    pub usual: *const c_char,
    /// Bytes of what is usual.
    pub usual_len: usize,
    /// Its part in what makes the record strange, from 0 to 1.
    pub share: f64,
}

/// The judgement of one record.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_result {
    /// sizeof(za_result); set by the caller, and not changed.
    pub size: usize,
    /// 1 where the record has a score. 0 where the model knows nothing of the log: all that
    /// follows is 0 and NULL then, and the record is remembered all the same.
    pub scored: u32,
    /// -log10(p), where p is the fraction of normal records that look at least as
    /// strange. Higher is more anomalous; 3 is one in a thousand.
    pub score: f64,
    /// The detector's own value.
    pub raw: f64,
    /// The detector's name; static.
    pub detector: *const c_char,
    /// Bytes of the detector's name.
    pub detector_len: usize,
    /// Why, the most telling first, where the score is at least explain_from; else
    /// NULL. Stays until the next za_engine_observe on the engine, or its end.
    pub reasons: *const za_reason,
    /// How many reasons there are.
    pub n_reasons: usize,
    /// How the score is known: a za_claim.
    pub claim: u32,
}

/// How a score is known.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_claim {
    /// Counted among the training records.
    Measured = 0,
    /// Stranger than any training record: from the tail fitted to the strangest of them.
    Extrapolated = 1,
    /// Stranger than any training record, of which there are too few for a tail: a lower
    /// bound.
    AtLeast = 2,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_result {
    const NAME: &'static str = "za_result";
    const FIRST: usize = offset_of!(za_result, n_reasons) + size_of::<usize>();
}

/// What there is to know of an engine. The texts stay until the engine is closed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_info {
    /// sizeof(za_info); set by the caller, and not changed.
    pub size: usize,
    /// Records observed.
    pub records: u64,
    /// Connections that are remembered now.
    pub contexts: u64,
    /// Connections that were forgotten before their end, because of max_connections.
    pub contexts_evicted: u64,
    /// Rows that the model was trained on.
    pub model_trained_rows: u64,
    /// The first time in them, in seconds since the epoch; NaN where there is none.
    pub model_first_ts: f64,
    /// The last time in them; NaN where there is none.
    pub model_last_ts: f64,
    /// The version of Zeek that wrote them; NULL where it is not known.
    pub model_zeek_version: *const c_char,
    /// Bytes of the version.
    pub model_zeek_version_len: usize,
    /// The logs that the model scores, with commas between them.
    pub logs: *const c_char,
    /// Bytes of the logs.
    pub logs_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_info {
    const NAME: &'static str = "za_info";
    const FIRST: usize = offset_of!(za_info, logs_len) + size_of::<usize>();
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
    fn the_layout_of_version_1_stays() {
        assert_eq!((size_of::<za_value>(), align_of::<za_value>()), (24, 8));
        assert_eq!(size_of::<za_field>(), 24);
        assert_eq!(size_of::<za_reason>(), 56);
        assert_eq!(za_options::FIRST, 32);
        assert_eq!(za_result::FIRST, 64);
        assert_eq!(za_info::FIRST, 88);
    }
}
