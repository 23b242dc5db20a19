//! What real logs showed to be missed: kept from being missed again.

use std::net::Ipv4Addr;
use zeek_anomaly_behavior::{Columns, Finding, Hunter, Settings};
use zeek_log::{Field, FieldType, RecordBuf, Schema};

struct Feed {
    hunter: Hunter,
    found: Vec<Finding>,
    n: u64,
}

fn columns(log: &str, own: &[(&str, FieldType)]) -> Columns {
    let ids = [
        ("ts", FieldType::Time),
        ("uid", FieldType::String),
        ("id.orig_h", FieldType::Addr),
        ("id.orig_p", FieldType::Port),
        ("id.resp_h", FieldType::Addr),
        ("id.resp_p", FieldType::Port),
    ];
    let all = ids.iter().chain(own);
    Columns::bind(&Schema {
        log: log.into(),
        fields: all.map(|(n, t)| Field::new(*n, *t)).collect(),
    })
}

const ME: [u8; 4] = [10, 0, 0, 5];

impl Feed {
    fn new() -> Feed {
        Feed {
            hunter: Hunter::new(Settings::default(), None),
            found: Vec::new(),
            n: 0,
        }
    }

    fn ids(&mut self, ts: f64, orig: ([u8; 4], u16), resp: ([u8; 4], u16)) -> RecordBuf {
        let mut b = RecordBuf::new();
        self.n += 1;
        b.push_time(ts);
        b.push_text(format!("C{}", self.n).as_bytes());
        b.push_addr(Ipv4Addr::from(orig.0).into());
        b.push_port(orig.1);
        b.push_addr(Ipv4Addr::from(resp.0).into());
        b.push_port(resp.1);
        b
    }

    fn observe(&mut self, columns: &Columns, b: &RecordBuf) {
        self.hunter.observe(columns, &b.record(), &mut self.found);
    }

    fn dns(&mut self, ts: f64, query: &str, rcode: &str) {
        let s = columns(
            "dns",
            &[
                ("query", FieldType::String),
                ("rcode_name", FieldType::String),
            ],
        );
        let mut b = self.ids(ts, (ME, 50_000), ([10, 0, 0, 1], 53));
        b.push_text(query.as_bytes());
        b.push_text(rcode.as_bytes());
        self.observe(&s, &b);
    }

    fn conn(
        &mut self,
        ts: f64,
        orig: ([u8; 4], u16),
        resp: ([u8; 4], u16),
        more: (&str, &str, &str),
    ) {
        let own = [
            ("proto", FieldType::Enum),
            ("service", FieldType::String),
            ("conn_state", FieldType::String),
            ("orig_bytes", FieldType::Count),
            ("resp_bytes", FieldType::Count),
            ("local_orig", FieldType::Bool),
            ("local_resp", FieldType::Bool),
        ];
        let s = columns("conn", &own);
        let mut b = self.ids(ts, orig, resp);
        b.push_text(more.0.as_bytes());
        b.push_text(more.1.as_bytes());
        b.push_text(more.2.as_bytes());
        let bytes = if more.2 == "SF" { 5000 } else { 0 };
        b.push_count(bytes);
        b.push_count(bytes);
        b.push_bool(orig.0[0] == 147);
        b.push_bool(resp.0[0] == 147);
        self.observe(&s, &b);
    }

    fn of(&self, kind: &str) -> Vec<&Finding> {
        self.found
            .iter()
            .filter(|f| f.kind.0.name == kind)
            .collect()
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
    assert!(f.of("dns_generated").is_empty(), "{:?}", f.found[0]);
    for i in 0..60 {
        f.dns(2e9 + i as f64, &format!("{}.com", made(i)), "NXDOMAIN");
    }
    let found = f.of("dns_generated");
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
    assert!(f.of("dns_generated").is_empty());
}

#[test]
fn who_calls_before_it_is_known_who_is_ours_is_not_counted_as_ours() {
    let mut f = Feed::new();
    let http = columns("http", &[("host", FieldType::String)]);
    for i in 0..30u8 {
        let mut b = f.ids(
            1e9 + f64::from(i),
            ([198, 51, 100, i], 4000),
            ([147, 32, 83, 234], 80),
        );
        b.push_text(b"www.example.org");
        f.observe(&http, &b);
    }
    assert!(f.hunter.world().hosts() > 20.0, "nothing else is known");
    let mine = ([147, 32, 83, 234], 5000);
    f.conn(
        1e9 + 60.0,
        mine,
        ([93, 184, 216, 34], 443),
        ("tcp", "ssl", "SF"),
    );
    assert_eq!(f.hunter.world().hosts(), 1.0);
    let bytes = f.hunter.save().unwrap();
    let again = Hunter::restore(Settings::default(), None, &bytes).unwrap();
    assert_eq!(again.world().hosts(), 1.0);
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
        let ssh = columns("ssh", &[("auth_success", FieldType::Bool)]);
        for i in 0..10u8 {
            let mut b = f.ids(1e9 + f64::from(i), (ME, 5000), ([10, 0, 2, i], 22));
            b.push_bool(worked);
            f.observe(&ssh, &b);
        }
        assert_eq!(!f.of("lateral_spread").is_empty(), worked);
    }
}
