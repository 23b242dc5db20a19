//! Simulated weeks in which behaviors share the budget with records.

mod common;

use common::{BEACON, Behaviors, MANY, NOTHING, ORDINARY, SCAN, World};
use zeek_anomaly_alerts::{AlertLog, AlertParams, Alerts, Candidate, Day};

fn alerts(model: &[AlertLog], n: f64) -> Alerts {
    let params = AlertParams {
        per_day: n,
        threshold: 2.0,
        behaviors: true,
        ..AlertParams::default()
    };
    Alerts::new(model, params, &[])
}

/// What became of eight weeks with an implant on one day of the last.
struct Outcome {
    mean: f64,
    worst: u64,
    /// Alerts a day of records, and of scans from outside, after two weeks.
    records: f64,
    scans: f64,
    many: f64,
    implant: bool,
}

fn outcome(model: &[AlertLog], n: f64, seed: u64, behaviors: Behaviors) -> Outcome {
    let behaviors = Behaviors {
        implant: Some((50, 7.5)),
        ..behaviors
    };
    let world = World {
        seed,
        behaviors,
        ..ORDINARY
    };
    let days = world.pass(&mut alerts(model, n), 0..56);
    let raised = || days.iter().map(|d| d.0.alerts);
    let of = |kind: &dyn Fn(&Candidate) -> bool| {
        let late = days[14..].iter().flat_map(|d| &d.1);
        late.filter(|c| kind(c)).count() as f64 / 42.0
    };
    let implanted = |c: &Candidate| c.identity.kind == BEACON && c.score >= 7.5;
    Outcome {
        mean: raised().sum::<u64>() as f64 / 56.0,
        worst: raised().max().unwrap(),
        records: of(&|c| c.log == 0),
        scans: of(&|c| c.identity.kind == SCAN),
        many: of(&|c| c.identity.kind == MANY),
        implant: days[50].1.iter().any(implanted),
    }
}

/// Networks by what behaviours find in them every day, and the part of the budget that is at least left for records.
const NETWORKS: [(&str, Behaviors, f64); 5] = [
    ("quiet", quiet(0.3, 0.0), 0.7),
    // Ten kinds, every other day each: that is half of what comes seldom here.
    ("busy", quiet(5.0, 0.0), 0.1),
    ("tried from outside", quiet(0.3, 30.0), 0.3),
    ("tried by hundreds", quiet(1.0, 300.0), 0.4),
    (
        "new software",
        Behaviors {
            rollout: Some((20, 60)),
            ..quiet(0.3, 0.0)
        },
        0.4,
    ),
];

const fn quiet(seldom: f64, scanners: f64) -> Behaviors {
    Behaviors {
        seldom,
        scanners,
        ..NOTHING
    }
}

#[test]
fn what_behaviours_find_every_day_stays_within_the_budget_and_leaves_room_for_records() {
    let model = common::conn(86_400.0);
    for (name, behaviors, left) in NETWORKS {
        for n in [5.0, 10.0] {
            for seed in 1..3 {
                let o = outcome(&model, n, seed, behaviors);
                let at = format!("{name}, {n} a day, seed {seed}");
                println!(
                    "{at}: {:.1} a day, worst {}; of records {:.1}, scans {:.1}, many against one {:.2}",
                    o.mean, o.worst, o.records, o.scans, o.many
                );
                assert!(o.mean <= n && o.mean >= 0.5 * n, "{at}: {}", o.mean);
                assert!(o.worst as f64 <= 2.0 * n, "{at}: {}", o.worst);
                assert!(o.records >= left * n, "{at}: {} of records", o.records);
                assert!(o.implant, "{at}: the implant was not told");
                // The same every day, and strong: not silenced.
                let scanned = behaviors.scanners > 0.0;
                assert!(!scanned || o.many >= 0.4, "{at}: {}", o.many);
            }
        }
    }
}

#[test]
fn what_is_known_of_behaviours_holds_over_restarts() {
    let model = common::conn(48_000.0);
    let world = World {
        rows: 2000.0,
        behaviors: quiet(0.3, 30.0),
        ..ORDINARY
    };
    let (mut without, mut with) = (alerts(&model, 5.0), alerts(&model, 5.0));
    for day in 0..12 {
        let days = day..day + 1;
        let of = |days: Vec<(Day, Vec<Candidate>)>| -> Vec<(u64, Vec<Candidate>)> {
            days.into_iter().map(|d| (d.0.alerts, d.1)).collect()
        };
        let expected = of(world.pass(&mut without, days.clone()));
        assert_eq!(of(world.pass(&mut with, days)), expected, "{day}");
        let mut again = alerts(&model, 5.0);
        again.resume(&with.to_bytes().unwrap()).unwrap();
        with = again;
    }
}
