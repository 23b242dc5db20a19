//! `merge`, and what `train` does beyond a first training: going on, holding out, archives, sensors.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, json, run};

/// Trains, and gives the model's path.
fn train(dir: &Dir, name: &str, more: &[&str]) -> String {
    let into = dir.arg(name);
    let mut args = vec!["train", "-q", "-o", &into];
    args.extend(more);
    let ran = run(&args);
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{args:?}");
    into
}

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// The rows of [`conn_log`] from one to another, as a log.
fn part(from: usize, until: usize) -> String {
    let all = conn_log(until);
    let rows = all.lines().filter(|l| !l.starts_with('#')).skip(from);
    let head = all.lines().filter(|l| l.starts_with('#'));
    head.chain(rows).map(|l| format!("{l}\n")).collect()
}

#[test]
fn two_halves_merged_and_one_half_continued_are_the_model_of_all_rows() {
    let dir = Dir::new();
    let [whole, first, second] =
        [("all", 0, 900), ("a", 0, 400), ("b", 400, 900)].map(|(n, a, b)| {
            std::fs::create_dir(dir.path(n)).unwrap();
            dir.write(&format!("{n}/conn.log"), part(a, b))
        });
    let seed = ["--seed", "7"];
    let [all, a, b] = [
        ("all.model", &whole),
        ("a.model", &first),
        ("b.model", &second),
    ]
    .map(|(name, log)| train(&dir, name, &[&seed[..], &[log]].concat()));
    let merged = dir.arg("merged.model");
    let ran = run(&["merge", "-o", &merged, &a, &b]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("900 rows of 2 models"), "{}", ran.err);
    assert!(bytes(&merged) == bytes(&all));
    let continued = train(&dir, "more.model", &["--continue", &a, &second]);
    assert!(bytes(&continued) == bytes(&all));
    // FindingSummary itself, as every night does.
    let over = train(&dir, "a.model", &["--continue", &a, &second]);
    assert!(bytes(&over) == bytes(&all));
}

#[test]
fn what_cannot_be_put_together_is_refused_or_said() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(300));
    let a = train(&dir, "a.model", &["--zeek-version", "7.0.5", &log]);
    let b = train(&dir, "b.model", &["--zeek-version", "8.2.2", &log]);
    let compact = train(&dir, "compact.model", &["--compact", &log]);
    assert!(bytes(&compact).len() < bytes(&a).len());
    let into = dir.arg("out.model");
    let ran = run(&["merge", "--allow-overlap", "-o", &into, &a, &b]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("Zeek 7.0.5 and by Zeek 8.2.2"),
        "{}",
        ran.err
    );
    std::fs::remove_file(&into).unwrap();
    for args in [
        vec!["merge", "--allow-overlap", "-o", &into, &a, &compact],
        vec![
            "train",
            "--allow-overlap",
            "-o",
            &into,
            "--continue",
            &compact,
            &log,
        ],
    ] {
        let ran = run(&args);
        assert_eq!(ran.status, Some(1), "{args:?}");
        assert!(
            ran.err
                .contains("compact.model: of the log conn nothing was kept"),
            "{}",
            ran.err
        );
        assert!(!dir.path("out.model").exists());
    }
    let ran = run(&["merge", "-o", &into, &a, &log]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.err.contains("conn.log: is not a zeek-anomaly model"),
        "{}",
        ran.err
    );
    let shown = run(&["inspect", &compact]).out;
    assert!(shown.contains("cannot be continued or merged"), "{shown}");
}

#[test]
fn rows_are_held_out_from_the_end_and_the_model_says_so() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(1500));
    let model = train(&dir, "held.model", &["--holdout", "0.2", &log]);
    let shown = json(&run(&["inspect", "--format", "json", &model]).out);
    assert_eq!(shown[0]["holdout"], 0.2);
    let held = shown[0]["logs"][0]["held_out"].as_u64().unwrap();
    assert!((200..400).contains(&held), "{held}");
    let shown = run(&["inspect", &model]).out;
    assert!(
        shown.contains(&format!("the last {held} of 1,500 rows")),
        "{shown}"
    );
    // How scores made without those rows hold on them is told: about one in ten has 1 or more.
    let ran = run(&["train", "-o", &model, "--holdout", "0.2", &log]);
    assert!(ran.err.contains("≥ 2 (1 %)"), "{}", ran.err);
    let line = ran
        .err
        .lines()
        .skip_while(|l| !l.contains("held out"))
        .nth(1);
    let cells: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(cells[..2], ["conn", &held.to_string()]);
    let share: f64 = cells[2].parse().unwrap();
    assert!((1.0..40.0).contains(&share), "{share} %");
    let ran = run(&["train", "-o", &model, "--holdout", "0.9", &log]);
    assert_eq!(ran.status, Some(2), "{}", ran.err);
    assert!(ran.err.contains("0 to 0.5"), "{}", ran.err);
}

#[test]
fn files_of_an_archive_outside_the_time_bounds_are_not_opened() {
    let dir = Dir::new();
    // The rows are of 2001-09-09; whatever lies days away is no log at all.
    for (day, what) in [
        ("2001-09-01", "no log"),
        ("2001-09-07", "no log"),
        ("2001-09-09", ""),
        ("2001-09-20", "no log"),
    ] {
        std::fs::create_dir(dir.path(day)).unwrap();
        let text = if what.is_empty() {
            conn_log(100)
        } else {
            what.into()
        };
        dir.write(&format!("{day}/conn.01:00:00-02:00:00.log"), text);
    }
    let days = dir.arg("");
    let into = dir.arg("m.model");
    let bounds = ["--from", "2001-09-09", "--until", "2001-09-10"];
    let ran = run(&[&["train", "-o", &into, &days][..], &bounds].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("3 files outside the time bounds"),
        "{}",
        ran.err
    );
    let ran = run(&[&["score", "-m", &into, &days][..], &bounds].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("3 files outside"), "{}", ran.err);
    let page = dir.arg("page.html");
    for command in [
        &["verdict", "-m", &into, &days][..],
        &["report", "-m", &into, "-o", &page, &days],
        &["hunt", &days],
        &["backtest", "-m", &into, &days],
        &["drift", "-m", &into, &days],
    ] {
        let ran = run(&[command, &bounds].concat());
        assert!(
            !ran.err.contains("is not a log"),
            "{command:?}: {}",
            ran.err
        );
    }
    let ran = run(&["train", "-o", &into, &days]);
    assert_eq!(ran.status, Some(3), "{}", ran.err);
}

#[test]
fn equal_uids_of_two_sensors_are_two_connections() {
    let dir = Dir::new();
    let http = |sensor: &str, requests: usize| {
        let mut text = "#separator \\x09\n#path\thttp\n#fields\tts\tuid\tmethod\n#types\ttime\tstring\tstring\n".to_owned();
        for i in 0..requests {
            text.push_str(&format!("100000000{i}.0\tCsame\tGET\n"));
        }
        std::fs::create_dir(dir.path(sensor)).unwrap();
        dir.write(&format!("{sensor}/http.log"), text);
        let conn = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tproto\tduration\n#types\ttime\tstring\tenum\tinterval\n\
                    1000000000.0\tCsame\ttcp\t100.0\n";
        dir.write(&format!("{sensor}/conn.log"), conn);
        dir.arg(sensor)
    };
    let (north, south) = (http("north", 2), http("south", 3));
    let usual = |flags: &[&str]| {
        let model = train(&dir, "m.model", &[flags, &[&north, &south]].concat());
        let shown = run(&["inspect", "--log", "conn", &model]).out;
        let line = shown.lines().find(|l| l.starts_with("uid_http "));
        line.expect("the feature")
            .split("count")
            .last()
            .unwrap()
            .trim()
            .to_owned()
    };
    // Together they are one connection of five requests.
    assert_ne!(usual(&[]), usual(&["--sensors"]));
    assert!(
        usual(&["--sensors"]).starts_with('2'),
        "{}",
        usual(&["--sensors"])
    );
    let model = train(&dir, "m.model", &["--sensors", &north, &south]);
    let scored = |name: &str, flags: &[&str]| {
        let out = dir.arg(name);
        let args = ["score", "-q", "-m", &model, "--features-out", &out];
        let ran = run(&[&args[..], flags, &[&north, &south]].concat());
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        let text = std::fs::read_to_string(dir.path(name).join("conn.csv")).unwrap();
        let rows: Vec<Vec<String>> = (text.lines())
            .map(|l| l.split(',').map(str::to_owned).collect())
            .collect();
        let at = rows[0].iter().position(|c| c == "uid_http").unwrap();
        rows[1..].iter().map(|r| r[at].clone()).collect::<Vec<_>>()
    };
    assert_eq!(scored("together", &[]), ["5", "5"]);
    assert_eq!(scored("apart", &["--sensors"]), ["2", "3"]);
}
