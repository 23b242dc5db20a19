//! Names that do not exist: what asks for many is guessing where its master is today.

use super::sides::Sides;
use super::{Counts, Kind, Sign, grade, ramp};
use crate::bounded::{Distinct, Weight, hash};
use std::net::IpAddr;
use zeek_anomaly_features::lexical::{last_label, last_labels};
use zeek_log::{Record, Schema};

/// Domains that do not exist, of one host: none up to what SLIPS reports.
const DOMAINS: (f64, f64) = (10.0, 30.0);

/// The share of the domains that a host asks for, from where it counts to where it counts in
/// full. A resolver that asks for a whole network sees every mistyped name.
const SHARE: (f64, f64) = (0.1, 0.3);

/// Suffixes of names that are looked for in one's own network.
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

/// Where the columns stand.
#[derive(Debug)]
pub struct Columns {
    orig: Option<usize>,
    query: Option<usize>,
    rcode: Option<usize>,
    rcode_name: Option<usize>,
}

impl Columns {
    pub fn bind(schema: &Schema) -> Columns {
        Columns {
            orig: schema.position("id.orig_h"),
            query: schema.position("query"),
            rcode: schema.position("rcode"),
            rcode_name: schema.position("rcode_name"),
        }
    }
}

/// The domains that a host asked for.
#[derive(Debug, Default)]
struct Asked {
    queries: u64,
    domains: Distinct<8>,
    missing: Distinct<8>,
}

impl Weight for Asked {
    fn weight(&self) -> u64 {
        self.queries
    }
}

/// All hosts.
#[derive(Debug)]
pub struct Names(Counts<IpAddr, Asked>);

impl Names {
    pub fn new(keys: usize) -> Names {
        Names(Counts::new(keys))
    }

    pub fn see(&mut self, c: &Columns, record: &Record<'_>) {
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
        // Without a list of suffixes: under `co.uk` all are one domain, which is the
        // cautious side.
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

    pub fn signs(&self, sides: &Sides, out: &mut Vec<Sign>) {
        for (host, asked) in self.0.iter() {
            let missing = asked.missing.count();
            let share = missing / asked.domains.count().max(1.0);
            let grade = grade(missing, DOMAINS.0, DOMAINS.1) * ramp(share, SHARE.0, SHARE.1);
            if grade > 0.0 {
                let what = format!(
                    "asks for {missing:.0} domains that do not exist, {:.0} % of those it asks for",
                    100.0 * share.min(1.0)
                );
                out.push(Sign::new(
                    *host,
                    sides.of(host),
                    Kind::FailingNames,
                    grade,
                    what,
                ));
            }
        }
    }
}
