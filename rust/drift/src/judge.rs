//! A day against training, in numbers and in words.

use super::measure::{Counts, part};
use super::reference::{FeatureReference, LogReference, MIN_ROWS};
use super::window::Window;
use super::{Change, ChangeKind};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_models::bins::UNSEEN;

/// Bins that are told of a change.
const TOLD: usize = 3;

/// A bin whose part of a change is less than this is not told.
const TOLD_FROM: f64 = 0.1;

/// How many standard deviations a number of rows has to be beyond its limit. The square
/// root of a Poisson number has about the deviation 1/2 (M. S. Bartlett, 1936).
const DEVIATIONS: f64 = 4.0;

/// How a feature's distribution has changed, the largest change first.
pub(super) fn features(reference: &LogReference, window: &Window, day: i32) -> Vec<Change> {
    if window.rows < MIN_ROWS {
        return Vec::new();
    }
    let mut out: Vec<Change> = reference
        .features
        .iter()
        .enumerate()
        // What is learned of names is not counted by days.
        .filter(|(f, _)| !reference.spec.is_learned(*f))
        // Who comes from outside is always new, and our own hosts change their IPv6 addresses every day.
        .filter(|(f, _)| !reference.spec.identities().skip(1).any(|other| other == *f))
        .filter_map(|(f, r)| {
            let counts = window.counts(f);
            let distance = r.distance(&counts);
            let limit = match reference.has_kind_of(day) {
                true => r.limit,
                false => reference.loosened(r.limit),
            };
            (distance > limit).then(|| {
                let (was, now) = words(r, &counts, window.newest(f));
                Change {
                    kind: ChangeKind::Feature,
                    name: printable(reference.spec.name(f)),
                    was,
                    now,
                    distance,
                    limit,
                }
            })
        })
        .collect();
    out.sort_by(|a, b| (b.distance / b.limit).total_cmp(&(a.distance / a.limit)));
    out
}

/// Whether the log has far more or fewer rows than on any day of training.
pub(super) fn volume(reference: &LogReference, rows: u64, day: i32) -> Option<Change> {
    let v = reference.volume?;
    let factor = match reference.has_kind_of(day) {
        true => v.factor,
        false => LogReference::loose_factor(),
    };
    let beyond = |more: f64, less: f64| 2.0 * (more.sqrt() - less.sqrt()) > DEVIATIONS;
    let n = rows as f64;
    let (low, high) = (v.low as f64 / factor, v.high as f64 * factor);
    let distance = if n > high && beyond(n, high) {
        n / (v.high as f64).max(1.0)
    } else if n < low && beyond(low, n) {
        v.low as f64 / n.max(1.0)
    } else {
        return None;
    };
    Some(Change {
        kind: ChangeKind::Volume,
        name: "rows".into(),
        was: match v.low == v.high {
            true => format!("{} a day", v.low),
            false => format!("{} to {} a day", v.low, v.high),
        },
        now: match rows {
            0 => "none".into(),
            n => n.to_string(),
        },
        distance,
        limit: factor,
    })
}

/// The bins that changed most: what they held in training, and what they hold.
fn words(r: &FeatureReference, now: &Counts, newest: Option<&str>) -> (String, String) {
    let whole = r.expected(now, &r.whole);
    let mut parts: Vec<(f64, usize)> = (0..r.bins.len())
        .map(|bin| (part(now, &whole, bin), bin))
        .collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: f64 = parts.iter().map(|p| p.0).sum();
    let told: Vec<usize> = parts
        .iter()
        .enumerate()
        .filter(|(i, p)| *i < TOLD && (*i == 0 || p.0 >= TOLD_FROM * all))
        .map(|(_, p)| p.1)
        .collect();
    let say = |counts: &Counts, with_new: bool| {
        let parts: Vec<String> = told
            .iter()
            .map(|bin| {
                let share = percent(counts.share(*bin));
                let label = printable(r.bins.label(*bin));
                match newest {
                    Some(value) if with_new && *bin == UNSEEN => {
                        format!("{label} {share} (mostly {value})")
                    }
                    _ => format!("{label} {share}"),
                }
            })
            .collect();
        parts.join(", ")
    };
    (say(&whole, false), say(now, true))
}

/// A share in per cent.
fn percent(share: f64) -> String {
    let p = 100.0 * share;
    if (10.0..=99.0).contains(&p) || p == 0.0 || p == 100.0 {
        format!("{p:.0} %")
    } else {
        format!("{p:.1} %")
    }
}
