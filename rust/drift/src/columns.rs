//! Columns of a log against those of its training.

use super::{Change, ChangeKind};
use zeek_anomaly_base::text::printable;
use zeek_log::{FieldType, Schema};

/// The column that the Zeek package adds where it is asked to.
const OWN: &str = "anomaly_score";

/// The name of a type that is not known.
const UNTYPED: &str = "unknown";

/// What is new, gone, or of another type. Logs without types (JSON) leave unset columns
/// out, so that nothing can be said of them here; their features tell what is missing.
pub(super) fn changes(fields: &[(String, String)], schema: &Schema) -> Vec<Change> {
    let typed = schema.fields.iter().any(|f| f.ty != FieldType::Unknown);
    if !typed || fields.iter().all(|f| f.1 == UNTYPED) {
        return Vec::new();
    }
    let change = |name: &str, was: &str, now: &str| Change {
        kind: ChangeKind::Columns,
        name: printable(name),
        was: printable(was),
        now: printable(now),
        distance: 0.0,
        limit: 0.0,
    };
    let mut out = Vec::new();
    for (name, ty) in fields {
        match schema.position(name).map(|i| schema.fields[i].ty) {
            None if name == OWN => {}
            None => out.push(change(name, &format!("a column ({ty})"), "gone")),
            Some(now) if now != FieldType::Unknown && ty != UNTYPED => {
                let now = type_name(now);
                if now != *ty {
                    out.push(change(name, ty, &now));
                }
            }
            Some(_) => {}
        }
    }
    for f in &schema.fields {
        if f.name != OWN && !fields.iter().any(|(name, _)| *name == f.name) {
            let now = format!("a new column ({})", type_name(f.ty));
            out.push(change(&f.name, "not there", &now));
        }
    }
    out
}

/// A type's name, as models keep it.
pub fn type_name(ty: FieldType) -> String {
    format!("{ty:?}").to_lowercase()
}
