//! Training on several threads gives what it gives on one, byte for byte.

use std::fmt::Write as _;
use std::path::Path;
use zeek_anomaly_engine::offline::{Observer, ReadParams, train};
use zeek_anomaly_engine::train::TrainParams;
use zeek_log::Input;

struct Quiet;

impl Observer for Quiet {}

/// Connections of three days, not in order of time, to many hosts; one
/// in a hundred has no time.
fn conn(n: u64) -> String {
    let mut out = String::from(
        "#separator \\x09\n#path\tconn\n#unset_field\t-\n\
         #fields\tts\tuid\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tconn_state\thistory\n\
         #types\ttime\tstring\taddr\tport\tenum\tstring\tinterval\tcount\tstring\tstring\n",
    );
    for i in 0..n {
        let at = 1_700_000_000 + i * 7919 % 259_200;
        let ts = if i % 100 == 99 {
            "-".into()
        } else {
            format!("{at}.000000")
        };
        let net = i * 31 % 40_000;
        let _ = writeln!(
            out,
            "{ts}\tC{i}\t10.{}.{}.1\t{}\ttcp\t{}\t0.{}\t{}\tSF\tShADad{}",
            net / 256,
            net % 256,
            [443, 80, 22, 8080][(i % 4) as usize],
            ["ssl", "http", "-"][(i % 3) as usize],
            i % 97,
            i * i % 100_000,
            ["f", "F", "R"][(i % 3) as usize],
        );
    }
    out
}

/// Several logs in one file: of the same connections, with names, and one that has no definitions.
fn mixed(n: u64) -> String {
    let mut out = String::new();
    for i in 0..n {
        let ts = 1_700_000_000 + i * 11;
        let _ = match i % 4 {
            0 => writeln!(
                out,
                r#"{{"_path":"weird","ts":{ts},"uid":"C{i}","name":"odd_{}"}}"#,
                i % 7
            ),
            1 => writeln!(
                out,
                r#"{{"_path":"dns","ts":{ts},"uid":"C{}","query":"host{}.example-{}.org","rcode":{},"qtype_name":"A"}}"#,
                i / 9,
                i % 50,
                i % 400,
                i % 4
            ),
            2 => writeln!(
                out,
                r#"{{"_path":"made_up","ts":{ts},"what":"kind {}","size":{i}}}"#,
                i % 17
            ),
            // Another schema of the same log.
            _ => writeln!(
                out,
                r#"{{"_path":"http","ts":{ts},"uid":"C{}","host":"h{}","status_code":{},"x{}":1}}"#,
                i / 9,
                i % 9,
                200 + i % 3,
                i % 3
            ),
        };
    }
    out
}

#[test]
fn the_number_of_threads_shows_in_no_byte_of_the_model() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        Input::new(path)
    };
    let inputs = [
        file("conn.log", conn(20_000)),
        file("all.json", mixed(8000)),
    ];
    let params = TrainParams {
        sample_rows: 2000,
        kept_rows: Some(1000),
        ..TrainParams::default()
    };
    let trained = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let model = pool.install(|| train(&inputs, &params, &ReadParams::default(), &mut Quiet));
        assert_eq!((model.info.rows, model.logs.len()), (28_000, 5));
        model.to_bytes().expect("written")
    };
    let one = trained(1);
    assert!(zeek_anomaly_engine::Model::from_bytes(&one, Path::new("m")).is_ok());
    for threads in [2, 4] {
        assert!(trained(threads) == one, "{threads} threads");
    }
}
