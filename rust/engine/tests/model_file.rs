//! What a model file promises: the same bytes for the same input, whole or not
//! at all, and no trust in what it holds.

mod common;

use common::{conn_rows, train_on, train_with};
use std::path::Path;
use zeek_anomaly_engine::file::FORMAT;
use zeek_anomaly_engine::{Model, ModelError};

fn refuse(bytes: &[u8]) -> ModelError {
    Model::from_bytes(bytes, Path::new("m.zam")).expect_err("must be refused")
}

/// Puts a right checksum and length on a changed payload.
fn resealed(bytes: &[u8]) -> Vec<u8> {
    let mut b = bytes.to_vec();
    let payload = b[24..].to_vec();
    b[12..16].copy_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    b[16..24].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    b
}

#[test]
fn the_same_input_and_seed_give_the_same_bytes() {
    for detector in ["auto", "isolation_forest", &common::all_detectors()] {
        let a = train_with(&conn_rows(500), detector).to_bytes().unwrap();
        let b = train_with(&conn_rows(500), detector).to_bytes().unwrap();
        assert_eq!(a, b);
        let read = Model::from_bytes(&a, Path::new("m.zam")).unwrap();
        assert_eq!(
            read.to_bytes().unwrap(),
            a,
            "reading and writing again changes nothing"
        );
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = train_on(&conn_rows(50), None).to_bytes().unwrap();
    for n in (0..bytes.len())
        .step_by(7)
        .chain([0, 7, 8, 23, 24, bytes.len() - 1])
    {
        refuse(&bytes[..n]);
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(refuse(&longer), ModelError::Damaged { .. }));
}

#[test]
fn every_flipped_byte_is_refused() {
    let bytes = train_on(&conn_rows(50), None).to_bytes().unwrap();
    for i in (0..bytes.len()).step_by(5) {
        let mut b = bytes.clone();
        b[i] ^= 0x41;
        refuse(&b);
    }
}

#[test]
fn another_format_and_other_files_are_told_apart() {
    let mut bytes = train_on(&conn_rows(50), None).to_bytes().unwrap();
    bytes[8] = 99;
    assert!(matches!(
        refuse(&bytes),
        ModelError::Format { found: 99, .. }
    ));
    assert!(matches!(
        refuse(b"#separator \\x09\n#fields"),
        ModelError::NotAModel { .. }
    ));
    assert!(matches!(refuse(b""), ModelError::NotAModel { .. }));
    bytes[8] = FORMAT as u8;
    bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(refuse(&bytes), ModelError::Damaged { .. }));
}

/// A file with a right checksum and any payload must never panic or hang, and
/// whatever is accepted must judge rows.
#[test]
fn a_hostile_payload_is_refused_or_harmless() {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let rows = conn_rows(60);
    let (mut accepted, mut refused) = (0, 0);
    for detector in ["rarity", "isolation_forest", &common::all_detectors()] {
        let good = train_with(&rows, detector).to_bytes().unwrap();
        for _ in 0..300 {
            let mut b = good.clone();
            for _ in 0..1 + random() % 4 {
                let i = 24 + (random() as usize) % (b.len() - 24);
                b[i] = match random() % 3 {
                    0 => 0xff,
                    1 => random() as u8,
                    _ => b[i].wrapping_add(1),
                };
            }
            match Model::from_bytes(&resealed(&b), Path::new("m.zam")) {
                Ok(m) => {
                    accepted += 1;
                    for v in common::live_scores(m, &rows) {
                        assert!(v.score.is_finite() && v.raw.is_finite());
                    }
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(accepted > 0 && refused > 0, "{accepted} {refused}");
}

#[test]
fn a_refused_save_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.zam");
    let model = train_on(&conn_rows(50), None);
    model.save(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(model.save(&dir.path().join("no/such/dir/m.zam")).is_err());
    model.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );
    assert!(Model::load(&path).is_ok());
    assert!(Model::load(dir.path()).unwrap_err().is_io());
}
