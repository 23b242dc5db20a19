//! Behavioral findings as signs: scans, guessing and other behaviors over time.

use super::sides::HostSides;
use super::{Sign, SignKind, ramp};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Finding, Stage};

/// Scores of findings from which they begin to count, and count in full.
const SCORES: (f64, f64) = (2.0, 5.0);

/// The same of beacons without a behavioral baseline: update services beacon like bots, so less regular ones do not
/// count. The lower is what the engine asks where nothing is known, the upper is the highest score of a rhythm.
const RHYTHMS: (f64, f64) = (6.0, 10.0);

/// The weight of a beacon.
const BEACON: f64 = 0.6;

/// The weight of a finding of another kind.
const OTHER: f64 = 0.8;

/// Reasons that are quoted.
const REASONS: usize = 4;

/// The sign of a finding, if it is one. `has_usual` says whether the engine had a behavioral baseline.
pub fn sign(f: &Finding, sides: &HostSides, has_usual: bool) -> Option<Sign> {
    let host = f.entity.host();
    let is_rhythm = f.kind.0.name.contains("beacon");
    let scores = match is_rhythm && !has_usual {
        true => RHYTHMS,
        false => SCORES,
    };
    let grade = ramp(f.score, scores.0, scores.1);
    let kind = match f.kind.0.name {
        // The sum over a host's findings; they are combined here.
        "host" => return None,
        "scan_horizontal" | "scan_block" | "scan_arp" => Some(SignKind::HorizontalScan),
        "scan_vertical" => Some(SignKind::VerticalScan),
        "scan_distributed" => Some(SignKind::Scanned),
        "password_guess_succeeded" => Some(SignKind::LoginAfterGuessing),
        name if name.starts_with("guessing") => Some(SignKind::LoginGuessing),
        // The same fact as the count of failing names.
        "dga_activity" => Some(SignKind::FailingNames),
        _ => None,
    };
    if let Some(kind) = kind {
        return Some(Sign::new(host, sides.of(&host), kind, grade, words(f)));
    }
    let is_long = f.kind.0.name == "long_connection";
    // What is new, and long connections, are mostly harmless.
    if !has_usual && (is_long || f.stage() == Stage::Unstaged) {
        return None;
    }
    let weight = if is_rhythm { BEACON } else { OTHER };
    let strength = weight * f.confidence.clamp(0.0, 1.0) * grade;
    let mut sign = Sign::external(host, strength, words(f));
    sign.side = sides.of(&host);
    Some(sign)
}

fn words(f: &Finding) -> String {
    let reasons = f.reasons.iter().take(REASONS);
    let why: Vec<String> = reasons.map(|r| format!("{} {}", r.what, r.value)).collect();
    let to = f
        .entity
        .other()
        .map_or_else(String::new, |o| format!(" -> {o}"));
    printable(&format!("{}{to}: {}", f.kind.0.title, why.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_anomaly_behavior::{Basis, Entity, kinds};

    fn beacon(score: f64) -> Finding {
        Finding {
            id: 1,
            kind: kinds::kind("beacon").unwrap(),
            entity: Entity::Host([10, 0, 0, 1].into()),
            score,
            basis: Basis::Probability,
            confidence: 0.95,
            first: 0.0,
            last: 1.0,
            count: 400,
            update: 0,
            reasons: Vec::new(),
            uids: Vec::new(),
            name: None,
        }
    }

    #[test]
    fn a_clear_beacon_counts_without_a_baseline_and_a_weak_one_does_not() {
        let strength = |score, usual| {
            let sign = sign(&beacon(score), &HostSides::new(16), usual);
            sign.map_or(0.0, |s| s.strength)
        };
        assert!(100.0 * strength(10.5, false) >= crate::components::MEDIUM);
        assert!(strength(6.0, false) < 0.01);
        assert!(strength(6.0, true) > 0.5);
    }
}
