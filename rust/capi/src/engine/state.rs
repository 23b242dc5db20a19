//! State in files: alerts, hosts, and the seed of the keys.

use super::behaviors::Role;
use super::events::Events;
use super::time::Timer;
use super::{Inner, za_engine};
use crate::background::Writer;
use crate::guard::act;
use crate::status::{Failure, za_error, za_status};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use zeek_anomaly_base::{Readers, read_at_most, write_whole};
use zeek_anomaly_behavior::Snapshot;
use zeek_anomaly_engine::Engine;

/// The largest file of alerts that is read, in bytes.
const MAX_ALERTS: u64 = (64 << 20) + 1024;

/// The largest file of a seed that is read, in bytes.
const MAX_SEED: u64 = 64;

/// Where state is kept, and what is on its way to it.
pub(super) struct State {
    prefix: Option<PathBuf>,
    save: Timer,
    /// What is encoded so far of the hosts.
    encoding: Option<Snapshot>,
    alerts: Writer,
    hosts: Writer,
    /// Why it was not saved the last time.
    problem: String,
}

impl State {
    pub(super) fn new(prefix: Option<&Path>, save_interval: f64) -> State {
        State {
            prefix: prefix.map(Path::to_owned),
            save: Timer::new(save_interval),
            encoding: None,
            alerts: Writer::default(),
            hosts: Writer::default(),
            problem: String::new(),
        }
    }

    fn file(&self, ending: &str) -> Option<PathBuf> {
        let mut path = OsString::from(self.prefix.as_ref()?);
        path.push(ending);
        Some(path.into())
    }

    pub(super) fn hosts_file(&self) -> Option<PathBuf> {
        self.file(".state")
    }

    fn alerts_file(&self) -> Option<PathBuf> {
        self.file(".alerts")
    }

    /// The seed that is kept with the state; it is made where there is none.
    pub(super) fn seed(&self, events: &mut Events) -> u64 {
        let (Some(path), Some(hosts)) = (self.file(".seed"), self.hosts_file()) else {
            return 0;
        };
        let shown = path.display();
        match read(&path, MAX_SEED) {
            Ok(Some(bytes)) => {
                let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
                if let Ok(seed) = u64::from_str_radix(text, 16) {
                    return seed;
                }
                events.warn(format!("making a new seed: {shown} is damaged"));
            }
            Ok(None) => {}
            Err(e) => events.warn(format!("making a new seed: {}", e.text)),
        }
        if hosts.exists() {
            let hosts = hosts.display();
            events.warn(format!(
                "the seed of {hosts} is gone: hosts are learned anew"
            ));
        }
        let seed = getrandom::u64().unwrap_or_default();
        let written = make_directory(&path)
            .and_then(|()| write_whole(&path, format!("{seed:016x}\n").as_bytes(), Readers::Owner));
        if let Err(e) = written {
            events.warn(format!("the seed is not saved: {shown}: {e}"));
        }
        seed
    }

    /// Goes on from what was saved of alerts.
    pub(super) fn resume_alerts(&self, engine: &mut Engine) -> Result<(), Failure> {
        let Some(path) = self.alerts_file() else {
            return Ok(());
        };
        let Some(bytes) = read(&path, MAX_ALERTS)? else {
            return Ok(());
        };
        let resumed = engine.resume_alerts(&bytes);
        resumed.map_err(|e| Failure::new(za_status::Refused, format!("{}: {e}", path.display())))
    }

    /// Begins to write the state of alerts.
    fn begin_alerts(&mut self, engine: &Engine) -> Result<(), Failure> {
        match (self.alerts_file(), engine.alerts_state()) {
            (Some(path), Some(bytes)) => self.alerts.begin(move || {
                make_directory(&path).map_err(|e| failed(&path, &e))?;
                write_whole(&path, &bytes, Readers::Owner).map_err(|e| failed(&path, &e))
            }),
            _ => Ok(()),
        }
    }

    /// Encodes a part of the hosts' state; the last step begins to write it.
    fn step(&mut self, role: &Role) -> Result<(), Failure> {
        let (Some(path), Role::Detects(detector, _)) = (self.hosts_file(), role) else {
            self.encoding = None;
            return Ok(());
        };
        let Some(encoding) = &mut self.encoding else {
            return Ok(());
        };
        let unsaved = |e: &dyn std::fmt::Display| Failure::new(za_status::Io, e.to_string());
        if detector.snapshot_step(encoding).map_err(|e| unsaved(&e))?
            && let Some(whole) = self.encoding.take()
        {
            self.hosts.begin(move || {
                make_directory(&path).map_err(|e| failed(&path, &e))?;
                let written = whole.write(&path);
                written.map_err(|e| Failure::new(za_status::Io, e.to_string()))
            })?;
        }
        Ok(())
    }
}

impl Inner {
    /// Saves now and then, in steps that are short; files are written on threads of their own.
    pub(super) fn save_step(&mut self, now: f64) {
        let state = &mut self.state;
        if state.prefix.is_none() {
            return;
        }
        let mut outcome = Ok(());
        if state.encoding.is_some() {
            outcome = state.step(&self.role);
        } else if state.save.is_due(now) {
            outcome = state.begin_alerts(&self.engine);
            state.encoding = Some(Snapshot::default());
        }
        for writer in [&mut state.alerts, &mut state.hosts] {
            if writer.is_begun() && !writer.is_busy() {
                outcome = outcome.and(writer.end());
            }
        }
        // Said once, not at each interval.
        if let Err(e) = outcome
            && state.problem != e.text
        {
            state.problem = e.text.clone().into_owned();
            self.events
                .warn(format!("the state is not saved: {}", e.text));
        }
    }
}

/// Saves the state and waits until it is written: the last call before za_engine_close. Where no
/// state is kept, ends the open day of each budget instead, because nothing goes on from it.
///
/// Fails with ZA_STATUS_IO where a file cannot be written; files are replaced whole or not at
/// all.
///
/// NULL: ZA_STATUS_NULL for engine. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_save(
    engine: *mut za_engine,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        if inner.state.prefix.is_none() {
            inner.engine.end_day();
            return Ok(());
        }
        inner.state.encoding = Some(Snapshot::default());
        let begun = inner.state.begin_alerts(&inner.engine);
        let mut encoded = Ok(());
        while encoded.is_ok() && inner.state.encoding.is_some() {
            encoded = inner.state.step(&inner.role);
        }
        let written = [inner.state.alerts.end(), inner.state.hosts.end()];
        written.into_iter().fold(begun.and(encoded), Result::and)
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}

fn failed(path: &Path, e: &io::Error) -> Failure {
    Failure::new(za_status::Io, format!("{}: {e}", path.display()))
}

/// Makes the directory of a file.
fn make_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}

/// The bytes of a file, `None` where there is none.
fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Failure> {
    match read_at_most(path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed(path, &e)),
    }
}
