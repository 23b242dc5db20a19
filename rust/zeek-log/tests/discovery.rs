//! What is found under a directory, and in which order.

use std::fs;
use std::path::{Path, PathBuf};
use zeek_log::{Error, discover};

fn tree(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
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
