//! Hosts that training did not see have a scale of their own.

mod common;

use common::conn_schema;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_engine::{Claim, Engine, Limits, Model, Verdict};
use zeek_anomaly_features::Context;

use zeek_log::{Field, FieldType, RecordBuf, Schema};

/// The rows of [`common`], and whether the originator is local.
fn schema() -> Arc<Schema> {
    let mut of = Schema::clone(&conn_schema());
    of.fields.push(Field::new("local_orig", FieldType::Bool));
    Arc::new(of)
}

/// Connections of a host: what all do, and in a third of them what only it does, with servers and a port of its own.
fn host(n: u8, seed: u64, from: f64, rows: u64) -> impl Iterator<Item = RecordBuf> {
    let what = What {
        originator: n,
        elsewhere: false,
    };
    connections(n, what, seed, from, rows)
}

/// Who does what a host does, and whether all of it goes to places that no other row goes to.
struct What {
    originator: u8,
    elsewhere: bool,
}

fn connections(
    n: u8,
    what: What,
    seed: u64,
    from: f64,
    rows: u64,
) -> impl Iterator<Item = RecordBuf> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed + u64::from(n) * 1000);
    (0..rows).map(move |i| {
        let own = rng.random::<f64>() < 0.33;
        let server = match own {
            _ if what.elsewhere => [203, 0, 113, 9],
            true => [192, n, rng.random_range(0..4), 9],
            false => [198, 51, rng.random_range(0..4), 9],
        };
        let mut b = RecordBuf::new();
        b.push_time(from + i as f64 * 60.0);
        b.push_text(b"C1");
        b.push_addr([10, 0, 0, what.originator].into());
        b.push_addr(server.into());
        b.push_port(if own { 5000 + u16::from(n) } else { 443 });
        b.push_text(b"tcp");
        b.push_interval(rng.random_range(0.1..9.0));
        b.push_count(rng.random_range(100..5000));
        b.push_count(rng.random_range(100..90_000));
        b.push_text(b"SF");
        b.push_text(b"ShADadFf");
        b.push_bool(true);
        b
    })
}

/// A model of a day of these hosts.
fn model(hosts: std::ops::Range<u8>) -> Model {
    let (schema, context) = (schema(), Context::default());
    let mut trainer = Trainer::new(TrainParams::default());
    for n in hosts {
        host(n, 1, 1.7e9, 400).for_each(|r| trainer.add(&schema, &r.record(), &context));
    }
    trainer.finish(&context)
}

fn verdicts(model: &Arc<Model>, rows: impl Iterator<Item = RecordBuf>) -> Vec<Verdict> {
    let mut engine = Engine::new(model.clone(), Limits::default());
    let binding = engine.bind(&schema());
    let mut why = Vec::new();
    rows.map(|r| {
        engine
            .observe(&binding, &r.record(), f64::NAN, &mut why)
            .unwrap()
    })
    .collect()
}

/// How many times more rows have a score of 1 or more than promised.
fn factor(verdicts: &[Verdict]) -> f64 {
    let n = verdicts.iter().filter(|v| v.score >= 1.0).count() as f64;
    n / (verdicts.len() as f64 / 10.0)
}

#[test]
fn a_host_that_was_not_there_gets_the_scores_it_is_promised() {
    let mut model = model(1..21);
    let hosts = model.logs[0].strangers.first().map(|s| s.hosts);
    assert_eq!(hosts, Some(20));
    let knows = Arc::new(model.clone());
    let new = verdicts(&knows, host(99, 2, 1.71e9, 2000));
    let known = (1..21).flat_map(|n| host(n, 2, 1.71e9, 200));
    let known = verdicts(&knows, known);
    assert!(new.iter().all(|v| v.stranger) && known.iter().all(|v| !v.stranger));
    assert!((0.5..=2.0).contains(&factor(&new)), "{}", factor(&new));
    assert!((0.5..=2.0).contains(&factor(&known)), "{}", factor(&known));

    // On the scale of hosts that are known, a third of what it does is what one row in ten is.
    model.logs[0].strangers.clear();
    let taken_for_known = verdicts(&Arc::new(model), host(99, 2, 1.71e9, 2000));
    assert!(
        factor(&taken_for_known) > 3.0,
        "{}",
        factor(&taken_for_known)
    );
    // It is the scale that differs, not the order.
    let same = new
        .iter()
        .zip(&taken_for_known)
        .all(|(a, b)| a.raw == b.raw);
    assert!(same);
}

#[test]
fn a_model_file_keeps_it() {
    let model = model(1..5);
    let path = Path::new("hosts.zam");
    let again = Model::from_bytes(&model.to_bytes().unwrap(), path).unwrap();
    assert!(!again.logs[0].strangers.is_empty());
    assert_eq!(again.logs[0].strangers, model.logs[0].strangers);
}

#[test]
fn few_hosts_take_little_from_a_score_and_say_so() {
    for hosts in [1u8, 2, 3] {
        let known = model(1..1 + hosts);
        let mut own = known.clone();
        own.logs[0].strangers.clear();
        // What it does elsewhere is new to all.
        let what = What {
            originator: 99,
            elsewhere: true,
        };
        let rows: Vec<RecordBuf> = connections(1, what, 3, 1.71e9, 300).collect();
        let scored = verdicts(&Arc::new(known), rows.iter().cloned());
        let own = verdicts(&Arc::new(own), rows.into_iter());
        let mut by_raw: Vec<(f64, f64)> = Vec::new();
        for (scored, own) in scored.iter().zip(&own) {
            assert!(scored.stranger && scored.claim != Claim::Measured);
            let least = own.score * (1.0 - f64::from(hosts) / 10.0) - 1e-9;
            assert!(scored.score >= least, "{hosts}: {scored:?} {own:?}");
            by_raw.push((scored.raw, scored.score));
        }
        by_raw.sort_by(|a, b| a.0.total_cmp(&b.0));
        by_raw.dedup_by(|a, b| a.0 - b.0 < 1e-9);
        assert!(by_raw.windows(2).all(|w| w[0].1 < w[1].1), "{hosts}");
    }
    // One host cannot be left out, and its own scale is all that there is.
    assert_eq!(model(1..2).logs[0].strangers[0].calibration, None);
}

#[test]
fn too_little_tells_nothing_of_others() {
    let (schema, context) = (schema(), Context::default());
    let strangers = |hosts: &[(u8, u64)]| {
        let mut trainer = Trainer::new(TrainParams::default());
        for (n, rows) in hosts {
            let rows = host(*n, 1, 1.7e9, *rows);
            rows.for_each(|r| trainer.add(&schema, &r.record(), &context));
        }
        let strangers = &trainer.finish(&context).logs[0].strangers;
        strangers.iter().filter(|s| s.hosts > 0).count()
    };
    assert_eq!(strangers(&[(1, 19)]), 0);
    // All that there is tells, few of many do not.
    assert_eq!(strangers(&[(1, 40)]), 0);
    assert_eq!(strangers(&[(1, 30), (2, 30)]), 1);
}

#[test]
fn who_it_was_is_no_reason() {
    let model = Arc::new(model(1..21));
    // The same connection of a known and of a new host.
    let rows = || host(3, 2, 1.71e9, 300);
    let raw = |v: &[Verdict]| v.iter().map(|v| v.raw).collect::<Vec<_>>();
    let of_known = raw(&verdicts(&model, rows()));
    let mut unset = model.as_ref().clone();
    unset.logs[0].strangers.clear();
    assert_eq!(of_known, raw(&verdicts(&Arc::new(unset), rows())));
    let host_at =
        (0..model.logs[0].spec.len()).find(|f| model.logs[0].spec.name(*f) == "originator");
    let hosts = &model.logs[0].encoders[host_at.unwrap()];
    // Neither a known nor a new one is a surprise.
    assert_eq!(hosts.surprise(hosts.counted().categories[0].0, false), 0.0);
    assert_eq!(hosts.surprise(12345, false), 0.0);
}

#[test]
fn a_host_that_is_most_of_training_is_not_left_out_and_not_counted() {
    let (schema, context) = (schema(), Context::default());
    let mut trainer = Trainer::new(TrainParams::default());
    let rows = host(1, 1, 1.7e9, 2000).chain(host(2, 1, 1.7e9, 150));
    rows.for_each(|r| trainer.add(&schema, &r.record(), &context));
    let model = trainer.finish(&context);
    let strangers = &model.logs[0].strangers[0];
    assert_eq!(strangers.hosts, 1);
    let calibration = strangers.calibration.as_ref().unwrap();
    assert_eq!(calibration.rows(), 150);
}

/// What a host asks a web server for: a third of it of servers and programs of its own.
fn requests(host: IpAddr, server: IpAddr, seed: u64, rows: u64) -> Vec<RecordBuf> {
    let number = match host {
        IpAddr::V4(a) => a.octets()[3],
        IpAddr::V6(a) => a.octets()[15],
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed * 1000 + u64::from(number));
    let row = |i: u64| {
        let own = rng.random::<f64>() < 0.33;
        let mut b = RecordBuf::new();
        b.push_time(1.7e9 + seed as f64 * 1e6 + i as f64 * 60.0);
        b.push_text(b"C1");
        b.push_addr(host);
        b.push_addr(server);
        let (name, program) = match own {
            true => (format!("app{number}.example"), format!("program/{number}")),
            false => ("www.example".into(), "browser/1".into()),
        };
        b.push_text(name.as_bytes());
        b.push_text(program.as_bytes());
        b.push_count(rng.random_range(100..5000));
        b
    };
    (0..rows).map(row).collect()
}

fn http() -> Arc<Schema> {
    let fields = [
        ("ts", FieldType::Time),
        ("uid", FieldType::String),
        ("id.orig_h", FieldType::Addr),
        ("id.resp_h", FieldType::Addr),
        ("host", FieldType::String),
        ("user_agent", FieldType::String),
        ("response_body_len", FieldType::Count),
    ];
    Arc::new(Schema {
        log: "http".into(),
        fields: fields.map(|(name, ty)| Field::new(name, ty)).into(),
    })
}

/// How many are taken for a host that training did not see, and how many times more have a score of 1 or more
/// than promised.
fn judged(model: &Model, rows: &[RecordBuf]) -> (usize, f64) {
    let mut engine = Engine::new(Arc::new(model.clone()), Limits::default());
    let binding = engine.bind(&http());
    let mut why = Vec::new();
    let verdicts = rows.iter().map(|r| {
        engine
            .observe(&binding, &r.record(), f64::NAN, &mut why)
            .unwrap()
    });
    let verdicts: Vec<Verdict> = verdicts.collect();
    (
        verdicts.iter().filter(|v| v.stranger).count(),
        factor(&verdicts),
    )
}

fn trained_on(rows: impl Iterator<Item = RecordBuf>) -> Model {
    let (schema, context) = (http(), Context::default());
    let mut trainer = Trainer::new(TrainParams::default());
    rows.for_each(|r| trainer.add(&schema, &r.record(), &context));
    trainer.finish(&context)
}

fn inside(n: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, n])
}

fn public(n: u8) -> IpAddr {
    IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(n)])
}

const SERVER: [u8; 4] = [198, 51, 100, 1];

#[test]
fn hosts_with_public_addresses_are_a_sort_of_their_own() {
    let server = IpAddr::from(SERVER);
    let of = |hosts: std::ops::Range<u8>, sort: fn(u8) -> IpAddr| {
        hosts.flat_map(move |n| requests(sort(n), server, 1, 100))
    };
    let model = trained_on(of(1..11, inside).chain(of(21..31, public)));
    let told = model.logs[0].strangers.iter();
    let left_out: Vec<u64> = told.map(|s| s.hosts).collect();
    assert_eq!(left_out, [10, 10]);
    for new in [inside(99), public(99)] {
        let (strangers, factor) = judged(&model, &requests(new, server, 2, 1000));
        assert_eq!(strangers, 1000);
        assert!((0.5..=2.0).contains(&factor), "{new}: {factor}");
    }
    let (strangers, _) = judged(&model, &requests(public(25), server, 2, 100));
    assert_eq!(strangers, 0);
    // Whoever comes from outside to a server with a private address is none of ours.
    let (strangers, _) = judged(&model, &requests(public(99), inside(1), 2, 100));
    assert_eq!(strangers, 0);
    // Nor is whoever calls a host of ours with a public one.
    let (strangers, _) = judged(&model, &requests(public(99), public(25), 2, 100));
    assert_eq!(strangers, 0);
}

#[test]
fn a_sort_of_which_there_is_too_little_is_judged_by_all_hosts_together() {
    let server = IpAddr::from(SERVER);
    let many = (1..11).flat_map(|n| requests(inside(n), server, 1, 100));
    let few = (21..24).flat_map(|n| requests(public(n), server, 1, 20));
    let model = trained_on(many.chain(few));
    let told = &model.logs[0].strangers;
    assert_eq!(told[0].hosts, 10);
    assert_eq!(told[1].hosts, 13);
    let (strangers, factor) = judged(&model, &requests(public(99), server, 2, 1000));
    assert_eq!(strangers, 1000);
    assert!((0.5..=2.0).contains(&factor), "{factor}");

    // Of a sort that was never met nothing is known.
    let model = trained_on((1..11).flat_map(|n| requests(inside(n), server, 1, 100)));
    assert_eq!(model.logs[0].strangers.len(), 1);
    let (strangers, _) = judged(&model, &requests(public(99), server, 2, 100));
    assert_eq!(strangers, 0);
}
