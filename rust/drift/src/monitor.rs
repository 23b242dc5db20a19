//! Days, opened and closed as records come.

use super::reference::{Reference, is_whole};
use super::window::Window;
use super::{LogDrift, TrainedLog, columns, judge};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_base::time::{begin_of, day_of};
use zeek_anomaly_models::Encoder;
use zeek_log::Schema;

/// How long after its end a day is closed, in seconds of the records' time: records of
/// connections bear the time of their beginning.
const GRACE: f64 = 3600.0;

/// Records in a row of a day that is not open which say that the clock has been set, or
/// that time has passed without records.
const STEP_AFTER: u32 = 32;

/// Days that are open at once over archived logs.
const MAX_DAYS: usize = 4096;

/// Findings that wait to be taken.
const MAX_WAITING: usize = 256;

/// Compares days with a model's training.
#[derive(Debug)]
pub struct Monitor {
    reference: Reference,
    /// Whether days are closed as they end.
    live: bool,
    /// Whether numbers of rows are compared.
    volumes: bool,
    days: BTreeMap<i32, Day>,
    clock: f64,
    /// The day that is not open, and its records in a row.
    stray: (i32, u32),
    told: BTreeSet<String>,
    waiting: VecDeque<LogDrift>,
    /// The schema of the record before.
    last: Option<Arc<Schema>>,
}

#[derive(Debug, Default)]
struct Day {
    hours: u32,
    windows: BTreeMap<usize, Window>,
}

impl Monitor {
    /// A monitor for records as they happen: a day is judged an hour after its end.
    /// `volumes` is whether the records are all of the network's, so that their number means
    /// something.
    pub fn live(logs: &[TrainedLog<'_>], volumes: bool) -> Monitor {
        Monitor {
            reference: Reference::new(logs),
            live: true,
            volumes,
            days: BTreeMap::new(),
            clock: f64::NEG_INFINITY,
            stray: (0, 0),
            told: BTreeSet::new(),
            waiting: VecDeque::new(),
            last: None,
        }
    }

    /// A monitor for archived logs, in whatever order: all days are judged at the end.
    pub fn archive(logs: &[TrainedLog<'_>]) -> Monitor {
        Monitor {
            live: false,
            ..Monitor::live(logs, true)
        }
    }

    /// Compares a log's columns with those of training.
    pub fn schema(&mut self, schema: &Schema) {
        let logs = &self.reference.logs;
        let Some(reference) = logs.iter().find(|l| l.spec.log() == schema.log) else {
            return;
        };
        let mut changes = columns::changes(&reference.fields, schema);
        // Said once for each log and column, however often a schema comes.
        changes.retain(|c| {
            self.told.len() < MAX_DAYS
                && self
                    .told
                    .insert(format!("{} {} {}", schema.log, c.name, c.now))
        });
        if !changes.is_empty() {
            self.wait(LogDrift {
                log: printable(&schema.log),
                day: None,
                rows: 0,
                hours: 0,
                judged: true,
                conventional: false,
                changes,
            });
        }
    }

    /// Counts a record: the position of its log and the encoders that the monitor was made
    /// with, its time, its features in their compact form, and what gives a feature's value in
    /// words.
    pub fn record(
        &mut self,
        (at, encoders): (usize, &[Encoder]),
        ts: Option<f64>,
        bits: &[u64],
        text: &dyn Fn(usize) -> String,
    ) {
        let Some(day) = self.day(ts) else {
            return;
        };
        let (Some(reference), Some(day)) = (self.reference.logs.get(at), self.days.get_mut(&day))
        else {
            return;
        };
        day.windows
            .entry(at)
            .or_insert_with(|| Window::new(reference.spec.len()))
            .add(reference, encoders, bits, text);
    }

    /// Compares a log's columns where they are others than those of the record before.
    pub fn next_schema(&mut self, schema: &Arc<Schema>) {
        if !(self.last.as_ref()).is_some_and(|s| Arc::ptr_eq(s, schema)) {
            self.schema(schema);
            self.last = Some(schema.clone());
        }
    }

    /// Takes note of the time of a record that is not counted: that its day has this hour.
    pub fn tick(&mut self, ts: Option<f64>) {
        self.day(ts);
    }

    /// The oldest finding that was not taken.
    pub fn take(&mut self) -> Option<LogDrift> {
        self.waiting.pop_front()
    }

    /// Judges all days that are open. Every log of every day is told of, by day.
    pub fn finish(&mut self) -> Vec<LogDrift> {
        let mut out: Vec<LogDrift> = self.waiting.drain(..).collect();
        while let Some((number, day)) = self.days.pop_first() {
            out.extend(self.judge(number, &day));
        }
        out
    }

    /// Training days of a log that are whole and have rows enough.
    pub fn training_days(&self, at: usize) -> usize {
        self.reference.logs.get(at).map_or(0, |l| l.days)
    }

    /// The open day of a time; `None` for a time that is not believed.
    fn day(&mut self, ts: Option<f64>) -> Option<i32> {
        let ts = ts?;
        let (number, hour) = day_of(ts)?;
        if !self.days.contains_key(&number) && !self.opens(number) {
            return None;
        }
        self.stray.1 = 0;
        self.days.entry(number).or_default().hours |= 1 << hour;
        if self.live && ts > self.clock {
            self.clock = ts;
            let closed = day_of(ts - GRACE).map_or(0, |d| d.0);
            while let Some(first) = self.days.first_entry()
                && *first.key() < closed
            {
                let (number, day) = first.remove_entry();
                self.close(number, &day);
            }
        }
        Some(number)
    }

    /// Whether a day is to be opened.
    fn opens(&mut self, number: i32) -> bool {
        let Some(last) = self.days.last_key_value().map(|d| *d.0) else {
            return true;
        };
        if !self.live {
            return self.days.len() < MAX_DAYS;
        }
        if number == last + 1 {
            return true;
        }
        self.stray = match self.stray {
            (day, n) if day == number => (day, n + 1),
            _ => (number, 1),
        };
        if self.stray.1 < STEP_AFTER {
            return false;
        }
        while let Some((number, day)) = self.days.pop_first() {
            self.close(number, &day);
        }
        self.clock = f64::NEG_INFINITY;
        true
    }

    fn close(&mut self, number: i32, day: &Day) {
        for found in self.judge(number, day) {
            if found.judged && !found.changes.is_empty() {
                self.wait(found);
            }
        }
    }

    fn wait(&mut self, found: LogDrift) {
        if !self.live || self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(found);
        }
    }

    /// All logs of a day.
    fn judge(&self, number: i32, day: &Day) -> Vec<LogDrift> {
        let hours = day.hours.count_ones();
        let judged = is_whole(hours, self.reference.hours);
        let logs = self.reference.logs.iter().enumerate();
        logs.map(|(at, reference)| {
            let window = day.windows.get(&at);
            let rows = window.map_or(0, |w| w.rows);
            let mut changes = Vec::new();
            if judged {
                if self.volumes {
                    changes.extend(judge::volume(reference, rows, number));
                }
                if let Some(window) = window {
                    changes.extend(judge::features(reference, window, number));
                }
            }
            LogDrift {
                log: printable(reference.spec.log()),
                day: Some(begin_of(number)),
                rows,
                hours,
                judged,
                conventional: !reference.has_own_limits(),
                changes,
            }
        })
        .collect()
    }
}
