//! capture_loss.log: how much of the traffic a node of Zeek misses, every quarter of an hour.

use super::stats::{change, hour, rate};
use crate::cell::Cell;
use crate::context::Role;
use crate::spec::{DefaultDetector, LogType, Unit, magnitude, ratio};

columns! {
    TS = "ts", TS_DELTA = "ts_delta", GAPS = "gaps", ACKS = "acks", LOST = "percent_lost",
}

/// The feature definitions.
pub static TYPE: LogType = LogType {
    log: "capture_loss",
    columns: COLUMNS,
    role: Role::Series,
    detector: DefaultDetector::TimeSeries,
    features: &[
        ratio("hour", "hour_of_day", |r| hour(r, TS)),
        magnitude("interval", "ts_delta", Unit::Seconds, |r| Cell::num(r.num(TS_DELTA))),
        magnitude("loss", "gaps", Unit::Count, |r| Cell::num(r.num(GAPS))),
        magnitude("loss", "percent_lost", Unit::Quotient, |r| Cell::num(r.num(LOST))),
        magnitude("loss change", "gaps_change", Unit::Quotient, |r| change(r, GAPS)),
        magnitude("traffic", "acks", Unit::Count, |r| Cell::num(r.num(ACKS))),
        magnitude("traffic", "acks_per_second", Unit::Count, |r| rate(r, TS, ACKS)),
        magnitude("traffic change", "acks_change", Unit::Quotient, |r| change(r, ACKS)),
    ],
};
