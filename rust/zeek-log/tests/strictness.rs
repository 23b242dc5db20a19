//! The reader accepts or refuses a value alike in TSV and JSON, and counts it alike.

mod common;
use common::{Owned, UNSET, count, read_as, text};
use zeek_log::{Error, Value};

const FIELDS: &[(&str, &str, &str)] = &[
    ("ts", "time", "1772697600.5"),
    ("uid", "string", "C1"),
    ("id.orig_h", "addr", "10.0.0.1"),
    ("id.orig_p", "port", "1024"),
    ("id.resp_h", "addr", "203.0.113.9"),
    ("id.resp_p", "port", "443"),
    ("orig_bytes", "count", "7"),
    ("vlan", "int", "3"),
    ("tunnel_parents", "set[string]", "C7"),
];

fn header() -> String {
    let row =
        |f: fn(&(&str, &str, &str)) -> String| FIELDS.iter().map(f).collect::<Vec<_>>().join("\t");
    format!(
        "#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\t{}\n#types\t{}\n",
        row(|f| f.0.into()),
        row(|f| f.1.into())
    )
}

fn values(field: &str, value: &str) -> Vec<String> {
    let of = |f: &(&str, &str, &str)| if f.0 == field { value } else { f.2 }.to_owned();
    FIELDS.iter().map(of).collect()
}

fn line(field: &str, value: &str) -> String {
    values(field, value).join("\t") + "\n"
}

fn json(field: &str, value: &str) -> String {
    let named = FIELDS.iter().zip(values(field, value));
    let pairs = named.map(|(f, v)| {
        let number = v.parse::<f64>().is_ok();
        let v = if number { v } else { format!("\"{v}\"") };
        format!("\"{}\":{v}", f.0)
    });
    format!("{{{}}}\n", pairs.collect::<Vec<_>>().join(","))
}

#[test]
fn a_value_is_accepted_or_refused_alike_in_both_formats() {
    for (field, value, good) in [
        ("vlan", "94:c7:42:00:00:01", true),
        ("vlan", "1.5", true),
        ("orig_bytes", "many", true),
        ("orig_bytes", "-1", true),
        ("orig_bytes", "900.0", true),
        ("tunnel_parents", "", true),
        ("id.orig_p", "443.0", true),
        ("id.orig_p", "70000", false),
        ("id.resp_p", "https", false),
        ("id.orig_h", "nobody", false),
        ("id.orig_h", "17", false),
        ("ts", "soon", false),
        ("ts", "2026-03-05T08:00:00+0000", true),
        ("ts", "1772697600500000000", true),
        ("ts", "", true),
    ] {
        let tsv = read_as("conn.log", header() + &line(field, value)).unwrap();
        let json = read_as("conn.log", json(field, value)).unwrap();
        let rows = usize::from(good);
        assert_eq!(
            (tsv.rows.len(), json.rows.len()),
            (rows, rows),
            "{field} = {value:?}"
        );
        let reason = |all: &common::All| all.stats.refusals.first().map(|r| r.reason.to_string());
        assert_eq!(reason(&tsv), reason(&json));
    }
}

#[test]
fn a_bad_value_in_a_column_that_does_not_say_which_record_it_is_costs_the_value_and_is_told() {
    let all = read_as(
        "conn.log",
        header() + &line("vlan", "94:c7") + &line("", ""),
    )
    .unwrap();
    assert_eq!(
        (all.stats.rows, all.stats.refused, all.stats.odd_values),
        (2, 0, 1)
    );
    assert_eq!(
        all.stats.odd[0].to_string(),
        "line 6: vlan should be an integer but is \"94:c7\""
    );
    assert_eq!(all.rows[0].get("vlan"), text("94:c7"));
    assert_eq!(all.rows[0].get("orig_bytes"), count(7));
}

#[test]
fn surplus_fields_that_say_nothing_are_passed_over_and_others_are_not() {
    let good = line("", "");
    let with = |end: &str| good.trim_end().to_owned() + end + "\n";
    let body = header() + &with("\t") + &good + &with("\t\t") + &with("\t-") + &with("\tvalue");
    let all = read_as("conn.log", body).unwrap();
    assert_eq!((all.stats.rows, all.stats.refused), (4, 1));
    let header_too = header().replace("tunnel_parents\n", "tunnel_parents\t\n");
    let all = read_as("conn.log", header_too + &good + &with("\t")).unwrap();
    assert_eq!((all.stats.rows, all.stats.refused), (2, 0));
    assert_eq!(all.rows[0].fields.len(), FIELDS.len());
}

#[test]
fn labels_after_three_blanks_are_columns() {
    let head = header()
        .replace(
            "\ttunnel_parents\n",
            "\ttunnel_parents   label   detailed-label\n",
        )
        .replace("\tset[string]\n", "\tset[string]   string   string\n");
    let good = line("", "");
    let row = good.trim_end().to_owned() + "   Malicious   Port scan\n";
    let tabs = good.trim_end().to_owned() + "\tBenign\t-\n";
    let all = read_as("conn.log.labeled", head + &row + &tabs).unwrap();
    assert_eq!(
        (all.stats.rows, all.stats.refused),
        (2, 0),
        "{:?}",
        all.reasons()
    );
    assert_eq!(all.rows[0].get("label"), text("Malicious"));
    assert_eq!(all.rows[0].get("detailed-label"), text("Port scan"));
    assert_eq!(
        all.rows[0].get("tunnel_parents"),
        Owned::List(vec![text("C7")])
    );
    assert_eq!(all.rows[1].get("label"), text("Benign"));
    assert_eq!(all.rows[1].get("detailed-label"), UNSET);
}

#[test]
fn a_header_whose_tabs_became_blanks_is_named() {
    for blank in [" ", "    "] {
        let body = (header() + &line("", "")).replace('\t', blank);
        let all = read_as("conn.log", body).unwrap();
        let end = all.end.expect("an error");
        assert!(matches!(end, Error::BlanksForTabs { line: 6, .. }), "{end}");
        assert!(all.rows.is_empty());
    }
    let all = read_as("conn.log", header() + &line("", "").replace('\t', " ")).unwrap();
    assert!(
        all.reasons()[0].contains("TABs became blanks"),
        "{:?}",
        all.reasons()
    );
}

#[test]
fn times_as_text_and_by_another_name_are_times_in_tsv() {
    let as_text = header().replace("#types\ttime", "#types\tstring");
    for (head, value) in [
        (as_text.clone(), "2026-03-05T08:00:00+0000"),
        (
            as_text.replace("#fields\tts", "#fields\t_time"),
            "2026-03-05 08:00:00 UTC",
        ),
        (header(), "1772697600000"),
        (header(), "1772697600000000"),
    ] {
        let all = read_as("conn.log", head + &line("ts", value)).unwrap();
        assert_eq!(
            all.rows[0].get("ts"),
            Owned::Plain(Value::Time(1_772_697_600.0)),
            "{value}"
        );
        assert_eq!(all.stats.without_time, 0);
    }
}

#[test]
fn reduced_and_interim_logs_are_known_by_path_header_or_file_name() {
    let row = "{\"ts\":1.0,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\"";
    let log = |name: &str, body: String| read_as(name, body).unwrap().rows[0].log.clone();
    for (says, log_is) in [
        ("conn_red", "conn"),
        ("conn_long", "conn_open"),
        ("open_conn", "conn_open"),
        ("conn", "conn"),
    ] {
        let header = header().replace("#path\tconn", &format!("#path\t{says}"));
        assert_eq!(log("export.log", header + &line("", "")), log_is);
        assert_eq!(
            log("export.log", format!("{row},\"_path\":\"{says}\"}}\n")),
            log_is
        );
        assert_eq!(log(&format!("{says}.log"), format!("{row}}}\n")), log_is);
        // Zeek's own name of the stream, in a file of open connections.
        assert_eq!(
            log(
                &format!("{says}.log"),
                format!("{row},\"_path\":\"conn\"}}\n")
            ),
            log_is
        );
        assert_eq!(
            log(&format!("{says}.log"), header_of_conn() + &line("", "")),
            log_is
        );
    }
}

fn header_of_conn() -> String {
    header()
}
