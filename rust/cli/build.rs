//! Tells the commit that is built, for `--version`: that of the environment, or of the Git checkout.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=ZEEK_ANOMALY_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let log = Path::new("../../.git/logs/HEAD");
    if log.exists() {
        println!("cargo::rerun-if-changed={}", log.display());
    }
    if std::env::var_os("ZEEK_ANOMALY_COMMIT").is_some() || !Path::new("../../.git").exists() {
        return;
    }
    let git = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output();
    if let Ok(told) = git.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
        && !told.is_empty()
    {
        println!("cargo::rustc-env=ZEEK_ANOMALY_COMMIT={told}");
    }
}
