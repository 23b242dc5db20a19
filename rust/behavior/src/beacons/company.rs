//! Series of one host that keep the same time: one cause, and so one finding.
//!
//! A monitor that asks sixty hosts at three ports every five minutes, or a scanner that comes back every minute, makes
//! a regular series for each host and port. The first of them that is reported leads; those that keep its time, and
//! share an address or a port with the company, are counted with it. A beacon has a time of its own.

use super::rhythm::Rhythm;
use crate::state::{Distinct, Entry};
use serde::{Deserialize, Serialize};

/// Companies of one host. Series beyond them are reported one by one.
const COMPANIES: usize = 8;

/// Members that are named.
pub(super) const NAMED: usize = 5;

/// Addresses and ports by which a company knows its members.
const PLACES: usize = 64;

/// Beats that are compared.
const BEATS: usize = 16;

/// The share of beats that have to keep the time.
const SHARE: f64 = 0.8;

/// How far from their usual distance beats may be: seconds, and a share of the shorter period.
const APART: (f64, f64) = (0.5, 0.05);

/// The largest share of the shorter period that this may be: what is nearer by chance shows nothing.
const CHANCE: f64 = 0.2;

/// One company.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Company {
    /// The series that leads.
    pub(super) leader: u64,
    /// Addresses and ports of its members, hashed.
    places: Vec<u64>,
    members: Distinct,
    /// Some of the members, in words.
    pub(super) named: Vec<String>,
    /// Members when it was reported last.
    pub(super) reported: f64,
}

impl Company {
    /// How many keep the leader's time.
    pub(super) fn members(&self) -> f64 {
        self.members.count()
    }

    fn add_places(&mut self, places: &[u64]) {
        for p in places {
            if self.places.len() < PLACES && !self.places.contains(p) {
                self.places.push(*p);
            }
        }
    }

    /// Counts a series that keeps the leader's time.
    pub(super) fn add(&mut self, key: u64, places: &[u64], words: String) {
        self.add_places(places);
        if self.members.insert(key) && self.named.len() < NAMED {
            self.named.push(words);
        }
    }
}

/// The companies of one host, on one side of the network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Companies(Vec<Company>);

impl Companies {
    /// The most heap memory, in bytes.
    pub(super) const MAX_HEAP: usize =
        COMPANIES * (size_of::<Company>() + PLACES * 8 + Distinct::MAX_HEAP + NAMED * 160);

    /// The company that a series leads.
    pub(super) fn led_by(&mut self, key: u64) -> Option<&mut Company> {
        self.0.iter_mut().find(|c| c.leader == key)
    }

    /// The first company that shares a place, and whose leader `keeps_time`.
    pub(super) fn with(
        &mut self,
        places: &[u64],
        keeps_time: impl Fn(u64) -> bool,
    ) -> Option<&mut Company> {
        let shares = |c: &&mut Company| c.places.iter().any(|p| places.contains(p));
        (self.0.iter_mut())
            .filter(shares)
            .find(|c| keeps_time(c.leader))
    }

    /// Lets a series lead a company.
    pub(super) fn found(&mut self, leader: u64, places: &[u64]) {
        if self.0.len() < COMPANIES && self.led_by(leader).is_none() {
            let mut c = Company {
                leader,
                ..Company::default()
            };
            c.add_places(places);
            self.0.push(c);
        }
    }
}

impl Entry for Companies {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        self.0.iter().map(|c| 1.0 + c.members()).sum()
    }

    fn is_sound(&self) -> bool {
        let sound = |c: &Company| {
            c.places.len() <= PLACES
                && c.members.is_sound()
                && c.named.len() <= NAMED
                && c.reported.is_finite()
        };
        self.0.len() <= COMPANIES && self.0.iter().all(sound)
    }
}

/// True if the latest beats of one series come at the same distance from those of another.
pub(super) fn keeps_time(leader: &Rhythm, of: &Rhythm, period: f64) -> bool {
    let theirs: Vec<f64> = leader.moments().collect();
    let (Some(from), Some(to)) = (theirs.first(), theirs.last()) else {
        return false;
    };
    // What is remembered of the leader may be a shorter time, or have ended.
    let shared = |t: &f64| (from - period..=to + period).contains(t);
    let mine: Vec<f64> = of.moments().filter(shared).collect();
    let latest = mine.get(mine.len().saturating_sub(BEATS)..).unwrap_or(&[]);
    let mut apart: Vec<f64> = latest
        .iter()
        .filter_map(|t| {
            let after = theirs.partition_point(|x| x < t);
            let near = [after.checked_sub(1), Some(after)];
            let away = near.iter().flatten().filter_map(|i| theirs.get(*i));
            away.map(|x| t - x)
                .min_by(|a, b| a.abs().total_cmp(&b.abs()))
        })
        .collect();
    if apart.len() < of.len().min(BEATS) / 2 || apart.len() < 3 {
        return false;
    }
    apart.sort_unstable_by(f64::total_cmp);
    let middle = apart.get(apart.len() / 2).copied().unwrap_or_default();
    let short = period.min((to - from) / (theirs.len() as f64 - 1.0).max(1.0));
    let most = APART.0.max(APART.1 * short).min(CHANCE * short);
    let near = apart.iter().filter(|a| (*a - middle).abs() <= most).count();
    near as f64 >= SHARE * apart.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(every: f64, from: f64, drift: f64) -> Rhythm {
        let mut r = Rhythm::default();
        for i in 0..20 {
            let wander = drift * every * f64::from(i * 7 % 5) / 5.0;
            r.add(1e9 + from + every * f64::from(i) + wander, 1.0);
        }
        r
    }

    #[test]
    fn what_comes_at_the_same_distance_keeps_time_and_what_wanders_does_not() {
        let leader = series(60.0, 0.0, 0.0);
        assert!(keeps_time(&leader, &series(60.0, 5.0, 0.0), 60.0));
        assert!(keeps_time(&leader, &series(60.0, 40.0, 0.0), 60.0));
        assert!(!keeps_time(&leader, &series(60.0, 5.0, 0.4), 60.0));
        assert!(!keeps_time(&leader, &series(47.0, 5.0, 0.0), 47.0));
        assert!(!keeps_time(&leader, &series(60.0, 1e6, 0.0), 60.0));
    }
}
