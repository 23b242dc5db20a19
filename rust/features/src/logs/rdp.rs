//! rdp.log: one remote desktop session.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, identity, magnitude};

columns! {
    ORIG_H = "id.orig_h", RESP_H = "id.resp_h", RESP_P = "id.resp_p", COOKIE = "cookie", RESULT = "result",
    SECURITY = "security_protocol", CHANNELS = "client_channels", KEYBOARD = "keyboard_layout",
    BUILD = "client_build", NAME = "client_name", PRODUCT = "client_dig_product_id",
    WIDTH = "desktop_width", HEIGHT = "desktop_height", DEPTH = "requested_color_depth",
    CERT_TYPE = "cert_type", CERTS = "cert_count", PERMANENT = "cert_permanent",
    LEVEL = "encryption_level", METHOD = "encryption_method", SSL = "ssl",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "rdp",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        identity("originator", |r| parts::private_host(r, ORIG_H)),
        category("where", "id.resp_p", |r| Cell::code(r.port(RESP_P).map(u64::from))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("user", "cookie", |r| Cell::text(r.text(COOKIE))),
        magnitude("user", "cookie_length", Unit::Bytes, |r| Cell::num(r.text_len(COOKIE))),
        category("outcome", "result", |r| Cell::text(r.text(RESULT))),
        category("protection", "security_protocol", |r| Cell::text(r.text(SECURITY))),
        category("protection", "encryption_level", |r| Cell::text(r.text(LEVEL))),
        category("protection", "encryption_method", |r| Cell::text(r.text(METHOD))),
        category("protection", "ssl", |r| Cell::truth(r.truth(SSL))),
        magnitude("channels", "channels", Unit::Count, |r| Cell::num(r.list_len(CHANNELS))),
        category("channels", "first_channel", |r| Cell::text(r.first_text(CHANNELS))),
        category("client", "keyboard_layout", |r| Cell::text(r.text(KEYBOARD))),
        category("client", "client_build", |r| Cell::text(r.text(BUILD))),
        category("client", "client_name", |r| Cell::text(r.text(NAME))),
        category("client", "has_product_id", |r| Cell::truth(r.text(PRODUCT).map(|t| !t.is_empty()))),
        magnitude("screen", "desktop_width", Unit::Count, |r| Cell::num(r.num(WIDTH))),
        magnitude("screen", "desktop_height", Unit::Count, |r| Cell::num(r.num(HEIGHT))),
        category("screen", "requested_color_depth", |r| Cell::text(r.text(DEPTH))),
        category("certificate", "cert_type", |r| Cell::text(r.text(CERT_TYPE))),
        magnitude("certificate", "cert_count", Unit::Count, |r| Cell::num(r.num(CERTS))),
        category("certificate", "cert_permanent", |r| Cell::truth(r.truth(PERMANENT))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
