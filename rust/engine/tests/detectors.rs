//! Every detector, and all of them together, answer for whatever training was like.

mod common;

use common::{all_detectors, conn_rows, conn_schema, live_scores, train_with};
use std::sync::Arc;
use zeek_anomaly_engine::explain::MEMBERS;
use zeek_anomaly_engine::{DetectorKind, Engine, Limits, Model, Reason};
use zeek_log::RecordBuf;

/// All detectors by their names, and an ensemble of all.
fn each() -> Vec<String> {
    let names = DetectorKind::ALL.map(|k| k.name().to_owned());
    names.into_iter().chain([all_detectors()]).collect()
}

fn reasons(model: Model, row: &RecordBuf) -> Vec<Reason> {
    let mut engine = Engine::new(Arc::new(model), Limits::default());
    let binding = engine.bind(&conn_schema());
    let mut why = Vec::new();
    engine.observe(&binding, &row.record(), 0.0, &mut why);
    why
}

#[test]
fn a_row_like_no_other_is_among_the_strangest_and_its_reasons_are_what_is_odd_about_it() {
    let rows = conn_rows(1500);
    let (odd, ordinary) = rows.split_last().unwrap();
    for detector in each() {
        let model = train_with(ordinary, &detector);
        let verdicts = live_scores(model.clone(), &rows);
        let (last, others) = verdicts.split_last().unwrap();
        let stranger = others.iter().filter(|v| v.raw >= last.raw).count();
        // A forest cuts at random: a twentieth of the ordinary rows may come out first.
        let most = if detector == "isolation_forest" {
            75
        } else {
            0
        };
        assert!(
            stranger <= most,
            "{detector}: {stranger} ordinary rows are stranger"
        );
        assert!(last.score > 1.0, "{detector}: {}", last.score);
        let why = reasons(model, odd);
        let known = ["id.resp_p", "conn_state", "failed", "bytes", "upload"];
        let first = &why[0];
        assert!(
            known.iter().any(|k| first.feature.contains(k)),
            "{detector}: {first:?}"
        );
        assert!(why.iter().all(|r| (0.0..=1.0).contains(&r.share)));
    }
}

#[test]
fn scores_hold_on_ordinary_rows_that_were_not_trained_on() {
    let rows = conn_rows(6000);
    for detector in each() {
        let model = train_with(&rows[..3000], &detector);
        let verdicts = live_scores(model, &rows[3000..6000]);
        let alerts = verdicts.iter().filter(|v| v.score >= 2.0).count();
        assert!(alerts <= 60, "{detector}: {alerts} of 3,000 above 2");
    }
}

#[test]
fn an_ensemble_tells_what_each_member_made_of_a_row() {
    let rows = conn_rows(1500);
    let why = reasons(train_with(&rows[..1500], &all_detectors()), &rows[1500]);
    let members = why.iter().find(|r| r.feature == MEMBERS).unwrap();
    for kind in DetectorKind::ALL {
        assert!(members.value.contains(kind.name()), "{members:?}");
    }
    let alone = reasons(train_with(&rows[..1500], "pca"), &rows[1500]);
    assert!(alone.iter().all(|r| r.feature != MEMBERS));
}

#[test]
fn one_row_equal_rows_and_rows_without_values_give_an_answer() {
    let rows = conn_rows(40);
    let empty: RecordBuf = {
        let mut b = RecordBuf::new();
        (0..conn_schema().fields.len()).for_each(|_| b.push_unset());
        b
    };
    let equal: Vec<RecordBuf> = (0..50).map(|_| rows[0].clone()).collect();
    let nothing: Vec<RecordBuf> = (0..50).map(|_| empty.clone()).collect();
    for detector in each() {
        for trained in [&rows[..1], &equal, &nothing, &[]] {
            let model = train_with(trained, &detector);
            if trained.is_empty() {
                assert!(model.logs.is_empty());
                continue;
            }
            let bytes = model.to_bytes().unwrap();
            let read = Model::from_bytes(&bytes, std::path::Path::new("m")).unwrap();
            for v in live_scores(read, &[rows[40].clone(), empty.clone(), rows[0].clone()]) {
                assert!(
                    v.score.is_finite() && v.raw.is_finite(),
                    "{detector}: {v:?}"
                );
            }
        }
    }
}
