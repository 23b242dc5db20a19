//! How grave something is, in the one word that every output begins with.

use serde::Serialize;
use zeek_anomaly_engine::Claim;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look some time.
    Low,
    /// Worth a look.
    Medium,
    /// Somebody should act.
    High,
    /// Somebody should act now.
    Critical,
}

/// The score from which a finding is medium, high and critical: as `Anomaly::severity_*` in Zeek.
const LEVELS: [(f64, Severity); 3] = [
    (6.0, Severity::Critical),
    (5.0, Severity::High),
    (4.0, Severity::Medium),
];

/// Scores and the risk from 0 to 100 that they stand for. The levels have the numbers that Elastic
/// gives them: 21, 47, 73 and 99.
const RISKS: [(f64, f64); 6] = [
    (0.0, 0.0),
    (3.0, 21.0),
    (4.0, 47.0),
    (5.0, 73.0),
    (6.0, 99.0),
    (8.0, 100.0),
];

impl Severity {
    /// Of a score. One that is extrapolated, or only a lower bound, is never critical by itself.
    pub fn of(score: f64, claim: Claim) -> Severity {
        let reached = LEVELS.iter().find(|(from, _)| score >= *from);
        let severity = reached.map_or(Severity::Low, |(_, severity)| *severity);
        match claim {
            Claim::Measured => severity,
            Claim::Extrapolated | Claim::AtLeast => severity.min(Severity::High),
        }
    }

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The number that Elastic's alerts have for it.
    pub fn number(self) -> u32 {
        match self {
            Severity::Low => 21,
            Severity::Medium => 47,
            Severity::High => 73,
            Severity::Critical => 99,
        }
    }
}

/// A score as a risk from 0 to 100.
pub fn risk(score: f64) -> f64 {
    let mut last = RISKS[0];
    for point in RISKS {
        if score < point.0 {
            let part = (score - last.0) / (point.0 - last.0).max(f64::MIN_POSITIVE);
            return (last.1 + part * (point.1 - last.1)).clamp(0.0, 100.0);
        }
        last = point;
    }
    last.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_grow_with_scores_and_guesses_are_never_critical() {
        let of = |score| Severity::of(score, Claim::Measured).name();
        assert_eq!(
            [3.0, 4.0, 5.5, 6.0].map(of),
            ["low", "medium", "high", "critical"]
        );
        assert_eq!(Severity::of(12.0, Claim::AtLeast), Severity::High);
        assert_eq!(Severity::of(12.0, Claim::Extrapolated), Severity::High);
        assert_eq!(
            [-1.0, 0.0, 4.0, 4.5, 6.0, 99.0].map(risk),
            [0.0, 0.0, 47.0, 60.0, 99.0, 100.0]
        );
    }
}
