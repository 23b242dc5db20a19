//! What is known to be fine: the allowlist, one text file for both doors.
//!
//! ```text
//! # One entry a line. What stands in one entry has to hold together.
//! 10.1.2.3                          an address, as originator or responder
//! 10.9.0.0/16                       a network
//! update.example.com                a name: that one only
//! *.example.net                     a name, * for anything (also several labels)
//! port:123/udp                      a responder's port; port:8000-8100 is a range
//! service:ntp                       what Zeek calls the service
//! orig:10.1.1.5  service:ssh        the originator only; two conditions
//! resp:203.0.113.0/24 port:443/tcp  the responder only
//! 10.1.1.5 -> 10.2.2.2:443/tcp      a pair; either side may be a network, the right one a name, too
//! kind:beacon *.telemetry.example   only findings of this kind
//! ```
//!
//! A record that an entry covers is not looked at, nor are the other records of a connection whose name one covers; a
//! finding that one covers is not given. How often each entry did so is counted. An entry with `kind:` covers findings
//! only.

use crate::entity::Key;
use crate::event::{Event, Log, Proto};
use crate::finding::Finding;
use hashbrown::HashMap;
use ipnet::IpNet;
use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Entries that one file may have.
const MAX_ENTRIES: usize = 100_000;

/// Connections with an allowed name that are remembered: a name is in the log of its protocol, and the connection is
/// written later.
const CONNECTIONS: usize = 1 << 16;

/// The largest file, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// What is asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The originator.
    pub orig: Option<IpAddr>,
    /// The responder.
    pub resp: Option<IpAddr>,
    /// The responder's port.
    pub port: Option<u16>,
    /// The transport protocol, where it is known.
    pub proto: Option<Proto>,
    /// What Zeek calls the service.
    pub service: Option<&'a [u8]>,
    /// A name by which the responder was asked for.
    pub name: Option<&'a [u8]>,
    /// The kind of the finding; `None` for a record.
    pub kind: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// A record.
    pub fn of_event(e: &Event<'a>) -> Subject<'a> {
        Subject {
            orig: e.orig,
            resp: e.resp,
            port: e.port,
            proto: Some(e.proto).filter(|p| *p != Proto::Other),
            service: Some(match e.log {
                // A protocol's own log is of that service.
                Log::Conn | Log::Other => e.service(),
                _ => e.log_name().as_bytes(),
            })
            .filter(|s| !s.is_empty()),
            name: e.name(),
            kind: None,
        }
    }

    /// A finding.
    pub fn of_finding(f: &'a Finding) -> Subject<'a> {
        let (port, proto) = match &f.entity {
            crate::Entity::Pair { port, proto, .. } => (*port, Some(*proto)),
            _ => (None, None),
        };
        Subject {
            orig: Some(f.entity.host()),
            resp: f.entity.other(),
            port,
            proto,
            service: None,
            name: f.name.as_deref().map(str::as_bytes),
            kind: Some(f.kind.0.name),
        }
    }
}

/// A line that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// Why an allowlist was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AllowError {
    /// The file cannot be read.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Some of its lines are no entries.
    #[error("{path}: {}", lines.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Lines {
        /// The file.
        path: PathBuf,
        /// The lines.
        lines: Vec<BadLine>,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum Side {
    Net(IpNet),
    Name(Pattern),
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    Either(IpNet),
    Orig(IpNet),
    Resp(IpNet),
    Name(Pattern),
    Port(u16, u16, Option<Proto>),
    Service(Vec<u8>),
    Kind(String),
}

/// A name with wildcards, in lower case.
#[derive(Clone, Debug, PartialEq)]
struct Pattern(Vec<u8>);

impl Pattern {
    /// Whether a name fits: `*` is any run of bytes, none too.
    fn fits(&self, name: &[u8]) -> bool {
        let name = name.strip_suffix(b".").unwrap_or(name);
        let (p, mut i, mut j) = (&self.0, 0, 0);
        let mut back: Option<(usize, usize)> = None;
        while j < name.len() {
            match p.get(i) {
                Some(b'*') => {
                    back = Some((i, j));
                    i += 1;
                }
                Some(c) if c.eq_ignore_ascii_case(&name[j]) => {
                    i += 1;
                    j += 1;
                }
                _ => match &mut back {
                    Some((star, from)) => {
                        *from += 1;
                        (i, j) = (*star + 1, *from);
                    }
                    None => return false,
                },
            }
        }
        p[i..].iter().all(|c| *c == b'*')
    }
}

impl Condition {
    fn holds(&self, s: &Subject<'_>) -> bool {
        let within = |net: &IpNet, a: Option<IpAddr>| a.is_some_and(|a| net.contains(&a));
        match self {
            Condition::Either(net) => within(net, s.orig) || within(net, s.resp),
            Condition::Orig(net) => within(net, s.orig),
            Condition::Resp(net) => within(net, s.resp),
            Condition::Name(p) => s.name.is_some_and(|n| p.fits(n)),
            Condition::Port(from, to, proto) => {
                let same = |p: &Proto| s.proto.is_none_or(|q| *p == q);
                s.port.is_some_and(|p| (*from..=*to).contains(&p))
                    && proto.as_ref().is_none_or(same)
            }
            Condition::Service(service) => s
                .service
                .is_some_and(|t| t.split(|b| *b == b',').any(|t| t == service)),
            Condition::Kind(kind) => s.kind == Some(kind),
        }
    }
}

/// One line.
#[derive(Clone, Debug)]
struct Line {
    number: usize,
    text: String,
    conditions: Vec<Condition>,
    /// Records and findings that it covered.
    covered: (u64, u64),
}

/// The allowlist.
#[derive(Clone, Debug, Default)]
pub struct Allow {
    lines: Vec<Line>,
    source: Option<(PathBuf, Stamp)>,
    /// The line that covers a connection's name, by the hash of its uid; and the uids, the oldest first.
    connections: (HashMap<u64, u32>, VecDeque<u64>),
}

/// By what a file is known to have changed.
type Stamp = Option<(SystemTime, u64)>;

/// How often an entry covered something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The entry's line, from 1.
    pub line: usize,
    /// The entry.
    pub entry: String,
    /// Records that were not looked at.
    pub records: u64,
    /// Findings that were not given.
    pub findings: u64,
}

impl Allow {
    /// Reads an allowlist from its text.
    ///
    /// # Errors
    /// All lines that are no entries.
    pub fn parse(text: &str) -> Result<Allow, Vec<BadLine>> {
        let (mut lines, mut bad) = (Vec::new(), Vec::new());
        for (i, line) in text.lines().enumerate() {
            let number = i + 1;
            let entry = line.split('#').next().unwrap_or_default().trim();
            let entry = entry.trim_start_matches('\u{feff}');
            if entry.is_empty() {
                continue;
            }
            if lines.len() >= MAX_ENTRIES {
                let what = format!("more than {MAX_ENTRIES} entries");
                bad.push(BadLine { line: number, what });
                break;
            }
            match conditions(entry) {
                Ok(conditions) => lines.push(Line {
                    number,
                    text: entry.to_owned(),
                    conditions,
                    covered: (0, 0),
                }),
                Err(what) => bad.push(BadLine { line: number, what }),
            }
        }
        match bad.is_empty() {
            true => Ok(Allow {
                lines,
                ..Allow::default()
            }),
            false => Err(bad),
        }
    }

    /// Reads an allowlist from a file.
    ///
    /// # Errors
    /// Where it cannot be read, or lines of it are no entries.
    pub fn load(path: &Path) -> Result<Allow, AllowError> {
        let failed = |cause| AllowError::Io {
            path: path.to_owned(),
            cause,
        };
        let stamp = stamp(path);
        let bytes = zeek_anomaly_base::read_small(path, MAX_FILE).map_err(failed)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| failed(std::io::Error::other("is not UTF-8 text")))?;
        let mut allow = Allow::parse(&text).map_err(|lines| AllowError::Lines {
            path: path.to_owned(),
            lines,
        })?;
        allow.source = Some((path.to_owned(), stamp));
        Ok(allow)
    }

    /// Reads the file again where it has changed. Whether it did; counts of entries that
    /// stayed go on. Where it cannot be read, or has bad lines, the list stays as it was.
    ///
    /// # Errors
    /// As for [`Allow::load`], once for each change.
    pub fn reload_if_changed(&mut self) -> Result<bool, AllowError> {
        let Some((path, old)) = &mut self.source else {
            return Ok(false);
        };
        let now = stamp(path);
        if now == *old {
            return Ok(false);
        }
        *old = now;
        let mut new = Allow::load(&path.clone())?;
        for line in &mut new.lines {
            if let Some(old) = self.lines.iter().find(|l| l.text == line.text) {
                line.covered = old.covered;
            }
        }
        // Lines have other numbers now.
        *self = new;
        Ok(true)
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether an entry covers this; counted for the first that does.
    pub fn covers(&mut self, subject: &Subject<'_>) -> bool {
        self.covering(subject).is_some()
    }

    /// Whether an entry covers a record, or an earlier record of its connection by the name that it had.
    pub fn covers_record(&mut self, e: &Event<'_>) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let known = connection(e).and_then(|uid| self.connections.0.get(&uid));
        if let Some(line) = known.and_then(|line| self.lines.get_mut(*line as usize)) {
            line.covered.0 += 1;
            return true;
        }
        let line = self.covering(&Subject::of_event(e));
        if let Some(line) = line {
            self.remember(e, line);
        }
        line.is_some()
    }

    /// Remembers the connection of a record whose name is allowed, without counting it.
    pub fn note(&mut self, e: &Event<'_>) {
        if self.lines.is_empty() {
            return;
        }
        let of = Subject::of_event(e);
        let covers = |line: &Line| line.conditions.iter().all(|c| c.holds(&of));
        if of.name.is_some()
            && let Some(line) = self.lines.iter().position(covers)
        {
            self.remember(e, line);
        }
    }

    fn remember(&mut self, e: &Event<'_>, line: usize) {
        let (Some(uid), Some(_)) = (connection(e), e.name()) else {
            return;
        };
        let (lines, order) = &mut self.connections;
        if lines
            .insert(uid, u32::try_from(line).unwrap_or(u32::MAX))
            .is_none()
        {
            order.push_back(uid);
        }
        if order.len() > CONNECTIONS
            && let Some(oldest) = order.pop_front()
        {
            lines.remove(&oldest);
        }
    }

    /// The first entry that covers this, by its position.
    fn covering(&mut self, subject: &Subject<'_>) -> Option<usize> {
        let covers = |line: &Line| line.conditions.iter().all(|c| c.holds(subject));
        let at = self.lines.iter().position(covers)?;
        let covered = &mut self.lines[at].covered;
        match subject.kind {
            None => covered.0 += 1,
            Some(_) => covered.1 += 1,
        }
        Some(at)
    }

    /// How often each entry covered something.
    pub fn counts(&self) -> Vec<Covered> {
        self.lines
            .iter()
            .map(|l| Covered {
                line: l.number,
                entry: l.text.clone(),
                records: l.covered.0,
                findings: l.covered.1,
            })
            .collect()
    }
}

/// A connection, by the hash of its uid.
fn connection(e: &Event<'_>) -> Option<u64> {
    let uid = Some(e.uid()).filter(|uid| !uid.is_empty());
    uid.map(|uid| Key::new(0).bytes(uid).finish())
}

fn stamp(path: &Path) -> Stamp {
    let m = std::fs::metadata(path).ok()?;
    Some((m.modified().ok()?, m.len()))
}

/// The conditions of one entry.
fn conditions(entry: &str) -> Result<Vec<Condition>, String> {
    let mut out = Vec::new();
    let words: Vec<&str> = entry.split_whitespace().collect();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if words.get(at + 1) == Some(&"->") {
            let Some(right) = words.get(at + 2) else {
                return Err("`->` needs an address, network or name after it".into());
            };
            pair(word, right, &mut out)?;
            at += 3;
            continue;
        }
        out.push(condition(word)?);
        at += 1;
    }
    Ok(out)
}

fn condition(word: &str) -> Result<Condition, String> {
    match word.split_once(':') {
        Some(("orig", v)) => Ok(Condition::Orig(net(v)?)),
        Some(("resp", v)) => Ok(Condition::Resp(net(v)?)),
        Some(("port", v)) => port(v),
        Some(("service", v)) if !v.is_empty() => Ok(Condition::Service(v.as_bytes().to_vec())),
        Some(("name", v)) => Ok(Condition::Name(name(v)?)),
        Some(("kind", v)) => match crate::registry::kind(v) {
            Some(_) => Ok(Condition::Kind(v.to_owned())),
            None => {
                let all: Vec<&str> = crate::registry::kinds().map(|k| k.name).collect();
                Err(format!(
                    "there is no kind `{v}`; there are {}",
                    all.join(", ")
                ))
            }
        },
        _ => match side(word)? {
            Side::Net(net) => Ok(Condition::Either(net)),
            Side::Name(p) => Ok(Condition::Name(p)),
        },
    }
}

fn pair(left: &str, right: &str, out: &mut Vec<Condition>) -> Result<(), String> {
    if left != "*" {
        out.push(Condition::Orig(net(left)?));
    }
    let (host, at) = host_and_port(right);
    if let Some(at) = at {
        out.push(port(at)?);
    }
    if host != "*" {
        out.push(match side(host)? {
            Side::Net(net) => Condition::Resp(net),
            Side::Name(p) => Condition::Name(p),
        });
    }
    match out.is_empty() {
        true => Err("`* -> *` would cover everything".into()),
        false => Ok(()),
    }
}

/// `host:port/proto`, `[2001:db8::1]:443`, or a host alone.
fn host_and_port(text: &str) -> (&str, Option<&str>) {
    if let Some(rest) = text.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => (text, None),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

fn side(word: &str) -> Result<Side, String> {
    if let Ok(net) = net(word) {
        return Ok(Side::Net(net));
    }
    let number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let like_address = word.contains('/') || word.split('.').all(number);
    // A single word is more likely a slip than a host's name, which `name:` says.
    let single = !word.contains(['.', '*']);
    if like_address || single || word.contains(':') {
        return Err(format!(
            "`{word}` is no address, network (10.0.0.0/8), name, or condition (orig: resp: port: \
             service: name: kind:)"
        ));
    }
    Ok(Side::Name(name(word)?))
}

fn net(word: &str) -> Result<IpNet, String> {
    if let Ok(addr) = word.parse::<IpAddr>() {
        return Ok(IpNet::from(addr.to_canonical()));
    }
    match word.parse::<IpNet>() {
        Ok(net) => Ok(net.trunc()),
        Err(_) => Err(format!("`{word}` is no address and no network")),
    }
}

fn name(word: &str) -> Result<Pattern, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.*".contains(&b) || !b.is_ascii();
    if word.is_empty() || !word.bytes().all(plain) {
        return Err(format!(
            "`{word}` is no name; write www.example.com or *.example.com"
        ));
    }
    if word.bytes().all(|b| b == b'*' || b == b'.') {
        return Err(format!("`{word}` would cover every name"));
    }
    let word = word.strip_suffix('.').unwrap_or(word);
    Ok(Pattern(word.to_ascii_lowercase().into_bytes()))
}

fn port(text: &str) -> Result<Condition, String> {
    let wrong = || format!("`{text}` is no port; write 443, 443/tcp, or 8000-8100/udp");
    let (numbers, proto) = match text.split_once('/') {
        Some((n, p)) => match Proto::of(p.as_bytes()) {
            Proto::Other => return Err(wrong()),
            p => (n, Some(p)),
        },
        None => (text, None),
    };
    let (from, to) = numbers.split_once('-').unwrap_or((numbers, numbers));
    match (from.parse::<u16>(), to.parse::<u16>()) {
        (Ok(from), Ok(to)) if from <= to => Ok(Condition::Port(from, to, proto)),
        _ => Err(wrong()),
    }
}
