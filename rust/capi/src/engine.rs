//! The engine's handle, and what can be done with it.

use crate::background::Writer;
use crate::borrow::{name, object, place, read_sized, slice};
use crate::fill::fill;
use crate::guard::{Guarded, Handle, entry, fill_in, quiet};
use crate::status::{Failure, za_error, za_status};
use crate::types::{
    ZA_ABI_VERSION, ZA_ENGINE_WITHOUT_MODEL, ZA_MAX_BINDINGS, ZA_MAX_FIELDS, za_claim, za_field,
    za_info, za_options, za_reason, za_result, za_type, za_value,
};
use std::collections::HashSet;
use std::ffi::c_char;
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::{Binding, Claim, Engine, Limits, Model, Reason};
use zeek_log::schema::Field;
use zeek_log::{FieldType, RecordBuf, Schema};

/// The longest path of a model, in bytes.
const MAX_PATH: usize = 1 << 16;

/// An engine: a model, and what is remembered of the connections that are open.
/// It carries its own lock.
pub struct za_engine {
    inner: Guarded<Inner>,
}

pub(crate) struct Inner {
    engine: Engine,
    /// The logs that the model scores, and the Zeek that it knows, in words.
    logs: String,
    zeek_version: String,
    reloading: reload::Reloading,
    /// Writes what is known of alerts.
    writer: Writer,
    bound: Vec<Bound>,
    /// Filled again for each record.
    record: RecordBuf,
    /// Those of the record observed last.
    reasons: Vec<Reason>,
    shown: Shown,
    told: Told,
    /// Alerts that are wanted a day.
    per_day: f64,
}

/// Texts that were handed out last.
#[derive(Default)]
struct Told {
    budget: String,
    over: String,
    log: String,
    text: String,
}

/// A schema that was bound.
struct Bound {
    schema: Schema,
    binding: Binding,
    /// Which columns the engine looks at.
    needed: Vec<bool>,
}

/// Reasons as C sees them: pointers into `Inner::reasons`.
#[derive(Default)]
struct Shown(Vec<za_reason>);

// SAFETY: the pointers lead to texts that the same Inner owns, and go where it goes.
unsafe impl Send for Shown {}

impl Shown {
    fn show(&mut self, reasons: &[Reason]) {
        self.0.clear();
        self.0.extend(reasons.iter().map(|r| za_reason {
            feature: r.feature.as_ptr().cast(),
            feature_len: r.feature.len(),
            value: r.value.as_ptr().cast(),
            value_len: r.value.len(),
            usual: r.usual.as_ptr().cast(),
            usual_len: r.usual.len(),
            share: r.share,
        }));
    }
}

impl za_engine {
    fn new(model: Model, limits: Limits, stamp: Option<reload::Stamp>) -> za_engine {
        za_engine {
            inner: Guarded::new(Inner {
                logs: logs_of(&model),
                zeek_version: zeek_version_of(&model),
                reloading: reload::Reloading::new(stamp),
                writer: Writer::default(),
                engine: Engine::new(Arc::new(model), limits),
                bound: Vec::new(),
                record: RecordBuf::new(),
                reasons: Vec::new(),
                shown: Shown::default(),
                told: Told::default(),
                per_day: 0.0,
            }),
        }
    }
}

/// The logs that a model scores, in words.
fn logs_of(model: &Model) -> String {
    let logs: Vec<&str> = model.logs.iter().map(|m| m.log()).collect();
    printable(&logs.join(","))
}

/// The Zeek that wrote the logs of a model; empty where it is not known.
fn zeek_version_of(model: &Model) -> String {
    let version = model.info.zeek_version.as_deref();
    version.map(printable).unwrap_or_default()
}

impl Handle for za_engine {
    const NAME: &'static str = "engine";
    type Inner = Inner;
    fn guarded(&self) -> &Guarded<Inner> {
        &self.inner
    }
}

/// The version of the interface that the loaded library speaks; ZA_ABI_VERSION
/// is the one that the program was compiled for. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn za_abi_version() -> u32 {
    ZA_ABI_VERSION
}

/// The version of the library, such as "0.1.0": static, ends with a NUL. From any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn za_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Opens an engine: reads the model, and checks it as if it came from an enemy. The
/// caller closes it with za_engine_close.
///
/// Fails with ZA_STATUS_MODEL_IO or ZA_STATUS_MODEL_REFUSED for a model that
/// cannot be used; the error says which and why.
///
/// # Safety
///
/// options, out and err are NULL or point to what they are said to point to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_open(
    options: *const za_options,
    out: *mut *mut za_engine,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (options, out) = unsafe { (read_sized(options)?, place(out, "out")?) };
        let mut limits = Limits::default();
        if options.max_connections != 0 {
            limits.connections = usize::try_from(options.max_connections).unwrap_or(usize::MAX);
        }
        let engine = if options.flags & ZA_ENGINE_WITHOUT_MODEL != 0 {
            za_engine::new(Model::default(), limits, None)
        } else {
            let (path, len) = (options.model_path, options.model_path_len);
            // SAFETY: as the caller says.
            let path = path_of(unsafe { path_bytes(path, len, "za_options.model_path")? })?;
            let stamp = reload::Stamp::of(path);
            za_engine::new(load(path)?, limits, Some(stamp))
        };
        out.write(Box::into_raw(Box::new(engine)));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// The bytes of a path.
///
/// # Safety
/// `ptr` is NULL, or `len` bytes are there for as long as the result is used.
unsafe fn path_bytes<'a>(ptr: *const c_char, len: usize, what: &str) -> Result<&'a [u8], Failure> {
    if ptr.is_null() {
        return Err(Failure::null(what));
    }
    if len == 0 || len > MAX_PATH {
        return Err(Failure::invalid(format!(
            "{what} is {len} bytes long, 1 to {MAX_PATH} are allowed"
        )));
    }
    // SAFETY: as the caller says.
    unsafe { slice(ptr.cast::<u8>(), len, what) }
}

/// A path, which is bytes as the system has it.
pub(crate) fn path_of(path: &[u8]) -> Result<&Path, Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(Path::new(std::ffi::OsStr::from_bytes(path)))
    }
    #[cfg(not(unix))]
    {
        let text = std::str::from_utf8(path);
        text.map(Path::new)
            .map_err(|_| Failure::new(za_status::Text, "a path is not UTF-8"))
    }
}

/// Reads a model.
fn load(path: &Path) -> Result<Model, Failure> {
    let mut model = Model::load(path).map_err(|e| {
        let status = if e.is_io() {
            za_status::ModelIo
        } else {
            za_status::ModelRefused
        };
        Failure::new(status, e.to_string())
    })?;
    // Nobody trains inside Zeek.
    model.forget_training();
    Ok(model)
}

/// Closes an engine and frees all that belongs to it. Nothing for NULL. No other call
/// with it may be under way, and none may follow.
///
/// # Safety
///
/// engine is NULL or was opened by this library and is not yet closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_close(engine: *mut za_engine) {
    if !engine.is_null() && engine.is_aligned() {
        // SAFETY: made by Box::into_raw in za_engine_open, and freed only here.
        quiet(|| drop(unsafe { Box::from_raw(engine) }));
    }
}

/// Binds a schema: the names and types of a log's columns, in the order in which the
/// values of its records will come. Once for each schema; the number that is written
/// to out_binding is given with each of its records, and stays until the
/// engine is closed. Nothing that is passed has to stay.
///
/// The log is "conn", "http", and so on. One that the model knows nothing of
/// can be bound too: its records get no score, but tell of their connections.
///
/// Fails with ZA_STATUS_TEXT for a name that is not UTF-8, with
/// ZA_STATUS_INVALID for no fields, an empty or a very long name, a name that is there
/// twice, or an unknown type, and with ZA_STATUS_LIMIT beyond ZA_MAX_FIELDS or
/// ZA_MAX_BINDINGS.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_bind(
    engine: *mut za_engine,
    log: *const c_char,
    log_len: usize,
    fields: *const za_field,
    n_fields: usize,
    out_binding: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (engine, log, out) = unsafe {
            let engine = object(engine.cast_const(), "engine")?;
            (
                engine,
                name(log, log_len, "log")?,
                place(out_binding, "out_binding")?,
            )
        };
        if n_fields > ZA_MAX_FIELDS {
            return Err(Failure::new(
                za_status::Limit,
                format!("{log}: {n_fields} fields, {ZA_MAX_FIELDS} are allowed"),
            ));
        }
        if fields.is_null() {
            return Err(Failure::null("fields"));
        }
        // SAFETY: as the caller says.
        let fields = unsafe { slice(fields, n_fields, "fields")? };
        // SAFETY: as the caller says.
        let schema = unsafe { schema_of(log, fields)? };
        let number = engine.inner.with(|inner| {
            let number = inner.bound.len();
            if number >= ZA_MAX_BINDINGS {
                return Err(Failure::new(
                    za_status::Limit,
                    format!("{log}: {ZA_MAX_BINDINGS} schemas are bound, no more are allowed"),
                ));
            }
            let binding = inner.engine.bind(&schema);
            let needed = binding.needed(schema.fields.len());
            inner.bound.push(Bound {
                schema,
                binding,
                needed,
            });
            Ok(number as u32)
        })?;
        out.write(number);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// A schema, checked and owned.
///
/// # Safety
///
/// The fields' names are NULL or there.
pub(crate) unsafe fn schema_of(log: &str, fields: &[za_field]) -> Result<Schema, Failure> {
    if fields.is_empty() {
        return Err(Failure::invalid(format!("{log}: there are no fields")));
    }
    let mut names = HashSet::with_capacity(fields.len());
    let mut schema = Schema {
        log: log.to_owned(),
        fields: Vec::with_capacity(fields.len()),
    };
    for (i, f) in fields.iter().enumerate() {
        let what = || format!("{log}: the name of field {i}");
        // SAFETY: as the caller says.
        let name = unsafe { name(f.name, f.name_len, &what())? };
        let invalid = |why| Failure::invalid(format!("{log}: field {name}: {why}"));
        if !names.insert(name) {
            return Err(invalid("there twice"));
        }
        let ty = za_type::from_number(f.r#type).ok_or_else(|| invalid("of no known type"))?;
        schema.fields.push(if ty == FieldType::List {
            match za_type::from_number(f.element) {
                None => return Err(invalid("elements of no known type")),
                Some(FieldType::List) => return Err(invalid("lists in a list")),
                Some(element) => Field::list(name, element),
            }
        } else {
            Field::new(name, ty)
        });
    }
    Ok(schema)
}

/// Scores a record with what its connection did so far, and remembers it for what
/// follows. A conn record ends its connection, which is forgotten then. So records have
/// to come in the order in which Zeek writes them.
///
/// There are as many values as the binding has fields, in the same order; each is of the
/// kind that its field's type takes, or unset. Otherwise the call fails with
/// ZA_STATUS_INVALID, and the record is neither scored nor remembered.
///
/// Where the score is at least explain_from, the result has reasons: 0 for always,
/// NaN for never. Once its buffers have grown, the call allocates memory only for
/// reasons, for what is new of a connection, and, now and then, to round a number that
/// has more than six decimals.
///
/// # Safety
///
/// The pointers, also those in the values, are NULL or point to what they are said to
/// point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_observe(
    engine: *mut za_engine,
    binding: u32,
    values: *const za_value,
    n_values: usize,
    explain_from: f64,
    result: *mut za_result,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        if values.is_null() {
            return Err(Failure::null("values"));
        }
        let bound = inner.bound.get(binding as usize).ok_or_else(|| {
            Failure::invalid(format!("there is no binding {binding} of this engine"))
        })?;
        let n_fields = bound.schema.fields.len();
        if n_values != n_fields {
            return Err(Failure::invalid(format!(
                "{}: {n_values} values for {n_fields} fields",
                bound.schema.log
            )));
        }
        // SAFETY: as the caller says.
        unsafe {
            let values = slice(values, n_values, "values")?;
            fill(&mut inner.record, &bound.schema, &bound.needed, values)?;
        }
        let verdict = inner.engine.observe(
            &bound.binding,
            &inner.record.record(),
            explain_from,
            &mut inner.reasons,
        );
        inner.shown.show(&inner.reasons);
        let shown = &inner.shown.0;
        let detector = verdict.map_or("", |v| v.detector);
        Ok(za_result {
            size,
            scored: u32::from(verdict.is_some()),
            score: verdict.map_or(0.0, |v| v.score),
            raw: verdict.map_or(0.0, |v| v.raw),
            detector: pointer_to(detector),
            detector_len: detector.len(),
            reasons: if shown.is_empty() {
                ptr::null()
            } else {
                shown.as_ptr()
            },
            n_reasons: shown.len(),
            claim: match verdict.map(|v| v.claim) {
                None | Some(Claim::Measured) => za_claim::Measured,
                Some(Claim::Extrapolated) => za_claim::Extrapolated,
                Some(Claim::AtLeast) => za_claim::AtLeast,
            } as u32,
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, result, err, work) }
}

/// Tells of an engine and its model. From any thread.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_info(
    engine: *const za_engine,
    out: *mut za_info,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let model = &inner.engine.model().info;
        let context = inner.engine.context();
        Ok(za_info {
            size,
            records: inner.engine.records(),
            contexts: context.len() as u64,
            contexts_evicted: context.evicted(),
            model_trained_rows: model.rows,
            model_first_ts: model.first_ts.unwrap_or(f64::NAN),
            model_last_ts: model.last_ts.unwrap_or(f64::NAN),
            model_zeek_version: pointer_to(&inner.zeek_version),
            model_zeek_version_len: inner.zeek_version.len(),
            logs: pointer_to(&inner.logs),
            logs_len: inner.logs.len(),
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}

/// A text's pointer; NULL where it is empty.
fn pointer_to(text: &str) -> *const c_char {
    if text.is_empty() {
        ptr::null()
    } else {
        text.as_ptr().cast()
    }
}

pub(crate) mod alert_types;
pub(crate) mod alerts;
pub(crate) mod drift;
pub(crate) mod reload;
pub(crate) mod state;

#[cfg(test)]
mod tests;
