//! Alerts and models over time, through the C ABI.

mod common;

use common::{
    CONN, Conn, bind, bind_for, close, configure, decide, model, next, observe, open, open_at,
    string, text_of,
};
use std::path::Path;
use std::ptr;
use std::time::{Duration, Instant};
use zeek_anomaly::*;

const NULL: *mut *mut za_error = ptr::null_mut();

/// The disposition of an odd connection of a host, and what it counts.
fn odd(engine: *mut za_engine, binding: u32, n: u64) -> za_decision {
    let result = observe(engine, binding, &Conn::strange(n).values(), 0.0);
    assert_eq!((result.scored, result.waiting), (1, 1));
    let event = next(engine).unwrap();
    assert_eq!(event.kind, za_event_kind::Anomaly as u32);
    decide(engine, event.id).unwrap()
}

/// Lets time pass until there is an event.
fn event_in_time(engine: *mut za_engine) -> za_event {
    let begun = Instant::now();
    for second in 0.. {
        // SAFETY: everything is there.
        let status = unsafe { za_engine_tick(engine, 1.8e9 + f64::from(second), NULL) };
        assert_eq!(status, za_status::Ok);
        if let Some(event) = next(engine) {
            return event;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "no event");
        std::thread::sleep(Duration::from_millis(2));
    }
    unreachable!("an endless loop")
}

/// Nothing happens for a while.
fn is_quiet(engine: *mut za_engine) {
    for second in 0..20 {
        // SAFETY: everything is there.
        let status = unsafe { za_engine_tick(engine, 1.9e9 + f64::from(second), NULL) };
        assert_eq!(status, za_status::Ok);
        assert!(next(engine).is_none());
    }
}

fn is_warned(engine: *mut za_engine, words: &str) {
    let event = event_in_time(engine);
    assert_eq!(event.kind, za_event_kind::Warning as u32);
    // SAFETY: the kind says so.
    let text = string(unsafe { event.r#as.text });
    assert!(text.contains(words), "{text}");
}

fn is_loaded(engine: *mut za_engine, path: &Path) {
    let event = event_in_time(engine);
    assert_eq!(event.kind, za_event_kind::ModelLoaded as u32);
    // SAFETY: the kind says so.
    let text = string(unsafe { event.r#as.text });
    assert_eq!(text, path.display().to_string());
}

fn load(engine: *mut za_engine, path: &Path, wait: u32) -> za_status {
    let path = path.display().to_string();
    // SAFETY: everything is there.
    unsafe { za_engine_load_model(engine, text_of(&path), wait, NULL) }
}

#[test]
fn a_budget_goes_on_after_a_restart_and_damaged_state_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    model().save(&path).unwrap();
    let prefix = dir.path().join("node").display().to_string();
    let opened = || {
        let engine = open_at(&prefix);
        assert_eq!(load(engine, &path, 1), za_status::Ok);
        configure(engine, 5.0);
        (engine, bind(engine, "conn", CONN))
    };
    let (engine, binding) = opened();
    assert!(next(engine).is_none());
    let d = odd(engine, binding, 1);
    assert_eq!(
        (d.disposition, d.records),
        (za_disposition::Raised as u32, 1)
    );
    // SAFETY: everything is there.
    assert_eq!(unsafe { za_engine_save(engine, NULL) }, za_status::Ok);
    close(engine);

    let (engine, binding) = opened();
    let d = odd(engine, binding, 2);
    let disposition = za_disposition::Aggregated as u32;
    assert_eq!(
        (d.disposition, d.records, d.raised_today),
        (disposition, 2, 1)
    );
    close(engine);

    std::fs::write(format!("{prefix}.alerts"), b"ZEEKALRT and nothing more").unwrap();
    let (engine, binding) = opened();
    is_warned(engine, "not using the saved state of alerts: ");
    let d = odd(engine, binding, 3);
    assert_eq!(d.disposition, za_disposition::Raised as u32);
    close(engine);
}

#[test]
fn an_event_is_decided_once_by_its_id_in_any_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    model().save(&path).unwrap();
    let engine = open(&path);
    configure(engine, 5.0);
    let binding = bind(engine, "conn", CONN);
    for n in 1..=3 {
        let waiting = observe(engine, binding, &Conn::strange(n).values(), 0.0).waiting;
        assert_eq!(u64::from(waiting), n);
    }
    let ids: Vec<u64> = std::iter::from_fn(|| next(engine)).map(|e| e.id).collect();
    // The first is exempt: it is never decided, and counts nowhere.
    let last = decide(engine, ids[2]).unwrap();
    assert_eq!(
        (last.disposition, last.records),
        (za_disposition::Raised as u32, 1)
    );
    let second = decide(engine, ids[1]).unwrap();
    assert_eq!(second.disposition, za_disposition::Aggregated as u32);
    assert_eq!((second.finding, second.records), (last.finding, 2));
    for id in [0, ids[1], ids[2], ids[2] + 1, u64::MAX] {
        assert_eq!(decide(engine, id).err(), Some(za_status::Invalid));
    }
    close(engine);
}

#[test]
fn another_model_is_taken_while_records_go_on_and_a_bad_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    model().save(&path).unwrap();
    let engine = open(&path);
    let conn = bind(engine, "conn", CONN);
    configure(engine, 5.0);
    let score = |engine, conn| observe(engine, conn, &Conn::strange(7).values(), f64::NAN);
    let before = score(engine, conn);
    assert_eq!(before.scored, 1);
    is_quiet(engine);

    // Bad: said once, and the old one goes on.
    std::fs::write(&path, b"ZEEKANOM and nothing more").unwrap();
    is_warned(engine, "keeping the current model: ");
    is_quiet(engine);
    assert_eq!(score(engine, conn).score, before.score);

    // Gone: the same.
    std::fs::remove_file(&path).unwrap();
    is_warned(engine, "keeping the current model: ");
    is_quiet(engine);
    assert_eq!(score(engine, conn).score, before.score);

    // Another file: bindings, alerts and events of before hold.
    assert_eq!(
        odd(engine, conn, 1).disposition,
        za_disposition::Raised as u32
    );
    observe(engine, conn, &Conn::strange(2).values(), 0.0);
    let waiting = next(engine).unwrap();
    let other = dir.path().join("other");
    model().save(&other).unwrap();
    assert_eq!(load(engine, &other, 0), za_status::Ok);
    is_loaded(engine, &other);
    assert_eq!(score(engine, conn).score, before.score);
    let d = decide(engine, waiting.id).unwrap();
    assert_eq!(
        (d.disposition, d.records),
        (za_disposition::Aggregated as u32, 2)
    );
    close(engine);
}

#[test]
fn an_engine_without_a_model_takes_one_that_comes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    let engine = open_at("");
    assert_eq!(load(engine, &path, 1), za_status::Io);
    let uses = ZA_USE_SCORE | ZA_USE_BEHAVIORS;
    let (conn, watched) = bind_for(engine, "conn", CONN, uses);
    assert!(watched);
    assert_eq!(
        observe(engine, conn, &Conn::strange(7).values(), 0.0).scored,
        0
    );
    is_quiet(engine);
    model().save(&path).unwrap();
    is_loaded(engine, &path);
    assert_eq!(
        observe(engine, conn, &Conn::strange(7).values(), 0.0).scored,
        1
    );
    close(engine);
}
