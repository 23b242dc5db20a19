//! The documentation agrees with the program: links lead somewhere, the commands shown run and
//! print the numbers shown, and the reference is what the code gives.
//!
//! `tools/reference` (which sets `ZA_UPDATE_DOCS=1`) writes what is generated.

mod capi;
mod commands;
mod links;
mod markdown;
mod names;
mod reference;
mod screen;
mod zeek;

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::canonicalize(here.join("../..")).expect("the repository")
}

/// Whether generated text is written instead of compared.
fn updating() -> bool {
    std::env::var_os("ZA_UPDATE_DOCS").is_some()
}

/// Compares generated text with a committed file, or writes it.
fn compare(path: &Path, generated: &str, wrong: &mut Vec<String>) {
    if updating() {
        fs::write(path, generated).expect("a writable file");
    }
    if fs::read_to_string(path).unwrap_or_default() != generated {
        wrong.push(format!("{} is not what the code gives", path.display()));
    }
}

/// Fails with all that is wrong.
fn report(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "\n  {}\n  tools/reference writes what is generated",
        wrong.join("\n  ")
    );
}
