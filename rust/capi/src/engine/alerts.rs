//! Alerts within a budget.

use super::alert_types::{
    za_alert, za_alert_options, za_behavior, za_day, za_fate, za_found, za_over,
};
use super::{Inner, pointer_to, za_engine};
use crate::borrow::{name, read_sized, slice};
use crate::guard::{act, fill_in};
use crate::status::{Failure, za_error, za_status};
use std::ffi::c_char;
use std::net::IpAddr;
use zeek_anomaly_alerts::{AlertParams, Candidate, Day, Fate, Identity, Outcome, PER_DAY, Share};
use zeek_anomaly_base::text::printable;

/// The most bytes of a list of logs or networks.
const MAX_LIST: usize = 1 << 16;

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
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let options = unsafe { read_sized(options)? };
        if options.per_day == 0.0 {
            inner.engine.forget_alerts();
            return Ok(());
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
        inner.engine.set_alerts(params, &logs);
        inner.per_day = options.per_day;
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
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
        behaviors: o.behaviors != 0,
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
    let work = |inner: &mut Inner, size| {
        let found = inner.engine.found();
        let (entity, entity_len) = bytes_of(found.and_then(|f| f.identity.entity));
        Ok(za_found {
            size,
            id: found.map_or(0, |f| f.identity.id),
            kind: found.map_or(0, |f| f.identity.kind),
            log: found.map_or(0, |f| f.log as u32),
            entity_len,
            entity,
            score: found.map_or(0.0, |f| f.score),
            ts: found.and_then(|f| f.ts).unwrap_or(f64::NAN),
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
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
    let work = |inner: &mut Inner, size| {
        // SAFETY: as the caller says.
        let candidate = candidate_of(&unsafe { read_sized(finding)? })?;
        let outcome = inner.engine.alert(&candidate);
        Ok(alert_of(size, outcome, inner.per_day))
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}

/// Takes what a hunter found and is to be reported, and tells whether it is an alert, as
/// za_engine_alert does.
///
/// Fails with ZA_STATUS_INVALID for an empty or very long kind, or an impossible length of the
/// host.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_alert_behavior(
    engine: *mut za_engine,
    behavior: *const za_behavior,
    out: *mut za_alert,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        // SAFETY: as the caller says.
        let (b, kind) = unsafe {
            let b = read_sized(behavior)?;
            (b, name(b.kind, b.kind_len, "za_behavior.kind")?)
        };
        let host = address(&b.host, b.host_len)
            .flatten()
            .ok_or_else(|| Failure::invalid("za_behavior.host_len is not 4 or 16"))?;
        let outcome = inner.engine.alert_behavior(
            Identity::of_behavior(kind, b.id, host),
            b.score,
            Some(b.ts).filter(|t| t.is_finite()),
            b.records,
        );
        Ok(alert_of(size, outcome, inner.per_day))
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}

/// Takes the oldest finding that raised an alert and is over, and was not taken.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_take_over(
    engine: *mut za_engine,
    out: *mut za_over,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let over = inner.engine.take_over();
        inner.told.over = over.as_ref().map_or(String::new(), |o| printable(&o.log));
        let (entity, entity_len) = bytes_of(over.as_ref().and_then(|o| o.entity));
        let log = &inner.told.over;
        let o = over.as_ref();
        Ok(za_over {
            size,
            there: u32::from(o.is_some()),
            entity_len,
            entity,
            finding: o.map_or(0, |o| o.finding),
            records: o.map_or(0, |o| o.records),
            entities: o.map_or(0, |o| o.entities),
            alerted: o.map_or(0.0, |o| o.alerted),
            first: o.map_or(0.0, |o| o.first),
            last: o.map_or(0.0, |o| o.last),
            score: o.map_or(0.0, |o| o.score),
            log: pointer_to(log),
            log_len: log.len(),
        })
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}

/// An address from its bytes; `Some(None)` for no bytes, `None` where they are no address.
fn address(bytes: &[u8; 16], len: usize) -> Option<Option<IpAddr>> {
    let [a, b, c, d, ..] = *bytes;
    match len {
        0 => Some(None),
        4 => Some(Some(IpAddr::from([a, b, c, d]))),
        16 => Some(Some(IpAddr::from(*bytes))),
        _ => None,
    }
}

/// The bytes of an address, and how many they are.
fn bytes_of(address: Option<IpAddr>) -> ([u8; 16], u32) {
    let mut bytes = [0; 16];
    match address {
        Some(IpAddr::V4(a)) => {
            bytes[..4].copy_from_slice(&a.octets());
            (bytes, 4)
        }
        Some(IpAddr::V6(a)) => (a.octets(), 16),
        None => (bytes, 0),
    }
}

fn candidate_of(f: &za_found) -> Result<Candidate, Failure> {
    if f.id == 0 {
        return Err(Failure::invalid("za_found.id is 0: there is no finding"));
    }
    let entity = address(&f.entity, f.entity_len as usize).ok_or_else(|| {
        Failure::invalid(format!(
            "za_found.entity_len is {}: 0, 4 or 16 bytes are an address",
            f.entity_len
        ))
    })?;
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
    let work = |inner: &mut Inner, size| {
        if finish != 0 {
            inner.engine.end_day();
        }
        let day = inner.engine.take_day();
        inner.told.budget = day.as_ref().map_or(String::new(), |d| printable(&d.budget));
        Ok(day_of(size, day.as_ref(), &inner.told.budget))
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
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
