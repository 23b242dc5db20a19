//! Activity at an hour when a host is silent.
//!
//! Of each host of ours it is counted on how many days it was active in each hour of the day, for
//! working days and weekends apart (UTC). An hour is *silent* where the host was there on enough such
//! days and never active in it, nor in the hours beside it. How often silent hours are broken
//! is measured, too: in the whole network, and by the host. The score is −log10 of the larger of
//! the two, and a network of many hosts has to show more, since each of them has its chance every
//! night. So a network in which people work late now and then raises its own bar.
//!
//! Time is that of the events. What breaks the silence teaches slowly: an hour stays
//! silent until it was broken on three days. Old days fade (half of what is known is 35 days old).

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Event, Log, Outcome, Proto};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, OFF_HOURS_ACTIVITY};
use crate::network::{NetworkView, is_unicast};
use crate::settings::Param;
use crate::state::{Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static DAYS: Param = Param {
    name: "hours.days",
    default: 7.0,
    min: 2.0,
    max: 60.0,
    help: "days on which a host was seen before its silent hours are known; half as many of the same sort \
           (working days, weekends)",
};

static CALLS: Param = Param {
    name: "hours.calls",
    default: 10.0,
    min: 1.0,
    max: 1e6,
    help: "connections that were answered within a silent hour from which it is broken",
};

static THRESHOLD: Param = Param {
    name: "hours.threshold",
    default: 2.0,
    min: 0.5,
    max: 10.0,
    help: "score (-log10 of the share of silent hours that are broken) from which that is a finding, for one \
           host; with more of them it rises by log10 of their number",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "hours",
    params: &[&DAYS, &CALLS, &THRESHOLD],
    share: 4,
    make: |_, budget| Box::new(Hours::new(budget)),
};

/// Calls within an hour from which a host was active in it: fewer than what breaks the silence, so
/// that what hovers around one number is not now and then news.
const ACTIVE: u32 = 3;

/// What a day of the past counts a day later.
const FADES: f32 = 0.98;

/// What a broken silence counts as a day of activity.
const TEACHES: f32 = 0.25;

/// Days of activity, in an hour and its neighbours, below which it is silent.
const SILENT: f32 = 0.6;

/// Silent hours of a host that must have passed.
const LEAST: f32 = 40.0;

/// The hours behind which a record is late, and beyond which the clock was set.
const LATE: i64 = 48;

/// Targets that are named.
const NAMED: usize = 4;

/// The domain of keys.
const HOST: u64 = 0x4063_0001;

/// One host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Host {
    /// The hour that is looked at, since the epoch, and what was in it.
    hour: i64,
    calls: u32,
    sent: f64,
    first: f64,
    last: f64,
    to: Vec<IpAddr>,
    uids: Uids,
    /// The hours of this day in which it was active: a bit each.
    today: u32,
    /// Days on which it was there: working days, weekends.
    days: [f32; 2],
    /// On how many of them it was active, by hour.
    active: [[f32; 24]; 2],
    /// Its silent hours so far, and those that were broken.
    silent: f32,
    broken: f32,
    /// The day of the last report, calls then, and reports of that day.
    reported: (i64, u32, u32),
}

impl Entry for Host {
    fn is_established(&self) -> bool {
        self.days.iter().sum::<f32>() >= 2.0
    }

    fn merit(&self) -> f64 {
        f64::from(self.days.iter().sum::<f32>())
    }

    fn is_sound(&self) -> bool {
        let numbers = self.days.iter().chain(self.active.iter().flatten());
        let mut numbers = numbers.chain([&self.silent, &self.broken]);
        self.to.len() <= NAMED
            && self.uids.is_sound()
            && numbers.all(|n| n.is_finite() && *n >= 0.0)
            && [self.sent, self.first, self.last]
                .iter()
                .all(|n| n.is_finite())
            && self.today < 1 << 24
    }
}

const HEAP: usize = Uids::MAX_HEAP + NAMED * size_of::<IpAddr>();

/// The behaviour.
#[derive(Debug)]
struct Hours {
    hosts: Table<Host>,
    /// Silent hours of all hosts, and those that were broken, fading; and the day up to which.
    silent: f64,
    broken: f64,
    day: i64,
}

/// 0 for a working day, 1 for a weekend. Day 0 since the epoch was a Thursday.
fn sort_of(day: i64) -> usize {
    usize::from(matches!(day.rem_euclid(7), 2 | 3))
}

impl Host {
    fn is_silent(&self, sort: usize, hour: usize, days: f32) -> bool {
        let (Some(known), Some(active)) = (self.days.get(sort), self.active.get(sort)) else {
            return false;
        };
        let near = [(hour + 23) % 24, hour, (hour + 1) % 24];
        let sum: f32 = near.iter().filter_map(|h| active.get(*h)).sum();
        self.days.iter().sum::<f32>() >= days && *known >= days / 2.0 && sum < SILENT
    }

    /// The day is over: it is counted. Silent hours of it, and those that were broken.
    fn close_day(&mut self, days: f32) -> (f32, f32) {
        let sort = sort_of(self.hour.div_euclid(24));
        let (mut silent, mut broken) = (0.0, 0.0);
        // A day without anything is none: nobody was there.
        if self.today != 0 {
            let was: Vec<bool> = (0..24).map(|h| self.is_silent(sort, h, days)).collect();
            for (h, was) in was.into_iter().enumerate() {
                let active = self.today & 1 << h != 0;
                if was {
                    silent += 1.0;
                    broken += f32::from(u8::from(active));
                }
                if let Some(a) = self.active.get_mut(sort).and_then(|a| a.get_mut(h)) {
                    let counts = match (active, was) {
                        (true, false) => 1.0,
                        (true, true) => TEACHES,
                        (false, _) => 0.0,
                    };
                    *a = *a * FADES + counts;
                }
            }
            if let Some(d) = self.days.get_mut(sort) {
                *d = *d * FADES + 1.0;
            }
        }
        self.silent = self.silent * FADES + silent;
        self.broken = self.broken * FADES + broken;
        self.today = 0;
        (silent, broken)
    }

    fn begin(&mut self, hour: i64) {
        (self.hour, self.calls, self.sent, self.first) = (hour, 0, 0.0, 0.0);
        self.to.clear();
        self.uids = Uids::default();
    }
}

impl Hours {
    fn new(budget: usize) -> Hours {
        Hours {
            hosts: Table::new(budget, HEAP, HEAP),
            silent: 0.0,
            broken: 0.0,
            day: 0,
        }
    }

    /// What is known of the network fades, too.
    fn fade(&mut self, day: i64) {
        let passed = day.saturating_sub(self.day);
        if self.day != 0 && (1..=60).contains(&passed) {
            let times = f64::from(FADES).powf(passed as f64);
            (self.silent, self.broken) = (self.silent * times, self.broken * times);
        }
        self.day = day;
    }

    fn call(
        &mut self,
        e: &Event<'_>,
        orig: IpAddr,
        to: IpAddr,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let hour = (e.ts / 3600.0).floor() as i64;
        let day = hour.div_euclid(24);
        if day > self.day || day + 60 < self.day {
            self.fade(day);
        }
        let days = network.settings().get(&DAYS) as f32;
        let wanted = network.threshold(&CALLS);
        let key = network.key(HOST).addr(orig).finish();
        let hosts = self.hosts.established().max(1) as f64;
        let threshold = network.threshold(&THRESHOLD) + hosts.log10();
        let (silent, broken) = (self.silent, self.broken);
        let over = self.hosts.update(key, Host::default, |h| {
            let mut over = (0.0, 0.0);
            if hour < h.hour {
                if h.hour - hour <= LATE {
                    return over;
                }
                h.today = 0;
                h.begin(hour);
            } else if hour > h.hour {
                if day != h.hour.div_euclid(24) {
                    over = h.close_day(days);
                }
                h.begin(hour);
            }
            h.calls = h.calls.saturating_add(1);
            h.sent += e.bytes().map_or(0.0, |b| b.0);
            h.last = e.ts;
            if h.first == 0.0 {
                h.first = e.ts;
            }
            h.uids.add(e.uid());
            if h.to.len() < NAMED && !h.to.contains(&to) {
                h.to.push(to);
            }
            let (sort, at) = (sort_of(day), hour.rem_euclid(24) as usize);
            if h.calls >= ACTIVE {
                h.today |= 1 << at;
            }
            if f64::from(h.calls) < wanted || h.silent < LEAST || !h.is_silent(sort, at, days) {
                return over;
            }
            let of_all = (broken + 1.0) / (silent + 1.0);
            let own = f64::from(h.broken) / f64::from(h.silent);
            let score = -of_all.max(own).log10();
            let (last, calls, reports) = h.reported;
            let again = last == day;
            if score < threshold
                || again && !network.has_grown(f64::from(calls) * 2.0, f64::from(h.calls))
            {
                return over;
            }
            h.reported = (day, h.calls, if again { reports + 1 } else { 1 });
            out.push(h.finding(orig, (day, sort, at), score, (silent, broken), network));
            over
        });
        self.silent += f64::from(over.0);
        self.broken += f64::from(over.1);
    }
}

impl Host {
    fn finding(
        &self,
        orig: IpAddr,
        (day, sort, at): (i64, usize, usize),
        score: f64,
        (silent, broken): (f64, f64),
        network: &NetworkView,
    ) -> Finding {
        let entity = Entity::Host(orig);
        let lonely = self
            .to
            .iter()
            .any(|t| network.talkers(network.addr_key(*t)) <= 1.0);
        let sorts = ["working days", "weekends"];
        let known = self.days.get(sort).copied().unwrap_or(0.0);
        let mut confidence = 0.3;
        confidence += if lonely { 0.15 } else { 0.0 };
        confidence += if self.sent >= 1e6 { 0.1 } else { 0.0 };
        Finding {
            id: Key::new(entity.key())
                .bytes(OFF_HOURS_ACTIVITY.name.as_bytes())
                .number(day as u64)
                .finish(),
            kind: BehaviorKind(&OFF_HOURS_ACTIVITY),
            score,
            basis: Basis::Probability,
            confidence,
            first: self.first,
            last: self.last,
            count: u64::from(self.calls),
            update: self.reported.2.saturating_sub(1),
            reasons: vec![
                Evidence::new(
                    "active",
                    format!(
                        "between {at:02}:00 and {:02}:00 UTC, {} connections",
                        (at + 1) % 24,
                        self.calls
                    ),
                ),
                Evidence::new(
                    "silent then",
                    format!("on about {known:.0} {}", sorts.get(sort).unwrap_or(&"days")),
                ),
                Evidence::new(
                    "silent hours here",
                    format!("{broken:.0} of {silent:.0} were broken by any host"),
                ),
                Evidence::new("with", text::listed(&self.to, self.to.len() as f64, NAMED)),
                Evidence::new("sent", text::bytes(self.sent)),
            ],
            uids: self.uids.texts(),
            entity,
            name: None,
        }
    }
}

impl Behavior for Hours {
    fn observe(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Log::Conn, Some(orig), Some(to)) = (e.log, e.orig, e.resp) else {
            return;
        };
        // Clocks are set and names asked for at any hour.
        let upkeep = e.proto == Proto::Udp
            && e.port
                .is_some_and(|p| matches!(p, 53 | 67 | 123 | 137 | 138 | 547));
        if e.orig_local
            && !upkeep
            && is_unicast(orig)
            && is_unicast(to)
            && e.outcome() == Outcome::Answered
        {
            self.call(e, orig, to, network, out);
        }
    }

    fn memory(&self) -> usize {
        self.hosts.memory(|_| HEAP)
    }

    fn given_up(&self) -> GivenUp {
        self.hosts.given_up()
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.hosts, self.silent, self.broken, self.day))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (hosts, silent, broken, day): (Saved<Host>, f64, f64, i64) =
            crate::codec::decode(bytes)?;
        if !silent.is_finite() || !broken.is_finite() || day.unsigned_abs() > 1 << 20 {
            return Err("silent hours that make no sense".into());
        }
        self.hosts.restore(hosts)?;
        (self.silent, self.broken, self.day) = (silent, broken, day);
        Ok(())
    }
}
