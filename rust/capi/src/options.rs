//! What a caller chooses.

use crate::borrow::Versioned;
use crate::types::za_text;
use std::mem::offset_of;

/// How an engine is opened.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_options {
    /// sizeof(za_options).
    pub size: usize,
    /// Connections that are remembered at once; 0 for the default, a million.
    pub max_connections: u64,
    /// The path of the state files without their endings: PREFIX.alerts, PREFIX.state and
    /// PREFIX.seed. The directory is made where it does not exist. Empty: no state is kept.
    pub state_prefix: za_text,
    /// How often to check the model file for changes, in seconds; 0 for never.
    pub model_check_interval: f64,
    /// How often to save the state, in seconds; 0 for never.
    pub save_interval: f64,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_options {
    const NAME: &'static str = "za_options";
    const FIRST: usize = offset_of!(za_options, save_interval) + size_of::<f64>();
}

/// Records are packed for another process of a cluster, and no state is kept here.
pub const ZA_BEHAVIORS_PACK: u32 = 1;

/// How behaviors are detected. Lists are texts with commas between their elements.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_behavior_options {
    /// sizeof(za_behavior_options).
    pub size: usize,
    /// The most memory that all state may take, in bytes; 0 for the default.
    pub memory: u64,
    /// ZA_BEHAVIORS_PACK or 0.
    pub flags: u32,
    /// Networks of the site: "192.0.2.0/24,2001:db8::/32".
    pub local_nets: za_text,
    /// Parameters: "beacon.threshold=4,scan.hosts=20".
    pub settings: za_text,
    /// A file of the behavioral baseline; empty for none.
    pub baseline_path: za_text,
    /// An allowlist file; empty for none. What it covers is not reported, neither behaviors nor
    /// records. It is read again when it changes.
    pub allow_path: za_text,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_behavior_options {
    const NAME: &'static str = "za_behavior_options";
    const FIRST: usize = offset_of!(za_behavior_options, allow_path) + size_of::<za_text>();
}

/// What shares one budget of alerts.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_share {
    /// All logs together.
    All = 0,
    /// Each log has its own.
    Log = 1,
}

/// Whether the traffic is compared with that of the training.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_watch_drift {
    /// No.
    Off = 0,
    /// The values and the columns are compared.
    Values = 1,
    /// The number of records is compared, too: this engine sees all records of the network.
    Volumes = 2,
}

/// What may change while an engine runs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_settings {
    /// sizeof(za_settings).
    pub size: usize,
    /// Alerts a day for each budget, from 0.01 to 10000; 0 for no budget.
    pub per_day: f64,
    /// The least score of an alert, whatever the budget.
    pub threshold: f64,
    /// Seconds for which records count with the alert of their finding; 0 for a day.
    pub window: f64,
    /// What shares a budget: a za_share.
    pub share: u32,
    /// 1 where behaviors share the budgets, as a log named "behavior"; else 0.
    pub behaviors: u32,
    /// Logs whose records raise alerts, with commas between them; empty for all.
    pub logs: za_text,
    /// Networks whose hosts have a budget of their own, each, with commas between them:
    /// "10.1.0.0/16,2001:db8::/32".
    pub networks: za_text,
    /// Whether drift is watched: a za_watch_drift.
    pub drift: u64,
    /// Local networks, in addition to private ones, with commas between them: hosts outside
    /// cannot use up the last third of a budget.
    pub local_nets: za_text,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_settings {
    const NAME: &'static str = "za_settings";
    const FIRST: usize = offset_of!(za_settings, drift) + size_of::<u64>();
}
