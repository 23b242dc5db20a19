//! Logins that fail, over SSH, FTP and Kerberos.

use super::sides::Sides;
use super::{Counts, Kind, Sign, grade};
use crate::bounded::{Distinct, Weight, hash_addr};
use std::net::IpAddr;
use zeek_log::{Record, Schema};

/// Logins of one host that failed: none up to what people do who forgot a password, half at
/// the threshold of Zeek's script for guessing.
const FAILED: (f64, f64) = (8.0, 30.0);

/// What a session counts of which it is not known how its login went.
const NOT_KNOWN: f64 = 0.25;

/// Failures after which a success is bad news.
const MANY: f64 = 20.0;

/// FTP: not logged in, and logged in.
const REFUSED: f64 = 530.0;
const ACCEPTED: f64 = 230.0;

/// Where the columns stand.
#[derive(Debug)]
pub struct Columns {
    log: Log,
    orig: Option<usize>,
    resp: Option<usize>,
    attempts: Option<usize>,
    outcome: Option<usize>,
    error: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Log {
    Ssh,
    Ftp,
    Kerberos,
}

impl Columns {
    pub fn bind(schema: &Schema) -> Columns {
        let (log, outcome) = match schema.log.as_str() {
            "ftp" => (Log::Ftp, "reply_code"),
            "kerberos" => (Log::Kerberos, "success"),
            _ => (Log::Ssh, "auth_success"),
        };
        Columns {
            log,
            orig: schema.position("id.orig_h"),
            resp: schema.position("id.resp_h"),
            attempts: schema.position("auth_attempts"),
            outcome: schema.position(outcome),
            error: schema.position("error_msg"),
        }
    }

    /// How many logins failed and how many did not.
    fn read(&self, record: &Record<'_>) -> (f64, bool) {
        let outcome = self.outcome.map(|i| record.get(i));
        match self.log {
            Log::Ssh => {
                let attempts = self.attempts.and_then(|i| record.get(i).number());
                match outcome.and_then(|v| v.truth()) {
                    Some(true) => (0.0, true),
                    Some(false) => (attempts.unwrap_or(1.0).clamp(1.0, 100.0), false),
                    None => (NOT_KNOWN, false),
                }
            }
            Log::Ftp => {
                let code = outcome.and_then(|v| v.number());
                let failed = code == Some(REFUSED);
                (f64::from(u8::from(failed)), code == Some(ACCEPTED))
            }
            Log::Kerberos => {
                // The first request without preauthentication is refused, always.
                let error = self.error.and_then(|i| record.get(i).text());
                let wrong = error == Some(b"KDC_ERR_PREAUTH_FAILED");
                let fine = outcome.and_then(|v| v.truth()) == Some(true);
                (f64::from(u8::from(wrong)), fine)
            }
        }
    }
}

/// The logins of a host.
#[derive(Debug, Default)]
struct Tried {
    rows: u64,
    failed: f64,
    /// Successes, after many failures.
    after: u64,
    servers: Distinct<4>,
}

impl Weight for Tried {
    fn weight(&self) -> u64 {
        self.rows
    }
}

/// All hosts.
#[derive(Debug)]
pub struct Logins(Counts<IpAddr, Tried>);

impl Logins {
    pub fn new(keys: usize) -> Logins {
        Logins(Counts::new(keys))
    }

    pub fn see(&mut self, c: &Columns, record: &Record<'_>) {
        let Some(host) = c.orig.and_then(|i| record.get(i).addr()) else {
            return;
        };
        let (failed, success) = c.read(record);
        if failed == 0.0 && !success {
            return;
        }
        let tried = self.0.at(host);
        tried.rows += 1;
        tried.failed += failed;
        if success && tried.failed >= MANY {
            tried.after += 1;
        }
        if let Some(server) = c.resp.and_then(|i| record.get(i).addr()) {
            tried.servers.see(hash_addr(&server));
        }
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &Sides, out: &mut Vec<Sign>) {
        for (host, tried) in self.0.iter() {
            let grade = grade(tried.failed, FAILED.0, FAILED.1);
            if grade <= 0.0 {
                continue;
            }
            let many = format!(
                "about {:.0} logins to {} of which it did not get in",
                tried.failed,
                match tried.servers.rounded() {
                    1 => "one host".into(),
                    n => format!("{n} hosts"),
                }
            );
            let side = sides.of(host);
            if tried.after > 0 {
                let what = format!("{many}, then {} that succeeded", tried.after);
                out.push(Sign::new(
                    *host,
                    side,
                    Kind::LoginAfterGuessing,
                    grade,
                    what,
                ));
            } else {
                out.push(Sign::new(*host, side, Kind::LoginGuessing, grade, many));
            }
        }
    }
}
