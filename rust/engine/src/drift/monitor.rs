//! Days, opened and closed as records come.

use super::baseline::{begin_of, day_of};
use super::reference::{Reference, is_whole};
use super::window::Window;
use super::{LogDrift, columns, judge};
use crate::model::Model;
use crate::offline::Scored;
use crate::text::printable;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
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

/// Compares days with a model's training. The model is given with each call, and has to
/// be the same.
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
    /// The schema of the record scored last.
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
    pub fn live(model: &Model, volumes: bool) -> Monitor {
        Monitor {
            reference: Reference::new(model),
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
    pub fn archive(model: &Model) -> Monitor {
        Monitor {
            live: false,
            ..Monitor::live(model, true)
        }
    }

    /// Compares a log's columns with those of training.
    pub fn schema(&mut self, model: &Model, schema: &Schema) {
        let Some(at) = model.position(&schema.log) else {
            return;
        };
        let mut changes = columns::changes(&model.logs[at], schema);
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

    /// Counts a record: the position of its log's model, its time, its features in their
    /// compact form, and what gives a feature's value in words.
    pub fn record(
        &mut self,
        model: &Model,
        at: usize,
        ts: Option<f64>,
        bits: &[u64],
        text: &dyn Fn(usize) -> String,
    ) {
        let Some(day) = self.day(model, ts) else {
            return;
        };
        let (Some(log), Some(reference), Some(day)) = (
            model.logs.get(at),
            self.reference.logs.get(at),
            self.days.get_mut(&day),
        ) else {
            return;
        };
        day.windows
            .entry(at)
            .or_insert_with(|| Window::new(log.spec.len()))
            .add(reference, log, bits, text);
    }

    /// Counts a record that was scored from a file, and compares its columns.
    pub fn scored(&mut self, model: &Model, scored: &Scored<'_>) {
        if !(self.last.as_ref()).is_some_and(|s| Arc::ptr_eq(s, scored.schema)) {
            self.schema(model, scored.schema);
            self.last = Some(scored.schema.clone());
        }
        if let Some(at) = scored.model_position() {
            self.record(model, at, scored.ts(), scored.features(), &|f| {
                scored.value(f)
            });
        }
    }

    /// Takes note of the time of a record that is not counted: that its day has this hour.
    pub fn tick(&mut self, model: &Model, ts: Option<f64>) {
        self.day(model, ts);
    }

    /// The oldest finding that was not taken.
    pub fn take(&mut self) -> Option<LogDrift> {
        self.waiting.pop_front()
    }

    /// Judges all days that are open. Every log of every day is told of, by day.
    pub fn finish(&mut self, model: &Model) -> Vec<LogDrift> {
        let mut out: Vec<LogDrift> = self.waiting.drain(..).collect();
        while let Some((number, day)) = self.days.pop_first() {
            out.extend(self.judge(model, number, &day));
        }
        out
    }

    /// Training days of a log that are whole and have rows enough.
    pub fn training_days(&self, at: usize) -> usize {
        self.reference.logs.get(at).map_or(0, |l| l.days)
    }

    /// The open day of a time; `None` for a time that is not believed.
    fn day(&mut self, model: &Model, ts: Option<f64>) -> Option<i32> {
        let ts = ts?;
        let (number, hour) = day_of(ts)?;
        if !self.days.contains_key(&number) && !self.opens(model, number) {
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
                self.close(model, number, &day);
            }
        }
        Some(number)
    }

    /// Whether a day is to be opened.
    fn opens(&mut self, model: &Model, number: i32) -> bool {
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
            self.close(model, number, &day);
        }
        self.clock = f64::NEG_INFINITY;
        true
    }

    fn close(&mut self, model: &Model, number: i32, day: &Day) {
        for found in self.judge(model, number, day) {
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
    fn judge(&self, model: &Model, number: i32, day: &Day) -> Vec<LogDrift> {
        let hours = day.hours.count_ones();
        let judged = is_whole(hours, self.reference.hours);
        let logs = model.logs.iter().zip(&self.reference.logs).enumerate();
        logs.map(|(at, (log, reference))| {
            let window = day.windows.get(&at);
            let rows = window.map_or(0, |w| w.rows);
            let mut changes = Vec::new();
            if judged {
                if self.volumes {
                    changes.extend(judge::volume(reference, rows, number));
                }
                if let Some(window) = window {
                    changes.extend(judge::features(reference, log, window, number));
                }
            }
            LogDrift {
                log: printable(log.log()),
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
