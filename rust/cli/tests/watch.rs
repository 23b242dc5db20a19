//! `watch`: every line once, whatever happens to the logs and to the process.

mod common;

use common::{Dir, command, conn_log, conn_row, json, model, odd_row, run};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A watch in the background.
struct Watch(Child);

impl Watch {
    fn start(dir: &Dir, model: &str, more: &[&str]) -> Watch {
        let (logs, out, state) = (dir.arg("logs"), dir.arg("out"), dir.arg("state"));
        let mut args = vec![
            "watch",
            "-m",
            model,
            "--all",
            "--state",
            &state,
            "-o",
            &out,
            "--interval",
            "0.02",
            "--settle",
            "0",
        ];
        args.extend(more);
        args.push(&logs);
        Watch(
            command(&args)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        )
    }

    /// Waits until so many lines were written.
    fn wait(&mut self, dir: &Dir, lines: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        while uids(&dir.path("out")).values().sum::<usize>() < lines {
            if Instant::now() > until || self.0.try_wait().unwrap().is_some() {
                let _ = self.0.kill();
                panic!("{:?}: {}", uids(&dir.path("out")).len(), self.said());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn said(&mut self) -> String {
        let mut text = String::new();
        if let Some(err) = &mut self.0.stderr {
            err.read_to_string(&mut text).unwrap();
        }
        text
    }

    /// As if the machine had lost its power.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// As a service manager does.
    fn end(mut self) -> (Option<i32>, String) {
        let pid = self.0.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-TERM", &pid])
            .status();
        assert!(sent.unwrap().success());
        let status = self.0.wait().unwrap().code();
        (status, self.said())
    }
}

/// How often each uid was written.
fn uids(out: &Path) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(out).unwrap_or_default();
    let mut seen = BTreeMap::new();
    // A line that is being written has no end yet.
    for line in text.split_inclusive('\n').filter(|l| l.ends_with('\n')) {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        *seen
            .entry(v["uid"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    seen
}

fn add(log: &Path, rows: std::ops::Range<usize>) {
    let mut f = OpenOptions::new()
        .append(true)
        .create(true)
        .open(log)
        .unwrap();
    if f.metadata().unwrap().len() == 0 {
        // As Zeek: when the file was opened stands in it.
        let head = conn_log(0);
        let open = format!(
            "#path\tconn\n#open\t2001-09-09-01-{:02}-00\n",
            rows.start % 60
        );
        f.write_all(head.replace("#path\tconn\n", &open).as_bytes())
            .unwrap();
    }
    for i in rows {
        f.write_all(conn_row(i, 443).as_bytes()).unwrap();
    }
}

fn archive(from: &Path, to: &Path) {
    let gz = File::create(to).unwrap();
    let mut gz = flate2::write::GzEncoder::new(gz, flate2::Compression::default());
    gz.write_all(&std::fs::read(from).unwrap()).unwrap();
    gz.finish().unwrap();
    std::fs::remove_file(from).unwrap();
}

fn once(n: usize) -> BTreeMap<String, usize> {
    (0..n).map(|i| (format!("C{i:05}"), 1)).collect()
}

#[test]
fn rotation_and_kills_neither_lose_nor_double_a_line() {
    let dir = Dir::new();
    let model = model(&dir, 2000);
    for d in ["logs", "archive", "archive/2001-09-09"] {
        std::fs::create_dir(dir.path(d)).unwrap();
    }
    let log = dir.path("logs/conn.log");
    add(&log, 0..50);
    let mut w = Watch::start(&dir, &model, &[]);
    w.wait(&dir, 50);
    add(&log, 50..90);
    w.wait(&dir, 90);
    // Rotation: the old file gets a last line, and is archived and gone at once.
    add(&log, 90..100);
    let rotated = dir.path("logs/conn-01-09-09_01.00.00.log");
    std::fs::rename(&log, &rotated).unwrap();
    add(&log, 100..120);
    let day = dir.path("archive/2001-09-09");
    archive(&rotated, &day.join("conn.01:00:00-01:10:00.log.gz"));
    w.wait(&dir, 120);
    w.kill();
    // Something was written that the state knows nothing of: it comes again.
    let mut out = OpenOptions::new()
        .append(true)
        .open(dir.path("out"))
        .unwrap();
    out.write_all(b"{\"uid\":\"Chalf").unwrap();
    drop(out);
    // While nobody watches: lines, a rotation, a file that nobody ever saw, and a new one.
    add(&log, 120..130);
    archive(&log, &day.join("conn.01:10:00-01:20:00.log.gz"));
    add(&log, 130..140);
    archive(&log, &day.join("conn.01:20:00-01:30:00.log.gz"));
    add(&log, 140..150);
    let mut w = Watch::start(&dir, &model, &["--archive", &dir.arg("archive")]);
    w.wait(&dir, 150);
    let (status, said) = w.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("off the end of the output"), "{said}");
    assert!(said.contains("was rotated meanwhile, found as"), "{said}");
    assert_eq!(uids(&dir.path("out")), once(150));
    // Nothing new: nothing more is written.
    let mut w = Watch::start(&dir, &model, &["--archive", &dir.arg("archive"), "--once"]);
    assert_eq!(w.0.wait().unwrap().code(), Some(0), "{}", w.said());
    assert_eq!(uids(&dir.path("out")), once(150));
}

#[test]
fn of_a_finding_one_alert_is_written_also_after_a_restart() {
    let dir = Dir::new();
    let model = model(&dir, 600);
    std::fs::create_dir(dir.path("logs")).unwrap();
    let log = dir.path("logs/conn.log");
    let odd = |from: usize| (from..from + 5).map(odd_row).collect::<String>();
    std::fs::write(&log, conn_log(50) + &odd(50)).unwrap();
    let (logs, state) = (dir.arg("logs"), dir.arg("state"));
    let args = ["watch", "-m", &model, "--once", "--settle", "0"];
    let watch = |more: &[&str]| {
        let ran = run(&[&args[..], more, &["--threshold", "2.7", &logs]].concat());
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        json(&ran.out)
    };
    assert_eq!(watch(&[]).len(), 5);
    let budget = ["--alerts-per-day", "100", "--state", &state];
    let alerts = watch(&budget);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0]["finding"].is_string(), "{}", alerts[0]);
    let mut file = OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(odd(55).as_bytes()).unwrap();
    assert_eq!(watch(&budget).len(), 0);
}

#[test]
fn what_was_rotated_and_is_not_found_is_said() {
    let dir = Dir::new();
    let model = model(&dir, 2000);
    std::fs::create_dir(dir.path("logs")).unwrap();
    let log = dir.path("logs/conn.log");
    add(&log, 0..5);
    let mut w = Watch::start(&dir, &model, &["--once"]);
    assert_eq!(w.0.wait().unwrap().code(), Some(0), "{}", w.said());
    std::fs::remove_file(&log).unwrap();
    add(&log, 5..9);
    let mut w = Watch::start(&dir, &model, &["--once"]);
    assert_eq!(w.0.wait().unwrap().code(), Some(3));
    let said = w.said();
    assert!(said.contains("lines after 13 were not seen"), "{said}");
    assert_eq!(uids(&dir.path("out")), once(9));
}

#[test]
fn a_truncated_log_is_read_from_its_start_and_bad_lines_are_said_once() {
    let dir = Dir::new();
    let model = model(&dir, 2000);
    std::fs::create_dir(dir.path("logs")).unwrap();
    let log = dir.path("logs/conn.log");
    add(&log, 0..20);
    let mut w = Watch::start(&dir, &model, &[]);
    w.wait(&dir, 20);
    File::create(&log).unwrap();
    add(&log, 20..25);
    OpenOptions::new()
        .append(true)
        .open(&log)
        .unwrap()
        .write_all(b"1\t2\t3\n")
        .unwrap();
    add(&log, 25..30);
    w.wait(&dir, 30);
    let (status, said) = w.end();
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("truncated or replaced"), "{said}");
    assert_eq!(
        said.matches("3 columns where the header names 16").count(),
        1,
        "{said}"
    );
    assert_eq!(uids(&dir.path("out")), once(30));
}

#[test]
fn what_is_watched_scores_as_what_is_read() {
    let dir = Dir::new();
    let model = model(&dir, 2000);
    std::fs::create_dir(dir.path("logs")).unwrap();
    let mut log = conn_log(300);
    log.push_str(&odd_row(300));
    let path = dir.write("logs/conn.log", &log);
    let scored = run(&[
        "score", "-q", "-m", &model, "--all", "--format", "jsonl", &path,
    ]);
    let watched = run(&[
        "watch",
        "-q",
        "-m",
        &model,
        "--all",
        "--once",
        &dir.arg("logs"),
    ]);
    assert_eq!(watched.status, Some(0), "{}", watched.err);
    assert_eq!(json(&scored.out), json(&watched.out));
    // Only what is anomalous, and as Zeek would write it; the command reads it again.
    let zeek = dir.arg("anomaly.log");
    let args = [
        "watch",
        "-q",
        "-m",
        &model,
        "--threshold",
        "4",
        "--format",
        "zeek",
        "--once",
        "-o",
        &zeek,
    ];
    for _ in 0..2 {
        let ran = run(&[&args[..], &[&dir.arg("logs")]].concat());
        assert_eq!(ran.status, Some(0), "{}", ran.err);
    }
    let text = std::fs::read_to_string(&zeek).unwrap();
    let rows: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert_eq!(text.matches("#fields").count(), 1);
    let columns = rows[0].split('\t').count();
    assert_eq!((columns, rows[0].contains("Codd300")), (16, true), "{text}");
}

#[test]
fn a_state_that_is_none_and_a_path_that_is_nowhere_are_refused() {
    let dir = Dir::new();
    let model = model(&dir, 200);
    let state = dir.write("state", "{\"version\":1}");
    std::fs::create_dir(dir.path("logs")).unwrap();
    let logs = dir.arg("logs");
    let ran = run(&["watch", "-m", &model, "--once", "--state", &state, &logs]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(
        ran.err.contains("is not the state of a watch"),
        "{}",
        ran.err
    );
    let ran = run(&["watch", "-m", &model, "--once", &dir.arg("a/b")]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(
        ran.err.contains("name the directory to follow"),
        "{}",
        ran.err
    );
}

#[test]
fn behaviors_that_are_watched_are_those_that_hunt_finds() {
    let dir = Dir::new();
    let model = model(&dir, 2000);
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/sample/logs/attack"
    );
    let hunt = ["hunt", "-q", "--format", "jsonl", sample];
    let found = |text: &str, kind: &str, id: &str| {
        let scores = json(text).into_iter().filter_map(|v| {
            let id = v.pointer(id)?.as_str()?.to_owned();
            Some((
                id,
                (v.pointer(kind)?.as_str()?.to_owned(), v["score"].as_f64()?),
            ))
        });
        // The last of each finding is what it has grown to.
        scores.collect::<BTreeMap<String, (String, f64)>>()
    };
    let hunted = found(&run(&hunt).out, "/kind", "/id");
    let (state, out) = (dir.arg("state"), dir.arg("out"));
    let allow = dir.write("allow", "192.168.10.103\n");
    let watch = |more: &[&str]| {
        let args = [
            &[
                "watch",
                "-q",
                "-m",
                &model,
                "--hunt",
                "--once",
                "--threshold",
                "99",
            ],
            more,
            &[sample],
        ];
        let ran = run(&args.concat());
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        let mut found = found(&ran.out, "/behavior/kind", "/behavior/id");
        found.retain(|_, (kind, _)| kind != "host");
        found
    };
    let watched = watch(&[]);
    assert!(watched.len() >= 3, "{watched:?}");
    let kinds = |of: &BTreeMap<String, (String, f64)>| -> Vec<String> {
        of.iter()
            .map(|(id, (kind, _))| format!("{id} {kind}"))
            .collect()
    };
    assert_eq!(kinds(&watched), kinds(&hunted));
    let allowed = watch(&["--allow", &allow]);
    assert!(
        !allowed.is_empty() && allowed.len() < watched.len(),
        "{allowed:?}"
    );
    // What is known of hosts is kept with the state: nothing is found twice.
    let kept = ["--state", &state, "-o", &out];
    watch(&kept);
    let lines = || std::fs::read_to_string(&out).unwrap().lines().count();
    let once = lines();
    watch(&kept);
    assert_eq!(lines(), once);
    assert!(dir.path("state.hosts").exists());
    // Within a budget, as alerts.
    let alerts = watch(&["--alerts-per-day", "10"]);
    assert!(!alerts.is_empty() && alerts.len() <= watched.len());
}
