//! Training and scoring on several threads gives what it gives on one, byte for byte.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::offline::{Observer, ReadParams, Tally, score, train};
use zeek_anomaly_engine::train::TrainParams;
use zeek_log::{Error, Input, Record, Schema, Stats};

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
    assert!(Model::from_bytes(&one, Path::new("m")).is_ok());
    for threads in [2, 4] {
        assert!(trained(threads) == one, "{threads} threads");
    }
}

/// Keeps all that is told and handed out, in its order.
struct Notes<'a>(&'a RefCell<String>);

impl Observer for Notes<'_> {
    fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        let uid = schema.position("uid").and_then(|at| record.get(at).text());
        let uid = uid.map_or("-".into(), String::from_utf8_lossy);
        let _ = writeln!(self.0.borrow_mut(), "row {} {uid}", schema.log);
    }
    fn problem(&mut self, error: Error) {
        let _ = writeln!(self.0.borrow_mut(), "problem {error}");
    }
    fn finished(&mut self, input: &Input, stats: &Stats, tally: &Tally) {
        let path = input.path.display();
        let _ = writeln!(self.0.borrow_mut(), "finished {path} {stats:?} {tally:?}");
    }
    fn log_finished(&mut self, _: &Input, schema: &Schema, tally: &Tally) {
        let _ = writeln!(self.0.borrow_mut(), "log {} {tally:?}", schema.log);
    }
    fn context_dropped(&mut self, connections: u64, items: u64) {
        let _ = writeln!(self.0.borrow_mut(), "dropped {connections} {items}");
    }
}

/// What scoring hands out and tells, as text, until `most` rows were handed out; and how many were.
fn scored(inputs: &[Input], model: &Model, most: u64) -> (String, u64) {
    let read = ReadParams {
        until: Some(1_700_200_000.0),
        ..ReadParams::default()
    };
    let (notes, mut rows) = (RefCell::new(String::new()), 0);
    let mut observer = Notes(&notes);
    score(inputs, model, false, &read, &mut observer, &mut |s| {
        rows += 1;
        let features = s.log_model().map_or(0, |m| m.spec.len());
        let plain: Vec<String> = (0..features).map(|f| s.plain(f)).collect();
        let _ = writeln!(
            notes.borrow_mut(),
            "{} {}:{} {:?} {plain:?} {:?}",
            s.schema.log,
            s.input.path.display(),
            s.line,
            s.verdict,
            (s.verdict.score > 2.0).then(|| s.reasons()),
        );
        match rows < most {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    (notes.into_inner(), rows)
}

#[test]
fn the_number_of_threads_shows_in_nothing_that_scoring_hands_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        Input::new(path)
    };
    let gzip = |text: &str| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(text.as_bytes()).expect("written");
        gz.finish().expect("written")
    };
    // Connections with a context: weirds, requests, queries; some files break off, some are no logs, and lines are refused.
    let cut = gzip(&conn(9000));
    let refused = conn(3000).replace("\t443\t", "\tno port\t");
    let inputs = [
        file("all.json", mixed(8000).as_bytes()),
        file("conn.00:00:00-01:00:00.log.gz", &cut[..cut.len() / 2]),
        file("conn.01:00:00-02:00:00.log", conn(5000).as_bytes()),
        file("conn.log", refused.as_bytes()),
        file("empty.log", b""),
        file("noise.log", &[0, 1, 2, 3]),
        file(
            "unknown.json",
            br#"{"_path":"unknown","ts":1700000000.0,"n":1}"#,
        ),
        Input::new(dir.path().join("missing.log")),
        file("weird.json", mixed(400).as_bytes()),
    ];
    let params = TrainParams {
        sample_rows: 2000,
        ..TrainParams::default()
    };
    let read = ReadParams::default();
    let model = train(&inputs[..4], &params, &read, &mut Quiet);
    let run = |threads: usize, most: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| scored(&inputs, &model, most))
    };
    let (one, rows) = run(1, u64::MAX);
    assert!(rows > 15_000, "{rows}");
    for told in ["problem", "refused: 1", "log unknown", "finished"] {
        assert!(one.contains(told), "{told}");
    }
    for threads in [2, 3, 8] {
        let (several, _) = run(threads, u64::MAX);
        let differ = one.lines().zip(several.lines()).find(|(a, b)| a != b);
        assert_eq!(differ, None, "{threads} threads");
        assert!(one == several, "{threads} threads");
    }
    // Who has enough is handed no more, and what came before is the same.
    for most in [1, 511, 512, 513, 4000] {
        for threads in [1, 2, 8] {
            let (part, rows) = run(threads, most);
            assert_eq!(rows, most, "{threads} threads");
            let (last, before) = part
                .trim_end()
                .rsplit_once('\n')
                .map_or(("", ""), |p| (p.1, p.0));
            assert!(
                last.starts_with("dropped") && one.starts_with(before),
                "{threads} threads"
            );
        }
    }
}
