//! Which records are one thing to read.

use super::Side;
use std::net::IpAddr;
use xxhash_rust::xxh3::Xxh3Default;
use zeek_log::{Record, Schema, Value};

/// Columns that name who a record is about, where it has no originator, the most telling
/// first. A file's source is who sent it.
const ENTITIES: &[&str] = &[
    "id.orig_h",
    "tx_hosts",
    "src",
    "host",
    "client_addr",
    "orig_h",
    "src_addr",
    "mac",
    "orig_hw_addr",
    "src_mac",
];

/// Reasons are main ones from this part of the largest one's share on.
const MAIN: f64 = 0.75;

/// The most main reasons.
const MOST: usize = 2;

/// Where in a schema entities stand.
#[derive(Clone, Debug)]
pub struct EntityColumns(Vec<usize>);

impl EntityColumns {
    /// Finds the columns in a schema.
    pub fn bind(schema: &Schema) -> EntityColumns {
        EntityColumns(ENTITIES.iter().filter_map(|n| schema.position(n)).collect())
    }

    /// The positions that are looked at.
    pub fn positions(&self) -> &[usize] {
        &self.0
    }

    /// The first that has a value.
    fn of<'r>(&self, record: &Record<'r>) -> Option<Value<'r>> {
        self.0.iter().find_map(|i| match record.get(*i) {
            Value::List(l) => l.iter().find(|v| !v.is_unset()),
            Value::Unset => None,
            v => Some(v),
        })
    }
}

/// Which finding a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The finding: the same for records of the same log and entity with the same main
    /// reasons, in every run. Never 0.
    pub id: u64,
    /// The log and the reasons alone.
    pub kind: u64,
    /// The entity, where it is an address.
    pub entity: Option<IpAddr>,
}

impl Identity {
    /// Of a record that was explained: `reasons` are the feature groups that made it strange and
    /// the share of each feature, the largest first.
    pub fn new<'g>(
        log: &str,
        columns: &EntityColumns,
        record: &Record<'_>,
        reasons: impl IntoIterator<Item = (&'g str, f64)>,
    ) -> Identity {
        let reasons: Vec<(&str, f64)> = reasons.into_iter().collect();
        let largest = reasons.first().map_or(0.0, |r| r.1);
        let main = reasons.into_iter().filter(|r| r.1 >= MAIN * largest);
        let mut main: Vec<&str> = main.map(|r| r.0).collect();
        let mut seen = Vec::new();
        main.retain(|m| {
            !seen.contains(m) && {
                seen.push(m);
                true
            }
        });
        main.truncate(MOST);
        // Which of two equal ones comes first is an accident.
        main.sort_unstable();

        let mut h = Xxh3Default::new();
        part(&mut h, log.as_bytes());
        for m in main {
            part(&mut h, m.as_bytes());
        }
        let kind = h.digest();
        let entity = columns.of(record);
        match entity {
            Some(Value::Addr(a)) => match a {
                IpAddr::V4(a) => part(&mut h, &a.octets()),
                IpAddr::V6(a) => part(&mut h, &a.octets()),
            },
            Some(Value::Text(t)) => part(&mut h, t),
            _ => part(&mut h, b""),
        }
        Identity {
            id: h.digest().max(1),
            kind,
            entity: entity.and_then(|v| v.addr()),
        }
    }

    /// Of a finding of a behaviour: its kind, its number, and the host whose doing it is.
    pub fn of_behavior(kind: &str, number: u64, host: IpAddr) -> Identity {
        let mut h = Xxh3Default::new();
        part(&mut h, super::BEHAVIOR.as_bytes());
        part(&mut h, kind.as_bytes());
        let kind = h.digest();
        part(&mut h, &number.to_le_bytes());
        Identity {
            id: h.digest().max(1),
            kind,
            entity: Some(host),
        }
    }

    /// Whether a finding with this number has the record: its own, or that of a crowd.
    pub fn is_of(&self, finding: u64) -> bool {
        let crowd = |side| self.of_side(side).crowd();
        self.id == finding || Side::BOTH.map(crowd).contains(&finding)
    }

    /// The same where hosts of the two sides are not alike: nobody outside makes a kind ordinary for hosts inside,
    /// or joins their crowd.
    pub(super) fn of_side(self, side: Side) -> Identity {
        let kind = match side {
            Side::Inside => self.kind,
            Side::Outside => xxhash_rust::xxh3::xxh3_64_with_seed(b"outside", self.kind),
        };
        Identity { kind, ..self }
    }

    /// The finding of the entities that are too many to be told apart.
    pub(super) fn crowd(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(b"crowd", self.kind).max(1)
    }
}

/// A part of what is hashed; its length keeps it apart from the next.
fn part(h: &mut Xxh3Default, bytes: &[u8]) {
    h.update(&(bytes.len() as u64).to_le_bytes());
    h.update(bytes);
}

/// Records that stand out, as they come to [`super::Alerts`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Their finding.
    pub identity: Identity,
    /// The position of their log's model.
    pub log: usize,
    /// The highest score among them.
    pub score: f64,
    /// When the first was, in seconds since the epoch.
    pub ts: Option<f64>,
    /// How many they are.
    pub records: u64,
}
