//! `explain`: all records of one connection and its files.

mod common;

use common::{Dir, conn_log, json, model, run};

const FILES: &str = "#separator \\x09\n#path\tfiles\n\
    #fields\tts\tfuid\tuid\tsource\tmime_type\tseen_bytes\n\
    #types\ttime\tstring\tstring\tstring\tstring\tcount\n\
    1000000005.5\tFaa\tC00005\tSSL\tapplication/x-x509-user-cert\t900\n\
    1000000007.5\tFbb\tC00007\tSSL\tapplication/x-x509-user-cert\t901\n";

/// The log that knows only the file, and a name that would act on a terminal.
const X509: &str = "#separator \\x09\n#path\tx509\n\
    #fields\tts\tid\tcertificate.subject\n#types\ttime\tstring\tstring\n\
    1000000005.6\tFaa\tCN=\\x1b[31mred\n1000000007.6\tFbb\tCN=other\n";

fn logs(dir: &Dir) -> String {
    std::fs::create_dir(dir.path("logs")).unwrap();
    dir.write("logs/conn.log", conn_log(20));
    dir.write("logs/files.log", FILES);
    dir.write("logs/x509.log", X509);
    dir.arg("logs")
}

#[test]
fn records_come_from_all_logs_in_the_order_of_time() {
    let dir = Dir::new();
    let (model, logs) = (model(&dir, 500), logs(&dir));
    for wanted in ["C00005", "Faa"] {
        let ran = run(&["explain", "-m", &model, "--format", "json", wanted, &logs]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        let doc = &json(&ran.out)[0];
        let log = |i: usize| doc["records"][i]["log"].as_str().unwrap_or_default();
        assert_eq!(
            [log(0), log(1), log(2), log(3)],
            ["conn", "files", "x509", ""]
        );
        assert_eq!(doc["uids"], serde_json::json!(["C00005"]));
        assert_eq!(doc["fuids"], serde_json::json!(["Faa"]));
        // The model knows conn alone.
        assert!(doc["records"][0]["score"].is_number());
        assert!(doc["records"][1].get("score").is_none());
        assert_eq!(doc["records"][0]["line"], 13);
        assert!(
            ran.err.contains("2 of logs that the model has nothing for"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn the_score_is_that_of_score() {
    let dir = Dir::new();
    let (model, logs) = (model(&dir, 500), logs(&dir));
    let all = run(&[
        "score", "-q", "-m", &model, "--all", "--format", "jsonl", &logs,
    ]);
    let scores = json(&all.out);
    let want = scores.iter().find(|s| s["uid"] == "C00011").unwrap();
    let ran = run(&[
        "explain", "-q", "-m", &model, "--format", "json", "C00011", &logs,
    ]);
    assert_eq!(json(&ran.out)[0]["records"][0]["score"], want["score"]);
}

#[test]
fn hostile_text_does_not_reach_the_terminal_and_nothing_found_is_a_failure() {
    let dir = Dir::new();
    let (model, logs) = (model(&dir, 500), logs(&dir));
    let ran = run(&["explain", "-m", &model, "C00005", &logs]);
    assert!(
        !ran.out.contains('\u{1b}') && ran.out.contains("\\x1b[31mred"),
        "{}",
        ran.out
    );
    let ran = run(&["explain", "-m", &model, "Cnone", &logs]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.err.contains("Cnone: no record of 24 rows"),
        "{}",
        ran.err
    );
    // Without a model the logs themselves are learned from, and that is said.
    let ran = run(&["explain", "C00005", &logs]);
    assert!(
        ran.err.contains("fitted on these rows themselves"),
        "{}",
        ran.err
    );
}
