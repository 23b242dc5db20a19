//! How long saving holds up who calls: all at once, and step by step.
//!
//! `cargo bench -p zeek-anomaly-capi --bench save -- [SOURCES]`: a hunter that has seen so many
//! sources (default 400,000), each with a few connections and names.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Settings, Snapshot};
use zeek_log::schema::Field;
use zeek_log::{FieldType, RecordBuf, Schema};

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
    ];
    Schema {
        log: "conn".into(),
        fields: fields.map(|(n, t)| Field::new(n, t)).to_vec(),
    }
}

fn main() {
    let sources = std::env::args().filter_map(|a| a.parse().ok()).next();
    let sources: u32 = sources.unwrap_or(400_000);
    let schema = schema();
    let columns = BehaviorColumns::bind(&schema);
    let mut hunter = BehaviorEngine::new(Settings::default(), None);
    let (mut record, mut out) = (RecordBuf::new(), Vec::new());
    for i in 0..sources {
        for k in 0..4u32 {
            record.clear();
            let other = 0x5000_0000 + i.wrapping_mul(2_654_435_761) % 5_000_000 + k;
            record.push_time(1.7e9 + f64::from(i) * 0.05 + f64::from(k));
            record.push_text(format!("C{i}x{k}").as_bytes());
            record.push_addr(Ipv4Addr::from(0x0a00_0000 + i).into());
            record.push_addr(Ipv4Addr::from(other).into());
            record.push_port(443);
            record.push_text(b"tcp");
            record.push_text(if k == 3 { b"S0" } else { b"SF" });
            record.push_count(500 + u64::from(k));
            hunter.observe(&columns, &record.record(), &mut out);
            out.clear();
        }
    }
    let bytes: usize = hunter.parts().iter().map(|p| p.bytes).sum();
    println!(
        "{} MiB of state in {} parts",
        bytes >> 20,
        hunter.parts().len()
    );

    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("state");
    let begun = Instant::now();
    hunter.save_to(&path).expect("saved");
    println!("all at once      {:>7.0} ms", ms(begun.elapsed()));

    let (mut taken, mut longest) = (Snapshot::default(), Duration::ZERO);
    let all = Instant::now();
    loop {
        let begun = Instant::now();
        let last = hunter.snapshot_step(&mut taken).expect("encoded");
        longest = longest.max(begun.elapsed());
        if last {
            break;
        }
    }
    println!("steps, longest   {:>7.0} ms", ms(longest));
    println!("steps, together  {:>7.0} ms", ms(all.elapsed()));
    let begun = Instant::now();
    taken.write(&path).expect("written");
    println!("on the thread    {:>7.0} ms", ms(begun.elapsed()));
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}
