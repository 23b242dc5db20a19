//! Detection of behaviors, alone or in a cluster.

use super::events::Events;
use super::state::State;
use super::{Inner, za_engine};
use crate::borrow::{path, read_sized, slice, utf8};
use crate::guard::act;
use crate::options::{ZA_BEHAVIORS_PACK, za_behavior_options};
use crate::results::za_info;
use crate::status::{Failure, za_error, za_status};
use std::path::Path;
use zeek_anomaly_behavior::wire::{Batch, Packer, Unpacker};
use zeek_anomaly_behavior::{
    Allow, BehaviorBaseline, BehaviorColumns, BehaviorEngine, Event, Finding, Settings,
};
use zeek_log::Record;

/// The longest list in the options, in bytes.
const MAX_LIST: usize = 1 << 20;

/// What this engine does about behaviors.
pub(super) enum Role {
    /// Nothing.
    None,
    /// Detects them, from its own records and those of other processes.
    Detects(Box<BehaviorEngine>, Unpacker),
    /// Packs records for the process that detects them; the allowlist is for scores here.
    Packs(Packer, Box<Allow>),
}

impl Role {
    pub(super) fn observe(
        &mut self,
        columns: &BehaviorColumns,
        record: &Record<'_>,
        found: &mut Vec<Finding>,
    ) {
        match self {
            Role::None => {}
            Role::Detects(b, _) => b.observe(columns, record, found),
            Role::Packs(p, allow) => {
                if !allow.is_empty()
                    && let Some(event) = Event::new(columns, *record)
                {
                    allow.note(&event);
                }
                p.add(columns, record);
            }
        }
    }

    /// The allowlist, where there is one.
    pub(super) fn allow(&mut self) -> Option<&mut Allow> {
        match self {
            Role::None => None,
            Role::Detects(b, _) => Some(b.allow()),
            Role::Packs(_, allow) => Some(allow),
        }
    }

    /// Whether the allowlist covers a record: its score is not reported then.
    pub(super) fn allows(&mut self, columns: &BehaviorColumns, record: &Record<'_>) -> bool {
        let Some(allow) = self.allow().filter(|a| !a.is_empty()) else {
            return false;
        };
        let event = Event::new(columns, *record);
        event.is_some_and(|event| allow.covers_record(&event))
    }

    /// The next batch of packed records; with `all`, one that is not full, too.
    pub(super) fn batch(&mut self, all: bool) -> Option<Batch> {
        match self {
            Role::Packs(p, _) => p.take(all),
            _ => None,
        }
    }

    pub(super) fn count(&self, info: &mut za_info) {
        match self {
            Role::None => {}
            Role::Packs(p, _) => info.dropped += p.dropped(),
            Role::Detects(b, _) => {
                let counts = b.counts();
                info.behavior_records = counts.records;
                info.behavior_records_allowed = counts.allowed;
                info.behaviors = counts.findings;
                info.behaviors_allowed = counts.findings_allowed;
                info.behaviors_in_baseline = counts.findings_in_baseline;
                for part in b.parts() {
                    info.behavior_memory += part.bytes as u64;
                    info.behavior_evicted += part.given_up.newcomers + part.given_up.established;
                }
            }
        }
    }
}

/// Detects behaviors from now on, or packs records for the process that does. Saved state
/// under za_options.state_prefix is used; where that cannot be, a warning event says so. Keys
/// are hashed under a secret seed that is made at the first start and kept with the state
/// (mode 0600), so that nobody can prepare collisions; without state the seed is 0.
///
/// Fails with ZA_STATUS_REFUSED for a baseline or an allowlist that cannot be used, and with
/// ZA_STATUS_INVALID for a setting or network that is not valid, or a second call. Nothing is
/// detected then.
///
/// Ownership: the options are borrowed for the call. NULL: ZA_STATUS_NULL for engine and
/// options. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_watch_behaviors(
    engine: *mut za_engine,
    options: *const za_behavior_options,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        if !matches!(inner.role, Role::None) {
            return Err(Failure::invalid("behaviors are watched already"));
        }
        // SAFETY: as the caller says.
        inner.role = unsafe { role_of(&read_sized(options)?, &inner.state, &mut inner.events)? };
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

/// # Safety
/// What the options point to is there.
unsafe fn role_of(
    o: &za_behavior_options,
    state: &State,
    events: &mut Events,
) -> Result<Role, Failure> {
    // SAFETY: as the caller says.
    let (nets, set, baseline, allow) = unsafe {
        (
            utf8(o.local_nets, MAX_LIST, "local_nets")?,
            utf8(o.settings, MAX_LIST, "settings")?,
            path(o.baseline_path, "baseline_path")?,
            path(o.allow_path, "allow_path")?,
        )
    };
    let mut settings = settings_of(nets, set)?;
    if o.memory != 0 {
        settings.memory = usize::try_from(o.memory).unwrap_or(usize::MAX);
    }
    let load = |p| Allow::load(p).map_err(|e| Failure::new(za_status::Refused, e.to_string()));
    let allow = allow.map(load).transpose();
    if o.flags & ZA_BEHAVIORS_PACK != 0 {
        // Behaviors are the other process's matter, and so is a list that this host does not have.
        let allow = allow.unwrap_or_else(|e| {
            events.warn(format!(
                "records are reported without the allowlist: {}",
                e.text
            ));
            None
        });
        // All processes have to choose the same buckets: no seed.
        return Ok(Role::Packs(
            Packer::new(&settings),
            Box::new(allow.unwrap_or_default()),
        ));
    }
    let allow = allow?;
    let refused = |path: &Path, e: &dyn std::fmt::Display| {
        Failure::new(za_status::Refused, format!("{}: {e}", path.display()))
    };
    let load = |p| BehaviorBaseline::load(p).map_err(|e| refused(p, &e));
    let baseline = baseline.map(load).transpose()?;

    settings.seed = state.seed(events);
    let saved = state.hosts_file().filter(|p| p.exists());
    let restored = saved.and_then(|p| {
        let restored = BehaviorEngine::restore_from(settings.clone(), baseline.clone(), &p);
        restored
            .map_err(|e| {
                let path = p.display();
                events.warn(format!("not using the saved state of hosts: {path}: {e}"));
            })
            .ok()
    });
    let mut detector = restored.unwrap_or_else(|| BehaviorEngine::new(settings, baseline));
    if let Some(allow) = allow {
        *detector.allow() = allow;
    }
    Ok(Role::Detects(Box::new(detector), Unpacker::default()))
}

fn settings_of(nets: &str, set: &str) -> Result<Settings, Failure> {
    let parts = |list: &'static str, text| (list, elements(text));
    let mut settings = Settings::default();
    let (what, nets) = parts("local_nets", nets);
    for net in nets {
        let parsed = net.parse();
        let network =
            parsed.map_err(|_| Failure::invalid(format!("{what}: {net} is no network")))?;
        settings.local_nets.push(network);
    }
    let (what, set) = parts("settings", set);
    for setting in set {
        let wrong = || Failure::invalid(format!("{what}: {setting} should be NAME=NUMBER"));
        let (name, value) = setting.split_once('=').ok_or_else(wrong)?;
        let value: f64 = value.trim().parse().map_err(|_| wrong())?;
        let set = zeek_anomaly_behavior::registry::set(&mut settings, name.trim(), value);
        set.map_err(|e| Failure::invalid(e.to_string()))?;
    }
    Ok(settings)
}

/// The elements of a list in a text.
pub(super) fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|t| !t.is_empty())
}

/// Watches the records of a batch that another process packed.
///
/// Fails with ZA_STATUS_INVALID for a batch of another version, one that is damaged, or an
/// engine that does not detect behaviors; records before the damage were watched.
///
/// Ownership: the bytes are borrowed for the call. NULL: ZA_STATUS_NULL for engine, and for
/// data where len is not 0. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_unpack(
    engine: *mut za_engine,
    data: *const u8,
    len: usize,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let data = unsafe { slice(data, len, "data")? };
        let Role::Detects(detector, unpacker) = &mut inner.role else {
            return Err(Failure::invalid("this engine does not detect behaviors"));
        };
        let found = &mut inner.found;
        let unpacked = unpacker.unpack(data, &mut |view, columns, record| {
            detector.observe_as(view, columns, record, found);
        });
        inner.events.behaviors(&mut inner.found);
        unpacked
            .map(drop)
            .map_err(|e| Failure::invalid(e.to_string()))
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}
