//! A host that talks to far more hosts of ours than it ever did.
//!
//! Scans fail, and are found by that. Who moves on with working credentials, or looks at what is
//! shared, is answered everywhere: what changes is how many of our hosts, and how many of their
//! services, it talks to. So different hosts and services are counted for each hour and for each
//! day in which a host talks to any, and held against the host's own past: the largest of its
//! last hours (or days) but one, since one odd hour is no habit, and their median and median absolute
//! deviation. A host whose past is short is not judged: what others do says little about a server.
//!
//! An hour that stands out is remembered as one that just did not: who widens his circle every
//! day becomes usual slowly.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Event, Log, Outcome};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, FAN_OUT_INCREASE};
use crate::network::{NetworkView, is_unicast};
use crate::settings::Param;
use crate::state::{Distinct, Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static TIMES: Param = Param {
    name: "fanout.times",
    default: 3.0,
    min: 1.1,
    max: 1000.0,
    help: "how many times the hosts or services here that a host talked to within an hour, or a day, before \
           are a change",
};

static LEAST: Param = Param {
    name: "fanout.least",
    default: 8.0,
    min: 2.0,
    max: 1e6,
    help: "hosts or services within an hour, or a day, below which there is no change",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "fanout",
    params: &[&TIMES, &LEAST],
    share: 4,
    make: |_, budget| Box::new(FanOut::new(budget)),
};

/// The two spans that are counted: their seconds, how many are remembered, and how many make a past.
const SPANS: [(f64, usize, usize); 2] = [(3600.0, 48, 24), (86_400.0, 28, 5)];

/// Deviations from the median that a change has to have, in scaled median absolute deviations.
const DEVIATIONS: f32 = 5.0;

/// Spans behind which a record is late, and beyond which the clock was set.
const LATE: i64 = 48;

/// Ports of administration: SSH, Telnet, RPC, SMB, RDP, VNC, WinRM.
const PORTS: [u16; 8] = [22, 23, 135, 445, 3389, 5900, 5985, 5986];

/// Hosts that are named.
const NAMED: usize = 5;

/// The domain of keys.
const HOST: u64 = 0xfa40_0001;

/// What was counted within a span, and before.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Span {
    /// Its number since the epoch.
    at: i64,
    first: f64,
    last: f64,
    calls: u64,
    hosts: Distinct,
    services: Distinct,
    /// ln(1 + n) of hosts and services of the last spans that had any; rings.
    past: Vec<(f32, f32)>,
    next: u16,
    /// The larger of both at the last report, and reports of this span.
    reported: (f64, u32),
}

/// One host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Host {
    spans: [Span; 2],
    /// Calls of this hour to ports of administration, and some of whom it talked to.
    admin: u32,
    to: Vec<IpAddr>,
    uids: Uids,
}

impl Entry for Host {
    fn is_established(&self) -> bool {
        self.spans.iter().any(|s| s.past.len() >= 2)
    }

    fn merit(&self) -> f64 {
        self.spans.iter().map(|s| s.past.len() as f64).sum()
    }

    fn is_sound(&self) -> bool {
        let finite = |s: &Span| s.past.iter().all(|p| p.0.is_finite() && p.1.is_finite());
        self.to.len() <= NAMED
            && self.uids.is_sound()
            && self.spans.iter().zip(SPANS).all(|(s, (_, kept, _))| {
                s.past.len() <= kept
                    && usize::from(s.next) < kept
                    && finite(s)
                    && s.hosts.is_sound()
                    && s.services.is_sound()
                    && s.first.is_finite()
                    && s.last.is_finite()
            })
    }
}

const HEAP: usize =
    4 * (Distinct::MAX_HEAP + 16) + (SPANS[0].1 + SPANS[1].1) * 8 + Uids::MAX_HEAP + 128;
const SMALL: usize = Uids::MAX_HEAP + 512;

/// The behaviour.
#[derive(Debug)]
struct FanOut {
    hosts: Table<Host>,
}

/// What is usual of a past: the largest but one, or what lies so many deviations above the median,
/// whichever is more.
fn usual(past: impl Iterator<Item = f32>) -> f32 {
    let mut v: Vec<f32> = past.collect();
    v.sort_unstable_by(f32::total_cmp);
    let middle = |v: &[f32]| v.get(v.len() / 2).copied().unwrap_or(0.0);
    let median = middle(&v);
    let mut away: Vec<f32> = v.iter().map(|x| (x - median).abs()).collect();
    away.sort_unstable_by(f32::total_cmp);
    let most = v.len().checked_sub(2).and_then(|i| v.get(i)).copied();
    most.unwrap_or(0.0)
        .max(median + DEVIATIONS * 1.4826 * middle(&away))
}

impl Span {
    /// The span is over: it is remembered, and what stood out of it as if it just did not.
    fn close(&mut self, kept: usize, enough: usize, times: f64) {
        if self.calls > 0 {
            let mut y = (
                self.hosts.count().ln_1p() as f32,
                self.services.count().ln_1p() as f32,
            );
            if self.past.len() >= enough {
                let half = (times.ln() / 2.0) as f32;
                y.0 = y.0.min(usual(self.past.iter().map(|p| p.0)) + half);
                y.1 = y.1.min(usual(self.past.iter().map(|p| p.1)) + half);
            }
            if self.past.len() < kept {
                self.past.push(y);
            } else if let Some(p) = self.past.get_mut(usize::from(self.next)) {
                *p = y;
                self.next = (self.next + 1) % kept as u16;
            }
        }
        (self.hosts, self.services) = (Distinct::default(), Distinct::default());
        (self.calls, self.first, self.last) = (0, 0.0, 0.0);
        self.reported = (0.0, 0);
    }

    /// How many times what is usual there is now, of hosts or of services: the larger; with the numbers.
    fn change(&self) -> (f64, f64, f64, &'static str) {
        let of = |n: f64, past: f32, what| {
            let usual = f64::from(past).exp_m1();
            (n / usual.max(1.0), n, usual, what)
        };
        let hosts = of(
            self.hosts.count(),
            usual(self.past.iter().map(|p| p.0)),
            "hosts",
        );
        let services = of(
            self.services.count(),
            usual(self.past.iter().map(|p| p.1)),
            "services",
        );
        if services.0 > hosts.0 {
            services
        } else {
            hosts
        }
    }
}

impl FanOut {
    fn new(budget: usize) -> FanOut {
        FanOut {
            hosts: Table::new(budget, SMALL, HEAP),
        }
    }

    fn talk(
        &mut self,
        e: &Event<'_>,
        ends: (IpAddr, IpAddr),
        port: u16,
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let (orig, resp) = ends;
        let (times, least) = (
            network.threshold(&TIMES).max(1.05),
            network.threshold(&LEAST),
        );
        let key = network.key(HOST).addr(orig).finish();
        let host = network.key(HOST).addr(resp);
        self.hosts.update(key, Host::default, |h| {
            for (i, (s, (seconds, kept, enough))) in h.spans.iter_mut().zip(SPANS).enumerate() {
                let at = (e.ts / seconds).floor() as i64;
                if at < s.at && s.at - at <= LATE {
                    continue;
                }
                if at != s.at {
                    s.close(kept, enough, times);
                    s.at = at;
                    if i == 0 {
                        (h.admin, h.uids) = (0, Uids::default());
                        h.to.clear();
                    }
                }
                if s.first == 0.0 {
                    s.first = e.ts;
                }
                s.last = s.last.max(e.ts);
                s.calls += 1;
                s.hosts.insert(host.finish());
                s.services.insert(host.number(u64::from(port)).finish());
            }
            h.admin = h.admin.saturating_add(u32::from(PORTS.contains(&port)));
            h.uids.add(e.uid());
            if h.to.len() < NAMED && !h.to.contains(&resp) {
                h.to.push(resp);
            }
            for (i, (_, _, enough)) in SPANS.into_iter().enumerate() {
                let Some(s) = h.spans.get(i).filter(|s| s.past.len() >= enough) else {
                    continue;
                };
                let (change, now, _, _) = s.change();
                let (before, reports) = s.reported;
                let again = reports > 0 && !network.has_grown(before, now);
                if now < least || change < times || again {
                    continue;
                }
                out.push(h.finding(orig, s, i, change / times));
                if let Some(s) = h.spans.get_mut(i) {
                    s.reported = (now, reports + 1);
                }
                break;
            }
        });
    }
}

impl Host {
    fn finding(&self, orig: IpAddr, s: &Span, span: usize, times: f64) -> Finding {
        let entity = Entity::Host(orig);
        let (_, now, usual, what) = s.change();
        let within = if span == 0 { "hour" } else { "day" };
        let admin =
            f64::from(self.admin) * 2.0 >= self.spans.first().map_or(1.0, |s| s.calls as f64);
        let hosts = s.hosts.count();
        Finding {
            // An hour and the day it is in are one change.
            id: Key::new(entity.key())
                .bytes(FAN_OUT_INCREASE.name.as_bytes())
                .number((s.first / SPANS[1].0) as u64)
                .finish(),
            kind: BehaviorKind(&FAN_OUT_INCREASE),
            // Twice as much is 0.7 more.
            score: (3.5 + times.max(1.0).ln()).min(7.0),
            basis: Basis::Rule,
            confidence: if admin { 0.6 } else { 0.4 },
            first: s.first,
            last: s.last,
            count: s.calls,
            update: s.reported.1,
            reasons: vec![
                Evidence::new(
                    "talks to",
                    format!("{} {what} here within the {within}", text::count(now)),
                ),
                Evidence::new(
                    "most before",
                    format!(
                        "{} {what} in {} such {within}s",
                        text::count(usual),
                        s.past.len()
                    ),
                ),
                Evidence::new("such as", text::listed(&self.to, hosts, NAMED)),
                Evidence::new(
                    "by ports of administration",
                    format!("{} connections of this hour", self.admin),
                ),
            ],
            uids: self.uids.texts(),
            entity,
            name: None,
        }
    }
}

impl Behavior for FanOut {
    fn observe(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Log::Conn, Some(orig), Some(resp), Some(port)) = (e.log, e.orig, e.resp, e.port)
        else {
            return;
        };
        let ours =
            e.orig_local && e.resp_local && orig != resp && is_unicast(orig) && is_unicast(resp);
        if ours && e.outcome() == Outcome::Answered {
            self.talk(e, (orig, resp), port, network, out);
        }
    }

    fn memory(&self) -> usize {
        self.hosts
            .memory(|h| if h.is_established() { HEAP } else { SMALL })
    }

    fn given_up(&self) -> GivenUp {
        self.hosts.given_up()
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&self.hosts)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let hosts: Saved<Host> = crate::codec::decode(bytes)?;
        Ok(self.hosts.restore(hosts)?)
    }
}
