//! What happens because time passes.

use super::behaviors::Role;
use super::{Inner, za_engine};
use crate::guard::act;
use crate::status::{za_error, za_status};

/// Interval at which behaviors receive the time, in seconds.
const BEHAVIOR_TICK: f64 = 10.0;

/// Interval at which budgets receive the time when no records arrive, in seconds.
const BUDGET_TICK: f64 = 60.0;

/// Something that is due every so many seconds.
pub(super) struct Timer {
    every: f64,
    last: Option<f64>,
}

impl Timer {
    /// 0, or what is no number of seconds: never.
    pub(super) fn new(every: f64) -> Timer {
        Timer { every, last: None }
    }

    /// Whether it is due, counted from the first call. The clock may be set back.
    pub(super) fn is_due(&mut self, now: f64) -> bool {
        let last = *self.last.get_or_insert(now);
        let due = self.every > 0.0 && (now - last).abs() >= self.every;
        if due {
            self.last = Some(now);
        }
        due
    }
}

/// When behaviors and budgets received the time last.
pub(super) struct Timers {
    budget: Timer,
    behaviors: Timer,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers {
            budget: Timer::new(BUDGET_TICK),
            behaviors: Timer::new(BEHAVIOR_TICK),
        }
    }
}

/// Time has passed: now is that of the network, in seconds since the epoch. Call it about once
/// a second. It looks for another model and a changed allowlist, lets behaviors end and days
/// pass where no record says so, sends packed records on their way, and saves the state.
/// No call takes long: files are read and written on threads of their own.
///
/// NULL: ZA_STATUS_NULL for engine. Threads: any. The threads that it starts block no signals:
/// block signals around this call if another thread is to get them.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_tick(
    engine: *mut za_engine,
    now: f64,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        inner.check_model(now);
        // Where there are scored records, their own time ends days.
        if inner.timers.budget.is_due(now) && !inner.model.is_loaded() {
            inner.engine.tick(now);
        }
        if inner.timers.behaviors.is_due(now) {
            inner.tick_behaviors(now);
        }
        if let Some(allow) = inner.role.allow()
            && let Err(e) = allow.reload_if_changed()
        {
            inner
                .events
                .warn(format!("keeping the current allowlist: {e}"));
        }
        inner.events.flush = true;
        inner.save_step(now);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

impl Inner {
    fn tick_behaviors(&mut self, now: f64) {
        if let Role::Detects(detector, _) = &mut self.role {
            detector.tick(now, &mut self.found);
            self.events.behaviors(&mut self.found);
        }
    }
}

/// No more records come: behaviors that have more evidence than when they were reported are
/// events once more, and packed records are on their way. The engine may go on after it.
///
/// NULL: ZA_STATUS_NULL for engine. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_finish(
    engine: *mut za_engine,
    now: f64,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        inner.tick_behaviors(now);
        if let Role::Detects(detector, _) = &mut inner.role {
            detector.finish(&mut inner.found);
            inner.events.behaviors(&mut inner.found);
        }
        inner.events.flush = true;
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}
