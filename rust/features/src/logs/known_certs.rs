//! known_certs.log: a certificate that a host showed; once a day for each.

use crate::cell::Cell;
use crate::context::Role;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude, ratio};
use crate::{lexical, parts};

columns! {
    HOST = "host", PORT = "port_num", SUBJECT = "subject", ISSUER = "issuer_subject",
    SERIAL = "serial",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "known_certs",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("host", "host", |r| r.host(HOST)),
        category("host", "network", |r| r.of_addr(HOST, parts::network)),
        category("where", "port_num", |r| Cell::code(r.port(PORT).map(u64::from))),
        category("issuer", "issuer", |r| Cell::text(r.text(ISSUER))),
        category("issuer", "issuer_organization", |r| r.part(ISSUER, |n| parts::attribute(n, b"O"))),
        flag("issuer", "self_signed", |r| {
            Cell::flag(r.text(SUBJECT).is_some() && r.text(SUBJECT) == r.text(ISSUER))
        }),
        category("name", "subject", |r| Cell::text(r.text(SUBJECT))),
        category("name", "subject_domain", |r| {
            Cell::text(common_name(r).map(|n| lexical::last_labels(n, 2)))
        }),
        magnitude("shape", "subject_length", Unit::Bytes, |r| Cell::num(r.text_len(SUBJECT))),
        ratio("shape", "common_name_entropy", |r| {
            Cell::num(common_name(r).map(|n| lexical::entropy(lexical::longest_label(n))))
        }),
        magnitude("serial", "serial_length", Unit::Bytes, |r| Cell::num(r.text_len(SERIAL))),
    ],
};

/// Whom the certificate names.
fn common_name<'r>(r: &Row<'r>) -> Option<&'r [u8]> {
    parts::attribute(r.text(SUBJECT)?, b"CN")
}
