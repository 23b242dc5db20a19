//! pe.log: one Windows program.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude, ratio};

columns! {
    TS = "ts", MACHINE = "machine", COMPILED = "compile_ts", OS = "os", SUBSYSTEM = "subsystem",
    IS_EXE = "is_exe", IS_64BIT = "is_64bit", ASLR = "uses_aslr", DEP = "uses_dep",
    INTEGRITY = "uses_code_integrity", SEH = "uses_seh", IMPORTS = "has_import_table",
    EXPORTS = "has_export_table", CERTS = "has_cert_table", DEBUG = "has_debug_data",
    SECTIONS = "section_names",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "pe",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("machine", "machine", |r| Cell::text(r.text(MACHINE))),
        category("machine", "is_64bit", |r| Cell::truth(r.truth(IS_64BIT))),
        category("machine", "os", |r| Cell::text(r.text(OS))),
        category("kind", "subsystem", |r| Cell::text(r.text(SUBSYSTEM))),
        category("kind", "is_exe", |r| Cell::truth(r.truth(IS_EXE))),
        category("protection", "uses_aslr", |r| Cell::truth(r.truth(ASLR))),
        category("protection", "uses_dep", |r| Cell::truth(r.truth(DEP))),
        category("protection", "uses_code_integrity", |r| Cell::truth(r.truth(INTEGRITY))),
        category("protection", "uses_seh", |r| Cell::truth(r.truth(SEH))),
        category("tables", "has_import_table", |r| Cell::truth(r.truth(IMPORTS))),
        category("tables", "has_export_table", |r| Cell::truth(r.truth(EXPORTS))),
        category("signed", "has_cert_table", |r| Cell::truth(r.truth(CERTS))),
        category("tables", "has_debug_data", |r| Cell::truth(r.truth(DEBUG))),
        magnitude("age", "since_compiled", Unit::Seconds, |r| {
            Cell::num(parts::seconds_between(r, COMPILED, TS))
        }),
        magnitude("sections", "sections", Unit::Count, |r| Cell::num(r.list_len(SECTIONS))),
        category("sections", "first_section", |r| Cell::text(r.first_text(SECTIONS))),
        // Compilers name sections `.text`, packers as they like.
        ratio("sections", "odd_section_share", |r| {
            Cell::num(r.list(SECTIONS).filter(|l| !l.is_empty()).map(|l| {
                let odd = l.iter().filter(|v| !v.text().is_some_and(|t| t.starts_with(b".")));
                odd.count() as f64 / l.len() as f64
            }))
        }),
    ],
};
