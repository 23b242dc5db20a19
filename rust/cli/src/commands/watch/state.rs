//! How far everything was read and written, from one run to the next.

use crate::exit::Failure;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeek_anomaly_base::{Readers, read_small, write_whole};
use zeek_log::follow::Mark;

/// The form of the file.
const VERSION: u32 = 1;

/// The largest file that is read as one.
const MAX_BYTES: u64 = 64 << 20;

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// When the first run began, in seconds since the epoch.
    began: u64,
    /// When this was written.
    ended: u64,
    /// The logs that are followed, and those that wait to be read.
    pub files: Vec<Mark>,
    /// Logs that are done with: how many of their first bytes, and their hash.
    pub finished: Vec<(usize, u64)>,
    /// The output.
    pub output: Option<Written>,
    /// What is known for a budget of alerts.
    #[serde(default)]
    pub alerts: Option<String>,
}

/// How far a file was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its path.
    pub path: PathBuf,
    /// Its device and inode.
    pub inode: (u64, u64),
    /// Its length.
    pub len: u64,
}

/// Keeps a second `watch` from a state or an output while it exists.
#[derive(Debug)]
pub struct Lock {
    /// The system lets go of the lock when this is closed, also where the process is killed.
    _file: File,
}

impl Lock {
    /// Takes the lock of a state, in a file beside it, which says whose it is.
    pub fn of_state(state: &Path) -> Result<Lock, Failure> {
        let mut path = state.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |cause| Failure::Output {
            to: path.display().to_string(),
            cause,
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        if !lock(&file).map_err(failed)? {
            let mut owner = String::new();
            let _ = (&mut file).take(20).read_to_string(&mut owner);
            return Err(Failure::Said(format!(
                "{}: is in use by another watch (process {}); end that one first, or give this one \
                 another --state",
                state.display(),
                owner.trim()
            )));
        }
        // Who it is helps people only.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Lock { _file: file })
    }
}

/// Takes the lock of an open file, unless another process has it.
pub fn lock(file: &File) -> std::io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // A file system without locks: nothing can be told.
        Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => Ok(true),
        Err(e) => Err(e.into()),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| d.as_secs())
}

impl State {
    /// Of a first run.
    pub fn new() -> State {
        State {
            version: VERSION,
            began: now(),
            ended: now(),
            files: Vec::new(),
            finished: Vec::new(),
            output: None,
            alerts: None,
        }
    }

    /// What an earlier run left; `None` where there was none.
    pub fn load(path: &Path) -> Result<Option<State>, Failure> {
        let said = |what: &str| {
            Failure::Said(format!(
                "{}: {what}; remove it to begin anew, or name another file with --state",
                path.display()
            ))
        };
        let text = match read_small(path, MAX_BYTES) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(said(&format!("cannot be read: {e}"))),
        };
        let state: State = serde_json::from_slice(&text)
            .map_err(|e| said(&format!("is not the state of a watch ({e})")))?;
        if state.version != VERSION {
            let what = format!(
                "has the form {}, this command knows {VERSION}",
                state.version
            );
            return Err(said(&what));
        }
        Ok(Some(state))
    }

    /// When the first run began, and the last one ended.
    pub fn times(&self) -> (SystemTime, SystemTime) {
        let at = |s: u64| UNIX_EPOCH.checked_add(Duration::from_secs(s));
        let or = |s: u64| at(s).unwrap_or(UNIX_EPOCH);
        (or(self.began), or(self.ended))
    }

    /// Replaces the file whole.
    pub fn save(&mut self, path: &Path) -> Result<(), Failure> {
        self.ended = now();
        let failed = |cause| Failure::Output {
            to: path.display().to_string(),
            cause,
        };
        let mut text = serde_json::to_vec(self).map_err(|e| failed(e.into()))?;
        text.push(b'\n');
        write_whole(path, &text, Readers::Owner).map_err(failed)
    }
}
