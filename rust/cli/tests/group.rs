//! `--group` and `--train-on`, on the sample logs that the project ships.

#[path = "common/mod.rs"]
mod common;

use common::{json, run};
use std::path::Path;

fn sample(part: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/sample/logs")
        .join(part);
    dir.to_string_lossy().into_owned()
}

#[test]
fn the_four_attacks_of_the_sample_are_on_top() {
    let (ordinary, attack) = (sample("ordinary"), sample("attack"));
    let args = [
        "score",
        "--train-on",
        &ordinary,
        "--group",
        "--top",
        "12",
        "--format",
        "jsonl",
    ];
    let ran = run(&[&args[..], &[&attack]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let found = json(&ran.out);
    let has = |log: &str, orig: &str, resp: &str, records: u64| {
        found.iter().any(|f| {
            f["log"] == log
                && f["id.orig_h"] == orig
                && f["id.resp_h"] == resp
                && f["records"].as_u64() >= Some(records)
        })
    };
    assert!(
        has("conn", "192.168.10.103", "203.0.113.200", 1),
        "exfiltration\n{}",
        ran.out
    );
    assert!(
        has("conn", "192.168.10.105", "192.168.10.11", 900),
        "scan\n{}",
        ran.out
    );
    assert!(
        has("ssl", "192.168.10.103", "198.51.100.77", 500),
        "beacon\n{}",
        ran.out
    );
    assert!(
        has("ssh", "192.168.10.105", "192.168.10.13", 150),
        "brute force\n{}",
        ran.out
    );
}

#[test]
fn training_beside_scoring_is_training_before_it() {
    let (ordinary, attack) = (sample("ordinary"), sample("attack"));
    let dir = common::Dir::new();
    let model = dir.arg("m.zam");
    assert_eq!(
        run(&["train", "-q", "-o", &model, &ordinary]).status,
        Some(0)
    );
    let all = ["--all", "--format", "jsonl", "-q", attack.as_str()];
    let beside = run(&[&["score", "--train-on", &ordinary][..], &all].concat());
    let before = run(&[&["score", "-m", &model][..], &all].concat());
    assert!(beside.out == before.out && beside.out.lines().count() > 7000);
}
