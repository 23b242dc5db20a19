//! Nanoseconds a row, single-threaded, from memory: `cargo bench -p zeek-log`.
//!
//! The rows are made here: connections with the columns and value lengths of a
//! usual `conn.log`, as Zeek's TSV and JSON writers put them.

use std::fmt::Write;
use std::io::{Cursor, Write as _};
use std::time::Instant;
use zeek_log::{LogReader, Options};

const ROWS: u64 = 200_000;
const RUNS: usize = 7;

fn main() {
    let (tsv, json) = rows();
    let gz = |level| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        out.write_all(tsv.as_bytes()).expect("memory");
        out.finish().expect("memory")
    };
    let zst = zstd::encode_all(tsv.as_bytes(), 3).expect("memory");
    measure("TSV", tsv.clone().into_bytes());
    measure("JSON", json.into_bytes());
    measure("TSV, gzip", gz(6));
    measure("TSV, zstd", zst);
}

fn measure(what: &str, bytes: Vec<u8>) {
    // `cargo bench -p zeek-log -- JSON` measures that one.
    let only = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    if only.is_some_and(|only| only != what) {
        return;
    }
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let stream = Box::new(Cursor::new(bytes.clone()));
        let start = Instant::now();
        let mut reader =
            LogReader::from_reader(stream, "conn.log", None, &Options::default()).expect("a log");
        let (mut rows, mut sum) = (0, 0.0);
        while let Some(row) = reader.next().expect("no error") {
            rows += 1;
            sum += row.record.get(0).number().unwrap_or(0.0);
        }
        best = best.min(start.elapsed().as_secs_f64());
        assert!(rows == ROWS && sum > 0.0);
    }
    println!(
        "{what:<10} {:>5.0} ns a row, {:>4.0} MB/s as stored",
        best * 1e9 / ROWS as f64,
        bytes.len() as f64 / best / 1e6
    );
}

fn rows() -> (String, String) {
    let mut tsv = String::from(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
         #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t\
         orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\t\
         orig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\tip_proto\n\
         #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\t\
         string\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\tcount\n",
    );
    let mut json = String::new();
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    for i in 0..ROWS {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        let (a, b, c) = (x >> 56, x >> 48 & 255, x >> 40 & 255);
        let (ts, us, port) = (
            1_655_071_198 + i / 50,
            x % 1_000_000,
            1024 + (x >> 20) % 60_000,
        );
        let (sent, got, packets) = (x >> 44, x >> 40 & 0xfffff, 2 + (x >> 30) % 40);
        let _ = writeln!(
            tsv,
            "{ts}.{us:06}\tCH{x:016x}\t10.{a}.{b}.7\t{port}\t142.250.{c}.{a}\t443\ttcp\tssl\t\
             {}.{us:06}\t{sent}\t{got}\tSF\tT\tF\t0\tShADadFf\t{packets}\t{}\t{packets}\t{}\t-\t6",
            a % 9,
            sent + 40 * packets,
            got + 40 * packets
        );
        let _ = writeln!(
            json,
            "{{\"ts\":{ts}.{us:06},\"uid\":\"CH{x:016x}\",\"id.orig_h\":\"10.{a}.{b}.7\",\
             \"id.orig_p\":{port},\"id.resp_h\":\"142.250.{c}.{a}\",\"id.resp_p\":443,\
             \"proto\":\"tcp\",\"service\":\"ssl\",\"duration\":{}.{us:06}{:09},\
             \"orig_bytes\":{sent},\"resp_bytes\":{got},\"conn_state\":\"SF\",\"local_orig\":true,\
             \"local_resp\":false,\"missed_bytes\":0,\"history\":\"ShADadFf\",\
             \"orig_pkts\":{packets},\"orig_ip_bytes\":{},\"resp_pkts\":{packets},\
             \"resp_ip_bytes\":{},\"ip_proto\":6}}",
            a % 9,
            x % 1_000_000_000,
            sent + 40 * packets,
            got + 40 * packets
        );
    }
    (tsv, json)
}
