//! Nanoseconds for a conn record through the C ABI, and in the engine alone:
//! `cargo bench -p zeek-anomaly-capi --bench observe`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{CONN, Conn, bind, close, conn_schema, model, next, observe, open};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use zeek_anomaly::za_value;
use zeek_anomaly_engine::{Engine, Limits};
use zeek_log::RecordBuf;

const ROWS: u64 = 4_000;
const ROUNDS: usize = 25;
const RUNS: usize = 9;

fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("model");
    let model = model();
    model.save(&path).expect("a model");
    let conns: Vec<Conn> = (0..ROWS).map(Conn::usual).collect();

    let mut alone = Engine::new(Arc::new(model), Limits::default());
    let of_alone = alone.bind(&conn_schema());
    let records: Vec<RecordBuf> = conns
        .iter()
        .map(|c| {
            let mut record = RecordBuf::new();
            c.fill(&mut record);
            record
        })
        .collect();
    let mut reasons = Vec::new();
    measure("engine alone", &records, |r| {
        black_box(alone.observe(&of_alone, &r.record(), f64::NAN, &mut reasons));
    });

    let engine = open(&path);
    let binding = bind(engine, "conn", CONN);
    let values: Vec<Vec<za_value>> = conns.iter().map(Conn::values).collect();
    measure("C ABI", &values, |v| {
        black_box(observe(engine, binding, v, f64::NAN));
    });
    measure("C ABI, explained", &values, |v| {
        black_box(observe(engine, binding, v, 0.0));
        black_box(next(engine));
    });
    close(engine);
}

/// The best of some runs.
fn measure<T>(what: &str, records: &[T], mut each: impl FnMut(&T)) {
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            records.iter().for_each(&mut each);
        }
        let n = (ROUNDS * records.len()) as f64;
        best = best.min(start.elapsed().as_nanos() as f64 / n);
    }
    println!("{what}: {best:.0} ns a record");
}
