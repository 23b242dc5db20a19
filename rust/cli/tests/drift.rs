//! `drift`: what it says of logs like those of training, and of others.

mod common;

use common::{Dir, run};

/// Rows of three days, one in five minutes, with the port of the last day.
fn log(last_port: u16) -> String {
    let mut out = common::conn_log(0);
    for i in 0..3 * 288 {
        let port = if i < 2 * 288 { 443 } else { last_port };
        let row = common::conn_row(i, port);
        let (_, rest) = row.split_once('\t').unwrap();
        let ts = 86_400 * 11_000 + i * 300;
        out.push_str(&format!("{ts}.000000\t{rest}"));
    }
    out
}

#[test]
fn what_changed_is_shown_and_the_status_says_so() {
    let dir = Dir::new();
    let (same, moved) = (
        dir.write("a-conn.log", log(443)),
        dir.write("conn.log", log(8443)),
    );
    let model = dir.arg("m.zam");
    assert_eq!(run(&["train", "-q", "-o", &model, &same]).status, Some(0));

    let ran = run(&["drift", "-m", &model, &same]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.contains("3 days compared"), "{}", ran.err);
    assert!(ran.err.contains("conventional"), "{}", ran.err);

    let ran = run(&["drift", "-m", &model, &moved]);
    assert_eq!(ran.status, Some(4), "{}", ran.err);
    assert!(ran.out.contains("2000-02-15"), "{}", ran.out);
    assert!(
        ran.out.contains("id.resp_p") && ran.out.contains("mostly 8443"),
        "{}",
        ran.out
    );
    let ran = run(&["drift", "-m", &model, "--format", "json", &moved]);
    let all: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(all["drift"], true);
    let last = &all["days"][2];
    assert_eq!((&last["log"], &last["rows"]), (&"conn".into(), &288.into()));
    assert_eq!(last["changes"][0]["name"], "id.resp_p");
    assert!(last["changes"][0]["distance"].as_f64() > last["changes"][0]["limit"].as_f64());

    // The summary of `score` tells it in one line; without drift it has none.
    let said = |path: &str| run(&["score", "-m", &model, path]).err;
    assert!(said(&moved).contains("differs from training in 1 log (conn)"));
    assert!(!said(&same).contains("differs from training"));
}

#[test]
fn parts_of_days_are_not_judged_and_nothing_to_compare_is_an_error() {
    let dir = Dir::new();
    let model = dir.arg("m.zam");
    let path = dir.write("conn.log", log(8443));
    let until = (86_400 * 11_002).to_string();
    let ran = run(&["train", "-q", "-o", &model, "--until", &until, &path]);
    assert_eq!(ran.status, Some(0));
    let from = (86_400 * 11_002 + 43_200).to_string();
    let ran = run(&["drift", "-m", &model, "--from", &from, &path]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert!(ran.err.contains("no day could be compared"), "{}", ran.err);
    assert!(ran.err.contains("not judged"), "{}", ran.err);

    let other = dir.write("dns.log", "{\"ts\":1.0,\"query\":\"a\"}\n");
    let ran = run(&["drift", "-m", &model, &other]);
    assert_eq!(ran.status, Some(2), "{}", ran.err);
}
