//! `watch` that is killed at any moment, again and again: each record is written once.

#![allow(missing_docs)]

mod common;

use common::{Dir, command, conn_log, conn_row, json, model, run};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Kills at most, and the time that they may take.
const KILLS: usize = 200;
const TIME: Duration = Duration::from_secs(25);

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

fn args<'a>(model: &'a str, paths: &'a [String; 4], more: &[&'a str]) -> Vec<&'a str> {
    let [logs, out, state, archive] = paths;
    let mut args = vec!["watch", "-q", "-m", model, "--all", "--interval", "0.02"];
    args.extend(["--state", state, "--archive", archive, "-o", out]);
    args.extend(more);
    args.push(logs);
    args
}

fn paths(dir: &Dir) -> [String; 4] {
    std::fs::create_dir(dir.path("logs")).unwrap();
    std::fs::create_dir(dir.path("archive")).unwrap();
    ["logs", "out", "state", "archive"].map(|p| dir.arg(p))
}

fn start(model: &str, paths: &[String; 4], settle: &str) -> Child {
    command(&args(model, paths, &["--settle", settle]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Adds rows to a log, which begins as Zeek begins one.
fn add(log: &Path, rows: std::ops::Range<usize>) {
    let mut text = String::new();
    if !log.exists() {
        let open = format!(
            "#path\tconn\n#open\t2001-09-09-01-00-00-{:05}\n",
            rows.start
        );
        text = conn_log(0).replace("#path\tconn\n", &open);
    }
    rows.for_each(|i| text.push_str(&conn_row(i, 443)));
    let mut f = OpenOptions::new()
        .append(true)
        .create(true)
        .open(log)
        .unwrap();
    f.write_all(text.as_bytes()).unwrap();
}

/// How often each uid was written.
fn written(out: &Path) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for v in json(&std::fs::read_to_string(out).unwrap_or_default()) {
        *seen
            .entry(v["uid"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    seen
}

fn once(n: usize) -> BTreeMap<String, usize> {
    (0..n).map(|i| (format!("C{i:05}"), 1)).collect()
}

#[test]
fn kills_at_any_moment_and_rotations_in_between_lose_and_double_nothing() {
    let dir = Dir::new();
    let (model, paths) = (model(&dir, 1000), paths(&dir));
    let log = dir.path("logs/conn.log");
    let (mut rows, mut rotated, mut numbers) = (0, 0, Numbers(7));
    let begun = Instant::now();
    for round in 0..KILLS {
        if begun.elapsed() > TIME {
            println!("{round} kills, then the time was over");
            break;
        }
        let settle = ["0", "0.05", "0.3"][numbers.below(3) as usize];
        let mut child = start(&model, &paths, settle);
        for _ in 0..numbers.below(4) {
            let new = 1 + numbers.below(30) as usize;
            add(&log, rows..rows + new);
            rows += new;
            if numbers.below(6) == 0 {
                let name = format!(
                    "conn.{:02}:{:02}:00-{:02}:30:00.log",
                    rotated / 60,
                    rotated % 60,
                    rotated / 60
                );
                rotated += 1;
                std::fs::rename(&log, dir.path("archive").join(name)).unwrap();
            }
            std::thread::sleep(Duration::from_millis(numbers.below(60)));
        }
        std::thread::sleep(Duration::from_millis(numbers.below(150)));
        // Some end as a service manager ends them, most at once.
        if numbers.below(5) == 0 {
            let pid = child.id().to_string();
            let sent = std::process::Command::new("kill")
                .args(["-TERM", &pid])
                .status();
            assert!(sent.unwrap().success());
        } else {
            child.kill().unwrap();
        }
        child.wait().unwrap();
    }
    let ran = run(&args(&model, &paths, &["--settle", "0", "--once"]));
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert_eq!(written(&dir.path("out")), once(rows));
}

#[test]
fn taking_an_archive_again_and_again_writes_each_row_once() {
    let dir = Dir::new();
    let (model, paths) = (model(&dir, 1000), paths(&dir));
    add(&dir.path("logs/conn.log"), 0..5);
    let take = || run(&args(&model, &paths, &["--settle", "0", "--once"]));
    assert_eq!(take().status, Some(0));
    for hour in 0..100 {
        let name = format!(
            "archive/conn.{:02}:00:00-{:02}:00:00.log",
            hour % 24,
            hour % 24 + 1
        );
        let name = name.replace("archive/", &format!("archive/{}", hour / 24));
        add(&dir.path(&name), 5 + hour..6 + hour);
    }
    for _ in 0..3 {
        let ran = take();
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        assert_eq!(written(&dir.path("out")), once(105));
    }
}

#[test]
fn a_lost_tail_of_the_output_is_told_and_no_line_is_broken() {
    let dir = Dir::new();
    let (model, paths) = (model(&dir, 1000), paths(&dir));
    add(&dir.path("logs/conn.log"), 0..50);
    let take = || run(&args(&model, &paths, &["--settle", "0", "--once"]));
    assert_eq!(take().status, Some(0));
    let text = std::fs::read_to_string(&paths[1]).unwrap();
    std::fs::write(&paths[1], &text[..text.len() / 2]).unwrap();
    add(&dir.path("logs/conn.log"), 50..60);
    let ran = take();
    assert_eq!(ran.status, Some(3), "{}", ran.err);
    assert!(ran.err.contains("shorter"), "{}", ran.err);
    assert!(written(&dir.path("out")).values().all(|n| *n == 1));
    // Rotated away by somebody, nothing is lost.
    std::fs::rename(&paths[1], dir.path("out.1")).unwrap();
    let ran = take();
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    std::fs::remove_file(dir.path("out.1")).unwrap();
    std::fs::remove_file(&paths[1]).unwrap();
}

#[test]
fn a_second_watch_of_one_state_or_output_is_refused() {
    let dir = Dir::new();
    let (model, paths) = (model(&dir, 1000), paths(&dir));
    add(&dir.path("logs/conn.log"), 0..20);
    let mut first = start(&model, &paths, "0");
    let until = Instant::now() + Duration::from_secs(30);
    while written(&dir.path("out")).len() < 20 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    let other = dir.arg("other");
    for more in [&["--once"][..], &["--once", "--state", &other]] {
        let mut args = args(&model, &paths, &[]);
        if more.len() > 1 {
            args.retain(|a| *a != "--state" && *a != paths[2]);
        }
        args.extend(more);
        let ran = run(&args);
        assert_eq!(ran.status, Some(1), "{more:?}: {}", ran.err);
        assert!(ran.err.contains("another watch"), "{more:?}: {}", ran.err);
    }
    assert!(first.try_wait().unwrap().is_none());
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(written(&dir.path("out")), once(20));
}

#[test]
fn compressed_logs_are_read_with_once() {
    let dir = Dir::new();
    let (model, paths) = (model(&dir, 1000), paths(&dir));
    let file = std::fs::File::create(dir.path("logs/conn.log.gz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    gz.write_all(conn_log(30).as_bytes()).unwrap();
    gz.finish().unwrap();
    let alone = [
        dir.arg("logs/conn.log.gz"),
        dir.arg("o2"),
        dir.arg("s2"),
        paths[3].clone(),
    ];
    for paths in [&paths, &alone] {
        for _ in 0..2 {
            let ran = run(&args(&model, paths, &["--settle", "0", "--once"]));
            assert_eq!(ran.status, Some(0), "{}", ran.err);
            assert_eq!(written(Path::new(&paths[1])), once(30));
        }
    }
}
