//! Writes generated traffic as Zeek logs: an office, and what is asked for in it.

use clap::Parser;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use zeek_anomaly_traffic::attack::{Beacon, Channel, guess, scan};
use zeek_anomaly_traffic::office::{Office, host};
use zeek_anomaly_traffic::row::{LOGS, RowKind, header};

/// Writes conn, ssl, http, dns and ssh logs of an office with attacks in it, and labels.csv (uid,label).
#[derive(Parser)]
struct Args {
    /// Where to write; made where it is not there
    #[arg(short, long)]
    output: PathBuf,
    /// The seed of the ordinary traffic
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Hosts of the office; 0 for no ordinary traffic
    #[arg(long, default_value_t = 40)]
    hosts: u32,
    /// Days
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// Hosts with regular software that nobody else has
    #[arg(long, default_value_t = 0)]
    lonely: u32,
    /// Midnight of the first day, seconds since the epoch
    #[arg(long, default_value_t = 1_772_668_800.0)]
    start: f64,
    /// A beacon: `CHANNEL:PERIOD:JITTER[:MISSED]`, as tls:300:0.2 (channels: tcp, udp, http, tls, fronted, dns; seconds; share)
    #[arg(long, value_parser = beacon)]
    beacon: Vec<(Channel, f64, f64, f64)>,
    /// Whether beacons sleep from 20:00 to 06:00
    #[arg(long)]
    sleeps: bool,
    /// A scan: HOSTS:PORTS:INTERVAL, as 200:1:0.1
    #[arg(long, value_parser = three)]
    scan: Vec<(f64, f64, f64)>,
    /// Guessing over SSH: TRIES:INTERVAL:WORKS, as 50:10:1
    #[arg(long, value_parser = three)]
    guess: Vec<(f64, f64, f64)>,
}

fn beacon(text: &str) -> Result<(Channel, f64, f64, f64), String> {
    let wrong = || "should be CHANNEL:PERIOD:JITTER[:MISSED], as tls:300:0.2".to_owned();
    let parts: Vec<&str> = text.split(':').collect();
    let number = |i: usize| parts.get(i).map_or(Ok(0.0), |t| t.parse::<f64>());
    let named = |c: &&Channel| parts.first() == Some(&c.name());
    let channel = *Channel::ALL.iter().find(named).ok_or_else(wrong)?;
    match (number(1), number(2), number(3)) {
        (Ok(p), Ok(j), Ok(m)) if p > 0.0 && (0.0..1.0).contains(&j) && (0.0..1.0).contains(&m) => {
            Ok((channel, p, j, m))
        }
        _ => Err(wrong()),
    }
}

fn three(text: &str) -> Result<(f64, f64, f64), String> {
    let parts: Vec<f64> = text.split(':').filter_map(|t| t.parse().ok()).collect();
    match parts[..] {
        [a, b, c] => Ok((a, b, c)),
        _ => Err("should be three numbers with colons between them".into()),
    }
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let office = Office {
        seed: args.seed,
        hosts: args.hosts,
        days: args.days,
        start: args.start,
        lonely: args.lonely,
    };
    let mut rows = office.rows();
    let mut labels: Vec<(usize, &str)> = Vec::new();
    let span = (args.start, args.start + f64::from(args.days) * 86_400.0);
    let mut next = 0;
    let mut who = || {
        next += 1;
        host((next * 7) % args.hosts.max(1))
    };
    for (i, (channel, period, jitter, missed)) in args.beacon.iter().enumerate() {
        let beacon = Beacon {
            number: i as u32,
            host: who(),
            channel: *channel,
            period: *period,
            jitter: *jitter,
            missed: *missed,
            sleeps: args.sleeps,
            span,
        };
        let from = rows.rows.len();
        beacon.rows(&mut rows);
        labels.push((from, "beacon"));
        labels.push((rows.rows.len(), ""));
    }
    for (hosts, ports, interval) in &args.scan {
        labels.push((rows.rows.len(), "scan"));
        scan(
            &mut rows,
            who(),
            span.0 + 36_000.0,
            *interval,
            *hosts as u32,
            *ports as u16,
        );
        labels.push((rows.rows.len(), ""));
    }
    for (tries, interval, works) in &args.guess {
        labels.push((rows.rows.len(), "guessing"));
        guess(
            &mut rows,
            who(),
            span.0 + 40_000.0,
            *interval,
            *tries as u32,
            *works > 0.0,
        );
        labels.push((rows.rows.len(), ""));
    }
    std::fs::create_dir_all(&args.output)?;
    let file = |name: String| File::create(args.output.join(name)).map(BufWriter::new);
    let mut out = file("labels.csv".into())?;
    writeln!(out, "uid,label")?;
    for pair in labels.windows(2).filter(|p| !p[0].1.is_empty()) {
        for row in &rows.rows[pair[0].0..pair[1].0] {
            if matches!(row.kind, RowKind::Conn { .. }) {
                writeln!(out, "{},{}", row.uid(), pair[0].1)?;
            }
        }
    }
    out.flush()?;
    let mut logs = Vec::new();
    for (i, log) in LOGS.iter().enumerate() {
        let mut f = file(format!("{log}.log"))?;
        f.write_all(header(i).as_bytes())?;
        logs.push(f);
    }
    for row in rows.sorted() {
        logs[row.log()].write_all(row.line().as_bytes())?;
    }
    logs.iter_mut().try_for_each(Write::flush)
}
