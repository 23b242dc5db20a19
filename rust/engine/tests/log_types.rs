//! Log types on real logs: each trains, and what is strange in them is found for a reason
//! that an analyst would give.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::offline::{Observer, ReadParams, score, train};
use zeek_anomaly_engine::train::TrainParams;
use zeek_log::Input;

struct Quiet;
impl Observer for Quiet {}

fn data(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = root.join(name);
    if !path.exists() {
        eprintln!("skipped: ../shared/data/{name} is not there");
        return None;
    }
    Some(path)
}

fn trained(paths: &[PathBuf]) -> Model {
    let inputs: Vec<Input> = paths.iter().map(Input::new).collect();
    train(
        &inputs,
        &TrainParams::default(),
        &ReadParams::default(),
        &mut Quiet,
    )
}

/// Score, and the features that are its reasons, of each row.
fn scored(model: &Model, path: &Path) -> Vec<(f64, Vec<String>)> {
    let mut out = Vec::new();
    score(
        &[Input::new(path)],
        model,
        false,
        &ReadParams::default(),
        &mut Quiet,
        &mut |s| {
            let reasons = s.reasons().into_iter().map(|r| r.feature).collect();
            out.push((s.verdict.score, reasons));
            ControlFlow::Continue(())
        },
    );
    out
}

#[test]
fn an_arp_attack_stands_out_from_ordinary_arp_because_the_sender_is_forged() {
    let Some(attack) = data("slips-arp-16/arp.log") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let ordinary = dir.path().join("arp.log");
    let mut lines = String::new();
    // Twenty machines ask for their gateway and for one another, and are answered.
    for i in 0..4000u32 {
        let (from, to) = (i % 20 + 10, if i % 3 == 0 { 1 } else { i / 7 % 20 + 10 });
        let mac = |n: u32| format!("50:5b:c2:00:00:{n:02x}");
        let ts = 1.665e9 + f64::from(i) * 21.0;
        for (at, operation, a, b, dst) in [
            (ts, "request", from, to, "ff:ff:ff:ff:ff:ff".to_owned()),
            (ts + 0.001, "reply", to, from, mac(from)),
        ] {
            let asked = if operation == "request" {
                "00:00:00:00:00:00".into()
            } else {
                mac(b)
            };
            writeln!(
                lines,
                r#"{{"ts":{at:.6},"operation":"{operation}","src_mac":"{m}","dst_mac":"{dst}","orig_h":"192.168.1.{a}","resp_h":"192.168.1.{b}","orig_hw":"{m}","resp_hw":"{asked}"}}"#,
                m = mac(a),
            )
            .unwrap();
        }
    }
    std::fs::write(&ordinary, lines).unwrap();
    let model = trained(&[ordinary]);
    let rows = scored(&model, &attack);
    assert!(!rows.is_empty());
    for (score, reasons) in &rows {
        assert!(*score >= 3.0, "{rows:?}");
        let forged = ["sender_differs", "reply_to_all"];
        assert!(
            reasons.iter().any(|r| forged.contains(&r.as_str())),
            "{rows:?}"
        );
    }
}

/// The logs that are there, but for those that other tests look at.
const LOGS: &[&str] = &[
    "arp",
    "dce_rpc",
    "dhcp",
    "dpd",
    "ftp",
    "kerberos",
    "ntp",
    "packet_filter",
    "pe",
    "reporter",
    "sip",
    "smb_files",
    "smb_mapping",
    "smtp",
    "software",
    "tunnel",
    "x509",
];

#[test]
fn every_log_of_the_shared_data_trains_and_scores_with_finite_scores() {
    let Some(root) = data("README.md") else {
        return;
    };
    let mut met = std::collections::BTreeSet::new();
    for dir in [
        "007-zeek-scenario-ssh-infected",
        "008-zeek-mixed/data",
        "010-zeek-mixed/data",
        "slips-mixed-9",
        "slips-mixed-10",
        "slips-malicious-14",
        "zat-formats/json",
        "zat-formats",
        "apt29-day1",
    ] {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(root.parent().unwrap().join(dir))
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| {
                Input::new(p)
                    .log
                    .is_some_and(|l| LOGS.contains(&l.as_str()))
            })
            .collect();
        paths.sort();
        for path in paths {
            let model = trained(std::slice::from_ref(&path));
            for (s, _) in scored(&model, &path) {
                assert!(s.is_finite() && s >= 0.0, "{}: {s}", path.display());
            }
            met.extend(model.logs.iter().map(|m| m.log().to_owned()));
        }
    }
    for log in LOGS {
        assert!(met.contains(*log), "{log} of {met:?}");
    }
}
