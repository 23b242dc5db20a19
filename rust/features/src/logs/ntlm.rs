//! ntlm.log: one login by NTLM.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, identity, magnitude};

columns! {
    ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p", USER = "username", HOST = "hostname",
    DOMAIN = "domainname", SERVER_NB = "server_nb_computer_name",
    SERVER_DNS = "server_dns_computer_name", TREE = "server_tree_name", SUCCESS = "success",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "ntlm",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("user", "username", |r| Cell::text(r.text(USER))),
        flag("user", "machine_account", |r| Cell::flag(r.text(USER).is_some_and(|u| u.ends_with(b"$")))),
        magnitude("user", "username_length", Unit::Bytes, |r| Cell::num(r.text_len(USER))),
        category("client", "hostname", |r| Cell::text(r.text(HOST))),
        magnitude("client", "hostname_length", Unit::Bytes, |r| Cell::num(r.text_len(HOST))),
        category("domain", "domainname", |r| Cell::text(r.text(DOMAIN))),
        category("server", "server_nb_computer_name", |r| Cell::text(r.text(SERVER_NB))),
        category("server", "server_dns_computer_name", |r| Cell::text(r.text(SERVER_DNS))),
        category("server", "server_tree_name", |r| Cell::text(r.text(TREE))),
        category("outcome", "success", |r| Cell::truth(r.truth(SUCCESS))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
