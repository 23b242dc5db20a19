//! The allowlist: what its entries cover, what is refused, and that it is read again.

use std::net::IpAddr;
use zeek_anomaly_behavior::Allow;
use zeek_anomaly_behavior::allow::Subject;
use zeek_anomaly_behavior::event::Proto;

fn addr(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn covers(entries: &str, subject: &Subject<'_>) -> bool {
    Allow::parse(entries).unwrap().covers(subject)
}

#[test]
fn entries_cover_what_they_say_and_nothing_else() {
    let s = Subject {
        orig: addr("10.1.1.5"),
        resp: addr("203.0.113.7"),
        port: Some(443),
        proto: Some(Proto::Tcp),
        service: Some(b"ssl"),
        name: Some(b"CDN.Updates.Example."),
        kind: None,
    };
    for yes in [
        "10.1.1.5",
        "203.0.113.0/24 # theirs",
        "orig:10.0.0.0/8 resp:203.0.113.7",
        "*.updates.example",
        "cdn.*",
        "name:c*.updates.example",
        "port:443",
        "port:440-450/tcp",
        "service:ssl",
        "10.1.1.5 -> 203.0.113.0/24:443/tcp",
        "* -> *.updates.example",
    ] {
        assert!(covers(yes, &s), "{yes}");
    }
    for no in [
        "10.1.1.6",
        "orig:203.0.113.7",
        "resp:10.1.1.5",
        "updates.example",
        "*.updates.example.org",
        "port:443/udp",
        "port:80",
        "service:http",
        "10.1.1.5 port:80",
        "203.0.113.7 -> 10.1.1.5",
        "10.1.1.5 -> 203.0.113.7:80",
        "kind:beacon",
    ] {
        assert!(!covers(no, &s), "{no}");
    }
    let finding = Subject {
        kind: Some("beacon"),
        ..s
    };
    assert!(covers("kind:beacon *.example", &finding));
    assert!(!covers("kind:guessing *.example", &finding));
    let six = Subject {
        resp: addr("2001:db8::1"),
        port: Some(22),
        ..Subject::default()
    };
    assert!(covers("2001:db8::/32", &six) && covers("* -> [2001:db8::1]:22", &six));
    assert!(covers("resp:2001:db8::1", &six));
}

#[test]
fn lines_that_are_no_entries_are_named_with_what_is_wrong() {
    let text = "10.0.0.0/8\n10.0.0.0/40\nport:99999\nkind:beacn\n* -> *\n*\nwho what\u{1b}\n";
    let bad = Allow::parse(text).unwrap_err();
    let lines: Vec<usize> = bad.iter().map(|b| b.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7]);
    assert!(bad[2].to_string().contains("dns_beacon"), "{}", bad[2]);
}

#[test]
fn a_name_with_many_stars_takes_no_time() {
    let stars = "*a".repeat(60);
    let name = "a".repeat(1000) + "b";
    let s = Subject {
        name: Some(name.as_bytes()),
        ..Subject::default()
    };
    assert!(!covers(&stars, &s));
}

#[test]
fn a_file_that_changed_is_read_again_and_a_bad_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fine.txt");
    std::fs::write(&path, "10.0.0.1\n").unwrap();
    let mut allow = Allow::load(&path).unwrap();
    let of = |a: &str| Subject {
        orig: addr(a),
        ..Subject::default()
    };
    assert!(allow.covers(&of("10.0.0.1")) && !allow.covers(&of("10.0.0.22")));
    assert!(!allow.reload_if_changed().unwrap());
    // Of another length: a file system's clock may be coarse.
    std::fs::write(&path, "10.0.0.1\n10.0.0.22\n").unwrap();
    assert!(allow.reload_if_changed().unwrap());
    assert!(allow.covers(&of("10.0.0.22")));
    assert_eq!(allow.counts()[0].records, 1, "counts go on");
    std::fs::write(&path, "10.0.0.1\nno such thing as this\n").unwrap();
    assert!(allow.reload_if_changed().is_err());
    assert!(allow.covers(&of("10.0.0.22")));
    assert!(!allow.reload_if_changed().unwrap(), "said once");
}
