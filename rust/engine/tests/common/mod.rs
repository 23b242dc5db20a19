//! Rows for tests, made here.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;
use zeek_anomaly_engine::choice::KernelKind;
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{DetectorKind, Engine, Limits, Model, Verdict};
use zeek_anomaly_features::Context;
use zeek_log::{Field, FieldType, RecordBuf, Schema};

/// The schema of the rows.
pub fn conn_schema() -> Arc<Schema> {
    use FieldType::{Addr, Count, Enum, Interval, Port, String, Time};
    let fields = [
        ("ts", Time),
        ("uid", String),
        ("id.orig_h", Addr),
        ("id.resp_h", Addr),
        ("id.resp_p", Port),
        ("proto", Enum),
        ("duration", Interval),
        ("orig_bytes", Count),
        ("resp_bytes", Count),
        ("conn_state", String),
        ("history", String),
    ];
    let fields = fields.into_iter().map(|(n, t)| Field::new(n, t)).collect();
    Arc::new(Schema {
        log: "conn".into(),
        fields,
    })
}

/// `n` ordinary connections, and at the end one that is not.
pub fn conn_rows(n: u64) -> Vec<RecordBuf> {
    (0..=n)
        .map(|i| {
            let odd = i == n;
            let mut b = RecordBuf::new();
            b.push_time(1.7e9 + i as f64);
            b.push_text(format!("C{i}").as_bytes());
            b.push_addr([10, 0, 0, (i % 7) as u8].into());
            b.push_addr([192, 0, 2, 1].into());
            b.push_port(if odd { 31337 } else { 443 });
            b.push_text(b"tcp");
            b.push_interval(0.1 + (i % 13) as f64 / 10.0);
            b.push_count(if odd { 1 << 40 } else { 300 + i % 50 });
            if i % 5 == 0 {
                b.push_unset()
            } else {
                b.push_count(4000 + i % 999)
            }
            b.push_text(if odd { b"RSTO" } else { b"SF" });
            b.push_text(b"ShADadFf");
            b
        })
        .collect()
}

/// An ensemble of every detector there is.
pub fn all_detectors() -> String {
    DetectorKind::ALL.map(DetectorKind::name).join("+")
}

/// A model of the rows.
pub fn train_on(rows: &[RecordBuf], detector: Option<DetectorKind>) -> Model {
    train_with(rows, detector.map_or("auto", DetectorKind::name))
}

/// How to train so that unoptimised tests are quick, with detectors by their names.
pub fn quick(detectors: &str) -> TrainParams {
    let mut params = TrainParams {
        detectors: detectors.parse().unwrap(),
        ..TrainParams::default()
    };
    params.how.kitnet.rows = 8000;
    params.how.svm.nu = Some(0.05);
    params.how.svm.gamma = Some(0.03);
    params.how.svm.kernel = Some(KernelKind::Rbf);
    params.how.svm.exact_rows = 100;
    params.how.svm.landmarks = 40;
    params.how.svm.rows = 1000;
    params
}

/// A model of the rows, with detectors by their names.
pub fn train_with(rows: &[RecordBuf], detectors: &str) -> Model {
    let schema = conn_schema();
    let context = Context::default();
    let mut t = Trainer::new(quick(detectors));
    for r in rows {
        t.add(&schema, &r.record(), &context);
    }
    t.finish(&context)
}

/// What the live door says of the rows.
pub fn live_scores(model: Model, rows: &[RecordBuf]) -> Vec<Verdict> {
    let mut engine = Engine::new(Arc::new(model), Limits::default());
    let binding = engine.bind(&conn_schema());
    let mut why = Vec::new();
    rows.iter()
        .map(|r| {
            engine
                .observe(&binding, &r.record(), 0.0, &mut why)
                .expect("conn is scored")
        })
        .collect()
}
