//! How often behaviours find what, so that their findings have levels as records have.
//!
//! Behaviours have no calibrated rows. What a score of theirs means is learned from the days before, for each kind by
//! itself: r findings of that kind and at least that score on such a day are a level of −log10 r. Where a network is tried
//! by thirty scanners a day, the thirty-first is as ordinary as what thirty rows of a log reach.
//!
//! r is the median of 28 days, so that no attack that lasts for less than half of them changes it; of what comes seldom
//! it is the mean, but then at most one a day. It is not less than what is supposed before anything is known, and of what
//! never came: that a score of 3 is reached once a day, and each point more a tenth as often. On the first days it is not
//! less than how many others came today, either: the thirtieth scanner of the first day is one of thirty, and the first
//! is as strange as it is.

use super::Candidate;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Days that are remembered.
const KEPT: usize = 28;

/// Days without findings that are supposed to have been before: an attack on the first days is no habit.
const PRIOR: usize = 3;

/// The score that is supposed to be reached once a day.
const ONCE: f64 = 3.0;

/// A day of which less than this part was seen teaches nothing.
const LEAST_PART: f64 = 0.25;

/// Steps of a point in which scores are counted, and the most of them.
const STEPS: f64 = 8.0;
const MOST: f64 = 255.0;

/// Findings of one day that are told apart; more are no more ordinary.
const FINDINGS: usize = 1 << 12;

/// Kinds and steps that are counted of one day.
const COUNTS: usize = 1 << 10;

/// Findings of one kind and step of a day.
type Count = (u64, u8, u32);

/// A day that is over: the part of it that was seen, and what was found, by kind and then step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Past {
    part: f64,
    counts: Vec<Count>,
}

impl Past {
    fn is_sound(&self) -> bool {
        (LEAST_PART..=1.0).contains(&self.part)
            && self.counts.len() <= COUNTS
            && self.counts.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1))
    }

    /// Findings of a kind from a step on, as of a whole day.
    fn reach(&self, kind: u64, step: u8) -> f64 {
        let from = self.counts.partition_point(|c| (c.0, c.1) < (kind, step));
        let of = self.counts.iter().skip(from).take_while(|c| c.0 == kind);
        of.map(|c| f64::from(c.2)).sum::<f64>() / self.part
    }
}

/// What is kept of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    days: Vec<Past>,
    today: Vec<(u64, u64, u8)>,
}

impl Kept {
    pub fn is_sound(&self) -> bool {
        self.days.len() <= KEPT
            && self.days.iter().all(Past::is_sound)
            && self.today.len() <= FINDINGS
    }
}

/// How often behaviours find what.
#[derive(Clone, Debug, Default)]
pub(super) struct Behaved {
    days: VecDeque<Past>,
    /// The findings of today: kind, and the highest step.
    today: HashMap<u64, (u64, u8)>,
}

fn step(score: f64) -> u8 {
    (score * STEPS).clamp(0.0, MOST) as u8
}

impl Behaved {
    /// A finding came, or grew.
    pub fn see(&mut self, c: &Candidate) {
        if self.today.len() >= FINDINGS && !self.today.contains_key(&c.identity.id) {
            return;
        }
        let of = self.today.entry(c.identity.id).or_default();
        *of = (c.identity.kind, of.1.max(step(c.score)));
    }

    /// A day is over, of which this part was seen.
    pub fn close(&mut self, part: f64) {
        let mut found: Vec<(u64, u8)> = self.today.drain().map(|(_, of)| of).collect();
        if part < LEAST_PART {
            return;
        }
        found.sort_unstable();
        let mut counts: Vec<Count> = Vec::new();
        for (kind, step) in found {
            match counts.last_mut() {
                Some(last) if (last.0, last.1) == (kind, step) => last.2 += 1,
                _ => counts.push((kind, step, 1)),
            }
        }
        counts.truncate(COUNTS);
        if self.days.len() >= KEPT {
            self.days.pop_front();
        }
        self.days.push_back(Past { part, counts });
    }

    /// The level of a finding.
    pub fn level(&self, kind: u64, score: f64) -> f64 {
        (score - ONCE).min(-self.often(kind, step(score)).log10())
    }

    /// Findings of a kind from a step on that a day brings.
    fn often(&self, kind: u64, step: u8) -> f64 {
        let mut days: Vec<f64> = self.days.iter().map(|d| d.reach(kind, step)).collect();
        days.resize(days.len() + PRIOR, 0.0);
        let mean = days.iter().sum::<f64>() / days.len() as f64;
        let middle = (days.len() - 1) / 2;
        let (_, median, _) = days.select_nth_unstable_by(middle, f64::total_cmp);
        median.max(mean.min(1.0)).max(self.today(kind, step))
    }

    /// Other findings of a kind from a step on that today brought so far, as long as the days before tell less.
    fn today(&self, kind: u64, step: u8) -> f64 {
        if self.days.len() > PRIOR {
            return 0.0;
        }
        let of = self.today.values();
        let n = of.filter(|(k, s)| *k == kind && *s >= step).count();
        n.saturating_sub(1) as f64
    }

    /// The least score that has a level.
    pub fn needed(&self, kind: u64, level: f64) -> f64 {
        // Within a step, all is as often.
        let (mut low, mut high) = (0u8, MOST as u8);
        while low < high {
            let middle = low.midpoint(high);
            match -self.often(kind, middle).log10() >= level {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        (f64::from(high) / STEPS).max(level + ONCE)
    }

    /// For keeping; the same state gives the same.
    pub fn kept(&self) -> Kept {
        let of = |(id, (kind, step)): (&u64, &(u64, u8))| (*id, *kind, *step);
        let mut today: Vec<(u64, u64, u8)> = self.today.iter().map(of).collect();
        today.sort_unstable();
        Kept {
            days: self.days.iter().cloned().collect(),
            today,
        }
    }

    /// From what was kept, which makes sense.
    pub fn resume(kept: Kept) -> Behaved {
        let of = |(id, kind, step): (u64, u64, u8)| (id, (kind, step));
        Behaved {
            days: kept.days.into(),
            today: kept.today.into_iter().map(of).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    /// A day with so many findings of a kind at a score.
    fn day(b: &mut Behaved, kind: u64, n: u64, score: f64) {
        for i in 0..n {
            let identity = Identity {
                id: kind << 32 | (i + 1),
                kind,
                entity: None,
            };
            for grown in [0.5, 0.0, 0.2] {
                b.see(&Candidate {
                    identity,
                    log: 0,
                    score: score - grown,
                    ts: None,
                    records: 1,
                });
            }
        }
        b.close(1.0);
    }

    #[test]
    fn before_any_day_a_score_of_three_is_once_a_day() {
        let b = Behaved::default();
        assert_eq!((b.level(1, 3.0), b.level(1, 7.5)), (0.0, 4.5));
        assert!((b.needed(1, 2.0) - 5.0).abs() < 1e-5);
    }

    #[test]
    fn what_comes_every_day_is_as_ordinary_as_it_is_frequent_and_no_other_kind_is() {
        let mut b = Behaved::default();
        for _ in 0..10 {
            day(&mut b, 1, 30, 5.0);
        }
        let level = b.level(1, 5.0);
        assert!((level + 30f64.log10()).abs() < 1e-9, "{level}");
        assert_eq!(b.level(2, 5.0), 2.0);
        // What is stronger than all of them is no more ordinary than before.
        assert_eq!(b.level(1, 6.0), 3.0);
        let needed = b.needed(1, 0.0);
        assert!((5.0..5.2).contains(&needed), "{needed}");
        // Levels never fall with the score.
        let levels: Vec<f64> = (0..80).map(|s| b.level(1, f64::from(s) / 10.0)).collect();
        assert!(levels.is_sorted());
    }

    #[test]
    fn what_comes_often_on_the_first_day_is_ordinary_from_then_on_and_no_other_kind_is() {
        let mut b = Behaved::default();
        for id in 1..=30 {
            let (kind, entity) = (1, None);
            b.see(&Candidate {
                identity: Identity { id, kind, entity },
                log: 0,
                score: 8.0,
                ts: None,
                records: 1,
            });
            let (level, others) = (b.level(1, 8.0), (id - 1) as f64);
            assert!((level - 5f64.min(-others.log10())).abs() < 1e-9, "{level}");
        }
        assert_eq!((b.level(1, 9.0), b.level(2, 8.0)), (6.0, 5.0));
    }

    #[test]
    fn an_attack_is_no_habit_and_a_habit_is_forgotten() {
        let mut b = Behaved::default();
        for _ in 0..3 {
            day(&mut b, 1, 4000, 8.0);
        }
        assert_eq!(b.level(1, 8.0), 0.0, "one a day at most");
        for _ in 0..25 {
            day(&mut b, 1, 0, 0.0);
        }
        assert_eq!(b.level(1, 8.0), 0.0);
        for _ in 0..3 {
            day(&mut b, 1, 0, 0.0);
        }
        assert_eq!(b.level(1, 8.0), 5.0);
    }

    #[test]
    fn what_is_kept_is_what_was_known() {
        let mut b = Behaved::default();
        day(&mut b, 7, 5, 4.0);
        let again = Behaved::resume(b.kept());
        assert_eq!(again.level(7, 4.0), b.level(7, 4.0));
        let mut kept = b.kept();
        assert!(kept.is_sound());
        kept.days[0].part = f64::NAN;
        assert!(!kept.is_sound());
        let mut kept = b.kept();
        kept.days[0].counts = vec![(2, 0, 1), (1, 0, 1)];
        assert!(!kept.is_sound());
    }
}
