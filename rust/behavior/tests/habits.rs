//! What is strange beside a host's own past, or beside what all others do: silent hours, fan-out,
//! resolvers, queries.

mod common;

use common::{Feed, V};
use zeek_anomaly_behavior::{BehaviorEngine, Settings};

const DAY: f64 = 86_400.0;
/// A Monday, midnight.
const MONDAY: f64 = 1_772_409_600.0;

trait Rows {
    fn conn(&mut self, ts: f64, orig: [u8; 4], resp: [u8; 4], port: u16);
    fn dns(&mut self, ts: f64, orig: [u8; 4], resolver: [u8; 4], query: &str, qtype: &str);
}

impl Rows for Feed {
    fn conn(&mut self, ts: f64, orig: [u8; 4], resp: [u8; 4], port: u16) {
        let own = [
            ("proto", V::Text("tcp")),
            ("conn_state", V::Text("SF")),
            ("orig_bytes", V::Count(400)),
            ("resp_bytes", V::Count(900)),
        ];
        self.row("conn", ts, (orig, 50_000), (resp, port), &own);
    }

    fn dns(&mut self, ts: f64, orig: [u8; 4], resolver: [u8; 4], query: &str, qtype: &str) {
        let own = [
            ("proto", V::Text("udp")),
            ("query", V::Text(query)),
            ("qtype_name", V::Text(qtype)),
            ("rcode_name", V::Text("NOERROR")),
        ];
        self.row("dns", ts, (orig, 50_000), (resolver, 53), &own);
    }
}

const SITE: [u8; 4] = [198, 51, 100, 7];

/// Office hours of some hosts on the working days from day 0 up to `days`.
fn office(f: &mut Feed, hosts: u8, days: u32) {
    for day in (0..days).filter(|d| d % 7 < 5) {
        for hour in 8..18u32 {
            for i in 0..6u32 {
                for h in 0..hosts {
                    let ts = MONDAY
                        + DAY * f64::from(day)
                        + f64::from(hour * 3600 + i * 500 + u32::from(h));
                    f.conn(ts, [10, 0, 0, 10 + h], SITE, 443);
                }
            }
        }
    }
}

#[test]
fn activity_at_a_silent_hour_is_found_once_enough_days_are_known() {
    let night = |f: &mut Feed, day: f64| {
        for i in 0..30 {
            f.conn(
                MONDAY + DAY * day + 3.0 * 3600.0 + f64::from(i) * 20.0,
                [10, 0, 0, 10],
                [203, 0, 113, 9],
                443,
            );
        }
    };
    // After four days nobody knows.
    let mut f = Feed::new();
    office(&mut f, 3, 4);
    night(&mut f, 4.0);
    assert!(f.of("off_hours_activity").is_empty());

    let mut f = Feed::new();
    office(&mut f, 3, 26);
    assert!(
        f.of("off_hours_activity").is_empty(),
        "office hours are usual"
    );
    night(&mut f, 28.0);
    let found = f.of("off_hours_activity");
    assert!(!found.is_empty() && found[0].entity.to_string() == "10.0.0.10");
    assert!(
        found[0].score >= 2.4 && found.iter().all(|x| x.id == found[0].id),
        "{found:?}"
    );
    assert!(found[0].reasons[0].value.contains("03:00"), "{found:?}");
}

#[test]
fn a_network_that_works_late_now_and_then_raises_its_own_bar() {
    let mut f = Feed::new();
    for week in 0..5u32 {
        for day in 0..5u32 {
            let midnight = MONDAY + DAY * f64::from(week * 7 + day);
            for h in 0..6u8 {
                // One in ten evenings or nights of each host has work in it.
                let late = (week * 31 + day * 7 + u32::from(h) * 13) % 10 == 0;
                let night = 19 + (week * 5 + day + u32::from(h)) % 5;
                for hour in (8..18u32).chain(late.then_some(night)) {
                    for i in 0..12u32 {
                        let ts = midnight + f64::from(hour * 3600 + i * 250 + u32::from(h));
                        f.conn(ts, [10, 0, 0, 10 + h], SITE, 443);
                    }
                }
            }
        }
    }
    assert!(
        f.of("off_hours_activity").len() <= 2,
        "{:?}",
        f.of("off_hours_activity")
    );
}

#[test]
fn a_host_that_talks_to_many_more_of_ours_is_found_and_one_that_always_does_is_not() {
    let mut f = Feed::new();
    let (me, busy) = ([10, 0, 0, 5], [10, 0, 0, 6]);
    for hour in 0..60u32 {
        let at = MONDAY + f64::from(hour) * 3600.0;
        for i in 0..4u8 {
            f.conn(at + f64::from(i), me, [10, 0, 1, (hour as u8 + i) % 5], 445);
        }
        for i in 0..40u8 {
            f.conn(at + 100.0 + f64::from(i), busy, [10, 0, 2, i], 445);
        }
    }
    assert!(
        f.of("fan_out_increase").is_empty(),
        "{:?}",
        f.of("fan_out_increase")
    );
    for i in 0..40u8 {
        f.conn(
            MONDAY + 61.0 * 3600.0 + f64::from(i) * 30.0,
            me,
            [10, 0, 3, i],
            445,
        );
    }
    let found = f.of("fan_out_increase");
    assert!(!found.is_empty() && found[0].entity.to_string() == "10.0.0.5");
    assert!(
        found[0].count < 30 && found[0].confidence > 0.5,
        "{found:?}"
    );
}

#[test]
fn a_widening_circle_becomes_usual_slowly() {
    let mut f = Feed::new();
    let me = [10, 0, 0, 5];
    let mut before = 0;
    // Three times as many, each day in the same hours: what stood out taught half.
    for day in 0..20u32 {
        let n = if day < 8 { 4u8 } else { 13 };
        for hour in 9..17u32 {
            for i in 0..n {
                let ts = MONDAY + DAY * f64::from(day) + f64::from(hour * 3600 + u32::from(i) * 9);
                f.conn(ts, me, [10, 0, 1, i], 443);
            }
        }
        let now = f.of("fan_out_increase").len();
        if day == 8 {
            assert!(now > 0);
        }
        if day == 18 {
            before = now;
        }
    }
    assert_eq!(
        f.of("fan_out_increase").len(),
        before,
        "in the end it is usual"
    );
}

#[test]
fn a_resolver_that_one_host_asks_is_found_where_all_others_share_theirs() {
    let mut f = Feed::new();
    for i in 0..400u32 {
        let ts = MONDAY + f64::from(i) * 30.0;
        let host = [10, 0, 0, 10 + (i % 12) as u8];
        f.dns(
            ts,
            host,
            [10, 0, 0, 1],
            &format!("www.site{}.example", i % 40),
            "A",
        );
        if i % 12 == 3 {
            f.dns(
                ts + 1.0,
                host,
                [203, 0, 113, 53],
                &format!("a{i}.other.example"),
                "A",
            );
        }
        // A resolver of the network asks many.
        f.dns(
            ts + 2.0,
            [10, 0, 0, 1],
            [192, 0, 2, (i % 200) as u8],
            "site.example",
            "A",
        );
    }
    let found = f.of("unusual_dns_resolver");
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|x| x.entity.to_string() == "10.0.0.13 -> 203.0.113.53:53/udp"),
        "{found:?}"
    );
    assert!(found[0].count == 10 && found[0].score >= 3.0);
}

#[test]
fn of_few_hosts_a_resolver_is_told_that_is_new_for_one_after_days() {
    let mut f = Feed::new();
    for i in 0..500u32 {
        let ts = MONDAY + f64::from(i) * 1200.0;
        f.dns(ts, [10, 0, 0, 10], [10, 0, 0, 1], "www.site.example", "A");
        if ts > MONDAY + 5.0 * DAY {
            f.dns(
                ts + 1.0,
                [10, 0, 0, 10],
                [203, 0, 113, 53],
                "www.site.example",
                "A",
            );
        }
    }
    let found = f.of("unusual_dns_resolver");
    assert!(
        !found.is_empty() && found[0].entity.to_string().contains("203.0.113.53"),
        "{found:?}"
    );
}

#[test]
fn long_names_of_one_domain_are_found_and_those_that_everybody_asks_for_are_not() {
    let mut f = Feed::new();
    let filler = "x".repeat(55);
    for i in 0..12u32 {
        let ts = MONDAY + f64::from(i) * 60.0;
        f.dns(
            ts,
            [10, 0, 0, 5],
            [10, 0, 0, 1],
            &format!("{filler}.{filler}{i}.t.example.org"),
            "A",
        );
        for h in 0..20u8 {
            let name = format!("{filler}.{filler}{i}-{h}.lookup.example.com");
            f.dns(
                ts + 1.0 + f64::from(h),
                [10, 0, 1, h],
                [10, 0, 0, 1],
                &name,
                "A",
            );
        }
    }
    let mine = f
        .of("dns_long")
        .into_iter()
        .find(|x| x.name.as_deref() == Some("example.org"));
    assert_eq!(mine.map(|x| (x.count, x.update)), Some((5, 0)));
    let last = f
        .found
        .iter()
        .rev()
        .find(|x| x.kind.0.name == "dns_long")
        .unwrap();
    assert_eq!(
        last.name.as_deref(),
        Some("example.org"),
        "the first of twenty may be told, not all"
    );
}

#[test]
fn a_type_that_nobody_else_asks_for_is_found_at_one_domain_and_not_in_a_mail_servers_work() {
    let mut f = Feed::new();
    for i in 0..3000u32 {
        let ts = MONDAY + f64::from(i) * 5.0;
        let host = [10, 0, 0, 10 + (i % 30) as u8];
        f.dns(
            ts,
            host,
            [10, 0, 0, 1],
            &format!("www.site{}.com", i % 90),
            if i % 3 == 0 { "AAAA" } else { "A" },
        );
        if i % 20 == 0 && i > 2000 {
            f.dns(
                ts + 1.0,
                [10, 0, 0, 5],
                [10, 0, 0, 1],
                &format!("a{i}.t.example.org"),
                "TXT",
            );
            f.dns(
                ts + 2.0,
                [10, 0, 0, 6],
                [10, 0, 0, 1],
                &format!("mail.firm{i}.com"),
                "MX",
            );
        }
    }
    let found = f.of("dns_rare_type");
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|x| x.entity.to_string() == "10.0.0.5 -> example.org"),
        "{found:?}"
    );
    // The transfer of a zone is one question.
    f.dns(
        MONDAY + 20_000.0,
        [10, 0, 0, 7],
        [10, 0, 0, 1],
        "zone.firm.com",
        "AXFR",
    );
    assert_eq!(
        f.of("dns_rare_type")
            .last()
            .map(|x| x.entity.to_string())
            .as_deref(),
        Some("10.0.0.7 -> firm.com")
    );
}

#[test]
fn habits_survive_being_saved() {
    let mut f = Feed::new();
    office(&mut f, 3, 26);
    let bytes = f.hunter.save().unwrap();
    f.hunter = BehaviorEngine::restore(Settings::default(), None, &bytes).unwrap();
    assert_eq!(bytes, f.hunter.save().unwrap());
    for i in 0..30 {
        f.conn(
            MONDAY + DAY * 28.0 + 3.0 * 3600.0 + f64::from(i) * 20.0,
            [10, 0, 0, 10],
            SITE,
            443,
        );
    }
    assert!(!f.of("off_hours_activity").is_empty());
}
