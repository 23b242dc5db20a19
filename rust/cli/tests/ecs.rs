//! `zeek-anomaly score --format ecs`.

#![allow(missing_docs)]

mod common;

use common::{Dir, conn_log, json, odd_row, run};

/// A model, and a log with `odd` records like no other among ordinary ones.
fn with_odd(dir: &Dir, odd: usize) -> (String, String) {
    let model = common::model(dir, 2000);
    let mut log = conn_log(300);
    (0..odd).for_each(|i| log.push_str(&odd_row(3000 + i)));
    (model, dir.write("conn.log", log))
}

#[test]
fn alerts_have_the_names_that_siems_route_on() {
    let dir = Dir::new();
    let (model, log) = with_odd(&dir, 1);
    let ran = run(&["score", "-q", "-m", &model, "--format", "ecs", &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let alerts = json(&ran.out);
    let odd: Vec<_> = alerts
        .iter()
        .filter(|a| a["zeek"]["session_id"] == "Codd3000")
        .collect();
    assert_eq!(odd.len(), 1, "{}", ran.out);
    let a = odd[0];
    assert_eq!(a["@timestamp"], "2001-09-09T02:36:40.000000Z");
    assert_eq!(a["event"]["kind"], "alert");
    assert_eq!(a["event"]["category"][0], "intrusion_detection");
    assert_eq!(a["event"]["dataset"], "zeek.conn");
    assert_eq!(a["event"]["risk_score"], a["zeek_anomaly"]["score"]);
    assert!(a["event"]["severity"].is_u64());
    assert_eq!(a["rule"]["name"], "Unusual conn record");
    assert_eq!(a["source"]["ip"], "10.0.0.3");
    assert_eq!(a["source"]["port"], 50000);
    assert_eq!(a["destination"]["ip"], "203.0.113.9");
    assert_eq!(a["destination"]["port"], 4444);
    assert_eq!(a["network"]["transport"], "udp");
    assert_eq!(a["network"]["type"], "ipv4");
    assert_eq!(a["related"]["ip"][1], "203.0.113.9");
    let reasons = a["zeek_anomaly"]["reasons"].as_array().unwrap();
    assert!(reasons.iter().all(|r| r["usual"].is_string()));
    let message = a["message"].as_str().unwrap();
    assert!(message.contains("203.0.113.9:4444/udp"), "{message}");
}

#[test]
fn only_what_reaches_the_threshold_is_an_alert_and_none_of_it_is_left_out() {
    let dir = Dir::new();
    let (model, log) = with_odd(&dir, 50);
    let scored = run(&[
        "score", "-q", "-m", &model, "--all", "--format", "jsonl", &log,
    ]);
    let strange = json(&scored.out)
        .iter()
        .filter(|f| f["score"].as_f64().unwrap() >= 3.0)
        .count();
    let ran = run(&["score", "-q", "-m", &model, "--format", "ecs", &log]);
    let alerts = json(&ran.out);
    // More than --top shows.
    assert!(strange >= 50);
    assert_eq!(alerts.len(), strange);
    let least = |a: &serde_json::Value| a["event"]["risk_score"].as_f64().unwrap() >= 3.0;
    assert!(alerts.iter().all(least));
    let none = [
        "score",
        "-q",
        "-m",
        &model,
        "--format",
        "ecs",
        "--threshold",
        "99",
        &log,
    ];
    assert_eq!(run(&none).out, "");
}

#[test]
fn grouped_alerts_say_how_many_records_they_stand_for() {
    let dir = Dir::new();
    let (model, log) = with_odd(&dir, 50);
    let ran = run(&[
        "score", "-q", "-m", &model, "--format", "ecs", "--group", &log,
    ]);
    let alerts = json(&ran.out);
    let group = alerts.iter().find(|a| a["source"]["ip"] == "10.0.0.3");
    let records = group.unwrap()["zeek_anomaly"]["records"].as_u64().unwrap();
    assert!(records >= 50, "{}", ran.out);
}
