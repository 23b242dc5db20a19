//! Options from a configuration file: the command line wins, and a wrong file is an error with its line.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, command, conn_log, json, run};

#[test]
fn a_file_sets_options_and_the_command_line_wins() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(300));
    let file = dir.write(
        "c.toml",
        "format = \"jsonl\"\nquiet = true\n[score]\ntop = 3\n",
    );
    let rows = |args: &[&str]| {
        let ran = run(args);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        json(&ran.out).len()
    };
    assert_eq!(rows(&["score", "--config", &file, &log]), 3);
    assert_eq!(rows(&["--config", &file, "score", "--top", "5", &log]), 5);
    let ran = command(&["score", &log])
        .env("ZEEK_ANOMALY_CONFIG", &file)
        .output();
    assert_eq!(
        json(&String::from_utf8(ran.unwrap().stdout).unwrap()).len(),
        3
    );

    std::fs::create_dir_all(dir.path("zeek-anomaly")).unwrap();
    dir.write(
        "zeek-anomaly/config.toml",
        "[score]\nformat = \"jsonl\"\ntop = 7\n",
    );
    let home = dir.path(".");
    let home = home.canonicalize().unwrap();
    let ran = command(&["score", &log])
        .env("XDG_CONFIG_HOME", home)
        .output();
    assert_eq!(
        json(&String::from_utf8(ran.unwrap().stdout).unwrap()).len(),
        7
    );
}

#[test]
fn a_setting_that_the_command_line_contradicts_is_left_out() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(300));
    let file = dir.write("c.toml", "model = \"nowhere.zam\"\n");
    let ran = run(&["verdict", "--config", &file, "--train-on", &log, &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let ran = run(&["verdict", "--config", &file, &log]);
    assert!(ran.err.contains("nowhere.zam"), "{}", ran.err);
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_line() {
    let dir = Dir::new();
    let log = dir.write("conn.log", conn_log(30));
    for (text, line, word) in [
        ("\nthreshold = \"much\"\n", 2, "much"),
        ("treshold = 4\n", 1, "no option"),
        ("[scoer]\ntop = 3\n", 1, "no command"),
        ("[score]\n\nquiet = 3\n", 3, "true or false"),
        ("[score]\nlearn = \"x\"\n", 2, "no option of score"),
        ("force = true\n", 1, "command line"),
        ("a = = b\n", 1, ""),
    ] {
        let file = dir.write("c.toml", text);
        for args in [
            vec!["config", "check", &file],
            vec!["score", "--config", &file, &log],
        ] {
            let ran = run(&args);
            assert_eq!(ran.status, Some(1), "{text}: {}{}", ran.out, ran.err);
            let place = format!("c.toml:{line}: ");
            assert!(
                ran.err.contains(&place) && ran.err.contains(word),
                "{text}: {}",
                ran.err
            );
        }
    }
    let file = dir.write(
        "c.toml",
        "[hunt]\nlocal-net = [\"198.51.100.0/24\", \"2001:db8::/32\"]\n",
    );
    let ran = run(&["config", "check", &file]);
    assert!(
        ran.out.contains("hunt --local-net 198.51.100.0/24"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let dir = Dir::new();
    let pages = dir.arg("man");
    assert_eq!(run(&["man", "--output", &pages]).status, Some(0));
    for name in ["zeek-anomaly", "zeek-anomaly-analyze", "zeek-anomaly-watch"] {
        let page = std::fs::read_to_string(dir.path("man").join(format!("{name}.1"))).unwrap();
        assert!(
            page.contains(".SH OPTIONS") && page.contains(".TH"),
            "{name}"
        );
    }
    assert!(run(&["man", "hunt"]).out.contains("hunt"));
}
