//! Behaviors through the C ABI: detected alone, in a cluster and after a restart.

mod common;

use common::{addr, bind_for, close, next, number, observe, open_at, real, string, text, text_of};
use std::path::Path;
use std::ptr;
use zeek_anomaly::*;
use zeek_log::FieldType;

/// Columns of the records here: what a scan needs.
const COLUMNS: [(&str, FieldType); 7] = [
    ("ts", FieldType::Time),
    ("uid", FieldType::String),
    ("id.orig_h", FieldType::Addr),
    ("id.resp_h", FieldType::Addr),
    ("id.resp_p", FieldType::Port),
    ("proto", FieldType::Enum),
    ("conn_state", FieldType::String),
];

const NULL: *mut *mut za_error = ptr::null_mut();

fn watch(engine: *mut za_engine, flags: u32, settings: &str) -> Result<(), (za_status, String)> {
    // SAFETY: numbers and pointers, for which zero is valid; everything is there.
    unsafe {
        let mut options: za_behavior_options = std::mem::zeroed();
        options.size = size_of::<za_behavior_options>();
        options.flags = flags;
        options.settings = text_of(settings);
        let mut err = ptr::null_mut();
        let status = za_engine_watch_behaviors(engine, &options, &mut err);
        if status == za_status::Ok {
            return Ok(());
        }
        let message = std::ffi::CStr::from_ptr(za_error_message(err));
        let message = message.to_str().unwrap().to_owned();
        za_error_free(err);
        Err((status, message))
    }
}

/// An engine that detects or packs, and its binding of conn.
fn opened(flags: u32, prefix: &str) -> (*mut za_engine, u32) {
    let engine = open_at(prefix);
    watch(engine, flags, "").unwrap();
    let (binding, watched) = bind_for(engine, "conn", &COLUMNS, ZA_USE_BEHAVIORS);
    assert!(watched);
    (engine, binding)
}

/// A host tries one port of another, the i-th.
fn attempt(engine: *mut za_engine, binding: u32, i: u8) -> u32 {
    let uid = format!("C{i}");
    let values = [
        real(za_kind::Time, 1e9 + f64::from(i)),
        text(&uid),
        addr([10, 0, 0, 5]),
        addr([10, 0, 0, 20 + i]),
        number(za_kind::Port, 22),
        text("tcp"),
        text("REJ"),
    ];
    observe(engine, binding, &values, f64::NAN).waiting
}

/// The behaviors that wait: kind, host, reasons and uids.
fn take(engine: *mut za_engine) -> Vec<(String, String, usize, Vec<String>)> {
    let mut all = Vec::new();
    while let Some(event) = next(engine) {
        assert_eq!(event.kind, za_event_kind::Behavior as u32);
        assert!(event.id > 0);
        // SAFETY: the kind says so, and the library that n_uids are there.
        let (b, uids) = unsafe {
            let b = event.r#as.behavior;
            (b, std::slice::from_raw_parts(b.uids, b.n_uids))
        };
        assert!(b.score > 0.0 && (0.0..=1.0).contains(&b.confidence) && b.first >= 1e9);
        let uids = uids.iter().map(|u| string(*u)).collect();
        all.push((string(b.kind), string(b.host), b.n_reasons, uids));
    }
    all
}

/// The texts of the warnings that wait.
fn warnings(engine: *mut za_engine) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(event) = next(engine) {
        assert_eq!(event.kind, za_event_kind::Warning as u32);
        // SAFETY: the kind says so.
        all.push(string(unsafe { event.r#as.text }));
    }
    all
}

fn tick(engine: *mut za_engine, now: f64) -> za_status {
    // SAFETY: everything is there.
    unsafe { za_engine_tick(engine, now, NULL) }
}

fn save(engine: *mut za_engine) {
    // SAFETY: everything is there.
    assert_eq!(unsafe { za_engine_save(engine, NULL) }, za_status::Ok);
}

/// What a scan of 12 hosts is to an engine that sees all of it.
fn wanted() -> Vec<(String, String, usize, Vec<String>)> {
    let (engine, binding) = opened(0, "");
    for i in 0..12 {
        attempt(engine, binding, i);
    }
    let found = take(engine);
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_str()),
        ("scan_horizontal", "10.0.0.5")
    );
    assert!(found[0].2 > 0 && !found[0].3.is_empty());
    close(engine);
    found
}

#[test]
fn records_that_one_process_packs_are_the_same_to_another() {
    let (packs, binding) = opened(ZA_BEHAVIORS_PACK, "");
    let (detects, _) = opened(0, "");
    assert!(!bind_for(packs, "stats", &COLUMNS, ZA_USE_BEHAVIORS).1);
    for i in 0..12 {
        assert_eq!(attempt(packs, binding, i), 0);
    }
    // A batch that is not full goes at the next tick.
    assert!(next(packs).is_none());
    assert_eq!(tick(packs, 1e9), za_status::Ok);
    let event = next(packs).unwrap();
    assert_eq!(event.kind, za_event_kind::Batch as u32);
    // SAFETY: the kind says so; everything is there.
    unsafe {
        let batch = event.r#as.batch;
        assert_eq!(batch.records, 12);
        let unpack = |engine, len| za_engine_unpack(engine, batch.data, len, NULL);
        assert_eq!(unpack(detects, batch.len), za_status::Ok);
        assert_eq!(unpack(detects, 1), za_status::Invalid);
        assert_eq!(unpack(packs, batch.len), za_status::Invalid);
    }
    assert_eq!(take(detects), wanted());
    [packs, detects].into_iter().for_each(close);
}

#[test]
fn state_and_its_secret_seed_survive_a_restart() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("not yet/there").display().to_string();
    let (first, binding) = opened(0, &prefix);
    for i in 0..3 {
        assert_eq!(attempt(first, binding, i), 0);
    }
    save(first);
    let seed = format!("{prefix}.seed");
    let text = std::fs::read_to_string(&seed).unwrap();
    assert_ne!(u64::from_str_radix(text.trim(), 16).unwrap(), 0);
    let mode = std::fs::metadata(&seed).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let (second, binding) = opened(0, &prefix);
    for i in 3..12 {
        attempt(second, binding, i);
    }
    assert_eq!(take(second), wanted());
    assert_eq!(std::fs::read_to_string(&seed).unwrap(), text);

    // Saved in steps as time passes, too.
    std::fs::remove_file(format!("{prefix}.state")).unwrap();
    for i in 0..200 {
        assert_eq!(tick(second, 1e9 + 2.0 * f64::from(i)), za_status::Ok);
        if Path::new(&format!("{prefix}.state")).exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(Path::new(&format!("{prefix}.state")).exists());

    // State without its seed, or damaged, is not used, and a warning reports it.
    std::fs::remove_file(&seed).unwrap();
    let (third, _) = opened(0, &prefix);
    let said = warnings(third);
    assert!(said.iter().any(|w| w.contains("learned anew")), "{said:?}");
    std::fs::write(format!("{prefix}.state"), b"ZEEKHUNT and nothing more").unwrap();
    let (fourth, _) = opened(0, &prefix);
    let said = warnings(fourth);
    assert!(
        said[0].starts_with("not using the saved state of hosts: "),
        "{said:?}"
    );
    [first, second, third, fourth].into_iter().for_each(close);
}

#[test]
fn an_allowlist_is_read_again_when_it_changes_and_one_with_a_mistake_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("allow");
    std::fs::write(&file, "10.0.0.6\n").unwrap();
    let path = file.display().to_string();
    let engine = open_at("");
    // SAFETY: numbers and pointers, for which zero is valid; everything is there.
    unsafe {
        let mut options: za_behavior_options = std::mem::zeroed();
        options.size = size_of::<za_behavior_options>();
        options.allow_path = text_of(&path);
        let status = za_engine_watch_behaviors(engine, &options, NULL);
        assert_eq!(status, za_status::Ok);
    }
    std::fs::write(&file, "10.0.0.0/99, a mistake\n").unwrap();
    assert_eq!(tick(engine, 1e9), za_status::Ok);
    let said = warnings(engine);
    assert!(
        said[0].starts_with("keeping the current allowlist: "),
        "{said:?}"
    );
    assert_eq!(tick(engine, 1e9 + 1.0), za_status::Ok);
    assert!(next(engine).is_none(), "said twice");
    close(engine);
}

#[test]
fn settings_that_are_not_valid_are_refused_and_named() {
    let engine = open_at("");
    let (status, message) = watch(engine, 0, "scan.nonsense=1").unwrap_err();
    assert_eq!(status, za_status::Invalid);
    assert!(message.contains("scan.nonsense"), "{message}");
    watch(engine, 0, "scan.threshold=5").unwrap();
    let (_, message) = watch(engine, 0, "").unwrap_err();
    assert!(message.contains("already"), "{message}");
    close(engine);
}
