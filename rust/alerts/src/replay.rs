//! Archived logs through the live logic.
//!
//! Files do not come in the order of time, so records that stand out are collected first,
//! in little memory; then all is replayed in the order of time, once for each budget that
//! is to be tried.

use super::{AlertLog, AlertParams, Alerts, BEHAVIOR, Candidate, Day, Fate, Identity};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use zeek_anomaly_base::time::HOUR;

/// Findings that are told apart.
const MAX_FINDINGS: usize = 1 << 20;

/// Records that stand out and are kept, not counting those that change nothing.
const MAX_KEPT: usize = 1 << 23;

/// The log of what is kept of behaviours.
const OF_BEHAVIOR: u32 = u32::MAX;

/// Collects what stands out.
#[derive(Debug)]
pub struct Collector {
    threshold: f64,
    counts: Vec<String>,
    /// Rows by hour and log, those without a time at the end.
    rows: BTreeMap<(i64, usize), u64>,
    identities: Vec<Identity>,
    numbers: HashMap<u64, Last>,
    kept: Vec<Kept>,
    /// Records that stood out and were let go, to keep memory bounded.
    dropped: u64,
}

/// Where a finding stands, and the record of it that was kept last.
#[derive(Clone, Copy, Debug)]
struct Last {
    number: u32,
    kept: usize,
}

/// Records that stand out: one, and those of the same finding and minute that are no
/// stranger, which cannot change what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Kept {
    ts: f64,
    score: f64,
    number: u32,
    log: u32,
    records: u32,
}

/// One alert of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    /// The finding of the record that raised it.
    pub identity: Identity,
    /// The finding that records were counted with: its own, or that of a crowd.
    pub finding: u64,
    /// The log.
    pub log: String,
    /// The budget.
    pub budget: String,
    /// When the record was that raised it, in seconds since the epoch.
    pub ts: f64,
    /// Its score.
    pub score: f64,
    /// The score that it took.
    pub needed: f64,
    /// Records of the finding, from the first to the last.
    pub records: u64,
    /// When the first of them was.
    pub first: f64,
    /// When the last of them was.
    pub last: f64,
    /// About how many entities: more than one for a crowd.
    pub entities: u64,
}

/// What a budget would have meant.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Alerts, in the order in which they would have been raised.
    pub alerts: Vec<Raised>,
    /// Days of each budget, in order.
    pub days: Vec<Day>,
}

impl Collector {
    /// Collects records with at least this score; of logs that `counts` names, or all where
    /// it is empty.
    pub fn new(threshold: f64, counts: &[String]) -> Collector {
        Collector {
            threshold,
            counts: counts.to_vec(),
            rows: BTreeMap::new(),
            identities: Vec::new(),
            numbers: HashMap::new(),
            kept: Vec::new(),
            dropped: 0,
        }
    }

    /// Counts a row of a log, by the position of its model, whatever its score. Whether a record
    /// with this score stands out: it is then to be given to [`Collector::add`].
    pub fn see(&mut self, (log, name): (usize, &String), ts: Option<f64>, score: f64) -> bool {
        self.add_rows(log, ts, 1);
        let counts = self.counts.is_empty() || self.counts.contains(name);
        counts && score >= self.threshold
    }

    /// Adds rows of a log, by the position of its model, whatever their scores.
    pub fn add_rows(&mut self, log: usize, ts: Option<f64>, n: u64) {
        let hour = match ts.filter(|t| t.is_finite()) {
            Some(t) => (t / HOUR).floor() as i64,
            None => i64::MAX,
        };
        *self.rows.entry((hour, log)).or_insert(0) += n;
    }

    /// Adds a record that stands out.
    pub fn add(&mut self, identity: Identity, log: usize, ts: Option<f64>, score: f64) {
        let ts = ts.filter(|t| t.is_finite()).unwrap_or(f64::INFINITY);
        let minute = |t: f64| (t / 60.0).floor();
        if let Some(last) = self.numbers.get(&identity.id)
            && let Some(k) = self.kept.get_mut(last.kept)
            && minute(k.ts) == minute(ts)
            && score <= k.score
        {
            k.records = k.records.saturating_add(1);
            return;
        }
        self.keep(identity, (ts, score), log as u32, 1);
    }

    /// Adds a finding of a behaviour, or what it has grown to: its records so far.
    pub fn add_behavior(&mut self, identity: Identity, ts: f64, score: f64, records: u64) {
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        self.keep(identity, (ts, score), OF_BEHAVIOR, records);
    }

    fn keep(&mut self, identity: Identity, (ts, score): (f64, f64), log: u32, records: u32) {
        let new = !self.numbers.contains_key(&identity.id);
        if self.kept.len() >= MAX_KEPT || (new && self.identities.len() >= MAX_FINDINGS) {
            self.dropped += 1;
            return;
        }
        let last = self.numbers.entry(identity.id).or_insert_with(|| {
            self.identities.push(identity);
            Last {
                number: (self.identities.len() - 1) as u32,
                kept: 0,
            }
        });
        last.kept = self.kept.len();
        self.kept.push(Kept {
            ts,
            score,
            number: last.number,
            log,
            records,
        });
    }

    /// Records that stood out and were let go, because there were too many.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// All that was collected, in the order of time, with a budget.
    pub fn replay(&mut self, model: &[AlertLog], params: AlertParams) -> Replay {
        // Stable: at one time, in the order in which they came.
        self.kept.sort_by(|a, b| a.ts.total_cmp(&b.ts));
        self.numbers.clear();
        let mut alerts = Alerts::new(model, params, &self.counts);
        let mut raised: Vec<Raised> = Vec::new();
        let mut by_finding: HashMap<u64, usize> = HashMap::new();
        let mut rows = self.rows.iter().peekable();
        let time = |hour: i64| (hour != i64::MAX).then_some(hour as f64 * HOUR);
        let mut days: Vec<Day> = Vec::new();
        let mut until = |alerts: &mut Alerts, ts: f64| {
            while let Some(((hour, log), n)) = rows.peek() {
                if time(*hour).is_some_and(|t| t > ts) || (*hour == i64::MAX && ts.is_finite()) {
                    break;
                }
                alerts.rows(*log, time(*hour), **n);
                rows.next();
                days.extend(std::iter::from_fn(|| alerts.take_day()));
            }
        };
        for k in &self.kept {
            until(&mut alerts, k.ts);
            let ts = Some(k.ts).filter(|t| t.is_finite());
            alerts.tick(ts, 0);
            let Some(identity) = self.identities.get(k.number as usize) else {
                continue;
            };
            let candidate = Candidate {
                identity: *identity,
                log: match k.log {
                    OF_BEHAVIOR => alerts.behavior_log(),
                    log => log as usize,
                },
                score: k.score,
                ts,
                records: u64::from(k.records),
            };
            let Some(outcome) = alerts.take(&candidate) else {
                continue;
            };
            let at = ts.unwrap_or(alerts.now());
            if outcome.fate == Fate::Alert {
                by_finding.insert(outcome.finding, raised.len());
                let log = model.get(candidate.log);
                let log = log.map_or_else(|| BEHAVIOR.to_owned(), |l| l.name.clone());
                raised.push(Raised {
                    identity: *identity,
                    finding: outcome.finding,
                    budget: alerts.params().budget(&log, identity.entity),
                    log,
                    ts: at,
                    score: k.score,
                    needed: outcome.needed,
                    records: 0,
                    first: outcome.first,
                    last: at,
                    entities: 1,
                });
            }
            if matches!(outcome.fate, Fate::Alert | Fate::Counted)
                && let Some(of) = by_finding.get(&outcome.finding)
                && let Some(r) = raised.get_mut(*of)
            {
                r.records = outcome.records;
                r.entities = outcome.entities.max(1);
                r.last = r.last.max(at);
            }
        }
        until(&mut alerts, f64::INFINITY);
        alerts.finish();
        days.extend(std::iter::from_fn(|| alerts.take_day()));
        Replay {
            alerts: raised,
            days,
        }
    }
}
