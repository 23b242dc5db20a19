//! What the TSV reader makes of headers, escapes and bad lines.

mod common;
use common::{Owned, UNSET, count, read, read_as, read_with, text};
use zeek_log::{Error, Options, Value};

const HEAD: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n";

fn log(path: &str, fields: &str, types: &str, rows: &str) -> String {
    let tabs = |t: &str| t.replace(' ', "\t");
    format!(
        "{HEAD}#path\t{path}\n#fields\t{}\n#types\t{}\n{}",
        tabs(fields),
        tabs(types),
        tabs(rows)
    )
}

#[test]
fn values_have_the_types_of_the_header() {
    let all = read(log(
        "x",
        "ts n i d iv a p b s e sub l v",
        "time count int double interval addr port bool string enum subnet set[string] vector[count]",
        "1655071198.444458 5 -5 0.5 1.135424 10.0.0.1 443 T hi tcp 10.0.0.0/8 a,b 1,-,3\n",
    ));
    let row = &all.rows[0];
    assert_eq!((row.log.as_str(), row.line), ("x", 8));
    let plain = |n: &str| match row.get(n) {
        Owned::Plain(v) => v,
        other => panic!("{other:?}"),
    };
    assert_eq!(plain("ts"), Value::Time(1_655_071_198.444_458));
    assert_eq!(plain("n"), Value::Count(5));
    assert_eq!(plain("i"), Value::Int(-5));
    assert_eq!(plain("d"), Value::Double(0.5));
    assert_eq!(plain("iv"), Value::Interval(1.135_424));
    assert_eq!(plain("a"), Value::Addr([10, 0, 0, 1].into()));
    assert_eq!(plain("p"), Value::Port(443));
    assert_eq!(plain("b"), Value::Bool(true));
    assert_eq!(row.get("s"), text("hi"));
    assert_eq!(row.get("e"), text("tcp"));
    assert_eq!(row.get("sub"), text("10.0.0.0/8"));
    assert_eq!(row.get("l"), Owned::List(vec![text("a"), text("b")]));
    assert_eq!(row.get("v"), Owned::List(vec![count(1), UNSET, count(3)]));
}

#[test]
fn unset_and_empty_are_told_apart_before_escapes_are_undone() {
    let all = read(log(
        "x",
        "a b c d e l m n",
        "string string string string string set[string] set[string] double",
        "- (empty) \\x2d \\x28empty) C:\\\\x41\\x09y (empty) (empty),\\x2d,- nan\n",
    ));
    let row = &all.rows[0];
    assert_eq!(row.get("a"), UNSET);
    assert_eq!(row.get("b"), text(""));
    assert_eq!(row.get("c"), text("-"));
    assert_eq!(row.get("d"), text("(empty)"));
    // `\\x41` is the text `\x41`, which stands for A whichever writer wrote it.
    assert_eq!(row.get("e"), text("C:A\ty"));
    assert_eq!(row.get("l"), Owned::List(vec![]));
    assert_eq!(row.get("m"), Owned::List(vec![text(""), text("-"), UNSET]));
    assert_eq!(row.get("n"), UNSET);
}

#[test]
fn every_header_line_is_obeyed() {
    let all = read(
        "#separator ,\n#set_separator,|\n#empty_field,EMPTY\n#unset_field,NONE\n#path,odd\n\
         #open,2022-04-01-22-44-05\n#fields,a,l,s\n#types,count,set[count],string\n\
         NONE,1|2,EMPTY\n7,EMPTY,-\n#close,2022-04-01-22-44-06\n",
    );
    assert_eq!(all.rows[0].log, "odd");
    assert_eq!(all.rows[0].get("a"), UNSET);
    assert_eq!(all.rows[0].get("l"), Owned::List(vec![count(1), count(2)]));
    assert_eq!(all.rows[0].get("s"), text(""));
    assert_eq!(all.rows[1].get("l"), Owned::List(vec![]));
    assert_eq!(all.rows[1].get("s"), text("-"));
    assert_eq!((all.stats.headers, all.stats.refused), (9, 0));
}

#[test]
fn a_separator_may_be_longer_than_a_byte() {
    let all =
        read("#separator \\x7c\\x7c\n#path||x\n#fields||a||b\n#types||string||count\np|q||3\n");
    assert_eq!(all.rows[0].get("a"), text("p|q"));
    assert_eq!(all.rows[0].get("b"), count(3));
}

#[test]
fn a_stray_tab_or_byte_order_mark_before_the_header_does_no_harm() {
    for (before, after) in [
        ("\t", "\\x09"),
        ("\u{feff}", "\\x09"),
        ("\r\n  \n \t", "\\x09"),
    ] {
        let body = format!(
            "{before}#separator {after}\n#path\tx\n#fields\ta\tb\n#types\tcount\tstring\n1\t2\n"
        );
        let all = read(&body);
        assert_eq!(all.rows[0].get("a"), count(1), "{before:?}");
    }
    let tab_after = "#separator\t\\x09\n#path\tx\n#fields\ta\n#types\tcount\n1\n";
    assert_eq!(read(tab_after).rows.len(), 1);
}

#[test]
fn windows_line_ends_are_taken_off() {
    let all = read(log("x", "a s", "count string", "1 x\n").replace('\n', "\r\n"));
    assert_eq!(all.rows[0].get("s"), text("x"));
}

#[test]
fn a_header_in_mid_file_changes_the_columns_and_the_schema_id() {
    let first = log("conn", "a b", "count string", "1 x\n#close 2022\n");
    let same = log("conn", "a b", "count string", "2 y\n");
    let other = log("dns", "b a c", "string count count", "z 3 4\n");
    let all = read(format!("{first}{same}{other}"));
    let ids: Vec<u64> = all.rows.iter().map(|r| r.id).collect();
    assert_eq!(ids[0], ids[1], "the same header again is no change");
    assert_ne!(ids[1], ids[2]);
    assert_eq!(all.rows[2].log, "dns");
    assert_eq!(
        (all.rows[2].get("a"), all.rows[2].get("c")),
        (count(3), count(4))
    );
    assert_eq!(all.stats.refused, 0);
}

#[test]
fn a_number_sign_is_a_header_only_in_a_header_line() {
    let all = read(log(
        "x",
        "s t",
        "string string",
        "a #path\n#note of mine\n#fieldsx y\n\\x23path conn\n",
    ));
    assert_eq!(all.rows.len(), 2);
    assert_eq!(all.rows[0].get("t"), text("#path"));
    assert_eq!(all.rows[1].get("s"), text("#path"));
    assert_eq!((all.stats.comments, all.stats.headers), (2, 7));
}

#[test]
fn a_bad_line_is_refused_with_its_number_field_and_reason() {
    let all = read(log(
        "x",
        "n a s",
        "count addr string",
        "1 10.0.0.1 ok\nfive 10.0.0.1 x\n1 nobody x\n1 10.0.0.1\n1 10.0.0.1 x y\n1 10.0.0.1 \n2 10.0.0.1 ok\n",
    )
    .replace("\tn\ta\ts\n", "\tts\tid.orig_h\ts\n").replace("#types\tcount", "#types\ttime"));
    assert_eq!(
        all.reasons(),
        [
            "line 9: ts should be a time but is \"five\"",
            "line 10: id.orig_h should be an address but is \"nobody\"",
            "line 11: 2 columns where the header names 3",
            "line 12: 4 columns where the header names 3",
        ]
    );
    assert_eq!((all.stats.rows, all.stats.refused), (3, 4));
    assert_eq!(all.rows[1].get("s"), text(""));
}

#[test]
fn only_the_first_refusals_are_kept_and_long_values_are_cut() {
    let rows = format!("{}\n", "\x01x".repeat(500)).repeat(9);
    let all = read(log("x", "ts", "time", &rows));
    assert_eq!((all.stats.refused, all.stats.refusals.len()), (9, 5));
    assert!(all.reasons()[0].len() < 250 && all.reasons()[0].contains("\\x01x"));
}

#[test]
fn a_line_over_the_limit_is_refused_and_the_rest_is_read() {
    let long = "y".repeat(5000);
    let rows = format!("1 x\n2 {long}\n3 z\n");
    let options = Options {
        max_line: 1000,
        ..Options::default()
    };
    let all = read_with("x.log", log("x", "n s", "count string", &rows), &options).unwrap();
    assert_eq!(all.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [8, 10]);
    assert_eq!(all.reasons(), ["line 9: longer than 1000 bytes"]);
}

#[test]
fn without_a_types_line_values_say_themselves_what_they_are() {
    let all = read_as(
        "test.log",
        "#fields\tts\tid_orig_h\tid.orig_p\tn\td\tm\ts\n\
         1655071198.5\t10.0.0.1\t443\t12\t-1.5\t-3\tabc\n1.0\t-\t-\tx\t-\t-\t1.2.3\n\
         never\t10.0.0.1\t1\t1\t1\t1\t1\n",
    )
    .unwrap();
    let row = &all.rows[0];
    assert_eq!(row.log, "test");
    assert_eq!(row.get("ts"), Owned::Plain(Value::Time(1_655_071_198.5)));
    assert_eq!(
        row.get("id.orig_h"),
        Owned::Plain(Value::Addr([10, 0, 0, 1].into()))
    );
    assert_eq!(row.get("id.orig_p"), Owned::Plain(Value::Port(443)));
    assert_eq!(row.get("n"), count(12));
    assert_eq!(row.get("d"), Owned::Plain(Value::Double(-1.5)));
    assert_eq!(row.get("m"), Owned::Plain(Value::Int(-3)));
    assert_eq!(row.get("s"), text("abc"));
    assert_eq!(all.rows[1].get("n"), text("x"));
    assert_eq!(all.rows[1].get("s"), text("1.2.3"));
    assert_eq!(
        all.reasons(),
        ["line 4: ts should be a time but is \"never\""]
    );
}

const CONN: &str = "1655071198.444458\tCH1\t10.0.0.1\t62771\t10.0.0.2\t443\ttcp\tssl\t1.135424\t\
    1596\t4039\tSF\tT\tF\t0\tShADadFf\t14\t1016\t16\t1226\t-";

#[test]
fn a_conn_log_that_lost_its_header_is_still_a_conn_log() {
    for extra in ["", "\t6", "\tBenign\t-"] {
        let all = read_as("conn.log", format!("{CONN}{extra}\n{CONN}{extra}\n")).unwrap();
        assert_eq!((all.rows.len(), all.rows[0].log.as_str()), (2, "conn"));
        assert_eq!(all.rows[0].get("resp_bytes"), count(4039));
        assert_eq!(all.rows[0].get("tunnel_parents"), UNSET);
    }
    let old = CONN.replacen("T\tF\t", "T\t", 1);
    let all = read_as("a.txt", old).unwrap();
    assert_eq!(all.rows[0].get("missed_bytes"), count(0));
    let err = read_as("http.log", CONN).unwrap_err();
    assert!(matches!(err, Error::NotALog { line: 1, .. }), "{err}");
}

#[test]
fn the_log_is_named_by_the_header_then_by_the_file() {
    let body = "#fields\ta\n#types\tcount\n1\n";
    let name = |file: &str, body: &str| read_as(file, body).unwrap().rows[0].log.clone();
    assert_eq!(name("dns.log", &format!("#path\thttp\n{body}")), "http");
    assert_eq!(name("/logs/S1_dns.log.gz", body), "dns");
    assert_eq!(name("mine.tsv", body), "mine");
    assert_eq!(name("standard input", body), "unknown");
}
