//! What real logs showed to be missed: kept from being missed again.

mod common;

use common::{Feed, Side, V};
use zeek_anomaly_behavior::{BehaviorEngine, Settings};

const ME: [u8; 4] = [10, 0, 0, 5];

trait Rows {
    fn dns(&mut self, ts: f64, query: &str, rcode: &str);
    fn conn(&mut self, ts: f64, orig: Side, resp: Side, more: (&str, &str, &str));
}

impl Rows for Feed {
    fn dns(&mut self, ts: f64, query: &str, rcode: &str) {
        let own = [("query", V::Text(query)), ("rcode_name", V::Text(rcode))];
        self.row("dns", ts, (ME, 50_000), ([10, 0, 0, 1], 53), &own);
    }

    fn conn(
        &mut self,
        ts: f64,
        orig: Side,
        resp: Side,
        (proto, service, state): (&str, &str, &str),
    ) {
        let bytes = if state == "SF" { 5000 } else { 0 };
        let own = [
            ("proto", V::Text(proto)),
            ("service", V::Text(service)),
            ("conn_state", V::Text(state)),
            ("orig_bytes", V::Count(bytes)),
            ("resp_bytes", V::Count(bytes)),
            ("local_orig", V::Bool(orig.0[0] == 147)),
            ("local_resp", V::Bool(resp.0[0] == 147)),
        ];
        self.row("conn", ts, orig, resp, &own);
    }
}

/// Seven letters, as a generator of names makes them.
fn made(n: u64) -> String {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
    let mut letter = |of: &[u8]| {
        let c = of[(x % of.len() as u64) as usize];
        x /= of.len() as u64;
        char::from(c)
    };
    let (c, v): (&[u8], &[u8]) = (b"bcdfghklmnpqrstvwxz", b"aeiouy");
    (0..7)
        .map(|i| letter(if i % 2 == 0 { c } else { v }))
        .collect()
}

#[test]
fn a_search_is_found_at_a_host_that_knows_thousands_of_domains() {
    let mut f = Feed::new();
    for i in 0..5000 {
        f.dns(
            1e9 + f64::from(i) * 30.0,
            &format!("www.shop{i}.com"),
            "NOERROR",
        );
    }
    // What is left of an old setting is asked for again and again.
    for i in 0..500 {
        f.dns(
            1e9 + 200_000.0 + f64::from(i) * 60.0,
            &format!("old{}.example", i % 7),
            "NXDOMAIN",
        );
    }
    assert!(f.of("dga_activity").is_empty(), "{:?}", f.found[0]);
    for i in 0..60 {
        f.dns(2e9 + i as f64, &format!("{}.com", made(i)), "NXDOMAIN");
    }
    let found = f.of("dga_activity");
    assert!(!found.is_empty());
    assert!(found[0].count <= 30, "early: {}", found[0].count);
    let last = found.last().unwrap();
    assert!(last.count >= 30, "all of it counts: {}", last.count);
}

#[test]
fn a_host_that_meets_new_domains_all_day_may_mistype_one_in_eight() {
    let mut f = Feed::new();
    for i in 0..20_000u32 {
        let rcode = if i % 8 == 0 { "NXDOMAIN" } else { "NOERROR" };
        f.dns(
            1e9 + f64::from(i) * 30.0,
            &format!("www.shop{i}.com"),
            rcode,
        );
    }
    assert!(f.of("dga_activity").is_empty());
}

#[test]
fn who_calls_before_it_is_known_who_is_ours_is_not_counted_as_ours() {
    let mut f = Feed::new();
    for i in 0..30u8 {
        let (from, to) = (([198, 51, 100, i], 4000), ([147, 32, 83, 234], 80));
        let own = [("host", V::Text("www.example.org"))];
        f.row("http", 1e9 + f64::from(i), from, to, &own);
    }
    assert!(f.hunter.network().hosts() > 20.0, "nothing else is known");
    let mine = ([147, 32, 83, 234], 5000);
    f.conn(
        1e9 + 60.0,
        mine,
        ([93, 184, 216, 34], 443),
        ("tcp", "ssl", "SF"),
    );
    assert_eq!(f.hunter.network().hosts(), 1.0);
    let bytes = f.hunter.save().unwrap();
    let again = BehaviorEngine::restore(Settings::default(), None, &bytes).unwrap();
    assert_eq!(again.network().hosts(), 1.0);
}

#[test]
fn a_sweep_that_asks_for_the_time_or_the_netmask_is_one() {
    for kind in [13, 17] {
        let mut f = Feed::new();
        for i in 0..40u8 {
            let to = ([10, 0, 1, i], 0);
            f.conn(
                1e9 + f64::from(i) * 0.01,
                (ME, kind),
                to,
                ("icmp", "", "OTH"),
            );
        }
        assert_eq!(
            f.of("scan_horizontal")[0].entity.to_string(),
            "10.0.0.5",
            "{kind}"
        );
    }
    // Answers and errors are no requests.
    let mut f = Feed::new();
    for i in 0..40u8 {
        f.conn(
            1e9 + f64::from(i),
            (ME, 3),
            ([10, 0, 1, i], 1),
            ("icmp", "", "OTH"),
        );
    }
    assert!(f.found.is_empty());
}

#[test]
fn logins_are_told_by_what_is_spoken_and_by_the_log_of_logins() {
    let mut f = Feed::new();
    for i in 0..10u8 {
        f.conn(
            1e9 + f64::from(i),
            (ME, 5000),
            ([10, 0, 2, i], 2222),
            ("tcp", "ssh", "SF"),
        );
    }
    assert!(!f.of("lateral_spread").is_empty());
    for worked in [true, false] {
        let mut f = Feed::new();
        for i in 0..10u8 {
            let own = [("auth_success", V::Bool(worked))];
            let ends = ((ME, 5000), ([10, 0, 2, i], 22));
            f.row("ssh", 1e9 + f64::from(i), ends.0, ends.1, &own);
        }
        assert_eq!(!f.of("lateral_spread").is_empty(), worked);
    }
}
