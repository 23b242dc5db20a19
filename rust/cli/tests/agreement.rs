//! `hunt`, `verdict` and `report` give the same behavioral findings, with the same numbers, and none
//! of them calls harmless what it did not look at.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, json, run, run_with};
use serde_json::Value;

fn sample(day: &str) -> String {
    format!(
        "{}/../../tests/sample/logs/{day}",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Each sign of a verdict that quotes the reasons of a finding quotes one of `hunt`, and the page lists
/// every reason that the first findings of `hunt` have.
fn agree(path: &str) {
    let hunted = json(&run(&["hunt", "--format", "jsonl", path]).out);
    let reasons: Vec<String> = (hunted.iter().filter_map(|f| f["reasons"].as_array()))
        .map(|reasons| {
            let words =
                |r: &Value| Some(format!("{} {}", r["what"].as_str()?, r["value"].as_str()?));
            let words: Vec<String> = reasons.iter().take(4).filter_map(words).collect();
            words.join(", ")
        })
        .collect();
    assert!(!reasons.is_empty(), "{path}: nothing to compare");
    let verdict = run(&["verdict", "--format", "json", path]);
    let document = &json(&verdict.out)[0];
    let signs = document["directory_summary"]["signs"].as_array().unwrap();
    let of_behaviors = [
        "horizontal_scan",
        "vertical_scan",
        "scanned",
        "login_guessing",
        "login_after_guessing",
        "finding",
    ];
    for sign in signs {
        let what = sign["what"].as_str().unwrap();
        if of_behaviors.contains(&sign["kind"].as_str().unwrap()) {
            let known = reasons.iter().any(|r| what.ends_with(r.as_str()));
            assert!(
                known,
                "{path}: `verdict` says \"{what}\", which `hunt` does not"
            );
        }
    }
    assert!(document["coverage"]["files_read"].as_u64() > Some(0));

    let dir = Dir::new();
    let page = dir.arg("page.html");
    let ran = run(&["report", "-o", &page, path]);
    let findings = hunted.iter().filter(|f| f["kind"] != "host").count();
    let told = format!("({findings} behavioral)");
    assert!(ran.err.contains(&told), "{path}: {told}: {}", ran.err);
}

#[test]
fn the_same_findings_in_hunt_verdict_and_report() {
    agree(&sample("attack"));
    let data = format!("{}/../../../shared/data", env!("CARGO_MANIFEST_DIR"));
    for capture in [
        "001-zeek-scenario-malicious",
        "007-zeek-scenario-ssh-infected",
    ] {
        let path = format!("{data}/{capture}");
        match std::path::Path::new(&path).exists() {
            true => agree(&path),
            false => println!("skipped: {path} is not there"),
        }
    }
}

#[test]
fn rows_without_a_time_and_logs_of_no_traffic_are_not_an_all_clear() {
    let dir = Dir::new();
    let untimed: String = (0..50)
        .map(|i| {
            format!("{{\"uid\":\"C{i}\",\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.2\"}}\n")
        })
        .collect();
    let untimed = dir.write("conn.log", untimed);
    let reporter = "#separator \\x09\n#path\treporter\n#fields\tts\tlevel\tmessage\n\
                    #types\ttime\tenum\tstring\n1.0\tReporter::INFO\tstarted\n";
    let reporter = dir.write("reporter.log", reporter);
    for (path, word) in [(&untimed, "time (ts)"), (&reporter, "reporter (1 row)")] {
        let ran = run(&["hunt", path]);
        assert_eq!(ran.status, Some(2), "{path}: {}", ran.err);
        assert!(ran.err.contains(word), "{path}: {}", ran.err);
        let ran = run(&["verdict", "--format", "json", path]);
        assert_eq!(ran.status, Some(2), "{path}: {}", ran.err);
        let severity = &json(&ran.out)[0]["directory_summary"]["severity"];
        assert_eq!(severity, "UNKNOWN", "{path}");
    }
}

#[test]
fn an_input_that_can_be_read_once_is_read_by_every_command() {
    let dir = Dir::new();
    let log = conn_log(300);
    let fifo = |args: &[&str]| {
        let ran = run_with(args, log.as_bytes());
        assert_eq!(ran.status, Some(0), "{args:?}: {}", ran.err);
    };
    let model = dir.arg("m.model");
    fifo(&["train", "-o", &model, "/dev/stdin"]);
    let page = dir.arg("page.html");
    for args in [
        &["score", "-m", &model, "/dev/stdin"][..],
        &["score", "/dev/stdin"],
        &["hunt", "/dev/stdin"],
        &["verdict", "-m", &model, "/dev/stdin"],
        &["verdict", "/dev/stdin"],
        &["report", "-o", &page, "/dev/stdin"],
        &["backtest", "-m", &model, "/dev/stdin"],
        &["explain", "-m", &model, "C00001", "/dev/stdin"],
    ] {
        fifo(args);
    }
    let ran = run_with(&["verdict", "--spool-limit", "1KiB", "-"], log.as_bytes());
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(ran.err.contains("--spool-limit"), "{}", ran.err);
}
