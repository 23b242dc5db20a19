//! An allowed name removes what is about it from every command, whatever log has the name.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, json, run};
use std::fmt::Write;

/// Calls of a host each minute, in conn.log and in the log that has the name.
fn calls(dir: &Dir, log: &str) -> String {
    let (mut conn, mut named) = (String::new(), String::new());
    for i in 0..300u32 {
        let ts = 1_772_784_000 + i * 60;
        for (host, peer, name) in [(3, 80, "sync.vendor.example"), (4, 81, "c2.other.example")] {
            let ids = format!(
                "\"ts\":{ts},\"uid\":\"C{host}x{i}\",\"id.orig_h\":\"192.168.10.{host}\",\"id.orig_p\":{},\
                 \"id.resp_h\":\"203.0.113.{peer}\",\"id.resp_p\":443",
                40000 + i
            );
            let _ = writeln!(
                conn,
                "{{\"_path\":\"conn\",{ids},\"proto\":\"tcp\",\"service\":\"{log}\",\"duration\":0.5,\
                 \"orig_bytes\":500,\"resp_bytes\":900,\"conn_state\":\"SF\",\"history\":\"ShADadFf\"}}"
            );
            let name = match log {
                "http" => format!("\"method\":\"GET\",\"uri\":\"/\",\"host\":\"{name}\""),
                _ => format!("\"server_name\":\"{name}\",\"established\":true"),
            };
            let _ = writeln!(named, "{{\"_path\":\"{log}\",{ids},{name}}}");
        }
    }
    std::fs::create_dir_all(dir.path("logs")).unwrap();
    dir.write("logs/conn.log", conn);
    dir.write(&format!("logs/{log}.log"), named);
    dir.arg("logs")
}

#[test]
fn a_connection_with_an_allowed_name_gives_no_finding_and_no_record() {
    for log in ["ssl", "http", "quic"] {
        let dir = Dir::new();
        let logs = calls(&dir, log);
        let allow = dir.write("fine.txt", "*.vendor.example\n");
        let hosts = |args: &[&str]| -> Vec<String> {
            let ran = run(args);
            let found = json(&ran.out);
            let beacons = found.iter().filter(|f| f["kind"] == "beacon");
            beacons
                .map(|f| f["host"].as_str().unwrap().to_owned())
                .collect()
        };
        let before = hosts(&["hunt", "--format", "jsonl", &logs]);
        assert!(before.contains(&"192.168.10.3".into()), "{log}: {before:?}");
        let after = hosts(&["hunt", "--format", "jsonl", "--allow", &allow, &logs]);
        assert!(!after.contains(&"192.168.10.3".into()), "{log}: {after:?}");
        assert!(after.contains(&"192.168.10.4".into()), "{log}: {after:?}");

        let args = ["--all", "--format", "jsonl", "--allow", &allow, &logs];
        let scored = json(&run(&[&["score"], &args[..]].concat()).out);
        let of = |host: &str| scored.iter().filter(|r| r["id.orig_h"] == host).count();
        assert_eq!((of("192.168.10.3"), of("192.168.10.4")), (0, 600), "{log}");

        let ran = run(&["verdict", "--format", "json", "--allow", &allow, &logs]);
        let verdict = &json(&ran.out)[0]["directory_summary"];
        let hosts = verdict["hosts"].to_string();
        assert!(!hosts.contains("192.168.10.3"), "{log}: {verdict}");
        assert!(hosts.contains("192.168.10.4"), "{log}: {verdict}");

        let ran = run(&["analyze", "--format", "json", "--allow", &allow, &logs]);
        assert!(
            !ran.out.contains("\"host\":\"192.168.10.3\""),
            "{}",
            ran.out
        );
    }
}
