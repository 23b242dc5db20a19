//! DNS, volume, lateral movement and what is new: found where it is, quiet where it is not.

mod common;

use common::{Feed, V};
use zeek_anomaly_behavior::{BehaviorEngine, Settings};

const ME: [u8; 4] = [10, 0, 0, 5];

trait Rows {
    fn dns(&mut self, ts: f64, orig: [u8; 4], query: &[u8], qtype: &str, rcode: &str);
    fn conn(&mut self, ts: f64, ends: ([u8; 4], [u8; 4], u16), duration: f64, sent: u64);
    fn kinds(&self) -> Vec<&str>;
}

impl Rows for Feed {
    fn dns(&mut self, ts: f64, orig: [u8; 4], query: &[u8], qtype: &str, rcode: &str) {
        let own = [
            ("query", V::Bytes(query)),
            ("qtype_name", V::Text(qtype)),
            ("rcode_name", V::Text(rcode)),
        ];
        self.row("dns", ts, (orig, 50_000), ([10, 0, 0, 1], 53), &own);
    }

    fn conn(
        &mut self,
        ts: f64,
        (orig, resp, port): ([u8; 4], [u8; 4], u16),
        duration: f64,
        sent: u64,
    ) {
        let own = [
            ("proto", V::Text("tcp")),
            ("duration", V::Seconds(duration)),
            ("orig_bytes", V::Count(sent)),
            ("resp_bytes", V::Count(5000)),
            ("conn_state", V::Text("SF")),
        ];
        self.row("conn", ts, (orig, 50_000), (resp, port), &own);
    }

    fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.found.iter().map(|f| f.kind.0.name).collect();
        kinds.dedup();
        kinds
    }
}

/// Letters and digits that follow from a number.
fn noise(n: u64, len: usize) -> String {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(x % 32) as usize])
        })
        .collect()
}

#[test]
fn a_tunnel_is_found_and_a_content_network_is_not() {
    let mut f = Feed::new();
    for i in 0..300u64 {
        let ts = 1e9 + i as f64 * 7.0;
        let host = [10, 0, 1, (i % 20) as u8];
        // Twenty hosts ask for short names of one network.
        f.dns(
            ts,
            host,
            format!("e{}.cdn.example.net", i % 90).as_bytes(),
            "A",
            "NOERROR",
        );
        f.dns(
            ts,
            ME,
            format!("{}.t.example.org", noise(i, 50)).as_bytes(),
            "TXT",
            "NOERROR",
        );
    }
    let tunnels = f.of("dns_tunnel");
    assert!(!tunnels.is_empty() && tunnels[0].entity.to_string() == "10.0.0.5 -> example.org");
    assert!(tunnels[0].count < 60, "early: {}", tunnels[0].count);
    assert!(
        f.found
            .iter()
            .all(|f| f.kind.0.name != "dns_tunnel" || f.name.as_deref() == Some("example.org"))
    );
}

#[test]
fn a_search_for_generated_names_is_found_and_mistyped_names_are_not() {
    let mut f = Feed::new();
    for i in 0..200u64 {
        let ts = 1e9 + i as f64 * 60.0;
        // Every eighth name of an ordinary day does not exist.
        let rcode = if i % 8 == 0 { "NXDOMAIN" } else { "NOERROR" };
        f.dns(
            ts,
            [10, 0, 1, 9],
            format!("www.shop{i}.com").as_bytes(),
            "A",
            rcode,
        );
    }
    assert!(f.found.is_empty(), "{:?}", f.kinds());
    for i in 0..30u64 {
        f.dns(
            2e9 + i as f64,
            ME,
            format!("{}.net", noise(i, 14)).as_bytes(),
            "A",
            "NXDOMAIN",
        );
    }
    let found = f.of("dga_activity");
    assert!(
        found[0].entity.to_string() == "10.0.0.5" && found[0].count <= 15,
        "{found:?}"
    );
}

#[test]
fn an_upload_beyond_what_was_usual_is_found_and_a_nightly_backup_is_not() {
    let mut f = Feed::new();
    for hour in 0..120u64 {
        let ts = 1e9 + hour as f64 * 3600.0;
        for host in 0..6u8 {
            f.conn(
                ts + 1.0,
                ([10, 0, 1, host], [203, 0, 113, 7], 443),
                1.0,
                40_000 + hour * 100,
            );
        }
        // A backup every night.
        let sent = if hour % 24 == 2 { 900_000_000 } else { 1000 };
        f.conn(
            ts + 2.0,
            ([10, 0, 1, 99], [198, 51, 100, 1], 22),
            60.0,
            sent,
        );
    }
    let backups = f.of("upload").len();
    assert!(backups <= 1, "the first at most: {backups}");
    f.found.clear();
    f.conn(
        1e9 + 121.0 * 3600.0,
        ([10, 0, 1, 3], [203, 0, 113, 200], 443),
        30.0,
        80_000_000,
    );
    let found = f.of("upload");
    assert_eq!(found.len(), 1, "{:?}", f.kinds());
    assert_eq!(found[0].entity.to_string(), "10.0.1.3");
    assert!(found[0].reasons.iter().any(|r| r.value.contains("80.0 MB")));
}

#[test]
fn a_long_connection_to_a_host_that_nobody_else_talks_to_is_found() {
    let mut f = Feed::new();
    for host in 0..20u8 {
        f.conn(
            1e9,
            ([10, 0, 1, host], [203, 0, 113, 7], 443),
            30_000.0,
            100,
        );
    }
    assert!(
        f.of("long_connection").len() <= 10,
        "before it is known to be common"
    );
    f.found.clear();
    f.conn(1e9 + 5.0, (ME, [198, 51, 100, 9], 443), 10.0 * 3600.0, 100);
    let found = f.of("long_connection");
    assert!(found[0].score > 3.5 && found[0].entity.to_string().contains("198.51.100.9"));
}

#[test]
fn first_logins_at_several_hosts_are_found_and_those_of_every_day_are_not() {
    let mut f = Feed::new();
    let day = 86_400.0;
    // An administrator goes to the same three hosts every day.
    for d in 0..5 {
        for host in 0..3u8 {
            let ts = 1e9 + f64::from(d) * day + f64::from(host) * 600.0;
            f.conn(ts, (ME, [10, 0, 2, host], 22), 300.0, 5000);
        }
    }
    assert!(f.of("lateral_spread").is_empty());
    for host in 10..16u8 {
        f.conn(
            1e9 + 5.0 * day + f64::from(host) * 60.0,
            (ME, [10, 0, 2, host], 22),
            300.0,
            5000,
        );
    }
    let found = f.of("lateral_spread");
    assert!(!found.is_empty() && found[0].count == 4, "{:?}", f.kinds());
    // A service that is made from afar.
    let own = [
        ("endpoint", V::Text("svcctl")),
        ("operation", V::Text("CreateServiceW")),
    ];
    let to = ([10, 0, 2, 10], 445);
    f.row("dce_rpc", 1e9 + 6.0 * day, (ME, 50_000), to, &own);
    assert_eq!(f.of("lateral_execution").len(), 1);
}

#[test]
fn several_new_things_about_a_host_are_one_finding_and_only_after_learning() {
    let mut f = Feed::new();
    let http = |f: &mut Feed, ts: f64, host: u8, agent: &str| {
        let own = [("user_agent", V::Text(agent))];
        let ends = (([10, 0, 1, host], 50_000), ([203, 0, 113, 7], 80));
        f.row("http", ts, ends.0, ends.1, &own);
    };
    for d in 0..5u8 {
        for host in 0..4 {
            http(&mut f, 1e9 + f64::from(d) * 86_400.0, host, "Browser/1");
            http(
                &mut f,
                1e9 + f64::from(d) * 86_400.0 + 9.0,
                host,
                &format!("Tool/{host}"),
            );
        }
    }
    assert!(f.of("first_seen").is_empty());
    for i in 0..4 {
        http(
            &mut f,
            1e9 + 5.0 * 86_400.0 + f64::from(i),
            2,
            &format!("Evil/{i}"),
        );
    }
    let found = f.of("first_seen");
    assert_eq!(found.len(), 1);
    assert!(found[0].entity.to_string() == "10.0.1.2" && found[0].confidence < 0.5);
}

#[test]
fn a_time_without_records_teaches_nothing_of_what_is_new() {
    let mut f = Feed::new();
    for (day, agents) in [(0.0, 1), (700.0, 6)] {
        for i in 0..agents {
            let agent = format!("Tool/{i}");
            let own = [("user_agent", V::Text(&agent))];
            let ends = ((ME, 50_000), ([203, 0, 113, 7], 80));
            f.row("http", 1e9 + day * 86_400.0, ends.0, ends.1, &own);
        }
    }
    assert!(f.found.is_empty(), "{:?}", f.kinds());
}

#[test]
fn hostile_values_do_no_harm() {
    let mut f = Feed::new();
    let long = vec![b'x'; 5000];
    let dots = vec![b'.'; 3000];
    let odd: [&[u8]; 6] = [
        b"",
        b".",
        b"\0\xff.\x1b[2J.com",
        &long,
        &dots,
        b"a..b...com.",
    ];
    for (i, name) in odd.iter().enumerate() {
        for j in 0..200 {
            f.dns(1e9 + j as f64, [10, 0, 1, i as u8], name, "TXT", "NXDOMAIN");
        }
    }
    f.conn(1e9, (ME, [203, 0, 113, 1], 443), -5.0, u64::MAX);
    f.conn(4e9, (ME, [203, 0, 113, 1], 443), 1e300, u64::MAX);
    f.conn(1.0, (ME, [203, 0, 113, 1], 443), f64::NAN, 0);
    assert!(
        f.found
            .iter()
            .all(|f| f.score.is_finite() && f.score <= 20.0)
    );
    let bytes = f.hunter.save().unwrap();
    BehaviorEngine::restore(Settings::default(), None, &bytes).unwrap();
}
