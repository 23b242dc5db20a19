//! What an engine says through the C ABI is what it says in Rust, and costs no memory.

mod common;

use common::{CONN, Conn, HTTP, bind, close, conn_schema, model, next, observe, open, string};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use zeek_anomaly::{za_event_kind, za_value};
use zeek_anomaly_engine::{Engine, Limits};
use zeek_log::RecordBuf;

/// Counts what the thread that asks for it allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller says.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_warm_engine_allocates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    model().save(&path).unwrap();
    let engine = open(&path);
    let conn = bind(engine, "conn", CONN);
    let http = bind(engine, "http", HTTP);

    let conns: Vec<Conn> = (0..3_000)
        .map(|n| {
            if n % 50 == 7 {
                Conn::strange(n)
            } else {
                Conn::usual(n)
            }
        })
        .collect();
    let values: Vec<(Vec<za_value>, Vec<za_value>)> =
        conns.iter().map(|c| (c.http(), c.values())).collect();
    let run = || {
        for (of_http, of_conn) in &values {
            observe(engine, http, of_http, f64::NAN);
            observe(engine, conn, of_conn, f64::NAN);
        }
    };
    run();
    let before = ALLOCATIONS.get();
    run();
    assert_eq!(ALLOCATIONS.get() - before, 0);

    let before = ALLOCATIONS.get();
    let explained = observe(engine, conn, &Conn::strange(1).values(), 0.0);
    assert!(explained.waiting == 1 && ALLOCATIONS.get() > before);
    close(engine);
}

#[test]
fn scores_and_reasons_are_those_of_the_engine() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    let model = model();
    model.save(&path).unwrap();
    let mut own = Engine::new(Arc::new(model), Limits::default());
    let own_binding = own.bind(&conn_schema());
    let engine = open(&path);
    let binding = bind(engine, "conn", CONN);

    let mut record = RecordBuf::new();
    let mut reasons = Vec::new();
    let mut explained = 0;
    for n in 0..500 {
        let conn = if n % 9 == 4 {
            Conn::strange(n)
        } else {
            Conn::usual(n)
        };
        conn.fill(&mut record);
        let wanted = own
            .observe(&own_binding, &record.record(), 2.0, &mut reasons)
            .unwrap();
        let got = observe(engine, binding, &conn.values(), 2.0);
        assert_eq!(got.scored, 1);
        assert_eq!(got.score, wanted.score);
        assert_eq!(got.waiting, u32::from(wanted.score >= 2.0));
        let Some(event) = next(engine) else {
            assert!(reasons.is_empty());
            continue;
        };
        assert_eq!(event.kind, za_event_kind::Anomaly as u32);
        // SAFETY: the kind says so.
        let a = unsafe { event.r#as.anomaly };
        assert_eq!((a.score, a.raw), (wanted.score, wanted.raw));
        let id = own.found().map(|f| f.identity.id);
        assert_eq!((Some(a.finding), a.n_reasons), (id, reasons.len()));
        for (i, r) in reasons.iter().enumerate() {
            // SAFETY: there are n_reasons, and they stay until the next event.
            let g = unsafe { &*a.reasons.add(i) };
            assert_eq!((string(g.feature), g.share), (r.feature.clone(), r.share));
        }
        explained += reasons.len();
    }
    assert!(explained > 0);
    close(engine);
}
