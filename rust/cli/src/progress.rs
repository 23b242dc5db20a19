//! The progress bar: on a terminal, and only where the work takes long enough.

use crate::say;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// Work that is done sooner needs no bar.
const AFTER: Duration = Duration::from_secs(2);

/// Bytes done and to do, rows a second, time left.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    total: u64,
    bytes: u64,
    rows: u64,
    shown: bool,
}

impl Progress {
    /// A bar for so many bytes, 0 where that is not known. None is shown in a pipe, or
    /// where it is not `wanted`.
    pub fn new(total: u64, wanted: bool) -> Progress {
        let bar = (wanted && io::stderr().is_terminal())
            .then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()));
        Progress {
            bar,
            started: Instant::now(),
            total,
            bytes: 0,
            rows: 0,
            shown: false,
        }
    }

    /// More was done.
    pub fn add(&mut self, bytes: u64, rows: u64) {
        self.bytes += bytes;
        self.rows += rows;
        let Some(bar) = &self.bar else { return };
        let elapsed = self.started.elapsed();
        if elapsed < AFTER {
            return;
        }
        if !self.shown {
            self.shown = true;
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            let template = if self.total == 0 {
                "{spinner} {bytes}  {msg}"
            } else {
                bar.set_length(self.total);
                "{wide_bar} {percent:>3}%  {bytes} of {total_bytes}  {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        bar.set_position(self.bytes);
        let seconds = elapsed.as_secs_f64();
        let rate = (self.rows as f64 / seconds) as u64;
        let message = match self.total.checked_sub(self.bytes) {
            _ if self.total == 0 => format!("{} rows/s", say::count(rate)),
            None | Some(0) => format!("{} rows/s  finishing", say::count(rate)),
            Some(left) => {
                let eta = seconds * left as f64 / self.bytes.max(1) as f64;
                format!("{} rows/s  {} left", say::count(rate), span(eta))
            }
        };
        bar.set_message(message);
    }

    /// The end: the bar goes.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// How long it took.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A span of time, roughly.
fn span(seconds: f64) -> String {
    let s = seconds.clamp(0.0, 1e7).ceil() as u64;
    match s {
        0..=99 => format!("{s} s"),
        100..=5999 => format!("{} min", s.div_ceil(60)),
        _ => format!("{} h", s.div_ceil(3600)),
    }
}
