//! Logs that are series: a record sees the one before of its node, and the hour of the day counts.

use std::sync::Arc;
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{Engine, Limits, Model, Reason};
use zeek_anomaly_features::Context;
use zeek_anomaly_features::context::{ContextColumns, Role};
use zeek_log::{Field, FieldType, RecordBuf, Schema};

fn schema() -> Arc<Schema> {
    use FieldType::{Count, Double, Interval, String, Time};
    let fields = [
        ("ts", Time),
        ("ts_delta", Interval),
        ("peer", String),
        ("gaps", Count),
        ("acks", Count),
        ("percent_lost", Double),
    ];
    let fields = fields.into_iter().map(|(n, t)| Field::new(n, t));
    Arc::new(Schema {
        log: "capture_loss".into(),
        fields: fields.collect(),
    })
}

/// A quarter of an hour of a network that sleeps at night.
fn row(i: u64, peer: &str, acks: u64) -> RecordBuf {
    let mut b = RecordBuf::new();
    b.push_time(1_699_920_000.0 + 900.0 * i as f64);
    b.push_interval(900.0);
    b.push_text(peer.as_bytes());
    b.push_count(i % 3);
    b.push_count(acks);
    b.push_double((i % 3) as f64 / acks as f64 * 100.0);
    b
}

fn usual(i: u64) -> u64 {
    let night = i / 4 % 24 < 6;
    if night {
        1000 + i * 37 % 100
    } else {
        100_000 + i * 7919 % 10_000
    }
}

fn trained(days: u64) -> Model {
    let schema = schema();
    let columns = ContextColumns::bind(Role::Series, &schema);
    let mut context = Context::default();
    let mut t = Trainer::new(TrainParams::default());
    for i in 0..days * 96 {
        for peer in ["worker-1", "worker-2"] {
            let r = row(i, peer, usual(i));
            t.add(&schema, &r.record(), &context);
            context.advance(&columns, &r.record());
        }
    }
    t.finish(&context)
}

fn raw_of(model: Model, rows: &[RecordBuf]) -> Vec<(f64, Vec<Reason>)> {
    let mut engine = Engine::new(Arc::new(model), Limits::default());
    let binding = engine.bind(&schema());
    let each = rows.iter().map(|r| {
        let mut why = Vec::new();
        let v = engine.observe(&binding, &r.record(), 0.0, &mut why);
        (v.expect("scored").raw, why)
    });
    each.collect()
}

#[test]
fn day_traffic_at_night_is_a_deviation_and_at_day_it_is_not() {
    let model = trained(14);
    assert_eq!(model.logs[0].detector_name(), "time_series");
    // 14 days later, from 3:00 on and from 15:00 on.
    let at = |hour: u64| 14 * 96 + hour * 4;
    let night: Vec<RecordBuf> = (0..3)
        .map(|k| row(at(3) + k, "worker-1", usual(at(3) + k)))
        .collect();
    let day: Vec<RecordBuf> = (0..3)
        .map(|k| row(at(15) + k, "worker-1", usual(at(15) + k)))
        .collect();
    let loud: Vec<RecordBuf> = (0..3)
        .map(|k| row(at(3) + k, "worker-1", usual(at(15) + k)))
        .collect();
    let last = |rows: &[RecordBuf]| raw_of(trained(14), rows).pop().expect("rows");
    let (night, day, loud) = (last(&night), last(&day), last(&loud));
    assert!(
        loud.0 > 3.0 + night.0.max(day.0),
        "{night:?} {day:?} {loud:?}"
    );
    assert!(loud.1[0].feature.starts_with("acks"), "{:?}", loud.1);
}

#[test]
fn a_sudden_change_is_one_of_the_same_node_only() {
    let i = 3 * 96 + 60;
    let two = [
        row(i, "worker-1", usual(i)),
        row(i + 1, "worker-2", usual(i) * 50),
    ];
    let one = [
        row(i, "worker-2", usual(i)),
        row(i + 1, "worker-2", usual(i) * 50),
    ];
    let change = |rows: &[RecordBuf]| {
        let (_, why) = raw_of(trained(3), rows).pop().expect("rows");
        why.iter().any(|r| r.feature == "acks_change")
    };
    assert!(!change(&two), "there was no record before of that node");
    assert!(change(&one));
}
