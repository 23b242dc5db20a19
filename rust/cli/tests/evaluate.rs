//! `evaluate`.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, conn_log, conn_row, model, odd_row, real, run};
use serde_json::Value;
use std::path::Path;

/// A log of 300 ordinary rows and ten odd ones among them.
fn mixed() -> String {
    let mut log = conn_log(0);
    for i in 0..300 {
        log.push_str(&conn_row(i, 443).replace("Malicious", "Benign"));
        if i % 30 == 0 {
            log.push_str(&odd_row(i));
        }
    }
    log
}

const BY_LABEL: [&str; 6] = [
    "--label-column",
    "label",
    "--positive",
    "Malicious",
    "--negative",
    "Benign",
];

fn evaluate(args: &[&str]) -> Value {
    let mut all = vec!["evaluate", "--format", "json", "-q", "--bootstrap", "50"];
    all.extend(args);
    let ran = run(&all);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// The result of the first model on a set.
fn result<'v>(v: &'v Value, kind: &str, name: Option<&str>) -> &'v Value {
    let sets = v["sets"].as_array().unwrap();
    let is = |s: &&Value| s["kind"] == kind && s["name"].as_str() == name;
    &sets.iter().find(is).unwrap()["results"][0]
}

fn value(of: &Value, metric: &str) -> f64 {
    of["ranking"][metric]["value"].as_f64().unwrap()
}

#[test]
fn odd_rows_are_found_by_label_by_uid_and_by_rule() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 1000), dir.write("conn.log", mixed()));
    let uids: Vec<String> = (0..300)
        .step_by(30)
        .map(|i| format!("Codd{i},odd"))
        .collect();
    let uids = dir.write("uids.csv", format!("uid,attack\n{}\n", uids.join("\n")));
    let truths: [&[&str]; 3] = [
        &BY_LABEL,
        &["--uids", &uids],
        &["--rule", "proto=icmp", "--rule", "id.resp_p=4444,proto=udp"],
    ];
    for (truth, attack) in truths
        .iter()
        .zip(["Malicious", "odd", "id.resp_p=4444,proto=udp"])
    {
        let mut args = vec!["-m", &m, &log];
        args.extend(*truth);
        let v = evaluate(&args);
        let conn = result(&v, "log", Some("conn"));
        assert_eq!(
            (&conn["positives"], &conn["negatives"]),
            (&10.into(), &300.into())
        );
        assert_eq!(value(conn, "roc_auc"), 1.0);
        assert_eq!(value(conn, "average_precision"), 1.0);
        assert_eq!(conn["ranking"]["precision_at"][0]["precision"], 1.0);
        assert_eq!(conn["ranking"]["precision_at"][1]["precision"], 0.1);
        let of = result(&v, "attack", Some(attack));
        assert_eq!(of["alerts"]["first_row"], 1e9);
        assert_eq!(of["alerts"]["seconds_to_first_alert"], 0.0);
        assert_eq!(of["alerts"]["found"], 10);
        // Ten records alike are one thing to read, or a few.
        let findings = &of["findings"];
        assert_eq!(findings["seconds_to_first_alert"], 0.0);
        assert!(
            (1..=3).contains(&findings["alerts"].as_u64().unwrap()),
            "{findings}"
        );
        assert!(findings["false_alerts"].as_u64() <= of["alerts"]["false_alerts"].as_u64());
        let told = v["notes"]
            .to_string()
            .contains("decide the label: id.resp_p, proto");
        assert_eq!(told, truth[0] == "--rule", "{}", v["notes"]);
    }
}

#[test]
fn rows_with_another_label_are_left_out_and_counted() {
    let dir = Dir::new();
    let m = model(&dir, 1000);
    let log = mixed().replace("C00007\t", "C00007x\t");
    let log = log.lines().map(|l| match l.contains("C00007x") {
        true => l.replace("Benign", "Background") + "\n",
        false => l.to_owned() + "\n",
    });
    let log = dir.write("conn.log", log.collect::<String>());
    let mut args = vec!["-m", &m, &log];
    args.extend(BY_LABEL);
    let v = evaluate(&args);
    assert_eq!(v["left_out"]["Background"], 1);
    assert_eq!(result(&v, "all", None)["negatives"], 299);
}

#[test]
fn what_cannot_be_measured_is_said() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 1000), dir.write("conn.log", mixed()));
    for (rule, problem) in [
        ("id.resp_p=1", "no row is labelled as an attack"),
        ("missed_bytes=-", "no row is labelled as an attack"),
        ("orig_pkts=6", ""),
    ] {
        let v = evaluate(&["-m", &m, &log, "--rule", rule]);
        let all = result(&v, "all", None);
        assert_eq!(
            all["problem"].as_str().unwrap_or_default(),
            problem,
            "{rule}"
        );
        assert_eq!(all["ranking"].is_null(), !problem.is_empty());
    }
    let v = evaluate(&["-m", &m, &log, "--rule", "proto=tcp", "--rule", "proto=udp"]);
    assert_eq!(
        result(&v, "all", None)["problem"],
        "no row is labelled as normal"
    );
    // A rule that takes nothing ranks nothing.
    let mut args = vec!["-m", &m, &log, "--baseline-rule", "proto=icmp"];
    args.extend(BY_LABEL);
    let v = evaluate(&args);
    assert_eq!(
        v["sets"][0]["results"][1]["problem"],
        "all scores are equal: nothing is ranked"
    );
    assert!(!v.to_string().contains("NaN"));
    let ran = run(&[
        &["evaluate", "-m", &m, &log, "--label-column", "label"][..],
        &["--positive", "x", "--negative", "y"],
    ]
    .concat());
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("Benign 300, Malicious 10"), "{}", ran.err);
}

#[test]
fn an_upside_down_ranking_is_called_so() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 1000), dir.write("conn.log", mixed()));
    let v = evaluate(&[
        "-m",
        &m,
        &log,
        "--label-column",
        "label",
        "--positive",
        "Benign",
        "--negative",
        "Malicious",
    ]);
    assert_eq!(value(result(&v, "all", None), "roc_auc"), 0.0);
    assert!(
        v["notes"].to_string().contains("upside down"),
        "{}",
        v["notes"]
    );
}

#[test]
fn splits_train_on_one_part_and_score_the_other() {
    let dir = Dir::new();
    let log = dir.write("conn.log", mixed());
    let scored = |split: &str, paths: &[&str]| {
        let mut args = vec!["--split", split, "--train-label", "label=Benign"];
        args.extend(BY_LABEL);
        args.extend(paths);
        let v = evaluate(&args);
        let all = result(&v, "all", None);
        (
            all["positives"].as_u64().unwrap(),
            all["negatives"].as_u64().unwrap(),
        )
    };
    // 248 of 310 rows are learned from: the first that is scored is the odd one at 240.
    assert_eq!(scored("time=0.8", &[&log]), (2, 60));
    assert_eq!(scored("host", &[&log]), (10, 300));
    let other = dir.write("conn.2.log", mixed());
    assert_eq!(scored("file", &[&log, &other]), (20, 600));
    let ran = run(&["evaluate", "--split", "file", "--rule", "proto=udp", &log]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("at least two paths"), "{}", ran.err);
}

#[test]
fn what_is_blanked_changes_no_score_and_still_labels() {
    let dir = Dir::new();
    let train = dir.write("train-conn.log", conn_log(1000));
    let log = dir.write("conn.log", mixed());
    let moved = dir.write("moved-conn.log", mixed().replace("\tSF\t", "\tS1\t"));
    let scores = |log: &str, blank: &[&str]| {
        let out = dir.arg("rows.csv");
        let mut args = vec!["--train-on", &train, log, "--scores-out", &out];
        args.extend(["--rule", "id.resp_p=4444"]);
        args.extend(blank);
        let v = evaluate(&args);
        assert_eq!(result(&v, "all", None)["positives"], 10);
        std::fs::read_to_string(&out).unwrap()
    };
    let blank = ["--blank", "conn_state,id.resp_p"];
    assert!(scores(&log, &blank) == scores(&moved, &blank));
    assert!(scores(&log, &[]) != scores(&moved, &[]));
    let ran = run(&[
        "evaluate", "-m", "m", "--rule", "a=b", "--blank", "uid", &log,
    ]);
    assert_eq!(ran.status, Some(2), "{}", ran.err);
}

#[test]
fn models_and_rules_stand_side_by_side_on_the_same_rows() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 1000), dir.write("conn.log", mixed()));
    let train = dir.write("train-conn.log", conn_log(1000));
    let out = dir.arg("rows.csv");
    let mut args = vec![
        "-m",
        &m,
        "--train-on",
        &train,
        "--detectors",
        "rarity,isolation_forest",
    ];
    args.extend([&log, "--baseline-rule", "proto=udp", "--scores-out", &out]);
    args.extend(BY_LABEL);
    let v = evaluate(&args);
    let names: Vec<&str> = (v["models"].as_array().unwrap().iter())
        .map(|m| m["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "conn.model",
            "trained (rarity)",
            "trained (isolation_forest)",
            "rule proto=udp"
        ]
    );
    for r in v["sets"][0]["results"].as_array().unwrap() {
        assert_eq!(
            r["positives"].as_u64().unwrap() + r["negatives"].as_u64().unwrap(),
            310
        );
    }
    // The same training gives the same figures, from a file or not.
    let of = |i: usize| &v["sets"][1]["results"][i]["ranking"];
    assert_eq!(of(0), of(1));
    let rows = std::fs::read_to_string(&out).unwrap();
    assert_eq!(rows.lines().count(), 1 + 4 * 310);
    assert!(rows.starts_with("model,log,ts,uid,label,attack,score,raw,rank\n"));
}

#[test]
fn the_same_seed_gives_the_same_report_on_any_number_of_threads() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 1000), dir.write("conn.log", mixed()));
    let of = |threads: &str, by: &str| {
        let mut args = vec!["-m", &m, &log, "--threads", threads, "--by", by];
        args.extend(BY_LABEL);
        evaluate(&args)
    };
    assert_eq!(of("1", "host"), of("2", "host"));
    let hours = of("1", "hour");
    // One hour: no interval, and no invented one.
    assert!(result(&hours, "all", None)["ranking"]["roc_auc"]["low"].is_null());
}

#[test]
fn the_table_and_the_plots_can_be_read() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 1000), dir.write("conn.log", mixed()));
    let plots = dir.arg("plots");
    let mut args = vec!["evaluate", "-m", &m, &log, "--plots", &plots];
    args.extend(BY_LABEL);
    let ran = run(&args);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for text in [
        "ROC-AUC",
        "P@10",
        "all logs",
        "attack Malicious",
        "after 0.0 s",
        "perfect",
    ] {
        assert!(ran.out.contains(text), "{text}: {}", ran.out);
    }
    for name in [
        "roc.svg",
        "roc-log.svg",
        "precision-recall-conn.svg",
        "scores-1.svg",
    ] {
        let svg = std::fs::read_to_string(Path::new(&plots).join(name)).unwrap();
        assert!(
            svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
            "{name}"
        );
    }
}

#[test]
fn wrong_arguments_and_files_are_refused() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 100), dir.write("conn.log", mixed()));
    let empty = dir.write("empty.csv", "uid,attack\n");
    let cases: [(&[&str], i32, &str); 8] = [
        (&["-m", &m], 2, "required"),
        (&["--rule", "proto=udp"], 2, "required"),
        (&["-m", &m, "--rule", "proto"], 2, "COLUMN=VALUE"),
        (&["-m", &m, "--label-column", "label"], 2, "--positive"),
        (
            &["--split", "time=2", "--rule", "a=b"],
            2,
            "between 0 and 1",
        ),
        (&["-m", &m, "--uids", &empty], 1, "has no uid"),
        (&["-m", &m, "--uids", "/no/such"], 1, "cannot be read"),
        (&["-m", "/no/such", "--rule", "proto=udp"], 1, "/no/such"),
    ];
    for (args, status, message) in cases {
        let mut all = vec!["evaluate", &log];
        all.extend(args);
        let ran = run(&all);
        assert_eq!(ran.status, Some(status), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(message), "{args:?}: {}", ran.err);
    }
}

#[test]
fn the_sample_s_attacks_are_found_by_uid() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sample");
    let path = |p: &str| sample.join(p).display().to_string();
    let v = evaluate(&[
        "--train-on",
        &path("logs/ordinary"),
        "--uids",
        &path("labels.csv"),
        &path("logs/attack"),
    ]);
    let ssl = result(&v, "log", Some("ssl"));
    assert_eq!(ssl["positives"], 561);
    assert!(value(ssl, "roc_auc") > 0.99);
    // Rows of x509 and software have no uid to be looked up.
    assert!(v["left_out"]["no uid"].as_u64().unwrap() > 0);
    assert!(result(&v, "attack", Some("dga"))["alerts"]["first_row"].is_number());
}

#[test]
fn hunting_tells_when_and_by_what_each_attack_is_found_and_what_was_false() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sample");
    let path = |p: &str| sample.join(p).display().to_string();
    let (ordinary, labels) = (path("logs/ordinary"), path("labels.csv"));
    let attack = path("logs/attack");
    let args = ["--train-on", &ordinary, "--uids", &labels, &attack];
    let (plain, v) = (
        evaluate(&args),
        evaluate(&[args.as_slice(), &["--hunt"]].concat()),
    );
    assert!(plain["behaviors"].is_null());
    assert!(plain["notes"].to_string().contains("--hunt"), "{plain}");
    assert!(!v["notes"].to_string().contains("--hunt"));

    let b = &v["behaviors"];
    let attacks = b["attacks"].as_array().unwrap();
    let kinds = |attack: &str| -> Vec<&str> {
        let a = attacks.iter().find(|a| a["attack"] == attack).unwrap();
        let found = a["findings"].as_array().unwrap();
        // A finding is told when it had records enough, after the attack began.
        let first = a["first_row"].as_f64().unwrap();
        let told = found[0]["told"].as_f64().unwrap();
        assert_eq!(a["seconds_to_first_finding"].as_f64(), Some(told - first));
        assert!(found.iter().all(|f| f["told"].as_f64() >= Some(first)));
        found.iter().map(|f| f["kind"].as_str().unwrap()).collect()
    };
    assert_eq!(kinds("beacon"), ["beacon", "beacon"]);
    assert_eq!(kinds("bruteforce"), ["guessing"]);
    assert_eq!(kinds("dga"), ["dga_activity"]);
    assert_eq!(kinds("exfiltration"), ["upload"]);
    assert_eq!(kinds("scan"), ["scan_horizontal", "scan_vertical"]);
    assert_eq!((&b["findings"], &b["of_attacks"]), (&7.into(), &7.into()));
    assert_eq!(b["false_findings"], 0);

    // They share the budget: of guessing no record raises an alert.
    let told = |v: &Value| {
        let findings = &result(v, "attack", Some("bruteforce"))["findings"];
        findings["seconds_to_first_alert"].as_f64()
    };
    assert_eq!(told(&plain), None);
    assert!(told(&v).is_some_and(|s| s < 60.0), "{v}");

    // Without what the ordinary days teach, a shop that settles with its bank is a rhythm.
    let m = Dir::new();
    let model = m.arg("ordinary.zam");
    assert_eq!(
        run(&["train", "-q", "-o", &model, &ordinary]).status,
        Some(0)
    );
    let args = ["-m", &model, "--uids", &labels, "--hunt", &ordinary];
    let b = &evaluate(&args)["behaviors"];
    let normal = b["of_normal_rows"].as_array().unwrap();
    assert_eq!(normal.len() as u64, b["false_findings"].as_u64().unwrap());
    assert!(normal.iter().any(|f| f["kind"] == "beacon"), "{b}");
}

#[test]
fn hunting_looks_at_logs_that_no_model_knows() {
    let dir = Dir::new();
    let fields = "ts\toperation\tsrc_mac\tdst_mac\torig_h\tresp_h\torig_hw\tresp_hw";
    let types = "time\tstring\tstring\tstring\taddr\taddr\tstring\tstring";
    let mut log = format!("#separator \\x09\n#path\tarp\n#fields\t{fields}\n#types\t{types}\n");
    // An answer to all about an address that is on no link here, by another sender than it names.
    for (operation, to) in [
        ("request", "30:30:30:30:30:30"),
        ("reply", "ff:ff:ff:ff:ff:ff"),
    ] {
        log.push_str(&format!(
            "1.0\t{operation}\t50:5b:c2:db:c3:17\t{to}\t10.0.0.15\t69.220.152.0\t50:50:50:50:50:50\t{to}\n"
        ));
    }
    let arp = dir.write("arp.log", log);
    let m = model(&dir, 1000);
    let rule = "operation=reply";
    let v = evaluate(&["-m", &m, "--rule", rule, "--hunt", &arp]);
    let b = &v["behaviors"];
    assert_eq!(
        (&b["of_attacks"], &b["false_findings"]),
        (&1.into(), &0.into()),
        "{v}"
    );
    assert_eq!(result(&v, "all", None)["problem"], "no row was scored");
    assert!(
        v["notes"].to_string().contains("does not score: arp"),
        "{v}"
    );
    // Without it there is nothing to evaluate.
    let ran = run(&["evaluate", "-q", "-m", &m, "--rule", rule, &arp]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(
        ran.err.contains("there is no row to evaluate"),
        "{}",
        ran.err
    );
}

#[test]
fn promises_have_intervals_and_say_what_no_row_can_reach() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 100), dir.write("conn.log", mixed()));
    let v = evaluate(&[&["-m", &m, &log], BY_LABEL.as_slice()].concat());
    let promises = result(&v, "log", Some("conn"))["calibration"]
        .as_array()
        .unwrap();
    // A hundred training rows reach a score of two, and no more.
    let reachable: Vec<&Value> = promises.iter().map(|p| &p["reachable"]).collect();
    assert_eq!(reachable, [true, true, false, false, false]);

    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sample");
    let path = |p: &str| sample.join(p).display().to_string();
    let (ordinary, attack) = (path("logs/ordinary"), path("logs/attack"));
    let labels = path("labels.csv");
    let v = evaluate(&["--train-on", &ordinary, "--uids", &labels, &attack]);
    let one = &result(&v, "log", Some("conn"))["calibration"][0];
    let number = |key: &str| one[key].as_f64().unwrap();
    assert!((number("factor") - number("rows") / number("expected")).abs() < 1e-12);
    assert!(
        number("low") < number("factor") && number("factor") < number("high"),
        "{one}"
    );
}

#[test]
fn labels_that_meet_no_row_are_said() {
    let dir = Dir::new();
    let (m, log) = (model(&dir, 1000), dir.write("conn.log", mixed()));
    let uids = dir.write("uids.csv", "Codd0\nCnowhere,x\nCneither\n");
    let cases: [(&[&str], &str); 4] = [
        (
            &["--uids", &uids],
            "in no row: 2 of 3 uids of attacks, such as Cneither",
        ),
        (
            &["--rule", "proto=udp", "--rule", "id.resp_p=1"],
            "no row matches the rule id.resp_p=1",
        ),
        (
            &["--rule", "proto=udp,prot=tcp"],
            "prot=tcp: no log has a column prot",
        ),
        (
            &[
                "--label-column",
                "label",
                "--positive",
                "Malicious,Evil",
                "--negative",
                "Benign",
            ],
            "no row has Evil in label",
        ),
    ];
    for (truth, note) in cases {
        let v = evaluate(&[&["-m", &m, &log], truth].concat());
        assert!(v["notes"].to_string().contains(note), "{}", v["notes"]);
    }
}

#[test]
fn a_rule_that_reads_the_label_of_real_logs_is_called_out() {
    let (Some(one), Some(other)) = (real("010-zeek-mixed"), real("008-zeek-mixed")) else {
        return;
    };
    let (one, other) = (one.display().to_string(), other.display().to_string());
    let mut args = vec!["--train-on", &one, "--train-label", "label=Benign", &other];
    args.extend(["--baseline-rule", "local_resp=T,local_orig=F"]);
    args.extend(["--blank", "id.orig_h,local_orig,local_resp"]);
    args.extend(BY_LABEL);
    let v = evaluate(&args);
    assert!(
        v["notes"].to_string().contains("this rule alone"),
        "{}",
        v["notes"]
    );
    let conn = result(&v, "log", Some("conn"));
    assert_eq!(
        (&conn["positives"], &conn["negatives"]),
        (&4201.into(), &1402.into())
    );
}
