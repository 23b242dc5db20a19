//! `analyze` answers for logs that nobody described: what stands out, what was looked at, what to run next.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, command, json, run};

fn sample(day: &str) -> String {
    format!(
        "{}/../../tests/sample/logs/{day}",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn the_worst_hosts_come_first_with_what_they_did() {
    let ran = run(&["analyze", "--format", "json", &sample("attack")]);
    let document = &json(&ran.out)[0];
    assert_eq!(
        (ran.status, document["verdict"].as_str()),
        (Some(0), Some("HIGH"))
    );
    assert_eq!(document["ranked_among_themselves"], true);
    let hosts = document["hosts"].as_array().unwrap();
    assert_eq!(hosts[0]["host"], "192.168.10.103");
    assert_eq!(hosts[0]["severity"], "critical");
    let summary = hosts[0]["summary"].as_str().unwrap();
    assert!(
        summary.contains("called sync.edge-metrics.test"),
        "{summary}"
    );
    assert!(document["coverage"]["files_read"].as_u64() > Some(0));
}

#[test]
fn commands_that_are_printed_work() {
    let ran = run(&["analyze", &sample("attack")]);
    let commands: Vec<Vec<&str>> = (ran.out.lines())
        .filter_map(|l| l.strip_prefix("  zeek-anomaly "))
        .map(|l| l.split(' ').collect())
        .collect();
    assert!(!commands.is_empty(), "{}", ran.out);
    for command in commands {
        let ran = run(&command);
        assert_eq!(ran.status, Some(0), "{command:?}: {}", ran.err);
    }
}

#[test]
fn the_answer_fits_80_columns() {
    for day in ["attack", "ordinary"] {
        let ran = run(&["analyze", &sample(day)]);
        let commands = |l: &&str| !l.starts_with("  zeek-anomaly ");
        for line in ran.out.lines().filter(commands) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn what_cannot_be_judged_is_unknown_and_no_all_clear() {
    let dir = Dir::new();
    let path = dir.write(
        "stats.log",
        "{\"_path\":\"stats\",\"ts\":1772784720.0,\"peer\":\"zeek\",\"mem\":5}\n",
    );
    let ran = run(&["analyze", &path]);
    assert_eq!(ran.status, Some(2), "{}{}", ran.out, ran.err);
    assert!(!ran.out.contains("LOW"), "{}", ran.out);
}

#[test]
fn the_model_of_the_environment_is_used_and_the_page_is_written() {
    let dir = Dir::new();
    let (model, page) = (dir.arg("week.zam"), dir.arg("day.html"));
    assert_eq!(
        run(&["train", "-o", &model, &sample("ordinary")]).status,
        Some(0)
    );
    let args = [
        "analyze",
        "-o",
        &page,
        "--format",
        "json",
        &sample("attack"),
    ];
    let ran = command(&args)
        .env("ZEEK_ANOMALY_MODEL", &model)
        .output()
        .unwrap();
    let document = &json(&String::from_utf8(ran.stdout).unwrap())[0];
    assert_eq!(document["ranked_among_themselves"], false);
    assert!(
        std::fs::read_to_string(&page)
            .unwrap()
            .contains("192.168.10.103")
    );
}
