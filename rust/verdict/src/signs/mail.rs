//! Mail that is refused: what sends it in numbers is no mail program.

use super::sides::Sides;
use super::{Counts, Kind, Sign, grade, ramp};
use crate::bounded::Weight;
use std::net::IpAddr;
use zeek_log::{Record, Schema};

/// Refused mails of one host.
const REFUSED: (f64, f64) = (2.0, 10.0);

/// Their share, from where it counts to where it counts in full: a mail server has some.
const SHARE: (f64, f64) = (0.2, 0.5);

/// Where the columns stand.
#[derive(Debug)]
pub struct Columns {
    orig: Option<usize>,
    reply: Option<usize>,
}

impl Columns {
    pub fn bind(schema: &Schema) -> Columns {
        Columns {
            orig: schema.position("id.orig_h"),
            reply: schema.position("last_reply"),
        }
    }
}

/// The mail of a host.
#[derive(Debug, Default)]
struct Sent {
    mails: u64,
    refused: u64,
}

impl Weight for Sent {
    fn weight(&self) -> u64 {
        self.mails
    }
}

/// All hosts.
#[derive(Debug)]
pub struct Mail(Counts<IpAddr, Sent>);

impl Mail {
    pub fn new(keys: usize) -> Mail {
        Mail(Counts::new(keys))
    }

    pub fn see(&mut self, c: &Columns, record: &Record<'_>) {
        let Some(host) = c.orig.and_then(|i| record.get(i).addr()) else {
            return;
        };
        let reply = c.reply.and_then(|i| record.get(i).text());
        let sent = self.0.at(host);
        sent.mails += 1;
        // Replies that begin with 4 and 5 are refusals (RFC 5321).
        if reply.is_some_and(|r| matches!(r.first(), Some(b'4' | b'5'))) {
            sent.refused += 1;
        }
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &Sides, out: &mut Vec<Sign>) {
        for (host, sent) in self.0.iter() {
            let share = sent.refused as f64 / sent.mails.max(1) as f64;
            let grade =
                grade(sent.refused as f64, REFUSED.0, REFUSED.1) * ramp(share, SHARE.0, SHARE.1);
            if grade > 0.0 {
                let what = format!("{} of its {} mails are refused", sent.refused, sent.mails);
                let side = sides.of(host);
                out.push(Sign::new(*host, side, Kind::RefusedMail, grade, what));
            }
        }
    }
}
