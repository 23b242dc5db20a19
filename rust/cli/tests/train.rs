//! `train`, `inspect` and `completions`.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, json, model, real, run, run_with};

#[test]
fn the_same_rows_and_seed_give_the_same_bytes() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(800));
    for detector in ["auto", "isolation_forest", "rarity"] {
        let train = |name: &str, threads: &str| {
            let path = dir.arg(name);
            let ran = run(&[
                "train",
                "-q",
                "-o",
                &path,
                "--detector",
                detector,
                "--seed",
                "7",
                "--threads",
                threads,
                &log,
            ]);
            assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
            std::fs::read(path).unwrap()
        };
        assert_eq!(train("a", "1"), train("b", "2"), "{detector}");
    }
}

#[test]
fn only_rows_with_the_label_and_between_the_bounds_are_learned() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(100));
    let into = dir.arg("m");
    let rows = |more: &[&str]| {
        let mut args = vec!["train", "-q", "-o", &into, &log];
        args.extend(more);
        let ran = run(&args);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        json(&run(&["inspect", "--format", "json", &into]).out)[0]["rows"].as_u64()
    };
    assert_eq!(rows(&[]), Some(100));
    assert_eq!(rows(&["--label-column", "label=Benign"]), Some(90));
    assert_eq!(rows(&["--from", "1000000050.25"]), Some(50));
    assert_eq!(
        rows(&[
            "--until",
            "1000000050.25",
            "--label-column",
            "label=Malicious"
        ]),
        Some(5)
    );
}

#[test]
fn with_nothing_to_learn_from_no_file_is_written() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(100));
    let into = dir.arg("m");
    for (more, message) in [
        (["--from", "2020-01-01"], "lies between the time bounds"),
        (
            ["--label-column", "class=Benign"],
            "no file has a column `class`",
        ),
        (
            ["--label-column", "label=benign"],
            "the column `label` is in 1 of 1 file",
        ),
    ] {
        let mut args = vec!["train", "-o", &into, &log];
        args.extend(more);
        let ran = run(&args);
        assert_eq!(ran.status, Some(1), "{}", ran.err);
        assert!(ran.err.contains(message), "{}", ran.err);
        assert_eq!(dir.names(), ["conn.log"]);
    }
}

#[test]
fn where_the_model_cannot_be_written_is_said_before_the_work() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(10));
    let folder = dir.arg("");
    for (into, why) in [
        ("/dev/null", "is a device"),
        ("/no/such/folder/m", "cannot be written"),
        (&folder, ""),
    ] {
        let ran = run(&["train", "-o", into, &log]);
        assert_eq!(ran.status, Some(1), "{into}");
        assert!(ran.err.contains(why), "{}", ran.err);
        assert!(!ran.err.contains("trained"), "{}", ran.err);
    }
}

#[test]
fn training_from_standard_input_is_training_from_the_file() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(500));
    let (a, b) = (dir.arg("a"), dir.arg("b"));
    assert_eq!(run(&["train", "-o", &a, &log]).status, Some(0));
    let piped = run_with(&["train", "-o", &b, "-"], conn_log(500).as_bytes());
    assert_eq!(piped.status, Some(0), "{}", piped.err);
    assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
}

#[test]
fn the_summary_says_what_was_learned_and_where_it_is() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(1200));
    let into = dir.arg("week.model");
    let ran = run(&["train", "-v", "-o", &into, &log]);
    assert!(
        ran.err
            .contains("1,207 lines in 1 file = 1,200 rows + 0 refused + 7"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains(&format!("wrote {into} (")), "{}", ran.err);
    assert!(ran.out.is_empty());
}

#[test]
fn inspect_shows_the_model_and_a_log() {
    let dir = Dir::new();
    let model = model(&dir, 1000);
    let ran = run(&["inspect", &model]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for text in [
        "trained on  2001-09-09 01:46:40 to",
        "rows        1,000",
        "conn",
        "label",
    ] {
        assert!(ran.out.contains(text), "{text}: {}", ran.out);
    }
    let log = run(&["inspect", &model, "--log", "conn"]);
    assert!(
        log.out.contains("id.resp_p") && log.out.contains("443 100 %"),
        "{}",
        log.out
    );
    assert!(
        log.out.contains("compared by id.resp_p/proto: 443/tcp"),
        "{}",
        log.out
    );
    let none = run(&["inspect", &model, "--log", "dns"]);
    assert_eq!(none.status, Some(1));
    assert!(none.err.contains("it has conn"), "{}", none.err);
    let v = &json(&run(&["inspect", "--format", "json", &model]).out)[0];
    assert_eq!(v["logs"][0]["log"], "conn");
    assert_eq!(v["logs"][0]["columns"][0]["name"], "ts");
    assert!(v["logs"][0]["features"][0]["usual"].is_string());
    let kinds = v["logs"][0]["kinds"].as_array().unwrap();
    assert!(kinds.iter().any(|k| k["name"] == "443/tcp"), "{kinds:?}");
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.status, Some(0));
        assert!(
            ran.out.contains("zeek-anomaly") && ran.out.contains("label-column"),
            "{shell}"
        );
    }
}

#[test]
fn help_has_examples_and_the_exit_status() {
    for args in [
        vec!["--help"],
        vec!["train", "--help"],
        vec!["score", "--help"],
    ] {
        let ran = run(&args);
        assert_eq!(ran.status, Some(0));
        assert!(
            ran.out.contains("Examples:") && ran.out.contains("Exit status:"),
            "{args:?}"
        );
    }
}

#[test]
fn a_benign_day_trained_on_finds_attacks_of_another() {
    let (Some(one), Some(other)) = (real("008-zeek-mixed"), real("010-zeek-mixed")) else {
        return;
    };
    let dir = Dir::new();
    let into = dir.arg("m");
    let path = one.display().to_string();
    let ran = run(&[
        "train",
        "-o",
        &into,
        "--label-column",
        "label=Benign",
        &path,
    ]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let path = other.display().to_string();
    let ran = run(&[
        "score", "-m", &into, "--top", "10", "--format", "jsonl", &path,
    ]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(
        json(&ran.out).iter().all(|r| r["anomalous"] == true),
        "{}",
        ran.out
    );
}
