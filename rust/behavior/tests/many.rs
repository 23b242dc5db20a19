//! Many against one, over time; sweeps by ping; uploads where nothing is known; and rhythms of software.

mod common;

use common::{Feed, V};
use zeek_anomaly_behavior::{BehaviorBaseline, BehaviorEngine, Finding, Settings};

const DAY: f64 = 86_400.0;
const ME: [u8; 4] = [10, 0, 0, 5];

#[derive(Clone, Copy)]
struct Conn {
    ends: ([u8; 4], u16, [u8; 4], u16),
    proto: &'static str,
    service: &'static str,
    duration: f64,
    bytes: (u64, u64),
    packets: u64,
    state: &'static str,
}

trait Rows {
    fn conn(&mut self, ts: f64, c: Conn);
    fn ssl(&mut self, ts: f64, resp: [u8; 4], name: &str);
    fn login_fails(&mut self, ts: f64, orig: [u8; 4]);
}

impl Rows for Feed {
    fn conn(&mut self, ts: f64, c: Conn) {
        let (orig, from, resp, port) = c.ends;
        let service = match c.service {
            "" => V::Unset,
            s => V::Text(s),
        };
        let own = [
            ("proto", V::Text(c.proto)),
            ("service", service),
            ("duration", V::Seconds(c.duration)),
            ("orig_bytes", V::Count(c.bytes.0)),
            ("resp_bytes", V::Count(c.bytes.1)),
            ("resp_pkts", V::Count(c.packets)),
            ("conn_state", V::Text(c.state)),
        ];
        self.row("conn", ts, (orig, from), (resp, port), &own);
    }

    fn ssl(&mut self, ts: f64, resp: [u8; 4], name: &str) {
        let own = [("server_name", V::Text(name))];
        self.row("ssl", ts, (ME, 50_000), (resp, 443), &own);
    }

    fn login_fails(&mut self, ts: f64, orig: [u8; 4]) {
        let own = [
            ("auth_success", V::Bool(false)),
            ("auth_attempts", V::Count(1)),
        ];
        self.row("ssh", ts, (orig, 50_000), (ME, 22), &own);
    }
}

const PROBE: Conn = Conn {
    ends: (ME, 50_000, ME, 80),
    proto: "tcp",
    service: "",
    duration: 0.0,
    bytes: (0, 0),
    packets: 0,
    state: "S0",
};

#[test]
fn pings_outside_that_are_mostly_answered_are_no_sweep_and_silence_is() {
    for (silent, found) in [(4, false), (1, true)] {
        let mut f = Feed::new();
        for i in 0..250u8 {
            let ends = ([10, 0, 0, 9], 8, [198, 18, i, 7], 0);
            f.conn(
                1e9 + f64::from(i) * 0.5,
                Conn {
                    ends,
                    proto: "icmp",
                    packets: u64::from(i % silent != 0),
                    state: "OTH",
                    ..PROBE
                },
            );
        }
        assert_eq!(!f.of("scan_horizontal").is_empty(), found, "{silent}");
    }
}

#[test]
fn a_sweep_by_ping_is_found_and_monitoring_is_not() {
    let mut f = Feed::new();
    let ping = |f: &mut Feed, ts: f64, from: u8, to: u8, answers: u64| {
        let ends = ([10, 0, 0, from], 8, [10, 0, 1, to], 0);
        f.conn(
            ts,
            Conn {
                ends,
                proto: "icmp",
                packets: answers,
                state: "OTH",
                ..PROBE
            },
        );
    };
    // Thirty hosts that are there, one that is not, all day.
    for i in 0..600u32 {
        let to = (i % 31) as u8;
        ping(
            &mut f,
            1e9 + f64::from(i) * 60.0,
            9,
            to,
            u64::from(to != 30),
        );
    }
    assert!(f.found.is_empty(), "{:?}", f.found);
    for i in 0..18u8 {
        ping(
            &mut f,
            1e9 + 50_000.0 + f64::from(i) * 0.1,
            5,
            i,
            u64::from(i % 4 == 0),
        );
    }
    let found = f.of("scan_horizontal");
    assert!(!found.is_empty() && found[0].entity.to_string() == "10.0.0.5");
}

#[test]
fn many_against_one_within_days_is_found_and_over_a_year_it_is_not() {
    let scan = |every: f64| {
        let mut f = Feed::new();
        for i in 0..40u8 {
            let ends = ([198, 51, 100, i], 50_000, ME, 1000 + u16::from(i));
            f.conn(1e9 + f64::from(i) * every, Conn { ends, ..PROBE });
        }
        f.of("scan_distributed").len()
    };
    assert!(scan(3600.0) > 0);
    assert_eq!(scan(9.0 * DAY), 0);

    let guess = |every: f64| {
        let mut f = Feed::new();
        for i in 0..40u8 {
            f.login_fails(1e9 + f64::from(i) * every, [198, 51, 100, i]);
        }
        f.of("guessing_distributed").len()
    };
    assert!(guess(3600.0) > 0);
    assert_eq!(guess(9.0 * DAY), 0);
}

#[test]
fn what_was_found_once_is_found_again_when_it_comes_back() {
    let mut f = Feed::new();
    let wave = |f: &mut Feed, at: f64| {
        for i in 0..40u8 {
            let ends = ([198, 51, 100, i], 50_000, ME, 1000 + u16::from(i));
            f.conn(at + f64::from(i) * 60.0, Conn { ends, ..PROBE });
        }
    };
    wave(&mut f, 1e9);
    let before = f.of("scan_distributed").len();
    wave(&mut f, 1e9 + 60.0 * DAY);
    let after = f.of("scan_distributed");
    assert!(after.len() > before && before > 0);
    let last = after.last().unwrap();
    assert!(
        last.first >= 1e9 + 60.0 * DAY,
        "and it is told of the new one: {last:?}"
    );
}

#[test]
fn an_upload_by_an_unknown_protocol_is_found_where_nothing_is_known_yet() {
    let upload = |service: &'static str, back: u64| {
        let mut f = Feed::new();
        for i in 0..3 {
            let ends = (ME, 50_000, [203, 0, 113, 9], 1337);
            f.conn(
                1e9 + f64::from(i) * 100.0,
                Conn {
                    ends,
                    service,
                    duration: 60.0,
                    bytes: (8_000_000, back),
                    packets: 90,
                    state: "SF",
                    ..PROBE
                },
            );
        }
        f.of("upload").len()
    };
    assert!(upload("", 3000) > 0);
    assert_eq!(upload("ssl", 3000), 0, "that may be a backup");
    assert_eq!(upload("", 9_000_000), 0, "a call, or a game");
}

/// A regular call of the only host that is seen.
fn alone(name: &str, others: u32, open: bool) -> Vec<Finding> {
    alone_with(None, name, others, open)
}

/// The same where something was learned.
fn alone_with(
    usual: Option<BehaviorBaseline>,
    name: &str,
    others: u32,
    open: bool,
) -> Vec<Finding> {
    let mut f = Feed::new();
    f.hunter = BehaviorEngine::new(Settings::default(), usual);
    for i in 0..others {
        f.ssl(
            1e9 + f64::from(i) * 7.3,
            [192, 0, 2, i as u8],
            &format!("s{i}.vendor.com"),
        );
    }
    for i in 0..60 {
        let at = 1e9 + 500.0 + f64::from(i) * 300.0;
        f.ssl(at, [198, 51, 100, 7], name);
        let ends = (ME, 50_000, [198, 51, 100, 7], 443);
        let duration = if open { 65.0 } else { 0.3 };
        f.conn(
            at,
            Conn {
                ends,
                service: "ssl",
                duration,
                bytes: (900, 1500),
                packets: 9,
                state: "SF",
                ..PROBE
            },
        );
    }
    f.of("beacon").into_iter().cloned().collect()
}

#[test]
fn where_one_host_is_all_there_is_what_looks_like_software_is_no_beacon() {
    assert!(alone("push.vendor.com", 12, true).is_empty());
    let short = alone("c2.other.com", 12, false);
    assert!(
        !short.is_empty() && short[0].count < 20,
        "but what asks and hangs up is one"
    );
}

/// What an hour of one host teaches.
fn learned_from(host: [u8; 4]) -> BehaviorBaseline {
    let mut f = Feed::new();
    f.hunter = BehaviorEngine::learner(Settings::default());
    for i in 0..60 {
        let ends = (host, 50_000, [192, 0, 2, 200], 443);
        let service = "ssl";
        let at = 1e9 - DAY + f64::from(i * i);
        f.conn(
            at,
            Conn {
                ends,
                service,
                state: "SF",
                ..PROBE
            },
        );
    }
    f.hunter.learned()
}

#[test]
fn what_ordinary_logs_teach_never_lowers_what_is_asked_of_a_rhythm() {
    for host in [[10, 0, 0, 77], ME] {
        let learned = learned_from(host);
        assert!(alone_with(Some(learned.clone()), "push.vendor.com", 12, true).is_empty());
        let found = alone_with(Some(learned), "c2.other.com", 12, false);
        assert!(!found.is_empty(), "a beacon is one, whatever was learned");
    }
}
