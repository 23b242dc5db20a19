//! Scores keep what they promise on rows that nobody trained on.

mod common;

use common::conn_schema;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{Claim, Engine, Limits, Model};
use zeek_anomaly_features::Context;
use zeek_log::RecordBuf;

/// Connections of a network with several services, each with sizes and durations of its
/// own, rare states, and now and then a port that nobody else uses; one a second from
/// `from` on. In a `burst` an hour has a service of its own.
fn traffic(seed: u64, from: f64, n: u64, burst: bool) -> impl Iterator<Item = RecordBuf> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(move |i| {
        let pick: f64 = rng.random();
        let (mut port, size, speed): (u16, f64, f64) = match pick {
            p if p < 0.5 => (443, 4000.0, 0.5),
            p if p < 0.8 => (53, 80.0, 0.01),
            p if p < 0.95 => (80, 900.0, 0.2),
            p if p < 0.999 => (22, 9000.0, 20.0),
            _ => (rng.random_range(1024..32000), 200.0, 1.0),
        };
        let hour = (from as u64 + i) / 3600;
        let own = burst && i % 3600 < 300;
        if own {
            port = 2000 + (hour % 20_000) as u16;
        }
        // Heavy tails, as traffic has them.
        let mut heavy = |scale: f64| scale * (1.0 - rng.random::<f64>()).powf(-0.7);
        let (sent, received, duration) = (heavy(size / 9.0), heavy(size), heavy(speed));
        let state: f64 = rng.random();
        let (state, history): (&[u8], &[u8]) = match state {
            s if s < 0.93 => (b"SF", b"ShADadFf"),
            s if s < 0.98 => (b"S0", b"S"),
            s if s < 0.995 => (b"RSTO", b"ShADadR"),
            s if s < 0.9995 => (b"S1", b"ShADad"),
            _ => (b"OTH", b"Cd"),
        };
        let mut b = RecordBuf::new();
        b.push_time(from + i as f64);
        b.push_text(b"C1");
        b.push_addr([10, 0, 0, 1].into());
        b.push_addr([192, 0, 2, 1].into());
        b.push_port(port);
        b.push_text(if port == 53 { b"udp" } else { b"tcp" });
        b.push_interval(duration);
        b.push_count(sent as u64);
        b.push_count(received as u64);
        b.push_text(state);
        match own {
            true => b.push_text(format!("Sh{hour}").as_bytes()),
            false => b.push_text(history),
        }
        b
    })
}

fn train(rows: impl Iterator<Item = RecordBuf>, own_rows: bool) -> Model {
    let (schema, context) = (conn_schema(), Context::default());
    let params = TrainParams {
        own_rows,
        ..TrainParams::default()
    };
    let mut trainer = Trainer::new(params);
    rows.for_each(|r| trainer.add(&schema, &r.record(), &context));
    trainer.finish(&context)
}

fn scores(model: Model, rows: impl Iterator<Item = RecordBuf>) -> Vec<(f64, Claim)> {
    let mut engine = Engine::new(Arc::new(model), Limits::default());
    let binding = engine.bind(&conn_schema());
    let mut why = Vec::new();
    rows.map(|r| {
        let v = engine
            .observe(&binding, &r.record(), f64::NAN, &mut why)
            .unwrap();
        (v.score, v.claim)
    })
    .collect()
}

/// How many times more rows have a score of s or more than promised.
fn factor(scores: &[(f64, Claim)], s: f64) -> f64 {
    let n = scores.iter().filter(|v| v.0 >= s).count() as f64;
    n / (scores.len() as f64 * 10f64.powf(-s))
}

#[test]
fn one_row_in_ten_thousand_scores_four_on_days_that_nobody_trained_on() {
    let model = train(traffic(1, 1.7e9, 60_000, false), false);
    let unseen = scores(model, traffic(2, 1.71e9, 200_000, false));
    for s in [1.0, 2.0, 3.0, 4.0] {
        let f = factor(&unseen, s);
        assert!((0.5..=2.0).contains(&f), "score {s}: {f}");
    }
    // Beyond the training rows there is a tail, and it says so.
    assert!(unseen.iter().any(|v| v.1 == Claim::Extrapolated));
}

#[test]
fn where_every_hour_brings_something_new_the_next_one_does_too() {
    // Each hour has a service that no other has: judged with only themselves left out,
    // training rows know their neighbours, and scores promise too much.
    let unseen = |own_rows| {
        let model = train(traffic(3, 1.7e9, 30_000, true), own_rows);
        let next = traffic(4, 1.7e9 + 3600.0 * 1000.0, 15_000, true);
        factor(&scores(model, next), 2.0)
    };
    let (blocks, neighbours) = (unseen(false), unseen(true));
    assert!(
        blocks < 2.0 && neighbours > 2.0 * blocks,
        "{blocks} {neighbours}"
    );
}
