//! What takes time to see, on the same labelled rows: findings of behaviours, and which attacks each
//! of them tells of.
//!
//! A finding has no label of its own. It tells of the attacks whose connections are among those that
//! it shows (uids); else it is of normal rows if one of these is. Where it shows none that was
//! met (ARP has no uids), rows between its hosts decide that lie within its time. A finding that
//! grows is judged each time, so what it told first is known.

use super::args::EvaluateArgs;
use super::collect::Shared;
use super::truth::{Label, Truth, each_uid};
use crate::allowed;
use crate::commands::inputs;
use crate::exit::Failure;
use crate::progress::Progress;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use zeek_anomaly_behavior::{Columns, Entity, Event, Finding, Hunter, Settings};
use zeek_anomaly_engine::merge::InOrder;
use zeek_anomaly_runner::{Run, Sink, Source, learn_baseline};

/// Rows of two hosts with one label that are no further apart than this, in seconds, are one stretch.
const TOGETHER: f64 = 60.0;

/// The kind of what the findings of a host add up to.
const SUM: &str = "host";

/// What a finding is about, as far as labels tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// These attacks, by number, ascending.
    Attacks(Vec<u32>),
    /// Normal rows and no attack.
    Normal,
    /// Rows without a label.
    Unlabelled,
}

/// What decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Connections that the finding shows.
    Uid,
    /// Rows between its hosts, at its time.
    Hosts,
}

/// A finding, or what it grew to.
#[derive(Clone, Debug)]
pub struct State {
    /// The finding.
    pub finding: Finding,
    /// What it is about.
    pub about: About,
    /// What decided that.
    pub by: By,
}

/// An attack, as the rows that behaviours saw have it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its rows.
    pub rows: u64,
    /// When the first was; infinite where none has a time.
    pub first: f64,
}

/// What behaviours found on the rows of one round, or of several.
#[derive(Debug, Default)]
pub struct Hunted {
    /// Findings in the order in which they were told, each time that they were.
    pub states: Vec<State>,
    /// Attacks, by number.
    pub attacks: BTreeMap<u32, Seen>,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen {
            rows: 0,
            first: f64::INFINITY,
        }
    }
}

impl Hunted {
    /// Takes those of another round, too.
    pub fn add(&mut self, other: Hunted) {
        self.states.extend(other.states);
        for (attack, seen) in other.attacks {
            let of = self.attacks.entry(attack).or_default();
            of.rows += seen.rows;
            of.first = of.first.min(seen.first);
        }
    }
}

/// Learns what is usual from some rows, and hunts on others.
pub fn hunt(
    args: &EvaluateArgs,
    truth: &Truth,
    learn: &Source,
    test: &Source,
    shared: &mut Shared,
    progress: &mut Progress,
) -> Result<Hunted, Failure> {
    let add = &mut |b, r| progress.add(b, r);
    let usual = match (&args.usual, learn.inputs().is_empty()) {
        (Some(path), _) => inputs::baseline(Some(path))?,
        (None, true) => None,
        (None, false) => Some(learn_baseline(learn, Settings::default(), add).0),
    };
    let mut hunter = Hunter::new(Settings::default(), usual);
    *hunter.allow() = allowed::load(args.allow.as_deref())?;
    let mut labelled = Labelled {
        truth,
        shared,
        labels: Labels::default(),
        told: Vec::new(),
    };
    Run::of(test)
        .behaviors(&mut hunter)
        .sink(&mut labelled)
        .and_again()
        .go(add);
    let Labelled { labels, told, .. } = labelled;
    let judged = told.into_iter().map(|finding| {
        let (about, by) = labels.about(&finding);
        State { finding, about, by }
    });
    Ok(Hunted {
        states: judged.collect(),
        attacks: labels.attacks,
    })
}

/// Takes labels of rows, and findings.
struct Labelled<'a> {
    truth: &'a Truth,
    shared: &'a mut Shared,
    labels: Labels,
    told: Vec<Finding>,
}

impl Sink for Labelled<'_> {
    fn in_order(&mut self, row: &InOrder<'_>, columns: &Columns) {
        self.labels.take(self.truth, row, columns, self.shared);
    }

    fn finding(&mut self, finding: &Finding) {
        self.told.push(finding.clone());
    }
}

/// The label of a connection: the most telling of its rows'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Unlabelled,
    Normal,
    Attack(u32),
}

/// Rows of two hosts with one label, close to each other.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: f64,
    until: f64,
    label: Known,
}

/// What labels say of connections and of hosts.
#[derive(Debug, Default)]
struct Labels {
    uids: HashMap<Box<[u8]>, Known>,
    /// By the originator, then by the responder.
    hosts: HashMap<IpAddr, HashMap<Option<IpAddr>, Vec<Stretch>>>,
    attacks: BTreeMap<u32, Seen>,
}

impl Labels {
    fn take(&mut self, truth: &Truth, row: &InOrder<'_>, columns: &Columns, shared: &mut Shared) {
        let label = match truth.label(row.schema, &row.record) {
            Label::LeftOut(_) => Known::Unlabelled,
            Label::Normal => Known::Normal,
            Label::Attack(name) => Known::Attack(shared.attack(&name)),
        };
        each_uid(
            row.schema,
            &row.record,
            &mut |uid| match self.uids.get_mut(uid) {
                // Of two attacks the first.
                Some(known @ (Known::Unlabelled | Known::Normal)) => *known = label.max(*known),
                Some(Known::Attack(_)) => {}
                None => {
                    self.uids.insert(uid.into(), label);
                }
            },
        );
        let event = Event::new(columns, row.record);
        if let Known::Attack(n) = label {
            let seen = self.attacks.entry(n).or_default();
            seen.rows += 1;
            seen.first = seen.first.min(event.map_or(f64::INFINITY, |e| e.ts));
        }
        if let (Some(e), false) = (event, label == Known::Unlabelled)
            && let Some(orig) = e.orig
        {
            let with = self.hosts.entry(orig).or_default();
            let stretches = with.entry(e.resp).or_default();
            let near = |s: &&mut Stretch| {
                s.label == label && e.ts <= s.until + TOGETHER && e.written >= s.from - TOGETHER
            };
            match stretches.iter_mut().rev().take(4).find(near) {
                Some(s) => {
                    (s.from, s.until) = (s.from.min(e.ts), s.until.max(e.written));
                }
                None => stretches.push(Stretch {
                    from: e.ts,
                    until: e.written,
                    label,
                }),
            }
        }
    }

    fn about(&self, f: &Finding) -> (About, By) {
        let of_uids = (f.uids.iter()).filter_map(|u| self.uids.get(u.as_bytes()).copied());
        let of_uids: Vec<Known> = of_uids.collect();
        if !of_uids.is_empty() {
            return (about(of_uids), By::Uid);
        }
        let mut of_hosts = Vec::new();
        let at_that_time = |s: &&Stretch| s.from <= f.last && s.until >= f.first;
        let mut add = |all: Option<&Vec<Stretch>>| {
            let labels = all.into_iter().flatten().filter(at_that_time);
            of_hosts.extend(labels.map(|s| s.label));
        };
        let host = f.entity.host();
        match &f.entity {
            Entity::Pair { resp, .. } => {
                for (a, b) in [(host, *resp), (*resp, host)] {
                    add(self.hosts.get(&a).and_then(|with| with.get(&Some(b))));
                }
            }
            Entity::Host(_) | Entity::Name { .. } => {
                for all in self.hosts.get(&host).into_iter().flat_map(HashMap::values) {
                    add(Some(all));
                }
                for with in self.hosts.values() {
                    add(with.get(&Some(host)));
                }
            }
        }
        (about(of_hosts), By::Hosts)
    }
}

fn about(labels: Vec<Known>) -> About {
    let attack = |k: &Known| match k {
        Known::Attack(n) => Some(*n),
        _ => None,
    };
    let mut attacks: Vec<u32> = labels.iter().filter_map(attack).collect();
    attacks.sort_unstable();
    attacks.dedup();
    match attacks.is_empty() {
        false => About::Attacks(attacks),
        true if labels.contains(&Known::Normal) => About::Normal,
        true => About::Unlabelled,
    }
}

/// Whether it is what a host's findings add up to, and no finding of its own.
pub fn is_sum(f: &Finding) -> bool {
    f.kind.0.name == SUM
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeek_anomaly_behavior::{Basis, registry};

    fn addr(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn finding(entity: Entity, uids: &[&str], (first, last): (f64, f64)) -> Finding {
        Finding {
            id: 1,
            kind: registry::kind("beacon").unwrap(),
            entity,
            score: 5.0,
            basis: Basis::Probability,
            confidence: 1.0,
            first,
            last,
            count: 3,
            update: 0,
            reasons: Vec::new(),
            uids: uids.iter().map(|u| (*u).to_owned()).collect(),
            name: None,
        }
    }

    fn labels() -> Labels {
        let mut l = Labels::default();
        let known = [
            ("Cnormal", Known::Normal),
            ("Cattack", Known::Attack(3)),
            ("Cother", Known::Attack(1)),
            ("Cnothing", Known::Unlabelled),
        ];
        for (uid, k) in known {
            l.uids.insert(uid.as_bytes().into(), k);
        }
        let stretch = |from, until, label| Stretch { from, until, label };
        let with = l.hosts.entry(addr(1)).or_default();
        with.insert(Some(addr(2)), vec![stretch(100.0, 200.0, Known::Attack(3))]);
        with.insert(Some(addr(3)), vec![stretch(100.0, 900.0, Known::Normal)]);
        l
    }

    #[test]
    fn connections_that_a_finding_shows_decide_and_an_attack_s_is_enough() {
        let l = labels();
        let about = |uids: &[&str]| l.about(&finding(Entity::Host(addr(1)), uids, (0.0, 1e3)));
        let attacks = |a: &[u32]| (About::Attacks(a.to_vec()), By::Uid);
        assert_eq!(about(&["Cnormal", "Cattack", "Cother"]), attacks(&[1, 3]));
        // Its host does have an attack at that time.
        assert_eq!(about(&["Cnothing", "Cnormal"]), (About::Normal, By::Uid));
        assert_eq!(about(&["Cnothing"]), (About::Unlabelled, By::Uid));
    }

    #[test]
    fn without_connections_its_hosts_rows_at_its_time_decide() {
        let l = labels();
        let about = |entity: Entity, time| l.about(&finding(entity, &["Cunmet"], time)).0;
        let pair = |orig, resp| Entity::Pair {
            orig: addr(orig),
            resp: addr(resp),
            port: None,
            proto: zeek_anomaly_behavior::event::Proto::Tcp,
        };
        assert_eq!(about(pair(1, 2), (150.0, 160.0)), About::Attacks(vec![3]));
        assert_eq!(about(pair(2, 1), (150.0, 160.0)), About::Attacks(vec![3]));
        assert_eq!(about(pair(1, 3), (150.0, 160.0)), About::Normal);
        assert_eq!(about(pair(1, 2), (201.0, 300.0)), About::Unlabelled);
        for host in [1, 2] {
            let host = Entity::Host(addr(host));
            assert_eq!(about(host, (150.0, 160.0)), About::Attacks(vec![3]));
        }
        assert_eq!(about(Entity::Host(addr(1)), (300.0, 400.0)), About::Normal);
        assert_eq!(about(Entity::Host(addr(9)), (0.0, 1e3)), About::Unlabelled);
    }
}
