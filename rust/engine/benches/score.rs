//! How fast records are scored, beside plain reading of the same rows.
//!
//! `cargo bench -p zeek-anomaly-engine --bench score -- [ROWS | LOG]`: so many rows of conn.log (default
//! 1,000,000), made for this, or a log that is there; the model is trained on them first. Machines
//! differ: what tells is the ratio.

mod common;

use common::{log, median, on_threads, reading, say};
use std::ops::ControlFlow;
use zeek_anomaly_engine::offline::{Observer, ReadParams, score, train};
use zeek_anomaly_engine::train::TrainParams;
use zeek_log::Input;

struct Quiet;

impl Observer for Quiet {}

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    let inputs = [Input::new(log(dir.path()))];
    let all = ReadParams::default();
    let model = train(&inputs, &TrainParams::default(), &all, &mut Quiet);
    let (n, read) = reading(&inputs[0]);
    on_threads(&|threads| {
        let took = median(&|| {
            let mut rows = 0;
            score(&inputs, &model, false, &all, &mut Quiet, &mut |_| {
                rows += 1;
                ControlFlow::Continue(())
            });
            assert_eq!(rows, n);
        });
        say(&format!("scoring, {threads} thread(s)"), n, took, read);
    });
}
