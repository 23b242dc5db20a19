//! What happens on the link itself, by arp.log: a search for hosts, and claims of what is another's.
//!
//! Stock Zeek writes no arp.log. Scripts that do (Slips', and many like it) log one ARP packet a line: who sent
//! the frame to whom, and who claims which address ([`link::Frame`]). ARP has no secrets, so nothing here goes by
//! one odd packet that a proxy, a repeater, a failover or a host with two interfaces sends too: [`scan`] asks how many
//! addresses that nobody has, [`spoof`] who keeps telling others what they did not ask for.
//!
//! Requests go to everybody and are seen on every port of a switch, answers only where the sensor is handed all
//! frames. So that somebody is there is known by anything that it ever said ([`link::Address::heard`]), not by the answer.

mod link;
mod scan;
mod spoof;

use crate::behavior::{Behavior, Description};
use crate::event::{Event, Log};
use crate::finding::Finding;
use crate::network::NetworkView;
use crate::state::{Distinct, GivenUp, Saved, Table};
use link::{ADDRESS_HEAP, Address, Answers, Frame, Link, Subnet, is_machine};
use scan::Asker;
use spoof::Sender;

/// What this behaviour is.
pub static DESCRIPTION: Description = Description {
    name: "arp",
    params: &[&scan::THRESHOLD, &scan::SWEEP, &spoof::PUSHED],
    share: 4,
    make: |_, budget| Box::new(Arp::new(budget)),
};

/// The domain of keys.
const MACHINE: u64 = 0xa490_0003;

/// The behaviour.
#[derive(Debug)]
struct Arp {
    link: Link,
    askers: Table<Asker>,
    senders: Table<Sender>,
    asked: spoof::Asked,
}

impl Arp {
    fn new(budget: usize) -> Arp {
        let part = |tenths: usize| budget / 10 * tenths;
        Arp {
            link: Link::new(part(5) + part(1) / 2),
            askers: Table::new(part(2), 64, Asker::MAX_HEAP),
            senders: Table::new(part(2), 64, Sender::MAX_HEAP),
            asked: spoof::Asked::new(part(1) / 2),
        }
    }
}

impl Behavior for Arp {
    fn observe(&mut self, event: &Event<'_>, network: &NetworkView, out: &mut Vec<Finding>) {
        if event.log != Log::Arp {
            return;
        }
        let Some(f) = Frame::of(event) else { return };
        self.link.see(&f, network);
        let key = network.key(MACHINE).number(f.hw).finish();
        let (link, asked) = (&mut self.link, &mut self.asked);
        if f.request && is_machine(f.hw) {
            self.askers
                .update(key, Asker::default, |a| a.see(&f, link, network, out));
        }
        if is_machine(f.from) {
            self.senders.update(key, Sender::default, |s| {
                s.see(&f, asked, link, network, out)
            });
        }
    }

    fn tick(&mut self, now: f64, network: &NetworkView, out: &mut Vec<Finding>) {
        for a in self.askers.values_mut() {
            a.settle(now, false, &self.link, network, out);
        }
    }

    fn finish(&mut self, network: &NetworkView, out: &mut Vec<Finding>) {
        for a in self.askers.values_mut() {
            a.settle(f64::INFINITY, true, &self.link, network, out);
        }
        for s in self.senders.values_mut() {
            s.finish(&self.link, network, out);
        }
    }

    fn memory(&self) -> usize {
        self.link.addresses.memory(|a| match a.askers.count() {
            0.0..2.0 => 64,
            _ => ADDRESS_HEAP,
        }) + self.link.subnets.memory(|_| Distinct::MAX_HEAP)
            + self.askers.memory(Asker::heap)
            + self.senders.memory(Sender::heap)
            + self.asked.memory()
    }

    fn given_up(&self) -> GivenUp {
        let mut g = self.link.addresses.given_up();
        g.add(self.link.subnets.given_up());
        g.add(self.askers.given_up());
        g.add(self.senders.given_up());
        g
    }

    fn save(&self) -> Result<Vec<u8>, String> {
        let Link {
            addresses,
            subnets,
            answers,
        } = &self.link;
        crate::codec::encode(&(addresses, subnets, answers, &self.askers, &self.senders))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        type All = (
            Saved<Address>,
            Saved<Subnet>,
            Answers,
            Saved<Asker>,
            Saved<Sender>,
        );
        let (addresses, subnets, answers, askers, senders): All = crate::codec::decode(bytes)?;
        let numbers = [answers.asked, answers.unasked, answers.most.1];
        if !numbers.iter().all(|n| n.is_finite() && *n >= 0.0) {
            return Err("answers that make no sense".into());
        }
        self.link.answers = answers;
        self.link.addresses.restore(addresses)?;
        self.link.subnets.restore(subnets)?;
        self.askers.restore(askers)?;
        self.senders.restore(senders)?;
        Ok(())
    }
}
