//! Findings of scans: what is said of whom.

use super::contact::ECHO;
use super::state::{NAMED, Scanner, THRESHOLD, Target};
use crate::entity::{Entity, Key};
use crate::finding::{Basis, Evidence, Finding};
use crate::kinds::{
    BehaviorKind, BehaviorKindInfo, SCAN_BLOCK, SCAN_DISTRIBUTED, SCAN_HORIZONTAL, SCAN_VERTICAL,
};
use crate::network::NetworkView;
use crate::text;
use std::net::IpAddr;

/// Lanes of each direction from which a scan is one of a block.
const BLOCK_LANES: f64 = 3.0;

fn id(entity: &Entity, kind: &BehaviorKindInfo) -> u64 {
    Key::new(entity.key()).bytes(kind.name.as_bytes()).finish()
}

/// Reports what has grown enough since the last time; at the end, all that was reported.
pub(super) fn report(s: &mut Scanner, network: &NetworkView, last: bool, out: &mut Vec<Finding>) {
    let Some((orig, ours)) = s.who else { return };
    let (hosts, ports) = (s.hosts.count(), s.ports.count());
    let (swept, probed) = (s.swept.0.count(), s.probed.0.count());
    let block = swept >= BLOCK_LANES && probed >= BLOCK_LANES;
    let candidates: [(usize, &'static BehaviorKindInfo, bool, f64); 3] = [
        (2, &SCAN_BLOCK, block, hosts * ports),
        (0, &SCAN_HORIZONTAL, swept > 0.0 && !block, hosts),
        (1, &SCAN_VERTICAL, probed > 0.0 && !block, ports),
    ];
    for (at, kind, holds, size) in candidates {
        let (before, reports) = s.reported[at];
        let again = match last {
            true => reports > 0,
            false => reports == 0 || network.has_grown(before, size),
        };
        if !holds || !again {
            continue;
        }
        s.reported[at] = (size, reports + 1);
        let entity = Entity::Host(orig);
        let mut reasons = Vec::new();
        if at != 1 {
            let value = match at {
                0 => {
                    let at = ports_in_words(&s.swept.1, swept);
                    format!("{} hosts {at}", text::count(hosts))
                }
                _ => format!("{} hosts, {} ports", text::count(hosts), text::count(ports)),
            };
            reasons.push(Evidence::new("tried", value));
        } else {
            let of = text::listed(&s.probed.1, probed, NAMED);
            reasons.push(Evidence::new(
                "tried",
                format!("{} ports of {of}", text::count(ports)),
            ));
        }
        let (refused, unanswered) = (s.refused, s.unanswered);
        let value = format!("{refused} refused, {unanswered} unanswered");
        reasons.push(Evidence::new("in vain", value));
        let span = text::span(s.last - s.first);
        reasons.push(Evidence::new("within", span));
        // Refusals come from hosts that are there; and ours have no business to scan.
        let mut confidence = if ours { 0.6 } else { 0.3 };
        confidence += if refused * 2 > unanswered { 0.1 } else { 0.0 };
        confidence += if size >= 30.0 { 0.2 } else { 0.0 };
        out.push(Finding {
            id: id(&entity, kind),
            kind: BehaviorKind(kind),
            score: f64::from(s.score).max(network.threshold(&THRESHOLD)),
            basis: Basis::Probability,
            confidence,
            first: s.first,
            last: s.last,
            count: refused + unanswered,
            update: reports,
            reasons,
            uids: s.uids.texts(),
            entity,
            name: None,
        });
    }
}

/// Many that try one host in vain.
pub(super) fn distributed(t: &Target, host: IpAddr, wanted: f64) -> Finding {
    let (sources, ports) = (t.sources.count(), t.ports.count());
    let entity = Entity::Host(host);
    Finding {
        id: id(&entity, &SCAN_DISTRIBUTED),
        kind: BehaviorKind(&SCAN_DISTRIBUTED),
        score: 3.0 + (sources.min(ports) / wanted).log2().max(0.0),
        basis: Basis::Rule,
        confidence: 0.3,
        first: t.spans.first(),
        last: t.last,
        count: t.failed,
        update: t.reported.1.saturating_sub(1),
        reasons: vec![
            Evidence::new(
                "sources",
                format!("{} hosts tried it in vain", text::count(sources)),
            ),
            Evidence::new("ports", format!("{} different ports", text::count(ports))),
        ],
        uids: t.uids.texts(),
        entity,
        name: None,
    }
}

/// Ports in words, or that it was by ping.
fn ports_in_words(ports: &[u16], total: f64) -> String {
    if ports == [ECHO] {
        return "by ping".into();
    }
    let noun = if total > 1.0 { "ports" } else { "port" };
    format!("at {noun} {}", text::listed(ports, total, NAMED))
}
