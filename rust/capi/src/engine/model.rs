//! The model, and another one while records go on.

use super::time::Timer;
use super::{Inner, za_engine};
use crate::background::Task;
use crate::borrow::path;
use crate::guard::act;
use crate::status::{Failure, za_error, za_status};
use crate::types::za_text;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::Model;

/// What identifies a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// When it was changed, its size, and which file it is; `None` where it is not there.
    file: Option<(SystemTime, u64, u64)>,
}

impl Stamp {
    fn of(path: &Path) -> Stamp {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path).ok();
        let file = metadata.and_then(|m| Some((m.modified().ok()?, m.len(), m.ino())));
        Stamp {
            path: path.to_owned(),
            file,
        }
    }
}

/// The model file, and what is known of it.
pub(super) struct ModelFile {
    loaded: bool,
    /// The Zeek that wrote the logs of the training; empty where it is not known.
    zeek_version: String,
    path: Option<PathBuf>,
    check: Timer,
    /// The file that was read last, or tried.
    read: Option<Stamp>,
    /// The file as it was seen last: one that is still being copied changes.
    seen: Option<Stamp>,
    task: Option<Task<Model>>,
    /// Whether to look again at the next tick.
    pending: bool,
}

impl ModelFile {
    pub(super) fn new(check_interval: f64) -> ModelFile {
        ModelFile {
            loaded: false,
            zeek_version: String::new(),
            path: None,
            check: Timer::new(check_interval),
            read: None,
            seen: None,
            task: None,
            pending: false,
        }
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.loaded
    }

    pub(super) fn zeek_version(&self) -> &str {
        &self.zeek_version
    }

    /// Looks at the file, where it is time; gives a model that was read.
    fn look(&mut self, now: f64) -> Result<Option<Model>, Failure> {
        if !self.check.is_due(now) && !self.pending {
            return Ok(None);
        }
        let Some(path) = self.path.clone() else {
            return Ok(None);
        };
        if let Some(task) = self.task.take_if(|t| t.is_done()) {
            self.pending = false;
            return task.end().map(Some);
        }
        if self.task.is_some() {
            return Ok(None);
        }
        let stamp = Stamp::of(&path);
        let settled = self.seen.replace(stamp.clone()) == Some(stamp.clone());
        self.pending = self.read.as_ref() != Some(&stamp);
        if !self.pending || !settled {
            return Ok(None);
        }
        self.read = Some(stamp);
        self.task = Some(Task::begin("anomaly/model", move || load(&path))?);
        Ok(None)
    }
}

/// Reads a model.
fn load(path: &Path) -> Result<Model, Failure> {
    let mut model = Model::load(path).map_err(|e| {
        let status = match e.is_io() {
            true => za_status::Io,
            false => za_status::Refused,
        };
        Failure::new(status, e.to_string())
    })?;
    // Nobody trains inside Zeek.
    model.forget_training();
    Ok(model)
}

impl Inner {
    /// Goes on with another model: every schema is bound to it, under its old number.
    fn take_model(&mut self, model: Model) {
        let old = self.engine.model().clone();
        let version = model.info.zeek_version.as_deref();
        self.model.zeek_version = version.map(printable).unwrap_or_default();
        self.model.loaded = true;
        self.engine.set_model(Arc::new(model));
        for b in &mut self.bound {
            b.bind_again(&mut self.engine);
        }
        let new = self.engine.model().clone();
        self.events.renumber(|log| {
            let name = old.logs.get(log)?.log();
            new.logs.iter().position(|m| m.log() == name)
        });
    }

    /// Looks whether there is another model, where it is time.
    pub(super) fn check_model(&mut self, now: f64) {
        match self.model.look(now) {
            Ok(None) => {}
            Ok(Some(model)) => {
                self.take_model(model);
                let read = self.model.read.as_ref();
                let path = read.map(|s| s.path.display().to_string());
                self.events.model_loaded(path.unwrap_or_default());
            }
            Err(e) => {
                self.model.pending = false;
                let text = format!("keeping the current model: {}", e.text);
                self.events.warn(text);
            }
        }
    }
}

/// Names the model file. With wait not 0 it is read now. Otherwise, and whenever the file
/// changes (za_options.model_check_interval), it is read and checked on a thread of its own;
/// a later za_engine_tick replaces the current model between two records. Then there is an
/// event ZA_EVENT_KIND_MODEL_LOADED, or a warning where the file cannot be used. The current model
/// stays in use until then. What is known of connections and alerts stays, and so do bindings.
///
/// The file is checked as if it came from an enemy. With wait, the call fails with
/// ZA_STATUS_IO or ZA_STATUS_REFUSED where it cannot be used; it is tried again when it
/// changes.
///
/// Ownership: the path is borrowed for the call. NULL: ZA_STATUS_NULL for engine and the
/// path's data. Threads: any.
///
/// # Safety
///
/// Each pointer is NULL or points to a valid object of its type; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_load_model(
    engine: *mut za_engine,
    model_path: za_text,
    wait: u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        if model_path.data.is_null() {
            return Err(Failure::null("model_path"));
        }
        // SAFETY: as the caller says.
        let path = unsafe { path(model_path, "model_path")? };
        let path = path.ok_or_else(|| Failure::invalid("model_path is empty"))?;
        inner.model.path = Some(path.to_owned());
        if wait == 0 {
            inner.model.pending = true;
            return Ok(());
        }
        inner.model.read = Some(Stamp::of(path));
        let model = load(path)?;
        inner.take_model(model);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { act(engine, err, work) }
}
