//! Two processes that share the hosts see together what one would see.

mod common;

use common::{Side, V, row};
use std::net::Ipv4Addr;
use zeek_anomaly_behavior::wire::{Packer, TO_ALL, Unpacker};
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Finding, Settings, registry};
use zeek_log::{Field, FieldType, RecordBuf, Schema};

const OURS: [u8; 4] = [10, 0, 0, 5];

struct Cluster {
    packer: Packer,
    proxies: Vec<(BehaviorEngine, Unpacker)>,
    n: u64,
}

impl Cluster {
    fn of(proxies: usize) -> Cluster {
        let mut settings = Settings::default();
        if proxies > 1 {
            registry::set(&mut settings, "cluster.views", 1.0).unwrap();
        }
        let one = || {
            (
                BehaviorEngine::new(Settings::default(), None),
                Unpacker::default(),
            )
        };
        Cluster {
            packer: Packer::new(&settings),
            proxies: (0..proxies).map(|_| one()).collect(),
            n: 0,
        }
    }

    fn row(&mut self, log: &str, ts: f64, orig: [u8; 4], resp: Side, own: &[(&str, V<'_>)]) {
        self.n += 1;
        let (columns, b) = row(self.n, log, ts, (orig, 50_000), resp, own);
        self.packer.add(&columns, &b.record());
    }

    fn conn(&mut self, ts: f64, orig: [u8; 4], resp: [u8; 4], port: u16, state: &str) {
        let own = [
            ("proto", V::Text("tcp")),
            ("conn_state", V::Text(state)),
            ("resp_bytes", V::Count(if state == "SF" { 100 } else { 0 })),
        ];
        self.row("conn", ts, orig, (resp, port), &own);
    }

    fn ssh(&mut self, ts: f64, orig: [u8; 4], worked: bool) {
        let own = [
            ("auth_success", V::Bool(worked)),
            ("auth_attempts", V::Count(1)),
        ];
        self.row("ssh", ts, orig, (OURS, 22), &own);
    }

    /// Brings all batches where they belong; what was found, by whom.
    fn deliver(&mut self) -> Vec<(usize, Finding)> {
        let mut out = Vec::new();
        while let Some(batch) = self.packer.take(true) {
            let n = self.proxies.len();
            let chosen = usize::from(batch.bucket) % 7 % n;
            for (i, (hunter, unpacker)) in self.proxies.iter_mut().enumerate() {
                if batch.bucket == TO_ALL || i == chosen {
                    let mut found = Vec::new();
                    let each = &mut |view, c: &BehaviorColumns, r: &zeek_log::Record<'_>| {
                        hunter.observe_as(view, c, r, &mut found);
                    };
                    unpacker.unpack(&batch.bytes, each).unwrap();
                    out.extend(found.into_iter().map(|f| (i, f)));
                }
            }
        }
        out
    }
}

#[test]
fn many_against_one_are_seen_whole_by_one_of_two() {
    let mut c = Cluster::of(2);
    for i in 0..40u8 {
        c.conn(
            1e9 + f64::from(i),
            [198, 51, 100, i],
            OURS,
            1000 + u16::from(i),
            "S0",
        );
        c.ssh(1e9 + 500.0 + f64::from(i), [198, 51, 101, i], false);
    }
    let found = c.deliver();
    for kind in ["scan_distributed", "guessing_distributed"] {
        let of: Vec<_> = found
            .iter()
            .filter(|(_, f)| f.kind.0.name == kind)
            .collect();
        assert!(
            of.iter().all(|(i, _)| *i == of[0].0),
            "{kind} by one process"
        );
        // As one process would find it that sees everything.
        let mut whole = Cluster::of(1);
        for i in 0..40u8 {
            whole.conn(
                1e9 + f64::from(i),
                [198, 51, 100, i],
                OURS,
                1000 + u16::from(i),
                "S0",
            );
            whole.ssh(1e9 + 500.0 + f64::from(i), [198, 51, 101, i], false);
        }
        let whole = whole.deliver();
        let all: Vec<_> = whole
            .iter()
            .filter(|(_, f)| f.kind.0.name == kind)
            .collect();
        let counts = |of: &[&(usize, Finding)]| -> Vec<(u64, u64)> {
            of.iter().map(|(_, f)| (f.id, f.count)).collect()
        };
        assert!(!all.is_empty());
        assert_eq!(counts(&of), counts(&all), "{kind}");
    }
}

#[test]
fn how_common_a_target_is_both_know() {
    let mut c = Cluster::of(2);
    for i in 0..60u8 {
        for again in 0..5 {
            c.conn(
                1e9 + f64::from(i) + 0.1 * f64::from(again),
                [10, 0, 1, i],
                [93, 184, 216, 34],
                443,
                "SF",
            );
        }
    }
    c.deliver();
    for (hunter, _) in &c.proxies {
        let w = hunter.network();
        let talkers = w.talkers(w.addr_key(Ipv4Addr::new(93, 184, 216, 34).into()));
        assert!(
            (50.0..=70.0).contains(&talkers) && w.hosts() > 50.0,
            "{talkers}"
        );
    }
    let records: u64 = c.proxies.iter().map(|(h, _)| h.counts().records).sum();
    assert_eq!(records, 300, "each record is counted once");
}

#[test]
fn a_pair_is_told_to_all_once_an_hour() {
    let mut c = Cluster::of(2);
    for i in 0..100 {
        c.conn(1e9 + f64::from(i), OURS, [93, 184, 216, 34], 443, "SF");
    }
    let mut to_all = 0;
    while let Some(batch) = c.packer.take(true) {
        to_all += if batch.bucket == TO_ALL {
            batch.records
        } else {
            0
        };
    }
    assert_eq!(to_all, 1);
}

#[test]
fn a_link_is_seen_whole_by_one() {
    let c = BehaviorColumns::bind(&Schema {
        log: "arp".into(),
        fields: vec![
            Field::new("ts", FieldType::Time),
            Field::new("operation", FieldType::String),
            Field::new("src_mac", FieldType::String),
            Field::new("orig_h", FieldType::Addr),
            Field::new("resp_h", FieldType::Addr),
        ],
    });
    for proxies in [1, 2] {
        let mut cluster = Cluster::of(proxies);
        let mut frame = |ts: f64, op: &str, who: u8, claim: u8, other: u8| {
            let mut b = RecordBuf::new();
            b.push_time(1e9 + ts);
            b.push_text(op.as_bytes());
            b.push_text(format!("00:10:20:30:40:{who:02x}").as_bytes());
            b.push_addr(Ipv4Addr::from([10, 0, 0, claim]).into());
            b.push_addr(Ipv4Addr::from([10, 0, 0, other]).into());
            cluster.packer.add(&c, &b.record());
        };
        for i in 0..20u8 {
            let t = f64::from(i);
            // Each asks from, and is answered by, an address of another bucket.
            frame(t, "request", i + 10, i + 10, 1);
            frame(t + 0.1, "reply", 1, 1, i + 10);
        }
        for i in 0..10 {
            frame(100.0 + 2.0 * f64::from(i), "reply", 99, 1, 12);
        }
        let found = cluster.deliver();
        let of = |f: &&(usize, Finding)| f.1.kind.0.name == "arp_spoofing";
        assert!(found.iter().filter(of).count() > 0, "{found:?}");
        let records: u64 = cluster
            .proxies
            .iter()
            .map(|(h, _)| h.counts().records)
            .sum();
        assert_eq!(records, 50);
    }
}
