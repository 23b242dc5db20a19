//! Bad input: a clear message, the right exit status, and the good part is still done.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, json, model, run, run_with};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn gzip(text: &str) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(text.as_bytes()).unwrap();
    gz.finish().unwrap()
}

/// Alone, the file is an error: with status 1 where there is nothing to read, with 2 where it is not
/// understood. With a good one, the good one is scored and the status is 3.
fn useless_alone(dir: &Dir, path: &str, message: &str) {
    let not_understood = message.contains("is not a log") || message.contains("is neither");
    let model = model(dir, 1500);
    let good = dir.write("conn.log", conn_log(50));
    let into = dir.arg("new.model");
    for command in [
        vec!["score", "-m", &model, path],
        vec!["score", path],
        vec!["train", "-o", &into, path],
    ] {
        let ran = run(&command);
        let status = if not_understood { 2 } else { 1 };
        assert_eq!(ran.status, Some(status), "{command:?}: {}", ran.err);
    }
    let alone = run(&["score", "-m", &model, path]);
    assert!(alone.err.contains(message), "{}", alone.err);
    assert!(alone.out.is_empty(), "{}", alone.out);
    let both = run(&[
        "score", "-m", &model, "--all", "--format", "jsonl", path, &good,
    ]);
    assert_eq!(both.status, Some(3), "{}", both.err);
    assert!(both.err.contains(message), "{}", both.err);
    assert_eq!(json(&both.out).len(), 50);
    assert!(!dir.path("new.model").exists());
    let trained = run(&["train", "-o", &into, path, &good]);
    assert_eq!(trained.status, Some(3), "{}", trained.err);
    assert!(dir.path("new.model").is_file());
}

#[test]
fn an_empty_file() {
    let dir = Dir::new();
    let path = dir.write("empty.log", "");
    useless_alone(&dir, &path, "empty.log: is empty");
}

#[test]
fn a_binary_file() {
    let dir = Dir::new();
    let path = dir.write("binary.log", [0u8, 1, 2, 3, 255, 254, 0, 0]);
    useless_alone(&dir, &path, "binary.log: is not a log but binary data");
}

#[test]
fn a_model_in_the_place_of_a_log() {
    let dir = Dir::new();
    let path = model(&dir, 1500);
    let says = "is not a log but a model of zeek-anomaly, which `score` takes as --model";
    useless_alone(&dir, &path, says);
}

#[test]
fn a_file_that_is_not_there() {
    let dir = Dir::new();
    let path = dir.arg("missing.log");
    useless_alone(&dir, &path, "missing.log: cannot be opened");
}

#[test]
fn text_that_is_no_log() {
    let dir = Dir::new();
    let path = dir.write("prose.log", "Dear reader,\n");
    useless_alone(&dir, &path, "prose.log:1: is neither Zeek TSV");
}

#[test]
fn a_directory_without_logs() {
    let dir = Dir::new();
    let path = dir.arg("nothing");
    std::fs::create_dir(&path).unwrap();
    useless_alone(&dir, &path, "nothing: holds no logs");
}

#[test]
fn an_unreadable_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new();
    let path = dir.write("secret.log", conn_log(5));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        println!(
            "skipped: the test of an unreadable file (this account, root, may read everything)"
        );
        return;
    }
    useless_alone(&dir, &path, "secret.log: cannot be opened");
}

#[test]
fn of_a_truncated_gzip_the_good_part_is_scored() {
    let dir = Dir::new();
    let model = model(&dir, 1500);
    let whole = gzip(&conn_log(5000));
    let log = dir.write("conn.log.gz", &whole[..whole.len() / 2]);
    let ran = run(&["score", "-m", &model, "--all", "--format", "jsonl", &log]);
    assert_eq!(ran.status, Some(3), "{}", ran.err);
    assert!(ran.err.contains("truncated gzip"), "{}", ran.err);
    let rows = json(&ran.out).len();
    assert!(rows > 1000 && rows < 5000, "{rows}");
}

#[test]
fn models_that_are_none_damaged_or_newer() {
    let dir = Dir::new();
    let good = model(&dir, 300);
    let log = dir.write("conn.log", conn_log(5));
    let bytes = std::fs::read(&good).unwrap();
    let mut flipped = bytes.clone();
    let last = flipped.len() - 5;
    flipped[last] ^= 1;
    let mut newer = bytes.clone();
    newer[8] = 99;
    for (bad, message) in [
        (conn_log(5).into_bytes(), "is not a zeek-anomaly model"),
        (Vec::new(), "is not a zeek-anomaly model"),
        (bytes[..bytes.len() / 2].to_vec(), "is damaged (truncated)"),
        (flipped, "is damaged (wrong checksum)"),
        (newer, "is of model format 99"),
    ] {
        let path = dir.write("bad.model", &bad);
        for args in [vec!["score", "-m", &path, &log], vec!["inspect", &path]] {
            let ran = run(&args);
            assert_eq!(ran.status, Some(1), "{message}");
            assert!(ran.err.contains(message), "{}", ran.err);
            assert!(ran.err.contains("bad.model") && ran.out.is_empty());
        }
    }
    let ran = run(&["score", "-m", &dir.arg("no.model"), &log]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("no.model"), "{}", ran.err);
}

#[test]
fn a_wrong_command_line() {
    for args in [
        vec![],
        vec!["score"],
        vec!["train"],
        vec!["score", "--top", "3", "--all", "x.log"],
        vec!["score", "--threads", "0", "x.log"],
        vec!["score", "--label-column", "label", "x.log"],
        vec!["score", "--threshold", "NaN", "x.log"],
    ] {
        assert_eq!(run(&args).status, Some(2), "{args:?}");
    }
}

#[test]
fn standard_input_is_called_that_in_messages() {
    let bad = [0u8, 1, 2, 0, 0, 0];
    let dir = Dir::new();
    let into = dir.arg("m");
    for args in [vec!["score", "-"], vec!["train", "-o", &into, "-"]] {
        let ran = run_with(&args, &bad);
        assert_eq!(ran.status, Some(2), "{}", ran.err);
        assert!(
            ran.err.contains("warning: standard input: is not a log"),
            "{}",
            ran.err
        );
    }
}

/// A conn.log of rows that are made of their number.
fn log_of(dir: &Dir, rows: impl Iterator<Item = String>) -> String {
    let head = conn_log(0);
    dir.write("conn.log", head + &rows.collect::<String>())
}

/// What a training and scoring of the log's own rows gives: all scores are numbers.
fn trains_and_scores(dir: &Dir, log: &str, rows: usize) {
    for detector in [
        "auto",
        "rarity",
        "isolation_forest",
        "pca",
        "kitnet",
        "one_class_svm",
        "hybrid",
        "time_series",
        "pca+rarity+kitnet",
    ] {
        let model = dir.arg("extreme.model");
        let ran = run(&["train", "-o", &model, "--detector", detector, log]);
        assert_eq!(ran.status, Some(0), "{detector}: {}", ran.err);
        let ran = run(&["score", "-m", &model, "--all", "--format", "jsonl", log]);
        assert_eq!(ran.status, Some(0), "{detector}: {}", ran.err);
        let scored = json(&ran.out);
        assert_eq!(scored.len(), rows, "{detector}");
        for row in scored {
            let score = row["score"].as_f64().expect("a number");
            assert!((0.0..100.0).contains(&score), "{detector}: {row}");
        }
    }
}

#[test]
fn one_row_and_rows_that_are_all_alike() {
    let dir = Dir::new();
    let row = common::conn_row(0, 443);
    let log = log_of(&dir, std::iter::once(row.clone()));
    trains_and_scores(&dir, &log, 1);
    let log = log_of(&dir, std::iter::repeat_n(row, 40));
    trains_and_scores(&dir, &log, 40);
}

#[test]
fn numbers_and_times_at_the_end_of_what_there_is() {
    let dir = Dir::new();
    // 1970, 2106, before and far after either; numbers that are none, and beyond what is plausible.
    let times = ["0.0", "4294967295.9", "-1.5", "1e18", "1700000000.0"];
    let numbers = [
        "nan",
        "inf",
        "-inf",
        "1e9",
        "18446744073709551615",
        "0",
        "-",
        "1e300",
    ];
    let rows = (0..80usize).map(|i| {
        let (ts, n) = (times[i % times.len()], numbers[i % numbers.len()]);
        let count = if n.parse::<u64>().is_ok() { n } else { "-" };
        format!(
            "{ts}\tC{i}\t10.0.0.1\t1\t192.0.2.1\t443\ttcp\tssl\t{n}\t{count}\t{count}\tSF\tSh\t{count}\t1\tx\n"
        )
    });
    let log = log_of(&dir, rows);
    trains_and_scores(&dir, &log, 80);
}

#[test]
fn a_log_of_one_column_and_one_of_none_that_tells_anything() {
    let dir = Dir::new();
    let one = |column: &str, ty: &str, values: &[&str]| {
        let head = format!("#separator \\x09\n#path\tmade_up\n#fields\t{column}\n#types\t{ty}\n");
        dir.write("made_up.log", head + &values.join("\n") + "\n")
    };
    trains_and_scores(&dir, &one("size", "count", &["1", "1000000000", "7"]), 3);
    trains_and_scores(
        &dir,
        &one("ts", "time", &["1700000000.0", "1700000001.0"]),
        2,
    );
}

#[test]
fn detectors_and_parameters_that_are_impossible_are_refused() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(20));
    let into = dir.arg("m.model");
    for (flag, value, word) in [
        ("--detector", "oracle", "there is no detector oracle"),
        ("--sample-rows", "0", "not in 1.."),
        ("--keep-rows", "0", "not in 1.."),
        ("--seed", "-1", "invalid"),
        ("--forest-trees", "0", "not in 1.."),
        ("--holdout", "nan", "0 to 0.5"),
        ("--pca-variance", "2", "at most 1"),
        ("--pca-distance", "euclid", "mahalanobis, eigenvectors"),
        ("--from", "yesterday", "yesterday"),
        ("--threads", "0", "not in 1.."),
    ] {
        let ran = run(&["train", "-o", &into, &format!("{flag}={value}"), &log]);
        assert_eq!(ran.status, Some(2), "{flag} {value}: {}", ran.err);
        assert!(ran.err.contains(word), "{flag} {value}: {}", ran.err);
        assert!(!dir.path("m.model").exists());
    }
}

#[test]
fn a_model_of_another_log_and_a_training_set_without_rows() {
    let dir = Dir::new();
    let model = model(&dir, 300);
    let dns = "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n1700000000.0\ta.example\n";
    let log = dir.write("dns.log", dns);
    let ran = run(&["score", "-m", &model, &log]);
    assert_eq!(ran.status, Some(2), "{}", ran.err);
    assert!(ran.err.contains("dns"), "{}", ran.err);
    let empty = log_of(&dir, std::iter::empty());
    for more in [&[][..], &["--continue", &model]] {
        let into = dir.arg("new.model");
        let ran = run(&[&["train", "-o", &into, &empty][..], more].concat());
        assert_eq!(ran.status, Some(1), "{}", ran.err);
        assert!(
            ran.err.contains("there is no row to train on"),
            "{}",
            ran.err
        );
        assert!(!dir.path("new.model").exists());
    }
}

#[test]
fn values_of_an_option_in_front_of_paths_are_no_files() {
    let dir = Dir::new();
    let model = model(&dir, 1500);
    let log = dir.write("conn.log", conn_log(50));
    for (args, hint) in [
        (["backtest", "--alerts-per-day", "5", "10", "20"], "5,10,20"),
        (["backtest", "--log", "conn", "dns", "ssl"], "conn,dns,ssl"),
        (["score", "--alerts-per-day", "5", "10", "20"], "one value"),
    ] {
        let ran = run(&[&args[..], &["-m", &model, &log]].concat());
        assert_eq!(ran.status, Some(2), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(hint), "{args:?}: {}", ran.err);
    }
    // A file may be called so, and says so by existing.
    let paths = ["score", "-m", &model, "--top", "5", &log];
    assert_eq!(run(&paths).status, Some(0));
    let help = run(&["backtest", "--help"]).out;
    assert!(help.contains("[default: 5,10,20,50]"), "{help}");
}
