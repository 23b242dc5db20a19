//! All behaviours there are. A new one is a file with a `DESCRIPTION`, and its name here.

use crate::behavior::Description;
pub use crate::kinds::{kind, kinds};
use crate::settings::{Param, SettingError, Settings};
use crate::{
    arp, beacons, dns, fanout, firsts, guessing, hours, lateral, network, queries, resolvers, risk,
    scans, steps, volume,
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
    &steps::DESCRIPTION,
    &fanout::DESCRIPTION,
    &hours::DESCRIPTION,
    &firsts::DESCRIPTION,
    &arp::DESCRIPTION,
];

/// All parameters.
pub fn params() -> impl Iterator<Item = &'static Param> {
    let of_behaviors = BEHAVIORS.iter().flat_map(|d| d.params.iter().copied());
    of_behaviors
        .chain(risk::PARAMS.iter().copied())
        .chain(network::PARAMS.iter().copied())
}

/// Sets a parameter by its name.
///
/// # Errors
/// Where there is none of that name, or the value is out of its bounds.
pub fn set(settings: &mut Settings, name: &str, value: f64) -> Result<(), SettingError> {
    let param = params()
        .find(|p| p.name == name)
        .ok_or_else(|| SettingError::Unknown(name.to_owned()))?;
    settings.set(param, value)
}
