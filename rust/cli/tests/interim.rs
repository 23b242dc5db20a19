//! Records of connections that have not ended are no connections of their own, whatever their log is called.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, json, run};
use std::fmt::Write;

/// An SSH session of three days, told of each hour.
fn open_session() -> String {
    let mut out = String::new();
    for hour in 1..=72u32 {
        let _ = writeln!(
            out,
            "{{\"ts\":999900000,\"uid\":\"COpen\",\"id.orig_h\":\"10.0.0.3\",\"id.orig_p\":50000,\
             \"id.resp_h\":\"203.0.113.77\",\"id.resp_p\":22,\"proto\":\"tcp\",\"service\":\"ssh\",\
             \"duration\":{},\"orig_bytes\":{},\"resp_bytes\":{},\"conn_state\":\"S1\",\"history\":\"ShADad\"}}",
            hour * 3600,
            hour * 40_000,
            hour * 90_000
        );
    }
    out
}

#[test]
fn interim_records_are_neither_scored_nor_learned_and_count_once() {
    for log in ["conn_long", "open_conn", "conn_open", "long_conn"] {
        let dir = Dir::new();
        std::fs::create_dir_all(dir.path("logs")).unwrap();
        dir.write("logs/conn.log", conn_log(300));
        dir.write(&format!("logs/{log}.log"), open_session());
        let logs = dir.arg("logs");
        let ran = run(&["score", "--all", "--format", "jsonl", &logs]);
        let scored = json(&ran.out);
        assert_eq!(scored.len(), 300, "{log}: {}", ran.err);
        assert!(scored.iter().all(|r| r["log"] == "conn"), "{log}");

        let model = dir.arg("x.zam");
        assert_eq!(run(&["train", "-o", &model, &logs]).status, Some(0));
        let learned = run(&["inspect", "--format", "json", &model]).out;
        assert!(!learned.contains("conn_open"), "{log}: {learned}");

        let found = json(&run(&["hunt", "--format", "jsonl", &logs]).out);
        let long: Vec<_> = (found.iter())
            .filter(|f| f["kind"] == "long_connection")
            .collect();
        assert_eq!(long.len(), 1, "{log}: {found:?}");
        assert_eq!(long[0]["count"], 1, "{log}");
    }
}
