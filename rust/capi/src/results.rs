//! What the library hands out.

use crate::borrow::Versioned;
use crate::types::za_text;
use std::mem::offset_of;

/// What became of one record.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_result {
    /// sizeof(za_result); set by the caller, and not changed.
    pub size: usize,
    /// 1 where the record has a score; 0 where the model does not know the log.
    pub scored: u32,
    /// How many events wait for za_engine_next_event because of records.
    pub waiting: u32,
    /// -log10(p), where p is the fraction of normal records that are at least as anomalous.
    /// Higher is more anomalous; 3 is one in a thousand. 0 where there is no score.
    pub score: f64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_result {
    const NAME: &'static str = "za_result";
    const FIRST: usize = offset_of!(za_result, score) + size_of::<f64>();
}

/// What an event tells.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_event_kind {
    /// No event waits.
    None = 0,
    /// A record is anomalous: as.anomaly.
    Anomaly = 1,
    /// A behavior was detected, or has more evidence: as.behavior.
    Behavior = 2,
    /// A finding that raised an alert counts no more records: as.closed.
    FindingClosed = 3,
    /// A day of a budget has ended: as.day.
    BudgetDay = 4,
    /// The traffic of a log differs from training: as.drift.
    Drift = 5,
    /// Another model replaced the current one: as.text is its path.
    ModelLoaded = 6,
    /// Something does not work, and the engine goes on without it: as.text says what.
    Warning = 7,
    /// Packed records for another process: as.batch.
    Batch = 8,
}

/// One event.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct za_event {
    /// sizeof(za_event); set by the caller, and not changed.
    pub size: usize,
    /// What it tells: a za_event_kind, which says what member of the union is used.
    pub kind: u32,
    /// Names an anomaly or a behavior for za_engine_decide. 0 for other events.
    pub id: u64,
    /// The contents.
    pub r#as: za_event_data,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_event {
    const NAME: &'static str = "za_event";
    const FIRST: usize = size_of::<za_event>();
}

/// The contents of an event; za_event_kind says which member is used.
#[repr(C)]
#[derive(Clone, Copy)]
pub union za_event_data {
    /// ANOMALY.
    pub anomaly: za_anomaly,
    /// BEHAVIOR.
    pub behavior: za_behavior,
    /// FINDING_CLOSED.
    pub closed: za_finding_summary,
    /// BUDGET_DAY.
    pub day: za_budget_day,
    /// DRIFT.
    pub drift: za_drift,
    /// BATCH.
    pub batch: za_batch,
    /// MODEL_LOADED, WARNING.
    pub text: za_text,
}

/// How a score is known.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_claim {
    /// Counted among the training records.
    Measured = 0,
    /// More anomalous than any training record: from the tail fitted to the most anomalous.
    Extrapolated = 1,
    /// More anomalous than any training record, which are too few for a tail: a lower bound.
    AtLeast = 2,
}

/// One feature that made a record anomalous.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_reason {
    /// The feature's name.
    pub feature: za_text,
    /// Its value in the record, with its unit.
    pub value: za_text,
    /// Its typical values.
    pub typical: za_text,
    /// Its share of the score, from 0 to 1.
    pub share: f64,
}

/// A record whose score is at least what za_engine_observe was given as report_from.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_anomaly {
    /// The finding: the same for records of the same log and host that are anomalous for the
    /// same main reasons, in every run.
    pub finding: u64,
    /// The score, as in za_result.
    pub score: f64,
    /// The detector's own value, before calibration.
    pub raw: f64,
    /// How the score is known: a za_claim.
    pub claim: u32,
    /// The detector that found the record most anomalous.
    pub detector: za_text,
    /// Why, the most important first.
    pub reasons: *const za_reason,
    /// How many reasons there are.
    pub n_reasons: usize,
}

/// What the score of a behavior is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_basis {
    /// -log10 of the probability under what the reasons state as ordinary.
    Probability = 0,
    /// The strength of a stated rule: 3 is worth a look, 6 is grave.
    Rule = 1,
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

/// A behavior of a host.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_behavior {
    /// The finding: the same for every update of it, in every run.
    pub finding: u64,
    /// Records that are part of it.
    pub records: u64,
    /// How strong the evidence is.
    pub score: f64,
    /// How sure it is that this means harm, from 0 to 1.
    pub confidence: f64,
    /// Time of the first record, in seconds since the epoch.
    pub first: f64,
    /// Time of the last record.
    pub last: f64,
    /// How often it was reported before, with less evidence.
    pub update: u32,
    /// What the score is: a za_basis.
    pub basis: u32,
    /// The responder's port; 65536 where there is none.
    pub port: u32,
    /// Its kind: "scan_vertical".
    pub kind: za_text,
    /// The kind in words.
    pub title: za_text,
    /// The stage of an attack that it usually belongs to.
    pub stage: za_text,
    /// The host that shows the behavior: an address.
    pub host: za_text,
    /// The other side, where it is one host: an address.
    pub peer: za_text,
    /// The transport protocol, where it is known.
    pub proto: za_text,
    /// A name of the other side, where it is known.
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

/// A finding that raised an alert, with its final counts.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_finding_summary {
    /// The finding, as in za_decision.
    pub finding: u64,
    /// Its records, all of them.
    pub records: u64,
    /// About how many hosts it is about.
    pub entities: u64,
    /// When it raised its alert, in seconds since the epoch.
    pub raised: f64,
    /// Time of the first record.
    pub first: f64,
    /// Time of the last record.
    pub last: f64,
    /// The highest score among them.
    pub score: f64,
    /// The log of its records; "behavior" for behaviors.
    pub log: za_text,
    /// The address of the host that it is about; empty where there are several, or none.
    pub host: za_text,
}

/// A day of one budget that has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_budget_day {
    /// When it began, in seconds since the epoch.
    pub begin: f64,
    /// The part of it that was seen, from 0 to 1.
    pub part: f64,
    /// Alerts a day that are wanted.
    pub per_day: f64,
    /// Alerts that were raised.
    pub raised: u64,
    /// Findings that were suppressed.
    pub suppressed: u64,
    /// Records of all logs.
    pub records: u64,
    /// 1 where the budget was exceeded.
    pub exceeded: u32,
    /// The log or network that the budget is for; empty where all share one.
    pub budget: za_text,
}

/// What differs from training in one log: on one day, or in its columns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_drift {
    /// When the day began, in seconds since the epoch; NaN for columns.
    pub day: f64,
    /// Records of the day.
    pub records: u64,
    /// How many things differ.
    pub changes: u32,
    /// The log.
    pub log: za_text,
    /// What differs, in words, the largest difference first; at most five of them.
    pub text: za_text,
}

/// Packed records. All of one bucket have to go to the same process.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_batch {
    /// The bucket. From ZA_BUCKET_ALL on, every process that keeps state needs them.
    pub bucket: u32,
    /// How many records there are.
    pub records: u32,
    /// The bytes, for za_engine_unpack.
    pub data: *const u8,
    /// How many bytes there are.
    pub len: usize,
}

/// The bucket of records that every process that keeps state needs.
pub const ZA_BUCKET_ALL: u32 = 512;

/// What became of an anomaly or a behavior.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_disposition {
    /// No budget counts it.
    None = 0,
    /// It raises the alert of its finding.
    Raised = 1,
    /// Its finding has raised an alert already.
    Aggregated = 2,
    /// It would have raised an alert on a day with fewer alerts.
    Suppressed = 3,
    /// It is not anomalous enough for an alert.
    BelowThreshold = 4,
}

/// The decision about an anomaly or a behavior.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_decision {
    /// sizeof(za_decision); set by the caller, and not changed.
    pub size: usize,
    /// What became of it: a za_disposition.
    pub disposition: u32,
    /// 1 where now, for the first time today, the budget is exceeded.
    pub exceeded: u32,
    /// The finding that it was counted with: its own, or that of many hosts alike.
    pub finding: u64,
    /// Records of the finding so far.
    pub records: u64,
    /// About how many hosts the finding has; more than 1 only for many hosts alike.
    pub entities: u64,
    /// Time of the first of its records, in seconds since the epoch.
    pub first: f64,
    /// The score that an alert takes.
    pub needed: f64,
    /// Alerts a day that are wanted.
    pub per_day: f64,
    /// Alerts of the budget so far today.
    pub raised_today: u64,
    /// Findings of the budget that were suppressed today.
    pub suppressed_today: u64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_decision {
    const NAME: &'static str = "za_decision";
    const FIRST: usize = offset_of!(za_decision, suppressed_today) + size_of::<u64>();
}

/// Counts of an engine since it was opened, and its model.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_info {
    /// sizeof(za_info); set by the caller, and not changed.
    pub size: usize,
    /// Records that the model saw.
    pub records: u64,
    /// Connections that are remembered now.
    pub contexts: u64,
    /// Connections that were forgotten before their end, because of max_connections.
    pub contexts_evicted: u64,
    /// Rows that the model was trained on; 0 where there is no model.
    pub model_trained_rows: u64,
    /// The version of Zeek that wrote them; empty where it is not known. It stays until
    /// the engine is closed or loads another model.
    pub model_zeek_version: za_text,
    /// Records that behaviors saw.
    pub behavior_records: u64,
    /// Of these: records that the allowlist covered.
    pub behavior_records_allowed: u64,
    /// Detected behaviors, updates among them.
    pub behaviors: u64,
    /// Of these: behaviors that the allowlist covered.
    pub behaviors_allowed: u64,
    /// Of these: behaviors that the behavioral baseline covered.
    pub behaviors_in_baseline: u64,
    /// Events, and packed records, that were dropped because nobody took them.
    pub dropped: u64,
    /// Bytes that the state of behaviors takes.
    pub behavior_memory: u64,
    /// Hosts and pairs that were forgotten to stay within the memory.
    pub behavior_evicted: u64,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_info {
    const NAME: &'static str = "za_info";
    const FIRST: usize = offset_of!(za_info, behavior_evicted) + size_of::<u64>();
}
