//! The same record through Zeek's TSV writer, its JSON writer, and raw.
//!
//! The two writers here do what Zeek 8.2's do to a value; nothing is shared with
//! the readers.

mod common;
use common::{Owned, read, read_as};
use proptest::prelude::*;
use std::net::IpAddr;
use zeek_log::RecordBuf;

/// A record of a log with a column of each type.
#[derive(Clone, Debug)]
struct Made {
    ts: f64,
    duration: Option<f64>,
    orig_h: IpAddr,
    orig_p: u16,
    n: Option<u64>,
    i: Option<i64>,
    d: Option<f64>,
    b: Option<bool>,
    s: Option<Vec<u8>>,
    l: Option<Vec<Vec<u8>>>,
    c: Option<Vec<u64>>,
}

const NAMES: [&str; 11] = [
    "ts",
    "duration",
    "id.orig_h",
    "id.orig_p",
    "n",
    "i",
    "d",
    "b",
    "s",
    "l",
    "c",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    // Mostly what escapes are made of.
    let byte = prop_oneof![
        4 => prop::sample::select(&b"\\\\xx4a5cFf,-#\t\"(empty) "[..]),
        1 => any::<u8>(),
    ];
    prop_oneof![
        6 => prop::collection::vec(byte, 0..24),
        1 => Just(b"-".to_vec()),
        1 => Just(b"(empty)".to_vec()),
        1 => any::<String>().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1000..1100),
    ]
}

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1e6..1e6f64,
        Just(0.0),
        (0u64..1 << 40).prop_map(|x| x as f64 * 5e-7),
        any::<f64>().prop_filter("as Zeek logs them", |d| d.is_finite() && d.abs() < 1e15),
    ]
}

fn addr() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|v| IpAddr::V4(v.into())),
        any::<u128>().prop_map(|v| IpAddr::V6(v.into())),
        any::<u32>().prop_map(|v| IpAddr::V6(std::net::Ipv4Addr::from(v).to_ipv6_mapped())),
    ]
}

fn record() -> impl Strategy<Value = Made> {
    let list = prop::collection::vec(bytes(), 0..5)
        // In TSV a set of one empty text is spelled like the empty set.
        .prop_filter("ambiguous in TSV", |l| l.len() != 1 || !l[0].is_empty());
    (
        (0u64..1 << 51).prop_map(|us| us as f64 / 1e6),
        prop::option::of(double()),
        addr(),
        any::<u16>(),
        prop::option::of(any::<u64>()),
        prop::option::of(i64::MIN..0),
        prop::option::of(double()),
        prop::option::of(any::<bool>()),
        prop::option::of(bytes()),
        prop::option::of(list),
        prop::option::of(prop::collection::vec(any::<u64>(), 0..80)),
    )
        .prop_map(|(ts, duration, orig_h, orig_p, n, i, d, b, s, l, c)| Made {
            ts,
            duration,
            orig_h,
            orig_p,
            n,
            i,
            d,
            b,
            s,
            l,
            c,
        })
}

fn tsv_text(t: &[u8], in_set: bool) -> String {
    if t.is_empty() {
        return "(empty)".into();
    }
    let marker = t == b"-" || t == b"(empty)";
    let mut out = String::new();
    for (i, &c) in t.iter().enumerate() {
        let escaped = !(32..127).contains(&c) || (in_set && c == b',') || (i == 0 && marker);
        match c {
            b'\\' => out.push_str("\\\\"),
            _ if escaped => out.push_str(&format!("\\x{c:02x}")),
            _ => out.push(c as char),
        }
    }
    out
}

fn tsv(r: &Made) -> String {
    let or = |v: Option<String>| v.unwrap_or_else(|| "-".into());
    let list = |v: Vec<String>| {
        if v.is_empty() {
            "(empty)".into()
        } else {
            v.join(",")
        }
    };
    [
        format!("{:.6}", r.ts),
        or(r.duration.map(|d| format!("{d:.6}"))),
        r.orig_h.to_string(),
        r.orig_p.to_string(),
        or(r.n.map(|n| n.to_string())),
        or(r.i.map(|i| i.to_string())),
        or(r.d.map(|d| format!("{d:.6}"))),
        or(r.b.map(|b| if b { "T" } else { "F" }.into())),
        or(r.s.as_ref().map(|s| tsv_text(s, false))),
        or(r.l
            .as_ref()
            .map(|l| list(l.iter().map(|t| tsv_text(t, true)).collect()))),
        or(r.c
            .as_ref()
            .map(|c| list(c.iter().map(u64::to_string).collect()))),
    ]
    .join("\t")
}

fn json_text(t: &[u8]) -> String {
    let mut out = String::new();
    for chunk in t.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\0'..='\x1f' if !matches!(c, '\t' | '\n' | '\r') => {
                    out.push_str(&format!("\\x{:02x}", c as u32));
                }
                _ => out.push(c),
            }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    serde_json::to_string(&out).unwrap()
}

fn json(r: &Made, form: usize) -> String {
    let mut parts = vec![format!("\"ts\":{:?}", r.ts)];
    let (h, p) = (format!("\"{}\"", r.orig_h), r.orig_p);
    parts.push(match form % 3 {
        0 => format!("\"id.orig_h\":{h},\"id.orig_p\":{p}"),
        1 => format!("\"id_orig_h\":{h},\"id_orig_p\":{p}"),
        _ => format!("\"id\":{{\"orig_h\":{h},\"orig_p\":{p}}}"),
    });
    let mut add = |name: &str, value: Option<String>| match value {
        Some(v) => parts.push(format!("\"{name}\":{v}")),
        None if form.is_multiple_of(2) => parts.push(format!("\"{name}\":null")),
        None => {}
    };
    add("duration", r.duration.map(|d| format!("{d:?}")));
    add("n", r.n.map(|n| n.to_string()));
    add("i", r.i.map(|i| i.to_string()));
    add("d", r.d.map(|d| format!("{d:?}")));
    add("b", r.b.map(|b| b.to_string()));
    add("s", r.s.as_ref().map(|s| json_text(s)));
    let list = |v: Vec<String>| format!("[{}]", v.join(","));
    add(
        "l",
        r.l.as_ref()
            .map(|l| list(l.iter().map(|t| json_text(t)).collect())),
    );
    add(
        "c",
        r.c.as_ref()
            .map(|c| list(c.iter().map(u64::to_string).collect())),
    );
    if form.is_multiple_of(5) {
        parts.reverse();
    }
    format!("{{{}}}", parts.join(","))
}

fn raw(r: &Made) -> Vec<Owned> {
    let mut b = RecordBuf::new();
    b.push_time(r.ts);
    match r.duration {
        Some(d) => b.push_interval(d),
        None => b.push_unset(),
    }
    b.push_addr(r.orig_h);
    b.push_port(r.orig_p);
    match r.n {
        Some(n) => b.push_count(n),
        None => b.push_unset(),
    }
    match r.i {
        Some(i) => b.push_int(i),
        None => b.push_unset(),
    }
    match r.d {
        Some(d) => b.push_double(d),
        None => b.push_unset(),
    }
    match r.b {
        Some(v) => b.push_bool(v),
        None => b.push_unset(),
    }
    match &r.s {
        Some(s) => b.push_text(s),
        None => b.push_unset(),
    }
    match &r.l {
        Some(l) => {
            b.begin_list();
            l.iter().for_each(|t| b.push_text(t));
            b.end_list();
        }
        None => b.push_unset(),
    }
    match &r.c {
        Some(c) => {
            b.begin_list();
            c.iter().for_each(|n| b.push_count(*n));
            b.end_list();
        }
        None => b.push_unset(),
    }
    b.record().values().map(Owned::of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_record_reads_the_same_from_tsv_from_json_and_raw(
        records in prop::collection::vec(record(), 1..6),
        form in 0usize..30,
    ) {
        let mut as_tsv = format!(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tx\n\
             #fields\t{}\n#types\ttime\tinterval\taddr\tport\tcount\tint\tdouble\tbool\tstring\t\
             set[string]\tvector[count]\n",
            NAMES.join("\t")
        );
        let mut as_json = String::new();
        for r in &records {
            as_tsv.push_str(&tsv(r));
            as_tsv.push('\n');
            as_json.push_str(&json(r, form));
            as_json.push('\n');
        }
        let (from_tsv, from_json) = (read(as_tsv), read(as_json));
        prop_assert_eq!(from_tsv.stats.refused + from_json.stats.refused, 0);
        for (n, r) in records.iter().enumerate() {
            for (name, expected) in NAMES.iter().zip(raw(r)) {
                prop_assert_eq!(&from_tsv.rows[n].get(name), &expected, "TSV {}", name);
                let found = from_json.rows[n].fields.iter().find(|f| f.0 == *name);
                let found = found.map_or(common::UNSET, |f| f.1.clone());
                prop_assert_eq!(&found, &expected, "JSON {}", name);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic_and_every_line_is_accounted_for(
        start in prop::sample::select(vec![
            &b""[..], b"{", b"{\"ts\":1,\"a\":[\"x\"]}\n", b"#separator \\x09\n#fields\ta\tb\n",
            b"#separator \\x2c\n#fields,a,b\n#types,count,set[double]\n", b"\x1f\x8b\x08\x00",
            b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf#",
        ]),
        rest in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            prop::collection::vec(
                prop::sample::select(&b"#\t\n\r,{}[]\":\\x01-.empty)(fields types separator"[..]), 0..400),
        ],
    ) {
        // `read_as` checks that the lines add up.
        let _ = read_as("conn.log", [start, &rest].concat());
    }
}
