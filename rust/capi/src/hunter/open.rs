//! How a hunter is opened.

use super::show::Shown;
use super::state::Saving;
use super::types::{ZA_HUNTER_PACKS, za_hunter_options};
use super::{Inner, Role};
use crate::borrow::slice;
use crate::engine::path_of;
use crate::status::{Failure, za_status};
use std::collections::VecDeque;
use std::ffi::c_char;
use std::path::Path;
use zeek_anomaly_behavior::wire::{Batch, Packer, Unpacker};
use zeek_anomaly_behavior::{Allow, Hunter, Settings, Usual};
use zeek_log::RecordBuf;

/// The longest text of an option, in bytes.
const MAX_OPTION: usize = 1 << 20;
/// A text of the options; empty where there is none.
///
/// # Safety
/// `ptr` is NULL, or `len` bytes are there for as long as the result is used.
pub(super) unsafe fn option<'a>(
    ptr: *const c_char,
    len: usize,
    what: &str,
) -> Result<&'a [u8], Failure> {
    if ptr.is_null() || len == 0 {
        return Ok(&[]);
    }
    if len > MAX_OPTION {
        return Err(Failure::invalid(format!("{what} is {len} bytes long")));
    }
    // SAFETY: as the caller says.
    unsafe { slice(ptr.cast::<u8>(), len, what) }
}

/// The elements of a list in a text.
fn list<'a>(text: &'a [u8], what: &str) -> Result<Vec<&'a str>, Failure> {
    let text = std::str::from_utf8(text)
        .map_err(|_| Failure::new(za_status::Text, format!("{what} is not UTF-8")))?;
    Ok(text
        .split(',')
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .collect())
}

/// # Safety
/// What the options point to is there.
pub(super) unsafe fn open(options: &za_hunter_options) -> Result<Inner, Failure> {
    let o = options;
    // SAFETY: as the caller says.
    let (nets, set, usual, allow, state) = unsafe {
        (
            option(o.local_nets, o.local_nets_len, "local_nets")?,
            option(o.settings, o.settings_len, "settings")?,
            option(o.usual_path, o.usual_path_len, "usual_path")?,
            option(o.allow_path, o.allow_path_len, "allow_path")?,
            option(o.state_path, o.state_path_len, "state_path")?,
        )
    };
    let mut settings = Settings::default();
    settings.seed = o.seed;
    if o.memory != 0 {
        settings.memory = usize::try_from(o.memory).unwrap_or(usize::MAX);
    }
    for net in list(nets, "local_nets")? {
        let parsed = net.parse();
        settings.local_nets.push(
            parsed.map_err(|_| Failure::invalid(format!("local_nets: {net} is no network")))?,
        );
    }
    for setting in list(set, "settings")? {
        let wrong = || Failure::invalid(format!("settings: {setting} should be NAME=NUMBER"));
        let (name, value) = setting.split_once('=').ok_or_else(wrong)?;
        let value: f64 = value.trim().parse().map_err(|_| wrong())?;
        settings
            .set(name.trim(), value)
            .map_err(|e| Failure::invalid(e.to_string()))?;
    }
    let refused = |path: &Path, e: &dyn std::fmt::Display| {
        Failure::new(za_status::ModelRefused, format!("{}: {e}", path.display()))
    };
    let role = if o.flags & ZA_HUNTER_PACKS != 0 {
        let empty = Batch {
            bucket: 0,
            records: 0,
            bytes: Vec::new(),
        };
        Role::Packs(Packer::new(&settings), empty)
    } else {
        let path =
            |bytes| path_of(bytes).map(|p: &Path| Some(p).filter(|p| !p.as_os_str().is_empty()));
        let usual = match path(usual)? {
            Some(p) => Some(Usual::load(p).map_err(|e| refused(p, &e))?),
            None => None,
        };
        let mut hunter = match path(state)? {
            Some(p) if p.exists() => {
                Hunter::restore_from(settings, usual, p).map_err(|e| refused(p, &e))?
            }
            _ => Hunter::new(settings, usual),
        };
        if let Some(p) = path(allow)? {
            *hunter.allow() =
                Allow::load(p).map_err(|e| Failure::new(za_status::ModelRefused, e.to_string()))?;
        }
        Role::Hunts(Box::new(hunter), Unpacker::default())
    };
    Ok(Inner {
        role,
        bound: Vec::new(),
        record: RecordBuf::new(),
        out: Vec::new(),
        waiting: VecDeque::new(),
        dropped: 0,
        shown: Shown::default(),
        saving: Saving::default(),
    })
}
