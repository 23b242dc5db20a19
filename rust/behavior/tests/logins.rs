//! Logins that fail, as each log tells of them.

mod common;

use common::{Feed, V};

const ME: [u8; 4] = [10, 0, 0, 5];
const SERVER: [u8; 4] = [10, 0, 0, 9];
const T0: f64 = 1_700_000_000.0;

type Own<'a> = Vec<(&'a str, V<'a>)>;

fn ldap(result: &str) -> Own<'_> {
    vec![
        ("opcode", V::Text("bind simple")),
        ("result", V::Text(result)),
        ("object", V::Text("cn=alice,dc=example,dc=org")),
    ]
}

fn mysql(worked: bool) -> Own<'static> {
    vec![
        ("cmd", V::Text("login")),
        ("arg", V::Text("root")),
        ("success", V::Bool(worked)),
    ]
}

fn ftp_session(sent: u64) -> Own<'static> {
    vec![
        ("proto", V::Text("tcp")),
        ("service", V::Text("ftp")),
        ("conn_state", V::Text("SF")),
        ("orig_bytes", V::Count(sent)),
        ("resp_bytes", V::Count(137)),
    ]
}

#[test]
fn failed_logins_of_ldap_mysql_and_vnc_are_guessing_and_the_one_that_works_is_told() {
    let vnc = |worked| vec![("auth", V::Bool(worked))];
    for (log, port, failed, worked) in [
        ("ldap", 389, ldap("invalid credentials"), ldap("success")),
        ("mysql", 3306, mysql(false), mysql(true)),
        ("rfb", 5900, vnc(false), vnc(true)),
    ] {
        let mut f = Feed::new();
        for i in 0..12 {
            let ts = T0 + f64::from(i) * 20.0;
            f.row(log, ts, (ME, 40_000), (SERVER, port), &failed);
        }
        assert_eq!(f.of("guessing").len(), 1, "{log}");
        assert!(f.of("password_guess_succeeded").is_empty(), "{log}");
        f.row(log, T0 + 300.0, (ME, 40_000), (SERVER, port), &worked);
        assert_eq!(f.of("password_guess_succeeded").len(), 1, "{log}");
    }
}

#[test]
fn people_who_mistype_and_services_that_bind_all_day_guess_nothing() {
    let mut f = Feed::new();
    for i in 0..3000 {
        let result = match i % 4 {
            0 => "invalid credentials",
            _ => "success",
        };
        let ts = T0 + f64::from(i) * 30.0;
        f.row("ldap", ts, (ME, 40_000), (SERVER, 389), &ldap(result));
        // What no log tells the end of is no login.
        let open = [("auth", V::Unset)];
        f.row("rfb", ts, (ME, 40_001), (SERVER, 5900), &open);
    }
    assert!(f.of("guessing").is_empty(), "{:?}", f.of("guessing")[0]);
}

#[test]
fn many_logins_by_ftp_after_which_nothing_is_done_are_guessing() {
    let mut f = Feed::new();
    for i in 0..60 {
        let ts = T0 + f64::from(i) * 4.0;
        f.row("conn", ts, (ME, 40_000), (SERVER, 21), &ftp_session(25));
    }
    assert_eq!(f.of("guessing").len(), 1);
}

#[test]
fn a_program_that_fetches_by_ftp_all_day_does_not_guess() {
    let mut f = Feed::new();
    let moved = [
        ("user", V::Text("backup")),
        ("command", V::Text("RETR")),
        ("reply_code", V::Count(226)),
    ];
    for i in 0..500 {
        let ts = T0 + f64::from(i) * 20.0;
        f.row("ftp", ts, (ME, 40_000), (SERVER, 21), &moved);
        let bytes = ftp_session(60);
        f.row("conn", ts + 1.0, (ME, 40_000), (SERVER, 21), &bytes);
        // Nor does a monitor that only asks whether the server is there.
        let asked = ftp_session(6);
        f.row("conn", ts + 2.0, (ME, 40_001), (SERVER, 21), &asked);
    }
    assert!(f.of("guessing").is_empty(), "{:?}", f.of("guessing")[0]);
}

#[test]
fn where_the_sensor_sees_one_direction_a_host_that_browses_scans_nothing() {
    let mut scanned = Vec::new();
    for history in ["SAD", "SADF", "S"] {
        let mut f = Feed::new();
        for i in 0..60u8 {
            let own = [
                ("proto", V::Text("tcp")),
                ("service", V::Unset),
                (
                    "conn_state",
                    V::Text(if history.ends_with('F') { "SH" } else { "S0" }),
                ),
                ("history", V::Text(history)),
                ("orig_bytes", V::Count(400)),
                ("resp_bytes", V::Count(0)),
                ("local_orig", V::Bool(true)),
                ("local_resp", V::Bool(false)),
            ];
            let to = ([198, 51, 100, i], 80);
            f.row("conn", T0 + f64::from(i), (ME, 40_000), to, &own);
        }
        scanned.push(!f.of("scan_horizontal").is_empty());
    }
    assert_eq!(scanned, [false, false, true]);
}
