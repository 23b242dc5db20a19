//! What hosts do over time, as the logs come.

use super::args::WatchArgs;
use crate::exit::Failure;
use crate::say;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Finding};
use zeek_anomaly_engine::merge::InOrder;

/// How often what is known of hosts is saved: it can be large.
const SAVE_EVERY: Duration = Duration::from_secs(600);

/// The engine of behaviors at work.
pub struct Hosts {
    engine: BehaviorEngine,
    /// Where it is saved, and when it was.
    place: Option<PathBuf>,
    saved: Instant,
    found: Vec<Finding>,
    /// Whether a row was seen since findings that grow were given.
    seen: bool,
}

impl Hosts {
    /// Nothing where behaviors are not asked for. Goes on from what was saved beside the state.
    pub fn new(args: &WatchArgs) -> Result<Option<Hosts>, Failure> {
        if !args.hunt {
            return Ok(None);
        }
        let mut engine = (args.budget).behaviors(args.usual.as_deref(), args.allow.as_deref())?;
        let place = args.state.as_deref().map(beside);
        if let Some(path) = place.as_deref().filter(|p| p.exists()) {
            let settings = engine.network().settings().clone();
            let baseline = crate::commands::inputs::baseline(args.usual.as_deref())?;
            match BehaviorEngine::restore_from(settings, baseline, path) {
                Ok(restored) => {
                    let allow = std::mem::take(engine.allow());
                    engine = restored;
                    *engine.allow() = allow;
                }
                Err(e) => say::warning(&format!(
                    "{}: what is known of hosts cannot be used, and begins anew: {e}",
                    path.display()
                )),
            }
        }
        Ok(Some(Hosts {
            engine,
            place,
            saved: Instant::now(),
            found: Vec::new(),
            seen: false,
        }))
    }

    /// Sees a row, in the order of time.
    pub fn see(&mut self, row: &InOrder<'_>, columns: &BehaviorColumns) {
        self.seen = true;
        self.engine.observe(columns, &row.record, &mut self.found);
    }

    /// What was found since this was called last; at the end also what has grown since it was given.
    pub fn found(&mut self, ending: bool) -> Vec<Finding> {
        if ending && std::mem::take(&mut self.seen) {
            self.engine.finish(&mut self.found);
        }
        std::mem::take(&mut self.found)
    }

    /// Saves what is known, where that is due.
    pub fn save(&mut self, ending: bool) -> Result<(), Failure> {
        let Some(path) = &self.place else {
            return Ok(());
        };
        if ending || self.saved.elapsed() >= SAVE_EVERY {
            self.saved = Instant::now();
            let saved = self.engine.save_to(path);
            saved.map_err(|e| Failure::Said(format!("{}: {e}", path.display())))?;
        }
        Ok(())
    }
}

/// The file of hosts beside a state.
fn beside(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".hosts");
    PathBuf::from(name)
}
