//! zeek-anomaly: scores Zeek's log records with a trained model.
//!
//! One engine is opened with a model. The columns of each log are bound to it
//! once, names and types; after that a record is only its values, borrowed
//! from the caller for the time of the call.
//!
//! A hunter is what takes time to see: beacons, scans, guessing, and the hosts that they
//! are about. It needs no model, looks at the same records, and hands out findings.
//! In a cluster a hunter that packs stands where records are seen, and sends batches to
//! those that keep state.
//!
//! Status: every function that can fail returns a za_status, and says more in
//! a za_error if the caller wants one. Pass NULL for err, or the address of a
//! pointer; it is written on failure only, and the caller frees what it got with
//! za_error_free.
//!
//! Outputs: written on success only.
//!
//! Ownership: za_engine_open makes an engine, za_engine_close frees it;
//! za_error_free frees an error. Nothing else is ever to be freed. What is
//! passed in is borrowed until the call returns; what is handed out belongs to
//! the library, and each function says for how long it stays.
//!
//! NULL: where something has to be, NULL gives ZA_STATUS_NULL; the functions that
//! free do nothing. A pointer that its type's alignment forbids gives
//! ZA_STATUS_INVALID. Any other pointer has to be good for what it is said
//! to point to; no library could check that.
//!
//! Text: bytes and a length, in both directions, without a NUL at the end
//! unless it is said. Names have to be UTF-8; a record's texts may be any bytes.
//! What is handed out is UTF-8 without control characters: safe to print.
//!
//! Sizes: a struct that begins with a size is filled in by whoever was compiled
//! with it. A caller with an older, shorter struct and one with a newer, longer
//! struct are both served; beyond the shorter of the two nothing is read or
//! written. More than 4096 is taken for garbage.
//!
//! Threads: an engine carries its own lock, so any thread may call with it, and
//! calls from several wait for one another. But the reasons in a
//! za_result stay only until the next za_engine_observe on that engine:
//! threads that share an engine and want reasons need a lock of their own.
//! Closing must be the last call; it waits for files that are still being written. Threads that
//! the library starts block no signals: start them where signals are blocked if another thread
//! is to get them. An error belongs to one thread at a time.
//! There is no other state: two engines know nothing of each other.
//!
//! Panics: a defect of the library does not unwind into the caller; it gives
//! ZA_STATUS_PANIC, and every later call with that engine does so too. The
//! process's panic hook is left as it is. Memory that is exhausted aborts the
//! process, as everywhere in Rust.
//!
//! Version: compare za_abi_version() with ZA_ABI_VERSION before anything else.

#![allow(non_camel_case_types)] // The names are C's.

mod background;
mod borrow;
mod engine;
mod fill;
mod guard;
mod hunter;
mod status;
mod types;

pub use engine::alert_types::{
    za_alert, za_alert_options, za_behavior, za_day, za_drift, za_fate, za_found, za_over, za_share,
};
pub use engine::alerts::{
    za_engine_alert, za_engine_alert_behavior, za_engine_found, za_engine_set_alerts,
    za_engine_take_day, za_engine_take_over,
};
pub use engine::drift::{za_engine_take_drift, za_engine_watch_drift};
pub use engine::reload::{za_engine_reload, za_reload};
pub use engine::state::{za_engine_resume_alerts, za_engine_save_alerts, za_engine_tick};
pub use engine::{
    za_abi_version, za_engine, za_engine_bind, za_engine_close, za_engine_info, za_engine_observe,
    za_engine_open, za_version,
};
pub use hunter::batches::{za_hunter_take_batch, za_hunter_unpack};
pub use hunter::state::{za_hunter_reload, za_hunter_save, za_hunter_save_step, za_saving};
pub use hunter::types::{
    ZA_HUNTER_PACKS, za_basis, za_batch, za_evidence, za_finding, za_hunter_info,
    za_hunter_options, za_text,
};
pub use hunter::{
    za_hunter, za_hunter_bind, za_hunter_close, za_hunter_finish, za_hunter_observe,
    za_hunter_open, za_hunter_take, za_hunter_tell, za_hunter_tick,
};
pub use status::{za_error, za_error_free, za_error_message, za_status, za_status_text};
pub use types::{
    ZA_ABI_VERSION, ZA_ENGINE_WITHOUT_MODEL, ZA_MAX_BINDINGS, ZA_MAX_FIELDS, ZA_MAX_NAME, za_claim,
    za_data, za_field, za_info, za_kind, za_options, za_reason, za_result, za_type, za_value,
};
