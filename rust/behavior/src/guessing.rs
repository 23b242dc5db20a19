//! Guessing of credentials: many tries, slow ones, one password on many users, many sources on
//! one host, and the try that worked.
//!
//! The walk of one source against one host's service: each login that fails makes guessing more
//! likely by log10(0.95/0.3), each that works less by log10(0.7/0.05); people mistype three
//! logins in ten at worst. Like that of scans it has no window of time, so slow guessing adds up; it
//! does not fall below −1, so that a good history does not buy a night of guessing.
//! Spraying is counted in users (or hosts) that fail for one source, with few tries each, where the walk
//! over all of them says guessing, too: people who mistype get in afterwards.

use crate::behavior::{Behavior, Description};
use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log, Proto, View};
use crate::finding::{Basis, Evidence, Finding, Kind, KindInfo, Stage};
use crate::settings::{Param, Settings};
use crate::state::{Distinct, Entry, Fading, GivenUp, Saved, Spans, Table, Uids};
use crate::text;
use crate::world::World;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

macro_rules! kind {
    ($id:ident, $name:literal, $notice:literal, $title:literal, $stage:ident) => {
        #[doc = $title]
        pub static $id: KindInfo = KindInfo {
            name: $name,
            notice: $notice,
            title: $title,
            stage: Stage::$stage,
        };
    };
}

kind!(
    GUESSING,
    "guessing",
    "Password_Guessing",
    "password guessing",
    CredentialAccess
);
kind!(
    SPRAYING,
    "guessing_spray",
    "Password_Spraying",
    "password spraying",
    CredentialAccess
);
kind!(
    DISTRIBUTED,
    "guessing_distributed",
    "Distributed_Guessing",
    "password guessing by many hosts",
    CredentialAccess
);
kind!(
    SUCCESS,
    "guessing_success",
    "Guess_Worked",
    "login after password guessing",
    InitialAccess
);

static THRESHOLD: Param = Param {
    name: "guessing.threshold",
    default: 4.5,
    min: 0.5,
    max: 100.0,
    help: "score from which failed logins are guessing; 4.5 is nine of them in a row",
};

static USERS: Param = Param {
    name: "guessing.spray",
    default: 8.0,
    min: 3.0,
    max: 10_000.0,
    help: "users or hosts at which one source fails, from which that is spraying; the same number of \
           sources at one host is guessing by many",
};

static SESSIONS: Param = Param {
    name: "guessing.sessions",
    default: 40.0,
    min: 5.0,
    max: 100_000.0,
    help: "logins within about an hour of which no log tells how they ended (RDP, SSH, FTP), from \
           which they are guessing",
};

static DAYS: Param = Param {
    name: "guessing.group_days",
    default: 7.0,
    min: 0.1,
    max: 365.0,
    help: "days for which a user, host or source counts among those of spraying, and of guessing by many; up to \
           twice as long",
};

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "guessing",
    kinds: &[&GUESSING, &SPRAYING, &DISTRIBUTED, &SUCCESS],
    params: &[&THRESHOLD, &USERS, &SESSIONS, &DAYS],
    share: 10,
    make: |settings, budget| Box::new(Guessing::new(settings, budget)),
};

/// log10(0.95/0.3) and log10(0.05/0.7).
const FAILED: f64 = 0.5;
const WORKED: f64 = -1.15;

/// The bounds of the walk.
const WALK: (f64, f64) = (-1.0, 12.0);

/// The share of the threshold from which a login that works is a guess that did.
const SUSPECT: f64 = 0.75;

/// Tries for each user up to which failures are spraying and not forgotten passwords.
const TRIES_EACH: f64 = 6.0;

/// Bytes of a control connection of FTP in which there is a login, or a few, and nothing after: at least
/// `USER` and `PASS`, and less than what moving files takes. ftp.log has no line of logins unless it is asked to.
const FTP_LOGIN: std::ops::RangeInclusive<f64> = 16.0..=120.0;

/// The half-life of sessions that nothing is known of, in seconds.
const HALF_LIFE: f64 = 3600.0;

/// The domains of keys.
const PAIR: u64 = 0x9e55_0001;
const SOURCE: u64 = 0x9e55_0002;
const TARGET: u64 = 0x9e55_0003;
const THING: u64 = 0x9e55_0004;

/// How a login came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Failed,
    Worked,
    /// No log tells.
    Unknown,
    /// Somebody is in, and does something there.
    Used,
}

impl Came {
    fn of(success: bool) -> Came {
        match success {
            true => Came::Worked,
            false => Came::Failed,
        }
    }
}

/// A login, or several in one connection.
struct Login<'a> {
    event: &'a Event<'a>,
    orig: IpAddr,
    resp: IpAddr,
    service: &'static str,
    port: Option<u16>,
    user: Option<&'a [u8]>,
    /// Tries that failed before it came out.
    failed: f64,
    came: Came,
}

impl<'a> Login<'a> {
    fn of(event: &'a Event<'a>) -> Option<Login<'a>> {
        let success = |c: Column| event.truth(c).map_or(Came::Unknown, Came::of);
        let (service, user, came, mut failed) = match event.log {
            Log::Ssh => {
                let tries = event.number(Column::AuthAttempts).unwrap_or(0.0);
                let came = success(Column::AuthSuccess);
                let failed = match came {
                    Came::Failed => tries.max(1.0),
                    Came::Worked => tries - 1.0,
                    Came::Unknown | Came::Used => tries,
                };
                ("ssh", None, came, failed)
            }
            Log::Ntlm => {
                let came = success(Column::Success);
                ("ntlm", event.text(Column::Username), came, 1.0)
            }
            Log::Kerberos => {
                let error = event.text(Column::ErrorMsg).unwrap_or_default();
                let came = match (event.truth(Column::Success), error) {
                    (Some(true), _) if event.text(Column::RequestType) == Some(b"AS") => {
                        Came::Worked
                    }
                    (Some(false), b"KDC_ERR_PREAUTH_FAILED" | b"KDC_ERR_C_PRINCIPAL_UNKNOWN") => {
                        Came::Failed
                    }
                    (Some(false), b"KDC_ERR_CLIENT_REVOKED") => Came::Failed,
                    _ => return None,
                };
                ("kerberos", event.text(Column::Client), came, 1.0)
            }
            Log::Ftp => {
                let came = match event.number(Column::ReplyCode).map(|c| c as u32) {
                    Some(530 | 430) => Came::Failed,
                    Some(230) => Came::Worked,
                    Some(100..=399) => Came::Used,
                    _ => return None,
                };
                ("ftp", event.text(Column::User), came, 1.0)
            }
            Log::Http => {
                let came = match event.number(Column::StatusCode).map(|c| c as u32) {
                    Some(401 | 403) => Came::Failed,
                    Some(200..=399) => Came::Worked,
                    _ => return None,
                };
                ("http", event.text(Column::Username), came, 1.0)
            }
            Log::Conn => {
                let sent = event.number(Column::OrigBytes).unwrap_or(0.0);
                let service = event.text(Column::Service).unwrap_or_default();
                if service != b"ftp" || !FTP_LOGIN.contains(&sent) {
                    return None;
                }
                ("ftp", None, Came::Unknown, 0.0)
            }
            Log::Ldap => {
                let opcode = event.text(Column::Opcode).unwrap_or_default();
                let came = match event.text(Column::Result).unwrap_or_default() {
                    _ if !opcode.starts_with(b"bind") => return None,
                    b"success" => Came::Worked,
                    b"invalid credentials" => Came::Failed,
                    _ => return None,
                };
                ("ldap", event.text(Column::Object), came, 1.0)
            }
            Log::Mysql => {
                if !matches!(event.text(Column::Cmd), Some(b"login" | b"change_user")) {
                    return None;
                }
                let came = event.truth(Column::Success).map(Came::of)?;
                ("mysql", event.text(Column::Arg), came, 1.0)
            }
            Log::Rfb => {
                let came = event.truth(Column::Auth).map(Came::of)?;
                ("vnc", None, came, 1.0)
            }
            Log::Rdp => ("rdp", event.text(Column::Cookie), Came::Unknown, 0.0),
            _ => return None,
        };
        if event.log != Log::Ssh && came != Came::Failed {
            failed = 0.0;
        }
        Some(Login {
            event,
            orig: event.orig?,
            resp: event.resp?,
            service,
            port: event.port,
            user,
            // A number from a log: nobody tries more often in one connection.
            failed: failed.clamp(0.0, 20.0),
            came,
        })
    }
}

/// Who logs in where.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Who {
    orig: IpAddr,
    resp: IpAddr,
    port: Option<u16>,
    proto: Proto,
    service: u8,
}

/// The services whose logins are known.
const SERVICES: [&str; 9] = [
    "ssh", "ntlm", "kerberos", "ftp", "http", "rdp", "ldap", "mysql", "vnc",
];

impl Who {
    fn of(l: &Login<'_>) -> Who {
        let service = SERVICES.iter().position(|s| *s == l.service);
        Who {
            orig: l.orig,
            resp: l.resp,
            port: l.port,
            proto: match l.event.proto {
                Proto::Other => Proto::Tcp,
                p => p,
            },
            service: service.unwrap_or(0) as u8,
        }
    }

    fn service(&self) -> &'static str {
        SERVICES.get(usize::from(self.service)).unwrap_or(&"login")
    }

    fn pair(&self) -> Entity {
        Entity::Pair {
            orig: self.orig,
            resp: self.resp,
            port: self.port,
            proto: self.proto,
        }
    }

    fn id(&self, entity: &Entity, kind: &KindInfo) -> u64 {
        let key = Key::new(entity.key()).bytes(kind.name.as_bytes());
        key.bytes(self.service().as_bytes()).finish()
    }
}

/// One source's logins at one host's service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Pair {
    who: Option<Who>,
    first: f64,
    last: f64,
    walk: f64,
    failed: f64,
    worked: u64,
    users: Distinct,
    /// Sessions that nothing is known of, decaying.
    sessions: f64,
    seen: u64,
    uids: Uids,
    reported: (f64, u32),
    success_reported: bool,
}

impl Entry for Pair {
    fn is_established(&self) -> bool {
        self.failed + self.sessions >= 3.0
    }

    fn merit(&self) -> f64 {
        self.walk.max(self.sessions / 10.0)
    }

    fn is_sound(&self) -> bool {
        let numbers = [self.first, self.last, self.walk, self.failed, self.sessions];
        numbers.iter().all(|v| v.is_finite()) && self.users.is_sound() && self.uids.is_sound()
    }
}

/// One source at all hosts, or all sources at one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Group {
    who: Option<Who>,
    spans: Spans,
    last: f64,
    walk: f64,
    failed: f64,
    worked: u64,
    users: Fading,
    hosts: Fading,
    uids: Uids,
    reported: (f64, u32),
}

impl Entry for Group {
    fn is_established(&self) -> bool {
        self.failed >= 3.0
    }

    fn merit(&self) -> f64 {
        self.users.count().max(self.hosts.count())
    }

    fn is_sound(&self) -> bool {
        let numbers = [self.last, self.failed, self.walk];
        numbers.iter().all(|v| v.is_finite())
            && self.users.is_sound()
            && self.hosts.is_sound()
            && self.uids.is_sound()
            && self.spans.is_sound()
    }
}

impl Group {
    /// A span is over: what was before it counts no more, and half of what happened in it.
    fn turn(&mut self) {
        self.users.turn();
        self.hosts.turn();
        (self.failed, self.worked) = (self.failed / 2.0, self.worked / 2);
        self.walk /= 2.0;
        let size = self.users.count().max(self.hosts.count());
        self.reported.0 = self.reported.0.min(size);
        self.uids = Uids::default();
    }
}

/// The behaviour.
#[derive(Debug)]
struct Guessing {
    pairs: Table<Pair>,
    sources: Table<Group>,
    targets: Table<Group>,
}

const PAIR_HEAP: usize = Distinct::MAX_HEAP + Uids::MAX_HEAP + 16;
const GROUP_HEAP: usize = 2 * Fading::MAX_HEAP + Uids::MAX_HEAP;
const SMALL_HEAP: usize = 256;

impl Guessing {
    fn new(_: &Settings, budget: usize) -> Guessing {
        Guessing {
            pairs: Table::new(budget / 2, SMALL_HEAP, PAIR_HEAP),
            sources: Table::new(budget / 4, SMALL_HEAP, GROUP_HEAP),
            targets: Table::new(budget / 4, SMALL_HEAP, GROUP_HEAP),
        }
    }

    fn pair(&mut self, l: &Login<'_>, world: &World, out: &mut Vec<Finding>) {
        let key = world
            .key(PAIR)
            .addr(l.orig)
            .addr(l.resp)
            .number(u64::from(l.port.unwrap_or(0)))
            .bytes(l.service.as_bytes());
        let threshold = world.threshold(&THRESHOLD);
        let sessions = world.threshold(&SESSIONS);
        self.pairs.update(key.finish(), Pair::default, |p| {
            let who = *p.who.get_or_insert_with(|| Who::of(l));
            span(&mut p.first, &mut p.last, l.event.ts, |passed| {
                p.sessions *= 0.5f64.powf(passed / HALF_LIFE);
            });
            p.seen += 1;
            let suspect = p.walk >= SUSPECT * threshold;
            if l.failed > 0.0 || l.came == Came::Unknown {
                p.uids.add(l.event.uid());
            }
            p.failed += l.failed;
            p.walk = (p.walk + l.failed * FAILED).min(WALK.1);
            if let Some(user) = l.user {
                p.users.insert(Key::new(THING).bytes(user).finish());
            }
            match l.came {
                Came::Unknown if l.failed == 0.0 => p.sessions += 1.0,
                Came::Unknown | Came::Failed => {}
                Came::Used => p.sessions = (p.sessions - 1.0).max(0.0),
                Came::Worked => {
                    p.worked += 1;
                    if suspect && !p.success_reported {
                        p.success_reported = true;
                        p.uids.add(l.event.uid());
                        out.push(success(p, &who, l));
                    }
                    p.walk = (p.walk + WORKED).max(WALK.0);
                }
            }
            let strong = p.walk >= threshold;
            let many = p.sessions >= sessions;
            let size = p.failed.max(p.sessions);
            if !(strong || many) || (p.reported.1 > 0 && !world.has_grown(p.reported.0, size)) {
                return;
            }
            p.reported = (size, p.reported.1 + 1);
            out.push(guessing(p, &who, threshold));
        });
    }

    /// What one source does at all hosts, or all sources at one host.
    fn group(&mut self, l: &Login<'_>, of_source: bool, world: &World, out: &mut Vec<Finding>) {
        let (table, domain, host, other) = match of_source {
            true => (&mut self.sources, SOURCE, l.orig, l.resp),
            false => (&mut self.targets, TARGET, l.resp, l.orig),
        };
        let key = world.key(domain).addr(host).bytes(l.service.as_bytes());
        let (wanted, threshold) = (world.threshold(&USERS), world.threshold(&THRESHOLD));
        let days = world.settings().get(&DAYS) * 86_400.0;
        table.update(key.finish(), Group::default, |g| {
            let who = *g.who.get_or_insert_with(|| Who::of(l));
            for _ in 0..g.spans.at(l.event.ts, days) {
                g.turn();
            }
            g.last = g.last.max(l.event.ts);
            g.walk = (g.walk + l.failed * FAILED).min(WALK.1);
            if l.came == Came::Worked {
                g.worked += 1;
                g.walk = (g.walk + WORKED).max(WALK.0);
            }
            if l.failed == 0.0 {
                return;
            }
            g.failed += l.failed;
            g.uids.add(l.event.uid());
            g.hosts.insert(Key::new(THING).addr(other).finish());
            if let Some(user) = l.user {
                g.users.insert(Key::new(THING).bytes(user).finish());
            }
            let size = match of_source {
                true => g.hosts.count().max(g.users.count()),
                false => g.hosts.count(),
            };
            let few_each = !of_source || g.failed / size <= TRIES_EACH || g.hosts.count() >= wanted;
            if size < wanted || !few_each || g.walk < threshold {
                return;
            }
            if g.reported.1 > 0 && !world.has_grown(g.reported.0, size) {
                return;
            }
            g.reported = (size, g.reported.1 + 1);
            out.push(spraying(g, &who, size / wanted, of_source));
        });
    }
}

impl Behavior for Guessing {
    fn observe(&mut self, event: &Event<'_>, world: &World, out: &mut Vec<Finding>) {
        let Some(login) = Login::of(event) else {
            return;
        };
        self.pair(&login, world, out);
        // Web servers say 403 for many reasons that are nobody's password.
        if login.service != "http" || login.user.is_some() {
            self.group(&login, true, world, out);
            if event.view == View::Whole {
                self.group(&login, false, world, out);
            }
        }
    }

    fn observe_side(&mut self, event: &Event<'_>, world: &World, out: &mut Vec<Finding>) {
        let Some(login) = Login::of(event).filter(|_| event.view == View::Target) else {
            return;
        };
        if login.service != "http" || login.user.is_some() {
            self.group(&login, false, world, out);
        }
    }

    fn finish(&mut self, world: &World, out: &mut Vec<Finding>) {
        let threshold = world.threshold(&THRESHOLD);
        for p in self.pairs.values_mut().filter(|p| p.reported.1 > 0) {
            if let Some(who) = p.who {
                out.push(guessing(p, &who, threshold));
            }
        }
        let wanted = world.threshold(&USERS);
        for (of_source, table) in [(true, &mut self.sources), (false, &mut self.targets)] {
            for g in table.values_mut().filter(|g| g.reported.1 > 0) {
                let size = g.hosts.count().max(g.users.count());
                if let Some(who) = g.who.filter(|_| size >= wanted) {
                    out.push(spraying(g, &who, size / wanted, of_source));
                }
            }
        }
    }

    fn memory(&self) -> usize {
        let group = |g: &Group| {
            if g.failed < 3.0 {
                SMALL_HEAP
            } else {
                GROUP_HEAP
            }
        };
        self.pairs.memory(|p| match p.is_established() {
            true => PAIR_HEAP,
            false => SMALL_HEAP,
        }) + self.sources.memory(group)
            + self.targets.memory(group)
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.pairs.given_up();
        g.add(self.sources.given_up());
        g.add(self.targets.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        crate::codec::encode(&(&self.pairs, &self.sources, &self.targets))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (Saved<Pair>, Saved<Group>, Saved<Group>);
        let (pairs, sources, targets): All = crate::codec::decode(bytes)?;
        self.pairs.restore(pairs)?;
        self.sources.restore(sources)?;
        self.targets.restore(targets)?;
        Ok(())
    }
}

/// Notes a moment; `passed` gets the seconds since the last one.
fn span(first: &mut f64, last: &mut f64, ts: f64, passed: impl FnOnce(f64)) {
    if *last > 0.0 {
        passed((ts - *last).max(0.0));
    }
    if *first == 0.0 || ts < *first {
        *first = ts;
    }
    *last = last.max(ts);
}

fn tries(p: &Pair, who: &Who) -> Evidence {
    let value = format!("{:.0} failed, {} worked", p.failed, p.worked);
    Evidence::new("logins", format!("{value} ({})", who.service()))
}

fn guessing(p: &Pair, who: &Who, threshold: f64) -> Finding {
    let entity = who.pair();
    let strong = p.walk >= threshold || p.failed > p.sessions;
    let mut reasons = vec![tries(p, who)];
    if !strong {
        let n = p.sessions;
        let value = format!("{n:.0} within about an hour of which no log tells how they ended");
        reasons.push(Evidence::new("sessions", value));
    }
    if p.users.count() > 0.0 {
        reasons.push(Evidence::new(
            "users",
            format!("{:.0} different", p.users.count()),
        ));
    }
    reasons.push(Evidence::new("within", text::span(p.last - p.first)));
    Finding {
        id: who.id(&entity, &GUESSING),
        kind: Kind(&GUESSING),
        entity,
        score: p.walk.max(threshold),
        basis: if strong {
            Basis::Probability
        } else {
            Basis::Rule
        },
        confidence: match (strong, p.failed >= 30.0) {
            (true, true) => 0.9,
            (true, false) => 0.6,
            _ => 0.4,
        },
        first: p.first,
        last: p.last,
        count: p.seen,
        update: p.reported.1.saturating_sub(1),
        reasons,
        uids: p.uids.texts(),
        name: None,
    }
}

fn success(p: &Pair, who: &Who, l: &Login<'_>) -> Finding {
    let entity = who.pair();
    let mut reasons = vec![tries(p, who)];
    if let Some(user) = l.user {
        let user = String::from_utf8_lossy(user).into_owned();
        reasons.push(Evidence::new("user", user));
    }
    Finding {
        id: who.id(&entity, &SUCCESS),
        kind: Kind(&SUCCESS),
        entity,
        score: 4.0 + p.failed.max(1.0).log10(),
        basis: Basis::Rule,
        confidence: 0.8,
        first: p.first,
        last: l.event.ts,
        count: p.seen,
        update: 0,
        reasons,
        uids: p.uids.texts(),
        name: None,
    }
}

fn spraying(g: &Group, who: &Who, times: f64, of_source: bool) -> Finding {
    let entity = Entity::Host(if of_source { who.orig } else { who.resp });
    let kind = if of_source { &SPRAYING } else { &DISTRIBUTED };
    let hosts = match of_source {
        true => format!("failed at {:.0} hosts", g.hosts.count()),
        false => format!("{:.0} hosts failed at it", g.hosts.count()),
    };
    let value = format!(
        "{:.0} failed, {} worked ({})",
        g.failed,
        g.worked,
        who.service()
    );
    let mut reasons = vec![
        Evidence::new("logins", value),
        Evidence::new("hosts", hosts),
    ];
    if g.users.count() > 0.0 {
        reasons.push(Evidence::new(
            "users",
            format!("{:.0} different", g.users.count()),
        ));
    }
    reasons.push(Evidence::new(
        "within",
        text::span(g.last - g.spans.first()),
    ));
    Finding {
        id: who.id(&entity, kind),
        kind: Kind(kind),
        entity,
        score: 4.0 + times.log2().max(0.0),
        basis: Basis::Rule,
        confidence: if of_source { 0.7 } else { 0.4 },
        first: g.spans.first(),
        last: g.last,
        count: g.failed as u64,
        update: g.reported.1.saturating_sub(1),
        reasons,
        uids: g.uids.texts(),
        name: None,
    }
}
