//! What is known of days, budgets and findings, kept over a restart or another model.

use super::alert::{AlertLog, Alerts, MAX_BUDGETS, MAX_OPEN, Open};
use super::behaved::{Behaved, Kept};
use super::budget::Past;
use super::clock::Clock;
use super::crowd::{Crowd, MAX_CROWDS};
use super::{Share, Side};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use zeek_anomaly_base::codec::{decode, encode};
use zeek_anomaly_base::{Broken, payload, seal};

const MAGIC: &[u8; 8] = b"ZEEKALRT";

/// The format that this version writes, and the only one that it reads.
const FORMAT: u32 = 3;

/// The most bytes that it can take.
const MAX_STATE: u64 = 64 << 20;

/// The most memory that it takes while it is decoded, in bytes.
const MAX_DECODED: usize = 256 << 20;

/// The most logs of a model.
const MAX_LOGS: usize = 1 << 12;

/// The highest count: sums of some thousand are numbers too.
const MOST: u64 = 1 << 48;

/// Why saved state is of no use.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum StateError {
    /// The bytes are something else.
    #[error("is not the saved state of a budget of alerts")]
    Other,
    /// They are of another version.
    #[error("is of format {0}, this version reads {FORMAT}")]
    Format(u32),
    /// They are damaged.
    #[error("is damaged ({0})")]
    Damaged(&'static str),
}

impl From<Broken> for StateError {
    fn from(b: Broken) -> StateError {
        match b {
            Broken::Other => StateError::Other,
            Broken::Format(f) => StateError::Format(f),
            Broken::Damaged(what) => StateError::Damaged(what),
        }
    }
}

/// What is kept. Numbers of logs and budgets are places in the lists here.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    by_log: bool,
    networks: Vec<IpNet>,
    local_nets: Vec<IpNet>,
    now: Option<f64>,
    today: Option<(i32, f64)>,
    logs: Vec<String>,
    rows: Vec<u64>,
    volumes: Vec<(i32, Vec<f64>)>,
    behaved: Kept,
    budgets: Vec<SavedBudget>,
    open: Vec<SavedOpen>,
    crowds: Vec<(u64, Crowd)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedBudget {
    name: String,
    log: Option<u32>,
    alerts: [u64; 2],
    held: u64,
    told: bool,
    days: Vec<Past>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedOpen {
    id: u64,
    kind: u64,
    side: Side,
    account: u32,
    log: u32,
    entity: Option<IpAddr>,
    score: f64,
    entities: u64,
    alerted: Option<(f64, i32)>,
    first: f64,
    last: f64,
    records: u64,
    today: f64,
    held: bool,
}

impl Alerts {
    /// What is known, as bytes for a file; the same state gives the same bytes. `None` where it
    /// is too much for one.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let payload = encode(&self.saved()).ok()?;
        (payload.len() as u64 <= MAX_STATE).then(|| seal(MAGIC, FORMAT, &payload))
    }

    /// Goes on from what is known, which may come from an enemy. Where other things shared a
    /// budget, only what is known of the logs' rows is used.
    ///
    /// # Errors
    /// What is wrong with it; nothing changes then.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let payload = payload(MAGIC, FORMAT, MAX_STATE, bytes)?;
        let saved = decode::<Saved, MAX_DECODED>(payload)
            .map_err(|_| StateError::Damaged("contents that cannot be decoded"))?;
        let own = self.logs.iter().filter(|l| !l.behavior);
        let model: Vec<AlertLog> = own.map(|l| l.log.clone()).collect();
        self.take_up(&model, saved)
    }

    /// The same with another model: what is known of logs that it does not score is lost.
    pub fn with_model(&self, model: &[AlertLog], counts: &[String]) -> Alerts {
        let mut alerts = Alerts::new(model, self.params.clone(), counts);
        // What was just known makes sense.
        let taken = alerts.take_up(model, self.saved());
        debug_assert_eq!(taken, Ok(()));
        alerts.clock = self.clock.clone();
        alerts.days.clone_from(&self.days);
        alerts.over.clone_from(&self.over);
        alerts
    }

    fn saved(&self) -> Saved {
        let mut open: Vec<SavedOpen> = self
            .open
            .iter()
            .map(|(id, o)| SavedOpen {
                id: *id,
                kind: o.kind,
                side: o.side,
                account: o.account as u32,
                log: o.log as u32,
                entity: o.entity,
                score: o.score,
                entities: o.entities,
                alerted: o.alerted,
                first: o.first,
                last: o.last,
                records: o.records,
                today: o.today,
                held: o.held,
            })
            .collect();
        open.sort_unstable_by_key(|o| o.id);
        let mut crowds: Vec<(u64, Crowd)> =
            self.crowds.iter().map(|(k, c)| (*k, c.clone())).collect();
        crowds.sort_unstable_by_key(|c| c.0);
        let budgets = self.budgets.iter().map(|a| SavedBudget {
            name: a.name.clone(),
            log: a.log.map(|l| l as u32),
            alerts: a.alerts,
            held: a.held,
            told: a.told,
            days: a.budget.days().iter().cloned().collect(),
        });
        Saved {
            by_log: self.params.share == Share::Log,
            networks: self.params.networks.clone(),
            local_nets: self.params.local_nets.clone(),
            now: self.clock.time(),
            today: self.today,
            logs: self.logs.iter().map(|l| l.log.name.clone()).collect(),
            rows: self.rows.clone(),
            volumes: self.volumes.days().iter().cloned().collect(),
            behaved: self.behaved.kept(),
            budgets: budgets.collect(),
            open,
            crowds,
        }
    }

    fn take_up(&mut self, model: &[AlertLog], mut s: Saved) -> Result<(), StateError> {
        if !s.is_sound() {
            return Err(StateError::Damaged("contents that make no sense"));
        }
        let mut fresh = Alerts::new(model, self.params.clone(), &[]);
        for (to, from) in fresh.logs.iter_mut().zip(&self.logs) {
            to.counts = from.counts;
        }
        // By name: another model may score other logs.
        let place = |name: &String| fresh.logs.iter().position(|l| l.log.name == *name);
        let places: Vec<Option<usize>> = s.logs.iter().map(place).collect();
        let of_model = fresh.behavior_log();
        let moved = |rows: &[f64]| -> Vec<f64> {
            let mut out = vec![0.0; of_model];
            for (at, n) in places.iter().zip(rows) {
                if let Some(to) = at.and_then(|at| out.get_mut(at)) {
                    *to = *n;
                }
            }
            out
        };
        let volumes: Vec<(i32, Vec<f64>)> = s.volumes.iter().map(|(d, r)| (*d, moved(r))).collect();
        fresh.volumes.set_days(volumes.into_iter());
        fresh.behaved = Behaved::resume(std::mem::take(&mut s.behaved));
        for (at, n) in places.iter().zip(&s.rows) {
            if let Some(to) = at.and_then(|at| fresh.rows.get_mut(at)) {
                *to = *n;
            }
        }
        fresh.clock = Clock::resume(s.now);
        fresh.today = s.today;
        fresh.expect(s.today.map_or(0, |t| t.0));
        let by_log = fresh.params.share == Share::Log;
        let shared = (by_log, &fresh.params.networks, &fresh.params.local_nets);
        if (s.by_log, &s.networks, &s.local_nets) == shared {
            fresh.take_up_budgets(s, &places)?;
        }
        let (params, counts) = (fresh.params.clone(), self.counting());
        // Levels follow from the days.
        fresh.change(params, &counts);
        *self = fresh;
        Ok(())
    }

    fn take_up_budgets(&mut self, s: Saved, places: &[Option<usize>]) -> Result<(), StateError> {
        let wrong = StateError::Damaged("contents that make no sense");
        self.budgets.clear();
        self.names.clear();
        let mut accounts: Vec<Option<usize>> = Vec::with_capacity(s.budgets.len());
        for b in s.budgets {
            let log = b.log.map(|l| places.get(l as usize).copied().flatten());
            if log == Some(None) {
                accounts.push(None);
                continue;
            }
            let at = self.account(log.flatten(), b.name);
            let a = &mut self.budgets[at];
            (a.alerts, a.held, a.told) = (b.alerts, b.held, b.told);
            if !a.budget.set_days(b.days) {
                return Err(wrong);
            }
            accounts.push(Some(at));
        }
        for o in s.open {
            let account = accounts.get(o.account as usize).copied().flatten();
            let log = places.get(o.log as usize).copied().flatten();
            let (Some(account), Some(log)) = (account, log) else {
                continue;
            };
            let open = Open {
                kind: o.kind,
                side: o.side,
                account,
                log,
                entity: o.entity,
                score: o.score,
                entities: o.entities,
                alerted: o.alerted,
                first: o.first,
                last: o.last,
                records: o.records,
                today: o.today,
                held: o.held,
            };
            self.open.insert(o.id, open);
        }
        self.crowds = s.crowds.into_iter().collect();
        Ok(())
    }

    /// The logs that count, by name.
    fn counting(&self) -> Vec<String> {
        let names = self.logs.iter().filter(|l| l.counts && !l.behavior);
        let names: Vec<String> = names.map(|l| l.log.name.clone()).collect();
        // None is not the same as all.
        match names.is_empty() {
            true => vec!["-".to_owned()],
            false => names,
        }
    }
}

impl Saved {
    /// Whether that can have been.
    fn is_sound(&self) -> bool {
        let n = self.logs.len();
        let day = |d: i32| (0..200_000).contains(&d);
        let few = |c: u64| c <= MOST;
        n <= MAX_LOGS
            && self.rows.len() == n
            && self.rows.iter().all(|r| few(*r))
            && self.networks.len() <= super::MAX_NETWORKS
            && self.local_nets.len() <= super::MAX_NETWORKS
            && self.now.is_none_or(f64::is_finite)
            && self
                .today
                .is_none_or(|(d, from)| day(d) && from.is_finite())
            && self.behaved.is_sound()
            && self.volumes.len() <= 64
            && self.volumes.iter().all(|(d, rows)| {
                day(*d) && rows.len() < n.max(1) && rows.iter().all(|r| r.is_finite() && *r >= 0.0)
            })
            && self.budgets.len() <= MAX_BUDGETS
            && (self.budgets.iter()).all(|b| {
                b.name.len() < 1024
                    && b.log.is_none_or(|l| (l as usize) < n)
                    && b.alerts.iter().all(|n| few(*n))
                    && few(b.held)
            })
            && self.open.len() <= MAX_OPEN
            && self.open.iter().all(|o| o.is_sound(n, self.budgets.len()))
            && self.crowds.len() <= MAX_CROWDS
            && (self.crowds.iter()).all(|(_, c)| c.since.is_finite() && !c.peak.is_nan())
    }
}

impl SavedOpen {
    fn is_sound(&self, logs: usize, budgets: usize) -> bool {
        (self.log as usize) < logs
            && (self.account as usize) < budgets
            && self.alerted.is_none_or(|a| a.0.is_finite())
            && self.first.is_finite()
            && self.last.is_finite()
            && !self.score.is_nan()
            && !self.today.is_nan()
            && self.today < f64::INFINITY
    }
}
