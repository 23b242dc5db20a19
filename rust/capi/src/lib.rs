//! zeek-anomaly: scores Zeek's log records with a trained model, and detects behaviors.
//!
//! Open an engine, name a model, watch behaviors, bind the columns of each log once: names
//! and types. After that a record is only its values, borrowed for the time of the call; one
//! za_engine_observe scores it and watches it. What the engine finds waits as events for
//! za_engine_next_event. An event has an id, by which za_engine_decide says whether it
//! raises an alert. In a cluster, an engine that packs stands where records are seen, and its
//! batches go to the engines that keep state.
//!
//! Status: every function that can fail returns a za_status, and says more in
//! a za_error if the caller wants one. Pass NULL for err, or the address of a
//! pointer; it is written on failure only, and the caller frees what it got with
//! za_error_free. Outputs are written on success only.
//!
//! Ownership: za_engine_open makes an engine, za_engine_close frees it;
//! za_error_free frees an error. Nothing else is ever to be freed. What is
//! passed in is borrowed until the call returns. What is handed out belongs to
//! the library, and each function says for how long it stays.
//!
//! NULL: each function says what it does with NULL. A pointer that its type's alignment
//! forbids gives ZA_STATUS_INVALID. The caller makes sure that any other pointer points to a
//! valid object; no library can check that.
//!
//! Text: a za_text is bytes and a length, in both directions. Names have to be UTF-8; a
//! record's texts may be any bytes. What is handed out is UTF-8 without control characters:
//! safe to print.
//!
//! Sizes: a struct that begins with a size is filled in by whoever was compiled
//! with it. A caller with an older, shorter struct and one with a newer, longer
//! struct are both served; beyond the shorter of the two nothing is read or
//! written. More than 4096 is taken for garbage.
//!
//! Threads: an engine carries its own lock, so any thread may call with it, and
//! calls from several wait for one another. An error belongs to one thread at a time.
//! There is no other state: two engines know nothing of each other.
//!
//! Panics: a defect of the library does not unwind into the caller; it gives
//! ZA_STATUS_PANIC, and every later call with that engine does so too. The
//! process's panic hook is left as it is. Memory that is exhausted aborts the
//! process, as everywhere in Rust.
//!
//! Versions: docs/reference/c-abi.md says what a version may change.

#![allow(non_camel_case_types)] // The names are C's.

mod background;
mod borrow;
mod engine;
mod fill;
mod guard;
mod options;
mod results;
mod status;
mod types;

pub use engine::alerts::{za_engine_configure, za_engine_decide};
pub use engine::behaviors::{za_engine_unpack, za_engine_watch_behaviors};
pub use engine::events::za_engine_next_event;
pub use engine::model::za_engine_load_model;
pub use engine::state::za_engine_save;
pub use engine::time::{za_engine_finish, za_engine_tick};
pub use engine::{
    ZA_USE_BEHAVIORS, ZA_USE_SCORE, za_abi_version, za_engine, za_engine_bind, za_engine_close,
    za_engine_info, za_engine_observe, za_engine_open,
};
pub use options::{
    ZA_BEHAVIORS_PACK, za_behavior_options, za_options, za_settings, za_share, za_watch_drift,
};
pub use results::{
    ZA_BUCKET_ALL, za_anomaly, za_basis, za_batch, za_behavior, za_budget_day, za_claim,
    za_decision, za_disposition, za_drift, za_event, za_event_data, za_event_kind, za_evidence,
    za_finding_summary, za_info, za_reason, za_result,
};
pub use status::{za_error, za_error_free, za_error_message, za_status};
pub use types::{
    ZA_ABI_VERSION, ZA_MAX_BINDINGS, ZA_MAX_FIELDS, ZA_MAX_NAME, za_data, za_field, za_kind,
    za_text, za_type, za_value,
};
