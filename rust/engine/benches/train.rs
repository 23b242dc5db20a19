//! How fast training learns, beside plain reading of the same rows.
//!
//! `cargo bench -p zeek-anomaly-engine --bench train -- [ROWS | LOG]`: so many rows of conn.log (default
//! 1,000,000), made for this, or a log that is there. Machines differ: what tells is the ratio.

mod common;

use common::{log, median, on_threads, reading, say};
use zeek_anomaly_engine::offline::{Observer, ReadParams, train};
use zeek_anomaly_engine::train::TrainParams;
use zeek_log::Input;

struct Quiet;

impl Observer for Quiet {}

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    let inputs = [Input::new(log(dir.path()))];
    let (n, read) = reading(&inputs[0]);
    on_threads(&|threads| {
        let took = median(&|| {
            let all = ReadParams::default();
            let model = train(&inputs, &TrainParams::default(), &all, &mut Quiet);
            assert_eq!(model.info.rows, n);
        });
        say(&format!("training, {threads} thread(s)"), n, took, read);
    });
}
