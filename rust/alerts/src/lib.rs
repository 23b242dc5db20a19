//! From records that stand out to what somebody should read.
//!
//! Records of the same log and the same entity (the originator, or the host that a
//! record is about) that are strange for the same main reasons are one *finding*
//! ([`Identity`]): a thousand of them are one thing to read. The first that is high enough
//! raises an *alert*, the others of a day are counted with it. Where many entities are
//! strange for the same reasons, the later ones become one finding together, a *crowd*.
//!
//! How high is high enough follows the traffic, so that on ordinary days there are about
//! as many alerts as somebody can read (`Budget`):
//!
//! - The *level* of a record is its score less log10 of the rows that its log has on such
//!   a day: −log10 of how many records as strange a day should bring. On that scale a rare
//!   log and a busy one are equal, and when traffic grows thresholds rise with it.
//! - Of each day the highest levels of findings are kept. The level of a day is the least at
//!   which the days before, the recent ones counting most, would have had 0.9 N alerts on
//!   average. Before there are such days, the calibrated scale stands for them.
//! - No day counts with more than 2 N. So a day of attack raises the level a little and not to
//!   its own height, and what lasts is learned within weeks.
//! - Once N alerts have been raised in a day, each further one has to be stranger; from 3 N
//!   on by two points, a hundred times. An attack is, and exceeds the budget, and that is
//!   said. Findings that were held back are counted.
//!
//! Alerts distinguish hosts inside from hosts outside ([`Side`]). Neither side can use the last third of a budget that
//! the other side needs, and a crowd holds hosts of one side only.
//!
//! What takes time to see (`zeek-anomaly-behavior`) may share a budget: each behaviour's finding
//! is one here, with a level from its score and how often such a one came on the days before (`Behaved`).
//!
//! Time is the records' own. A record that is older than what was seen counts as of now;
//! a clock that was set is followed once 32 records in a row say so. All memory is bounded.

mod alert;
mod behaved;
mod budget;
mod clock;
mod crowd;
mod identity;
mod over;
mod replay;
mod state;
mod volume;

pub use alert::{AlertLog, Alerts, Day, Fate, LogThreshold, Outcome};
pub use identity::{Candidate, EntityColumns, Identity};
pub use over::FindingSummary;
pub use replay::{Collector, Raised, Replay};
pub use state::StateError;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use zeek_anomaly_base::address::Scope;
use zeek_anomaly_base::time::DAY;

/// The score from which a record is anomalous by default: one in a thousand normal records has
/// it or a higher one.
pub const DEFAULT_THRESHOLD: f64 = 3.0;

/// The logs that raise alerts where nobody says otherwise: those of traffic, as in the
/// option `Anomaly::notice_logs` of the Zeek package.
pub const ALERT_LOGS: &[&str] = &[
    "conn",
    "dce_rpc",
    "dns",
    "files",
    "ftp",
    "http",
    "kerberos",
    "ntlm",
    "rdp",
    "smb_files",
    "smb_mapping",
    "smtp",
    "snmp",
    "socks",
    "ssh",
    "ssl",
];

/// The log as which findings of behaviours share a budget. It stands behind those of the model.
pub const BEHAVIOR: &str = "behavior";

/// Before anything is known of days, a behaviour's score of 3 is supposed to be reached once a day, as in a log of so many
/// rows.
const BEHAVIOR_ROWS: f64 = 1000.0;

/// Fewer and more alerts a day than these cannot be asked for.
pub const PER_DAY: (f64, f64) = (0.01, 10_000.0);

/// What shares one budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Share {
    /// All logs together.
    #[default]
    All,
    /// Each log has a budget of its own.
    Log,
}

/// Where a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// In a local network.
    Inside = 0,
    /// Anywhere else. What has no address, too: whoever sends it can choose that.
    Outside = 1,
}

impl Side {
    /// Each, in the order of their numbers.
    const BOTH: [Side; 2] = [Side::Inside, Side::Outside];
}

/// How alerts are raised.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertParams {
    /// Alerts a day for each budget, within [`PER_DAY`].
    pub per_day: f64,
    /// What shares a budget.
    pub share: Share,
    /// Networks whose entities have a budget of their own, each; the narrowest that holds an
    /// entity counts. All others share what there is without networks.
    pub networks: Vec<IpNet>,
    /// Local networks, in addition to private ones.
    pub local_nets: Vec<IpNet>,
    /// The least score of an alert, whatever the budget.
    pub threshold: f64,
    /// How long records count with the alert of their finding, in seconds.
    pub window: f64,
    /// Whether behaviors share the budget, as a log named [`BEHAVIOR`].
    pub behaviors: bool,
}

impl Default for AlertParams {
    fn default() -> AlertParams {
        AlertParams {
            per_day: 20.0,
            share: Share::All,
            networks: Vec::new(),
            local_nets: Vec::new(),
            threshold: DEFAULT_THRESHOLD,
            window: DAY,
            behaviors: false,
        }
    }
}

impl AlertParams {
    /// The same, with numbers that make sense.
    fn sane(mut self) -> AlertParams {
        let d = AlertParams::default();
        let or = |v: f64, default: f64| if v.is_finite() { v } else { default };
        self.per_day = or(self.per_day, d.per_day).clamp(PER_DAY.0, PER_DAY.1);
        self.threshold = or(self.threshold, d.threshold);
        self.window = or(self.window, d.window).clamp(60.0, 30.0 * DAY);
        self.networks.truncate(MAX_NETWORKS);
        self.local_nets.truncate(MAX_NETWORKS);
        self.networks
            .sort_by_key(|n| std::cmp::Reverse(n.prefix_len()));
        self
    }

    /// The name of the budget of a finding.
    fn budget(&self, log: &str, entity: Option<IpAddr>) -> String {
        let network = entity.and_then(|e| self.networks.iter().find(|n| n.contains(&e)));
        match (self.share, network) {
            (Share::All, None) => String::new(),
            (Share::All, Some(n)) => n.to_string(),
            (Share::Log, None) => log.to_owned(),
            (Share::Log, Some(n)) => format!("{log} {n}"),
        }
    }

    /// Where the host of a finding is.
    fn side(&self, entity: Option<IpAddr>) -> Side {
        let local = |a| Scope::of(a).is_local() || self.local_nets.iter().any(|n| n.contains(&a));
        match entity.is_some_and(local) {
            true => Side::Inside,
            false => Side::Outside,
        }
    }

    /// Entities that are strange for the same reasons and are told apart; those that follow
    /// are a crowd.
    fn crowd(&self) -> u32 {
        (self.per_day / 2.0).ceil().clamp(1.0, 16.0) as u32
    }
}

/// Networks that can have a budget of their own, and that can be local.
const MAX_NETWORKS: usize = 256;
