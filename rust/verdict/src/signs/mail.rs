//! Rejected mail: in numbers it is not from an ordinary mail program.

use super::sides::HostSides;
use super::{Sign, SignKind, grade, ramp};
use crate::bounded::{Bounded, Weight};
use std::net::IpAddr;
use zeek_log::{Record, Schema};

/// Rejected mails of one host.
const REFUSED: (f64, f64) = (2.0, 10.0);

/// Their share from which they begin to count, and count in full: a mail server has some.
const SHARE: (f64, f64) = (0.2, 0.5);

/// Positions of the columns.
#[derive(Debug)]
pub struct MailColumns {
    orig: Option<usize>,
    reply: Option<usize>,
}

impl MailColumns {
    pub fn bind(schema: &Schema) -> MailColumns {
        MailColumns {
            orig: schema.position("id.orig_h"),
            reply: schema.position("last_reply"),
        }
    }
}

/// The mail of a host.
#[derive(Debug, Default)]
struct MailCounts {
    mails: u64,
    refused: u64,
}

impl Weight for MailCounts {
    fn weight(&self) -> u64 {
        self.mails
    }
}

/// All hosts.
#[derive(Debug)]
pub struct RefusedMail(Bounded<IpAddr, MailCounts>);

impl RefusedMail {
    pub fn new(keys: usize) -> RefusedMail {
        RefusedMail(Bounded::new(keys))
    }

    pub fn see(&mut self, c: &MailColumns, record: &Record<'_>) {
        let Some(host) = c.orig.and_then(|i| record.get(i).addr()) else {
            return;
        };
        let reply = c.reply.and_then(|i| record.get(i).text());
        let sent = self.0.at(host);
        sent.mails += 1;
        // Replies that begin with 4 and 5 reject the mail (RFC 5321).
        if reply.is_some_and(|r| matches!(r.first(), Some(b'4' | b'5'))) {
            sent.refused += 1;
        }
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &HostSides, out: &mut Vec<Sign>) {
        for (host, sent) in self.0.iter() {
            let share = sent.refused as f64 / sent.mails.max(1) as f64;
            let grade =
                grade(sent.refused as f64, REFUSED.0, REFUSED.1) * ramp(share, SHARE.0, SHARE.1);
            if grade > 0.0 {
                let what = format!("{} of its {} mails rejected", sent.refused, sent.mails);
                let side = sides.of(host);
                out.push(Sign::new(*host, side, SignKind::RefusedMail, grade, what));
            }
        }
    }
}
