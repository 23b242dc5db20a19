//! Findings and their alerts, day by day.

use super::behaved::Behaved;
use super::budget::Budget;
use super::clock::{Clock, Tick};
use super::crowd::Crowd;
use super::over::FindingSummary;
use super::volume::Volumes;
use super::{AlertParams, BEHAVIOR, BEHAVIOR_ROWS, Candidate, Share, Side};
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use zeek_anomaly_base::time::{DAY, HOUR, begin_of};

/// Findings that are remembered at once.
pub(super) const MAX_OPEN: usize = 1 << 16;

/// Budgets at once.
pub(super) const MAX_BUDGETS: usize = 1 << 10;

/// Days that wait to be taken.
const MAX_DAYS: usize = 1 << 12;

/// What became of a record that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It raises the alert of its finding.
    Alert,
    /// Its finding has raised an alert already.
    Counted,
    /// It would have, had there not been so many alerts today.
    Held,
    /// It is not strange enough.
    Below,
}

/// What became of it, and of its finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// What became of it.
    pub fate: Fate,
    /// The finding that it was counted with.
    pub finding: u64,
    /// Records of the finding so far.
    pub records: u64,
    /// When the first of them was, in seconds since the epoch.
    pub first: f64,
    /// About how many entities the finding has; more than one only for a crowd.
    pub entities: u64,
    /// The score that it took.
    pub needed: f64,
    /// Whether it is now, for the first time today, that the budget is called exceeded.
    pub exceeded: bool,
    /// Alerts of the budget so far today, and findings held back.
    pub today: (u64, u64),
}

/// The least score of an alert in a log, of a host on either side.
#[derive(Clone, Debug, PartialEq)]
pub struct LogThreshold {
    /// The log.
    pub log: String,
    /// The score.
    pub score: f64,
    /// Rows of the day.
    pub rows: u64,
}

/// A day of one budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// When it began, in seconds since the epoch.
    pub begin: f64,
    /// The part of it that was seen, from 0 to 1.
    pub part: f64,
    /// The budget: empty where all share one.
    pub budget: String,
    /// Alerts a day that are wanted.
    pub per_day: f64,
    /// Alerts that were raised.
    pub alerts: u64,
    /// Findings that reached the day's threshold and were held back.
    pub held: u64,
    /// Rows of all logs.
    pub rows: u64,
    /// The thresholds at the beginning of the day, of the logs that had rows.
    pub thresholds: Vec<LogThreshold>,
    /// Whether there were more than twice as many alerts, or far more findings that reached the
    /// day's threshold than chance brings.
    pub exceeded: bool,
}

/// Raises alerts.
#[derive(Debug)]
pub struct Alerts {
    pub(super) params: AlertParams,
    pub(super) logs: Vec<LogFacts>,
    pub(super) clock: Clock,
    pub(super) volumes: Volumes,
    pub(super) behaved: Behaved,
    /// The day that is open, if any: its number, and when its records began.
    pub(super) today: Option<(i32, f64)>,
    pub(super) rows: Vec<u64>,
    pub(super) expected: Vec<f64>,
    pub(super) budgets: Vec<Account>,
    pub(super) names: HashMap<String, usize>,
    pub(super) open: HashMap<u64, Open>,
    pub(super) crowds: HashMap<u64, Crowd>,
    pub(super) days: VecDeque<Day>,
    pub(super) over: VecDeque<FindingSummary>,
    /// The hour in which it was looked last whether findings are over.
    pub(super) looked: i64,
}

/// A log that a model scores, as far as alerts depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertLog {
    /// The log.
    pub name: String,
    /// The highest score that the model can give; infinity where its calibration has a tail.
    pub highest: f64,
    /// Rows a day in training.
    pub rows_per_day: f64,
}

#[derive(Debug)]
pub(super) struct LogFacts {
    pub(super) log: AlertLog,
    pub(super) counts: bool,
    /// Whether it is that of behaviours: what comes has reached a threshold of its own.
    pub(super) behavior: bool,
}

/// A budget on its day.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: String,
    /// The one log that it is for; `None` for all.
    pub(super) log: Option<usize>,
    pub(super) budget: Budget,
    /// The level from which findings of each side are alerts.
    pub(super) levels: [f64; 2],
    /// Alerts of each side today.
    pub(super) alerts: [u64; 2],
    pub(super) held: u64,
    pub(super) told: bool,
}

/// A finding.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) kind: u64,
    pub(super) side: Side,
    pub(super) account: usize,
    pub(super) log: usize,
    pub(super) entity: Option<IpAddr>,
    /// The highest score of its records.
    pub(super) score: f64,
    /// About how many entities it has.
    pub(super) entities: u64,
    /// When it raised its alert, and on which day.
    pub(super) alerted: Option<(f64, i32)>,
    pub(super) first: f64,
    pub(super) last: f64,
    pub(super) records: u64,
    /// Its highest level today that would have been a new alert.
    pub(super) today: f64,
    pub(super) held: bool,
}

impl Alerts {
    /// Raises alerts for the logs of a model. Only records of logs that `counts` names
    /// share the budget; an empty one stands for all.
    pub fn new(model: &[AlertLog], params: AlertParams, counts: &[String]) -> Alerts {
        let mut logs: Vec<LogFacts> = model
            .iter()
            .map(|log| LogFacts {
                log: log.clone(),
                counts: counts.is_empty() || counts.contains(&log.name),
                behavior: false,
            })
            .collect();
        logs.push(LogFacts {
            log: AlertLog {
                name: BEHAVIOR.to_owned(),
                highest: f64::INFINITY,
                rows_per_day: BEHAVIOR_ROWS,
            },
            counts: params.behaviors,
            behavior: true,
        });
        let mut alerts = Alerts {
            params: params.sane(),
            clock: Clock::default(),
            volumes: Volumes::new(model),
            behaved: Behaved::default(),
            today: None,
            rows: vec![0; logs.len()],
            expected: vec![1.0; logs.len()],
            logs,
            budgets: Vec::new(),
            names: HashMap::new(),
            open: HashMap::new(),
            crowds: HashMap::new(),
            days: VecDeque::new(),
            over: VecDeque::new(),
            looked: 0,
        };
        alerts.expect(0);
        alerts.first_budgets();
        alerts
    }

    /// Raises them otherwise from now on. What was learned of days stays, unless it is
    /// something else that shares a budget.
    pub fn change(&mut self, params: AlertParams, counts: &[String]) {
        let params = params.sane();
        let shared = |p: &AlertParams| (p.share, p.networks.clone(), p.local_nets.clone());
        let same = shared(&params) == shared(&self.params);
        self.params = params;
        let behaviors = self.params.behaviors;
        for l in &mut self.logs {
            l.counts = match l.behavior {
                true => behaviors,
                false => counts.is_empty() || counts.contains(&l.log.name),
            };
        }
        if !same {
            self.budgets.clear();
            self.names.clear();
            self.open.clear();
            self.crowds.clear();
        }
        self.first_budgets();
        for a in &mut self.budgets {
            a.budget.set_per_day(self.params.per_day);
            a.levels = levels(
                &a.budget,
                &self.logs,
                a.log,
                &self.expected,
                self.params.threshold,
            );
        }
    }

    /// How alerts are raised.
    pub fn params(&self) -> &AlertParams {
        &self.params
    }

    /// Now, by the records, in seconds since the epoch.
    pub fn now(&self) -> f64 {
        self.clock.now()
    }

    /// Findings that are remembered.
    pub fn findings(&self) -> usize {
        self.open.len()
    }

    /// Whether records of a log can raise alerts.
    pub fn counts(&self, log: usize) -> bool {
        self.logs.get(log).is_some_and(|l| l.counts)
    }

    /// Rows that a day brings.
    pub(super) fn expect(&mut self, day: i32) {
        self.expected = self.volumes.expected(day);
        self.expected.push(BEHAVIOR_ROWS);
    }

    /// The place of behaviours among the logs.
    pub fn behavior_log(&self) -> usize {
        self.logs.len() - 1
    }

    /// Budgets that are there before any finding is: so they learn of quiet days.
    pub(super) fn first_budgets(&mut self) {
        match self.params.share {
            Share::All => {
                self.account(None, String::new());
            }
            Share::Log => {
                for at in 0..self.logs.len() {
                    if self.logs[at].counts {
                        self.account(Some(at), self.logs[at].log.name.clone());
                    }
                }
            }
        }
    }

    pub(super) fn account(&mut self, log: Option<usize>, name: String) -> usize {
        if let Some(at) = self.names.get(&name) {
            return *at;
        }
        if self.budgets.len() >= MAX_BUDGETS {
            return 0;
        }
        let at = self.budgets.len();
        let budget = Budget::new(self.params.per_day);
        let levels = levels(
            &budget,
            &self.logs,
            log,
            &self.expected,
            self.params.threshold,
        );
        self.budgets.push(Account {
            name: name.clone(),
            log,
            budget,
            levels,
            alerts: [0; 2],
            held: 0,
            told: false,
        });
        self.names.insert(name, at);
        at
    }

    /// `n` rows of a log at a time, whatever their scores.
    pub fn rows(&mut self, log: usize, ts: Option<f64>, n: u64) {
        self.tick(ts, n);
        if let Some(rows) = self.rows.get_mut(log) {
            *rows = rows.saturating_add(n);
        }
    }

    /// `n` records of a time, of logs that are not scored.
    pub fn tick(&mut self, ts: Option<f64>, n: u64) {
        let before = self.clock.now();
        let set = self.clock.tick(ts, n) == Tick::Set;
        let Some(day) = self.clock.day() else { return };
        let hour = (self.clock.now() / HOUR) as i64;
        if hour != self.looked {
            self.looked = hour;
            self.end_findings(false);
        }
        match self.today {
            Some((open, _)) if open == day && !set => {}
            Some((open, _)) => {
                let end = match set {
                    true => before,
                    false => begin_of(open) + DAY,
                };
                self.close(end);
                let from = if set { self.clock.now() } else { begin_of(day) };
                self.begin(day, from);
            }
            None => self.begin(day, self.clock.now()),
        }
    }

    fn begin(&mut self, day: i32, from: f64) {
        self.today = Some((day, from));
        self.expect(day);
        for a in &mut self.budgets {
            a.levels = levels(
                &a.budget,
                &self.logs,
                a.log,
                &self.expected,
                self.params.threshold,
            );
            (a.alerts, a.held, a.told) = ([0; 2], 0, false);
        }
    }

    /// Ends the day that is open.
    fn close(&mut self, end: f64) {
        let Some((day, from)) = self.today.take() else {
            return;
        };
        let part = ((end - from) / DAY).clamp(0.0, 1.0);
        let levels = self.levels();
        let rows = self.rows.iter().sum();
        for (at, of_day) in levels.into_iter().enumerate() {
            let report = self.report(at, begin_of(day), part, rows);
            if self.days.len() >= MAX_DAYS {
                self.days.pop_front();
            }
            self.days.push_back(report);
            self.budgets[at].budget.close(part, of_day);
        }
        let of_model = self.behavior_log();
        self.volumes.close(day, part, &self.rows[..of_model]);
        self.behaved.close(part);
        self.rows.fill(0);
        self.end_findings(false);
        let (now, window) = (end, self.params.window);
        self.open.retain(|_, o| {
            o.today = f64::NEG_INFINITY;
            o.held = false;
            let seen = o.alerted.map_or(o.last, |a| a.0);
            (now - seen).abs() < window
        });
        self.crowds.retain(|_, c| (now - c.since).abs() < window);
    }

    /// The levels of the findings of today, for each budget and side; of one kind not more than
    /// would have been told apart.
    fn levels(&self) -> Vec<[Vec<f64>; 2]> {
        let mut all: Vec<(f64, u64, usize, Side)> = self
            .open
            .values()
            .filter(|o| o.today > f64::NEG_INFINITY)
            .map(|o| (o.today, o.kind, o.account, o.side))
            .collect();
        all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut kinds: HashMap<u64, u32> = HashMap::new();
        let mut out = vec![[Vec::new(), Vec::new()]; self.budgets.len()];
        for (level, kind, account, side) in all {
            let n = kinds.entry(kind).or_insert(0);
            *n += 1;
            if *n <= self.params.crowd() + 1
                && let Some(of) = out.get_mut(account)
            {
                of[side as usize].push(level);
            }
        }
        out
    }

    fn report(&self, at: usize, begin: f64, part: f64, rows: u64) -> Day {
        let a = &self.budgets[at];
        let used = |(i, l): &(usize, &LogFacts)| {
            l.counts && self.rows[*i] > 0 && a.log.is_none_or(|log| log == *i)
        };
        let thresholds = self.logs.iter().enumerate().filter(used);
        Day {
            begin,
            part,
            budget: a.name.clone(),
            per_day: self.params.per_day,
            alerts: a.alerts.iter().sum(),
            held: a.held,
            rows,
            thresholds: thresholds
                .map(|(i, l)| LogThreshold {
                    log: l.log.name.clone(),
                    score: self.needed(a.levels[0].min(a.levels[1]), i),
                    rows: self.rows[i],
                })
                .collect(),
            exceeded: a.told,
        }
    }

    /// The level of what stands out.
    fn level_of(&self, c: &Candidate) -> f64 {
        match self.logs[c.log].behavior {
            true => self.behaved.level(c.identity.kind, c.score),
            false => c.score - self.expected[c.log].log10(),
        }
    }

    /// The score that it takes to have a level.
    fn needed(&self, level: f64, log: usize) -> f64 {
        (level + self.expected[log].log10()).max(self.logs[log].least(self.params.threshold))
    }

    /// Ends the day that is open, as far as it was seen, and all findings.
    pub fn finish(&mut self) {
        self.close(self.clock.now());
        self.end_findings(true);
    }

    /// The oldest day that has ended and was not taken.
    pub fn take_day(&mut self) -> Option<Day> {
        self.days.pop_front()
    }

    /// Takes records that stand out; they were counted among the rows before.
    /// `None` for those that raise no alerts: below the least score, or of a log that does not count.
    pub fn take(&mut self, c: &Candidate) -> Option<Outcome> {
        let side = self.params.side(c.identity.entity);
        let c = &Candidate {
            identity: c.identity.of_side(side),
            ..*c
        };
        let least = self.logs.get(c.log)?.least(self.params.threshold);
        if c.score.is_nan() || c.score < least || !self.counts(c.log) {
            return None;
        }
        let name = self
            .params
            .budget(&self.logs[c.log].log.name, c.identity.entity);
        let log = (self.params.share == Share::Log).then_some(c.log);
        let account = self.account(log, name);
        if self.logs[c.log].behavior {
            self.behaved.see(c);
        }
        let level = self.level_of(c);
        let now = self.clock.now();
        let (base, over) = {
            let a = &self.budgets[account];
            (a.levels[side as usize], a.budget.over(a.alerts, side))
        };
        let (key, entities) = self.key(c, level, now);
        let (needed, enough) = match self.logs[c.log].behavior {
            true => {
                let needed = self.behaved.needed(c.identity.kind, base + over);
                (needed, level >= base + over)
            }
            false => {
                let needed = self.needed(base + over, c.log);
                (needed, c.score >= needed)
            }
        };
        let today = self.today.map_or(0, |t| t.0);
        let at = c.ts.unwrap_or(now);

        self.make_room(key);
        let o = self.open.entry(key).or_insert_with(|| Open {
            kind: c.identity.kind,
            side,
            account,
            log: c.log,
            entity: c.identity.entity,
            score: c.score,
            entities,
            alerted: None,
            first: at,
            last: now,
            records: 0,
            today: f64::NEG_INFINITY,
            held: false,
        });
        let since = o.alerted.map_or(o.last, |a| a.0);
        if (now - since).abs() >= self.params.window {
            FindingSummary::keep(&mut self.over, &self.logs, key, o);
            (o.alerted, o.first, o.records, o.score) = (None, at, 0, c.score);
        }
        o.last = now;
        o.score = o.score.max(c.score);
        o.entities = entities.max(1);
        if key != c.identity.id {
            o.entity = None;
        }
        // A behaviour's finding comes again with all its records, others come one by one.
        o.records = match self.logs[c.log].behavior && key == c.identity.id {
            true => o.records.max(c.records),
            false => o.records.saturating_add(c.records),
        };
        let told = o.alerted.is_some();
        if o.alerted.is_none_or(|a| a.1 == today) {
            o.today = o.today.max(level);
        }
        let a = &mut self.budgets[account];
        let mut fresh = false;
        let fate = if told {
            Fate::Counted
        } else if enough {
            o.alerted = Some((now, today));
            a.alerts[side as usize] += 1;
            fresh = !o.held;
            if std::mem::take(&mut o.held) {
                a.held = a.held.saturating_sub(1);
            }
            Fate::Alert
        } else if level >= base {
            fresh = !o.held;
            if fresh {
                (o.held, a.held) = (true, a.held + 1);
            }
            Fate::Held
        } else {
            Fate::Below
        };
        let alerts = a.alerts.iter().sum();
        let exceeded = !a.told && a.budget.is_exceeded(alerts, a.held);
        a.told |= exceeded;
        let outcome = Outcome {
            fate,
            finding: key,
            records: o.records,
            first: o.first,
            entities,
            needed,
            exceeded,
            today: (alerts, a.held),
        };
        if fresh {
            self.joined(c, key, level, now);
        }
        Some(outcome)
    }

    /// Lets go of the findings that matter least, where there are too many.
    fn make_room(&mut self, key: u64) {
        if self.open.len() < MAX_OPEN || self.open.contains_key(&key) {
            return;
        }
        // Those that have raised alerts are few: crowds see to that. They stay.
        let mut levels: Vec<f64> = self
            .open
            .values()
            .filter(|o| o.alerted.is_none())
            .map(|o| o.today)
            .collect();
        if levels.is_empty() {
            self.end_findings(true);
            self.open.clear();
            return;
        }
        let middle = levels.len() / 2;
        let (_, middle, _) = levels.select_nth_unstable_by(middle, f64::total_cmp);
        let middle = *middle;
        self.open
            .retain(|_, o| o.alerted.is_some() || o.today > middle);
    }
}

impl LogFacts {
    /// The least score of an alert.
    fn least(&self, threshold: f64) -> f64 {
        match self.behavior {
            true => 0.0,
            false => threshold,
        }
    }
}

/// The levels of a budget, for each side.
fn levels(
    budget: &Budget,
    logs: &[LogFacts],
    log: Option<usize>,
    expected: &[f64],
    threshold: f64,
) -> [f64; 2] {
    let of = |i: &usize| logs[*i].counts && log.is_none_or(|log| log == *i);
    let known: Vec<usize> = (0..logs.len()).filter(of).collect();
    // What the calibrated scale promises: of r rows r·10⁻ˢ score s or more.
    budget.levels(&|level| {
        let findings = |i: &usize| {
            let needed = (level + expected[*i].log10()).max(logs[*i].least(threshold));
            match logs[*i].log.highest >= needed {
                true => expected[*i] * 10f64.powf(-needed),
                false => 0.0,
            }
        };
        known.iter().map(findings).sum()
    })
}
