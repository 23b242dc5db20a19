//! ARP: searches and false claims are found, and what links do on ordinary days is not.

use std::net::Ipv4Addr;
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Finding, Settings};
use zeek_log::{Field, FieldType, RecordBuf, Schema};

const START: f64 = 1_700_000_000.0;
const BROADCAST: u64 = 0xffff_ffff_ffff;
const GATEWAY: u8 = 1;

struct Link {
    hunter: BehaviorEngine,
    columns: BehaviorColumns,
    found: Vec<Finding>,
}

/// An address of the link, and the hardware address that goes with it.
fn ip(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 7, n)
}

fn mac(n: u8) -> u64 {
    0x0010_2030_4000 + u64::from(n)
}

fn text(mac: u64) -> String {
    let bytes = mac.to_be_bytes();
    let hex: Vec<String> = bytes[2..].iter().map(|b| format!("{b:02x}")).collect();
    hex.join(":")
}

fn columns(names: [&str; 8]) -> BehaviorColumns {
    let kinds = [
        FieldType::Time,
        FieldType::String,
        FieldType::String,
        FieldType::String,
    ];
    let kinds = kinds.into_iter().chain([FieldType::Addr, FieldType::Addr]);
    let kinds = kinds.chain([FieldType::String, FieldType::String]);
    BehaviorColumns::bind(&Schema {
        log: "arp".into(),
        fields: names
            .iter()
            .zip(kinds)
            .map(|(n, t)| Field::new(*n, t))
            .collect(),
    })
}

impl Link {
    fn new() -> Link {
        let names = [
            "ts",
            "operation",
            "src_mac",
            "dst_mac",
            "orig_h",
            "resp_h",
            "orig_hw",
            "resp_hw",
        ];
        Link {
            hunter: BehaviorEngine::new(Settings::default(), None),
            columns: columns(names),
            found: Vec::new(),
        }
    }

    fn frame(
        &mut self,
        ts: f64,
        op: &str,
        (from, to): (u64, u64),
        (claim, hw): (Ipv4Addr, u64),
        (other, other_hw): (Ipv4Addr, u64),
    ) {
        let mut b = RecordBuf::new();
        b.push_time(START + ts);
        b.push_text(op.as_bytes());
        b.push_text(text(from).as_bytes());
        b.push_text(text(to).as_bytes());
        b.push_addr(claim.into());
        b.push_addr(other.into());
        b.push_text(text(hw).as_bytes());
        b.push_text(text(other_hw).as_bytes());
        self.hunter
            .observe(&self.columns, &b.record(), &mut self.found);
    }

    fn asks(&mut self, ts: f64, who: u8, about: u8) {
        self.frame(
            ts,
            "request",
            (mac(who), BROADCAST),
            (ip(who), mac(who)),
            (ip(about), 0),
        );
    }

    fn tells(&mut self, ts: f64, hw: u64, claim: u8, to: u8) {
        self.frame(
            ts,
            "reply",
            (hw, mac(to)),
            (ip(claim), hw),
            (ip(to), mac(to)),
        );
    }

    /// A question and its answer.
    fn meet(&mut self, ts: f64, who: u8, about: u8) {
        self.asks(ts, who, about);
        self.tells(ts + 0.001, mac(about), about, who);
    }

    fn announces(&mut self, ts: f64, op: &str, claim: u8, hw: u64) {
        self.frame(
            ts,
            op,
            (hw, BROADCAST),
            (ip(claim), hw),
            (ip(claim), BROADCAST),
        );
    }

    /// Twenty hosts that refresh the gateway's entry each two minutes, and it theirs.
    fn office(&mut self, from: f64, until: f64) {
        let mut t = from;
        while t < until {
            for host in 10..30 {
                self.meet(t + f64::from(host), host, GATEWAY);
                self.meet(t + f64::from(host) + 0.5, GATEWAY, host);
            }
            t += 120.0;
        }
    }

    /// The last state of what was found, by kind and host.
    fn end(mut self) -> Vec<(String, String, Finding)> {
        self.hunter.finish(&mut self.found);
        let mut all: Vec<(String, String, Finding)> = Vec::new();
        for f in self.found.into_iter().filter(|f| f.kind.0.name != "host") {
            all.retain(|a| a.2.id != f.id);
            all.push((f.kind.0.name.into(), f.entity.to_string(), f));
        }
        all
    }

    fn names(self) -> Vec<(String, String)> {
        self.end().into_iter().map(|(k, h, _)| (k, h)).collect()
    }
}

fn one(kind: &str, host: u8) -> Vec<(String, String)> {
    vec![(kind.into(), ip(host).to_string())]
}

#[test]
fn a_sweep_is_found_whether_the_network_is_full_or_empty() {
    for there in [2, 20, 180] {
        let mut l = Link::new();
        for n in 1..255u8 {
            let t = f64::from(n) * 0.01;
            match n <= there {
                true => l.meet(t, 200, n),
                false => l.asks(t, 200, n),
            }
        }
        let found = l.end();
        assert_eq!(found.len(), 1, "{there}: {found:?}");
        assert_eq!(found[0].0, "scan_arp");
        assert_eq!(found[0].1, ip(200).to_string());
        assert!(found[0].2.score >= 4.0 && found[0].2.count > 200);
    }
}

#[test]
fn a_search_in_no_order_from_no_address_is_found() {
    let mut l = Link::new();
    for i in 0..100u8 {
        let asked = ip(i.wrapping_mul(77));
        let nobody = Ipv4Addr::UNSPECIFIED;
        l.frame(
            f64::from(i) * 0.1,
            "request",
            (mac(9), BROADCAST),
            (nobody, mac(9)),
            (asked, 0),
        );
    }
    assert_eq!(l.end()[0].0, "scan_arp");
}

#[test]
fn patience_does_not_help() {
    let mut l = Link::new();
    for i in 0..24u8 {
        let t = f64::from(i) * 3000.0;
        l.office(t, t + 120.0);
        l.asks(t + 500.0, 15, 100 + 5 * i);
    }
    assert_eq!(l.names(), one("scan_arp", 15));
}

#[test]
fn a_gateway_that_asks_for_all_that_the_internet_tries_is_no_scanner() {
    let mut l = Link::new();
    l.office(0.0, 600.0);
    for n in 1..=254u8 {
        l.asks(700.0 + f64::from(n) * 0.05, GATEWAY, n);
    }
    for round in 0..20 {
        let t = 1000.0 + 600.0 * f64::from(round);
        l.office(t, t + 120.0);
        for n in (30..250u8).step_by(7) {
            l.asks(t + f64::from(n), GATEWAY, n.wrapping_add(round));
        }
    }
    assert_eq!(l.names(), []);
}

#[test]
fn hosts_that_find_what_they_ask_for_or_miss_a_few_are_no_scanners() {
    let mut l = Link::new();
    for day in 0..3 {
        let t = 86_400.0 * f64::from(day);
        l.office(t, t + 600.0);
        // A server and its clients, half an hour.
        for host in 10..30 {
            l.meet(t + 700.0 + 60.0 * f64::from(host), 5, host);
        }
        // A host with a dozen stale neighbours, again and again.
        for again in 0..10 {
            for n in 0..12 {
                l.asks(
                    t + 4000.0 + 300.0 * f64::from(again) + f64::from(n),
                    12,
                    200 + n,
                );
            }
        }
        // Each host probes its own address before it uses it.
        for host in 10..30 {
            for again in 0..3 {
                let t = t + 9000.0 + f64::from(host) + f64::from(again);
                let own = (mac(host), BROADCAST);
                l.frame(
                    t,
                    "request",
                    own,
                    (Ipv4Addr::UNSPECIFIED, mac(host)),
                    (ip(host), 0),
                );
            }
            l.announces(t + 9004.0 + f64::from(host), "request", host, mac(host));
        }
    }
    assert_eq!(l.names(), []);
}

/// The machine that is not what it says.
const EVIL: u64 = 0x0666_0000_0001;

#[test]
fn who_tells_a_host_again_and_again_that_it_is_the_gateway_is_found() {
    let mut l = Link::new();
    l.office(0.0, 600.0);
    // It has an address of its own, and finds its victim by that.
    l.frame(
        601.0,
        "request",
        (EVIL, BROADCAST),
        (ip(66), EVIL),
        (ip(GATEWAY), 0),
    );
    l.tells(601.001, mac(GATEWAY), GATEWAY, 66);
    for i in 0..30 {
        l.tells(610.0 + 2.0 * f64::from(i), EVIL, GATEWAY, 15);
    }
    let found = l.end();
    assert_eq!(found.len(), 1, "{found:?}");
    let (kind, host, f) = &found[0];
    assert_eq!(
        (kind.as_str(), host.as_str()),
        ("arp_spoofing", "192.168.7.66")
    );
    assert!(f.score >= 5.5 && f.count >= 25, "{f:?}");
    let why: Vec<String> = f
        .reasons
        .iter()
        .map(|r| format!("{} {}", r.what, r.value))
        .collect();
    let why = why.join("\n");
    for words in [
        "machine 06:66:00:00:00:01",
        "also at 00:10:20:30:40:01",
        "hosts ask for 192.168.7.1",
    ] {
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn who_listens_in_between_is_found_though_nobody_else_is_seen() {
    let mut l = Link::new();
    for i in 0..10 {
        l.tells(2.0 * f64::from(i), EVIL, GATEWAY, 15);
        l.tells(2.0 * f64::from(i) + 0.1, EVIL, 15, GATEWAY);
    }
    // Where that is all there is, nothing tells whether questions are seen.
    assert_eq!(l.names(), []);
    let mut l = Link::new();
    l.meet(0.0, 20, 21);
    for i in 0..10 {
        l.tells(1.0 + 2.0 * f64::from(i), EVIL, GATEWAY, 15);
        l.tells(1.1 + 2.0 * f64::from(i), EVIL, 15, GATEWAY);
    }
    assert_eq!(l.end()[0].0, "arp_spoofing");
}

#[test]
fn claims_by_questions_are_found_where_two_hosts_keep_contradicting() {
    let mut l = Link::new();
    l.office(0.0, 240.0);
    for i in 0..12 {
        let t = 300.0 + 10.0 * f64::from(i);
        // Each is asked for by the other, in the name of the other.
        let evil = (EVIL, BROADCAST);
        l.frame(t, "request", evil, (ip(GATEWAY), EVIL), (ip(15), 0));
        l.frame(t + 0.1, "request", evil, (ip(15), EVIL), (ip(GATEWAY), 0));
        l.meet(t + 5.0, 15, GATEWAY);
    }
    let found = l.end();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "arp_spoofing");
    let reasons = &found[0].2.reasons;
    assert_eq!(reasons[0].value, "06:66:00:00:00:01");
    assert!(reasons.iter().any(|r| r.what == "contested"), "{reasons:?}");
}

#[test]
fn addresses_that_change_hands_are_ordinary() {
    let mut l = Link::new();
    l.office(0.0, 600.0);
    // Failover there and back, each announced; and a split, in which both go on.
    for (i, t) in [700.0, 4000.0, 4300.0, 4600.0, 4900.0, 5200.0]
        .into_iter()
        .enumerate()
    {
        let hw = if i % 2 == 0 { mac(251) } else { mac(250) };
        for again in 0..5 {
            l.announces(t + f64::from(again), "reply", 250, hw);
        }
        for host in 10..30 {
            l.asks(t + 10.0 + f64::from(host), host, 250);
            l.tells(t + 10.01 + f64::from(host), hw, 250, host);
        }
    }
    // An address that another gets by DHCP; a machine that moves.
    l.announces(6000.0, "request", 40, mac(140));
    l.meet(6001.0, 12, GATEWAY);
    l.announces(9000.0, "request", 40, mac(141));
    // One that answers for hosts that sleep, until they are back.
    for host in 10..16 {
        let t = 10_000.0 + 100.0 * f64::from(host);
        l.announces(t, "reply", host, mac(99));
        l.asks(t + 1.0, 20, host);
        l.tells(t + 1.1, mac(99), host, 20);
        l.announces(t + 50.0, "request", host, mac(host));
        l.meet(t + 51.0, host, GATEWAY);
    }
    l.office(12_000.0, 12_600.0);
    assert_eq!(l.names(), []);
}

#[test]
fn a_host_that_answers_by_two_interfaces_is_ordinary() {
    let mut l = Link::new();
    l.office(0.0, 600.0);
    let (a, b) = (mac(101), mac(102));
    for i in 0..200 {
        let t = 700.0 + 30.0 * f64::from(i);
        for (own, asker) in [(101, 12), (102, 13)] {
            l.asks(t + f64::from(own), asker, own);
            l.tells(t + f64::from(own) + 0.001, a, own, asker);
            l.tells(t + f64::from(own) + 0.002, b, own, asker);
        }
    }
    assert_eq!(l.names(), []);
}

#[test]
fn repeaters_balancers_and_proxies_are_ordinary() {
    let mut l = Link::new();
    l.office(0.0, 600.0);
    let repeater = mac(200);
    for i in 0..50 {
        let t = 700.0 + 20.0 * f64::from(i);
        // A repeater puts its own address on the frames of its stations.
        let to = (repeater, BROADCAST);
        l.frame(t, "request", to, (ip(33), mac(33)), (ip(GATEWAY), 0));
        l.tells(t + 0.001, mac(GATEWAY), GATEWAY, 33);
        l.asks(t + 1.0, GATEWAY, 33);
        l.frame(
            t + 1.001,
            "reply",
            (repeater, mac(GATEWAY)),
            (ip(33), mac(33)),
            (ip(GATEWAY), mac(GATEWAY)),
        );
        // A balancer answers with a hardware address of a group.
        l.asks(t + 2.0, 12, 60);
        l.frame(
            t + 2.001,
            "reply",
            (mac(61), mac(12)),
            (ip(60), 0x03bf_c0a8_073c),
            (ip(12), mac(12)),
        );
        // A router answers for hosts behind it.
        for host in 70..80 {
            l.asks(t + 3.0 + 0.1 * f64::from(host), 14, host);
            l.tells(t + 3.01 + 0.1 * f64::from(host), mac(GATEWAY), host, 14);
        }
        // A host announces itself for ever.
        l.announces(t + 4.0, "reply", 44, mac(44));
    }
    assert_eq!(l.names(), []);
}

#[test]
fn where_questions_are_not_seen_nobody_is_blamed_for_answers() {
    let mut l = Link::new();
    for i in 0..300 {
        for host in 10..30 {
            l.tells(
                60.0 * f64::from(i) + f64::from(host),
                mac(GATEWAY),
                GATEWAY,
                host,
            );
            l.tells(60.0 * f64::from(i) + f64::from(host) + 0.5, mac(2), 2, host);
            l.tells(60.0 * f64::from(i) + f64::from(host) + 0.6, mac(2), 3, host);
        }
    }
    assert_eq!(l.names(), []);
}

#[test]
fn forged_frames_are_found_by_what_is_wrong_with_them() {
    let mut l = Link::new();
    let (from, hw) = (0x505b_c2db_c317, 0x5050_5050_5050);
    let far = Ipv4Addr::new(69, 220, 152, 0);
    l.frame(
        0.0,
        "request",
        (from, 0x3030_3030_3030),
        (ip(15), hw),
        (far, 0x3030_3030_3030),
    );
    l.frame(
        0.0,
        "reply",
        (from, BROADCAST),
        (ip(15), hw),
        (far, BROADCAST),
    );
    let found = l.end();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "arp_forged");
    assert_eq!(found[0].1, ip(15).to_string());
}

#[test]
fn columns_go_by_the_names_that_other_scripts_use() {
    for names in [
        [
            "ts",
            "operation",
            "mac_src",
            "mac_dst",
            "SPA",
            "TPA",
            "SHA",
            "THA",
        ],
        ["ts", "op", "mac_src", "mac_dst", "spa", "tpa", "sha", "tha"],
        [
            "ts",
            "opcode",
            "mac_src",
            "mac_dst",
            "sender_ip",
            "target_ip",
            "sender_mac",
            "target_mac",
        ],
        [
            "ts",
            "operation",
            "src_mac",
            "dst_mac",
            "src_ip",
            "dst_ip",
            "-",
            "--",
        ],
    ] {
        let mut l = Link::new();
        l.columns = columns(names);
        for n in 1..100u8 {
            l.asks(f64::from(n) * 0.1, 200, n);
        }
        assert_eq!(l.names(), one("scan_arp", 200), "{names:?}");
    }
}

#[test]
fn what_was_saved_goes_on_and_a_flood_stays_in_its_memory() {
    let mut l = Link::new();
    l.office(0.0, 240.0);
    for i in 0..4 {
        l.tells(300.0 + 2.0 * f64::from(i), EVIL, GATEWAY, 15);
    }
    let bytes = l.hunter.save().unwrap();
    l.hunter = BehaviorEngine::restore(Settings::default(), None, &bytes).unwrap();
    assert_eq!(l.hunter.save().unwrap(), bytes);
    // A restart forgets which questions are under way, and nothing else.
    l.tells(310.0, EVIL, GATEWAY, 15);
    assert_eq!(l.found.last().unwrap().kind.0.name, "arp_spoofing");

    let mut flood = Link::new();
    let mut settings = Settings::default();
    settings.memory = 8 << 20;
    flood.hunter = BehaviorEngine::new(settings, None);
    for i in 0..60_000u64 {
        let [a, b, c, d] = (i.wrapping_mul(0x9e37_79b9) as u32).to_be_bytes();
        let hw = (i.wrapping_mul(0x9e37_79b9_7f4a) & 0xfcff_ffff_ffff) | 2;
        let (claim, other) = (Ipv4Addr::new(10, a, b, c), Ipv4Addr::new(10, d, c, b));
        let op = if i % 2 == 0 { "request" } else { "reply" };
        flood.frame(
            i as f64 / 1000.0,
            op,
            (hw, BROADCAST),
            (claim, hw),
            (other, 0),
        );
    }
    let parts = flood.hunter.parts();
    let arp = parts.iter().find(|p| p.name == "arp").unwrap();
    assert!(arp.bytes <= arp.budget, "{arp:?}");
    assert!(arp.given_up.newcomers > 0, "{arp:?}");
}
