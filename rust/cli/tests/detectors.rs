//! Choosing detectors, what an ensemble says, and features for other programs.

mod common;

use common::{Dir, conn_log, json, odd_row, run};

#[test]
fn an_unknown_detector_and_impossible_parameters_are_refused_with_what_there_is() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(50));
    for (args, words) in [
        (
            ["--detector", "lof"],
            "there is no detector lof; there are auto, isolation_forest",
        ),
        (["--detector", "conn=pca,conn=rarity"], "conn=pca+rarity"),
        (["--pca-variance", "1.5"], "at most 1"),
        (["--pca-variance", "NaN"], "at most 1"),
        (["--forest-trees", "0"], "1..=5000"),
        (["--kitnet-cluster", "0"], "1..=128"),
        (["--kitnet-rate", "inf"], "at most 1"),
        (["--svm-nu", "0"], "above 0"),
        (["--svm-gamma", "-1"], "above 0"),
        (["--svm-kernel", "cosine"], "rbf, linear, poly"),
    ] {
        let model = dir.arg("m.model");
        let ran = run(&["train", "-o", &model, &args.join("="), &log]);
        assert_eq!(ran.status, Some(2), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        assert!(!dir.path("m.model").exists());
    }
}

#[test]
fn an_ensemble_shows_which_members_agree() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(1200));
    let model = dir.arg("m.model");
    let ran = run(&[
        "train",
        "-q",
        "-o",
        &model,
        "--detector",
        "pca+rarity",
        &log,
    ]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let odd = dir.write("odd.conn.log", conn_log(20) + &odd_row(20));
    let args = [
        "score",
        "-q",
        "-m",
        &model,
        "--top",
        "1",
        "--threshold",
        "2",
    ];
    let found = run(&[&args[..], &["--format", "jsonl", &odd]].concat());
    let first = &json(&found.out)[0];
    assert_eq!(first["uid"], "Codd20");
    assert_eq!(first["detector"], "ensemble");
    let members = first["members"].as_array().unwrap();
    let names: Vec<&str> = members
        .iter()
        .filter_map(|m| m["detector"].as_str())
        .collect();
    assert_eq!(names, ["rarity", "pca"]);
    assert!(members.iter().all(|m| m["agrees"] == true), "{members:?}");
    assert!(members.iter().all(|m| m["features"][0].is_string()));
    let table = run(&[&args[..], &[odd.as_str()]].concat());
    assert!(table.out.contains("members "), "{}", table.out);
    let about = run(&["inspect", &model, "--log", "conn"]);
    assert!(about.out.contains("pca: components"), "{}", about.out);
}

#[test]
fn every_record_is_written_with_its_features_and_the_numbers_detectors_see() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(60));
    let model = dir.arg("m.model");
    assert_eq!(run(&["train", "-q", "-o", &model, &log]).status, Some(0));
    let out = dir.arg("features");
    let ran = run(&[
        "score",
        "-q",
        "-m",
        &model,
        "--features-out",
        &out,
        "--encoded",
        &log,
    ]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let text = std::fs::read_to_string(dir.path("features/conn.csv")).unwrap();
    let mut rows = text.lines();
    let head: Vec<&str> = rows.next().unwrap().split(',').collect();
    assert_eq!(text.lines().count(), 61);
    for column in [
        "uid",
        "raw",
        "proto",
        "orig_bytes",
        "coordinate orig_bytes",
        "input proto=tcp",
    ] {
        assert!(head.contains(&column), "{column}: {head:?}");
    }
    let first: Vec<&str> = rows.next().unwrap().split(',').collect();
    let at = |name: &str| first[head.iter().position(|h| *h == name).unwrap()];
    assert_eq!(
        (at("uid"), at("orig_bytes"), at("proto")),
        ("C00000", "400", "tcp")
    );
    assert_eq!(at("input proto=tcp"), "1");
    assert!(text.lines().all(|l| l.split(',').count() == head.len()));
}
