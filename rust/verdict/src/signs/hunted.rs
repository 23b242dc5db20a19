//! What the behaviours engine found, as signs: scans, guessing, and whatever else goes by
//! time. Nothing of that is looked for a second time here.

use super::sides::Sides;
use super::{Kind, Sign, ramp};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Finding, Stage};

/// Scores of findings: from where they count, to where they are grave and count in full.
const SCORES: (f64, f64) = (2.0, 5.0);

/// What a beacon counts, where it is known what is usual. Update services beacon as well as
/// bots do, so where it is not known it counts for nothing.
const BEACON: f64 = 0.6;

/// What a finding of another kind counts.
const OTHER: f64 = 0.8;

/// Reasons that are quoted.
const REASONS: usize = 4;

/// The sign of a finding, where it is one. `has_usual` is whether the engine was told what is
/// usual in this network.
pub fn sign(f: &Finding, sides: &Sides, has_usual: bool) -> Option<Sign> {
    let host = f.entity.host();
    let grade = ramp(f.score, SCORES.0, SCORES.1);
    let kind = match f.kind.0.name {
        // What a host's findings come to is added up here.
        "host" => return None,
        "scan_horizontal" | "scan_block" | "scan_arp" => Some(Kind::HorizontalScan),
        "scan_vertical" => Some(Kind::VerticalScan),
        "scan_distributed" => Some(Kind::Scanned),
        "guessing_success" => Some(Kind::LoginAfterGuessing),
        name if name.starts_with("guessing") => Some(Kind::LoginGuessing),
        // The same fact as the count of such names.
        "dns_generated" => Some(Kind::FailingNames),
        _ => None,
    };
    if let Some(kind) = kind {
        return Some(Sign::new(host, sides.of(&host), kind, grade, words(f)));
    }
    let is_rhythm = f.kind.0.name.contains("beacon");
    let is_long = f.kind.0.name == "long_connection";
    // What is new, regular or long is so for good reasons more often than not.
    if !has_usual && (is_rhythm || is_long || f.stage() == Stage::Unstaged) {
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
