//! Which attacks a behavioral finding is about.
//!
//! A finding has no label of its own. It is about the attacks whose connections are among its uids; if none
//! is an attack's but some are normal, it is false. If no row has any of its uids (ARP has none), rows
//! between its hosts at its time decide. A finding that grows is matched at each update, so the time of the
//! first match is known.

use crate::rows::NameTable;
use crate::truth::{GroundTruth, RowLabel, each_uid};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use zeek_anomaly_behavior::{BehaviorColumns, Entity, Event, Finding};
use zeek_anomaly_engine::merge::InOrder;

/// Rows of two hosts with one label that are no further apart than this, in seconds, are one stretch.
const TOGETHER: f64 = 60.0;

/// What a finding is about, as far as labels tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingLabel {
    /// These attacks, by number, ascending.
    Attacks(Vec<u32>),
    /// Normal rows and no attack.
    Normal,
    /// Rows without a label.
    Unlabelled,
}

/// What a finding was matched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Its connections.
    Uid,
    /// Rows between its hosts, at its time.
    Hosts,
}

/// A finding, or an update of one.
#[derive(Clone, Debug)]
pub struct LabelledFinding {
    /// The finding.
    pub finding: Finding,
    /// What it is about.
    pub label: FindingLabel,
    /// What decided that.
    pub matched_by: MatchedBy,
}

/// The rows of an attack.
#[derive(Clone, Copy, Debug)]
pub struct AttackRows {
    /// How many.
    pub rows: u64,
    /// The time of the first; infinite if none has a time.
    pub first: f64,
}

impl Default for AttackRows {
    fn default() -> AttackRows {
        AttackRows {
            rows: 0,
            first: f64::INFINITY,
        }
    }
}

/// What behaviors found on the rows of one round, or of several.
#[derive(Debug, Default)]
pub struct BehaviorRun {
    /// Findings and their updates, in order.
    pub findings: Vec<LabelledFinding>,
    /// Attacks, by number.
    pub attacks: BTreeMap<u32, AttackRows>,
}

impl BehaviorRun {
    /// Adds those of another round.
    pub(crate) fn add(&mut self, other: BehaviorRun) {
        self.findings.extend(other.findings);
        for (attack, rows) in other.attacks {
            let of = self.attacks.entry(attack).or_default();
            of.rows += rows.rows;
            of.first = of.first.min(rows.first);
        }
    }
}

/// The label of a connection: the highest of its rows' labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ConnLabel {
    Unlabelled,
    Normal,
    Attack(u32),
}

/// Rows of two hosts with one label, close to each other.
#[derive(Clone, Copy, Debug)]
struct LabelStretch {
    from: f64,
    until: f64,
    label: ConnLabel,
}

/// The labels of connections and of pairs of hosts.
#[derive(Debug, Default)]
pub(crate) struct LabelIndex {
    uids: HashMap<Box<[u8]>, ConnLabel>,
    /// By the originator, then by the responder.
    hosts: HashMap<IpAddr, HashMap<Option<IpAddr>, Vec<LabelStretch>>>,
    attacks: BTreeMap<u32, AttackRows>,
}

impl LabelIndex {
    /// Takes a row.
    pub fn take(
        &mut self,
        truth: &GroundTruth,
        row: &InOrder<'_>,
        columns: &BehaviorColumns,
        attacks: &mut NameTable,
    ) {
        let label = match truth.label(row.schema, &row.record) {
            RowLabel::Unlabelled(_) => ConnLabel::Unlabelled,
            RowLabel::Normal => ConnLabel::Normal,
            RowLabel::Attack(name) => ConnLabel::Attack(attacks.number(&name)),
        };
        each_uid(
            row.schema,
            &row.record,
            &mut |uid| match self.uids.get_mut(uid) {
                // Of two attacks the first.
                Some(of @ (ConnLabel::Unlabelled | ConnLabel::Normal)) => *of = label.max(*of),
                Some(ConnLabel::Attack(_)) => {}
                None => {
                    self.uids.insert(uid.into(), label);
                }
            },
        );
        let event = Event::new(columns, row.record);
        if let ConnLabel::Attack(n) = label {
            let of = self.attacks.entry(n).or_default();
            of.rows += 1;
            of.first = of.first.min(event.map_or(f64::INFINITY, |e| e.ts));
        }
        if let (Some(e), false) = (event, label == ConnLabel::Unlabelled)
            && let Some(orig) = e.orig
        {
            let with = self.hosts.entry(orig).or_default();
            let stretches = with.entry(e.resp).or_default();
            let near = |s: &&mut LabelStretch| {
                s.label == label && e.ts <= s.until + TOGETHER && e.written >= s.from - TOGETHER
            };
            match stretches.iter_mut().rev().take(4).find(near) {
                Some(s) => {
                    (s.from, s.until) = (s.from.min(e.ts), s.until.max(e.written));
                }
                None => stretches.push(LabelStretch {
                    from: e.ts,
                    until: e.written,
                    label,
                }),
            }
        }
    }

    /// Labels findings.
    pub fn finish(self, findings: Vec<Finding>) -> BehaviorRun {
        let labelled = findings.into_iter().map(|finding| {
            let (label, matched_by) = self.label(&finding);
            LabelledFinding {
                finding,
                label,
                matched_by,
            }
        });
        BehaviorRun {
            findings: labelled.collect(),
            attacks: self.attacks,
        }
    }

    fn label(&self, f: &Finding) -> (FindingLabel, MatchedBy) {
        let of_uids = (f.uids.iter()).filter_map(|u| self.uids.get(u.as_bytes()).copied());
        let of_uids: Vec<ConnLabel> = of_uids.collect();
        if !of_uids.is_empty() {
            return (combined(&of_uids), MatchedBy::Uid);
        }
        let mut of_hosts = Vec::new();
        let at_that_time = |s: &&LabelStretch| s.from <= f.last && s.until >= f.first;
        let mut add = |all: Option<&Vec<LabelStretch>>| {
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
        (combined(&of_hosts), MatchedBy::Hosts)
    }
}

fn combined(labels: &[ConnLabel]) -> FindingLabel {
    let attack = |l: &ConnLabel| match l {
        ConnLabel::Attack(n) => Some(*n),
        _ => None,
    };
    let mut attacks: Vec<u32> = labels.iter().filter_map(attack).collect();
    attacks.sort_unstable();
    attacks.dedup();
    match attacks.is_empty() {
        false => FindingLabel::Attacks(attacks),
        true if labels.contains(&ConnLabel::Normal) => FindingLabel::Normal,
        true => FindingLabel::Unlabelled,
    }
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

    fn labels() -> LabelIndex {
        let mut l = LabelIndex::default();
        let known = [
            ("Cnormal", ConnLabel::Normal),
            ("Cattack", ConnLabel::Attack(3)),
            ("Cother", ConnLabel::Attack(1)),
            ("Cunlabelled", ConnLabel::Unlabelled),
        ];
        for (uid, k) in known {
            l.uids.insert(uid.as_bytes().into(), k);
        }
        let stretch = |from, until, label| LabelStretch { from, until, label };
        let with = l.hosts.entry(addr(1)).or_default();
        with.insert(
            Some(addr(2)),
            vec![stretch(100.0, 200.0, ConnLabel::Attack(3))],
        );
        with.insert(
            Some(addr(3)),
            vec![stretch(100.0, 900.0, ConnLabel::Normal)],
        );
        l
    }

    #[test]
    fn uids_of_a_finding_decide_and_one_of_an_attack_is_enough() {
        let l = labels();
        let about = |uids: &[&str]| l.label(&finding(Entity::Host(addr(1)), uids, (0.0, 1e3)));
        let attacks = |a: &[u32]| (FindingLabel::Attacks(a.to_vec()), MatchedBy::Uid);
        assert_eq!(about(&["Cnormal", "Cattack", "Cother"]), attacks(&[1, 3]));
        // Although its host has an attack at that time.
        assert_eq!(
            about(&["Cunlabelled", "Cnormal"]),
            (FindingLabel::Normal, MatchedBy::Uid)
        );
        assert_eq!(
            about(&["Cunlabelled"]),
            (FindingLabel::Unlabelled, MatchedBy::Uid)
        );
    }

    #[test]
    fn without_uids_rows_between_its_hosts_at_its_time_decide() {
        let l = labels();
        let about = |entity: Entity, time| l.label(&finding(entity, &["Cunknown"], time)).0;
        let pair = |orig, resp| Entity::Pair {
            orig: addr(orig),
            resp: addr(resp),
            port: None,
            proto: zeek_anomaly_behavior::event::Proto::Tcp,
        };
        assert_eq!(
            about(pair(1, 2), (150.0, 160.0)),
            FindingLabel::Attacks(vec![3])
        );
        assert_eq!(
            about(pair(2, 1), (150.0, 160.0)),
            FindingLabel::Attacks(vec![3])
        );
        assert_eq!(about(pair(1, 3), (150.0, 160.0)), FindingLabel::Normal);
        assert_eq!(about(pair(1, 2), (201.0, 300.0)), FindingLabel::Unlabelled);
        for host in [1, 2] {
            let host = Entity::Host(addr(host));
            assert_eq!(about(host, (150.0, 160.0)), FindingLabel::Attacks(vec![3]));
        }
        assert_eq!(
            about(Entity::Host(addr(1)), (300.0, 400.0)),
            FindingLabel::Normal
        );
        assert_eq!(
            about(Entity::Host(addr(9)), (0.0, 1e3)),
            FindingLabel::Unlabelled
        );
    }
}
