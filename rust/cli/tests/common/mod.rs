//! Runs the built binary, and writes small logs.

// Each test binary uses a part of it.
#![allow(dead_code, missing_docs)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The binary, with arguments.
pub fn command(args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_zeek-anomaly"));
    c.args(args).stdin(Stdio::null()).env_remove("NO_COLOR");
    // No model or configuration of whoever runs the tests.
    c.env_remove("ZEEK_ANOMALY_MODEL");
    for directory in ["XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        c.env(directory, "/nonexistent");
    }
    c
}

/// What it did.
pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(o: Output) -> Ran {
        Ran {
            status: o.status.code(),
            out: String::from_utf8_lossy(&o.stdout).into_owned(),
            err: String::from_utf8_lossy(&o.stderr).into_owned(),
        }
    }
}

/// Runs it.
pub fn run(args: &[&str]) -> Ran {
    command(args).output().unwrap().into()
}

/// Runs it with something on standard input.
pub fn run_with(args: &[&str], input: &[u8]) -> Ran {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feed = std::thread::spawn(move || {
        // The process may have refused its input already.
        let _ = stdin.write_all(&input);
    });
    let out = child.wait_with_output().unwrap().into();
    feed.join().unwrap();
    out
}

/// A directory of its own for a test.
pub struct Dir(TempDir);

impl Dir {
    pub fn new() -> Dir {
        Dir(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A path as an argument.
    pub fn arg(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.arg(name)
    }

    /// The names of all files.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n\
    #unset_field\t-\n#path\tconn\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t\
    orig_bytes\tresp_bytes\tconn_state\thistory\torig_pkts\tresp_pkts\tlabel\n\
    #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t\
    string\tcount\tcount\tstring\n";

/// A conn.log of ordinary rows, one a second from 1,000,000,000 on (2001-09-09
/// 01:46:40 UTC); every tenth is labelled Malicious, the others Benign.
pub fn conn_log(rows: usize) -> String {
    let mut out = HEADER.to_owned();
    for i in 0..rows {
        out.push_str(&conn_row(i, 443));
    }
    out
}

/// One row of it.
pub fn conn_row(i: usize, port: u16) -> String {
    format!(
        "{}.250000\tC{i:05}\t10.0.0.{}\t{}\t192.0.2.{}\t{port}\ttcp\tssl\t{}.{:06}\t{}\t{}\tSF\t\
         ShADadFf\t{}\t{}\t{}\n",
        1_000_000_000 + i,
        1 + i % 20,
        40_000 + i % 999,
        1 + i % 7,
        i % 3,
        (i * 7919) % 1_000_000,
        400 + (i * 31) % 900,
        2000 + (i * 137) % 9000,
        6 + i % 5,
        8 + i % 6,
        if i % 10 == 9 { "Malicious" } else { "Benign" },
    )
}

/// A row that is like no other.
pub fn odd_row(i: usize) -> String {
    format!(
        "{}.000000\tCodd{i}\t10.0.0.3\t50000\t203.0.113.9\t4444\tudp\tirc\t86000.5\t90000000\t1\t\
         RSTR\tSaR\t70000\t1\tMalicious\n",
        1_000_000_000 + i
    )
}

/// Trains on rows of [`conn_log`] and gives the model's path.
pub fn model(dir: &Dir, rows: usize) -> String {
    let log = dir.write("training-conn.log", conn_log(rows));
    let path = dir.arg("conn.model");
    let ran = run(&["train", "-q", "-o", &path, &log]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    std::fs::remove_file(&log).unwrap();
    path
}

/// The lines of JSON.
pub fn json(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// Real logs, or `None` with a line that says so.
pub fn real(folder: &str) -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(folder);
    if !dir.exists() {
        println!("skipped: no real logs at ../shared/data/{folder}");
        return None;
    }
    Some(dir)
}
