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
        (table.out.lines())
            .filter(|line| line.trim_start().starts_with('×'))
            .count(),
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
        "--no-hunt",
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

#[test]
fn what_takes_time_to_see_shares_the_budget_in_both_commands() {
    let dir = Dir::new();
    let model = model(&dir);
    let attack = sample("attack");
    let more = ["--threshold", "2", "--alerts-per-day", "3", "-q", &attack];
    let run_with = |of: &[&str]| {
        let ran = run(&[of, &["-m", &model], &more].concat());
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        ran
    };
    let alerts = json(&run_with(&["score", "--hunt", "--format", "jsonl"]).out);
    let of = |log: &str| alerts.iter().filter(|f| f["log"] == log).count();
    assert!(of("behavior") >= 3 && of("behavior") < alerts.len());
    let document: Value =
        serde_json::from_str(&run_with(&["backtest", "--format", "json"]).out).unwrap();
    assert_eq!(document["behaviors"], true);
    let budget = &document["budgets"][0];
    assert_eq!(budget["alerts_raised"], Value::Array(alerts.clone()));
    assert_eq!(budget["alerts"], alerts.len());

    // Each finding once, with all its records; what is fine is left out.
    let mut ids: Vec<&str> = alerts
        .iter()
        .filter_map(|f| f["finding"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), alerts.len());
    let scan = |f: &&Value| f["detector"] == "scan_vertical" && f["records"].as_u64() > Some(1000);
    assert!(alerts.iter().any(|f| scan(&f)), "{alerts:?}");
    let allow = dir.write(
        "allow",
        "192.168.10.105\n192.168.10.103\n2001:db8:10::/48\n",
    );
    let fine = run_with(&["score", "--hunt", "--allow", &allow, "--format", "jsonl"]);
    assert!(!fine.out.contains("\"behavior\""), "{}", fine.out);
}

#[test]
fn csv_has_counts_of_groups_and_alerts() {
    let dir = Dir::new();
    let model = model(&dir);
    let attack = sample("attack");
    let counts = |args: &[&str]| -> Vec<(String, String)> {
        let of = ["score", "-q", "-m", &model, "--format", "csv", &attack];
        let ran = run(&[&of[..], args].concat());
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        let mut csv = csv::Reader::from_reader(ran.out.as_bytes());
        let header = csv.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|h| h == name).unwrap();
        let rows = csv.records().map(Result::unwrap);
        rows.map(|r| (r[at("records")].to_owned(), r[at("finding")].to_owned()))
            .collect()
    };
    let groups = counts(&["--group"]);
    assert!(groups.iter().any(|g| g.0.parse::<u64>().unwrap() > 900));
    assert!(groups.iter().all(|g| g.1.is_empty()));
    let alerts = counts(&["--threshold", "2", "--alerts-per-day", "5"]);
    assert!(alerts.iter().any(|a| a.0.parse::<u64>().unwrap() > 300));
    assert!(alerts.iter().all(|a| a.1.len() == 16));
    assert!(counts(&["--top", "3"]).iter().all(|r| r.0.is_empty()));
}
