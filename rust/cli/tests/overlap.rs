//! The same days brought in twice are noticed, and logs that were not given are no drift.

#![allow(missing_docs)]

mod common;

use common::{Dir, conn_log, conn_row, run};

fn rows(range: std::ops::Range<usize>) -> String {
    let rows: String = range.map(|i| conn_row(i, 443)).collect();
    conn_log(0) + &rows
}

#[test]
fn rows_that_a_model_knows_are_refused_and_other_days_are_not() {
    let dir = Dir::new();
    let days = ["0", "1", "half"];
    for (day, range) in days.iter().zip([0..600, 600..1200, 300..900]) {
        dir.write(&format!("{day}.log"), rows(range));
        let ran = run(&[
            "train",
            "-q",
            "-o",
            &dir.arg(day),
            &dir.arg(&format!("{day}.log")),
        ]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
    }
    let out = dir.arg("out");
    let known = dir.arg("0");
    for (day, status) in [("0", 1), ("half", 1), ("1", 0)] {
        let log = dir.arg(&format!("{day}.log"));
        let go_on = ["train", "-q", "--continue", &known, "-o", &out, &log];
        let model = dir.arg(day);
        let merge = ["merge", "-q", "-o", &out, &known, &model];
        for args in [&go_on[..], &merge[..]] {
            let ran = run(args);
            assert_eq!(ran.status, Some(status), "{args:?}: {}", ran.err);
            assert_eq!(dir.path("out").exists(), status == 0, "{args:?}");
            let ran = run(&[args, &["--allow-overlap"]].concat());
            assert_eq!(ran.status, Some(0), "{args:?}: {}", ran.err);
            std::fs::remove_file(dir.path("out")).unwrap();
        }
    }
}

#[test]
fn a_state_of_hunt_takes_each_day_once() {
    let dir = Dir::new();
    let state = dir.arg("state");
    let (first, second) = (
        dir.write("0.log", rows(0..600)),
        dir.write("1.log", rows(600..1200)),
    );
    let hunt = |log: &str, more: &[&str]| {
        run(&[&["hunt", "-q", "--state", &state, log], more].concat()).status
    };
    assert_eq!(hunt(&first, &[]), Some(0));
    assert_eq!(hunt(&first, &[]), Some(1));
    assert_eq!(hunt(&second, &[]), Some(0));
    assert_eq!(hunt(&first, &["--allow-overlap"]), Some(0));
}

#[test]
fn logs_that_were_not_given_are_no_change_of_the_traffic() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path("logs")).unwrap();
    // Whole days, so that each is compared.
    let stretched = |i: usize| {
        conn_row(i, 443).replacen(
            &format!("{}.", 1_000_000_000 + i),
            &format!("{}.", 1_000_000_000 + 600 * i),
            1,
        )
    };
    let conn: String = (0..1000).map(stretched).collect();
    let log = dir.write("logs/conn.log", conn_log(0) + &conn);
    let dns: String = (0..1000)
        .map(|i| {
            format!(
                "{{\"ts\":{},\"id.orig_h\":\"10.0.0.{}\",\"query\":\"a{}.example\"}}\n",
                1_000_000_000 + 600 * i,
                i % 9,
                i % 5
            )
        })
        .collect();
    dir.write("logs/dns.log", dns);
    let model = dir.arg("m");
    assert_eq!(
        run(&["train", "-q", "-o", &model, &dir.arg("logs")]).status,
        Some(0)
    );
    let ran = run(&["score", "-m", &model, &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(!ran.err.contains("differs from training"), "{}", ran.err);
}
