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

/// Alone, the file is an error with status 1; beside a good one, the good one is scored and
/// the status is 3.
fn useless_alone(dir: &Dir, path: &str, message: &str) {
    let model = model(dir, 1500);
    let good = dir.write("conn.log", conn_log(50));
    let into = dir.arg("new.model");
    for command in [
        vec!["score", "-m", &model, path],
        vec!["score", path],
        vec!["train", "-o", &into, path],
    ] {
        let ran = run(&command);
        assert_eq!(ran.status, Some(1), "{command:?}: {}", ran.err);
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
        vec!["train", "conn.log"],
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
        assert_eq!(ran.status, Some(1), "{}", ran.err);
        assert!(
            ran.err.contains("warning: standard input: is not a log"),
            "{}",
            ran.err
        );
    }
}
