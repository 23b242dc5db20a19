//! Models that go on, and several that become one: what one training of all rows gives.

mod common;

use common::{conn_rows, conn_schema, live_scores};
use std::path::Path;
use std::sync::Arc;
use zeek_anomaly_engine::combine::{MergeError, MergeWarning, merge};
use zeek_anomaly_engine::feedback::{Mark, Opinion};
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{DetectorKind, Model};
use zeek_anomaly_features::Context;
use zeek_log::{Field, FieldType, RecordBuf, Schema};

type Rows = Vec<(Arc<Schema>, RecordBuf)>;

fn params(kind: DetectorKind) -> TrainParams {
    TrainParams {
        detectors: kind.into(),
        kept_rows: Some(100_000),
        ..TrainParams::default()
    }
}

/// Rows of conn, and of a log without definitions of its own.
fn rows(n: u64) -> Rows {
    let conn = conn_schema();
    let other = Arc::new(Schema {
        log: "made_up".into(),
        fields: vec![
            Field::new("ts", FieldType::Time),
            Field::new("what", FieldType::String),
            Field::new("size", FieldType::Count),
        ],
    });
    let mut rows: Rows = Vec::new();
    for (i, row) in conn_rows(n).into_iter().enumerate() {
        rows.push((conn.clone(), row));
        let mut b = RecordBuf::new();
        // A row each five minutes: days of them.
        b.push_time(1.7e9 + i as f64 * 300.0);
        b.push_text(format!("kind {}", i * i % 17).as_bytes());
        b.push_count(1 << (i % 20));
        rows.push((other.clone(), b));
    }
    rows
}

fn train(rows: &[(Arc<Schema>, RecordBuf)], params: TrainParams) -> Model {
    more(Trainer::new(params), rows)
}

fn more(mut trainer: Trainer, rows: &[(Arc<Schema>, RecordBuf)]) -> Model {
    let context = Context::default();
    for (schema, row) in rows {
        trainer.add(schema, &row.record(), &context);
    }
    trainer.finish(&context)
}

/// As it comes out of its file.
fn reread(model: &Model) -> Model {
    Model::from_bytes(&model.to_bytes().unwrap(), Path::new("m.model")).unwrap()
}

#[test]
fn the_model_of_two_parts_is_the_model_of_all_rows_byte_for_byte() {
    for kind in DetectorKind::ALL {
        // What others than rarity take longer for says nothing more.
        let rows = rows(if kind == DetectorKind::Rarity {
            500
        } else {
            100
        });
        let whole = train(&rows, params(kind)).to_bytes().unwrap();
        for cut in [2, rows.len() / 3] {
            let parts = [&rows[..cut], &rows[cut..]].map(|r| reread(&train(r, params(kind))));
            let (merged, warnings) = merge(&parts, &params(kind)).unwrap();
            assert_eq!(warnings, []);
            assert!(
                merged.to_bytes().unwrap() == whole,
                "{} at {cut}",
                kind.name()
            );
            // And so is a model that goes on.
            let first = Trainer::resume(&parts[0], params(kind)).unwrap();
            let continued = more(first, &rows[cut..]);
            assert!(
                continued.to_bytes().unwrap() == whole,
                "{} from {cut}",
                kind.name()
            );
        }
    }
}

/// Queries for names of a few domains.
fn queries(n: u64) -> Rows {
    let schema = Arc::new(Schema {
        log: "dns".into(),
        fields: vec![
            Field::new("ts", FieldType::Time),
            Field::new("query", FieldType::String),
        ],
    });
    let row = |i: u64| {
        let mut b = RecordBuf::new();
        b.push_time(1.7e9 + i as f64 * 7.0);
        let host = ["www", "mail", "shop", "cdn", "static"][(i % 5) as usize];
        b.push_text(format!("{host}{}.domain{}.example", i % 3, i % 11).as_bytes());
        (schema.clone(), b)
    };
    (0..n).map(row).collect()
}

#[test]
fn names_go_on_exactly_and_those_of_two_parts_add_up() {
    let rows = queries(1200);
    let params = params(DetectorKind::Rarity);
    let whole = train(&rows, params.clone()).to_bytes().unwrap();
    let half = |rows| reread(&train(rows, params.clone()));
    let first = Trainer::resume(&half(&rows[..600]), params.clone()).unwrap();
    assert!(more(first, &rows[600..]).to_bytes().unwrap() == whole);
    // Both halves have met the same names, so these count twice, and all else is as in the whole.
    let (merged, _) = merge(&[half(&rows[..600]), half(&rows[600..])], &params).unwrap();
    let whole = Model::from_bytes(&whole, Path::new("m.model")).unwrap();
    let (a, b) = (&merged.names.learned().names, &whole.names.learned().names);
    assert!(a > b && *a <= 2 * b, "{a} {b}");
    for f in 0..whole.logs[0].spec.len() {
        if !whole.logs[0].spec.is_learned(f) {
            let counted = |m: &Model| m.logs[0].encoders[f].counted().clone();
            assert_eq!(counted(&merged), counted(&whole));
        }
    }
}

#[test]
fn many_parts_in_any_order_give_the_same_scores() {
    let rows = rows(3000);
    let whole = train(&rows, params(DetectorKind::Rarity));
    let mut parts: Vec<Model> = rows
        .chunks(500)
        .map(|r| train(r, params(DetectorKind::Rarity)))
        .collect();
    parts.reverse();
    parts.swap(1, 3);
    let (merged, _) = merge(&parts, &params(DetectorKind::Rarity)).unwrap();
    let probe = conn_rows(100);
    let scores = |m: Model| live_scores(m, &probe);
    assert_eq!(scores(merged), scores(whole));
}

#[test]
fn a_model_that_kept_part_of_its_rows_still_scores_nearly_as_the_whole() {
    let rows = rows(6000);
    let of = |kept| TrainParams {
        kept_rows: Some(kept),
        ..params(DetectorKind::Rarity)
    };
    let whole = train(&rows, of(1000));
    let parts: Vec<Model> = (rows.chunks(3000)).map(|r| train(r, of(1000))).collect();
    let (merged, _) = merge(&parts, &of(1000)).unwrap();
    let probe = conn_rows(300);
    // What was counted is exact; what is usual within a kind, and calibration, are of fewer rows.
    let (a, b) = (live_scores(merged, &probe), live_scores(whole, &probe));
    for (a, b) in a.iter().zip(&b) {
        assert!((a.raw - b.raw).abs() < 0.1 * b.raw.max(3.0), "{a:?} {b:?}");
        // What is stranger than all rows that one of them kept is extrapolated there.
        assert!(
            a.claim != b.claim || (a.score - b.score).abs() < 0.3 * b.score.max(1.0),
            "{a:?} {b:?}"
        );
    }
}

#[test]
fn detectors_and_marks_of_the_models_are_kept_and_contradictions_said() {
    let rows = rows(600);
    let mut a = train(&rows[..600], params(DetectorKind::IsolationForest));
    let mut b = train(&rows[600..], params(DetectorKind::Rarity));
    let conn = a.position("conn").unwrap();
    let bits: Vec<u64> = {
        let odd = &conn_rows(600)[600];
        let schema = conn_schema();
        let columns =
            zeek_anomaly_features::row::Columns::bind(&a.logs[conn].spec.columns(), &schema);
        let row = zeek_anomaly_features::Row::new(odd.record(), &columns, Default::default());
        let mut bits = Vec::new();
        a.logs[conn].spec.extract(&row, &*a.names, &mut bits);
        bits
    };
    let mark = |of: &Model, record: &str, opinion| Mark {
        id: 0,
        time: 1.7e9,
        opinion,
        log: "conn".into(),
        record: record.into(),
        ts: Some(1.7e9),
        note: String::new(),
        matches: of.logs[conn].matches(&bits, &|_| String::new()),
    };
    let marks = vec![
        mark(&a, "C1", Opinion::False),
        mark(&a, "C2", Opinion::False),
    ];
    assert!(a.mark(marks).iter().all(Result::is_ok));
    let marks = vec![mark(&b, "C2", Opinion::True), mark(&b, "C3", Opinion::True)];
    assert!(b.mark(marks).iter().all(Result::is_ok));
    let asked = TrainParams {
        detectors: Default::default(),
        ..params(DetectorKind::Rarity)
    };
    let (merged, warnings) = merge(&[a, b], &asked).unwrap();
    let records: Vec<&str> = merged.marks().iter().map(|m| m.record.as_str()).collect();
    assert_eq!(records, ["C1", "C2", "C3"]);
    assert!(warnings.contains(&MergeWarning::Marks(1)), "{warnings:?}");
    let differs = MergeWarning::OtherDetector { log: "conn".into() };
    assert!(warnings.contains(&differs), "{warnings:?}");
    assert_eq!(merged.logs[conn].detector_name(), "isolation_forest");
    reread(&merged);
}

#[test]
fn what_does_not_fit_together_is_said() {
    let zeek = |version: &str, ty| {
        let schema = Arc::new(Schema {
            log: "made_up".into(),
            fields: vec![Field::new("ts", FieldType::Time), Field::new("size", ty)],
        });
        let row = |i: u64| {
            let mut b = RecordBuf::new();
            b.push_time(1.7e9 + i as f64);
            match ty {
                FieldType::String => b.push_text(b"large"),
                _ => b.push_count(i),
            }
            (schema.clone(), b)
        };
        let rows: Rows = (0..if ty == FieldType::String { 10 } else { 20 })
            .map(row)
            .collect();
        train(
            &rows,
            TrainParams {
                zeek_version: Some(version.into()),
                ..params(DetectorKind::Rarity)
            },
        )
    };
    let models = [
        zeek("7.0.5", FieldType::String),
        zeek("8.2.2", FieldType::Count),
    ];
    let (merged, warnings) = merge(&models, &params(DetectorKind::Rarity)).unwrap();
    assert_eq!(
        warnings,
        [
            MergeWarning::ZeekVersions("7.0.5".into(), "8.2.2".into()),
            MergeWarning::OtherFeatures {
                log: "made_up".into(),
                rows: 10
            },
        ]
    );
    assert_eq!(merged.info.rows, 20);
    let compact = train(&rows(50), TrainParams::default());
    let refused = merge(&[models[1].clone(), compact], &params(DetectorKind::Rarity));
    assert!(matches!(refused, Err((1, MergeError::Compact(_)))));
}

#[test]
fn what_is_held_out_is_not_fitted_to_and_scores_are_calibrated_on_it() {
    for kind in DetectorKind::ALL {
        let held = |holdout| TrainParams {
            holdout,
            ..params(kind)
        };
        let n = if kind == DetectorKind::Rarity {
            700
        } else {
            240
        };
        let rows = rows(n);
        let model = reread(&train(&rows, held(0.25)));
        for log in &model.logs {
            assert_eq!(log.rows, n + 1);
            let share = log.held_out as f64 / log.rows as f64;
            assert!((0.15..0.35).contains(&share), "{share}");
            assert_eq!(log.encoders[0].counted().rows, log.rows - log.held_out);
        }
        // Another share gives the same counts but for what is held out, and going on without a
        // holdout the model of all.
        let all = Trainer::resume(&model, held(0.0)).unwrap();
        let all = more(all, &[]).to_bytes().unwrap();
        assert!(all == train(&rows, held(0.0)).to_bytes().unwrap());
        // One minute is one block, of which nothing can be held out.
        let short = train(&rows[..80], held(0.25));
        assert_eq!(short.logs[short.position("conn").unwrap()].held_out, 0);
    }
}

#[test]
fn hostile_leftovers_are_refused_or_harmless() {
    let good = train(&rows(60), params(DetectorKind::Rarity))
        .to_bytes()
        .unwrap();
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut refused, mut merged) = (0, 0);
    for _ in 0..60 {
        let mut b = good.clone();
        for _ in 0..1 + random() % 3 {
            let i = 24 + (random() as usize) % (b.len() - 24);
            b[i] = random() as u8;
        }
        let payload = b[24..].to_vec();
        b[12..16].copy_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        let Ok(model) = Model::from_bytes(&b, Path::new("m.model")) else {
            continue;
        };
        match merge(&[model.clone(), model], &params(DetectorKind::Rarity)) {
            Ok((m, _)) => {
                merged += 1;
                let scores = live_scores(reread(&m), &conn_rows(3));
                assert!(scores.iter().all(|v| v.score.is_finite()));
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0 && merged > 0, "{refused} {merged}");
}
