//! Web servers without a name: what people and programs of good repute use has one.

use super::sides::{Sides, is_private};
use super::{Counts, Kind, Sign, grade};
use crate::bounded::{Distinct, Weight, hash_addr};
use std::net::IpAddr;
use zeek_log::{Record, Schema, Value};

/// Requests of one host to outside servers without a name.
const REQUESTS: (f64, f64) = (5.0, 50.0);

/// Programs from there: one is enough for half.
const PROGRAMS: (f64, f64) = (0.5, 1.0);

/// What Zeek calls programs.
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

/// Where the columns stand.
#[derive(Debug)]
pub struct Columns {
    orig: Option<usize>,
    host: Option<usize>,
    mime: Option<usize>,
}

impl Columns {
    pub fn bind(schema: &Schema) -> Columns {
        Columns {
            orig: schema.position("id.orig_h"),
            host: schema.position("host"),
            mime: schema.position("resp_mime_types"),
        }
    }
}

/// The requests of a host.
#[derive(Debug, Default)]
struct Asked {
    requests: u64,
    programs: u64,
    servers: Distinct<4>,
}

impl Weight for Asked {
    fn weight(&self) -> u64 {
        self.requests
    }
}

/// All hosts.
#[derive(Debug)]
pub struct Web(Counts<IpAddr, Asked>);

impl Web {
    pub fn new(keys: usize) -> Web {
        Web(Counts::new(keys))
    }

    pub fn see(&mut self, c: &Columns, record: &Record<'_>) {
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

    pub fn signs(&self, sides: &Sides, out: &mut Vec<Sign>) {
        for (host, asked) in self.0.iter() {
            let servers = asked.servers.rounded();
            // Whoever asks us by our number looks for what there is: that is a scan, and seen
            // as one.
            if sides.of(host) == super::Side::Outside {
                continue;
            }
            let programs = grade(asked.programs as f64, PROGRAMS.0, PROGRAMS.1);
            if programs > 0.0 {
                let what = format!(
                    "loads programs from web servers without a name, {} times",
                    asked.programs
                );
                let side = sides.of(host);
                out.push(Sign::new(
                    *host,
                    side,
                    Kind::BareAddressProgram,
                    programs,
                    what,
                ));
            }
            let grade = grade(asked.requests as f64, REQUESTS.0, REQUESTS.1);
            if grade > 0.0 {
                let what = format!(
                    "makes {} requests to outside web servers without a name ({servers})",
                    asked.requests
                );
                let side = sides.of(host);
                out.push(Sign::new(*host, side, Kind::BareAddressWeb, grade, what));
            }
        }
    }
}

/// The address that stands where a name should, with a port or without.
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
