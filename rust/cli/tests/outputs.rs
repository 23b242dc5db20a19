//! What an output must not do: replace an input or a file of another kind, leave something behind
//! when a signal ends the command, or follow from options that contradict each other.

#![allow(missing_docs)]

mod common;

use common::{Dir, command, conn_log, model, run};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn logs(dir: &Dir) -> String {
    std::fs::create_dir(dir.path("logs")).unwrap();
    dir.write("logs/conn.log", conn_log(300));
    dir.arg("logs")
}

#[test]
fn no_output_replaces_an_input_or_a_file_of_another_kind() {
    let dir = Dir::new();
    let (model, logs) = (model(&dir, 600), logs(&dir));
    let log = dir.arg("logs/conn.log");
    let notes = dir.write("notes.txt", "what we know\n");
    std::os::unix::fs::symlink(&log, dir.path("link")).unwrap();
    std::fs::hard_link(&log, dir.path("hard")).unwrap();
    let (link, hard, new) = (dir.arg("link"), dir.arg("hard"), dir.arg("new"));
    let commands: &[&[&str]] = &[
        &["train", "-q", &logs, "-o"],
        &["merge", "-q", &model, "-o"],
        &["feedback", "-m", &model, "--false", "C00001", &logs, "-o"],
        &["score", "-q", "-m", &model, &logs, "-o"],
        &["hunt", "-q", &logs, "-o"],
        &["hunt", "-q", &logs, "--state"],
        &["hunt", "-q", &logs, "--save-behavior-baseline"],
        &["verdict", "-q", "-m", &model, &logs, "-o"],
        &["verdict", "-q", "-m", &model, &logs, "--save-baseline"],
        &["report", "-q", "-m", &model, &logs, "-o"],
        &["report", "-q", "-m", &model, &logs, "--pdf"],
        &["watch", "-q", "-m", &model, "--once", &logs, "-o"],
        &["watch", "-q", "-m", &model, "--once", &logs, "--state"],
    ];
    let before = std::fs::read(&log).unwrap();
    for args in commands {
        for output in [&log, &link, &hard, &notes] {
            let ran = run(&[args, &[output.as_str()][..]].concat());
            assert_eq!(ran.status, Some(1), "{args:?} {output}: {}", ran.err);
            assert!(ran.err.contains(output.as_str()), "{args:?}: {}", ran.err);
        }
        assert_eq!(std::fs::read(&log).unwrap(), before, "{args:?}");
        assert_eq!(std::fs::read(&notes).unwrap(), b"what we know\n");
    }
    // A new file is made, the same kind is replaced, and --force overrules.
    for args in [
        &["train", "-q", &logs, "-o"][..],
        &["hunt", "-q", &logs, "-o"],
    ] {
        for more in [&[][..], &[], &["--force"]] {
            if !more.is_empty() {
                std::fs::write(&new, "something else\n").unwrap();
            }
            let ran = run(&[args, &[new.as_str()], more].concat());
            assert_eq!(ran.status, Some(0), "{args:?} {more:?}: {}", ran.err);
        }
        std::fs::remove_file(&new).unwrap();
    }
}

#[test]
fn every_format_may_be_written_over_again() {
    let dir = Dir::new();
    let (model, logs, out) = (model(&dir, 600), logs(&dir), dir.arg("out"));
    let commands: &[&[&str]] = &[
        &["score", "-m", &model, "--format", "table"],
        &["score", "-m", &model, "--format", "jsonl"],
        &["score", "-m", &model, "--format", "csv"],
        &["hunt", "--format", "table"],
        &["verdict", "-m", &model, "--format", "table"],
        &["verdict", "-m", &model, "--format", "json"],
        &["verdict", "-m", &model, "--summary-line"],
    ];
    for args in commands {
        for _ in 0..2 {
            let ran = run(&[args, &["-q", "-o", &out, &logs][..]].concat());
            assert_eq!(ran.status, Some(0), "{args:?}: {}", ran.err);
        }
    }
}

#[test]
fn two_outputs_are_two_files() {
    let dir = Dir::new();
    let (model, logs, out) = (model(&dir, 600), logs(&dir), dir.arg("out"));
    let ran = run(&[
        "watch", "-m", &model, "--once", "-o", &out, "--state", &out, &logs,
    ]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(!Path::new(&out).exists());
}

#[test]
fn a_signal_leaves_no_temporary_file_and_the_old_output() {
    let dir = Dir::new();
    let model = model(&dir, 600);
    std::fs::create_dir(dir.path("out")).unwrap();
    let out = dir.write("out/scores.jsonl", "{}\n");
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let args = [
            "score", "-m", &model, "--all", "--format", "jsonl", "-o", &out, "-",
        ];
        // Signals that whoever started the tests ignores (nohup) would stay ignored.
        let plain = command(&args);
        let mut child = std::process::Command::new("env")
            .arg("--default-signal=INT,TERM,HUP")
            .arg(plain.get_program())
            .args(plain.get_args())
            .envs(plain.get_envs().filter_map(|(k, v)| Some((k, v?))))
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Open until the end: without more to come, the command would finish its work.
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(conn_log(500).as_bytes()).unwrap();
        let files = || std::fs::read_dir(dir.path("out")).unwrap().count();
        let until = Instant::now() + Duration::from_secs(30);
        while files() < 2 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let pid = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
        assert_eq!(files(), 1, "{signal}");
        assert_eq!(std::fs::read(&out).unwrap(), b"{}\n", "{signal}");
    }
}

#[test]
fn values_that_can_select_nothing_or_mean_nothing_are_a_wrong_command_line() {
    let dir = Dir::new();
    let (model, logs) = (model(&dir, 600), logs(&dir));
    let m = ["-m", &model];
    let wrong: &[&[&str]] = &[
        &["score", "--from", "2026-03-07", "--until", "2026-03-01"],
        &["score", "--from", "2026-03-07", "--until", "2026-03-07"],
        &["score", "--from", "1772697600000"],
        &["score", "--threshold", "NaN"],
        &["score", "--threshold", "inf"],
        &["score", "--threshold=-1"],
        &["score", "--top", "0"],
        &["score", "--alerts-per-day", "0"],
        &[
            "score",
            "--alerts-per-day",
            "5",
            "--budget-net",
            "10.0.0.0/33",
        ],
        &["backtest", "--from", "2", "--until", "1"],
        &["drift", "--from", "2", "--until", "1"],
    ];
    for args in wrong {
        let ran = run(&[args, &m[..], &[logs.as_str()]].concat());
        assert_eq!(ran.status, Some(2), "{args:?}: {}", ran.err);
    }
    let wrong: &[&[&str]] = &[
        &["hunt", "--top", "0"],
        &["hunt", "--local-net", "office"],
        &["hunt", "--set", "beacon.threshold=NaN"],
        &["hunt", "--from", "2", "--until", "1"],
        &["verdict", "--from", "2", "--until", "1"],
        &["train", "-o", "x", "--holdout", "NaN"],
        &["train", "-o", "x", "--from", "2", "--until", "1"],
        &["report", "-o", "x", "--from", "2", "--until", "1"],
    ];
    for args in wrong {
        let ran = run(&[args, &[logs.as_str()][..]].concat());
        assert_eq!(ran.status, Some(2), "{args:?}: {}", ran.err);
    }
}

#[test]
fn what_is_no_ordinary_file_is_refused_where_one_is_needed() {
    let dir = Dir::new();
    let (model, logs) = (model(&dir, 600), logs(&dir));
    let fifo = dir.arg("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    for odd in [fifo.as_str(), "/dev/zero", logs.as_str()] {
        let commands: &[&[&str]] = &[
            &["hunt", "--allow", odd],
            &["hunt", "--behavior-baseline", odd],
            &["hunt", "--state", odd],
            &["score", "-m", odd],
            &["verdict", "--baseline", odd],
            &["watch", "-m", &model, "--once", "--state", odd],
            &["evaluate", "-m", &model, "--uids", odd],
        ];
        for args in commands {
            let ran = run(&[args, &[logs.as_str()][..]].concat());
            assert_eq!(ran.status, Some(1), "{args:?}: {}", ran.err);
            assert!(ran.err.contains(odd), "{args:?}: {}", ran.err);
        }
    }
}
