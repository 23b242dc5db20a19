//! What goes in and out of a hunter, as C has it.

use crate::borrow::Versioned;
use std::ffi::c_char;
use std::mem::offset_of;

/// Records are packed for another process, and no state is kept here.
pub const ZA_HUNTER_PACKS: u32 = 1;
/// How a hunter is opened. Lists are texts with commas between their elements; NULL and 0
/// for none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_hunter_options {
    /// sizeof(za_hunter_options).
    pub size: usize,
    /// The most memory that all state may take, in bytes; 0 for the default.
    pub memory: u64,
    /// Mixed into all keys, so that nobody can prepare collisions. State belongs to its seed.
    pub seed: u64,
    /// ZA_HUNTER_PACKS or 0.
    pub flags: u32,
    /// Networks that are ours: "192.0.2.0/24,2001:db8::/32".
    pub local_nets: *const c_char,
    /// Bytes of local_nets.
    pub local_nets_len: usize,
    /// Parameters: "beacon.threshold=4,scan.hosts=20".
    pub settings: *const c_char,
    /// Bytes of settings.
    pub settings_len: usize,
    /// A file of what ordinary logs taught.
    pub usual_path: *const c_char,
    /// Bytes of usual_path.
    pub usual_path_len: usize,
    /// A file of what is not reported.
    pub allow_path: *const c_char,
    /// Bytes of allow_path.
    pub allow_path_len: usize,
    /// A file of saved state to go on from. One that is not there is no failure.
    pub state_path: *const c_char,
    /// Bytes of state_path.
    pub state_path_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_hunter_options {
    const NAME: &'static str = "za_hunter_options";
    const FIRST: usize = offset_of!(za_hunter_options, state_path_len) + size_of::<usize>();
}

/// A text.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_text {
    /// Its first byte; NULL where it is empty.
    pub data: *const c_char,
    /// How many there are.
    pub len: usize,
}

/// One piece of evidence.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_evidence {
    /// What it is.
    pub what: za_text,
    /// Its value, in words.
    pub value: za_text,
}

/// What a finding's score is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_basis {
    /// -log10 of the probability under what the reasons state as ordinary.
    Probability = 0,
    /// The strength of a stated rule: 3 is worth a look, 6 is grave.
    Rule = 1,
}

/// Something found. All texts and arrays stay until the next za_hunter_take on the
/// hunter, or its end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_finding {
    /// sizeof(za_finding); set by the caller, and not changed.
    pub size: usize,
    /// 1 where there was a finding to take; 0 where there was none, and all else is 0.
    pub taken: u32,
    /// How often it was handed out before, with less evidence.
    pub update: u32,
    /// The same for every update of one finding.
    pub id: u64,
    /// Records that are part of it.
    pub count: u64,
    /// How strong the evidence is.
    pub score: f64,
    /// How sure it is that this means harm, 0 to 1.
    pub confidence: f64,
    /// When it began, in seconds since the epoch.
    pub first: f64,
    /// The last record that is part of it.
    pub last: f64,
    /// What the score is: a za_basis.
    pub basis: u32,
    /// The responder's port; 65536 where there is none.
    pub port: u32,
    /// Its kind: "scan_vertical".
    pub kind: za_text,
    /// The kind as the name of a notice type: "Vertical_Scan".
    pub notice: za_text,
    /// The kind in words.
    pub title: za_text,
    /// Where in an attack it belongs, in words.
    pub stage: za_text,
    /// The host whose doing it is: an address.
    pub host: za_text,
    /// The other side, where it is one host: an address.
    pub peer: za_text,
    /// The transport protocol, where it is known.
    pub proto: za_text,
    /// A name that the other side goes by, where it is known.
    pub name: za_text,
    /// Why.
    pub reasons: *const za_evidence,
    /// How many reasons there are.
    pub n_reasons: usize,
    /// Some of the connections that are part of it.
    pub uids: *const za_text,
    /// How many uids there are.
    pub n_uids: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_finding {
    const NAME: &'static str = "za_finding";
    const FIRST: usize = offset_of!(za_finding, n_uids) + size_of::<usize>();
}

/// Records on their way to another process. The bytes stay until the next call with the
/// hunter.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_batch {
    /// sizeof(za_batch); set by the caller, and not changed.
    pub size: usize,
    /// Whose records these are: all of one bucket have to go to the same process.
    pub bucket: u32,
    /// Records in it; 0 where there was no batch to take.
    pub records: u32,
    /// The bytes, for za_hunter_unpack.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_batch {
    const NAME: &'static str = "za_batch";
    const FIRST: usize = offset_of!(za_batch, len) + size_of::<usize>();
}

/// What there is to know of a hunter.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_hunter_info {
    /// sizeof(za_hunter_info); set by the caller, and not changed.
    pub size: usize,
    /// Records looked at.
    pub records: u64,
    /// Records that the allowlist covered.
    pub allowed: u64,
    /// Findings, updates among them.
    pub findings: u64,
    /// Findings that the allowlist covered.
    pub findings_allowed: u64,
    /// Findings that were as usual.
    pub findings_usual: u64,
    /// Findings, and packed records, that were dropped because nobody took them.
    pub dropped: u64,
    /// Bytes that all state takes.
    pub memory: u64,
    /// Entities that were forgotten to stay within the memory.
    pub given_up: u64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_hunter_info {
    const NAME: &'static str = "za_hunter_info";
    const FIRST: usize = offset_of!(za_hunter_info, given_up) + size_of::<u64>();
}
