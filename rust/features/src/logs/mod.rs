//! The log types that have feature definitions of their own, one file each.

use crate::spec::LogType;

/// Names the columns that a log type's features read: constants for their
/// positions, and the list in that order.
macro_rules! columns {
    ($($id:ident = $name:literal),* $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Position { $($id),* }
        $(const $id: usize = Position::$id as usize;)*
        const COLUMNS: &[&str] = &[$($name),*];
    };
}

/// Declares the modules and the table of their types in one place: a new log
/// type is a new file here and its name in this list.
macro_rules! log_types {
    ($($m:ident),* $(,)?) => {
        $(mod $m;)*
        /// All log types with definitions of their own.
        pub static ALL: &[&LogType] = &[$(&$m::TYPE),*];
    };
}

log_types!(conn, dns, files, http, notice, ssh, ssl, weird);

/// The type of a log by its name.
pub fn by_name(log: &str) -> Option<&'static LogType> {
    ALL.iter().copied().find(|t| t.log == log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_lower_case() {
        for t in ALL {
            let mut seen = HashSet::new();
            for f in t.features {
                assert!(seen.insert(f.name), "{} has {} twice", t.log, f.name);
                assert!(
                    f.name
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b"_.0123456789".contains(&b))
                );
            }
        }
    }
}
