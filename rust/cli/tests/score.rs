//! What `score` writes, and what it says.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, conn_row, json, model, odd_row, real, run, run_with};
use std::io::Read;
use std::process::Stdio;

fn scored(dir: &Dir) -> (String, String) {
    let model = model(dir, 1500);
    let log = dir.write(
        "conn.log",
        conn_log(300) + &odd_row(300) + &conn_row(301, 443),
    );
    (model, log)
}

#[test]
fn json_lines_have_the_keys_in_their_order() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let ran = run(&[
        "score", "-m", &model, "--top", "1", "--format", "jsonl", &log,
    ]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let line = ran.out.trim_end();
    let keys = [
        "log",
        "ts",
        "uid",
        "id.orig_h",
        "id.orig_p",
        "id.resp_h",
        "id.resp_p",
        "score",
        "claim",
        "raw",
        "anomalous",
        "detector",
        "reasons",
    ];
    let at: Vec<usize> = keys
        .iter()
        .map(|k| {
            line.find(&format!("\"{k}\":"))
                .unwrap_or_else(|| panic!("{k}: {line}"))
        })
        .collect();
    assert!(at.is_sorted(), "{line}");
    let v = &json(&ran.out)[0];
    assert_eq!(v["uid"], "Codd300");
    assert_eq!(v["ts"], 1_000_000_300.0);
    assert_eq!(v["id.resp_h"], "203.0.113.9");
    assert_eq!(v["id.resp_p"], 4444);
    assert_eq!(v["anomalous"], true);
    assert!(v["score"].as_f64().unwrap() >= 3.0);
    assert!(v.get("fuid").is_none());
    let reason = &v["reasons"][0];
    for key in ["feature", "value", "usual"] {
        assert!(reason[key].is_string(), "{reason}");
    }
    assert!(
        reason["share"]
            .as_f64()
            .is_some_and(|s| s > 0.0 && s <= 1.0)
    );
}

#[test]
fn all_gives_every_record_in_file_order_and_reasons_to_the_anomalous() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let args = ["score", "-m", &model, "--all", "--format", "jsonl", &log];
    let rows = json(&run(&args).out);
    assert_eq!(rows.len(), 302);
    let ts: Vec<f64> = rows.iter().map(|r| r["ts"].as_f64().unwrap()).collect();
    assert!(ts.is_sorted());
    for r in &rows {
        let reasons = r["reasons"].as_array().unwrap().len();
        assert_eq!(r["anomalous"] == true, reasons > 0, "{r}");
    }
    let mut more = args.to_vec();
    more.extend(["--reasons", "all"]);
    let explained = json(&run(&more).out);
    let with = explained
        .iter()
        .filter(|r| r["reasons"][0].is_object())
        .count();
    assert!(with > 100, "{with}");
    for (a, b) in rows.iter().zip(&explained) {
        assert_eq!((&a["score"], &a["raw"]), (&b["score"], &b["raw"]));
    }
}

#[test]
fn how_many_rows_are_shown_changes_no_score() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let of = |more: &[&str]| {
        let mut args = vec!["score", "-m", &model, "--format", "jsonl", &log];
        args.extend(more);
        json(&run(&args).out)
    };
    let mut all = of(&["--all", "--reasons", "all"]);
    all.sort_by(|a, b| {
        let key = |v: &serde_json::Value, k: &str| v[k].as_f64().unwrap();
        key(b, "score")
            .total_cmp(&key(a, "score"))
            .then(key(b, "raw").total_cmp(&key(a, "raw")))
            .then(key(a, "ts").total_cmp(&key(b, "ts")))
    });
    for n in ["1", "7", "50"] {
        let top = of(&["--top", n]);
        assert_eq!(top.len(), n.parse::<usize>().unwrap());
        assert_eq!(top, all[..top.len()]);
    }
    assert_eq!(of(&["--top", "1000"]).len(), 302);
}

#[test]
fn without_a_model_it_fits_on_the_rows_and_says_so() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(1500) + &odd_row(2000));
    let ran = run(&["score", "--top", "1", "--format", "jsonl", &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("no model given: fitted on these rows"),
        "{}",
        ran.err
    );
    assert_eq!(json(&ran.out)[0]["uid"], "Codd2000");
    let again = run_with(
        &["score", "--top", "1", "--format", "jsonl", "-"],
        &std::fs::read(&log).unwrap(),
    );
    assert_eq!(again.out, ran.out, "{}", again.err);
}

#[test]
fn standard_input_is_scored_as_it_comes() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let args =
        |p| ["score", "-m", &model, "--all", "--format", "jsonl", "-q", p].map(str::to_owned);
    let from_file = run(&args(&log).each_ref().map(String::as_str));
    let piped = run_with(
        &args("-").each_ref().map(String::as_str),
        &std::fs::read(&log).unwrap(),
    );
    assert_eq!(piped.status, Some(0), "{}", piped.err);
    assert_eq!(piped.out, from_file.out);
}

#[test]
fn time_bounds_take_the_first_and_leave_the_last() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let count = |from: &str, until: &str| {
        let ran = run(&[
            "score", "-m", &model, "--all", "--format", "jsonl", "-q", "--from", from, "--until",
            until, &log,
        ]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        json(&ran.out).len()
    };
    assert_eq!(count("1000000010.25", "1000000020.25"), 10);
    assert_eq!(count("2001-09-09 01:46:50", "2001-09-09T01:47:00Z"), 10);
    assert_eq!(count("2001-09-09T03:46:50+02:00", "2001-09-10"), 292);
    assert_eq!(count("2020-01-01", "2020-01-02"), 0);
    let bad = run(&["score", "-m", &model, "--from", "yesterday", &log]);
    assert_eq!(bad.status, Some(2));
    assert!(bad.err.contains("YYYY-MM-DD"), "{}", bad.err);
}

#[test]
fn labels_choose_rows_and_logs_choose_what_is_shown() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let ran = run(&[
        "score",
        "-m",
        &model,
        "--all",
        "--format",
        "jsonl",
        "--label-column",
        "label=Malicious",
        &log,
    ]);
    assert_eq!(json(&ran.out).len(), 31, "{}", ran.err);
    let none = run(&[
        "score", "-m", &model, "--log", "dns", "--format", "jsonl", &log,
    ]);
    assert_eq!((none.status, none.out.as_str()), (Some(0), ""));
    assert!(none.err.contains("--log dns"), "{}", none.err);
}

#[test]
fn csv_has_a_header_and_as_many_rows() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let ran = run(&["score", "-m", &model, "--top", "3", "--format", "csv", &log]);
    let mut csv = csv::Reader::from_reader(ran.out.as_bytes());
    assert_eq!(csv.headers().unwrap().len(), 21);
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(&rows[0][3], "Codd300");
    assert!(rows[0][14].contains("(usual: "));
}

#[test]
fn escape_sequences_of_a_log_reach_no_output() {
    let dir = Dir::new();
    let evil = "\x1b]0;owned\x07\x1b[31m\u{202e}\u{9b}x";
    let quoted = evil.replace('\x1b', "\\u001b").replace('\x07', "\\u0007");
    let mut log = String::new();
    for i in 0..200 {
        let query = if i == 150 {
            quoted.as_str()
        } else {
            "www.example.com"
        };
        log.push_str(&format!(
            "{{\"ts\":{}.5,\"uid\":\"{query}\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":5,\
             \"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":53,\"proto\":\"udp\",\"query\":\"{query}\",\
             \"rejected\":false,\"AA\":false}}\n",
            1_000_000_000 + i
        ));
    }
    let log = dir.write("dns.log", log);
    for format in ["table", "csv", "jsonl"] {
        let ran = run(&["score", "--top", "1", "--format", format, &log]);
        assert!(ran.out.contains("owned"), "{format}: {}", ran.out);
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ran.out.contains(bad), "{format}: {:?}", ran.out);
        assert!(!ran.err.contains(bad), "{format}: {:?}", ran.err);
        if format == "jsonl" {
            assert_eq!(json(&ran.out)[0]["uid"], evil);
        }
    }
}

#[test]
fn no_colour_and_no_progress_in_a_pipe() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let ran = run(&["score", "-m", &model, &log]);
    assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'));
    assert!(ran.out.starts_with("severity "), "{}", ran.out);
    assert!(
        ran.out.lines().all(|l| l.chars().count() <= 160),
        "{}",
        ran.out
    );
}

#[test]
fn the_summary_accounts_for_every_line() {
    let dir = Dir::new();
    let model = model(&dir, 1500);
    let log = conn_log(100) + "1000000100.0\tCbad\tnobody\n" + &conn_row(101, 80);
    let log = dir.write("conn.log", log);
    let ran = run(&["score", "-v", "-m", &model, &log]);
    assert_eq!(ran.status, Some(3), "part was skipped");
    assert!(
        ran.err
            .contains("109 lines in 1 file = 101 rows + 1 refused + 7 header"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("conn.log:108: 3 columns where the header names 16"),
        "{}",
        ran.err
    );
}

#[test]
fn logs_that_the_model_does_not_know_are_said() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let other = dir.write(
        "odd.log",
        "#separator \\x09\n#path\todd\n#fields\tts\tname\n#types\ttime\tstring\n1.0\tx\n",
    );
    let ran = run(&["score", "-m", &model, &log, &other]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("the model has nothing for: odd (1 row)"),
        "{}",
        ran.err
    );
    let ran = run(&["score", "-m", &model, &other]);
    assert_eq!(ran.status, Some(2), "nothing usable");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let dir = Dir::new();
    let model = model(&dir, 1500);
    let log = dir.write("conn.log", conn_log(20_000));
    let mut child = common::command(&["score", "-m", &model, "--all", "--format", "jsonl", &log])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 100];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    drop(out);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
}

#[test]
fn the_output_file_is_there_whole_or_not_at_all() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let out = dir.write("out.jsonl", "{}\n");
    let empty = dir.write("empty.log", "");
    let args = |log: &str| {
        run(&[
            "score", "-m", &model, "--all", "--format", "jsonl", "-o", &out, log,
        ])
    };
    assert_eq!(args(&empty).status, Some(1));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "{}\n");
    let ran = args(&log);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert_eq!(json(&std::fs::read_to_string(&out).unwrap()).len(), 302);
    assert!(
        dir.names().iter().all(|n| !n.starts_with('.')),
        "{:?}",
        dir.names()
    );
    let nowhere = dir.arg("no/such/out");
    let ran = run(&["score", "-m", &model, "-o", &nowhere, &log]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("does not exist"), "{}", ran.err);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let with = |n| {
        let args = [
            "score",
            "-m",
            &model,
            "--all",
            "--format",
            "jsonl",
            "-q",
            "--threads",
            n,
            &log,
        ];
        run(&args).out
    };
    assert_eq!(with("1"), with("3"));
}

#[test]
fn real_scans_and_trojans_come_first() {
    for (folder, log, is_it) in [
        ("002-zeek-scenario-port-scanning", "conn", "172.16.1.11"),
        ("003-zeek-scenario-malicious", "conn", "1337"),
    ] {
        let Some(path) = real(folder) else { return };
        let path = path.display().to_string();
        let ran = run(&[
            "score", "--top", "10", "--log", log, "--format", "jsonl", &path,
        ]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        assert!(ran.out.contains(is_it), "{folder}: {}", ran.out);
    }
}

/// A log of a protocol that no ordinary day has.
fn modbus_log(rows: usize) -> String {
    let mut out = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tmodbus\n\
                   #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tfunc\n\
                   #types\ttime\tstring\taddr\tport\taddr\tport\tstring\n"
        .to_owned();
    for i in 0..rows {
        let ts = 1_000_000_000 + i;
        out.push_str(&format!(
            "{ts}.000000\tCm{i}\t10.0.0.7\t40000\t10.0.0.200\t502\tWRITE_MULTIPLE_REGISTERS\n"
        ));
    }
    out
}

#[test]
fn a_log_that_training_never_saw_is_a_finding_with_its_counts() {
    let dir = Dir::new();
    let (model, log) = scored(&dir);
    let modbus = dir.write("modbus.log", modbus_log(30));
    let args = ["score", "-m", &model, "--format", "jsonl"];
    let with = |more: &[&str]| run(&[&args[..], more, &[&log, &modbus]].concat());
    for more in [&["--top", "5"][..], &["--alerts-per-day", "20"]] {
        let ran = with(more);
        let rows = json(&ran.out);
        let new: Vec<_> = rows.iter().filter(|r| r["log"] == "modbus").collect();
        assert_eq!(new.len(), 1, "{more:?}: {}", ran.out);
        assert_eq!(
            (&new[0]["records"], &new[0]["claim"]),
            (&30.into(), &"at_least".into())
        );
        assert_eq!(new[0]["id.orig_h"], "10.0.0.7");
        assert!(new[0]["score"].as_f64().unwrap() > 3.0);
    }
    // What is written row by row stays the rows that were scored.
    let rows = json(&with(&["--all"]).out);
    assert!(rows.iter().all(|r| r["log"] == "conn"));
    // Every command that judges tells of it.
    std::fs::create_dir(dir.path("both")).unwrap();
    dir.write("both/conn.log", std::fs::read(&log).unwrap());
    dir.write("both/modbus.log", modbus_log(30));
    let both = dir.arg("both");
    for command in ["analyze", "verdict"] {
        let ran = run(&[command, "-m", &model, "--format", "json", &both]);
        let told = json(&ran.out);
        let new: Vec<_> = told
            .iter()
            .flat_map(|d| d["new_logs"].as_array().unwrap())
            .collect();
        assert_eq!(new.len(), 1, "{command}: {}", ran.out);
        assert_eq!(
            (&new[0]["log"], &new[0]["records"]),
            (&"modbus".into(), &30.into())
        );
        let ran = run(&[command, "-m", &model, &both]);
        let text = "training never saw: modbus: 30 records of 10.0.0.7";
        assert!(
            ran.out.replace("\n  ", " ").contains(text),
            "{command}: {}",
            ran.out
        );
    }
    // From a handful of training rows nothing is missing.
    let few = dir.arg("few.model");
    let short = dir.write("few-conn.log", conn_log(30));
    assert_eq!(run(&["train", "-q", "-o", &few, &short]).status, Some(0));
    let ran = run(&["score", "-m", &few, "--format", "jsonl", &log, &modbus]);
    assert!(json(&ran.out).iter().all(|r| r["log"] == "conn"));
}
