//! The steps of an intruder inside: each is found, and what several hosts do at one server is not.

mod common;

use common::{Feed, V};

const DC: [u8; 4] = [10, 0, 0, 1];
const DC2: [u8; 4] = [10, 0, 0, 2];
const SERVER: [u8; 4] = [10, 0, 0, 9];
const ME: [u8; 4] = [10, 0, 1, 5];
const OTHER: [u8; 4] = [10, 0, 1, 6];

fn call(f: &mut Feed, ts: f64, from: [u8; 4], to: [u8; 4], endpoint: &str, operation: &str) {
    let own = [
        ("endpoint", V::Text(endpoint)),
        ("operation", V::Text(operation)),
    ];
    f.row("dce_rpc", ts, (from, 50_000), (to, 49_668), &own);
}

/// Ordinary Windows: all ask both controllers, which replicate, and all call the server.
fn windows() -> Feed {
    let mut f = Feed::new();
    for host in 1..13u8 {
        for (n, dc) in [DC, DC2].into_iter().enumerate() {
            let ts = 1e9 + f64::from(host) * 60.0 + n as f64;
            call(
                &mut f,
                ts,
                [10, 0, 1, host],
                dc,
                "netlogon",
                "NetrLogonSamLogonEx",
            );
            call(
                &mut f,
                ts,
                [10, 0, 1, host],
                dc,
                "samr",
                "SamrQueryInformationUser",
            );
        }
        let ts = 1e9 + f64::from(host) * 61.0;
        call(
            &mut f,
            ts,
            [10, 0, 1, host],
            SERVER,
            "spoolss",
            "RpcRemoteFindFirstPrinterChangeNotificationEx",
        );
        call(
            &mut f,
            ts,
            [10, 0, 1, host],
            SERVER,
            "ISystemActivator",
            "RemoteCreateInstance",
        );
        let path = [("path", V::Text("\\\\10.0.0.9\\C$"))];
        f.row(
            "smb_mapping",
            ts,
            ([10, 0, 1, host], 50_001),
            (SERVER, 445),
            &path,
        );
    }
    for k in 0..8 {
        let (a, b) = if k % 2 == 0 { (DC, DC2) } else { (DC2, DC) };
        call(
            &mut f,
            1e9 + f64::from(k) * 300.0,
            a,
            b,
            "drsuapi",
            "DRSGetNCChanges",
        );
    }
    f
}

fn found(mut f: Feed) -> Vec<String> {
    f.hunter.finish(&mut f.found);
    let kinds = f
        .found
        .iter()
        .filter(|f| f.update == 0)
        .map(|f| f.kind.0.name);
    kinds.filter(|k| *k != "host").map(str::to_owned).collect()
}

#[test]
fn an_ordinary_windows_day_gives_nothing() {
    assert_eq!(found(windows()), Vec::<String>::new());
}

#[test]
fn a_print_server_of_two_clients_is_there_for_printing() {
    let mut f = windows();
    for host in [3, 4] {
        for operation in [
            "RpcOpenPrinter",
            "RpcRemoteFindFirstPrinterChangeNotificationEx",
        ] {
            call(
                &mut f,
                1e9 + 4000.0,
                [10, 0, 1, host],
                [10, 0, 0, 8],
                "spoolss",
                operation,
            );
        }
    }
    assert_eq!(found(f), Vec::<String>::new());
}

#[test]
fn each_operation_on_another_host_is_found_that_few_others_use() {
    let steps = [
        (
            "lateral_execution",
            OTHER,
            "svcctl",
            vec!["CreateServiceW", "StartServiceW"],
        ),
        (
            "lateral_execution",
            OTHER,
            "ITaskSchedulerService",
            vec!["SchRpcRegisterTask"],
        ),
        (
            "lateral_execution",
            OTHER,
            "IWbemServices",
            vec!["ExecMethod"],
        ),
        (
            "directory_replication",
            DC,
            "drsuapi",
            vec!["DRSBind", "DRSGetNCChanges"],
        ),
        ("remote_secrets", OTHER, "winreg", vec!["BaseRegSaveKey"]),
        ("remote_secrets", DC, "BackupKey", vec!["BackuprKey"]),
        ("remote_change", OTHER, "winreg", vec!["BaseRegSetValue"]),
        (
            "remote_change",
            DC,
            "spoolss",
            vec!["RpcAddPrinterDriverEx"],
        ),
        (
            "forced_authentication",
            DC,
            "spoolss",
            vec!["RpcRemoteFindFirstPrinterChangeNotificationEx"],
        ),
        (
            "remote_enumeration",
            DC,
            "samr",
            vec!["SamrEnumerateUsersInDomain", "SamrGetMembersInGroup"],
        ),
    ];
    for (kind, at, endpoint, operations) in steps {
        let mut f = windows();
        for (n, operation) in operations.iter().enumerate() {
            call(&mut f, 1e9 + 4000.0 + n as f64, ME, at, endpoint, operation);
        }
        assert_eq!(found(f), [kind], "{operations:?}");
    }
}

#[test]
fn sessions_and_programs_between_workstations_are_found() {
    let winrm = [
        ("proto", V::Text("tcp")),
        ("conn_state", V::Text("SF")),
        ("duration", V::Seconds(4.0)),
        ("orig_bytes", V::Count(6000)),
        ("resp_bytes", V::Count(5000)),
    ];
    for (at, expected) in [(OTHER, vec!["lateral_session"]), (SERVER, vec![])] {
        let mut f = windows();
        f.row("conn", 1e9 + 4000.0, (ME, 50_002), (at, 5985), &winrm);
        assert_eq!(found(f), expected, "{at:?}");
    }
    let written = [
        ("action", V::Text("SMB::FILE_WRITE")),
        ("path", V::Text("\\\\10.0.1.6\\ADMIN$")),
        ("name", V::Text("Temp\\update.exe")),
    ];
    let mut f = windows();
    f.row(
        "smb_files",
        1e9 + 4000.0,
        (ME, 50_003),
        (OTHER, 445),
        &written,
    );
    assert_eq!(found(f), ["lateral_transfer"]);
    let fetched = [
        ("resp_mime_types", V::Text("application/x-dosexec")),
        ("host", V::Text("10.0.1.6")),
    ];
    let mut f = windows();
    f.row("http", 1e9 + 4000.0, (ME, 50_004), (OTHER, 8000), &fetched);
    assert_eq!(found(f), ["lateral_transfer"]);
    let mut f = windows();
    for host in 1..6u8 {
        f.row(
            "http",
            1e9 + 4000.0,
            ([10, 0, 1, host], 50_004),
            (SERVER, 8530),
            &fetched,
        );
    }
    assert_eq!(
        found(f),
        Vec::<String>::new(),
        "what many fetch is what the server is there for"
    );
}

#[test]
fn tickets_with_rc4_are_found_where_aes_is_usual_and_so_are_many_at_once() {
    let ticket = |f: &mut Feed, ts: f64, from: [u8; 4], service: &str, cipher: &str| {
        let own = [
            ("request_type", V::Text("TGS")),
            ("success", V::Bool(true)),
            ("service", V::Text(service)),
            ("cipher", V::Text(cipher)),
        ];
        f.row("kerberos", ts, (from, 50_005), (DC, 88), &own);
    };
    let aes = "aes256-cts-hmac-sha1-96";
    let mut f = windows();
    for host in 1..13u8 {
        for service in ["cifs/files", "ldap/dc", "host/ws"] {
            ticket(
                &mut f,
                1e9 + 3000.0 + f64::from(host),
                [10, 0, 1, host],
                service,
                aes,
            );
        }
        // An old server.
        ticket(
            &mut f,
            1e9 + 3100.0,
            [10, 0, 1, host],
            "cifs/old",
            "rc4-hmac",
        );
    }
    assert_eq!(found(f), Vec::<String>::new());
    for (services, cipher) in [(4, "rc4-hmac"), (30, aes)] {
        let mut f = windows();
        for host in 1..13u8 {
            ticket(
                &mut f,
                1e9 + 3000.0 + f64::from(host),
                [10, 0, 1, host],
                "cifs/files",
                aes,
            );
        }
        for n in 0..services {
            ticket(
                &mut f,
                1e9 + 4000.0 + f64::from(n),
                ME,
                &format!("sql{n}/db.example"),
                cipher,
            );
        }
        assert_eq!(found(f), ["kerberos_tickets"], "{services} {cipher}");
    }
}
