//! The engine's handle: opening, binding, observing.

use crate::borrow::{name, object, path, place, read_sized, slice};
use crate::fill::fill;
use crate::guard::{Guarded, Handle, entry, fill_in, quiet};
use crate::options::za_options;
use crate::results::{za_info, za_result};
use crate::status::{Failure, za_error, za_status};
use crate::types::{
    ZA_ABI_VERSION, ZA_MAX_BINDINGS, ZA_MAX_FIELDS, za_field, za_text, za_type, za_value,
};
use behaviors::Role;
use events::Events;
use model::ModelFile;
use state::State;
use std::collections::HashSet;
use std::sync::Arc;
use zeek_anomaly_behavior::{BehaviorColumns, Finding};
use zeek_anomaly_engine::{Binding, Engine, Limits, Model, Reason};
use zeek_log::schema::Field;
use zeek_log::{FieldType, RecordBuf, Schema, names};

pub(crate) mod alerts;
pub(crate) mod behaviors;
pub(crate) mod events;
pub(crate) mod model;
mod show;
pub(crate) mod state;
pub(crate) mod time;

#[cfg(test)]
mod tests;

/// Records of a binding are scored.
pub const ZA_USE_SCORE: u32 = 1;

/// Records of a binding are watched for behaviors.
pub const ZA_USE_BEHAVIORS: u32 = 2;

/// An engine: it scores records, detects behaviors, and decides about alerts. It carries its
/// own lock.
pub struct za_engine {
    inner: Guarded<Inner>,
}

pub(crate) struct Inner {
    engine: Engine,
    model: ModelFile,
    role: Role,
    bound: Vec<Bound>,
    /// Filled again for each record.
    record: RecordBuf,
    reasons: Vec<Reason>,
    found: Vec<Finding>,
    events: Events,
    state: State,
    alerts: alerts::Current,
    timers: time::Timers,
}

/// A schema that was bound.
struct Bound {
    schema: Schema,
    uses: u32,
    binding: Binding,
    columns: BehaviorColumns,
    /// Which columns somebody reads.
    needed: Vec<bool>,
}

impl Bound {
    fn new(engine: &mut Engine, schema: Schema, uses: u32) -> Bound {
        let columns = BehaviorColumns::bind(&schema);
        // The engine compares the columns of what it binds with those of the training.
        let binding = match uses & ZA_USE_SCORE {
            0 => Binding::new(&Model::default(), &schema),
            _ => engine.bind(&schema),
        };
        let needed = Vec::new();
        let mut bound = Bound {
            schema,
            uses,
            binding,
            columns,
            needed,
        };
        bound.find_needed();
        bound
    }

    /// Binds it to another model.
    fn bind_again(&mut self, engine: &mut Engine) {
        if self.uses & ZA_USE_SCORE != 0 {
            self.binding = engine.bind(&self.schema);
            self.find_needed();
        }
    }

    fn find_needed(&mut self) {
        let n = self.schema.fields.len();
        self.needed = match self.uses & ZA_USE_SCORE {
            0 => vec![false; n],
            _ => self.binding.needed(n),
        };
        if self.is_watched() {
            for at in self.columns.positions() {
                if let Some(needed) = self.needed.get_mut(at) {
                    *needed = true;
                }
            }
        }
    }

    fn is_watched(&self) -> bool {
        self.uses & ZA_USE_BEHAVIORS != 0 && self.columns.is_wanted()
    }
}

impl Handle for za_engine {
    const NAME: &'static str = "engine";
    type Inner = Inner;
    fn guarded(&self) -> &Guarded<Inner> {
        &self.inner
    }
}

/// The version of the interface that the loaded library speaks. Compare it with
/// ZA_ABI_VERSION, for which the program was compiled, before anything else.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn za_abi_version() -> u32 {
    ZA_ABI_VERSION
}

/// Opens an engine without a model: it scores nothing until za_engine_load_model, and
/// detects nothing until za_engine_watch_behaviors.
///
/// Ownership: the caller gets the engine and closes it with za_engine_close. NULL:
/// ZA_STATUS_NULL for options or out. Threads: any.
///
/// # Safety
///
/// options, out and err are each NULL or point to a valid object of their type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_open(
    options: *const za_options,
    out: *mut *mut za_engine,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (o, out) = unsafe { (read_sized(options)?, place(out, "out")?) };
        // SAFETY: as the caller says.
        let prefix = unsafe { path(o.state_prefix, "za_options.state_prefix")? };
        let mut limits = Limits::default();
        if o.max_connections != 0 {
            limits.connections = usize::try_from(o.max_connections).unwrap_or(usize::MAX);
        }
        let engine = za_engine {
            inner: Guarded::new(Inner {
                engine: Engine::new(Arc::new(Model::default()), limits),
                model: ModelFile::new(o.model_check_interval),
                role: Role::None,
                bound: Vec::new(),
                record: RecordBuf::new(),
                reasons: Vec::new(),
                found: Vec::new(),
                events: Events::default(),
                state: State::new(prefix, o.save_interval),
                alerts: alerts::Current::default(),
                timers: time::Timers::default(),
            }),
        };
        out.write(Box::into_raw(Box::new(engine)));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Closes an engine and frees all that belongs to it. Waits for files that are still being
/// read or written; saves nothing.
///
/// Ownership: the engine and everything that it handed out are gone. NULL: does nothing.
/// Threads: no other call with the engine may be under way, and none may follow.
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
/// values of its records come. uses says what for: ZA_USE_SCORE, ZA_USE_BEHAVIORS or
/// both. out_binding becomes a number to give with each record; it stays valid until the
/// engine is closed. out_watched becomes 1 where behaviors need records of this log, else 0.
///
/// Records of a log that the model does not know get no score, but tell of their
/// connections.
///
/// Fails with ZA_STATUS_TEXT for a name that is not UTF-8, with ZA_STATUS_INVALID for no
/// fields, an empty or a very long name, a repeated name or an unknown type, and with
/// ZA_STATUS_LIMIT beyond ZA_MAX_FIELDS or ZA_MAX_BINDINGS.
///
/// Ownership: what is passed is borrowed for the call. NULL: ZA_STATUS_NULL for engine,
/// log, fields and the outputs. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_bind(
    engine: *mut za_engine,
    log: za_text,
    fields: *const za_field,
    n_fields: usize,
    uses: u32,
    out_binding: *mut u32,
    out_watched: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (engine, log, out, out_watched) = unsafe {
            (
                object(engine.cast_const(), "engine")?,
                name(log, "log")?,
                place(out_binding, "out_binding")?,
                place(out_watched, "out_watched")?,
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
        let (number, watched) = engine.inner.with(|inner| {
            let number = inner.bound.len();
            if number >= ZA_MAX_BINDINGS {
                return Err(Failure::new(
                    za_status::Limit,
                    format!("{log}: {ZA_MAX_BINDINGS} schemas are bound, no more are allowed"),
                ));
            }
            let bound = Bound::new(&mut inner.engine, schema, uses);
            let watched = bound.is_watched();
            inner.bound.push(bound);
            Ok((number as u32, u32::from(watched)))
        })?;
        out.write(number);
        out_watched.write(watched);
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
unsafe fn schema_of(log: &str, fields: &[za_field]) -> Result<Schema, Failure> {
    if fields.is_empty() {
        return Err(Failure::invalid(format!("{log}: there are no fields")));
    }
    let mut seen = HashSet::with_capacity(fields.len());
    // Packages write connections that have not ended to logs of several names.
    let known = names::canonical(log);
    let log = if names::is_interim(known) { known } else { log };
    let mut schema = Schema {
        log: log.to_owned(),
        fields: Vec::with_capacity(fields.len()),
    };
    for (i, f) in fields.iter().enumerate() {
        // SAFETY: as the caller says.
        let name = unsafe { name(f.name, &format!("{log}: the name of field {i}"))? };
        let invalid = |why| Failure::invalid(format!("{log}: field {name}: {why}"));
        if !seen.insert(name) {
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

/// Takes a record: scores it with what its connection did so far, watches it for behaviors,
/// and remembers it for what follows. A conn record ends its connection, so records have
/// to come in the order in which Zeek writes them.
///
/// There are as many values as the binding has fields, in the same order; each is of the
/// kind that its field's type takes, or unset. Otherwise the call fails with
/// ZA_STATUS_INVALID, and the record is neither scored nor remembered.
///
/// A score of at least report_from is an event: 0 for always, NaN for never. Once its
/// buffers have grown, the call allocates memory only for events, for what is new of a
/// connection or host, and, now and then, to round a number with more than six decimals.
///
/// Ownership: the values are borrowed for the call; result is the caller's. NULL:
/// ZA_STATUS_NULL for engine, values and result. Threads: any; calls wait for each other.
///
/// # Safety
///
/// Each pointer, also inside the values, is NULL or points to a valid object of its
/// type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_observe(
    engine: *mut za_engine,
    binding: u32,
    values: *const za_value,
    n_values: usize,
    report_from: f64,
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
        let score = inner.observe(binding as usize, report_from);
        Ok(za_result {
            size,
            scored: u32::from(score.is_some()),
            waiting: u32::try_from(inner.events.waiting()).unwrap_or(u32::MAX),
            score: score.unwrap_or(0.0),
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, result, err, work) }
}

impl Inner {
    /// Both looks at the record that was filled in; its score.
    fn observe(&mut self, binding: usize, report_from: f64) -> Option<f64> {
        let bound = self.bound.get(binding)?;
        let record = self.record.record();
        let mut score = None;
        if bound.uses & ZA_USE_SCORE != 0 && self.model.is_loaded() {
            let (engine, reasons) = (&mut self.engine, &mut self.reasons);
            let verdict = engine.observe(&bound.binding, &record, report_from, reasons);
            if let (Some(v), Some(found)) = (verdict, engine.found())
                && !self.role.allows(&bound.columns, &record)
            {
                self.events.anomaly(&v, found, std::mem::take(reasons));
            }
            score = verdict.map(|v| v.score);
        }
        if bound.is_watched() {
            self.role.observe(&bound.columns, &record, &mut self.found);
            self.events.behaviors(&mut self.found);
        }
        score
    }
}

/// Gives the counts of an engine and describes its model.
///
/// Ownership: out is the caller's; the text belongs to the engine. NULL: ZA_STATUS_NULL for
/// engine and out. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_info(
    engine: *const za_engine,
    out: *mut za_info,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let context = inner.engine.context();
        let mut info = za_info {
            size,
            records: inner.engine.records(),
            contexts: context.len() as u64,
            contexts_evicted: context.evicted(),
            model_trained_rows: inner.engine.model().info.rows,
            model_zeek_version: za_text::of(inner.model.zeek_version()),
            behavior_records: 0,
            behavior_records_allowed: 0,
            behaviors: 0,
            behaviors_allowed: 0,
            behaviors_in_baseline: 0,
            dropped: inner.events.dropped(),
            behavior_memory: 0,
            behavior_evicted: 0,
        };
        inner.role.count(&mut info);
        Ok(info)
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}
