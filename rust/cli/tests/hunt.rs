//! `hunt`: what it finds in the sample logs, and how it is steered.

mod common;

use common::{Dir, run};

fn sample(day: &str) -> String {
    format!(
        "{}/../../tests/sample/logs/{day}",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Findings as JSON, those that sum up a host left out.
fn findings(out: &str) -> Vec<serde_json::Value> {
    out.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .filter(|v: &serde_json::Value| v["kind"] != "host")
        .collect()
}

#[test]
fn the_attacks_of_the_sample_are_found_and_its_ordinary_days_are_quiet() {
    let ran = run(&["hunt", "--format", "jsonl", &sample("attack")]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let found: Vec<(String, String)> = findings(&ran.out)
        .iter()
        .map(|f| {
            let text = |k: &str| f[k].as_str().unwrap().to_owned();
            (text("kind"), text("host"))
        })
        .collect();
    for (kind, host) in [
        ("beacon", "192.168.10.103"),
        ("scan_vertical", "192.168.10.105"),
        ("guessing", "192.168.10.105"),
    ] {
        assert!(
            found.contains(&(kind.into(), host.into())),
            "{kind}: {found:?}"
        );
    }
    assert!(
        found
            .iter()
            .all(|(_, h)| h == "192.168.10.103" || h == "192.168.10.105")
    );

    // Four days, of which one host's software has a rhythm of its own: at most one a day.
    let ran = run(&["hunt", "--format", "jsonl", &sample("ordinary")]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(findings(&ran.out).len() <= 4, "{}", ran.out);
    // Which is usual, once it was learned.
    let (ordinary, attack) = (sample("ordinary"), sample("attack"));
    let ran = run(&[
        "hunt",
        "--format",
        "jsonl",
        "--train-on",
        &ordinary,
        &ordinary,
    ]);
    assert_eq!(ran.out, "", "{}", ran.err);
    let ran = run(&[
        "hunt",
        "--format",
        "jsonl",
        "--train-on",
        &ordinary,
        &attack,
    ]);
    let hosts: Vec<_> = findings(&ran.out)
        .iter()
        .map(|f| f["host"].to_string())
        .collect();
    for host in ["\"192.168.10.103\"", "\"192.168.10.105\""] {
        assert!(hosts.iter().any(|h| h == host), "{}", ran.out);
    }
}

/// Real captures, whose logs are not part of the project.
#[test]
fn real_attacks_are_found() {
    let data = format!("{}/../../../shared/data", env!("CARGO_MANIFEST_DIR"));
    for (capture, kind, host) in [
        ("001-zeek-scenario-malicious", "beacon", "192.168.1.115"),
        (
            "002-zeek-scenario-port-scanning",
            "scan_block",
            "172.16.1.11",
        ),
        ("003-zeek-scenario-malicious", "beacon", "10.8.0.61"),
        ("007-zeek-scenario-ssh-infected", "guessing", "218.92.0.202"),
    ] {
        let path = format!("{data}/{capture}");
        if !std::path::Path::new(&path).exists() {
            println!("skipped: {path} is not there");
            continue;
        }
        let ran = run(&["hunt", "--format", "jsonl", &path]);
        let found = findings(&ran.out);
        let is = |f: &&serde_json::Value| f["kind"] == kind && f["host"] == host;
        assert!(found.iter().any(|f| is(&f)), "{capture}: {}", ran.out);
    }
}

#[test]
fn a_table_shows_hosts_with_their_findings_and_kinds_can_be_chosen() {
    let ran = run(&["hunt", "--kind", "guessing", &sample("attack")]);
    assert!(ran.out.contains("192.168.10.105"), "{}", ran.out);
    assert!(ran.out.contains("failed, 0 worked (ssh)"), "{}", ran.out);
    assert!(!ran.out.contains("beacon"), "{}", ran.out);
    let ran = run(&["hunt", "--kind", "beecon", "x"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("dns_beacon"), "{}", ran.err);
}

#[test]
fn what_is_allowed_is_not_shown_and_is_counted() {
    let dir = Dir::new();
    let allow = dir.write(
        "fine.txt",
        "# our own\nkind:beacon 192.168.10.103 -> 198.51.100.77\norig:192.168.10.105 service:ssh\n",
    );
    let ran = run(&[
        "hunt",
        "--format",
        "jsonl",
        "--allow",
        &allow,
        &sample("attack"),
    ]);
    assert!(
        findings(&ran.out).iter().all(|f| f["kind"] != "beacon"),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("line 2: kind:beacon"), "{}", ran.err);
    let sample_day = sample("attack");
    let args = [
        "score",
        "--allow",
        &allow,
        "--all",
        "--format",
        "csv",
        &sample_day,
    ];
    let ran = run(&args);
    let theirs = |l: &&str| l.contains(",ssh,") && l.contains(",192.168.10.105,");
    assert_eq!(ran.out.lines().find(theirs), None);
    assert!(ran.out.lines().any(|l| l.contains(",ssh,")), "others stay");
    assert!(ran.err.contains("allowed, and not shown: "), "{}", ran.err);
    let bad = dir.write("bad.txt", "10.0.0.0/99\n");
    let ran = run(&["hunt", "--allow", &bad, &sample("attack")]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.err.contains("line 1") && ran.err.contains("10.0.0.0/99"),
        "{}",
        ran.err
    );
}

#[test]
fn what_was_learned_as_usual_is_not_shown() {
    let dir = Dir::new();
    let usual = dir.arg("usual.zau");
    let ran = run(&["hunt", "--learn", &usual, &sample("attack")]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let ran = run(&["hunt", "-u", &usual, &sample("attack")]);
    assert_eq!(ran.out, "", "{}", ran.err);
    assert!(ran.err.contains("as usual"), "{}", ran.err);
    let other = dir.write("other.zau", "no such file of ours");
    let ran = run(&["hunt", "-u", &other, &sample("attack")]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("--learn"), "{}", ran.err);
}

#[test]
fn state_goes_on_where_it_was_left() {
    let dir = Dir::new();
    let whole = run(&["hunt", "--format", "jsonl", &sample("attack")]);
    let state = dir.arg("hunt.state");
    let cut = "2026-03-06 12:00";
    let part = |from: &[&str]| {
        let mut args = vec!["hunt", "--format", "jsonl", "--state", &state];
        args.extend(from);
        let logs = sample("attack");
        args.push(&logs);
        run(&args)
    };
    let first = part(&["--until", cut]);
    assert_eq!(first.status, Some(0), "{}", first.err);
    let second = part(&["--from", cut]);
    let of = |out: &str| -> Vec<serde_json::Value> {
        let mut all = findings(out);
        all.retain(|f| f["kind"] == "guessing");
        all
    };
    assert_eq!(of(&whole.out), of(&second.out), "{}", second.err);
}
