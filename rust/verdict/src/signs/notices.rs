//! Notices of Zeek about attacks.

use super::sides::HostSides;
use super::{Sign, SignKind};
use crate::bounded::{Bounded, Weight};
use std::net::IpAddr;
use zeek_anomaly_base::text::{from_bytes, printable};
use zeek_log::{Record, Schema};

/// Words in the types of notices about attacks, of Zeek and its packages. A bad certificate is no attack.
const ATTACKS: [&str; 18] = [
    "scan",
    "guess",
    "bruteforc",
    "brute_forc",
    "injection",
    "attack",
    "exploit",
    "malware",
    "heartbleed",
    "cve_",
    "cve20",
    "log4j",
    "backdoor",
    "shellcode",
    "intel::notice",
    "c2",
    "cobalt",
    "smbexec",
];

/// Positions of the columns.
#[derive(Debug)]
pub struct NoticeColumns {
    note: Option<usize>,
    src: Option<usize>,
    orig: Option<usize>,
}

impl NoticeColumns {
    pub fn bind(schema: &Schema) -> NoticeColumns {
        NoticeColumns {
            note: schema.position("note"),
            src: schema.position("src"),
            orig: schema.position("id.orig_h"),
        }
    }
}

/// The notices about a host.
#[derive(Debug, Default)]
struct NoticeCounts {
    notices: u64,
    /// The type of the first.
    first: String,
}

impl Weight for NoticeCounts {
    fn weight(&self) -> u64 {
        self.notices
    }
}

/// All hosts.
#[derive(Debug)]
pub struct AttackNotices(Bounded<IpAddr, NoticeCounts>);

impl AttackNotices {
    pub fn new(keys: usize) -> AttackNotices {
        AttackNotices(Bounded::new(keys))
    }

    pub fn see(&mut self, c: &NoticeColumns, record: &Record<'_>) {
        let Some(note) = c.note.and_then(|i| record.get(i).text()) else {
            return;
        };
        let name = String::from_utf8_lossy(note).to_ascii_lowercase();
        if !ATTACKS.iter().any(|a| name.contains(a)) {
            return;
        }
        let at = |column: Option<usize>| column.and_then(|i| record.get(i).addr());
        let Some(host) = at(c.src).or_else(|| at(c.orig)) else {
            return;
        };
        let noticed = self.0.at(host);
        noticed.notices += 1;
        if noticed.first.is_empty() {
            noticed.first = printable(&from_bytes(note)).chars().take(80).collect();
        }
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &HostSides, out: &mut Vec<Sign>) {
        for (host, noticed) in self.0.iter() {
            // Zeek repeats a notice once an hour, so a second one adds less.
            let grade = 1.0 - 0.5 / noticed.notices.max(1) as f64;
            let what = match noticed.notices {
                1 => format!("notice {}", noticed.first),
                n => format!("{n} notices of attacks, first {}", noticed.first),
            };
            let side = sides.of(host);
            out.push(Sign::new(*host, side, SignKind::ZeekNotice, grade, what));
        }
    }
}
