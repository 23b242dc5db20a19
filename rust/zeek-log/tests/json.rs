//! What the JSON reader makes of names, times, streams and bad lines.

mod common;
use common::{Owned, UNSET, count, read, read_as, text};
use zeek_log::Value;

#[test]
fn dotted_underscored_and_nested_names_are_one_column() {
    let all = read(
        r#"{"ts":1.5,"id.orig_h":"10.0.0.1","id.orig_p":1}
{"ts":1.5,"id_orig_h":"10.0.0.1","id_orig_p":1}
{"ts":1.5,"id":{"orig_h":"10.0.0.1","orig_p":1}}
"#,
    );
    for row in &all.rows {
        assert_eq!(row.fields, all.rows[0].fields);
        assert_eq!(row.id, all.rows[0].id, "nothing new, no new schema");
    }
    assert_eq!(
        all.rows[0].get("id.orig_h"),
        Owned::Plain(Value::Addr([10, 0, 0, 1].into()))
    );
    assert_eq!(all.rows[0].get("id.orig_p"), Owned::Plain(Value::Port(1)));
}

#[test]
fn times_are_seconds_milliseconds_or_iso_8601() {
    let all = read(
        r#"{"ts":1655424007.123456}
{"ts":1655424007123.456}
{"ts":1655424007123456}
{"ts":1655424007123456000}
{"ts":"1655424007.123456"}
{"ts":"2022-06-17T00:00:07.123456Z"}
{"ts":"soon"}
{"ts":{"$date":1}}
{"ts":[1]}
{"ts":true}
{"ts":null,"certificate_not_valid_after":"2022-06-17T00:00:07.123456Z"}
"#,
    );
    let time = Owned::Plain(Value::Time(1_655_424_007.123_456));
    for row in &all.rows[..6] {
        assert_eq!(row.get("ts"), time);
    }
    assert_eq!(all.rows[6].get("ts"), UNSET);
    assert_eq!(all.rows[6].get("certificate.not_valid_after"), time);
    assert_eq!(all.stats.refused, 4);
    assert_eq!(
        all.reasons()[0],
        "line 7: ts should be a time but is \"soon\""
    );
}

#[test]
fn values_are_what_they_are_written_as() {
    let all = read(
        r#"{"ts":1,"a":1,"b":-1,"c":1.25,"d":true,"e":"1","f":["x",1,null,{"y":2}],"g":[],"h":null,"duration":2}
"#,
    );
    let row = &all.rows[0];
    assert_eq!(row.get("a"), count(1));
    assert_eq!(row.get("b"), Owned::Plain(Value::Int(-1)));
    assert_eq!(row.get("c"), Owned::Plain(Value::Double(1.25)));
    assert_eq!(row.get("d"), Owned::Plain(Value::Bool(true)));
    assert_eq!(row.get("e"), text("1"));
    assert_eq!(
        row.get("f"),
        Owned::List(vec![text("x"), count(1), UNSET, UNSET])
    );
    assert_eq!(row.get("g"), Owned::List(vec![]));
    assert!(
        !row.fields.iter().any(|f| f.0 == "h"),
        "null makes no column"
    );
    assert_eq!(row.get("duration"), Owned::Plain(Value::Interval(2.0)));
}

#[test]
fn a_combined_stream_is_told_apart_and_each_log_has_its_schema() {
    let all = read_as(
        "combined.log",
        r#"{"_path":"conn","a":1}
{"b":2,"@stream":"dns"}
{"a":3,"_path":"conn"}
{"_path":"conn","a":4,"c":5}
{"_path":"dns","b":6}
{"a":7}
"#,
    )
    .unwrap();
    let logs: Vec<&str> = all.rows.iter().map(|r| r.log.as_str()).collect();
    assert_eq!(logs, ["conn", "dns", "conn", "conn", "dns", "combined"]);
    let id: Vec<u64> = all.rows.iter().map(|r| r.id).collect();
    assert_eq!(id[0], id[2]);
    assert_eq!(id[1], id[4]);
    assert_ne!(id[2], id[3], "a new column is a new schema");
    assert_eq!(
        all.rows[3].fields,
        [("a".into(), count(4)), ("c".into(), count(5))]
    );
}

#[test]
fn without_any_name_the_columns_tell_the_log() {
    let line = r#"{"ts":1,"uid":"C","proto":"tcp","conn_state":"SF","missed_bytes":0}
{"ts":2,"uid":"C"}
"#;
    let logs = |name: &str| -> Vec<String> {
        let all = read_as(name, line).unwrap();
        all.rows.into_iter().map(|r| r.log).collect()
    };
    assert_eq!(logs("standard input"), ["conn", "conn"]);
    assert_eq!(logs("export.json"), ["conn", "conn"]);
    assert_eq!(logs("ssl.log"), ["ssl", "ssl"], "a known name is believed");
}

#[test]
fn absent_columns_are_unset_and_order_does_not_matter() {
    let all = read("{\"ts\":0,\"a\":1,\"b\":2,\"c\":3}\n{\"c\":6,\"a\":4}\n{}\n");
    assert_eq!(all.rows[1].get("a"), count(4));
    assert_eq!(all.rows[1].get("b"), UNSET);
    assert_eq!(all.rows[1].get("c"), count(6));
    assert!(all.rows[2].fields.iter().all(|f| f.1 == UNSET));
}

#[test]
fn bad_json_is_refused_and_the_rest_is_read() {
    let all =
        read("{\"ts\":1}\n{\"a\":\nnull\n[1]\n{\"a\":1}x\n{\"a\":\"\\ud800\"}\n\n{\"a\":2}\n");
    assert_eq!(all.rows.len(), 2);
    assert_eq!((all.stats.refused, all.stats.blank), (5, 1));
    assert!(
        all.reasons()[0].starts_with("line 2: not a JSON object: EOF"),
        "{:?}",
        all.reasons()
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_kept_like_zeeks_own_escapes() {
    let all = read(b"{\"ts\":1,\"a\":\"x\xffy\"}\n{\"a\":\"x\\\\xffy\"}\n");
    assert_eq!(all.rows[0].get("a"), text(b"x\xffy"));
    assert_eq!(all.rows[1].get("a"), text(b"x\xffy"));
}

#[test]
fn keys_without_end_do_not_grow_the_schema_without_end() {
    let mut body = String::new();
    for i in 0..3000 {
        body.push_str(&format!("{{\"k{i}\":1,\"ts\":{i}}}\n"));
    }
    body.push_str(&format!("{{\"{}\":1}}\n", "x".repeat(300)));
    body.push_str("{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":1}}}}}\n");
    let all = read(body);
    assert_eq!(all.rows.len(), 3002);
    assert_eq!(all.rows[3001].fields.len(), 1024);
    assert_eq!(all.rows[2999].get("ts"), Owned::Plain(Value::Time(2999.0)));
    assert_eq!(all.stats.ignored_values, 3000 - 1023 + 2);
}

#[test]
fn logs_without_end_are_refused() {
    let body: String = (0..300)
        .map(|i| format!("{{\"_path\":\"l{i}\",\"a\":1}}\n"))
        .collect();
    let all = read(body);
    assert_eq!((all.stats.rows, all.stats.refused), (256, 44));
}

#[test]
fn deep_nesting_is_ignored_and_no_crash() {
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let lists = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let all = read(format!(
        "{{\"ts\":1}}\n{deep}\n{lists}\n{}\n",
        &deep[..1000]
    ));
    assert_eq!((all.stats.rows, all.stats.refused), (3, 1));
}
