//! What a host sends out, against what it and its peers usually do; and connections that stay.
//!
//! The payload that a host sends to outside is added up for each hour that has any. An hour is
//! unusual that sends several times what the host sent in the most of its last hours; while the
//! host has few of them, what all but one in a hundred of the hours of all hosts sent is taken
//! instead. Hours spread over orders of magnitude, so that a number of deviations from their mean
//! says little, but few are larger than the largest of many. An hour that stands out is
//! remembered as one that just did not: whoever sends more every day becomes usual slowly.
//!
//! While nothing is known to compare with, one thing tells nevertheless: as much, nearly all of it going
//! out, by a protocol that Zeek does not know. Backups and shares of files speak protocols that it does.
//!
//! A connection that stays for hours is weak evidence by itself: RITA's bands of 4, 8 and 12
//! hours, and only where few others talk to the same host. Inside Zeek it is looked at while it
//! is still open.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{BehaviorKind, LONG_CONNECTION, UPLOAD};
use crate::network::{NetworkView, is_unicast};
use crate::settings::Param;
use crate::state::{Entry, GivenUp, Saved, Table, Uids};
use crate::text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

static TIMES: Param = Param {
    name: "upload.times",
    default: 4.0,
    min: 1.1,
    max: 1e6,
    help: "how many times what a host has sent within an hour before is unusual",
};

static LEAST: Param = Param {
    name: "upload.megabytes",
    default: 10.0,
    min: 0.1,
    max: 1e9,
    help: "megabytes within an hour below which no upload is unusual",
};

static HOURS: Param = Param {
    name: "connection.hours",
    default: 4.0,
    min: 0.1,
    max: 10_000.0,
    help: "hours from which a connection to a host that few others talk to is long",
};

static UNKNOWN: Param = Param {
    name: "connection.unknown",
    default: 3.0,
    min: 1.0,
    max: 100.0,
    help: "how many times as long where one host is all there is, and no ordinary logs have taught what is usual; \
           less with more hosts, once from ten on",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "volume",
    params: &[&TIMES, &LEAST, &HOURS, &UNKNOWN],
    share: 10,
    make: |_, budget| Box::new(Volume::new(budget)),
};

/// Hours of a host that are remembered.
const KEPT: usize = 72;

/// Hours of all hosts together that are remembered.
const PEERS: usize = 1024;

/// Hours from which a host is compared with itself alone, and hours of all hosts from which
/// they are something to compare with.
const ENOUGH: usize = 24;
const PEERS_ENOUGH: usize = 100;

/// The share of the peers' hours that are more than usual.
const RARE: f64 = 0.01;

/// The most bytes that a connection can send: more than a link carries in a day is a mistake of the sensor.
const LINK_MAX: f64 = 1e15;

/// How many times what came back went out, where nearly all goes out.
const ONE_WAY: f64 = 10.0;

/// A finding names the bytes that packets contradict from this share of the sent bytes on.
const UNSEEN_TOLD: f64 = 0.01;

/// The domains of keys.
const HOST: u64 = 0x0f1d_0001;
const PAIR: u64 = 0x0f1d_0002;

/// What one host sends out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Host {
    who: Option<IpAddr>,
    /// The hour that is being added up, since the epoch.
    hour: i64,
    bytes: f64,
    /// Of these, what went out nearly alone by unknown protocols.
    unknown: f64,
    /// What records claim beyond these, and no packet carried past the sensor.
    unseen: f64,
    first: f64,
    last: f64,
    count: u64,
    /// The connection that sent most of it: to whom, and how much.
    most: Option<(IpAddr, f64)>,
    uids: Uids,
    /// ln(1 + bytes) of the last hours that had any, a ring.
    hours: Vec<f32>,
    at: u16,
    /// The bytes of this hour at the last report, and reports.
    reported: (f64, u32),
}

impl Entry for Host {
    fn is_established(&self) -> bool {
        self.hours.len() >= 2
    }

    fn merit(&self) -> f64 {
        self.hours.len() as f64
    }

    fn is_sound(&self) -> bool {
        self.hours.len() <= KEPT
            && usize::from(self.at) < KEPT
            && self.hours.iter().all(|h| h.is_finite())
            && [self.bytes, self.unknown, self.unseen, self.first, self.last]
                .iter()
                .all(|n| n.is_finite())
            && self.most.is_none_or(|m| m.1.is_finite())
            && self.uids.is_sound()
    }
}

/// The long connections of a pair.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Long {
    longest: f64,
    count: u64,
    first: f64,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for Long {
    fn is_established(&self) -> bool {
        true
    }

    fn merit(&self) -> f64 {
        self.longest
    }

    fn is_sound(&self) -> bool {
        self.longest.is_finite() && self.first.is_finite() && self.uids.is_sound()
    }
}

const HOST_HEAP: usize = KEPT * 4 + Uids::MAX_HEAP + 64;

/// The behaviour.
#[derive(Debug)]
struct Volume {
    hosts: Table<Host>,
    long: Table<Long>,
    /// ln(1 + bytes) of hours of all hosts, a ring.
    peers: Vec<f32>,
    at: usize,
}

/// The most that is usual among hours of all hosts.
fn usual_of(peers: &[f32]) -> Option<f32> {
    let mut v = peers.to_vec();
    let at = ((v.len() as f64) * (1.0 - RARE)) as usize;
    let at = at.min(v.len().checked_sub(1)?);
    v.select_nth_unstable_by(at, f32::total_cmp);
    v.get(at).copied()
}

impl Volume {
    fn new(budget: usize) -> Volume {
        let rest = budget.saturating_sub(PEERS * 4);
        Volume {
            hosts: Table::new(rest / 10 * 8, Uids::MAX_HEAP, HOST_HEAP),
            long: Table::new(rest / 10 * 2, Uids::MAX_HEAP, Uids::MAX_HEAP),
            peers: Vec::new(),
            at: 0,
        }
    }

    fn sent(
        &mut self,
        e: &Event<'_>,
        to: (IpAddr, f64),
        network: &NetworkView,
        out: &mut Vec<Finding>,
    ) {
        let Some(orig) = e.orig else { return };
        let key = network.key(HOST).addr(orig).finish();
        // A connection counts at its end: what it sent when is not known.
        let hour = (e.written / 3600.0).floor() as i64;
        let (peers, at) = (&mut self.peers, &mut self.at);
        let (times, least) = (
            network.threshold(&TIMES).max(1.0),
            network.threshold(&LEAST) * 1e6,
        );
        self.hosts.update(key, Host::default, |h| {
            h.who = Some(orig);
            if hour > h.hour || h.count == 0 {
                h.close(times as f32, |y| {
                    if peers.len() < PEERS {
                        peers.push(y);
                    } else if let Some(p) = peers.get_mut(*at) {
                        *p = y;
                        *at = (*at + 1) % PEERS;
                    }
                });
                (h.hour, h.first) = (hour, e.ts);
            }
            // What comes late belongs to an hour that is over: it counts to this one.
            h.bytes += to.1;
            h.unseen += e.unseen().min(LINK_MAX);
            let received = e.bytes().map_or(0.0, |b| b.1);
            if e.service().is_empty() && to.1 >= ONE_WAY * received {
                h.unknown += to.1;
            }
            h.count += 1;
            h.last = h.last.max(e.written);
            h.first = h.first.min(e.ts);
            if h.most.is_none_or(|m| m.1 < to.1) {
                h.most = Some(to);
            }
            h.uids.add(e.uid());
            if h.bytes < least {
                return;
            }
            let own = h.hours.len() >= ENOUGH;
            // While nobody knows anything of this network, nothing is unusual.
            let usual = match own {
                true => h.most_usual(),
                false if peers.len() < PEERS_ENOUGH => None,
                false => usual_of(peers),
            };
            let usual = usual.map(|u| f64::from(u).exp_m1());
            let beyond = match usual {
                Some(usual) => h.bytes / (usual * times).max(1.0),
                None => h.unknown / least,
            };
            if beyond < 1.0 {
                return;
            }
            if h.reported.1 == 0 || h.reported.0 == 0.0 || network.has_grown(h.reported.0, h.bytes)
            {
                h.reported = (h.bytes, h.reported.1 + 1);
                out.push(h.finding(orig, beyond, usual, own, network));
            }
        });
    }

    fn stays(&mut self, e: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let (Some(orig), Some(resp), Some(d)) = (e.orig, e.resp, e.number(Column::Duration)) else {
            return;
        };
        let hours = d / 3600.0;
        // Where nobody knows what is usual, RITA's highest band is what is left.
        let wanted = network.threshold(&HOURS)
            * (1.0 + (network.settings().get(&UNKNOWN) - 1.0) * network.cold_start());
        if hours < wanted || network.prevalence(network.talkers(network.addr_key(resp))) > 0.3 {
            return;
        }
        let entity = Entity::Pair {
            orig,
            resp,
            port: e.port,
            proto: e.proto,
        };
        let key = network.key(PAIR).number(entity.key()).finish();
        self.long.update(key, Long::default, |l| {
            // A connection that is still open may come many times.
            l.count += u64::from(l.uids.add(e.uid()));
            if l.first == 0.0 {
                l.first = e.ts;
            }
            l.longest = l.longest.max(hours);
            if l.reported.1 > 0 && !network.has_grown(l.reported.0, l.longest) {
                return;
            }
            l.reported = (l.longest, l.reported.1 + 1);
            let (sent, received) = e.bytes().unwrap_or_default();
            out.push(Finding {
                id: Key::new(entity.key())
                    .bytes(LONG_CONNECTION.name.as_bytes())
                    .finish(),
                kind: BehaviorKind(&LONG_CONNECTION),
                // 3 at the least, 4 at three times as long, as RITA's highest band is.
                score: (3.0 + (hours / wanted).ln() / 3f64.ln()).min(6.0),
                basis: Basis::Rule,
                confidence: 0.3,
                first: l.first,
                last: e.written,
                count: l.count,
                update: l.reported.1 - 1,
                reasons: vec![
                    Evidence::new("lasted", text::span(d)),
                    Evidence::new("sent", text::bytes(sent)),
                    Evidence::new("received", text::bytes(received)),
                ],
                uids: l.uids.texts(),
                entity: entity.clone(),
                name: None,
            });
        });
    }
}

impl Host {
    /// The hour is over: it is remembered, and what stood out of it as if it just did not.
    fn close(&mut self, times: f32, mut to_peers: impl FnMut(f32)) {
        if self.count > 0 {
            let mut y = (self.bytes as f32).ln_1p();
            if self.hours.len() >= ENOUGH
                && let Some(most) = self.most_usual()
            {
                y = y.min(most + times.ln() / 2.0);
            }
            to_peers(y);
            if self.hours.len() < KEPT {
                self.hours.push(y);
            } else if let Some(h) = self.hours.get_mut(usize::from(self.at)) {
                *h = y;
                self.at = (self.at + 1) % KEPT as u16;
            }
        }
        (self.bytes, self.unknown, self.unseen) = (0.0, 0.0, 0.0);
        (self.count, self.most) = (0, None);
        (self.last, self.reported.0) = (0.0, 0.0);
        self.uids = Uids::default();
    }

    /// The most of the last hours.
    fn most_usual(&self) -> Option<f32> {
        self.hours.iter().copied().max_by(f32::total_cmp)
    }

    fn finding(
        &self,
        orig: IpAddr,
        times: f64,
        usual: Option<f64>,
        own: bool,
        network: &NetworkView,
    ) -> Finding {
        let entity = Entity::Host(orig);
        let (to, most) = self.most.unwrap_or((orig, 0.0));
        let talkers = network.talkers(network.addr_key(to));
        let whose = if own { "this host" } else { "the hosts here" };
        let mut reasons = vec![
            Evidence::new("sent within the hour", text::bytes(self.bytes)),
            match usual {
                Some(usual) => Evidence::new(
                    "most within an hour before",
                    format!("{} for {whose}", text::bytes(usual)),
                ),
                None => Evidence::new(
                    "by unknown protocols",
                    format!("{}, and hardly anything back", text::bytes(self.unknown)),
                ),
            },
            Evidence::new("most of it", format!("{} to {to}", text::bytes(most))),
            Evidence::new("hosts that talk to it", text::count(talkers)),
        ];
        if self.unseen > self.bytes * UNSEEN_TOLD {
            reasons.push(Evidence::new(
                "not seen by the sensor",
                format!("{} more that the records claim", text::bytes(self.unseen)),
            ));
        }
        Finding {
            id: Key::new(entity.key())
                .bytes(UPLOAD.name.as_bytes())
                .number(self.hour as u64)
                .finish(),
            kind: BehaviorKind(&UPLOAD),
            score: (3.5 + times.max(1.0).ln()).min(8.0),
            basis: Basis::Rule,
            confidence: match (own, talkers <= 1.0) {
                (true, true) => 0.7,
                (false, true) => 0.5,
                (true, false) => 0.4,
                (false, false) => 0.25,
            },
            first: self.first,
            last: self.last,
            count: self.count,
            update: self.reported.1.saturating_sub(1),
            reasons,
            uids: self.uids.texts(),
            entity,
            name: None,
        }
    }
}

impl Behavior for Volume {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let conn = event.log == Log::Conn;
        if !(conn || event.log == Log::ConnOpen) || !event.orig_local || event.resp_local {
            return;
        }
        // What is still open has not sent all; at its end it is looked at again.
        if conn
            && let (Some(resp), Some((sent, _))) =
                (event.resp.filter(|r| is_unicast(*r)), event.bytes())
        {
            self.sent(event, (resp, sent.min(LINK_MAX)), network, out);
        }
        self.stays(event, network, out);
    }

    fn memory(&self) -> usize {
        self.hosts
            .memory(|h| h.hours.capacity() * 4 + Uids::MAX_HEAP)
            + self.long.memory(|_| Uids::MAX_HEAP)
            + self.peers.capacity() * 4
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.hosts.given_up();
        g.add(self.long.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.hosts, &self.long, &self.peers, self.at))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<Host>, Saved<Long>, Vec<f32>, usize);
        let (hosts, long, peers, at): All = crate::codec::decode(bytes)?;
        if peers.len() > PEERS || at >= PEERS || !peers.iter().all(|p| p.is_finite()) {
            return Err("hours that make no sense".into());
        }
        self.hosts.restore(hosts)?;
        self.long.restore(long)?;
        (self.peers, self.at) = (peers, at);
        Ok(())
    }
}
