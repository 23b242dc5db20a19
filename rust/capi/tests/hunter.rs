//! A hunter through the C ABI: what it finds, alone and in parts, and what it refuses.

mod common;

use std::ffi::c_char;
use std::path::Path;
use std::ptr;
use zeek_anomaly::*;

/// Columns of the records here: what a scan needs.
const NAMES: [(&str, za_type); 7] = [
    ("ts", za_type::Time),
    ("uid", za_type::String),
    ("id.orig_h", za_type::Addr),
    ("id.resp_h", za_type::Addr),
    ("id.resp_p", za_type::Port),
    ("proto", za_type::Enum),
    ("conn_state", za_type::String),
];

fn open(flags: u32, state: &Path) -> *mut za_hunter {
    let state = state.display().to_string();
    let none = ptr::null();
    let options = za_hunter_options {
        size: size_of::<za_hunter_options>(),
        memory: 0,
        seed: 7,
        flags,
        local_nets: none,
        local_nets_len: 0,
        settings: none,
        settings_len: 0,
        usual_path: none,
        usual_path_len: 0,
        allow_path: none,
        allow_path_len: 0,
        state_path: state.as_ptr().cast(),
        state_path_len: state.len(),
    };
    let mut hunter = ptr::null_mut();
    // SAFETY: everything is there.
    let status = unsafe { za_hunter_open(&options, &mut hunter, ptr::null_mut()) };
    assert_eq!(status, za_status::Ok);
    hunter
}

fn bind(hunter: *mut za_hunter, log: &str) -> (u32, u32) {
    let field = |(name, ty): &(&str, za_type)| za_field {
        name: name.as_ptr().cast(),
        name_len: name.len(),
        r#type: *ty as u32,
        element: 0,
    };
    let fields: Vec<za_field> = NAMES.iter().map(field).collect();
    let (mut binding, mut wanted) = (0, 0);
    let name = log.as_ptr().cast::<c_char>();
    // SAFETY: everything is there.
    let status = unsafe {
        za_hunter_bind(
            hunter,
            name,
            log.len(),
            fields.as_ptr(),
            fields.len(),
            &mut binding,
            &mut wanted,
            ptr::null_mut(),
        )
    };
    assert_eq!(status, za_status::Ok);
    (binding, wanted)
}

/// A host tries one port of many: `i` of them.
fn observe(hunter: *mut za_hunter, binding: u32, i: u8) -> usize {
    let uid = format!("C{i}");
    let text = |t: &str| za_value {
        kind: za_kind::Text as u32,
        len: t.len() as u32,
        r#as: za_data { bytes: t.as_ptr() },
    };
    let addr = |last: u8| {
        let mut addr = [0; 16];
        addr[..4].copy_from_slice(&[10, 0, 0, last]);
        za_value {
            kind: za_kind::Addr as u32,
            len: 4,
            r#as: za_data { addr },
        }
    };
    let values = [
        za_value {
            kind: za_kind::Time as u32,
            len: 0,
            r#as: za_data {
                real: 1e9 + f64::from(i),
            },
        },
        text(&uid),
        addr(5),
        addr(20 + i),
        za_value {
            kind: za_kind::Port as u32,
            len: 0,
            r#as: za_data { count: 22 },
        },
        text("tcp"),
        text("REJ"),
    ];
    let mut waiting = 0;
    let null = ptr::null_mut();
    // SAFETY: everything is there.
    let status = unsafe {
        za_hunter_observe(
            hunter,
            binding,
            values.as_ptr(),
            values.len(),
            &mut waiting,
            null,
        )
    };
    assert_eq!(status, za_status::Ok);
    waiting
}

fn text(t: za_text) -> String {
    if t.data.is_null() {
        return String::new();
    }
    // SAFETY: the library says that they are there.
    let bytes = unsafe { std::slice::from_raw_parts(t.data.cast::<u8>(), t.len) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The findings: kind, host, reasons and uids.
fn take(hunter: *mut za_hunter) -> Vec<(String, String, usize, Vec<String>)> {
    let mut all = Vec::new();
    loop {
        // SAFETY: numbers and pointers, for which zero is valid; everything is there.
        let (status, f) = unsafe {
            let mut f: za_finding = std::mem::zeroed();
            f.size = size_of::<za_finding>();
            let status = za_hunter_take(hunter, &mut f, ptr::null_mut());
            (status, f)
        };
        assert_eq!(status, za_status::Ok);
        if f.taken == 0 {
            return all;
        }
        assert!(f.score > 0.0 && (0.0..=1.0).contains(&f.confidence) && f.first >= 1e9);
        // SAFETY: the library says that they are there.
        let uids = unsafe { std::slice::from_raw_parts(f.uids, f.n_uids) };
        let uids = uids.iter().map(|u| text(*u)).collect();
        all.push((text(f.kind), text(f.host), f.n_reasons, uids));
    }
}

#[test]
fn a_scan_is_found_at_once_in_parts_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let none = dir.path().join("none");
    let whole = open(0, &none);
    let (binding, wanted) = bind(whole, "conn");
    assert_eq!((binding, wanted), (0, 1));
    assert_eq!(bind(whole, "stats").1, 0);
    for i in 0..12 {
        observe(whole, binding, i);
    }
    let found = take(whole);
    assert_eq!(found[0].0, "scan_horizontal");
    assert_eq!(found[0].1, "10.0.0.5");
    assert!(found[0].2 > 0 && !found[0].3.is_empty());

    // One packs, another unpacks.
    let (packs, unpacks) = (open(ZA_HUNTER_PACKS, &none), open(0, &none));
    let (binding, _) = bind(packs, "conn");
    for i in 0..12 {
        assert_eq!(observe(packs, binding, i), 0);
    }
    // SAFETY: numbers and pointers, for which zero is valid; everything is there.
    unsafe {
        let mut batch: za_batch = std::mem::zeroed();
        batch.size = size_of::<za_batch>();
        let null = ptr::null_mut();
        assert_eq!(
            za_hunter_take_batch(packs, 0, &mut batch, null),
            za_status::Ok
        );
        assert_eq!(batch.records, 0);
        assert_eq!(
            za_hunter_take_batch(packs, 1, &mut batch, null),
            za_status::Ok
        );
        assert_eq!(batch.records, 12);
        let mut waiting = 0;
        let status = za_hunter_unpack(unpacks, batch.data, batch.len, &mut waiting, null);
        assert_eq!((status, waiting > 0), (za_status::Ok, true));
        // Damage is refused.
        let status = za_hunter_unpack(unpacks, batch.data, 1, &mut waiting, null);
        assert_eq!(status, za_status::Invalid);
        // What is for the other role is refused.
        assert_eq!(
            za_hunter_tick(packs, 1e9, &mut waiting, null),
            za_status::Invalid
        );
        let status = za_hunter_take_batch(unpacks, 1, &mut batch, null);
        assert_eq!(status, za_status::Invalid);
    }
    assert_eq!(take(unpacks), found);

    // Half of it, a restart, and the other half.
    let state = dir.path().join("state");
    let first = open(0, &state);
    let (binding, _) = bind(first, "conn");
    for i in 0..3 {
        assert_eq!(observe(first, binding, i), 0);
    }
    let path = state.display().to_string();
    // SAFETY: everything is there.
    unsafe {
        let status = za_hunter_save(first, path.as_ptr().cast(), path.len(), ptr::null_mut());
        assert_eq!(status, za_status::Ok);
    }
    let second = open(0, &state);
    let (binding, _) = bind(second, "conn");
    for i in 3..12 {
        observe(second, binding, i);
    }
    assert_eq!(take(second), found);
    for h in [whole, packs, unpacks, first, second] {
        // SAFETY: each was opened, and is closed once.
        unsafe { za_hunter_close(h) };
    }
}

#[test]
fn null_and_nonsense_are_refused() {
    let null = ptr::null_mut();
    // SAFETY: NULL is allowed everywhere.
    unsafe {
        za_hunter_close(null);
        assert_eq!(
            za_hunter_open(ptr::null(), null.cast(), null.cast()),
            za_status::Null
        );
        let mut n = 0;
        assert_eq!(
            za_hunter_tick(null, 0.0, &mut n, null.cast()),
            za_status::Null
        );
        assert_eq!(
            za_hunter_take(null, null.cast(), null.cast()),
            za_status::Null
        );
    }
    let settings = "scan.nonsense=1";
    // SAFETY: numbers and pointers, for which zero is valid; everything is there.
    unsafe {
        let mut options: za_hunter_options = std::mem::zeroed();
        options.size = size_of::<za_hunter_options>();
        options.settings = settings.as_ptr().cast();
        options.settings_len = settings.len();
        let (mut hunter, mut err) = (ptr::null_mut(), ptr::null_mut());
        let status = za_hunter_open(&options, &mut hunter, &mut err);
        assert_eq!((status, hunter.is_null()), (za_status::Invalid, true));
        let message = std::ffi::CStr::from_ptr(za_error_message(err))
            .to_str()
            .unwrap();
        assert!(message.contains("scan.nonsense"), "{message}");
        za_error_free(err);
    }
}
