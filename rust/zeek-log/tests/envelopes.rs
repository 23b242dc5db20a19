//! Records in the envelopes of exporters are the records that Zeek wrote.

mod common;
use common::{Owned, count, read_as, text};
use zeek_log::Value;

const ROW: &str = r#"{"ts":1772697600.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1024,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp","orig_bytes":7}"#;
const HEAD: &str = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_bytes\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount";
const TSV: &str = "1772697600.500000\tC1\t10.0.0.1\t1024\t203.0.113.9\t443\ttcp\t7";

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn is_the_record(name: &str, body: &str, log: &str, rows: usize) {
    let all = read_as(name, body).unwrap_or_else(|e| panic!("{body}: {e}"));
    assert_eq!(all.rows.len(), rows, "{body}: {:?}", all.reasons());
    for row in &all.rows {
        assert_eq!(row.log, log, "{body}");
        let plain = |n: &str| match row.get(n) {
            Owned::Plain(v) => v,
            other => panic!("{n} is {other:?}"),
        };
        assert_eq!(plain("ts"), Value::Time(1_772_697_600.5), "{body}");
        assert_eq!(
            plain("id.orig_h"),
            Value::Addr([10, 0, 0, 1].into()),
            "{body}"
        );
        assert_eq!(plain("id.resp_p"), Value::Port(443), "{body}");
        assert_eq!(row.get("uid"), text("C1"), "{body}");
        assert_eq!(row.get("proto"), text("tcp"), "{body}");
    }
    assert_eq!(all.stats.without_time, 0, "{body}");
}

#[test]
fn an_object_in_an_envelope_is_the_record() {
    for body in [
        format!(r#"{{"conn":{ROW}}}"#),
        format!(r#"{{"@timestamp":"2030-01-01T00:00:00Z","conn":{ROW}}}"#),
        format!(r#"{{"_index":"zeek-conn","_id":"1","_source":{ROW}}}"#),
        format!(r#"{{"preview":false,"result":{ROW},"sourcetype":"bro:conn:json"}}"#),
        format!(r#"{{"time":1.0,"sourcetype":"corelight_conn","event":{ROW}}}"#),
        format!(r#"{{"zeek":{{"conn":{ROW}}}}}"#),
        format!(r#"{{"zeek":{ROW},"event":{{"dataset":"zeek.connection"}}}}"#),
        format!(r#"{{"_source":{{"zeek":{{"connection":{ROW}}}}}}}"#),
    ] {
        is_the_record("export.json", &format!("{body}\n{body}\n"), "conn", 2);
    }
}

#[test]
fn a_text_in_an_envelope_is_read_as_the_line_that_it_is() {
    for line in [ROW, TSV] {
        let (line, head) = (quoted(line), quoted(HEAD));
        for wrap in [
            r#"{"log":{"file":{"path":"/zeek/conn.log"}},"message":LINE}"#,
            r#"{"log.file.path":"/zeek/conn.log","event":{"original":LINE}}"#,
            r#"{"source":"/zeek/conn.log","result":{"_raw":LINE,"_time":"2030-01-01T00:00:00Z"}}"#,
            r#"{"ts":"2030-01-01T00:00:00Z","file":"/zeek/conn.log","line":LINE}"#,
            r#"{"file":"/zeek/conn.log","message":"{\"message\":LINE}"}"#,
        ] {
            let of = |line: &str| match wrap.contains("\\\"message\\\"") {
                true => {
                    let twice = quoted(line);
                    wrap.replace("LINE", &twice[1..twice.len() - 1])
                }
                false => wrap.replace("LINE", line),
            };
            is_the_record(
                "export.json",
                &format!("{}\n{}\n", of(&head), of(&line)),
                "conn",
                1,
            );
        }
    }
}

#[test]
fn arrays_of_records_are_read_however_they_are_laid_out() {
    let pretty = ROW.replace(",\"", ",\n   \"");
    for body in [
        format!("[{ROW},{ROW}]"),
        format!("[\n{pretty},\n{pretty}\n]\n"),
        format!("{pretty}\n{pretty}\n"),
        format!(r#"{{"records":[{ROW},{ROW}]}}"#),
        format!(
            r#"{{"took":1,"hits":{{"hits":[{{"_source":{ROW}}},{{"_source":{ROW}}}]}},"more":[{{"a":1}}]}}"#
        ),
        format!("[{ROW}]\n[{ROW}]\n"),
        format!(r#"{{"message":{}}}"#, quoted(&format!("{ROW}\n{ROW}\n"))),
    ] {
        is_the_record("conn.json", &body, "conn", 2);
    }
    // More than the longest line.
    let many = vec![ROW; 10_000].join(",");
    is_the_record("conn.json", &format!("[{many}]"), "conn", 10_000);
}

#[test]
fn columns_below_zeek_have_their_addresses_from_the_common_schema() {
    let nested = r#"{"@timestamp":"2026-03-05T08:00:00.500Z","event":{"dataset":"zeek.connection","duration":1500000000},"network":{"transport":"tcp","application":"ssl"},"source":{"ip":"10.0.0.1","port":1024,"bytes":90},"destination":{"ip":"203.0.113.9","port":443},"zeek":{"session_id":"C1","connection":{"state":"SF","history":"ShADad"}}}"#;
    let dotted = r#"{"@timestamp":1772697600500,"event.dataset":"zeek.connection","event.duration":1500000000,"network.transport":"tcp","network.application":"ssl","source.ip":"10.0.0.1","source.port":1024,"source.bytes":90,"destination.ip":"203.0.113.9","destination.port":443,"zeek.session_id":"C1","zeek.connection.state":"SF","zeek.connection.history":"ShADad"}"#;
    for body in [nested, dotted] {
        is_the_record("export.json", body, "conn", 1);
        let all = read_as("export.json", body).unwrap();
        let row = &all.rows[0];
        assert_eq!(row.get("conn_state"), text("SF"));
        assert_eq!(row.get("service"), text("ssl"));
        assert_eq!(row.get("orig_ip_bytes"), count(90));
        assert_eq!(row.get("duration"), Owned::Plain(Value::Interval(1.5)));
    }
}

#[test]
fn a_time_by_another_name_is_the_time_where_there_is_no_ts() {
    for (name, time) in [
        ("@timestamp", r#""2026-03-05T08:00:00.500Z""#),
        ("_time", r#""2026-03-05T09:00:00.500+01:00""#),
        ("timestamp", "1772697600500"),
    ] {
        let row = ROW.replace(r#""ts":1772697600.5"#, &format!(r#""{name}":{time}"#));
        is_the_record("conn.json", &row, "conn", 1);
    }
    let both = ROW.replacen('{', r#"{"@timestamp":"2030-01-01T00:00:00Z","#, 1);
    is_the_record("conn.json", &both, "conn", 1);
    let all = read_as("conn.json", r#"{"uid":"C1","id.orig_h":"10.0.0.1"}"#).unwrap();
    assert_eq!((all.stats.rows, all.stats.without_time), (1, 1));
}

#[test]
fn a_line_of_syslog_around_a_record_is_passed_over() {
    is_the_record(
        "conn.log",
        &format!("<13>Mar  5 08:00:00 sensor zeek: {ROW}\n"),
        "conn",
        1,
    );
}

#[test]
fn json_of_other_tools_is_refused_by_name() {
    for (body, word) in [
        (
            r#"{"timestamp":"2026-03-05T08:00:00+0000","event_type":"flow","src_ip":"10.0.0.1"}"#,
            "Suricata",
        ),
        (
            r#"{"name":"x","level":"info","message":"started"}"#,
            "level, message, name",
        ),
        (
            r#"{"message":"Connection from 10.0.0.1 closed","host":"a"}"#,
            "host, message",
        ),
    ] {
        let all = read_as("export.json", format!("{body}\n{body}\n")).unwrap();
        assert_eq!((all.stats.rows, all.stats.refused), (0, 2), "{body}");
        assert!(all.reasons()[0].contains(word), "{:?}", all.reasons());
    }
}

#[test]
fn envelopes_in_envelopes_without_end_are_no_record() {
    let mut body = ROW.to_owned();
    for _ in 0..10 {
        body = format!(r#"{{"message":{}}}"#, quoted(&body));
    }
    let all = read_as("export.json", &body).unwrap();
    assert_eq!((all.stats.rows, all.stats.refused), (0, 1));
    let deep = format!(
        "{{\"message\":{}1{}}}",
        "{\"a\":".repeat(5000),
        "}".repeat(5000)
    );
    let all = read_as("export.json", &deep).unwrap();
    assert_eq!((all.stats.rows, all.stats.refused), (0, 1));
}
