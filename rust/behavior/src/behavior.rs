//! What a behaviour is.

use crate::event::Event;
use crate::finding::Finding;
use crate::network::NetworkView;
use crate::settings::{Param, Settings};
use crate::state::GivenUp;

/// Watches one kind of thing that takes time to see.
///
/// A behaviour keeps its state in bounded structures ([`crate::state`]) within the budget that
/// it is made with. It goes by the times of events, never by a clock of its own; events may
/// come late, out of order, and after the sensor's clock was set. The same events give the
/// same findings.
pub trait Behavior: Send {
    /// Looks at a record. What is found goes to `out`; a finding that grew is given
    /// again, under the same id.
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>);

    /// Looks at a record of which only one side is this process's ([`Event::view`] is `Target` or `Network`).
    /// What many hosts do to one, and what is known of the network, is kept here. The default does
    /// nothing.
    fn observe_side(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        let _ = (event, network, out);
    }

    /// Time has passed: called about once a minute of the events' time, and at the end of what
    /// there is to read. The default does nothing.
    fn tick(&mut self, now: f64, network: &NetworkView, out: &mut Vec<Finding>) {
        let _ = (now, network, out);
    }

    /// There is nothing more to see for now (the end of an archive): gives again what has
    /// grown since it was given last. The default does nothing.
    fn finish(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        let _ = (network, out);
    }

    /// The memory that its state takes now, in bytes.
    fn memory(&self) -> usize;

    /// What was given up to stay within memory.
    fn given_up(&self) -> GivenUp;

    /// Its state, to be saved.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    fn save(&self) -> Result<Vec<u8>, String>;

    /// Becomes what was saved.
    ///
    /// # Errors
    /// What about it makes no sense; the behaviour is not to be used then.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), String>;
}

/// What there is to know of a behaviour before there is one.
pub struct Description {
    /// Its name: `beacons`.
    pub name: &'static str,
    /// What can be set.
    pub params: &'static [&'static Param],
    /// Its share of the memory, against those of the others.
    pub share: u32,
    /// Makes one, whose state takes at most so many bytes.
    pub make: fn(&Settings, usize) -> Box<dyn Behavior>,
}
