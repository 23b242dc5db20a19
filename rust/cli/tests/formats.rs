//! One set of formats in every command, and alerts that a SIEM can route.

#![allow(missing_docs)]

mod common;

use common::{Dir, json, model, run};
use serde_json::Value;

fn sample(day: &str) -> String {
    format!(
        "{}/../../tests/sample/logs/{day}",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn json_and_jsonl_are_json_in_every_command() {
    let dir = Dir::new();
    let model = model(&dir, 600);
    let (log, logs) = (
        dir.write("conn.log", common::conn_log(300)),
        sample("attack"),
    );
    let commands: &[&[&str]] = &[
        &["score", "-q", "-m", &model, &log],
        &["hunt", "-q", &logs],
        &["verdict", "-q", "-m", &model, &log],
        &["drift", "-q", "-m", &model, &log],
        &["explain", "-q", "-m", &model, "C00001", &log],
        &["explain", "-q", "10.0.0.1", &log],
        &["inspect", &model],
        &[
            "watch", "-q", "--once", "--all", "--settle", "0", "-m", &model, &log,
        ],
    ];
    for args in commands {
        for format in ["json", "jsonl"] {
            let ran = run(&[args, &["--format", format][..]].concat());
            assert_eq!(ran.status, Some(0), "{args:?} {format}: {}", ran.err);
            let whole = serde_json::from_str::<Value>(&ran.out).is_ok();
            assert!(whole || !json(&ran.out).is_empty(), "{args:?} {format}");
        }
    }
}

#[test]
fn every_json_document_says_what_was_looked_at() {
    let dir = Dir::new();
    let model = model(&dir, 600);
    let log = dir.write("conn.log", common::conn_log(300));
    let attacks = dir.write("attacks.csv", "uid\nC00001\n");
    let commands: &[&[&str]] = &[
        &["analyze", "-m", &model, &log],
        &["verdict", "-m", &model, &log],
        &["drift", "-m", &model, &log],
        &["backtest", "-m", &model, &log],
        &["explain", "-m", &model, "C00001", &log],
        &["explain", "10.0.0.1", &log],
        &[
            "evaluate",
            "--bootstrap",
            "0",
            "-m",
            &model,
            "--uids",
            &attacks,
            &log,
        ],
    ];
    for args in commands {
        let ran = run(&[args, &["--format", "json"][..]].concat());
        assert_eq!(ran.status, Some(0), "{args:?}: {}", ran.err);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let coverage = match &document["coverage"] {
            Value::Array(runs) => &runs[0],
            one => one,
        };
        assert_eq!(coverage["rows"], 300, "{args:?}: {coverage}");
    }
}

#[test]
fn behaviors_are_alerts_with_their_kind_their_identity_and_their_times() {
    let ran = run(&["hunt", "-q", "--format", "ecs", &sample("attack")]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let alerts = json(&ran.out);
    let mut ids: Vec<&str> = alerts
        .iter()
        .map(|a| a["event"]["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), alerts.len());
    let beacon = alerts
        .iter()
        .find(|a| a["rule"]["name"] == "beacon")
        .unwrap();
    assert_eq!(beacon["threat"]["tactic"]["id"][0], "TA0011");
    assert!(beacon["event"]["start"].as_str() < beacon["event"]["end"].as_str());
    let risk = beacon["event"]["risk_score_norm"].as_f64().unwrap();
    assert!((0.0..=100.0).contains(&risk));
    assert!(!ran.out.contains("(usual )"), "{}", ran.out);
    for format in ["csv", "zeek"] {
        let ran = run(&["hunt", "-q", "--format", format, &sample("attack")]);
        assert!(ran.out.contains("beacon"), "{format}: {}", ran.out);
    }
}

#[test]
fn a_host_and_a_finding_are_explained() {
    let logs = sample("attack");
    let ran = run(&["hunt", "-q", "--format", "jsonl", &logs]);
    let found = json(&ran.out);
    let beacon = found.iter().find(|f| f["kind"] == "beacon").unwrap();
    let host = beacon["host"].as_str().unwrap();
    let peer = beacon["peer"].as_str().unwrap();
    for what in [host, beacon["id"].as_str().unwrap()] {
        for format in ["table", "json"] {
            let ran = run(&["explain", "-q", "--format", format, what, &logs]);
            assert_eq!(ran.status, Some(0), "{what}: {}", ran.err);
            assert!(
                ran.out.contains(host) && ran.out.contains(peer),
                "{}",
                ran.out
            );
        }
    }
    for nowhere in ["192.0.2.77", "0123456789abcdef"] {
        assert_eq!(run(&["explain", "-q", nowhere, &logs]).status, Some(1));
    }
}
