//! All behaviours together: memory, state that is saved, time, duplicates.

use std::net::{IpAddr, Ipv4Addr};
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Finding, Settings, registry};
use zeek_log::{Field, FieldType, RecordBuf, Schema};

fn schema() -> Schema {
    let fields = [
        ("ts", FieldType::Time),
        ("uid", FieldType::String),
        ("id.orig_h", FieldType::Addr),
        ("id.resp_h", FieldType::Addr),
        ("id.resp_p", FieldType::Port),
        ("proto", FieldType::Enum),
        ("conn_state", FieldType::String),
        ("orig_bytes", FieldType::Count),
        ("resp_bytes", FieldType::Count),
    ];
    Schema {
        log: "conn".into(),
        fields: fields.map(|(n, t)| Field::new(n, t)).to_vec(),
    }
}

struct Feed {
    hunter: BehaviorEngine,
    columns: BehaviorColumns,
    record: RecordBuf,
    n: u64,
    found: Vec<Finding>,
}

impl Feed {
    fn new(hunter: BehaviorEngine) -> Feed {
        Feed {
            hunter,
            columns: BehaviorColumns::bind(&schema()),
            record: RecordBuf::new(),
            n: 0,
            found: Vec::new(),
        }
    }

    fn of(memory: usize) -> Feed {
        let mut settings = Settings::default();
        settings.memory = memory;
        Feed::new(BehaviorEngine::new(settings, None))
    }

    fn conn(&mut self, ts: f64, orig: Ipv4Addr, resp: Ipv4Addr, port: u16, state: &str) {
        let b = &mut self.record;
        self.n += 1;
        b.clear();
        b.push_time(ts);
        b.push_text(format!("C{}", self.n).as_bytes());
        b.push_addr(orig.into());
        b.push_addr(resp.into());
        b.push_port(port);
        b.push_text(b"tcp");
        b.push_text(state.as_bytes());
        let bytes = if state == "SF" { 300 } else { 0 };
        b.push_count(bytes);
        b.push_count(bytes);
        self.again();
    }

    /// The same record once more.
    fn again(&mut self) {
        let record = self.record.record();
        self.hunter.observe(&self.columns, &record, &mut self.found);
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.found.iter().map(|f| f.kind.0.name).collect()
    }
}

const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);
const THEIRS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

fn outside(i: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x3000_0000 + i.wrapping_mul(2_654_435_761) % 0x4000_0000)
}

#[test]
fn a_flood_stays_within_memory_and_the_beacon_in_it_is_found() {
    let memory = 8 << 20;
    let mut f = Feed::of(memory);
    for i in 0..200_000u32 {
        let ts = 1e9 + f64::from(i) * 0.2;
        if i % 3000 == 0 {
            f.conn(ts, OURS, THEIRS, 443, "SF");
        }
        f.conn(ts, outside(i), Ipv4Addr::new(10, 0, 0, 9), 80, "S0");
    }
    let used: usize = f.hunter.parts().iter().map(|p| p.bytes).sum();
    assert!(used <= memory, "{used}");
    for p in f.hunter.parts() {
        assert!(p.bytes <= p.budget, "{p:?}");
    }
    let beacon = f.found.iter().find(|f| f.kind.0.name == "beacon").unwrap();
    assert_eq!(beacon.entity.host(), IpAddr::from(OURS));
    let gave_up = f.hunter.parts().iter().any(|p| p.given_up.newcomers > 0);
    assert!(gave_up, "and it is said");
}

#[test]
fn what_is_restored_goes_on_as_if_nothing_had_been() {
    let mut whole = Feed::of(16 << 20);
    let mut part = Feed::of(16 << 20);
    let step = |f: &mut Feed, i: u32| {
        let ts = 1e9 + f64::from(i) * 60.0;
        f.conn(ts, OURS, THEIRS, 443, "SF");
        f.conn(
            ts + 1.0,
            OURS,
            Ipv4Addr::new(10, 0, 1, (i % 50) as u8),
            22,
            "REJ",
        );
        f.conn(ts + 2.0, outside(i), OURS, 80, "S0");
    };
    for i in 0..5 {
        step(&mut whole, i);
        step(&mut part, i);
    }
    let bytes = part.hunter.save().unwrap();
    assert_eq!(
        bytes,
        part.hunter.save().unwrap(),
        "the same state, the same bytes"
    );
    let mut settings = Settings::default();
    settings.memory = 16 << 20;
    part.hunter = BehaviorEngine::restore(settings, None, &bytes).unwrap();
    for i in 5..40 {
        step(&mut whole, i);
        step(&mut part, i);
    }
    assert!(whole.kinds().contains(&"beacon") && whole.kinds().contains(&"scan_horizontal"));
    assert_eq!(whole.found, part.found);
}

#[test]
fn saved_state_that_was_changed_is_refused_and_never_panics() {
    let mut f = Feed::of(8 << 20);
    for i in 0..30 {
        f.conn(1e9 + f64::from(i) * 60.0, OURS, THEIRS, 443, "SF");
    }
    let bytes = f.hunter.save().unwrap();
    let restore = |b: &[u8]| BehaviorEngine::restore(Settings::default(), None, b);
    for n in [0, 7, 23, 24, bytes.len() - 1] {
        assert!(restore(&bytes[..n]).is_err(), "{n}");
    }
    let mut other = bytes.clone();
    other[8] ^= 1;
    assert!(
        restore(&other)
            .err()
            .unwrap()
            .to_string()
            .contains("format")
    );
    // Behind a checksum that is right: what an attacker would write.
    let step = bytes.len() / 60 + 1;
    for at in (24..bytes.len()).step_by(step) {
        let mut bad = bytes.clone();
        bad[at] ^= 0xff;
        let sum = crc(&bad[24..]);
        bad[12..16].copy_from_slice(&sum.to_le_bytes());
        if let Ok(hunter) = restore(&bad) {
            let mut f = Feed::new(hunter);
            for i in 0..20 {
                f.conn(1e9 + 2000.0 + f64::from(i) * 60.0, OURS, THEIRS, 443, "SF");
            }
            f.hunter.finish(&mut Vec::new());
        }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[test]
fn duplicates_are_left_out_and_a_clock_that_is_set_does_not_stop_the_hunt() {
    let mut f = Feed::of(8 << 20);
    for i in 0..6u8 {
        f.conn(
            1e9 + f64::from(i),
            OURS,
            Ipv4Addr::new(10, 0, 2, i),
            445,
            "REJ",
        );
        f.again();
    }
    assert_eq!(f.hunter.counts().duplicates, 6);
    assert!(f.found.is_empty(), "six are too few");
    // One record from another century, then the clock is set back by a year.
    f.conn(4e9, OURS, THEIRS, 80, "SF");
    for i in 0..200u32 {
        let ts = 1e9 - 3.2e7 + f64::from(i) * 30.0;
        f.conn(ts, OURS, THEIRS, 8443, "SF");
    }
    assert!(f.kinds().contains(&"beacon"));
    assert_eq!(f.hunter.counts().clock_steps, 1);
}

#[test]
fn a_server_that_is_scanned_is_no_scanner_and_unanswered_probes_can_be_left_out() {
    let mut settings = Settings::default();
    registry::set(&mut settings, "scan.unanswered", 0.0).unwrap();
    let mut quiet = Feed::new(BehaviorEngine::new(settings, None));
    let mut f = Feed::of(8 << 20);
    for i in 0..100u16 {
        for f in [&mut f, &mut quiet] {
            f.conn(1e9 + f64::from(i), outside(7), OURS, 1000 + i, "S0");
        }
    }
    assert!(f.kinds().contains(&"scan_vertical"));
    let all_by_them = f
        .found
        .iter()
        .all(|f| f.entity.host() == IpAddr::from(outside(7)));
    assert!(all_by_them, "{:?}", f.found);
    assert!(quiet.found.is_empty());
    // One probe every three hours, for days.
    for i in 0..10u8 {
        let ts = 1e9 + 10_800.0 * f64::from(i);
        quiet.conn(ts, OURS, Ipv4Addr::new(10, 0, 3, i), 3389, "S0");
    }
    assert_eq!(quiet.kinds()[0], "scan_horizontal");
}
