//! What a signal does to the process, in one place. `watch` ends cleanly by itself
//! (`commands/watch`); every other command ends at once, without temporary files, and an
//! output that was there before stays as it was.

use crate::say;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use zeek_anomaly_base::remove_pending;

/// The exit status of a process that a signal ended is this and the signal's number.
const SIGNALLED: i32 = 128;

/// From now on SIGINT, SIGTERM and SIGHUP remove all temporary files and end the process. A signal
/// that the parent had ignored (`nohup`) stays ignored.
pub fn end_cleanly() {
    let ignored = ignored();
    let heard = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|s| ignored >> (s - 1) & 1 == 0);
    // Where signals cannot be caught, they end the process as ever.
    let Ok(mut signals) = Signals::new(heard) else {
        return;
    };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _removed = remove_pending();
            say::line("interrupted: nothing was written");
            signal_hook::low_level::exit(SIGNALLED + signal);
        }
    });
}

/// The signals that are ignored, bit by bit, as Linux tells them.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok())
        .unwrap_or(0)
}
