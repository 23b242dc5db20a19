//! tls.log: what some exports call ssl.log.

use super::ssl;
use crate::spec::LogType;

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "tls",
    ..ssl::TYPE
};
