//! `feedback`: marks, what they change, and taking them back.

mod common;

use common::{Dir, Ran, conn_log, conn_row, json, model, odd_row, run};

/// Ordinary rows, two with a port of their own, and one that is odd throughout.
fn logs(dir: &Dir) -> String {
    let mut log = conn_log(300);
    log.push_str(&conn_row(300, 8443));
    log.push_str(&conn_row(301, 8443));
    log.push_str(&odd_row(302));
    dir.write("conn.log", log)
}

fn scores(model: &str, path: &str) -> Vec<serde_json::Value> {
    let ran = run(&[
        "score", "-q", "-m", model, "--all", "--format", "jsonl", path,
    ]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    json(&ran.out)
}

fn score_of(rows: &[serde_json::Value], uid: &str) -> f64 {
    let row = rows.iter().find(|r| r["uid"] == uid).unwrap();
    row["score"].as_f64().unwrap()
}

fn feedback(model: &str, args: &[&str]) -> Ran {
    run(&[&["feedback", "-m", model], args].concat())
}

#[test]
fn marks_change_what_is_like_them_are_shown_and_taken_back() {
    let dir = Dir::new();
    let (model, log) = (model(&dir, 3000), logs(&dir));
    let bytes = std::fs::read(&model).unwrap();
    let before = scores(&model, &log);

    let ran = feedback(&model, &["--false", "C00300", "--dry-run", &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(
        ran.out.contains("C00300") && ran.out.contains("→"),
        "{}",
        ran.out
    );
    assert_eq!(std::fs::read(&model).unwrap(), bytes, "--dry-run");

    let ran = feedback(&model, &["--false", "C00300", "--note", "a backup", &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let after = scores(&model, &log);
    for uid in ["C00300", "C00301"] {
        assert!(score_of(&after, uid) < score_of(&before, uid), "{uid}");
    }
    for uid in ["C00007", "Codd302"] {
        assert_eq!(score_of(&after, uid), score_of(&before, uid), "{uid}");
    }

    let list = feedback(&model, &["--list"]).out;
    assert!(
        list.contains("a backup") && list.contains("id.resp_p 8443"),
        "{list}"
    );
    assert!(run(&["inspect", &model]).out.contains("a backup"));
    let said = run(&["score", "-m", &model, "--all", "--reasons", "all", &log]);
    assert!(
        said.err.contains("feedback damped 2 records"),
        "{}",
        said.err
    );
    assert!(said.out.contains("damped by feedback 1"), "{}", said.out);

    let ran = feedback(&model, &["--undo", "1"]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert_eq!(std::fs::read(&model).unwrap(), bytes, "nothing is left");
}

#[test]
fn findings_are_marked_from_files_and_by_line() {
    let dir = Dir::new();
    let (model, log) = (model(&dir, 3000), logs(&dir));
    let found = run(&[
        "score", "-q", "-m", &model, "--top", "2", "--format", "jsonl", &log,
    ])
    .out;
    let (first, second) = found.trim().split_once('\n').unwrap();
    let judged = format!(
        "{}\n{second}\nC00301 false\n",
        first.replacen('{', "{\"feedback\":\"true\",", 1)
    );
    let file = dir.write("judged.jsonl", judged);
    let new = dir.arg("new.zam");
    let ran = feedback(&model, &["--from", &file, "-o", &new, &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let list = feedback(&new, &["--list"]).out;
    assert_eq!(list.lines().count(), 3, "{list}");
    assert!(list.contains("true") && list.contains("C00301"), "{list}");
    assert!(
        feedback(&model, &["--list"]).out.lines().count() <= 1,
        "-o leaves the model"
    );

    let line = std::fs::read_to_string(&log).unwrap().lines().count();
    let ran = feedback(&model, &["--true", &format!("conn:{line}"), &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
}

#[test]
fn a_finding_is_marked_by_the_number_that_alerts_and_logs_have() {
    let dir = Dir::new();
    let (model, log) = (model(&dir, 3000), logs(&dir));
    let alerts = run(&[
        "score",
        "-q",
        "-m",
        &model,
        "--alerts-per-day",
        "50",
        "--format",
        "jsonl",
        &log,
    ]);
    let alert = json(&alerts.out)
        .into_iter()
        .find(|a| a["uid"] == "Codd302")
        .unwrap();
    let number = alert["finding"].as_str().unwrap();
    let before = scores(&model, &log);

    let ran = feedback(&model, &["--false", number, &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.out.contains(number), "{}", ran.out);
    let after = scores(&model, &log);
    let lower = |uid: &str| score_of(&after, uid) < score_of(&before, uid);
    let raw = |rows: &[serde_json::Value]| {
        let row = rows.iter().find(|r| r["uid"] == "Codd302").unwrap();
        row["raw"].as_f64().unwrap()
    };
    assert!(raw(&after) < raw(&before), "{}", ran.out);
    assert!(!lower("C00007") && !lower("C00300"));

    let ran = feedback(&model, &["--false", "0123456789abcdef", &log]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(ran.err.contains("hunt --allow"), "{}", ran.err);
    // What is wrong with the logs is said where nothing is found, too.
    let ran = feedback(&model, &["--false", "C00300", "/no/such"]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.err.contains("/no/such: cannot be opened"),
        "{}",
        ran.err
    );
}

#[test]
fn what_cannot_be_marked_is_said_and_changes_nothing() {
    let dir = Dir::new();
    let (model, log) = (model(&dir, 3000), logs(&dir));
    let bytes = std::fs::read(&model).unwrap();
    let bad = dir.write("bad.txt", "C00300 false\nC00301 maybe\n");
    for (args, said) in [
        (
            vec!["--false", "Cnone", &log],
            "no record in these logs has it",
        ),
        (
            vec!["--false", "C00300", "--true", "C00300", &log],
            "both false and true",
        ),
        (
            vec!["--false", "C00300"],
            "the logs that the findings are from",
        ),
        (vec!["--undo", "7"], "no such feedback"),
        (vec!["--from", &bad, &log], "bad.txt:2"),
        (vec![&log], "nothing to mark"),
    ] {
        let ran = feedback(&model, &args);
        assert_eq!(ran.status, Some(1), "{args:?} {}", ran.err);
        assert!(ran.err.contains(said), "{args:?} {}", ran.err);
    }
    assert_eq!(std::fs::read(&model).unwrap(), bytes);

    // What can be marked is; the rest is said, and the status tells.
    let ran = feedback(&model, &["--false", "C00300,Cnone", &log]);
    assert_eq!(ran.status, Some(3), "{}", ran.err);
    let ran = feedback(&model, &["--true", "C00300", &log]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.err.contains("marked false by feedback 1"),
        "{}",
        ran.err
    );
}
