//! Alerts within a budget, and changes of the world.

use super::{pointer_to, za_engine};
use crate::borrow::{Out, Versioned, object, read_sized, slice};
use crate::guard::entry;
use crate::status::{Failure, za_error, za_status};
use std::ffi::c_char;
use std::mem::offset_of;
use std::net::IpAddr;
use std::ptr;
use zeek_anomaly_engine::alerts::{
    AlertParams, Candidate, Day, Fate, Identity, Outcome, PER_DAY, Share,
};
use zeek_anomaly_engine::drift::LogDrift;
use zeek_anomaly_engine::text::printable;

/// The most bytes of a list of logs or networks.
const MAX_LIST: usize = 1 << 16;

/// Changes of a log that are told in words.
const TOLD: usize = 5;

/// What shares one budget of alerts.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_share {
    /// All logs together.
    All = 0,
    /// Each log has its own.
    Log = 1,
}

/// How alerts are raised.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_alert_options {
    /// sizeof(za_alert_options).
    pub size: usize,
    /// Alerts a day for each budget, from 0.01 to 10000; 0 for no alerts at all.
    pub per_day: f64,
    /// The least score of an alert, whatever the budget.
    pub threshold: f64,
    /// Seconds for which records count with the alert of their finding; 0 for a day.
    pub window: f64,
    /// What shares a budget: a za_share.
    pub share: u32,
    /// Logs whose records raise alerts, with commas between them; none for all.
    pub logs: *const c_char,
    /// Bytes of the logs.
    pub logs_len: usize,
    /// Networks whose hosts have a budget of their own, each, with commas between them:
    /// "10.1.0.0/16,2001:db8::/32".
    pub networks: *const c_char,
    /// Bytes of the networks.
    pub networks_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_alert_options {
    const NAME: &'static str = "za_alert_options";
    const FIRST: usize = offset_of!(za_alert_options, networks_len) + size_of::<usize>();
}

/// What a record belongs to that was explained. It may be kept, copied and given back later.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_found {
    /// sizeof(za_found); set by the caller, and not changed.
    pub size: usize,
    /// The finding: the same for records of the same log and entity that are strange for the
    /// same main reasons, in every run. 0 where the record has no reasons.
    pub id: u64,
    /// The log and the reasons alone.
    pub kind: u64,
    /// The log's number in the engine.
    pub log: u32,
    /// Bytes of the entity's address: 0, 4 or 16.
    pub entity_len: u32,
    /// The entity's address, in network order.
    pub entity: [u8; 16],
    /// The record's score.
    pub score: f64,
    /// When it was, in seconds since the epoch; NaN where that is not known.
    pub ts: f64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_found {
    const NAME: &'static str = "za_found";
    const FIRST: usize = offset_of!(za_found, ts) + size_of::<f64>();
}

/// What became of a record that stands out.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_fate {
    /// It can raise no alert: there is no budget, its log does not count, or its score is
    /// below the least.
    None = 0,
    /// It raises the alert of its finding.
    Alert = 1,
    /// Its finding has raised an alert already.
    Counted = 2,
    /// It would have, had there not been so many alerts today.
    Held = 3,
    /// It is not strange enough.
    Below = 4,
}

/// What became of it, and of its finding.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_alert {
    /// sizeof(za_alert); set by the caller, and not changed.
    pub size: usize,
    /// What became of it: a za_fate.
    pub fate: u32,
    /// 1 where now, for the first time today, the budget is exceeded.
    pub exceeded: u32,
    /// The finding that it was counted with: its own, or that of many entities alike.
    pub finding: u64,
    /// Records of the finding so far.
    pub records: u64,
    /// About how many entities the finding has; more than 1 only for many alike.
    pub entities: u64,
    /// When the first of its records was, in seconds since the epoch.
    pub first: f64,
    /// The score that it took.
    pub needed: f64,
    /// Alerts that are wanted a day.
    pub per_day: f64,
    /// Alerts of the budget so far today.
    pub alerts_today: u64,
    /// Findings of the budget that were held back today.
    pub held_today: u64,
}

// SAFETY: repr(C), begins with size; numbers, for which zero is valid.
unsafe impl Versioned for za_alert {
    const NAME: &'static str = "za_alert";
    const FIRST: usize = offset_of!(za_alert, held_today) + size_of::<u64>();
}

/// A day of one budget that has ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_day {
    /// sizeof(za_day); set by the caller, and not changed.
    pub size: usize,
    /// 1 where there is one; 0 where all days were taken, and all that follows is 0 and NULL.
    pub there: u32,
    /// 1 where the budget was exceeded.
    pub exceeded: u32,
    /// When it began, in seconds since the epoch.
    pub begin: f64,
    /// The part of it that was seen, from 0 to 1.
    pub part: f64,
    /// Alerts that were wanted.
    pub per_day: f64,
    /// Alerts that were raised.
    pub alerts: u64,
    /// Findings that were held back.
    pub held: u64,
    /// Records of all logs.
    pub records: u64,
    /// The budget; NULL where all share one. Stays until the next day is taken.
    pub budget: *const c_char,
    /// Bytes of the budget.
    pub budget_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_day {
    const NAME: &'static str = "za_day";
    const FIRST: usize = offset_of!(za_day, budget_len) + size_of::<usize>();
}

/// What changed in one log: on one day, or in its columns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct za_drift {
    /// sizeof(za_drift); set by the caller, and not changed.
    pub size: usize,
    /// 1 where there is one; 0 where all were taken, and all that follows is 0 and NULL.
    pub there: u32,
    /// How many things changed.
    pub changes: u32,
    /// When the day began, in seconds since the epoch; NaN where it is no matter of a day.
    pub day: f64,
    /// Records of the day.
    pub records: u64,
    /// The log. Texts stay until the next change is taken.
    pub log: *const c_char,
    /// Bytes of the log.
    pub log_len: usize,
    /// What changed, in words, the largest first; at most five things.
    pub text: *const c_char,
    /// Bytes of the words.
    pub text_len: usize,
}

// SAFETY: repr(C), begins with size; numbers and pointers, for which zero is valid.
unsafe impl Versioned for za_drift {
    const NAME: &'static str = "za_drift";
    const FIRST: usize = offset_of!(za_drift, text_len) + size_of::<usize>();
}

/// Texts that were handed out last.
#[derive(Default)]
pub(super) struct Told {
    budget: String,
    log: String,
    text: String,
}

/// Raises alerts from now on, or otherwise than before, or not at all. What the engine has
/// learned of days stays, unless something else shares a budget or alerts are switched off.
///
/// Fails with ZA_STATUS_INVALID for a number, a za_share or a network that makes no sense,
/// and with ZA_STATUS_TEXT for lists that are not UTF-8; nothing changes then.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_set_alerts(
    engine: *mut za_engine,
    options: *const za_alert_options,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (engine, options) =
            unsafe { (object(engine.cast_const(), "engine")?, read_sized(options)?) };
        if options.per_day == 0.0 {
            return engine.with(|inner| {
                inner.engine.forget_alerts();
                Ok(())
            });
        }
        // SAFETY: as the caller says.
        let (logs, networks) = unsafe {
            let o = &options;
            (
                list(o.logs, o.logs_len, "za_alert_options.logs")?,
                list(o.networks, o.networks_len, "za_alert_options.networks")?,
            )
        };
        let mut params = params_of(&options)?;
        for n in networks {
            let network = n.parse().map_err(|_| {
                Failure::invalid(format!(
                    "{}: is no network such as 10.0.0.0/8",
                    printable(&n)
                ))
            })?;
            params.networks.push(network);
        }
        engine.with(|inner| {
            inner.engine.set_alerts(params, &logs);
            inner.per_day = options.per_day;
            Ok(())
        })
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

fn params_of(o: &za_alert_options) -> Result<AlertParams, Failure> {
    let invalid = |name: &str, what: String| {
        Err(Failure::invalid(format!("za_alert_options.{name}: {what}")))
    };
    if !(PER_DAY.0..=PER_DAY.1).contains(&o.per_day) {
        let (least, most) = PER_DAY;
        return invalid(
            "per_day",
            format!("{} is not from {least} to {most}", o.per_day),
        );
    }
    if !o.threshold.is_finite() {
        return invalid("threshold", format!("{} is no score", o.threshold));
    }
    if !o.window.is_finite() || o.window < 0.0 {
        return invalid("window", format!("{} are no seconds", o.window));
    }
    let default = AlertParams::default();
    Ok(AlertParams {
        per_day: o.per_day,
        share: match o.share {
            0 => Share::All,
            1 => Share::Log,
            n => return invalid("share", format!("{n} is no za_share")),
        },
        networks: Vec::new(),
        threshold: o.threshold,
        window: if o.window == 0.0 {
            default.window
        } else {
            o.window
        },
    })
}

/// A list with commas between its parts.
///
/// # Safety
///
/// The pointer is NULL, or good for so many bytes.
unsafe fn list(ptr: *const c_char, len: usize, what: &str) -> Result<Vec<String>, Failure> {
    if len > MAX_LIST {
        return Err(Failure::invalid(format!(
            "{what} is {len} bytes long, {MAX_LIST} are allowed"
        )));
    }
    // SAFETY: as the caller says.
    let bytes = unsafe { slice(ptr.cast::<u8>(), len, what)? };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Failure::new(za_status::Text, format!("{what} is not UTF-8")))?;
    let parts = text.split(',').map(str::trim).filter(|p| !p.is_empty());
    Ok(parts.map(str::to_owned).collect())
}

/// Tells of the finding that the record observed last belongs to: its id is 0 where that
/// record had no reasons.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_found(
    engine: *const za_engine,
    out: *mut za_found,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (engine, out) = unsafe { (object(engine, "engine")?, Out::new(out)?) };
        let finding = engine.with(|inner| {
            let found = inner.engine.found();
            let mut finding = za_found {
                size: out.size,
                id: found.map_or(0, |f| f.identity.id),
                kind: found.map_or(0, |f| f.identity.kind),
                log: found.map_or(0, |f| f.log as u32),
                entity_len: 0,
                entity: [0; 16],
                score: found.map_or(0.0, |f| f.score),
                ts: found.and_then(|f| f.ts).unwrap_or(f64::NAN),
            };
            match found.and_then(|f| f.identity.entity) {
                Some(IpAddr::V4(a)) => {
                    finding.entity_len = 4;
                    finding.entity[..4].copy_from_slice(&a.octets());
                }
                Some(IpAddr::V6(a)) => {
                    finding.entity_len = 16;
                    finding.entity = a.octets();
                }
                None => {}
            }
            Ok(finding)
        })?;
        out.write(&finding);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Takes a record that is to be reported, by its finding, and tells whether it is an alert.
/// Not every record that was explained has to come here: what is exempt from reports does
/// not use up a budget.
///
/// Fails with ZA_STATUS_INVALID for an id of 0 or an impossible length of the entity.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_alert(
    engine: *mut za_engine,
    finding: *const za_found,
    out: *mut za_alert,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (engine, finding, out) = unsafe {
            (
                object(engine.cast_const(), "engine")?,
                read_sized(finding)?,
                Out::new(out)?,
            )
        };
        let candidate = candidate_of(&finding)?;
        let (outcome, per_day) =
            engine.with(|inner| Ok((inner.engine.alert(&candidate), inner.per_day)))?;
        let alert = alert_of(out.size, outcome, per_day);
        out.write(&alert);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

fn candidate_of(f: &za_found) -> Result<Candidate, Failure> {
    if f.id == 0 {
        return Err(Failure::invalid("za_found.id is 0: there is no finding"));
    }
    let [a, b, c, d, ..] = f.entity;
    let entity = match f.entity_len {
        0 => None,
        4 => Some(IpAddr::from([a, b, c, d])),
        16 => Some(IpAddr::from(f.entity)),
        n => {
            return Err(Failure::invalid(format!(
                "za_found.entity_len is {n}: 0, 4 or 16 bytes are an address"
            )));
        }
    };
    Ok(Candidate {
        identity: Identity {
            id: f.id,
            kind: f.kind,
            entity,
        },
        log: f.log as usize,
        score: f.score,
        ts: Some(f.ts).filter(|t| t.is_finite()),
        records: 1,
    })
}

fn alert_of(size: usize, outcome: Option<Outcome>, per_day: f64) -> za_alert {
    let fate = match outcome.map(|o| o.fate) {
        None => za_fate::None,
        Some(Fate::Alert) => za_fate::Alert,
        Some(Fate::Counted) => za_fate::Counted,
        Some(Fate::Held) => za_fate::Held,
        Some(Fate::Below) => za_fate::Below,
    };
    za_alert {
        size,
        fate: fate as u32,
        exceeded: u32::from(outcome.is_some_and(|o| o.exceeded)),
        finding: outcome.map_or(0, |o| o.finding),
        records: outcome.map_or(0, |o| o.records),
        entities: outcome.map_or(0, |o| o.entities),
        first: outcome.map_or(0.0, |o| o.first),
        needed: outcome.map_or(0.0, |o| o.needed),
        per_day: outcome.map_or(0.0, |_| per_day),
        alerts_today: outcome.map_or(0, |o| o.today.0),
        held_today: outcome.map_or(0, |o| o.today.1),
    }
}

/// Takes the oldest day of a budget that has ended and was not taken. With finish not 0
/// the day that is open ends here, as far as it was seen.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_take_day(
    engine: *mut za_engine,
    finish: u32,
    out: *mut za_day,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (engine, out) = unsafe { (object(engine.cast_const(), "engine")?, Out::new(out)?) };
        let day = engine.with(|inner| {
            if finish != 0 {
                inner.engine.end_day();
            }
            let day = inner.engine.take_day();
            inner.told.budget = day.as_ref().map_or(String::new(), |d| printable(&d.budget));
            Ok(day_of(out.size, day.as_ref(), &inner.told.budget))
        })?;
        out.write(&day);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

fn day_of(size: usize, day: Option<&Day>, budget: &str) -> za_day {
    za_day {
        size,
        there: u32::from(day.is_some()),
        exceeded: u32::from(day.is_some_and(|d| d.exceeded)),
        begin: day.map_or(0.0, |d| d.begin),
        part: day.map_or(0.0, |d| d.part),
        per_day: day.map_or(0.0, |d| d.per_day),
        alerts: day.map_or(0, |d| d.alerts),
        held: day.map_or(0, |d| d.held),
        records: day.map_or(0, |d| d.rows),
        budget: pointer_to(budget),
        budget_len: budget.len(),
    }
}

/// Watches from now on whether the world has changed that the model knows, or no more
/// where on is 0. With volumes not 0 the engine sees all records of the network, so that
/// their number means something. Schemas that were bound before are not compared.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_watch_drift(
    engine: *mut za_engine,
    on: u32,
    volumes: u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let engine = unsafe { object(engine.cast_const(), "engine")? };
        engine.with(|inner| {
            match on {
                0 => inner.engine.forget_drift(),
                _ => inner.engine.watch_drift(volumes != 0),
            }
            Ok(())
        })
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

/// Takes the oldest change that was not taken. A day is compared an hour after its end, by
/// the records' time.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_take_drift(
    engine: *mut za_engine,
    out: *mut za_drift,
    err: *mut *mut za_error,
) -> za_status {
    let work = || {
        // SAFETY: as the caller says.
        let (engine, out) = unsafe { (object(engine.cast_const(), "engine")?, Out::new(out)?) };
        let drift = engine.with(|inner| {
            let found = inner.engine.take_drift();
            inner.told.log = found.as_ref().map_or(String::new(), |d| d.log.clone());
            inner.told.text = found.as_ref().map_or(String::new(), words);
            Ok(drift_of(out.size, found.as_ref(), &inner.told))
        })?;
        out.write(&drift);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { entry(err, work) }
}

fn words(d: &LogDrift) -> String {
    let mut parts: Vec<String> = d.changes.iter().take(TOLD).map(|c| c.to_string()).collect();
    let more = d.changes.len().saturating_sub(TOLD);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}

fn drift_of(size: usize, found: Option<&LogDrift>, told: &Told) -> za_drift {
    za_drift {
        size,
        there: u32::from(found.is_some()),
        changes: found.map_or(0, |d| d.changes.len() as u32),
        day: found.map_or(0.0, |d| d.day.unwrap_or(f64::NAN)),
        records: found.map_or(0, |d| d.rows),
        log: found.map_or(ptr::null(), |_| pointer_to(&told.log)),
        log_len: told.log.len(),
        text: found.map_or(ptr::null(), |_| pointer_to(&told.text)),
        text_len: told.text.len(),
    }
}
