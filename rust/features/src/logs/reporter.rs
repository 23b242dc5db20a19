//! reporter.log: what Zeek says of itself.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    LEVEL = "level", MESSAGE = "message", LOCATION = "location",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "reporter",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("level", "level", |r| Cell::text(r.text(LEVEL))),
        // Without its numbers: they differ each time.
        category("message", "message", |r| r.part(MESSAGE, |m| Some(parts::words(m)))),
        category("message", "location", |r| Cell::text(r.text(LOCATION))),
        magnitude("message", "message_length", Unit::Bytes, |r| Cell::num(r.text_len(MESSAGE))),
    ],
};
