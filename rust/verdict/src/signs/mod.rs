//! Signs: what is bad news in any network, trained on or not.
//!
//! A detector of what is unusual cannot see an attack that is most of what it was fitted
//! on, and calls a network strange that it never saw. Signs are counts that mean the same
//! everywhere: a host that tries two hundred others of which none answers, names that do not exist,
//! a thousand logins that fail. Each has a grade from 0 to 1 by its size, and a
//! weight by how often it is malicious where it is seen.
//!
//! What goes by time, scans and guessing, is found by `zeek-anomaly-behavior` and joins here; a beacon
//! counts only where it is known what is usual.
//!
//! A host that scans and a host that is scanned have signs of different names, and what comes from
//! outside weighs less than what a host of one's own does: everybody is scanned.

mod calls;
mod conn;
mod hunted;
mod mail;
mod names;
mod notices;
mod sides;
mod sources;
mod web;

use crate::bounded::Bounded;
pub use sides::Side;
pub use sources::Source;

use hashbrown::HashMap;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;
use zeek_anomaly_behavior::Finding;
use zeek_log::{BySchema, Record, Schema};

/// What a sign is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Tries many hosts on one port.
    HorizontalScan,
    /// Tries many ports of one host.
    VerticalScan,
    /// Is tried by many outside hosts.
    Scanned,
    /// Tries many logins that fail.
    LoginGuessing,
    /// Logs in after many logins that failed.
    LoginAfterGuessing,
    /// Calls one port of one host again and again that never answers.
    UnansweredCalls,
    /// Talks to one port of an outside host in a protocol that Zeek does not know.
    UnknownProtocol,
    /// Asks for many domains that do not exist.
    FailingNames,
    /// Makes requests to web servers that have no name.
    BareAddressWeb,
    /// Loads programs from web servers that have no name.
    BareAddressProgram,
    /// Sends mail that is refused.
    RefusedMail,
    /// Is named by a notice of Zeek about an attack.
    ZeekNotice,
    /// Was found by another engine ([`Sign::external`]).
    Finding,
}

impl Kind {
    /// What a sign of grade 1 counts in a verdict: of a host inside, of one outside.
    /// How sure it is that what is seen is hostile, in the judgement of this project.
    fn weights(self) -> (f64, f64) {
        match self {
            Kind::HorizontalScan | Kind::VerticalScan => (0.85, 0.5),
            Kind::Scanned => (0.55, 0.0),
            Kind::LoginGuessing => (0.85, 0.6),
            Kind::LoginAfterGuessing => (0.95, 0.95),
            Kind::UnansweredCalls => (0.6, 0.3),
            Kind::UnknownProtocol => (0.6, 0.3),
            Kind::FailingNames => (0.85, 0.4),
            Kind::BareAddressWeb => (0.4, 0.2),
            Kind::BareAddressProgram => (0.75, 0.4),
            Kind::RefusedMail => (0.5, 0.2),
            Kind::ZeekNotice => (0.7, 0.45),
            Kind::Finding => (1.0, 1.0),
        }
    }

    /// Whether it is one of scanning.
    pub fn is_scan(self) -> bool {
        matches!(
            self,
            Kind::HorizontalScan | Kind::VerticalScan | Kind::Scanned
        )
    }

    /// Its name, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::HorizontalScan => "horizontal_scan",
            Kind::VerticalScan => "vertical_scan",
            Kind::Scanned => "scanned",
            Kind::LoginGuessing => "login_guessing",
            Kind::LoginAfterGuessing => "login_after_guessing",
            Kind::UnansweredCalls => "unanswered_calls",
            Kind::UnknownProtocol => "unknown_protocol",
            Kind::FailingNames => "failing_names",
            Kind::BareAddressWeb => "bare_address_web",
            Kind::BareAddressProgram => "bare_address_program",
            Kind::RefusedMail => "refused_mail",
            Kind::ZeekNotice => "zeek_notice",
            Kind::Finding => "finding",
        }
    }
}

/// One sign of one host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sign {
    /// The host.
    pub host: IpAddr,
    /// Where it is.
    pub side: Side,
    /// What it is a sign of.
    pub kind: Kind,
    /// How much of it there is, 0 to 1.
    pub grade: f64,
    /// What it adds to a verdict by itself, 0 to 1: the grade times the kind's weight.
    pub strength: f64,
    /// In words, safe to print.
    pub what: String,
}

impl Sign {
    pub(crate) fn new(host: IpAddr, side: Side, kind: Kind, grade: f64, what: String) -> Sign {
        let (inside, outside) = kind.weights();
        let weight = match side {
            Side::Outside => outside,
            Side::Inside | Side::Unknown => inside,
        };
        let grade = grade.clamp(0.0, 1.0);
        Sign {
            host,
            side,
            kind,
            grade,
            strength: grade * weight,
            what,
        }
    }

    /// A finding of another engine about a host; `strength` is from 0 to 1, what the finding is
    /// worth by itself. `what` has to be safe to print.
    pub fn external(host: IpAddr, strength: f64, what: String) -> Sign {
        Sign::new(host, Side::Unknown, Kind::Finding, strength, what)
    }
}

/// The grade of a number: 0 up to `least`, ½ at `half`, growing with the logarithm to 1.
pub(crate) fn grade(n: f64, least: f64, half: f64) -> f64 {
    if n <= least {
        return 0.0;
    }
    ((n / least).ln() / (2.0 * (half / least).ln())).clamp(0.0, 1.0)
}

/// 0 up to `from`, 1 from `to` on, straight between.
pub(crate) fn ramp(x: f64, from: f64, to: f64) -> f64 {
    ((x - from) / (to - from)).clamp(0.0, 1.0)
}

/// Keys of each kind that are held at once.
const KEYS: usize = 65_536;

/// A map of counts, as the signs use it.
type Counts<K, V> = Bounded<K, V>;

/// Looks for signs, record by record.
#[derive(Debug)]
pub struct Signs {
    readers: BySchema<Reader>,
    sides: sides::Sides,
    sources: sources::Sources,
    calls: calls::Calls,
    names: names::Names,
    web: web::Web,
    mail: mail::Mail,
    notices: notices::Notices,
}

impl Default for Signs {
    fn default() -> Self {
        Signs {
            readers: BySchema::default(),
            sides: sides::Sides::new(KEYS),
            sources: sources::Sources::new(KEYS),
            calls: calls::Calls::new(KEYS),
            names: names::Names::new(KEYS),
            web: web::Web::new(KEYS),
            mail: mail::Mail::new(KEYS),
            notices: notices::Notices::new(KEYS),
        }
    }
}

/// What is read of a log.
#[derive(Debug)]
enum Reader {
    Conn(conn::Columns),
    Dns(names::Columns),
    Http(web::Columns),
    Smtp(mail::Columns),
    Notice(notices::Columns),
    Other,
}

impl Reader {
    fn new(schema: &Schema) -> Reader {
        match schema.log.as_str() {
            "conn" => Reader::Conn(conn::Columns::bind(schema)),
            "dns" => Reader::Dns(names::Columns::bind(schema)),
            "http" => Reader::Http(web::Columns::bind(schema)),
            "smtp" => Reader::Smtp(mail::Columns::bind(schema)),
            "notice" => Reader::Notice(notices::Columns::bind(schema)),
            _ => Reader::Other,
        }
    }
}

/// What the signs of a directory are.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// All of them, the strongest first; at most [`Found::SHOWN`].
    pub signs: Vec<Sign>,
    /// The originators that look most like scanners, at most three.
    pub sources: Vec<Source>,
    /// Keys that were let go to keep memory bounded: above 0, counts of small things may be
    /// too low.
    pub forgotten: u64,
}

impl Found {
    /// Signs that are kept.
    pub const SHOWN: usize = 1000;
}

impl Signs {
    /// Sees a record.
    pub fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        let reader = self.readers.get(schema, |s| Reader::new(s));
        match reader {
            Reader::Conn(c) => {
                let Some(conn) = c.read(record) else { return };
                self.sides.see(&conn);
                self.sources.see(&conn);
                self.calls.see(&conn);
            }
            Reader::Dns(c) => self.names.see(c, record),
            Reader::Http(c) => self.web.see(c, record),
            Reader::Smtp(c) => self.mail.see(c, record),
            Reader::Notice(c) => self.notices.see(c, record),
            Reader::Other => {}
        }
    }

    /// The sign of a finding of the behaviours engine, where it is one.
    pub fn of_finding(&self, finding: &Finding, has_usual: bool) -> Option<Sign> {
        hunted::sign(finding, &self.sides, has_usual)
    }

    /// Where a host is, as far as the connections tell.
    pub fn side(&self, host: &IpAddr) -> Side {
        self.sides.of(host)
    }

    /// What was found.
    /// `more` are those that were found elsewhere.
    pub fn finish(&self, more: Vec<Sign>) -> Found {
        let mut signs = more;
        self.calls.signs(&self.sides, &mut signs);
        self.names.signs(&self.sides, &mut signs);
        self.web.signs(&self.sides, &mut signs);
        self.mail.signs(&self.sides, &mut signs);
        self.notices.signs(&self.sides, &mut signs);
        let sources = self.sources.top(&signs);
        sort(&mut signs);
        signs.truncate(Found::SHOWN);
        Found {
            signs,
            sources,
            forgotten: self.sources.forgotten()
                + self.calls.forgotten()
                + self.names.forgotten()
                + self.web.forgotten()
                + self.mail.forgotten()
                + self.notices.forgotten(),
        }
    }
}

/// The strongest first; the order never depends on that of a map.
pub(crate) fn sort(signs: &mut [Sign]) {
    signs.sort_by(|a, b| {
        (b.strength.total_cmp(&a.strength))
            .then(a.host.cmp(&b.host))
            .then(a.kind.cmp(&b.kind))
            .then(a.what.cmp(&b.what))
    });
}

/// What a host's signs come to together: signs of different kinds are independent
/// evidence, of one kind only the strongest counts. 0 to 1.
pub(crate) fn together<'a>(signs: impl Iterator<Item = &'a Sign>) -> f64 {
    let mut best: HashMap<Kind, f64> = HashMap::new();
    for s in signs {
        let b = best.entry(s.kind).or_default();
        *b = b.max(s.strength);
    }
    let mut strengths: Vec<f64> = best.into_values().collect();
    strengths.sort_by(f64::total_cmp);
    1.0 - strengths.iter().map(|s| 1.0 - s).product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_is_half_where_it_says_and_never_leaves_its_range() {
        assert_eq!(grade(6.0, 6.0, 25.0), 0.0);
        assert!((grade(25.0, 6.0, 25.0) - 0.5).abs() < 1e-12);
        assert_eq!(grade(1e9, 6.0, 25.0), 1.0);
        assert_eq!(grade(0.0, 6.0, 25.0), 0.0);
    }

    #[test]
    fn two_signs_of_one_kind_count_once_and_of_two_kinds_add_up() {
        let host = IpAddr::from([10, 0, 0, 1]);
        let sign = |kind, grade| Sign::new(host, Side::Inside, kind, grade, String::new());
        let one = [
            sign(Kind::HorizontalScan, 1.0),
            sign(Kind::HorizontalScan, 0.5),
        ];
        assert!((together(one.iter()) - 0.85).abs() < 1e-12);
        let two = [
            sign(Kind::HorizontalScan, 1.0),
            sign(Kind::LoginGuessing, 1.0),
        ];
        assert!((together(two.iter()) - (1.0 - 0.15 * 0.15)).abs() < 1e-12);
        assert_eq!(together([].iter()), 0.0);
    }
}
