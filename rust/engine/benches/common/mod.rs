//! Rows to measure with, and how they are measured.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;
use zeek_log::{Input, LogReader, Options};

const HEADER: &str = "#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tconn
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\
\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\
\tcount\tcount\tcount\tcount\tset[string]
";

/// Services with their ports, their histories, and about how many bytes they answer.
const SERVICES: [(&str, u16, &str, &str, u64); 6] = [
    ("dns", 53, "udp", "Dd", 120),
    ("ssl", 443, "tcp", "ShADadfF", 6000),
    ("http", 80, "tcp", "ShADadFf", 20_000),
    ("-", 3389, "tcp", "S", 0),
    ("ntp", 123, "udp", "Dd", 48),
    ("smtp", 25, "tcp", "ShAdDaFf", 900),
];

/// Rows of an office: a few services, hosts and sizes that vary, a week long.
fn rows(n: u64) -> String {
    let mut out = String::from(HEADER);
    let mut state = 1u64;
    let mut random = |below: u64| {
        // Knuth's linear congruential generator.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for i in 0..n {
        let ts = 1_700_000_000.0 + i as f64 * 604_800.0 / n as f64;
        let (service, port, proto, history, size) =
            SERVICES[random(6) as usize * random(6) as usize / 6];
        let (orig, net, host) = (random(40), random(200), random(8));
        let answered = size * (50 + random(100)) / 100;
        let sent = 40 + random(1 + size / 8);
        let (packets, state) = (1 + answered / 1400, if size == 0 { "S0" } else { "SF" });
        let seconds = random(1 + size * 200) as f64 * 1e-6;
        let _ = writeln!(
            out,
            "{ts:.6}\tC{i:017x}\t10.0.0.{orig}\t{}\t198.51.{net}.{host}\t{port}\t{proto}\t{service}\t{seconds:.6}\
             \t{sent}\t{answered}\t{state}\tT\tF\t0\t{history}\t{}\t{}\t{packets}\t{}\t(empty)",
            1024 + random(60_000),
            packets + 2,
            sent + 40 * (packets + 2),
            answered + 40 * packets,
        );
    }
    out
}

/// The log that the arguments name, or made rows of conn.log, as many as they say.
pub fn log(dir: &Path) -> PathBuf {
    let asked = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    match asked.as_deref().map(|a| (a, a.parse())) {
        Some((path, Err(_))) => path.into(),
        of => {
            let n = of.map_or(1_000_000, |(_, n)| n.unwrap_or(0));
            let made = dir.join("conn.log");
            std::fs::write(&made, rows(n)).expect("room for the rows");
            made
        }
    }
}

/// The middle one of five times that something takes, in seconds.
pub fn median(work: &dyn Fn()) -> f64 {
    let mut took: Vec<f64> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed().as_secs_f64()
        })
        .collect();
    took.sort_unstable_by(f64::total_cmp);
    took[2]
}

/// Rows of a log, and how long plain reading takes: one thread that parses each row and does no more.
pub fn reading(input: &Input) -> (u64, f64) {
    let read = || {
        let mut reader = LogReader::open(input, &Options::default()).expect("a log");
        let mut n = 0u64;
        while let Ok(Some(_)) = reader.next() {
            n += 1;
        }
        n
    };
    let n = read();
    let took = median(&|| {
        read();
    });
    say("reading, 1 thread", n, took, took);
    (n, took)
}

/// Says how fast something was, beside reading.
pub fn say(what: &str, n: u64, took: f64, reading: f64) {
    println!(
        "{what:<22}{:>10.0} rows/s{:>8.2} × reading",
        n as f64 / took,
        took / reading
    );
}

/// Does something with one thread, and with as many as there are processors.
pub fn on_threads(work: &(dyn Fn(usize) + Sync)) {
    let most = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, most] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| work(threads));
    }
}
