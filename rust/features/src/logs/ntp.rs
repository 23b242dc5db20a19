//! ntp.log: one message of the network time protocol.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::spec::{DefaultDetector, LogType, Unit, category, magnitude};

columns! {
    TS = "ts", RESP_H = "id.resp_h", RESP_P = "id.resp_p", VERSION = "version", MODE = "mode",
    STRATUM = "stratum", POLL = "poll", PRECISION = "precision", ROOT_DELAY = "root_delay",
    ROOT_DISP = "root_disp", REF_ID = "ref_id", REF_TIME = "ref_time", XMT_TIME = "xmt_time",
    EXTENSIONS = "num_exts",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "ntp",
    columns: COLUMNS,
    role: Role::Reader,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("where", "id.resp_p", |r| parts::service_port(r.port(RESP_P))),
        category("where", "id.resp_h", |r| r.host(RESP_H)),
        category("kind", "version", |r| r.code(VERSION)),
        category("kind", "mode", |r| r.code(MODE)),
        category("source", "stratum", |r| r.code(STRATUM)),
        category("source", "ref_id", |r| Cell::text(r.text(REF_ID))),
        magnitude("rhythm", "poll", Unit::Seconds, |r| Cell::num(r.num(POLL))),
        magnitude("quality", "precision", Unit::Seconds, |r| Cell::num(r.num(PRECISION))),
        magnitude("quality", "root_delay", Unit::Seconds, |r| Cell::num(r.num(ROOT_DELAY))),
        magnitude("quality", "root_disp", Unit::Seconds, |r| Cell::num(r.num(ROOT_DISP))),
        // How far the sender's clock is from the sensor's; not of zeros, which mean nothing.
        magnitude("clock", "offset", Unit::Seconds, |r| {
            Cell::num(parts::seconds_between(r, TS, XMT_TIME).filter(|_| r.num(XMT_TIME) != Some(0.0)))
        }),
        magnitude("clock", "since_reference", Unit::Seconds, |r| {
            Cell::num(parts::seconds_between(r, REF_TIME, TS).filter(|_| r.num(REF_TIME) != Some(0.0)))
        }),
        magnitude("extensions", "num_exts", Unit::Count, |r| Cell::num(r.num(EXTENSIONS))),
        magnitude("oddities", "uid_weirds", Unit::Count, |r| Cell::Num(r.context.weirds())),
        magnitude("oddities", "uid_notices", Unit::Count, |r| Cell::Num(r.context.notices())),
    ],
};
