use super::*;
use crate::guard::tests::PANIC;
use crate::status::{za_error_free, za_error_message};
use std::ffi::CStr;
use std::ptr;

fn engine() -> *mut za_engine {
    // SAFETY: numbers and pointers, for which zero is valid.
    let mut options: za_options = unsafe { std::mem::zeroed() };
    options.size = size_of::<za_options>();
    let mut engine = ptr::null_mut();
    // SAFETY: everything is there.
    let status = unsafe { za_engine_open(&options, &mut engine, ptr::null_mut()) };
    assert_eq!(status, za_status::Ok);
    engine
}

fn info() -> za_info {
    // SAFETY: numbers and pointers, for which zero is valid.
    let mut info: za_info = unsafe { std::mem::zeroed() };
    info.size = size_of::<za_info>();
    info
}

fn field(name: &str) -> za_field {
    za_field {
        name: za_text::of(name),
        r#type: za_type::Count as u32,
        element: 0,
    }
}

fn bind(engine: *mut za_engine, fields: &[za_field]) -> (za_status, u32) {
    let (mut out, mut watched) = (77, 0);
    // SAFETY: everything is there.
    let status = unsafe {
        za_engine_bind(
            engine,
            za_text::of("x"),
            fields.as_ptr(),
            fields.len(),
            ZA_USE_SCORE | ZA_USE_BEHAVIORS,
            &mut out,
            &mut watched,
            ptr::null_mut(),
        )
    };
    (status, out)
}

#[test]
fn a_panic_becomes_a_status_and_the_engine_is_of_no_more_use() {
    let engine = engine();
    let fields = [field("a")];
    assert_eq!(bind(engine, &fields), (za_status::Ok, 0));

    let mut info = info();
    info.records = 42;
    let mut err = ptr::null_mut();
    PANIC.set(true);
    // SAFETY: everything is there.
    let message = unsafe {
        assert_eq!(
            za_engine_info(engine, &mut info, &mut err),
            za_status::Panic
        );
        let message = CStr::from_ptr(za_error_message(err))
            .to_str()
            .unwrap()
            .to_owned();
        za_error_free(err);
        message
    };
    assert_eq!(message, "a defect in the library: asked to\\x0aby a test");
    assert_eq!(info.records, 42);

    // Nothing panics any more, and the lock is free; what is inside is not trusted.
    assert_eq!(bind(engine, &fields), (za_status::Panic, 77));
    // SAFETY: everything is there.
    unsafe {
        assert_eq!(
            za_engine_info(engine, &mut info, ptr::null_mut()),
            za_status::Panic
        );
        za_engine_close(engine);
    }
}

#[test]
fn a_failed_call_leaves_the_engine_usable() {
    let engine = engine();
    assert_eq!(
        bind(engine, &[field("a"), field("a")]),
        (za_status::Invalid, 77)
    );
    let many = vec![field("a"); ZA_MAX_FIELDS + 1];
    assert_eq!(bind(engine, &many), (za_status::Limit, 77));
    for i in 0..ZA_MAX_BINDINGS {
        assert_eq!(bind(engine, &[field("a")]), (za_status::Ok, i as u32));
    }
    assert_eq!(bind(engine, &[field("a")]), (za_status::Limit, 77));
    let mut info = info();
    // SAFETY: everything is there.
    unsafe {
        assert_eq!(
            za_engine_info(engine, &mut info, ptr::null_mut()),
            za_status::Ok
        );
        za_engine_close(engine);
    }
    assert!(info.model_trained_rows == 0 && info.model_zeek_version.len == 0);
}

#[test]
fn an_engine_may_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<za_engine>();
}
