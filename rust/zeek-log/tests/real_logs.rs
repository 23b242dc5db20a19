//! Every real log of `../shared/data` (beside the workspace, never in it).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeek_log::{Error, ErrorKind, Input, LogReader, Options, Stats, discover};

fn data() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !dir.is_dir() {
        println!("skipped: no real logs at ../shared/data");
        return None;
    }
    Some(dir)
}

/// The rows by log, the counts, and the error that ended it, if one did.
#[expect(clippy::type_complexity)]
fn read(input: &Input) -> Result<(BTreeMap<String, u64>, Stats, Option<Error>), Error> {
    let mut reader = LogReader::open(input, &Options::default())?;
    let mut logs = BTreeMap::new();
    let end = loop {
        match reader.next() {
            Ok(Some(row)) => {
                assert_eq!(row.record.len(), row.schema.fields.len());
                *logs.entry(row.schema.log.clone()).or_default() += 1;
            }
            Ok(None) => break None,
            Err(e) => break Some(e),
        }
    };
    let s = reader.stats().clone();
    assert_eq!(
        s.rows + s.refused + s.headers + s.comments + s.blank,
        s.lines,
        "{}",
        input.path.display()
    );
    Ok((logs, s, end))
}

#[test]
fn every_line_of_every_file_is_a_row_or_accounted_for() {
    let Some(dir) = data() else { return };
    let mut files: Vec<PathBuf> = Vec::new();
    let mut dirs = vec![dir.clone()];
    while let Some(d) = dirs.pop() {
        for e in std::fs::read_dir(d).unwrap() {
            let p = e.unwrap().path();
            if p.is_dir() {
                dirs.push(p)
            } else {
                files.push(p)
            }
        }
    }
    files.sort();
    for path in files {
        let short = path.strip_prefix(&dir).unwrap().display().to_string();
        match read(&Input::new(&path)) {
            Ok((logs, s, end)) => {
                println!(
                    "{short}: {logs:?} of {} lines, {} refused {:?}",
                    s.lines,
                    s.refused,
                    end.map(|e| e.to_string())
                );
                for r in &s.refusals {
                    println!("    {r}");
                }
            }
            Err(e) => {
                println!("{short}: {e}");
                assert_eq!(e.kind(), ErrorKind::Unusable);
            }
        }
    }
}

#[test]
fn directories_are_listed_with_the_logs_their_names_tell() {
    let Some(dir) = data() else { return };
    let found = discover(std::slice::from_ref(&dir));
    assert!(found.problems.is_empty());
    for i in &found.inputs {
        let name = i.path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(i.log.is_none(), name == "combined_zeek.log", "{name}");
        assert!(i.size > 0);
    }
    let alone = discover(&[dir.join("pcap")]);
    assert!(matches!(alone.problems[..], [Error::NoLogs { .. }]));
}
