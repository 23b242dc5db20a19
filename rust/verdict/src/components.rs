//! From counts to one score, with the names and weights of the existing tool's directory score.
//!
//! | | name | what it is |
//! |---|---|---|
//! | T | `weighted_top` | how high the highest scores are, beyond chance |
//! | U | `uid_corr_score` | connections that are anomalous in two logs, and in three |
//! | F | `weighted_fraction` | the share of anomalous records, beyond chance |
//! | W | `weird_notice_bonus` | the same for weird and notice |
//! | X | `fuid_bonus` | anomalous files of anomalous http records |
//! | B | `behavior_score` | the signs of the host with the strongest |
//!
//! The existing tool takes the mean over logs and adds B with a factor of 45. Here the most anomalous log counts,
//! since a mean depends on which logs a sensor writes. B is independent evidence: 1 − (1 − S)(1 − B), with
//! S = .35T + .25U + .20F + .15W + .05X.

use serde::{Deserialize, Serialize};

/// The weights of T, U, F, W and X.
const WEIGHTS: [f64; 5] = [0.35, 0.25, 0.20, 0.15, 0.05];

/// The score from which a verdict is MEDIUM, and HIGH.
pub const MEDIUM: f64 = 40.0;
/// See [`MEDIUM`].
pub const HIGH: f64 = 70.0;

/// Uids tied over two logs (three count thrice) at which U is 1.
const TIED: f64 = 10.0;

/// Tied files at which X is 1.
const FILES: f64 = 5.0;

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VerdictLevel {
    /// Nothing was there that could be judged.
    Unknown,
    /// Nothing beyond an ordinary day.
    Low,
    /// Worth a look.
    Medium,
    /// Act on it.
    High,
}

impl VerdictLevel {
    /// The level of a score.
    pub fn of(score: f64) -> VerdictLevel {
        if score >= HIGH {
            VerdictLevel::High
        } else if score >= MEDIUM {
            VerdictLevel::Medium
        } else {
            VerdictLevel::Low
        }
    }

    /// UNKNOWN, LOW, MEDIUM or HIGH.
    pub fn name(self) -> &'static str {
        match self {
            VerdictLevel::Unknown => "UNKNOWN",
            VerdictLevel::Low => "LOW",
            VerdictLevel::Medium => "MEDIUM",
            VerdictLevel::High => "HIGH",
        }
    }
}

/// The components, each from 0 to 1, and the score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Components {
    /// The score, 0 to 100.
    pub score: f64,
    /// The verdict.
    pub severity: VerdictLevel,
    /// T.
    pub weighted_top: f64,
    /// U.
    pub uid_corr_score: f64,
    /// F.
    pub weighted_fraction: f64,
    /// W.
    pub weird_notice_bonus: f64,
    /// X.
    pub fuid_bonus: f64,
    /// B.
    pub behavior_score: f64,
    /// The part of B that is scanning.
    pub conn_scan_score: f64,
    /// Connections that are anomalous in at least two logs.
    pub crosslog_uid_two_plus: u64,
    /// In at least three.
    pub crosslog_uid_three_plus: u64,
    /// Those in two or more that chance does not explain.
    pub uid_two_plus_beyond: f64,
    /// The same for three or more.
    pub uid_three_plus_beyond: f64,
    /// Anomalous files that anomalous http records name.
    pub fuid_overlap: u64,
    /// Those that chance does not explain.
    pub fuid_overlap_beyond: f64,
}

/// The counts behind the components.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ComponentCounts {
    pub top: f64,
    pub fraction: f64,
    pub weird_notice: f64,
    pub behavior: f64,
    pub scan: f64,
    pub two: u64,
    pub three: u64,
    pub two_beyond: f64,
    pub three_beyond: f64,
    pub fuids: u64,
    pub fuids_beyond: f64,
}

impl Components {
    pub(crate) fn new(c: ComponentCounts) -> Components {
        let unit = |v: f64| v.clamp(0.0, 1.0);
        let tied = unit((c.two_beyond + 2.0 * c.three_beyond) / TIED);
        let files = unit(c.fuids_beyond / FILES);
        let parts = [
            unit(c.top),
            tied,
            unit(c.fraction),
            unit(c.weird_notice),
            files,
        ];
        let strange: f64 = parts.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum();
        let behavior = unit(c.behavior);
        let score = 100.0 * (1.0 - (1.0 - strange) * (1.0 - behavior));
        Components {
            score,
            severity: VerdictLevel::of(score),
            weighted_top: parts[0],
            uid_corr_score: parts[1],
            weighted_fraction: parts[2],
            weird_notice_bonus: parts[3],
            fuid_bonus: parts[4],
            behavior_score: behavior,
            conn_scan_score: unit(c.scan),
            crosslog_uid_two_plus: c.two,
            crosslog_uid_three_plus: c.three,
            uid_two_plus_beyond: c.two_beyond,
            uid_three_plus_beyond: c.three_beyond,
            fuid_overlap: c.fuids,
            fuid_overlap_beyond: c.fuids_beyond,
        }
    }

    /// The letters, names and values of the components, in order.
    pub fn named(&self) -> [(char, &'static str, f64); 6] {
        [
            ('T', "weighted_top", self.weighted_top),
            ('U', "uid_corr_score", self.uid_corr_score),
            ('F', "weighted_fraction", self.weighted_fraction),
            ('W', "weird_notice_bonus", self.weird_notice_bonus),
            ('X', "fuid_bonus", self.fuid_bonus),
            ('B', "behavior_score", self.behavior_score),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_0_without_evidence_and_100_with_all() {
        let none = Components::new(ComponentCounts::default());
        assert_eq!((none.score, none.severity), (0.0, VerdictLevel::Low));
        let all = Components::new(ComponentCounts {
            top: 9.0,
            fraction: 1.0,
            weird_notice: 1.0,
            behavior: 1.0,
            scan: 1.0,
            two_beyond: 1e9,
            fuids_beyond: 1e9,
            ..ComponentCounts::default()
        });
        assert!((all.score - 100.0).abs() < 1e-9);
        assert_eq!(all.severity, VerdictLevel::High);
    }
}
