//! The hunter's handle: what takes time to see.

use crate::borrow::{Out, Versioned, name, object, place, read_sized, slice};
use crate::engine::{path_of, schema_of};
use crate::fill::fill;
use crate::guard::{Guarded, entry, quiet};
use crate::status::{Failure, za_error, za_status};
use crate::types::{ZA_MAX_BINDINGS, ZA_MAX_FIELDS, za_field, za_value};
use std::collections::VecDeque;
use std::ffi::c_char;
use std::mem::offset_of;
use std::path::Path;
use std::ptr;
use zeek_anomaly_behavior::wire::{Batch, Packer, Unpacker};
use zeek_anomaly_behavior::{Allow, Basis, Columns, Entity, Finding, Hunter, Settings, Usual};
use zeek_anomaly_engine::text::printable;
use zeek_log::{RecordBuf, Schema};

/// Records are packed for another process, and no state is kept here.
pub const ZA_HUNTER_PACKS: u32 = 1;

/// The longest text of an option, in bytes.
const MAX_OPTION: usize = 1 << 20;

/// Findings that wait to be taken at most; the oldest go first, and are counted.
const MAX_WAITING: usize = 10_000;

/// A hunter: what is known of hosts and pairs over time. It carries its own lock.
pub struct za_hunter {
    inner: Guarded<Inner>,
}

struct Inner {
    role: Role,
    bound: Vec<(Schema, Columns)>,
    /// Filled again for each record.
    record: RecordBuf,
    out: Vec<Finding>,
    waiting: VecDeque<Finding>,
    dropped: u64,
    shown: Shown,
}

/// What the handle is for.
enum Role {
    Hunts(Box<Hunter>, Unpacker),
    Packs(Packer, Batch),
}

impl Role {
    fn hunter(&mut self) -> Result<&mut Hunter, Failure> {
        match self {
            Role::Hunts(h, _) => Ok(h),
            Role::Packs(..) => Err(Failure::invalid("this za_hunter packs, and keeps no state")),
        }
    }
}

/// How a hunter is opened. Lists are texts with commas between their elements; NULL and 0
/// for none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_hunter_options {
    /// sizeof(za_hunter_options).
    pub size: usize,
    /// The most memory that all state may take, in bytes; 0 for the default.
    pub memory: u64,
    /// Mixed into all keys, so that nobody can prepare collisions. State belongs to its seed.
    pub seed: u64,
    /// ZA_HUNTER_PACKS or 0.
    pub flags: u32,
    /// Networks that are ours: "192.0.2.0/24,2001:db8::/32".
    pub local_nets: *const c_char,
    /// Bytes of local_nets.
    pub local_nets_len: usize,
    /// Parameters: "beacon.threshold=4,scan.hosts=20".
    pub settings: *const c_char,
    /// Bytes of settings.
    pub settings_len: usize,
    /// A file of what ordinary logs taught.
    pub usual_path: *const c_char,
    /// Bytes of usual_path.
    pub usual_path_len: usize,
    /// A file of what is not reported.
    pub allow_path: *const c_char,
    /// Bytes of allow_path.
    pub allow_path_len: usize,
    /// A file of saved state to go on from. One that is not there is no failure.
    pub state_path: *const c_char,
    /// Bytes of state_path.
    pub state_path_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_hunter_options {
    const NAME: &'static str = "za_hunter_options";
    const FIRST: usize = offset_of!(za_hunter_options, state_path_len) + size_of::<usize>();
}

/// A text.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_text {
    /// Its first byte; NULL where it is empty.
    pub data: *const c_char,
    /// How many there are.
    pub len: usize,
}

/// One piece of evidence.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_evidence {
    /// What it is.
    pub what: za_text,
    /// Its value, in words.
    pub value: za_text,
}

/// What a finding's score is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_basis {
    /// -log10 of the probability under what the reasons state as ordinary.
    Probability = 0,
    /// The strength of a stated rule: 3 is worth a look, 6 is grave.
    Rule = 1,
}

/// Something found. All texts and arrays stay until the next za_hunter_take on the
/// hunter, or its end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_finding {
    /// sizeof(za_finding); set by the caller, and not changed.
    pub size: usize,
    /// 1 where there was a finding to take; 0 where there was none, and all else is 0.
    pub taken: u32,
    /// How often it was handed out before, with less evidence.
    pub update: u32,
    /// The same for every update of one finding.
    pub id: u64,
    /// Records that are part of it.
    pub count: u64,
    /// How strong the evidence is.
    pub score: f64,
    /// How sure it is that this means harm, 0 to 1.
    pub confidence: f64,
    /// When it began, in seconds since the epoch.
    pub first: f64,
    /// The last record that is part of it.
    pub last: f64,
    /// What the score is: a za_basis.
    pub basis: u32,
    /// The responder's port; 65536 where there is none.
    pub port: u32,
    /// Its kind: "scan_vertical".
    pub kind: za_text,
    /// The kind as the name of a notice type: "Vertical_Scan".
    pub notice: za_text,
    /// The kind in words.
    pub title: za_text,
    /// Where in an attack it belongs, in words.
    pub stage: za_text,
    /// The host whose doing it is: an address.
    pub host: za_text,
    /// The other side, where it is one host: an address.
    pub peer: za_text,
    /// The transport protocol, where it is known.
    pub proto: za_text,
    /// A name that the other side goes by, where it is known.
    pub name: za_text,
    /// Why.
    pub reasons: *const za_evidence,
    /// How many reasons there are.
    pub n_reasons: usize,
    /// Some of the connections that are part of it.
    pub uids: *const za_text,
    /// How many uids there are.
    pub n_uids: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_finding {
    const NAME: &'static str = "za_finding";
    const FIRST: usize = offset_of!(za_finding, n_uids) + size_of::<usize>();
}

/// Records on their way to another process. The bytes stay until the next call with the
/// hunter.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_batch {
    /// sizeof(za_batch); set by the caller, and not changed.
    pub size: usize,
    /// Whose records these are: all of one bucket have to go to the same process.
    pub bucket: u32,
    /// Records in it; 0 where there was no batch to take.
    pub records: u32,
    /// The bytes, for za_hunter_unpack.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_batch {
    const NAME: &'static str = "za_batch";
    const FIRST: usize = offset_of!(za_batch, len) + size_of::<usize>();
}

/// What there is to know of a hunter.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_hunter_info {
    /// sizeof(za_hunter_info); set by the caller, and not changed.
    pub size: usize,
    /// Records looked at.
    pub records: u64,
    /// Records that the allowlist covered.
    pub allowed: u64,
    /// Findings, updates among them.
    pub findings: u64,
    /// Findings that the allowlist covered.
    pub findings_allowed: u64,
    /// Findings that were as usual.
    pub findings_usual: u64,
    /// Findings, and packed records, that were dropped because nobody took them.
    pub dropped: u64,
    /// Bytes that all state takes.
    pub memory: u64,
    /// Entities that were forgotten to stay within the memory.
    pub given_up: u64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_hunter_info {
    const NAME: &'static str = "za_hunter_info";
    const FIRST: usize = offset_of!(za_hunter_info, given_up) + size_of::<u64>();
}

/// A finding as C sees it: pointers into texts that are kept beside them.
#[derive(Default)]
struct Shown {
    texts: Vec<String>,
    reasons: Vec<za_evidence>,
    uids: Vec<za_text>,
}

// SAFETY: the pointers lead to texts that the same value owns, and go where it goes.
unsafe impl Send for Shown {}

impl Shown {
    /// Keeps a text and points to it: a String's bytes stay where they are when the
    /// String is moved.
    fn text(&mut self, text: &str) -> za_text {
        let text = printable(text);
        let shown = borrowed(&text);
        self.texts.push(text);
        shown
    }

    fn show(&mut self, f: &Finding, size: usize) -> za_finding {
        self.texts.clear();
        self.reasons.clear();
        self.uids.clear();
        for r in &f.reasons {
            let (what, value) = (self.text(&r.what), self.text(&r.value));
            self.reasons.push(za_evidence { what, value });
        }
        for uid in &f.uids {
            let uid = self.text(uid);
            self.uids.push(uid);
        }
        let (port, proto) = match &f.entity {
            Entity::Pair { port, proto, .. } => (*port, proto.name()),
            _ => (None, ""),
        };
        let own_name = match &f.entity {
            Entity::Name { name, .. } => Some(name.as_str()),
            _ => None,
        };
        let other = f.entity.other().map(|a| a.to_string());
        za_finding {
            size,
            taken: 1,
            update: f.update,
            id: f.id,
            count: f.count,
            score: f.score,
            confidence: f.confidence,
            first: f.first,
            last: f.last,
            basis: match f.basis {
                Basis::Probability => za_basis::Probability,
                Basis::Rule => za_basis::Rule,
            } as u32,
            port: port.map_or(65_536, u32::from),
            kind: borrowed(f.kind.0.name),
            notice: borrowed(f.kind.0.notice),
            title: borrowed(f.kind.0.title),
            stage: borrowed(f.stage().name()),
            host: self.text(&f.entity.host().to_string()),
            peer: self.text(other.as_deref().unwrap_or_default()),
            proto: borrowed(proto),
            name: self.text(f.name.as_deref().or(own_name).unwrap_or_default()),
            reasons: pointer(&self.reasons),
            n_reasons: self.reasons.len(),
            uids: pointer(&self.uids),
            n_uids: self.uids.len(),
        }
    }
}

fn borrowed(text: &str) -> za_text {
    za_text {
        data: if text.is_empty() {
            ptr::null()
        } else {
            text.as_ptr().cast()
        },
        len: text.len(),
    }
}

fn pointer<T>(all: &[T]) -> *const T {
    if all.is_empty() {
        ptr::null()
    } else {
        all.as_ptr()
    }
}

impl Inner {
    /// What was found waits to be taken; how many wait.
    fn keep(&mut self) -> usize {
        for f in self.out.drain(..) {
            if self.waiting.len() >= MAX_WAITING {
                self.waiting.pop_front();
                self.dropped += 1;
            }
            self.waiting.push_back(f);
        }
        self.waiting.len()
    }
}

/// A text of the options; empty where there is none.
///
/// # Safety
/// `ptr` is NULL, or `len` bytes are there for as long as the result is used.
unsafe fn option<'a>(ptr: *const c_char, len: usize, what: &str) -> Result<&'a [u8], Failure> {
    if ptr.is_null() || len == 0 {
        return Ok(&[]);
    }
    if len > MAX_OPTION {
        return Err(Failure::invalid(format!("{what} is {len} bytes long")));
    }
    // SAFETY: as the caller says.
    unsafe { slice(ptr.cast::<u8>(), len, what) }
}

/// The elements of a list in a text.
fn list<'a>(text: &'a [u8], what: &str) -> Result<Vec<&'a str>, Failure> {
    let text = std::str::from_utf8(text)
        .map_err(|_| Failure::new(za_status::Text, format!("{what} is not UTF-8")))?;
    Ok(text
        .split(',')
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .collect())
}

/// # Safety
/// What the options point to is there.
unsafe fn open(options: &za_hunter_options) -> Result<Inner, Failure> {
    let o = options;
    // SAFETY: as the caller says.
    let (nets, set, usual, allow, state) = unsafe {
        (
            option(o.local_nets, o.local_nets_len, "local_nets")?,
            option(o.settings, o.settings_len, "settings")?,
            option(o.usual_path, o.usual_path_len, "usual_path")?,
            option(o.allow_path, o.allow_path_len, "allow_path")?,
            option(o.state_path, o.state_path_len, "state_path")?,
        )
    };
    let mut settings = Settings::default();
    settings.seed = o.seed;
    if o.memory != 0 {
        settings.memory = usize::try_from(o.memory).unwrap_or(usize::MAX);
    }
    for net in list(nets, "local_nets")? {
        let parsed = net.parse();
        settings.local_nets.push(
            parsed.map_err(|_| Failure::invalid(format!("local_nets: {net} is no network")))?,
        );
    }
    for setting in list(set, "settings")? {
        let wrong = || Failure::invalid(format!("settings: {setting} should be NAME=NUMBER"));
        let (name, value) = setting.split_once('=').ok_or_else(wrong)?;
        let value: f64 = value.trim().parse().map_err(|_| wrong())?;
        settings
            .set(name.trim(), value)
            .map_err(|e| Failure::invalid(e.to_string()))?;
    }
    let refused = |path: &Path, e: &dyn std::fmt::Display| {
        Failure::new(za_status::ModelRefused, format!("{}: {e}", path.display()))
    };
    let role = if o.flags & ZA_HUNTER_PACKS != 0 {
        let empty = Batch {
            bucket: 0,
            records: 0,
            bytes: Vec::new(),
        };
        Role::Packs(Packer::default(), empty)
    } else {
        let path =
            |bytes| path_of(bytes).map(|p: &Path| Some(p).filter(|p| !p.as_os_str().is_empty()));
        let usual = match path(usual)? {
            Some(p) => Some(Usual::load(p).map_err(|e| refused(p, &e))?),
            None => None,
        };
        let mut hunter = match path(state)? {
            Some(p) if p.exists() => {
                Hunter::restore_from(settings, usual, p).map_err(|e| refused(p, &e))?
            }
            _ => Hunter::new(settings, usual),
        };
        if let Some(p) = path(allow)? {
            *hunter.allow() =
                Allow::load(p).map_err(|e| Failure::new(za_status::ModelRefused, e.to_string()))?;
        }
        Role::Hunts(Box::new(hunter), Unpacker::default())
    };
    Ok(Inner {
        role,
        bound: Vec::new(),
        record: RecordBuf::new(),
        out: Vec::new(),
        waiting: VecDeque::new(),
        dropped: 0,
        shown: Shown::default(),
    })
}

/// Opens a hunter. The caller closes it with za_hunter_close.
///
/// Fails with ZA_STATUS_MODEL_REFUSED for a file that cannot be used, and with
/// ZA_STATUS_INVALID for a setting or network that makes no sense.
///
/// # Safety
///
/// options, out and err are NULL or point to what they are said to point to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_open(
    options: *const za_hunter_options,
    out: *mut *mut za_hunter,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (options, out) = unsafe { (read_sized(options)?, place(out, "out")?) };
        // SAFETY: as the caller says.
        let inner = Guarded::new(unsafe { open(&options)? });
        out.write(Box::into_raw(Box::new(za_hunter { inner })));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Closes a hunter and frees all that belongs to it. Nothing for NULL. No other call with it
/// may be under way, and none may follow.
///
/// # Safety
///
/// hunter is NULL or was opened by this library and is not yet closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_close(hunter: *mut za_hunter) {
    if !hunter.is_null() && hunter.is_aligned() {
        // SAFETY: made by Box::into_raw in za_hunter_open, and freed only here.
        quiet(|| drop(unsafe { Box::from_raw(hunter) }));
    }
}

/// Binds a schema, as za_engine_bind does. out_wanted becomes 1 where hunters look at records
/// of this log, else 0: those need not be handed over.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_bind(
    hunter: *mut za_hunter,
    log: *const c_char,
    log_len: usize,
    fields: *const za_field,
    n_fields: usize,
    out_binding: *mut u32,
    out_wanted: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, log, out, out_wanted) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                name(log, log_len, "log")?,
                place(out_binding, "out_binding")?,
                place(out_wanted, "out_wanted")?,
            )
        };
        if n_fields > ZA_MAX_FIELDS {
            return Err(Failure::new(
                za_status::Limit,
                format!("{log}: {n_fields} fields, {ZA_MAX_FIELDS} are allowed"),
            ));
        }
        // SAFETY: as the caller says.
        let schema = unsafe { schema_of(log, slice(fields, n_fields, "fields")?)? };
        let columns = Columns::bind(&schema);
        let wanted = columns.is_wanted();
        let number = hunter.inner.with(|inner| {
            if inner.bound.len() >= ZA_MAX_BINDINGS {
                return Err(Failure::new(
                    za_status::Limit,
                    format!("{log}: {ZA_MAX_BINDINGS} schemas are bound, no more are allowed"),
                ));
            }
            inner.bound.push((schema, columns));
            Ok(inner.bound.len() as u32 - 1)
        })?;
        out.write(number);
        out_wanted.write(u32::from(wanted));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Looks at a record, or packs it. Records come in the order in which Zeek writes them.
/// out_waiting becomes the number of findings that wait to be taken.
///
/// # Safety
///
/// The pointers, also those in the values, are NULL or point to what they are said to point
/// to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_observe(
    hunter: *mut za_hunter,
    binding: u32,
    values: *const za_value,
    n_values: usize,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, out) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                place(out_waiting, "out_waiting")?,
            )
        };
        let waiting = hunter.inner.with(|inner| {
            let (schema, columns) = inner.bound.get(binding as usize).ok_or_else(|| {
                Failure::invalid(format!("there is no binding {binding} of this hunter"))
            })?;
            if n_values != schema.fields.len() {
                return Err(Failure::invalid(format!(
                    "{}: {n_values} values for {} fields",
                    schema.log,
                    schema.fields.len()
                )));
            }
            // SAFETY: as the caller says.
            unsafe {
                fill(
                    &mut inner.record,
                    schema,
                    slice(values, n_values, "values")?,
                )?
            };
            let record = inner.record.record();
            match &mut inner.role {
                Role::Hunts(h, _) => h.observe(columns, &record, &mut inner.out),
                Role::Packs(p, _) => p.add(columns, &record),
            }
            Ok(inner.keep())
        })?;
        out.write(waiting);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Looks at the records of a batch that another process packed.
///
/// Fails with ZA_STATUS_INVALID for a batch of another version, or one that is damaged;
/// what came before the damage was looked at.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_unpack(
    hunter: *mut za_hunter,
    data: *const u8,
    len: usize,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, data, out) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                slice(data, len, "data")?,
                place(out_waiting, "out_waiting")?,
            )
        };
        let waiting = hunter.inner.with(|inner| {
            let Role::Hunts(hunter, unpacker) = &mut inner.role else {
                return Err(Failure::invalid("this za_hunter packs, and keeps no state"));
            };
            let found = &mut inner.out;
            let unpacked = unpacker.unpack(data, &mut |columns, record| {
                hunter.observe(columns, record, found);
            });
            let waiting = inner.keep();
            unpacked.map_err(|e| Failure::invalid(e.to_string()))?;
            Ok(waiting)
        })?;
        out.write(waiting);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Time has passed: now is that of the network, in seconds since the epoch. To be called now
/// and then, so that findings come although no records do.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_tick(
    hunter: *mut za_hunter,
    now: f64,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, out) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                place(out_waiting, "out_waiting")?,
            )
        };
        let waiting = hunter.inner.with(|inner| {
            inner.role.hunter()?.tick(now, &mut inner.out);
            Ok(inner.keep())
        })?;
        out.write(waiting);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// There is nothing more to see: findings that have grown since they were handed out wait to be
/// taken once more, with all their evidence. The hunter may go on after it.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_finish(
    hunter: *mut za_hunter,
    out_waiting: *mut usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, out) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                place(out_waiting, "out_waiting")?,
            )
        };
        let waiting = hunter.inner.with(|inner| {
            inner.role.hunter()?.finish(&mut inner.out);
            Ok(inner.keep())
        })?;
        out.write(waiting);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Reads the allowlist again if its file has changed; out_changed becomes 1 then, else 0.
/// Where it cannot be read, or has lines that are no entries, the old list stays, and the call
/// fails once for each change.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_reload(
    hunter: *mut za_hunter,
    out_changed: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, out) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                place(out_changed, "out_changed")?,
            )
        };
        let changed = hunter.inner.with(|inner| {
            let reloaded = inner.role.hunter()?.allow().reload_if_changed();
            reloaded.map_err(|e| Failure::new(za_status::ModelRefused, e.to_string()))
        })?;
        out.write(u32::from(changed));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Takes the oldest finding.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_take(
    hunter: *mut za_hunter,
    out: *mut za_finding,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, out) = unsafe { (object(hunter.cast_const(), "hunter")?, Out::new(out)?) };
        let size = out.size;
        let finding = hunter.inner.with(|inner| {
            Ok(match inner.waiting.pop_front() {
                Some(f) => inner.shown.show(&f, size),
                None => za_finding {
                    size,
                    // SAFETY: numbers and pointers, for which zero is valid.
                    ..unsafe { std::mem::zeroed() }
                },
            })
        })?;
        out.write(&finding);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Takes a batch of packed records: a full one, or with all not 0 one that is not full, too.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_take_batch(
    hunter: *mut za_hunter,
    all: u32,
    out: *mut za_batch,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, out) = unsafe { (object(hunter.cast_const(), "hunter")?, Out::new(out)?) };
        let size = out.size;
        let batch = hunter.inner.with(|inner| {
            let Role::Packs(packer, taken) = &mut inner.role else {
                return Err(Failure::invalid("this za_hunter does not pack"));
            };
            let Some(batch) = packer.take(all != 0) else {
                return Ok(za_batch {
                    size,
                    bucket: 0,
                    records: 0,
                    data: ptr::null(),
                    len: 0,
                });
            };
            *taken = batch;
            Ok(za_batch {
                size,
                bucket: u32::from(taken.bucket),
                records: taken.records,
                data: pointer(&taken.bytes),
                len: taken.bytes.len(),
            })
        })?;
        out.write(&batch);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Saves the state to a file, which is replaced whole or not at all.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_save(
    hunter: *mut za_hunter,
    path: *const c_char,
    path_len: usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, path) = unsafe {
            (
                object(hunter.cast_const(), "hunter")?,
                option(path, path_len, "path")?,
            )
        };
        let path = path_of(path)?;
        if path.as_os_str().is_empty() {
            return Err(Failure::null("path"));
        }
        hunter.inner.with(|inner| {
            let saved = inner.role.hunter()?.save_to(path);
            saved.map_err(|e| Failure::new(za_status::ModelIo, e.to_string()))
        })
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Tells of a hunter.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; hunter is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_hunter_tell(
    hunter: *const za_hunter,
    out: *mut za_hunter_info,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (hunter, out) = unsafe { (object(hunter, "hunter")?, Out::new(out)?) };
        let size = out.size;
        let info = hunter.inner.with(|inner| {
            let mut info = za_hunter_info {
                size,
                dropped: inner.dropped,
                // SAFETY: numbers, for which zero is valid.
                ..unsafe { std::mem::zeroed() }
            };
            match &inner.role {
                Role::Packs(p, _) => info.dropped += p.dropped(),
                Role::Hunts(h, _) => {
                    let counts = h.counts();
                    info.records = counts.records;
                    info.allowed = counts.allowed;
                    info.findings = counts.findings;
                    info.findings_allowed = counts.findings_allowed;
                    info.findings_usual = counts.findings_usual;
                    for part in h.parts() {
                        info.memory += part.bytes as u64;
                        info.given_up += part.given_up.newcomers + part.given_up.established;
                    }
                }
            }
            Ok(info)
        })?;
        out.write(&info);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}
