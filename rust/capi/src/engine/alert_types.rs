//! What goes in and out where alerts and changes are told of, as C has it.

use crate::borrow::Versioned;
use std::ffi::c_char;
use std::mem::offset_of;

/// What shares one budget of alerts.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_share {
    /// All logs together.
    All = 0,
    /// Each log has its own.
    Log = 1,
}

/// How alerts are raised.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_alert_options {
    /// sizeof(za_alert_options).
    pub size: usize,
    /// Alerts a day for each budget, from 0.01 to 10000; 0 for no alerts at all.
    pub per_day: f64,
    /// The least score of an alert, whatever the budget.
    pub threshold: f64,
    /// Seconds for which records count with the alert of their finding; 0 for a day.
    pub window: f64,
    /// What shares a budget: a za_share.
    pub share: u32,
    /// Logs whose records raise alerts, with commas between them; none for all.
    pub logs: *const c_char,
    /// Bytes of the logs.
    pub logs_len: usize,
    /// Networks whose hosts have a budget of their own, each, with commas between them:
    /// "10.1.0.0/16,2001:db8::/32".
    pub networks: *const c_char,
    /// Bytes of the networks.
    pub networks_len: usize,
    /// 1 where what za_engine_alert_behavior takes shares the budgets, as a log named
    /// "behavior"; else 0.
    pub behaviors: u64,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_alert_options {
    const NAME: &'static str = "za_alert_options";
    const FIRST: usize = offset_of!(za_alert_options, networks_len) + size_of::<usize>();
}

/// What a record belongs to that was explained. It may be kept, copied and given back later.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_found {
    /// sizeof(za_found); set by the caller, and not changed.
    pub size: usize,
    /// The finding: the same for records of the same log and entity that are strange for the
    /// same main reasons, in every run. 0 where the record has no reasons.
    pub id: u64,
    /// The log and the reasons alone.
    pub kind: u64,
    /// The log's number in the engine.
    pub log: u32,
    /// Bytes of the entity's address: 0, 4 or 16.
    pub entity_len: u32,
    /// The entity's address, in network order.
    pub entity: [u8; 16],
    /// The record's score.
    pub score: f64,
    /// When it was, in seconds since the epoch; NaN where that is not known.
    pub ts: f64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_found {
    const NAME: &'static str = "za_found";
    const FIRST: usize = offset_of!(za_found, ts) + size_of::<f64>();
}

/// What a hunter found, for a budget.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_behavior {
    /// sizeof(za_behavior).
    pub size: usize,
    /// Its kind, as in za_finding.
    pub kind: *const c_char,
    /// Bytes of the kind.
    pub kind_len: usize,
    /// The finding's id, as in za_finding.
    pub id: u64,
    /// Its records so far.
    pub records: u64,
    /// Its score.
    pub score: f64,
    /// When its last record was, in seconds since the epoch; NaN where that is not known.
    pub ts: f64,
    /// The host's address, in network order.
    pub host: [u8; 16],
    /// Bytes of the address: 4 or 16.
    pub host_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_behavior {
    const NAME: &'static str = "za_behavior";
    const FIRST: usize = offset_of!(za_behavior, host_len) + size_of::<usize>();
}

/// A finding that raised an alert and counts no more records.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_over {
    /// sizeof(za_over); set by the caller, and not changed.
    pub size: usize,
    /// 1 where there is one; 0 where all were taken, and all that follows is 0 and NULL.
    pub there: u32,
    /// Bytes of the entity's address: 0 where it is none, or many; 4 or 16.
    pub entity_len: u32,
    /// The entity's address, in network order.
    pub entity: [u8; 16],
    /// The finding, as in za_alert.
    pub finding: u64,
    /// Its records, all of them.
    pub records: u64,
    /// About how many entities it had.
    pub entities: u64,
    /// When it raised its alert, in seconds since the epoch.
    pub alerted: f64,
    /// When the first of its records was.
    pub first: f64,
    /// When the last came.
    pub last: f64,
    /// The highest score among them.
    pub score: f64,
    /// The log; "behavior" where a hunter found it. Stays until the next is taken.
    pub log: *const c_char,
    /// Bytes of the log.
    pub log_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_over {
    const NAME: &'static str = "za_over";
    const FIRST: usize = offset_of!(za_over, log_len) + size_of::<usize>();
}

/// What became of a record that stands out.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_fate {
    /// It can raise no alert: there is no budget, its log does not count, or its score is
    /// below the least.
    None = 0,
    /// It raises the alert of its finding.
    Alert = 1,
    /// Its finding has raised an alert already.
    Counted = 2,
    /// It would have, had there not been so many alerts today.
    Held = 3,
    /// It is not strange enough.
    Below = 4,
}

/// What became of it, and of its finding.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_alert {
    /// sizeof(za_alert); set by the caller, and not changed.
    pub size: usize,
    /// What became of it: a za_fate.
    pub fate: u32,
    /// 1 where now, for the first time today, the budget is exceeded.
    pub exceeded: u32,
    /// The finding that it was counted with: its own, or that of many entities alike.
    pub finding: u64,
    /// Records of the finding so far.
    pub records: u64,
    /// About how many entities the finding has; more than 1 only for many alike.
    pub entities: u64,
    /// When the first of its records was, in seconds since the epoch.
    pub first: f64,
    /// The score that it took.
    pub needed: f64,
    /// Alerts that are wanted a day.
    pub per_day: f64,
    /// Alerts of the budget so far today.
    pub alerts_today: u64,
    /// Findings of the budget that were held back today.
    pub held_today: u64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_alert {
    const NAME: &'static str = "za_alert";
    const FIRST: usize = offset_of!(za_alert, held_today) + size_of::<u64>();
}

/// A day of one budget that has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_day {
    /// sizeof(za_day); set by the caller, and not changed.
    pub size: usize,
    /// 1 where there is one; 0 where all days were taken, and all that follows is 0 and NULL.
    pub there: u32,
    /// 1 where the budget was exceeded.
    pub exceeded: u32,
    /// When it began, in seconds since the epoch.
    pub begin: f64,
    /// The part of it that was seen, from 0 to 1.
    pub part: f64,
    /// Alerts that were wanted.
    pub per_day: f64,
    /// Alerts that were raised.
    pub alerts: u64,
    /// Findings that were held back.
    pub held: u64,
    /// Records of all logs.
    pub records: u64,
    /// The budget; NULL where all share one. Stays until the next day is taken.
    pub budget: *const c_char,
    /// Bytes of the budget.
    pub budget_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_day {
    const NAME: &'static str = "za_day";
    const FIRST: usize = offset_of!(za_day, budget_len) + size_of::<usize>();
}

/// What changed in one log: on one day, or in its columns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_drift {
    /// sizeof(za_drift); set by the caller, and not changed.
    pub size: usize,
    /// 1 where there is one; 0 where all were taken, and all that follows is 0 and NULL.
    pub there: u32,
    /// How many things changed.
    pub changes: u32,
    /// When the day began, in seconds since the epoch; NaN where it is no matter of a day.
    pub day: f64,
    /// Records of the day.
    pub records: u64,
    /// The log. Texts stay until the next change is taken.
    pub log: *const c_char,
    /// Bytes of the log.
    pub log_len: usize,
    /// What changed, in words, the largest first; at most five things.
    pub text: *const c_char,
    /// Bytes of the words.
    pub text_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_drift {
    const NAME: &'static str = "za_drift";
    const FIRST: usize = offset_of!(za_drift, text_len) + size_of::<usize>();
}
