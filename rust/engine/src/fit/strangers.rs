//! The scale of hosts that training did not see: its rows judged by what is left where whole hosts are left
//! out ([`crate::hosts`]).
//!
//! Hosts with private and with public addresses are different sorts: where servers of ours have public addresses, too,
//! whoever comes from outside is among the latter, and what is strange of them says nothing of ours. Where a sort has too little for a scale of its own,
//! all hosts together tell; and where there is one host only, nothing does.

use super::Material;
use super::compared::OfKinds;
use crate::hosts::Groups;
use crate::model::{By, Scratch, Strangers};
use rayon::prelude::*;
use zeek_anomaly_features::cell::MISSING_CATEGORY;
use zeek_anomaly_models::{Calibration, Encoder, FeatureCounts, Single};

/// How strange rows look to what other hosts have taught, for detectors that look at surprises: by the sort of
/// hosts.
pub(super) fn strangers(
    of: &Material<'_>,
    model: &Single,
    compared: &OfKinds<'_>,
) -> Vec<Strangers> {
    if of.params.own_rows || !matches!(model, Single::Rarity(_) | Single::Hybrid(_)) {
        return Vec::new();
    }
    let judge = Judge {
        of,
        model,
        compared,
    };
    let met = |sort: &usize| {
        (0..of.sample.len()).any(|at| judge.host_of(at, std::slice::from_ref(sort)).is_some())
    };
    // A sort that was never met is another network, of which nothing here tells.
    let sorts: Vec<usize> = of.spec.identities().filter(met).collect();
    let own: Vec<Option<Told>> = (sorts.iter())
        .map(|sort| judge.by_hosts(std::slice::from_ref(sort)))
        .collect();
    let together = || (sorts.len() > 1).then(|| judge.by_hosts(&sorts)).flatten();
    let all = match own.iter().all(Option::is_some) {
        true => None,
        false => together(),
    };
    (sorts.iter().zip(own))
        .map(|(sort, own)| {
            let told = own.or_else(|| all.clone());
            Strangers {
                identity: *sort as u16,
                hosts: told.as_ref().map_or(0, |t| t.hosts),
                calibration: told.map(|t| t.calibration),
            }
        })
        .collect()
}

/// How many hosts were left out, and the scale that came of it.
#[derive(Clone)]
struct Told {
    hosts: u64,
    calibration: Calibration,
}

struct Judge<'a> {
    of: &'a Material<'a>,
    model: &'a Single,
    compared: &'a OfKinds<'a>,
}

impl Judge<'_> {
    /// The host of a sampled row, of one of these sorts.
    fn host_of(&self, at: usize, sorts: &[usize]) -> Option<u64> {
        let bits = self.of.row(at).0;
        let mut hosts = sorts.iter().filter_map(|f| bits.get(*f).copied());
        hosts.find(|h| *h != MISSING_CATEGORY)
    }

    /// Whole hosts are left out; `None` where there are not two of these sorts, or too few of their rows.
    fn by_hosts(&self, sorts: &[usize]) -> Option<Told> {
        let rows = 0..self.of.sample.len();
        let groups = Groups::of(rows.map(|at| self.host_of(at, sorts)))?;
        self.told(&groups)
    }

    fn told(&self, groups: &Groups) -> Option<Told> {
        let (of, detector) = (self.of, self.model.as_detector());
        // Counted from the sampled rows, as kinds are.
        let counts = groups.count(of.encoders, |at| of.row(at).0);
        let judged = |group: usize| -> Vec<f64> {
            let left_out = |at| groups.of_row(at) == Some(group);
            let (sampled, left) = (of.sample.len(), groups.left_without(group).max(1));
            let times = |all: u64| all as f64 / left as f64;
            let left_out_of = |(whole, counts): (&Encoder, FeatureCounts)| {
                Encoder::grown(counts.finish(), times(whole.counted().rows))
            };
            let encoders: Vec<Encoder> = (of.encoders.iter())
                .zip(counts.without(group))
                .map(left_out_of)
                .collect();
            let kinds = (self.compared).without_rows(left_out, times(sampled as u64));
            let by = By {
                encoders: &encoders,
                kinds: &kinds,
                ..of.whole(self.compared)
            };
            let rows = groups.rows(group).into_par_iter().with_min_len(256);
            rows.map_init(Scratch::default, |scratch, at| {
                detector.raw(&by.encode(of.row(at).0, false, scratch))
            })
            .collect()
        };
        let raw: Vec<Vec<f64>> = (0..groups.len()).into_par_iter().map(judged).collect();
        let raw = raw.concat();
        groups.is_enough(raw.len()).then(|| Told {
            hosts: groups.judged(),
            calibration: Calibration::fit(raw),
        })
    }
}
