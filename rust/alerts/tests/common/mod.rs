//! Weeks of a network, drawn.

#![allow(dead_code, reason = "each test file uses its part")]

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::net::{IpAddr, Ipv4Addr};
use zeek_anomaly_alerts::{AlertLog, Alerts, Candidate, Day, Fate, Identity};

pub const DAY: f64 = 86_400.0;

/// A model of conn alone, trained on so many rows a day.
pub fn conn(rows_per_day: f64) -> Vec<AlertLog> {
    vec![AlertLog {
        name: "conn".to_owned(),
        highest: f64::INFINITY,
        rows_per_day,
    }]
}

/// A Monday.
pub const MONDAY: i64 = 19_723;

/// Weeks of a network. Scores are drawn as the calibrated scale promises them, of r rows
/// about r·10⁻ˢ at s and above; how many, has a rhythm, and bursts.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub seed: u64,
    /// Rows of a working day; the model was trained on 86,400 a day.
    pub rows: f64,
    /// How many times more strange rows there are than the scale promises.
    pub off: f64,
    /// By how much the rows grow in a day.
    pub growth: f64,
    /// The day of an attack, how many hosts it strikes, and the score of what they do.
    pub attack: Option<(i64, u32, f64)>,
    /// What behaviours find.
    pub behaviors: Behaviors,
}

pub const ORDINARY: World = World {
    seed: 1,
    rows: 86_400.0,
    off: 1.0,
    growth: 1.0,
    attack: None,
    behaviors: NOTHING,
};

/// What behaviours find on ordinary days.
#[derive(Clone, Copy, Debug)]
pub struct Behaviors {
    /// Findings a day of ten kinds that come seldom, each about a new host.
    pub seldom: f64,
    /// Scanners from outside a day, each a new one; where there are any, also a finding that many scan one host, the
    /// same every day.
    pub scanners: f64,
    /// A rhythm of software that this many hosts get on one day.
    pub rollout: Option<(i64, u32)>,
    /// The day on which a host is controlled, and the score of that.
    pub implant: Option<(i64, f64)>,
}

pub const NOTHING: Behaviors = Behaviors {
    seldom: 0.0,
    scanners: 0.0,
    rollout: None,
    implant: None,
};

/// Kinds of what behaviours find.
pub const SCAN: u64 = 1 << 40;
pub const MANY: u64 = SCAN + 1;
pub const BEACON: u64 = SCAN + 2;
const SELDOM: u64 = SCAN + 10;

impl Behaviors {
    /// What they find on a day; each finding comes again as it grows.
    fn candidates(&self, seed: u64, day: i64, alerts: &Alerts) -> Vec<Candidate> {
        let mut rng = StdRng::seed_from_u64(seed * 7_000_003 + day as u64);
        let mut out = Vec::new();
        let log = alerts.behavior_log();
        let mut add = |rng: &mut StdRng, host: u32, kind: u64, score: f64| {
            let begin = (MONDAY + day) as f64 * DAY + rng.random_range(0.0..70_000.0);
            for grown in 0..3u32 {
                out.push(Candidate {
                    identity: Identity {
                        id: kind << 20 ^ u64::from(host) << 1 | 1,
                        kind,
                        entity: Some(IpAddr::V4(Ipv4Addr::from(host))),
                    },
                    log,
                    score: score + 0.1 * f64::from(grown),
                    ts: Some(begin + 600.0 * f64::from(grown)),
                    records: 10 << grown,
                });
            }
        };
        // A threshold of 4, and a tenth a point higher.
        let drawn = |rng: &mut StdRng| 4.0 - (1.0 - rng.random::<f64>()).log10();
        for _ in 0..poisson(&mut rng, self.seldom) {
            let (host, kind) = (rng.random_range(0..2000), rng.random_range(0..10));
            let score = drawn(&mut rng);
            add(&mut rng, 0x0a00_0000 + host, SELDOM + kind, score);
        }
        for _ in 0..poisson(&mut rng, self.scanners) {
            let (host, score) = (rng.random::<u32>() | 1 << 31, rng.random_range(4.0..6.5));
            add(&mut rng, host, SCAN, score);
        }
        if self.scanners > 0.0 {
            add(&mut rng, 0x0a00_0001, MANY, 10.0);
        }
        if let Some((on, hosts)) = self.rollout
            && day >= on
        {
            // From that day on, some of them each day.
            for host in 0..hosts {
                if day == on || rng.random_bool(0.1) {
                    add(&mut rng, 0x0a00_2000 + host, BEACON, 6.5);
                }
            }
        }
        if let Some((on, score)) = self.implant
            && day == on
        {
            add(&mut rng, 0x0a00_3000, BEACON, score);
        }
        out
    }
}

impl World {
    fn rng(&self, day: i64) -> StdRng {
        StdRng::seed_from_u64(self.seed * 1_000_003 + day as u64)
    }

    /// Rows of each hour of a day: few at night and at the weekend.
    pub fn hours(&self, day: i64) -> Vec<u64> {
        let mut rng = self.rng(day);
        let weekend = if (day - MONDAY) % 7 >= 5 { 0.2 } else { 1.0 };
        let growth = self.growth.powi((day - MONDAY) as i32);
        let of_day = self.rows * weekend * growth * rng.random_range(0.8..1.25);
        let shape = |h: u32| {
            if (8..18).contains(&h) {
                0.08
            } else {
                0.2 / 14.0
            }
        };
        (0..24).map(|h| (of_day * shape(h)) as u64).collect()
    }

    /// What stands out on a day, in the order of time.
    pub fn candidates(&self, day: i64) -> Vec<Candidate> {
        let mut rng = self.rng(day + 1_000_000);
        let rows: u64 = self.hours(day).iter().sum();
        let mut out = Vec::new();
        let mut add = |rng: &mut StdRng, t: f64, host: u32, kind: u64, score: f64| {
            out.push(Candidate {
                identity: Identity {
                    id: (u64::from(host) << 20) + kind + 1,
                    kind,
                    entity: Some(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + host))),
                },
                log: 0,
                score,
                ts: Some(day as f64 * DAY + t),
                records: 1 + rng.random_range(0u64..3).pow(4),
            });
        };
        // From a score of 2 on; new hosts every day.
        let n = poisson(&mut rng, rows as f64 * 0.01 * self.off);
        for _ in 0..n {
            let t = rng.random_range(8.0 * 3600.0..18.0 * 3600.0);
            let host = rng.random_range(0..300) + 7 * (day - MONDAY) as u32;
            let kind = rng.random_range(0..12);
            let score = 2.0 - (1.0 - rng.random::<f64>()).log10();
            add(&mut rng, t, host, kind, score);
        }
        // One day in five, something is new that many hosts do.
        if rng.random_bool(0.2) {
            let (kind, score) = (100 + day as u64 % 50, rng.random_range(3.0..6.0));
            for host in 0..rng.random_range(3..60) {
                let t = rng.random_range(9.0 * 3600.0..12.0 * 3600.0);
                add(&mut rng, t, host, kind, score);
            }
        }
        // A scanner of no consequence: rows alike, night for night.
        for i in 0..50 {
            add(&mut rng, 3600.0 + f64::from(i), 5000, 3, 3.0);
        }
        if let Some((on, hosts, score)) = self.attack
            && on == day
        {
            for i in 0..hosts {
                for step in 0..20u32 {
                    let t = 36_000.0 + 60.0 * f64::from(step) + f64::from(i);
                    let kind = 1000 + u64::from(step % 4);
                    add(&mut rng, t, 20 + i, kind, score);
                }
            }
        }
        out.sort_by(|a, b| a.ts.unwrap().total_cmp(&b.ts.unwrap()));
        out
    }

    /// Lets the days pass; gives each day and its alerts.
    pub fn pass(
        &self,
        alerts: &mut Alerts,
        days: std::ops::Range<i64>,
    ) -> Vec<(Day, Vec<Candidate>)> {
        let mut raised: Vec<Candidate> = Vec::new();
        for day in days.clone() {
            let hours = self.hours(MONDAY + day);
            let mut of_day = self.candidates(MONDAY + day);
            of_day.extend(self.behaviors.candidates(self.seed, day, alerts));
            of_day.sort_by(|a, b| a.ts.unwrap().total_cmp(&b.ts.unwrap()));
            let mut left = of_day.into_iter().peekable();
            for (h, n) in hours.into_iter().enumerate() {
                let from = (MONDAY + day) as f64 * DAY + h as f64 * 3600.0;
                alerts.rows(0, Some(from), n);
                while let Some(c) = left.next_if(|c| c.ts.unwrap() < from + 3600.0) {
                    alerts.tick(c.ts, 1);
                    let outcome = alerts.take(&c).unwrap();
                    if outcome.fate == Fate::Alert {
                        raised.push(c);
                    }
                }
            }
        }
        alerts.tick(Some((MONDAY + days.end) as f64 * DAY), 1);
        let days = std::iter::from_fn(|| alerts.take_day());
        days.map(|d| {
            let of = |c: &&Candidate| (d.begin..d.begin + DAY).contains(&c.ts.unwrap());
            let of_day = raised.iter().filter(of).copied().collect();
            (d, of_day)
        })
        .collect()
    }
}

/// A Poisson number, by its exponential gaps.
pub fn poisson(rng: &mut StdRng, mean: f64) -> u64 {
    let (mut n, mut t) = (0, 0.0);
    loop {
        t -= (1.0 - rng.random::<f64>()).ln();
        if t > mean {
            return n;
        }
        n += 1;
    }
}
