//! ssh.log: one SSH session.

use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    RESP_P = "id.resp_p", VERSION = "version", SUCCESS = "auth_success", ATTEMPTS = "auth_attempts",
    DIRECTION = "direction", CLIENT = "client", SERVER = "server", CIPHER = "cipher_alg",
    MAC = "mac_alg", COMPRESSION = "compression_alg", KEX = "kex_alg", HOST_KEY_ALG = "host_key_alg",
    HOST_KEY = "host_key", HASSH = "hassh",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "ssh",
    columns: COLUMNS,
    role: Role::Ssh,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("protocol", "version", |r| Cell::code(r.num(VERSION).map(|v| v as u64))),
        category("outcome", "auth_success", |r| {
            Cell::truth(r.truth(SUCCESS))
        }),
        magnitude("outcome", "auth_attempts", Unit::Count, |r| Cell::num(r.num(ATTEMPTS))),
        category("direction", "direction", |r| Cell::text(r.text(DIRECTION))),
        category("client", "client", |r| Cell::text(r.text(CLIENT))),
        magnitude("client", "client_length", Unit::Bytes, |r| Cell::num(r.text_len(CLIENT))),
        category("server", "server", |r| Cell::text(r.text(SERVER))),
        magnitude("server", "server_length", Unit::Bytes, |r| Cell::num(r.text_len(SERVER))),
        category("algorithms", "cipher_alg", |r| Cell::text(r.text(CIPHER))),
        category("algorithms", "mac_alg", |r| Cell::text(r.text(MAC))),
        category("algorithms", "compression_alg", |r| Cell::text(r.text(COMPRESSION))),
        category("algorithms", "kex_alg", |r| Cell::text(r.text(KEX))),
        category("algorithms", "host_key_alg", |r| Cell::text(r.text(HOST_KEY_ALG))),
        category("server", "host_key", |r| Cell::text(r.text(HOST_KEY))),
        category("client", "hassh", |r| Cell::text(r.text(HASSH))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
