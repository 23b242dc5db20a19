//! `backtest` and `score --alerts-per-day`, on the sample logs that the project ships.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, json, run};
use serde_json::Value;
use std::path::Path;

fn sample(part: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/sample/logs")
        .join(part);
    dir.to_string_lossy().into_owned()
}

/// A model of the ordinary days.
fn model(dir: &Dir) -> String {
    let model = dir.arg("m.zam");
    let ran = run(&["train", "-q", "-o", &model, &sample("ordinary")]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    model
}

#[test]
fn an_attack_of_many_records_is_a_few_alerts_and_backtest_counts_the_same() {
    let dir = Dir::new();
    let model = model(&dir);
    let attack = sample("attack");
    let args = [
        "score",
        "-m",
        &model,
        "--threshold",
        "2",
        "--alerts-per-day",
        "5",
    ];
    let ran = run(&[&args[..], &["--format", "jsonl", &attack]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let alerts = json(&ran.out);
    let has = |log: &str, orig: &str, records: u64| {
        alerts.iter().any(|f| {
            f["log"] == log && f["id.orig_h"] == orig && f["records"].as_u64() >= Some(records)
        })
    };
    assert!(has("ssl", "192.168.10.103", 300), "beacon\n{}", ran.out);
    assert!(has("dns", "192.168.10.103", 20), "{}", ran.out);
    for f in &alerts {
        assert!(f["score"].as_f64() >= f["threshold"].as_f64(), "{f}");
        assert!(f["first"].as_f64() <= f["last"].as_f64(), "{f}");
        assert_eq!(f["finding"].as_str().map(str::len), Some(16), "{f}");
    }
    let times: Vec<f64> = alerts
        .iter()
        .map(|f| f["alerted"].as_f64().unwrap())
        .collect();
    assert!(times.is_sorted());
    assert!(alerts.len() <= 10, "{}", ran.out);
    let said = format!("{} alerts in 1.0 days", alerts.len());
    assert!(ran.err.contains(&said), "{}", ran.err);

    // The table shows the same, for people.
    let table = run(&[&args[..], &[&attack]].concat());
    assert_eq!(
        table.out.matches("\n×").count(),
        alerts.iter().filter(|f| f["records"] != 1).count()
    );

    // And backtest counts the same.
    let ran = run(&[
        "backtest",
        "-m",
        &model,
        "--threshold",
        "2",
        "--alerts-per-day",
        "50,5",
        "--format",
        "json",
        "-q",
        &attack,
    ]);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let budgets = document["budgets"].as_array().unwrap();
    assert_eq!(budgets.len(), 2);
    assert_eq!(
        (&budgets[0]["alerts_per_day"], &budgets[1]["alerts_per_day"]),
        (&5.0.into(), &50.0.into())
    );
    assert_eq!(budgets[0]["alerts"], alerts.len());
    assert_eq!(budgets[0]["alerts_raised"], Value::Array(alerts.clone()));
    let days = budgets[0]["by_day"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["alerts"]), (1, &alerts.len().into()));
    assert!(budgets[1]["alerts"].as_u64() >= budgets[0]["alerts"].as_u64());
}

#[test]
fn ordinary_days_are_within_the_budget() {
    let dir = Dir::new();
    let model = model(&dir);
    let ordinary = sample("ordinary");
    let args = [
        "backtest",
        "-m",
        &model,
        "--threshold",
        "2",
        "--alerts-per-day",
        "10",
    ];
    let ran = run(&[&args[..], &["--format", "json", &ordinary]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let of = &document["budgets"][0];
    assert!(of["worst"].as_u64() <= Some(20), "{of}");
    assert_eq!(of["days_exceeded"], 0);
    let table = run(&[&args[..], &[&ordinary]].concat());
    for day in ["2026-03-02  Mon", "2026-03-05  Thu", "alerts a day wanted"] {
        assert!(table.out.contains(day), "{}", table.out);
    }
    // Each log by itself.
    let ran = run(&[
        &args[..],
        &["--budget-per", "log", "--log", "conn,ssl", &ordinary],
    ]
    .concat());
    assert!(
        ran.out.contains("conn") && ran.out.contains("ssl"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("http"), "{}", ran.out);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for bad in ["0", "-1", "nan", "20000", "many"] {
        let ran = run(&["score", "--alerts-per-day", bad, "logs"]);
        assert_eq!(ran.status, Some(2), "{bad}: {}", ran.err);
        let ran = run(&["backtest", "-m", "m", "--alerts-per-day", bad, "logs"]);
        assert_eq!(ran.status, Some(2), "{bad}: {}", ran.err);
    }
    let ran = run(&["score", "--alerts-per-day", "5", "--all", "logs"]);
    assert_eq!(ran.status, Some(2), "{}", ran.err);
}
