//! Nanoseconds for a conn record through the C ABI: `cargo bench -p zeek-anomaly-capi`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{CONN, Conn, bind, model, observe, open};
use std::hint::black_box;
use std::time::Instant;
use zeek_anomaly::{za_engine_close, za_value};

const ROWS: u64 = 4_000;
const ROUNDS: usize = 50;
const RUNS: usize = 9;

fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("model");
    model().save(&path).expect("a model");
    let engine = open(&path);
    let binding = bind(engine, "conn", CONN);
    let conns: Vec<Conn> = (0..ROWS).map(Conn::usual).collect();
    let values: Vec<Vec<za_value>> = conns.iter().map(Conn::values).collect();
    for (what, explain_from) in [("score", f64::NAN), ("score and explain", 0.0)] {
        let mut best = f64::MAX;
        for _ in 0..RUNS {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                for v in &values {
                    black_box(observe(engine, binding, v, explain_from));
                }
            }
            let records = (ROUNDS * values.len()) as f64;
            best = best.min(start.elapsed().as_nanos() as f64 / records);
        }
        println!("{what}: {best:.0} ns a record");
    }
    // SAFETY: open, and not used after this.
    unsafe { za_engine_close(engine) };
}
