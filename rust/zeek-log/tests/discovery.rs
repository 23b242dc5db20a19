//! What is found under a directory, and in which order.

use std::fs;
use std::path::{Path, PathBuf};
use zeek_log::{Error, UnreadReason, discover};

fn tree(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // No two of them are copies.
        fs::write(path, format!("x {file}")).unwrap();
    }
    dir
}

fn names(dir: &Path, found: &zeek_log::Discovery) -> Vec<String> {
    let short = |p: &PathBuf| p.strip_prefix(dir).unwrap_or(p).display().to_string();
    found.inputs.iter().map(|i| short(&i.path)).collect()
}

#[test]
fn an_archive_comes_by_log_and_then_in_time_order() {
    let dir = tree(&[
        "2026-11-21/conn.00:00:00-01:00:00.log.gz",
        "2026-11-20/conn.23:00:00-00:00:00.log.gz",
        "2026-11-20/conn.00:00:00-01:00:00.log.gz",
        "2026-11-20/dns.00:00:00-01:00:00.log.zst",
        "current/conn.log",
        "current/loaded_scripts.log",
        "current/site.json",
        ".hidden/conn.log",
        "current/.conn.log",
        "notes.txt",
    ]);
    let found = discover(&[dir.path().to_owned()]);
    assert!(found.problems.is_empty());
    assert_eq!(
        names(dir.path(), &found),
        [
            "2026-11-20/conn.00:00:00-01:00:00.log.gz",
            "2026-11-20/conn.23:00:00-00:00:00.log.gz",
            "2026-11-21/conn.00:00:00-01:00:00.log.gz",
            "current/conn.log",
            "2026-11-20/dns.00:00:00-01:00:00.log.zst",
            "current/loaded_scripts.log",
            "current/site.json",
        ]
    );
    let interval = found.inputs[1].interval.expect("an interval");
    assert_eq!(
        interval.to_string(),
        "2026-11-20 23:00:00 to 2026-11-21 00:00:00"
    );
    assert_eq!(
        (
            found.inputs[0].log.as_deref(),
            found.inputs[6].log.as_deref()
        ),
        (Some("conn"), None)
    );
}

#[test]
fn a_file_named_twice_is_read_once_and_a_named_file_may_have_any_name() {
    let dir = tree(&["conn.log", "odd.txt"]);
    let odd = dir.path().join("odd.txt");
    let found = discover(&[
        dir.path().to_owned(),
        dir.path().join("conn.log"),
        odd,
        "-".into(),
    ]);
    assert_eq!(names(dir.path(), &found), ["conn.log", "odd.txt", "-"]);
}

#[test]
fn missing_paths_and_directories_without_logs_are_problems() {
    let dir = tree(&["notes.txt"]);
    let found = discover(&[dir.path().join("none"), dir.path().to_owned()]);
    assert!(found.inputs.is_empty());
    assert!(matches!(
        found.problems[..],
        [Error::Open { .. }, Error::NoLogs { .. }]
    ));
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_followed_once() {
    let dir = tree(&["a/conn.log"]);
    std::os::unix::fs::symlink(dir.path(), dir.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("a"), dir.path().join("current")).unwrap();
    let found = discover(&[dir.path().to_owned()]);
    assert_eq!(found.inputs.len(), 1);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}

/// The names of the files that are not read, with the reasons.
fn unread(dir: &Path, found: &zeek_log::Discovery) -> Vec<(String, UnreadReason)> {
    let short = |p: &PathBuf| p.strip_prefix(dir).unwrap_or(p).display().to_string();
    (found.unread.iter())
        .map(|u| (short(&u.path), u.reason.clone()))
        .collect()
}

#[test]
fn rotated_files_are_read_oldest_first() {
    let dir = tree(&[
        "conn.log",
        "conn.log.1",
        "conn.log.10.gz",
        "conn.log.2.gz",
        "conn.log-20260304.gz",
        "dns.log.old",
        "dns.log",
    ]);
    let found = discover(&[dir.path().to_owned()]);
    assert_eq!(
        names(dir.path(), &found),
        [
            "conn.log-20260304.gz",
            "conn.log.10.gz",
            "conn.log.2.gz",
            "conn.log.1",
            "conn.log",
            "dns.log.old",
            "dns.log",
        ]
    );
    assert!(found.unread.is_empty(), "{:?}", found.unread);
}

#[test]
fn every_file_that_is_not_read_is_named_with_its_reason() {
    let dir = tree(&[
        "conn.log",
        "conn.log.Z",
        "dns.log.gz.tmp",
        "week.tar.gz",
        "conn-summary.00:00:00-01:00:00.log.gz",
        "notes.txt",
        ".git/config",
        ".cmdline",
    ]);
    let found = discover(&[dir.path().to_owned()]);
    assert_eq!(names(dir.path(), &found), ["conn.log"]);
    assert_eq!(
        unread(dir.path(), &found),
        [
            (".cmdline".into(), UnreadReason::Hidden),
            (".git".into(), UnreadReason::Hidden),
            (
                "conn-summary.00:00:00-01:00:00.log.gz".into(),
                UnreadReason::ForPeople
            ),
            ("conn.log.Z".into(), UnreadReason::Compressed("uncompress")),
            ("dns.log.gz.tmp".into(), UnreadReason::BeingWritten),
            ("notes.txt".into(), UnreadReason::NotALog),
            ("week.tar.gz".into(), UnreadReason::Archive("tar -xf")),
        ]
    );
}

#[test]
fn a_file_that_begins_like_a_log_is_read_whatever_it_is_called() {
    let dir = tree(&[]);
    let header = "#separator \\x09\n#path\tconn\n#fields\tts\n#types\ttime\n1.0\n";
    fs::write(dir.path().join("monday.txt"), header).unwrap();
    fs::write(dir.path().join("tuesday"), "{\"ts\":1.0,\"uid\":\"C1\"}\n").unwrap();
    fs::write(dir.path().join("readme"), "# a remark\n{}").unwrap();
    let found = discover(&[dir.path().to_owned()]);
    assert_eq!(names(dir.path(), &found), ["monday.txt", "tuesday"]);
    assert_eq!(
        unread(dir.path(), &found),
        [("readme".into(), UnreadReason::NotALog)]
    );
}

#[test]
fn a_copy_of_a_log_is_read_once() {
    let dir = tree(&["conn.log", "dns.log"]);
    let log = dir.path().join("conn.log");
    fs::copy(&log, dir.path().join("conn.log.bak")).unwrap();
    fs::write(dir.path().join("dns.log.bak"), "another").unwrap();
    let found = discover(&[dir.path().to_owned()]);
    assert_eq!(
        names(dir.path(), &found),
        ["conn.log", "dns.log.bak", "dns.log"]
    );
    assert_eq!(
        unread(dir.path(), &found),
        [("conn.log.bak".into(), UnreadReason::Copy(log))]
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_that_is_named_like_a_log_is_not_passed_over_in_silence() {
    let dir = tree(&["conn.log"]);
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("dns.log")).unwrap();
    let found = discover(&[dir.path().to_owned()]);
    assert_eq!(names(dir.path(), &found), ["conn.log"]);
    assert_eq!(
        unread(dir.path(), &found),
        [("dns.log".into(), UnreadReason::NotAFile)]
    );
    let alone = discover(&[dir.path().join("dns.log")]);
    assert!(alone.inputs[0].once, "it is not opened a second time");
}
