//! Another model while records go on.

use super::{Inner, load, logs_of, path_bytes, path_of, za_engine, zeek_version_of};
use crate::background::Task;
use crate::guard::give;
use crate::status::{Failure, za_error, za_status};
use std::ffi::c_char;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use zeek_anomaly_engine::Model;

/// How far a change of the model has come.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum za_reload {
    /// The file is the one that was read last.
    Unchanged = 0,
    /// Another one is being read and checked, on a thread of its own.
    Reading = 1,
    /// The engine goes on with another model from now on.
    Taken = 2,
}

/// What a file is told by, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    path: PathBuf,
    /// When it was changed, its size, and which file it is; `None` where it is not there.
    file: Option<(SystemTime, u64, u64)>,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Stamp {
        let file = std::fs::metadata(path).ok().and_then(|m| {
            #[cfg(unix)]
            let number = std::os::unix::fs::MetadataExt::ino(&m);
            #[cfg(not(unix))]
            let number = 0;
            Some((m.modified().ok()?, m.len(), number))
        });
        Stamp {
            path: path.to_owned(),
            file,
        }
    }
}

/// What is known of the model's file.
pub(super) struct Reloading {
    /// That of the file that was read last, or tried.
    read: Option<Stamp>,
    /// That which was seen last: a file that is still being copied changes.
    seen: Option<Stamp>,
    task: Option<Task<Model>>,
}

impl Reloading {
    pub(super) fn new(read: Option<Stamp>) -> Reloading {
        Reloading {
            seen: read.clone(),
            read,
            task: None,
        }
    }

    /// Looks at the file; gives a model that was read.
    fn look(&mut self, path: &Path) -> Result<(za_reload, Option<Model>), Failure> {
        if let Some(task) = self.task.take_if(|t| t.is_done()) {
            return Ok((za_reload::Taken, Some(task.end()?)));
        }
        if self.task.is_some() {
            return Ok((za_reload::Reading, None));
        }
        let stamp = Stamp::of(path);
        let settled = self.seen.replace(stamp.clone()) == Some(stamp.clone());
        // Without a model, one that is not there yet is no news.
        let nothing = self.read.is_none() && stamp.file.is_none();
        if self.read.as_ref() == Some(&stamp) || nothing {
            return Ok((za_reload::Unchanged, None));
        }
        if !settled {
            return Ok((za_reload::Reading, None));
        }
        let path = stamp.path.clone();
        self.read = Some(stamp);
        self.task = Some(Task::begin("anomaly/model", move || load(&path))?);
        Ok((za_reload::Reading, None))
    }
}

impl Inner {
    /// Goes on with another model: every schema is bound to it, under its old number.
    fn take_model(&mut self, model: Model) {
        self.logs = logs_of(&model);
        self.zeek_version = zeek_version_of(&model);
        self.engine.set_model(Arc::new(model));
        for b in &mut self.bound {
            b.binding = self.engine.bind(&b.schema);
            b.needed = b.binding.needed(b.schema.fields.len());
        }
    }
}

/// Looks whether the model's file has changed, or another one is named. If so, it is read and
/// checked on a thread of its own, from the second call on that finds it the same; a call after
/// that takes it. To be called now and then, until out_state, a za_reload, is not
/// ZA_RELOAD_READING.
///
/// What is known of connections and alerts stays, and so do bindings; what za_engine_info handed
/// out is gone, and a za_found of before must not be given to za_engine_alert.
///
/// Fails with ZA_STATUS_MODEL_IO or ZA_STATUS_MODEL_REFUSED, once for each change, where the
/// file cannot be used; the engine goes on with the model that it has.
///
/// # Safety
///
/// The pointers are NULL or point to what they are said to point to; engine is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn za_engine_reload(
    engine: *mut za_engine,
    path: *const c_char,
    path_len: usize,
    out_state: *mut u32,
    err: *mut *mut za_error,
) -> za_status {
    let work = |inner: &mut Inner| {
        // SAFETY: as the caller says.
        let path = path_of(unsafe { path_bytes(path, path_len, "path")? })?;
        let (state, model) = inner.reloading.look(path)?;
        if let Some(model) = model {
            inner.take_model(model);
        }
        Ok(state as u32)
    };
    // SAFETY: as the caller says.
    unsafe { give(engine, (out_state, "out_state"), err, work) }
}
