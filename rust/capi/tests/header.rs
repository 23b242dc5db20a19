//! The header that is committed is the one that the source gives.
//!
//! `ZA_UPDATE_HEADER=1 cargo test -p zeek-anomaly-capi --test header` writes it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

const SOURCES: &[&str] = &[
    "src/types.rs",
    "src/options.rs",
    "src/results.rs",
    "src/status.rs",
    "src/engine.rs",
    "src/engine/model.rs",
    "src/engine/behaviors.rs",
    "src/engine/alerts.rs",
    "src/engine/events.rs",
    "src/engine/time.rs",
    "src/engine/state.rs",
];

/// The header as the source gives it: the prose of lib.rs, then the declarations.
fn generated(root: &Path) -> String {
    let lib = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let mut prose = String::from("/*\n");
    for line in lib.lines().map_while(|l| l.strip_prefix("//!")) {
        writeln!(prose, " *{line}").unwrap();
    }
    prose.push_str(" *\n * Made by cbindgen from rust/capi/src: change it there.\n */");

    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    config.header = Some(prose);
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root.join(source));
    }
    let mut out = Vec::new();
    builder.generate().unwrap().write(&mut out);
    // rustdoc's heading for what C leaves to the caller anyway.
    let text = String::from_utf8(out).unwrap();
    text.replace(" * # Safety\n *\n", " * The caller guarantees:\n")
}

#[test]
fn header_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/zeek_anomaly.h");
    let generated = generated(root);
    if std::env::var_os("ZA_UPDATE_HEADER").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "include/zeek_anomaly.h is not what the source gives; \
         ZA_UPDATE_HEADER=1 cargo test -p zeek-anomaly-capi --test header writes it"
    );
}
