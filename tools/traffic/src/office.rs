//! A network that does ordinary things.
//!
//! People browse in sessions, pages have bursts of connections, sites are popular by Zipf's law. Software
//! calls home: updates and telemetry of everybody, a chat program of most, time servers (each host its
//! own), the mail server inside. Where [`Office::lonely`] asks for it, some hosts have software that
//! nobody else has: that is as regular as a beacon, and only training tells it from one.

use crate::row::{RowKind, Rows};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::net::Ipv4Addr;

/// What the network is like.
#[derive(Clone, Debug)]
pub struct Office {
    /// The seed of this stretch of days.
    pub seed: u64,
    /// Hosts.
    pub hosts: u32,
    /// Days.
    pub days: u32,
    /// The first moment, seconds since the epoch (midnight).
    pub start: f64,
    /// Hosts with software that nobody else has.
    pub lonely: u32,
}

/// Sites that people visit.
const SITES: u32 = 3000;

/// The address of host `i`.
pub fn host(i: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a01_0000 + 10 + i)
}

/// A service outside, by its number.
pub fn server(i: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x5db8_0000u32.wrapping_add(i.wrapping_mul(2_654_435_761) % 0x0800_0000))
}

impl Office {
    /// Its rows, in the order of writing.
    pub fn rows(&self) -> Rows {
        let mut rows = Rows::from(self.seed << 40);
        for h in 0..self.hosts {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed << 20 | u64::from(h));
            for day in 0..self.days {
                let midnight = self.start + f64::from(day) * 86_400.0;
                self.people(&mut rows, &mut rng, h, midnight);
                self.software(&mut rows, &mut rng, h, midnight);
            }
        }
        rows
    }

    fn people(&self, rows: &mut Rows, rng: &mut ChaCha8Rng, h: u32, midnight: f64) {
        let mut at = midnight + 28_800.0 + rng.random_range(0.0..3600.0);
        let end = midnight + 61_200.0 + rng.random_range(0.0..3600.0);
        while at < end {
            // A session on one site, now and then on another.
            let mut site = zipf(rng);
            for _ in 0..rng.random_range(1..12) {
                page(rows, rng, h, site, at);
                at += exponential(rng, 40.0);
                if rng.random_bool(0.3) {
                    site = zipf(rng);
                }
            }
            at += exponential(rng, 900.0);
        }
    }

    fn software(&self, rows: &mut Rows, rng: &mut ChaCha8Rng, h: u32, midnight: f64) {
        let share = |n: u32| h % 100 < n;
        let mut calls: Vec<(&str, u32, f64, f64, bool)> =
            vec![("updates.vendor.example", 1, 3600.0, 0.1, true)];
        if share(70) {
            calls.push(("telemetry.vendor.example", 2, 900.0, 0.2, true));
        }
        if share(80) {
            calls.push(("chat.example", 3, 60.0, 0.01, false));
        }
        if share(25) {
            calls.push(("drive.example", 4, 300.0, 0.05, true));
        }
        if h < self.lonely {
            calls.push(("lonely.example", 100 + h, 600.0, 0.05, true));
        }
        for (name, service, period, jitter, always) in calls {
            let (from, until) = match always {
                true => (midnight, midnight + 86_400.0),
                false => (midnight + 30_000.0, midnight + 63_000.0),
            };
            let mut at = from + rng.random_range(0.0..period);
            while at < until {
                let bytes = (700 + rng.random_range(0..40), 2000);
                rows.conn(
                    at,
                    host(h),
                    server(service),
                    443,
                    false,
                    "ssl",
                    0.4,
                    bytes,
                    "SF",
                );
                rows.with(RowKind::Ssl(match service {
                    100.. => format!("app{service}.{name}"),
                    _ => name.to_owned(),
                }));
                at += period * (1.0 + jitter * rng.random_range(-1.0..1.0));
            }
        }
        // Time: each host has a server of its own.
        let mut at = midnight + rng.random_range(0.0..1024.0);
        while at < midnight + 86_400.0 {
            rows.conn(
                at,
                host(h),
                server(5000 + h),
                123,
                true,
                "ntp",
                0.03,
                (48, 48),
                "SF",
            );
            at += 1024.0;
        }
        // Mail inside, and the odd host that is not there.
        let mut at = midnight + 30_000.0 + rng.random_range(0.0..300.0);
        while at < midnight + 63_000.0 {
            let mail = Ipv4Addr::new(10, 1, 200, 5);
            rows.conn(at, host(h), mail, 993, false, "ssl", 0.2, (400, 900), "SF");
            at += 300.0 * (1.0 + 0.02 * rng.random_range(-1.0..1.0));
        }
        for _ in 0..rng.random_range(0..4) {
            let at = midnight + rng.random_range(30_000.0..60_000.0);
            let gone = Ipv4Addr::new(10, 1, 210, rng.random_range(1..5));
            rows.conn(at, host(h), gone, 445, false, "", 0.0, (0, 0), "S0");
        }
        // A login that fails, as happens.
        if rng.random_bool(0.2) {
            let at = midnight + rng.random_range(30_000.0..60_000.0);
            let build = Ipv4Addr::new(10, 1, 200, 7);
            for i in 0..rng.random_range(1..4) {
                let at = at + 8.0 * f64::from(i);
                rows.conn(
                    at,
                    host(h),
                    build,
                    22,
                    false,
                    "ssh",
                    5.0,
                    (2000, 2500),
                    "SF",
                );
                rows.with(RowKind::Ssh(i > 0 && rng.random_bool(0.7)));
            }
        }
    }
}

fn page(rows: &mut Rows, rng: &mut ChaCha8Rng, h: u32, site: u32, at: f64) {
    let resolver = Ipv4Addr::new(10, 1, 200, 1);
    rows.conn(
        at - 0.05,
        host(h),
        resolver,
        53,
        true,
        "dns",
        0.02,
        (40, 120),
        "SF",
    );
    rows.with(RowKind::Dns(format!("www.site{site}.example"), "A"));
    for i in 0..rng.random_range(1..7u32) {
        let at = at + exponential(rng, 0.4);
        // Parts of a page come from other servers, some of them shared by many sites.
        let other = rng.random_bool(0.4);
        let from = if other { SITES + zipf(rng) / 10 } else { site };
        let bytes = (
            rng.random_range(300..4000),
            (8.0 + 3.0 * normal(rng)).exp() as u64,
        );
        let state = match rng.random_range(0..50) {
            0 => "S0",
            1 => "RSTO",
            _ => "SF",
        };
        let seconds = exponential(rng, 4.0);
        rows.conn(
            at,
            host(h),
            server(10_000 + from),
            443,
            false,
            "ssl",
            seconds,
            bytes,
            state,
        );
        if state == "SF" {
            rows.with(RowKind::Ssl(format!("s{}.site{from}.example", i % 2)));
        }
    }
}

/// The number of a site: the popular ones are low.
fn zipf(rng: &mut ChaCha8Rng) -> u32 {
    let u: f64 = rng.random();
    (f64::from(SITES).powf(u) - 1.0) as u32
}

/// An exponentially distributed time, by its mean.
pub fn exponential(rng: &mut ChaCha8Rng, mean: f64) -> f64 {
    -mean * (1.0 - rng.random::<f64>()).ln()
}

/// A normal deviate, by Box and Muller.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
