//! The log types together: a file is all that one needs, and no value of a column upsets one.

use std::path::Path;
use zeek_anomaly_features::context::{ContextColumns, View};
use zeek_anomaly_features::row::Columns;
use zeek_anomaly_features::spec::LogType;
use zeek_anomaly_features::{Cell, Context, Limits, Row, Spec, logs};
use zeek_log::RecordBuf;
use zeek_log::schema::{Field, FieldType, Schema};

/// The build script, which makes the table of types.
#[allow(dead_code)]
#[path = "../build.rs"]
mod build;

#[test]
fn every_file_of_the_directory_is_a_type_of_that_name() {
    let files = build::log_files(Path::new("src/logs")).expect("the directory is there");
    let types: Vec<&str> = logs::ALL.iter().map(|t| t.log).collect();
    assert_eq!(files, types);
    for log in [
        "x509",
        "known_services",
        "arp",
        "analyzer",
        "dpd",
        "reporter",
    ] {
        assert!(logs::by_name(log).is_some(), "{log}");
    }
}

#[test]
fn a_new_file_is_in_the_table_and_its_place_does_not_depend_on_the_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["zzz.rs", "mod.rs", "brandnew.rs", "conn.rs", "notes.txt"] {
        std::fs::write(dir.path().join(name), "").expect("a file");
    }
    let names = build::log_files(dir.path()).expect("the directory is there");
    assert_eq!(names, ["brandnew", "conn", "zzz"]);
    let table = build::table(&names);
    assert!(table.contains("&brandnew::TYPE,"), "{table}");
}

/// Pushes a value that a hostile or broken log could have.
fn push(buf: &mut RecordBuf, n: u64) {
    const TEXTS: [&[u8]; 12] = [
        b"",
        b",",
        b"CN=\\",
        b"CN=,O=",
        b"\\\\server\\share$",
        b"a@b@<c",
        b"\xff\xfe\x1b[31m",
        b"....",
        b"999 9",
        b"/$",
        b"ff:ff",
        b"sip:@:;",
    ];
    match n % 12 {
        0 => buf.push_unset(),
        1 => buf.push_bool((n / 12).is_multiple_of(2)),
        2 => buf.push_count(u64::MAX),
        3 => buf.push_int(i64::MIN),
        4 => buf.push_double(f64::NAN),
        5 => buf.push_double(-1e300),
        6 => buf.push_time(4.3e9),
        7 => buf.push_interval(-1e9),
        8 => buf.push_port(65535),
        9 => buf.push_addr([255, 255, 255, 255].into()),
        10 => {
            buf.begin_list();
            (0..n % 5).for_each(|i| buf.push_text(TEXTS[((n + i) % 12) as usize]));
            buf.end_list();
        }
        _ => buf.push_text(TEXTS[(n / 12 % 12) as usize]),
    }
}

#[test]
fn no_value_upsets_a_type_and_numbers_are_finite() {
    let context = Context::new(Limits::default());
    for t in logs::ALL {
        let spec = Spec::Known(t);
        let mut fields: Vec<Field> = Vec::new();
        for name in spec.columns() {
            fields.push(Field::new(name, FieldType::Unknown));
        }
        let schema = Schema {
            log: t.log.into(),
            fields,
        };
        let columns = Columns::bind(&spec.columns(), &schema);
        let of_context = ContextColumns::bind(t.role, &schema);
        let mut buf = RecordBuf::new();
        let mut state = 1u64;
        for _ in 0..3000 {
            buf.clear();
            for _ in &schema.fields {
                // An ordinary congruential generator is random enough.
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                push(&mut buf, state >> 33);
            }
            let record = buf.record();
            let row = Row::new(record, &columns, context.view(&of_context, &record));
            for f in 0..spec.len() {
                match (spec.kind(f), spec.cell(f, &row)) {
                    (kind, cell) if kind.is_category() => {
                        let number = matches!(cell, Cell::Num(_));
                        assert!(!number, "{} {}", t.log, spec.name(f));
                    }
                    (_, Cell::Num(v)) => assert!(v.is_finite(), "{} {}", t.log, spec.name(f)),
                    (_, Cell::Missing) => {}
                    (_, Cell::Text(_)) if spec.is_learned(f) => {}
                    (_, c) => panic!("{} {} is {c:?}", t.log, spec.name(f)),
                }
            }
        }
    }
}

/// The value of a feature in a record of texts, as a JSON log without types has them.
fn value(log: &str, feature: &str, record: &[(&str, &str)]) -> String {
    let t = logs::by_name(log).expect("a log type");
    let spec = Spec::Known(t);
    let fields = record
        .iter()
        .map(|(n, _)| Field::new(*n, FieldType::Unknown));
    let schema = Schema {
        log: log.into(),
        fields: fields.collect(),
    };
    let mut buf = RecordBuf::new();
    for (_, v) in record {
        buf.push_text(v.as_bytes());
    }
    let columns = Columns::bind(&spec.columns(), &schema);
    let row = Row::new(buf.record(), &columns, View::default());
    let f = (0..spec.len())
        .find(|f| spec.name(*f) == feature)
        .unwrap_or_else(|| panic!("{log} has no {feature}"));
    spec.cell(f, &row).display().into_owned()
}

#[test]
fn features_tell_what_an_analyst_would_look_for() {
    let subject = "CN=www.shop.example,O=Shop,C=DE";
    for (log, feature, record, want) in [
        (
            "x509",
            "self_signed",
            vec![
                ("certificate.subject", subject),
                ("certificate.issuer", subject),
            ],
            "1",
        ),
        (
            "x509",
            "subject_domain",
            vec![("certificate.subject", subject)],
            "shop.example",
        ),
        (
            "x509",
            "expired",
            vec![("ts", "200"), ("certificate.not_valid_after", "100")],
            "1",
        ),
        (
            "x509",
            "valid_for",
            vec![
                ("certificate.not_valid_before", "5"),
                ("certificate.not_valid_after", "100"),
            ],
            "95",
        ),
        (
            "arp",
            "sender_differs",
            vec![
                ("src_mac", "50:5b:c2:db:c3:17"),
                ("orig_hw", "50:50:50:50:50:50"),
            ],
            "1",
        ),
        (
            "arp",
            "reply_to_all",
            vec![("operation", "reply"), ("dst_mac", "FF:ff:ff:ff:ff:ff")],
            "1",
        ),
        (
            "arp",
            "reply_to_all",
            vec![("operation", "request"), ("dst_mac", "ff:ff:ff:ff:ff:ff")],
            "0",
        ),
        (
            "known_hosts",
            "network",
            vec![("host", "192.0.2.9")],
            "192.0.2.0",
        ),
        (
            "smtp",
            "from_differs",
            vec![
                ("mailfrom", "a@mail.example.org"),
                ("from", "B <b@evil.example.net>"),
            ],
            "1",
        ),
        (
            "smtp",
            "from_differs",
            vec![
                ("mailfrom", "a@mail.example.org"),
                ("from", "B <b@example.org>"),
            ],
            "0",
        ),
        ("smtp", "helo_is_address", vec![("helo", "[0.0.0.0]")], "1"),
        (
            "smtp",
            "last_reply_code",
            vec![("last_reply", "554 5.7.1 bad smtp-auth user")],
            "554",
        ),
        (
            "ftp",
            "third_party",
            vec![
                ("id.orig_h", "10.0.0.1"),
                ("id.resp_h", "10.0.0.2"),
                ("data_channel.resp_h", "10.9.9.9"),
            ],
            "1",
        ),
        (
            "smb_mapping",
            "administrative",
            vec![("path", r"\\dc\ADMIN$")],
            "1",
        ),
        (
            "smb_mapping",
            "administrative",
            vec![("path", r"\\dc\IPC$")],
            "0",
        ),
        (
            "smb_files",
            "extension",
            vec![("name", r"Users\x\run.exe")],
            ".exe",
        ),
        (
            "kerberos",
            "machine_account",
            vec![("client", "WORK-PC$/EXAMPLE.COM")],
            "1",
        ),
        (
            "kerberos",
            "service_class",
            vec![("service", "krbtgt/EXAMPLE.COM")],
            "krbtgt",
        ),
        (
            "dce_rpc",
            "named_pipe",
            vec![("named_pipe", "49667")],
            "(a port)",
        ),
        (
            "sip",
            "uri_host",
            vec![("uri", "sip:100@192.0.2.5:5060;transport=udp")],
            "192.0.2.5",
        ),
        (
            "sip",
            "to_itself",
            vec![
                ("request_from", "<sip:1@a>;tag=2"),
                ("request_to", "<sip:1@a>"),
            ],
            "1",
        ),
        ("dpd", "analyzer_name", vec![("analyzer", "SMB")], "SMB"),
        (
            "analyzer",
            "analyzer_name",
            vec![("analyzer_name", "SMB")],
            "SMB",
        ),
        (
            "reporter",
            "message",
            vec![("message", "2047 packets received on interface en0")],
            "packets received on interface en",
        ),
        (
            "ntp",
            "offset",
            vec![("ts", "100"), ("xmt_time", "103")],
            "3",
        ),
        (
            "ntp",
            "offset",
            vec![("ts", "100"), ("xmt_time", "0")],
            "(none)",
        ),
        (
            "snmp",
            "unanswered",
            vec![
                ("get_requests", "9"),
                ("get_bulk_requests", "1"),
                ("get_responses", "4"),
            ],
            "6",
        ),
        (
            "pe",
            "since_compiled",
            vec![("ts", "100"), ("compile_ts", "40")],
            "60",
        ),
    ] {
        assert_eq!(
            value(log, feature, &record),
            want,
            "{log} {feature} of {record:?}"
        );
    }
}

/// A record of a log type: what tells of the connection is as it should be, all else is anything.
fn of_connection(t: &'static LogType, state: &mut u64) -> (Schema, RecordBuf) {
    let spec = Spec::Known(t);
    let mut names = vec!["ts", "uid", "duration"];
    names.extend(spec.columns());
    names.dedup();
    let mut buf = RecordBuf::new();
    for name in &names {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        match *name {
            "ts" => buf.push_time(1e9),
            "uid" => buf.push_text(b"Cone"),
            "duration" => buf.push_interval(60.0),
            _ => push(&mut buf, *state >> 33),
        }
    }
    let fields = names.iter().map(|n| Field::new(*n, FieldType::Unknown));
    let schema = Schema {
        log: t.log.into(),
        fields: fields.collect(),
    };
    (schema, buf)
}

/// Training takes features with the context of their rows, and finds the texts of categories again
/// without (`engine/src/sheet.rs`).
#[test]
fn no_category_depends_on_what_the_connection_did_in_other_logs() {
    let mut context = Context::new(Limits::default());
    let mut state = 7u64;
    for t in logs::ALL.iter().filter(|t| t.log != "conn") {
        for _ in 0..5 {
            let (schema, buf) = of_connection(t, &mut state);
            context.absorb(&ContextColumns::bind(t.role, &schema), &buf.record());
        }
    }
    let mut told = false;
    for t in logs::ALL {
        let spec = Spec::Known(t);
        for _ in 0..200 {
            let (schema, buf) = of_connection(t, &mut state);
            let columns = Columns::bind(&spec.columns(), &schema);
            let of_context = ContextColumns::bind(t.role, &schema);
            let record = buf.record();
            let with = Row::new(record, &columns, context.view(&of_context, &record));
            let without = Row::new(record, &columns, View::default());
            for f in 0..spec.len() {
                let cells = [spec.cell(f, &with), spec.cell(f, &without)];
                let [with, without] = cells.map(|c| format!("{c:?}"));
                match spec.kind(f) {
                    kind if kind.is_category() => {
                        assert_eq!(with, without, "{} {}", t.log, spec.name(f))
                    }
                    _ => told |= with != without,
                }
            }
        }
    }
    assert!(told, "something depends on it");
}
