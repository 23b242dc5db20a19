//! Attacks with known parameters.

use crate::office::server;
use crate::row::{RowKind, Rows};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::net::Ipv4Addr;

/// How a beacon goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Bare TCP.
    Tcp,
    /// TLS to one address, with a server name.
    Tls,
    /// TLS with one server name to ever other addresses of a content network.
    Fronted,
    /// DNS: names that were never asked for before.
    Dns,
    /// HTTP to one address, with a host.
    Http,
    /// Bare UDP.
    Udp,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 6] = [
        Channel::Tcp,
        Channel::Tls,
        Channel::Fronted,
        Channel::Dns,
        Channel::Http,
        Channel::Udp,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Tcp => "tcp",
            Channel::Tls => "tls",
            Channel::Fronted => "fronted",
            Channel::Dns => "dns",
            Channel::Http => "http",
            Channel::Udp => "udp",
        }
    }

    /// The port and protocol of the pair.
    pub fn service(self) -> &'static str {
        match self {
            Channel::Tcp => "8088/tcp",
            Channel::Udp => "7777/udp",
            Channel::Http => "80/tcp",
            Channel::Tls | Channel::Fronted => "443/tcp",
            Channel::Dns => "53/udp",
        }
    }
}

/// A beacon.
#[derive(Clone, Debug)]
pub struct Beacon {
    /// Its number: seeds it, and makes its server and name.
    pub number: u32,
    /// Who.
    pub host: Ipv4Addr,
    /// How.
    pub channel: Channel,
    /// Seconds between beats.
    pub period: f64,
    /// Half the width of the jitter, relative to the period: each interval is drawn anew.
    pub jitter: f64,
    /// The share of beats that do not happen.
    pub missed: f64,
    /// Whether it sleeps from 20:00 to 06:00.
    pub sleeps: bool,
    /// The first moment and the last, seconds since the epoch.
    pub span: (f64, f64),
}

impl Beacon {
    /// Where it calls.
    pub fn server(&self) -> Ipv4Addr {
        server(1_000_000 + self.number)
    }

    /// The name that it asks for.
    pub fn name(&self) -> String {
        format!("c{}.beacon{}.example", self.number, self.number)
    }

    /// Adds its rows.
    pub fn rows(&self, rows: &mut Rows) {
        let mut rng = ChaCha8Rng::seed_from_u64(0xbeac_0000 + u64::from(self.number));
        let mut at = self.span.0 + rng.random_range(0.0..self.period);
        while at < self.span.1 {
            let hour = (at / 3600.0) as i64 % 24;
            let asleep = self.sleeps && !(6..20).contains(&hour);
            if !asleep && !rng.random_bool(self.missed) {
                self.beat(rows, &mut rng, at);
            }
            at += self.period * (1.0 + self.jitter * rng.random_range(-1.0..=1.0));
        }
    }

    fn beat(&self, rows: &mut Rows, rng: &mut ChaCha8Rng, at: f64) {
        let bytes = (300 + rng.random_range(0..60), 500);
        match self.channel {
            Channel::Tcp => {
                rows.conn(
                    at,
                    self.host,
                    self.server(),
                    8088,
                    false,
                    "",
                    0.3,
                    bytes,
                    "SF",
                );
            }
            Channel::Tls => {
                rows.conn(
                    at,
                    self.host,
                    self.server(),
                    443,
                    false,
                    "ssl",
                    0.3,
                    bytes,
                    "SF",
                );
                rows.with(RowKind::Ssl(self.name()));
            }
            Channel::Http => {
                rows.conn(
                    at,
                    self.host,
                    self.server(),
                    80,
                    false,
                    "http",
                    0.3,
                    bytes,
                    "SF",
                );
                rows.with(RowKind::Http(self.name()));
            }
            Channel::Udp => {
                rows.conn(
                    at,
                    self.host,
                    self.server(),
                    7777,
                    true,
                    "",
                    0.1,
                    bytes,
                    "SF",
                );
            }
            Channel::Fronted => {
                let edge = server(2_000_000 + rng.random_range(0..200u32));
                rows.conn(at, self.host, edge, 443, false, "ssl", 0.3, bytes, "SF");
                rows.with(RowKind::Ssl(self.name()));
            }
            Channel::Dns => {
                let resolver = Ipv4Addr::new(10, 1, 200, 1);
                rows.conn(
                    at,
                    self.host,
                    resolver,
                    53,
                    true,
                    "dns",
                    0.05,
                    (90, 200),
                    "SF",
                );
                let label: u64 = rng.random();
                let query = format!("{label:016x}.tunnel{}.example", self.number);
                rows.with(RowKind::Dns(query, "TXT"));
            }
        }
    }
}

/// A scan by `host`, one probe every `interval` seconds: of `hosts` hosts at one port, or of `ports`
/// ports of one host.
pub fn scan(rows: &mut Rows, host: Ipv4Addr, start: f64, interval: f64, hosts: u32, ports: u16) {
    let (hosts, ports) = (hosts.max(1), ports.max(1));
    let mut at = start;
    for h in 0..hosts {
        for p in 0..ports {
            let target = Ipv4Addr::from(0x0a01_4000 + h);
            let port = if ports == 1 { 22 } else { p + 1 };
            let state = if (h + u32::from(p)).is_multiple_of(9) {
                "S0"
            } else {
                "REJ"
            };
            rows.conn(at, host, target, port, false, "", 0.0, (0, 0), state);
            at += interval;
        }
    }
}

/// Guessing of SSH passwords, `tries` of them, one every `interval` seconds; the last one works
/// where `works`.
pub fn guess(rows: &mut Rows, host: Ipv4Addr, start: f64, interval: f64, tries: u32, works: bool) {
    let target = Ipv4Addr::new(10, 1, 200, 7);
    for i in 0..tries {
        let at = start + f64::from(i) * interval;
        rows.conn(at, host, target, 22, false, "ssh", 2.0, (1500, 2000), "SF");
        rows.with(RowKind::Ssh(works && i + 1 == tries));
    }
}
