//! `zeek-anomaly verdict`.

#![allow(missing_docs)]

mod common;

use common::{Dir, conn_log, json, run};
use serde_json::Value;

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n\
    #unset_field\t-\n#path\tconn\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t\
    orig_bytes\tresp_bytes\tconn_state\thistory\torig_pkts\tresp_pkts\tlabel\n\
    #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t\
    string\tcount\tcount\tstring\n";

/// A connection that nobody answers.
fn unanswered(i: usize, orig: &str, resp: &str, port: usize) -> String {
    format!(
        "{}.5\tCno{i}\t{orig}\t{}\t{resp}\t{port}\ttcp\t-\t-\t-\t-\tS0\tS\t1\t0\tx\n",
        1_000_000_000 + i,
        40_000 + i % 999
    )
}

/// A directory with a conn.log.
fn directory(dir: &Dir, name: &str, conn: &str) -> String {
    std::fs::create_dir_all(dir.path(name)).unwrap();
    dir.write(&format!("{name}/conn.log"), conn);
    dir.arg(name)
}

fn summary(ran: &common::Ran) -> Value {
    json(&ran.out).remove(0)["directory_summary"].clone()
}

/// The document of one directory, judged without a model.
fn judged(path: &str) -> Value {
    let ran = run(&["verdict", "-q", "--format", "json", path]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    json(&ran.out).remove(0)
}

#[test]
fn a_clean_directory_has_no_points_however_large_it_is() {
    let dir = Dir::new();
    for rows in [200, 20_000] {
        let path = directory(&dir, "clean", &conn_log(rows));
        let d = judged(&path);
        let s = &d["directory_summary"];
        assert_eq!(s["score"], 0.0, "{rows} rows: {s}");
        assert_eq!(s["severity"], "LOW");
        assert_eq!(d["files"][0]["rows"], rows);
    }
}

/// A host that many outside try at many ports.
fn scanned() -> String {
    let mut log = conn_log(500);
    for i in 0..600 {
        let scanner = format!("198.51.{}.{}", 1 + i / 100, 1 + i % 100);
        log.push_str(&unanswered(600 + i, &scanner, "10.0.0.9", 1 + i));
    }
    log
}

#[test]
fn a_host_that_scans_and_a_host_that_is_scanned_have_different_words_and_weights() {
    let dir = Dir::new();
    let mut inside = conn_log(500);
    for i in 0..600 {
        let target = format!("10.0.{}.{}", 1 + i / 100, 1 + i % 100);
        inside.push_str(&unanswered(600 + i, "10.0.0.9", &target, 445));
    }
    let inside = judged(&directory(&dir, "inside", &inside));
    let outside = judged(&directory(&dir, "outside", &scanned()));
    let first = |d: &Value| d["directory_summary"]["signs"][0].clone();
    assert_eq!(first(&inside)["kind"], "horizontal_scan");
    assert_eq!(first(&inside)["host"], "10.0.0.9");
    assert_eq!(first(&outside)["kind"], "scanned");
    assert_eq!(first(&outside)["host"], "10.0.0.9");
    assert_eq!(inside["directory_summary"]["severity"], "HIGH");
    assert_eq!(outside["directory_summary"]["severity"], "MEDIUM");
    let source = &inside["directory_summary"]["conn_scan_sources"][0];
    assert_eq!(source["src"], "10.0.0.9");
    assert!(source["failed_fraction"].as_f64().unwrap() > 0.8);
}

#[test]
fn an_attack_that_is_most_of_a_directory_is_seen_without_a_model() {
    let dir = Dir::new();
    let mut log = HEADER.to_owned();
    for i in 0..3000 {
        log.push_str(&unanswered(i, "10.0.0.9", "203.0.113.7", 1177));
    }
    let d = judged(&directory(&dir, "bot", &log));
    let s = &d["directory_summary"];
    assert_eq!(s["severity"], "HIGH", "{s}");
    assert_eq!(s["hosts"][0]["host"], "10.0.0.9");
    assert_eq!(s["signs"][0]["kind"], "unanswered_calls");
    assert_eq!(s["weighted_top"], 0.0);
}

#[test]
fn a_server_that_many_visit_is_not_called_scanned() {
    let dir = Dir::new();
    let mut log = HEADER.to_owned();
    for i in 0..2000 {
        log.push_str(&format!(
            "{}.5\tCv{i}\t198.{}.{}.5\t{}\t10.0.0.9\t443\ttcp\tssl\t1.5\t900\t5000\tSF\tShADadFf\t9\t9\tx\n",
            1_000_000_000 + i,
            i / 200,
            i % 200,
            40_000 + i % 999
        ));
    }
    let d = judged(&directory(&dir, "server", &log));
    assert_eq!(d["directory_summary"]["signs"], json("[]").remove(0));
    assert_eq!(d["directory_summary"]["score"], 0.0);
}

#[test]
fn a_model_that_does_not_know_the_network_is_not_believed() {
    let dir = Dir::new();
    let model = common::model(&dir, 2000);
    let mut log = HEADER.to_owned();
    for i in 0..800 {
        log.push_str(&common::odd_row(i).replace("203.0.113.9", "192.0.2.9"));
    }
    let path = directory(&dir, "foreign", &log);
    let ran = run(&["verdict", "-m", &model, "--format", "json", &path]);
    let s = summary(&ran);
    assert_eq!(s["unfamiliar"][0], "conn", "{s}");
    assert_eq!(s["weighted_top"], 0.0);
    assert_eq!(s["weighted_fraction"], 0.0);
    assert!(
        ran.err.contains("does not know this network"),
        "{}",
        ran.err
    );
}

#[test]
fn strange_records_of_a_known_network_count() {
    let dir = Dir::new();
    let model = common::model(&dir, 2000);
    let mut log = conn_log(1000);
    for i in 0..200 {
        log.push_str(&common::odd_row(2000 + i));
    }
    let path = directory(&dir, "strange", &log);
    let ran = run(&["verdict", "-q", "-m", &model, "--format", "json", &path]);
    let s = summary(&ran);
    assert!(s["weighted_top"].as_f64().unwrap() > 0.3, "{s}");
    assert!(s["weighted_fraction"].as_f64().unwrap() > 0.5, "{s}");
    assert!(s["score"].as_f64().unwrap() > 25.0, "{s}");
    let first = &json(&ran.out)[0]["files"][0];
    assert!(first["anomaly_rows"].as_u64().unwrap() >= 200);
    assert_eq!(first["top_anomalies"].as_array().unwrap().len(), 10);
    assert!(
        first["top_anomalies"][0]["reasons"]
            .as_array()
            .unwrap()
            .len()
            > 1
    );
}

#[test]
fn the_summary_has_the_fields_that_users_of_the_existing_tool_parse() {
    let dir = Dir::new();
    let path = directory(&dir, "logs", &conn_log(300));
    let ran = run(&[
        "verdict", "-q", "--format", "json", "--normal", &path, &path,
    ]);
    let d = json(&ran.out).remove(0);
    for key in [
        "input_path",
        "directory_summary",
        "baseline_comparison",
        "files",
    ] {
        assert!(!d[key].is_null(), "{key}");
    }
    for key in [
        "score",
        "severity",
        "weighted_top",
        "uid_corr_score",
        "weighted_fraction",
        "weird_notice_bonus",
        "fuid_bonus",
        "behavior_score",
        "conn_scan_score",
        "conn_scan_sources",
        "crosslog_uid_two_plus",
        "crosslog_uid_three_plus",
        "fuid_overlap",
        "top_logs",
    ] {
        assert!(!d["directory_summary"][key].is_null(), "{key}");
    }
    for key in [
        "log_name",
        "rows",
        "anomaly_rows",
        "anomaly_fraction",
        "top_percentile_mean",
        "top_score_mean",
        "top_score_max",
        "top_rows_shown",
        "method",
        "used_cols",
        "uid_values",
        "fuid_values",
        "linked_fuid_values",
        "top_anomalies",
    ] {
        assert!(!d["files"][0][key].is_null(), "{key}");
    }
    for key in [
        "verdict",
        "exceeded_metrics",
        "baseline_thresholds",
        "baseline_medians",
        "normal_directories",
    ] {
        assert!(!d["baseline_comparison"][key].is_null(), "{key}");
    }
}

/// An ordinary directory and one with a scan.
fn two(dir: &Dir) -> (String, String) {
    let mut log = conn_log(500);
    for i in 0..200 {
        let target = format!("10.0.{}.{}", 1 + i / 100, 1 + i % 100);
        log.push_str(&unanswered(600 + i, "10.0.0.9", &target, 445));
    }
    let good = directory(dir, "good", &conn_log(500));
    (good, directory(dir, "bad", &log))
}

#[test]
fn a_baseline_is_kept_and_used_again() {
    let dir = Dir::new();
    let (good, bad) = two(&dir);
    let file = dir.arg("normal.json");
    let ran = run(&["verdict", "-q", "--save-baseline", &file, &good]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let ran = run(&[
        "verdict",
        "-q",
        "--baseline",
        &file,
        "--summary-line",
        &good,
        &bad,
    ]);
    let lines: Vec<Vec<&str>> = ran.out.lines().map(|l| l.split('\t').collect()).collect();
    assert_eq!(
        lines[0],
        [
            &good,
            "score=0.0/100",
            "severity=LOW",
            "baseline=WITHIN NORMAL BASELINE",
            "normals=1"
        ]
    );
    assert_eq!(lines[1][0], bad);
    assert_eq!(
        lines[1][2..],
        [
            "severity=HIGH",
            "baseline=ABOVE NORMAL BASELINE",
            "normals=1"
        ],
        "{}",
        ran.out
    );
    // The same without a file in between.
    let again = run(&[
        "verdict",
        "-q",
        "--normal",
        &good,
        "--summary-line",
        &good,
        &bad,
    ]);
    assert_eq!(again.out, ran.out);
}

#[test]
fn a_baseline_that_makes_no_sense_is_refused() {
    let dir = Dir::new();
    let (good, _) = two(&dir);
    let file = dir.arg("normal.json");
    run(&["verdict", "-q", "--save-baseline", &file, &good]);
    let fine = std::fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("\"version\": 1", "\"version\": 2"),
        ("\"score\": 0.0", "\"score\": -1.0"),
        ("\"score\": 0.0", "\"score\": 1e999"),
        ("\"score\"", "\"scorn\""),
        ("\"threshold\": 3.0", "\"threshold\": 0.0"),
        ("zeek-anomaly baseline", "something"),
        ("{", "["),
    ] {
        assert!(fine.contains(from), "{from}");
        std::fs::write(&file, fine.replacen(from, to, 1)).unwrap();
        let ran = run(&["verdict", "-q", "--baseline", &file, &good]);
        assert_eq!(ran.status, Some(1), "{to}: {}", ran.out);
        assert!(ran.err.contains("normal.json"), "{}", ran.err);
    }
}

#[test]
fn a_baseline_of_another_model_is_warned_of() {
    let dir = Dir::new();
    let (good, _) = two(&dir);
    let file = dir.arg("normal.json");
    run(&["verdict", "-q", "--save-baseline", &file, &good]);
    let model = common::model(&dir, 400);
    let ran = run(&["verdict", "-q", "-m", &model, "--baseline", &file, &good]);
    assert!(ran.err.contains("judged by its own rows"), "{}", ran.err);
}

#[test]
fn the_exit_status_tells_the_verdict_where_it_is_asked_to() {
    let dir = Dir::new();
    let (good, bad) = two(&dir);
    let status = |args: &[&str]| {
        let mut all = vec!["verdict", "-q", "--summary-line"];
        all.extend(args);
        run(&all).status
    };
    assert_eq!(status(&[&bad]), Some(0));
    assert_eq!(status(&["--exit-status", &good]), Some(0));
    assert_eq!(status(&["--exit-status", &good, &bad]), Some(20));
    assert_eq!(status(&["--exit-status", "--normal", &bad, &bad]), Some(0));
    let scanned = directory(&dir, "scanned", &scanned());
    assert_eq!(status(&["--exit-status", &scanned]), Some(10));
}

#[test]
fn one_directory_that_cannot_be_read_does_not_stop_the_others() {
    let dir = Dir::new();
    let (good, _) = two(&dir);
    let nowhere = dir.arg("nowhere");
    let ran = run(&["verdict", "-q", "--summary-line", &nowhere, &good]);
    assert_eq!(ran.status, Some(3), "{}", ran.err);
    assert!(
        ran.out.starts_with(&good) && ran.out.lines().count() == 1,
        "{}",
        ran.out
    );
    assert!(ran.err.contains("nowhere"), "{}", ran.err);
    assert_eq!(run(&["verdict", "-q", &nowhere]).status, Some(1));
}

#[test]
fn tables_carry_no_control_characters_of_the_logs() {
    let dir = Dir::new();
    std::fs::create_dir_all(dir.path("odd")).unwrap();
    let note = "#separator \\x09\n#path\tnotice\n#fields\tts\tnote\tsrc\n#types\ttime\tenum\taddr\n\
        1000000000.5\tScan::\\x1b[31mred\t10.0.0.9\n";
    dir.write("odd/notice.log", note);
    let ran = run(&["verdict", "-q", &dir.arg("odd")]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(
        ran.out.contains("Scan::") && !ran.out.contains('\x1b'),
        "{}",
        ran.out
    );
}

#[test]
fn the_same_directory_gives_the_same_bytes() {
    let dir = Dir::new();
    let (_, bad) = two(&dir);
    let once = run(&["verdict", "-q", "--format", "json", &bad]);
    let again = run(&["verdict", "-q", "--format", "json", "--threads", "1", &bad]);
    assert_eq!(once.out, again.out);
}
