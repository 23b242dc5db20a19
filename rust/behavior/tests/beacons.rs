//! Beacons as they come: retried, behind names and proxies, in companies; and what is none.

mod common;

use common::{Feed, Side, V};
use zeek_anomaly_behavior::{BehaviorEngine, Finding, Settings};

/// A row that is to be fed: when, and how.
type Planned = (f64, Box<dyn Fn(&mut Feed, f64)>);

const ME: [u8; 4] = [10, 0, 0, 3];
const C2: [u8; 4] = [203, 0, 113, 80];

/// A connection that was answered, or not.
fn conn(f: &mut Feed, ts: f64, orig: Side, resp: Side, answered: bool) {
    let (state, bytes) = if answered { ("SF", 480) } else { ("S0", 0) };
    let own = [
        ("proto", V::Text("tcp")),
        ("conn_state", V::Text(state)),
        ("duration", V::Seconds(if answered { 0.4 } else { 0.0 })),
        ("orig_bytes", V::Count(bytes)),
        ("resp_bytes", V::Count(bytes)),
    ];
    f.row("conn", ts, orig, resp, &own);
}

/// One of twenty hosts.
fn host(i: u64) -> [u8; 4] {
    [10, 0, 0, 100 + (i % 20) as u8]
}

/// Moments without a rhythm, from a number.
fn scattered(i: u64) -> f64 {
    (i.wrapping_mul(2_654_435_761) % 28_800_000) as f64 / 1000.0
}

/// Feeds rows in the order of time, with other hosts that call a few servers.
fn feed(calls: Vec<Planned>) -> Feed {
    let mut f = Feed::new();
    let mut rows: Vec<Planned> = calls;
    for i in 0..2000 {
        let server: Side = ([198, 51, 100, 20 + (i / 60) as u8], 443);
        rows.push((
            1e9 + scattered(i),
            Box::new(move |f, ts| {
                named(f, ts, host(i / 3), server, "www.cloud.example");
                conn(f, ts, (host(i / 3), 40_000), server, true);
            }),
        ));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (ts, row) in rows {
        row(&mut f, ts);
    }
    f.hunter.finish(&mut f.found);
    f
}

fn named(f: &mut Feed, ts: f64, orig: [u8; 4], resp: Side, name: &str) {
    let own = [("server_name", V::Text(name))];
    f.row("ssl", ts, (orig, 40_000), resp, &own);
}

/// The last state of each beacon of a host.
fn beacons(f: &Feed, of: [u8; 4]) -> Vec<&Finding> {
    let mut last: Vec<&Finding> = Vec::new();
    for b in f.of("beacon") {
        last.retain(|l| l.id != b.id);
        if b.entity.host() == std::net::IpAddr::from(of) {
            last.push(b);
        }
    }
    last
}

fn said<'f>(f: &'f Finding, what: &str) -> &'f str {
    let reason = f.reasons.iter().find(|r| r.what == what);
    reason.map_or("", |r| r.value.as_str())
}

#[test]
fn a_call_that_is_tried_again_is_one_beat() {
    for (every, again) in [
        (10.0, vec![7.2]),
        (45.0, vec![7.2]),
        (60.0, vec![7.2, 15.2, 31.3]),
        (300.0, vec![9.0, 21.0]),
    ] {
        let mut calls: Vec<Planned> = Vec::new();
        for i in 0..100_u16 {
            for late in std::iter::once(&0.0).chain(&again) {
                let at = 1e9 + every * f64::from(i) + late;
                let orig = (ME, 30_000 + i);
                calls.push((
                    at,
                    Box::new(move |f, ts| conn(f, ts, orig, (C2, 6667), false)),
                ));
            }
        }
        let f = feed(calls);
        let found = beacons(&f, ME);
        assert_eq!(found.len(), 1, "every {every} s");
        assert_eq!(found[0].count, 100, "every {every} s");
        let period = match every {
            300.0 => "every 5 min".into(),
            s => format!("every {s} s"),
        };
        assert!(said(found[0], "rhythm").starts_with(&period), "{found:?}");
    }
}

#[test]
fn a_name_that_everybody_asks_for_hides_no_address_that_nobody_else_calls() {
    let calls = (0..200).map(|i| -> Planned {
        let call = move |f: &mut Feed, ts| {
            named(f, ts, ME, (C2, 443), "www.cloud.example");
            conn(f, ts, (ME, 40_000), (C2, 443), true);
        };
        (1e9 + 60.0 * f64::from(i), Box::new(call))
    });
    let f = feed(calls.collect());
    assert_eq!(beacons(&f, ME).len(), 1);
    assert_eq!(
        f.of("beacon")
            .iter()
            .filter(|b| b.entity.host() != std::net::IpAddr::from(ME))
            .count(),
        0
    );
}

#[test]
fn a_name_that_many_addresses_serve_to_few_hosts_each_stays_ordinary() {
    let calls = (0..20_u64).flat_map(|h| {
        (0..60).map(move |i| -> Planned {
            let edge: Side = ([192, 0, 2, 10 + h as u8], 443);
            let call = move |f: &mut Feed, ts| {
                named(f, ts, host(h), edge, "push.cdn.example");
                conn(f, ts, (host(h), 40_000), edge, true);
            };
            (1e9 + 300.0 * f64::from(i) + 11.0 * h as f64, Box::new(call))
        })
    });
    let f = feed(calls.collect());
    assert!(f.of("beacon").is_empty(), "{:?}", f.of("beacon").first());
}

#[test]
fn a_proxy_is_judged_by_each_name_that_it_is_asked_for() {
    let proxy: Side = ([10, 0, 0, 9], 3128);
    for (method, uri) in [
        ("CONNECT", "c2.evil.example:443"),
        ("GET", "http://c2.evil.example:8080/a?b"),
    ] {
        let ask = move |f: &mut Feed, ts, orig: [u8; 4], method: &str, uri: &str| {
            let own = [("method", V::Text(method)), ("uri", V::Text(uri))];
            f.row("http", ts, (orig, 40_000), proxy, &own);
            conn(f, ts, (orig, 40_000), proxy, true);
        };
        let mut calls: Vec<Planned> = Vec::new();
        for i in 0..200 {
            let call = move |f: &mut Feed, ts| ask(f, ts, host(7), method, uri);
            calls.push((1e9 + 60.0 * f64::from(i), Box::new(call)));
        }
        for i in 0..1000 {
            let name = ["www.news.example:443", "mail.example.org:443"][i as usize % 2];
            let call = move |f: &mut Feed, ts| ask(f, ts, host(i / 2), "CONNECT", name);
            calls.push((1e9 + scattered(i + 7), Box::new(call)));
        }
        let f = feed(calls);
        let found = beacons(&f, host(7));
        assert_eq!(found.len(), 1, "{method}: {found:?}");
        assert_eq!(found[0].name.as_deref(), Some("c2.evil.example"));
        assert_eq!(found[0].count, 200);
        assert_eq!(
            f.of("beacon")
                .iter()
                .filter(|b| b.entity.host() != std::net::IpAddr::from(host(7)))
                .count(),
            0
        );
    }
}

#[test]
fn series_that_keep_the_same_time_are_one_finding_and_a_beacon_beside_them_is_its_own() {
    let mut calls: Vec<Planned> = Vec::new();
    for i in 0..40_u16 {
        for (n, port) in (0..60_u8).flat_map(|n| [(n, 22), (n, 443)]) {
            let at = 1e9 + 300.0 * f64::from(i) + 0.3 * f64::from(n);
            let to: Side = ([10, 0, 1, n], port);
            calls.push((
                at,
                Box::new(move |f, ts| conn(f, ts, (ME, 30_000 + i), to, true)),
            ));
        }
    }
    for i in 0..200_u16 {
        let wander = f64::from(i * 7 % 11);
        let at = 1e9 + 60.0 * f64::from(i) + wander;
        calls.push((
            at,
            Box::new(move |f, ts| conn(f, ts, (ME, 20_000 + i), (C2, 443), true)),
        ));
    }
    let f = feed(calls);
    let found = beacons(&f, ME);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().any(|b| b.entity.other() == Some(C2.into())));
    let monitor = found.iter().find(|b| b.entity.other() != Some(C2.into()));
    assert!(
        monitor.is_some_and(|m| said(m, "at the same times").ends_with("more")),
        "{monitor:?}"
    );
}

#[test]
fn clients_of_time_are_neither_beacons_nor_scans_and_who_looks_for_servers_is() {
    let ask = |f: &mut Feed, ts, to: [u8; 4], answered: bool, bytes: u64| {
        let mut own = vec![
            ("proto", V::Text("udp")),
            ("conn_state", V::Text(if answered { "SF" } else { "S0" })),
            (
                "orig_bytes",
                if answered { V::Count(bytes) } else { V::Unset },
            ),
            ("orig_pkts", V::Count(1)),
        ];
        if answered {
            own.push(("resp_bytes", V::Count(48)));
            own.push(("resp_pkts", V::Count(1)));
        }
        f.row("conn", ts, (ME, 123), (to, 123), &own);
    };
    let of = |every: f64, bytes: u64| {
        let mut f = Feed::new();
        f.hunter = BehaviorEngine::new(Settings::default(), None);
        for i in 0..600_u32 {
            let to = if i % 3 == 0 {
                C2
            } else {
                [198, 51, 100, (i % 200) as u8]
            };
            ask(&mut f, 1e9 + every * f64::from(i), to, i % 3 == 0, bytes);
        }
        f.hunter.finish(&mut f.found);
        f
    };
    let f = of(64.0, 48);
    assert!(f.of("beacon").is_empty() && f.of("scan_horizontal").is_empty());
    assert!(!of(0.1, 48).of("scan_horizontal").is_empty(), "a search");
    assert!(
        !of(64.0, 700).of("beacon").is_empty(),
        "no clock sends that much"
    );
}

/// Requests at a public server: its users, a monitor that asks by name, and one that asks by none.
fn at_server(bot_agent: &'static str) -> Feed {
    let server: Side = ([10, 0, 0, 10], 80);
    let mut rows: Vec<(f64, [u8; 4], &str, &str)> = Vec::new();
    for i in 0..3000u64 {
        let user = [198, 18, (i % 250) as u8, (i % 7) as u8];
        rows.push((1e9 + scattered(i), user, "www.corp.example", "Browser/9"));
        if i % 10 == 0 {
            rows.push((1e9 + scattered(i) + 5.0, user, "203.0.113.1", "Browser/9"));
        }
    }
    for i in 0..96u64 {
        let ts = 1e9 + 300.0 * i as f64;
        rows.push((ts + (i * 37 % 90) as f64, [198, 51, 100, 9], "", bot_agent));
        rows.push((ts, [198, 51, 100, 7], "www.corp.example", "Monitor/1"));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut f = Feed::new();
    for (ts, from, host, agent) in rows {
        let own = [
            ("host", V::Text(host)),
            ("uri", V::Text("/a")),
            ("user_agent", V::Text(agent)),
        ];
        f.row("http", ts, (from, 40_000), server, &own);
    }
    f.hunter.finish(&mut f.found);
    f
}

#[test]
fn a_beacon_is_found_at_the_server_by_its_rare_agent_and_monitors_are_not() {
    let f = at_server("Implant/1");
    let found = f.of("beacon");
    let hosts: Vec<_> = found.iter().map(|f| f.entity.host().to_string()).collect();
    assert!(
        !hosts.is_empty() && hosts.iter().all(|h| h == "198.51.100.9"),
        "{hosts:?}"
    );
    assert!(found.iter().any(|f| f.count == 96), "all of it at the end");
    assert!(
        at_server("Browser/9").of("beacon").is_empty(),
        "the agent of many"
    );
}
