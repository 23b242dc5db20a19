//! From labelled logs to figures: labels, splits, behaviors and comparison with rules.

#![allow(missing_docs)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zeek_anomaly_engine::Choice;
use zeek_anomaly_evaluate::{
    BehaviorParams, Bootstrap, Contest, EvaluateError, EvaluateParams, Evaluation, Evaluator,
    GroundTruth, RowSet, SetResult, Split, UnusedLabel,
};
use zeek_anomaly_runner::{Source, SourceParams};

/// Ordinary connections of five hosts, and every thirtieth one odd, labelled in a column.
fn conn_log(rows: u32, odd: bool) -> String {
    let mut out = String::new();
    for i in 0..rows {
        let odd = odd && i % 30 == 29;
        let (port, bytes, label) = match odd {
            true => (4444, 90_000_000, "attack"),
            false => (443, 1500 + (i * 37) % 900, "normal"),
        };
        writeln!(
            out,
            "{{\"ts\":{}.0,\"uid\":\"C{i}\",\"id.orig_h\":\"10.0.0.{}\",\"id.orig_p\":{},\"id.resp_h\":\"192.0.2.7\",\
             \"id.resp_p\":{port},\"proto\":\"tcp\",\"service\":\"ssl\",\"duration\":1.5,\"orig_bytes\":{bytes},\
             \"resp_bytes\":4000,\"conn_state\":\"SF\",\"orig_pkts\":10,\"resp_pkts\":9,\"label\":\"{label}\"}}",
            1_780_000_000 + i * 10,
            i % 5 + 1,
            40_000 + i % 1000,
        )
        .unwrap();
    }
    out
}

struct Logs(TempDir);

impl Logs {
    fn new() -> Logs {
        Logs(tempfile::tempdir().unwrap())
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn source(path: &Path) -> Source {
    Source::open(&[path.to_owned()], &SourceParams::default()).unwrap()
}

fn by_column() -> GroundTruth {
    let of = |v: &str| vec![v.to_owned()];
    GroundTruth::of_column("label", &of("attack"), &of("normal"), None).unwrap()
}

/// Parameters that train one model, quickly.
fn params(test: &Path) -> EvaluateParams {
    EvaluateParams {
        test: source(test),
        paths: vec![test.to_owned()],
        detectors: vec![Choice::default()],
        bootstrap: Bootstrap {
            replicates: 50,
            seed: 0,
            level: 0.95,
        },
        ..EvaluateParams::default()
    }
}

fn evaluate(params: &EvaluateParams, truth: &GroundTruth) -> (Contest, Evaluation) {
    let evaluator = Evaluator::new(params, truth).unwrap();
    assert!(evaluator.work() > 0);
    let contest = evaluator.run(&mut |_, _| {}).unwrap();
    let rankers = contest.rankers(&params.baselines);
    let sets = contest.sets(&rankers);
    let evaluation = contest.measure(params, &rankers, &sets);
    drop(rankers);
    (contest, evaluation)
}

fn of_all(evaluation: &Evaluation) -> &[SetResult] {
    assert_eq!(evaluation.sets[0].set, RowSet::All);
    &evaluation.sets[0].results
}

#[test]
fn a_column_uids_and_a_rule_label_the_same_rows() {
    let logs = Logs::new();
    let train = logs.write("train/conn.log", &conn_log(600, false));
    let test = logs.write("test/conn.log", &conn_log(300, true));
    let uids: String = (0..10).map(|i| format!("C{},c2\n", i * 30 + 29)).collect();
    let uids = logs.write("uids.csv", &format!("uid,attack\n{uids}CnotThere,c2\n"));
    let rule = "id.resp_p=4444".parse().unwrap();
    let truths = [
        by_column(),
        GroundTruth::of_uids(&uids).unwrap(),
        GroundTruth::of_rules(&[rule], None),
    ];
    for truth in &truths {
        let params = EvaluateParams {
            train: source(&train),
            baselines: vec!["id.resp_p=4444".parse().unwrap()],
            ..params(&test)
        };
        let (_, evaluation) = evaluate(&params, truth);
        for result in of_all(&evaluation) {
            assert_eq!((result.positives, result.negatives), (10, 290));
            assert_eq!(result.ranking.as_ref().unwrap().roc_auc.value, 1.0);
        }
        let [model, rule] = of_all(&evaluation) else {
            panic!("a model and a rule")
        };
        // A rule raises no findings and promises no probability.
        assert!(model.findings.is_some() && rule.findings.is_none());
        assert!(!model.calibration.is_empty() && rule.calibration.is_empty());
    }
    let unused = UnusedLabel::Uids {
        unused: 1,
        all: 11,
        example: "CnotThere".into(),
    };
    assert_eq!(truths[1].unused(), [unused]);
    assert_eq!(truths[0].unused(), []);
}

#[test]
fn each_split_scores_rows_that_did_not_train_their_model() {
    let logs = Logs::new();
    let a = logs.write("a/conn.log", &conn_log(300, true));
    logs.write("b/conn.log", &conn_log(300, true));
    let both = a.parent().unwrap().parent().unwrap();
    for (split, positives, rows) in [
        (Split::Time(0.5), 10, 300),
        (Split::Host, 20, 600),
        (Split::File, 20, 600),
    ] {
        let params = EvaluateParams {
            paths: vec![both.join("a"), both.join("b")],
            split: Some(split),
            train_label: Some(("label".into(), "normal".into())),
            ..params(both)
        };
        let (contest, evaluation) = evaluate(&params, &by_column());
        let result = &of_all(&evaluation)[0];
        assert_eq!(contest.models[0].scored.rows.len(), rows, "{split:?}");
        assert_eq!(result.positives, positives, "{split:?}");
        assert_eq!(
            result.ranking.as_ref().unwrap().roc_auc.value,
            1.0,
            "{split:?}"
        );
    }
    let alone = EvaluateParams {
        split: Some(Split::File),
        ..params(&a)
    };
    let truth = by_column();
    assert!(matches!(
        Evaluator::new(&alone, &truth),
        Err(EvaluateError::OnePath)
    ));
}

#[test]
fn files_that_train_and_files_that_are_scored_are_covered_once() {
    let logs = Logs::new();
    let train = logs.write("train/conn.log", &conn_log(200, false));
    let test = logs.write("test/conn.log", &conn_log(90, true));
    let params = EvaluateParams {
        train: source(&train),
        detectors: vec!["rarity".parse().unwrap(), "pca".parse().unwrap()],
        behaviors: Some(BehaviorParams::default()),
        ..params(&test)
    };
    let truth = by_column();
    let evaluator = Evaluator::new(&params, &truth).unwrap();
    let contest = evaluator.run(&mut |_, _| {}).unwrap();
    let rows: Vec<u64> = contest.coverage.iter().map(|c| c.rows()).collect();
    assert_eq!(rows, [200, 90]);
    // Behaviors see the attack's rows.
    let behaviors = contest.behaviors.unwrap();
    let attack = behaviors.attacks.values().next().unwrap();
    assert_eq!((attack.rows, attack.first), (3, 1_780_000_290.0));
}

#[test]
fn what_cannot_be_evaluated_is_an_error() {
    let logs = Logs::new();
    let test = logs.write("test/conn.log", &conn_log(30, true));
    let truth = by_column();
    // Nothing trains.
    let empty = logs.write("train/conn.log", "");
    let params = EvaluateParams {
        train: source(&empty),
        ..params(&test)
    };
    let evaluator = Evaluator::new(&params, &truth).unwrap();
    let run = evaluator.run(&mut |_, _| {});
    assert!(matches!(run, Err(EvaluateError::NothingToTrainOn(_))));
    // A value is positive and negative.
    let both = vec!["x".to_owned()];
    let contradiction = GroundTruth::of_column("label", &both, &both, None);
    assert!(matches!(contradiction, Err(EvaluateError::Contradiction(v)) if v == "x"));
    // A file of uids is missing, or empty.
    let missing = GroundTruth::of_uids(Path::new("/no/such"));
    assert!(matches!(missing, Err(EvaluateError::UidFile { .. })));
    let empty = logs.write("uids.csv", "uid,attack\n");
    assert!(matches!(
        GroundTruth::of_uids(&empty),
        Err(EvaluateError::NoUids(_))
    ));
    // No row has a time.
    let timeless = logs.write(
        "timeless/conn.log",
        "{\"uid\":\"C1\",\"label\":\"attack\"}\n",
    );
    let params = EvaluateParams {
        split: Some(Split::Time(0.5)),
        ..self::params(&timeless)
    };
    assert!(matches!(
        Evaluator::new(&params, &truth),
        Err(EvaluateError::NoTime)
    ));
}
