//! The log types that have feature definitions of their own, one file each.
//!
//! A file here is all that a type needs. It is named like the log, and defines `TYPE`, a
//! [`LogType`]; the build script puts those of all files in [`ALL`].

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

automod::dir!("src/logs");

/// All log types with definitions of their own, in alphabetical order.
pub static ALL: &[&LogType] = include!(concat!(env!("OUT_DIR"), "/log_types.rs"));

/// The type of a log by its name.
pub fn by_name(log: &str) -> Option<&'static LogType> {
    ALL.iter().copied().find(|t| t.log == log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{DefaultDetector, Kind};
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

    #[test]
    fn how_rarity_judges_names_aspects_and_categories_that_there_are() {
        for t in ALL {
            let DefaultDetector::RarityBy(by) = t.detector else {
                continue;
            };
            for (aspect, damping) in by.aspects {
                assert!(
                    t.features.iter().any(|f| f.aspect == *aspect),
                    "{}: {aspect}",
                    t.log
                );
                assert!(*damping > 0.0);
            }
            let explanation = by.explanation.into_iter();
            for aspect in explanation.clone().flat_map(|e| e.aspects) {
                assert!(
                    t.features.iter().any(|f| f.aspect == *aspect),
                    "{}: {aspect}",
                    t.log
                );
            }
            let explaining = explanation.map(|e| e.category);
            for name in by.kinds.concat().into_iter().chain(explaining) {
                let of_name = t.features.iter().find(|f| f.name == name);
                assert!(
                    of_name.is_some_and(|f| f.kind == Kind::Category),
                    "{}: {name}",
                    t.log
                );
            }
        }
    }
}
