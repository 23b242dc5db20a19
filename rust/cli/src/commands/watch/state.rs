//! How far everything was read and written, from one run to the next.

use crate::exit::Failure;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeek_anomaly_base::{Readers, write_whole};
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
    /// The logs that are followed.
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
        let size = match std::fs::metadata(path) {
            Ok(m) => m.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(said(&format!("cannot be read: {e}"))),
        };
        if size > MAX_BYTES {
            return Err(said("is too large to be the state of a watch"));
        }
        let text = std::fs::read(path).map_err(|e| said(&format!("cannot be read: {e}")))?;
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
