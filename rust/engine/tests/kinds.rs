//! A connection is compared with connections of its kind, in what it scores and in what is said of it.

mod common;

use common::conn_schema;
use std::sync::Arc;
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{Engine, Limits, Model};
use zeek_anomaly_features::Context;
use zeek_log::RecordBuf;

/// Names are asked in a few bytes, mail is sent in many.
fn connection(i: u64, port: u16, proto: &[u8], sent: u64) -> RecordBuf {
    let mut b = RecordBuf::new();
    b.push_time(1.7e9 + i as f64);
    b.push_text(format!("C{i}").as_bytes());
    b.push_addr([10, 0, 0, 1].into());
    b.push_addr([192, 0, 2, 1].into());
    b.push_port(port);
    b.push_text(proto);
    b.push_interval(0.1 + (i % 9) as f64 / 10.0);
    b.push_count(sent);
    b.push_count(300 + i % 50);
    b.push_text(b"SF");
    b.push_text(if port == 53 { b"Dd" } else { b"ShADadFf" });
    b
}

fn model() -> Model {
    let (schema, context) = (conn_schema(), Context::default());
    let mut trainer = Trainer::new(TrainParams::default());
    for i in 0..2000 {
        let row = match i % 2 {
            0 => connection(i, 53, b"udp", 40 + i % 10),
            _ => connection(i, 25, b"tcp", 40_000 + i % 999),
        };
        trainer.add(&schema, &row.record(), &context);
    }
    trainer.finish(&context)
}

fn scored(model: &Arc<Model>, row: &RecordBuf) -> (f64, Vec<String>) {
    let mut engine = Engine::new(model.clone(), Limits::default());
    let binding = engine.bind(&conn_schema());
    let mut why = Vec::new();
    let v = engine
        .observe(&binding, &row.record(), 0.0, &mut why)
        .unwrap();
    let why = why
        .iter()
        .map(|r| format!("{} (usual {})", r.feature, r.usual));
    (v.score, why.collect())
}

#[test]
fn what_is_usual_for_mail_is_strange_for_a_query_and_the_reason_says_so() {
    let model = Arc::new(model());
    let (ordinary, _) = scored(&model, &connection(1, 25, b"tcp", 40_000));
    let (strange, why) = scored(&model, &connection(1, 53, b"udp", 40_000));
    assert!(strange > ordinary + 2.0, "{ordinary} {strange}");
    assert!(
        why.iter()
            .any(|r| r.starts_with("upload (usual for 53/udp: ")),
        "{why:?}"
    );
}

#[test]
fn kinds_survive_the_model_file() {
    let model = Arc::new(model());
    let bytes = model.to_bytes().unwrap();
    let read = Model::from_bytes(&bytes, "m.zam".as_ref()).unwrap();
    assert_eq!(read.logs[0].kinds.names(), model.logs[0].kinds.names());
    assert!(read.logs[0].kinds.names()[1].contains(&("53/udp", 1000)));
    let row = connection(1, 53, b"udp", 40_000);
    assert_eq!(scored(&Arc::new(read), &row), scored(&model, &row));
}
