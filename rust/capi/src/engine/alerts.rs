//! Alerts within a budget.

use super::behaviors::elements;
use super::events::Undecided;
use super::{Inner, za_engine};
use crate::borrow::{read_sized, utf8};
use crate::guard::{act, fill_in};
use crate::options::za_settings;
use crate::results::{za_decision, za_disposition};
use crate::status::{Failure, za_error, za_status};
use zeek_anomaly_alerts::{AlertParams, Fate, Outcome, PER_DAY, Share};
use zeek_anomaly_base::text::printable;

/// The longest list of logs or networks, in bytes.
const MAX_LIST: usize = 1 << 16;

/// The settings that are in use.
#[derive(Default)]
pub(super) struct Current {
    per_day: f64,
    drift: u64,
    /// Whether saved state was looked for.
    resumed: bool,
}

/// Uses other settings from now on. What the engine learned of days stays, unless something
/// else shares a budget or there is no budget any more. With the first budget, saved state
/// under za_options.state_prefix is used; where that cannot be, a warning event says so. Drift
/// is watched in schemas that are bound after this call.
///
/// Fails with ZA_STATUS_INVALID for a number, a za_share, a za_watch_drift or a network that
/// is not valid, and with ZA_STATUS_TEXT for lists that are not UTF-8; nothing changes then.
///
/// Ownership: the settings are borrowed for the call. NULL: ZA_STATUS_NULL for engine and
/// settings. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_configure(
    engine: *mut za_engine,
    settings: *const za_settings,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let (s, logs, networks, local_nets) = unsafe {
            let s = read_sized(settings)?;
            (
                s,
                utf8(s.logs, MAX_LIST, "za_settings.logs")?,
                utf8(s.networks, MAX_LIST, "za_settings.networks")?,
                utf8(s.local_nets, MAX_LIST, "za_settings.local_nets")?,
            )
        };
        if s.drift > 2 {
            let text = format!("za_settings.drift: {} is no za_watch_drift", s.drift);
            return Err(Failure::invalid(text));
        }
        let params = match s.per_day {
            0.0 => None,
            _ => Some(params_of(&s, networks, local_nets)?),
        };
        let logs: Vec<String> = elements(logs).map(str::to_owned).collect();
        inner.configure(params, &logs, s.drift);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

impl Inner {
    fn configure(&mut self, params: Option<AlertParams>, logs: &[String], drift: u64) {
        if self.alerts.drift != drift {
            self.alerts.drift = drift;
            match drift {
                0 => self.engine.forget_drift(),
                n => self.engine.watch_drift(n == 2),
            }
        }
        let Some(params) = params else {
            self.alerts.per_day = 0.0;
            return self.engine.forget_alerts();
        };
        self.alerts.per_day = params.per_day;
        self.engine.set_alerts(params, logs);
        if !std::mem::replace(&mut self.alerts.resumed, true)
            && let Err(e) = self.state.resume_alerts(&mut self.engine)
        {
            let text = format!("not using the saved state of alerts: {}", e.text);
            self.events.warn(text);
        }
    }
}

fn params_of(s: &za_settings, networks: &str, local_nets: &str) -> Result<AlertParams, Failure> {
    let invalid =
        |name: &str, what: String| Err(Failure::invalid(format!("za_settings.{name}: {what}")));
    if !(PER_DAY.0..=PER_DAY.1).contains(&s.per_day) {
        let (least, most) = PER_DAY;
        let what = format!("{} is not from {least} to {most}", s.per_day);
        return invalid("per_day", what);
    }
    if !s.threshold.is_finite() {
        return invalid("threshold", format!("{} is no score", s.threshold));
    }
    if !s.window.is_finite() || s.window < 0.0 {
        return invalid("window", format!("{} are no seconds", s.window));
    }
    let default = AlertParams::default();
    let mut params = AlertParams {
        per_day: s.per_day,
        share: match s.share {
            0 => Share::All,
            1 => Share::Log,
            n => return invalid("share", format!("{n} is no za_share")),
        },
        networks: Vec::new(),
        local_nets: Vec::new(),
        threshold: s.threshold,
        window: match s.window {
            0.0 => default.window,
            seconds => seconds,
        },
        behaviors: s.behaviors != 0,
    };
    for (name, list, to) in [
        ("networks", networks, &mut params.networks),
        ("local_nets", local_nets, &mut params.local_nets),
    ] {
        for n in elements(list) {
            let Ok(network) = n.parse() else {
                let what = format!("{} is no network such as 10.0.0.0/8", printable(n));
                return invalid(name, what);
            };
            to.push(network);
        }
    }
    Ok(params)
}

/// Decides about an anomaly or a behavior that is to be reported, by the id of its event: it
/// raises the alert of its finding, or not, and counts. Events that the caller exempts from
/// reports are not decided, so that they do not use up a budget.
///
/// Fails with ZA_STATUS_INVALID for an id that no event had, one that was decided already, and
/// one of very long ago.
///
/// Ownership: out is the caller's. NULL: ZA_STATUS_NULL for engine and out. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_decide(
    engine: *mut za_engine,
    id: u64,
    out: *mut za_decision,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner, size| {
        let undecided = inner.events.undecided(id);
        let undecided = undecided
            .ok_or_else(|| Failure::invalid(format!("no event {id} waits for a decision")))?;
        let outcome = match undecided {
            Undecided::Anomaly(candidate) => inner.engine.alert(&candidate),
            Undecided::Behavior {
                identity,
                score,
                ts,
                records,
            } => {
                let ts = Some(ts).filter(|t| t.is_finite());
                inner.engine.alert_behavior(identity, score, ts, records)
            }
        };
        Ok(decision(size, outcome, inner.alerts.per_day))
    };
    // SAFETY: as the caller says.
    unsafe { fill_in(engine, out, err, work) }
}

fn decision(size: usize, outcome: Option<Outcome>, per_day: f64) -> za_decision {
    let disposition = match outcome.map(|o| o.fate) {
        None => za_disposition::None,
        Some(Fate::Alert) => za_disposition::Raised,
        Some(Fate::Counted) => za_disposition::Aggregated,
        Some(Fate::Held) => za_disposition::Suppressed,
        Some(Fate::Below) => za_disposition::BelowThreshold,
    };
    za_decision {
        size,
        disposition: disposition as u32,
        exceeded: u32::from(outcome.is_some_and(|o| o.exceeded)),
        finding: outcome.map_or(0, |o| o.finding),
        records: outcome.map_or(0, |o| o.records),
        entities: outcome.map_or(0, |o| o.entities),
        first: outcome.map_or(0.0, |o| o.first),
        needed: outcome.map_or(0.0, |o| o.needed),
        per_day: outcome.map_or(0.0, |_| per_day),
        raised_today: outcome.map_or(0, |o| o.today.0),
        suppressed_today: outcome.map_or(0, |o| o.today.1),
    }
}
