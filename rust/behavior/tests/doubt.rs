//! Findings mark contradicted and estimated numbers, and traffic with an ordinary structure gives no finding.

mod common;

use common::{Feed, V};
use xxhash_rust::xxh3::xxh3_64_with_seed;
use zeek_anomaly_behavior::Finding;

const ME: [u8; 4] = [10, 0, 0, 5];
const DNS: ([u8; 4], u16) = ([10, 0, 0, 1], 53);

/// Letters and digits that follow from a number.
fn noise(n: u64, len: usize) -> String {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(x % 32) as usize])
    };
    (0..len).map(next).collect()
}

fn feed() -> Feed {
    Feed::new()
}

fn kinds(f: &Feed) -> Vec<&'static str> {
    f.found.iter().map(|f| f.kind.0.name).collect()
}

fn reason(f: &Finding, what: &str) -> String {
    let mut found = f.reasons.iter().filter(|r| r.what == what);
    found.next().map(|r| r.value.clone()).unwrap_or_default()
}

fn ask(f: &mut Feed, ts: f64, host: [u8; 4], name: &str) {
    let own = [
        ("query", V::Text(name)),
        ("qtype_name", V::Text("A")),
        ("rcode_name", V::Text("NXDOMAIN")),
    ];
    f.row("dns", ts, (host, 50_000), DNS, &own);
}

#[test]
fn bytes_that_no_packet_carried_are_no_upload() {
    for (ip, packets, missed) in [
        (V::Count(3666), V::Count(45), 1_607_310_063),
        (V::Unset, V::Count(45), 0),
        (V::Unset, V::Unset, 1_607_364_734),
    ] {
        let mut f = feed();
        let own = [
            ("proto", V::Text("tcp")),
            ("duration", V::Seconds(32.0)),
            ("orig_bytes", V::Count(1_607_364_734)),
            ("resp_bytes", V::Count(5200)),
            ("orig_pkts", packets),
            ("orig_ip_bytes", ip),
            ("missed_bytes", V::Count(missed)),
            ("conn_state", V::Text("S1")),
            ("service", V::Unset),
        ];
        f.row("conn", 1e9, (ME, 50_000), ([203, 0, 113, 9], 4444), &own);
        assert!(!kinds(&f).contains(&"upload"), "{missed}");
    }
}

#[test]
fn a_number_that_was_not_counted_says_about() {
    let mut f = feed();
    for port in 0..100u16 {
        let own = [("proto", V::Text("tcp")), ("conn_state", V::Text("REJ"))];
        f.row(
            "conn",
            1e9 + f64::from(port),
            (ME, 50_000),
            ([10, 0, 0, 9], 1000 + port),
            &own,
        );
    }
    f.hunter.finish(&mut f.found);
    let tried = reason(
        f.found
            .iter()
            .rfind(|f| f.kind.0.name == "scan_vertical")
            .unwrap(),
        "tried",
    );
    assert!(
        tried.starts_with("about ") && tried.contains(" ports of "),
        "{tried}"
    );
}

#[test]
fn what_a_proxy_forbids_is_no_failed_login() {
    for (method, uri) in [
        ("CONNECT", "ads.example:443"),
        ("GET", "http://ads.example/x"),
    ] {
        for status in [401u64, 403, 407] {
            let mut f = feed();
            for i in 0..200 {
                let own = [
                    ("method", V::Text(method)),
                    ("uri", V::Text(uri)),
                    (
                        "status_code",
                        V::Count(if i % 8 == 7 { 200 } else { status }),
                    ),
                ];
                f.row(
                    "http",
                    1e9 + f64::from(i),
                    (ME, 50_000),
                    ([10, 0, 0, 3], 3128),
                    &own,
                );
            }
            let guessing = kinds(&f).into_iter().find(|k| k.contains("guess"));
            assert_eq!(guessing, None, "{method} {status}");
        }
    }
}

#[test]
fn lookups_of_reputation_services_are_no_tunnel_and_unknown_zones_of_one_host_are() {
    let encoded = |i: u64| format!("{}.{}.{}.{}", i % 251, i % 241, i % 239, i % 13);
    let of = |zone: &str, hosts: u8| {
        let mut f = feed();
        for i in 0..3000u64 {
            let host = [10, 0, 0, 10 + (i % u64::from(hosts)) as u8];
            ask(
                &mut f,
                1e9 + 5.0 * i as f64,
                host,
                &format!("{}.{zone}", encoded(i)),
            );
        }
        kinds(&f).contains(&"dns_tunnel")
    };
    assert!(!of("zen.spamhaus.org", 1) && !of("bl.example.net", 3));
    assert!(of("bl.example.net", 1));
}

#[test]
fn names_chosen_against_the_count_of_names_are_a_tunnel() {
    // Under a key that anybody can read in the source, none of these raises a register that the first 32 names left.
    let key = xxh3_64_with_seed(b"", xxh3_64_with_seed(b"", 0));
    let key = xxh3_64_with_seed(&0xd450_0001u64.to_le_bytes(), key);
    let (mut registers, mut names) = (vec![0u32; 256], 0);
    let mut f = feed();
    for i in 1..2_000_000u64 {
        let name = format!(
            "{}.t.evil-cdn.com",
            noise(i, if names < 32 { 30 } else { 60 })
        );
        let hash = xxh3_64_with_seed(name.as_bytes(), key);
        let (at, rank) = (
            (hash >> 56) as usize,
            ((hash << 8) | 0x80).leading_zeros() + 1,
        );
        match names < 32 {
            true => registers[at] = registers[at].max(rank),
            false if registers[at] < rank => continue,
            false => {}
        }
        names += 1;
        ask(&mut f, 1e9 + 20.0 * f64::from(names), ME, &name);
        if names == 1000 {
            break;
        }
    }
    assert_eq!(names, 1000);
    assert!(kinds(&f).contains(&"dns_tunnel"));
}
