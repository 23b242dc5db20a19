//! What an engine keeps in files and takes from them while it runs, through the C ABI.

mod common;

use common::{CONN, Conn, bind, model, observe, open};
use std::path::Path;
use std::ptr;
use std::time::{Duration, Instant};
use zeek_anomaly::*;

const NULL: *mut *mut za_error = ptr::null_mut();

fn set_alerts(engine: *mut za_engine, per_day: f64) {
    // SAFETY: numbers and pointers, for which zero is valid.
    let mut options: za_alert_options = unsafe { std::mem::zeroed() };
    options.size = size_of::<za_alert_options>();
    (options.per_day, options.threshold, options.behaviors) = (per_day, 3.0, 1);
    // SAFETY: everything is there.
    let status = unsafe { za_engine_set_alerts(engine, &options, NULL) };
    assert_eq!(status, za_status::Ok);
}

/// What becomes of a beacon of a host.
fn beacon(engine: *mut za_engine, id: u64, ts: f64) -> za_alert {
    let kind = "beacon";
    let mut host = [0; 16];
    host[..4].copy_from_slice(&[10, 0, 0, 1]);
    let behavior = za_behavior {
        size: size_of::<za_behavior>(),
        kind: kind.as_ptr().cast(),
        kind_len: kind.len(),
        id,
        records: 12,
        score: 5.0,
        ts,
        host,
        host_len: 4,
    };
    // SAFETY: as above.
    let mut alert: za_alert = unsafe { std::mem::zeroed() };
    alert.size = size_of::<za_alert>();
    // SAFETY: everything is there.
    let status = unsafe { za_engine_alert_behavior(engine, &behavior, &mut alert, NULL) };
    assert_eq!(status, za_status::Ok);
    alert
}

fn without_model() -> *mut za_engine {
    let options = za_options {
        size: size_of::<za_options>(),
        model_path: ptr::null(),
        model_path_len: 0,
        max_connections: 0,
        flags: ZA_ENGINE_WITHOUT_MODEL,
    };
    let mut engine = ptr::null_mut();
    // SAFETY: everything is there.
    let status = unsafe { za_engine_open(&options, &mut engine, NULL) };
    assert_eq!(status, za_status::Ok);
    engine
}

fn close(engine: *mut za_engine) {
    // SAFETY: it is open, and used no more.
    unsafe { za_engine_close(engine) }
}

fn path_of(path: &Path) -> (*const std::ffi::c_char, usize) {
    let text = path.to_str().unwrap();
    (text.as_ptr().cast(), text.len())
}

/// Calls until the state is known, as Zeek's scripts do.
fn reload(engine: *mut za_engine, path: &Path) -> Result<u32, za_status> {
    let (at, len) = path_of(path);
    let begun = Instant::now();
    loop {
        let mut state = 77;
        // SAFETY: everything is there.
        let status = unsafe { za_engine_reload(engine, at, len, &mut state, NULL) };
        if status != za_status::Ok {
            return Err(status);
        }
        if state != za_reload::Reading as u32 {
            return Ok(state);
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "never read");
        std::thread::yield_now();
    }
}

#[test]
fn a_budget_for_behaviors_needs_no_model_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alerts.state");
    let (at, len) = path_of(&file);
    let engine = without_model();
    set_alerts(engine, 5.0);
    // SAFETY: everything is there.
    unsafe {
        assert_eq!(
            za_engine_resume_alerts(engine, at, len, NULL),
            za_status::Ok
        );
        assert_eq!(za_engine_tick(engine, 1.7e9, NULL), za_status::Ok);
    }
    assert_eq!(beacon(engine, 1, 1.7e9).fate, za_fate::Alert as u32);
    // SAFETY: everything is there.
    unsafe {
        assert_eq!(
            za_engine_save_alerts(engine, at, len, 0, NULL),
            za_status::Ok
        );
        assert_eq!(
            za_engine_save_alerts(engine, at, len, 1, NULL),
            za_status::Ok
        );
    }
    close(engine);

    let engine = without_model();
    set_alerts(engine, 5.0);
    // SAFETY: everything is there.
    let resumed = unsafe { za_engine_resume_alerts(engine, at, len, NULL) };
    assert_eq!(resumed, za_status::Ok);
    let again = beacon(engine, 1, 1.7e9 + 60.0);
    assert_eq!(
        (again.fate, again.alerts_today),
        (za_fate::Counted as u32, 1)
    );
    close(engine);

    std::fs::write(&file, b"ZEEKALRT and nothing more").unwrap();
    let engine = without_model();
    set_alerts(engine, 5.0);
    // SAFETY: everything is there.
    let resumed = unsafe { za_engine_resume_alerts(engine, at, len, NULL) };
    assert_eq!(resumed, za_status::ModelRefused);
    assert_eq!(beacon(engine, 1, 1.7e9).fate, za_fate::Alert as u32);
    close(engine);
}

#[test]
fn another_model_is_taken_while_records_go_on_and_a_bad_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    model().save(&path).unwrap();
    let engine = open(&path);
    let conn = bind(engine, "conn", CONN);
    set_alerts(engine, 5.0);
    let odd = Conn::strange(7);
    let before = observe(engine, conn, &odd.values(), 0.0);
    assert_eq!(before.scored, 1);
    assert_eq!(reload(engine, &path), Ok(za_reload::Unchanged as u32));

    // Bad: said once, and the old one goes on.
    std::fs::write(&path, b"ZEEKANOM and nothing more").unwrap();
    assert_eq!(reload(engine, &path), Err(za_status::ModelRefused));
    assert_eq!(reload(engine, &path), Ok(za_reload::Unchanged as u32));
    assert_eq!(
        observe(engine, conn, &odd.values(), 0.0).score,
        before.score
    );

    // Gone: the same.
    std::fs::remove_file(&path).unwrap();
    assert_eq!(reload(engine, &path), Err(za_status::ModelIo));
    assert_eq!(
        observe(engine, conn, &odd.values(), 0.0).score,
        before.score
    );

    // Another file, and bindings of before hold; alerts too.
    beacon(engine, 1, 1.7e9);
    let other = dir.path().join("other");
    model().save(&other).unwrap();
    assert_eq!(reload(engine, &other), Ok(za_reload::Taken as u32));
    assert_eq!(
        observe(engine, conn, &odd.values(), 0.0).score,
        before.score
    );
    assert_eq!(beacon(engine, 1, 1.7e9 + 9.0).fate, za_fate::Counted as u32);
    close(engine);

    // An engine without one takes one that comes.
    let engine = without_model();
    let conn = bind(engine, "conn", CONN);
    assert_eq!(observe(engine, conn, &odd.values(), 0.0).scored, 0);
    assert_eq!(reload(engine, &path), Ok(za_reload::Unchanged as u32));
    assert_eq!(reload(engine, &other), Ok(za_reload::Taken as u32));
    assert_eq!(
        observe(engine, conn, &odd.values(), 0.0).score,
        before.score
    );
    close(engine);
}
