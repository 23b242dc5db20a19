//! Signs: indications of an attack in any network, known to the model or not.
//!
//! An anomaly detector misses an attack that is most of its training rows, and flags all of a network that it
//! never saw. Signs are counts that mean the same everywhere: connections to two hundred hosts without an answer,
//! domains that do not exist, a thousand failed logins. Each has a grade from 0 to 1 by its size, and a weight by
//! how often it is malicious.
//!
//! The crate `behavior` finds scans, guessing and other behaviors over time, which join here. A beacon counts only
//! with a behavioral baseline.
//!
//! A scanning host and a scanned host have signs of different names. Signs of outside hosts weigh less: everybody
//! is scanned.

mod calls;
mod conn;
mod hunted;
mod mail;
mod names;
mod notices;
mod sides;
mod sources;
mod web;

pub use sides::HostSide;
pub use sources::ScanSource;

use hashbrown::HashMap;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;
use zeek_anomaly_behavior::Finding;
use zeek_log::{BySchema, Record, Schema};

/// The kind of a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignKind {
    /// Connections to many hosts on one port.
    HorizontalScan,
    /// Connections to many ports of one host.
    VerticalScan,
    /// Connections from many outside hosts.
    Scanned,
    /// Many failed logins.
    LoginGuessing,
    /// A login after many failed ones.
    LoginAfterGuessing,
    /// Repeated connections to one port of one host that never answers.
    UnansweredCalls,
    /// Connections to one port of an outside host in a protocol unknown to Zeek.
    UnknownProtocol,
    /// Queries for many domains that do not exist.
    FailingNames,
    /// Requests to web servers by address.
    BareAddressWeb,
    /// Downloads of programs from web servers by address.
    BareAddressProgram,
    /// Rejected mail.
    RefusedMail,
    /// A notice of Zeek about an attack.
    ZeekNotice,
    /// A finding of another engine ([`Sign::external`]).
    Finding,
}

impl SignKind {
    /// The strength of a sign of grade 1, for inside and for outside hosts: this project's estimate of how often it
    /// is malicious. See docs/method/verdict.md.
    fn weights(self) -> (f64, f64) {
        match self {
            SignKind::HorizontalScan | SignKind::VerticalScan => (0.85, 0.5),
            SignKind::Scanned => (0.55, 0.0),
            SignKind::LoginGuessing => (0.85, 0.6),
            SignKind::LoginAfterGuessing => (0.95, 0.95),
            SignKind::UnansweredCalls => (0.6, 0.3),
            SignKind::UnknownProtocol => (0.6, 0.3),
            SignKind::FailingNames => (0.85, 0.4),
            SignKind::BareAddressWeb => (0.4, 0.2),
            SignKind::BareAddressProgram => (0.75, 0.4),
            SignKind::RefusedMail => (0.5, 0.2),
            SignKind::ZeekNotice => (0.7, 0.45),
            SignKind::Finding => (1.0, 1.0),
        }
    }

    /// Whether it is a scan.
    pub fn is_scan(self) -> bool {
        matches!(
            self,
            SignKind::HorizontalScan | SignKind::VerticalScan | SignKind::Scanned
        )
    }

    /// Its name, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            SignKind::HorizontalScan => "horizontal_scan",
            SignKind::VerticalScan => "vertical_scan",
            SignKind::Scanned => "scanned",
            SignKind::LoginGuessing => "login_guessing",
            SignKind::LoginAfterGuessing => "login_after_guessing",
            SignKind::UnansweredCalls => "unanswered_calls",
            SignKind::UnknownProtocol => "unknown_protocol",
            SignKind::FailingNames => "failing_names",
            SignKind::BareAddressWeb => "bare_address_web",
            SignKind::BareAddressProgram => "bare_address_program",
            SignKind::RefusedMail => "refused_mail",
            SignKind::ZeekNotice => "zeek_notice",
            SignKind::Finding => "finding",
        }
    }
}

/// One sign of one host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sign {
    /// The host.
    pub host: IpAddr,
    /// Inside or outside.
    pub side: HostSide,
    /// The kind.
    pub kind: SignKind,
    /// Its size, 0 to 1.
    pub grade: f64,
    /// Its strength alone, 0 to 1: the grade times the kind's weight.
    pub strength: f64,
    /// In words, safe to print.
    pub what: String,
}

impl Sign {
    pub(crate) fn new(
        host: IpAddr,
        side: HostSide,
        kind: SignKind,
        grade: f64,
        what: String,
    ) -> Sign {
        let (inside, outside) = kind.weights();
        let weight = match side {
            HostSide::Outside => outside,
            HostSide::Inside | HostSide::Unknown => inside,
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

    /// A finding of another engine about a host, with its strength from 0 to 1. `what` must be safe to print.
    pub fn external(host: IpAddr, strength: f64, what: String) -> Sign {
        Sign::new(host, HostSide::Unknown, SignKind::Finding, strength, what)
    }
}

/// The grade of a number: 0 up to `least`, ½ at `half`, then up to 1, by its logarithm.
pub(crate) fn grade(n: f64, least: f64, half: f64) -> f64 {
    if n <= least {
        return 0.0;
    }
    ((n / least).ln() / (2.0 * (half / least).ln())).clamp(0.0, 1.0)
}

/// 0 up to `from`, 1 from `to` on, linear between.
pub(crate) fn ramp(x: f64, from: f64, to: f64) -> f64 {
    ((x - from) / (to - from)).clamp(0.0, 1.0)
}

/// Keys of each kind that are kept at once.
const KEYS: usize = 65_536;

/// Looks for signs, record by record.
#[derive(Debug)]
pub struct Signs {
    readers: BySchema<SignReader>,
    sides: sides::HostSides,
    sources: sources::ScanSources,
    calls: calls::RepeatedCalls,
    names: names::FailingNames,
    web: web::BareAddressWeb,
    mail: mail::RefusedMail,
    notices: notices::AttackNotices,
}

impl Default for Signs {
    fn default() -> Self {
        Signs {
            readers: BySchema::default(),
            sides: sides::HostSides::new(KEYS),
            sources: sources::ScanSources::new(KEYS),
            calls: calls::RepeatedCalls::new(KEYS),
            names: names::FailingNames::new(KEYS),
            web: web::BareAddressWeb::new(KEYS),
            mail: mail::RefusedMail::new(KEYS),
            notices: notices::AttackNotices::new(KEYS),
        }
    }
}

/// The columns of a log that signs need.
#[derive(Debug)]
enum SignReader {
    ConnSummary(Box<conn::ConnColumns>),
    Dns(names::NameColumns),
    Http(web::WebColumns),
    Smtp(mail::MailColumns),
    Notice(notices::NoticeColumns),
    Other,
}

impl SignReader {
    fn new(schema: &Schema) -> SignReader {
        match schema.log.as_str() {
            "conn" => SignReader::ConnSummary(Box::new(conn::ConnColumns::bind(schema))),
            "dns" => SignReader::Dns(names::NameColumns::bind(schema)),
            "http" => SignReader::Http(web::WebColumns::bind(schema)),
            "smtp" => SignReader::Smtp(mail::MailColumns::bind(schema)),
            "notice" => SignReader::Notice(notices::NoticeColumns::bind(schema)),
            _ => SignReader::Other,
        }
    }
}

/// The signs of a directory.
#[derive(Clone, Debug, Default)]
pub struct FoundSigns {
    /// All of them, the strongest first; at most [`FoundSigns::SHOWN`].
    pub signs: Vec<Sign>,
    /// The originators with the strongest signs of scanning, at most three.
    pub sources: Vec<ScanSource>,
    /// Keys dropped to keep memory bounded: above 0, small counts may be too low.
    pub forgotten: u64,
}

impl FoundSigns {
    /// Signs that are kept.
    pub const SHOWN: usize = 1000;
}

impl Signs {
    /// Takes a record.
    pub fn row(&mut self, schema: &Arc<Schema>, record: &Record<'_>) {
        let reader = self.readers.get(schema, |s| SignReader::new(s));
        match reader {
            SignReader::ConnSummary(c) => {
                let Some(conn) = c.read(record) else { return };
                self.sides.see(&conn);
                self.sources.see(&conn);
                self.calls.see(&conn);
            }
            SignReader::Dns(c) => self.names.see(c, record),
            SignReader::Http(c) => self.web.see(c, record),
            SignReader::Smtp(c) => self.mail.see(c, record),
            SignReader::Notice(c) => self.notices.see(c, record),
            SignReader::Other => {}
        }
    }

    /// The sign of a behavioral finding, if it is one.
    pub fn of_finding(&self, finding: &Finding, has_usual: bool) -> Option<Sign> {
        hunted::sign(finding, &self.sides, has_usual)
    }

    /// Whether a host is inside, as far as the connections show.
    pub fn side(&self, host: &IpAddr) -> HostSide {
        self.sides.of(host)
    }

    /// All signs; `more` are those found elsewhere.
    pub fn finish(&self, more: Vec<Sign>) -> FoundSigns {
        let mut signs = more;
        self.calls.signs(&self.sides, &mut signs);
        self.names.signs(&self.sides, &mut signs);
        self.web.signs(&self.sides, &mut signs);
        self.mail.signs(&self.sides, &mut signs);
        self.notices.signs(&self.sides, &mut signs);
        let sources = self.sources.top(&signs);
        sort(&mut signs);
        signs.truncate(FoundSigns::SHOWN);
        FoundSigns {
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

/// The strongest first, in an order that no map decides.
pub(crate) fn sort(signs: &mut [Sign]) {
    signs.sort_by(|a, b| {
        (b.strength.total_cmp(&a.strength))
            .then(a.host.cmp(&b.host))
            .then(a.kind.cmp(&b.kind))
            .then(a.what.cmp(&b.what))
    });
}

/// The combined strength of a host's signs, 0 to 1: kinds are independent evidence, and only the strongest sign of
/// a kind counts.
pub(crate) fn together<'a>(signs: impl Iterator<Item = &'a Sign>) -> f64 {
    let mut best: HashMap<SignKind, f64> = HashMap::new();
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
    fn a_grade_is_half_at_half_and_stays_between_0_and_1() {
        assert_eq!(grade(6.0, 6.0, 25.0), 0.0);
        assert!((grade(25.0, 6.0, 25.0) - 0.5).abs() < 1e-12);
        assert_eq!(grade(1e9, 6.0, 25.0), 1.0);
        assert_eq!(grade(0.0, 6.0, 25.0), 0.0);
    }

    #[test]
    fn signs_of_one_kind_count_once_and_kinds_add_up() {
        let host = IpAddr::from([10, 0, 0, 1]);
        let sign = |kind, grade| Sign::new(host, HostSide::Inside, kind, grade, String::new());
        let one = [
            sign(SignKind::HorizontalScan, 1.0),
            sign(SignKind::HorizontalScan, 0.5),
        ];
        assert!((together(one.iter()) - 0.85).abs() < 1e-12);
        let two = [
            sign(SignKind::HorizontalScan, 1.0),
            sign(SignKind::LoginGuessing, 1.0),
        ];
        assert!((together(two.iter()) - (1.0 - 0.15 * 0.15)).abs() < 1e-12);
        assert_eq!(together([].iter()), 0.0);
    }
}
