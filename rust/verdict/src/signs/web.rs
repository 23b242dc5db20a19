//! Web servers requested by address: people and ordinary programs use names.

use super::sides::{HostSides, is_private};
use super::{Sign, SignKind, grade};
use crate::bounded::{Bounded, Distinct, Weight, hash_addr};
use std::net::IpAddr;
use zeek_log::{Record, Schema, Value};

/// Requests of one host to outside servers by address.
const REQUESTS: (f64, f64) = (5.0, 50.0);

/// Programs from there: one has grade ½.
const PROGRAMS: (f64, f64) = (0.5, 1.0);

/// MIME types of programs.
const PROGRAM: [&[u8]; 9] = [
    b"application/x-dosexec",
    b"application/x-msdownload",
    b"application/vnd.microsoft.portable-executable",
    b"application/x-executable",
    b"application/x-elf",
    b"application/x-sharedlib",
    b"application/x-mach-o-executable",
    b"text/x-shellscript",
    b"application/x-java-archive",
];

/// Positions of the columns.
#[derive(Debug)]
pub struct WebColumns {
    orig: Option<usize>,
    host: Option<usize>,
    mime: Option<usize>,
}

impl WebColumns {
    pub fn bind(schema: &Schema) -> WebColumns {
        WebColumns {
            orig: schema.position("id.orig_h"),
            host: schema.position("host"),
            mime: schema.position("resp_mime_types"),
        }
    }
}

/// The requests of a host.
#[derive(Debug, Default)]
struct WebRequests {
    requests: u64,
    programs: u64,
    servers: Distinct<4>,
}

impl Weight for WebRequests {
    fn weight(&self) -> u64 {
        self.requests
    }
}

/// All hosts.
#[derive(Debug)]
pub struct BareAddressWeb(Bounded<IpAddr, WebRequests>);

impl BareAddressWeb {
    pub fn new(keys: usize) -> BareAddressWeb {
        BareAddressWeb(Bounded::new(keys))
    }

    pub fn see(&mut self, c: &WebColumns, record: &Record<'_>) {
        let (Some(orig), Some(server)) = (
            c.orig.and_then(|i| record.get(i).addr()),
            c.host.and_then(|i| bare(record.get(i))),
        ) else {
            return;
        };
        if is_private(&server) {
            return;
        }
        let asked = self.0.at(orig);
        asked.requests += 1;
        asked.servers.see(hash_addr(&server));
        if c.mime.is_some_and(|i| is_program(record.get(i))) {
            asked.programs += 1;
        }
    }

    pub fn forgotten(&self) -> u64 {
        self.0.forgotten()
    }

    pub fn signs(&self, sides: &HostSides, out: &mut Vec<Sign>) {
        for (host, asked) in self.0.iter() {
            let servers = asked.servers.rounded();
            // An outside host that requests by address scans, and has that sign.
            if sides.of(host) == super::HostSide::Outside {
                continue;
            }
            let programs = grade(asked.programs as f64, PROGRAMS.0, PROGRAMS.1);
            if programs > 0.0 {
                let what = format!(
                    "{} downloads of programs from web servers by address",
                    asked.programs
                );
                let side = sides.of(host);
                out.push(Sign::new(
                    *host,
                    side,
                    SignKind::BareAddressProgram,
                    programs,
                    what,
                ));
            }
            let grade = grade(asked.requests as f64, REQUESTS.0, REQUESTS.1);
            if grade > 0.0 {
                let what = format!(
                    "{} requests to {servers} outside web servers by address",
                    asked.requests
                );
                let side = sides.of(host);
                out.push(Sign::new(
                    *host,
                    side,
                    SignKind::BareAddressWeb,
                    grade,
                    what,
                ));
            }
        }
    }
}

/// The address in place of a name, with or without a port.
fn bare(host: Value<'_>) -> Option<IpAddr> {
    if let Some(addr) = host.addr() {
        return Some(addr);
    }
    let text = std::str::from_utf8(host.text()?).ok()?;
    let socket: Option<std::net::SocketAddr> = text.parse().ok();
    socket.map(|s| s.ip())
}

fn is_program(mime: Value<'_>) -> bool {
    let named = |v: &Value<'_>| v.text().is_some_and(|t| PROGRAM.contains(&t));
    match mime {
        Value::List(all) => all.iter().any(|v| named(&v)),
        one => named(&one),
    }
}
