//! kerberos.log: one request for a ticket, and its answer.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, identity, magnitude};

columns! {
    ORIG_H = "id.orig_h", TS = "ts", RESP_H = "id.resp_h", RESP_P = "id.resp_p", REQUEST = "request_type",
    CLIENT = "client", SERVICE = "service", SUCCESS = "success", ERROR = "error_msg", FROM = "from",
    TILL = "till", CIPHER = "cipher", FORWARDABLE = "forwardable", RENEWABLE = "renewable",
    CLIENT_CERT = "client_cert_subject",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "kerberos",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("request", "request_type", |r| Cell::text(r.text(REQUEST))),
        category("client", "client", |r| Cell::text(r.text(CLIENT))),
        category("client", "realm", |r| r.part(CLIENT, |c| parts::after(c, b'/'))),
        flag("client", "machine_account", |r| {
            Cell::flag(r.text(CLIENT).is_some_and(|c| parts::before(c, b'/').ends_with(b"$")))
        }),
        category("service", "service", |r| Cell::text(r.text(SERVICE))),
        category("service", "service_class", |r| r.part(SERVICE, |s| Some(parts::before(s, b'/')))),
        category("outcome", "success", |r| Cell::truth(r.truth(SUCCESS))),
        category("outcome", "error_msg", |r| Cell::text(r.text(ERROR))),
        // Weak ciphers are asked for to guess a service's password.
        category("cipher", "cipher", |r| Cell::text(r.text(CIPHER))),
        magnitude("ticket", "lifetime", Unit::Seconds, |r| Cell::num(parts::seconds_between(r, TS, TILL))),
        flag("ticket", "postdated", |r| {
            Cell::flag(parts::seconds_between(r, TS, FROM).is_some_and(|s| s > 300.0))
        }),
        category("ticket", "forwardable", |r| Cell::truth(r.truth(FORWARDABLE))),
        category("ticket", "renewable", |r| Cell::truth(r.truth(RENEWABLE))),
        flag("client", "client_cert", |r| Cell::flag(r.is_set(CLIENT_CERT))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
