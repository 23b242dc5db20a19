//! All behaviours there are. A new one is a file with a `DESCRIPTION`, and its name here.

use crate::behavior::Description;
use crate::finding::{Kind, KindInfo};
use crate::settings::Param;
use crate::{
    arp, beacons, dns, fanout, firsts, guessing, hours, lateral, queries, resolvers, risk, scans,
    volume, world,
};

/// The behaviours, in the order in which they see an event.
pub static BEHAVIORS: &[&Description] = &[
    &beacons::DESCRIPTION,
    &scans::DESCRIPTION,
    &guessing::DESCRIPTION,
    &dns::DESCRIPTION,
    &queries::DESCRIPTION,
    &resolvers::DESCRIPTION,
    &volume::DESCRIPTION,
    &lateral::DESCRIPTION,
    &fanout::DESCRIPTION,
    &hours::DESCRIPTION,
    &firsts::DESCRIPTION,
    &arp::DESCRIPTION,
];

/// All kinds of findings.
pub fn kinds() -> impl Iterator<Item = &'static KindInfo> {
    let of_behaviors = BEHAVIORS.iter().flat_map(|d| d.kinds.iter().copied());
    of_behaviors.chain([&risk::HOST])
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<Kind> {
    kinds().find(|k| k.name == name).map(Kind)
}

/// All parameters.
pub fn params() -> impl Iterator<Item = &'static Param> {
    let of_behaviors = BEHAVIORS.iter().flat_map(|d| d.params.iter().copied());
    of_behaviors
        .chain(risk::PARAMS.iter().copied())
        .chain(world::PARAMS.iter().copied())
}
