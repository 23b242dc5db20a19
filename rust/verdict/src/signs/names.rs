//! Domains that do not exist: malware queries many when it looks for its command server.

use super::sides::HostSides;
use super::{Sign, SignKind, grade, ramp};
use crate::bounded::{Bounded, Distinct, Weight, hash};
use std::net::IpAddr;
use zeek_anomaly_features::lexical::{last_label, last_labels};
use zeek_log::{Record, Schema};

/// Domains that do not exist, of one host; Slips reports from the second number on.
const DOMAINS: (f64, f64) = (10.0, 30.0);

/// Their share of the domains that a host queries, from which they begin to count, and count in full. A resolver
/// for a whole network sees every mistyped name.
const SHARE: (f64, f64) = (0.1, 0.3);

/// Suffixes of names of the local network.
const OWN: [&[u8]; 8] = [
    b"local",
    b"arpa",
    b"lan",
    b"home",
    b"corp",
    b"internal",
    b"localdomain",
    b"intranet",
];

/// NXDOMAIN.
const NO_SUCH_NAME: f64 = 3.0;

/// Positions of the columns.
#[derive(Debug)]
pub struct NameColumns {
    orig: Option<usize>,
    query: Option<usize>,
    rcode: Option<usize>,
    rcode_name: Option<usize>,
}

impl NameColumns {
    pub fn bind(schema: &Schema) -> NameColumns {
        NameColumns {
            orig: schema.position("id.orig_h"),
            query: schema.position("query"),
            rcode: schema.position("rcode"),
            rcode_name: schema.position("rcode_name"),
        }
    }
}

/// The domains that a host queried.
#[derive(Debug, Default)]
struct NameQueries {
    queries: u64,
    domains: Distinct<8>,
    missing: Distinct<8>,
}

impl Weight for NameQueries {
    fn weight(&self) -> u64 {
        self.queries
    }
}

/// All hosts.
#[derive(Debug)]
pub struct FailingNames(Bounded<IpAddr, NameQueries>);

impl FailingNames {
    pub fn new(keys: usize) -> FailingNames {
        FailingNames(Bounded::new(keys))
    }

    pub fn see(&mut self, c: &NameColumns, record: &Record<'_>) {
        let (Some(host), Some(query)) = (
            c.orig.and_then(|i| record.get(i).addr()),
            c.query.and_then(|i| record.get(i).text()),
        ) else {
            return;
        };
        let query = query.to_ascii_lowercase();
        let Some(suffix) = last_label(&query) else {
            return;
        };
        if OWN.contains(&suffix) {
            return;
        }
        // Without a list of public suffixes: names under `co.uk` count as one domain, which is cautious.
        let domain = hash(last_labels(&query, 2));
        let missing = c.rcode.and_then(|i| record.get(i).number()) == Some(NO_SUCH_NAME)
            || c.rcode_name.and_then(|i| record.get(i).text()) == Some(b"NXDOMAIN");
        let asked = self.0.at(host);
        asked.queries += 1;
        asked.domains.see(domain);
        if missing {
            asked.missing.see(domain);
        }
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &HostSides, out: &mut Vec<Sign>) {
        for (host, asked) in self.0.iter() {
            let missing = asked.missing.count();
            let share = missing / asked.domains.count().max(1.0);
            let grade = grade(missing, DOMAINS.0, DOMAINS.1) * ramp(share, SHARE.0, SHARE.1);
            if grade > 0.0 {
                let what = format!(
                    "queries {missing:.0} domains that do not exist, {:.0} % of those it queries",
                    100.0 * share.min(1.0)
                );
                out.push(Sign::new(
                    *host,
                    sides.of(host),
                    SignKind::FailingNames,
                    grade,
                    what,
                ));
            }
        }
    }
}
