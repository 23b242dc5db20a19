//! One budget: the level from which findings are alerts.
//!
//! Hosts inside and outside share it, and neither side can take the last third of it from the other: a finding is an
//! alert where its level reaches that of the whole budget for all findings, or that of a third of the budget for the
//! findings of its side. So whoever sends strange connections from outside every day raises the level for those outside,
//! and the hosts inside have a third of the budget left. Where both sides use up what they have, there are 4/3 N alerts
//! a day.

use super::Side;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Days that are remembered: whole weeks.
const KEPT: usize = 28;

/// Days after which a day counts half.
const RESERVED_LIFE: f64 = 14.0;

/// The part of the budget that the average day is to use: the next days differ.
const TARGET: f64 = 0.9;

/// Days that the calibrated scale stands for at first, and known days after which it stands
/// for none. An attack on the first day is one day of four, and cannot set the level alone.
const PRIOR: f64 = 3.0;
const PRIOR_UNTIL: f64 = 10.0;

/// The part of a budget that one side cannot take from the other.
const RESERVED: f64 = 1.0 / 3.0;

/// A day of which less than this part was seen teaches nothing.
const LEAST_PART: f64 = 0.25;

/// How much stranger alerts beyond the budget have to be, at most: 100 times.
const STEEPEST: f64 = 2.0;

/// Levels that are kept of a day at least, for budgets that grow.
const LEVELS: usize = 128;

/// Levels that a day can have: twice the largest budget.
const MOST_LEVELS: usize = 2 * super::PER_DAY.1 as usize + 1;

/// Levels that are looked at: from ten thousand million records a day to never.
const RANGE: (f64, f64) = (-10.0, 310.0);

/// Levels that a budget goes by.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    per_day: f64,
    days: VecDeque<Past>,
}

/// A day that is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Past {
    /// The part of it that was seen.
    part: f64,
    /// What was found on each side.
    sides: [Found; 2],
}

/// The findings of one side on a day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Found {
    /// The highest levels, descending.
    levels: Vec<f64>,
    /// Whether there were more.
    cut: bool,
}

impl Past {
    /// Whether that can have been.
    fn is_sound(&self) -> bool {
        (LEAST_PART..=1.0).contains(&self.part) && self.sides.iter().all(Found::is_sound)
    }

    /// Findings of the day that reach a level, of one side or of both; more than any number where it is not known.
    fn reach(&self, side: Option<Side>, level: f64) -> f64 {
        match side {
            Some(side) => self.sides[side as usize].reach(level),
            None => self.sides.iter().map(|s| s.reach(level)).sum(),
        }
    }
}

impl Found {
    fn new(mut levels: Vec<f64>, kept: usize) -> Found {
        levels.sort_by(|a, b| b.total_cmp(a));
        let cut = levels.len() > kept;
        levels.truncate(kept);
        levels.shrink_to_fit();
        Found { levels, cut }
    }

    fn is_sound(&self) -> bool {
        self.levels.len() <= MOST_LEVELS
            && self.levels.iter().all(|l| l.is_finite())
            && self.levels.windows(2).all(|w| w[0] >= w[1])
    }

    fn reach(&self, level: f64) -> f64 {
        let n = self.levels.partition_point(|l| *l >= level);
        match self.cut && n == self.levels.len() {
            true => f64::INFINITY,
            false => n as f64,
        }
    }
}

impl Budget {
    pub fn new(per_day: f64) -> Budget {
        Budget {
            per_day,
            days: VecDeque::new(),
        }
    }

    /// Days that are known, for keeping.
    pub fn days(&self) -> &VecDeque<Past> {
        &self.days
    }

    /// Days that were kept, the oldest first; false where they make no sense.
    #[must_use]
    pub fn set_days(&mut self, days: Vec<Past>) -> bool {
        if days.len() > KEPT || !days.iter().all(Past::is_sound) {
            return false;
        }
        self.days = days.into();
        true
    }

    /// Wants another number of alerts from now on.
    pub fn set_per_day(&mut self, per_day: f64) {
        self.per_day = per_day;
    }

    /// Findings that a day counts with at most, and its alerts are to stay within.
    fn most(&self) -> f64 {
        most(self.per_day)
    }

    /// Whether a day is one to tell of: too many alerts, or far too many findings in all, also
    /// for chance (five standard deviations of a Poisson number).
    pub fn is_exceeded(&self, alerts: u64, held: u64) -> bool {
        let n = self.per_day;
        alerts as f64 > self.most() || (alerts + held) as f64 > (3.0 * n).max(n + 5.0 * n.sqrt())
    }

    /// How far above its level the next alert of a side has to be, where both had so many today. The rise is twice
    /// as steep as long as only the calibrated scale is known: it may be wrong here.
    pub fn over(&self, alerts: [u64; 2], side: Side) -> f64 {
        let steeper = 1.0 + self.prior() / PRIOR;
        let rise = |alerts: u64, per_day: f64| {
            let n = per_day.max(1.0);
            (steeper * (alerts as f64 + 1.0 - n) / n).clamp(0.0, STEEPEST)
        };
        let all = rise(alerts.iter().sum(), self.per_day);
        all.min(rise(alerts[side as usize], RESERVED * self.per_day))
    }

    /// Days that the calibrated scale stands for.
    fn prior(&self) -> f64 {
        PRIOR * (1.0 - self.days.len() as f64 / PRIOR_UNTIL).max(0.0)
    }

    /// A day is over, of which this part was seen; `levels` are those of the findings of each side.
    pub fn close(&mut self, part: f64, levels: [Vec<f64>; 2]) {
        if part < LEAST_PART {
            return;
        }
        let kept = LEVELS.max(self.most() as usize + 1);
        if self.days.len() >= KEPT {
            self.days.pop_front();
        }
        let sides = levels.map(|l| Found::new(l, kept));
        self.days.push_back(Past { part, sides });
    }

    /// The level from which findings of each side are alerts. `scale` is how many findings a day have at least a
    /// level, by the calibrated scale; it never rises.
    pub fn levels(&self, scale: &dyn Fn(f64) -> f64) -> [f64; 2] {
        let all = self.level(None, self.per_day, scale);
        Side::BOTH.map(|side| all.min(self.level(Some(side), RESERVED * self.per_day, scale)))
    }

    /// The least level at which the days before would have been within so many alerts a day on average.
    fn level(&self, side: Option<Side>, per_day: f64, scale: &dyn Fn(f64) -> f64) -> f64 {
        let prior = self.prior();
        let weight = |age: usize| 0.5f64.powf(age as f64 / RESERVED_LIFE);
        let seen = |(age, d): (usize, &Past)| weight(age) * d.part;
        let all = prior + self.days.iter().rev().enumerate().map(seen).sum::<f64>();
        let expected = |level: f64| {
            let of = |(age, d): (usize, &Past)| {
                weight(age) * d.reach(side, level).min((most(per_day) * d.part).max(1.0))
            };
            let days: f64 = self.days.iter().rev().enumerate().map(of).sum();
            let scale = if prior > 0.0 {
                prior * scale(level)
            } else {
                0.0
            };
            (scale + days) / all
        };
        let (mut low, mut high) = RANGE;
        if expected(low) <= TARGET * per_day {
            return low;
        }
        while high - low > 1e-6 {
            let middle = 0.5 * (low + high);
            match expected(middle) <= TARGET * per_day {
                true => high = middle,
                false => low = middle,
            }
        }
        high
    }
}

/// Findings that a day counts with at most.
fn most(per_day: f64) -> f64 {
    (2.0 * per_day).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10^-level findings a day.
    fn scale(level: f64) -> f64 {
        10f64.powf(-level)
    }

    /// Findings of hosts inside alone.
    fn inside(levels: Vec<f64>) -> [Vec<f64>; 2] {
        [levels, Vec::new()]
    }

    /// A day as the scale has it.
    fn ordinary() -> Vec<f64> {
        (1..=100).map(|i| -f64::from(i).log10()).collect()
    }

    #[test]
    fn before_any_day_the_scale_decides() {
        let level = Budget::new(10.0).levels(&scale)[0];
        assert!((level - -9f64.log10()).abs() < 1e-5, "{level}");
        assert_eq!(Budget::new(10.0).levels(&|_| 0.0)[0], RANGE.0);
    }

    #[test]
    fn days_of_attack_move_the_level_a_little_and_never_to_their_own_height() {
        for n in [1.0, 5.0, 10.0, 50.0] {
            for day_of_attack in [0, 3, 20] {
                let mut b = Budget::new(n);
                for _ in 0..day_of_attack {
                    b.close(1.0, inside(ordinary()));
                }
                let before = b.levels(&scale)[0];
                let mut attack = ordinary();
                attack.extend([6.0; 1000]);
                b.close(1.0, inside(attack));
                let after = b.levels(&scale)[0];
                assert!(
                    after >= before - 1e-6 && after < before + 0.5,
                    "{n}: {before} {after}"
                );
            }
        }
    }

    #[test]
    fn what_lasts_is_learned_within_three_weeks_and_forgotten_as_fast() {
        let mut b = Budget::new(10.0);
        for _ in 0..28 {
            b.close(1.0, inside(ordinary()));
        }
        let before = b.levels(&scale)[0];
        for _ in 0..21 {
            b.close(1.0, inside(ordinary().iter().map(|l| l + 1.0).collect()));
        }
        let risen = b.levels(&scale)[0] - before;
        assert!((0.8..=1.01).contains(&risen), "{risen}");
        for _ in 0..28 {
            b.close(1.0, inside(ordinary()));
        }
        assert!((b.levels(&scale)[0] - before).abs() < 0.05);
    }

    #[test]
    fn alerts_beyond_the_budget_have_to_be_stranger_up_to_a_point() {
        let mut b = Budget::new(10.0);
        assert_eq!(
            (
                b.over([0, 0], Side::Inside),
                b.over([9, 0], Side::Inside),
                b.over([14, 0], Side::Inside)
            ),
            (0.0, 0.0, 1.0)
        );
        for _ in 0..10 {
            b.close(1.0, inside(ordinary()));
        }
        assert_eq!(
            (b.over([0, 0], Side::Inside), b.over([9, 0], Side::Inside)),
            (0.0, 0.0)
        );
        assert_eq!(
            (
                b.over([10, 0], Side::Inside),
                b.over([19, 0], Side::Inside),
                b.over([1_000_000, 0], Side::Inside)
            ),
            (0.1, 1.0, 2.0)
        );
        assert_eq!(Budget::new(0.2).over([0, 0], Side::Inside), 0.0);
        assert!(!b.is_exceeded(20, 0) && b.is_exceeded(21, 0));
        assert!(!b.is_exceeded(15, 15) && b.is_exceeded(15, 16));
    }

    #[test]
    fn a_budget_that_grows_beyond_what_was_kept_falls_no_further_than_is_known() {
        let mut b = Budget::new(1.0);
        for _ in 0..28 {
            b.close(
                1.0,
                inside((0..1000).map(|i| 5.0 - f64::from(i) / 1000.0).collect()),
            );
        }
        b.set_per_day(10_000.0);
        let level = b.levels(&scale)[0];
        assert!((4.86..4.88).contains(&level), "{level}");
    }

    #[test]
    fn a_part_of_a_day_counts_as_such() {
        let mut b = Budget::new(10.0);
        b.close(0.2, inside(vec![9.0; 100]));
        assert!(b.days.is_empty());
        for _ in 0..20 {
            b.close(
                0.5,
                inside(
                    ordinary()
                        .into_iter()
                        .filter(|l| *l >= -5f64.log10())
                        .collect(),
                ),
            );
        }
        assert!(b.levels(&scale)[0] < -4f64.log10());
    }

    #[test]
    fn neither_side_takes_the_last_third_of_the_budget_from_the_other() {
        let days = |outside: usize| {
            let mut b = Budget::new(10.0);
            for _ in 0..28 {
                b.close(1.0, [ordinary(), vec![9.0; outside]]);
            }
            b
        };
        let quiet = days(0).levels(&scale);
        let [inside, outside] = days(1000).levels(&scale);
        // A third of the budget: a third of what is as ordinary as all the rest.
        assert!((inside - quiet[0] - 3f64.log10()).abs() < 0.1, "{inside}");
        assert!(outside >= 9.0, "{outside}");
        // What one does not use, the other has.
        assert!((days(3).levels(&scale)[0] - quiet[0]).abs() < 0.2);
        let b = days(0);
        assert_eq!(b.over([0, 1000], Side::Inside), 0.0);
        assert_eq!(b.over([0, 1000], Side::Outside), 2.0);
    }
}
