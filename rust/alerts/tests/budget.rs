//! Simulated weeks: alerts stay within the budget, and an attack exceeds it.

mod common;

use common::{DAY, MONDAY, ORDINARY, World};
use zeek_anomaly_alerts::{
    AlertLog, AlertParams, Alerts, Candidate, Collector, Day, Fate, Identity, Share,
};

fn model() -> Vec<AlertLog> {
    common::conn(86_400.0)
}

fn alerts(model: &[AlertLog], per_day: f64) -> Alerts {
    let params = AlertParams {
        per_day,
        threshold: 2.0,
        ..AlertParams::default()
    };
    Alerts::new(model, params, &[])
}

/// What became of the days of a world with a budget.
struct Weeks {
    days: Vec<(Day, Vec<Candidate>)>,
    per_day: f64,
}

impl Weeks {
    fn of(world: World, model: &[AlertLog], per_day: f64) -> Weeks {
        Weeks {
            days: world.pass(&mut alerts(model, per_day), 0..56),
            per_day,
        }
    }

    /// Alerts a day on average, of the days from one on.
    fn mean(&self, from: usize) -> f64 {
        let n = self.days[from..].iter().map(|d| d.0.alerts);
        n.sum::<u64>() as f64 / (self.days.len() - from) as f64
    }

    /// The days from one on that have more than twice the budget.
    fn bad(&self, from: usize) -> Vec<u64> {
        let n = self.days[from..].iter().map(|d| d.0.alerts);
        n.filter(|n| *n as f64 > 2.0 * self.per_day).collect()
    }
}

const BUDGETS: [f64; 4] = [1.0, 5.0, 10.0, 50.0];

#[test]
fn ordinary_weeks_are_within_the_budget_from_the_first_day_on() {
    let model = model();
    for n in BUDGETS {
        for seed in 1..4 {
            let weeks = Weeks::of(World { seed, ..ORDINARY }, &model, n);
            assert_eq!(weeks.days.len(), 56);
            // Of one alert a day the double is a small number: chance exceeds it now and then.
            let (most, worst) = if n == 1.0 { (1, 3) } else { (0, 0) };
            let bad = weeks.bad(0);
            assert!(
                bad.len() <= most && bad.iter().all(|b| *b <= worst),
                "{n} {seed}: {bad:?}"
            );
            let mean = weeks.mean(0);
            assert!(mean <= n && mean >= 0.5 * n, "{n} seed {seed}: {mean}");
            let told = weeks.days.iter().filter(|d| d.0.exceeded).count();
            assert!(
                told <= 3,
                "{n} seed {seed}: {told} days are said to be too many"
            );
        }
    }
}

#[test]
fn where_the_scale_or_the_volume_is_wrong_days_teach_within_a_week() {
    let model = model();
    let off = |off| World { off, ..ORDINARY };
    let rows = |rows| World { rows, ..ORDINARY };
    let growth = World {
        growth: 1.02,
        ..ORDINARY
    };
    for world in [off(5.0), off(0.2), rows(17_000.0), rows(430_000.0), growth] {
        for n in BUDGETS {
            let weeks = Weeks::of(world, &model, n);
            let (most, worst) = if n == 1.0 { (1, 3) } else { (0, 0) };
            let bad = weeks.bad(7);
            assert!(
                bad.len() <= most && bad.iter().all(|b| *b <= worst),
                "{n} {world:?}: {bad:?}"
            );
            let mean = weeks.mean(7);
            assert!(mean <= n && mean >= 0.5 * n, "{n} {world:?}: {mean}");
            // Until then there are more, but not many more.
            let first = weeks.days[..7].iter().map(|d| d.0.alerts).max();
            assert!(first.unwrap() as f64 <= 4.0 * n, "{n} {world:?}: {first:?}");
        }
    }
}

#[test]
fn an_attack_exceeds_the_budget_is_said_to_and_does_not_silence_the_next_one() {
    let model = model();
    for n in [1.0, 5.0, 10.0] {
        // The same attack on five days in a row, and once more a week later.
        let mut a = alerts(&model, n);
        let mut days = Vec::new();
        for day in 0..43 {
            let struck = (30..35).contains(&day) || day == 42;
            let world = World {
                attack: struck.then_some((MONDAY + day, 40, 8.0)),
                ..ORDINARY
            };
            days.extend(world.pass(&mut a, day..day + 1));
        }
        let before = days[29].0.thresholds[0].score;
        for day in [30, 31, 32, 33, 34, 42] {
            let (report, raised) = &days[day];
            assert!(report.exceeded, "{n}: {report:?}");
            assert!(report.alerts as f64 > 2.0 * n, "{n}: {report:?}");
            // Each of the four things that the attack does is told of, and how many do it.
            for kind in 1000..1004 {
                let of = raised.iter().filter(|c| c.identity.kind == kind).count();
                assert!(of as f64 >= (n / 2.0).min(3.0), "{n} {day}: {of}");
            }
            let now = report.thresholds[0].score;
            assert!(now < before + 1.5, "{n} {day}: {before} {now}");
        }
        let quiet: Vec<u64> = days[35..42].iter().map(|d| d.0.alerts).collect();
        let mean = quiet.iter().sum::<u64>() as f64 / 7.0;
        assert!(
            mean <= n && quiet.iter().all(|d| *d as f64 <= 2.0 * n),
            "{n}: {quiet:?}"
        );
    }
}

#[test]
fn a_thousand_rows_alike_are_one_alert_and_a_crowd_is_counted() {
    let model = model();
    let mut a = alerts(&model, 5.0);
    let mut alert = Vec::new();
    let mut last = None;
    for i in 0..1000u32 {
        let host = if i < 500 { 1 } else { i };
        let ts = Some(MONDAY as f64 * DAY + f64::from(i));
        a.rows(0, ts, 1);
        let outcome = a.take(&Candidate {
            identity: Identity {
                id: xxhash_rust::xxh3::xxh3_64(&host.to_le_bytes()),
                kind: 9,
                entity: None,
            },
            log: 0,
            score: 8.0,
            ts,
            records: 1,
        });
        let outcome = outcome.unwrap();
        if outcome.fate == Fate::Alert {
            alert.push(i);
        }
        last = Some(outcome);
    }
    // The first, two more of its kind, and the crowd.
    assert_eq!(alert, [0, 500, 501, 502]);
    let last = last.unwrap();
    assert_eq!((last.fate, last.records), (Fate::Counted, 498));
    assert!((400..600).contains(&last.entities), "{last:?}");
    // One that is far stranger is told by itself.
    let one = Candidate {
        identity: Identity {
            id: 12345,
            kind: 9,
            entity: None,
        },
        log: 0,
        score: 9.5,
        ts: None,
        records: 1,
    };
    let outcome = a.take(&one).unwrap();
    assert_eq!((outcome.fate, outcome.finding), (Fate::Alert, 12345));
}

#[test]
fn networks_and_logs_have_budgets_of_their_own_where_asked_for() {
    let model = model();
    let params = AlertParams {
        per_day: 1.0,
        share: Share::Log,
        networks: vec![
            "10.0.0.0/8".parse().unwrap(),
            "10.1.0.0/16".parse().unwrap(),
        ],
        threshold: 2.0,
        ..AlertParams::default()
    };
    let mut a = Alerts::new(&model, params, &[]);
    let ts = Some(MONDAY as f64 * DAY);
    a.rows(0, ts, 1);
    for (i, host) in ["10.1.2.3", "10.2.2.3", "192.0.2.1"]
        .into_iter()
        .enumerate()
    {
        let candidate = Candidate {
            identity: Identity {
                id: i as u64 + 1,
                kind: i as u64,
                entity: host.parse().ok(),
            },
            log: 0,
            score: 5.1,
            ts,
            records: 1,
        };
        assert_eq!(a.take(&candidate).unwrap().fate, Fate::Alert, "{host}");
        let second = Candidate {
            identity: Identity {
                id: i as u64 + 100,
                kind: i as u64 + 100,
                ..candidate.identity
            },
            ..candidate
        };
        assert_eq!(a.take(&second).unwrap().fate, Fate::Held, "{host}");
    }
    a.finish();
    let names: Vec<String> = std::iter::from_fn(|| a.take_day())
        .map(|d| d.budget)
        .collect();
    assert_eq!(names, ["conn", "conn 10.1.0.0/16", "conn 10.0.0.0/8"]);
}

#[test]
fn an_archive_replayed_in_any_order_raises_what_was_raised_live() {
    let model = model();
    let world = World {
        attack: Some((MONDAY + 12, 20, 8.0)),
        ..ORDINARY
    };
    let live = world.pass(&mut alerts(&model, 5.0), 0..14);
    let mut archive = Collector::new(2.0, &[]);
    // The last day first.
    for day in (0..14).rev() {
        for c in world.candidates(MONDAY + day) {
            for _ in 0..c.records {
                archive.add(c.identity, c.log, c.ts, c.score);
            }
        }
        for (h, n) in world.hours(MONDAY + day).into_iter().enumerate() {
            let ts = (MONDAY + day) as f64 * DAY + h as f64 * 3600.0;
            archive.add_rows(0, Some(ts), n);
        }
    }
    let params = alerts(&model, 5.0).params().clone();
    let replay = archive.replay(&model, params);
    let of_live: Vec<(u64, f64)> = live
        .iter()
        .flat_map(|d| &d.1)
        .map(|c| (c.identity.id, c.ts.unwrap()))
        .collect();
    let of_archive: Vec<(u64, f64)> = replay
        .alerts
        .iter()
        .map(|a| (a.identity.id, a.ts))
        .collect();
    assert!(of_live.len() > 40, "{}", of_live.len());
    assert_eq!(of_archive, of_live);
    let counts = |days: Vec<&Day>| -> Vec<(f64, u64, u64, u64)> {
        let of = |d: &&Day| (d.begin, d.alerts, d.held, d.rows);
        days.iter().map(of).collect()
    };
    assert_eq!(
        counts(replay.days.iter().collect()),
        counts(live.iter().map(|d| &d.0).collect())
    );
}

#[test]
fn options_that_change_take_effect_at_once_and_what_was_learned_stays() {
    let model = model();
    let mut a = alerts(&model, 5.0);
    let mut other = alerts(&model, 50.0);
    ORDINARY.pass(&mut a, 0..28);
    ORDINARY.pass(&mut other, 0..28);
    let params = AlertParams {
        per_day: 50.0,
        ..a.params().clone()
    };
    a.change(params, &[]);
    let of = |days: Vec<(Day, Vec<Candidate>)>| -> f64 {
        let n: u64 = days.iter().map(|d| d.0.alerts).sum();
        n as f64 / days.len() as f64
    };
    let (changed, before) = (
        of(ORDINARY.pass(&mut a, 28..42)),
        of(ORDINARY.pass(&mut other, 28..42)),
    );
    assert!(
        (changed - before).abs() < 0.3 * before,
        "{changed} {before}"
    );
}

#[test]
fn logs_that_do_not_count_and_low_scores_raise_nothing() {
    let model = model();
    let params = AlertParams::default();
    let mut a = Alerts::new(&model, params.clone(), &["http".to_owned()]);
    let mut b = Alerts::new(&model, params, &[]);
    let mut candidate = ORDINARY.candidates(MONDAY)[0];
    candidate.score = 9.0;
    assert!(a.take(&candidate).is_none() && b.take(&candidate).is_some());
    for score in [2.99, f64::NAN, f64::NEG_INFINITY] {
        candidate.score = score;
        assert!(b.take(&candidate).is_none());
    }
    candidate.log = 77;
    candidate.score = 9.0;
    assert!(b.take(&candidate).is_none());
}

#[test]
fn a_flood_of_findings_is_forgotten_and_the_alerts_are_not() {
    let model = model();
    let mut a = alerts(&model, 10.0);
    let ts = Some(MONDAY as f64 * DAY);
    a.rows(0, ts, 1);
    let of = |id: u64, score: f64| Candidate {
        identity: Identity {
            id,
            kind: id % 7,
            entity: None,
        },
        log: 0,
        score,
        ts,
        records: 1,
    };
    assert_eq!(a.take(&of(1, 9.0)).unwrap().fate, Fate::Alert);
    for id in 2..300_000 {
        a.take(&of(id, 2.0 + (id % 100) as f64 / 100.0));
    }
    assert_eq!(a.take(&of(1, 9.0)).unwrap().fate, Fate::Counted);
    assert!(a.findings() <= 1 << 16);
}

#[test]
fn a_crowd_outside_hides_no_host_inside() {
    let model = model();
    let mut a = alerts(&model, 5.0);
    let mut take = |host: u32, address: String| {
        let ts = Some(MONDAY as f64 * DAY + f64::from(host));
        a.rows(0, ts, 1);
        let identity = Identity {
            id: u64::from(host) + 1,
            kind: 9,
            entity: Some(address.parse().unwrap()),
        };
        let candidate = Candidate {
            identity,
            log: 0,
            score: 8.0,
            ts,
            records: 1,
        };
        let outcome = a.take(&candidate).unwrap();
        (outcome.fate, outcome.finding, identity)
    };
    let mut last = (Fate::Below, 0, Identity::of_behavior("", 0, [0; 4].into()));
    for host in 0..200 {
        last = take(host, format!("198.18.0.{host}"));
    }
    // They are a crowd, and each is of it.
    assert_eq!(last.0, Fate::Counted);
    assert!(last.1 != last.2.id && last.2.is_of(last.1));
    let inside = take(1000, "10.0.0.1".to_owned());
    assert_eq!((inside.0, inside.1), (Fate::Alert, 1001));
    assert_eq!(take(1001, "100.64.0.1".to_owned()).0, Fate::Alert);
    assert_eq!(take(1002, "198.18.1.1".to_owned()).0, Fate::Counted);
}
