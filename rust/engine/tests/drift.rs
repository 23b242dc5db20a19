//! Synthetic weeks with a rhythm: none of it is drift; what is changed is named, on the day.

mod common;

use common::conn_schema;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use zeek_anomaly_drift::{ChangeKind, LogDrift, Monitor};
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{Engine, Limits, Model};
use zeek_anomaly_features::Context;
use zeek_log::{Field, FieldType, RecordBuf, Schema};

const DAY: f64 = 86_400.0;

/// A Monday.
const MONDAY: i64 = 19_723;

/// How a day differs from ordinary ones.
#[derive(Clone, Copy, Default)]
struct Odd {
    /// The port that 443 has become.
    moved_port: Option<u16>,
    /// The part of connections that go to a new service, or to ever new ones.
    new_service: f64,
    unseen: f64,
    /// How many times larger answers are.
    sizes: u64,
    /// Whether answers have no size at all.
    no_sizes: bool,
    /// Rows of a working day, instead of 1,500.
    rows: Option<u32>,
    /// The first hour.
    from_hour: u32,
}

/// A day of connections: by day browsing, by night backups; at the weekend a fifth of the
/// rows, most of them backups.
fn day(number: i64, odd: Odd) -> Vec<RecordBuf> {
    let mut rng = StdRng::seed_from_u64(number as u64);
    let weekend = (number + 3) % 7 >= 5;
    let n = odd.rows.unwrap_or(1500) * if weekend { 1 } else { 5 } / 5;
    let n = (f64::from(n) * rng.random_range(0.8..1.2)) as u32;
    let mut times: Vec<f64> = (0..n)
        .map(|_| rng.random_range(f64::from(odd.from_hour)..24.0) * 3600.0)
        .collect();
    times.sort_by(f64::total_cmp);
    // Every day has its favourites.
    let favourite = rng.random_range(0..40);
    times
        .into_iter()
        .map(|t| {
            let night = !(8.0..18.0).contains(&(t / 3600.0));
            let backup = rng.random_bool(if night || weekend { 0.7 } else { 0.1 });
            let port = match backup {
                true => 873,
                false if rng.random_bool(0.2) => 53,
                false if rng.random_bool(0.05) => 8000 + favourite,
                false => odd.moved_port.unwrap_or(443),
            };
            let port = if rng.random_bool(odd.new_service) {
                5432
            } else if rng.random_bool(odd.unseen) {
                rng.random_range(20_000..30_000)
            } else {
                port
            };
            let size = (2f64.powf(rng.random_range(8.0..14.0)) * if backup { 50.0 } else { 1.0 })
                as u64
                * odd.sizes.max(1);
            let mut b = RecordBuf::new();
            b.push_time(number as f64 * DAY + t);
            b.push_text(b"C1");
            b.push_addr([10, 0, 0, rng.random_range(0..20)].into());
            b.push_addr([192, 0, 2, 1].into());
            b.push_port(port);
            b.push_text(b"tcp");
            b.push_interval(rng.random_range(0.01..10.0));
            b.push_count(rng.random_range(100..2000));
            if odd.no_sizes {
                b.push_unset()
            } else {
                b.push_count(size)
            }
            b.push_text(if rng.random_bool(0.9) { b"SF" } else { b"S0" });
            b.push_text(b"ShADadFf");
            b
        })
        .collect()
}

fn trained(days: std::ops::Range<i64>) -> Model {
    let context = Context::default();
    let mut t = Trainer::new(TrainParams::default());
    for r in days.flat_map(|d| day(MONDAY + d, Odd::default())) {
        t.add(&conn_schema(), &r.record(), &context);
    }
    t.finish(&context)
}

/// What the live engine says of days.
fn live(model: &Model, days: impl Iterator<Item = Vec<RecordBuf>>) -> Vec<LogDrift> {
    let mut engine = Engine::new(Arc::new(model.clone()), Limits::default());
    engine.watch_drift(true);
    let binding = engine.bind(&conn_schema());
    let mut found = Vec::new();
    for r in days.flatten() {
        engine.observe(&binding, &r.record(), f64::NAN, &mut Vec::new());
        found.extend(std::iter::from_fn(|| engine.take_drift()));
    }
    found
}

/// An odd day after ordinary weeks, and an ordinary one behind it, that ends it.
fn odd_day(model: &Model, odd: Odd) -> Vec<LogDrift> {
    let days = [day(MONDAY + 43, odd), day(MONDAY + 44, Odd::default())];
    live(model, days.into_iter())
}

#[test]
fn weeks_that_go_on_as_before_are_no_drift() {
    for weeks in [1, 3] {
        let model = trained(0..7 * weeks);
        let found = live(
            &model,
            (21..21 + 70).map(|d| day(MONDAY + d, Odd::default())),
        );
        assert!(found.is_empty(), "{weeks}: {found:?}");
    }
    // Even a few days have limits, conventional ones.
    let found = live(
        &trained(0..3),
        (21..25).map(|d| day(MONDAY + d, Odd::default())),
    );
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_changed_is_named_on_the_day() {
    let model = trained(0..21);
    let name = |odd: Odd| {
        let found = odd_day(&model, odd);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].judged && !found[0].conventional);
        assert_eq!(found[0].day, Some((MONDAY + 43) as f64 * DAY));
        let first = found[0].changes[0].clone();
        assert!(first.distance > first.limit);
        (first.kind, first.name.clone(), first.to_string())
    };
    let ports = |odd| {
        let (kind, feature, text) = name(odd);
        assert_eq!((kind, feature.as_str()), (ChangeKind::Feature, "id.resp_p"));
        text
    };
    let moved = ports(Odd {
        moved_port: Some(8443),
        ..Odd::default()
    });
    assert!(
        moved.contains("mostly 8443") && moved.contains("443 0 %"),
        "{moved}"
    );
    let service = ports(Odd {
        new_service: 0.2,
        ..Odd::default()
    });
    assert!(service.contains("mostly 5432"), "{service}");
    let unseen = ports(Odd {
        unseen: 0.3,
        ..Odd::default()
    });
    assert!(unseen.contains("never seen"), "{unseen}");
    for odd in [
        Odd {
            sizes: 4,
            ..Odd::default()
        },
        Odd {
            no_sizes: true,
            ..Odd::default()
        },
    ] {
        let (kind, feature, text) = name(odd);
        assert_eq!(kind, ChangeKind::Feature);
        assert!(
            feature.contains("resp_bytes") || feature.contains("quotient"),
            "{text}"
        );
    }
    let (kind, _, text) = name(Odd {
        rows: Some(10_000),
        ..Odd::default()
    });
    assert_eq!(kind, ChangeKind::Volume, "{text}");
}

#[test]
fn a_log_that_falls_silent_is_drift() {
    let model = trained(0..21);
    let mut monitor = Monitor::archive(&model.trained_logs());
    for hour in 0..24 {
        // Other logs have rows.
        let ts = (MONDAY + 43) as f64 * DAY + f64::from(hour) * 3600.0;
        monitor.tick(Some(ts));
    }
    let found = monitor.finish();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].changes[0].kind, ChangeKind::Volume);
    assert_eq!(found[0].changes[0].now, "none");
}

#[test]
fn few_rows_parts_of_days_and_stray_times_say_nothing() {
    let model = trained(0..21);
    let new = Odd {
        new_service: 1.0,
        ..Odd::default()
    };
    let rows = odd_day(
        &model,
        Odd {
            rows: Some(60),
            ..new
        },
    );
    assert!(
        rows.iter()
            .flat_map(|d| &d.changes)
            .all(|c| c.kind == ChangeKind::Volume)
    );
    assert!(
        odd_day(
            &model,
            Odd {
                from_hour: 12,
                ..new
            }
        )
        .is_empty()
    );
    // Rows from other times, now and then, neither close a day nor are counted.
    let other = day(MONDAY + 400, new);
    let days = (42..46).map(|d| {
        let rows = day(MONDAY + d, Odd::default());
        let strays = other.iter().cycle();
        rows.into_iter()
            .zip(strays)
            .flat_map(|(r, s)| [r, s.clone()])
            .collect()
    });
    assert!(live(&model, days).is_empty());
}

#[test]
fn a_clock_that_is_set_is_followed() {
    let model = trained(0..21);
    let gone = Odd {
        moved_port: Some(8443),
        ..Odd::default()
    };
    let days = [
        day(MONDAY + 42, Odd::default()),
        day(MONDAY + 400, gone),
        day(MONDAY + 401, Odd::default()),
        day(MONDAY + 43, gone),
        day(MONDAY + 44, Odd::default()),
    ];
    let found = live(&model, days.into_iter());
    let at: Vec<f64> = found
        .iter()
        .filter_map(|d| d.day)
        .map(|d| d / DAY)
        .collect();
    assert_eq!(at, [(MONDAY + 400) as f64, (MONDAY + 43) as f64]);
}

#[test]
fn columns_are_compared_at_once() {
    let model = trained(0..1);
    let mut schema = Schema::clone(&conn_schema());
    schema.fields.retain(|f| f.name != "history");
    schema.fields.push(Field::new("vlan", FieldType::Int));
    let duration = schema.position("duration").unwrap();
    schema.fields[duration] = Field::new("duration", FieldType::Double);
    let mut engine = Engine::new(Arc::new(model), Limits::default());
    engine.watch_drift(true);
    engine.bind(&schema);
    engine.bind(&schema);
    let found: Vec<LogDrift> = std::iter::from_fn(|| engine.take_drift()).collect();
    assert_eq!(found.len(), 1, "said once");
    let text: Vec<String> = found[0].changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "duration: double, was interval",
            "history: gone, was a column (string)",
            "vlan: a new column (int), was not there",
        ]
    );
    engine.bind(&conn_schema());
    assert!(engine.take_drift().is_none());
}
