//! Recall of beacons at no more than one false finding a day, beside RITA's formula on the same rows;
//! and what a flood does.

use clap::{Parser, Subcommand};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Instant;
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Finding, Settings};
use zeek_anomaly_traffic::attack::{Beacon, Channel};
use zeek_anomaly_traffic::office::{Office, host};
use zeek_anomaly_traffic::rita;
use zeek_anomaly_traffic::row::{LOGS, Row, RowKind, Rows, schema};
use zeek_log::{LogReader, Options, RecordBuf, discover};

/// Measures behaviours on generated traffic.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Recall of beacons by period and jitter
    Beacons {
        /// Hosts of the office
        #[arg(long, default_value_t = 60)]
        hosts: u32,
        /// Beacons of each period and jitter
        #[arg(long, default_value_t = 10)]
        each: u32,
        /// Days
        #[arg(long, default_value_t = 5)]
        days: u32,
        /// Hosts with regular software that nobody else has
        #[arg(long, default_value_t = 0)]
        lonely: u32,
        /// Days of ordinary traffic to learn from before
        #[arg(long, default_value_t = 0)]
        learn: u32,
        /// The share of beats that are missing
        #[arg(long, default_value_t = 0.1)]
        missed: f64,
        /// Ordinary logs (conn, ssl, http, dns) to mix in instead of an office (real ones)
        #[arg(long)]
        ordinary: Vec<PathBuf>,
        /// Only rows of those whose label is this
        #[arg(long)]
        label: Option<String>,
        /// Of those, conn.log alone: nothing has a name
        #[arg(long)]
        conn_only: bool,
        /// A parameter, as beacon.threshold=5
        #[arg(long, value_parser = setting)]
        set: Vec<(String, f64)>,
    },
    /// Memory, speed, and a beacon in a flood
    Flood {
        /// Distinct sources, each with one connection
        #[arg(long, default_value_t = 1_000_000)]
        sources: u64,
        /// Distinct names, each asked for once
        #[arg(long, default_value_t = 1_000_000)]
        names: u64,
        /// The cap of memory in MiB
        #[arg(long, default_value_t = 64)]
        memory: usize,
    },
}

fn setting(text: &str) -> Result<(String, f64), String> {
    let wrong = || "should be NAME=NUMBER".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    Ok((name.to_owned(), value.parse().map_err(|_| wrong())?))
}

fn main() {
    match Args::parse().what {
        What::Beacons {
            hosts,
            each,
            days,
            lonely,
            learn,
            missed,
            ordinary,
            label,
            conn_only,
            set,
        } => beacons(
            hosts, each, days, lonely, learn, missed, &ordinary, label, conn_only, &set,
        ),
        What::Flood {
            sources,
            names,
            memory,
        } => flood(sources, names, memory),
    }
}

const PERIODS: [f64; 7] = [5.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0];
const JITTERS: [f64; 4] = [0.0, 0.1, 0.25, 0.5];
const START: f64 = 1_772_668_800.0;

/// Runs rows through a hunter.
fn hunt(hunter: &mut BehaviorEngine, rows: &[Row], mut each: impl FnMut(f64, Finding)) {
    let columns: Vec<BehaviorColumns> = (0..LOGS.len())
        .map(|i| BehaviorColumns::bind(&schema(i)))
        .collect();
    let (mut record, mut out) = (RecordBuf::new(), Vec::new());
    for row in rows {
        row.fill(&mut record);
        hunter.observe(&columns[row.log()], &record.record(), &mut out);
        out.drain(..).for_each(|f| each(row.written, f));
    }
}

/// Ordinary rows of real logs, whose hosts are as they are.
fn real(paths: &[PathBuf], label: Option<&str>, conn_only: bool) -> Rows {
    let mut rows = Rows::from(1 << 50);
    for input in discover(paths).inputs {
        let Ok(mut reader) = LogReader::open(&input, &Options::default()) else {
            continue;
        };
        while let Ok(Some(row)) = reader.next() {
            let get = |n: &str| row.schema.position(n).map(|i| row.record.get(i));
            let text = |n: &str| get(n).and_then(|v| v.text()).unwrap_or_default();
            let number = |n: &str| get(n).and_then(|v| v.number());
            if label.is_some_and(|l| text("label") != l.as_bytes()) {
                continue;
            }
            let addr = |n: &str| match get(n).and_then(|v| v.addr()) {
                Some(IpAddr::V4(a)) => Some(a),
                _ => None,
            };
            let (Some(ts), Some(orig), Some(resp)) =
                (number("ts"), addr("id.orig_h"), addr("id.resp_h"))
            else {
                continue;
            };
            let port = number("id.resp_p").unwrap_or(0.0) as u16;
            let named = |n: &str| String::from_utf8_lossy(text(n)).into_owned();
            let kind = match row.schema.log.as_str() {
                "conn" => None,
                "ssl" => Some(RowKind::Ssl(named("server_name"))),
                "http" => Some(RowKind::Http(named("host"))),
                "dns" => Some(RowKind::Dns(named("query"), "A")),
                _ => continue,
            };
            if let Some(kind) = kind {
                if !conn_only {
                    rows.of(ts, (orig, resp, port), kind);
                }
                continue;
            }
            let service = match text("service") {
                b"dns" => "dns",
                b"ntp" => "ntp",
                b"ssl" => "ssl",
                b"http" => "http",
                _ => "",
            };
            let state = match text("conn_state") {
                b"SF" => "SF",
                b"S0" => "S0",
                b"REJ" => "REJ",
                b"RSTO" => "RSTO",
                b"RSTR" => "RSTR",
                _ => "OTH",
            };
            let bytes = (
                number("orig_bytes").unwrap_or(0.0) as u64,
                number("resp_bytes").unwrap_or(0.0) as u64,
            );
            let seconds = number("duration").unwrap_or(0.0);
            let udp = text("proto") == b"udp";
            rows.conn(ts, orig, resp, port, udp, service, seconds, bytes, state);
        }
    }
    rows
}

/// Whom a beacon's finding is about, as text.
fn about(f: &Finding) -> String {
    f.entity.to_string()
}

#[expect(clippy::too_many_arguments, reason = "what the command line has")]
fn beacons(
    hosts: u32,
    each: u32,
    days: u32,
    lonely: u32,
    learn: u32,
    missed: f64,
    ordinary: &[PathBuf],
    label: Option<String>,
    conn_only: bool,
    set: &[(String, f64)],
) {
    let office = |seed, days, start| Office {
        seed,
        hosts,
        days,
        start,
        lonely,
    };
    let (mut rows, span) = match ordinary.is_empty() {
        true => (
            office(1, days, START).rows(),
            (START, START + f64::from(days) * 86_400.0),
        ),
        false => {
            let rows = real(ordinary, label.as_deref(), conn_only);
            let first = rows.rows.iter().map(|r| r.ts).fold(f64::INFINITY, f64::min);
            let last = rows.rows.iter().map(|r| r.ts).fold(0.0, f64::max);
            (rows, (first, last))
        }
    };
    let days = (span.1 - span.0) / 86_400.0;
    let whose: Vec<Ipv4Addr> = match ordinary.is_empty() {
        true => (0..hosts).map(host).collect(),
        // Whoever talks most is at home.
        false => {
            let mut n: BTreeMap<Ipv4Addr, u32> = BTreeMap::new();
            rows.rows
                .iter()
                .for_each(|r| *n.entry(r.orig).or_default() += 1);
            let most = n.iter().max_by_key(|(_, n)| **n).map(|(a, _)| *a);
            most.into_iter().collect()
        }
    };
    println!(
        "{} ordinary rows, {days:.1} days, {} hosts",
        rows.rows.len(),
        whose.len()
    );

    let mut planted = Vec::new();
    for (p, period) in PERIODS.iter().enumerate() {
        for (j, jitter) in JITTERS.iter().enumerate() {
            for k in 0..each {
                let number = ((p * JITTERS.len() + j) as u32) * each + k;
                let channel = Channel::ALL[k as usize % Channel::ALL.len()];
                // Fast ones for a day: enough is enough.
                let until = match *period < 1000.0 {
                    true => (span.0 + 86_400.0).min(span.1),
                    false => span.1,
                };
                planted.push(Beacon {
                    number,
                    host: whose[number as usize * 7 % whose.len()],
                    channel,
                    period: *period,
                    jitter: *jitter,
                    missed,
                    sleeps: k % 5 == 4,
                    span: (span.0, until),
                });
            }
        }
    }
    let labels: HashMap<String, usize> = planted
        .iter()
        .enumerate()
        .flat_map(|(i, b)| {
            let tunnel = format!("{} -> tunnel{}.example", b.host, b.number);
            let service = b.channel.service();
            [
                (format!("{} -> {}:{service}", b.host, b.server()), i),
                (format!("{} -> {}", b.host, b.name()), i),
                (tunnel, i),
            ]
        })
        .collect();
    for b in &planted {
        b.rows(&mut rows);
    }
    let rows = rows.sorted();
    println!("{} rows with {} beacons", rows.len(), planted.len());

    let usual = (learn > 0).then(|| {
        let before = office(2, learn, START - f64::from(learn) * 86_400.0)
            .rows()
            .sorted();
        let mut learner = BehaviorEngine::learner(Settings::default());
        hunt(&mut learner, &before, |_, _| {});
        learner.finish(&mut Vec::new());
        learner.learned()
    });
    let mut settings = Settings::default();
    for (name, value) in set {
        zeek_anomaly_behavior::registry::set(&mut settings, name, *value).expect("a parameter");
    }
    // Real hosts with public addresses are ours here.
    settings.local_nets = whose.iter().map(|a| IpAddr::from(*a).into()).collect();
    let mut hunter = BehaviorEngine::new(settings, usual);
    let mut found: HashMap<usize, f64> = HashMap::new();
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    let began = Instant::now();
    hunt(&mut hunter, &rows, |at, f| {
        let kind = f.kind.0.name;
        if kind == "host" {
            return;
        }
        match labels.get(&about(&f)) {
            Some(i) => {
                // A tunnel is one, too, but not what is counted here.
                if kind.contains("beacon") {
                    found.entry(*i).or_insert(at);
                }
            }
            None => {
                wrong.insert(format!("{kind} {}", about(&f)), format!("{:.1}", f.score));
            }
        }
    });
    let rate = rows.len() as f64 / began.elapsed().as_secs_f64();
    println!(
        "hunt: {rate:.0} rows/s, {:.2} false findings a day",
        wrong.len() as f64 / days
    );
    for (what, score) in wrong.iter().take(12) {
        println!("  false: {what} {score}");
    }

    let theirs = rita_scores(&rows, span);
    // The threshold at which RITA's formula has no more than one false finding a day.
    let mut false_scores: Vec<f64> = theirs
        .iter()
        .filter(|(k, _)| !labels.contains_key(*k))
        .map(|(_, s)| *s)
        .collect();
    false_scores.sort_by(|a, b| b.total_cmp(a));
    let allowed = days.floor().max(1.0) as usize;
    let threshold = false_scores.get(allowed).copied().unwrap_or(0.0).max(0.01);
    println!(
        "RITA's formula: {} ordinary pairs, threshold {threshold:.3} for {allowed} false findings\n",
        false_scores.len()
    );
    println!("recall, and the median of beats until it was found; RITA's recall of the same");
    print!("{:>10}", "period");
    JITTERS
        .iter()
        .for_each(|j| print!("  {:>20}", format!("jitter {:.0} %", j * 100.0)));
    println!();
    let mut sums = [0.0; 3];
    let mut by_channel: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (p, period) in PERIODS.iter().enumerate() {
        print!("{:>8} s", period);
        for j in 0..JITTERS.len() {
            let of = (p * JITTERS.len() + j) as u32 * each;
            let (mut ours, mut rita, mut beats) = (0, 0, Vec::new());
            for b in planted
                .iter()
                .filter(|b| (of..of + each).contains(&b.number))
            {
                let of = by_channel.entry(b.channel.name()).or_default();
                of.1 += 1;
                if let Some(at) = found.get(&(b.number as usize)) {
                    of.0 += 1;
                    ours += 1;
                    beats.push((at - b.span.0) / b.period);
                }
                let keys = labels.iter().filter(|(_, i)| **i == b.number as usize);
                rita += u32::from(
                    keys.filter_map(|(k, _)| theirs.get(k))
                        .any(|s| *s > threshold),
                );
            }
            beats.sort_by(f64::total_cmp);
            let median = beats
                .get(beats.len() / 2)
                .map_or("-".into(), |b| format!("{b:.0}"));
            let share = |n: u32| f64::from(n) / f64::from(each.max(1));
            sums = [sums[0] + share(ours), sums[1] + share(rita), sums[2] + 1.0];
            print!(
                "  {:>20}",
                format!("{:.2} ({median}) | {:.2}", share(ours), share(rita))
            );
        }
        println!();
    }
    println!();
    for (channel, (n, of)) in by_channel {
        println!("{channel:>10}: {n} of {of}");
    }
    println!(
        "\nmean recall: {:.3}, RITA's formula: {:.3}",
        sums[0] / sums[2],
        sums[1] / sums[2]
    );
}

/// RITA's score of each pair and of each host and name: the highest of any day, and of
/// all days together.
fn rita_scores(rows: &[Row], span: (f64, f64)) -> HashMap<String, f64> {
    type Calls = (Vec<f64>, Vec<f64>);
    let mut calls: HashMap<String, Calls> = HashMap::new();
    let mut talkers: HashMap<String, HashSet<Ipv4Addr>> = HashMap::new();
    let mut hosts: HashSet<Ipv4Addr> = HashSet::new();
    let mut bytes: HashMap<u64, f64> = HashMap::new();
    for row in rows {
        hosts.insert(row.orig);
        let target = match &row.kind {
            RowKind::Conn {
                bytes: b,
                udp,
                service,
                ..
            } => {
                bytes.insert(row.uid, b.0 as f64);
                if row.resp.is_private() || *service == "dns" || *service == "ntp" {
                    continue;
                }
                let proto = if *udp { "udp" } else { "tcp" };
                format!("{}:{}/{proto}", row.resp, row.port)
            }
            RowKind::Ssl(name) => name.clone(),
            _ => continue,
        };
        talkers.entry(target.clone()).or_default().insert(row.orig);
        let c = calls
            .entry(format!("{} -> {target}", row.orig))
            .or_default();
        c.0.push(row.ts);
        c.1.push(bytes.get(&row.uid).copied().unwrap_or(0.0));
    }
    calls
        .into_iter()
        .filter_map(|(key, (times, sizes))| {
            let target = key.split(" -> ").nth(1).unwrap_or_default();
            let share = talkers.get(target).map_or(0, HashSet::len) as f64 / hosts.len() as f64;
            let mut best = rita::score(&times, &sizes, span);
            let mut day = span.0;
            while day < span.1 {
                let within = |t: &f64| (day..day + 86_400.0).contains(t);
                let at: Vec<usize> = (0..times.len()).filter(|i| within(&times[*i])).collect();
                let t: Vec<f64> = at.iter().map(|i| times[*i]).collect();
                let s: Vec<f64> = at.iter().map(|i| sizes[*i]).collect();
                if let Some(score) = rita::score(&t, &s, (day, day + 86_400.0)) {
                    best = Some(best.unwrap_or(0.0).max(score));
                }
                day += 86_400.0;
            }
            Some((key, best? + rita::prevalence(share)))
        })
        .collect()
}

/// Bytes of this process that are in memory, as Linux tells.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Seconds of processor time that this process took; 0 where the system does not tell.
fn processor() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // What stands before the parenthesis may hold spaces. Times are in hundredths, as Linux tells them to everybody.
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn flood(sources: u64, names: u64, memory: usize) {
    let mut settings = Settings::default();
    settings.memory = memory << 20;
    let before = resident();
    let mut hunter = BehaviorEngine::new(settings, None);
    let columns: Vec<BehaviorColumns> = (0..LOGS.len())
        .map(|i| BehaviorColumns::bind(&schema(i)))
        .collect();
    let (mut record, mut out) = (RecordBuf::new(), Vec::new());
    let total = sources + names;
    let hours = 48.0;
    let mut rows = Rows::from(1 << 50);
    // Ten minutes, a fifth of jitter, from the first moment on; and one every two hours.
    for (number, period) in [(0, 600.0), (1, 7200.0)] {
        let beacon = Beacon {
            number,
            host: host(number),
            channel: Channel::Tcp,
            period,
            jitter: 0.2,
            missed: 0.05,
            sleeps: false,
            span: (START, START + hours * 3600.0),
        };
        beacon.rows(&mut rows);
    }
    let beats = rows.sorted();
    let mut beats = beats.iter().peekable();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let mut other = 0u64;
    println!(
        "{:>14} {:>10} {:>10} {:>12} {:>12}",
        "rows", "rows/s", "CPU s", "state MiB", "resident MiB"
    );
    let (mut began, mut spent, mut peak) = (Instant::now(), processor(), 0);
    for i in 0..total {
        let ts = START + hours * 3600.0 * i as f64 / total as f64;
        while let Some(beat) = beats.next_if(|b| b.ts <= ts) {
            beat.fill(&mut record);
            hunter.observe(&columns[0], &record.record(), &mut out);
        }
        let mut flood = Rows::from(i);
        // Sources from outside and names asked for by one of ours, by turns.
        if i * sources / total != (i + 1) * sources / total {
            let from =
                Ipv4Addr::from(0x1500_0000u32.wrapping_add((i as u32).wrapping_mul(2_654_435_761)));
            flood.conn(
                ts,
                from,
                Ipv4Addr::new(10, 1, 200, 9),
                80,
                false,
                "",
                0.0,
                (0, 0),
                "S0",
            );
        } else {
            let resolver = Ipv4Addr::new(10, 1, 200, 1);
            flood.conn(ts, host(50), resolver, 53, true, "dns", 0.0, (40, 80), "SF");
            flood.with(RowKind::Dns(format!("n{i:x}.d{:x}.example", i / 2), "A"));
        }
        for row in &flood.rows {
            row.fill(&mut record);
            hunter.observe(&columns[row.log()], &record.record(), &mut out);
        }
        for f in out.drain(..) {
            match f.kind.0.name {
                "beacon" => {
                    found.entry(about(&f)).or_insert(i);
                }
                "host" => {}
                _ => other += 1,
            }
        }
        if (i + 1) % (total / 10).max(1) == 0 {
            let rate = (total / 10) as f64 / began.elapsed().as_secs_f64();
            let state: usize = hunter.parts().iter().map(|p| p.bytes).sum();
            let grown = resident().saturating_sub(before);
            peak = peak.max(grown);
            let mib = |b: u64| b as f64 / f64::from(1 << 20);
            println!(
                "{:>14} {rate:>10.0} {:>10.1} {:>12.1} {:>12.1}",
                i + 1,
                processor() - spent,
                mib(state as u64),
                mib(grown)
            );
            (began, spent) = (Instant::now(), processor());
        }
    }
    for part in hunter.parts() {
        println!(
            "{:<10} {:>10} of {:>10} bytes, gave up {:?}",
            part.name, part.bytes, part.budget, part.given_up
        );
    }
    for (what, at) in &found {
        println!(
            "found {what} after {:.0} % of the flood",
            100.0 * *at as f64 / total as f64
        );
    }
    println!(
        "{other} other findings; highest memory {:.1} MiB of {memory}",
        peak as f64 / f64::from(1 << 20)
    );
}
