//! dpd.log (up to Zeek 7): what analyzer.log is since.

use super::analyzer;
use crate::spec::LogType;

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "dpd",
    ..analyzer::TYPE
};
