//! Names of dns.log: what is learned of ordinary ones, and what stands out among them.

use std::path::Path;
use std::sync::Arc;
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{Engine, Limits, Model, Reason, Verdict};
use zeek_anomaly_features::Context;
use zeek_log::{Field, FieldType, RecordBuf, Schema};

fn schema() -> Arc<Schema> {
    use FieldType::{Addr, Bool, Enum, Interval, Port, String, Time};
    let fields = [
        ("ts", Time),
        ("uid", String),
        ("id.orig_h", Addr),
        ("id.resp_p", Port),
        ("proto", Enum),
        ("rtt", Interval),
        ("query", String),
        ("qtype_name", String),
        ("rcode_name", String),
        ("rejected", Bool),
    ];
    let fields = fields.into_iter().map(|(n, t)| Field::new(n, t));
    Arc::new(Schema {
        log: "dns".into(),
        fields: fields.collect(),
    })
}

fn row(i: usize, query: &[u8]) -> RecordBuf {
    let mut b = RecordBuf::new();
    b.push_time(1.7e9 + 60.0 * i as f64);
    b.push_text(format!("C{i}").as_bytes());
    b.push_addr([10, 0, 0, (i % 9) as u8].into());
    b.push_port(53);
    b.push_text(b"udp");
    b.push_interval(0.01 + (i % 7) as f64 / 100.0);
    b.push_text(query);
    b.push_text(b"A");
    b.push_text(b"NOERROR");
    b.push_bool(false);
    b
}

/// Names of shops and papers, no two the same.
fn ordinary(n: usize) -> Vec<RecordBuf> {
    let first = [
        "garden", "river", "silver", "market", "winter", "stone", "yellow", "summer",
    ];
    let second = [
        "shop", "news", "bank", "travel", "music", "school", "games", "weather", "books",
    ];
    let name = |i: usize| {
        let (a, b) = (first[i % 8], second[i / 8 % 9]);
        format!("www.{a}{b}{}.com", ["", "online", "world"][i / 72 % 3])
    };
    (0..n).map(|i| row(i, name(i).as_bytes())).collect()
}

fn trained(rows: &[RecordBuf], own_rows: bool) -> Model {
    let (schema, context) = (schema(), Context::default());
    let mut t = Trainer::new(TrainParams {
        own_rows,
        ..TrainParams::default()
    });
    for r in rows {
        t.add(&schema, &r.record(), &context);
    }
    t.finish(&context)
}

fn scored(model: Model, rows: &[RecordBuf]) -> Vec<(Verdict, Vec<Reason>)> {
    let mut engine = Engine::new(Arc::new(model), Limits::default());
    let binding = engine.bind(&schema());
    let each = rows.iter().map(|r| {
        let mut why = Vec::new();
        let v = engine.observe(&binding, &r.record(), 0.0, &mut why);
        (v.expect("dns is scored"), why)
    });
    each.collect()
}

#[test]
fn a_name_of_chance_stands_out_among_new_ordinary_names_and_says_why() {
    let rows = ordinary(600);
    let model = trained(&rows, false);
    assert_eq!(model.logs[0].detector_name(), "hybrid");
    let new = [
        "www.forestkitchen.com",
        "stonebridge.com",
        "mail.bluecandle.com",
        "xkqvjzwhtp.com",
    ];
    let new: Vec<RecordBuf> = (0..).zip(new).map(|(i, n)| row(i, n.as_bytes())).collect();
    let scored = scored(model, &new);
    let odd = &scored[3];
    assert!(
        scored[..3].iter().all(|o| o.0.raw + 5.0 < odd.0.raw),
        "{scored:?}"
    );
    assert_eq!(odd.1[0].feature, "domain_randomness");
    assert!(
        odd.1[0].value.ends_with(" bits in xkqvjzwhtp"),
        "{:?}",
        odd.1[0]
    );
}

#[test]
fn the_same_rows_fitted_on_themselves_show_it_too() {
    let mut rows = ordinary(300);
    for i in 0..20 {
        // Consonants and vowels drawn at random.
        let letter = |set: &[u8], k: usize| char::from(set[(i * 13 + k * 7 + i * k) % set.len()]);
        let c = |k| letter(b"bcdfghjklmnpqrstvwxz", k);
        let name: String = (0..10).map(c).collect();
        rows.push(row(300 + i, format!("{name}.com").as_bytes()));
    }
    let model = trained(&rows, true);
    let scored = scored(model, &rows);
    let highest = scored[..300].iter().map(|s| s.0.raw).fold(0.0, f64::max);
    assert!(scored[300..].iter().all(|s| s.0.raw > highest));
}

#[test]
fn names_are_in_the_file_and_whatever_it_holds_judges_or_is_refused() {
    let rows = ordinary(120);
    let model = trained(&rows, false);
    assert!(model.names.learned().names > 50);
    let good = model.to_bytes().expect("a file");
    let read = Model::from_bytes(&good, Path::new("m.zam")).expect("a model");
    assert_eq!(read.names.learned(), model.names.learned());
    assert_eq!(read.to_bytes().expect("a file"), good);
    let hostile: [&[u8]; 6] = [
        b"",
        b"\0\xff.\x1b[2J",
        &[b'.'; 900],
        &[b'a'; 1000],
        b"xn--a.xn--b",
        b"_.._",
    ];
    let hostile: Vec<RecordBuf> = (0..).zip(hostile).map(|(i, q)| row(i, q)).collect();
    let before: Vec<Verdict> = scored(model, &hostile).into_iter().map(|s| s.0).collect();
    let after: Vec<Verdict> = scored(read, &hostile).into_iter().map(|s| s.0).collect();
    assert_eq!(before, after);
    assert!(before.iter().all(|v| v.score.is_finite()));
    let (mut state, mut refused) = (7u64, 0);
    for _ in 0..60 {
        let mut b = good.clone();
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let i = 24 + (state >> 33) as usize % (b.len() - 24);
        b[i] = b[i].wrapping_add((state >> 20) as u8 | 1);
        let sum = crc32fast::hash(&b[24..]).to_le_bytes();
        b[12..16].copy_from_slice(&sum);
        match Model::from_bytes(&b, Path::new("m.zam")) {
            Ok(m) if m.position("dns").is_some() => {
                assert!(scored(m, &hostile).iter().all(|s| s.0.raw.is_finite()));
            }
            Ok(_) => {}
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0);
}
