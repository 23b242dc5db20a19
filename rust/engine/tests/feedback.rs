//! Marks: what they do to records like the marked one, what they leave alone, and that
//! taking them back leaves nothing.

mod common;

use common::{conn_schema, live_scores, train_on};
use std::path::Path;
use std::sync::Arc;
use zeek_anomaly_engine::feedback::{Mark, MarkError, Opinion};
use zeek_anomaly_engine::model::Scratch;
use zeek_anomaly_engine::{DetectorKind, Engine, Limits, Model};
use zeek_log::RecordBuf;

/// A connection: all is ordinary but what is given.
fn row(i: u64, port: u16, sent: u64, state: &str) -> RecordBuf {
    let mut b = RecordBuf::new();
    b.push_time(1.7e9 + i as f64);
    b.push_text(format!("C{i}").as_bytes());
    b.push_addr([10, 0, 0, (i % 7) as u8].into());
    b.push_addr([192, 0, 2, 1].into());
    b.push_port(port);
    b.push_text(b"tcp");
    b.push_interval(0.1 + (i % 13) as f64 / 10.0);
    b.push_count(sent + i % 50);
    b.push_count(4000 + i % 999);
    b.push_text(state.as_bytes());
    b.push_text(b"ShADadFf");
    b
}

const NEW_PORT: u16 = 8443;

fn model(detector: DetectorKind) -> Model {
    let rows: Vec<RecordBuf> = (0..3000)
        .map(|i| {
            let state = if i % 40 == 0 { "RSTO" } else { "SF" };
            row(i, if i % 3 == 0 { 53 } else { 443 }, 300, state)
        })
        .collect();
    train_on(&rows, Some(detector))
}

/// A row's features.
fn bits(model: &Model, row: &RecordBuf) -> Vec<u64> {
    use zeek_anomaly_features::context::{ContextColumns, Role};
    use zeek_anomaly_features::row::Columns;
    use zeek_anomaly_features::{Context, Row};
    let (spec, schema, context) = (&model.logs[0].spec, conn_schema(), Context::default());
    let columns = Columns::bind(&spec.columns(), &schema);
    let of_context = ContextColumns::bind(Role::Conn, &schema);
    let record = row.record();
    let view = context.view(&of_context, &record);
    let mut bits = Vec::new();
    model.logs[0].extract(&Row::new(record, &columns, view), &mut bits);
    bits
}

fn mark_of(model: &Model, row: &RecordBuf, name: &str, opinion: Opinion) -> Mark {
    Mark {
        id: 0,
        time: 1.8e9,
        opinion,
        log: "conn".into(),
        record: name.into(),
        ts: None,
        note: "because".into(),
        matches: model.logs[0].matches(&bits(model, row), &|_| "a value".into()),
    }
}

fn marked(model: &Model, row: &RecordBuf, times: usize, opinion: Opinion) -> Model {
    let mut out = model.clone();
    let marks = (0..times).map(|i| mark_of(model, row, &format!("C{i}"), opinion));
    for result in out.mark(marks.collect()) {
        result.unwrap();
    }
    out
}

fn raw(model: &Model, row: &RecordBuf) -> f64 {
    model.logs[0]
        .judge(&bits(model, row), false, &mut Scratch::default())
        .raw
}

/// Whether `a` moves not at all, or, where a forest shares out what makes a row strange
/// among all its features, by far less than `b`.
fn moves_less(before: &Model, after: &Model, a: &RecordBuf, b: &RecordBuf) -> bool {
    let moved = |r| (raw(after, r) - raw(before, r)).abs();
    match before.logs[0].detector_name() {
        "rarity" => moved(a) == 0.0,
        _ => moved(a) < 0.5 * moved(b),
    }
}

/// The detectors to which a new port is something: a time series is of numbers.
fn see_categories() -> impl Iterator<Item = DetectorKind> {
    let all = DetectorKind::ALL.into_iter();
    all.filter(|d| *d != DetectorKind::TimeSeries)
}

#[test]
fn a_false_mark_damps_what_is_like_it_and_leaves_what_else_is_strange() {
    for detector in see_categories() {
        let before = model(detector);
        let after = marked(&before, &row(1, NEW_PORT, 300, "SF"), 1, Opinion::False);
        let like = row(5, NEW_PORT, 310, "SF");
        let more = row(5, NEW_PORT, 1 << 40, "S1");
        let other = row(5, 443, 1 << 40, "S1");
        let usual = row(5, 443, 300, "SF");
        assert!(raw(&after, &like) < raw(&before, &like), "{detector:?}");
        for same in [&other, &usual] {
            assert!(moves_less(&before, &after, same, &like), "{detector:?}");
        }
        // The port is forgiven at most; the rest is as strange as without it.
        assert!(raw(&after, &more) > raw(&after, &like), "{detector:?}");
        if detector == DetectorKind::Rarity {
            let lost = |r| raw(&before, r) - raw(&after, r);
            assert!(lost(&more) <= lost(&like) + 1e-9);
            assert!(raw(&after, &more) > 0.9 * raw(&before, &other));
        }
    }
}

#[test]
fn a_true_mark_raises_what_is_like_it_only() {
    for detector in see_categories() {
        let before = model(detector);
        let after = marked(&before, &row(1, NEW_PORT, 300, "SF"), 1, Opinion::True);
        let (like, usual) = (row(5, NEW_PORT, 310, "SF"), row(5, 443, 300, "SF"));
        assert!(raw(&after, &like) > raw(&before, &like), "{detector:?}");
        assert!(moves_less(&before, &after, &usual, &like), "{detector:?}");
    }
}

#[test]
fn marks_strengthen_one_another_up_to_a_bound() {
    let before = model(DetectorKind::Rarity);
    let seen = row(1, NEW_PORT, 300, "SF");
    let at = |n| raw(&marked(&before, &seen, n, Opinion::False), &seen);
    let (none, one, two, many, more) = (raw(&before, &seen), at(1), at(2), at(20), at(200));
    assert!(none > one && one > two && two > many);
    assert!((many - more).abs() < 1e-9, "bounded");
    let ordinary = before.logs[0].calibration.raw_at(0.5);
    assert!(more > ordinary, "still told from ordinary rows");
}

#[test]
fn taking_all_back_gives_the_same_bytes() {
    for detector in DetectorKind::ALL {
        let before = model(detector);
        let bytes = before.to_bytes().unwrap();
        let mut after = marked(&before, &row(1, NEW_PORT, 300, "SF"), 3, Opinion::False);
        let with = after.to_bytes().unwrap();
        let read = Model::from_bytes(&with, Path::new("m.zam")).unwrap();
        assert_eq!(read.marks(), after.marks());
        let like = row(5, NEW_PORT, 310, "SF");
        assert_eq!(raw(&read, &like), raw(&after, &like));
        assert_eq!(read.to_bytes().unwrap(), with);

        assert_eq!(after.undo_marks(&[2, 77]), 1);
        assert_ne!(after.to_bytes().unwrap(), bytes);
        assert_eq!(after.undo_marks(&[1, 3]), 2);
        assert_eq!(after.to_bytes().unwrap(), bytes);
        assert_eq!(raw(&after, &like), raw(&before, &like));
    }
}

#[test]
fn both_doors_say_which_mark_moved_a_score() {
    let before = model(DetectorKind::Rarity);
    let after = marked(&before, &row(1, NEW_PORT, 300, "SF"), 1, Opinion::False);
    let like = row(5, NEW_PORT, 310, "SF");
    let mut engine = Engine::new(Arc::new(after.clone()), Limits::default());
    let binding = engine.bind(&conn_schema());
    let mut why = Vec::new();
    let verdict = engine
        .observe(&binding, &like.record(), 0.0, &mut why)
        .unwrap();
    let moved = verdict.feedback.unwrap();
    let unmarked = live_scores(before, std::slice::from_ref(&like))[0];
    assert_eq!((moved.by, moved.score), (1, unmarked.score));
    assert_eq!(unmarked.feedback, None);
    assert!(verdict.score < unmarked.score);
    let last = why.last().unwrap();
    assert_eq!(
        (last.feature.as_str(), last.value.as_str()),
        ("feedback", "damped by feedback 1")
    );
}

#[test]
fn marks_that_make_no_sense_are_refused() {
    let mut m = model(DetectorKind::Rarity);
    let seen = row(1, NEW_PORT, 300, "SF");
    let good = mark_of(&m, &seen, "C1", Opinion::False);
    let otherwise = Mark {
        opinion: Opinion::True,
        ..good.clone()
    };
    let unknown = Mark {
        log: "dns".into(),
        ..good.clone()
    };
    let empty = Mark {
        matches: Vec::new(),
        record: "C2".into(),
        ..good.clone()
    };
    let results = m.mark(vec![good.clone(), good.clone(), otherwise, unknown, empty]);
    assert_eq!(
        results,
        [
            Ok(1),
            Err(MarkError::Again("false", 1)),
            Err(MarkError::Contradicts("false", 1)),
            Err(MarkError::Unknown),
            Err(MarkError::Ordinary),
        ]
    );
    // What is too long or not safe to print is made so.
    let long = Mark {
        record: "C3".into(),
        note: "\x1b".repeat(5000),
        ..good
    };
    assert_eq!(m.mark(vec![long]), [Ok(2)]);
    let bytes = m.to_bytes().unwrap();
    assert!(Model::from_bytes(&bytes, Path::new("m.zam")).is_ok());
    let many = (0..10_050).map(|i| mark_of(&m, &seen, &format!("D{i}"), Opinion::False));
    let results = m.mark(many.collect());
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 9_998);
    assert_eq!(results.last(), Some(&Err(MarkError::Full)));
}
