//! Writes the table of log types: every file in `src/logs` is one. So a new type is a
//! new file there and nothing else.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/logs");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let names = log_files(Path::new("src/logs"))?;
    fs::write(Path::new(&out).join("log_types.rs"), table(&names))
}

/// The names of the log types' files, in alphabetical order: it must not depend on the
/// file system.
pub fn log_files(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        if path.extension().is_some_and(|e| e == "rs") && stem != "mod" {
            names.push(stem.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The table as an expression.
pub fn table(names: &[String]) -> String {
    let types: Vec<String> = names.iter().map(|n| format!("    &{n}::TYPE,\n")).collect();
    format!("&[\n{}]\n", types.concat())
}
